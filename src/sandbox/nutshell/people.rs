//! Companies and people.

use serde_json::{Map, Value, json};

use super::account::Account;
use super::labelled;
use super::notes;
use super::record::{Kind, Record};
use super::refusal::Refusal;
use super::shown::{linked, related, stub, stub_of};
use super::stamps::stamp;
use super::written::{How, lay};

/// The custom field that holds a person's job title: where Nutshell's own example of `newContact` writes it.
const JOB_TITLE: &str = "Job Title";

const OWNERS: &[Kind] = &[Kind::Users, Kind::Teams];

const ACCOUNT: &[(&str, How)] = &[
    ("name", How::Filled),
    ("description", How::Text),
    ("industryId", How::Id(Kind::Industries, "industry")),
    ("accountTypeId", How::Id(Kind::AccountTypes, "accountType")),
    ("owner", How::Link(OWNERS)),
    ("phone", How::Labelled),
    ("email", How::Labelled),
    ("url", How::Labelled),
    ("address", How::Labelled),
    ("tags", How::Texts),
    ("customFields", How::Custom),
    ("contacts", How::Aside),
    ("note", How::Aside),
];

const CONTACT: &[(&str, How)] = &[
    ("name", How::Filled),
    ("description", How::Text),
    ("owner", How::Link(OWNERS)),
    ("phone", How::Labelled),
    ("email", How::Labelled),
    ("url", How::Labelled),
    ("address", How::Labelled),
    ("accounts", How::Records(Kind::Accounts)),
    ("tags", How::Texts),
    ("customFields", How::Custom),
    ("note", How::Aside),
];

/// The fields of a company or a person after a write.
pub(super) fn written(
    account: &Account,
    kind: Kind,
    written: &Map<String, Value>,
    before: Option<&Record>,
) -> Result<Map<String, Value>, Refusal> {
    let keys = if kind == Kind::Accounts { ACCOUNT } else { CONTACT };
    let mut fields = before.map_or_else(Map::new, |record| record.fields.clone());
    lay(account, kind, keys, written, &mut fields)?;
    if !fields.contains_key("name") {
        return Err(Refusal::invalid("A name is required"));
    }
    Ok(fields)
}

/// People whom a write of a company names as its own. Those who are already there stay what they are to it.
pub(super) fn assign(account: &mut Account, id: i64, written: &Map<String, Value>) -> Result<(), Refusal> {
    let Some(people) = written.get("contacts").and_then(Value::as_array) else { return Ok(()) };
    let wanted: Vec<i64> = people.iter().filter_map(|item| item["id"].as_i64()).collect();
    if wanted.iter().any(|person| account.get(Kind::Contacts, *person).is_none()) {
        return Err(Refusal::invalid("Invalid value for contacts"));
    }
    let there: Vec<Record> = account.all(Kind::Contacts).cloned().collect();
    for person in there {
        let mut fields = person.fields.clone();
        let mut works_for = person.field("accounts").as_array().cloned().unwrap_or_default();
        let belongs = works_for.iter().any(|item| item["id"] == id);
        match (wanted.contains(&person.id), belongs) {
            (true, false) => works_for.push(json!({ "id": id, "relationship": null })),
            (false, true) => works_for.retain(|item| item["id"] != id),
            _ => continue,
        }
        fields.insert("accounts".to_owned(), Value::Array(works_for));
        account.rewrite(Kind::Contacts, person.id, fields);
    }
    Ok(())
}

pub(super) fn job_title(record: &Record) -> Value {
    record.field("customFields").get(JOB_TITLE).cloned().unwrap_or(Value::from(""))
}

/// "Tampa, FL" of each address that has a city.
pub(super) fn regions(record: &Record) -> Value {
    let places = labelled::items(record.field("address")).filter_map(|(_, address)| {
        let city = address["city"].as_str()?;
        let state = address["state"].as_str();
        Some(Value::from(state.map_or_else(|| city.to_owned(), |state| format!("{city}, {state}"))))
    });
    places.collect()
}

/// A name as part of an address on the web.
fn slug(name: &str) -> String {
    let spaced: String =
        name.chars().map(|letter| if letter.is_alphanumeric() { letter } else { ' ' }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join("-").to_lowercase()
}

/// The page of a company or a person in the application.
pub(super) fn page(kind: Kind, record: &Record) -> String {
    let of = if kind == Kind::Accounts { "company" } else { "person" };
    format!("/{of}/{}-{}", record.id, slug(record.text("name")))
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn beginning(account: &Account, kind: Kind, record: &Record, name: Value) -> Map<String, Value> {
    members(json!({
        "id": record.id,
        "entityType": kind.entity_type(),
        "rev": record.rev.to_string(),
        "modifiedTime": stamp(record.modified),
        "createdTime": stamp(record.created),
        "name": name,
        "htmlUrl": format!("https://app.nutshell.com{}", page(kind, record)),
        "avatarUrl": format!("https://app.nutshell.com/avatar/{}/{}", kind.rest(), record.id),
        "creator": stub_of(account, Kind::Users, Some(record.creator)),
        "owner": linked(account, record, "owner"),
    }))
}

fn ending(account: &Account, kind: Kind, record: &Record) -> Map<String, Value> {
    let mut view = Map::new();
    let about = account.all(Kind::Notes).filter(|note| note.link("entity") == Some((kind, record.id)));
    view.insert("notes".to_owned(), about.map(|note| notes::note(account, note)).collect());
    view.insert("lastContactedDate".to_owned(), record.field("lastContactedDate").clone());
    view.insert("tags".to_owned(), list(record.field("tags")));
    view.insert("description".to_owned(), record.field("description").clone());
    for name in labelled::NAMES {
        view.insert(name.to_owned(), labelled::shown(record.field(name)));
    }
    view.insert("territory".to_owned(), Value::Null);
    let custom = record.field("customFields").as_object().cloned().unwrap_or_default();
    view.insert("customFields".to_owned(), Value::Object(custom));
    view.insert("deletedTime".to_owned(), Value::Null);
    view.insert("mergedInto".to_owned(), json!([]));
    view
}

/// A list, an empty one where there is none.
pub(super) fn list(value: &Value) -> Value {
    if value.is_array() { value.clone() } else { json!([]) }
}

/// The leads that a company or a person has to do with.
fn leads(account: &Account, kind: Kind, id: i64) -> Value {
    let list = if kind == Kind::Accounts { "accounts" } else { "contacts" };
    let with = account.all(Kind::Leads).filter(|lead| {
        lead.references(list).contains(&id)
            || (kind == Kind::Accounts && lead.number("primaryAccount") == Some(id))
    });
    with.map(|lead| stub(account, Kind::Leads, lead)).collect()
}

/// A company.
pub(super) fn account(account: &Account, record: &Record) -> Value {
    let mut view = beginning(account, Kind::Accounts, record, record.field("name").clone());
    view.insert("industry".to_owned(), stub_of(account, Kind::Industries, record.number("industry")));
    view.insert("accountType".to_owned(), stub_of(account, Kind::AccountTypes, record.number("accountType")));
    view.insert("leads".to_owned(), leads(account, Kind::Accounts, record.id));
    let people = account.all(Kind::Contacts);
    let people = people.filter(|person| person.references("accounts").contains(&record.id));
    view.insert("contacts".to_owned(), people.map(|person| stub(account, Kind::Contacts, person)).collect());
    view.extend(ending(account, Kind::Accounts, record));
    Value::Object(view)
}

/// A person, whose name comes in parts.
pub(super) fn contact(account: &Account, record: &Record) -> Value {
    let full = record.text("name");
    let (given, family) = full.rsplit_once(' ').map_or((full, None), |(given, family)| (given, Some(family)));
    let name = json!({ "givenName": given, "familyName": family, "salutation": null, "displayName": full });
    let mut view = beginning(account, Kind::Contacts, record, name);
    view.insert("leads".to_owned(), leads(account, Kind::Contacts, record.id));
    let works_for = record.field("accounts").as_array().cloned().unwrap_or_default();
    let works_for = works_for.iter().map(|item| {
        let mut stub = related(account, Kind::Accounts, item);
        stub["jobTitle"] = job_title(record);
        stub
    });
    view.insert("accounts".to_owned(), works_for.collect());
    view.insert("contactedCount".to_owned(), Value::from(record.number("contactedCount").unwrap_or(0)));
    view.insert("audiences".to_owned(), json!([]));
    view.extend(ending(account, Kind::Contacts, record));
    Value::Object(view)
}
