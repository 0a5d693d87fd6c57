//! Capsule's consent page, `GET /oauth/authorise`, spelt as Capsule spells it.
//!
//! Nobody is asked: the account's administrator is logged in and agrees to every scope there is. Any address may be sent
//! back to, as the twin keeps no register of applications beyond the one client.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;
use serde::Deserialize;
use url::Url;

use super::{Shared, oauth};
use crate::sandbox::CLIENT_ID;

/// The scopes that Capsule knows.
const SCOPES: [&str; 3] = ["read", "write", "user_preference"];

/// What an application asks for.
#[derive(Deserialize)]
pub(super) struct Wish {
    client_id: Option<String>,
    redirect_uri: Option<String>,
    response_type: Option<String>,
    scope: Option<String>,
    state: Option<String>,
}

/// Sends the browser back with a code, or with what was wrong. One that did not say whence it came stays.
pub(super) async fn authorise(State(capsule): State<Shared>, Query(wish): Query<Wish>) -> Response {
    if wish.client_id.as_deref() != Some(CLIENT_ID) {
        return oauth::refuse(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let address = wish.redirect_uri.as_deref().and_then(|address| Url::parse(address).ok());
    let Some(mut address) = address.filter(|address| matches!(address.scheme(), "http" | "https")) else {
        return oauth::refuse(StatusCode::BAD_REQUEST, "invalid_request");
    };
    let (key, value) = match (wish.response_type.as_deref(), wish.scopes()) {
        (Some("code"), Ok(Some(scopes))) => ("code", capsule.tokens.mint_code_for(scopes)),
        (Some("code"), Ok(None)) => ("code", capsule.tokens.mint_code()),
        (Some("code"), Err(error)) => ("error", error.to_owned()),
        (Some(_), _) => ("error", "unsupported_response_type".to_owned()),
        (None, _) => ("error", "invalid_request".to_owned()),
    };
    address.query_pairs_mut().append_pair(key, &value);
    if let Some(state) = &wish.state {
        address.query_pairs_mut().append_pair("state", state);
    }
    (StatusCode::FOUND, [(LOCATION, address.to_string())]).into_response()
}

impl Wish {
    /// The scopes asked for; None when the application leaves it open.
    fn scopes(&self) -> Result<Option<Vec<String>>, &'static str> {
        let scopes: Vec<String> =
            self.scope.iter().flat_map(|list| list.split_whitespace()).map(str::to_owned).collect();
        if scopes.iter().any(|scope| !SCOPES.contains(&scope.as_str())) {
            return Err("invalid_scope");
        }
        Ok(Some(scopes).filter(|scopes| !scopes.is_empty()))
    }
}
