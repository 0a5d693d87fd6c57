//! `<provider>/<resource>.yaml`: how a unified resource is served by one vendor, method by method.
//!
//! The keys of a method are those of the published contract (`resource`, `method`, `query`, `query_mapping`,
//! `request_body_mapping`, `response_mapping`, `before`), so that an override can be laid over a file key by key.
//! `filters`, `writes` and `exists` are unicrm's own: they say what may be asked, so that nothing is ignored.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::model::Method;

/// A mapping file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceMapping {
    /// The unified model, such as `crm`.
    pub model: String,
    /// The unified resource, such as `contacts`.
    pub resource: String,
    /// How each method is served.
    #[serde(default)]
    pub methods: IndexMap<Method, MethodMapping>,
    /// Why a method of the contract can't be served, in words for the caller.
    #[serde(default)]
    pub unsupported: IndexMap<Method, String>,
}

/// How one method is served.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MethodMapping {
    /// The vendor's resource in the manifest.
    pub resource: String,
    /// That resource's method.
    pub method: String,
    /// The list parameters that this provider can serve, in the caller's spelling, operators included
    /// (`created_at[gt]`). Others of the resource are refused.
    #[serde(default)]
    pub filters: Vec<String>,
    /// The body fields that this provider can store. Others of the resource are refused.
    #[serde(default)]
    pub writes: Vec<String>,
    /// Static native query parameters.
    #[serde(default)]
    pub query: Map<String, Value>,
    /// Makes the native query.
    #[serde(default)]
    pub query_mapping: Option<Slot>,
    /// Makes the native body.
    #[serde(default)]
    pub request_body_mapping: Option<Slot>,
    /// Makes a unified record of each native one, or null where it is none of this resource's.
    #[serde(default)]
    pub response_mapping: Option<Slot>,
    /// Whether what the `before` steps found is a record of this resource; if not, the caller gets a 404.
    #[serde(default)]
    pub exists: Option<Slot>,
    /// List parameters beside the resource's own, as an object schema in the contract's dialect.
    #[serde(default)]
    pub query_schema: Option<Value>,
    /// Body fields beside the resource's own, as an object schema in the contract's dialect.
    #[serde(default)]
    pub request_body_schema: Option<Value>,
    /// Where the vendor documents the call; kept for the documents.
    #[serde(default)]
    pub documentation_link: Option<String>,
    /// Scopes that the call needs; kept for the documents.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Calls that go first; their answers are in scope as `before.<name>`.
    #[serde(default)]
    pub before: Vec<StepMapping>,
}

/// A call that goes before the main one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepMapping {
    /// Its place in scope.
    pub name: String,
    /// What kind of step.
    #[serde(rename = "type")]
    pub kind: StepKind,
    /// Which call.
    pub config: StepCall,
}

/// Kinds of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// A native call with the operation's id.
    Request,
}

/// The native call of a step.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepCall {
    /// The vendor's resource in the manifest.
    pub resource: String,
    /// That resource's method, which must only read.
    pub method: String,
    /// Static native query parameters.
    #[serde(default)]
    pub query: Map<String, Value>,
}

/// A JSONata expression: the name of a `.jsonata` file in the provider's folder, or the expression itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Slot(pub String);

impl Slot {
    /// The file, if the slot names one.
    pub fn file(&self) -> Option<&str> {
        let plain = !self.0.contains(char::is_whitespace);
        (plain && self.0.ends_with(".jsonata")).then_some(self.0.as_str())
    }
}
