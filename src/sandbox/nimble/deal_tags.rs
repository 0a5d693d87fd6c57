//! Tags of deals. Renaming and deleting go under `/api/2`, as published.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, put};
use serde_json::{Value, json};

use super::account::items;
use super::call::{Call, empty, needed, ok, texts};
use super::instants::naive;
use super::refusal::Refusal;
use super::search::Condition;
use super::{Answer, Shared};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v2/deals/tags", get(list).post(assign))
        .route("/api/2/deals/tags/{name}", put(rename).delete(remove))
}

async fn list(State(nimble): State<Shared>, call: Call) -> Answer {
    let account = nimble.look();
    let mut names: Vec<&str> =
        account.deals.iter().flat_map(|deal| items(&deal["tags"])).filter_map(Value::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| call.param("starts_with").is_none_or(|start| name.starts_with(start)));
    names.truncate(call.number("limit", 1, 1000)?.unwrap_or(names.len()));
    let tags: Vec<Value> = names.iter().map(|name| json!({ "name": name, "created": null })).collect();
    ok(json!({ "tags": tags }))
}

/// Adds tags to every deal that the query selects. Here the query is an object.
async fn assign(State(nimble): State<Shared>, call: Call) -> Answer {
    let body = call.members()?;
    let query = body.get("query").ok_or_else(|| Refusal::invalid("query", "query is required"))?;
    let condition = Condition::of(query, 0)?;
    let tags = texts(body, "tags")?.ok_or_else(|| Refusal::invalid("tags", "tags is required"))?;
    let done = nimble.change(|account| {
        let fits = |deal: &&Value| condition.fits_deal(&account.deal_status(deal), &account.deal_name(deal));
        let ids: Vec<Value> = account.deals.iter().filter(fits).map(|deal| deal["deal_id"].clone()).collect();
        for deal in account.deals.iter_mut().filter(|deal| ids.contains(&deal["deal_id"])) {
            if let Some(there) = deal["tags"].as_array_mut() {
                let new: Vec<Value> =
                    tags.iter().map(|it| json!(it)).filter(|it| !there.contains(it)).collect();
                there.extend(new);
            }
        }
        Ok(ids.len())
    })?;
    ok(json!({ "push_data": {
        "is_completed": true, "operation_id": "assignment-1", "processed": done,
        "started_at": naive(nimble.now()), "total": done, "errors": [],
    } }))
}

/// Puts another tag, or none, in the place of one on all deals.
fn swap(nimble: &Shared, name: &str, new: Option<&str>) -> Answer {
    nimble.change(|account| {
        let mut found = false;
        for deal in account.deals.iter_mut() {
            let Some(tags) = deal["tags"].as_array_mut() else { continue };
            let Some(place) = tags.iter().position(|tag| *tag == name) else { continue };
            found = true;
            match new {
                Some(new) => tags[place] = json!(new),
                None => {
                    tags.remove(place);
                }
            }
        }
        if found { Ok(()) } else { Err(Refusal::NotFound("tag", name.to_owned())) }
    })?;
    empty()
}

async fn rename(State(nimble): State<Shared>, Path(name): Path<String>, call: Call) -> Answer {
    let new = needed(call.members()?, "new_tag")?.to_owned();
    swap(&nimble, &name, Some(&new))
}

/// A deletion with a body.
async fn remove(State(nimble): State<Shared>, Path(name): Path<String>, _: Call) -> Answer {
    swap(&nimble, &name, None)
}
