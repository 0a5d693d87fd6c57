//! The two ways an expression can fail: its text, at load, and its evaluation, on data.

use std::sync::Arc;

/// A place in an expression's text. Both numbers start at 1; a column counts characters, not bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Position {
    /// The position of the character that begins at byte `offset` of `source`. An offset past the end is the end.
    pub(super) fn of_byte(source: &str, offset: usize) -> Position {
        let mut end = offset.min(source.len());
        while !source.is_char_boundary(end) {
            end -= 1;
        }
        let before = &source[..end];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

/// An expression that cannot be used, whatever the data: bad syntax, an unknown or refused function, a bad regex.
///
/// Displays as `name:line:column: message`, the form editors and build tools link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}:{line}:{column}: {message}")]
pub struct CompileError {
    /// The name given to [`Expression::compile`](super::Expression::compile), usually a file's path.
    pub name: String,
    /// For the mapping's author. Quotes the expression, never data.
    pub message: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The JSONata error code (`S0202`), when the failure has one.
    pub code: Option<String>,
}

/// What ended an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EvaluationErrorKind {
    /// The expression failed on this data: a type error, `$error`, a value that JSON cannot carry.
    Runtime,
    /// A limit of the [`Budget`](super::Budget) was reached.
    Budget,
    /// The engine panicked. A fault of the engine, contained to this evaluation.
    Panic,
}

/// One evaluation that gave no result.
///
/// The message may quote values of the record (JSONata's own messages do), so it belongs in a detail for whoever owns
/// the record and not in a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {message}")]
pub struct EvaluationError {
    /// What went wrong.
    pub kind: EvaluationErrorKind,
    /// The JSONata error code (`T2001`, `D3030`), when the failure has one. Codes from `U2001` up are this crate's.
    pub code: Option<String>,
    /// What the engine says of it.
    pub message: String,
    /// Where in the expression, for engines that tell. jsonata-core does not.
    pub position: Option<Position>,
    /// The name of the expression.
    pub name: Arc<str>,
}

/// An evaluation's failure before it is given the expression's name.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub kind: EvaluationErrorKind,
    pub code: Option<String>,
    pub message: String,
    pub position: Option<Position>,
}

impl Failure {
    pub(super) fn runtime(message: impl Into<String>) -> Failure {
        Failure { kind: EvaluationErrorKind::Runtime, code: None, message: message.into(), position: None }
    }

    /// A failure that an engine describes with a JSONata code and a message. The code decides the kind.
    pub(super) fn coded(code: &str, message: impl Into<String>) -> Failure {
        Failure { kind: kind_of_code(code), code: Some(code.to_owned()), ..Failure::runtime(message) }
    }

    /// What a caught panic leaves. `payload` is what `catch_unwind` or a thread's `join` returned.
    pub(super) fn panic(payload: &(dyn std::any::Any + Send)) -> Failure {
        Failure { kind: EvaluationErrorKind::Panic, ..Failure::runtime(panic_message(payload)) }
    }

    /// Whether the time was over.
    pub(super) fn is_out_of_time(&self) -> bool {
        self.code.as_deref() == Some("D1012")
    }

    /// What this failure, a limit, means for an evaluation that was to follow.
    pub(super) fn not_begun(&self) -> Failure {
        Failure {
            message: format!("not evaluated, for one before it reached a limit: {}", self.message),
            ..self.clone()
        }
    }

    pub(super) fn named(self, name: &Arc<str>) -> EvaluationError {
        EvaluationError {
            kind: self.kind,
            code: self.code,
            message: self.message,
            position: self.position,
            name: Arc::clone(name),
        }
    }
}

/// What a panic said, for a message.
pub(super) fn panic_message(payload: &(dyn std::any::Any + Send)) -> String {
    let said = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    format!("the JSONata engine panicked: {said}")
}

/// Codes of limits: depth (D1011, U1001), time (D1012), the length of a range (D2014) or sequence (D2015), nesting (U1002),
/// stopped (U1003); and this crate's: the length of a text (U2002), memory (U2004), the number of values (U2005).
fn kind_of_code(code: &str) -> EvaluationErrorKind {
    match code {
        "D1011" | "D1012" | "D2014" | "D2015" | "U1001" | "U1002" | "U1003" | "U2002" | "U2004" | "U2005" => {
            EvaluationErrorKind::Budget
        }
        _ => EvaluationErrorKind::Runtime,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_counts_lines_and_characters_from_one() {
        let source = "ab\n  é(x";
        assert_eq!(Position::of_byte(source, 0), Position { line: 1, column: 1 });
        assert_eq!(Position::of_byte(source, 7), Position { line: 2, column: 4 });
        assert_eq!(Position::of_byte(source, 99), Position { line: 2, column: 6 });
    }

    #[test]
    fn a_position_inside_a_character_is_that_character() {
        assert_eq!(Position::of_byte("é", 1), Position { line: 1, column: 1 });
    }

    #[test]
    fn limits_are_told_from_failures_by_their_code() {
        assert_eq!(Failure::coded("D1012", "").kind, EvaluationErrorKind::Budget);
        assert_eq!(Failure::coded("D3030", "").kind, EvaluationErrorKind::Runtime);
    }
}
