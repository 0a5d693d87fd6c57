//! Which fields a mapping fills, read off its text.
//!
//! A field counts as filled where its name is a key of an object that the expression makes. That is a reading of
//! the text, not a proof: a key that is computed is missed. Documents say what a provider gives by it; nothing is
//! decided by it.

use std::collections::BTreeSet;

use super::Cell;

/// The names of the keys that a cell's response mappings make, at any depth.
pub fn filled(cell: &Cell) -> BTreeSet<&str> {
    let mappings =
        cell.sources.iter().flat_map(|it| it.base_response_mapping.iter().chain(&it.response_mapping));
    mappings.flat_map(|mapping| keys(mapping.source())).collect()
}

/// The string literals that stand as keys: after `{` or `,` and before `:`.
fn keys(source: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut rest = source;
    let mut before = ' ';
    while let Some(letter) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
            continue;
        }
        if letter != '"' && letter != '\'' {
            if !letter.is_whitespace() {
                before = letter;
            }
            rest = &rest[letter.len_utf8()..];
            continue;
        }
        let (literal, after) = literal(&rest[1..], letter);
        if matches!(before, '{' | ',') && after.trim_start().starts_with(':') {
            found.insert(literal);
        }
        before = letter;
        rest = after;
    }
    found
}

/// A string up to its closing quote, and what follows.
fn literal(text: &str, quote: char) -> (&str, &str) {
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == quote => return (&text[..at], &text[at + 1..]),
            _ => {}
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::keys;

    fn found(source: &str) -> Vec<&str> {
        keys(source).into_iter().collect()
    }

    #[test]
    fn keys_are_found_at_any_depth() {
        let source = r#"response.{ "id": $string(id), 'owner': owner ? { "id": owner.id } , "tags" : [tags.{"name": x}] }"#;
        assert_eq!(found(source), ["id", "name", "owner", "tags"]);
    }

    #[test]
    fn other_strings_are_no_keys() {
        assert_eq!(found(r#"type = "person" ? "name" : "title""#), [""; 0]);
        assert_eq!(found(r#"{"kind": type = "a" ? "b" : "c"}"#), ["kind"]);
        assert_eq!(found(r#"$lookup(x, "key")"#), [""; 0]);
    }

    #[test]
    fn comments_and_escapes_do_not_confuse() {
        assert_eq!(found(r#"/* {"a": 1} */ {"b\"": 1, "c": "\\"}"#), ["b\\\"", "c"]);
        assert_eq!(found("{\"open"), [""; 0]);
    }
}
