//! HTTP over pooled connections: what reqwest does for us, what it must not do, and what its errors mean.
//!
//! It follows no redirects, for a credential must not travel to wherever an answer points. It keeps no cookies. It
//! takes no proxy from the environment: an operator who needs one sets a provider's origin, and nothing else may
//! decide where credentials go. It reads no more of an answer than the limit, counted after decompression.
//!
//! The one thing that it repeats on its own is a request of which the protocol says that the server hasn't looked
//! at it: one that a kept connection had no chance to carry before it was closed, or that HTTP/2 refused unread.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderValue;
use http::header::CONTENT_LENGTH;
use tokio::time::timeout;

use super::egress::{Egress, Private};
use super::transfer::{Down, HELD, Source};
use super::{OutboundSettings, Transfer};
use crate::error::{Effect, Error, Kind, Result, Retry};

const AGENT: &str = concat!("unicrm/", env!("CARGO_PKG_VERSION"));

/// Idle connections are closed earlier than most servers do: a request that meets a server's closing is lost.
const IDLE: Duration = Duration::from_secs(30);

/// Idle connections kept for one host. All accounts of a provider share them.
const IDLE_PER_HOST: usize = 256;

/// How often an HTTP/2 connection in use is asked whether it lives. All calls to a host share one, so that a dead
/// one would cost each of them a whole attempt.
const PING_EVERY: Duration = Duration::from_secs(10);

/// How long an HTTP/2 connection may take to say that it lives.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// What a buffer may reserve on the word of an answer alone.
const LARGEST_RESERVATION: u64 = 1024 * 1024;

/// An answer that comes in one piece of this size or more is kept as it came. A smaller one is copied: a piece holds on
/// to all of what the connection read with it.
const WORTH_KEEPING: usize = 16 * 1024;

/// Carries HTTP requests. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Transport {
    client: reqwest::Client,
    egress: Egress,
    max_answer_bytes: usize,
    /// How long a vendor may be silent within a file.
    silence: Duration,
}

/// Whom a request goes to, as its errors say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer<'a> {
    /// As people write it.
    pub(super) label: &'a str,
    /// Whether the request changes nothing, so that it never has an effect.
    pub(super) reads: bool,
}

impl Transport {
    pub(super) fn new(settings: &OutboundSettings) -> Result<Self> {
        // reqwest is built without cryptography of its own and takes the process's. An error only says that it has
        // been chosen before, which the same choice made elsewhere in the process does.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let egress = Egress::new(settings.allowed_hosts.clone());
        let client = reqwest::Client::builder()
            .dns_resolver(Arc::new(egress.clone()))
            .user_agent(AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .gzip(true)
            .tcp_nodelay(true)
            .connect_timeout(settings.connect_timeout)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .http2_keep_alive_interval(PING_EVERY)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .build()
            .map_err(|error| {
                Error::new(
                    Kind::Unavailable,
                    "TLS can't be set up on this machine. On Linux it needs the package ca-certificates.",
                )
                .detail(chain(&error))
            })?;
        Ok(Transport {
            client,
            egress,
            max_answer_bytes: settings.max_answer_bytes,
            silence: settings.attempt_timeout,
        })
    }

    /// Sends a request as it is and reads the whole response, whatever its status, within `limit`.
    ///
    /// For endpoints that aren't calls of an account's, such as a token endpoint: no credential is added, nothing
    /// is tried again, no status is an error. Errors are [`Kind::Unreachable`], [`Kind::Garbled`] and
    /// [`Kind::TimedOut`]; their effect is possible for anything but GET and HEAD, once there was a connection.
    pub async fn send(
        &self,
        request: http::Request<Bytes>,
        limit: Duration,
    ) -> Result<http::Response<Bytes>> {
        let peer = Peer { label: "The vendor", reads: request.method().is_safe() };
        timeout(limit, self.exchange(peer, request)).await.unwrap_or_else(|_| {
            let seconds = limit.as_secs_f64();
            let message = format!("{} did not answer within {seconds:.1} seconds.", peer.label);
            Err(Error::new(Kind::TimedOut, message).effect(peer.effect()))
        })
    }

    /// Sends a request and reads the whole response.
    pub(super) async fn exchange(
        &self,
        peer: Peer<'_>,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>> {
        let request = self.request(peer, request)?;
        let response = self.client.execute(request).await.map_err(|error| peer.broken(error))?;
        self.read(peer, response).await
    }

    /// Sends a request with the file that it carries, or leaves what comes with the answer in the transfer and gives an
    /// answer without a body. An answer that is no success is read whole.
    pub(super) async fn carry(
        &self,
        peer: Peer<'_>,
        request: http::Request<Bytes>,
        transfer: &Transfer,
    ) -> Result<http::Response<Bytes>> {
        let mut request = self.request(peer, request)?;
        if let Some((pieces, length)) = transfer.body()? {
            request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
            *request.body_mut() = Some(reqwest::Body::wrap_stream(pieces));
        }
        let response = self.client.execute(request).await.map_err(|error| peer.broken(error))?;
        match transfer.wanted() {
            Down::File(largest) if response.status().is_success() => {
                let (answer, response) = head(response);
                transfer.keep(self.source(peer, response), largest)?;
                Ok(answer)
            }
            Down::Large if response.status().is_success() => self.begin(peer, response, transfer).await,
            _ => self.read(peer, response).await,
        }
    }

    /// The request, if it goes where calls may go.
    fn request(&self, peer: Peer<'_>, request: http::Request<Bytes>) -> Result<reqwest::Request> {
        let request = reqwest::Request::try_from(request).map_err(|error| peer.broken(error))?;
        if self.egress.allows(request.url()) { Ok(request) } else { Err(peer.private()) }
    }

    /// Reads the whole response.
    async fn read(&self, peer: Peer<'_>, response: reqwest::Response) -> Result<http::Response<Bytes>> {
        let (mut answer, mut response) = self.small_enough(peer, response)?;
        let mut body = Gathered::Nothing;
        while self.more(peer, &mut response, &mut body).await? {}
        *answer.body_mut() = body.into_bytes();
        Ok(answer)
    }

    /// Reads the response until it is whole, or as much as is held; then the rest of it is the transfer's.
    async fn begin(
        &self,
        peer: Peer<'_>,
        response: reqwest::Response,
        transfer: &Transfer,
    ) -> Result<http::Response<Bytes>> {
        let (mut answer, mut response) = self.small_enough(peer, response)?;
        let mut body = Gathered::Nothing;
        while body.len() <= HELD {
            if !self.more(peer, &mut response, &mut body).await? {
                *answer.body_mut() = body.into_bytes();
                return Ok(answer);
            }
        }
        let left = self.max_answer_bytes.saturating_sub(body.len()) as u64;
        transfer.keep_rest(body.into_bytes(), self.source(peer, response), left);
        Ok(answer)
    }

    /// The response's head, if it doesn't announce more than is read, and what is left of it.
    fn small_enough(
        &self,
        peer: Peer<'_>,
        response: reqwest::Response,
    ) -> Result<(http::Response<Bytes>, reqwest::Response)> {
        if response.content_length().unwrap_or_default() > self.max_answer_bytes as u64 {
            return Err(peer.too_large(self.max_answer_bytes));
        }
        Ok(head(response))
    }

    /// Reads one piece more. Whether there was one.
    async fn more(
        &self,
        peer: Peer<'_>,
        response: &mut reqwest::Response,
        body: &mut Gathered,
    ) -> Result<bool> {
        let Some(piece) = response.chunk().await.map_err(|error| peer.broken(error))? else {
            return Ok(false);
        };
        if piece.len() > self.max_answer_bytes - body.len() {
            return Err(peer.too_large(self.max_answer_bytes));
        }
        body.add(piece, || room(response));
        Ok(true)
    }

    fn source(&self, peer: Peer<'_>, response: reqwest::Response) -> Source {
        Source { label: peer.label.to_owned(), response, patience: self.silence }
    }
}

/// The head of a response, and what is left of it.
fn head(mut response: reqwest::Response) -> (http::Response<Bytes>, reqwest::Response) {
    let mut answer = http::Response::new(Bytes::new());
    *answer.status_mut() = response.status();
    *answer.version_mut() = response.version();
    *answer.headers_mut() = std::mem::take(response.headers_mut());
    (answer, response)
}

/// What has come of a body. Most come in one piece, and are not copied then.
enum Gathered {
    Nothing,
    One(Bytes),
    Many(BytesMut),
}

impl Gathered {
    fn len(&self) -> usize {
        match self {
            Gathered::Nothing => 0,
            Gathered::One(piece) => piece.len(),
            Gathered::Many(pieces) => pieces.len(),
        }
    }

    /// Adds a piece; `room` is where it goes that isn't the only one.
    fn add(&mut self, piece: Bytes, room: impl FnOnce() -> BytesMut) {
        *self = match std::mem::replace(self, Gathered::Nothing) {
            Gathered::Nothing if piece.len() >= WORTH_KEEPING => Gathered::One(piece),
            Gathered::Nothing => joined(room(), &[&piece]),
            Gathered::One(first) => joined(room(), &[&first, &piece]),
            Gathered::Many(pieces) => joined(pieces, &[&piece]),
        };
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Gathered::Nothing => Bytes::new(),
            Gathered::One(piece) => piece,
            Gathered::Many(pieces) => pieces.freeze(),
        }
    }
}

fn joined(mut room: BytesMut, pieces: &[&[u8]]) -> Gathered {
    pieces.iter().for_each(|piece| room.extend_from_slice(piece));
    Gathered::Many(room)
}

/// Room for what the response announces, within reason.
fn room(response: &reqwest::Response) -> BytesMut {
    BytesMut::with_capacity(response.content_length().unwrap_or_default().min(LARGEST_RESERVATION) as usize)
}

impl Peer<'_> {
    /// What a request could have done that was sent and has no usable answer.
    fn effect(self) -> Effect {
        if self.reads { Effect::None } else { Effect::Possible }
    }

    fn too_large(self, limit: usize) -> Error {
        let message = format!("{}'s answer is larger than the {limit} bytes that are read.", self.label);
        Error::new(Kind::Garbled, message).effect(self.effect())
    }

    /// The host is none that may be called.
    fn private(self) -> Error {
        let message = format!(
            "{} is not called: its host has no public address, and the gateway's operator hasn't allowed it.",
            self.label
        );
        Error::new(Kind::Unreachable, message).retry(Retry::Never)
    }

    /// What an error of reqwest's means. Its URL goes nowhere: it holds ids and filters, and could hold a secret.
    fn broken(self, error: reqwest::Error) -> Error {
        let error = error.without_url();
        let (kind, effect, what) = match cause(&error) {
            Cause::Unsendable => return Error::internal(chain(&error)),
            Cause::Private => return self.private(),
            Cause::Unresolved => {
                (Kind::Unreachable, Effect::None, "can't be reached: its host has no address")
            }
            Cause::Unconnected => {
                (Kind::Unreachable, Effect::None, "can't be reached: no connection could be made")
            }
            Cause::Lost => {
                (Kind::Unreachable, self.effect(), "closed the connection before its answer was complete")
            }
            Cause::NotHttp => (Kind::Garbled, self.effect(), "answered something that is not valid HTTP"),
            Cause::Undecodable => {
                (Kind::Garbled, self.effect(), "answered with a body that can't be decompressed")
            }
        };
        Error::new(kind, format!("{} {what}.", self.label)).effect(effect).detail(chain(&error))
    }
}

/// What broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Unsendable,
    Private,
    Unresolved,
    Unconnected,
    Lost,
    NotHttp,
    Undecodable,
}

fn cause(error: &reqwest::Error) -> Cause {
    if error.is_builder() {
        return Cause::Unsendable;
    }
    if sources(error).any(|source| source.is::<Private>()) {
        return Cause::Private;
    }
    if error.is_connect() {
        return if error.is_dns() { Cause::Unresolved } else { Cause::Unconnected };
    }
    match sources(error).find_map(|source| source.downcast_ref::<hyper::Error>()) {
        Some(protocol) if protocol.is_parse() || is_malformed(protocol) => Cause::NotHttp,
        Some(_) => Cause::Lost,
        // An error of a body that isn't the connection's is the decoder's.
        None if error.is_decode() => Cause::Undecodable,
        None => Cause::Lost,
    }
}

/// Whether a body's framing is broken, as opposed to cut off.
fn is_malformed(protocol: &hyper::Error) -> bool {
    sources(protocol)
        .filter_map(|source| source.downcast_ref::<io::Error>())
        .any(|error| matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput))
}

/// What caused an error, the outermost cause first.
fn sources<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(error.source(), |error| (*error).source())
}

/// An error with all its causes, for the log.
fn chain(error: &(dyn StdError + 'static)) -> String {
    sources(error).fold(error.to_string(), |text, source| format!("{text}: {source}"))
}
