//! The text of an expression: its tokens with their places, and what can be said of it before it is run.
//!
//! jsonata-core's parser reports errors without a position. Its lexer is public, though without positions either, so
//! this module walks the text beside it: the lexer says what each token is, and the kind says where it ends.

use jsonata_core::parser::{Lexer, ParserError, Token};

use super::error::panic_message;
use super::functions;
use super::regexes::Regexes;

/// A token and the bytes it stands on.
#[derive(Debug, Clone)]
pub(super) struct Spanned {
    pub token: Token,
    pub start: usize,
    pub end: usize,
}

/// The tokens up to the end of the text, or up to the first thing that is no token.
pub(super) struct Tokens {
    pub list: Vec<Spanned>,
    /// What stopped the lexer before the end, and the byte at which.
    pub stopped: Option<(ParserError, usize)>,
}

/// Something wrong with an expression, at a byte of its text.
#[derive(Debug)]
pub(super) struct Complaint {
    pub code: Option<String>,
    pub message: String,
    pub at: usize,
}

impl Complaint {
    /// What a panic while compiling leaves.
    pub(super) fn panic(payload: &(dyn std::any::Any + Send)) -> Complaint {
        Complaint { code: None, message: panic_message(payload), at: 0 }
    }
}

pub(super) fn tokens(source: &str) -> Tokens {
    let mut lexer = Lexer::new(source.to_owned());
    let mut list = Vec::new();
    let mut at = 0;
    loop {
        let start = skip_blank(source, at);
        match lexer.next_token() {
            Ok(Token::Eof) => {
                return Tokens { list, stopped: None };
            }
            Ok(token) => {
                at = start + length(&source[start..], &token);
                list.push(Spanned { token, start, end: at });
            }
            Err(error) => {
                let stopped = Some((error, start));
                return Tokens { list, stopped };
            }
        }
    }
}

/// The index of the next byte that is neither white space nor in a comment. A comment without an end is not skipped.
fn skip_blank(source: &str, mut at: usize) -> usize {
    loop {
        let rest = &source[at..];
        let blank = rest.len() - rest.trim_start().len();
        at += blank;
        let comment = source[at..].strip_prefix("/*");
        match comment.and_then(|body| body.find("*/")) {
            Some(length) => at += length + 4,
            None => return at,
        }
    }
}

/// How many bytes `token` takes at the start of `text`.
fn length(text: &str, token: &Token) -> usize {
    let opening = text.chars().next().unwrap_or(' ');
    match token {
        Token::String(_) => quoted(text, opening),
        Token::Identifier(_) if opening == '`' => quoted(text, opening),
        Token::Regex { flags, .. } => quoted(text, '/') + flags.len(),
        Token::Number(_) => number(text),
        Token::Variable(_) | Token::ParentVariable(_) => 1 + word(&text[1..]),
        Token::Function(_) if opening == 'λ' => opening.len_utf8(),
        Token::Identifier(_)
        | Token::Function(_)
        | Token::True
        | Token::False
        | Token::Null
        | Token::Undefined => word(text),
        Token::DotDot
        | Token::ColonEqual
        | Token::NotEqual
        | Token::GreaterThanOrEqual
        | Token::LessThanOrEqual
        | Token::TildeArrow
        | Token::QuestionQuestion
        | Token::QuestionColon
        | Token::StarStar => 2,
        _ => 1,
    }
}

fn word(text: &str) -> usize {
    text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(text.len())
}

/// From the opening quote to the closing one. Only back-quoted names know no escape.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote != '`' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// `12.5e-3`, but only `2` of `2..5` and `2.a`.
fn number(text: &str) -> usize {
    let digits = |from: usize| {
        let rest = text.as_bytes().get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let mut end = if text.starts_with('0') { 1 } else { digits(0) };
    if text[end..].starts_with('.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
        let exponent = digits(end + 1 + sign);
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    end
}

/// The functions of this crate that the expression mentions.
pub(super) fn host_functions(tokens: &[Spanned]) -> Vec<&'static functions::HostFunction> {
    let mut mentioned: Vec<_> = tokens.iter().filter_map(variable).filter_map(functions::find).collect();
    mentioned.sort_by_key(|function| function.name);
    mentioned.dedup_by_key(|function| function.name);
    mentioned
}

/// Refuses what would fail, or must not run, whatever the data: a refused built-in, a call of a function that nothing
/// defines or that lacks its `$`, a regular expression that does not compile. `knows` says whether the engine has a
/// built-in of a name. The answer is the regular expressions, compiled.
pub(super) fn check(tokens: &[Spanned], knows: impl Fn(&str) -> bool) -> Result<Regexes, Complaint> {
    let regexes = compiled(tokens)?;
    for (index, spanned) in tokens.iter().enumerate() {
        let Some(name) = variable(spanned) else {
            check_bare_call(tokens, index, &knows)?;
            continue;
        };
        if let Some(why) = functions::refused(name) {
            return Err(Complaint {
                code: Some("U2001".to_owned()),
                message: format!("${name} is not available in a mapping: {why}"),
                at: spanned.start,
            });
        }
        let known = || functions::find(name).is_some() || is_bound(tokens, name) || knows(name);
        if is_called(tokens, index) && !known() {
            return Err(Complaint {
                code: Some("T1006".to_owned()),
                message: format!("there is no function ${name}"),
                at: spanned.start,
            });
        }
    }
    Ok(regexes)
}

fn compiled(tokens: &[Spanned]) -> Result<Regexes, Complaint> {
    let regexes = || tokens.iter().filter(|spanned| matches!(spanned.token, Token::Regex { .. }));
    let patterns = regexes().filter_map(|spanned| match &spanned.token {
        Token::Regex { pattern, flags } => Some((pattern.as_str(), flags.as_str())),
        _ => None,
    });
    Regexes::compile(patterns).map_err(|(index, message)| Complaint {
        code: Some("S0303".to_owned()),
        message: format!("invalid regular expression: {message}"),
        at: regexes().nth(index).map_or(0, |spanned| spanned.start),
    })
}

/// `join(x)` for `$join(x)`. Not after a dot: there an object's own function may be called. Nor the methods of dates and
/// their like, where there are any: `date.[toISO(), toMillis()]`.
fn check_bare_call(tokens: &[Spanned], index: usize, knows: impl Fn(&str) -> bool) -> Result<(), Complaint> {
    let Token::Identifier(name) = &tokens[index].token else {
        return Ok(());
    };
    let next = tokens.get(index + 1).map(|next| &next.token);
    let previous = index.checked_sub(1).map(|before| &tokens[before].token);
    let is_call = next == Some(&Token::LeftParen) && previous != Some(&Token::Dot);
    let is_method = || {
        functions::objects::is_method(name)
            && functions::objects::are_made(tokens.iter().filter_map(variable))
    };
    if is_call && !is_method() && (functions::find(name).is_some() || knows(name)) {
        return Err(Complaint {
            code: Some("T1005".to_owned()),
            message: format!("{name} is no function; did you mean ${name}?"),
            at: tokens[index].start,
        });
    }
    Ok(())
}

/// The name of a `$name` token. `$` and `$$` have none.
pub(super) fn variable(spanned: &Spanned) -> Option<&str> {
    match &spanned.token {
        Token::Variable(name) if !name.is_empty() => Some(name),
        _ => None,
    }
}

/// Whether the variable at `index` is called: `$f(` or `~> $f`.
fn is_called(tokens: &[Spanned], index: usize) -> bool {
    let next = tokens.get(index + 1).map(|next| &next.token);
    let previous = index.checked_sub(1).map(|before| &tokens[before].token);
    next == Some(&Token::LeftParen) || previous == Some(&Token::TildeArrow)
}

/// Whether the expression gives the name a value anywhere: by `:=`, as a parameter, by `@` or `#`.
pub(super) fn is_bound(tokens: &[Spanned], name: &str) -> bool {
    let mut parameters = false;
    for (index, spanned) in tokens.iter().enumerate() {
        match &spanned.token {
            Token::Function(_) => parameters = true,
            Token::RightParen => parameters = false,
            Token::Variable(known) if known == name => {
                let next = tokens.get(index + 1).map(|next| &next.token);
                let previous = index.checked_sub(1).map(|before| &tokens[before].token);
                if parameters
                    || next == Some(&Token::ColonEqual)
                    || matches!(previous, Some(Token::At | Token::Hash))
                {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        let tokens = tokens(source);
        assert!(tokens.stopped.is_none(), "{source}");
        tokens.list.iter().map(|spanned| &source[spanned.start..spanned.end]).collect()
    }

    #[test]
    fn every_token_stands_where_its_text_is() {
        assert_eq!(
            texts("a.`b c`[0..-1.5e-3]/*x*/ & 'é\\\"\\\\' ~> $f(λ($x){$$.y})"),
            [
                "a",
                ".",
                "`b c`",
                "[",
                "0",
                "..",
                "-",
                "1.5e-3",
                "]",
                "&",
                "'é\\\"\\\\'",
                "~>",
                "$f",
                "(",
                "λ",
                "(",
                "$x",
                ")",
                "{",
                "$$",
                ".",
                "y",
                "}",
                ")"
            ]
        );
        assert_eq!(
            texts("$match(x, /a\\/b[é]/im) / 2 ?: y ?? z := **"),
            ["$match", "(", "x", ",", "/a\\/b[é]/im", ")", "/", "2", "?:", "y", "??", "z", ":=", "**"]
        );
        assert_eq!(texts("2.a 07 1e"), ["2", ".", "a", "0", "7", "1", "e"]);
    }

    /// Pieces of expressions, whole and broken, in any order.
    #[rustfmt::skip]
    const PIECES: &[&str] = &[
        "a", "$x", "$", "$$", "(", ")", "[", "]", "{", "}", "'s'", "\"é\\\"\"", "`b c`", "/r\\/[é]/i", "1.5", "..",
        ".", ":=", "λ", "function", "/*c*/", "é", ",", ";", "?", ":", "??", "?:", "~>", "%", "@", "#", "^", "|", "*",
        "**", "-", "&", "\\", "\"", "'", "`", "/", "/*", "!", "!=", "<", ">=", "07", "2e", " ", "\n", "😀",
        "\u{2028}", "true", "null", "in", "$sum",
    ];

    fn texts_of_any_kind() -> impl Strategy<Value = String> {
        vec(select(PIECES), 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

        #[test]
        fn a_token_is_the_text_it_stands_on(text in texts_of_any_kind()) {
            let mut end = 0;
            for spanned in tokens(&text).list {
                let blank = &text[end..spanned.start];
                prop_assert!(blank.trim().is_empty() || blank.contains("/*"), "{blank:?}");
                end = spanned.end;
                // A `/` opens a regular expression or divides, by what is before it.
                if !matches!(spanned.token, Token::Slash | Token::Regex { .. }) {
                    let alone = tokens(&text[spanned.start..end]);
                    prop_assert_eq!(alone.list.len(), 1);
                    prop_assert_eq!(&alone.list[0].token, &spanned.token);
                }
            }
        }
    }

    #[test]
    fn the_lexer_stops_at_what_is_no_token() {
        let tokens = tokens("a + 'b");
        assert_eq!(tokens.list.len(), 2);
        assert!(matches!(tokens.stopped, Some((ParserError::UnclosedString, 4))));
    }

    #[test]
    fn the_functions_an_expression_mentions_are_found_once() {
        let list = tokens("$wrap($wrap(a, '|'), '-') & $uuid() & b.wrap").list;
        let names: Vec<_> = host_functions(&list).iter().map(|f| f.name).collect();
        assert_eq!(names, ["uuid", "wrap"]);
    }

    fn complaint(source: &str) -> Option<(Option<String>, usize)> {
        let knows = |name: &str| name == "sum";
        let complaint = check(&tokens(source).list, knows).err()?;
        Some((complaint.code, complaint.at))
    }

    #[test]
    fn a_call_of_an_unknown_function_is_found_and_a_bound_name_is_not() {
        let unknown = |at| Some((Some("T1006".to_owned()), at));
        assert_eq!(complaint("a & $dtFromNowhere(b)"), unknown(4));
        assert_eq!(complaint("a ~> $nope"), unknown(5));
        assert_eq!(complaint("$sum(a) & $wrap(b, '|')"), None);
        assert_eq!(complaint("($f := function($x){$x}; $f(1))"), None);
        assert_eq!(complaint("function($g, $h){$h($g)}"), None);
        assert_eq!(complaint("a@$b.($b(1))"), None);
        assert_eq!(complaint("$unset"), None);
        assert_eq!(complaint("a & sum(b)"), Some((Some("T1005".to_owned()), 4)));
        assert_eq!(complaint("a.sum(b) & sum & sum.(b)"), None);
    }

    #[test]
    fn refused_functions_and_bad_regexes_are_found() {
        assert_eq!(complaint("x & $eval('1')"), Some((Some("U2001".to_owned()), 4)));
        assert_eq!(complaint("$sum(/(?=a)/)"), Some((Some("S0303".to_owned()), 5)));
    }
}
