//! Running a cell's expressions over what a request brought, off the threads that serve connections.

use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Gateway;
use crate::error::{Error, Kind, Result};
use crate::mapping::Cell;
use crate::mapping::expression::{Budget, EvaluationError, Expression, Held, Scope};
use crate::model::shape::{Mapped as _, Node};
use crate::model::{Operation, Record, Resource};

/// What every slot of one operation sees, under the contract's names.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The request.
    pub operation: Arc<Operation>,
    /// The account's context, without secrets.
    pub context: Value,
    /// What the steps before found.
    pub before: Option<Map<String, Value>>,
    /// The request's instant, for `$now`.
    pub now_millis: i64,
}

impl Surroundings {
    fn scope(&self) -> Scope {
        let operation = &self.operation;
        let mut scope = Scope::new()
            .at(self.now_millis)
            .with("query", operation.filters.clone())
            .with("rawQuery", operation.raw_query.clone())
            .with("body", operation.body.clone())
            .with("context", self.context.clone());
        if let Some(id) = &operation.id {
            scope = scope.with("id", id.clone());
        }
        if let Some(before) = &self.before {
            scope = scope.with("before", before.clone());
        }
        scope
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
        tokio::task::spawn_blocking(move || span.in_scope(work)).await.map_err(Error::internal)
    }

    /// The value of one slot; `None` where the expression gives nothing.
    pub(super) async fn slot(
        &self,
        expression: &Expression,
        surroundings: &Surroundings,
    ) -> Result<Option<Value>> {
        let (expression, surroundings) = (expression.clone(), surroundings.clone());
        self.blocking(move || {
            expression
                .evaluate(&surroundings.scope(), &Budget::default())
                .map_err(|error| failed(&expression, None, &error))
        })
        .await?
    }

    /// Unified records of native ones; those that the mapping says are none of this resource's are left out.
    pub(super) async fn records(
        &self,
        cell: &Arc<Cell>,
        resource: &Arc<Resource>,
        surroundings: &Surroundings,
        native: Vec<Box<RawValue>>,
    ) -> Result<Vec<Record>> {
        if native.is_empty() {
            return Ok(Vec::new());
        }
        let expression = cell.response_mapping.clone();
        let expression =
            expression.ok_or_else(|| Error::internal(format!("{} has no response mapping", cell.name)))?;
        let (resource, surroundings) = (resource.clone(), surroundings.clone());
        let base = cell.base_response_mapping.clone();
        self.blocking(move || map_records(&expression, base.as_ref(), &resource, &surroundings, native))
            .await?
    }
}

/// Evaluates an override whose scope has what the mapping under it makes of the same record.
fn map_over_base(
    expression: &Expression,
    base: &Expression,
    surroundings: &Surroundings,
    items: &[&RawValue],
) -> Vec<std::result::Result<Option<Value>, EvaluationError>> {
    let budget = Budget::default();
    let bases = base.evaluate_each(&surroundings.scope(), "response", items, &budget);
    let over = bases.into_iter().zip(items).map(|(base, item)| match base? {
        None | Some(Value::Null) => Ok(None),
        Some(base) => {
            let scope = surroundings.scope().with("base", base).with_raw("response", (*item).to_owned());
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
    native: Vec<Box<RawValue>>,
) -> Result<Vec<Record>> {
    let items: Vec<&RawValue> = native.iter().map(Box::as_ref).collect();
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
        None => {
            let (scope, budget) = (surroundings.scope(), Budget::default());
            expression.evaluate_each_with(&scope, "response", &items, &budget, shaped)
        }
        Some(base) => {
            let mapped = map_over_base(expression, base, surroundings, &items).into_iter().enumerate();
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
        if let Some(mut record) = shaped? {
            record.remote_data = keep_remote.then_some(native);
            records.push(record);
        }
    }
    Ok(records)
}

fn failed(expression: &Expression, record: Option<&RawValue>, error: &EvaluationError) -> Error {
    unfit(expression, record.and_then(record_id), &error.to_string())
}

fn unfit(expression: &Expression, id: Option<String>, why: &str) -> Error {
    let record = id.map_or_else(String::new, |id| format!(" on record {id}"));
    Error::new(Kind::Mapping, format!("The mapping {} failed{record}: {why}", expression.name()))
}

/// The id that a native record names itself by, for messages.
fn record_id(record: &RawValue) -> Option<String> {
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
