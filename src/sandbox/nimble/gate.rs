//! Who may call: the bearer of a token with the scope that the operation needs. A token that is no good is answered with
//! 403, as the documentation has it.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::Shared;
use super::refusal::Refusal;

/// Lets a request through to its handler, or refuses it.
pub(super) async fn admit(State(nimble): State<Shared>, request: Request, next: Next) -> Response {
    let grant = bearer(request.headers()).and_then(|token| nimble.tokens.grant(token));
    match grant {
        None => Refusal::Unauthenticated.into_response(),
        Some(grant) if !grant.allows(scope(request.uri().path())) => Refusal::Forbidden.into_response(),
        Some(_) => next.run(request).await,
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn scope(path: &str) -> &'static str {
    if path.contains("/deals") {
        "deals"
    } else if path.ends_with("/myself") || path.contains("/company/") {
        "basic"
    } else {
        "contacts"
    }
}
