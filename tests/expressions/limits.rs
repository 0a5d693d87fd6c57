//! Budgets and panics: what ends an evaluation that does not end itself.

use std::time::{Duration, Instant};

use serde_json::json;
use serde_json::value::RawValue;
use unicrm::mapping::expression::{Budget, Engine, EvaluationError, EvaluationErrorKind, Scope};

use crate::{ample, compiled, raw};

const TAIL_LOOP: &str = "($f := function($n){ $f($n + 1) }; $f(0))";

/// Far over the 250 ms that an evaluation ends within, for machines that are busy with other tests and for builds
/// without optimisation.
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

/// Each of these would take more memory than the machine has, or more time than anyone, without a limit.
#[rustfmt::skip]
const RUNAWAYS: &[&str] = &[
    // Ranges and sequences.
    "[1..100000000]",
    "[1..10000000]",
    "[-1e19..1e19]",
    "[0..$power(10, 300)]",
    "$map([1..50000], function($x){ $map([1..50000], function($y){ $x * $y }) })",
    "[1..3000].([1..3000])",
    "[1..20000].$split($pad('', 20000, 'x'), '')",
    "($a := [1..20000]; [1..20000].$a)",
    "($a := [1..20000]; [1..20000].{'x': $a}.x)",
    "($o := {'a': [1..20000]}; [1..20000].$o.a)",
    "($o := {'a': [1..20000]}; $lookup([1..20000].$o, 'a'))",
    "($a := [1..20000]; $map([1..20000], function(){ $a }).$)",
    "($m := [1..20000]; $m[$m])",
    // Doubling: texts, arrays, objects, functions.
    "($f := function($s){ $f($s & $s) }; $f('x'))",
    "($f := function($s){ $f($join([$s, $s])) }; $f('x'))",
    "($f := function($s){ $f($replace($s, 'x', 'xx')) }; $f('x'))",
    "($f := function($s){ $f($replace($s, /x/, '$0$0')) }; $f('x'))",
    "($f := function($s){ $f($replace($s, /x/, function($m){ 'xx' })) }; $f('x'))",
    "($f := function($s){ $f($string([$s, $s])) }; $f('x'))",
    "($f := function($s){ $f($pad($s, 2 * $length($s))) }; $f('x'))",
    "($f := function($s){ $f($wrap($s, $s)) }; $f('x'))",
    "($f := function($s){ $f($base64encode($s)) }; $f('x'))",
    "($f := function($s){ $f($encodeUrlComponent('%' & $s)) }; $f('%'))",
    "($f := function($a){ $f([$a, $a]) }; $f([1]))",
    "($f := function($a){ $f($append($a, $a)) }; $f([1]))",
    "($f := function($a){ $f([[$a], [$a]]) }; $f([1]))",
    "($f := function($a){ $f({'a': $a, 'b': $a}) }; $f(1))",
    "($f := function($a){ $f($zip($a, $a)) }; $f([1, 2]))",
    "($f := function($a){ $f($map([1, 2], function(){ [$a] })) }; $f([1]))",
    "($f := function($n, $a){ $f($n + 1, function(){ $a & $a() }) }; $f(0, function(){ 'x' }))",
    "$reduce([1..60], function($a, $b){ [[$a], [$a]] }, [0]) = $reduce([1..60], function($a, $b){ [[$a], [$a]] }, [0])",
    "$string($reduce([1..60], function($a, $b){ [[$a], [$a]] }, [0]))",
    "$sum($reduce([1..60], function($a, $b){ [[$a], [$a]] }, [0]).**)",
    "$boolean($reduce([1..60], function($a, $b){ [[$a], [$a]] }, [0]))",
    "$reduce([1..60], function($a, $b){ [[$a], [$a]] }, [0])",
    "($f := function($a){ $f($map([1, 2], function(){ $a })) }; $f([1]))",
    "($f := function($a){ $f([1, 2] ~> $map(function(){ $a })) }; $f([1]))",
    "($f := function($a){ $f($each({'a': 1, 'b': 2}, function(){ $a })) }; $f([1]))",
    "($f := function($a){ $f($mapValues([1, 1], {'1': $a})) }; $f({}))",
    "$reduce([1..60], function($a, $b){ $zip($a, $a) }, [0, 1]) = $reduce([1..60], function($a, $b){ $zip($a, $a) }, [0, 1])",
    "$reduce([1..60], function($a, $b){ $map([1, 2], function(){ $a }) }, [0]) = [0]",
    "$boolean($reduce([1..60], function($a, $b){ $map([1, 2], function(){ $a }) }, [0]))",

    // One call that multiplies.
    "$pad('x', 2000000000)",
    "$fromMillis(0, '[Y,1000000000]')",
    "$fromMillis(0, $pad('[Y]', 100000, '[Y]'))",
    "($s := $pad('', 100000, 'x'); $replace($s, /x/, $s))",
    "($s := $pad('', 100000, 'x'); $replace($s, 'x', $s))",
    "($s := $pad('', 100000, 'x'); $replace($s, /x+/, $pad('', 100000, '$0')))",
    "($s := $pad('', 100000, 'x'); $join([1..20000].$s))",
    "($s := $pad('', 100000, 'x'); $string([1..20000].$s))",
    "($s := $pad('', 100000, 'x'); [1..20000].$s & '')",
    "($s := $pad('', 100000, 'x'); $split($s, ''))",
    "($s := $pad('', 100000, 'x'); $match($s, /x/))",
    "($s := $pad('', 100000, 'x'); [1..20000].$s)",
    "($a := [1..20000]; $zip($a, $a, $a, $a, $a, $a, $a, $a, $a, $a).$a)",
    "($o := $merge([1..20000].{$string($): 1}); $spread([1..20000].$o))",
    "($o := $merge([1..20000].{$string($): 1}); $merge([1..20000].$o))",
    "($o := $merge([1..20000].{$string($): 1}); $keys([1..20000].$o))",
    "($o := $merge([1..20000].{$string($): 1}); [1..20000].($o ~> |$|{'z': $o}|))",
    "$distinct([1..20000].{'a': $})",
    "$flattenDeep([1..20000].[[1..20000]])",
    // Loops.
    "($f := function($n){ $f($n) }; $f(0))",
    "($f := function(){ $reduce([1..20000], function($a, $b){ $a + $b }) + $f() }; $f())",
    "$map([1..20000], function($x){ $filter([1..20000], function($y){ $x = $y }) })",
    "$sort([1..20000], function($a, $b){ $count([1..20000]) > 0 })",
];

/// The most that may be held at once beside the input.
const MEMORY: usize = 64 * 1024 * 1024;

#[test]
fn whatever_it_does_an_evaluation_ends_within_its_time_and_memory() {
    for source in RUNAWAYS {
        let expression = compiled(Engine::Core, source);
        let started = Instant::now();
        let (result, peak) = metered(|| expression.evaluate(&Scope::new(), &Budget::default()));
        let took = started.elapsed();
        println!("{:>6} ms {:>6} KiB  {source}", took.as_millis(), peak / 1024);
        assert!(took < SOON, "{source}: {took:?}");
        assert!(peak < MEMORY, "{source}: {peak} bytes");
        match result {
            Ok(value) => {
                panic!("{source} ended by itself, with {}", value.map_or(0, |value| value.to_string().len()))
            }
            Err(error) => assert_eq!(error.kind, EvaluationErrorKind::Budget, "{source}: {error}"),
        }
    }
}

/// What is nested level upon level, for as long as there is time, must be walked and freed without a stack of that depth.
#[test]
fn values_nested_for_long_do_not_overflow_the_stack() {
    for source in [
        "($f := function($a){ $f($zip($a, $a)) }; $f([1, 2]))",
        "($f := function($a){ $f($chunk($a)) }; $f([1, 2]))",
        "($f := function($a){ $f($groupBy($a, 'x')) }; $f([1, 2]))",
        "($f := function($a){ $f($map([1, 2], function(){ $a })) }; $f([1]))",
        "($f := function($n, $a){ $f($n + 1, function(){ $a }) }; $f(0, function(){ 'x' }))",
        "($f := function($a){ $f($each({'a': 1, 'b': 2}, function(){ $a })) }; $f([1]))",
    ] {
        let budget = Budget { time: Duration::from_secs(1), ..Budget::default() };
        let (result, _) = metered(|| compiled(Engine::Core, source).evaluate(&Scope::new(), &budget));
        let error = result.expect_err(source);
        assert_eq!(error.kind, EvaluationErrorKind::Budget, "{source}: {error}");
    }
}

/// The most that `work`, on a thread of its own, held at once. The evaluation meters itself in between.
fn metered<T: Send>(work: impl FnOnce() -> T + Send) -> (T, usize) {
    std::thread::scope(|threads| {
        let thread = threads.spawn(|| {
            let result = work();
            (result, unicrm::alloc::last_peak())
        });
        thread.join().expect("no panic")
    })
}

#[test]
fn a_limit_on_memory_is_the_callers() {
    let expression = compiled(Engine::Core, "$map([1..10000], function($x){ {'n': $x} })");
    let with = |memory| expression.evaluate(&Scope::new(), &Budget { memory, ..ample() });
    assert!(with(MEMORY).is_ok());
    let error = with(1024 * 1024).expect_err("too little");
    assert_eq!((error.kind, error.code.as_deref()), (EvaluationErrorKind::Budget, Some("U2004")));
    assert_eq!(error.message, "the memory for one evaluation is used up (1 MiB)");
}

#[test]
fn other_threads_do_not_notice() {
    let runaway = compiled(Engine::Core, "($f := function($s){ $f($s & $s) }; $f('x'))");
    let plain = compiled(Engine::Core, "$sum($map([1..100], function($n){ $n }))");
    std::thread::scope(|threads| {
        threads.spawn(|| (0..3).for_each(|_| drop(runaway.evaluate(&Scope::new(), &Budget::default()))));
        for _ in 0..20 {
            assert_eq!(plain.evaluate(&Scope::new(), &ample()), Ok(Some(json!(5050))));
        }
    });
}

#[test]
fn a_page_ends_with_the_first_record_that_reaches_a_limit() {
    let expression = compiled(Engine::Core, "response = 2 ? [1..100000] : response");
    let items: Vec<Box<RawValue>> = (1..=4).map(|id| raw(&id.to_string())).collect();
    let items: Vec<&RawValue> = items.iter().map(|item| &**item).collect();
    let results = expression.evaluate_each(&Scope::new(), "response", &items, &ample());
    assert_eq!(results[0], Ok(Some(json!(1))));
    let messages: Vec<&str> = results[1..]
        .iter()
        .filter_map(|result| result.as_ref().err())
        .map(|error| error.message.as_str())
        .collect();
    assert_eq!(messages.len(), 3);
    assert!(!messages[0].starts_with("not evaluated"));
    assert!(messages[1..].iter().all(|message| message.starts_with("not evaluated")), "{messages:?}");
}

#[test]
fn a_long_mapping_of_a_large_record_has_room() {
    let people: Vec<_> =
        (0..2_000).map(|id| json!({"id": id, "name": format!("Name {id}"), "tags": ["a", "b"]})).collect();
    let scope = Scope::new().with("response", json!({ "people": people }));
    let source = "($all := response.people; {'result': $map($all, function($p){ {'id': $string($p.id), 'name': $p.name, \
                  'tags': [$p.tags.{'name': $}]} }), 'count': $count($all)})";
    let result =
        compiled(Engine::Core, source).evaluate(&scope, &ample()).expect("a result").expect("defined");
    assert_eq!(result["count"], 2_000);
    assert_eq!(result["result"][1_999]["tags"][1]["name"], "b");
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
