//! Capsule's OAuth token endpoint, `POST /oauth/token`.
//!
//! It takes a form or JSON, and the grants `authorization_code` and `refresh_token`. Whether Capsule rotates refresh
//! tokens is not documented; the twin does, because that is what a client must be ready for.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::{Shared, seed};
use crate::sandbox::tokens::Issued;
use crate::sandbox::{CLIENT_ID, CLIENT_SECRET};

/// Exchanges a code or a refresh token.
pub(super) async fn token(
    State(capsule): State<Shared>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Response {
    let Some(form) = Form::read(&headers, &body) else {
        return refuse(StatusCode::BAD_REQUEST, "invalid_request");
    };
    if form.get("client_id") != Some(CLIENT_ID) || form.get("client_secret") != Some(CLIENT_SECRET) {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let issued = match (form.get("grant_type"), form.get("code"), form.get("refresh_token")) {
        (Some("authorization_code"), Some(code), _) => {
            capsule.tokens.redeem(code, form.get("redirect_uri"), form.get("code_verifier"))
        }
        (Some("refresh_token"), _, Some(refresh)) => capsule.tokens.rotate(refresh),
        (Some("authorization_code" | "refresh_token") | None, ..) => {
            return refuse(StatusCode::BAD_REQUEST, "invalid_request");
        }
        (Some(_), ..) => return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type"),
    };
    match issued {
        Some(issued) => grant(&issued),
        None => refuse(StatusCode::BAD_REQUEST, "invalid_grant"),
    }
}

fn grant(issued: &Issued) -> Response {
    let body = json!({
        "access_token": issued.access,
        "refresh_token": issued.refresh,
        "token_type": "bearer",
        "scope": issued.scope,
        "expires_in": issued.expires_in,
        "subdomain": seed::SUBDOMAIN,
    });
    ([(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// An error as OAuth words it.
pub(super) fn refuse(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

/// The request's parameters, whichever way they were sent.
struct Form(Map<String, Value>);

impl Form {
    fn read(headers: &HeaderMap, body: &[u8]) -> Option<Form> {
        let content_type = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        if content_type.starts_with("application/json") {
            return serde_json::from_slice(body).ok().map(Form);
        }
        let pairs = form_urlencoded::parse(body);
        let members = pairs.map(|(name, value)| (name.into_owned(), value.into_owned().into()));
        Some(Form(members.collect()))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }
}
