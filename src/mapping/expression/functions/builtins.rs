//! JSONata's own functions in the form that mappings get them: a clock that stands still, padding with an end.

use jsonata_core::value::JValue;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::super::running;
use super::{HostFunction, HostResult, Refusal, arg, coerce};

pub(super) const FUNCTIONS: &[HostFunction] = &[
    HostFunction::at_instant(
        "now",
        "",
        "The instant of the request as an ISO 8601 text in UTC with milliseconds, the same at every call. For another \
         form: $fromMillis($millis(), picture).",
        now,
    ),
    HostFunction::at_instant(
        "millis",
        "",
        "The instant of the request in milliseconds since the Unix epoch, the same at every call.",
        millis,
    ),
    HostFunction::plain(
        "pad",
        "text, width, char?",
        "The text padded to the width, on the right, or on the left when the width is negative. At most 100,000 wide.",
        pad,
    ),
];

/// The built-in's `$pad("x", 2000000000)` allocates two gigabytes between two looks at the clock.
const WIDEST: f64 = 100_000.0;

const ISO: &[BorrowedFormatItem<'static>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

fn now(args: &[JValue], instant: i64) -> HostResult {
    if args.iter().any(|arg| !arg.is_undefined()) {
        return Err(Refusal::argument("$now takes no arguments: use $fromMillis($millis(), picture)"));
    }
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(instant) * 1_000_000)
        .ok()
        .and_then(|instant| instant.format(ISO).ok())
        .map(JValue::string)
        .ok_or_else(|| Refusal::argument("the scope's instant is no date"))
}

fn millis(_: &[JValue], instant: i64) -> HostResult {
    Ok(JValue::from_i64(instant))
}

fn pad(args: &[JValue]) -> HostResult {
    let text = match arg(args, 0) {
        JValue::String(text) => text,
        JValue::Undefined => return Ok(JValue::Undefined),
        _ => return Err(Refusal::argument("$pad: the first argument is a text")),
    };
    let width = match arg(args, 1) {
        JValue::Number(width) => width.trunc(),
        JValue::Undefined => return Ok(JValue::String(text.clone())),
        _ => return Err(Refusal::argument("$pad: the second argument is a number")),
    };
    if width.is_nan() || width.abs() > WIDEST {
        return Err(Refusal {
            code: "U2002",
            message: format!("$pad: the width {} is beyond {WIDEST}", coerce::number_text(width)),
        });
    }
    let filler = match arg(args, 2) {
        JValue::String(filler) if !filler.is_empty() => filler,
        _ => " ",
    };
    let missing = (width.abs() as usize).saturating_sub(text.chars().count());
    running::fits(text.len().saturating_add(missing.saturating_mul(4)))?;
    let padding: String = filler.chars().cycle().take(missing).collect();
    Ok(JValue::string(if width < 0.0 { format!("{padding}{text}") } else { format!("{text}{padding}") }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{call, try_call};
    use super::*;

    fn padded(text: &str, width: Value, filler: Option<Value>) -> Option<Value> {
        call("pad", &[Some(json!(text)), Some(width), filler])
    }

    #[test]
    fn now_and_millis_are_the_instant_of_the_scope() {
        assert_eq!(call("now", &[]), Some(json!("2023-11-14T22:13:20.123Z")));
        assert_eq!(call("millis", &[]), Some(json!(1_700_000_000_123_i64)));
    }

    #[test]
    fn now_refuses_a_picture() {
        assert!(try_call("now", &[Some(json!("[Y]"))]).is_err());
    }

    #[test]
    fn an_instant_that_is_no_date_is_refused() {
        assert!(now(&[], i64::MAX).is_err());
        assert!(now(&[], -1).is_ok());
    }

    #[test]
    fn pad_fills_right_or_left_in_characters() {
        assert_eq!(padded("Zoë", json!(5), None), Some(json!("Zoë  ")));
        assert_eq!(padded("7", json!(-3), Some(json!("0"))), Some(json!("007")));
        assert_eq!(padded("a", json!(6), Some(json!("xy"))), Some(json!("axyxyx")));
        assert_eq!(padded("abc", json!(2), None), Some(json!("abc")));
        assert_eq!(call("pad", &[None, Some(json!(2))]), None);
    }

    #[test]
    fn pad_refuses_a_width_beyond_its_cap() {
        for width in [100_001_i64, -2_000_000_000] {
            let refusal = try_call("pad", &[Some(json!("x")), Some(json!(width))]);
            assert_eq!(refusal.expect_err("too wide").code, "U2002");
        }
        assert!(padded("x", json!(100_000), None).is_some());
    }
}
