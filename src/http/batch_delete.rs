//! `POST /unified/{model}/{resource}/batch-delete`.
//!
//! Every record gone: 200 and their ids. Otherwise the answer is an error with the status of the first failure, and its
//! details name both: in `failures` each record that is still there and why, in `result` each that is gone.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};

use super::State;
use super::batch::log;
use super::extract::{AccountCall, JsonBody};
use super::reply::{Json, with_details};
use crate::error::{Error, Result};
use crate::gateway::batch_delete::{Deletions, MOST_IDS};

pub async fn run(
    state: &State,
    mut call: AccountCall,
    [model, resource]: [&str; 2],
    body: Bytes,
) -> Result<Response> {
    let ids = ids(&mut call, &body)?;
    let gateway = &state.0.gateway;
    let named = ids.clone();
    let outcome = gateway.batch_delete(&call.account, [model, resource], call.query, ids).await?;
    Ok(answer(&named, outcome))
}

/// The ids, from the query in any spelling of a list or from the body.
fn ids(call: &mut AccountCall, body: &Bytes) -> Result<Vec<String>> {
    let wrong = |problem: &str| Error::invalid_field("id", problem);
    let given = call.query.take_list("id")?;
    let of_body = match body.is_empty() {
        true => None,
        false => {
            let mut body = JsonBody::read(body)?.object(&["id", "remote_data"])?;
            if body.get("remote_data").is_some_and(|extra| !extra.is_null() && *extra != json!({})) {
                let problem = "can't be sent along: a delete has no body at the vendor";
                return Err(Error::invalid_field("remote_data", problem));
            }
            body.shift_remove("id").filter(|ids| !ids.is_null())
        }
    };
    let ids = match (given.is_empty(), of_body) {
        (false, None) => given,
        (true, Some(Value::Array(ids))) => ids.into_iter().map(id).collect::<Result<_>>()?,
        (true, Some(_)) => return Err(wrong("must be an array of ids")),
        (true, None) => return Err(wrong("is needed: an array, in the query or in the body")),
        (false, Some(_)) => return Err(wrong("is given in the query and in the body; send one of them")),
    };
    if (1..=MOST_IDS).contains(&ids.len()) {
        Ok(ids)
    } else {
        Err(wrong(&format!("must have 1 to {MOST_IDS} ids")))
    }
}

fn id(value: Value) -> Result<String> {
    match value {
        Value::String(id) => Ok(id),
        Value::Number(id) => Ok(id.to_string()),
        _ => Err(Error::invalid_field("id", "must be an array of strings")),
    }
}

fn answer(named: &[String], Deletions(outcome): Deletions) -> Response {
    let gone: Vec<Value> =
        outcome.iter().filter(|(_, outcome)| outcome.is_ok()).map(|(id, _)| json!({ "id": id })).collect();
    let failed: Vec<(&String, &Error)> =
        outcome.iter().filter_map(|(id, outcome)| Some((id, outcome.as_ref().err()?))).collect();
    let Some((_, first)) = failed.first() else { return Json(json!({ "result": gone })).into_response() };
    let message =
        format!("{} of {} records could not be deleted. {}", failed.len(), outcome.len(), first.message());
    let mut error = Error::new(first.kind(), message).retry(first.retries()).effect(first.effects());
    error = error.reworded(None, Some(first.status()));
    if let Some(fault) = first.fault() {
        error = error.with_fault(fault.clone());
    }
    for (id, failure) in failed {
        log("batch-delete", failure);
        let index = named.iter().position(|name| name == id).unwrap_or_default();
        error = error.failure(format!("id[{index}]"), format!("{id}: {}", failure.message()));
    }
    with_details(error, json!({ "result": gone }))
}
