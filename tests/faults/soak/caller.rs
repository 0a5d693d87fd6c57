//! One of the callers: reads and writes through one account, one after the other, and remembers what it was told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::book::{Book, Told};
use super::random::Random;
use crate::cells::IN_DOUBT;
use crate::support::app::for_account;
use crate::support::client::Client;
use crate::wires::{Call, Wire};

/// Seconds that a caller waits for an answer.
const PATIENCE: &str = "2";

/// How often a write is sent in all, under the same key.
const TIMES: usize = 3;

/// Marks of all callers.
static MARKS: AtomicU64 = AtomicU64::new(1);

pub struct Caller {
    wire: &'static Wire,
    account: String,
    client: Client,
    book: Arc<Book>,
    random: Random,
    /// A person of its own, which nobody else changes.
    record: String,
    /// The marks that the person may have now: that of the last change that was acknowledged, and those in doubt since.
    marks: Vec<String>,
}

/// An answer, looked at.
struct Answer {
    status: u16,
    told: Told,
}

impl Caller {
    /// A caller who has added a person, the weather being fair.
    pub async fn new(
        wire: &'static Wire,
        account: String,
        client: Client,
        book: Arc<Book>,
        random: Random,
    ) -> Caller {
        let (path, body) = Call::creation();
        let mark = new_mark();
        let made = client.post(&for_account(path, &account), &body(&mark)).await.ok();
        let record = made["result"]["id"].as_str().or(made["id"].as_str()).expect("an id").to_owned();
        Caller { wire, account, client, book, random, record, marks: vec![mark] }
    }

    /// Reads and writes until then.
    pub async fn call_until(&mut self, end: Instant) {
        while Instant::now() < end {
            // Fields can be made in any number and never go, so a wire on which that is all there is to write mostly reads.
            let writes = if self.wire.lacks.is_empty() { 40 } else { 2 };
            if self.random.happens(writes) {
                self.write().await;
            } else {
                let call = *self.random.one_of(self.wire.reads);
                self.send(&call, "").await;
            }
            // People think.
            tokio::time::sleep(Duration::from_millis(self.random.below(60) as u64)).await;
        }
    }

    async fn write(&mut self) {
        let call = *self.random.one_of(self.wire.writes);
        let mark = new_mark();
        let mut told = Told::NotDone;
        for time in 0..TIMES {
            if time > 0 {
                self.book.repeated();
            }
            told = told.max(self.send(&call, &mark).await.told);
            if told == Told::Done || self.random.happens(50) {
                break;
            }
        }
        if call.takes_record() {
            match told {
                Told::Done => self.marks = vec![mark.clone()],
                Told::InDoubt => self.marks.push(mark.clone()),
                Told::NotDone => {}
            }
        }
        self.book.written(self.wire.provider, mark, told);
    }

    /// Sends a call and counts its answer.
    async fn send(&self, call: &Call, mark: &str) -> Answer {
        let path = for_account(&call.path(&self.record), &self.account);
        let mut request = self.client.request(call.method(), &path).header("x-request-timeout", PATIENCE);
        let is_write = !mark.is_empty();
        if let Some(body) = call.body(mark) {
            request = request.header("idempotency-key", mark).header("content-type", "application/json");
            request = request.body(body.to_string());
        }
        let named = || format!("{} over {}, {}", self.wire.provider, self.wire.name, call.name);
        let answered = async {
            let answer = request.send().await?;
            let (status, when) = (answer.status().as_u16(), answer.headers().contains_key("retry-after"));
            let body = answer.bytes().await;
            if status == 200 && body.is_err() && call.is_verbatim && !is_write {
                return Ok(None);
            }
            Ok::<_, reqwest::Error>(Some((status, when, body?)))
        };
        let (status, when, body) = match answered.await {
            Ok(Some(answered)) => answered,
            Ok(None) => {
                self.book.answered("200, broken off", is_write);
                return Answer { status: 0, told: Told::NotDone };
            }
            Err(error) => {
                self.book.undocumented(format!("{}: {error}", named()));
                return Answer { status: 0, told: Told::InDoubt };
            }
        };
        let text = String::from_utf8_lossy(&body);
        let told = match status {
            // A proxy call is answered with whatever the vendor said.
            200 if text.contains(mark) => Told::Done,
            200 => Told::InDoubt,
            _ if text.contains(IN_DOUBT) => Told::InDoubt,
            _ => Told::NotDone,
        };
        match kind(status, when, &body, told) {
            Some(kind) => self.book.answered(&kind, is_write),
            None => self.book.undocumented(format!("{}: {status} {}", named(), first(&text, 500))),
        }
        Answer { status, told }
    }

    /// Holds that the account works within that time, and that the person is as the caller may think; else says why not.
    pub async fn works_within(&mut self, patience: Duration) -> Option<String> {
        let since = Instant::now();
        let [list, _, get] = self.wire.reads else { return Some("three reads".to_owned()) };
        while self.send(list, "").await.status != 200 {
            if since.elapsed() > patience {
                return Some(format!("{}, {}: its account doesn't work", self.wire.provider, self.wire.name));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let path = for_account(&get.path(&self.record), &self.account);
        let person = self.client.get(&path).await;
        let text = person.text();
        if person.status == 200 && self.marks.iter().any(|mark| text.contains(mark)) {
            return None;
        }
        let (provider, marks) = (self.wire.provider, &self.marks);
        Some(format!("{provider}: {} is none of {marks:?}: {}", self.record, first(&text, 1500)))
    }
}

fn new_mark() -> String {
    format!("Mark{}X", MARKS.fetch_add(1, Ordering::Relaxed))
}

/// What an answer is, if it is documented.
fn kind(status: u16, says_when: bool, body: &[u8], told: Told) -> Option<String> {
    if status == 200 {
        return Some("200".to_owned());
    }
    let body: Value = serde_json::from_slice(body).ok()?;
    let is_enveloped = body["statusCode"] == status
        && body["error"].is_string()
        && body["message"].as_str().is_some_and(|message| message.len() > 20)
        && body["truto_is_remote_error"] == true
        && body["truto_error_insight"].is_object();
    let what = match status {
        429 => "429: the vendor's limit",
        502 => "502: the vendor failed",
        503 if says_when => "503: the vendor is left alone",
        504 => "504: the vendor was late",
        _ => return None,
    };
    let doubt = if told == Told::InDoubt { ", in doubt" } else { "" };
    is_enveloped.then(|| format!("{what}{doubt}"))
}

fn first(text: &str, letters: usize) -> String {
    text.chars().take(letters).collect()
}
