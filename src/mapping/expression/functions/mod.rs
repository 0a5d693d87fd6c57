//! The functions that mappings have beyond JSONata's own, and the built-ins they get in another form.
//!
//! The names and meanings are those that Truto publishes for its mappings (the `truto-jsonata` package), so that a
//! mapping written for them works here; what is our own says so where it is defined. One file per family; a family is a table of rows (name, parameters, what it
//! does, the Rust function). To add a function, add a row; to add a family, add its table to `FAMILIES`. Every row's
//! meaning has a test beside it.
//!
//! A function gets its arguments evaluated and cannot call a JSONata function it is given: a predicate or comparator is
//! refused, except where the engine's own function does the calling (`$map`, `$filter`, `$reduce`, `$sort`, `$each`,
//! `$sift`, `$single`, `$replace`). Missing arguments are undefined, surplus ones are ignored, as in JavaScript. The
//! built-ins that are replaced still take the context value for a first argument that is left out: `name.$pad(10)`.
//!
//! Some give objects with methods: dates and durations, the search parameters of a URL, a dependency graph. What those
//! are to the engine is in `objects.rs`.
//!
//! `$eval`, `$random` and `$shuffle` are refused when the expression is compiled: a mapping gives the same result for
//! the same input, and runs only what its file says.

mod absent;
mod bounded;
mod builtins;
mod coerce;
mod collections;
mod currency;
mod dates;
mod digests;
mod emptiness;
mod encoding;
mod graph;
mod grouping;
pub(super) mod inner;
mod lists;
mod lookup;
mod markup;
pub(super) mod objects;
pub(super) mod omission;
mod parsing;
mod query_string;
mod similarity;
mod sql;

use jsonata_core::value::JValue;

use super::regexes::Regexes;
use super::running;

/// Every function there is, for documentation and for tools.
pub fn all() -> impl Iterator<Item = &'static HostFunction> {
    FAMILIES.iter().copied().flatten()
}

const FAMILIES: &[&[HostFunction]] = &[
    bounded::FUNCTIONS,
    builtins::FUNCTIONS,
    collections::FUNCTIONS,
    currency::FUNCTIONS,
    dates::FUNCTIONS,
    digests::FUNCTIONS,
    emptiness::FUNCTIONS,
    encoding::FUNCTIONS,
    graph::FUNCTIONS,
    grouping::FUNCTIONS,
    lists::FUNCTIONS,
    lookup::FUNCTIONS,
    markup::FUNCTIONS,
    parsing::FUNCTIONS,
    query_string::FUNCTIONS,
    similarity::FUNCTIONS,
    sql::FUNCTIONS,
];

/// One function of a mapping, written in Rust.
pub struct HostFunction {
    /// Without the `$`.
    pub name: &'static str,
    /// As a reader writes them, a `?` after those that may be left out.
    pub parameters: &'static str,
    /// What it gives, in one or two sentences.
    pub summary: &'static str,
    call: Call,
    core_only: bool,
}

enum Call {
    /// The arguments alone decide.
    Plain(fn(&[JValue]) -> HostResult),
    /// Also reads the request's instant, in milliseconds since the Unix epoch.
    AtInstant(fn(&[JValue], i64) -> HostResult),
    /// Also reads whatever there is beside the arguments.
    Among(fn(&[JValue], &Surroundings) -> HostResult),
}

/// What a function may read beside its arguments.
#[derive(Clone, Default)]
pub(super) struct Surroundings {
    /// The request's, in milliseconds since the Unix epoch.
    pub instant: Option<i64>,
    /// The patterns of the expression.
    pub regexes: Regexes,
}

impl Surroundings {
    fn instant(&self, function: &str) -> Result<i64, Refusal> {
        self.instant.ok_or_else(|| Refusal {
            code: "U2003",
            message: format!("${function} is not available: the scope has no instant"),
        })
    }
}

type HostResult = Result<JValue, Refusal>;

/// Why a function would not answer: a JSONata error code and a message for the mapping's author.
#[derive(Debug)]
pub(super) struct Refusal {
    pub code: &'static str,
    pub message: String,
}

impl Refusal {
    /// An argument of the wrong kind, under JSONata's code for that.
    fn argument(message: impl Into<String>) -> Refusal {
        Refusal { code: "T0410", message: message.into() }
    }
}

impl HostFunction {
    const fn plain(
        name: &'static str,
        parameters: &'static str,
        summary: &'static str,
        call: fn(&[JValue]) -> HostResult,
    ) -> HostFunction {
        HostFunction { name, parameters, summary, call: Call::Plain(call), core_only: false }
    }

    const fn at_instant(
        name: &'static str,
        parameters: &'static str,
        summary: &'static str,
        call: fn(&[JValue], i64) -> HostResult,
    ) -> HostFunction {
        HostFunction { name, parameters, summary, call: Call::AtInstant(call), core_only: false }
    }

    const fn among(
        name: &'static str,
        parameters: &'static str,
        summary: &'static str,
        call: fn(&[JValue], &Surroundings) -> HostResult,
    ) -> HostFunction {
        HostFunction { name, parameters, summary, call: Call::Among(call), core_only: false }
    }

    /// A function that jsonata-rs cannot run: it keeps its own if it has one, and otherwise has none of that name.
    const fn core_only(self) -> HostFunction {
        HostFunction { core_only: true, ..self }
    }

    /// Whether only jsonata-core has it, or has it in this form.
    pub fn is_core_only(&self) -> bool {
        self.core_only
    }

    pub(super) fn call(&self, args: &[JValue], surroundings: &Surroundings) -> HostResult {
        let result = match &self.call {
            Call::Plain(function) => function(args),
            Call::AtInstant(function) => function(args, surroundings.instant(self.name)?),
            Call::Among(function) => function(args, surroundings),
        }?;
        // An array may hold one value several times, and be one of several in the next.
        if matches!(result, JValue::Array(_) | JValue::Object(_)) {
            running::spend(&result)?;
        }
        Ok(result)
    }
}

/// The function called `$name` in an expression.
pub(super) fn find(name: &str) -> Option<&'static HostFunction> {
    all().find(|function| function.name == name)
}

/// Why a mapping may not use `$name`, if it may not.
pub(super) fn refused(name: &str) -> Option<&'static str> {
    match name {
        "eval" => Some("a mapping runs only the text of its file"),
        "random" | "shuffle" => Some("a mapping gives the same result for the same input"),
        _ => absent::why(name),
    }
}

/// Argument `index`, undefined when missing.
fn arg(args: &[JValue], index: usize) -> &JValue {
    args.get(index).unwrap_or(&JValue::Undefined)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::values;
    use super::*;

    /// Calls `$name` on JSON arguments; `None` is undefined, in and out.
    pub(super) fn call(name: &str, args: &[Option<Value>]) -> Option<Value> {
        try_call(name, args).expect("an answer")
    }

    pub(super) fn try_call(name: &str, args: &[Option<Value>]) -> Result<Option<Value>, Refusal> {
        let args: Vec<JValue> = args
            .iter()
            .map(|arg| match arg {
                Some(value) => values::from_text(&value.to_string()).expect("a value"),
                None => JValue::Undefined,
            })
            .collect();
        let function = find(name).expect("a function of that name");
        let surroundings = Surroundings { instant: Some(1_700_000_000_123), ..Surroundings::default() };
        let result = function.call(&args, &surroundings)?;
        Ok(values::into_json(result).expect("JSON"))
    }

    #[test]
    fn names_are_unique_and_every_row_is_described() {
        let mut names: Vec<&str> = all().map(|function| function.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(all().all(|function| function.summary.ends_with('.')));
        assert!(all().all(|function| refused(function.name).is_none()));
    }

    #[test]
    fn a_function_of_time_refuses_without_an_instant() {
        let now = find("now").expect("$now");
        let refusal = now.call(&[], &Surroundings::default()).expect_err("no instant");
        assert!(refusal.message.contains("no instant"));
    }

    #[test]
    fn surplus_arguments_are_ignored() {
        assert_eq!(call("jsonParse", &[Some(json!("1")), Some(json!(0))]), Some(json!(1)));
    }
}
