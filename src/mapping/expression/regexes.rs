//! The regular expressions of one expression, compiled once.
//!
//! The engine compiles a pattern at every call that uses it, which costs about 25 µs. Patterns are only ever written in
//! the text of the expression, so they are all known when it is compiled.

use std::sync::Arc;

use jsonata_core::functions::string::build_regex;
use regex::Regex;

/// The largest a compiled pattern may be, in bytes of its text. `(\w{100}){100}` would take megabytes and a second.
const LARGEST: usize = 512 * 1024;

/// By pattern and flags. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Regexes(Arc<[Compiled]>);

struct Compiled {
    pattern: String,
    flags: String,
    regex: Regex,
}

impl Regexes {
    /// Compiles one of each. The error is the first pattern's that does not compile, with its index.
    pub(super) fn compile<'t>(
        patterns: impl Iterator<Item = (&'t str, &'t str)>,
    ) -> Result<Regexes, (usize, String)> {
        let mut all: Vec<Compiled> = Vec::new();
        for (index, (pattern, flags)) in patterns.enumerate() {
            if all.iter().any(|known| known.pattern == pattern && known.flags == flags) {
                continue;
            }
            check_size(pattern, flags).map_err(|message| (index, message))?;
            let regex = build_regex(pattern, flags).map_err(|error| (index, error.to_string()))?;
            all.push(Compiled { pattern: pattern.to_owned(), flags: flags.to_owned(), regex });
        }
        Ok(Regexes(all.into()))
    }

    pub(super) fn find(&self, pattern: &str, flags: &str) -> Option<&Regex> {
        let mut all = self.0.iter();
        all.find(|known| known.pattern == pattern && known.flags == flags).map(|known| &known.regex)
    }
}

fn check_size(pattern: &str, flags: &str) -> Result<(), String> {
    let built = regex::RegexBuilder::new(pattern)
        .case_insensitive(flags.contains('i'))
        .multi_line(flags.contains('m'))
        .dot_matches_new_line(flags.contains('s'))
        .size_limit(LARGEST)
        .build();
    match built {
        Err(regex::Error::CompiledTooBig(_)) => Err("it is too large once compiled".to_owned()),
        // Whatever else is wrong is said in the engine's words.
        Ok(_) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_compiled_once_and_found_by_its_flags() {
        let all = Regexes::compile([("a+", "i"), ("a+", ""), ("a+", "i")].into_iter()).expect("compiled");
        assert_eq!(all.0.len(), 2);
        assert!(all.find("a+", "i").is_some_and(|regex| regex.is_match("AA")));
        assert!(all.find("a+", "").is_some_and(|regex| !regex.is_match("AA")));
        assert!(all.find("b", "").is_none());
    }

    #[test]
    fn a_pattern_that_does_not_compile_or_is_too_large_is_told_by_its_index() {
        let failed =
            |pattern| Regexes::compile([("a", ""), (pattern, "")].into_iter()).err().map(|(index, _)| index);
        assert_eq!(failed("(?=a)"), Some(1));
        assert_eq!(failed(r"(\w{100}){100}"), Some(1));
        assert_eq!(failed("b"), None);
    }
}
