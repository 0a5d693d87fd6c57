//! nginx before the upstream, as somebody would set it up who wants it fast.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::processes::{Outcome, Process, Scratch};

/// Where nginx is, if it is installed.
pub fn installed() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join("nginx")).find(|program| program.is_file())
}

/// Starts nginx and waits until it accepts connections.
pub async fn start(
    program: &Path,
    scratch: &Scratch,
    upstream: SocketAddr,
) -> Outcome<(Process, SocketAddr)> {
    let root = scratch.path().join("nginx");
    fs::create_dir(&root)?;
    let address = free_address()?;
    let file = root.join("nginx.conf");
    fs::write(&file, configuration(&root, address, upstream))?;
    let log = fs::File::create(root.join("nginx.log"))?;
    let mut command = Command::new(program);
    command.arg("-p").arg(&root).arg("-c").arg(&file).arg("-e").arg(root.join("error.log"));
    let mut process = Process::start("nginx", command.stdout(log.try_clone()?).stderr(log))?;
    let deadline = Instant::now() + Duration::from_secs(10);
    while tokio::net::TcpStream::connect(address).await.is_err() {
        if process.child().try_wait()?.is_some() || Instant::now() > deadline {
            let said = fs::read_to_string(root.join("nginx.log"))?;
            return Err(format!("nginx did not start: {said}").into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok((process, address))
}

/// An address that nobody listens on for the moment. nginx can't be told to choose one.
fn free_address() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

/// Two workers, as the gateway has on this many processors; connections kept on both sides; a page fits into the
/// buffers, so that nothing touches the disk.
fn configuration(root: &Path, address: SocketAddr, upstream: SocketAddr) -> String {
    let root = root.display();
    format!(
        "
daemon off;
worker_processes 2;
pid {root}/nginx.pid;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {root}/body;
    proxy_temp_path {root}/proxy;
    fastcgi_temp_path {root}/fastcgi;
    uwsgi_temp_path {root}/uwsgi;
    scgi_temp_path {root}/scgi;
    keepalive_requests 1000000000;
    keepalive_timeout 300s;
    tcp_nodelay on;
    proxy_buffers 16 16k;
    proxy_buffer_size 16k;
    proxy_busy_buffers_size 64k;
    proxy_max_temp_file_size 0;
    upstream vendor {{
        server {upstream};
        keepalive 64;
        keepalive_requests 1000000000;
    }}
    server {{
        listen {address};
        location / {{
            proxy_pass http://vendor;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
        }}
    }}
}}
"
    )
}
