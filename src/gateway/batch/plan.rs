//! What a batch is to do, and in which order: its entries, read and checked before anything is called.
//!
//! Refused as a whole: an entry that can't be understood, a name that isn't there, entries that wait for each other.
//! What an entry asks of a resource is checked when it runs, and is that entry's failure alone.

use serde_json::{Map, Value};

use super::draft::{Draft, Reader};
use super::order::{Connection, connect, refuse_circles, unique};
use crate::error::{Error, Result};
use crate::mapping::expression::{Engine, Expression};
use crate::model::Method;

/// The most entries of a batch.
const MOST_ENTRIES: usize = 100;

/// Where the records of entries are found.
pub(super) const RESOURCES: &str = "resources";

/// A batch, understood.
#[derive(Debug)]
pub struct Batch {
    pub(super) entries: Vec<Entry>,
    pub(super) args: Map<String, Value>,
}

/// One entry.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its key in the answer: its name, or else its resource.
    pub(super) label: String,
    /// Where others find its records, below `resources`: by its name, by its resource.
    pub(super) places: Vec<Vec<String>>,
    /// Entries that come before, by their places in the list.
    pub(super) after: Vec<usize>,
    /// Whether its records are in the answer.
    pub(super) persist: bool,
    pub(super) work: Work,
}

/// What an entry does.
#[derive(Debug)]
pub(super) enum Work {
    /// Calls a resource.
    Call(Box<CallEntry>),
    /// Makes records of records.
    Transform(Expression),
    /// Gathers the records of the entries before it.
    Spool,
}

/// A call of a resource.
#[derive(Debug)]
pub(super) struct CallEntry {
    pub(super) target: Target,
    pub(super) id: Option<Value>,
    pub(super) query: Template,
    pub(super) body: Option<Template>,
    /// A path to what it is repeated for.
    pub(super) loop_on: Option<Vec<String>>,
    pub(super) recurse: Option<Recurse>,
    pub(super) response_format: Option<String>,
}

/// What is called.
#[derive(Debug)]
pub(super) enum Target {
    Unified { model: String, resource: String, method: Method },
    Proxy { resource: String, method: String },
}

/// A part of a call with places to be filled.
#[derive(Debug)]
pub(super) enum Template {
    /// With placeholders.
    Object(Map<String, Value>),
    /// Computed.
    Expression(Expression),
}

/// How a call is repeated for the records that it brings.
#[derive(Debug)]
pub(super) struct Recurse {
    pub(super) condition: Condition,
    pub(super) id: Option<Value>,
    pub(super) query: Option<Template>,
}

/// For which of them.
#[derive(Debug)]
pub(super) enum Condition {
    /// With placeholders.
    Text(String),
    /// Computed.
    Expression(Expression),
}

impl Batch {
    /// Reads a batch. `engine` runs its expressions.
    pub fn read(resources: Option<Value>, args: Map<String, Value>, engine: Engine) -> Result<Self> {
        let Some(Value::Array(items)) = resources else {
            return Err(Error::invalid_field(RESOURCES, "is needed: an array of entries"));
        };
        if !(1..=MOST_ENTRIES).contains(&items.len()) {
            return Err(Error::invalid_field(RESOURCES, format!("must have 1 to {MOST_ENTRIES} entries")));
        }
        let read = |(index, item)| Reader { at: format!("{RESOURCES}[{index}]"), engine }.entry(item);
        let drafts = items.into_iter().enumerate().map(read).collect::<Result<Vec<_>>>()?;
        unique(&drafts)?;
        let connect = |index| connect(&drafts, index);
        let connections = (0..drafts.len()).map(connect).collect::<Result<Vec<_>>>()?;
        let connected = |(draft, (after, loop_on)): (Draft, Connection)| {
            let mut entry = Entry { after, ..draft.entry };
            if let Work::Call(call) = &mut entry.work {
                call.loop_on = loop_on;
            }
            entry
        };
        let entries: Vec<Entry> = drafts.into_iter().zip(connections).map(connected).collect();
        refuse_circles(&entries)?;
        Ok(Batch { entries, args })
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
