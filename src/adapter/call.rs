//! The words between the gateway and a wire.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use url::Url;

use crate::mapping::catalog::NativeCall;

/// One native call: an operation of the vendor's with everything filled in but the credential.
#[derive(Debug, Clone)]
pub struct Call {
    /// The operation.
    pub native: NativeCall,
    /// The record, where the path names one.
    pub id: Option<String>,
    /// Where the account's API is, where that isn't the provider's base URL.
    pub base: Option<Arc<Url>>,
    /// The path, where a mapping makes it, in place of the operation's own.
    pub path: Option<String>,
    /// Request headers beside the provider's, which they replace.
    pub headers: HeaderMap,
    /// Request headers of the provider's that are left out.
    pub without: Vec<HeaderName>,
    /// Query parameters beside the operation's static ones, which they replace.
    pub query: Map<String, Value>,
    /// More of the query, percent-encoded already: it stands behind the parameters as it is.
    pub raw_query: String,
    /// The body, as JSON text unless a header says otherwise.
    pub body: Option<Bytes>,
    /// Which part of a list.
    pub position: Option<Position>,
}

impl Call {
    /// A call with nothing filled in.
    pub fn new(native: NativeCall) -> Self {
        Call {
            native,
            id: None,
            base: None,
            path: None,
            headers: HeaderMap::new(),
            without: Vec::new(),
            query: Map::new(),
            raw_query: String::new(),
            body: None,
            position: None,
        }
    }

    /// Names the call in spans and logs: `parties.list`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.native.resource, self.native.method)
    }
}

/// Which part of a list: what a cursor holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// A numbered page of a fixed size.
    Page {
        /// As the vendor counts.
        number: u32,
        /// Records a page: the same from the first page to the last, or pages would overlap.
        size: u32,
    },
    /// A slice of a list that the vendor gives whole.
    Slice {
        /// Records to pass over.
        skip: usize,
        /// Records to take; all that are left where absent.
        take: Option<u32>,
    },
    /// What follows an answer that said what to ask for next.
    Following {
        /// Records a page.
        size: u32,
        /// What the answer said is to be added to the query; nothing at the beginning.
        query: Map<String, Value>,
    },
    /// A list of groups, each of which links to more of its own.
    Links {
        /// Records a page.
        size: u32,
        /// The links that are still to be followed, the present one first; none at the beginning.
        links: Vec<String>,
        /// Records of the present answer to pass over.
        skip: usize,
    },
}

impl Position {
    /// How many records a page has, where the vendor gives the list in pages.
    pub fn size(&self) -> Option<u32> {
        match self {
            Position::Page { size, .. } | Position::Following { size, .. } | Position::Links { size, .. } => {
                Some(*size)
            }
            Position::Slice { .. } => None,
        }
    }
}

/// A vendor's successful answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Always a success.
    pub status: StatusCode,
    /// As received.
    pub headers: HeaderMap,
    /// As received.
    pub body: Bytes,
}

/// What a vendor says of the calls that an account has left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quota {
    /// Calls in a window.
    pub limit: Option<u64>,
    /// Calls that are left in it.
    pub remaining: Option<u64>,
    /// How long until the next window, in whole seconds.
    pub reset: Option<Duration>,
}

/// A page in the vendor's own shape.
#[derive(Debug)]
pub struct NativePage<'r> {
    /// Each record byte for byte as the vendor sent it, where it stands in the reply.
    pub records: Vec<&'r RawValue>,
    /// Where the list goes on; absent on the last page.
    pub next: Option<Position>,
}
