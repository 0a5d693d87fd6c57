//! Batches: many calls for one account in one request, each with what the ones before it brought.
//!
//! Entries run as soon as those that they wait for are done, several at once; an entry's failure is its own, and that
//! of the entries that live on its records. Lists are walked to their end. An entry is repeated for each of another's
//! records where it says so (`loop_on`) or reads a member of them, and for its own where `recurse` says so.
//!
//! A batch is one request to whoever sends it, so there is an end to it: in calls, records, bytes and time. Where it
//! is reached, what is there is answered, and the entries that were cut short say so. Nothing is left out in silence.

mod draft;
mod entry;
mod limits;
mod order;
mod plan;
mod request;
mod values;

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use indexmap::IndexMap;
use serde_json::Value;
use serde_json::value::RawValue;

pub use plan::Batch;

use super::Gateway;
use crate::account::Account;
use crate::error::{Error, Kind, Result, Retry};
use limits::Limits;
use plan::Work;
use values::Values;

/// Entries that run at once, and calls of one entry that only reads.
const AT_ONCE: usize = 4;

/// What a batch brought, by the keys of its entries in their order.
#[derive(Debug)]
pub struct BatchAnswer {
    /// The records of those entries whose records are wanted.
    pub result: IndexMap<String, Vec<Box<RawValue>>>,
    /// What failed, for every entry.
    pub errors: IndexMap<String, Vec<Failed>>,
}

impl BatchAnswer {
    /// Whether something failed that may succeed another time.
    pub fn is_passing(&self) -> bool {
        let mut failed = self.errors.values().flatten();
        failed.any(|failed| matches!(failed.error.retries(), Retry::Later(_)))
    }
}

/// A failure of an entry.
#[derive(Debug, Clone)]
pub struct Failed {
    /// What failed.
    pub error: Error,
    /// For which item, where the entry is repeated: its id, or the item itself.
    pub item: Option<Value>,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Failed { error, item: None }
    }
}

/// What became of an entry.
#[derive(Debug, Default)]
struct Done {
    records: Vec<Box<RawValue>>,
    /// The same as one array, where another entry may read it.
    parsed: Option<Arc<Value>>,
    failed: Vec<Failed>,
}

impl From<Error> for Done {
    fn from(error: Error) -> Self {
        Done { failed: vec![error.into()], ..Done::default() }
    }
}

impl From<Result<Vec<Box<RawValue>>>> for Done {
    fn from(outcome: Result<Vec<Box<RawValue>>>) -> Self {
        outcome.map_or_else(Done::from, |records| Done { records, ..Done::default() })
    }
}

/// A batch on its way.
struct Run<'a> {
    gateway: &'a Gateway,
    account: &'a Arc<Account>,
    batch: &'a Batch,
    limits: Limits,
}

impl Gateway {
    /// Runs a batch for an account.
    pub async fn batch(&self, account: &Arc<Account>, batch: &Batch) -> BatchAnswer {
        Run { gateway: self, account, batch, limits: Limits::new() }.run().await
    }
}

impl Run<'_> {
    async fn run(&self) -> BatchAnswer {
        let entries = &self.batch.entries;
        let mut waiting: BTreeSet<usize> = (0..entries.len()).collect();
        let mut done: Vec<Option<Done>> = entries.iter().map(|_| None).collect();
        let mut running = FuturesUnordered::new();
        loop {
            let is_ready = |index: &usize| entries[*index].after.iter().all(|other| done[*other].is_some());
            let ready: Vec<usize> =
                waiting.iter().copied().filter(is_ready).take(AT_ONCE - running.len()).collect();
            for index in ready {
                waiting.remove(&index);
                match self.obstacle(index, &done) {
                    Some(error) => done[index] = Some(error.into()),
                    None => {
                        let (values, gathered) = (self.values(index, &done), self.gathered(index, &done));
                        running.push(async move { (index, self.entry(index, values, gathered).await) });
                    }
                }
            }
            match running.next().await {
                Some((index, became)) => done[index] = Some(became),
                None if waiting.is_empty() => return self.answer(done),
                // What had an obstacle was what others waited for.
                None => {}
            }
        }
    }

    /// Why an entry can't run: one that it lives on brought nothing but failures.
    fn obstacle(&self, index: usize, done: &[Option<Done>]) -> Option<Error> {
        let entries = &self.batch.entries;
        let (label, error) = entries[index].after.iter().find_map(|other| {
            let became = done[*other].as_ref().filter(|became| became.records.is_empty())?;
            Some((&entries[*other].label, &became.failed.first()?.error))
        })?;
        let message = format!("Not run, because {label} failed: {}", error.message());
        Some(Error::new(error.kind(), message).retry(error.retries()))
    }

    /// What an entry can read: the records of everything that came before, however far before.
    fn values(&self, index: usize, done: &[Option<Done>]) -> Arc<Values> {
        let entries = &self.batch.entries;
        let mut before = BTreeSet::new();
        let mut look = entries[index].after.clone();
        while let Some(other) = look.pop() {
            if before.insert(other) {
                look.extend(&entries[other].after);
            }
        }
        let now = self.gateway.clock.unix_millis();
        let mut values = Values::new(self.batch.args.clone(), &self.account.row, now);
        for other in before {
            if let Some(parsed) = done[other].as_ref().and_then(|became| became.parsed.clone()) {
                values.add(&entries[other].places, parsed);
            }
        }
        Arc::new(values)
    }

    /// What a spool gathers: the records of the entries that it waits for, in their order.
    fn gathered(&self, index: usize, done: &[Option<Done>]) -> Vec<Box<RawValue>> {
        let entry = &self.batch.entries[index];
        match entry.work {
            Work::Spool => {
                let others = entry.after.iter().filter_map(|other| done[*other].as_ref());
                others.flat_map(|became| became.records.iter().cloned()).collect()
            }
            Work::Call(_) | Work::Transform(_) => Vec::new(),
        }
    }

    async fn entry(&self, index: usize, values: Arc<Values>, gathered: Vec<Box<RawValue>>) -> Done {
        let entry = &self.batch.entries[index];
        let mut became = match &entry.work {
            Work::Call(call) => self.calls(entry, call, values).await,
            Work::Transform(expression) => self.transform(expression, values).await.into(),
            Work::Spool => self.limits.take_records(&gathered).map(|()| gathered).into(),
        };
        if self.batch.entries.iter().any(|other| other.after.contains(&index)) {
            let records = std::mem::take(&mut became.records);
            match self.gateway.blocking(move || (parse(&records), records)).await {
                Ok((Ok(parsed), records)) => (became.records, became.parsed) = (records, Some(parsed)),
                Ok((Err(error), records)) => {
                    became.records = records;
                    became.failed.push(error.into());
                }
                Err(error) => became.failed.push(error.into()),
            }
        }
        became
    }

    fn answer(&self, done: Vec<Option<Done>>) -> BatchAnswer {
        let mut answer = BatchAnswer { result: IndexMap::new(), errors: IndexMap::new() };
        for (entry, became) in self.batch.entries.iter().zip(done) {
            let became = became.unwrap_or_default();
            if entry.persist {
                answer.result.entry(entry.label.clone()).or_default().extend(became.records);
            }
            answer.errors.entry(entry.label.clone()).or_default().extend(became.failed);
        }
        answer
    }
}

/// The records as one array.
fn parse(records: &[Box<RawValue>]) -> Result<Arc<Value>> {
    let parsed = records.iter().map(|record| read(record)).collect::<Result<_>>()?;
    Ok(Arc::new(Value::Array(parsed)))
}

/// A record for others to read. Not all that is JSON can be: it may be nested too deep, or hold too large a number.
fn read(record: &RawValue) -> Result<Value> {
    serde_json::from_str(record.get()).map_err(|error| {
        Error::new(Kind::Garbled, format!("A record can't be read by the entries that live on it: {error}."))
    })
}
