//! Files, which go up in two steps: an edit of a record announces one by its name and answers its address, which then takes
//! the file as a form. The record's list of files is replaced whole, as every list is.
//!
//! What the second step answers is documented nowhere; here it is the file as its record shows it.

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use super::Shared;
use super::account::Account;
use super::record::{Kind, Record};
use super::refusal::{Refusal, page};
use super::written::integer;

const FIRST: i64 = 4100;

/// A file, announced or there.
#[derive(Clone)]
pub(super) struct File {
    name: String,
    mime: Option<String>,
    content: Option<Bytes>,
    rev: u32,
}

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/{id}", get(download).post(upload)).layer(DefaultBodyLimit::disable())
}

/// Whether records of a kind have files.
pub(super) fn has(kind: Kind) -> bool {
    matches!(kind, Kind::Accounts | Kind::Contacts | Kind::Leads | Kind::Activities)
}

/// Takes the files out of what is written, and answers the list that the record is to have, if one is written.
pub(super) fn claimed(
    account: &mut Account,
    kind: Kind,
    written: &mut Map<String, Value>,
) -> Result<Option<Value>, Refusal> {
    if !has(kind) {
        return Ok(None);
    }
    let Some(given) = written.shift_remove("file") else { return Ok(None) };
    let invalid = || Refusal::invalid("Invalid value for file");
    let mut list = Vec::new();
    for item in given.as_array().ok_or_else(invalid)? {
        if item["entityType"] != "Files" {
            return Err(invalid());
        }
        let id = match (integer(&item["id"]), item["name"].as_str()) {
            (Some(id), _) if account.files.contains_key(&id) => id,
            (None, Some(name)) if !name.is_empty() => {
                let id = account.files.keys().last().map_or(FIRST, |last| last + 1);
                account.files.insert(id, File { name: name.to_owned(), mime: None, content: None, rev: 1 });
                id
            }
            _ => return Err(invalid()),
        };
        list.push(json!({ "id": id }));
    }
    Ok(Some(Value::Array(list)))
}

/// The files of a record as it shows them.
pub(super) fn of(account: &Account, record: &Record) -> Value {
    record.references("file").into_iter().filter_map(|id| Some(view(id, account.files.get(&id)?))).collect()
}

fn view(id: i64, file: &File) -> Value {
    json!({
        "entityType": "Files", "id": id, "uri": format!("https://app.nutshell.com/file/api/{id}"), "name": file.name,
        "mime": file.mime, "rev": file.rev.to_string(), "size": file.content.as_ref().map(Bytes::len),
    })
}

async fn upload(
    State(nutshell): State<Shared>,
    Path(id): Path<i64>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let Some((mime, content)) = field(kind, &body) else {
        return Refusal::invalid("A form with the field file is needed").page();
    };
    let kept = nutshell.change(|account| {
        let file = account.files.get_mut(&id).ok_or_else(|| Refusal::new(404, "No such file"))?;
        (file.mime, file.content, file.rev) = (Some(mime), Some(content), file.rev + 1);
        Ok(view(id, file))
    });
    match kept {
        Ok(view) => Json(view).into_response(),
        Err(_) => page(StatusCode::NOT_FOUND),
    }
}

/// The type and the content of the field `file` of a form, if it is the only one.
fn field(kind: &str, body: &Bytes) -> Option<(String, Bytes)> {
    let boundary = kind.strip_prefix("multipart/form-data; boundary=")?;
    let start = format!("--{boundary}\r\n");
    let end = format!("\r\n--{boundary}--\r\n");
    let inner = body.strip_prefix(start.as_bytes())?.strip_suffix(end.as_bytes())?;
    let split = inner.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&inner[..split]).ok()?;
    if !head.contains("name=\"file\"; filename=\"") {
        return None;
    }
    let mime = head.lines().find_map(|line| line.strip_prefix("Content-Type: "))?;
    Some((mime.to_owned(), Bytes::copy_from_slice(&inner[split + 4..])))
}

async fn download(State(nutshell): State<Shared>, Path(id): Path<i64>) -> Response {
    let file = nutshell.look(|account| account.files.get(&id).cloned());
    match file.map(|file| (file.mime, file.content)) {
        Some((Some(mime), Some(content))) => ([(CONTENT_TYPE, mime)], content).into_response(),
        _ => page(StatusCode::NOT_FOUND),
    }
}
