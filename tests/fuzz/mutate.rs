//! Small changes to expressions, by pieces that look like tokens.

#[path = "../support/random.rs"]
mod random;

pub use random::Random;

/// Words, numbers and texts whole, all else letter by letter.
fn pieces(source: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
        let length = match first {
            '\'' | '"' => rest[1..].find(first).map_or(rest.len(), |end| end + 2),
            first if is_word(first) => rest.find(|letter| !is_word(letter)).unwrap_or(rest.len()),
            first => first.len_utf8(),
        };
        pieces.push(&rest[..length]);
        rest = &rest[length..];
    }
    pieces
}

/// The expression with one change.
pub fn mutated(source: &str, random: &mut Random, sources: &[String], tokens: &[String]) -> String {
    /// Longer ones only slow the parser down.
    const LONGEST: usize = 8_000;
    let pieces = pieces(source);
    let at = random.below(pieces.len());
    let other = random.below(pieces.len());
    let (from, to) = (at.min(other), at.max(other));
    let mut changed: Vec<String> = pieces.iter().map(|piece| (*piece).to_owned()).collect();
    if changed.is_empty() {
        return random.one_of(sources).clone();
    }
    match random.below(12) {
        0 => drop(changed.remove(at)),
        1 => changed.insert(at, random.one_of(tokens).clone()),
        2 => changed[at].clone_from(random.one_of(tokens)),
        3 => changed.swap(at, other),
        4 => drop(changed.drain(from..=to)),
        5 => {
            let copied: Vec<String> = changed[from..=to].to_vec();
            changed.splice(at..at, copied);
        }
        6 => {
            let times = 1 + random.below(40);
            let (open, close) =
                *random.one_of(&[("(", ")"), ("[", "]"), ("{'k':", "}"), ("$string(", ")"), ("-", "")]);
            changed.insert(at, open.repeat(times));
            let end = (to + 1).min(changed.len());
            changed.insert(end, close.repeat(times));
        }
        7 => changed.insert(at, random.one_of(sources).clone()),
        8 => {
            changed = vec![format!(
                "({source}) {} ({})",
                random.one_of(&["&", "~>", "+", "=", ".", "?", ";", "in"]),
                random.one_of(sources)
            )]
        }
        9 => changed = vec![format!("($f := function($x){{ $f({source}) }}; $f({}))", random.one_of(tokens))],
        10 => {
            changed = vec![format!("$map([1..{}], function($x, $i){{ {source} }})", 1 + random.below(50_000))]
        }
        _ => {
            changed =
                vec![format!("$reduce([1..{}], function($a, $x){{ {source} }}, $)", 1 + random.below(500))]
        }
    }
    let mut text = changed.concat();
    if text.len() > LONGEST {
        let mut end = LONGEST;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    text
}
