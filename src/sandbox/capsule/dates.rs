//! Capsule's dates: instants as `2026-01-31T09:30:00Z`, days as `2026-01-31`.

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, UtcOffset};

/// An instant in UTC as Capsule writes it.
pub(super) fn stamp(at: OffsetDateTime) -> String {
    let (hour, minute, second) = at.to_hms();
    format!("{}T{hour:02}:{minute:02}:{second:02}Z", at.date())
}

/// An ISO 8601 instant with an offset, or a day, which begins at midnight UTC; either way in UTC.
pub(super) fn instant(text: &str) -> Option<OffsetDateTime> {
    match OffsetDateTime::parse(text, &Rfc3339) {
        Ok(at) => at.checked_to_offset(UtcOffset::UTC),
        Err(_) => day(text).map(|day| day.midnight().assume_utc()),
    }
}

/// A day as `YYYY-MM-DD`.
pub(super) fn day(text: &str) -> Option<Date> {
    Date::parse(text, format_description!("[year]-[month]-[day]")).ok()
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn instants_are_written_in_whole_seconds_with_a_z() {
        let at = datetime!(2026-01-02 03:04:05 UTC);
        assert_eq!(stamp(at), "2026-01-02T03:04:05Z");
        assert_eq!(instant("2026-01-01T23:04:05-04:00").map(stamp), Some(stamp(at)));
        assert_eq!(instant("9999-12-31T23:59:59-12:00"), None);
    }

    #[test]
    fn a_day_alone_is_its_midnight_and_anything_else_is_refused() {
        assert_eq!(instant("2026-01-02"), Some(datetime!(2026-01-02 00:00 UTC)));
        assert_eq!(day("2026-01-02"), Some(date!(2026 - 01 - 02)));
        assert_eq!(day("2026-13-02"), None);
        assert_eq!(instant("yesterday"), None);
    }
}
