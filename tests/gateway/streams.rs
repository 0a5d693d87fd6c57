//! Answers that are too large to be held: they are passed on as they come, no faster than they are read.

use std::time::Duration;

use http::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::support::app::{Setup, TestApp};
use crate::support::raw::{head, listener};
use crate::support::vendor::{Answer, ScriptedVendor};

/// More than is held of an answer.
const BEGINNING: usize = 100_000;

/// Where large answers are passed on: a record as it is, and JSON in the envelope of custom calls.
const PATHS: [&str; 2] = ["/proxy/parties/1", "/custom/parties/1"];

const ENVELOPE: (&str, &str) = (r#"{"result":"#, r#","next_cursor":null,"prev_cursor":null}"#);

/// What callers of a path read where the vendor sends `body`.
fn shown(path: &str, body: &str) -> String {
    if path.starts_with("/custom") { [ENVELOPE.0, body, ENVELOPE.1].concat() } else { body.to_owned() }
}

/// A JSON text of so many bytes.
fn text(length: usize) -> String {
    format!("\"{}\"", "x".repeat(length - 2))
}

fn answer_head(length: usize) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n")
}

/// What a vendor does once the beginning of its answer is sent.
enum Then {
    Ends,
    HangsUp,
    Waits,
}

/// A gateway whose vendor sends the beginning of each answer, and does the next of these things once it is told to go on.
async fn halting(then: Then, setup: Setup) -> (TestApp, oneshot::Sender<()>) {
    let (listener, origin) = listener().await;
    let app = TestApp::with(setup.at(origin)).await;
    let (go, on) = oneshot::channel();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a call");
        head(&mut socket).await;
        let whole = text(BEGINNING + 5);
        let (begin, end) = whole.split_at(BEGINNING);
        let begin = answer_head(whole.len()) + begin;
        socket.write_all(begin.as_bytes()).await.expect("the beginning");
        on.await.expect("the word to go on");
        match then {
            Then::Ends => socket.write_all(end.as_bytes()).await.expect("the end"),
            Then::HangsUp => {}
            // Ends when the gateway hangs up.
            Then::Waits => drop(socket.read_to_end(&mut Vec::new()).await),
        }
    });
    (app, go)
}

/// The answer to a call, of which the beginning has come.
async fn begun(app: &TestApp, path: &str) -> (reqwest::Response, String) {
    let mut answer = app.gateway.request(Method::GET, &app.path(path)).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/json");
    let mut read = Vec::new();
    while read.len() < BEGINNING {
        let piece = answer.chunk().await.expect("a piece").expect("the beginning");
        read.extend_from_slice(&piece);
    }
    (answer, String::from_utf8(read).expect("text"))
}

#[tokio::test]
async fn the_caller_reads_the_beginning_of_a_large_answer_before_the_vendor_has_sent_its_end() {
    for path in PATHS {
        let (app, go) = halting(Then::Ends, Setup::default()).await;
        let (answer, begin) = begun(&app, path).await;
        go.send(()).expect("a vendor");
        let end = answer.text().await.expect("the end");
        assert!(begin + &end == shown(path, &text(BEGINNING + 5)), "{path} was changed on its way");
    }
}

#[tokio::test]
async fn a_large_answer_that_breaks_off_is_a_broken_transfer_and_not_a_short_answer() {
    for path in PATHS {
        let (app, go) = halting(Then::HangsUp, Setup::default()).await;
        let (answer, _) = begun(&app, path).await;
        go.send(()).expect("a vendor");
        assert!(answer.bytes().await.is_err(), "{path}");
    }
}

#[tokio::test]
async fn a_vendor_that_falls_silent_within_a_large_answer_is_left_after_the_time_of_an_attempt() {
    let setup = Setup::default().setting("UNICRM_ATTEMPT_TIMEOUT", "1");
    let (app, go) = halting(Then::Waits, setup).await;
    let (answer, _) = begun(&app, PATHS[0]).await;
    go.send(()).expect("a vendor");
    assert!(tokio::time::timeout(Duration::from_secs(20), answer.bytes()).await.expect("an end").is_err());
}

#[tokio::test]
async fn an_answer_that_breaks_off_while_it_is_held_is_asked_for_again() {
    let (listener, origin) = listener().await;
    let app = TestApp::at(origin).await;
    let vendor = tokio::spawn(async move {
        for sent in [5, 10] {
            let (mut socket, _) = listener.accept().await.expect("a call");
            head(&mut socket).await;
            let answer = answer_head(10) + &text(10)[..sent];
            socket.write_all(answer.as_bytes()).await.expect("an answer");
        }
    });
    let reply = app.get(PATHS[0]).await;
    reply.assert_status(200);
    assert_eq!(reply.text(), text(10));
    vendor.await.expect("two calls");
}

/// Sends what is asked for, and says how much of it has gone once nobody takes more of it for a second.
async fn pour(mut socket: TcpStream, whole: String, stalled: oneshot::Sender<usize>) {
    head(&mut socket).await;
    socket.write_all(answer_head(whole.len()).as_bytes()).await.expect("a head");
    let (mut sent, mut stalled) = (0, Some(stalled));
    while sent < whole.len() {
        let piece = &whole.as_bytes()[sent..whole.len().min(sent + BEGINNING)];
        match tokio::time::timeout(Duration::from_secs(1), socket.write(piece)).await {
            Ok(written) => sent += written.expect("someone who reads"),
            Err(_) => {
                if let Some(stalled) = stalled.take() {
                    stalled.send(sent).expect("someone who waits");
                }
                tokio::task::yield_now().await;
            }
        }
    }
    assert!(stalled.is_none(), "all of it went at once");
}

#[tokio::test]
async fn a_reader_who_takes_his_time_holds_the_vendor_back_and_gets_all_of_it() {
    const LENGTH: usize = 45 * 1024 * 1024;
    let (listener, origin) = listener().await;
    let app = TestApp::at(origin).await;
    let (says, stalled) = oneshot::channel();
    let vendor = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.expect("a call");
        pour(socket, text(LENGTH), says).await;
    });
    let (answer, begin) = begun(&app, PATHS[0]).await;
    let gone = stalled.await.expect("a vendor that is held back");
    // What sockets and clients buffer on their way is less than half of it.
    assert!(gone < LENGTH / 2, "{gone} bytes of {LENGTH} went to a reader who has read {}", begin.len());
    let end = answer.text().await.expect("the end");
    assert!(begin + &end == text(LENGTH), "it was changed on its way");
    vendor.await.expect("all of it was sent");
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_refused_if_it_is_announced_and_cut_off_if_it_is_not() {
    let (listener, origin) = listener().await;
    let limit = (BEGINNING + 1000).to_string();
    let app = TestApp::with(Setup::default().at(origin).setting("UNICRM_MAX_ANSWER_BYTES", limit)).await;
    let vendor = tokio::spawn(async move {
        let announced = answer_head(2 * BEGINNING);
        let unannounced = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
        for (head_of_it, body) in [(announced, String::new()), (unannounced.to_owned(), text(2 * BEGINNING))]
        {
            let (mut socket, _) = listener.accept().await.expect("a call");
            head(&mut socket).await;
            socket.write_all(head_of_it.as_bytes()).await.expect("a head");
            // The gateway may hang up before it has all of it.
            let _ = socket.write_all(body.as_bytes()).await;
        }
    });
    let error = app.get(PATHS[0]).await.error(502);
    assert!(error["message"].as_str().is_some_and(|text| text.contains("larger than")), "{error}");
    let answer = app.gateway.request(Method::GET, &app.path(PATHS[0])).send().await.expect("an answer");
    assert!(answer.bytes().await.is_err(), "more was passed on than the limit");
    vendor.await.expect("two calls");
}

#[tokio::test]
async fn what_became_of_a_write_is_known_before_it_is_told() {
    let (listener, origin) = listener().await;
    let app = TestApp::at(origin).await;
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a call");
        head(&mut socket).await;
        let answer = answer_head(2 * BEGINNING) + &text(2 * BEGINNING)[..BEGINNING];
        socket.write_all(answer.as_bytes()).await.expect("the beginning");
    });
    app.post("/proxy/parties", &json!({ "party": { "type": "person" } })).await.error(502);
}

#[tokio::test]
async fn an_error_inside_a_large_success_is_the_error_that_it_is() {
    let error = json!({ "code": 404, "message": "not there", "data": "x".repeat(BEGINNING) });
    let body = json!({ "result": null, "id": "unicrm", "error": error }).to_string();
    let vendor = ScriptedVendor::saying(Answer::json(body)).await;
    let app = TestApp::with(Setup { provider: "nutshell", ..Setup::default() }.at(vendor.origin())).await;
    app.get("/proxy/contacts/1").await.remote_error(404);
}

#[tokio::test]
async fn a_batch_has_a_large_answer_whole() {
    let vendor = ScriptedVendor::saying(Answer::json(format!("{{\"party\":{}}}", text(BEGINNING)))).await;
    let app = TestApp::at(vendor.origin()).await;
    let batch = json!({
        "integrated_account_id": app.account,
        "resources": [{ "resource": "parties", "method": "get", "id": "1", "persist": true }],
    });
    let answer = app.gateway.post("/batch-request", &batch).await.ok();
    assert_eq!(answer["result"]["parties"][0]["party"], text(BEGINNING).trim_matches('"'));
}
