//! Nimble's OAuth endpoints: consent at `/oauth/authorize`, tokens at `/api/oauth/token`.
//!
//! Access tokens live ten minutes. A refresh wants the redirect URI too, and gives a new refresh token; the one that was
//! sent is used up. `state` is not sent back, which is what Nimble's own sign-in strategy prepares its users for.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;
use serde::Deserialize;
use serde_json::json;
use url::{Url, form_urlencoded};

use super::Shared;
use crate::sandbox::{CLIENT_ID, CLIENT_SECRET};

/// What an application asks for.
#[derive(Deserialize)]
pub(super) struct Wish {
    client_id: Option<String>,
    redirect_uri: Option<String>,
    response_type: Option<String>,
}

/// Sends the browser back with a code, or with what was wrong. Nobody is asked.
pub(super) async fn authorize(State(nimble): State<Shared>, Query(wish): Query<Wish>) -> Response {
    let address = wish.redirect_uri.as_deref().and_then(|address| Url::parse(address).ok());
    let Some(mut address) = address.filter(|address| matches!(address.scheme(), "http" | "https")) else {
        return refuse("invalid_request", "redirect_uri is needed");
    };
    let known = wish.client_id.as_deref() == Some(CLIENT_ID);
    if known && wish.response_type.as_deref() == Some("code") {
        address.query_pairs_mut().append_pair("code", &nimble.tokens.mint_code());
    } else {
        let pairs = [("error", "invalid_request"), ("error_description", "Validation errors")];
        address.query_pairs_mut().extend_pairs(pairs);
    }
    (StatusCode::FOUND, [(LOCATION, address.to_string())]).into_response()
}

/// Exchanges a code or a refresh token.
pub(super) async fn token(State(nimble): State<Shared>, body: Bytes) -> Response {
    let form: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if field("client_id") != Some(CLIENT_ID) || field("client_secret") != Some(CLIENT_SECRET) {
        return refuse("invalid_client", "Unknown application");
    }
    if field("redirect_uri").is_none_or(str::is_empty) {
        return refuse("invalid_request", "redirect_uri is needed");
    }
    let refreshes = field("grant_type") == Some("refresh_token");
    let issued = match (field("grant_type"), field("code"), field("refresh_token")) {
        (Some("authorization_code"), Some(code), _) => nimble.tokens.redeem(code),
        (Some("refresh_token"), _, Some(refresh)) => nimble.tokens.rotate(refresh),
        _ => return refuse("unsupported_grant_type", "Unknown grant type"),
    };
    let Some(issued) = issued else { return refuse("invalid_grant", "The grant is not good any more") };
    let mut answer = json!({
        "access_token": issued.access, "expires_in": issued.expires_in, "refresh_token": issued.refresh,
    });
    if !refreshes {
        answer["token_type"] = json!("bearer");
        answer["scope"] = json!(issued.scope.replace(' ', ","));
    }
    Json(answer).into_response()
}

fn refuse(error: &str, description: &str) -> Response {
    let body = json!({ "error": error, "error_description": description });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}
