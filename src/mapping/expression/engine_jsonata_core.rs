//! Evaluation by jsonata-core, the default engine.
//!
//! The parsed expression is kept and shared; an evaluator is made per [`Session`] and serves its evaluations one after
//! the other, which spares each of them the registration of functions and the compilation of path steps. The engine
//! gives every evaluation a scope of its own and drops it afterwards; after a failure or a panic the evaluator is
//! dropped all the same, so nothing of a failed evaluation can reach the next one.
//!
//! The engine counts its steps and grows its stack on the heap, so neither deep recursion nor deep nesting overflows.
//! What it panics on (one case is known: `$parseInteger` with digits that are not ASCII) is caught here.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError, EvaluatorOptions, error_code_prefix};
use jsonata_core::value::JValue;

use super::budget::Budget;
use super::error::Failure;
use super::functions::{HostFunction, Refusal};
use super::location;
use super::source::{self, Complaint};

/// A parsed expression.
pub(super) struct Program {
    ast: AstNode,
    /// Only what the expression mentions: registering the whole table would cost as much as a small evaluation.
    functions: Vec<&'static HostFunction>,
}

impl Program {
    pub(super) fn compile(text: &str) -> Result<Program, Complaint> {
        let tokens = source::tokens(text);
        let ast = location::parse(text, &tokens)?;
        source::check(&tokens.list, is_built_in)?;
        Ok(Program { ast, functions: source::host_functions(&tokens.list) })
    }

    /// A run of evaluations under one budget and one instant.
    pub(super) fn session<'p>(&'p self, budget: &Budget, instant: Option<i64>) -> Session<'p> {
        Session {
            program: self,
            options: EvaluatorOptions {
                timeout_ms: Some(budget.millis()),
                cancel: budget.cancel.as_ref().map(|token| token.for_engine()),
                max_stack_depth: Some(budget.depth),
                max_sequence_length: Some(budget.sequence),
            },
            instant,
            evaluator: None,
        }
    }
}

/// The engine publishes no list of its built-ins, but a name that shadows one can only be registered as an override.
fn is_built_in(name: &str) -> bool {
    Evaluator::new().register_fn(name, |_: &[JValue]| Ok(JValue::Undefined)).is_err()
}

/// The name our `$join` is registered under. The built-in is compiled into the engine's path steps and cannot be
/// overridden, but a variable `$join` that holds another function is honoured there, as in JavaScript. The space keeps
/// expressions from saying this name.
const JOIN: &str = "join of values";

pub(super) struct Session<'p> {
    program: &'p Program,
    options: EvaluatorOptions,
    instant: Option<i64>,
    evaluator: Option<Evaluator>,
}

impl Session<'_> {
    /// Evaluates against `root`.
    pub(super) fn evaluate(&mut self, root: &JValue) -> Result<JValue, Failure> {
        let mut evaluator = match self.evaluator.take() {
            Some(evaluator) => evaluator,
            None => self.evaluator()?,
        };
        let ast = &self.program.ast;
        // The evaluator, the only state that the closure leaves half changed, is dropped unless all went well.
        let outcome = catch_unwind(AssertUnwindSafe(move || {
            evaluator.evaluate(ast, root).map(|value| (value, evaluator)).map_err(failure)
        }));
        let (value, evaluator) = outcome.map_err(|payload| Failure::panic(&*payload))??;
        self.evaluator = Some(evaluator);
        Ok(value)
    }

    fn evaluator(&self) -> Result<Evaluator, Failure> {
        let functions = &self.program.functions;
        let mut context = Context::new();
        if functions.iter().any(|function| function.name == "join") {
            context.bind("join".to_owned(), JValue::builtin(JOIN));
        }
        let mut evaluator = Evaluator::with_options(context, self.options.clone());
        for &function in functions {
            let name = match function.name {
                "join" => JOIN,
                name => name,
            };
            let instant = self.instant;
            let call = move |args: &[JValue]| function.call(args, instant).map_err(host_error);
            evaluator.register_fn_override(name, call).map_err(failure)?;
        }
        Ok(evaluator)
    }
}

fn host_error(refusal: Refusal) -> EvaluatorError {
    EvaluatorError::EvaluationError(format!("{}: {}", refusal.code, refusal.message))
}

fn failure(error: EvaluatorError) -> Failure {
    let message = error.message();
    match error_code_prefix(message) {
        Some(code) => Failure::coded(code, message[code.len() + 1..].trim_start()),
        None => Failure::runtime(message),
    }
}
