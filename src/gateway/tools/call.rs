//! Calling a tool: the same proxy or unified call that a route would make.

use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use super::arguments::{Sorted, sort};
use super::{Described, Operation, Tool, Unified, native};
use crate::account::Account;
use crate::error::{Error, Kind, Result};
use crate::gateway::Gateway;
use crate::gateway::files::{Download, Upload, carrier};
use crate::gateway::native::kept;
use crate::gateway::proxy::{ProxyAnswer, ProxyRequest};
use crate::gateway::unified::Answer;
use crate::mapping::manifest::{FileTransfer, NativeMethod, Verb};
use crate::model::Query;
use crate::model::request::{LARGEST_LIMIT, Received, check_id};

/// The largest file that is given to a caller of tools: it travels as text.
const LARGEST_FILE: usize = 4 * 1024 * 1024;

/// The arguments of a file that goes up.
const CONTENT: &str = "content_base64";
const CONTENT_KIND: &str = "content_type";

/// What a tool answers.
#[derive(Debug)]
pub enum ToolAnswer {
    /// The first page of a list, or the one that was asked for.
    Page {
        /// Its records.
        items: Vec<Box<RawValue>>,
        /// Where the list goes on.
        next_cursor: Option<String>,
    },
    /// One record, or whatever the vendor answers.
    One(Box<RawValue>),
    /// A file.
    File(File),
}

/// A file that a tool answers.
#[derive(Debug)]
pub struct File {
    /// What the vendor says it is.
    pub content_type: String,
    /// All of it.
    pub content: Bytes,
}

impl Gateway {
    /// Calls a tool for an account.
    pub async fn call_tool(
        &self,
        account: &Arc<Account>,
        tool: &Tool,
        arguments: Map<String, Value>,
    ) -> Result<ToolAnswer> {
        let mut described = tool.describe();
        match &tool.operation {
            Operation::Native { resource, method } => {
                let Some(facts) = account.provider.manifest.native(resource, method).cloned() else {
                    return Err(Error::internal("a tool of another provider was called"));
                };
                if let Some(FileTransfer::Upload { largest, .. }) = &facts.file {
                    add_file_arguments(&mut described, *largest);
                }
                let sorted = sort(tool, &described, native::takes_id(&facts), arguments)?;
                if matches!(facts.file, Some(FileTransfer::Upload { .. })) {
                    return self.upload_tool(account, [resource, method], sorted).await;
                }
                let request = request([resource, method], &facts, sorted)?;
                answer(Box::pin(self.proxy(account, request)).await?, &account.provider.manifest.label).await
            }
            Operation::Unified(unified) => {
                let sorted = sort(tool, &described, true, arguments)?;
                self.unified_tool(account, unified, sorted).await
            }
        }
    }

    async fn unified_tool(
        &self,
        account: &Arc<Account>,
        unified: &Unified,
        sorted: Sorted,
    ) -> Result<ToolAnswer> {
        let Unified { model, name, method, .. } = unified;
        // What stands in it stands in the unified fields too, and an agent reads every byte.
        let own = ("truto_ignore_remote_data".to_owned(), Value::Bool(true));
        let query = Query::spelt(sorted.query.into_iter().chain([own]).collect());
        let resource = self.effective(account, model, name, *method).await?.resource;
        let body = method.writes().then(|| Value::Object(sorted.body));
        let received =
            Received { model, name, resource: &resource, method: *method, id: sorted.id, query, body };
        let operation = received.understand()?;
        let presentation = operation.presentation.clone();
        let raw = |record| {
            let presented = presentation.present(record)?;
            to_raw_value(&presented).map_err(Error::internal)
        };
        Ok(match Box::pin(self.unified(account, operation)).await? {
            Answer::Page(page) => {
                let items = page.records.into_iter().map(raw).collect::<Result<_>>()?;
                ToolAnswer::Page { items, next_cursor: page.next_cursor }
            }
            Answer::Record(record) => ToolAnswer::One(raw(record)?),
            Answer::Deleted(id) => ToolAnswer::One(written(&json!({ "id": id }))?),
        })
    }

    async fn upload_tool(
        &self,
        account: &Arc<Account>,
        [resource, method]: [&str; 2],
        mut sorted: Sorted,
    ) -> Result<ToolAnswer> {
        let Some((operation, _)) = carrier(&account.provider, resource, method) else {
            return Err(Error::internal("a tool of another provider was called"));
        };
        let mut take = |name: &str| match sorted.query.shift_remove(name) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(Error::invalid_field(name, "is needed")),
        };
        let content = STANDARD.decode(take(CONTENT)?.trim());
        let content = content.map_err(|_| Error::invalid_field(CONTENT, "must be the file in base64"))?;
        let kind = HeaderValue::try_from(take(CONTENT_KIND)?);
        let kind =
            kind.map_err(|_| Error::invalid_field(CONTENT_KIND, "must be a type such as text/plain"))?;
        let upload = Upload {
            operation,
            query: sorted.query,
            id: sorted.id.map(check_id).transpose()?,
            content_type: Some(kind),
            length: Some(content.len() as u64),
            pieces: stream::once(async move { Ok::<_, io::Error>(Bytes::from(content)) }).boxed(),
        };
        answer(Box::pin(self.upload(account, upload)).await?, &account.provider.manifest.label).await
    }
}

/// Adds the arguments that stand for the body of an upload, which is the file itself.
pub(super) fn add_file_arguments(described: &mut Described, largest: u64) {
    let arguments = [
        (CONTENT, format!("The file in base64; {largest} bytes at most.")),
        (CONTENT_KIND, "What the file is, such as application/pdf.".to_owned()),
    ];
    let Some(properties) = described.query_schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    for (name, description) in arguments {
        properties.insert(name.to_owned(), json!({ "type": "string", "description": description }));
        described.required.push(name.to_owned());
    }
}

fn request([resource, method]: [&str; 2], facts: &NativeMethod, mut sorted: Sorted) -> Result<ProxyRequest> {
    let (mut limit, mut cursor) = (None, None);
    if facts.paging.is_some() {
        let mut own = Map::new();
        for name in ["limit", "next_cursor"] {
            own.extend(sorted.query.shift_remove(name).map(|value| (name.to_owned(), value)));
        }
        let mut own = Query::spelt(own);
        (limit, cursor) = (own.take_count("limit", LARGEST_LIMIT)?, own.take_text("next_cursor")?);
    }
    let takes_body = facts.rpc.is_none() && matches!(facts.method, Verb::Post | Verb::Put | Verb::Patch);
    let describes = facts.body_schema.is_some();
    let body = match sorted.body.is_empty() {
        true if !(takes_body && describes) => None,
        _ => Some(serde_json::to_vec(&sorted.body).map(Bytes::from).map_err(Error::internal)?),
    };
    Ok(ProxyRequest {
        resource: resource.to_owned(),
        method: method.to_owned(),
        id: sorted.id.map(check_id).transpose()?,
        query: sorted.query,
        body,
        limit,
        cursor,
        in_pieces: false,
    })
}

async fn answer(answer: ProxyAnswer, label: &str) -> Result<ToolAnswer> {
    match answer {
        ProxyAnswer::Page(page) => {
            let items = page.records.iter().map(kept).collect::<Result<_>>()?;
            Ok(ToolAnswer::Page { items, next_cursor: page.next_cursor })
        }
        ProxyAnswer::Verbatim { body, .. } => serde_json::from_slice(&body)
            .map(ToolAnswer::One)
            .map_err(|_| Error::new(Kind::Garbled, format!("{label} answered something that is no JSON."))),
        ProxyAnswer::Empty { id } => {
            let done = id.map_or_else(|| json!({ "done": true }), |id| json!({ "id": id, "done": true }));
            Ok(ToolAnswer::One(written(&done)?))
        }
        ProxyAnswer::Pieces(file) => whole(file).await.map(ToolAnswer::File),
    }
}

/// A file that came down, if it isn't too large to be held.
async fn whole(file: Download) -> Result<File> {
    let kind = file.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let content_type = kind.unwrap_or("application/octet-stream").to_owned();
    let mut pieces = file.pieces;
    let mut content = Vec::new();
    while let Some(piece) = pieces.try_next().await.map_err(cut)? {
        content.extend_from_slice(&piece);
        if content.len() > LARGEST_FILE {
            let message = format!(
                "The file has more than {LARGEST_FILE} bytes, which is more than a tool gives. Have it fetched over \
                 HTTP with GET /proxy."
            );
            return Err(Error::new(Kind::TooLarge, message));
        }
    }
    Ok(File { content_type, content: content.into() })
}

fn cut(error: io::Error) -> Error {
    Error::new(Kind::Unreachable, "The file broke off on its way.").detail(error)
}

fn written(value: &Value) -> Result<Box<RawValue>> {
    to_raw_value(value).map_err(Error::internal)
}
