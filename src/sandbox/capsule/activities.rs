//! What has happened in the account: `/activities`, which is not documented. Each entry of the history is one activity.
//!
//! `since` and filters work on it; other parameters are ignored, as everywhere.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::Shared;
use super::call::Call;
use super::condition::{Filter, Filterable, Named};
use super::dates::{instant, stamp};
use super::entry::{self, Entry};
use super::facets::{Facet, FacetType};
use super::link::{self, Link};
use super::paging::Listing;
use super::party_view;
use super::refusal::{Problem, Refusal};
use super::scene::Scene;

/// How far an activity's id is from its entry's, so that neither passes for the other.
const IDS: i64 = 310_000_000;

impl Filterable for Entry {
    fn filter_fields() -> &'static [Named<Entry>] {
        &FIELDS
    }
}

static FIELDS: [Named<Entry>; 4] = [
    ("user", FacetType::Reference, |scene, entry| {
        let user = scene.account.users.get(entry.creator);
        Facet::reference(user.map(|user| (user.id, user.name.as_str())))
    }),
    ("taskCategory", FacetType::Reference, |scene, entry| {
        let task = entry.task.and_then(|id| scene.account.tasks.get(id));
        let category = task.and_then(|task| scene.account.categories.get(task.category?));
        Facet::reference(category.map(|category| (category.id, category.name.as_str())))
    }),
    ("activityType", FacetType::Reference, |scene, entry| {
        let kind = scene.account.activity_types.get(entry.activity_type);
        Facet::reference(kind.map(|kind| (kind.id, kind.name.as_str())))
    }),
    ("addedOn", FacetType::Day, |_, entry| Facet::day_of(Some(entry.created_at))),
];

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/activities", get(list)).route("/activities/filters/results", post(filter))
}

async fn list(State(capsule): State<Shared>, call: Call) -> Result<Response, Refusal> {
    let since = match call.params.get("since") {
        None => None,
        Some(text) => Some(instant(text).ok_or_else(|| Problem::wrong_type("activity", "since"))?),
    };
    capsule
        .look(&call, |scene| page(scene, &call, |entry| since.is_none_or(|since| entry.created_at >= since)))
}

async fn filter(State(capsule): State<Shared>, call: Call) -> Result<Response, Refusal> {
    let written = call.wrapped("filter")?;
    capsule.look(&call, |scene| {
        let filter = Filter::<Entry>::parse(scene.account, &written)?;
        page(scene, &call, |entry| filter.holds(scene, entry))
    })
}

/// Newest first.
fn page(scene: &Scene<'_>, call: &Call, picked: impl Fn(&Entry) -> bool) -> Result<Response, Refusal> {
    let entries = scene.account.entries.iter();
    let mut entries: Vec<&Entry> = entries.filter(|row| picked(row) && row.is_open_to(scene)).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse((entry.created_at, entry.id)));
    Ok(Listing::of(call, "activities", &entries, |entry| view(scene, entry))?.reply(call))
}

fn view(scene: &Scene<'_>, entry: &Entry) -> Value {
    let account = scene.account;
    let task = entry.task.and_then(|id| account.tasks.get(id));
    let task = task.map(|task| json!({ "id": task.id, "description": task.description }));
    let parties = entry.contacted().filter_map(Link::party);
    let parties: Vec<Value> = parties.map(|id| party_view::nested(scene, Some(id), "parties")).collect();
    json!({
        "id": entry.id + IDS,
        "createdAt": stamp(entry.created_at),
        "activityType": entry::activity_type(scene, entry),
        "activitySource": null,
        "apiClient": null,
        "user": account.user_reference(Some(entry.creator)),
        "owner": null,
        "team": null,
        "entry": entry::full(&scene.bare(), entry),
        "task": task,
        "kase": link::view(scene, entry.link, "kase"),
        "opportunity": link::view(scene, entry.link, "opportunity"),
        "party": link::view(scene, entry.link, "party"),
        "parties": parties,
        "deleted": false,
        "isRestricted": false,
    })
}
