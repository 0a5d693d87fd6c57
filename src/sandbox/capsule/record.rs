//! What people and organisations, opportunities and projects have in common: tags and custom fields, changes since a
//! date, free-text search, structured filters, saved filters and the list of what was deleted.
//!
//! Each of the three has tags, field definitions and saved filters of its own, whose ids may coincide with those of the
//! others. Lists come newest id first.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::Shared;
use super::account::Account;
use super::call::{Call, Params};
use super::condition::{Filter, Filterable};
use super::dates::{instant, stamp};
use super::fields::{self, Definition};
use super::paging::Listing;
use super::refusal::{Problem, Refusal};
use super::resource::{Writable, collection, member, page};
use super::saved_filters::{self, SavedFilter};
use super::scene::Scene;
use super::tags::{self, Tag};
use super::written::{Members, Written};
use crate::sandbox::table::Table;

/// A record with tags and custom fields.
pub(super) trait Record: Writable + Filterable + PartialEq {
    /// The key of those that the viewer may not see, beside the deleted ones.
    const RESTRICTED: &'static str;

    fn vocabulary(account: &Account) -> &Vocabulary<Self>;
    fn vocabulary_mut(account: &mut Account) -> &mut Vocabulary<Self>;
    fn table_mut(account: &mut Account) -> &mut Table<Self>;

    fn marks(&self) -> &Marks;
    fn marks_mut(&mut self) -> &mut Marks;
    fn updated_at(&self) -> OffsetDateTime;

    /// Whether fields with this capture rule are meant for it.
    fn fits(&self, _capture_rule: &str) -> bool {
        true
    }

    /// The text in which the words of a search are looked for.
    fn searched(&self, account: &Account) -> String;

    /// What stands in for it where the viewer may not see it.
    fn stand_in(&self) -> Value;
}

/// A record's tags, by id, and the values of its custom fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Marks {
    pub(super) tags: Vec<i64>,
    pub(super) fields: Vec<FieldValue>,
}

/// The value of a custom field: text, or a boolean that is true.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FieldValue {
    pub(super) id: i64,
    pub(super) definition: i64,
    pub(super) value: Value,
}

impl Marks {
    /// The value of a custom field.
    pub(super) fn field(&self, definition: i64) -> Option<&FieldValue> {
        self.fields.iter().find(|field| field.definition == definition)
    }

    /// Adds what `embed` asks for to a record's view.
    pub(super) fn embed<R: Record>(&self, scene: &Scene<'_>, record: &R, view: &mut Members) {
        let mut put = |key: &str, value: Value| view.insert(key.to_owned(), value);
        if scene.embeds("tags") {
            put("tags", tags::attached::<R>(scene.account, self));
        }
        if scene.embeds("fields") {
            put("fields", super::field_values::of::<R>(scene.account, self));
        }
        if scene.embeds("missingImportantFields") {
            let missing = super::field_values::misses_important(scene.account, record);
            put("missingImportantFields", missing.into());
        }
    }
}

/// The tags, custom fields and saved filters that one kind of record has.
#[derive(Clone)]
pub(super) struct Vocabulary<R: 'static> {
    pub(super) tags: Table<Tag>,
    pub(super) fields: Table<Definition>,
    pub(super) filters: Table<SavedFilter<R>>,
}

/// Carries out the `tags` and `fields` of a write.
pub(super) fn mark<R: Record>(
    account: &mut Account,
    record: &mut R,
    written: Written<'_>,
) -> Result<(), Problem> {
    tags::attach_and_detach(account, record, written)?;
    super::field_values::set_and_clear(account, record, written)
}

/// The routes that all three have.
pub(super) fn routes<R: Record>() -> Router<Shared> {
    let path = |rest: &str| format!("/{}{rest}", R::PATH);
    Router::new()
        .route(&path(""), collection::<R>())
        .route(&path("/{id}"), member::<R>())
        .route(&path("/search"), get(search::<R>))
        .route(&path("/deleted"), get(deleted::<R>))
        .route(&path("/filters/results"), post(filter::<R>))
        .merge(tags::routes::<R>())
        .merge(fields::routes::<R>())
        .merge(saved_filters::routes::<R>())
}

/// The records that changed after the request's `since`, newest id first.
pub(super) fn changed<'a, R: Record>(scene: &Scene<'a>) -> Result<Vec<&'a R>, Refusal> {
    let since = since::<R>(scene.params)?;
    let rows = all::<R>(scene);
    Ok(rows.filter(|row| since.is_none_or(|since| row.updated_at() > since)).collect())
}

/// All records that the viewer may see, newest id first.
pub(super) fn all<'a, R: Record>(scene: &Scene<'a>) -> impl Iterator<Item = &'a R> {
    let scene = *scene;
    R::table(scene.account).iter().rev().filter(move |row| row.is_visible(&scene))
}

/// Records in which every word of `q` occurs; none when there is no word.
async fn search<R: Record>(State(capsule): State<Shared>, call: Call) -> Result<Response, Refusal> {
    let text = call.params.get("q").unwrap_or_default().to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    capsule.look(&call, |scene| {
        let hit = |row: &&R| {
            let searched = row.searched(scene.account).to_lowercase();
            !words.is_empty() && words.iter().all(|word| searched.contains(word))
        };
        let found: Vec<&R> = all::<R>(scene).filter(hit).collect();
        page(scene, &call, &found)
    })
}

/// Structured search. `orderBy` has no effect: whether filters that are not saved can be sorted is disputed, so nothing
/// should lean on it.
async fn filter<R: Record>(State(capsule): State<Shared>, call: Call) -> Result<Response, Refusal> {
    let written = call.wrapped("filter")?;
    capsule.look(&call, |scene| {
        let filter = Filter::<R>::parse(scene.account, &written)?;
        let found: Vec<&R> = all::<R>(scene).filter(|row| filter.holds(scene, row)).collect();
        page(scene, &call, &found)
    })
}

/// What was deleted after `since`, which must be given, and what the viewer may not see.
async fn deleted<R: Record>(State(capsule): State<Shared>, call: Call) -> Result<Response, Refusal> {
    let since = since::<R>(&call.params)?.ok_or_else(|| Problem::required(R::ONE, "since"))?;
    capsule.look(&call, |scene| {
        let table = R::table(scene.account);
        let tombstones = table.deleted_after(since);
        let restricted: Vec<Value> = table
            .iter()
            .filter(|row| row.updated_at() > since && !row.is_visible(scene))
            .map(Record::stand_in)
            .collect();
        let listing = Listing::of(
            &call,
            R::MANY,
            &tombstones,
            |tombstone| json!({ "id": tombstone.id, "deletedAt": stamp(tombstone.at) }),
        )?;
        Ok(listing.beside(R::RESTRICTED, restricted.into()).reply(&call))
    })
}

fn since<R: Record>(params: &Params) -> Result<Option<OffsetDateTime>, Refusal> {
    let Some(text) = params.get("since") else {
        return Ok(None);
    };
    match instant(text) {
        Some(since) => Ok(Some(since)),
        None => Err(Problem::wrong_type(R::ONE, "since").into()),
    }
}
