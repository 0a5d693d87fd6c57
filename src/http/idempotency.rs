//! `Idempotency-Key`: the header, and the layer that makes a repeat of a write an answer in place of another write.
//!
//! It lies around every route that calls a vendor for an account, so that no route can forget it. Methods that only
//! read take no notice of the header. What a key means and for how long is the gateway's to say
//! ([`crate::gateway::idempotency`]).

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request, State as Shared};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use super::State;
use super::extract::{Addressed, read};
use crate::error::{Error, Result};
use crate::gateway::files::carrier;
use crate::gateway::idempotency::Keyed;
use crate::mapping::Provider;
use crate::mapping::manifest::FileTransfer;

/// The header.
pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Tells that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The longest key, in bytes.
const LONGEST: usize = 255;

/// The layer.
pub async fn once(Shared(state): Shared<State>, request: Request, next: Next) -> Result<Response> {
    if request.method().is_safe() || !request.headers().contains_key(KEY) {
        return Ok(next.run(request).await);
    }
    let (mut parts, body) = request.into_parts();
    let key = key(&parts.headers)?;
    let Addressed { environment, id, query } = Addressed::from_request_parts(&mut parts, &state).await?;
    let account = state.0.gateway.accounts.load(environment, id).await?;
    if is_upload(&account.provider, parts.uri.path()) {
        // The file would have to be read to know it again, and its token is good once: it does no harm to send it twice.
        return Err(Error::invalid_field(
            KEY.as_str(),
            "has no effect on a file that goes up; send it without",
        ));
    }
    let body = read(body, state.0.max_request_bytes).await?;
    let request = [parts.method.as_str(), parts.uri.path(), &query];
    let keyed = Keyed::new(environment, account.id, &key, request, &body);
    under(&state, keyed, async move { next.run(Request::from_parts(parts, Body::from(body))).await }).await
}

/// Does `work` under a key, or gives the answer that it has already.
pub async fn under(
    state: &State,
    keyed: Keyed,
    work: impl Future<Output = Response> + Send + 'static,
) -> Result<Response> {
    let once = state.0.gateway.idempotency.once(keyed, async move { whole(work.await).await }).await?;
    let mut response = once.answer.map(Body::from);
    if once.again {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// The key that a request was sent with, if it was sent with one.
pub fn sent(headers: &HeaderMap) -> Result<Option<String>> {
    if headers.contains_key(KEY) { key(headers).map(Some) } else { Ok(None) }
}

fn key(headers: &HeaderMap) -> Result<String> {
    let wrong = || {
        Error::invalid_field(
            KEY.as_str(),
            format!("must be given once, as 1 to {LONGEST} printable ASCII characters"),
        )
    };
    let mut sent = headers.get_all(KEY).iter();
    match (sent.next().map(HeaderValue::to_str), sent.next()) {
        (Some(Ok(key)), None) if (1..=LONGEST).contains(&key.len()) => Ok(key.to_owned()),
        _ => Err(wrong()),
    }
}

fn is_upload(provider: &Provider, path: &str) -> bool {
    let mut segments = path.trim_start_matches('/').split('/');
    match (segments.next(), segments.next(), segments.next(), segments.next()) {
        (Some("proxy"), Some(resource), Some(method), None) => {
            matches!(carrier(provider, resource, method), Some((_, FileTransfer::Upload { .. })))
        }
        _ => false,
    }
}

/// A response with its body read. Every answer of ours is whole already; one that is not would be a defect.
async fn whole(response: Response) -> axum::http::Response<Bytes> {
    let (parts, body) = response.into_parts();
    match to_bytes(body, usize::MAX).await {
        Ok(body) => axum::http::Response::from_parts(parts, body),
        Err(error) => {
            let (parts, body) = Error::internal(error).into_response().into_parts();
            axum::http::Response::from_parts(parts, to_bytes(body, usize::MAX).await.unwrap_or_default())
        }
    }
}
