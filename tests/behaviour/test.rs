//! One test: the behaviours of one thing, one after another, each of which may fail without keeping the others from
//! being tried.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use libtest_mimic::Failed;

use crate::exceptions::EXCEPTIONS;
use crate::stage::Stage;

/// The variable that chooses behaviours by a part of their names.
const CHOSEN: &str = "UNICRM_BEHAVIOUR";

/// A choice that fits none of these tests, which would pass then for having tried nothing.
pub fn unfit_choice(tests: &[Test]) -> Option<String> {
    let chosen = std::env::var(CHOSEN).ok()?;
    let fits =
        tests.iter().flat_map(|test| &test.behaviours).any(|behaviour| behaviour.name.contains(&chosen));
    (!fits).then(|| format!("{CHOSEN}: no behaviour's name contains {chosen:?}"))
}

/// The behaviours of one thing.
pub struct Test {
    pub name: String,
    pub provider: &'static str,
    pub behaviours: Vec<Behaviour>,
}

/// Tries a behaviour, and panics where it doesn't hold.
type Trying = dyn for<'a> FnOnce(&'a mut Stage) -> LocalBoxFuture<'a, ()> + Send;

/// What is held to be so.
pub struct Behaviour {
    name: String,
    run: Box<Trying>,
}

impl Behaviour {
    pub fn new(name: &str, run: impl AsyncFnOnce(&mut Stage) + Send + 'static) -> Behaviour {
        Behaviour { name: name.to_owned(), run: Box::new(|stage| Box::pin(run(stage))) }
    }
}

impl Test {
    /// The full names of its behaviours.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.behaviours.iter().map(|behaviour| format!("{}::{}", self.name, behaviour.name))
    }

    /// Tries each behaviour; those that don't hold are an error together.
    pub fn run(self) -> Result<(), Failed> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let failures = runtime.expect("a runtime").block_on(self.failures());
        match failures.len() {
            0 => Ok(()),
            count => Err(format!("{count} of its behaviours:\n{}", failures.join("\n")).into()),
        }
    }

    async fn failures(self) -> Vec<String> {
        let chosen = std::env::var(CHOSEN).unwrap_or_default();
        let mut stage = Stage::of(self.provider);
        let mut failures = Vec::new();
        for behaviour in self.behaviours.into_iter().filter(|behaviour| behaviour.name.contains(&chosen)) {
            let name = format!("{}::{}", self.name, behaviour.name);
            println!("{name}");
            let outcome = AssertUnwindSafe((behaviour.run)(&mut stage)).catch_unwind().await;
            failures.extend(failure(&name, outcome));
        }
        failures
    }
}

/// What is wrong with a behaviour, by its name and what came of it.
fn failure(name: &str, outcome: Result<(), Box<dyn Any + Send>>) -> Option<String> {
    let excepted = EXCEPTIONS.iter().find(|(excepted, _)| *excepted == name);
    match (outcome, excepted) {
        (Ok(()), None) | (Err(_), Some(_)) => None,
        (Ok(()), Some((_, why))) => Some(format!("{name} holds; take it off the exceptions ({why})")),
        (Err(panic), None) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Some(format!("{name}: {}", text.unwrap_or("a panic without words")))
        }
    }
}
