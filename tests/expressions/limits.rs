//! Budgets, cancellation and panics: what ends an evaluation that does not end itself.

use std::time::{Duration, Instant};

use serde_json::json;
use serde_json::value::RawValue;
use unicrm::mapping::expression::{Budget, CancelToken, Engine, EvaluationError, EvaluationErrorKind, Scope};

use crate::{ample, compiled, raw};

const TAIL_LOOP: &str = "($f := function($n){ $f($n + 1) }; $f(0))";

/// Far over the budget of 250 ms, for machines that are busy with other tests.
const SOON: Duration = Duration::from_secs(5);

#[track_caller]
fn runs_away(engine: Engine, source: &str) -> EvaluationError {
    let expression = compiled(engine, source);
    let started = Instant::now();
    let result = expression.evaluate(&Scope::new(), &Budget::default());
    let took = started.elapsed();
    assert!(took < SOON, "{engine}: {source}: {took:?}");
    match result {
        Ok(_) => panic!("{engine}: {source} ended by itself"),
        Err(error) => error,
    }
}

#[test]
fn runaway_expressions_end_within_their_budget() {
    for &engine in Engine::ALL {
        for source in [
            TAIL_LOOP,
            "($f := function($n){ 1 + $f($n + 1) }; $f(0))",
            "($f := function($n){ 1 + $g($n) }; $g := function($n){ 1 + $f($n) }; $f(0))",
            "$pad('x', 2000000000)",
        ] {
            let error = runs_away(engine, source);
            assert_eq!(error.kind, EvaluationErrorKind::Budget, "{engine}: {source}: {error}");
        }
    }
}

#[test]
fn long_sequences_end_within_their_budget() {
    for source in [
        "[1..10000000]",
        "$map([1..50000], function($x){ $map([1..50000], function($y){ $x * $y }) })",
        "[1..3000].([1..3000])",
    ] {
        let error = runs_away(Engine::Core, source);
        assert_eq!(error.kind, EvaluationErrorKind::Budget, "{source}: {error}");
    }
}

/// Parsers accept some hundred levels, fewer for some constructs. Whatever becomes of these, the process outlives them.
#[test]
fn the_deepest_nesting_that_compiles_does_not_overflow_the_stack() {
    let budget = Budget { depth: 100_000, ..ample() };
    for &engine in Engine::ALL {
        for (open, close, levels) in [
            ("(", ")", 900),
            ("[", "]", 400),
            ("{'a':", "}", 400),
            ("a.(", ")", 150),
            ("$string(", ")", 400),
            ("-", "", 400),
            ("", "+1", 400),
            ("", ".a", 900),
            ("false ? 1 : ", "", 400),
        ] {
            let source = format!("{}x{}", open.repeat(levels), close.repeat(levels));
            if let Err(error) = compiled(engine, &source).evaluate(&Scope::new(), &budget) {
                let is_panic = error.kind == EvaluationErrorKind::Panic;
                assert!(!is_panic, "{engine}: {open}: {error}");
            }
        }
    }
}

#[test]
fn a_regular_expression_takes_linear_time() {
    let scope = Scope::new().with("response", format!("{}!", "a".repeat(20_000)));
    let expression = compiled(Engine::Core, "$contains(response, /^(a+)+$/)");
    let started = Instant::now();
    let result = expression.evaluate(&scope, &ample());
    assert_eq!(result, Ok(Some(json!(false))));
    assert!(started.elapsed() < SOON);
}

#[test]
fn a_budget_is_the_callers() {
    let expression = compiled(Engine::Core, "$sum([1..100])");
    let with = |budget| expression.evaluate(&Scope::new(), &budget);
    assert_eq!(with(ample()), Ok(Some(json!(5050))));
    let short = with(Budget { sequence: 10, ..ample() });
    assert_eq!(
        short.map_err(|error| (error.kind, error.code)),
        Err((EvaluationErrorKind::Budget, Some("D2015".to_owned())))
    );
    let shallow = with(Budget { depth: 1, ..ample() });
    assert_eq!(
        shallow.map_err(|error| (error.kind, error.code)),
        Err((EvaluationErrorKind::Budget, Some("D1011".to_owned())))
    );
}

#[test]
fn a_cancelled_evaluation_ends() {
    let token = CancelToken::new();
    let budget = Budget { cancel: Some(token.clone()), ..ample() };
    let expression = compiled(Engine::Core, TAIL_LOOP);
    let result = std::thread::scope(|threads| {
        let running = threads.spawn(|| expression.evaluate(&Scope::new(), &budget));
        token.cancel();
        running.join().expect("no panic")
    });
    let error = result.expect_err("cancelled");
    assert_eq!(error.kind, EvaluationErrorKind::Budget);
    for &engine in Engine::ALL {
        let result = compiled(engine, "$sum([1])").evaluate(&Scope::new(), &budget);
        let error = result.expect_err("cancelled before it began");
        assert_eq!(error.kind, EvaluationErrorKind::Budget, "{engine}");
    }
}

#[test]
fn a_panic_of_the_engine_is_an_error_of_that_evaluation() {
    let expression = compiled(Engine::Core, "$parseInteger('a', response)");
    let scope = Scope::new().with("response", "###١");
    let result = expression.evaluate(&scope, &ample());
    let error = result.expect_err("the engine panics on digits that are not ASCII");
    assert_eq!(error.kind, EvaluationErrorKind::Panic);

    let items = [raw(r####""###١""####), raw(r#""a""#)];
    let items: Vec<&RawValue> = items.iter().map(|item| &**item).collect();
    let results = expression.evaluate_each(&Scope::new(), "response", &items, &ample());
    let kind = |index: usize| results[index].as_ref().map_err(|error| error.kind);
    assert_eq!(kind(0), Err(EvaluationErrorKind::Panic));
    assert_eq!(kind(1), Ok(&Some(json!(1))));
}
