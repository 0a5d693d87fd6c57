//! JavaScript's conversions, where the meaning of a function rests on them.

use jsonata_core::value::{JValue, with_stack};

/// Whether JavaScript takes the value for true. Functions are; NaN is not.
pub(super) fn is_truthy(value: &JValue) -> bool {
    match value {
        JValue::Undefined | JValue::Null => false,
        JValue::Bool(value) => *value,
        JValue::Number(number) => *number != 0.0 && !number.is_nan(),
        JValue::String(text) => !text.is_empty(),
        _ => true,
    }
}

pub(super) fn is_nothing(value: &JValue) -> bool {
    value.is_undefined() || value.is_null()
}

/// The value as JavaScript's `Array.prototype.join` writes an element: nothing for null and undefined, otherwise as
/// `String(value)` does. Functions are written as nothing.
pub(super) fn joined_text(value: &JValue) -> String {
    match value {
        JValue::String(text) => text.to_string(),
        JValue::Bool(value) => value.to_string(),
        JValue::Number(number) => number_text(*number),
        JValue::Array(items) => with_stack(|| join(items, ",")),
        JValue::Object(_) => "[object Object]".to_owned(),
        _ => String::new(),
    }
}

/// No less than the length of [`joined_text`], in bytes; beyond what any text may have, it need not be exact.
pub(super) fn joined_length(value: &JValue) -> usize {
    fn added(before: usize, value: &JValue) -> usize {
        if before > super::super::running::LONGEST_TEXT {
            return before;
        }
        before.saturating_add(match value {
            JValue::String(text) => text.len(),
            JValue::Array(items) => {
                return with_stack(|| items.iter().fold(before, |before, item| added(before + 1, item)));
            }
            JValue::Object(_) => 15,
            JValue::Number(_) => 32,
            _ => 5,
        })
    }
    added(0, value)
}

pub(super) fn join(items: &[JValue], separator: &str) -> String {
    let texts: Vec<String> = items.iter().map(joined_text).collect();
    texts.join(separator)
}

/// A number as JavaScript prints it, except that an infinity or NaN, which no JSON holds, is printed as `null`.
pub(super) fn number_text(number: f64) -> String {
    JValue::from_f64(number).to_string()
}

/// lodash's `castArray`: an array's own items, any other value (undefined too) as the only item.
pub(super) fn cast_array(value: &JValue) -> &[JValue] {
    match value {
        JValue::Array(items) => items,
        other => std::slice::from_ref(other),
    }
}

/// lodash's `toNumber`, `None` where it gives NaN or an infinity.
pub(super) fn to_number(value: &JValue) -> Option<f64> {
    let number = match value {
        JValue::Number(number) => *number,
        JValue::Bool(value) => f64::from(u8::from(*value)),
        JValue::Null => 0.0,
        JValue::String(text) => text_to_number(text)?,
        JValue::Array(items) => text_to_number(&join(items, ","))?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// JavaScript's `Number(text)`: trimmed, empty is 0, binary, octal and hexadecimal by their prefixes.
fn text_to_number(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if text.is_empty() {
        return Some(0.0);
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        let prefixed = text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        if prefixed {
            return radix_number(&text[2..], radix);
        }
    }
    // Rust's parser also knows `inf`, `infinity` and `nan`; JavaScript's number has only these characters.
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
    if text.chars().all(plain) { text.parse().ok() } else { None }
}

fn radix_number(digits: &str, radix: u32) -> Option<f64> {
    if digits.is_empty() {
        return None;
    }
    digits
        .chars()
        .try_fold(0.0, |number, digit| Some(number * f64::from(radix) + f64::from(digit.to_digit(radix)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_as_in_javascript() {
        assert_eq!(number_text(1.0), "1");
        assert_eq!(number_text(1.5), "1.5");
        assert_eq!(number_text(1e21), "1e+21");
    }

    #[test]
    fn only_whole_texts_are_numbers() {
        let number = |text: &str| to_number(&JValue::string(text));
        assert_eq!(number(" 42\n"), Some(42.0));
        assert_eq!(number("-1.5e2"), Some(-150.0));
        assert_eq!(number("0x1F"), Some(31.0));
        assert_eq!(number("0b101"), Some(5.0));
        assert_eq!(number(""), Some(0.0));
        for text in ["42abc", "1 2", "inf", "NaN", "0x", "0b2", "€5", "1e999"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
