//! A vendor on a socket: it reads requests and answers them from a script, byte for byte.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the vendor does with a request.
#[derive(Debug, Clone)]
pub enum Play {
    /// Sends these bytes and waits for the next request.
    Answer(Vec<u8>),
    /// Sends these bytes and closes the connection.
    Close(Vec<u8>),
    /// Sends these bytes and nothing more, and keeps the connection open.
    Hang(Vec<u8>),
}

/// A whole answer.
pub fn answer(status: &str, headers: &str, body: &str) -> Play {
    let length = body.len();
    Play::Answer(format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n{body}").into_bytes())
}

/// A success.
pub fn ok() -> Play {
    answer("200 OK", "Content-Type: application/json\r\n", r#"{"parties":[]}"#)
}

/// A request as it came in.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Counts connections from 0.
    pub connection: usize,
    pub head: String,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// Stops when dropped.
pub struct Vendor {
    address: SocketAddr,
    seen: watch::Receiver<Vec<Seen>>,
    server: tokio::task::JoinHandle<()>,
}

struct Stage {
    script: Mutex<VecDeque<Play>>,
    seen: watch::Sender<Vec<Seen>>,
}

impl Vendor {
    /// Answers one request after the other as the script says, and hangs up on those that it doesn't foresee.
    pub async fn start(script: impl IntoIterator<Item = Play>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, seen) = watch::channel(Vec::new());
        let stage = Arc::new(Stage { script: Mutex::new(script.into_iter().collect()), seen: sender });
        let server = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            for connection in 0.. {
                let (socket, _) = listener.accept().await.unwrap();
                connections.spawn(serve(socket, connection, stage.clone()));
            }
        });
        Vendor { address, seen, server }
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.borrow().clone()
    }

    /// Waits until this many requests have come in.
    pub async fn sees(&mut self, count: usize) {
        self.seen.wait_for(|seen| seen.len() >= count).await.unwrap();
    }
}

impl Drop for Vendor {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(mut socket: TcpStream, connection: usize, stage: Arc<Stage>) {
    while let Some((head, body)) = request(&mut socket).await {
        stage.seen.send_modify(|seen| seen.push(Seen { connection, head, body }));
        let play = stage.script.lock().unwrap().pop_front();
        let (bytes, then) = match play {
            Some(Play::Answer(bytes)) => (bytes, Then::GoOn),
            Some(Play::Hang(bytes)) => (bytes, Then::Hang),
            Some(Play::Close(bytes)) => (bytes, Then::Close),
            None => (Vec::new(), Then::Close),
        };
        // A client that has left needs no answer.
        if socket.write_all(&bytes).await.is_err() {
            return;
        }
        match then {
            Then::GoOn => {}
            Then::Hang => while matches!(socket.read(&mut [0; 64]).await, Ok(1..)) {},
            Then::Close => return,
        }
    }
}

enum Then {
    GoOn,
    Hang,
    Close,
}

/// Head and body of the next request; none where the client has closed or doesn't speak HTTP.
async fn request(socket: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    socket.read_exact(&mut body).await.ok()?;
    Some((head, body))
}
