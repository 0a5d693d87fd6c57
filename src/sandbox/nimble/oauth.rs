//! Nimble's OAuth endpoints: consent at `/oauth/authorize`, tokens at `/api/oauth/token`.
//!
//! Access tokens live ten minutes. A refresh wants the redirect URI too, and gives a new refresh token; the one that was
//! sent is used up. `state` is not sent back, which is what Nimble's own sign-in strategy prepares its users for.

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use http::StatusCode;
use http::header::LOCATION;
use serde::Deserialize;
use serde_json::json;
use url::{Url, form_urlencoded};

use super::{HOUSE, Shared};
use crate::sandbox::login::{self, Decision};
use crate::sandbox::{CLIENT_ID, CLIENT_SECRET, NIMBLE_KEY};

/// What an application asks for.
#[derive(Deserialize)]
pub(super) struct Wish {
    client_id: Option<String>,
    redirect_uri: Option<String>,
    response_type: Option<String>,
    code_challenge: Option<String>,
}

/// Asks for consent.
pub(super) async fn ask(Query(wish): Query<Wish>) -> Response {
    match wish.address() {
        Ok(_) => login::consent(&HOUSE, &["Use your contacts, deals and tasks in your name"], false),
        Err(refusal) => *refusal,
    }
}

/// Sends the browser back with a code, or with what was decided instead.
pub(super) async fn decide(
    State(nimble): State<Shared>,
    Query(wish): Query<Wish>,
    Form(decision): Form<Decision>,
) -> Response {
    let address = match wish.address() {
        Ok(address) => address,
        Err(refusal) => return *refusal,
    };
    if !decision.allows() {
        // Its documentation spells the second one so.
        let denied = [("error", "access_denied"), ("error_descripton", "User denied access")];
        return back(address, &denied);
    }
    if !decision.is_signed() {
        return login::consent(&HOUSE, &[], true);
    }
    let code = nimble.tokens.mint_code_for(None, address.as_str(), wish.code_challenge.as_deref());
    back(address, &[("code", &code)])
}

/// Where a person finds an API token.
pub(super) async fn keys() -> Response {
    login::keys(&HOUSE, &[("API token", NIMBLE_KEY)])
}

impl Wish {
    /// Where the browser is sent back to; for what is wrong with the request, the answer to it.
    fn address(&self) -> Result<Url, Box<Response>> {
        let address = self.redirect_uri.as_deref().and_then(|address| Url::parse(address).ok());
        let address = address.filter(|address| matches!(address.scheme(), "http" | "https"));
        let Some(address) = address else {
            return Err(Box::new(refuse("invalid_request", "redirect_uri is needed")));
        };
        let known = self.client_id.as_deref() == Some(CLIENT_ID);
        if known && self.response_type.as_deref() == Some("code") {
            return Ok(address);
        }
        let wrong = [("error", "invalid_request"), ("error_description", "Validation errors")];
        Err(Box::new(back(address, &wrong)))
    }
}

fn back(mut address: Url, pairs: &[(&str, &str)]) -> Response {
    address.query_pairs_mut().extend_pairs(pairs);
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
        (Some("authorization_code"), Some(code), _) => {
            nimble.tokens.redeem(code, field("redirect_uri"), field("code_verifier"))
        }
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
