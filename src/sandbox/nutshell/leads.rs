//! Leads: what others call deals.

use serde_json::{Map, Value, json};

use super::account::Account;
use super::notes;
use super::people::list;
use super::record::{Kind, Record};
use super::refusal::Refusal;
use super::shown::{linked, related, stub_of};
use super::stamps::{instant, stamp};
use super::written::{How, integer, lay};

const KEYS: &[(&str, How)] = &[
    ("description", How::Text),
    ("primaryAccount", How::Aside),
    ("accounts", How::Records(Kind::Accounts)),
    ("contacts", How::Records(Kind::Contacts)),
    ("sources", How::Records(Kind::Sources)),
    ("confidence", How::Number(0, 100)),
    ("market", How::Aside),
    ("assignee", How::Link(&[Kind::Users, Kind::Teams])),
    ("dueTime", How::Instant),
    ("tags", How::Texts),
    ("customFields", How::Custom),
    ("note", How::Aside),
    ("priority", How::Number(0, 1)),
    ("isPending", How::Flag),
    ("milestoneId", How::Id(Kind::Milestones, "milestone")),
    ("stagesetId", How::Id(Kind::Stagesets, "stageset")),
    ("outcome", How::Aside),
    ("outcomeId", How::Aside),
    ("closedTime", How::Aside),
    ("status", How::Aside),
];

/// The fields of a lead after a write. `now` closes it.
pub(super) fn written(
    account: &Account,
    written: &Map<String, Value>,
    before: Option<&Record>,
) -> Result<Map<String, Value>, Refusal> {
    let mut fields = before.map_or_else(|| begun(account), |record| record.fields.clone());
    for name in ["accounts", "contacts"] {
        let bare = |item: &Value| item["entityType"].is_null();
        let items = written.get(name).and_then(Value::as_array);
        if before.is_some() && items.is_some_and(|items| items.iter().any(bare)) {
            return Err(Refusal::invalid(format!("entityType is required in {name}")));
        }
    }
    lay(account, Kind::Leads, KEYS, written, &mut fields)?;
    for (name, kind) in [("primaryAccount", Kind::Accounts), ("market", Kind::Markets)] {
        let Some(value) = written.get(name) else { continue };
        let id = integer(&value["id"]).filter(|id| account.get(kind, *id).is_some());
        if id.is_none() && !value.is_null() {
            return Err(Refusal::invalid(format!("Invalid value for {name}")));
        }
        fields.insert(name.to_owned(), id.into());
    }
    place(account, written, &mut fields)?;
    close(account, written, &mut fields)?;
    Ok(fields)
}

/// A lead of which nothing is said yet: in the first stage of the default pipeline.
fn begun(account: &Account) -> Map<String, Value> {
    let default = account.all(Kind::Stagesets).find(|set| set.number("default") == Some(1));
    let stageset = default.map(|set| set.id);
    let number = account.all(Kind::Leads).filter_map(|lead| lead.number("number")).max().unwrap_or(1000) + 1;
    Map::from_iter([
        ("number".to_owned(), Value::from(number)),
        ("stageset".to_owned(), stageset.into()),
        ("confidence".to_owned(), Value::from(10)),
        ("priority".to_owned(), Value::from(0)),
    ])
}

/// A stage takes its pipeline along, and a pipeline alone begins at its first stage.
fn place(
    account: &Account,
    written: &Map<String, Value>,
    fields: &mut Map<String, Value>,
) -> Result<(), Refusal> {
    let number = |fields: &Map<String, Value>, name: &str| fields.get(name).and_then(Value::as_i64);
    let stage = number(fields, "milestone").and_then(|id| account.get(Kind::Milestones, id));
    let set = number(fields, "stageset");
    if written.contains_key("milestoneId") {
        let of = stage.and_then(|stage| stage.number("stagesetId"));
        if written.contains_key("stagesetId") && of != set {
            return Err(Refusal::invalid("The stage is not part of that pipeline"));
        }
        fields.insert("stageset".to_owned(), of.into());
    } else if stage.is_none_or(|stage| stage.number("stagesetId") != set) {
        let first = set.and_then(|set| account.stages(set).first().map(|stage| stage.id));
        fields.insert("milestone".to_owned(), first.into());
    }
    Ok(())
}

/// An outcome closes a lead. A status can only be set to 0, which opens it again.
fn close(
    account: &Account,
    written: &Map<String, Value>,
    fields: &mut Map<String, Value>,
) -> Result<(), Refusal> {
    match written.get("status").map(integer) {
        None => {}
        Some(Some(0)) => {
            fields.insert("outcome".to_owned(), Value::Null);
            fields.insert("closedTime".to_owned(), Value::Null);
            fields.insert("isPending".to_owned(), Value::Bool(false));
        }
        Some(_) => return Err(Refusal::refused("The status can only be set to 0, to open the lead again")),
    }
    let named = written.get("outcomeId").or_else(|| written.get("outcome").map(|outcome| &outcome["id"]));
    if let Some(named) = named {
        let id = integer(named).filter(|id| account.get(Kind::Outcomes, *id).is_some());
        let id = id.ok_or_else(|| Refusal::invalid("Invalid value for outcome"))?;
        fields.insert("outcome".to_owned(), Value::from(id));
        let at = written.get("closedTime").and_then(Value::as_str).and_then(instant).unwrap_or(account.now);
        fields.insert("closedTime".to_owned(), Value::from(stamp(at)));
    }
    Ok(())
}

/// 0 open, 1 pending, 10 won, 11 lost, 12 cancelled.
pub(super) fn status(account: &Account, lead: &Record) -> i64 {
    let outcome = lead.number("outcome").and_then(|id| account.get(Kind::Outcomes, id));
    match outcome.and_then(|outcome| outcome.number("type")) {
        Some(closed) => closed,
        None => i64::from(lead.field("isPending") == &Value::Bool(true)),
    }
}

fn completion(account: &Account, lead: &Record) -> i64 {
    if status(account, lead) >= 10 {
        return 100;
    }
    let stages = lead.number("stageset").map(|set| account.stages(set)).unwrap_or_default();
    let at = stages.iter().position(|stage| Some(stage.id) == lead.number("milestone")).unwrap_or(0);
    i64::try_from(at * 100 / stages.len().max(1)).unwrap_or(0)
}

fn is_overdue(account: &Account, lead: &Record) -> bool {
    status(account, lead) < 10 && instant(lead.text("dueTime")).is_some_and(|due| due < account.now)
}

/// What a stub has of it.
pub(super) fn in_short(account: &Account, lead: &Record) -> Value {
    let people = lead.references("contacts");
    let name = |kind: Kind, id: Option<i64>| {
        id.and_then(|id| account.get(kind, id)).map_or(Value::Null, |record| record.field("name").clone())
    };
    json!({
        "name": format!("Lead-{}", lead.number("number").unwrap_or(0)),
        "description": lead.field("description"),
        "status": status(account, lead),
        "completion": completion(account, lead),
        "value": lead.field("value"),
        "primaryAccountName": name(Kind::Accounts, lead.number("primaryAccount")),
        "primaryContactName": name(Kind::Contacts, people.first().copied()),
        "isOverdue": is_overdue(account, lead),
        "lastContactedDate": lead.field("lastContactedDate"),
        "dueTime": lead.field("dueTime"),
        "closedTime": lead.field("closedTime"),
    })
}

/// The page of a lead in the application, which goes by its number.
pub(super) fn page(lead: &Record) -> String {
    format!("/lead/{}", lead.number("number").unwrap_or(0))
}

/// A lead with everything. The outcome and the time of closing are there only once it is closed.
pub(super) fn whole(account: &Account, lead: &Record) -> Value {
    let milestone = stub_of(account, Kind::Milestones, lead.number("milestone"));
    let relations = |name: &str, kind: Kind| -> Value {
        let items = lead.field(name).as_array().cloned().unwrap_or_default();
        items.iter().map(|item| related(account, kind, item)).collect()
    };
    let about = account.all(Kind::Notes).filter(|note| note.link("entity") == Some((Kind::Leads, lead.id)));
    let mut view = json!({
        "id": lead.id,
        "entityType": "Leads",
        "rev": lead.rev.to_string(),
        "modifiedTime": stamp(lead.modified),
        "createdTime": stamp(lead.created),
        "name": format!("Lead-{}", lead.number("number").unwrap_or(0)),
        "description": lead.field("description"),
        "htmlUrl": format!("https://app.nutshell.com{}", page(lead)),
        "htmlUrlPath": page(lead),
        "creator": stub_of(account, Kind::Users, Some(lead.creator)),
        "primaryAccount": stub_of(account, Kind::Accounts, lead.number("primaryAccount")),
        "milestone": milestone,
        "stageset": stub_of(account, Kind::Stagesets, lead.number("stageset")),
        "activitiesCount": activities_count(account, lead.id),
        "status": status(account, lead),
        "confidence": lead.field("confidence"),
        "completion": completion(account, lead),
        "urgency": "5",
        "isOverdue": is_overdue(account, lead),
        "lastContactedDate": lead.field("lastContactedDate"),
        "market": stub_of(account, Kind::Markets, lead.number("market")),
        "assignee": linked(account, lead, "assignee"),
        "sources": relations("sources", Kind::Sources),
        "competitors": [],
        "products": [],
        "contacts": relations("contacts", Kind::Contacts),
        "accounts": relations("accounts", Kind::Accounts),
        "tags": list(lead.field("tags")),
        "mergedWith": null,
        "mergedInto": [],
        "clonedFrom": null,
        "priority": lead.field("priority"),
        "channels": [],
        "dueTime": lead.field("dueTime"),
        "nextStepDueTime": null,
        "value": lead.field("value"),
        "normalizedValue": lead.field("value"),
        "processes": [],
        "notes": about.map(|note| notes::note(account, note)).collect::<Value>(),
        "estimatedValue": lead.field("value"),
        "customFields": lead.field("customFields").as_object().cloned().unwrap_or_default(),
    });
    if let Some(outcome) = lead.number("outcome").and_then(|id| account.get(Kind::Outcomes, id)) {
        view["outcome"] = super::shown::whole(account, Kind::Outcomes, outcome);
        view["closedTime"] = lead.field("closedTime").clone();
    }
    view
}

/// How many activities it has of each status.
fn activities_count(account: &Account, id: i64) -> Value {
    let mut counts = [("0", 0, 0), ("1", 1, 0), ("2", 2, 0), ("-1", -1, 0)];
    for activity in account.all(Kind::Activities).filter(|row| row.references("leads").contains(&id)) {
        let status = account.activity_status(activity);
        for (_, of, count) in &mut counts {
            *count += i64::from(*of == status);
        }
    }
    counts.into_iter().map(|(name, _, count)| (name.to_owned(), Value::from(count))).collect()
}
