//! Files attached to entries: `/attachments/upload` takes one and answers a token, which an entry then claims, once;
//! `/attachments/{id}` sends it back.
//!
//! The file is the body as it is, described by its headers; nothing checks that they tell the truth.

use std::convert::Infallible;

use axum::Json;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures::stream;
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};

use super::Shared;
use super::account::Account;
use super::call::{Call, Id};
use super::refusal::{Problem, Refusal};

const RESOURCE: &str = "attachment";
const FILENAME: HeaderName = HeaderName::from_static("x-attachment-filename");

/// Bytes that a file may have.
const LIMIT: usize = 25 * 1024 * 1024;
/// Bytes of a file that are sent in one piece.
const PIECE: usize = 64 * 1024;

/// A file that belongs to an entry.
#[derive(Clone)]
pub(super) struct Attachment {
    pub(super) id: i64,
    pub(super) file: File,
}

#[derive(Clone)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) content_type: String,
    pub(super) content: Bytes,
}

/// A file that no entry has claimed yet.
#[derive(Clone)]
pub(super) struct Upload {
    token: String,
    file: File,
}

impl Attachment {
    pub(super) fn view(&self) -> Value {
        json!({
            "id": self.id,
            "filename": self.file.name,
            "contentType": self.file.content_type,
            "size": self.file.content.len(),
        })
    }
}

/// Makes an attachment of the file that was uploaded under `token`, which is then used up; answers its id.
pub(super) fn claim(account: &mut Account, token: &Value) -> Result<i64, Problem> {
    let place = account.uploads.iter().position(|upload| Some(upload.token.as_str()) == token.as_str());
    let unknown = || Problem::new(RESOURCE, "token", "invalid token");
    let Upload { file, .. } = account.uploads.remove(place.ok_or_else(unknown)?);
    Ok(account.attachments.insert(|id| Attachment { id, file }))
}

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/attachments/upload", post(upload)).route("/attachments/{id}", get(download))
}

async fn upload(
    State(capsule): State<Shared>,
    headers: HeaderMap,
    call: Call,
) -> Result<Json<Value>, Refusal> {
    required(&headers, &CONTENT_LENGTH, "Content-Length")?;
    let content_type = required(&headers, &CONTENT_TYPE, "Content-Type")?.to_owned();
    let name = required(&headers, &FILENAME, "X-Attachment-Filename")?.replace('+', " ");
    let name = percent_decode_str(&name).decode_utf8_lossy().into_owned();
    if call.body.len() > LIMIT {
        return Err(Refusal::TooLarge);
    }
    let file = File { name, content_type, content: call.body.clone() };
    let token = capsule.change(&call, |draft| {
        let token = format!("u1/e0/{}", draft.account.next_uuid());
        draft.account.uploads.push(Upload { token: token.clone(), file });
        Ok(token)
    })?;
    Ok(Json(json!({ "upload": { "token": token } })))
}

fn required<'a>(headers: &'a HeaderMap, name: &HeaderName, field: &str) -> Result<&'a str, Problem> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.filter(|value| !value.is_empty()).ok_or_else(|| Problem::required(RESOURCE, field))
}

/// Sends the file piece by piece.
async fn download(State(capsule): State<Shared>, Id(id): Id, call: Call) -> Result<Response, Refusal> {
    let file = capsule.look(&call, |scene| {
        let mut entries = scene.account.entries.iter();
        let entry = entries.find(|entry| entry.attachments.contains(&id));
        entry.filter(|entry| entry.is_open_to(scene)).ok_or(Refusal::NotFound)?;
        let attachment = scene.account.attachments.get(id).ok_or(Refusal::NotFound)?;
        Ok::<_, Refusal>(attachment.file.clone())
    })?;
    let content = file.content;
    let starts = (0..content.len()).step_by(PIECE);
    let pieces: Vec<Bytes> =
        starts.map(|start| content.slice(start..content.len().min(start + PIECE))).collect();
    let body = Body::from_stream(stream::iter(pieces.into_iter().map(Ok::<_, Infallible>)));
    let name = utf8_percent_encode(&file.name, NON_ALPHANUMERIC);
    let headers = [
        (CONTENT_TYPE, file.content_type),
        (CONTENT_LENGTH, content.len().to_string()),
        (CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{name}")),
    ];
    Ok((headers, body).into_response())
}
