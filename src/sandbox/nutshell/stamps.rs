//! Nutshell's instants: `2024-04-03T00:24:02+0000` on JSON-RPC, seconds since 1970 on REST.

use serde_json::Value;
use time::OffsetDateTime;
use time::UtcOffset;
use time::format_description::well_known::Rfc3339;

/// An instant as JSON-RPC writes it, its offset without a colon.
pub(super) fn stamp(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    let (hour, minute, second) = at.to_hms();
    format!("{}T{hour:02}:{minute:02}:{second:02}+0000", at.date())
}

/// An instant in any of the spellings that are taken: with or without a colon in its offset.
pub(super) fn instant(text: &str) -> Option<OffsetDateTime> {
    let parsed = OffsetDateTime::parse(text, &Rfc3339).ok().or_else(|| {
        let (head, minutes) = text.split_at_checked(text.len().checked_sub(2)?)?;
        OffsetDateTime::parse(&format!("{head}:{minutes}"), &Rfc3339).ok()
    })?;
    parsed.checked_to_offset(UtcOffset::UTC)
}

/// A stored instant as REST writes it; null where there is none.
pub(super) fn seconds(stored: &Value) -> Value {
    stored.as_str().and_then(instant).map_or(Value::Null, |at| Value::from(at.unix_timestamp()))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn an_offset_is_read_with_and_without_a_colon() {
        let at = datetime!(2026-01-02 03:04:05 UTC);
        assert_eq!(stamp(at), "2026-01-02T03:04:05+0000");
        for text in ["2026-01-02T03:04:05+0000", "2026-01-02T04:04:05+01:00", "2026-01-02T03:04:05Z"] {
            assert_eq!(instant(text), Some(at), "{text}");
        }
        assert_eq!(instant("2026-01-02"), None);
        assert_eq!(instant("x"), None);
    }
}
