//! Evaluation by jsonata-core, the default engine.
//!
//! The parsed expression is kept, in the form that [`lower`] gives it, and shared; an evaluator is made per [`Session`]
//! and serves its evaluations one after the other, which spares each of them the registration of functions and the
//! compilation of path steps. The engine gives every evaluation a scope of its own and drops it afterwards; after a
//! failure or a panic the evaluator is dropped all the same, so nothing of a failed evaluation can reach the next one.
//!
//! The engine counts its steps and grows its stack on the heap, so neither deep recursion nor deep nesting overflows.
//! It has no limit of memory: the thread's allocations are counted while it evaluates ([`crate::alloc`]), and its cancel
//! token is pulled when they pass the mark. What it panics on (one case is known: `$parseInteger` with digits that are
//! not ASCII) is caught.

use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{
    CancelToken, Context, Evaluator, EvaluatorError, EvaluatorOptions, error_code_prefix,
};
use jsonata_core::value::JValue;

use super::budget::Budget;
use super::error::Failure;
use super::functions::{HostFunction, Refusal, Surroundings};
use super::regexes::Regexes;
use super::running::{self, Evaluation, Watch};
use super::source::{self, Complaint};
use super::{location, lower, panics, timekeeper};
use crate::alloc;

/// A parsed expression.
pub(super) struct Program {
    ast: AstNode,
    /// Only what the expression mentions: registering the whole table would cost as much as a small evaluation.
    functions: Vec<Registered>,
    regexes: Regexes,
}

struct Registered {
    function: &'static HostFunction,
    /// The name it is registered under where that is not its own. Built-ins that are compiled into the engine's path
    /// steps cannot be overridden, but a variable of their name that holds another function is honoured there, as in
    /// JavaScript. The space keeps expressions from saying the name.
    alias: Option<String>,
}

impl Program {
    pub(super) fn compile(text: &str) -> Result<Program, Complaint> {
        let tokens = source::tokens(text);
        let mut ast = location::parse(text, &tokens)?;
        let regexes = source::check(&tokens.list, is_built_in)?;
        let mut functions = source::host_functions(&tokens.list);
        functions.extend(lower::lower(&mut ast, &tokens.list));
        let functions = functions.into_iter().map(registered).collect();
        Ok(Program { ast, functions, regexes })
    }

    /// A run of evaluations under one budget and one instant.
    pub(super) fn session<'p>(&'p self, budget: &'p Budget, instant: Option<i64>) -> Session<'p> {
        let surroundings = Rc::new(Surroundings { instant, regexes: self.regexes.clone() });
        // One look at the processor's clock for all of them: it takes longer than the one on the wall.
        let watch = (budget.patience > 1).then(Watch::start);
        Session { program: self, budget, surroundings, watch, running: None }
    }
}

fn registered(function: &'static HostFunction) -> Registered {
    let is_compiled = Evaluator::new().register_fn_override(function.name, nothing).is_err();
    let alias = (is_compiled || function.name == "replace").then(|| format!("{} of mappings", function.name));
    Registered { function, alias }
}

/// The engine publishes no list of its built-ins, but a name that shadows one can only be registered as an override.
fn is_built_in(name: &str) -> bool {
    Evaluator::new().register_fn(name, nothing).is_err()
}

fn nothing(_: &[JValue]) -> Result<JValue, EvaluatorError> {
    Ok(JValue::Undefined)
}

pub(super) struct Session<'p> {
    program: &'p Program,
    budget: &'p Budget,
    surroundings: Rc<Surroundings>,
    /// Since the session began; none where nothing is done a second time.
    watch: Option<Watch>,
    /// The token stops the evaluator for good, so both are made anew after a failure.
    running: Option<Running>,
}

/// An evaluator, and what stops it.
type Running = (Evaluator, CancelToken);

impl Session<'_> {
    /// Evaluates against `root` and hands the result to `read`, whose work is under the budget, too. When that turns out
    /// to be used up in the end, what `read` has given is dropped.
    pub(super) fn evaluate<T>(
        &mut self,
        root: &JValue,
        mut read: impl FnMut(JValue) -> T,
    ) -> Result<T, Failure> {
        let running = match self.running.take() {
            Some(running) => running,
            None => self.evaluator(self.budget)?,
        };
        match self.attempt(root, self.budget, running, &mut read) {
            // Nothing that a mapping does can be seen from outside, so it may be done again.
            Err(failure)
                if failure.is_out_of_time() && self.watch.as_ref().is_some_and(Watch::was_kept_waiting) =>
            {
                let budget = self.budget.patient();
                let running = self.evaluator(&budget)?;
                self.attempt(root, &budget, running, &mut read).map(|(read, _)| read)
            }
            Err(failure) => Err(failure),
            Ok((read, running)) => {
                self.running = Some(running);
                Ok(read)
            }
        }
    }

    fn attempt<T>(
        &self,
        root: &JValue,
        budget: &Budget,
        (mut evaluator, token): Running,
        read: &mut impl FnMut(JValue) -> T,
    ) -> Result<(T, Running), Failure> {
        let ast = &self.program.ast;
        let evaluation = Evaluation::start(budget, token.clone());
        // The evaluator, the only state that the closure leaves half changed, is dropped unless all went well.
        let outcome = panics::caught(AssertUnwindSafe(move || {
            let result = evaluator.evaluate(ast, root).map_err(failure)?;
            Ok((read(result), evaluator))
        }));
        let is_out_of_memory = alloc::is_passed();
        let is_out_of_time = evaluation.end();
        match outcome {
            Err(payload) => Err(Failure::panic(&*payload)),
            // Also when it got to its end before it was told to stop: what it made is too large.
            Ok(_) if is_out_of_memory => {
                let refusal = running::out_of_memory();
                let limit = budget.memory / (1024 * 1024);
                Err(Failure::coded(refusal.code, format!("{} ({limit} MiB)", refusal.message)))
            }
            Ok(_) if is_out_of_time => {
                let refusal = running::out_of_time();
                Err(Failure::coded(refusal.code, refusal.message))
            }
            Ok(Err(failure)) => Err(failure),
            Ok(Ok((read, evaluator))) => Ok((read, (evaluator, token))),
        }
    }

    fn evaluator(&self, budget: &Budget) -> Result<Running, Failure> {
        let functions = &self.program.functions;
        let mut context = Context::new();
        for Registered { function, alias } in functions {
            if let Some(alias) = alias {
                context.bind(function.name.to_owned(), JValue::builtin(alias.as_str()));
            }
        }
        if functions.iter().any(|registered| registered.function.name == "replace") {
            context.bind(lower::ENGINE_REPLACE.to_owned(), JValue::builtin("replace"));
        }
        let token = CancelToken::new();
        let options = EvaluatorOptions {
            timeout_ms: (!timekeeper::keeps(budget.time)).then(|| budget.millis()),
            cancel: Some(token.clone()),
            max_stack_depth: Some(budget.depth),
            max_sequence_length: Some(budget.sequence),
        };
        let mut evaluator = Evaluator::with_options(context, options);
        for Registered { function, alias } in functions {
            let name = alias.as_deref().unwrap_or(function.name);
            let (function, surroundings) = (*function, Rc::clone(&self.surroundings));
            let call = move |args: &[JValue]| function.call(args, &surroundings).map_err(host_error);
            evaluator.register_fn_override(name, call).map_err(failure)?;
        }
        Ok((evaluator, token))
    }
}

fn host_error(refusal: Refusal) -> EvaluatorError {
    EvaluatorError::EvaluationError(format!("{}: {}", refusal.code, refusal.message))
}

pub(super) fn failure(error: EvaluatorError) -> Failure {
    let message = error.message();
    match error_code_prefix(message) {
        Some(code) => Failure::coded(code, message[code.len() + 1..].trim_start()),
        None => Failure::runtime(message),
    }
}
