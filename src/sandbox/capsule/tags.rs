//! Tags: `/{entity}/tags`, and how a write to a record attaches and detaches them.
//!
//! A tag's id is the same everywhere it is attached. Names are compared without regard to case. Deleting a tag that many
//! records bear is a job that outlasts the request.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use serde_json::{Value, json};

use super::Shared;
use super::account::Account;
use super::call::{Call, Id};
use super::fields;
use super::jobs;
use super::paging::Listing;
use super::record::{Marks, Record};
use super::refusal::{Problem, Refusal};
use super::resource::{created, keyed};
use super::written::{Members, Written, asks_deletion};
use crate::sandbox::table::Table;

const RESOURCE: &str = "tag";

/// A tag; a DataTag also groups custom fields.
#[derive(Clone)]
pub(super) struct Tag {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) data_tag: bool,
}

impl Tag {
    fn view(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "dataTag": self.data_tag,
        })
    }

    fn describe(&mut self, written: Written<'_>) -> Result<(), Problem> {
        written.filled_text("name", &mut self.name)?;
        written.text("description", &mut self.description)?;
        written.flag("dataTag", &mut self.data_tag)
    }
}

/// The tag of that name.
pub(super) fn named<'a>(tags: &'a Table<Tag>, name: &str) -> Option<&'a Tag> {
    let name = name.to_lowercase();
    tags.iter().find(|tag| tag.name.to_lowercase() == name)
}

/// The tag of that name, which is made if there is none.
pub(super) fn ensured<R: Record>(account: &mut Account, name: &str) -> i64 {
    let tags = &mut R::vocabulary_mut(account).tags;
    if let Some(tag) = named(tags, name) {
        return tag.id;
    }
    tags.insert(|id| Tag { id, name: name.to_owned(), description: None, data_tag: false })
}

/// A record's tags as `embed=tags` shows them.
pub(super) fn attached<R: Record>(account: &Account, marks: &Marks) -> Value {
    let tags = marks.tags.iter();
    tags.filter_map(|id| R::vocabulary(account).tags.get(*id)).map(Tag::view).collect()
}

/// Carries out the `tags` of a write: `{name}` attaches and makes the tag if need be, `{id}` attaches, and
/// `{id, "_delete": true}` detaches.
pub(super) fn attach_and_detach<R: Record>(
    account: &mut Account,
    record: &mut R,
    written: Written<'_>,
) -> Result<(), Problem> {
    for item in written.items("tags")? {
        if asks_deletion(item) {
            detach(&mut record.marks_mut().tags, item)?;
        } else {
            let id = wanted::<R>(account, item)?;
            attach(record, id);
        }
    }
    Ok(())
}

/// Attaches a tag, if it is not attached already.
pub(super) fn attach<R: Record>(record: &mut R, tag: i64) {
    let tags = &mut record.marks_mut().tags;
    if !tags.contains(&tag) {
        tags.push(tag);
    }
}

/// Attaches the tag of that name, which is made if there is none, to the record with this id.
pub(super) fn bring<R: Record>(account: &mut Account, id: i64, name: &str) {
    let tag = ensured::<R>(account, name);
    if let Some(record) = R::table_mut(account).get_mut(id) {
        attach(record, tag);
    }
}

fn detach(tags: &mut Vec<i64>, item: &Members) -> Result<(), Problem> {
    let id = item.get("id").and_then(Value::as_i64);
    let place = tags.iter().position(|tag| Some(*tag) == id);
    let missing = || Problem::new(RESOURCE, "id", "tag not found to delete");
    tags.remove(place.ok_or_else(missing)?);
    Ok(())
}

fn wanted<R: Record>(account: &mut Account, item: &Members) -> Result<i64, Problem> {
    if let Some(id) = item.get("id") {
        let known = id.as_i64().filter(|id| R::vocabulary(account).tags.get(*id).is_some());
        return known.ok_or_else(|| Problem::new(RESOURCE, "id", "tag not found"));
    }
    let mut name = String::new();
    Written::new(RESOURCE, item).filled_text("name", &mut name)?;
    Ok(ensured::<R>(account, &name))
}

pub(super) fn routes<R: Record>() -> Router<Shared> {
    let path = |rest: &str| format!("/{}/tags{rest}", R::PATH);
    Router::new()
        .route(&path(""), get(list::<R>).post(create::<R>))
        .route(&path("/{id}"), get(show::<R>).put(update::<R>).delete(remove::<R>))
        .route(&path("/{id}/definitions"), get(definitions::<R>))
}

async fn list<R: Record>(State(capsule): State<Shared>, call: Call) -> Result<Response, Refusal> {
    capsule.look(&call, |scene| {
        let tags: Vec<&Tag> = R::vocabulary(scene.account).tags.iter().collect();
        Ok(Listing::of(&call, "tags", &tags, |tag| tag.view())?.reply(&call))
    })
}

async fn show<R: Record>(
    State(capsule): State<Shared>,
    Id(id): Id,
    call: Call,
) -> Result<Json<Value>, Refusal> {
    capsule.look(&call, |scene| {
        let tag = R::vocabulary(scene.account).tags.get(id).ok_or(Refusal::NotFound)?;
        Ok(Json(keyed(RESOURCE, tag.view())))
    })
}

async fn create<R: Record>(State(capsule): State<Shared>, call: Call) -> Result<Response, Refusal> {
    let members = call.wrapped(RESOURCE)?;
    let tag = capsule.change(&call, |draft| {
        let tags = &mut R::vocabulary_mut(&mut draft.account).tags;
        let mut tag = Tag { id: 0, name: String::new(), description: None, data_tag: false };
        tag.describe(Written::new(RESOURCE, &members))?;
        if named(tags, &tag.name).is_some() {
            return Err(Problem::new(RESOURCE, "name", "name is already taken").into());
        }
        let id = tags.insert(|id| Tag { id, ..tag.clone() });
        Ok(Tag { id, ..tag })
    })?;
    let path = format!("/{}/tags/{}", R::PATH, tag.id);
    Ok(created(&call, &path, keyed(RESOURCE, tag.view())))
}

async fn update<R: Record>(
    State(capsule): State<Shared>,
    Id(id): Id,
    call: Call,
) -> Result<Json<Value>, Refusal> {
    let members = call.wrapped(RESOURCE)?;
    capsule.change(&call, |draft| {
        let tags = &mut R::vocabulary_mut(&mut draft.account).tags;
        let tag = tags.get_mut(id).ok_or(Refusal::NotFound)?;
        tag.describe(Written::new(RESOURCE, &members))?;
        Ok(Json(keyed(RESOURCE, tag.view())))
    })
}

/// Deletes a tag everywhere it is attached.
async fn remove<R: Record>(
    State(capsule): State<Shared>,
    Id(id): Id,
    call: Call,
) -> Result<Response, Refusal> {
    let job = capsule.change(&call, |draft| {
        let account = &mut draft.account;
        if !R::vocabulary_mut(account).tags.delete(id, draft.now) {
            return Err(Refusal::NotFound);
        }
        let bearers = R::table(account).iter().filter(|record| record.marks().tags.contains(&id)).count();
        R::table_mut(account).update_where(
            |record| record.marks().tags.contains(&id),
            |record| record.marks_mut().tags.retain(|tag| *tag != id),
        );
        Ok(jobs::if_long(account, bearers, "Deleting Tag"))
    })?;
    Ok(job.map_or_else(|| StatusCode::NO_CONTENT.into_response(), |job| jobs::accepted(&call, job)))
}

/// The custom fields that a DataTag groups.
async fn definitions<R: Record>(
    State(capsule): State<Shared>,
    Id(id): Id,
    call: Call,
) -> Result<Response, Refusal> {
    capsule.look(&call, |scene| {
        R::vocabulary(scene.account).tags.get(id).ok_or(Refusal::NotFound)?;
        fields::list_where::<R>(scene, &call, |definition| definition.tag == Some(id))
    })
}
