//! Evaluation by jsonata-rs, the second engine, behind the cargo feature `jsonata-rs`.
//!
//! It is here to compare mappings with, not to serve them. Where it differs, on the official test suite and on
//! mappings of this kind:
//! - `%`, `??`, `?:`, partial application, function signatures and the call of a function expression are missing. At
//!   compilation they are syntax errors or panics, which become errors.
//! - These built-ins are missing, and calling one is refused at compilation: `$average`, `$decodeUrl`,
//!   `$decodeUrlComponent`, `$encodeUrl`, `$encodeUrlComponent`, `$formatBase`, `$formatInteger`, `$formatNumber`,
//!   `$parseInteger`, `$sift`, `$spread`, `$type`.
//! - `$substring` panics, or cuts wrongly, on text that is not ASCII or shorter than the start. Dates with pictures
//!   other than ISO 8601 give undefined without a word. `$match` gives wrong indexes. A built-in called on the context
//!   (`name.$lowercase()`) gives undefined.
//! - Objects have no order. Keys of a result are sorted here, so that a result is at least always the same.
//! - A regular expression may backtrack without end, and the time limit does not reach into it; nor is there a limit
//!   on sequences.
//! - Objects with methods (dates, and what else has them) are not to be had: the functions that give them are refused
//!   at compilation. The limits on what one built-in may make are not there, nor is one on memory.
//! - It leaks. What an evaluation allocates outside its arena (frames, functions, their bodies) is never freed: 1.6 kB
//!   at least, and about 0.9 MB for a page of fifty records through a mapping with two small lambdas.
//!
//! The parsed form is bound to an arena that only grows and to one thread, so each evaluation parses anew into an arena
//! of its own. The input goes in as JSON text, which the engine reads with its expression parser; the text is therefore
//! always written by serde_json. Parser and evaluator recurse without a check of the stack and would abort the process,
//! so both run on a thread with a stack of its own ([`STACK`]), and only on what jsonata-core's parser, which bounds
//! nesting, has accepted.
//!
//! The engine binds its built-ins last, so a function of ours cannot take the name of one. Such names are written with a
//! capital in the text that the engine sees (`$Join` for `$join`), which keeps every character in its place.

mod faults;

use std::any::Any;
use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::thread;

use bumpalo::Bump;
use jsonata_core::parser::Token;
use jsonata_core::value::{JMap, JValue};
use jsonata_rs::{ArrayFlags, Error, FunctionContext, JsonAta, Value as RsValue};
use serde_json::Value;
use serde_json::value::RawValue;

use super::budget::Budget;
use super::error::Failure;
use super::functions::{self, HostFunction, Refusal, Surroundings};
use super::scope::{Entry, Scope};
use super::source::{self, Complaint, Spanned};
use super::{integers, location, panics, values};

/// Stack of the thread that parses and evaluates, in bytes. Reserved, and only used as far as recursion goes: the 1,000
/// levels of nesting that jsonata-core's parser lets through take a fraction of it.
const STACK: usize = 256 * 1024 * 1024;

/// The functions that the engine binds itself.
#[rustfmt::skip]
const BUILT_INS: &[&str] = &[
    "abs", "append", "assert", "base64decode", "base64encode", "boolean", "ceil", "contains", "count", "distinct",
    "each", "error", "exists", "filter", "floor", "fromMillis", "join", "keys", "length", "lookup", "lowercase", "map",
    "match", "max", "merge", "millis", "min", "not", "now", "number", "pad", "power", "random", "reduce", "replace",
    "reverse", "round", "single", "sort", "split", "sqrt", "string", "substring", "substringAfter", "substringBefore",
    "sum", "toMillis", "trim", "uppercase", "uuid", "zip",
];

/// An expression that the engine's parser accepted. The parsed form itself cannot be kept.
pub(super) struct Program {
    /// The text with the names of overridden built-ins capitalised.
    text: String,
    functions: Vec<&'static HostFunction>,
}

impl Program {
    pub(super) fn compile(text: &str) -> Result<Program, Complaint> {
        let tokens = source::tokens(text);
        // The other parser goes first: it bounds nesting, and tells places better.
        location::parse(text, &tokens)?;
        source::check(&tokens.list, |name| BUILT_INS.contains(&name))?;
        let functions = source::host_functions(&tokens.list);
        check_available(&functions, &tokens.list)?;
        let program = Program {
            text: capitalised(text, &tokens.list)?,
            functions: functions.into_iter().filter(|function| !function.is_core_only()).collect(),
        };
        let parsed = on_own_thread(|| {
            let arena = Bump::new();
            caught(|| JsonAta::new(&program.text, &arena).map(drop))
        });
        match parsed {
            Ok(Ok(Ok(()))) => Ok(program),
            Ok(Ok(Err(error))) => Err(faults::complaint(text, &error)),
            Ok(Err(payload)) => Err(Complaint::panic(&*payload)),
            Err(failure) => Err(faults::unplaced(failure.message)),
        }
    }

    pub(super) fn evaluate(&self, scope: &Scope, budget: &Budget) -> Result<Option<Value>, Failure> {
        let input = Input::of(scope)?.text();
        on_own_thread(|| self.evaluate_here(&input, scope.instant(), budget))?
    }

    pub(super) fn evaluate_each(
        &self,
        scope: &Scope,
        item_name: &str,
        items: &[&RawValue],
        budget: &Budget,
    ) -> Vec<Result<Option<Value>, Failure>> {
        let mut input = match Input::of(scope) {
            Ok(input) => input,
            Err(failure) => return vec![Err(failure); items.len()],
        };
        let page = || {
            let evaluate = |item: &&RawValue| {
                let json =
                    value_text(item.get()).map_err(|failure| values::unreadable(item_name, failure))?;
                input.set(item_name, json);
                self.evaluate_here(&input.text(), scope.instant(), budget)
            };
            items.iter().map(evaluate).collect()
        };
        on_own_thread(page).unwrap_or_else(|failure| vec![Err(failure); items.len()])
    }

    /// Evaluates on this thread, which must be one that [`on_own_thread`] made.
    fn evaluate_here(
        &self,
        input: &str,
        instant: Option<i64>,
        budget: &Budget,
    ) -> Result<Option<Value>, Failure> {
        HOST.set(Host { instant, refusal: None });
        let arena = Bump::new();
        let result = caught(|| {
            let expression = JsonAta::new(&self.text, &arena)?;
            for function in &self.functions {
                expression.register_function(&name_of(function), usize::MAX, call_host);
            }
            let millis = usize::try_from(budget.millis()).unwrap_or(usize::MAX);
            let result = expression.evaluate_timeboxed(Some(input), Some(budget.depth), Some(millis))?;
            Ok(from_engine(result, values::DEPTH).and_then(values::into_json))
        });
        match result {
            Ok(Ok(value)) => value,
            Ok(Err(error)) => Err(match HOST.take().refusal {
                Some(refusal) => Failure::coded(refusal.code, refusal.message),
                None => faults::failure(&self.text, &error),
            }),
            Err(payload) => Err(Failure::panic(&*payload)),
        }
    }
}

/// Runs `work` where recursion has room.
fn on_own_thread<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Failure> {
    thread::scope(|scope| {
        let thread = thread::Builder::new()
            .name("jsonata-rs".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, work)
            .map_err(|error| Failure::runtime(format!("no thread to evaluate on: {error}")))?;
        thread.join().map_err(|payload| Failure::panic(&*payload))
    })
}

/// Nothing that `work` changes is looked at after a panic: arena, frames and values are all dropped.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    panics::caught(AssertUnwindSafe(work))
}

/// The scope as JSON texts by name, so that a page writes all but its item once.
struct Input(Vec<(String, String)>);

impl Input {
    fn of(scope: &Scope) -> Result<Input, Failure> {
        let entries = scope.entries().map(|(name, entry)| {
            let json = match entry {
                Entry::Value(value) => value_text(&value.to_string()),
                Entry::Raw(raw) => value_text(raw.get()),
            };
            json.map(|json| (name.to_owned(), json)).map_err(|failure| values::unreadable(name, failure))
        });
        entries.collect::<Result<_, _>>().map(Input)
    }

    fn set(&mut self, name: &str, json: String) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = json,
            None => self.0.push((name.to_owned(), json)),
        }
    }

    fn text(&self) -> String {
        let fields: Vec<String> =
            self.0.iter().map(|(name, json)| format!("{}:{json}", Value::from(name.as_str()))).collect();
        format!("{{{}}}", fields.join(","))
    }
}

/// JSON text as this engine's parser can read it, with large integers quoted.
fn value_text(json: &str) -> Result<String, Failure> {
    let value: Value = serde_json::from_str(&integers::quote_large_integers(json))
        .map_err(|error| Failure::runtime(error.to_string()))?;
    Ok(value.to_string())
}

/// Refuses the functions of ours that this engine cannot run. Where it has its own of that name, that is called.
fn check_available(functions: &[&HostFunction], tokens: &[Spanned]) -> Result<(), Complaint> {
    let absent = functions.iter().find(|function| function.is_core_only() && !is_replaced(function));
    let Some(absent) = absent else {
        return Ok(());
    };
    let is_named =
        |spanned: &&Spanned| matches!(&spanned.token, Token::Variable(name) if name == absent.name);
    Err(Complaint {
        code: Some("U2001".to_owned()),
        message: format!("${} is not available on the engine jsonata-rs", absent.name),
        at: tokens.iter().find(is_named).map_or(0, |spanned| spanned.start),
    })
}

/// The functions of ours that this engine can run.
fn hosted() -> impl Iterator<Item = &'static HostFunction> {
    functions::all().filter(|function| !function.is_core_only())
}

fn host_function(name: &str) -> Option<&'static HostFunction> {
    functions::find(name).filter(|function| !function.is_core_only())
}

/// `text` with the names of built-ins that we replace capitalised. No other token may have such a name.
fn capitalised(text: &str, tokens: &[Spanned]) -> Result<String, Complaint> {
    let mut capitalised = text.to_owned();
    for spanned in tokens {
        let Token::Variable(name) = &spanned.token else {
            continue;
        };
        if let Some(function) = host_function(name).filter(|function| is_replaced(function)) {
            let at = spanned.start + 1;
            capitalised.replace_range(at..spanned.end, &name_of(function));
        } else if hosted().any(|function| is_replaced(function) && name_of(function) == *name) {
            return Err(Complaint {
                code: None,
                message: format!("${name} is a name that the engine jsonata-rs needs for itself"),
                at: spanned.start,
            });
        }
    }
    Ok(capitalised)
}

fn is_replaced(function: &HostFunction) -> bool {
    BUILT_INS.contains(&function.name)
}

/// What the function is called in the text that the engine sees.
fn name_of(function: &HostFunction) -> String {
    let mut name = function.name.to_owned();
    if is_replaced(function) {
        name[..1].make_ascii_uppercase();
    }
    name
}

/// What a host function, for which the engine takes only a plain `fn`, needs besides its arguments.
#[derive(Default)]
struct Host {
    instant: Option<i64>,
    /// Why the last call was refused. A refusal ends the evaluation, so there is at most one.
    refusal: Option<Refusal>,
}

thread_local! {
    static HOST: RefCell<Host> = RefCell::default();
}

fn call_host<'a>(
    context: FunctionContext<'a, '_>,
    args: &[&'a RsValue<'a>],
) -> jsonata_rs::Result<&'a RsValue<'a>> {
    let called = || {
        let function = hosted()
            .find(|function| name_of(function) == context.name)
            .ok_or_else(|| unsayable(format!("there is no function ${}", context.name)))?;
        let args: Result<Vec<JValue>, Failure> =
            args.iter().map(|arg| from_engine(arg, values::DEPTH)).collect();
        let args = args.map_err(|failure| unsayable(failure.message))?;
        let instant = HOST.with_borrow(|host| host.instant);
        function.call(&args, &Surroundings { instant, ..Surroundings::default() })
    };
    called().map(|result| to_engine(&result, context.arena)).map_err(|refusal| {
        let error = Error::D3137Error(refusal.message.clone());
        HOST.with_borrow_mut(|host| host.refusal = Some(refusal));
        error
    })
}

fn unsayable(message: String) -> Refusal {
    Refusal { code: "T0410", message }
}

/// A value of the engine as one of jsonata-core, which our functions and [`values`] work on. Keys in sorted order.
fn from_engine(value: &RsValue<'_>, depth: usize) -> Result<JValue, Failure> {
    let deeper = || {
        depth
            .checked_sub(1)
            .ok_or_else(|| Failure::runtime(format!("a value nests deeper than {} levels", values::DEPTH)))
    };
    Ok(match value {
        RsValue::Undefined => JValue::Undefined,
        RsValue::Null => JValue::Null,
        RsValue::Bool(value) => JValue::Bool(*value),
        RsValue::Number(number) => JValue::from_f64(*number),
        RsValue::String(text) => JValue::string(text.as_str()),
        RsValue::Array(items, _) => {
            let depth = deeper()?;
            let items = items.iter().map(|item| from_engine(item, depth));
            JValue::array(items.collect::<Result<_, _>>()?)
        }
        RsValue::Range(range) => {
            let numbers = (range.start()..=range.end()).map(|n| JValue::from_f64(n as f64));
            JValue::array(numbers.collect())
        }
        RsValue::Object(fields) => {
            let depth = deeper()?;
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
            let fields = fields
                .into_iter()
                .map(|(key, field)| Ok((key.as_str().to_owned(), from_engine(field, depth)?)));
            values::object(fields.collect::<Result<JMap, Failure>>()?)
        }
        RsValue::Regex(_) => JValue::regex("", ""),
        RsValue::Lambda { .. } | RsValue::NativeFn { .. } | RsValue::Transformer { .. } => {
            JValue::builtin("function")
        }
    })
}

/// A function's result as a value of the engine. Functions do not return functions.
fn to_engine<'a>(value: &JValue, arena: &'a Bump) -> &'a RsValue<'a> {
    match value {
        JValue::Null => RsValue::null(arena),
        JValue::Bool(value) => RsValue::bool(*value),
        JValue::Number(number) => RsValue::number(arena, *number),
        JValue::String(text) => RsValue::string(arena, text),
        JValue::Array(items) => {
            let array = RsValue::array_with_capacity(arena, items.len(), ArrayFlags::empty());
            for item in items {
                array.push(to_engine(item, arena));
            }
            array
        }
        JValue::Object(fields) => {
            let object = RsValue::object_with_capacity(arena, fields.len());
            for (key, field) in fields.iter() {
                object.insert(key, to_engine(field, arena));
            }
            object
        }
        JValue::Undefined | JValue::Lambda(_) | JValue::Builtin { .. } | JValue::Regex { .. } => {
            RsValue::undefined()
        }
    }
}
