//! Definitions of custom fields: `/{entity}/fields/definitions`.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use serde_json::{Value, json};

use super::Shared;
use super::account::Account;
use super::call::{Call, Id};
use super::paging::Listing;
use super::record::Record;
use super::refusal::{Problem, Refusal};
use super::resource::{created, keyed};
use super::scene::Scene;
use super::tags::Tag;
use super::written::{MOST, Written};
use crate::sandbox::table::Table;

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

/// A custom field that records can have.
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
    /// Whether the field is meant for this record.
    pub(super) fn applies_to<R: Record>(&self, record: &R) -> bool {
        let rule = self.capture_rule.as_deref();
        rule.is_none_or(|rule| record.fits(rule))
    }

    fn view(&self, tags: &Table<Tag>) -> Value {
        let tag = self.tag.and_then(|id| tags.get(id));
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

    fn describe(&mut self, written: Written<'_>) -> Result<(), Problem> {
        written.filled_text("name", &mut self.name)?;
        written.text("description", &mut self.description)?;
        written.nullable("captureRule", &mut self.capture_rule, capture_rule)?;
        written.flag("important", &mut self.important)?;
        written.integer("displayOrder", 0..=MOST, &mut self.display_order)?;
        if let Some(options) = written.get("options") {
            self.options = texts(options).ok_or_else(|| written.wrong_type("options"))?;
        }
        if self.kind.has_options() && self.options.is_empty() {
            return Err(written.required("options"));
        }
        Ok(())
    }
}

fn capture_rule(value: &Value) -> Option<String> {
    value.as_str().filter(|rule| ["person", "organisation"].contains(rule)).map(str::to_owned)
}

fn texts(value: &Value) -> Option<Vec<String>> {
    let items = value.as_array()?.iter();
    items.map(|item| item.as_str().map(str::to_owned)).collect()
}

pub(super) fn routes<R: Record>() -> Router<Shared> {
    let path = |rest: &str| format!("/{}/fields/definitions{rest}", R::PATH);
    Router::new()
        .route(&path(""), get(list::<R>).post(create::<R>))
        .route(&path("/{id}"), get(show::<R>).put(update::<R>).delete(remove::<R>))
}

async fn list<R: Record>(State(capsule): State<Shared>, call: Call) -> Result<Response, Refusal> {
    let without_data_tags = call.params.get("includeDataTagFields") == Some("false");
    capsule.look(&call, |scene| {
        list_where::<R>(scene, &call, |definition| definition.tag.is_none() || !without_data_tags)
    })
}

/// The definitions that `picked` chooses, as a list.
pub(super) fn list_where<R: Record>(
    scene: &Scene<'_>,
    call: &Call,
    picked: impl Fn(&Definition) -> bool,
) -> Result<Response, Refusal> {
    let vocabulary = R::vocabulary(scene.account);
    let definitions = vocabulary.fields.iter();
    let definitions: Vec<&Definition> = definitions.filter(|definition| picked(definition)).collect();
    let view = |definition: &&Definition| definition.view(&vocabulary.tags);
    Ok(Listing::of(call, "definitions", &definitions, view)?.reply(call))
}

async fn show<R: Record>(
    State(capsule): State<Shared>,
    Id(id): Id,
    call: Call,
) -> Result<Json<Value>, Refusal> {
    capsule.look(&call, |scene| shown::<R>(scene.account, id).map(Json))
}

fn shown<R: Record>(account: &Account, id: i64) -> Result<Value, Refusal> {
    let vocabulary = R::vocabulary(account);
    let definition = vocabulary.fields.get(id).ok_or(Refusal::NotFound)?;
    Ok(keyed(RESOURCE, definition.view(&vocabulary.tags)))
}

async fn create<R: Record>(State(capsule): State<Shared>, call: Call) -> Result<Response, Refusal> {
    let members = call.wrapped(RESOURCE)?;
    let written = Written::new(RESOURCE, &members);
    let (id, body) = capsule.change(&call, |draft| {
        draft.require_administrator()?;
        let kind = match written.get("type") {
            Some(Value::String(name)) => FieldKind::of(name),
            Some(_) => None,
            None => return Err(written.required("type").into()),
        };
        let vocabulary = R::vocabulary_mut(&mut draft.account);
        let mut definition = Definition {
            id: 0,
            name: String::new(),
            kind: kind.ok_or_else(|| written.wrong_type("type"))?,
            description: None,
            options: Vec::new(),
            capture_rule: None,
            important: false,
            display_order: next_display_order(&vocabulary.fields),
            tag: None,
        };
        let is_data_tag = |id| vocabulary.tags.get(id).is_some_and(|tag| tag.data_tag);
        written.link("tag", &mut definition.tag, is_data_tag)?;
        definition.describe(written)?;
        let id = vocabulary.fields.insert(|id| Definition { id, ..definition });
        Ok((id, shown::<R>(&draft.account, id)?))
    })?;
    Ok(created(&call, &format!("/{}/fields/definitions/{id}", R::PATH), body))
}

fn next_display_order(definitions: &Table<Definition>) -> i64 {
    definitions.iter().map(|definition| definition.display_order).max().unwrap_or(0) + 1
}

async fn update<R: Record>(
    State(capsule): State<Shared>,
    Id(id): Id,
    call: Call,
) -> Result<Json<Value>, Refusal> {
    let members = call.wrapped(RESOURCE)?;
    capsule.change(&call, |draft| {
        draft.require_administrator()?;
        let definitions = &mut R::vocabulary_mut(&mut draft.account).fields;
        let definition = definitions.get_mut(id).ok_or(Refusal::NotFound)?;
        definition.describe(Written::new(RESOURCE, &members))?;
        shown::<R>(&draft.account, id).map(Json)
    })
}

/// Deletes a definition with its values.
async fn remove<R: Record>(
    State(capsule): State<Shared>,
    Id(id): Id,
    call: Call,
) -> Result<StatusCode, Refusal> {
    capsule.change(&call, |draft| {
        draft.require_administrator()?;
        if !R::vocabulary_mut(&mut draft.account).fields.delete(id, draft.now) {
            return Err(Refusal::NotFound);
        }
        R::table_mut(&mut draft.account).update_where(
            |record| record.marks().field(id).is_some(),
            |record| record.marks_mut().fields.retain(|field| field.definition != id),
        );
        Ok(StatusCode::NO_CONTENT)
    })
}
