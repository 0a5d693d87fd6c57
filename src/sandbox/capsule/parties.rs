//! People and organisations: `/parties`.

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::header::LOCATION;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::Shared;
use super::account::Account;
use super::call::{Call, Id};
use super::dates::{instant, stamp};
use super::filters;
use super::paging::Listing;
use super::party::Party;
use super::party_view::{self, Embed};
use super::party_write;
use super::refusal::{Problem, Refusal};

/// Parties that can be asked for by id at once.
const MAX_IDS: usize = 10;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/parties", get(list).post(create))
        .route("/parties/{id}", get(show).put(update).delete(remove))
        .route("/parties/{id}/people", get(people))
        .route("/parties/search", get(search))
        .route("/parties/deleted", get(deleted))
        .route("/parties/filters/results", post(filter))
}

async fn list(State(capsule): State<Shared>, call: Call) -> Result<Response, Refusal> {
    let since = since(&call)?;
    capsule.read(|account| {
        let parties = account.parties.iter().rev();
        let changed: Vec<&Party> =
            parties.filter(|party| since.is_none_or(|since| party.updated_at > since)).collect();
        reply_with(account, &call, &changed)
    })
}

async fn search(State(capsule): State<Shared>, call: Call) -> Result<Response, Refusal> {
    let text = call.params.get("q").unwrap_or_default();
    capsule.read(|account| reply_with(account, &call, &filters::search(account, text)))
}

async fn filter(State(capsule): State<Shared>, call: Call) -> Result<Response, Refusal> {
    let now = capsule.now();
    capsule.read(|account| {
        let parties = filters::matches(account, &call, now)?;
        reply_with(account, &call, &parties)
    })
}

/// The people of an organisation; a person has none.
async fn people(State(capsule): State<Shared>, Id(id): Id, call: Call) -> Result<Response, Refusal> {
    capsule.read(|account| {
        account.parties.get(id).ok_or(Refusal::NotFound)?;
        let parties = account.parties.iter().rev();
        let people: Vec<&Party> = parties.filter(|party| party.organisation() == Some(id)).collect();
        reply_with(account, &call, &people)
    })
}

fn reply_with(account: &Account, call: &Call, parties: &[&Party]) -> Result<Response, Refusal> {
    let embed = Embed::of(&call.params);
    let view = |party: &&Party| party_view::full(account, party, embed);
    Ok(Listing::of(call, "parties", parties, view)?.reply(call))
}

async fn deleted(State(capsule): State<Shared>, call: Call) -> Result<Response, Refusal> {
    let since = since(&call)?.ok_or_else(|| Problem::required("party", "since"))?;
    capsule.read(|account| {
        let tombstones = account.parties.deleted_after(since);
        let listing = Listing::of(
            &call,
            "parties",
            &tombstones,
            |tombstone| json!({ "id": tombstone.id, "deletedAt": stamp(tombstone.at) }),
        )?;
        let listing = listing.beside("restrictedParties", json!([]));
        Ok(listing.reply(&call))
    })
}

fn since(call: &Call) -> Result<Option<OffsetDateTime>, Refusal> {
    let Some(text) = call.params.get("since") else {
        return Ok(None);
    };
    match instant(text) {
        Some(since) => Ok(Some(since)),
        None => Err(Problem::wrong_type("party", "since").into()),
    }
}

/// One party as `party`, or up to ten, by ids with commas between them, as `parties`; of those, unknown ones are
/// left out.
async fn show(
    State(capsule): State<Shared>,
    Path(ids): Path<String>,
    call: Call,
) -> Result<Response, Refusal> {
    let ids: Result<Vec<i64>, _> = ids.split(',').map(str::parse).collect();
    let ids = ids.map_err(|_| Refusal::NotFound)?;
    if ids.len() > MAX_IDS {
        return Err(Problem::new("party", "id", "too many ids").into());
    }
    let embed = Embed::of(&call.params);
    capsule.read(|account| {
        if let [id] = ids[..] {
            return Ok(Json(one(account, id, embed)?).into_response());
        }
        let parties = ids.iter().filter_map(|id| account.parties.get(*id));
        let views: Vec<Value> = parties.map(|party| party_view::full(account, party, embed)).collect();
        Ok(Json(json!({ "parties": views })).into_response())
    })
}

async fn create(State(capsule): State<Shared>, call: Call) -> Result<Response, Refusal> {
    let written = call.wrapped("party")?;
    let now = capsule.now();
    let embed = Embed::of(&call.params);
    let (id, view) = capsule.write(|account| {
        let id = party_write::create(account, &written, call.author, now)?;
        Ok((id, one(account, id, embed)?))
    })?;
    let location = call.url_of(&format!("/parties/{id}"));
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(view)).into_response())
}

async fn update(State(capsule): State<Shared>, Id(id): Id, call: Call) -> Result<Json<Value>, Refusal> {
    let written = call.wrapped("party")?;
    let now = capsule.now();
    let embed = Embed::of(&call.params);
    capsule.write(|account| {
        party_write::update(account, id, &written, now)?;
        one(account, id, embed).map(Json)
    })
}

async fn remove(State(capsule): State<Shared>, Id(id): Id, _: Call) -> Result<StatusCode, Refusal> {
    let now = capsule.now();
    capsule.write(|account| {
        if account.delete_party(id, now) { Ok(StatusCode::NO_CONTENT) } else { Err(Refusal::NotFound) }
    })
}

fn one(account: &Account, id: i64, embed: Embed) -> Result<Value, Refusal> {
    let party = account.parties.get(id).ok_or(Refusal::NotFound)?;
    Ok(json!({ "party": party_view::full(account, party, embed) }))
}
