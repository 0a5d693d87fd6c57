//! `POST /batch-request`.

use axum::extract::State as Shared;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tracing::Span;

use super::State;
use super::extract::{Caller, JsonBody, RawBody};
use super::idempotency::{sent, under};
use super::reply::{Json, error_body};
use super::{patience, quota};
use crate::error::{Actor, Error, Result};
use crate::gateway::batch::{Batch, BatchAnswer, Failed};
use crate::gateway::idempotency::{Keyed, Passing};
use crate::ids::{AccountId, EnvironmentId};

/// What a batch brought, by entry.
#[derive(Serialize)]
struct Envelope {
    result: IndexMap<String, Vec<Box<RawValue>>>,
    errors: IndexMap<String, Vec<Value>>,
}

pub async fn run(
    Shared(state): Shared<State>,
    caller: Caller,
    headers: HeaderMap,
    uri: Uri,
    RawBody(bytes): RawBody,
) -> Result<Response> {
    let environment = caller.environment;
    let mut body = JsonBody::read(&bytes)?.object(&["integrated_account_id", "resources", "args"])?;
    let id = account(&mut body)?;
    Span::current().record("account", tracing::field::display(id));
    state.0.gateway.accounts.load(environment, id).await?;
    let shared = state.clone();
    let patience = patience::asked(&headers)?;
    let work = async move {
        let answered = Box::pin(async { answer(&shared, environment, id, body).await.into_response() });
        shared.within(patience, quota::after(answered)).await
    };
    let Some(key) = sent(&headers)? else { return Ok(work.await) };
    let request = ["POST", uri.path(), uri.query().unwrap_or_default()];
    let keyed = Keyed::new(environment, id, &key, request, &bytes);
    under(&state, keyed, work).await
}

fn account(body: &mut Map<String, Value>) -> Result<AccountId> {
    let wrong = |problem| Error::invalid_field("integrated_account_id", problem);
    match body.shift_remove("integrated_account_id") {
        Some(Value::String(id)) => id.parse().map_err(|_| wrong("must be a UUID")),
        None | Some(Value::Null) => Err(wrong("is needed: GET /integrated-account lists accounts")),
        Some(_) => Err(wrong("must be a UUID")),
    }
}

async fn answer(
    state: &State,
    environment: EnvironmentId,
    id: AccountId,
    mut body: Map<String, Value>,
) -> Result<Response> {
    let args = match body.shift_remove("args") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(args)) => args,
        Some(_) => return Err(Error::invalid_field("args", "must be an object")),
    };
    let gateway = &state.0.gateway;
    let batch = Batch::read(body.shift_remove("resources"), args, gateway.catalog.engine)?;
    let account = gateway.accounts.usable(environment, id).await?;
    let answer = Box::pin(gateway.batch(&account, &batch)).await;
    let passing = answer.is_passing();
    let mut response = write(answer).into_response();
    if passing {
        response.extensions_mut().insert(Passing);
    }
    Ok(response)
}

fn write(answer: BatchAnswer) -> Json<Envelope> {
    let errors = answer.errors.into_iter();
    let errors = errors.map(|(label, failed)| {
        failed.iter().for_each(|failed| log(&label, &failed.error));
        (label, failed.iter().map(failure).collect())
    });
    Json(Envelope { result: answer.result, errors: errors.collect() })
}

/// Logs what the gateway itself failed at, for the answer as a whole is none of the errors that the log shows.
pub fn log(what: &str, error: &Error) {
    if error.actor() == Actor::Gateway {
        let (kind, detail) = (error.kind(), error.details().unwrap_or_default());
        tracing::error!(what, ?kind, detail, "failed: {error}");
    }
}

/// An error in the usual shape, with the item that it is about.
fn failure(failed: &Failed) -> Value {
    let mut body = error_body(&failed.error);
    if let (Some(item), Value::Object(body)) = (&failed.item, &mut body) {
        body.insert("item".to_owned(), item.clone());
    }
    body
}
