//! JSONata expressions: the one seam between this crate and the engines that run them.
//!
//! An [`Expression`] is compiled once, when its file is loaded, and evaluated any number of times from any thread
//! against a [`Scope`] under a [`Budget`]. Evaluation is synchronous and takes processor time, roughly 25 µs for a
//! contact: between two `.await`s there is room for a few with a [brief budget](Budget::brief), and a whole page belongs
//! on a thread that may block.
//!
//! What holds whichever engine runs:
//! - Whole numbers stay whole, in and out: `1` is never `1.0`.
//! - Integers beyond ±2^53 reach expressions as strings of their digits, since JSONata's numbers are doubles.
//! - Undefined is not null: an undefined result is `None`, an undefined field is left out.
//! - A result that JSON cannot carry (a function, NaN, more than 128 levels) is an error that says where it stood.
//! - `$now()` and `$millis()` are the scope's instant; there is no other clock and no randomness but `$uuid()`.
//!   `$eval`, `$random` and `$shuffle` are refused when the expression is compiled, as are calls of functions that do
//!   not exist.
//! - The functions of [`functions`] are there.
//! - Failures, limits and panics are errors of one evaluation and leave nothing behind for the next. An evaluation ends
//!   within its [`Budget`] of time and memory, and takes neither the thread nor the process with it.
//!
//! There are two engines, [`Engine`]. Every expression runs on jsonata-core; the other is for comparison.

mod budget;
mod engine_jsonata_core;
#[cfg(feature = "jsonata-rs")]
mod engine_jsonata_rs;
mod error;
pub mod functions;
mod held;
mod integers;
mod location;
mod lower;
mod panics;
mod regexes;
mod running;
mod scope;
mod source;
mod timekeeper;
mod values;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::Relaxed;

use jsonata_core::value::JValue;
use serde_json::Value;
use serde_json::value::RawValue;

pub use budget::Budget;
pub use error::{CompileError, EvaluationError, EvaluationErrorKind, Position};
pub use held::Held;
pub use scope::Scope;

use error::Failure;
use source::Complaint;

/// Longest text of an expression, in bytes. Far beyond what anyone writes by hand.
const LONGEST: usize = 256 * 1024;

/// The stack that an evaluation has below it. The engine frees most values without recursion, but not one that another
/// holds twice; how deep those nest is bounded by the memory of the evaluation. A thread that evaluates often is best
/// given twice as much from the start: it costs nothing until it is used, and moving to another stack does.
pub const STACK: usize = 64 * 1024 * 1024;

/// Which engine runs an expression. Written `jsonata-core` and `jsonata-rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Engine {
    /// The default: complete, bounded in time, depth and sequence length, and fast. See `engine_jsonata_core.rs`.
    #[default]
    Core,
    /// Incomplete, and it leaks; present so that mappings can be compared. Its gaps are in `engine_jsonata_rs.rs`.
    #[cfg(feature = "jsonata-rs")]
    Rs,
}

impl Engine {
    /// The engines of this build.
    pub const ALL: &[Engine] = &[
        Engine::Core,
        #[cfg(feature = "jsonata-rs")]
        Engine::Rs,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Engine::Core => "jsonata-core",
            #[cfg(feature = "jsonata-rs")]
            Engine::Rs => "jsonata-rs",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no engine of this build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a JSONata engine of this build; it has {known}", known = known_engines())]
pub struct UnknownEngine(String);

fn known_engines() -> String {
    let names: Vec<&str> = Engine::ALL.iter().map(|engine| engine.as_str()).collect();
    names.join(" and ")
}

impl FromStr for Engine {
    type Err = UnknownEngine;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let mut engines = Engine::ALL.iter().copied();
        engines.find(|engine| engine.as_str() == name).ok_or_else(|| UnknownEngine(name.to_owned()))
    }
}

/// A compiled expression. Cheap to clone; clones share the compiled form.
#[derive(Clone)]
pub struct Expression(Arc<Compiled>);

struct Compiled {
    name: Arc<str>,
    source: String,
    program: Program,
    /// How often it has used up a brief budget.
    long: AtomicU8,
}

enum Program {
    Core(engine_jsonata_core::Program),
    #[cfg(feature = "jsonata-rs")]
    Rs(engine_jsonata_rs::Program),
}

impl Expression {
    /// Compiles `source`. `name` is what errors call it, usually the file's path (`capsule/contacts.response.jsonata`).
    ///
    /// # Errors
    ///
    /// Bad syntax, a text over 256 KiB or nested over 1,000 levels, a regular expression that does not compile (there is
    /// no look-around and there are no back-references), a refused function, and a call of a function that neither the
    /// engine nor [`functions`] nor the expression itself defines.
    pub fn compile(engine: Engine, name: &str, source: &str) -> Result<Expression, CompileError> {
        let program = compiled(engine, source);
        let program = program.map_err(|complaint| {
            let position = Position::of_byte(source, complaint.at);
            CompileError {
                name: name.to_owned(),
                message: complaint.message,
                line: position.line,
                column: position.column,
                code: complaint.code,
            }
        })?;
        Ok(Expression(Arc::new(Compiled {
            name: name.into(),
            source: source.to_owned(),
            program,
            long: AtomicU8::new(0),
        })))
    }

    /// The text that was compiled.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// The name given at compilation.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Notes that it has used up a [brief budget](Budget::brief).
    pub fn took_long(&self) {
        let _ = self.0.long.fetch_update(Relaxed, Relaxed, |times| times.checked_add(1));
    }

    /// Whether it does so as a rule, and not for once on a busy machine: three times so far.
    pub fn is_long(&self) -> bool {
        self.0.long.load(Relaxed) >= 3
    }

    /// One evaluation. `None` is JSONata's undefined.
    pub fn evaluate(&self, scope: &Scope, budget: &Budget) -> Result<Option<Value>, EvaluationError> {
        let result = match &self.0.program {
            Program::Core(program) => roomy(|| {
                let root = values::object(values::root_of(scope)?);
                let mut session = program.session(budget, scope.instant());
                session.evaluate(&root, values::into_json).flatten()
            }),
            #[cfg(feature = "jsonata-rs")]
            Program::Rs(program) => program.evaluate(scope, budget),
        };
        result.map_err(|failure| failure.named(&self.0.name))
    }

    /// One evaluation per item, in order, with `item_name` bound to the item; the rest of the scope is converted once.
    ///
    /// The answer has one result per item. Each item has the budget to itself, and neither its bindings nor its failure
    /// reach another. An item whose text cannot be read fails alone; a scope that cannot be read fails every item; and
    /// once an item has reached a limit of the budget, those that follow are not evaluated and fail for the same reason,
    /// so that a page costs no more time than one record too many.
    pub fn evaluate_each(
        &self,
        scope: &Scope,
        item_name: &str,
        items: &[&RawValue],
        budget: &Budget,
    ) -> Vec<Result<Option<Value>, EvaluationError>> {
        let named = |failure: Failure| failure.named(&self.0.name);
        match &self.0.program {
            Program::Core(program) => roomy(|| {
                each_on_core(program, scope, item_name, items, budget, |_, result| {
                    result.and_then(values::into_json).map_err(named)
                })
            }),
            #[cfg(feature = "jsonata-rs")]
            Program::Rs(program) => {
                let results = program.evaluate_each(scope, item_name, items, budget);
                results.into_iter().map(|result| result.map_err(named)).collect()
            }
        }
    }

    /// [`Expression::evaluate_each`] for whoever writes each result out at once: `take` gets it with its index as the
    /// engine holds it, which spares the making of a tree that nobody keeps. What `take` does is under the budget, too:
    /// when that is used up by the end, `take` is called again for the same index, with the error, and its first answer
    /// is dropped.
    pub fn evaluate_each_with<T>(
        &self,
        scope: &Scope,
        item_name: &str,
        items: &[&RawValue],
        budget: &Budget,
        mut take: impl FnMut(usize, Result<Held<'_>, EvaluationError>) -> T,
    ) -> Vec<T> {
        match &self.0.program {
            Program::Core(program) => roomy(|| {
                each_on_core(program, scope, item_name, items, budget, |index, result| match result {
                    Ok(value) => take(index, Ok(Held::by_engine(&functions::objects::plain(&value)))),
                    Err(failure) => take(index, Err(failure.named(&self.0.name))),
                })
            }),
            #[cfg(feature = "jsonata-rs")]
            Program::Rs(_) => {
                let results = self.evaluate_each(scope, item_name, items, budget);
                let taken = results.into_iter().enumerate().map(|(index, result)| match result {
                    Ok(value) => take(index, Ok(Held::from(&value.unwrap_or_default()))),
                    Err(error) => take(index, Err(error)),
                });
                taken.collect()
            }
        }
    }
}

/// Runs `work` with [`STACK`].
fn roomy<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(STACK, 2 * STACK, work)
}

fn compiled(engine: Engine, source: &str) -> Result<Program, Complaint> {
    if source.len() > LONGEST {
        return Err(Complaint { code: None, message: format!("longer than {LONGEST} bytes"), at: LONGEST });
    }
    let compile = || match engine {
        Engine::Core => engine_jsonata_core::Program::compile(source).map(Program::Core),
        #[cfg(feature = "jsonata-rs")]
        Engine::Rs => engine_jsonata_rs::Program::compile(source).map(Program::Rs),
    };
    panics::caught(compile).unwrap_or_else(|payload| Err(Complaint::panic(&*payload)))
}

/// Evaluates for each item and hands the result to `take`, which must not keep it, and the error, where there is one.
fn each_on_core<T>(
    program: &engine_jsonata_core::Program,
    scope: &Scope,
    item_name: &str,
    items: &[&RawValue],
    budget: &Budget,
    mut take: impl FnMut(usize, Result<JValue, Failure>) -> T,
) -> Vec<T> {
    let mut root = match values::root_of(scope) {
        Ok(root) => values::object(root),
        Err(failure) => return (0..items.len()).map(|index| take(index, Err(failure.clone()))).collect(),
    };
    let mut session = program.session(budget, scope.instant());
    let mut over: Option<Failure> = None;
    let mut one = |(index, item): (usize, &&RawValue)| {
        if let Some(failure) = &over {
            return take(index, Err(failure.not_begun()));
        }
        let value = match values::from_raw(item) {
            Ok(value) => value,
            Err(failure) => return take(index, Err(values::unreadable(item_name, failure))),
        };
        // In place: nothing else holds the root between two evaluations.
        if let Some(fields) = root.as_object_mut() {
            match fields.get_mut(item_name) {
                Some(field) => *field = value,
                None => drop(fields.insert(item_name.to_owned(), value)),
            }
        }
        session.evaluate(&root, |value| take(index, Ok(value))).unwrap_or_else(|failure| {
            if failure.kind == EvaluationErrorKind::Budget {
                over = Some(failure.clone());
            }
            take(index, Err(failure))
        })
    };
    items.iter().enumerate().map(&mut one).collect()
}

/// The name, not the text.
impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.name()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_long_once_it_has_taken_long_three_times_whichever_clone_was_asked() {
        let expression = Expression::compile(Engine::Core, "test", "1").expect("an expression");
        let lengths = [(); 4].map(|()| {
            expression.clone().took_long();
            expression.is_long()
        });
        assert_eq!(lengths, [false, false, true, true]);
    }
}
