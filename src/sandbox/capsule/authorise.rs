//! Capsule's consent page, `/oauth/authorise`, spelt as Capsule spells it.
//!
//! The account's administrator signs in and allows or denies. Any address may be sent back to, as the twin keeps no
//! register of applications beyond the one client.

use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;
use serde::Deserialize;
use url::Url;

use super::{HOUSE, Shared, oauth};
use crate::sandbox::login::{self, Decision};
use crate::sandbox::{CAPSULE_TOKEN, CLIENT_ID};

/// The scopes that Capsule knows, and what they mean to people.
const SCOPES: [(&str, &str); 3] = [
    ("read", "See contacts, opportunities, projects and tasks"),
    ("write", "Add and change them"),
    ("user_preference", "Change your preferences"),
];

/// What an application asks for.
#[derive(Deserialize)]
pub(super) struct Wish {
    client_id: Option<String>,
    redirect_uri: Option<String>,
    response_type: Option<String>,
    scope: Option<String>,
    state: Option<String>,
    code_challenge: Option<String>,
}

/// Asks for consent. What is wrong with the request is told to the application, if it said where it is.
pub(super) async fn ask(Query(wish): Query<Wish>) -> Response {
    let address = match wish.address() {
        Ok(address) => address,
        Err(refusal) => return *refusal,
    };
    match wish.check() {
        Ok(scopes) => {
            let asked = |name: &&(&str, &str)| {
                scopes.as_ref().is_none_or(|scopes| scopes.iter().any(|scope| scope == name.0))
            };
            let words: Vec<&str> = SCOPES.iter().filter(asked).map(|(_, words)| *words).collect();
            login::consent(&HOUSE, &words, false)
        }
        Err(error) => wish.back(address, &[("error", error)]),
    }
}

/// Sends the browser back with a code, or with what was decided instead.
pub(super) async fn decide(
    State(capsule): State<Shared>,
    Query(wish): Query<Wish>,
    Form(decision): Form<Decision>,
) -> Response {
    let address = match wish.address() {
        Ok(address) => address,
        Err(refusal) => return *refusal,
    };
    let scopes = match wish.check() {
        Ok(scopes) => scopes,
        Err(error) => return wish.back(address, &[("error", error)]),
    };
    if !decision.allows() {
        let denied = [("error", "access_denied"), ("error_description", "The user denied access")];
        return wish.back(address, &denied);
    }
    if !decision.is_signed() {
        return login::consent(&HOUSE, &[], true);
    }
    let code = capsule.tokens.mint_code_for(scopes, address.as_str(), wish.code_challenge.as_deref());
    wish.back(address, &[("code", &code)])
}

/// Where a person finds a personal token.
pub(super) async fn keys() -> Response {
    login::keys(&HOUSE, &[("Personal access token", CAPSULE_TOKEN)])
}

impl Wish {
    /// Where the browser is sent back to; a refusal where that is unknown.
    fn address(&self) -> Result<Url, Box<Response>> {
        if self.client_id.as_deref() != Some(CLIENT_ID) {
            return Err(Box::new(oauth::refuse(StatusCode::UNAUTHORIZED, "invalid_client")));
        }
        let address = self.redirect_uri.as_deref().and_then(|address| Url::parse(address).ok());
        address
            .filter(|address| matches!(address.scheme(), "http" | "https"))
            .ok_or_else(|| Box::new(oauth::refuse(StatusCode::BAD_REQUEST, "invalid_request")))
    }

    /// The scopes asked for; None when the application leaves it open.
    fn check(&self) -> Result<Option<Vec<String>>, &'static str> {
        match self.response_type.as_deref() {
            Some("code") => {}
            Some(_) => return Err("unsupported_response_type"),
            None => return Err("invalid_request"),
        }
        let scopes: Vec<String> =
            self.scope.iter().flat_map(|list| list.split_whitespace()).map(str::to_owned).collect();
        if scopes.iter().any(|scope| !SCOPES.iter().any(|(name, _)| name == scope)) {
            return Err("invalid_scope");
        }
        Ok(Some(scopes).filter(|scopes| !scopes.is_empty()))
    }

    fn back(&self, mut address: Url, pairs: &[(&str, &str)]) -> Response {
        address.query_pairs_mut().extend_pairs(pairs);
        if let Some(state) = &self.state {
            address.query_pairs_mut().append_pair("state", state);
        }
        (StatusCode::FOUND, [(LOCATION, address.to_string())]).into_response()
    }
}
