//! The first argument left out: `name.$pad(10)` is `$pad(name, 10)`.
//!
//! JSONata declares it in a function's signature, and the kinds of the arguments decide: `$pad(10)` and `$pad(10, '0')` lack
//! the text, `$pad('x', 10)` lacks none. The engine does so for its own functions; this is for those that are replaced.

use jsonata_core::value::JValue;

/// What an argument is, as far as signatures look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Kind {
    Text,
    Number,
    /// Regular expressions are functions, too.
    Function,
    /// Not known yet, or none of these.
    Unknown,
}

impl Kind {
    pub(super) fn of(value: &JValue) -> Kind {
        match value {
            JValue::String(_) => Kind::Text,
            JValue::Number(_) => Kind::Number,
            JValue::Regex { .. } => Kind::Function,
            function if function.is_function() => Kind::Function,
            _ => Kind::Unknown,
        }
    }
}

/// Whether a call of `$name` with arguments of those kinds leaves out its first one; `None` where they do not tell.
pub(in super::super) fn leaves_out(name: &str, given: &[Kind]) -> Option<bool> {
    use Kind::{Function, Number, Text};
    match (name, given) {
        ("string" | "keys" | "spread" | "fromMillis" | "toMillis" | "base64encode" | "base64decode", [])
        | ("split" | "match" | "pad" | "formatNumber" | "formatInteger" | "parseInteger" | "contains", [_])
        | ("replace", [_, _]) => Some(true),
        ("fromMillis", [first] | [first, _]) => told(*first, &[Text], &[Number]),
        ("split", [_, second]) => told(*second, &[Number], &[Text, Function]),
        ("match", [first, second]) => {
            told(*first, &[Function], &[Text]).or_else(|| told(*second, &[Number], &[Function]))
        }
        ("pad", [first, second]) => {
            told(*first, &[Number], &[Text]).or_else(|| told(*second, &[Text], &[Number]))
        }
        ("formatNumber", [first, second]) => {
            told(*first, &[Text], &[Number]).or_else(|| told(*second, &[], &[Text]))
        }
        ("replace", [_, _, third]) => told(*third, &[Number], &[Text, Function]),
        _ => Some(false),
    }
}

fn told(kind: Kind, left_out: &[Kind], given: &[Kind]) -> Option<bool> {
    match kind {
        kind if left_out.contains(&kind) => Some(true),
        kind if given.contains(&kind) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Kind::{Function, Number, Text, Unknown};
    use super::*;

    #[test]
    fn the_kinds_of_the_arguments_tell_what_is_left_out() {
        for (name, given, expected) in [
            ("string", &[][..], Some(true)),
            ("string", &[Unknown], Some(false)),
            ("pad", &[Unknown], Some(true)),
            ("pad", &[Number, Text], Some(true)),
            ("pad", &[Unknown, Number], Some(false)),
            ("pad", &[Unknown, Unknown], None),
            ("pad", &[Text, Number, Text], Some(false)),
            ("split", &[Text, Number], Some(true)),
            ("split", &[Unknown, Text], Some(false)),
            ("match", &[Function, Number], Some(true)),
            ("match", &[Unknown, Function], Some(false)),
            ("fromMillis", &[Text], Some(true)),
            ("fromMillis", &[Number, Text], Some(false)),
            ("fromMillis", &[Unknown], None),
            ("replace", &[Text, Text], Some(true)),
            ("replace", &[Unknown, Unknown, Text], Some(false)),
            ("replace", &[Text, Text, Number], Some(true)),
            ("toMillis", &[Text], Some(false)),
            ("distinct", &[], Some(false)),
        ] {
            assert_eq!(leaves_out(name, given), expected, "{name} {given:?}");
        }
    }
}
