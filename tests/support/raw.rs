//! HTTP by hand, for requests that no well-behaved client would send and answers that no well-behaved vendor would.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::client::Reply;

/// Sends these bytes to `origin` and reads what comes back until the gateway closes the connection. `None` where it
/// closes without an answer.
pub async fn send(origin: &str, request: &[u8]) -> Option<Reply> {
    let address = origin.strip_prefix("http://").expect("an HTTP origin");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request).await.expect("the request sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    parse(&answer)
}

/// A request line and headers that ask to close the connection, with nothing checked.
pub fn get(target: &[u8], token: &str) -> Vec<u8> {
    let headers =
        format!(" HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\r\n");
    [b"GET ", target, headers.as_bytes()].concat()
}

fn parse(answer: &[u8]) -> Option<Reply> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).expect("a head of text");
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().expect("a status");
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        let name = HeaderName::try_from(name).expect("a header's name");
        headers.append(name, HeaderValue::try_from(value).expect("a header's value"));
    }
    Some(Reply { status, headers, body: Bytes::copy_from_slice(&answer[end + 4..]) })
}

/// Reads a request's head, and what has come of its body with it.
pub async fn head(socket: &mut TcpStream) -> (String, Vec<u8>) {
    let mut read = Vec::new();
    loop {
        assert_ne!(socket.read_buf(&mut read).await.expect("a request"), 0, "the request ended early");
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let body = read.split_off(end + 4);
            return (String::from_utf8(read).expect("a head").to_lowercase(), body);
        }
    }
}

/// A place for a vendor that a test writes by hand, and its origin.
pub async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    (listener, origin)
}
