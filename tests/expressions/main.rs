//! What a mapping's author and its callers may rely on, through the public API and on every engine of the build.

mod any_json;
mod dates;
mod functions;
mod limits;
mod pages;
mod refusals;
mod results;
#[cfg(feature = "jsonata-rs")]
mod second_engine;

use std::time::Duration;

use serde_json::Value;
use serde_json::value::RawValue;
use unicrm::mapping::expression::{Budget, Engine, EvaluationError, Expression, Scope};

#[global_allocator]
static ALLOCATOR: unicrm::alloc::Counting = unicrm::alloc::Counting;

#[track_caller]
fn compiled(engine: Engine, source: &str) -> Expression {
    Expression::compile(engine, "test.jsonata", source)
        .unwrap_or_else(|error| panic!("{engine}: {source}: {error}"))
}

/// No limit of time that a busy machine could reach.
fn ample() -> Budget {
    Budget { time: Duration::from_secs(600), ..Budget::default() }
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).expect("JSON")
}

/// Evaluates with `response` bound to the text.
#[track_caller]
fn evaluated(engine: Engine, source: &str, response: &str) -> Result<Option<Value>, EvaluationError> {
    let scope = Scope::new().with_raw("response", raw(response)).at(1_700_000_000_123);
    compiled(engine, source).evaluate(&scope, &ample())
}

/// Asserts the result on every engine. `None` is undefined.
#[track_caller]
fn gives(source: &str, response: &str, expected: Option<Value>) {
    for &engine in Engine::ALL {
        let result = evaluated(engine, source, response);
        let result = result.unwrap_or_else(|error| panic!("{engine}: {source}: {error}"));
        assert_eq!(result, expected, "{engine}: {source}");
    }
}
