//! How deep an answer nests its values.
//!
//! A few bytes a level are enough to have whoever reads an answer recurse until its stack ends. Nothing here does: the
//! gateway's parser gives up on its own, and what is passed on unread isn't parsed. But a caller's parser may well recurse,
//! and a record that can be listed and not be mapped is of no use. So nothing that is deeper than any CRM's own records
//! goes through.

/// Levels that a vendor's answer may have, less than the parser takes.
pub const DEEPEST: usize = 100;

/// Whether values are nested deeper than that. What isn't JSON is judged by its brackets alone.
pub fn is_too_deep(json: &[u8]) -> bool {
    // Most records have fewer brackets in all, and counting them takes a fraction of the time.
    openings(json) > DEEPEST && deepest(json) > DEEPEST
}

/// How many brackets open. In pieces whose count fits a byte, which lets the compiler count many bytes at once.
fn openings(json: &[u8]) -> usize {
    let count = |piece: &[u8]| piece.iter().map(|byte| u8::from(matches!(byte, b'[' | b'{'))).sum::<u8>();
    json.chunks(usize::from(u8::MAX)).map(|piece| usize::from(count(piece))).sum()
}

/// The most brackets that are open at once.
fn deepest(json: &[u8]) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_text(&mut bytes),
            b'[' | b'{' => {
                open += 1;
                deepest = deepest.max(open);
            }
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// To behind the quotation mark that ends a text.
fn skip_text(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nest(levels: usize) -> String {
        format!(r#"{{"a":{}{}}}"#, "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn what_is_deeper_than_any_record_is_told_from_what_is_not() {
        assert!(!is_too_deep(nest(DEEPEST - 1).as_bytes()));
        assert!(is_too_deep(nest(DEEPEST).as_bytes()));
        assert!(is_too_deep(nest(100_000).as_bytes()));
        assert!(is_too_deep(&b"[".repeat(DEEPEST + 1)));
    }

    #[test]
    fn every_opening_bracket_is_counted_however_many() {
        for many in [0, 1, 254, 255, 256, 1000] {
            assert_eq!(openings("[ { ".repeat(many).as_bytes()), 2 * many);
            assert_eq!(openings("[".repeat(many).as_bytes()), many);
        }
    }

    #[test]
    fn brackets_beside_each_other_or_in_texts_are_no_levels() {
        let wide = format!("[{}]", vec!["[{}]"; 1000].join(","));
        assert!(!is_too_deep(wide.as_bytes()));
        let text = format!(r#"["{}\\\"{}", "{}"]"#, "[".repeat(500), "{".repeat(500), "[".repeat(500));
        assert!(!is_too_deep(text.as_bytes()));
    }
}
