//! Base64 and generated ids.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose};
use jsonata_core::value::JValue;

use super::{HostFunction, HostResult, Refusal, arg, coerce};

pub(super) const FUNCTIONS: &[HostFunction] = &[
    HostFunction::plain(
        "base64encode",
        "text, urlSafe?",
        "The text's UTF-8 bytes in base64; when urlSafe is true with - and _ and without padding. Nothing for nothing.",
        base64_encode,
    ),
    HostFunction::plain(
        "base64decode",
        "text, urlSafe?",
        "The UTF-8 text that was encoded. Both alphabets are read, with or without padding and line breaks; bytes that \
         are not UTF-8 become U+FFFD. Nothing for nothing.",
        base64_decode,
    ),
    HostFunction::plain("uuid", "", "A new random UUID (version 4).", uuid),
];

/// Reads what JavaScript's decoders read: any padding, and bits left over at the end.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

fn base64_encode(args: &[JValue]) -> HostResult {
    let Some(text) = text_of("base64encode", args)? else {
        return Ok(arg(args, 0).clone());
    };
    // Only `true` itself: used as a callback the function is given the item's index here.
    let engine = match arg(args, 1) {
        JValue::Bool(true) => &general_purpose::URL_SAFE_NO_PAD,
        _ => &general_purpose::STANDARD,
    };
    Ok(JValue::string(engine.encode(text)))
}

fn base64_decode(args: &[JValue]) -> HostResult {
    let Some(text) = text_of("base64decode", args)? else {
        return Ok(arg(args, 0).clone());
    };
    let mut symbols: String = text
        .chars()
        .filter_map(|symbol| match symbol {
            '-' => Some('+'),
            '_' => Some('/'),
            'A'..='Z' | 'a'..='z' | '0'..='9' | '+' | '/' => Some(symbol),
            _ => None,
        })
        .collect();
    // Six bits are no byte: a lone last symbol carries nothing.
    if symbols.len() % 4 == 1 {
        symbols.pop();
    }
    let bytes =
        LENIENT.decode(symbols).map_err(|error| Refusal::argument(format!("$base64decode: {error}")))?;
    Ok(JValue::string(String::from_utf8_lossy(&bytes).into_owned()))
}

fn uuid(_: &[JValue]) -> HostResult {
    Ok(JValue::string(uuid::Uuid::new_v4().to_string()))
}

/// The first argument's text, `None` for null and undefined.
fn text_of(function: &str, args: &[JValue]) -> Result<Option<String>, Refusal> {
    match arg(args, 0) {
        nothing if coerce::is_nothing(nothing) => Ok(None),
        scalar @ (JValue::String(_) | JValue::Number(_) | JValue::Bool(_)) => {
            Ok(Some(coerce::joined_text(scalar)))
        }
        _ => Err(Refusal::argument(format!("${function} takes a text, not a list, an object or a function"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{call, try_call};

    fn text(value: &str) -> Option<Value> {
        Some(json!(value))
    }

    #[test]
    fn base64_encodes_utf_8() {
        assert_eq!(call("base64encode", &[text("Zoë")]), text("Wm/Dqw=="));
        assert_eq!(call("base64encode", &[text("")]), text(""));
        assert_eq!(call("base64encode", &[Some(json!(12))]), text("MTI="));
    }

    #[test]
    fn base64_is_url_safe_on_request() {
        assert_eq!(call("base64encode", &[text("Zoë"), Some(json!(true))]), text("Wm_Dqw"));
        assert_eq!(call("base64encode", &[text("Zoë"), Some(json!(1))]), text("Wm/Dqw=="));
    }

    #[test]
    fn base64_decodes_both_alphabets_padded_or_not() {
        for encoded in ["Wm/Dqw==", "Wm_Dqw", "Wm/D\nqw", "Wm/Dqw=="] {
            assert_eq!(call("base64decode", &[text(encoded)]), text("Zoë"));
        }
        assert_eq!(call("base64decode", &[text("A")]), text(""));
        assert_eq!(call("base64decode", &[text("/w==")]), text("\u{fffd}"));
    }

    #[test]
    fn nothing_is_nothing_and_a_list_is_refused() {
        assert_eq!(call("base64encode", &[None]), None);
        assert_eq!(call("base64decode", &[Some(json!(null))]), Some(json!(null)));
        assert!(try_call("base64encode", &[Some(json!(["a"]))]).is_err());
    }

    #[test]
    fn uuids_are_random_and_of_version_4() {
        let first = call("uuid", &[]).expect("a uuid");
        assert_ne!(Some(&first), call("uuid", &[]).as_ref());
        let parsed = uuid::Uuid::parse_str(first.as_str().expect("a text")).expect("a uuid");
        assert_eq!(parsed.get_version_num(), 4);
    }
}
