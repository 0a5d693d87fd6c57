//! Records as REST shows them.

use serde_json::{Map, Value, json};

use super::account::Account;
use super::record::{Kind, Record};
use super::stamps::{instant, seconds};
use super::{labelled, leads, people};

/// `15-accounts`
fn tagged(kind: Kind, id: Option<i64>) -> Value {
    id.map_or(Value::Null, |id| Value::from(format!("{id}-{}", kind.rest())))
}

fn all_tagged(kind: Kind, ids: &[i64]) -> Value {
    ids.iter().map(|id| tagged(kind, Some(*id))).collect()
}

fn link(record: &Record, name: &str) -> Value {
    record.link(name).map_or(Value::Null, |(kind, id)| tagged(kind, Some(id)))
}

/// A record.
pub(super) fn view(account: &Account, kind: Kind, record: &Record) -> Value {
    let id = format!("{}-{}", record.id, kind.rest());
    let mut view = Map::from_iter([
        ("id".to_owned(), Value::from(id.clone())),
        ("type".to_owned(), Value::from(kind.rest())),
        ("href".to_owned(), Value::from(format!("https://app.nutshell.com/rest/{}/{id}", kind.rest()))),
    ]);
    let own = match kind {
        Kind::Accounts | Kind::Contacts => person(kind, record),
        Kind::Leads => lead(account, record),
        Kind::Activities => activity(account, record),
        Kind::Notes => note(account, record),
        Kind::Tasks => task(record),
        Kind::Users => json!({
            "name": record.text("name"), "firstName": record.field("firstName"), "emails": record.field("emails"),
            "isEnabled": record.field("isEnabled"), "isAdministrator": record.field("isAdministrator"),
            "modifiedTime": record.modified.unix_timestamp(),
            "links": { "teams": all_tagged(Kind::Teams, &record.references("teams")) },
        }),
        Kind::Stagesets => {
            let stages: Vec<i64> = account.stages(record.id).iter().map(|stage| stage.id).collect();
            json!({
                "name": record.text("name"), "default": record.number("default") == Some(1), "canAccess": true,
                "status": 1, "links": { "stages": all_tagged(Kind::Milestones, &stages) },
            })
        }
        _ => json!({
            "name": record.text("name"), "description": null, "position": record.field("position"),
            "links": { "stageset": tagged(Kind::Stagesets, record.number("stagesetId")) },
        }),
    };
    view.extend(own.as_object().cloned().unwrap_or_default());
    Value::Object(view)
}

fn person(kind: Kind, record: &Record) -> Value {
    let mut view = json!({
        "name": record.text("name"),
        "description": record.field("description"),
        "emails": labelled::listed("email", record.field("email")),
        "addresses": labelled::listed("address", record.field("address")),
        "phones": labelled::listed("phone", record.field("phone")),
        "urls": labelled::listed("url", record.field("url")),
        "htmlUrl": format!("https://app.nutshell.com{}", people::page(kind, record)),
        "htmlUrlPath": people::page(kind, record),
        "links": {
            "creator": tagged(Kind::Users, Some(record.creator)), "owner": link(record, "owner"), "territory": null,
            "tags": [], "files": [],
        },
    });
    if kind == Kind::Contacts {
        let full = record.text("name");
        let (first, last) = full.rsplit_once(' ').map_or((full, None), |(first, last)| (first, Some(last)));
        view["jobTitle"] = people::job_title(record);
        view["firstName"] = Value::from(first);
        view["lastName"] = Value::from(last);
        view["links"]["accounts"] = all_tagged(Kind::Accounts, &record.references("accounts"));
    } else {
        view["revenue"] = Value::Null;
        view["employeeCount"] = Value::Null;
        view["links"]["accountType"] = tagged(Kind::AccountTypes, record.number("accountType"));
        view["links"]["industry"] = tagged(Kind::Industries, record.number("industry"));
    }
    view
}

/// An instant of a lead's, which REST tells in three ways.
fn told(stored: &Value) -> Value {
    match stored.as_str().and_then(instant) {
        Some(at) => json!({
            "absoluteLocalizedString": at.date().to_string(), "timestamp": at.unix_timestamp(),
            "value": at.date().to_string(),
        }),
        None => Value::Null,
    }
}

fn lead(account: &Account, record: &Record) -> Value {
    let status = match leads::status(account, record) {
        10 => "won",
        11 => "lost",
        12 => "cancelled",
        1 => "pending",
        _ => "open",
    };
    let mut accounts: Vec<i64> = record.number("primaryAccount").into_iter().collect();
    accounts.extend(record.references("accounts"));
    json!({
        "name": record.field("description"),
        "value": record.field("value"),
        "number": record.number("number").map(|number| number.to_string()),
        "description": record.field("description"),
        "dueTime": told(record.field("dueTime")),
        "anticipatedClosedTime": told(record.field("dueTime")),
        "closedTime": told(record.field("closedTime")),
        "status": status,
        "confidence": record.field("confidence"),
        "priority": record.field("priority"),
        "htmlUrl": format!("https://app.nutshell.com{}", leads::page(record)),
        "htmlUrlPath": leads::page(record),
        "links": {
            "accounts": all_tagged(Kind::Accounts, &accounts),
            "contacts": all_tagged(Kind::Contacts, &record.references("contacts")),
            "sources": all_tagged(Kind::Sources, &record.references("sources")),
            "owner": link(record, "assignee"),
            "stage": tagged(Kind::Milestones, record.number("milestone")),
            "stageset": tagged(Kind::Stagesets, record.number("stageset")),
            "creator": tagged(Kind::Users, Some(record.creator)),
            "outcome": tagged(Kind::Outcomes, record.number("outcome")),
            "tags": [],
        },
    })
}

fn activity(account: &Account, record: &Record) -> Value {
    let status = account.activity_status(record);
    let of = |kind: Kind| -> Value {
        let items = record.field("participants").as_array().map(Vec::as_slice).unwrap_or_default();
        let items = items.iter().filter(|item| item["entityType"] == kind.entity_type());
        items.map(|item| tagged(kind, item["id"].as_i64())).collect()
    };
    json!({
        "name": record.text("name"),
        "agenda": record.field("description"),
        "createdTime": record.created.unix_timestamp(),
        "modifiedTime": record.modified.unix_timestamp(),
        "startTime": seconds(record.field("startTime")),
        "endTime": seconds(record.field("endTime")),
        "deletedTime": null,
        "isAllDay": record.field("isAllDay") == &Value::Bool(true),
        "isFlagged": record.field("isFlagged") == &Value::Bool(true),
        "isCancelled": status == 2,
        "isLogged": status == 1,
        "isOverdue": status == -1,
        "links": {
            "accounts": [], "activityType": tagged(Kind::ActivityTypes, record.number("activityType")),
            "contacts": of(Kind::Contacts), "users": of(Kind::Users),
            "leads": all_tagged(Kind::Leads, &record.references("leads")),
            "creator": tagged(Kind::Users, Some(record.creator)),
            "logger": tagged(Kind::Users, record.number("loggedBy")),
        },
    })
}

/// A note: nobody tells who wrote it.
fn note(account: &Account, record: &Record) -> Value {
    let text = record.text("note");
    json!({
        "body": text,
        "bodyHtml": format!("<p>{text}</p>"),
        "bodyMarkup": text,
        "createdTime": record.created.unix_timestamp(),
        "deletedTime": null,
        "isEditable": account.may_edit_note(record, record.creator),
        "parentType": record.link("entity").map(|(kind, _)| kind.rest()),
        "htmlUrl": format!("https://app.nutshell.com/note/{}", record.id),
        "links": {
            "parent": link(record, "entity"), "accounts": [], "contacts": [], "leads": [], "users": [], "teams": [],
        },
    })
}

fn task(record: &Record) -> Value {
    json!({
        "title": record.text("title"),
        "description": record.field("description"),
        "dueTime": seconds(record.field("dueTime")),
        "completedTime": seconds(record.field("completedTime")),
        "links": { "relatedEntity": link(record, "entity"), "assignee": link(record, "assignee") },
    })
}

/// The fields that every record of a kind has, by their names.
pub(super) fn builtin(account: &Account, kind: Kind) -> Value {
    let choices =
        |of: Kind| -> Value { account.all(of).map(|record| record.field("name").clone()).collect() };
    let field = |kind: &str, title: &str, addable: bool| {
        json!({ "type": kind, "title": title, "isFilterable": true, "isDisplayable": true, "isAddable": addable,
                "isNullable": true, "relationships": [], "enum": null })
    };
    let mut properties =
        json!({ "name": field("string", "Name", true), "tags": field("array", "Tags", true) });
    match kind {
        Kind::Leads => {
            properties["confidence"] = field("number", "Confidence", true);
            properties["dueTime"] = field("date", "Close date", true);
            properties["createdTime"] = field("date", "Created", false);
        }
        Kind::Accounts => {
            properties["industry"] = field("string", "Industry", true);
            properties["industry"]["enum"] = choices(Kind::Industries);
            properties["createdTime"] = field("date", "Created", false);
        }
        _ => {
            properties["jobTitle"] = field("string", "Job title", true);
            properties["createdTime"] = field("date", "Created", false);
        }
    }
    json!({ "properties": properties })
}
