//! Definitions of the parties' custom fields: `/parties/fields/definitions`.

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
use super::paging::Listing;
use super::party::Party;
use super::refusal::{Problem, Refusal};

const RESOURCE: &str = "definition";

/// What values a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldKind {
    Text,
    Date,
    List,
    Boolean,
    Number,
    Link,
    MultiSelectList,
}

impl FieldKind {
    const ALL: [(&'static str, FieldKind); 7] = [
        ("text", FieldKind::Text),
        ("date", FieldKind::Date),
        ("list", FieldKind::List),
        ("boolean", FieldKind::Boolean),
        ("number", FieldKind::Number),
        ("link", FieldKind::Link),
        ("multiselectlist", FieldKind::MultiSelectList),
    ];

    fn name(self) -> &'static str {
        let named = Self::ALL.iter().find(|(_, kind)| *kind == self);
        named.map_or("", |(name, _)| name)
    }

    fn of(name: &str) -> Option<FieldKind> {
        let named = Self::ALL.iter().find(|(known, _)| *known == name);
        named.map(|(_, kind)| *kind)
    }

    fn has_options(self) -> bool {
        matches!(self, FieldKind::List | FieldKind::MultiSelectList)
    }
}

/// A custom field that parties can have.
#[derive(Clone)]
pub(super) struct Definition {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) kind: FieldKind,
    pub(super) description: Option<String>,
    pub(super) options: Vec<String>,
    /// `person` or `organisation`; None for both.
    pub(super) capture_rule: Option<String>,
    pub(super) important: bool,
    pub(super) display_order: i64,
    /// The DataTag that groups it.
    pub(super) tag: Option<i64>,
}

impl Definition {
    /// Whether the field is meant for this kind of party.
    pub(super) fn applies_to(&self, party: &Party) -> bool {
        let rule = self.capture_rule.as_deref();
        rule.is_none_or(|rule| rule == party.kind())
    }

    fn view(&self, account: &Account) -> Value {
        let tag = self.tag.and_then(|id| account.party_tags.get(id));
        let tag = tag.map(|tag| json!({ "id": tag.id, "name": tag.name, "dataTag": tag.data_tag }));
        let mut view = json!({
            "id": self.id,
            "type": self.kind.name(),
            "description": self.description,
            "displayOrder": self.display_order,
            "name": self.name,
            "captureRule": self.capture_rule,
            "important": self.important,
            "tag": tag,
        });
        if self.kind.has_options() {
            view["options"] = json!(self.options);
        }
        view
    }

    fn describe(&mut self, written: &Map<String, Value>) -> Result<(), Problem> {
        for (key, value) in written {
            let wrong_type = || Problem::wrong_type(RESOURCE, key);
            match key.as_str() {
                "name" => self.name = value.as_str().ok_or_else(wrong_type)?.to_owned(),
                "description" => self.description = optional_text(value).ok_or_else(wrong_type)?,
                "captureRule" => self.capture_rule = capture_rule(value).ok_or_else(wrong_type)?,
                "important" => self.important = value.as_bool().ok_or_else(wrong_type)?,
                "displayOrder" => self.display_order = value.as_i64().ok_or_else(wrong_type)?,
                "options" => self.options = texts(value).ok_or_else(wrong_type)?,
                _ => {}
            }
        }
        if self.name.trim().is_empty() {
            return Err(Problem::required(RESOURCE, "name"));
        }
        if self.kind.has_options() && self.options.is_empty() {
            return Err(Problem::required(RESOURCE, "options"));
        }
        Ok(())
    }
}

/// Outer None: neither text nor null.
fn optional_text(value: &Value) -> Option<Option<String>> {
    match value {
        Value::Null => Some(None),
        Value::String(text) => Some(Some(text.clone())),
        _ => None,
    }
}

fn capture_rule(value: &Value) -> Option<Option<String>> {
    optional_text(value).filter(|rule| {
        let rule = rule.as_deref();
        rule.is_none_or(|rule| rule == "person" || rule == "organisation")
    })
}

fn texts(value: &Value) -> Option<Vec<String>> {
    let items = value.as_array()?.iter();
    items.map(|item| item.as_str().map(str::to_owned)).collect()
}

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/parties/fields/definitions", get(list).post(create))
        .route("/parties/fields/definitions/{id}", get(show).put(update).delete(remove))
}

async fn list(State(capsule): State<Shared>, call: Call) -> Result<Response, Refusal> {
    let without_data_tags = call.params.get("includeDataTagFields") == Some("false");
    capsule.read(|account| {
        list_where(account, &call, |definition| definition.tag.is_none() || !without_data_tags)
    })
}

/// The definitions that `picked` chooses, as a list.
pub(super) fn list_where(
    account: &Account,
    call: &Call,
    picked: impl Fn(&Definition) -> bool,
) -> Result<Response, Refusal> {
    let definitions = account.party_fields.iter();
    let definitions: Vec<&Definition> = definitions.filter(|definition| picked(definition)).collect();
    let view = |definition: &&Definition| definition.view(account);
    Ok(Listing::of(call, "definitions", &definitions, view)?.reply(call))
}

async fn show(State(capsule): State<Shared>, Id(id): Id, _: Call) -> Result<Response, Refusal> {
    capsule.read(|account| {
        let definition = account.party_fields.get(id).ok_or(Refusal::NotFound)?;
        let view = definition.view(account);
        Ok(Json(json!({ "definition": view })).into_response())
    })
}

async fn create(State(capsule): State<Shared>, call: Call) -> Result<Response, Refusal> {
    let written = call.wrapped(RESOURCE)?;
    let (id, view) = capsule.write(|account| {
        let kind = match written.get("type") {
            Some(Value::String(name)) => FieldKind::of(name),
            Some(_) => None,
            None => return Err(Problem::required(RESOURCE, "type").into()),
        };
        let mut definition = Definition {
            id: 0,
            name: String::new(),
            kind: kind.ok_or_else(|| Problem::wrong_type(RESOURCE, "type"))?,
            description: None,
            options: Vec::new(),
            capture_rule: None,
            important: false,
            display_order: next_display_order(account),
            tag: data_tag(account, &written)?,
        };
        definition.describe(&written)?;
        let id = account.party_fields.insert(|id| Definition { id, ..definition.clone() });
        Ok((id, Definition { id, ..definition }.view(account)))
    })?;
    let location = call.url_of(&format!("/parties/fields/definitions/{id}"));
    let body = Json(json!({ "definition": view }));
    Ok((StatusCode::CREATED, [(LOCATION, location)], body).into_response())
}

fn next_display_order(account: &Account) -> i64 {
    let orders = account.party_fields.iter();
    orders.map(|definition| definition.display_order).max().unwrap_or(0) + 1
}

fn data_tag(account: &Account, written: &Map<String, Value>) -> Result<Option<i64>, Problem> {
    let id = match written.get("tag") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(tag)) => tag.get("id").and_then(Value::as_i64),
        Some(id) => id.as_i64(),
    };
    let tag = id.and_then(|id| account.party_tags.get(id));
    match tag.filter(|tag| tag.data_tag) {
        Some(tag) => Ok(Some(tag.id)),
        None => Err(Problem::new(RESOURCE, "tag", "tag not found")),
    }
}

async fn update(State(capsule): State<Shared>, Id(id): Id, call: Call) -> Result<Response, Refusal> {
    let written = call.wrapped(RESOURCE)?;
    capsule.write(|account| {
        let definition = account.party_fields.get_mut(id).ok_or(Refusal::NotFound)?;
        definition.describe(&written)?;
        let view = definition.clone().view(account);
        Ok(Json(json!({ "definition": view })).into_response())
    })
}

async fn remove(State(capsule): State<Shared>, Id(id): Id, _: Call) -> Result<StatusCode, Refusal> {
    let now = capsule.now();
    capsule.write(|account| {
        if account.delete_party_field(id, now) { Ok(StatusCode::NO_CONTENT) } else { Err(Refusal::NotFound) }
    })
}
