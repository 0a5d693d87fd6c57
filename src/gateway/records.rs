//! Records of a vendor's made unified ones, one by one or a page as a whole.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use serde_json::value::RawValue;
use tokio::task::yield_now;

use super::evaluate::{Extras, failed, record_id, unfit};
use super::evaluations::BRIEF;
use super::unified::Run;
use crate::error::{Error, Result};
use crate::mapping::cell::Source;
use crate::mapping::expression::{Budget, EvaluationError, EvaluationErrorKind, Expression, Held, Scope};
use crate::mapping::method::MappedBy;
use crate::model::shape::{Mapped as _, Node};
use crate::model::{Record, Resource};
use crate::telemetry::{metrics, traces};

/// What the mapping of a page takes of a thread before others have their turn.
const TURN: Duration = Duration::from_micros(500);

/// Records that are mapped in one turn at most.
const MOST_RECORDS: usize = 32;

/// The bytes of them at most.
const MOST_AT_A_TURN: usize = 64 * 1024;

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
        let scope = self.surroundings.scope(extras, &expression);
        let keep_remote = self.operation.presentation.wants_remote_data();
        let resource = self.resource.clone();
        if source.mapped_by == MappedBy::Array {
            let map = move || map_page(&expression, &resource, scope, native, keep_remote);
            return self.gateway.blocking(map).await?;
        }
        let base = source.base_response_mapping.clone();
        let scope = base.iter().fold(scope, |scope, base| scope.with_named(extras, base.source()));
        let native = Arc::new(native);
        let mapping = Mapping { expression, base, resource, scope };
        let mut mapped = self.in_turns(&mapping, &native).await?;
        if mapped.len() < native.len() {
            let (rest, from) = (native.clone(), mapped.len());
            let map = move || mapping.records(&rest[from..], &Budget::default());
            mapped.extend(self.gateway.blocking(map).await??);
        }
        // Nobody else holds them any more.
        Ok(if keep_remote { beside(mapped, Arc::unwrap_or_clone(native)) } else { mapped })
    }

    /// Maps records on this thread, a few at a turn so that others have theirs, as far as that is quickly done. Those that
    /// are left take longer.
    async fn in_turns(&self, mapping: &Mapping, native: &[Box<RawValue>]) -> Result<Vec<Option<Record>>> {
        let mut mapped = Vec::with_capacity(native.len());
        if mapping.expression.is_long() || !mapping.scope.is_below(BRIEF) {
            return Ok(mapped);
        }
        // A single one is mapped in less time than a turn.
        let _turn = if native.len() > 1 { Some(self.gateway.turn().await?) } else { None };
        let (mut many, mut spent) = (1, Duration::ZERO);
        while let few @ [_, ..] = first(&native[mapped.len()..], many) {
            let begun = Instant::now();
            match traces::mapping().in_scope(|| mapping.records(few, &Budget::brief())) {
                Ok(records) => mapped.extend(records),
                Err(Unmade::Failed(error, _)) if error.kind == EvaluationErrorKind::Budget => {
                    mapping.expression.took_long();
                    break;
                }
                Err(unmade) => return Err(unmade.into()),
            }
            let took = begun.elapsed();
            spent += took;
            let each = (took / u32::try_from(few.len()).unwrap_or(u32::MAX)).max(Duration::from_nanos(1));
            many = usize::try_from(TURN.as_nanos() / each.as_nanos()).unwrap_or(1).clamp(1, MOST_RECORDS);
            if mapped.len() < native.len() {
                yield_now().await;
            }
        }
        metrics::mapped(spent);
        Ok(mapped)
    }
}

/// The first of the records, as many as may be had at a turn.
fn first(records: &[Box<RawValue>], many: usize) -> &[Box<RawValue>] {
    let mut left = MOST_AT_A_TURN;
    let fits = records.iter().take(many).take_while(|record| {
        let rest = left.checked_sub(record.get().len());
        left = rest.unwrap_or_default();
        rest.is_some()
    });
    &records[..fits.count()]
}

/// How records are mapped one by one.
struct Mapping {
    expression: Expression,
    /// What an override has its record from.
    base: Option<Expression>,
    resource: Arc<Resource>,
    scope: Scope,
}

impl Mapping {
    fn records(
        &self,
        native: &[Box<RawValue>],
        budget: &Budget,
    ) -> std::result::Result<Vec<Option<Record>>, Unmade> {
        let items: Vec<&RawValue> = native.iter().map(Box::as_ref).collect();
        let id = |index: usize| items.get(index).and_then(|item| record_id(item));
        let shaped = |index: usize, mapped: std::result::Result<Held<'_>, EvaluationError>| {
            let mapped = mapped.map_err(|error| Unmade::Failed(error, id(index)))?;
            if mapped.node() == Node::Null {
                return Ok(None);
            }
            Record::shape(&self.resource, mapped, None).map(Some).map_err(|error| {
                Unmade::Refused(unfit(self.expression.name(), id(index), &error.to_string()))
            })
        };
        let Some(base) = &self.base else {
            let shaped = self.expression.evaluate_each_with(&self.scope, "response", &items, budget, shaped);
            return shaped.into_iter().collect();
        };
        let mapped = map_over_base(&self.expression, base, &self.scope, &items, budget);
        let each = mapped.into_iter().enumerate().map(|(index, mapped)| match mapped {
            Ok(value) => shaped(index, Ok(Held::from(&value.unwrap_or_default()))),
            Err(error) => shaped(index, Err(error)),
        });
        each.collect()
    }
}

/// Why a record wasn't made.
enum Unmade {
    /// The expression failed, or reached a limit of its budget, on the record of this id.
    Failed(EvaluationError, Option<String>),
    /// What it gave doesn't fit.
    Refused(Error),
}

impl From<Unmade> for Error {
    fn from(unmade: Unmade) -> Self {
        match unmade {
            Unmade::Failed(error, id) => unfit(&error.name, id, &error.to_string()),
            Unmade::Refused(error) => error,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn sized(bytes: &[usize]) -> Vec<Box<RawValue>> {
        let text = |bytes: &usize| RawValue::from_string("1".repeat(*bytes)).expect("a number");
        bytes.iter().map(text).collect()
    }

    #[test]
    fn a_turn_has_as_many_records_as_fit_its_number_and_its_bytes() {
        let records = sized(&[1000; 100]);
        assert_eq!([1, 7, 100].map(|many| first(&records, many).len()), [1, 7, 65]);
        assert!(first(&sized(&[MOST_AT_A_TURN + 1, 1]), 2).is_empty());
        assert_eq!(first(&sized(&[1, MOST_AT_A_TURN, 1]), 3).len(), 1);
        assert!(first(&[], 3).is_empty());
    }
}
