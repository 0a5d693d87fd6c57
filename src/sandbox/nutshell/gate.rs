//! Who may call: Basic authentication with a user's e-mail address, or the company's domain, and an API key.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};

use super::refusal::{self, Refusal};
use super::{Nutshell, Shared, seed};

/// The user in whose name a request is made, left in the request's extensions.
#[derive(Clone, Copy)]
pub(super) struct Author(pub(super) i64);

/// Lets a request through to its handler, or refuses it.
pub(super) async fn admit(State(nutshell): State<Shared>, mut request: Request, next: Next) -> Response {
    let rest = request.uri().path().starts_with("/rest");
    let Some(author) = author(&nutshell, request.headers()) else {
        return refusal::native(rest, StatusCode::UNAUTHORIZED);
    };
    if !nutshell.quota.spend(author, nutshell.now()).admitted {
        return match rest {
            true => refusal::page(StatusCode::TOO_MANY_REQUESTS),
            false => Refusal::too_many().envelope(&serde_json::Value::Null),
        };
    }
    request.extensions_mut().insert(Author(author));
    next.run(request).await
}

fn author(nutshell: &Nutshell, headers: &HeaderMap) -> Option<i64> {
    let (scheme, encoded) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, key) = decoded.split_once(':')?;
    let holder = nutshell.tokens.grant(key)?.user;
    if name.eq_ignore_ascii_case(seed::DOMAIN) {
        return Some(holder);
    }
    nutshell.look(|account| account.user_of(name).map(|user| user.id))
}
