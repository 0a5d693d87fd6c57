//! Activities: calls, meetings and whatever else is done with people.

use serde_json::{Map, Value, json};

use super::account::Account;
use super::people::list;
use super::record::{Kind, Record};
use super::refusal::Refusal;
use super::shown::stub_of;
use super::stamps::{instant, stamp};
use super::written::{How, integer, lay};

const KEYS: &[(&str, How)] = &[
    ("name", How::Filled),
    ("description", How::Text),
    ("activityTypeId", How::Id(Kind::ActivityTypes, "activityType")),
    ("startTime", How::Instant),
    ("endTime", How::Instant),
    ("isAllDay", How::Flag),
    ("isTimed", How::Flag),
    ("isFlagged", How::Flag),
    ("status", How::Aside),
    ("leads", How::Records(Kind::Leads)),
    ("participants", How::Mixed(&[Kind::Users, Kind::Contacts])),
    ("logNote", How::Aside),
    ("location", How::Text),
];

/// The fields of an activity after a write by a user.
pub(super) fn written(
    account: &Account,
    author: i64,
    written: &Map<String, Value>,
    before: Option<&Record>,
) -> Result<Map<String, Value>, Refusal> {
    let mut fields = before.map_or_else(Map::new, |record| record.fields.clone());
    lay(account, Kind::Activities, KEYS, written, &mut fields)?;
    if !fields.contains_key("name") {
        return Err(Refusal::invalid("A name is required"));
    }
    if fields.get("activityType").is_none_or(Value::is_null) {
        return Err(Refusal::invalid("An activity type is required"));
    }
    if let Some(status) = written.get("status") {
        // An activity becomes overdue by itself.
        let status = integer(status).filter(|status| (0..=2).contains(status));
        let status = status.ok_or_else(|| Refusal::invalid("Invalid value for status"))?;
        fields.insert("status".to_owned(), Value::from(status));
    }
    if let Some(note) = written.get("logNote") {
        let text = if note.is_null() { &Value::Null } else { &note["note"] };
        fields.insert("logNote".to_owned(), text.clone());
    }
    let logged = fields.get("status").and_then(Value::as_i64) == Some(1);
    let by = fields.get("loggedBy").and_then(Value::as_i64).or(Some(author)).filter(|_| logged);
    fields.insert("loggedBy".to_owned(), by.into());
    let times =
        ["startTime", "endTime"].map(|name| fields.get(name).and_then(Value::as_str).and_then(instant));
    if let [Some(start), Some(end)] = times
        && end < start
    {
        return Err(Refusal::invalid("An activity can't end before it starts"));
    }
    Ok(fields)
}

/// What a stub has of it.
pub(super) fn in_short(account: &Account, activity: &Record) -> Value {
    let (leads, flag) =
        (activity.references("leads"), |name: &str| activity.field(name) == &Value::Bool(true));
    json!({
        "name": activity.text("name"),
        "activityType": stub_of(account, Kind::ActivityTypes, activity.number("activityType")),
        "lead": stub_of(account, Kind::Leads, leads.first().copied()),
        "leads": leads.iter().map(|id| stub_of(account, Kind::Leads, Some(*id))).collect::<Value>(),
        "startTime": activity.field("startTime"),
        "endTime": activity.field("endTime"),
        "isAllDay": flag("isAllDay"),
        "isTimed": !flag("isAllDay"),
        "isFlagged": flag("isFlagged"),
        "status": account.activity_status(activity),
        "loggedBy": stub_of(account, Kind::Users, activity.number("loggedBy")),
    })
}

/// An activity with everything.
pub(super) fn whole(account: &Account, activity: &Record) -> Value {
    let mut view = Map::from_iter([
        ("id".to_owned(), Value::from(activity.id)),
        ("entityType".to_owned(), Value::from("Activities")),
        ("rev".to_owned(), Value::from(activity.rev.to_string())),
        ("modifiedTime".to_owned(), Value::from(stamp(activity.modified))),
        ("createdTime".to_owned(), Value::from(stamp(activity.created))),
        ("name".to_owned(), activity.field("name").clone()),
        ("description".to_owned(), activity.field("description").clone()),
    ]);
    view.extend(in_short(account, activity).as_object().cloned().unwrap_or_default());
    let people = list(activity.field("participants"));
    let people = people.as_array().into_iter().flatten().map(|item| {
        let kind = item["entityType"].as_str().and_then(Kind::of_entity_type).unwrap_or(Kind::Contacts);
        let mut stub = stub_of(account, kind, item["id"].as_i64());
        stub["status"] = Value::from(3); // whether they come: a count of its own
        stub
    });
    view.insert("participants".to_owned(), people.collect());
    view.insert("logDescription".to_owned(), Value::Null);
    view.insert("logNote".to_owned(), log_note(account, activity));
    view.insert("location".to_owned(), activity.field("location").clone());
    Value::Object(view)
}

/// What was noted when it was logged, as a note.
fn log_note(account: &Account, activity: &Record) -> Value {
    match activity.field("logNote") {
        Value::String(text) => json!({
            "id": activity.id + 500_000, "rev": "1", "entityType": "Notes", "note": text, "noteMarkup": text,
            "user": stub_of(account, Kind::Users, activity.number("loggedBy").or(Some(activity.creator))), "files": [],
        }),
        _ => Value::Null,
    }
}
