//! The other wire: REST, with ids that carry their type and records always in a list.
//!
//! What Nutshell's OpenAPI document has and nobody has recorded is not played: a path that isn't here is a page that
//! says so, as one that Nutshell doesn't know.

use axum::Extension;
use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use serde_json::{Value, json};

use super::account::Account;
use super::definitions::{Definition, KINDS};
use super::gate::Author;
use super::record::Kind;
use super::refusal::{Refusal, page};
use super::rest_views::{builtin, view};
use super::{Shared, notes, patch, seed};

/// Kinds that are listed and read alone.
const LISTED: [Kind; 7] =
    [Kind::Accounts, Kind::Contacts, Kind::Leads, Kind::Activities, Kind::Notes, Kind::Tasks, Kind::Users];

/// Kinds of which there are only lists.
const ONLY_LISTED: [Kind; 2] = [Kind::Milestones, Kind::Stagesets];

/// The size of a page that doesn't say.
const SIZE: usize = 50;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/filters", get(filters))
        .route("/notes", get(list_notes).post(add_note))
        .route("/{kind}", get(list))
        .route("/{kind}/{id}", get(read).patch(patch::change).delete(remove))
        .route("/{kind}/customfields/attributes", get(definitions))
        .route("/{kind}/customfield", post(define))
        .route("/{kind}/list/fields", get(fields))
}

fn envelope(name: &str, records: Vec<Value>, total: Option<usize>) -> Value {
    let mut meta = json!({ "instanceId": seed::INSTANCE.to_string(), "siteId": "m1llbr0k" });
    if let Some(total) = total {
        meta["count"] = Value::from(total);
        meta["total"] = Value::from(total);
    }
    json!({ "meta": meta, "links": {}, name: records })
}

pub(super) fn missing() -> Response {
    page(StatusCode::NOT_FOUND)
}

async fn list(
    State(nutshell): State<Shared>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let name = if name == "activitytypes" { "activityTypes".to_owned() } else { name };
    let kind = Kind::of_rest(&name).filter(|kind| LISTED.contains(kind) || ONLY_LISTED.contains(kind));
    let Some(kind) = kind else { return missing() };
    let query = query.unwrap_or_default();
    let read = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let number = |name: &str, default: usize| match read(name) {
        None => Some(default),
        Some(text) => text.parse().ok(),
    };
    let (Some(number), Some(size)) = (number("page[page]", 0), number("page[limit]", SIZE)) else {
        return Refusal::invalid("Invalid filter").page();
    };
    nutshell.look(|account| {
        let all: Vec<Value> = account.all(kind).map(|record| view(account, kind, record)).collect();
        let total = all.len();
        let part = all.into_iter().skip(number.saturating_mul(size)).take(size).collect();
        Json(envelope(kind.rest(), part, Some(total))).into_response()
    })
}

async fn list_notes(nutshell: State<Shared>, query: RawQuery) -> Response {
    list(nutshell, Path(Kind::Notes.rest().to_owned()), query).await
}

/// The kind and the plain id that a path names.
pub(super) fn place(name: &str, id: &str) -> Option<(Kind, i64)> {
    let kind = Kind::of_rest(name).filter(|kind| LISTED.contains(kind))?;
    let plain = id.strip_suffix(&format!("-{}", kind.rest())).unwrap_or(id);
    Some((kind, plain.parse().ok()?))
}

async fn read(State(nutshell): State<Shared>, Path((name, id)): Path<(String, String)>) -> Response {
    let Some((kind, id)) = place(&name, &id) else { return missing() };
    nutshell.look(|account| one(account, kind, id))
}

fn one(account: &Account, kind: Kind, id: i64) -> Response {
    match account.get(kind, id) {
        Some(record) => Json(envelope(kind.rest(), vec![view(account, kind, record)], None)).into_response(),
        None => missing(),
    }
}

async fn remove(State(nutshell): State<Shared>, Path((name, id)): Path<(String, String)>) -> Response {
    let place = place(&name, &id).filter(|(kind, _)| !matches!(kind, Kind::Users | Kind::Activities));
    let Some((kind, id)) = place else { return missing() };
    let outcome = nutshell.change(|account| {
        account.find(kind, id)?;
        account.delete(kind, id);
        Ok(())
    });
    outcome.map_or_else(|refusal| refusal.page(), |()| StatusCode::NO_CONTENT.into_response())
}

async fn add_note(
    State(nutshell): State<Shared>,
    Extension(Author(author)): Extension<Author>,
    body: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let parent = body["data"]["links"]["parent"].as_str().and_then(|id| id.split_once('-'));
    let Some((kind, id)) = parent.and_then(|(id, name)| place(name, id)) else {
        return Refusal::invalid("A note needs a parent").page();
    };
    let outcome = nutshell.change(|account| {
        account.find(kind, id)?;
        notes::add(account, author, (kind, id), body["data"]["body"].as_str().unwrap_or_default())
    });
    match outcome {
        Ok(id) => nutshell.look(|account| one(account, Kind::Notes, id)),
        Err(refusal) => refusal.page(),
    }
}

async fn filters(State(nutshell): State<Shared>) -> Json<Value> {
    nutshell.look(|account| {
        let view = |(id, name): &(i64, &str)| json!({ "id": format!("{id}-filters"), "type": "filters", "name": name });
        Json(envelope("filters", account.filters.iter().map(view).collect(), None))
    })
}

/// Kinds that can have custom fields.
fn customisable(name: &str) -> Option<Kind> {
    Kind::of_rest(name).filter(|kind| matches!(kind, Kind::Accounts | Kind::Contacts | Kind::Leads))
}

async fn definitions(State(nutshell): State<Shared>, Path(name): Path<String>) -> Response {
    let Some(kind) = customisable(&name) else { return missing() };
    nutshell.look(|account| {
        let of = account.definitions.iter().filter(|definition| definition.of == kind);
        Json(envelope("customFields", of.map(Definition::view).collect(), None)).into_response()
    })
}

async fn define(State(nutshell): State<Shared>, Path(name): Path<String>, body: Bytes) -> Response {
    let Some(kind) = customisable(&name) else { return missing() };
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let outcome = nutshell.change(|account| {
        let title = body["name"].as_str().filter(|title| !title.trim().is_empty());
        let title = title.ok_or_else(|| Refusal::invalid("A custom field needs a name"))?.to_owned();
        let of = body["type"].as_str().filter(|of| KINDS.contains(of));
        let of = of.ok_or_else(|| Refusal::invalid("A custom field needs a type"))?.to_owned();
        if account.definition(kind, &title).is_some() {
            return Err(Refusal::invalid("There is a custom field of that name already"));
        }
        let choices = body["choices"].as_array().into_iter().flatten();
        let choices = choices.filter_map(|choice| choice.as_str().map(str::to_owned)).collect();
        let id = account.definitions.iter().map(|definition| definition.id).max().unwrap_or(0) + 1;
        let definition = Definition { id, of: kind, title, kind: of, choices };
        let view = definition.view();
        account.definitions.push(definition);
        Ok(view)
    });
    match outcome {
        Ok(view) => Json(envelope("customFields", vec![view], None)).into_response(),
        Err(refusal) => refusal.page(),
    }
}

async fn fields(State(nutshell): State<Shared>, Path(name): Path<String>) -> Response {
    let Some(kind) = customisable(&name) else { return missing() };
    nutshell.look(|account| Json(builtin(account, kind)).into_response())
}
