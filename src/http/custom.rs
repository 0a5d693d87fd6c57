//! `/custom/{path}`: any path of the vendor's, with any method.

use std::io;

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use serde::Serialize;
use serde_json::value::RawValue;

use super::State;
use super::extract::{VerbatimCall, read};
use super::idempotency::KEY;
use super::reply::Json;
use crate::error::{Error, Kind, Result};
use crate::gateway::custom::{CustomAnswer, CustomRequest};
use crate::gateway::files::Download;
use crate::mapping::manifest::Verb;
use crate::outbound::Pieces;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// JSON of the vendor's in its envelope. The vendor's paging is the caller's to follow, so there are no cursors.
#[derive(Serialize)]
struct Envelope {
    result: Option<Box<RawValue>>,
    next_cursor: Option<String>,
    prev_cursor: Option<String>,
}

pub async fn call(Shared(state): Shared<State>, call: VerbatimCall, request: Request) -> Result<Response> {
    let verb = verb(request.method())?;
    let path = request.uri().path().strip_prefix("/custom/").unwrap_or_default().to_owned();
    let (parts, body) = request.into_parts();
    let request = CustomRequest {
        verb,
        path,
        query: call.query,
        content_type: parts.headers.get(CONTENT_TYPE).cloned(),
        accept: accept(&parts.headers),
        body: read(body, state.0.max_request_bytes).await?,
        verbatim: call.body_passthrough,
        key_in_vain: parts.method.is_safe() && parts.headers.contains_key(KEY),
    };
    Ok(match state.0.gateway.custom(&call.account, request).await.map_err(Error::verbatim)? {
        CustomAnswer::Json(result) => {
            Json(Envelope { result, next_cursor: None, prev_cursor: None }).into_response()
        }
        CustomAnswer::JsonInPieces(pieces) => {
            ([(CONTENT_TYPE, JSON)], Body::from_stream(enveloped(pieces))).into_response()
        }
        CustomAnswer::Verbatim(headers, body) => (headers, Body::from(body)).into_response(),
        CustomAnswer::InPieces(Download { headers, pieces }) => {
            (headers, Body::from_stream(pieces)).into_response()
        }
    })
}

/// The envelope around JSON that is not held.
fn enveloped(pieces: Pieces) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let literally = |text: &'static str| stream::once(async move { Ok(Bytes::from_static(text.as_bytes())) });
    let around = literally(r#"{"result":"#);
    around.chain(pieces).chain(literally(r#","next_cursor":null,"prev_cursor":null}"#))
}

fn verb(method: &Method) -> Result<Verb> {
    Ok(match *method {
        Method::GET => Verb::Get,
        Method::HEAD => Verb::Head,
        Method::POST => Verb::Post,
        Method::PUT => Verb::Put,
        Method::PATCH => Verb::Patch,
        Method::DELETE => Verb::Delete,
        _ => {
            return Err(Error::new(
                Kind::MethodNotAllowed,
                "A custom call is GET, HEAD, POST, PUT, PATCH or DELETE.",
            ));
        }
    })
}

/// What the caller accepts, where that says something: clients that don't care send `*/*`.
fn accept(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(ACCEPT).filter(|accept| *accept != "*/*" && !accept.is_empty()).cloned()
}
