//! Files: uploads and downloads among the vendors' own operations, passed through piece by piece.
//!
//! A file is never held whole, so nothing here looks into one, and an upload that fails on its way is the caller's to
//! send again. What is large enough to hurt is refused before the vendor is asked.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, ETAG, LAST_MODIFIED};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::Gateway;
use super::observed::Asked;
use super::proxy::ProxyAnswer;
use crate::account::Account;
use crate::adapter::{Call, Reply};
use crate::error::{Error, Kind, Result};
use crate::mapping::Provider;
use crate::mapping::catalog::NativeCall;
use crate::mapping::manifest::FileTransfer;
use crate::outbound::{Pieces, Transfer};

/// How long a file may take on its way up, and until it begins to come down.
const PATIENCE: Duration = Duration::from_secs(300);

/// The vendor's headers that describe a file.
const OF_THE_FILE: &[HeaderName] = &[CONTENT_TYPE, CONTENT_LENGTH, CONTENT_DISPOSITION, ETAG, LAST_MODIFIED];

/// A file that is to go up.
pub struct Upload {
    /// The vendor's resource and the method that takes the file.
    pub operation: NativeCall,
    /// Goes to the vendor as it is, but for `filename`.
    pub query: Map<String, Value>,
    /// The record, where the path names one.
    pub id: Option<String>,
    /// What the caller says it is.
    pub content_type: Option<HeaderValue>,
    /// How many bytes it has.
    pub length: Option<u64>,
    /// Its bytes.
    pub pieces: Pieces,
}

/// What comes down in pieces: a file, or an answer that is too large to be held.
pub struct Download {
    /// What the vendor says of it.
    pub headers: HeaderMap,
    /// Its bytes.
    pub pieces: Pieces,
}

impl Download {
    /// The pieces that came with a reply.
    pub(super) fn of(reply: &Reply, pieces: Pieces) -> Self {
        let described =
            OF_THE_FILE.iter().filter_map(|name| Some((name.clone(), reply.headers.get(name)?.clone())));
        Download { headers: described.collect(), pieces }
    }
}

/// The operation, if it carries a file.
pub fn carrier(provider: &Provider, resource: &str, method: &str) -> Option<(NativeCall, FileTransfer)> {
    let native = provider.native(resource, method)?;
    let file = native.facts.file.clone()?;
    Some((native, file))
}

/// A file as the only field of a form (RFC 7578): its type, its pieces and its length.
fn form(
    field: &str,
    name: &str,
    kind: &HeaderValue,
    pieces: Pieces,
    length: u64,
) -> Result<(HeaderValue, Pieces, u64)> {
    // Random, so that no file has it by chance or by intent.
    let boundary = format!("unicrm-{}", uuid::Uuid::new_v4().simple());
    let kind =
        kind.to_str().map_err(|_| Error::invalid_field("content-type", "must be visible ASCII text"))?;
    let name = name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\
         Content-Type: {kind}\r\n\r\n"
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    let whole = length + head.len() as u64 + tail.len() as u64;
    let around = |text: String| stream::once(async move { Ok(Bytes::from(text)) });
    let pieces = around(head).chain(pieces).chain(around(tail)).boxed();
    let kind = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"));
    Ok((kind.map_err(Error::internal)?, pieces, whole))
}

impl Gateway {
    /// Sends a file to an account's vendor.
    pub async fn upload(&self, account: &Arc<Account>, upload: Upload) -> Result<ProxyAnswer> {
        let operation = &upload.operation;
        let asked = Asked::proxy(account, [&operation.resource, &operation.method], upload.id.as_ref());
        self.observed(account, asked, Box::pin(self.uploaded(account, upload))).await
    }

    async fn uploaded(&self, account: &Arc<Account>, upload: Upload) -> Result<ProxyAnswer> {
        let Some(FileTransfer::Upload { largest, name_header, form_field }) =
            upload.operation.facts.file.clone()
        else {
            return Err(Error::internal("a file was sent to an operation that takes none"));
        };
        let mut call = Call::new(upload.operation);
        call.id = upload.id;
        call.query = upload.query;
        let name = match call.query.shift_remove("filename") {
            Some(Value::String(name)) if !name.is_empty() => name,
            _ => return Err(Error::invalid_field("filename", "is needed: the file's name, in the query")),
        };
        let kind = upload.content_type.ok_or_else(|| {
            Error::invalid_field("content-type", "is needed: what the file is, such as application/pdf")
        })?;
        let length = upload.length.ok_or_else(|| {
            Error::invalid_field("content-length", "is needed: how many bytes the file has")
        })?;
        if length > largest {
            let label = &account.provider.manifest.label;
            let message = format!("{label} takes files of up to {largest} bytes, and this one has {length}.");
            return Err(Error::new(Kind::TooLarge, message));
        }
        if let Some(header) = name_header {
            let encoded = utf8_percent_encode(&name, NON_ALPHANUMERIC).to_string();
            let header = HeaderName::try_from(header).map_err(Error::internal)?;
            call.headers.insert(header, HeaderValue::try_from(encoded).map_err(Error::internal)?);
        }
        let (kind, pieces, length) = match form_field {
            None => (kind, upload.pieces, length),
            Some(field) => form(&field, &name, &kind, upload.pieces, length)?,
        };
        call.headers.insert(CONTENT_TYPE, kind);
        let id = call.id.clone();
        let reply = self.carry(account, call, Arc::new(Transfer::upload(pieces, length))).await?;
        if reply.body.is_empty() {
            return Ok(ProxyAnswer::Empty { id });
        }
        Ok(ProxyAnswer::Verbatim { content_type: reply.headers.get(CONTENT_TYPE).cloned(), body: reply.body })
    }

    /// Has an account's vendor send a file.
    pub async fn download(&self, account: &Arc<Account>, call: Call, largest: u64) -> Result<ProxyAnswer> {
        let id = call.id.clone();
        let transfer = Arc::new(Transfer::download(largest));
        let reply = self.carry(account, call, transfer.clone()).await?;
        if reply.status == StatusCode::NO_CONTENT {
            return Ok(ProxyAnswer::Empty { id });
        }
        let pieces = transfer.downloaded().ok_or_else(|| Error::internal("a download left no file"))?;
        Ok(ProxyAnswer::Pieces(Download::of(&reply, pieces)))
    }

    async fn carry(&self, account: &Arc<Account>, call: Call, transfer: Arc<Transfer>) -> Result<Reply> {
        self.exchange(account, call, Instant::now() + PATIENCE, Some(transfer)).await
    }
}
