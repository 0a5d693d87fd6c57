//! `/unified/{model}/{resource}`.

use axum::extract::State as Shared;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::State;
use super::entity_tag::unless_known;
use super::extract::{AccountCall, JsonBody, RawBody, Segments};
use super::reply::{self, Json};
use super::walk::walk;
use crate::error::{Error, Kind, Result};
use crate::gateway::unified::Answer;
use crate::model::Method;
use crate::model::request::Received;

pub async fn list(Shared(state): Shared<State>, path: Segments, call: AccountCall) -> Result<Response> {
    let [model, resource] = path.take()?;
    answer(&state, call, [model, resource], Method::List, None, None).await
}

pub async fn create(
    Shared(state): Shared<State>,
    path: Segments,
    call: AccountCall,
    JsonBody(body): JsonBody,
) -> Result<Response> {
    let [model, resource] = path.take()?;
    answer(&state, call, [model, resource], Method::Create, None, Some(body)).await
}

pub async fn read(
    Shared(state): Shared<State>,
    path: Segments,
    headers: HeaderMap,
    call: AccountCall,
) -> Result<Response> {
    let [model, resource, id] = path.take()?;
    let found = answer(&state, call, [model, resource], Method::Get, Some(id), None).await?;
    unless_known(&headers, found).await
}

pub async fn update(
    Shared(state): Shared<State>,
    path: Segments,
    call: AccountCall,
    JsonBody(body): JsonBody,
) -> Result<Response> {
    let [model, resource, id] = path.take()?;
    answer(&state, call, [model, resource], Method::Update, Some(id), Some(body)).await
}

pub async fn delete(Shared(state): Shared<State>, path: Segments, call: AccountCall) -> Result<Response> {
    let [model, resource, id] = path.take()?;
    answer(&state, call, [model, resource], Method::Delete, Some(id), None).await
}

/// `POST /unified/{model}/{resource}/{method}`: methods beside the five.
pub async fn custom(
    Shared(state): Shared<State>,
    path: Segments,
    call: AccountCall,
    RawBody(body): RawBody,
) -> Result<Response> {
    let [model, resource, method] = path.take()?;
    let effective = state.0.gateway.effective(&call.account, &model, &resource, Method::Delete).await?;
    let known = &effective.resource.custom_methods;
    let label = &call.account.provider.manifest.label;
    match method.as_str() {
        "batch-delete" if known.contains_key(&method) => {
            super::batch_delete::run(&state, call, [&model, &resource], body).await
        }
        _ if known.contains_key(&method) => Err(Error::new(
            Kind::Unsupported,
            format!("{label} does not support {method} of {model}/{resource}: its API has no call for it."),
        )),
        _ => {
            let method: String = method.chars().filter(|letter| !letter.is_control()).take(60).collect();
            let known: Vec<&str> = known.keys().map(String::as_str).collect();
            let hint = if known.is_empty() { "none beside the five".to_owned() } else { known.join(", ") };
            Err(Error::not_found(format!("{model}/{resource} has no method {method:?}; it has: {hint}.")))
        }
    }
}

/// Updates and deletes name their record in the path.
pub async fn without_id(Shared(state): Shared<State>, path: Segments, _: AccountCall) -> Result<Response> {
    let [model, resource] = path.take()?;
    state.0.gateway.catalog.resource(&model, &resource)?;
    Err(Error::new(
        Kind::MethodNotAllowed,
        format!(
            "Name the record in the path: /unified/{model}/{resource}/{{id}}. Without an id there are GET and POST."
        ),
    ))
}

async fn answer(
    state: &State,
    call: AccountCall,
    [model, name]: [String; 2],
    method: Method,
    id: Option<String>,
    body: Option<Value>,
) -> Result<Response> {
    let gateway = &state.0.gateway;
    let resource = gateway.effective(&call.account, &model, &name, method).await?.resource;
    let received =
        Received { model: &model, name: &name, resource: &resource, method, id, query: call.query, body };
    let operation = received.understand()?;
    let presentation = operation.presentation.clone();
    if method == Method::List && presentation.walks() {
        if presentation.key_by.is_some() {
            let problem = "can't be combined with truto_ignore_limit or a streamed format";
            return Err(Error::invalid_field("truto_key_by", problem));
        }
        return walk(state, &call.account, operation).await;
    }
    match gateway.unified(&call.account, operation).await? {
        Answer::Page(page) => reply::page(page, &presentation),
        Answer::Record(record) => Ok(Json(presentation.present(record)?).into_response()),
        Answer::Deleted(id) => Ok(Json(json!({ "id": id })).into_response()),
    }
}
