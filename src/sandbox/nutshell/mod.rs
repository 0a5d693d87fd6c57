//! A twin of Nutshell (`https://app.nutshell.com`): its JSON-RPC API and, beside it, its REST API, over one account.
//!
//! Shapes, key order and null members follow recorded answers; behaviour follows Nutshell's documentation and what
//! clients in production do. Where neither tells, the stricter answer is given: a key that no source writes is refused.
//! [`account`] and [`record`] hold the records, [`shown`] renders what both wires share of them, [`rpc`] dispatches the
//! methods of JSON-RPC, [`rest`] serves the other wire, [`gate`] decides who may call, [`refusal`] words the errors.

mod account;
mod activities;
mod definitions;
mod events;
mod files;
mod find;
mod forms;
mod gate;
mod labelled;
mod leads;
mod notes;
mod patch;
mod people;
mod record;
mod refusal;
mod rest;
mod rest_views;
mod rpc;
mod search;
mod seed;
mod shown;
mod stamps;
mod written;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use time::OffsetDateTime;

use super::clock::Clock;
use super::courier::Courier;
use super::login::{self, House};
use super::quota::Quota;
use super::tokens::{Grant, Tokens};
use super::{NUTSHELL_KEY, NUTSHELL_USERNAME, Vendor};
use account::Account;
use refusal::Refusal;

/// Where Nutshell tells where a user's API is, on a host of its own.
const DISCOVERY: &str = "/v1/json";

/// Nutshell publishes no limit; a test sets one where it needs it.
pub(super) const CALLS_PER_HOUR: u32 = 100_000;

/// The number of the first event.
const FIRST_EVENT: u64 = 372_059;

/// Where methods of JSON-RPC are called.
const ENDPOINT: &str = "/api/v1/json";

/// The one API key. In whose name it acts is up to the user name that comes with it.
pub(super) fn tokens(clock: Clock) -> Tokens {
    let grant = Grant::new(seed::ADMINISTRATOR, "api");
    Tokens::new(clock, vec![(NUTSHELL_KEY, grant.clone())], grant)
}

/// One Nutshell account with its records.
pub(super) struct Nutshell {
    clock: Clock,
    tokens: Arc<Tokens>,
    quota: Arc<Quota>,
    account: Mutex<Account>,
    courier: Courier,
    /// Where changes are told, as a person enters it beside the API key.
    webhook: Mutex<Option<String>>,
    events: AtomicU64,
}

/// What the handlers share.
type Shared = Arc<Nutshell>;

impl Nutshell {
    pub(super) fn new(clock: Clock, tokens: Arc<Tokens>, quota: Arc<Quota>, courier: Courier) -> Nutshell {
        let account = Mutex::new(seed::account(clock.now()));
        let (webhook, events) = (Mutex::default(), AtomicU64::new(FIRST_EVENT));
        Nutshell { clock, tokens, quota, account, courier, webhook, events }
    }

    fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Looks at the records.
    fn look<R>(&self, look: impl FnOnce(&Account) -> R) -> R {
        let mut account = self.lock();
        account.now = self.now();
        look(&account)
    }

    /// Changes the records, entirely or, when `change` refuses, not at all.
    fn change<R>(&self, change: impl FnOnce(&mut Account) -> Result<R, Refusal>) -> Result<R, Refusal> {
        let mut account = self.lock();
        let mut draft = account.clone();
        draft.now = self.now();
        let outcome = change(&mut draft)?;
        if let Some(url) = self.webhook().clone() {
            let number = || self.events.fetch_add(1, Ordering::Relaxed);
            for body in events::told(&account, &draft, number) {
                self.courier.deliver(&url, body);
            }
        }
        *account = draft;
        Ok(outcome)
    }

    fn webhook(&self) -> MutexGuard<'_, Option<String>> {
        self.webhook.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a person finds an API key.
async fn keys() -> Response {
    let house =
        House { label: "Nutshell", colour: "#c2410c", company: seed::COMPANY, email: NUTSHELL_USERNAME };
    login::keys(&house, &[("E-mail address", NUTSHELL_USERNAME), ("API key", NUTSHELL_KEY)])
}

impl Vendor for Nutshell {
    fn router(self: Arc<Self>) -> Router {
        let guarded = Router::new()
            .route(ENDPOINT, post(rpc::call))
            .nest("/rest", rest::routes())
            .nest("/file/api", files::routes())
            .layer(from_fn_with_state(self.clone(), gate::admit));
        Router::new()
            .route("/", get(keys))
            .route(DISCOVERY, post(rpc::discover))
            .route("/form/{key}", post(forms::submit))
            .merge(guarded)
            .fallback(async || refusal::page(StatusCode::NOT_FOUND))
            .with_state(self)
    }

    fn error_reply(&self, path: &str, status: StatusCode) -> Response {
        refusal::native(path.starts_with("/rest"), status)
    }

    fn aside(&self) -> &'static [&'static str] {
        &[DISCOVERY]
    }

    fn set_webhook(&self, url: Option<String>) -> bool {
        *self.webhook() = url;
        true
    }

    fn reset(&self) {
        *self.webhook() = None;
        *self.lock() = seed::account(self.now());
    }
}
