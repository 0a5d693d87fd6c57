//! Running a cell's expressions over what a request brought, off the threads that serve connections.

use std::sync::Arc;

use http::HeaderMap;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Gateway;
use super::evaluations::{BRIEF, Unmade};
use super::unified::Run;
use crate::error::{Error, Kind, Result};
use crate::mapping::cell::{Source, Template};
use crate::mapping::expression::{Budget, EvaluationError, Expression, Held, Scope};
use crate::mapping::method::MappedBy;
use crate::model::shape::{Mapped as _, Node};
use crate::model::{Operation, Record, Resource};

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

    fn scope(&self, extras: &Extras, expression: &Expression) -> Scope {
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

impl Run<'_> {
    /// Unified records of native ones, in order; nothing where the mapping says that one is none of this
    /// resource's.
    pub(super) async fn records(
        &self,
        source: &Source,
        extras: &Extras,
        native: Vec<Box<RawValue>>,
    ) -> Result<Vec<Option<Record>>> {
        if native.is_empty() {
            return Ok(Vec::new());
        }
        let expression = source.response_mapping.clone();
        let expression = expression.ok_or_else(|| Error::internal("a source has no response mapping"))?;
        let (resource, gateway) = (self.resource.clone(), self.gateway);
        let scope = self.surroundings.scope(extras, &expression);
        let keep_remote = self.operation.presentation.wants_remote_data();
        if source.mapped_by == MappedBy::Array {
            return gateway
                .blocking(move || map_page(&expression, &resource, scope, native, keep_remote))
                .await?;
        }
        let base = source.base_response_mapping.clone();
        let scope = base.iter().fold(scope, |scope, base| scope.with_named(extras, base.source()));
        let briefly = native.len() == 1 && native[0].get().len() < BRIEF && scope.is_below(BRIEF);
        let native = Arc::new(native);
        let items = native.clone();
        let map =
            move |budget: &Budget| map_records(&expression, base.as_ref(), &resource, &scope, &items, budget);
        let mapped = gateway.computed(briefly, map).await.map_err(|unmade| match unmade {
            Unmade::Failed(error, id) => unfit(&error.name, id, &error.to_string()),
            Unmade::Refused(error) => error,
        })?;
        // Nobody else holds them any more.
        Ok(if keep_remote { beside(mapped, Arc::unwrap_or_clone(native)) } else { mapped })
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

/// Evaluates an override whose scope has what the mapping under it makes of the same record.
fn map_over_base(
    expression: &Expression,
    base: &Expression,
    scope: &Scope,
    items: &[&RawValue],
    budget: &Budget,
) -> Vec<std::result::Result<Option<Value>, EvaluationError>> {
    let bases = base.evaluate_each(scope, "response", items, budget);
    let over = bases.into_iter().zip(items).map(|(base, item)| match base? {
        None | Some(Value::Null) => Ok(None),
        Some(base) => {
            let scope = scope.clone().with("base", base).with_raw("response", (*item).to_owned());
            expression.evaluate(&scope, budget)
        }
    });
    over.collect()
}

type Mapped<'v> = std::result::Result<Held<'v>, EvaluationError>;

fn map_records(
    expression: &Expression,
    base: Option<&Expression>,
    resource: &Resource,
    scope: &Scope,
    native: &[Box<RawValue>],
    budget: &Budget,
) -> std::result::Result<Vec<Option<Record>>, Unmade> {
    let items: Vec<&RawValue> = native.iter().map(Box::as_ref).collect();
    let id = |index: usize| items.get(index).and_then(|item| record_id(item));
    let shaped = |index: usize, mapped: Mapped<'_>| {
        let mapped = mapped.map_err(|error| Unmade::Failed(error, id(index)))?;
        if mapped.node() == Node::Null {
            return Ok(None);
        }
        Record::shape(resource, mapped, None)
            .map(Some)
            .map_err(|error| Unmade::Refused(unfit(expression.name(), id(index), &error.to_string())))
    };
    match base {
        None => {
            expression.evaluate_each_with(scope, "response", &items, budget, shaped).into_iter().collect()
        }
        Some(base) => {
            let mapped = map_over_base(expression, base, scope, &items, budget).into_iter().enumerate();
            let each = mapped.map(|(index, mapped)| match mapped {
                Ok(value) => shaped(index, Ok(Held::from(&value.unwrap_or_default()))),
                Err(error) => shaped(index, Err(error)),
            });
            each.collect()
        }
    }
}

/// Records with what the vendor has of each.
fn beside(mut records: Vec<Option<Record>>, native: Vec<Box<RawValue>>) -> Vec<Option<Record>> {
    for (record, native) in records.iter_mut().zip(native) {
        if let Some(record) = record {
            record.remote_data = Some(native);
        }
    }
    records
}

/// Maps a page as a whole. A record that the mapping gives a `remote_data` has that; otherwise, where it gives as many
/// records as the page has, the vendor's own go with them.
fn map_page(
    expression: &Expression,
    resource: &Resource,
    scope: Scope,
    native: Vec<Box<RawValue>>,
    keep_remote: bool,
) -> Result<Vec<Option<Record>>> {
    let text = serde_json::to_string(&native).map_err(Error::internal)?;
    let text = RawValue::from_string(text).map_err(Error::internal)?;
    let mapped = expression.evaluate(&scope.with_raw("response", text), &Budget::default());
    let mapped = match mapped.map_err(|error| failed(expression, &error))? {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(single) => vec![single],
    };
    let matched = mapped.len() == native.len();
    let mut native = native.into_iter();
    let records = mapped.into_iter().map(|mut value| {
        let beside = native.next().filter(|_| matched);
        if value.is_null() {
            return Ok(None);
        }
        let id = beside.as_deref().and_then(record_id);
        let own = value.as_object_mut().and_then(|members| members.shift_remove("remote_data"));
        let remote = match own {
            Some(own) if keep_remote => Some(super::native::raw(&own)?),
            _ => beside.filter(|_| keep_remote),
        };
        Record::shape(resource, &value, remote)
            .map(Some)
            .map_err(|error| unfit(expression.name(), id, &error.to_string()))
    });
    records.collect()
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

fn failed(expression: &Expression, error: &EvaluationError) -> Error {
    unfit(expression.name(), None, &error.to_string())
}

fn unfit(expression: &str, id: Option<String>, why: &str) -> Error {
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
