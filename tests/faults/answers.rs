//! What the README says that callers get: its table of faults, read as it stands there, so that it can't say anything else
//! than what happens.

use crate::faults::FAULTS;

const README: &str = include_str!("../../README.md");

/// The answer to a read or a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub says_when: bool,
    /// Whether it says that the vendor may have acted all the same.
    pub in_doubt: bool,
    /// Whether a proxy call other than a list, on REST, is passed the vendor's answer unread.
    pub passed_on: bool,
    /// Whether such a call has begun to be answered by then, with 200, and its answer breaks off.
    pub breaks_off: bool,
}

/// One row of the table.
#[derive(Debug)]
pub struct Row {
    pub fault: String,
    pub read: Answer,
    pub write: Answer,
}

/// The table.
pub fn table() -> Vec<Row> {
    let (_, after) = README.split_once("<!-- faults -->").expect("a table of faults in the README");
    let (table, _) = after.split_once("<!-- / -->").expect("an end of that table");
    let rows = table.lines().filter(|line| line.starts_with("| ")).skip(1);
    rows.map(row).collect()
}

/// What is documented of a fault.
pub fn of(fault: &str) -> Row {
    let found = table().into_iter().find(|row| row.fault == fault);
    found.unwrap_or_else(|| panic!("the README doesn't say what callers get of {fault}"))
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [fault, read, write] = cells[..] else { panic!("three columns: {line}") };
    Row { fault: fault.to_owned(), read: answer(read), write: answer(write) }
}

fn answer(text: &str) -> Answer {
    let (passed_on, breaks_off) = (text.ends_with('†'), text.ends_with('‡'));
    let text = text.trim_end_matches(['†', '‡']).trim();
    let in_doubt = text.ends_with(", in doubt");
    let text = text.trim_end_matches(", in doubt");
    let says_when = text.ends_with(" with `Retry-After`");
    let status = text.trim_end_matches(" with `Retry-After`");
    let status = status.parse().unwrap_or_else(|_| panic!("no answer: {text:?}"));
    Answer { status, says_when, in_doubt, passed_on, breaks_off }
}

/// Holds that the table has a row for every fault, in order, and no other.
pub fn every_fault_is_documented() {
    let documented: Vec<String> = table().into_iter().map(|row| row.fault).collect();
    let tried: Vec<&str> = FAULTS.iter().map(|fault| fault.name).collect();
    assert_eq!(documented, tried);
    for row in table() {
        assert!(!row.read.in_doubt, "{}: a read does nothing that could be in doubt", row.fault);
    }
}
