//! The history: `/entries` of the whole account, and `/{entity}/{id}/entries` of one record.
//!
//! Lists come newest `entryAt` first. Entries are not asked for several at once, searched or filtered, and there is no
//! list of deleted ones.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;

use super::Shared;
use super::account::Account;
use super::call::{Call, Id};
use super::entry::{self, Entry};
use super::entry_write;
use super::kase::Kase;
use super::link::Link;
use super::opportunity::Opportunity;
use super::paging::Listing;
use super::party::Party;
use super::refusal::Refusal;
use super::resource::{Resource, Writable, collection, member, visible};
use super::scene::{Draft, Scene};
use super::written::Written;
use crate::sandbox::table::Table;

/// Entries of one record that come at once, by Capsule's documentation of entries; of the account it is 100.
const MOST_OF_ONE: usize = 50;

impl Resource for Entry {
    const PATH: &'static str = "entries";
    const ONE: &'static str = "entry";
    const MANY: &'static str = "entries";

    fn table(account: &Account) -> &Table<Entry> {
        &account.entries
    }

    fn view(&self, scene: &Scene<'_>) -> Value {
        entry::full(scene, self)
    }

    fn is_visible(&self, scene: &Scene<'_>) -> bool {
        self.is_open_to(scene)
    }

    fn listed<'a>(scene: &Scene<'a>) -> Result<Vec<&'a Entry>, Refusal> {
        Ok(newest_first(scene, |_| true))
    }
}

fn newest_first<'a>(scene: &Scene<'a>, picked: impl Fn(&Entry) -> bool) -> Vec<&'a Entry> {
    let entries = scene.account.entries.iter();
    let mut entries: Vec<&Entry> = entries.filter(|row| picked(row) && row.is_visible(scene)).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse((entry.entry_at, entry.id)));
    entries
}

impl Writable for Entry {
    fn create(draft: &mut Draft, written: Written<'_>) -> Result<i64, Refusal> {
        entry_write::create(draft, written)
    }

    fn update(draft: &mut Draft, id: i64, written: Written<'_>) -> Result<(), Refusal> {
        entry_write::update(draft, id, written)
    }

    fn delete(draft: &mut Draft, id: i64) -> Result<(), Refusal> {
        draft.account.delete_entries(|entry| entry.id == id, draft.now);
        Ok(())
    }
}

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/entries", collection::<Entry>())
        .route("/entries/{id}", member::<Entry>())
        .route("/parties/{id}/entries", get(of_party))
        .route("/opportunities/{id}/entries", get(of_opportunity))
        .route("/kases/{id}/entries", get(of_kase))
}

async fn of_party(State(capsule): State<Shared>, Id(id): Id, call: Call) -> Result<Response, Refusal> {
    capsule.look(&call, |scene| {
        visible::<Party>(scene, id)?;
        of(scene, &call, Link::Party(id))
    })
}

async fn of_opportunity(State(capsule): State<Shared>, Id(id): Id, call: Call) -> Result<Response, Refusal> {
    capsule.look(&call, |scene| {
        visible::<Opportunity>(scene, id)?;
        of(scene, &call, Link::Opportunity(id))
    })
}

async fn of_kase(State(capsule): State<Shared>, Id(id): Id, call: Call) -> Result<Response, Refusal> {
    capsule.look(&call, |scene| {
        visible::<Kase>(scene, id)?;
        of(scene, &call, Link::Kase(id))
    })
}

fn of(scene: &Scene<'_>, call: &Call, link: Link) -> Result<Response, Refusal> {
    let entries = newest_first(scene, |entry| entry.is_about(link));
    let view = |entry: &&Entry| entry.view(scene);
    Ok(Listing::capped(call, Entry::MANY, &entries, MOST_OF_ONE, view)?.reply(call))
}
