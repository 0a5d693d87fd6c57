//! A twin of Capsule CRM's REST API v2 (`https://api.capsulecrm.com/api/v2`) and of its OAuth endpoints.
//!
//! Shapes, key order and null members follow live answers; behaviour follows Capsule's documentation and what others
//! verified against live accounts. Each resource family has a file with its routes and its shapes, and the larger ones
//! a few; [`resource`] and [`record`] have what families share. [`account`] holds the records, [`scene`] is what an
//! answer is rendered from, [`gate`] decides who may call, [`paging`] cuts lists, [`refusal`] speaks Capsule's errors.
//!
//! Lists come newest id first. Capsule documents no order, and nothing should lean on one.

mod account;
mod activities;
mod activity_types;
mod additional;
mod attachments;
mod authorise;
mod boards;
mod call;
mod categories;
mod condition;
mod contact_rows;
mod countries;
mod currencies;
mod custody;
mod dates;
mod entries;
mod entry;
mod entry_write;
mod events;
mod facets;
mod field_values;
mod fields;
mod gate;
mod goals;
mod jobs;
mod kase;
mod kase_facets;
mod kase_write;
mod kases;
mod link;
mod locale;
mod lost_reasons;
mod milestones;
mod oauth;
mod opportunities;
mod opportunity;
mod opportunity_facets;
mod opportunity_write;
mod paging;
mod parties;
mod party;
mod party_facets;
mod party_view;
mod party_write;
mod pipelines;
mod record;
mod refusal;
mod resource;
mod rest_hooks;
mod saved_filters;
mod scene;
mod seed;
mod tags;
mod task;
mod task_write;
mod tasks;
mod titles;
mod track_definitions;
mod tracks;
mod users;
mod written;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use time::OffsetDateTime;

use super::clock::Clock;
use super::courier::Courier;
use super::login::House;
use super::quota::Quota;
use super::tokens::{Grant, Tokens};
use super::{CAPSULE_READONLY_TOKEN, CAPSULE_RESTRICTED_TOKEN, CAPSULE_TOKEN, Vendor};
use account::Account;
use call::Call;
use refusal::Refusal;
use scene::{Draft, Scene};

/// Calls that Capsule allows each user in an hour.
pub(super) const CALLS_PER_HOUR: u32 = 4000;

/// What its pages show.
const HOUSE: House = House {
    label: "Capsule",
    colour: "#3b5bdb",
    company: seed::COMPANY,
    email: "administrator@fernhill.example",
};

/// Where the API lies on its host.
const BASE: &str = "/api/v2";

/// The tokens that a Capsule starts with: two personal ones of the account's administrator and one of a colleague. What
/// comes through OAuth is the administrator's, with the scopes that most applications ask for.
pub(super) fn tokens(clock: Clock) -> Tokens {
    let everything = "read write user_preference";
    let personal = vec![
        (CAPSULE_TOKEN, Grant::new(seed::ADMINISTRATOR, everything)),
        (CAPSULE_READONLY_TOKEN, Grant::new(seed::ADMINISTRATOR, "read")),
        (CAPSULE_RESTRICTED_TOKEN, Grant::new(seed::COLLEAGUE, everything)),
    ];
    Tokens::new(clock, personal, Grant::new(seed::ADMINISTRATOR, "read write"))
}

/// One Capsule account with its records.
pub(super) struct Capsule {
    clock: Clock,
    tokens: Arc<Tokens>,
    quota: Arc<Quota>,
    courier: Courier,
    account: Mutex<Account>,
}

/// What the handlers share.
type Shared = Arc<Capsule>;

impl Capsule {
    pub(super) fn new(clock: Clock, tokens: Arc<Tokens>, quota: Arc<Quota>, courier: Courier) -> Capsule {
        Capsule { clock, tokens, quota, courier, account: Mutex::new(seed::account()) }
    }

    fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Looks at the records as the caller sees them.
    fn look<R>(&self, call: &Call, look: impl FnOnce(&Scene<'_>) -> R) -> R {
        let account = self.lock();
        look(&Scene { account: &account, params: &call.params, viewer: call.author, now: self.now() })
    }

    /// Changes the records in the caller's name, entirely or, when `change` refuses, not at all. Subscribers are told.
    fn change<R>(
        &self,
        call: &Call,
        change: impl FnOnce(&mut Draft) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        let mut account = self.lock();
        let mut draft = Draft { account: account.clone(), author: call.author, now: self.now() };
        let outcome = change(&mut draft)?;
        for due in events::due(&account, &draft.account, draft.now) {
            self.courier.deliver(&due.url, due.body);
        }
        *account = draft.account;
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
            .merge(opportunities::routes())
            .merge(kases::routes())
            .merge(tasks::routes())
            .merge(entries::routes())
            .merge(attachments::routes())
            .merge(activities::routes())
            .merge(activity_types::routes())
            .merge(categories::routes())
            .merge(pipelines::routes())
            .merge(milestones::routes())
            .merge(boards::routes())
            .merge(lost_reasons::routes())
            .merge(titles::routes())
            .merge(tracks::routes())
            .merge(track_definitions::routes())
            .merge(goals::routes())
            .merge(rest_hooks::routes())
            .merge(jobs::routes())
            .merge(users::routes())
            .merge(locale::routes())
            .fallback(async || Refusal::NotFound)
            .method_not_allowed_fallback(async || Refusal::MethodNotAllowed)
            .layer(from_fn_with_state(self.clone(), gate::admit));
        Router::new()
            .nest(BASE, api)
            .route("/", get(authorise::keys))
            .route("/oauth/authorise", get(authorise::ask).post(authorise::decide))
            .route("/oauth/token", post(oauth::token))
            .fallback(async || Refusal::NotFound)
            .method_not_allowed_fallback(async || Refusal::MethodNotAllowed)
            .with_state(self)
    }

    fn error_reply(&self, _: &str, status: StatusCode) -> Response {
        let spent = status == StatusCode::TOO_MANY_REQUESTS;
        let reply = refusal::native(status).into_response();
        gate::with_rate_headers(reply, self.quota.quoted(spent, self.now()))
    }

    fn reset(&self) {
        *self.lock() = seed::account();
    }
}
