//! One unified request, understood: what the routes make of path, query and body before anything is planned.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::presentation::Presentation;
use super::query::Condition;

/// What is asked of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Many records, a page at a time.
    List,
    /// One record.
    Get,
    /// A new record.
    Create,
    /// Some fields of a record.
    Update,
    /// The end of a record.
    Delete,
}

impl Method {
    /// Every method, in the order in which documents list them.
    pub const ALL: [Method; 5] = [Method::List, Method::Get, Method::Create, Method::Update, Method::Delete];

    /// As in mapping files.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::List => "list",
            Method::Get => "get",
            Method::Create => "create",
            Method::Update => "update",
            Method::Delete => "delete",
        }
    }

    /// Whether it changes anything at the vendor.
    pub fn writes(self) -> bool {
        match self {
            Method::List | Method::Get => false,
            Method::Create | Method::Update | Method::Delete => true,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Method {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Method::ALL.into_iter().find(|method| method.as_str() == text).ok_or(())
    }
}

/// A unified request.
#[derive(Debug, Clone)]
pub struct Operation {
    /// As in `/unified/{model}`.
    pub model: String,
    /// As in `/unified/{model}/{resource}`.
    pub resource: String,
    /// What is asked.
    pub method: Method,
    /// The record, for get, update and delete.
    pub id: Option<String>,
    /// Filters, by field: `{"email_addresses": {"email": "…"}}`.
    pub filters: Map<String, Value>,
    /// The same, one by one, in the caller's spelling.
    pub conditions: Vec<Condition>,
    /// The whole query as it was sent, for mappings that want it.
    pub raw_query: Map<String, Value>,
    /// Goes to the vendor's query untouched.
    pub remote_query: Map<String, Value>,
    /// The unified body of a write.
    pub body: Map<String, Value>,
    /// Goes into the vendor's body untouched.
    pub remote_data: Option<Value>,
    /// How many records a page may have; the provider's own default where absent.
    pub limit: Option<u32>,
    /// Where the list goes on; absent on the first page.
    pub cursor: Option<String>,
    /// Sorting that was asked for: fields in order, `true` where the greatest comes first.
    pub sort_by: Vec<(String, bool)>,
    /// Parameters that nobody knows, or that the provider can't serve, are ignored as Truto does.
    pub lenient: bool,
    /// A body for the vendor as it is, in place of `body`.
    pub passthrough: Option<Value>,
    /// How the answer is to look.
    pub presentation: Presentation,
}

impl Operation {
    /// `crm/contacts`.
    pub fn path(&self) -> String {
        format!("{}/{}", self.model, self.resource)
    }
}
