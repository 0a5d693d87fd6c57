//! What lies around every route: tidy paths, request ids, one log line a request, and panics kept from callers.

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use crate::error::{Actor, Error, Kind};
use crate::ids::RequestId;
use crate::telemetry::traces;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How soon a read fails that met a broken connection.
const QUICKLY: Duration = Duration::from_secs(1);

/// The longest request id that is taken over from the caller.
const LONGEST_ID: usize = 128;

/// Doubled slashes count as one: clients that are given a base URL with a trailing slash send them.
pub fn tidy_path(mut request: Request) -> Request {
    if !request.uri().path().contains("//") {
        return request;
    }
    let mut path = String::with_capacity(request.uri().path().len());
    for letter in request.uri().path().chars() {
        if letter != '/' || !path.ends_with('/') {
            path.push(letter);
        }
    }
    if let Some(query) = request.uri().query() {
        path.push('?');
        path.push_str(query);
    }
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = path.parse().ok().or(parts.path_and_query);
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}

/// Gives a request its id and span, and logs it once when it is answered. Neither path parameters nor query nor
/// body are logged: they are the caller's data.
pub async fn observe(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&request);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!(
        "request",
        id = %id.to_str().unwrap_or_default(),
        environment = tracing::field::Empty,
        account = tracing::field::Empty,
    );
    traces::join(&span, request.headers());
    let mut response = next.run(request).instrument(span.clone()).await;
    response.headers_mut().insert(REQUEST_ID, id);
    let millis = started.elapsed().as_secs_f64() * 1000.0;
    traces::describe(&span, &method, &route, response.status());
    span.in_scope(|| log(&response, &method, &route, millis));
    response
}

/// Reads once more where the first time met a connection to the database that had broken off: by then it is replaced. A
/// database that is away takes its time over failing, and isn't asked twice.
pub async fn read_once_more(request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let begun = Instant::now();
    let response = next.clone().run(Request::from_parts(parts.clone(), body)).await;
    let failed = response.extensions().get::<Arc<Error>>();
    if failed.is_some_and(|error| error.kind() == Kind::Unavailable) && begun.elapsed() < QUICKLY {
        return next.run(Request::from_parts(parts, Body::empty())).await;
    }
    response
}

fn log(response: &Response, method: &axum::http::Method, route: &str, millis: f64) {
    let status = response.status().as_u16();
    let millis = (millis * 100.0).round() / 100.0;
    match response.extensions().get::<Arc<Error>>() {
        None => tracing::info!(%method, route, status, millis, "answered"),
        Some(error) => {
            let (kind, detail) = (error.kind(), error.details().unwrap_or_default());
            if error.actor() == Actor::Gateway {
                tracing::error!(%method, route, status, millis, ?kind, detail, "failed: {error}");
            } else {
                tracing::info!(%method, route, status, millis, ?kind, detail, "refused: {error}");
            }
        }
    }
}

fn request_id(request: &Request) -> HeaderValue {
    let sent = request.headers().get(REQUEST_ID).filter(|id| {
        let text = id.to_str().unwrap_or_default();
        (1..=LONGEST_ID).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    });
    // A UUID's text is always a header value.
    sent.cloned().unwrap_or_else(|| {
        HeaderValue::try_from(RequestId::new().to_string()).unwrap_or(HeaderValue::from_static("-"))
    })
}

/// A panic is a defect: the caller gets the usual error, the log what happened.
pub fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let what =
        panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    Error::internal(format!("panicked: {}", what.unwrap_or("unknown"))).into_response()
}
