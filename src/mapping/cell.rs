//! How a provider serves one unified method, compiled: what the gateway runs.

use std::sync::Arc;

use regex::Regex;
use serde_json::{Map, Value};

use super::expression::Expression;
use super::manifest::NativeMethod;
use super::method::MappedBy;
use crate::model::selection::Comparison;

/// How a provider serves one unified method.
#[derive(Debug)]
pub struct Cell {
    /// Names it in messages: `capsule/contacts.list`.
    pub name: String,
    /// What it was compiled from: overrides are laid over it.
    pub config: Value,
    /// What a unified id looks like, anchored at both ends, where it isn't the provider's own.
    pub id_pattern: Option<Regex>,
    /// The parameters that some source serves, by the vendor or by the gateway.
    pub filters: Vec<String>,
    /// The body fields that can be stored.
    pub writes: Vec<String>,
    /// The parameters that can't be left out.
    pub required_parameters: Vec<String>,
    /// The body fields that can't be left out.
    pub required_fields: Vec<String>,
    /// Gives `[{field, message}]` of what can't be carried out.
    pub refusals: Option<Expression>,
    /// Tells whether the record is this resource's.
    pub exists: Option<Expression>,
    /// What goes first.
    pub before: Vec<Step>,
    /// The ways of serving it, at least one.
    pub sources: Vec<Source>,
    /// Makes `{status, message}` of a vendor's error.
    pub error_mapping: Option<Expression>,
    /// Whether an update that met another one is made once more; absent: it isn't.
    pub reread_on_conflict: Option<Expression>,
}

/// One way of serving a method.
#[derive(Debug)]
pub struct Source {
    /// When it is used; absent: always.
    pub run_if: Option<Expression>,
    /// Where its native records come from.
    pub origin: Origin,
    /// Makes the native id of the unified one.
    pub id: Option<Expression>,
    /// Makes the native path.
    pub path_mapping: Option<Expression>,
    /// The parameters that the native call takes care of.
    pub filters: Vec<String>,
    /// The parameters that the gateway applies to the unified records.
    pub gateway_filters: Vec<GatewayFilter>,
    /// Whether many of its native records are none of this resource's.
    pub sparse: bool,
    /// Makes the native query.
    pub query_mapping: Option<Expression>,
    /// The native body under the mapped one.
    pub body: Option<Value>,
    /// Makes the native body.
    pub request_body_mapping: Option<Expression>,
    /// Makes native request headers.
    pub request_header_mapping: Option<Expression>,
    /// Makes a unified record.
    pub response_mapping: Option<Expression>,
    /// The mapping under an override that builds on it: its record is in the override's scope as `base`.
    pub base_response_mapping: Option<Expression>,
    /// Whether `response_mapping` sees one record at a time or all of a page.
    pub mapped_by: MappedBy,
    /// What follows the main call.
    pub after: Vec<Step>,
}

/// A list parameter that the gateway applies itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayFilter {
    /// The parameter in the caller's spelling.
    pub spelling: String,
    /// How values compare.
    pub comparison: Comparison,
}

/// Where native records come from.
#[derive(Debug)]
pub enum Origin {
    /// A call of the vendor's API.
    Call(Choice),
    /// An expression over what is already known.
    Records(Expression),
}

/// A native call, or an expression that picks one of several.
#[derive(Debug)]
pub struct Choice {
    /// What may be picked, at least one.
    pub calls: Vec<NativeCall>,
    /// Gives the resource; absent where all have the same.
    pub resource: Option<Expression>,
    /// Gives the method; absent where all have the same.
    pub method: Option<Expression>,
}

/// One of the vendor's operations, with the static query that a mapping gives it.
#[derive(Debug, Clone)]
pub struct NativeCall {
    /// The vendor's resource.
    pub resource: String,
    /// Its method.
    pub method: String,
    /// The operation's facts, shared: every call has them, and they hold schemas.
    pub facts: Arc<NativeMethod>,
    /// Static native query parameters.
    pub query: Map<String, Value>,
}

/// Something that goes before or after the main call.
#[derive(Debug)]
pub struct Step {
    /// Its place in scope.
    pub name: String,
    /// Whether it runs; absent: always.
    pub run_if: Option<Expression>,
    /// What the text of `data` must match for it to run.
    pub run_if_text: Option<Regex>,
    /// Gives the items that it runs for, one by one.
    pub loop_on: Option<Expression>,
    /// Whether what it gives stands in place of the main call's answer.
    pub answers: bool,
    /// What it does.
    pub action: Action,
}

/// What a step does.
#[derive(Debug)]
pub enum Action {
    /// A native call.
    Request(Request),
    /// The value of an expression.
    Transform(Expression),
}

/// The native call of a step.
#[derive(Debug)]
pub struct Request {
    /// Which call.
    pub choice: Choice,
    /// Makes the native id; absent: the operation's.
    pub id: Option<Expression>,
    /// Makes the native query.
    pub query: Template,
    /// Makes the native body.
    pub body: Option<Template>,
    /// Whether the answer is kept for the account for a short while.
    pub cached: bool,
    /// Whether a missing record is null and no error.
    pub optional: bool,
    /// Whether the request goes on without an answer that can't be used.
    pub dispensable: bool,
}

/// A JSON value with expressions in some places.
#[derive(Debug)]
pub enum Template {
    /// As it is.
    Value(Value),
    /// The value of an expression; left out of an object where it gives nothing.
    Expression(Expression),
    /// Its members, in order.
    Object(Vec<(String, Template)>),
    /// Its items.
    Array(Vec<Template>),
}

impl Cell {
    /// The first way of serving it, which is the only one of most methods.
    pub fn main(&self) -> &Source {
        // The compiler of mappings makes no cell without a source.
        &self.sources[0]
    }
}

impl Cell {
    /// Every step that goes before or after.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.before.iter().chain(self.sources.iter().flat_map(|source| &source.after))
    }
}

impl Source {
    /// The first native call that it may make.
    pub fn call(&self) -> Option<&NativeCall> {
        match &self.origin {
            Origin::Call(choice) => choice.calls.first(),
            Origin::Records(_) => None,
        }
    }

    /// Whether a parameter is served, by the vendor or by the gateway.
    pub fn serves(&self, spelling: &str) -> bool {
        self.filters.iter().any(|filter| filter == spelling) || self.gateway_filter(spelling).is_some()
    }

    /// How the gateway applies a parameter, where the vendor doesn't.
    pub fn gateway_filter(&self, spelling: &str) -> Option<&GatewayFilter> {
        self.gateway_filters.iter().find(|filter| filter.spelling == spelling)
    }
}
