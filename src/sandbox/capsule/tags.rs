//! Tags of parties: `/parties/tags`, and how a write to a party attaches and detaches them.
//!
//! A tag's id is the same everywhere it is attached. Names are compared without regard to case.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::LOCATION;
use serde_json::{Map, Value, json};

use super::Shared;
use super::account::Account;
use super::call::{Call, Id};
use super::fields;
use super::paging::Listing;
use super::party::Party;
use super::refusal::{Problem, Refusal};
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

    fn describe(&mut self, tag: &Map<String, Value>) -> Result<(), Problem> {
        if let Some(name) = tag.get("name") {
            self.name = required_name(name)?;
        }
        match tag.get("description") {
            Some(Value::String(text)) => self.description = Some(text.clone()),
            Some(Value::Null) => self.description = None,
            Some(_) => return Err(Problem::wrong_type(RESOURCE, "description")),
            None => {}
        }
        if let Some(flag) = tag.get("dataTag") {
            let flag = flag.as_bool();
            self.data_tag = flag.ok_or(Problem::wrong_type(RESOURCE, "dataTag"))?;
        }
        Ok(())
    }
}

/// The tag of that name.
pub(super) fn named<'a>(tags: &'a Table<Tag>, name: &str) -> Option<&'a Tag> {
    let name = name.to_lowercase();
    tags.iter().find(|tag| tag.name.to_lowercase() == name)
}

/// The tags of a party as `embed=tags` shows them.
pub(super) fn attached(account: &Account, party: &Party) -> Value {
    let tags = party.tags.iter();
    tags.filter_map(|id| account.party_tags.get(*id)).map(Tag::view).collect()
}

/// Carries out the `tags` of a write: `{name}` attaches and makes the tag if need be, `{id}` attaches, and
/// `{id, "_delete": true}` detaches.
pub(super) fn attach_and_detach(
    account: &mut Account,
    party: &mut Party,
    items: &Value,
) -> Result<(), Problem> {
    let wrong_type = || Problem::wrong_type("party", "tags");
    for item in items.as_array().ok_or_else(wrong_type)? {
        let item = item.as_object().ok_or_else(wrong_type)?;
        if item.get("_delete") == Some(&Value::Bool(true)) {
            detach(party, item)?;
        } else {
            let id = wanted(account, item)?;
            if !party.tags.contains(&id) {
                party.tags.push(id);
            }
        }
    }
    Ok(())
}

fn detach(party: &mut Party, item: &Map<String, Value>) -> Result<(), Problem> {
    let id = item.get("id").and_then(Value::as_i64);
    let place = party.tags.iter().position(|tag| Some(*tag) == id);
    let missing = || Problem::new(RESOURCE, "id", "tag not found to delete");
    party.tags.remove(place.ok_or_else(missing)?);
    Ok(())
}

fn wanted(account: &mut Account, item: &Map<String, Value>) -> Result<i64, Problem> {
    if let Some(id) = item.get("id") {
        let known = id.as_i64().filter(|id| account.party_tags.get(*id).is_some());
        return known.ok_or_else(|| Problem::new(RESOURCE, "id", "tag not found"));
    }
    let name = required_name(item.get("name").unwrap_or(&Value::Null))?;
    if let Some(tag) = named(&account.party_tags, &name) {
        return Ok(tag.id);
    }
    Ok(account.party_tags.insert(|id| Tag { id, name, description: None, data_tag: false }))
}

fn required_name(name: &Value) -> Result<String, Problem> {
    match name {
        Value::String(name) if !name.trim().is_empty() => Ok(name.trim().to_owned()),
        Value::String(_) | Value::Null => Err(Problem::required(RESOURCE, "name")),
        _ => Err(Problem::wrong_type(RESOURCE, "name")),
    }
}

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/parties/tags", get(list).post(create))
        .route("/parties/tags/{id}", get(show).put(update).delete(remove))
        .route("/parties/tags/{id}/definitions", get(definitions))
}

async fn list(State(capsule): State<Shared>, call: Call) -> Result<Response, Refusal> {
    capsule.read(|account| {
        let tags: Vec<&Tag> = account.party_tags.iter().collect();
        let listing = Listing::of(&call, "tags", &tags, |tag| tag.view())?;
        Ok(listing.reply(&call))
    })
}

async fn show(State(capsule): State<Shared>, Id(id): Id, _: Call) -> Result<Response, Refusal> {
    capsule.read(|account| {
        let tag = account.party_tags.get(id).ok_or(Refusal::NotFound)?;
        Ok(Json(json!({ "tag": tag.view() })).into_response())
    })
}

async fn create(State(capsule): State<Shared>, call: Call) -> Result<Response, Refusal> {
    let written = call.wrapped(RESOURCE)?;
    let tag = capsule.write(|account| {
        let mut tag = Tag {
            id: 0,
            name: required_name(written.get("name").unwrap_or(&Value::Null))?,
            description: None,
            data_tag: false,
        };
        tag.describe(&written)?;
        if named(&account.party_tags, &tag.name).is_some() {
            return Err(Problem::new(RESOURCE, "name", "name is already taken").into());
        }
        let id = account.party_tags.insert(|id| Tag { id, ..tag.clone() });
        Ok(Tag { id, ..tag })
    })?;
    let location = call.url_of(&format!("/parties/tags/{}", tag.id));
    let body = Json(json!({ "tag": tag.view() }));
    Ok((StatusCode::CREATED, [(LOCATION, location)], body).into_response())
}

async fn update(State(capsule): State<Shared>, Id(id): Id, call: Call) -> Result<Response, Refusal> {
    let written = call.wrapped(RESOURCE)?;
    capsule.write(|account| {
        let tag = account.party_tags.get_mut(id).ok_or(Refusal::NotFound)?;
        tag.describe(&written)?;
        Ok(Json(json!({ "tag": tag.view() })).into_response())
    })
}

async fn remove(State(capsule): State<Shared>, Id(id): Id, _: Call) -> Result<StatusCode, Refusal> {
    let now = capsule.now();
    capsule.write(|account| {
        if account.delete_party_tag(id, now) { Ok(StatusCode::NO_CONTENT) } else { Err(Refusal::NotFound) }
    })
}

/// The custom fields that a DataTag groups.
async fn definitions(State(capsule): State<Shared>, Id(id): Id, call: Call) -> Result<Response, Refusal> {
    capsule.read(|account| {
        account.party_tags.get(id).ok_or(Refusal::NotFound)?;
        fields::list_where(account, &call, |definition| definition.tag == Some(id))
    })
}
