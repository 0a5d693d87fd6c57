//! Keeps the digits of integers that a double cannot hold.
//!
//! JSONata has one number type, the IEEE double, so an integer beyond ±2^53 would lose digits, and CRM ids are
//! sometimes that long. Such integers are therefore handed to expressions as strings of their digits. The rewrite works
//! on the JSON text: serde_json turns integers beyond 64 bits into floats before any visitor sees them.

use std::borrow::Cow;

/// 2^53 in digits: the largest magnitude up to which every integer is a double.
const LARGEST: &[u8] = b"9007199254740992";

/// Rewrites every integer beyond ±2^53 in `json` as a string with the same digits: `[9007199254740993]` becomes
/// `["9007199254740993"]`. Numbers with a fraction or an exponent stay as they are.
///
/// `json` must be valid JSON; for any other text the result is unspecified, though never a panic. Costs one look at
/// every sixteenth byte when the text holds no run of sixteen digits.
pub(super) fn quote_large_integers(json: &str) -> Cow<'_, str> {
    if has_long_digit_run(json.as_bytes()) { rewrite(json) } else { Cow::Borrowed(json) }
}

/// Whether `value` is an integer that a double may not hold exactly.
pub(super) fn is_large(value: i128) -> bool {
    value.unsigned_abs() > 1 << 53
}

/// Any sixteen digits in a row cover a byte whose index is 15 more than a multiple of 16, so only those are looked at.
fn has_long_digit_run(bytes: &[u8]) -> bool {
    let run = LARGEST.len();
    let mut at = run - 1;
    while at < bytes.len() {
        if bytes[at].is_ascii_digit() {
            let is_digit = |byte: &&u8| byte.is_ascii_digit();
            let before = bytes[..at].iter().rev().take_while(is_digit).count();
            let after = bytes[at..].iter().take_while(is_digit).count();
            if before + after >= run {
                return true;
            }
        }
        at += run;
    }
    false
}

fn rewrite(json: &str) -> Cow<'_, str> {
    let bytes = json.as_bytes();
    let mut out = String::with_capacity(json.len() + 16);
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = end_of_string(bytes, at),
            b'-' | b'0'..=b'9' => {
                let end = end_of_number(bytes, at);
                if is_large_integer(&bytes[at..end]) {
                    out.push_str(&json[copied..at]);
                    out.push('"');
                    out.push_str(&json[at..end]);
                    out.push('"');
                    copied = end;
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    out.push_str(&json[copied..]);
    Cow::Owned(out)
}

/// The index after the string that opens at `start`.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The index after the number token that begins at `start`.
fn end_of_number(bytes: &[u8], start: usize) -> usize {
    let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    start + bytes[start..].iter().take_while(is_part).count()
}

fn is_large_integer(token: &[u8]) -> bool {
    let digits = token.strip_prefix(b"-").unwrap_or(token);
    digits.iter().all(u8::is_ascii_digit)
        && (digits.len() > LARGEST.len() || digits.len() == LARGEST.len() && digits > LARGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_up_to_two_to_the_53_are_left_alone() {
        let json = r#"{"a":9007199254740992,"b":-9007199254740992,"c":1,"d":[0,-1]}"#;
        assert!(matches!(quote_large_integers(json), Cow::Borrowed(_)));
    }

    #[test]
    fn larger_integers_become_strings_of_their_digits() {
        assert_eq!(
            quote_large_integers(r#"{"a":9007199254740993,"b":[-9007199254740993, 18446744073709551616]}"#),
            r#"{"a":"9007199254740993","b":["-9007199254740993", "18446744073709551616"]}"#
        );
    }

    #[test]
    fn a_number_alone_is_rewritten() {
        assert_eq!(quote_large_integers("18446744073709551616"), r#""18446744073709551616""#);
    }

    #[test]
    fn numbers_with_a_fraction_or_an_exponent_are_left_alone() {
        let json = r#"[12345678901234567890.5,12345678901234567890e2,1.2345678901234567890]"#;
        assert_eq!(quote_large_integers(json), json);
    }

    #[test]
    fn digits_inside_strings_are_left_alone() {
        let json =
            r#"{"phone 12345678901234567890":"\\\"12345678901234567890, 12345678901234567890","é":"\\"}"#;
        assert_eq!(quote_large_integers(json), json);
    }

    #[test]
    fn a_long_run_is_found_wherever_it_begins() {
        for padding in 0..40 {
            let json = format!("[{}9007199254740993]", " ".repeat(padding));
            assert!(quote_large_integers(&json).contains('"'), "{json}");
        }
    }
}
