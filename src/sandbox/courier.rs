//! What a twin sends of its own accord: the events that clients have subscribed to, as plain HTTP/1.1 POSTs.
//!
//! One after the other, in the order in which they happened, once each; nothing is tried again. It speaks no TLS, so a
//! delivery to an `https` address is noted as one that nobody answered.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use url::Url;

/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of an answer in which its status must have come.
const STATUS_LINE: usize = 512;

/// An event that was sent to a subscriber.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Where it was sent.
    pub url: String,
    /// The whole body.
    pub body: Value,
    /// The status of the answer; None when there was none.
    pub status: Option<u16>,
}

enum Errand {
    Deliver {
        url: String,
        body: Value,
    },
    /// Answer once all that was to be delivered before has been.
    Report(oneshot::Sender<()>),
}

/// The sending end, cheap to clone.
#[derive(Clone)]
pub(super) struct Courier {
    errands: mpsc::UnboundedSender<Errand>,
    delivered: Arc<Mutex<Vec<Delivery>>>,
}

impl Courier {
    /// Starts a courier that works until `stop` is cancelled.
    pub(super) fn start(stop: CancellationToken) -> Courier {
        let (errands, queue) = mpsc::unbounded_channel();
        let courier = Courier { errands, delivered: Arc::default() };
        let delivered = courier.delivered.clone();
        tokio::spawn(stop.run_until_cancelled_owned(work(queue, delivered)));
        courier
    }

    /// Has a body sent, without waiting for it.
    pub(super) fn deliver(&self, url: &str, body: Value) {
        // Refused only after the sandbox was stopped, when nobody is left to care.
        let _ = self.errands.send(Errand::Deliver { url: url.to_owned(), body });
    }

    /// Waits until all that is due has been sent, and takes the list of what was.
    pub(super) async fn take_delivered(&self) -> Vec<Delivery> {
        let (report, done) = oneshot::channel();
        if self.errands.send(Errand::Report(report)).is_ok() {
            // An error means that the sandbox was stopped meanwhile; what was sent until then is told all the same.
            let _ = done.await;
        }
        std::mem::take(&mut *lock(&self.delivered))
    }
}

fn lock(delivered: &Mutex<Vec<Delivery>>) -> MutexGuard<'_, Vec<Delivery>> {
    delivered.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn work(mut queue: mpsc::UnboundedReceiver<Errand>, delivered: Arc<Mutex<Vec<Delivery>>>) {
    while let Some(errand) = queue.recv().await {
        match errand {
            Errand::Deliver { url, body } => {
                let sent = tokio::time::timeout(PATIENCE, post(&url, &body)).await;
                let status = sent.ok().and_then(Result::ok);
                lock(&delivered).push(Delivery { url, body, status });
            }
            Errand::Report(report) => {
                // Whoever asked may have gone.
                let _ = report.send(());
            }
        }
    }
}

/// POSTs JSON and answers the status.
async fn post(url: &str, body: &Value) -> io::Result<u16> {
    let unusable = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, what.to_owned());
    let url = Url::parse(url).map_err(|error| unusable(&error.to_string()))?;
    let host = url.host_str().filter(|_| url.scheme() == "http");
    let host = host.ok_or_else(|| unusable("not plain HTTP"))?;
    let port = url.port_or_known_default().unwrap_or(80);
    // An IPv6 address stands in brackets in a URL, but not in a socket's address.
    let mut line = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
    let body = body.to_string();
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    line.write_all(head.as_bytes()).await?;
    line.write_all(body.as_bytes()).await?;
    status(&mut line).await
}

async fn status(line: &mut TcpStream) -> io::Result<u16> {
    let mut answer = Vec::new();
    while !answer.contains(&b'\n') && answer.len() < STATUS_LINE {
        if line.read_buf(&mut answer).await? == 0 {
            break;
        }
    }
    let answer = String::from_utf8_lossy(&answer);
    let code = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    code.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no status"))
}
