//! Running a cell's expressions over what a request brought, off the threads that serve connections.

use std::sync::Arc;

use http::HeaderMap;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Gateway;
use crate::error::{Error, Kind, Result};
use crate::mapping::cell::{Source, Template};
use crate::mapping::expression::{Budget, EvaluationError, Expression, Held, Scope};
use crate::mapping::method::MappedBy;
use crate::model::shape::{Mapped as _, Node};
use crate::model::{Operation, Record, Resource};
use crate::telemetry::{metrics, traces};

/// What every slot of one operation sees, under the contract's names.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The request.
    pub operation: Arc<Operation>,
    /// The account's context, without secrets.
    pub context: Value,
    /// What the steps before found.
    pub before: Found,
    /// What the steps after found.
    pub after: Found,
    /// The request's instant, for `$now`.
    pub now_millis: i64,
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
    fn scope(&self, extras: &Extras, expression: &Expression) -> Scope {
        let operation = &self.operation;
        let scope = Scope::new()
            .at(self.now_millis)
            .with("query", operation.filters.clone())
            .with("rawQuery", operation.raw_query.clone())
            .with("body", operation.body.clone())
            .with("context", self.context.clone())
            .with_shared("before", self.before.0.clone())
            .with_shared("after", self.after.0.clone());
        let scope = match &operation.id {
            Some(id) => scope.with("id", id.clone()),
            None => scope,
        };
        scope.with_named(extras, expression.source())
    }
}

impl Gateway {
    /// Runs `work` on a thread that may block, when a processor is free for it.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let _permit = self.evaluations.0.acquire().await.map_err(Error::internal)?;
        let span = tracing::Span::current();
        let timed = move || {
            let begun = std::time::Instant::now();
            let made = span.in_scope(|| traces::mapping().in_scope(work));
            metrics::mapped(begun.elapsed());
            made
        };
        tokio::task::spawn_blocking(timed).await.map_err(Error::internal)
    }

    /// The value of one slot; `None` where the expression gives nothing.
    pub(super) async fn slot(
        &self,
        expression: &Expression,
        surroundings: &Surroundings,
        extras: &Extras,
    ) -> Result<Option<Value>> {
        let (expression, scope) = (expression.clone(), surroundings.scope(extras, expression));
        self.blocking(move || {
            expression.evaluate(&scope, &Budget::default()).map_err(|error| failed(&expression, None, &error))
        })
        .await?
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

    /// Unified records of native ones, in order; nothing where the mapping says that one is none of this
    /// resource's.
    pub(super) async fn records(
        &self,
        source: &Source,
        resource: &Arc<Resource>,
        surroundings: &Surroundings,
        extras: &Extras,
        native: Vec<Box<RawValue>>,
    ) -> Result<Vec<Option<Record>>> {
        if native.is_empty() {
            return Ok(Vec::new());
        }
        let expression = source.response_mapping.clone();
        let expression = expression.ok_or_else(|| Error::internal("a source has no response mapping"))?;
        let (resource, surroundings, extras) = (resource.clone(), surroundings.clone(), extras.clone());
        let (mapped_by, base) = (source.mapped_by, source.base_response_mapping.clone());
        self.blocking(move || match mapped_by {
            MappedBy::Item => {
                map_records(&expression, base.as_ref(), &resource, &surroundings, &extras, native)
            }
            MappedBy::Array => map_page(&expression, &resource, &surroundings, &extras, native),
        })
        .await?
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
) -> Vec<std::result::Result<Option<Value>, EvaluationError>> {
    let budget = Budget::default();
    let bases = base.evaluate_each(scope, "response", items, &budget);
    let over = bases.into_iter().zip(items).map(|(base, item)| match base? {
        None | Some(Value::Null) => Ok(None),
        Some(base) => {
            let scope = scope.clone().with("base", base).with_raw("response", (*item).to_owned());
            expression.evaluate(&scope, &budget)
        }
    });
    over.collect()
}

type Mapped<'v> = std::result::Result<Held<'v>, EvaluationError>;

fn map_records(
    expression: &Expression,
    base: Option<&Expression>,
    resource: &Resource,
    surroundings: &Surroundings,
    extras: &Extras,
    native: Vec<Box<RawValue>>,
) -> Result<Vec<Option<Record>>> {
    let items: Vec<&RawValue> = native.iter().map(Box::as_ref).collect();
    let scope = surroundings.scope(extras, expression);
    let scope = base.iter().fold(scope, |scope, base| scope.with_named(extras, base.source()));
    let shaped = |index: usize, mapped: Mapped<'_>| {
        let mapped = mapped.map_err(|error| failed(expression, items.get(index).copied(), &error))?;
        if mapped.node() == Node::Null {
            return Ok(None);
        }
        Record::shape(resource, mapped, None).map(Some).map_err(|error| {
            unfit(expression, items.get(index).and_then(|item| record_id(item)), &error.to_string())
        })
    };
    let shaped: Vec<Result<Option<Record>>> = match base {
        None => expression.evaluate_each_with(&scope, "response", &items, &Budget::default(), shaped),
        Some(base) => {
            let mapped = map_over_base(expression, base, &scope, &items).into_iter().enumerate();
            let each = mapped.map(|(index, mapped)| match mapped {
                Ok(value) => shaped(index, Ok(Held::from(&value.unwrap_or_default()))),
                Err(error) => shaped(index, Err(error)),
            });
            each.collect()
        }
    };
    let keep_remote = surroundings.operation.presentation.wants_remote_data();
    let mut records = Vec::with_capacity(native.len());
    for (shaped, native) in shaped.into_iter().zip(native) {
        let mut record = shaped?;
        if let Some(record) = &mut record {
            record.remote_data = keep_remote.then_some(native);
        }
        records.push(record);
    }
    Ok(records)
}

/// Maps a page as a whole. A record that the mapping gives a `remote_data` has that; otherwise, where it gives as many
/// records as the page has, the vendor's own go with them.
fn map_page(
    expression: &Expression,
    resource: &Resource,
    surroundings: &Surroundings,
    extras: &Extras,
    native: Vec<Box<RawValue>>,
) -> Result<Vec<Option<Record>>> {
    let text = serde_json::to_string(&native).map_err(Error::internal)?;
    let text = RawValue::from_string(text).map_err(Error::internal)?;
    let scope = surroundings.scope(extras, expression).with_raw("response", text);
    let mapped = expression.evaluate(&scope, &Budget::default());
    let mapped = match mapped.map_err(|error| failed(expression, None, &error))? {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(single) => vec![single],
    };
    let keep_remote = surroundings.operation.presentation.wants_remote_data();
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
            .map_err(|error| unfit(expression, id, &error.to_string()))
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
    unfit(expression, None, &format!("it must give {expected}"))
}

fn failed(expression: &Expression, record: Option<&RawValue>, error: &EvaluationError) -> Error {
    unfit(expression, record.and_then(record_id), &error.to_string())
}

fn unfit(expression: &Expression, id: Option<String>, why: &str) -> Error {
    let record = id.map_or_else(String::new, |id| format!(" on record {id}"));
    Error::new(Kind::Mapping, format!("The mapping {} failed{record}: {why}", expression.name()))
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
