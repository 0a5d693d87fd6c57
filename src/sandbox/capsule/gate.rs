//! Who may call: bearer token, scope, hourly quota. Every answer of the API carries the `X-RateLimit-*` headers.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::Shared;
use super::refusal::Refusal;
use crate::sandbox::quota::Standing;
use crate::sandbox::tokens::Grant;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Who makes a request, left in the request's extensions.
#[derive(Clone, Copy)]
pub(super) struct Author {
    pub(super) user: i64,
    /// Whether the token came through OAuth rather than from the user's preferences.
    pub(super) through_app: bool,
}

/// Lets a request through to its handler, or refuses it.
pub(super) async fn admit(State(capsule): State<Shared>, mut request: Request, next: Next) -> Response {
    let now = capsule.now();
    let grant = bearer(request.headers()).and_then(|token| capsule.tokens.grant(token));
    let Some(grant) = grant else {
        let standing = capsule.quota.quoted(false, now);
        return with_rate_headers(Refusal::Unauthenticated.into_response(), standing);
    };
    let standing = capsule.quota.spend(grant.user, now);
    let reply = if !standing.admitted {
        Refusal::RateLimited.into_response()
    } else if !is_in_scope(&grant, request.method(), request.uri().path()) {
        Refusal::MissingScope.into_response()
    } else {
        request.extensions_mut().insert(Author { user: grant.user, through_app: grant.through_app });
        next.run(request).await
    };
    with_rate_headers(reply, standing)
}

/// Adds what Capsule says of the quota to an answer.
pub(super) fn with_rate_headers(mut reply: Response, standing: Standing) -> Response {
    let headers = reply.headers_mut();
    headers.insert(LIMIT, HeaderValue::from(standing.limit));
    headers.insert(REMAINING, HeaderValue::from(standing.remaining));
    headers.insert(RESET, HeaderValue::from(standing.resets_at));
    reply
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Filters, and the sums of what they find, are a POST that only reads. Preferences are their own right.
fn is_in_scope(grant: &Grant, method: &Method, path: &str) -> bool {
    let finds = path.ends_with("/filters/results") || path == "/opportunities/value";
    grant.allows(if method.is_safe() || finds {
        "read"
    } else if path.starts_with("/users/") {
        "user_preference"
    } else {
        "write"
    })
}
