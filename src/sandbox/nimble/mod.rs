//! A twin of Nimble's REST API (`https://app.nimble.com/api/…`) and of its OAuth endpoints.
//!
//! Shapes follow Nimble's OpenAPI document, its older documentation and the answers that others captured from live
//! accounts; where these differ, the captured answer wins. Records are kept as JSON, close to the wire: what Nimble
//! derives (employers, tags in two shapes, contexts) is added when a record is shown. Each family of operations has a
//! file; [`account`] holds the records, [`gate`] decides who may call, [`search`] speaks the search language,
//! [`refusal`] Nimble's errors.
//!
//! The quirks are part of it: five ways of paging, drafts counted from page 0, addresses and employment as JSON text,
//! four spellings of an instant, a deleted contact that is answered with 200 and an empty list, 409 for what is invalid
//! and 403 for a token that is no good.

mod account;
mod activities;
mod call;
mod columns;
mod contact_view;
mod contact_write;
mod contacts;
mod deal_fields;
mod deal_lists;
mod deal_parts;
mod deal_tags;
mod deal_write;
mod deals;
mod drafts;
mod fields;
mod gate;
mod instants;
mod leads;
mod notes;
mod oauth;
mod paging;
mod people;
mod pipelines;
mod refusal;
mod search;
mod seed;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use time::OffsetDateTime;

use super::clock::Clock;
use super::login::House;
use super::tokens::{Grant, Tokens};
use super::{NIMBLE_KEY, Vendor};
use account::Account;
use refusal::Refusal;

/// What its pages show.
const HOUSE: House =
    House { label: "Nimble", colour: "#00796b", company: "Larkspur Studio", email: "owner@larkspur.example" };

/// Seconds that Nimble's access tokens live.
const TOKEN_LIFE: u32 = 599;

/// The tokens that a Nimble starts with: one API key. What comes through OAuth is the same user's.
pub(super) fn tokens(clock: Clock) -> Tokens {
    let everything = "basic contacts deals";
    let tokens = Tokens::new(clock, vec![(NIMBLE_KEY, Grant::new(0, everything))], Grant::new(0, everything));
    tokens.living(TOKEN_LIFE)
}

/// One Nimble account with its records.
pub(super) struct Nimble {
    clock: Clock,
    tokens: Arc<Tokens>,
    account: Mutex<Account>,
}

/// What the handlers share.
type Shared = Arc<Nimble>;

/// What a handler answers.
type Answer = Result<Response, Refusal>;

impl Nimble {
    pub(super) fn new(clock: Clock, tokens: Arc<Tokens>) -> Nimble {
        let account = seed::account(clock.now());
        Nimble { clock, tokens, account: Mutex::new(account) }
    }

    fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// The records, to look at.
    fn look(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the records, entirely or, when `change` refuses, not at all.
    fn change<R>(&self, change: impl FnOnce(&mut Account) -> Result<R, Refusal>) -> Result<R, Refusal> {
        let mut account = self.look();
        let mut draft = account.clone();
        draft.now = self.now();
        let outcome = change(&mut draft)?;
        *account = draft;
        Ok(outcome)
    }
}

impl Vendor for Nimble {
    fn router(self: Arc<Self>) -> Router {
        let api = Router::new()
            .merge(people::routes())
            .merge(contacts::routes())
            .merge(notes::routes())
            .merge(fields::routes())
            .merge(leads::routes())
            .merge(activities::routes())
            .merge(drafts::routes())
            .merge(deals::routes())
            .merge(deal_lists::routes())
            .merge(deal_parts::routes())
            .merge(deal_tags::routes())
            .merge(deal_fields::routes())
            .merge(pipelines::routes())
            .merge(columns::routes())
            .layer(from_fn_with_state(self.clone(), gate::admit));
        Router::new()
            .merge(api)
            .route("/", get(oauth::keys))
            .route("/oauth/authorize", get(oauth::ask).post(oauth::decide))
            .route("/api/oauth/token", post(oauth::token))
            .fallback(async || Refusal::NoSuchPath)
            .method_not_allowed_fallback(async || Refusal::NoSuchPath)
            .with_state(self)
    }

    fn error_reply(&self, _path: &str, status: StatusCode) -> Response {
        refusal::native(status)
    }

    fn reset(&self) {
        *self.look() = seed::account(self.now());
    }
}
