//! Records as JSON-RPC shows them: whole, or as the stubs that other records and searches have of them.

use serde_json::{Map, Value, json};

use super::account::Account;
use super::record::{Kind, Record};
use super::stamps::stamp;
use super::{activities, files, leads, notes, people};

/// A record in the form that a reader asks for.
pub(super) fn shown(account: &Account, kind: Kind, record: &Record, stub: bool) -> Value {
    if stub { self::stub(account, kind, record) } else { whole(account, kind, record) }
}

/// A record with everything that Nutshell tells of it.
pub(super) fn whole(account: &Account, kind: Kind, record: &Record) -> Value {
    let mut view = own(account, kind, record);
    if files::has(kind) {
        view["file"] = files::of(account, record);
    }
    view
}

fn own(account: &Account, kind: Kind, record: &Record) -> Value {
    match kind {
        Kind::Accounts => people::account(account, record),
        Kind::Contacts => people::contact(account, record),
        Kind::Leads => leads::whole(account, record),
        Kind::Activities => activities::whole(account, record),
        Kind::Notes => notes::note(account, record),
        Kind::Tasks => notes::task(account, record),
        Kind::Users => user(account, record),
        Kind::Milestones => json!({
            "id": record.id, "entityType": "Milestones", "rev": record.rev.to_string(), "name": record.text("name"),
            "position": record.field("position"), "stagesetId": record.field("stagesetId"),
        }),
        // No revision, and nobody knows when it was made.
        Kind::Stagesets => json!({
            "id": record.id, "entityType": "Stagesets", "modifiedTime": stamp(record.modified),
            "name": record.text("name"), "default": record.field("default"), "position": record.field("position"),
        }),
        Kind::Outcomes => json!({
            "id": record.id, "entityType": "Lead_Outcomes", "rev": record.rev.to_string(),
            "description": record.text("name"), "type": record.field("type"),
        }),
        _ => stub(account, kind, record),
    }
}

/// What other records show of one that is gone, or of one by its id.
pub(super) fn stub_of(account: &Account, kind: Kind, id: Option<i64>) -> Value {
    id.and_then(|id| account.get(kind, id)).map_or(Value::Null, |record| stub(account, kind, record))
}

/// The stub of what a field of `{entityType, id}` refers to.
pub(super) fn linked(account: &Account, record: &Record, name: &str) -> Value {
    record.link(name).map_or(Value::Null, |(kind, id)| stub_of(account, kind, Some(id)))
}

/// A record in short.
pub(super) fn stub(account: &Account, kind: Kind, record: &Record) -> Value {
    let mut view = Map::from_iter([
        ("stub".to_owned(), Value::Bool(true)),
        ("id".to_owned(), Value::from(record.id)),
        ("rev".to_owned(), Value::from(record.rev.to_string())),
        ("entityType".to_owned(), Value::from(kind.entity_type())),
    ]);
    let timeless =
        [Kind::ActivityTypes, Kind::Milestones, Kind::Outcomes, Kind::Industries, Kind::AccountTypes];
    if !timeless.contains(&kind) {
        view.insert("modifiedTime".to_owned(), Value::from(stamp(record.modified)));
    }
    if !timeless.contains(&kind) && !matches!(kind, Kind::Stagesets | Kind::Markets | Kind::Sources) {
        view.insert("createdTime".to_owned(), Value::from(stamp(record.created)));
    }
    let own = match kind {
        Kind::Accounts => json!({
            "name": record.text("name"), "regions": people::regions(record), "description": record.field("description"),
        }),
        Kind::Contacts => json!({
            "name": record.text("name"), "jobTitle": people::job_title(record), "description": record.field("description"),
        }),
        Kind::Leads => leads::in_short(account, record),
        Kind::Activities => activities::in_short(account, record),
        Kind::Users => json!({
            "name": record.text("name"), "emails": record.field("emails"), "isEnabled": record.field("isEnabled"),
            "isAdministrator": record.field("isAdministrator"),
        }),
        _ => json!({ "name": record.text("name") }),
    };
    view.extend(own.as_object().cloned().unwrap_or_default());
    Value::Object(view)
}

/// A user as one is read alone: with the parts of the name, and teams.
fn user(account: &Account, record: &Record) -> Value {
    let mut view = stub(account, Kind::Users, record);
    if let Some(members) = view.as_object_mut() {
        members.shift_remove("stub");
        members.insert("firstName".to_owned(), record.field("firstName").clone());
        members.insert("lastName".to_owned(), record.field("lastName").clone());
        let teams = record.references("teams").into_iter();
        members.insert("teams".to_owned(), teams.map(|id| stub_of(account, Kind::Teams, Some(id))).collect());
    }
    view
}

/// A stub with a word on what it has to do with the record that shows it.
pub(super) fn related(account: &Account, kind: Kind, item: &Value) -> Value {
    let mut view = stub_of(account, kind, item["id"].as_i64());
    if let Some(members) = view.as_object_mut() {
        members.insert("relationship".to_owned(), item["relationship"].clone());
    }
    view
}
