//! What goes wrong: every fault by the name under which the README documents what callers get.

use std::time::Duration;

use crate::line::{Genuine, Scene, Step};

/// One way for a vendor or a network to misbehave.
pub struct Fault {
    /// As in the README's table.
    pub name: &'static str,
    pub how: How,
    acts: Acts,
    /// How long the caller waits, in seconds, where the fault is one of time.
    pub patience: Option<u32>,
}

/// How it comes about.
pub enum How {
    /// Nobody listens.
    Refused,
    /// The vendor's host has no address.
    Nameless,
    /// What listens speaks TLS, and has a certificate that nobody trusts.
    Untrusted,
    /// What listens speaks plain HTTP where TLS is expected.
    Plain,
    /// The answer is not what it should be.
    Answers(fn(&Scene<'_>) -> Vec<Step>),
}

/// Whether the vendor acts on what arrives.
#[derive(Clone, Copy)]
enum Acts {
    Always,
    Never,
    /// On every other request, and not on the first.
    EveryOther,
}

impl Fault {
    const fn answers(name: &'static str, script: fn(&Scene<'_>) -> Vec<Step>) -> Fault {
        Fault { name, how: How::Answers(script), acts: Acts::Always, patience: None }
    }

    const fn unacted(name: &'static str, script: fn(&Scene<'_>) -> Vec<Step>) -> Fault {
        Fault { acts: Acts::Never, ..Fault::answers(name, script) }
    }

    const fn somewhere(name: &'static str, how: How) -> Fault {
        Fault { name, how, acts: Acts::Never, patience: None }
    }

    const fn within(self, seconds: u32) -> Fault {
        Fault { patience: Some(seconds), ..self }
    }

    /// Whether the vendor acts on the befallen request of this number, counted from 1.
    pub fn acts(&self, turn: usize) -> bool {
        match self.acts {
            Acts::Always => true,
            Acts::Never => false,
            Acts::EveryOther => turn.is_multiple_of(2),
        }
    }

    /// Its name as part of a test's.
    pub fn slug(&self) -> String {
        self.name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_")
    }
}

/// All of them, in the order of the README.
pub const FAULTS: &[Fault] = &[
    Fault::somewhere("a host without an address", How::Nameless),
    Fault::somewhere("a connection refused", How::Refused),
    Fault::somewhere("a certificate that nobody trusts", How::Untrusted),
    Fault::somewhere("plain HTTP in place of TLS", How::Plain),
    Fault::answers("a close behind the answer", |scene| vec![Step::Send(scene.genuine.whole()), Step::Close]),
    Fault::answers("a reset before the answer", |_| vec![Step::Reset]),
    Fault::answers("a reset within the head", |scene| cut(scene, Step::Reset, false)),
    Fault::answers("a reset within the body", |scene| cut(scene, Step::Reset, true)),
    Fault::answers("half a body", |scene| cut(scene, Step::Close, true)),
    Fault::answers("half a chunk", half_a_chunk),
    Fault::answers("no answer", |_| vec![Step::Hang]).within(1),
    Fault::answers("a body too slow for the deadline", |scene| drip(scene, 30, 200)).within(1),
    Fault::answers("a slow body within the deadline", |scene| drip(scene, 10, 20)),
    Fault::answers("a length beyond the body", too_long).within(1),
    Fault::answers("a length short of the body", too_short),
    Fault::answers("an answer that is not HTTP", |_| sent(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", Step::Close)),
    Fault::answers("headers without an end", headers_without_end),
    Fault::answers("a body that is not gzip", |scene| gzipped(scene, b"not gzip at all".to_vec())),
    Fault::answers("a decompression bomb", |scene| gzipped(scene, ZEROS.to_vec())),
    Fault::answers("a body over the limit, announced", |scene| large(scene, true)),
    Fault::answers("a body over the limit, unannounced", |scene| large(scene, false)),
    Fault::answers("invalid JSON", |scene| said(scene, "200 OK", JSON, "\u{1F4A5} <<< {not json")),
    Fault::answers("JSON that is cut short", cut_short),
    Fault::answers("JSON of the wrong shape", |scene| said(scene, "200 OK", JSON, r#"["unexpected"]"#)),
    Fault::answers("JSON nested 100,000 deep", |scene| nested(scene, 100_000)),
    Fault::answers("an HTML page with 200", |scene| said(scene, "200 OK", HTML, PAGE)),
    Fault::answers("an HTML page with 502", |scene| said(scene, "502 Bad Gateway", HTML, PAGE)),
    Fault::answers("an empty body", |scene| said(scene, "200 OK", JSON, "")),
    Fault::unacted("200 with an error in it", error_inside),
    Fault::unacted("a redirect to itself", |scene| redirect(scene, "302 Found", scene.asked.path.clone())),
    Fault::unacted("a redirect to another host", |scene| {
        redirect(scene, "307 Temporary Redirect", format!("http://{}{}", scene.elsewhere, scene.asked.path))
    }),
    Fault::unacted("429 with seconds", |scene| turned_away(scene, "429 Too Many Requests", "2")).within(2),
    Fault::unacted("429 with a date", |scene| turned_away(scene, "429 Too Many Requests", &soon())).within(2),
    Fault::unacted("429 without a time", |scene| said(scene, "429 Too Many Requests", JSON, "{}")),
    Fault::answers("503 with seconds", |scene| turned_away(scene, "503 Service Unavailable", "2")).within(2),
    Fault::answers("503 without a time", |scene| said(scene, "503 Service Unavailable", JSON, "{}")),
    Fault::answers("500 after acting", |scene| said(scene, "500 Internal Server Error", JSON, "{}")),
    Fault {
        acts: Acts::EveryOther,
        ..Fault::answers("up and down by turns", |scene| match scene.turn % 2 {
            0 => vec![Step::Send(scene.genuine.whole())],
            _ => said(scene, "503 Service Unavailable", JSON, "{}"),
        })
    },
];

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";
const PAGE: &str =
    "<!DOCTYPE html><html><head><title>Down</title></head><body><h1>We'll be right back</h1></body></html>";

/// What the gateway of these tests reads of an answer at most.
pub const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

/// Eight megabytes of zeros, gzipped.
const ZEROS: &[u8] = include_bytes!("zeros.gz");

fn sent(bytes: &[u8], then: Step) -> Vec<Step> {
    vec![Step::Send(bytes.to_vec()), then]
}

/// Another answer than the vendor's.
fn said(_: &Scene<'_>, status: &str, media: &str, body: &str) -> Vec<Step> {
    let headers = vec![("content-type".to_owned(), media.to_owned())];
    let answer = Genuine { status: status.to_owned(), headers, body: body.as_bytes().to_vec() };
    vec![Step::Send(answer.whole())]
}

fn cut(scene: &Scene<'_>, then: Step, with_head: bool) -> Vec<Step> {
    if !with_head {
        return vec![Step::Send(b"HTTP/1.1 20".to_vec()), then];
    }
    // An answer without a body is promised one.
    let body = if scene.genuine.body.is_empty() { b"{ }".to_vec() } else { scene.genuine.body.clone() };
    let genuine = Genuine { status: "200 OK".to_owned(), ..scene.genuine.clone() };
    let half = body[..body.len() / 2].to_vec();
    vec![Step::Send([genuine.head(Some(body.len())), half].concat()), then]
}

fn half_a_chunk(scene: &Scene<'_>) -> Vec<Step> {
    let mut genuine = Genuine { status: "200 OK".to_owned(), ..scene.genuine.clone() };
    genuine.headers.push(("transfer-encoding".to_owned(), "chunked".to_owned()));
    let body = &genuine.body[..genuine.body.len() / 2];
    let chunk = format!("{:x}\r\n", genuine.body.len() + 1).into_bytes();
    vec![Step::Send([genuine.head(None), chunk, body.to_vec()].concat()), Step::Close]
}

fn drip(scene: &Scene<'_>, pieces: usize, millis: u64) -> Vec<Step> {
    let genuine = filled(scene);
    vec![
        Step::Send(genuine.head(Some(genuine.body.len()))),
        Step::Drip(genuine.body.clone(), pieces, Duration::from_millis(millis)),
    ]
}

/// The vendor's answer, with a body that drips can be made of.
fn filled(scene: &Scene<'_>) -> Genuine {
    let mut genuine = scene.genuine.clone();
    if genuine.body.is_empty() {
        genuine.status = "200 OK".to_owned();
        genuine.body = vec![b' '; 100];
    }
    genuine
}

fn too_long(scene: &Scene<'_>) -> Vec<Step> {
    let genuine = filled(scene);
    let longer = genuine.body.len() + 100;
    vec![Step::Send([genuine.head(Some(longer)), genuine.body.clone()].concat()), Step::Hang]
}

fn too_short(scene: &Scene<'_>) -> Vec<Step> {
    let genuine = filled(scene);
    let length = genuine.body.len() / 2;
    vec![Step::Send([genuine.head(Some(length)), genuine.body.clone()].concat())]
}

fn cut_short(scene: &Scene<'_>) -> Vec<Step> {
    let mut genuine = filled(scene);
    genuine.body.truncate(genuine.body.len() / 2);
    vec![Step::Send(genuine.whole())]
}

fn headers_without_end(_: &Scene<'_>) -> Vec<Step> {
    let mut head = b"HTTP/1.1 200 OK\r\n".to_vec();
    for count in 0..20_000 {
        head.extend_from_slice(format!("x-{count}: {}\r\n", "x".repeat(80)).as_bytes());
    }
    vec![Step::Send(head), Step::Hang]
}

fn gzipped(_: &Scene<'_>, body: Vec<u8>) -> Vec<Step> {
    let headers = vec![
        ("content-type".to_owned(), JSON.to_owned()),
        ("content-encoding".to_owned(), "gzip".to_owned()),
    ];
    vec![Step::Send(Genuine { status: "200 OK".to_owned(), headers, body }.whole())]
}

fn large(_: &Scene<'_>, announced: bool) -> Vec<Step> {
    let headers = vec![("content-type".to_owned(), JSON.to_owned())];
    let body = vec![b' '; LARGEST_ANSWER + 1];
    let answer = Genuine { status: "200 OK".to_owned(), headers, body };
    if announced {
        return vec![Step::Send(answer.whole())];
    }
    vec![Step::Send([answer.head(None), answer.body.clone()].concat()), Step::Close]
}

/// The vendor's answer, with a member in its first record that is nested so deep.
fn nested(scene: &Scene<'_>, levels: usize) -> Vec<Step> {
    let mut genuine = scene.genuine.clone();
    if genuine.body.is_empty() {
        genuine = Genuine { status: "200 OK".to_owned(), body: b"{\"done\":true}".to_vec(), ..genuine };
    }
    let text = String::from_utf8(genuine.body).expect("text");
    let inside = |mark: &str| text.find(mark).map(|at| at + mark.len());
    let at = inside("[{").or_else(|| inside(":{")).or_else(|| inside("{")).expect("an object");
    let nest = format!("\"nest\":{}{},", "[".repeat(levels), "]".repeat(levels));
    genuine.body = [&text[..at], &nest, &text[at..]].concat().into_bytes();
    vec![Step::Send(genuine.whole())]
}

fn error_inside(scene: &Scene<'_>) -> Vec<Step> {
    let body = if scene.asked.is_rpc() {
        r#"{"result":null,"error":{"code":500,"message":"Something went wrong"},"id":"unicrm"}"#
    } else {
        r#"{"message":"Something went wrong","errors":[{"message":"Something went wrong"}]}"#
    };
    said(scene, "200 OK", JSON, body)
}

fn redirect(_: &Scene<'_>, status: &str, to: String) -> Vec<Step> {
    let headers = vec![("location".to_owned(), to)];
    vec![Step::Send(Genuine { status: status.to_owned(), headers, body: Vec::new() }.whole())]
}

fn turned_away(_: &Scene<'_>, status: &str, after: &str) -> Vec<Step> {
    let headers = [("content-type", JSON), ("retry-after", after)];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    vec![Step::Send(Genuine { status: status.to_owned(), headers, body: b"{}".to_vec() }.whole())]
}

/// Three seconds from now, in whole ones, as HTTP writes dates.
fn soon() -> String {
    httpdate::fmt_http_date(std::time::SystemTime::now() + Duration::from_secs(3))
}
