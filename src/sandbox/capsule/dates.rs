//! Capsule's dates: instants as `2026-01-31T09:30:00Z`, days as `2026-01-31`.

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, UtcOffset};

/// An instant as Capsule writes it, in UTC whatever the offset that it was given with.
pub(super) fn stamp(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    let (hour, minute, second) = at.to_hms();
    format!("{}T{hour:02}:{minute:02}:{second:02}Z", at.date())
}

/// An ISO 8601 instant with an offset, or a day, which begins at midnight UTC.
pub(super) fn instant(text: &str) -> Option<OffsetDateTime> {
    let at_midnight = || day(text).map(|day| day.midnight().assume_utc());
    OffsetDateTime::parse(text, &Rfc3339).ok().or_else(at_midnight)
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
        assert_eq!(stamp(datetime!(2026-01-01 23:04:05 -4)), "2026-01-02T03:04:05Z");
        assert_eq!(instant("2026-01-02T04:04:05+01:00"), Some(at));
    }

    #[test]
    fn a_day_alone_is_its_midnight_and_anything_else_is_refused() {
        assert_eq!(instant("2026-01-02"), Some(datetime!(2026-01-02 00:00 UTC)));
        assert_eq!(day("2026-01-02"), Some(date!(2026 - 01 - 02)));
        assert_eq!(day("2026-13-02"), None);
        assert_eq!(instant("yesterday"), None);
    }
}
