//! The functions that mappings have beyond JSONata's own, and the built-ins they get in another form.
//!
//! The names and meanings are those that Truto publishes for its mappings (the `truto-jsonata` package), so that a
//! mapping written for them works here. One file per family; a family is a table of rows (name, parameters, what it
//! does, the Rust function). To add a function, add a row; to add a family, add its table to `FAMILIES`. Every row's
//! meaning has a test beside it.
//!
//! Two rules hold for all of them. A function gets its arguments evaluated and cannot call a JSONata function it is
//! given: a predicate or comparator is refused. And it does not get the context value as an implicit first argument, so
//! it is `$pad(name, 10)` and never `name.$pad(10)`. Missing arguments are undefined, surplus ones are ignored, as in
//! JavaScript.
//!
//! `$eval`, `$random` and `$shuffle` are refused when the expression is compiled: a mapping gives the same result for
//! the same input, and runs only what its file says.

mod builtins;
mod coerce;
mod collections;
mod emptiness;
mod encoding;
mod lookup;
mod parsing;

use jsonata_core::value::JValue;

/// Every function there is, for documentation and for tools.
pub fn all() -> impl Iterator<Item = &'static HostFunction> {
    FAMILIES.iter().copied().flatten()
}

const FAMILIES: &[&[HostFunction]] = &[
    builtins::FUNCTIONS,
    collections::FUNCTIONS,
    emptiness::FUNCTIONS,
    encoding::FUNCTIONS,
    lookup::FUNCTIONS,
    parsing::FUNCTIONS,
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
}

enum Call {
    /// The arguments alone decide.
    Plain(fn(&[JValue]) -> HostResult),
    /// Also reads the request's instant, in milliseconds since the Unix epoch.
    AtInstant(fn(&[JValue], i64) -> HostResult),
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
        HostFunction { name, parameters, summary, call: Call::Plain(call) }
    }

    const fn at_instant(
        name: &'static str,
        parameters: &'static str,
        summary: &'static str,
        call: fn(&[JValue], i64) -> HostResult,
    ) -> HostFunction {
        HostFunction { name, parameters, summary, call: Call::AtInstant(call) }
    }

    /// Calls the function. `instant` is the scope's, if it has one.
    pub(super) fn call(&self, args: &[JValue], instant: Option<i64>) -> HostResult {
        match (&self.call, instant) {
            (Call::Plain(function), _) => function(args),
            (Call::AtInstant(function), Some(instant)) => function(args, instant),
            (Call::AtInstant(_), None) => Err(Refusal {
                code: "U2003",
                message: format!("${} is not available: the scope has no instant", self.name),
            }),
        }
    }
}

/// The function called `$name` in an expression.
pub(super) fn find(name: &str) -> Option<&'static HostFunction> {
    all().find(|function| function.name == name)
}

/// Why a mapping may not use the built-in `$name`, if it may not.
pub(super) fn refused(name: &str) -> Option<&'static str> {
    match name {
        "eval" => Some("a mapping runs only the text of its file"),
        "random" | "shuffle" => Some("a mapping gives the same result for the same input"),
        _ => None,
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
        let result = function.call(&args, Some(1_700_000_000_123))?;
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
        let refusal = now.call(&[], None).expect_err("no instant");
        assert!(refusal.message.contains("no instant"));
    }

    #[test]
    fn surplus_arguments_are_ignored() {
        assert_eq!(call("jsonParse", &[Some(json!("1")), Some(json!(0))]), Some(json!(1)));
    }
}
