//! A vendor that answers when the test says so.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// A vendor on a port of its own, for as long as the test runs.
pub struct Vendor {
    pub origin: String,
    requests: Receiver<Request>,
}

/// A request that waits for its answer.
pub struct Request {
    /// Request line and headers.
    pub head: String,
    pub body: Vec<u8>,
    answer: Sender<String>,
}

impl Vendor {
    pub fn start() -> Vendor {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let (send, requests) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let send = send.clone();
                std::thread::spawn(move || serve(stream, &send));
            }
        });
        Vendor { origin, requests }
    }

    /// The next request that comes in.
    pub fn next(&self) -> Request {
        self.requests.recv_timeout(Duration::from_secs(60)).expect("a request within a minute")
    }

    /// Whether a request has come in that nobody has looked at.
    pub fn is_idle(&self) -> bool {
        self.requests.try_recv().is_err()
    }
}

impl Request {
    /// Answers with JSON.
    pub fn answer(self, json: &str) {
        self.answer.send(json.to_owned()).expect("a vendor that waits");
    }
}

fn serve(stream: TcpStream, requests: &Sender<Request>) {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let begun = head.len();
        match reader.read_line(&mut head) {
            Ok(read) if read > 2 => {}
            Ok(2) => break,
            _ => return,
        }
        if let Some(value) = head[begun..].to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a whole body");
    let (answer, answered) = channel();
    requests.send(Request { head, body, answer }).expect("a test that runs");
    // The test may end without an answer.
    let Ok(json) = answered.recv() else { return };
    let text = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{json}",
        json.len()
    );
    let _ = reader.into_inner().write_all(text.as_bytes()); // whoever asked may be gone
}
