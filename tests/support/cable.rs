//! The cable between a gateway and its database, for tests that pull it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use sqlx::postgres::PgConnectOptions;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::{AbortHandle, JoinSet};

/// A port that leads to a database's socket, or to nowhere while it is cut.
pub struct Cable {
    address: SocketAddr,
    socket: PathBuf,
    plugged: Mutex<Option<AbortHandle>>,
}

impl Cable {
    /// A cable to the database of these options.
    pub async fn to(options: &PgConnectOptions) -> Cable {
        let folder = options.get_socket().expect("a database with a socket").clone();
        let socket = folder.join(format!(".s.PGSQL.{}", options.get_port()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let plugged = Mutex::new(Some(carry(listener, socket.clone())));
        Cable { address, socket, plugged }
    }

    /// The same database at the other end of the cable.
    pub fn options(&self, options: &PgConnectOptions) -> PgConnectOptions {
        let name = options.get_database().expect("a database's name");
        PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.address.port())
            .username(options.get_username())
            .database(name)
            .ssl_mode(sqlx::postgres::PgSslMode::Disable)
    }

    /// Breaks off every connection, and refuses new ones.
    pub fn cut(&self) {
        if let Some(carrying) = self.plugged.lock().expect("the cable").take() {
            carrying.abort();
        }
    }

    /// Leads there again.
    pub async fn mend(&self) {
        let listener = TcpListener::bind(self.address).await.expect("the same port");
        *self.plugged.lock().expect("the cable") = Some(carry(listener, self.socket.clone()));
    }
}

/// Carries connections until it is aborted, which ends all of them.
fn carry(listener: TcpListener, socket: PathBuf) -> AbortHandle {
    let socket = Arc::new(socket);
    let carrying = tokio::spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((near, _)) = listener.accept().await {
            connections.spawn(join(near, socket.clone()));
        }
    });
    carrying.abort_handle()
}

async fn join(mut near: TcpStream, socket: Arc<PathBuf>) {
    if let Ok(mut far) = UnixStream::connect(socket.as_path()).await {
        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await; // either end may break it off
    }
}
