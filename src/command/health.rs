//! `unicrm health`: asks the gateway on this machine how it is, for container engines, which have no other program to
//! ask with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Failure, Outcome};
use crate::config::Settings;

/// How long the gateway may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most that is read of an answer; its first line is what counts.
const MOST: u64 = 4096;

/// Succeeds if the gateway that listens where the settings say is healthy, or with `ready`, ready.
pub async fn run(settings: &Settings, ready: bool) -> Outcome {
    let (address, path) = (reachable(settings.listen), if ready { "/ready" } else { "/health" });
    let failed = |why: String| Failure::new(format!("http://{address}{path}: {why}"));
    let answer = timeout(PATIENCE, ask(address, path))
        .await
        .map_err(|_| failed(format!("no answer within {PATIENCE:?}")))?
        .map_err(|error| failed(error.to_string()))?;
    let mut lines = answer.lines();
    let status = lines.next().unwrap_or_default();
    let body = lines.last().unwrap_or_default();
    match status.split(' ').nth(1) {
        Some("200") => {
            println!("{body}");
            Ok(())
        }
        _ => Err(failed(format!("{status} {body}"))),
    }
}

async fn ask(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Where a server that listens everywhere is reached from here.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let host = match listen.ip() {
        IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    };
    SocketAddr::new(host, listen.port())
}
