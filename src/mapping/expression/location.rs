//! Parses, and finds where jsonata-core's parser stopped, which its errors do not say.
//!
//! The parser reads tokens from left to right, one ahead, and gives up at the first it cannot use. So the same error
//! comes from any beginning of the text that holds that token, and from none that ends before it. Some errors are only
//! raised once the whole text is read (a literal as a path step, a misplaced `%` or `@`); for those each beginning is
//! closed with the brackets it left open before it is asked. Either way the place is found by bisection.

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::error_code_prefix;
use jsonata_core::parser::{self, ParserError, Token};

use super::source::{Complaint, Spanned, Tokens};

/// Errors raised after the whole text was read.
const LATE: [&str; 4] = ["S0213", "S0215", "S0216", "S0217"];

/// How far back to look for a beginning that is whole once its brackets are closed.
const LOOK_BACK: usize = 16;

/// Parses `text`, whose `tokens` these are.
pub(super) fn parse(text: &str, tokens: &Tokens) -> Result<AstNode, Complaint> {
    parser::parse(text).map_err(|error| complaint(text, tokens, &error))
}

/// The parser's `error` about `text`, with its place.
fn complaint(text: &str, tokens: &Tokens, error: &ParserError) -> Complaint {
    let at = match &tokens.stopped {
        Some((stopped, at)) if is_same(stopped, error) => *at,
        _ => place(text, &tokens.list, error),
    };
    let token = tokens.list.iter().find(|spanned| spanned.start == at);
    let found = match token {
        Some(spanned) => Some(&text[spanned.start..spanned.end]),
        None => text[at..].chars().next().map(|c| &text[at..at + c.len_utf8()]),
    };
    Complaint { code: code(error), message: message(error, found), at }
}

fn place(text: &str, tokens: &[Spanned], error: &ParserError) -> usize {
    let is_late = code(error).is_some_and(|code| LATE.contains(&code.as_str()));
    let index = if is_about_the_end(error) {
        tokens.len()
    } else if is_late {
        first(tokens.len(), |last| has_late(text, &tokens[..=last], error))
    } else {
        first(tokens.len(), |last| {
            parser::parse(&text[..tokens[last].end]).is_err_and(|other| is_same(&other, error))
        })
    };
    match tokens.get(index) {
        Some(spanned) => spanned.start,
        None => tokens.last().map_or(0, |last| last.end),
    }
}

/// The first index under `end` for which `holds`, which then holds for all that follow; `end` if there is none.
fn first(end: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut from, mut to) = (0, end);
    while from < to {
        let middle = from + (to - from) / 2;
        if holds(middle) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    from
}

/// Whether the late `error` is in these tokens. A beginning that breaks off within an item (after a key, after an
/// operator) cannot tell, so the longest that can is asked.
fn has_late(text: &str, tokens: &[Spanned], error: &ParserError) -> bool {
    let beginnings = (1..=tokens.len()).rev().take(LOOK_BACK);
    let mut answers = beginnings.filter_map(|count| match parser::parse(&closed(text, &tokens[..count])) {
        Ok(_) => Some(false),
        Err(other) => is_same(&other, error).then_some(true),
    });
    answers.next().unwrap_or(false)
}

fn is_about_the_end(error: &ParserError) -> bool {
    match error {
        ParserError::UnexpectedEnd => true,
        ParserError::UnexpectedToken(token) => token == "Eof",
        ParserError::Expected { found, .. } => found == "Eof",
        _ => false,
    }
}

/// The error type has no equality, but its debug form is all that it holds.
fn is_same(one: &ParserError, other: &ParserError) -> bool {
    format!("{one:?}") == format!("{other:?}")
}

/// The text up to the last of `tokens`, with every bracket that it leaves open closed.
fn closed(text: &str, tokens: &[Spanned]) -> String {
    let mut closers = Vec::new();
    for spanned in tokens {
        match spanned.token {
            Token::LeftParen => closers.push(')'),
            Token::LeftBracket => closers.push(']'),
            Token::LeftBrace => closers.push('}'),
            Token::RightParen | Token::RightBracket | Token::RightBrace => {
                closers.pop();
            }
            _ => {}
        }
    }
    let end = tokens.last().map_or(0, |last| last.end);
    let mut closed = text[..end].to_owned();
    closed.extend(closers.into_iter().rev());
    closed
}

/// What the error says, code first where it has one.
fn said(error: &ParserError) -> String {
    match error {
        ParserError::InvalidSyntax(message) | ParserError::InvalidNumber(message) => message.clone(),
        ParserError::UnclosedComment => "S0106: Comment has no closing tag".to_owned(),
        other => other.to_string(),
    }
}

fn code(error: &ParserError) -> Option<String> {
    error_code_prefix(&said(error)).map(str::to_owned)
}

/// The error in words, without its code, and with what stands there in place of the parser's name for it.
fn message(error: &ParserError, found: Option<&str>) -> String {
    let unexpected = match found {
        Some(found) => format!("unexpected {found}"),
        None => "unexpected end of the expression".to_owned(),
    };
    match error {
        ParserError::Expected { expected, .. } => {
            let found = found.unwrap_or("the end of the expression");
            format!("expected {}, found {found}", written(expected))
        }
        ParserError::UnexpectedEnd | ParserError::UnexpectedToken(_) => unexpected,
        other => {
            let said = said(other);
            match error_code_prefix(&said) {
                Some("S0201") => unexpected,
                Some(code) => said[code.len() + 1..].trim_start().to_owned(),
                None => said,
            }
        }
    }
}

/// The parser's names for punctuation, as it is written.
fn written(name: &str) -> &str {
    match name {
        "LeftParen" => "(",
        "RightParen" => ")",
        "LeftBracket" => "[",
        "RightBracket" => "]",
        "LeftBrace" => "{",
        "RightBrace" => "}",
        "Colon" => ":",
        "ColonEqual" => ":=",
        "Comma" => ",",
        "Pipe" => "|",
        "GreaterThan" => ">",
        "parameter name" => "a parameter such as $x",
        other => other,
    }
}
