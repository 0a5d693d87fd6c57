//! Notes and tasks: each about one record.

use serde_json::{Map, Value, json};

use super::account::Account;
use super::record::{Kind, Record};
use super::refusal::Refusal;
use super::shown::{linked, stub_of};
use super::stamps::stamp;
use super::written::{How, integer, lay};

/// What notes can be about.
const SUBJECTS: &[Kind] = &[Kind::Accounts, Kind::Contacts, Kind::Leads];

const TASK: &[(&str, How)] = &[
    ("title", How::Filled),
    ("description", How::Text),
    ("dueTime", How::Instant),
    ("assignee", How::Link(&[Kind::Users, Kind::Teams])),
    ("entity", How::Link(SUBJECTS)),
];

/// Adds a note about a record.
pub(super) fn add(
    account: &mut Account,
    author: i64,
    about: (Kind, i64),
    text: &str,
) -> Result<i64, Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::invalid("A note needs text"));
    }
    let (kind, id) = about;
    let entity = json!({ "entityType": kind.entity_type(), "id": id });
    let fields = Map::from_iter([("note".to_owned(), Value::from(text)), ("entity".to_owned(), entity)]);
    Ok(account.add(Kind::Notes, author, fields))
}

/// What a new note is about.
pub(super) fn subject(account: &Account, entity: &Value) -> Result<(Kind, i64), Refusal> {
    let kind = entity["entityType"].as_str().and_then(Kind::of_entity_type);
    let kind = kind.filter(|kind| SUBJECTS.contains(kind));
    let kind = kind.ok_or_else(|| Refusal::invalid("Invalid value for entity"))?;
    let id = integer(&entity["id"]).ok_or_else(|| Refusal::invalid("Invalid value for entity"))?;
    account.find(kind, id)?;
    Ok((kind, id))
}

/// The fields of a note after an edit, which only its author may make, within a day.
pub(super) fn edited(
    account: &Account,
    author: i64,
    text: &Value,
    before: &Record,
) -> Result<Map<String, Value>, Refusal> {
    if !account.may_edit_note(before, author) {
        return Err(Refusal::forbidden("Notes can only be edited by their author within 24 hours"));
    }
    let text = text.as_str().filter(|text| !text.trim().is_empty());
    let text = text.ok_or_else(|| Refusal::invalid("A note needs text"))?;
    let mut fields = before.fields.clone();
    fields.insert("note".to_owned(), Value::from(text));
    Ok(fields)
}

/// The notes that a write of another record brings along: a text, or several.
pub(super) fn along(written: &Map<String, Value>) -> Result<Vec<&str>, Refusal> {
    let invalid = || Refusal::invalid("Invalid value for note");
    match written.get("note") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![text]),
        Some(Value::Array(items)) => items.iter().map(|item| item.as_str().ok_or_else(invalid)).collect(),
        Some(_) => Err(invalid()),
    }
}

/// A note as JSON-RPC shows it, with what it is about under a name for each kind of record.
pub(super) fn note(account: &Account, note: &Record) -> Value {
    let text = note.text("note");
    let mut view = json!({
        "id": note.id,
        "rev": note.rev.to_string(),
        "entityType": "Notes",
        "createdTime": stamp(note.created),
        "date": stamp(note.created),
        "note": text,
        "noteMarkup": text,
        "noteHtml": format!("<p>{text}</p>"),
        "user": stub_of(account, Kind::Users, Some(note.creator)),
        "originId": null,
        "mentions": [],
    });
    if let Some((kind, id)) = note.link("entity") {
        let name = match kind {
            Kind::Accounts => "account",
            Kind::Contacts => "contact",
            _ => "lead",
        };
        view[name] = stub_of(account, kind, Some(id));
    }
    view
}

/// The fields of a task after a write.
pub(super) fn task_written(
    account: &Account,
    written: &Map<String, Value>,
    before: Option<&Record>,
) -> Result<Map<String, Value>, Refusal> {
    let mut fields = before.map_or_else(Map::new, |record| record.fields.clone());
    lay(account, Kind::Tasks, TASK, written, &mut fields)?;
    match fields.contains_key("title") {
        true => Ok(fields),
        false => Err(Refusal::invalid("A title is required")),
    }
}

/// A task as JSON-RPC shows it.
pub(super) fn task(account: &Account, task: &Record) -> Value {
    json!({
        "id": task.id,
        "entityType": "Tasks",
        "rev": task.rev.to_string(),
        "title": task.text("title"),
        "description": task.field("description"),
        "dueTime": task.field("dueTime"),
        "completedTime": task.field("completedTime"),
        "assignee": linked(account, task, "assignee"),
        "entity": linked(account, task, "entity"),
    })
}
