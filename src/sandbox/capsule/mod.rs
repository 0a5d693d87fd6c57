//! A twin of Capsule CRM's REST API v2 (`https://api.capsulecrm.com/api/v2`) and of its OAuth token endpoint.
//!
//! Shapes, key order and null members follow live answers; behaviour follows Capsule's documentation and what others
//! verified against live accounts. Each resource family has a file with its routes and its shapes; [`account`] holds
//! the records, [`gate`] decides who may call, [`paging`] cuts lists, [`refusal`] speaks Capsule's errors.
//!
//! Lists come newest id first. Capsule documents no order, and nothing should lean on one.

mod account;
mod call;
mod condition;
mod contact_rows;
mod countries;
mod currencies;
mod dates;
mod facets;
mod field_values;
mod fields;
mod filters;
mod gate;
mod locale;
mod oauth;
mod paging;
mod parties;
mod party;
mod party_view;
mod party_write;
mod refusal;
mod seed;
mod tags;
mod users;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::StatusCode;
use time::OffsetDateTime;

use super::clock::Clock;
use super::quota::Quota;
use super::tokens::{Grant, Tokens};
use super::{CAPSULE_READONLY_TOKEN, CAPSULE_TOKEN, Vendor};
use account::Account;
use refusal::Refusal;

/// Calls that Capsule allows each user in an hour.
pub(super) const CALLS_PER_HOUR: u32 = 4000;

/// Where the API lies on its host.
const BASE: &str = "/api/v2";

/// The tokens that a Capsule starts with: two personal ones of the account's administrator.
pub(super) fn tokens(clock: Clock) -> Tokens {
    let full = Grant::new(seed::ADMINISTRATOR, "read write");
    let personal = vec![
        (CAPSULE_TOKEN, full.clone()),
        (CAPSULE_READONLY_TOKEN, Grant::new(seed::ADMINISTRATOR, "read")),
    ];
    Tokens::new(clock, personal, full)
}

/// One Capsule account with its records.
pub(super) struct Capsule {
    clock: Clock,
    tokens: Arc<Tokens>,
    quota: Arc<Quota>,
    account: Mutex<Account>,
}

/// What the handlers share.
type Shared = Arc<Capsule>;

impl Capsule {
    pub(super) fn new(clock: Clock, tokens: Arc<Tokens>, quota: Arc<Quota>) -> Capsule {
        Capsule { clock, tokens, quota, account: Mutex::new(seed::account()) }
    }

    fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Looks at the records.
    fn read<R>(&self, look: impl FnOnce(&Account) -> R) -> R {
        look(&self.lock())
    }

    /// Changes the records, entirely or, when `change` refuses, not at all.
    fn write<R>(&self, change: impl FnOnce(&mut Account) -> Result<R, Refusal>) -> Result<R, Refusal> {
        let mut account = self.lock();
        let mut draft = account.clone();
        let outcome = change(&mut draft)?;
        *account = draft;
        Ok(outcome)
    }

    fn lock(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vendor for Capsule {
    fn router(self: Arc<Self>) -> Router {
        let api = Router::new()
            .merge(parties::routes())
            .merge(tags::routes())
            .merge(fields::routes())
            .merge(users::routes())
            .merge(locale::routes())
            .fallback(async || Refusal::NotFound)
            .method_not_allowed_fallback(async || Refusal::MethodNotAllowed)
            .layer(from_fn_with_state(self.clone(), gate::admit));
        Router::new()
            .nest(BASE, api)
            .route("/oauth/token", post(oauth::token))
            .fallback(async || Refusal::NotFound)
            .method_not_allowed_fallback(async || Refusal::MethodNotAllowed)
            .with_state(self)
    }

    fn error_reply(&self, status: StatusCode) -> Response {
        let spent = status == StatusCode::TOO_MANY_REQUESTS;
        let reply = refusal::native(status).into_response();
        gate::with_rate_headers(reply, self.quota.quoted(spent, self.now()))
    }

    fn reset(&self) {
        *self.lock() = seed::account();
    }
}
