//! What reached the vendor: every request a sandbox received, for tests to read.
//!
//! It keeps no credential. Of the `Authorization` header only the scheme and a digest of the rest remain, enough to ask
//! whether a request bore a given token. Requests to the sandbox's own `/_sandbox` pages are not the vendor's and are
//! not kept.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::form_urlencoded;

/// Requests kept; a sandbox that runs for days forgets the oldest.
const KEPT: usize = 1000;

/// Bytes of a request body that a sandbox is ready to read.
pub(super) const BODY_LIMIT: usize = 32 * 1024 * 1024;

/// One request as it arrived.
#[derive(Clone)]
pub struct Received {
    /// The HTTP verb.
    pub method: Method,
    /// The path as sent, percent-encoding untouched.
    pub path: String,
    /// The query string as sent, without the question mark.
    pub query: Option<String>,
    /// All headers but `Authorization`.
    pub headers: HeaderMap,
    /// The body as sent.
    pub body: Bytes,
    credential: Option<Credential>,
}

#[derive(Clone)]
struct Credential {
    scheme: String,
    digest: [u8; 32],
}

impl Received {
    /// Whether the request carried an `Authorization` header at all.
    pub fn is_authorized(&self) -> bool {
        self.credential.is_some()
    }

    /// Whether it carried exactly this token, under any scheme.
    pub fn bears(&self, token: &str) -> bool {
        let digest = digest(token.as_bytes());
        self.credential.as_ref().is_some_and(|credential| credential.digest == digest)
    }

    /// The scheme of the `Authorization` header in lower case, such as `bearer`.
    pub fn scheme(&self) -> Option<&str> {
        self.credential.as_ref().map(|credential| credential.scheme.as_str())
    }

    /// The first value of a header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The first value of a query parameter, decoded.
    pub fn query_value(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.query.as_deref()?.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The body as JSON; None when it is not.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    fn of(method: &Method, uri: &http::Uri, headers: &HeaderMap, body: Bytes) -> Received {
        let mut headers = headers.clone();
        let credential = headers.remove(AUTHORIZATION).map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            let (scheme, token) = text.split_once(' ').unwrap_or(("", &text));
            Credential { scheme: scheme.to_ascii_lowercase(), digest: digest(token.trim().as_bytes()) }
        });
        Received {
            method: method.clone(),
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
            headers,
            body,
            credential,
        }
    }
}

/// Leaves out headers and body: a request to the token endpoint carries secrets in its body.
impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &self.query)
            .field("scheme", &self.scheme())
            .field("body_length", &self.body.len())
            .finish_non_exhaustive()
    }
}

fn digest(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// The requests a sandbox received, oldest first, the latest thousand.
#[derive(Debug, Default)]
pub struct Recorder {
    requests: Mutex<VecDeque<Received>>,
}

impl Recorder {
    /// All requests kept; they stay.
    pub fn requests(&self) -> Vec<Received> {
        self.queue().iter().cloned().collect()
    }

    /// All requests kept, which are then forgotten.
    pub fn take(&self) -> Vec<Received> {
        self.queue().drain(..).collect()
    }

    /// Forgets all requests.
    pub fn clear(&self) {
        self.queue().clear();
    }

    fn push(&self, received: Received) {
        let mut queue = self.queue();
        if queue.len() == KEPT {
            queue.pop_front();
        }
        queue.push_back(received);
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Received>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The outermost layer: reads the whole request and keeps it before anything can go wrong with it.
pub(super) async fn record(State(recorder): State<Arc<Recorder>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let received = Received::of(&parts.method, &parts.uri, &parts.headers, body.clone());
    recorder.push(received);
    next.run(Request::from_parts(parts, Body::from(body))).await
}
