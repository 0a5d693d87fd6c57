//! Everything at random, for as long as one likes: callers of all providers who read and write through a real process
//! while faults come and go.
//!
//! ```sh
//! cargo test --all-features --test faults -- --soak                 # ten minutes
//! cargo test --all-features --test faults -- --soak --seconds 60 --seed 7
//! ```
//!
//! It prints its seed first and counts last, and fails where any of them that must be nothing isn't: writes done twice,
//! acknowledged writes that were not done, writes said not to be done that were, answers that are not documented,
//! accounts that don't work any more once all is well, a process that has ended, memory that hasn't come back. The seed
//! says which faults come when and what callers ask for; what meets what is up to the machine.

mod book;
mod caller;
#[path = "../../support/random.rs"]
mod random;
mod sky;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures::future::join_all;

use crate::faults::LARGEST_ANSWER;
use crate::served::Served;
use crate::wires::WIRES;
use book::Book;
use caller::Caller;
use random::Random;

/// How long, unless it is said.
const SECONDS: u64 = 600;

/// Callers on each wire of each provider, each with an account of its own.
const CALLERS: usize = 3;

/// What the process may hold more at the end than before the first fault, in megabytes.
const MARGIN: u64 = 64;

/// How long accounts have to work again once all is well: the longest that a vendor is left alone, and some.
const PATIENCE: Duration = Duration::from_secs(100);

/// What is to be done.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub length: Duration,
    pub seed: u64,
}

impl Plan {
    /// For so many seconds, by a seed that nobody has chosen.
    pub fn of(seconds: u64) -> Plan {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Plan { length: Duration::from_secs(seconds), seed: u64::from(now.subsec_nanos()) }
    }

    /// From the command line, if it asks for a soak.
    pub fn asked() -> Option<Plan> {
        let arguments: Vec<String> = std::env::args().collect();
        arguments.iter().find(|argument| *argument == "--soak")?;
        let number = |name: &str| {
            let at = arguments.iter().position(|argument| argument == name)?;
            let said = arguments.get(at + 1).and_then(|text| text.parse().ok());
            Some(said.unwrap_or_else(|| panic!("{name} takes a whole number")))
        };
        let plan = Plan::of(number("--seconds").unwrap_or(SECONDS));
        Some(Plan { seed: number("--seed").unwrap_or(plan.seed), ..plan })
    }
}

/// Does it, prints the counts, and says what is wrong with them.
pub async fn run(plan: Plan) -> Result<(), String> {
    println!("soak: seed {}, {} s", plan.seed, plan.length.as_secs());
    let limit = LARGEST_ANSWER.to_string();
    let mut served = Served::start(&[("UNICRM_MAX_ANSWER_BYTES", limit.as_str())]).await;
    let book = Arc::new(Book::default());
    let mut random = Random::new(plan.seed);
    let mut callers = Vec::new();
    for wire in WIRES {
        for number in 0..CALLERS {
            // One of each wire that has OAuth renews tokens.
            let renewed = number == 0 && wire.provider != "nutshell";
            let account = served.connect(wire.provider, renewed).await;
            let client = served.client.clone();
            callers.push(Caller::new(wire, account, client, book.clone(), random.fork()).await);
        }
    }
    let (before, _) = served.resident();
    let over = AtomicBool::new(false);
    let begun = Instant::now();
    let calling = async {
        join_all(callers.iter_mut().map(|caller| caller.call_until(begun + plan.length))).await;
        over.store(true, Ordering::Relaxed);
    };
    let skies = served.vendors.iter().map(|vendor| sky::change(vendor, random.fork(), &over));
    let ((), faults) = tokio::join!(calling, join_all(skies));
    let faults: usize = faults.into_iter().sum();
    for (_, line, _) in &served.vendors {
        line.mend().await;
    }
    let since = Instant::now();
    let lost = join_all(callers.iter_mut().map(|caller| caller.works_within(PATIENCE))).await;
    let lost: Vec<String> = lost.into_iter().flatten().collect();
    let recovered = since.elapsed();
    let (mut after, mut peak) = served.resident();
    let since = Instant::now();
    while after > before + MARGIN && since.elapsed() < Duration::from_secs(15) {
        // The allocator gives memory back in passing.
        served.client.get("/health").await.ok();
        (after, peak) = served.resident();
    }
    let ended = usize::from(!served.process.runs());
    book.settle(&served.vendors);
    let rows = [
        ("faults that came and went".to_owned(), faults.to_string()),
        ("accounts that don't work afterwards".to_owned(), lost.len().to_string()),
        ("seconds until all of them worked".to_owned(), format!("{:.1}", recovered.as_secs_f64())),
        ("ends of the process".to_owned(), ended.to_string()),
        ("resident MB before, at most, afterwards".to_owned(), format!("{before}, {peak}, {after}")),
    ];
    println!("{}", book.table(&rows));
    let mut wrong = book.wrong();
    wrong.extend(lost);
    if ended > 0 {
        wrong.push("the process has ended".to_owned());
    }
    if after > before + MARGIN {
        wrong.push(format!("memory: {before} MB before, {after} MB afterwards"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("seed {}:\n{}", plan.seed, wrong.join("\n"))) }
}
