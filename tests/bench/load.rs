//! The callers: a few connections, each sending its next request when the last answer is complete.
//!
//! Written on bare sockets, because the machine is shared with what is measured: the less a caller does, the more of
//! the difference between two rounds is the difference between two servers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::processes::Outcome;

/// Connections that send at once, unless a subject is about their number.
pub const CALLERS: usize = 16;

/// Room for an answer, so that reading one seldom needs more.
const ROOM: usize = 256 * 1024;

/// A request that is sent over and over.
#[derive(Clone)]
pub struct Request {
    address: SocketAddr,
    text: Arc<str>,
}

impl Request {
    /// A request of a path with its query. Without a token it has no `Authorization`.
    pub fn get(address: SocketAddr, path: &str, token: Option<&str>) -> Self {
        Request::new(address, "GET", path, token, "")
    }

    /// A request with a JSON body.
    pub fn post(address: SocketAddr, path: &str, token: Option<&str>, body: &str) -> Self {
        Request::new(address, "POST", path, token, body)
    }

    fn new(address: SocketAddr, method: &str, path: &str, token: Option<&str>, body: &str) -> Self {
        let token = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
        let length = body.len();
        let text = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: bench\r\nAccept: */*\r\n{token}\
             Content-Length: {length}\r\n\r\n{body}"
        );
        Request { address, text: text.into() }
    }

    /// Whom it is sent to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends it once, and gives the answer's body.
    pub async fn once(&self) -> Outcome<Vec<u8>> {
        let mut connection = Connection::open(self.address).await?;
        let range = connection.exchange(&self.text).await?;
        Ok(connection.buffer[range].to_vec())
    }
}

/// How long a round lasts.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// So long.
    Elapsed(Duration),
    /// Until so many requests have been sent.
    Sent(u64),
}

/// What a round found.
#[derive(Debug)]
pub struct Round {
    pub requests: u64,
    pub elapsed: Duration,
    /// Of every request, in order of length.
    pub latencies: Vec<Duration>,
}

/// Requests that are sent over and over, by how many at once.
#[derive(Clone)]
pub struct Load {
    requests: Arc<[Request]>,
    callers: usize,
}

impl Load {
    /// The usual callers with one request.
    pub fn of(request: &Request) -> Self {
        Load::new(vec![request.clone()], CALLERS)
    }

    /// So many callers that take turns with the requests. A caller keeps its connection, so its requests must all be of
    /// one address: those of a place in the list and of every `callers` places after it.
    pub fn new(requests: Vec<Request>, callers: usize) -> Self {
        Load { requests: requests.into(), callers }
    }
}

/// Sends a load's requests from all its callers. Any answer but the expected 200 ends it with an error.
pub async fn round(load: &Load, until: Until) -> Outcome<Round> {
    let begun = Instant::now();
    let sent = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
    for caller in 0..load.callers {
        let (load, sent) = (load.clone(), sent.clone());
        callers.spawn(async move { call(&load, caller, begun, until, &sent).await });
    }
    let mut latencies = Vec::new();
    while let Some(caller) = callers.join_next().await {
        latencies.append(&mut caller??);
    }
    let elapsed = begun.elapsed();
    latencies.sort_unstable();
    Ok(Round { requests: latencies.len() as u64, elapsed, latencies })
}

async fn call(
    load: &Load,
    caller: usize,
    begun: Instant,
    until: Until,
    sent: &AtomicU64,
) -> Outcome<Vec<Duration>> {
    let mut requests = (0..).map(|turn| &load.requests[(caller + turn * load.callers) % load.requests.len()]);
    let mut connection = Connection::open(load.requests[caller % load.requests.len()].address).await?;
    let mut latencies = Vec::new();
    let goes_on = || match until {
        Until::Elapsed(length) => begun.elapsed() < length,
        Until::Sent(count) => sent.fetch_add(1, Ordering::Relaxed) < count,
    };
    while goes_on() {
        let Some(request) = requests.next() else { break };
        let asked = Instant::now();
        connection.exchange(&request.text).await?;
        latencies.push(asked.elapsed());
    }
    Ok(latencies)
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: vec![0; ROOM] })
    }

    /// Sends a request and reads its answer. Gives where in the buffer the body is.
    async fn exchange(&mut self, request: &str) -> Outcome<std::ops::Range<usize>> {
        self.stream.write_all(request.as_bytes()).await?;
        let mut filled = 0;
        let mut body = None;
        loop {
            if filled == self.buffer.len() {
                self.buffer.resize(filled * 2, 0);
            }
            match self.stream.read(&mut self.buffer[filled..]).await? {
                0 => return Err("the connection was closed in the middle of an answer".into()),
                count => filled += count,
            }
            if body.is_none() {
                body = head(&self.buffer[..filled])?;
            }
            if let Some(range) = body.clone().filter(|range| range.end <= filled) {
                return Ok(range);
            }
        }
    }
}

/// Where the body is that a complete head announces.
fn head(received: &[u8]) -> Outcome<Option<std::ops::Range<usize>>> {
    let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&received[..end])?;
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default();
    if !status.starts_with("HTTP/1.1 200") {
        return Err(format!("answered {status:?}: {}", String::from_utf8_lossy(&received[end..])).into());
    }
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    let length = length.ok_or("an answer without a length")??;
    Ok(Some(end + 4..end + 4 + length))
}
