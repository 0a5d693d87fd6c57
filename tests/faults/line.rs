//! The network between the gateway and a vendor: a port that leads to the vendor's twin, byte for byte as told.
//!
//! It reads each request, lets the twin act on it where the fault that is on says so, and writes what the fault makes of
//! the twin's answer: whole, mangled, cut off, drop by drop or not at all. It counts what arrives and what it passes on,
//! so that a test knows of every request whether the vendor has acted on it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use crate::faults::{Fault, How};

/// A request as it came in.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    head: String,
    pub body: Vec<u8>,
}

impl Asked {
    /// Whether it asks the vendor to change something.
    pub fn writes(&self) -> bool {
        if !self.is_rpc() {
            return self.method != "GET" && !self.path.contains("/filters/") && !self.asks_for_tokens();
        }
        ["new", "edit", "delete"].iter().any(|verb| self.says(&format!(r#""method":"{verb}"#)))
    }

    pub fn is_rpc(&self) -> bool {
        self.path.starts_with("/api/v1/json")
    }

    pub fn asks_for_tokens(&self) -> bool {
        self.path.contains("/token")
    }

    /// Whether this text is in its path or body.
    pub fn says(&self, text: &str) -> bool {
        self.path.contains(text) || self.body.windows(text.len()).any(|part| part == text.as_bytes())
    }
}

/// The vendor's answer.
#[derive(Debug, Clone, Default)]
pub struct Genuine {
    pub status: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Genuine {
    /// The head with another length in it, or with none.
    pub fn head(&self, length: Option<usize>) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {}\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(length) = length.filter(|_| !self.status.starts_with("204")) {
            head.push_str(&format!("content-length: {length}\r\n"));
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    pub fn whole(&self) -> Vec<u8> {
        [self.head(Some(self.body.len())), self.body.clone()].concat()
    }
}

/// What is done with a connection, one step after the other. After the last step the next request is read.
#[derive(Debug, Clone)]
pub enum Step {
    Send(Vec<u8>),
    /// So many pieces, one after each pause.
    Drip(Vec<u8>, usize, Duration),
    /// Nothing more, until the other side goes or the fault is over.
    Hang,
    /// The end, in order.
    Close,
    /// The end, with a reset.
    Reset,
}

/// Which requests a fault befalls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Befalls {
    Everything,
    Reads,
    Writes,
    Tokens,
}

#[derive(Default)]
struct Weather {
    fault: Option<(&'static Fault, Befalls)>,
    /// How often each request has been befallen, for faults that come and go.
    turns: HashMap<Vec<u8>, usize>,
}

struct Shared {
    upstream: SocketAddr,
    weather: Mutex<Weather>,
    passed_on: Mutex<Vec<Asked>>,
    /// Another host, which redirects lead to.
    elsewhere: SocketAddr,
    strays: Arc<AtomicUsize>,
    keeps: bool,
    /// How often the vendor has said that it did what a mark stands for.
    applied: Mutex<HashMap<String, u32>>,
    /// Counts how often the weather has changed.
    changes: watch::Sender<usize>,
}

impl Shared {
    /// Remembers a write that the vendor says it has carried out.
    fn note(&self, asked: &Asked, answered: &Genuine) {
        let is_done = answered.status.starts_with('2')
            && !(asked.is_rpc() && String::from_utf8_lossy(&answered.body).contains("\"error\":{"));
        if let Some(mark) = mark(&asked.body).filter(|_| is_done && asked.writes()) {
            *self.applied.lock().expect("what was applied").entry(mark).or_default() += 1;
        }
    }
}

/// What a body is marked with: `Mark17X`.
pub fn mark(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let (_, rest) = text.split_once("Mark")?;
    let (number, _) = rest.split_once('X')?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then(|| format!("Mark{number}X"))
}

/// A running line.
pub struct Line {
    address: SocketAddr,
    shared: Arc<Shared>,
    plugged: Mutex<Option<AbortHandle>>,
    stray: AbortHandle,
}

impl Line {
    /// A line to the vendor at this origin that remembers what passes.
    pub async fn to(origin: &str) -> Line {
        Line::start(origin, true).await
    }

    /// One that forgets it, for long runs.
    pub async fn forgetful(origin: &str) -> Line {
        Line::start(origin, false).await
    }

    async fn start(origin: &str, keeps: bool) -> Line {
        let upstream = origin.strip_prefix("http://").and_then(|it| it.parse().ok()).expect("an HTTP origin");
        let elsewhere = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let strays = Arc::new(AtomicUsize::new(0));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let shared = Arc::new(Shared {
            upstream,
            weather: Mutex::default(),
            passed_on: Mutex::default(),
            elsewhere: elsewhere.local_addr().expect("an address"),
            strays: strays.clone(),
            keeps,
            applied: Mutex::default(),
            changes: watch::Sender::default(),
        });
        let stray = tokio::spawn(async move {
            while elsewhere.accept().await.is_ok() {
                strays.fetch_add(1, Ordering::Relaxed);
            }
        });
        let address = listener.local_addr().expect("an address");
        let plugged = Mutex::new(Some(carry(listener, shared.clone())));
        Line { address, shared, plugged, stray: stray.abort_handle() }
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Switches a fault on.
    pub fn befall(&self, fault: &'static Fault, befalls: Befalls) {
        *self.shared.weather.lock().expect("the weather") =
            Weather { fault: Some((fault, befalls)), turns: HashMap::new() };
        if matches!(fault.how, How::Refused)
            && let Some(carrying) = self.plugged.lock().expect("the line").take()
        {
            carrying.abort();
        }
    }

    /// Carries everything as it is again.
    pub async fn mend(&self) {
        *self.shared.weather.lock().expect("the weather") = Weather::default();
        self.shared.changes.send_modify(|changes| *changes += 1);
        if self.plugged.lock().expect("the line").is_none() {
            let listener = rebound(self.address).await;
            *self.plugged.lock().expect("the line") = Some(carry(listener, self.shared.clone()));
        }
    }

    /// How often the vendor has said that it did what this mark stands for.
    pub fn applied(&self, mark: &str) -> u32 {
        self.shared.applied.lock().expect("what was applied").get(mark).copied().unwrap_or_default()
    }

    /// What the vendor was given so far.
    pub fn passed_on(&self) -> Vec<Asked> {
        self.shared.passed_on.lock().expect("what was passed on").clone()
    }

    /// Connections to the host that redirects lead to.
    pub fn strays(&self) -> usize {
        self.shared.strays.load(Ordering::Relaxed)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.stray.abort();
        if let Ok(Some(carrying)) = self.plugged.lock().map(|mut plugged| plugged.take()) {
            carrying.abort();
        }
    }
}

/// The same port, once the connections that were on it are gone.
async fn rebound(address: SocketAddr) -> TcpListener {
    for _ in 0..1000 {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(_) => tokio::task::yield_now().await,
        }
    }
    TcpListener::bind(address).await.expect("the same port")
}

/// Carries connections until it is aborted, which ends all of them.
fn carry(listener: TcpListener, shared: Arc<Shared>) -> AbortHandle {
    let carrying = tokio::spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((socket, _)) = listener.accept().await {
            while connections.try_join_next().is_some() {}
            connections.spawn(serve(socket, shared.clone()));
        }
    });
    carrying.abort_handle()
}

async fn serve(socket: TcpStream, shared: Arc<Shared>) {
    let mut socket = BufReader::new(socket);
    while let Some(asked) = read(&mut socket).await {
        for step in answer(&shared, asked).await {
            if !act(step, &mut socket, &shared).await {
                return;
            }
        }
    }
}

/// Takes a step. Whether the connection is still there to be used.
async fn act(step: Step, socket: &mut BufReader<TcpStream>, shared: &Shared) -> bool {
    match step {
        Step::Send(bytes) => socket.write_all(&bytes).await.is_ok(),
        Step::Drip(bytes, pieces, pause) => {
            for piece in bytes.chunks(bytes.len().div_ceil(pieces).max(1)) {
                tokio::time::sleep(pause).await;
                if socket.write_all(piece).await.is_err() {
                    return false;
                }
            }
            true
        }
        Step::Hang => {
            let mut changes = shared.changes.subscribe();
            let gone = async { while matches!(socket.read(&mut [0; 256]).await, Ok(1..)) {} };
            tokio::select! {
                () = gone => {}
                _ = changes.changed() => {}
            }
            false
        }
        Step::Close => false,
        Step::Reset => {
            let _ = socket.get_ref().set_zero_linger(); // the other side may have gone before
            false
        }
    }
}

async fn answer(shared: &Shared, asked: Asked) -> Vec<Step> {
    let fault = {
        let mut weather = shared.weather.lock().expect("the weather");
        let befallen = weather.fault.filter(|(_, befalls)| match befalls {
            Befalls::Everything => true,
            Befalls::Reads => !asked.writes(),
            Befalls::Writes => asked.writes(),
            Befalls::Tokens => asked.asks_for_tokens(),
        });
        befallen.map(|(fault, _)| {
            let turn = weather.turns.entry([asked.path.as_bytes(), &asked.body].concat()).or_default();
            *turn += 1;
            (fault, *turn)
        })
    };
    // A vendor that renews a token and loses the answer takes the account along, whoever asks.
    let acts = fault.is_none_or(|(fault, turn)| fault.acts(turn) && !asked.asks_for_tokens());
    let mut genuine = Genuine { status: "200 OK".to_owned(), ..Genuine::default() };
    if acts {
        if shared.keeps {
            shared.passed_on.lock().expect("what was passed on").push(asked.clone());
        }
        match forward(shared.upstream, &asked).await {
            Some(answered) => {
                shared.note(&asked, &answered);
                genuine = answered;
            }
            None => return vec![Step::Close],
        }
    }
    match fault {
        Some((Fault { how: How::Answers(script), .. }, turn)) => {
            script(&Scene { asked: &asked, genuine, elsewhere: shared.elsewhere, turn })
        }
        _ => vec![Step::Send(genuine.whole())],
    }
}

/// What a fault makes its answer of.
pub struct Scene<'a> {
    pub asked: &'a Asked,
    pub genuine: Genuine,
    pub elsewhere: SocketAddr,
    /// How often this very request has been befallen.
    pub turn: usize,
}

/// The next request; none where the other side has gone, or doesn't speak HTTP.
async fn read(socket: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut head = vec![socket.read_u8().await.ok()?];
    // A handshake of TLS, which a server of plain HTTP takes for a request that is none.
    if head[0] == 0x16 {
        let refusal = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let _ = socket.write_all(refusal.as_bytes()).await; // whoever asked may be gone
        return None;
    }
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let mut words = head.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let length = header(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.ok()?;
    Some(Asked { method, path, head, body })
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(": ")?;
        found.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// Has the vendor act on a request, and reads its answer.
async fn forward(upstream: SocketAddr, asked: &Asked) -> Option<Genuine> {
    let mut socket = TcpStream::connect(upstream).await.ok()?;
    let head = asked.head.trim_end_matches("\r\n");
    let head: Vec<&str> = head.lines().filter(|line| !is_header(line, "connection")).collect();
    let request = format!("{}\r\nconnection: close\r\n\r\n", head.join("\r\n"));
    socket.write_all(request.as_bytes()).await.ok()?;
    socket.write_all(&asked.body).await.ok()?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.ok()?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    assert!(header(head, "transfer-encoding").is_none(), "the twin sends whole answers: {head}");
    let mut lines = head.lines();
    let status = lines.next()?.split_once(' ')?.1.to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.filter(|(name, _)| !["connection", "content-length"].contains(name));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Some(Genuine { status, headers, body: answer[end + 4..].to_vec() })
}

fn is_header(line: &str, name: &str) -> bool {
    line.split_once(':').is_some_and(|(found, _)| found.eq_ignore_ascii_case(name))
}
