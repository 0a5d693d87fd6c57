//! Numbers that texts begin with: how placeholders read `12 apples` as a number.

use serde_json::Number;

/// The whole number that a text begins with.
pub(super) fn leading_integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    text[..text.len() - digits.len() + count].parse().ok()
}

/// The number that a text begins with; a whole one stays whole.
pub(super) fn leading_number(text: &str) -> Option<Number> {
    let mut end = text.len() - text.strip_prefix(['-', '+']).unwrap_or(text).len();
    let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(end);
    end += whole;
    let mut fraction = 0;
    if text[end..].starts_with('.') {
        fraction = digits(end + 1);
        end += if fraction > 0 { fraction + 1 } else { 0 };
    }
    if whole + fraction == 0 {
        return None;
    }
    if let Some(exponent) = text[end..].strip_prefix(['e', 'E']) {
        let signed = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        let count = signed.bytes().take_while(u8::is_ascii_digit).count();
        end += if count > 0 { 1 + exponent.len() - signed.len() + count } else { 0 };
    }
    let number = text[..end].trim_start_matches('+');
    match number.parse::<i64>() {
        Ok(whole) => Some(whole.into()),
        Err(_) => Number::from_f64(number.parse().ok()?),
    }
}
