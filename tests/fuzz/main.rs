//! Mutated expressions: none may end the process, hang, take too much memory or panic outside of its evaluation.
//!
//! Seeded mutations of the shipped mappings, of the documentation's expressions and of a few nasty ones, over records as
//! odd as they are. Every run prints its seed. `UNICRM_FUZZ_SECONDS` is how long to go on (5 unless set),
//! `UNICRM_FUZZ_SEED` where to begin:
//!
//! ```sh
//! UNICRM_FUZZ_SECONDS=600 cargo nextest run --test fuzz --no-capture
//! ```

mod corpus;
mod mutate;

use std::time::{Duration, Instant};

use serde_json::value::RawValue;
use unicrm::alloc;
use unicrm::mapping::expression::{Budget, Engine, EvaluationErrorKind, Expression, Scope};

use corpus::Corpus;
use mutate::Random;

#[global_allocator]
static ALLOCATOR: unicrm::alloc::Counting = unicrm::alloc::Counting;

/// Far over what an evaluation may take, for machines that are busy with other tests.
const SOON: Duration = Duration::from_secs(10);

/// What an evaluation may hold, and what a build without optimisation, or a value that is freed late, adds to it.
const MEMORY: usize = 128 * 1024 * 1024;

#[derive(Default, Debug)]
struct Counts {
    expressions: u64,
    refused: u64,
    evaluations: u64,
    values: u64,
    errors: u64,
    limits: u64,
    panics: u64,
    slowest_ms: u128,
    peak_kib: usize,
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[test]
fn no_expression_takes_the_process_down() {
    let seconds = setting("UNICRM_FUZZ_SECONDS", 5);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let seed = setting("UNICRM_FUZZ_SEED", now.as_nanos() as u64);
    println!("seed {seed}, {seconds} s");
    let end = Instant::now() + Duration::from_secs(seconds);
    let corpus = Corpus::load();
    let mut random = Random::new(seed);
    let mut counts = Counts::default();
    while Instant::now() < end {
        let source = corpus.mutated(&mut random);
        let record = corpus.record(&mut random);
        run(&source, &record, seed, &mut counts);
    }
    println!("{counts:?}");
    assert!(counts.values > 0, "nothing was evaluated");
}

fn run(source: &str, record: &RawValue, seed: u64, counts: &mut Counts) {
    counts.expressions += 1;
    let started = Instant::now();
    let expression = match Expression::compile(Engine::Core, "fuzz", source) {
        Ok(expression) => expression,
        Err(error) => {
            assert!(!error.message.contains("panicked"), "seed {seed}: {error}\n{source}");
            counts.refused += 1;
            return;
        }
    };
    let budget = Budget { time: Duration::from_millis(50), ..Budget::default() };
    let scope = scope(record);
    for result in expression.evaluate_each(&scope, "response", &[record, record], &budget) {
        counts.evaluations += 1;
        match result {
            Ok(_) => counts.values += 1,
            Err(error) => {
                counts.errors += 1;
                match error.kind {
                    EvaluationErrorKind::Budget => counts.limits += 1,
                    EvaluationErrorKind::Panic => {
                        // The engine's own; contained, and counted.
                        counts.panics += 1;
                        println!("seed {seed}: {error}\n{source}");
                    }
                    EvaluationErrorKind::Runtime => {}
                }
                assert_eq!(&*error.name, "fuzz");
            }
        }
    }
    let took = started.elapsed();
    counts.slowest_ms = counts.slowest_ms.max(took.as_millis());
    counts.peak_kib = counts.peak_kib.max(alloc::last_peak() / 1024);
    assert!(took < SOON, "seed {seed}: {took:?}\n{source}");
    assert!(alloc::last_peak() < MEMORY, "seed {seed}: {} bytes\n{source}", alloc::last_peak());
}

fn scope(record: &RawValue) -> Scope {
    Scope::new()
        .at(1_700_000_000_123)
        .with_raw("body", record.to_owned())
        .with("query", serde_json::json!({"limit": 10, "name": "a"}))
        .with("rawQuery", serde_json::json!({}))
        .with("context", serde_json::json!({"subdomain": "x"}))
        .with("id", "1")
}
