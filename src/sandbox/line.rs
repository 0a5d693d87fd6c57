//! The wire under a sandbox: a listener whose connections can be severed from inside a handler.
//!
//! HTTP servers answer whatever happens, yet vendors sometimes do not. Severing is how a sandbox hangs up without an
//! answer, and how stopping it ends requests that would otherwise hang for ever.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Serves `router` on `listener` until `stop` is cancelled, which also severs every open connection.
pub(super) fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
) -> JoinHandle<io::Result<()>> {
    let doorway = Doorway { listener, stop: stop.clone() };
    tokio::spawn(async move {
        axum::serve(doorway, router.into_make_service_with_connect_info::<Line>())
            .with_graceful_shutdown(stop.cancelled_owned())
            .await
    })
}

/// A handler's grip on the connection its request came in on.
#[derive(Clone, Debug)]
pub(super) struct Line(CancellationToken);

impl Line {
    /// Ends the connection: nothing more is read from it or written to it.
    pub(super) fn sever(&self) {
        self.0.cancel();
    }

    /// Resolves when the connection has been severed.
    pub(super) async fn severed(&self) {
        self.0.cancelled().await;
    }
}

impl Connected<IncomingStream<'_, Doorway>> for Line {
    fn connect_info(stream: IncomingStream<'_, Doorway>) -> Line {
        Line(stream.io().severance.clone())
    }
}

/// A TCP listener that wraps what it accepts.
pub(super) struct Doorway {
    listener: TcpListener,
    stop: CancellationToken,
}

impl Listener for Doorway {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        (Wire::new(stream, self.stop.child_token()), peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A TCP stream that fails every read and write once severed.
pub(super) struct Wire {
    stream: TcpStream,
    severance: CancellationToken,
    severed: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Wire {
    fn new(stream: TcpStream, severance: CancellationToken) -> Wire {
        let severed = Box::pin(severance.clone().cancelled_owned());
        Wire { stream, severance, severed }
    }

    fn gone() -> io::Error {
        io::Error::new(io::ErrorKind::ConnectionAborted, "severed by the sandbox")
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.severed.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(Wire::gone()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.severance.is_cancelled() {
            return Poll::Ready(Err(Wire::gone()));
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
