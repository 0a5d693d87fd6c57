//! Running a cell's expressions over what a request brought, off the threads that serve connections.

use std::sync::Arc;

use http::HeaderMap;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Gateway;
use crate::error::{Error, Kind, Result};
use crate::mapping::cell::Template;
use crate::mapping::expression::{EvaluationError, Expression, Scope};
use crate::model::Operation;

/// What every slot of one operation sees, under the contract's names.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The request, the account's context without secrets, and the request's instant for `$now`.
    request: Scope,
    /// What the steps before found.
    pub before: Found,
    /// What the steps after found.
    pub after: Found,
}

/// What steps found, by their names: an object that every slot's scope shares.
#[derive(Debug, Clone)]
pub struct Found(Arc<Value>);

impl Default for Found {
    fn default() -> Self {
        Found(Arc::new(Value::Object(Map::new())))
    }
}

impl Found {
    /// What the step of this name found.
    pub fn get(&self, step: &str) -> Option<&Value> {
        self.0.get(step)
    }

    /// Everything that was found: an object.
    pub fn all(&self) -> &Value {
        &self.0
    }

    /// Adds what a step found.
    pub fn insert(&mut self, step: &str, value: Value) {
        Arc::make_mut(&mut self.0)[step] = value;
    }
}

/// What one slot sees beside the surroundings where it names it, such as a loop's `item`.
pub type Extras = Scope;

impl Surroundings {
    /// Of an operation, of which no step has found anything yet.
    pub fn new(operation: &Operation, context: &Value, now_millis: i64) -> Self {
        let request = Scope::new()
            .at(now_millis)
            .with("query", operation.filters.clone())
            .with("rawQuery", operation.raw_query.clone())
            .with("body", operation.body.clone())
            .with("context", context.clone());
        let request = match &operation.id {
            Some(id) => request.with("id", id.clone()),
            None => request,
        };
        Surroundings { request, before: Found::default(), after: Found::default() }
    }

    pub(super) fn scope(&self, extras: &Extras, expression: &Expression) -> Scope {
        let scope = self.request.clone();
        let scope =
            scope.with_shared("before", self.before.0.clone()).with_shared("after", self.after.0.clone());
        scope.with_named(extras, expression.source())
    }
}

impl Gateway {
    /// The value of one slot; `None` where the expression gives nothing.
    pub(super) async fn slot(
        &self,
        expression: &Expression,
        surroundings: &Surroundings,
        extras: &Extras,
    ) -> Result<Option<Value>> {
        let found = self.evaluated(expression, surroundings.scope(extras, expression)).await?;
        found.map_err(|error| failed(expression, &error))
    }

    /// Whether a condition holds; one that is absent does.
    pub(super) async fn holds(
        &self,
        condition: Option<&Expression>,
        surroundings: &Surroundings,
        extras: &Extras,
    ) -> Result<bool> {
        match condition {
            None => Ok(true),
            Some(condition) => {
                Ok(self.slot(condition, surroundings, extras).await?.is_some_and(|value| is_true(&value)))
            }
        }
    }

    /// The text that a slot gives; numbers count as theirs.
    pub(super) async fn text(
        &self,
        expression: &Expression,
        surroundings: &Surroundings,
        extras: &Extras,
    ) -> Result<Option<String>> {
        match self.slot(expression, surroundings, extras).await? {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(misfit(expression, "a text")),
        }
    }

    /// The object that a slot gives; nothing counts as an empty one.
    pub(super) async fn object(
        &self,
        expression: &Expression,
        surroundings: &Surroundings,
        extras: &Extras,
    ) -> Result<Map<String, Value>> {
        match self.slot(expression, surroundings, extras).await? {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(map)) => Ok(map),
            Some(_) => Err(misfit(expression, "an object")),
        }
    }

    /// The list that a slot gives; a lone value counts as a list of one, and nothing as an empty one.
    pub(super) async fn list(
        &self,
        expression: &Expression,
        surroundings: &Surroundings,
        extras: &Extras,
    ) -> Result<Vec<Value>> {
        Ok(match self.slot(expression, surroundings, extras).await? {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(single) => vec![single],
        })
    }

    /// The value of a template. Members that give nothing are left out.
    pub(super) async fn filled(
        &self,
        template: &Template,
        surroundings: &Surroundings,
        extras: &Extras,
    ) -> Result<Option<Value>> {
        match template {
            Template::Value(value) => Ok(Some(value.clone())),
            Template::Expression(expression) => self.slot(expression, surroundings, extras).await,
            Template::Object(members) => {
                let mut map = Map::with_capacity(members.len());
                for (name, member) in members {
                    if let Some(value) = Box::pin(self.filled(member, surroundings, extras)).await? {
                        map.insert(name.clone(), value);
                    }
                }
                Ok(Some(Value::Object(map)))
            }
            Template::Array(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    let value = Box::pin(self.filled(item, surroundings, extras)).await?;
                    list.push(value.unwrap_or(Value::Null));
                }
                Ok(Some(Value::Array(list)))
            }
        }
    }
}

/// JSONata's idea of true: neither empty nor zero.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(is_true),
        Value::Object(map) => !map.is_empty(),
    }
}

/// A vendor's response headers as expressions see them: names in lower case; one that can't be read as text is
/// left out.
pub(super) fn headers(headers: &HeaderMap) -> Value {
    let readable = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.into())));
    Value::Object(readable.collect())
}

/// The error of an expression that gives a value of the wrong kind.
pub(super) fn misfit(expression: &Expression, expected: &str) -> Error {
    unfit(expression.name(), None, &format!("it must give {expected}"))
}

pub(super) fn failed(expression: &Expression, error: &EvaluationError) -> Error {
    unfit(expression.name(), None, &error.to_string())
}

pub(super) fn unfit(expression: &str, id: Option<String>, why: &str) -> Error {
    let record = id.map_or_else(String::new, |id| format!(" on record {id}"));
    Error::new(Kind::Mapping, format!("The mapping {expression} failed{record}: {why}"))
}

/// The id that a native record names itself by, for messages.
pub(super) fn record_id(record: &RawValue) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        id: Value,
    }
    match serde_json::from_str::<Named>(record.get()).ok()?.id {
        Value::String(id) => Some(id),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}
