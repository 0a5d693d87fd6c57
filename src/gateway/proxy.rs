//! Proxy calls: the vendor's own API under the vendor's own names, with the account's credential, the gateway's
//! paging, and nothing else changed.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::files::Download;
use super::observed::Asked;
use super::{Gateway, MOST_EMPTY_PAGES};
use crate::account::Account;
use crate::adapter::{Call, Position};
use crate::error::{Error, Kind, Result};
use crate::mapping::manifest::FileTransfer;
use crate::model::schema::nearest;
use crate::model::{Binding, Parts};

/// A proxy request, understood.
#[derive(Debug, Clone)]
pub struct ProxyRequest {
    /// The vendor's resource.
    pub resource: String,
    /// Its method.
    pub method: String,
    /// The record, where the path names one.
    pub id: Option<String>,
    /// Goes to the vendor as it is.
    pub query: Map<String, Value>,
    /// Goes to the vendor as it is.
    pub body: Option<Bytes>,
    /// How many records a page may have.
    pub limit: Option<u32>,
    /// Where the list goes on.
    pub cursor: Option<String>,
    /// Whether a large answer may come in pieces.
    pub in_pieces: bool,
}

/// What a proxy call answers.
pub enum ProxyAnswer {
    /// A page of a list.
    Page(NativeList),
    /// The vendor's body as it is.
    Verbatim {
        /// What the vendor says it is.
        content_type: Option<HeaderValue>,
        /// Not empty.
        body: Bytes,
    },
    /// A file on its way, or a large answer.
    Pieces(Download),
    /// The vendor answered with success and no body.
    Empty {
        /// The record that was named.
        id: Option<String>,
    },
}

/// A page of a list of the vendor's own.
#[derive(Debug, Clone)]
pub struct NativeList {
    /// Each record as the vendor sent it.
    pub records: Parts,
    /// Where the list goes on; absent on the last page.
    pub next_cursor: Option<String>,
}

impl Gateway {
    /// Serves a proxy request for an account.
    pub async fn proxy(&self, account: &Arc<Account>, request: ProxyRequest) -> Result<ProxyAnswer> {
        let asked = Asked::proxy(account, [&request.resource, &request.method], request.id.as_ref());
        self.observed(account, asked, Box::pin(self.proxied(account, request))).await
    }

    async fn proxied(&self, account: &Arc<Account>, request: ProxyRequest) -> Result<ProxyAnswer> {
        let provider = &account.provider;
        let native =
            provider.native(&request.resource, &request.method).ok_or_else(|| unknown(account, &request))?;
        let pages = native.facts.paging.is_some();
        let file = native.facts.file.clone();
        let mut call = Call::new(native);
        call.id = request.id.clone();
        call.query = request.query.clone();
        call.body = request.body.clone();
        match file {
            None => {}
            Some(FileTransfer::Download { largest }) => {
                return Box::pin(self.download(account, call, largest)).await;
            }
            Some(FileTransfer::Upload { .. }) => {
                let (resource, method) = (&request.resource, &request.method);
                let message = format!(
                    "A file goes up by itself: POST /proxy/{resource}/{method} with the file as the body."
                );
                return Err(Error::invalid(message));
            }
        }
        if let (false, Some(limit)) = (pages, request.limit)
            && names(&call, "limit")
        {
            // An operation without pages has it as a parameter of its own.
            call.query.insert("limit".to_owned(), Value::from(limit));
        }
        if pages {
            return self.proxy_list(account, call, request).await.map(ProxyAnswer::Page);
        }
        let id = call.id.clone();
        let writes = !call.native.facts.is_read() && account.provider.is_reference(&request.resource);
        let sent = if request.in_pieces {
            self.send_on(account, call, self.deadline()).await
        } else {
            self.send(account, call, self.deadline()).await.map(|reply| (reply, None))
        };
        if writes {
            self.references.forget(account.id, &request.resource);
        }
        let (reply, pieces) = sent?;
        if let Some(pieces) = pieces {
            return Ok(ProxyAnswer::Pieces(Download::of(&reply, pieces)));
        }
        if reply.body.is_empty() {
            return Ok(ProxyAnswer::Empty { id });
        }
        Ok(ProxyAnswer::Verbatim { content_type: reply.headers.get(CONTENT_TYPE).cloned(), body: reply.body })
    }

    async fn proxy_list(
        &self,
        account: &Arc<Account>,
        mut call: Call,
        request: ProxyRequest,
    ) -> Result<NativeList> {
        let deadline = self.deadline();
        let body = request.body.as_deref().map(String::from_utf8_lossy);
        let selection = serde_json::json!({ "query": request.query, "body": body });
        let binding = Binding::new(account.id, &format!("proxy {}", call.name()), &selection);
        let mut position: Position = match &request.cursor {
            Some(cursor) => self.cursors.open(&binding, cursor)?,
            None => account.adapter.first(&call, request.limit)?,
        };
        for _ in 0..MOST_EMPTY_PAGES {
            call.position = Some(position.clone());
            let reply = self.send(account, call.clone(), deadline).await?;
            let page = account.adapter.page(&call, &reply)?;
            match page.next {
                Some(next) if page.records.is_empty() => position = next,
                next => {
                    let next_cursor = next.map(|next| self.cursors.seal(&binding, &next)).transpose()?;
                    let records = Parts::new(reply.body.clone(), &page.records);
                    return Ok(NativeList { records, next_cursor });
                }
            }
        }
        let label = &account.provider.manifest.label;
        Err(Error::new(Kind::Garbled, format!("{label} gave {MOST_EMPTY_PAGES} empty pages in a row.")))
    }
}

/// Whether an operation is documented to take a query parameter.
fn names(call: &Call, parameter: &str) -> bool {
    let schema = call.native.facts.query_schema.as_ref();
    schema.and_then(|schema| schema.get("properties")).is_some_and(|own| own.get(parameter).is_some())
}

fn unknown(account: &Account, request: &ProxyRequest) -> Error {
    let manifest = &account.provider.manifest;
    let label = &manifest.label;
    let shown: String = request.resource.chars().filter(|letter| !letter.is_control()).take(60).collect();
    let Some(resource) = manifest.resources.get(&request.resource) else {
        let known: Vec<&str> = manifest.resources.keys().map(String::as_str).collect();
        let hint = match nearest(&shown, known.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None if known.is_empty() => "it has none yet".to_owned(),
            None => format!("it has: {}", known.join(", ")),
        };
        return Error::not_found(format!("{label} has no proxy resource {shown:?}; {hint}"));
    };
    let known: Vec<&str> = resource.methods.keys().map(String::as_str).collect();
    let method: String = request.method.chars().filter(|letter| !letter.is_control()).take(60).collect();
    Error::not_found(format!(
        "{label}'s proxy resource {shown} has no method {method:?}; it has: {}",
        known.join(", ")
    ))
}
