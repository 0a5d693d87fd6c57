//! Notes and files of deals. Notes can be written and not read.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::routing::{get, post, put};
use http::StatusCode;
use serde_json::{Value, json};

use super::account::{Account, items};
use super::call::{Call, created, empty, needed, ok, text};
use super::instants::naive;
use super::refusal::Refusal;
use super::{Answer, Shared};

type Ids = Path<(String, String)>;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v2/deals/{id}/notes", post(create_note))
        .route("/api/v2/deals/{id}/notes/{note}", put(update_note).delete(remove_note))
        .route("/api/v2/deals/{id}/files", post(create_file))
        .route("/api/v2/deals/{id}/files/{file}", put(rename_file).delete(remove_file))
        .route("/api/v2/deals/{id}/files/{file}/url", get(file_url))
}

fn show(account: &Account, note: &Value) -> Value {
    json!({
        "note_id": note["note_id"], "title": note["title"], "body": note["body"], "created": note["created"],
        "updated": note["updated"], "creator": account.user(&note["creator_id"]),
    })
}

fn heading(title: &str) -> Result<(), Refusal> {
    match title.chars().count() {
        1..=256 => Ok(()),
        _ => Err(Refusal::invalid("title", "takes 1 to 256 letters")),
    }
}

async fn create_note(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let body = call.members()?;
    created(nimble.change(|account| {
        account.deals.find(&id)?;
        let title = needed(body, "title")?;
        heading(title)?;
        let now = format!("{}Z", naive(account.now));
        let note = json!({
            "note_id": account.new_id(), "deal_id": id, "title": title, "body": body.get("body"), "created": now,
            "updated": now, "creator_id": account.me()["user_id"],
        });
        account.deal_notes.push(note.clone());
        Ok(show(account, &note))
    })?)
}

/// The note, if it is the deal's.
fn note_of(account: &Account, deal: &str, note: &str) -> Result<(), Refusal> {
    account.deals.find(deal)?;
    let found = account.deal_notes.find(note)?;
    if found["deal_id"] == deal { Ok(()) } else { Err(Refusal::NotFound("deal_note", note.to_owned())) }
}

async fn update_note(State(nimble): State<Shared>, Path((deal, note)): Ids, call: Call) -> Answer {
    let body = call.members()?;
    ok(nimble.change(|account| {
        note_of(account, &deal, &note)?;
        let now = format!("{}Z", naive(account.now));
        let stored = account.deal_notes.find_mut(&note)?;
        if let Some(title) = body.get("title") {
            heading(title.as_str().unwrap_or_default())?;
            stored["title"] = title.clone();
        }
        if let Some(text) = body.get("body") {
            stored["body"] = text.clone();
        }
        stored["updated"] = json!(now);
        let stored = stored.clone();
        Ok(show(account, &stored))
    })?)
}

async fn remove_note(State(nimble): State<Shared>, Path((deal, note)): Ids) -> Answer {
    nimble.change(|account| {
        note_of(account, &deal, &note)?;
        account.deal_notes.remove(&note).map(|_| ())
    })?;
    empty()
}

/// Bytes go elsewhere first; here a file is only named. The answer is empty.
async fn create_file(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let body = call.members()?;
    nimble.change(|account| {
        let name = needed(body, "file_name")?;
        let metadata = body.get("metadata").filter(|metadata| metadata["source"].is_string());
        let metadata = metadata.ok_or_else(|| Refusal::invalid("metadata", "metadata is required"))?.clone();
        let uploaded = metadata["source"] == "uploaded_azure";
        if !metadata[if uploaded { "data_id" } else { "file_url" }].is_string() {
            return Err(Refusal::invalid("metadata", "says neither what was uploaded nor where the file is"));
        }
        let file = json!({
            "uploader": account.me(), "uploaded_at": naive(account.now),
            "file_size": body.get("file_size").cloned().unwrap_or_else(|| json!(0)), "file_name": name,
            "file_id": account.new_id(), "metadata": metadata,
        });
        let deal = account.deals.find_mut(&id)?;
        if let Some(files) = deal["files"].as_array_mut() {
            files.push(file);
        }
        Ok(())
    })?;
    Ok(StatusCode::CREATED.into_response())
}

fn file(deal: &mut Value, id: &str) -> Result<usize, Refusal> {
    let place = items(&deal["files"]).iter().position(|file| file["file_id"] == id);
    place.ok_or_else(|| Refusal::NotFound("deal_file", id.to_owned()))
}

async fn rename_file(State(nimble): State<Shared>, Path((deal, id)): Ids, call: Call) -> Answer {
    let body = call.members()?;
    nimble.change(|account| {
        let deal = account.deals.find_mut(&deal)?;
        let place = file(deal, &id)?;
        if deal["files"][place]["metadata"]["source"] != "uploaded_azure" {
            return Err(Refusal::Against("Only uploaded files can be renamed".to_owned()));
        }
        if let Some(name) = text(body, "new_file_name") {
            deal["files"][place]["file_name"] = json!(name);
        }
        Ok(())
    })?;
    empty()
}

async fn remove_file(State(nimble): State<Shared>, Path((deal, id)): Ids) -> Answer {
    nimble.change(|account| {
        let deal = account.deals.find_mut(&deal)?;
        let place = file(deal, &id)?;
        if let Some(files) = deal["files"].as_array_mut() {
            files.remove(place);
        }
        Ok(())
    })?;
    empty()
}

async fn file_url(State(nimble): State<Shared>, Path((deal, id)): Ids) -> Answer {
    let mut deal = nimble.look().deals.find(&deal)?.clone();
    let place = file(&mut deal, &id)?;
    let found = &deal["files"][place];
    let elsewhere = found["metadata"]["file_url"].as_str().map(str::to_owned);
    let name = found["file_name"].as_str().unwrap_or_default();
    ok(
        json!({ "url": elsewhere.unwrap_or_else(|| format!("https://files.example/{id}/{name}?signature=sandbox")) }),
    )
}
