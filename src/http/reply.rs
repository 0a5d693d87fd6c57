//! How answers are written: envelopes, records, and every error.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;
use indexmap::IndexSet;
use serde::Serialize;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::error::{Actor, Effect, Error, Fault, Kind, Result, Retry};
use crate::gateway::proxy::NativeList;
use crate::model::presentation::Presented;
use crate::model::{Page, Presentation, Record, record};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What the answer to a write adds that failed after the vendor could have acted.
const IN_DOUBT: &str = "It may have been done all the same: look before it is done again.";

/// Room for what stands around a record in a list, its key included.
const KEY_ROOM: usize = 48;

/// A vendor's headers that say nothing of the answer that the caller gets, or aren't the caller's to have.
const NOT_FORWARDED: &[&str] = &[
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "keep-alive",
    "proxy-authenticate",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "www-authenticate",
    "x-request-id",
];

/// A JSON answer with status 200.
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(CONTENT_TYPE, JSON)], body).into_response(),
            Err(error) => Error::internal(error).into_response(),
        }
    }
}

/// A page of unified records in its envelope; keyed by a field where that is asked for.
pub fn page(page: Page<Record>, presentation: &Presentation) -> Result<Response> {
    let (next_cursor, partial) = (page.next_cursor.as_deref(), page.partial);
    let mut keys = IndexSet::new();
    let mut records = Vec::with_capacity(page.records.len());
    for record in page.records {
        if let Some(key) = presentation.key(&record)?
            && let (index, false) = keys.insert_full(key)
        {
            let problem = format!("two records of this page have {:?}, so one would be lost", keys[index]);
            return Err(Error::invalid_field("truto_key_by", problem));
        }
        records.push(presentation.present(record)?);
    }
    let room = records.iter().map(Presented::room).sum();
    Ok(match presentation.key_by {
        None => list(next_cursor, partial, &records, room, b"[]", |_, record, out| record.write(out)),
        Some(_) => list(next_cursor, partial, &records, room, b"{}", |index, record, out| {
            out.extend_from_slice(Value::from(keys[index].as_str()).to_string().as_bytes());
            out.push(b':');
            record.write(out);
        }),
    })
}

/// A page of the vendor's own records in the same envelope.
pub fn native_page(page: &NativeList) -> Response {
    let around = around(page.next_cursor.as_deref(), false, page.records.len());
    let mut pieces = vec![Bytes::from_static(b"{\"result\":[")];
    pieces.extend(page.records.joined());
    pieces.push(Bytes::from(format!("],{}", &around[1..])));
    let length: usize = pieces.iter().map(Bytes::len).sum();
    let body = Body::from_stream(stream::iter(pieces.into_iter().map(Ok::<_, Infallible>)));
    ([(CONTENT_TYPE, JSON), (CONTENT_LENGTH, HeaderValue::from(length))], body).into_response()
}

/// The envelope of unified lists, in one piece of memory: the records are JSON text already, `room` bytes
/// of it. `brackets` stand around them.
fn list<R>(
    next_cursor: Option<&str>,
    partial: bool,
    records: &[R],
    room: usize,
    brackets: &[u8; 2],
    write: impl Fn(usize, &R, &mut Vec<u8>),
) -> Response {
    let around = around(next_cursor, partial, records.len());
    let mut out = Vec::with_capacity(room + records.len() * KEY_ROOM + around.len() + 32);
    out.extend_from_slice(b"{\"result\":");
    out.push(brackets[0]);
    for (index, record) in records.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(index, record, &mut out);
    }
    out.push(brackets[1]);
    out.push(b',');
    out.extend_from_slice(&around.as_bytes()[1..]);
    ([(CONTENT_TYPE, JSON)], out).into_response()
}

/// What stands around the records of a list, as an object.
fn around(next_cursor: Option<&str>, partial: bool, count: usize) -> String {
    let mut around = json!({ "next_cursor": next_cursor, "prev_cursor": null, "result_count": count });
    if partial {
        around["is_partial_response"] = Value::Bool(true);
    }
    around.to_string()
}

/// A page of an administrative list in its envelope.
pub fn admin_page(result: Vec<Value>, next_cursor: Option<String>, limit: u32) -> Response {
    Json(json!({ "result": result, "next_cursor": next_cursor, "limit": limit })).into_response()
}

/// A vendor's body as it is.
pub fn verbatim(content_type: Option<HeaderValue>, body: Bytes) -> Response {
    ([(CONTENT_TYPE, content_type.unwrap_or(JSON))], Body::from(body)).into_response()
}

/// A stored instant as answers spell it.
pub fn instant(moment: OffsetDateTime) -> Value {
    record::format_instant(moment).map_or(Value::Null, Value::String)
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = (status, [(CONTENT_TYPE, JSON)], body(&self, status).to_string()).into_response();
        let headers = response.headers_mut();
        if let Some(fault) = self.fault() {
            forward(&fault.headers, headers);
        }
        if let Retry::Later(Some(wait)) = self.retries() {
            // Clients read whole seconds; a fraction more is better than a call too early.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.kind() == Kind::Unauthenticated {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// An error whose details say more than its failures.
pub fn with_details(error: Error, details: Value) -> Response {
    let mut whole = error_body(&error);
    if let Value::Object(details) = details {
        for (name, value) in details {
            whole["details"][name] = value;
        }
    }
    let response = error.into_response();
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(whole.to_string()))
}

/// An error as callers read it.
pub fn error_body(error: &Error) -> Value {
    body(error, error.status())
}

fn body(error: &Error, status: StatusCode) -> Value {
    let mut body = Map::from_iter([
        ("statusCode".to_owned(), Value::from(status.as_u16())),
        ("error".to_owned(), Value::from(status.canonical_reason().unwrap_or("Error"))),
        ("message".to_owned(), Value::from(told(error))),
    ]);
    if !error.failures().is_empty() {
        body.insert("details".to_owned(), json!({ "failures": error.failures() }));
    }
    if error.fault().is_some() || matches!(error.actor(), Actor::Provider | Actor::Account) {
        body.insert("truto_is_remote_error".to_owned(), Value::Bool(true));
        body.insert("raw_response".to_owned(), error.fault().map_or(Value::Null, raw));
        body.insert("truto_error_insight".to_owned(), insight(error, status));
    } else if let Some(insight) = lacking(error) {
        body.insert("truto_error_insight".to_owned(), insight);
    }
    Value::Object(body)
}

/// The error's message; of a call that the vendor may have acted on, it says so: whoever sends it again must know.
fn told(error: &Error) -> Cow<'_, str> {
    // An answer that is lost says so itself, and what the caller takes for a refusal is one.
    if error.effects() == Effect::None || matches!(error.kind(), Kind::AnswerLost | Kind::Rejected) {
        return Cow::from(error.message());
    }
    Cow::from(format!("{} {IN_DOUBT}", error.message()))
}

/// The vendor's body, as JSON if it is that, else as text.
fn raw(fault: &Fault) -> Value {
    serde_json::from_slice(&fault.body).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&fault.body)))
}

/// What the request lacks, for clients that ask their user for it.
fn lacking(error: &Error) -> Option<Value> {
    let mut insight = Map::new();
    let lacks = error.lacks();
    for (key, description, names) in [
        ("missing_required_query_parameters", "The request lacks query parameters.", &lacks.parameters),
        ("missing_required_body_fields", "The request's body lacks fields.", &lacks.fields),
    ] {
        if !names.is_empty() {
            insight.insert(key.to_owned(), json!({ "description": description, "value": names }));
        }
    }
    (!insight.is_empty()).then_some(Value::Object(insight))
}

fn insight(error: &Error, status: StatusCode) -> Value {
    let mut insight = Map::new();
    if !error.is_verbatim() {
        let remote = match error.fault() {
            Some(fault) => format!("{} answered {}.", fault.provider, fault.status),
            None if matches!(error.kind(), Kind::RateLimited | Kind::Resting)
                && error.effects() == Effect::None =>
            {
                "The provider was not asked.".to_owned()
            }
            None => "The provider gave no answer that could be used.".to_owned(),
        };
        insight.insert("remote_error".to_owned(), json!({ "description": remote }));
        if status == StatusCode::TOO_MANY_REQUESTS {
            let description = "The provider's rate limit is used up; wait for Retry-After.";
            insight.insert("rate_limit_error".to_owned(), json!({ "description": description }));
        }
    }
    if let Some(fault) = error.fault().filter(|_| status == StatusCode::FORBIDDEN) {
        let description = "The account's credential lacks a permission.";
        let value = json!({ "missing_scopes": fault.missing_scopes });
        insight.insert("forbidden_error".to_owned(), json!({ "description": description, "value": value }));
    }
    Value::Object(insight)
}

fn forward(from: &HeaderMap, to: &mut HeaderMap) {
    let wanted = |name: &HeaderName| !NOT_FORWARDED.contains(&name.as_str());
    for (name, value) in from.iter().filter(|(name, _)| wanted(name)) {
        to.append(name.clone(), value.clone());
    }
}
