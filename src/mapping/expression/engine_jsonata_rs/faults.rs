//! What jsonata-rs reports, in this crate's terms.

use jsonata_rs::Error;

use super::super::error::{Failure, Position};
use super::super::source::Complaint;

pub(super) fn complaint(text: &str, error: &Error) -> Complaint {
    let message = match error {
        Error::S0303InvalidRegex(_, message) => format!("invalid regular expression: {message}"),
        _ => format!("not understood by the engine jsonata-rs: {error}"),
    };
    Complaint { code: Some(error.code().to_owned()), message, at: place(text, error).unwrap_or(0) }
}

pub(super) fn unplaced(message: String) -> Complaint {
    Complaint { code: None, message, at: 0 }
}

pub(super) fn failure(text: &str, error: &Error) -> Failure {
    let message = match error {
        Error::D3137Error(message) | Error::D3141Assert(message) => message.clone(),
        other => {
            let said = other.to_string();
            match said.strip_prefix(other.code()) {
                Some(rest) => rest.trim_start_matches([' ', '@']).to_owned(),
                None => said,
            }
        }
    };
    Failure {
        position: place(text, error).map(|at| Position::of_byte(text, at)),
        ..Failure::coded(error.code(), message)
    }
}

/// The byte of `text` that the error is about, if it says. The engine counts characters, but in two cases bytes.
fn place(text: &str, error: &Error) -> Option<usize> {
    use Error::*;
    let character = match error {
        S0201SyntaxError(at, _) | S0203ExpectedTokenBeforeEnd(at, _) => return Some(*at),
        S0101UnterminatedStringLiteral(at)
        | S0102LexedNumberOutOfRange(at, _)
        | S0103UnsupportedEscape(at, _)
        | S0104InvalidUnicodeEscape(at)
        | S0105UnterminatedQuoteProp(at)
        | S0106UnterminatedComment(at)
        | S0202UnexpectedToken(at, ..)
        | S0204UnknownOperator(at, _)
        | S0208InvalidFunctionParam(at, _)
        | S0209InvalidPredicate(at)
        | S0210MultipleGroupBy(at)
        | S0211InvalidUnary(at, _)
        | S0212ExpectedVarLeft(at)
        | S0213InvalidStep(at, _)
        | S0214ExpectedVarRight(at, _)
        | S0215BindingAfterPredicates(at)
        | S0216BindingAfterSort(at)
        | S0301EmptyRegex(at)
        | S0302UnterminatedRegex(at)
        | S0303InvalidRegex(at, _)
        | D3030NonNumericCast(at, _)
        | T0410ArgumentNotValid(at, ..)
        | T0412ArgumentMustBeArrayOfType(at, ..)
        | T1003NonStringKey(at, _)
        | T1005InvokedNonFunctionSuggest(at, _)
        | T1006InvokedNonFunction(at)
        | T2001LeftSideNotNumber(at, _)
        | T2002RightSideNotNumber(at, _)
        | T2009BinaryOpMismatch(at, ..)
        | T2010BinaryOpTypes(at, _) => *at,
        _ => return None,
    };
    let mut starts = text.char_indices().map(|(byte, _)| byte);
    Some(starts.nth(character).unwrap_or(text.len()))
}
