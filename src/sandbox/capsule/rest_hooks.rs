//! Subscriptions to events: `/resthooks`. Only an application that came by OAuth manages them, in an administrator's name;
//! a personal token is refused.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use serde_json::{Value, json};
use url::Url;

use super::Shared;
use super::account::Account;
use super::call::{Call, Id};
use super::refusal::Refusal;
use super::resource::{self, Resource, Writable};
use super::scene::{Draft, Scene};
use super::written::Written;
use crate::sandbox::table::Table;

/// Subscriptions that an account can have, by Capsule's documentation of REST hooks.
const MOST: usize = 20;

/// What can be subscribed to.
const EVENTS: [&str; 19] = [
    "party/created",
    "party/updated",
    "party/deleted",
    "kase/created",
    "kase/updated",
    "kase/deleted",
    "kase/closed",
    "kase/moved",
    "opportunity/created",
    "opportunity/updated",
    "opportunity/deleted",
    "opportunity/closed",
    "opportunity/moved",
    "task/created",
    "task/updated",
    "task/completed",
    "user/created",
    "user/updated",
    "user/deleted",
];

#[derive(Clone)]
pub(super) struct RestHook {
    pub(super) id: i64,
    /// One of [`EVENTS`].
    pub(super) event: &'static str,
    pub(super) target_url: String,
    pub(super) description: Option<String>,
    /// What comes along with the records, as `embed` has it.
    pub(super) embed: Option<String>,
    /// Whether events of one moment come in one delivery.
    pub(super) batched: bool,
}

impl Resource for RestHook {
    const PATH: &'static str = "resthooks";
    const ONE: &'static str = "restHook";
    const MANY: &'static str = "restHooks";

    fn table(account: &Account) -> &Table<RestHook> {
        &account.rest_hooks
    }

    fn view(&self, _: &Scene<'_>) -> Value {
        json!({
            "id": self.id,
            "event": self.event,
            "targetUrl": self.target_url,
            "description": self.description,
            "embed": self.embed,
            "batched": self.batched,
        })
    }
}

impl Writable for RestHook {
    fn create(draft: &mut Draft, written: Written<'_>) -> Result<i64, Refusal> {
        draft.require_administrator()?;
        if draft.account.rest_hooks.count() >= MOST {
            return Err(written.problem("id", "too many REST hooks").into());
        }
        let mut hook = RestHook {
            id: 0,
            event: "",
            target_url: String::new(),
            description: None,
            embed: None,
            batched: true,
        };
        written.option("event", &EVENTS, &mut hook.event)?;
        if hook.event.is_empty() {
            return Err(written.required("event").into());
        }
        written.filled_text("targetUrl", &mut hook.target_url)?;
        let scheme = Url::parse(&hook.target_url).map(|url| url.scheme().to_owned());
        if !matches!(scheme.as_deref(), Ok("http" | "https")) {
            return Err(written.wrong_type("targetUrl").into());
        }
        written.text("description", &mut hook.description)?;
        written.text("embed", &mut hook.embed)?;
        written.flag("batched", &mut hook.batched)?;
        Ok(draft.account.rest_hooks.insert(|id| RestHook { id, ..hook }))
    }

    /// No route leads here.
    fn update(_: &mut Draft, _: i64, _: Written<'_>) -> Result<(), Refusal> {
        Err(Refusal::MethodNotAllowed)
    }

    fn delete(draft: &mut Draft, id: i64) -> Result<(), Refusal> {
        draft.require_administrator()?;
        draft.account.rest_hooks.delete(id, draft.now);
        Ok(())
    }
}

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/resthooks", get(list).post(subscribe))
        .route("/resthooks/{id}", get(show).delete(unsubscribe))
}

fn require_app(call: &Call) -> Result<(), Refusal> {
    if call.through_app { Ok(()) } else { Err(Refusal::MissingScope) }
}

async fn list(state: State<Shared>, call: Call) -> Result<Response, Refusal> {
    require_app(&call)?;
    resource::list_whole::<RestHook>(state, call).await
}

async fn show(
    state: State<Shared>,
    id: axum::extract::Path<String>,
    call: Call,
) -> Result<Response, Refusal> {
    require_app(&call)?;
    resource::show::<RestHook>(state, id, call).await
}

async fn subscribe(state: State<Shared>, call: Call) -> Result<Response, Refusal> {
    require_app(&call)?;
    resource::create::<RestHook>(state, call).await
}

async fn unsubscribe(state: State<Shared>, id: Id, call: Call) -> Result<StatusCode, Refusal> {
    require_app(&call)?;
    resource::remove::<RestHook>(state, id, call).await
}
