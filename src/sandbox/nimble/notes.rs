//! Notes about contacts. Their text is URL-encoded HTML.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde_json::{Map, Value, json};

use super::account::{Account, items};
use super::call::{Call, created, needed, ok, text, texts};
use super::instants::without_colon;
use super::refusal::Refusal;
use super::{Answer, Shared, paging};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v1/contacts/notes", post(create))
        .route("/api/v1/contacts/notes/{id}", get(read).put(update).post(create_with_id).delete(remove))
        .route("/api/v1/contacts/{id}/notes", get(list).post(create_for_contact))
}

fn show(account: &Account, note: &Value) -> Value {
    let owner = account.user(&note["owner_id"]);
    let contacts = items(&note["contact_ids"]).iter().filter_map(Value::as_str);
    json!({
        "id": note["id"], "note": note["note"], "note_preview": note["note_preview"],
        "author_name": owner["name"], "created": note["created"], "updated": note["updated"],
        "owner_id": note["owner_id"], "owner": owner,
        "contacts": contacts.map(|id| account.short(id)).collect::<Vec<_>>(),
    })
}

async fn list(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let account = nimble.look();
    account.contact(&id)?;
    let about = |note: &&Value| items(&note["contact_ids"]).iter().any(|contact| *contact == id);
    let rows = account.notes.iter().rev().filter(about).map(|note| show(&account, note)).collect();
    ok(paging::numbered(&call, "resources", ("per_page", 5), 1, rows)?)
}

async fn read(State(nimble): State<Shared>, Path(id): Path<String>) -> Answer {
    let account = nimble.look();
    ok(show(&account, account.notes.find(&id)?))
}

/// The contacts of a note, which must all be there.
fn contacts(account: &Account, body: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    let ids = texts(body, "contact_ids")?.unwrap_or_default();
    if ids.is_empty() || ids.len() > 10 {
        return Err(Refusal::invalid("contact_ids", "takes one to ten contacts"));
    }
    ids.iter().try_for_each(|id| account.contact(id).map(|_| ()))?;
    Ok(ids)
}

fn add(
    account: &mut Account,
    id: String,
    body: &Map<String, Value>,
    about: &[String],
) -> Result<Value, Refusal> {
    let now = without_colon(account.now);
    let note = json!({
        "id": id, "note": needed(body, "note")?, "note_preview": text(body, "note_preview"),
        "contact_ids": about, "owner_id": account.me()["user_id"], "created": now, "updated": now,
    });
    account.notes.push(note.clone());
    Ok(show(account, &note))
}

async fn create(State(nimble): State<Shared>, call: Call) -> Answer {
    let body = call.members()?;
    created(nimble.change(|account| {
        needed(body, "note_preview")?;
        let about = contacts(account, body)?;
        let id = account.new_id();
        add(account, id, body, &about)
    })?)
}

/// Doing it again with the same id makes no second note.
async fn create_with_id(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let body = call.members()?;
    if id.len() != 24 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Refusal::wrong("the id must have 24 hexadecimal digits"));
    }
    created(nimble.change(|account| {
        needed(body, "note_preview")?;
        let about = contacts(account, body)?;
        match account.notes.get(&id) {
            Some(note) => Ok(show(account, note)),
            None => add(account, id.clone(), body, &about),
        }
    })?)
}

async fn create_for_contact(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let body = call.members()?;
    created(nimble.change(|account| {
        account.contact(&id)?;
        let note = account.new_id();
        add(account, note, body, std::slice::from_ref(&id))
    })?)
}

async fn update(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let body = call.members()?;
    ok(nimble.change(|account| {
        let (note, preview) = (needed(body, "note")?, needed(body, "note_preview")?);
        account.notes.find(&id)?;
        let about = contacts(account, body)?;
        let now = without_colon(account.now);
        let stored = account.notes.find_mut(&id)?;
        stored["note"] = json!(note);
        stored["note_preview"] = json!(preview);
        stored["contact_ids"] = json!(about);
        stored["updated"] = json!(now);
        let stored = stored.clone();
        Ok(show(account, &stored))
    })?)
}

async fn remove(State(nimble): State<Shared>, Path(id): Path<String>) -> Answer {
    nimble.change(|account| account.notes.remove(&id).map(|_| ()))?;
    ok(json!({ "id": id }))
}
