//! People and companies: lists and searches, the records, their tags and main values.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, put};
use serde_json::{Map, Value, json};

use super::account::{Account, items};
use super::call::{Call, ok, texts};
use super::contact_view::name_of;
use super::instants::naive;
use super::refusal::Refusal;
use super::{Answer, Shared, paging, search};

/// Ids that one request may ask for.
const MOST_AT_ONCE: usize = 30;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v1/contacts", get(list).delete(bulk))
        .route("/api/v1/contacts/ids", get(ids))
        .route("/api/v1/contact", get(several).post(create))
        .route("/api/v1/contact/{id}", get(read).put(update).delete(remove))
        .route("/api/v1/contact/{id}/field", put(set_primary).delete(unset_primary))
        .route("/api/v1/contacts/{id}/tags", put(assign_tags))
}

/// The contacts that keyword, query or record type select, in the order that was asked for.
fn selected(account: &Account, call: &Call) -> Result<Vec<Value>, Refusal> {
    let query = match (call.param("keyword"), call.param("query")) {
        (Some(_), Some(_)) => return Err(Refusal::wrong("keyword and query can't be used together")),
        (None, Some(query)) => Some(query),
        _ => None,
    };
    let condition = query.map(search::Condition::parse).transpose()?;
    let kind = match call.param("record_type") {
        _ if query.is_some() => "all",
        None | Some("all") => "all",
        Some("person") => "person",
        Some("company") => "company",
        Some(_) => return Err(Refusal::wrong("record_type must be person, company or all")),
    };
    let fits = |contact: &&Value| {
        (kind == "all" || contact["record_type"] == kind)
            && call.param("keyword").is_none_or(|word| search::has_word(contact, word))
            && condition.as_ref().is_none_or(|condition| condition.fits(contact))
    };
    let mut found: Vec<Value> = account.contacts.iter().filter(fits).cloned().collect();
    order(call, &mut found)?;
    Ok(found)
}

fn order(call: &Call, found: &mut [Value]) -> Result<(), Refusal> {
    let Some(sort) = call.param("sort") else { return Ok(()) };
    let (field, direction) = sort.split_once(':').unwrap_or((sort, "asc"));
    if !matches!(direction, "asc" | "desc") {
        return Err(Refusal::wrong("sort must end in :asc or :desc"));
    }
    let key = |contact: &Value| match field {
        "created" | "updated" => contact[field].as_str().unwrap_or_default().to_owned(),
        "name" => name_of(contact).to_lowercase(),
        field => super::contact_view::value(contact, field).to_lowercase(),
    };
    found.sort_by_key(key);
    if direction == "desc" {
        found.reverse();
    }
    Ok(())
}

/// A contact with only what the request wants of it.
fn shown(account: &Account, contact: &Value, call: &Call) -> Value {
    let mut shown = account.show(contact, &call.items("contexts").unwrap_or_default());
    if let (Some(wanted), Some(fields)) = (call.items("fields"), shown["fields"].as_object_mut()) {
        fields.retain(|name, _| wanted.contains(name));
    }
    shown
}

async fn list(State(nimble): State<Shared>, call: Call) -> Answer {
    let account = nimble.look();
    let found = selected(&account, &call)?;
    let mut page = paging::numbered(&call, "resources", ("per_page", 30), 1, found)?;
    if let Some(rows) = page["resources"].as_array_mut() {
        rows.iter_mut().for_each(|contact| *contact = shown(&account, contact, &call));
    }
    ok(page)
}

async fn ids(State(nimble): State<Shared>, call: Call) -> Answer {
    let found = selected(&nimble.look(), &call)?;
    let ids = found.into_iter().map(|contact| contact["id"].clone()).collect();
    ok(paging::numbered(&call, "resources", ("per_page", 30), 1, ids)?)
}

async fn several(State(nimble): State<Shared>, call: Call) -> Answer {
    let ids = call.items("id").ok_or_else(|| Refusal::wrong("id is required"))?;
    if ids.len() > MOST_AT_ONCE {
        return Err(Refusal::wrong("id takes 30 ids at most"));
    }
    envelope(&nimble.look(), &ids, &call)
}

/// An id that no contact has is passed over without a word.
async fn read(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    envelope(&nimble.look(), &[id], &call)
}

fn envelope(account: &Account, ids: &[String], call: &Call) -> Answer {
    let found = ids.iter().filter_map(|id| account.contacts.get(id));
    let resources: Vec<Value> = found.map(|contact| shown(account, contact, call)).collect();
    let mut body = json!({ "resources": resources });
    if call.flag("meta") {
        body["contacts_meta"] = json!({ "fields": {}, "groups": {} });
    }
    ok(body)
}

async fn create(State(nimble): State<Shared>, call: Call) -> Answer {
    let body = call.members()?.clone();
    let shown = nimble.change(|account| {
        let kind = body.get("record_type").or_else(|| body.get("type")).and_then(Value::as_str).unwrap_or("person");
        if !matches!(kind, "person" | "company") {
            return Err(Refusal::invalid("record_type", "must be person or company"));
        }
        let fields = body.get("fields").and_then(Value::as_object);
        let fields = fields.ok_or_else(|| Refusal::invalid("fields", "fields is required"))?;
        let tags = created_tags(body.get("tags"))?;
        let owner = owner(account, body.get("owner_id"))?;
        let id = account.new_id();
        let me = account.me()["user_id"].clone();
        let now = naive(account.now);
        let mut contact = json!({
            "id": id, "record_type": kind, "fields": { "source": [
                { "label": "source", "modifier": "", "value": "m", "is_primary": false }
            ] },
            "owner_id": owner, "created": now, "updated": now, "creator_id": me, "updater_id": null, "tags": tags,
            "avatar_url": body.get("avatar_url").cloned().unwrap_or_else(|| picture(kind)),
            "is_important": null, "privacy": body.get("privacy").cloned().unwrap_or_else(everybody),
            "leads": [], "last_contacted": null,
        });
        account.write_fields(&mut contact, fields, false)?;
        account.contacts.push(contact.clone());
        Ok(account.show(&contact, &[]))
    })?;
    ok(shown)
}

fn picture(kind: &str) -> Value {
    json!(format!("https://app.nimble.com/api/avatars/{kind}_default"))
}

fn everybody() -> Value {
    json!({ "read": null, "edit": null })
}

fn owner(account: &Account, id: Option<&Value>) -> Result<Value, Refusal> {
    match id {
        None => Ok(account.me()["user_id"].clone()),
        Some(Value::Null) => Ok(Value::Null),
        Some(id) if account.user(id).is_null() => {
            Err(Refusal::invalid("owner_id", "is no user of the company"))
        }
        Some(id) => Ok(id.clone()),
    }
}

/// Tags at creation are one text with commas between; a comma within a tag is escaped.
fn created_tags(given: Option<&Value>) -> Result<Vec<String>, Refusal> {
    let Some(given) = given.filter(|given| !given.is_null()) else { return Ok(Vec::new()) };
    let text =
        given.as_str().ok_or_else(|| Refusal::invalid("tags", "must be text with commas between tags"))?;
    let tags: Vec<String> = text
        .replace("\\,", "\u{0}")
        .split(',')
        .map(|tag| tag.replace('\u{0}', ",").trim().to_owned())
        .filter(|tag| !tag.is_empty())
        .collect();
    if tags.len() > 5 {
        return Err(Refusal::invalid("tags", "takes five tags at most"));
    }
    Ok(tags)
}

async fn update(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let body = call.members()?.clone();
    // `type` is the name of today, `replace` that of old.
    let adds = !(call.flag("type") || call.flag("replace"));
    let shown = nimble.change(|account| {
        let mut contact = account.contact(&id)?.clone();
        if let Some(fields) = body.get("fields") {
            let fields = fields.as_object().ok_or_else(|| Refusal::invalid("fields", "must be an object"))?;
            account.write_fields(&mut contact, fields, adds)?;
        }
        for name in ["avatar_url", "is_important"] {
            if let Some(value) = body.get(name) {
                contact[name] = value.clone();
            }
        }
        touch(account, &mut contact);
        let shown = account.show(&contact, &[]);
        *account.contacts.find_mut(&id)? = contact;
        Ok(shown)
    })?;
    ok(shown)
}

/// Notes who changed a contact, and when.
pub(super) fn touch(account: &Account, contact: &mut Value) {
    contact["updated"] = json!(naive(account.now));
    contact["updater_id"] = account.me()["user_id"].clone();
}

/// Ids may be several, with commas between.
async fn remove(State(nimble): State<Shared>, Path(id): Path<String>) -> Answer {
    let ids: Vec<String> = id.split(',').map(str::to_owned).collect();
    let gone = ids.clone();
    nimble.change(|account| ids.iter().try_for_each(|id| account.contacts.remove(id).map(|_| ())))?;
    ok(json!({ "status": "ok", "data": { "ids": gone } }))
}

async fn bulk(State(nimble): State<Shared>, call: Call) -> Answer {
    let gone = nimble.change(|account| {
        let found = selected(account, &call)?;
        let ids: Vec<Value> = found.into_iter().map(|contact| contact["id"].clone()).collect();
        account.contacts.retain(|contact| !ids.contains(&contact["id"]));
        Ok(ids)
    })?;
    let push = json!({
        "action": "delete", "created": naive(nimble.now()), "id": "removed-1", "is_new": true, "object": {},
        "object_type": "contacts",
    });
    ok(json!({ "status": "ok", "data": { "ids": gone, "push_data": push } }))
}

async fn assign_tags(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let body = call.members()?;
    let tags = texts(body, "tags")?.ok_or_else(|| Refusal::invalid("tags", "tags is required"))?;
    let shown = nimble.change(|account| {
        let mut contact = account.contact(&id)?.clone();
        contact["tags"] = json!(tags);
        touch(account, &mut contact);
        let shown = account.show(&contact, &[]);
        *account.contacts.find_mut(&id)? = contact;
        Ok(shown)
    })?;
    ok(shown)
}

async fn set_primary(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    primary(&nimble, &id, call.members()?, true)
}

/// A deletion with a body.
async fn unset_primary(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    primary(&nimble, &id, call.members()?, false)
}

fn primary(nimble: &Shared, id: &str, body: &Map<String, Value>, on: bool) -> Answer {
    let field_id = super::call::needed(body, "field_id")?;
    let position = body.get("position").and_then(Value::as_u64);
    let position = position.and_then(|position| usize::try_from(position).ok());
    let position = position.ok_or_else(|| Refusal::invalid("position", "position is required"))?;
    nimble.change(|account| {
        let field = account.contact_fields().into_iter().find(|field| field["field_id"] == field_id);
        let name = field.and_then(|field| field["name"].as_str().map(str::to_owned));
        let name = name.ok_or_else(|| Refusal::NotFound("contact_field", field_id.to_owned()))?;
        let contact = account.contacts.find_mut(id)?;
        let mut entries = items(&contact["fields"][&name]).to_vec();
        if position >= entries.len() {
            return Err(Refusal::invalid("position", "is beyond the values of the field"));
        }
        for (place, entry) in entries.iter_mut().enumerate() {
            if on || place == position {
                entry["is_primary"] = json!(on && place == position);
            }
        }
        contact["fields"][&name] = Value::Array(entries);
        Ok(())
    })?;
    super::call::empty()
}
