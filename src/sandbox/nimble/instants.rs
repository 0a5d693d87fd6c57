//! Nimble's spellings of an instant.

use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime};

const MICROS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]");
const SECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
const LOOSE: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]]");
const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

fn spelt(at: OffsetDateTime, format: &[BorrowedFormatItem<'_>], offset: &str) -> String {
    // Formatting into text can only fail for what a format asks and an instant lacks; these ask nothing of the kind.
    at.format(format).map_or_else(|_| String::new(), |text| format!("{text}{offset}"))
}

/// `2026-04-01T16:12:07.986745`, of contacts and deals.
pub(super) fn naive(at: OffsetDateTime) -> String {
    spelt(at, MICROS, "")
}

/// `2026-04-01T16:12:07+0000`, of notes.
pub(super) fn without_colon(at: OffsetDateTime) -> String {
    spelt(at, SECONDS, "+0000")
}

/// `2026-04-01T16:12:07+00:00`, of tasks and activities.
pub(super) fn with_colon(at: OffsetDateTime) -> String {
    spelt(at, SECONDS, "+00:00")
}

/// `2026-04-01T16:12:07.986745+00:00`, of when a task was changed.
pub(super) fn with_micros(at: OffsetDateTime) -> String {
    spelt(at, MICROS, "+00:00")
}

/// `2026-04-01`
pub(super) fn day(at: OffsetDateTime) -> String {
    spelt(at, DAY, "")
}

/// Reads any of them, and a bare day.
pub(super) fn read(text: &str) -> Option<OffsetDateTime> {
    let colon = text.strip_suffix("+0000").map(|naive| format!("{naive}+00:00"));
    OffsetDateTime::parse(colon.as_deref().unwrap_or(text), &Rfc3339)
        .ok()
        .or_else(|| Some(PrimitiveDateTime::parse(text, LOOSE).ok()?.assume_utc()))
        .or_else(|| Some(Date::parse(text, DAY).ok()?.midnight().assume_utc()))
}

/// The month before the one of an instant, as year and month.
pub(super) fn month_before(at: OffsetDateTime) -> (i32, Month) {
    match at.month() {
        Month::January => (at.year() - 1, Month::December),
        month => (at.year(), month.previous()),
    }
}
