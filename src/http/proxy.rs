//! `/proxy/{resource}`.

use std::io;

use axum::body::{Body, HttpBody};
use axum::extract::State as Shared;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use serde_json::json;

use super::State;
use super::extract::{AccountCall, RawBody, Segments, read as whole};
use super::reply::{self, Json};
use crate::error::{Error, Kind, Result};
use crate::gateway::files::{Download, Upload, carrier};
use crate::gateway::proxy::{ProxyAnswer, ProxyRequest};
use crate::mapping::catalog::NativeCall;
use crate::mapping::manifest::FileTransfer;
use crate::model::request::{LARGEST_LIMIT, check_id};

pub async fn list(Shared(state): Shared<State>, path: Segments, call: AccountCall) -> Result<Response> {
    let [resource] = path.take()?;
    answer(&state, call, resource, "list", None, None).await
}

pub async fn create(
    Shared(state): Shared<State>,
    path: Segments,
    call: AccountCall,
    RawBody(body): RawBody,
) -> Result<Response> {
    let [resource] = path.take()?;
    answer(&state, call, resource, "create", None, Some(body)).await
}

pub async fn read(Shared(state): Shared<State>, path: Segments, call: AccountCall) -> Result<Response> {
    let [resource, id] = path.take()?;
    answer(&state, call, resource, "get", Some(id), None).await
}

pub async fn update(
    Shared(state): Shared<State>,
    path: Segments,
    call: AccountCall,
    RawBody(body): RawBody,
) -> Result<Response> {
    let [resource, id] = path.take()?;
    answer(&state, call, resource, "update", Some(id), Some(body)).await
}

pub async fn delete(
    Shared(state): Shared<State>,
    path: Segments,
    call: AccountCall,
    RawBody(body): RawBody,
) -> Result<Response> {
    let [resource, id] = path.take()?;
    answer(&state, call, resource, "delete", Some(id), Some(body)).await
}

/// `POST /proxy/{resource}/{method}`: the vendor's methods beside the five.
pub async fn custom(
    Shared(state): Shared<State>,
    path: Segments,
    mut call: AccountCall,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let [resource, method] = path.take()?;
    let id = call.query.take_text("id")?;
    if let Some((operation, FileTransfer::Upload { .. })) =
        carrier(&call.account.provider, &resource, &method)
    {
        return upload(&state, call, operation, id, &headers, body).await;
    }
    let body = whole(body, state.0.max_request_bytes).await?;
    answer(&state, call, resource, &method, id, Some(body)).await
}

/// Passes a file on as it comes in.
async fn upload(
    state: &State,
    call: AccountCall,
    operation: NativeCall,
    id: Option<String>,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response> {
    let upload = Upload {
        operation,
        query: call.query.0,
        id: id.map(check_id).transpose()?,
        content_type: headers.get(CONTENT_TYPE).cloned(),
        length: body.size_hint().exact(),
        pieces: body.into_data_stream().map_err(io::Error::other).boxed(),
    };
    state.0.gateway.upload(&call.account, upload).await.map_err(Error::verbatim).map(written)
}

/// Updates and deletes name their record in the path.
pub async fn without_id(path: Segments, _: AccountCall) -> Result<Response> {
    let [resource] = path.take()?;
    Err(Error::new(
        Kind::MethodNotAllowed,
        format!(
            "Name the record in the path: /proxy/{resource}/{{id}}. Without an id there are GET and POST."
        ),
    ))
}

async fn answer(
    state: &State,
    mut call: AccountCall,
    resource: String,
    method: &str,
    id: Option<String>,
    body: Option<Bytes>,
) -> Result<Response> {
    let request = ProxyRequest {
        resource,
        method: method.to_owned(),
        id: id.map(check_id).transpose()?,
        limit: call.query.take_count("limit", LARGEST_LIMIT)?,
        cursor: call.query.take_text("next_cursor")?,
        query: call.query.0,
        body: body.filter(|body| !body.is_empty()),
        in_pieces: true,
    };
    state.0.gateway.proxy(&call.account, request).await.map_err(Error::verbatim).map(written)
}

fn written(answer: ProxyAnswer) -> Response {
    match answer {
        ProxyAnswer::Page(page) => reply::native_page(&page),
        ProxyAnswer::Pieces(Download { headers, pieces }) => {
            // Whatever it says it is, no browser is to run it.
            (headers, [(X_CONTENT_TYPE_OPTIONS, "nosniff")], Body::from_stream(pieces)).into_response()
        }
        ProxyAnswer::Verbatim { content_type, body } => reply::verbatim(content_type, body),
        ProxyAnswer::Empty { id: Some(id) } => Json(json!({ "id": id })).into_response(),
        ProxyAnswer::Empty { id: None } => Json(json!({})).into_response(),
    }
}
