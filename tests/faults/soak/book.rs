//! What is counted.

use std::collections::BTreeMap;
use std::sync::Mutex;

use unicrm::sandbox::Sandbox;

use crate::line::Line;

/// Examples that are told of anything that is wrong.
const EXAMPLES: usize = 5;

/// What callers were told of a write in the end, over all of its repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// Certainly not.
    NotDone,
    /// Perhaps.
    InDoubt,
    /// Yes, by an answer with the write in it.
    Done,
}

#[derive(Default)]
struct Counts {
    /// Answers to reads and to writes, by what they are.
    answers: BTreeMap<String, [u64; 2]>,
    repeats: u64,
    /// Every write by its mark: whose it is, and what was told of it.
    writes: BTreeMap<String, (&'static str, Told)>,
    applied: u64,
    undocumented: u64,
    duplicates: u64,
    lost: u64,
    denied: u64,
    examples: Vec<String>,
}

/// Counts for all callers.
#[derive(Default)]
pub struct Book(Mutex<Counts>);

impl Counts {
    fn example(&mut self, what: String) {
        if self.examples.len() < EXAMPLES {
            self.examples.push(what);
        }
    }
}

impl Book {
    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.lock().expect("the counts")
    }

    /// An answer of a kind that is documented.
    pub fn answered(&self, kind: &str, is_write: bool) {
        self.counts().answers.entry(kind.to_owned()).or_default()[usize::from(is_write)] += 1;
    }

    /// One that isn't, or none at all.
    pub fn undocumented(&self, what: String) {
        let mut counts = self.counts();
        counts.undocumented += 1;
        counts.example(format!("not documented: {what}"));
    }

    pub fn repeated(&self) {
        self.counts().repeats += 1;
    }

    /// What became of a write as far as its caller knows.
    pub fn written(&self, provider: &'static str, mark: String, told: Told) {
        self.counts().writes.insert(mark, (provider, told));
    }

    /// Compares what callers were told with what the vendors did.
    pub fn settle(&self, vendors: &[(&'static str, Line, Sandbox)]) {
        let mut counts = self.counts();
        let writes: Vec<_> = counts.writes.iter().map(|(mark, write)| (mark.clone(), *write)).collect();
        for (mark, (provider, told)) in writes {
            let (_, line, _) = vendors.iter().find(|(name, ..)| *name == provider).expect("a vendor");
            let applied = line.applied(&mark);
            counts.applied += u64::from(applied);
            let what = match (applied, told) {
                (2.., _) => {
                    counts.duplicates += 1;
                    "was done more than once"
                }
                (0, Told::Done) => {
                    counts.lost += 1;
                    "was acknowledged and not done"
                }
                (1, Told::NotDone) => {
                    counts.denied += 1;
                    "was said not to be done, and was"
                }
                _ => continue,
            };
            counts.example(format!("{provider}: {mark} {what}"));
        }
    }

    /// What isn't as it must be.
    pub fn wrong(&self) -> Vec<String> {
        let counts = self.counts();
        let all = counts.undocumented + counts.duplicates + counts.lost + counts.denied;
        if all == 0 { Vec::new() } else { counts.examples.clone() }
    }

    /// All counts, with more rows below.
    pub fn table(&self, more: &[(String, String)]) -> String {
        let counts = self.counts();
        let told = |wanted: Told| counts.writes.values().filter(|(_, told)| *told == wanted).count();
        let mut out = format!("\n{:<44} {:>9} {:>9}\n", "answers", "to reads", "to writes");
        for (kind, [reads, writes]) in &counts.answers {
            out.push_str(&format!("{kind:<44} {reads:>9} {writes:>9}\n"));
        }
        let [reads, writes] =
            counts.answers.values().fold([0, 0], |[r, w], [reads, writes]| [r + reads, w + writes]);
        out.push_str(&format!("{:<44} {reads:>9} {writes:>9}\n\n", "all"));
        let rows = [
            ("writes", counts.writes.len().to_string()),
            ("writes sent again under their key", counts.repeats.to_string()),
            ("writes acknowledged", told(Told::Done).to_string()),
            ("writes in doubt", told(Told::InDoubt).to_string()),
            ("writes said not to be done", told(Told::NotDone).to_string()),
            ("writes done by the vendors", counts.applied.to_string()),
            ("writes done more than once", counts.duplicates.to_string()),
            ("acknowledged writes that were not done", counts.lost.to_string()),
            ("writes said not to be done that were", counts.denied.to_string()),
            ("answers that are not documented", counts.undocumented.to_string()),
        ];
        let rows = rows.map(|(name, count)| (name.to_owned(), count));
        for (name, count) in rows.iter().chain(more) {
            out.push_str(&format!("{name:<44} {count:>19}\n"));
        }
        out
    }
}
