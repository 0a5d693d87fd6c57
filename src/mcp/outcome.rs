//! What becomes of a call, in the protocol's words.
//!
//! An agent reads a failure and decides what to do next. So a failure says that first, in words, beside the same envelope
//! that every route answers errors with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Mcp;
use crate::error::{Effect, Error, Kind, Result, Retry};
use crate::gateway::tools::{File, Tool, ToolAnswer};

/// The longest answer of a tool that only reads, in bytes of JSON. What is longer fits into no agent's memory.
const LONGEST: usize = 1024 * 1024;

/// What a message led to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The answer, or the protocol's own error.
    pub answer: std::result::Result<Value, rmcp::ErrorData>,
    /// The status that the answer would have had over HTTP.
    pub status: u16,
    /// What went wrong, if something did.
    pub message: Option<String>,
    /// The tool that was called.
    pub tool: Option<String>,
    /// What the tool failed with.
    pub error: Option<Error>,
}

impl Outcome {
    /// An answer.
    pub(super) fn done(answer: Value) -> Self {
        Outcome { answer: Ok(answer), status: 200, message: None, tool: None, error: None }
    }

    /// The protocol's own error.
    pub(super) fn refused(error: rmcp::ErrorData, status: StatusCode) -> Self {
        let message = Some(error.message.to_string());
        Outcome { answer: Err(error), status: status.as_u16(), message, tool: None, error: None }
    }
}

impl Mcp {
    /// What a tool led to.
    pub(super) fn outcome(&self, tool: &Tool, answer: Result<ToolAnswer>) -> Outcome {
        let name = Some(tool.name());
        let answer = answer.and_then(|answer| result(answer, tool.nature().reads));
        let (result, error) = match answer {
            Ok(result) => (result, None),
            Err(error) => (self.failure(tool, &error), Some(error)),
        };
        let status = error.as_ref().map_or(200, |error| error.status().as_u16());
        let message = error.as_ref().map(|error| error.message().to_owned());
        match serde_json::to_value(result) {
            Ok(result) => Outcome { answer: Ok(result), status, message, tool: name, error },
            Err(failed) => {
                let error = Error::internal(failed);
                let answer = Err(rmcp::ErrorData::internal_error(error.message().to_owned(), None));
                let message = Some(error.message().to_owned());
                Outcome { answer, status: 500, message, tool: name, error: Some(error) }
            }
        }
    }

    /// A failure as a tool's result.
    pub(super) fn failure(&self, tool: &Tool, error: &Error) -> CallToolResult {
        let mut told = (self.envelope)(error);
        let next = next_step(tool, error);
        if let Value::Object(members) = &mut told {
            members.shift_insert(3, "next_step".to_owned(), Value::from(next));
        }
        let mut result = CallToolResult::error(vec![ContentBlock::text(told.to_string())]);
        result.structured_content = Some(told);
        // Belongs to a later version of the protocol than those that are spoken here.
        result.result_type = None;
        result
    }
}

fn result(answer: ToolAnswer, reads: bool) -> Result<CallToolResult> {
    let text = match answer {
        ToolAnswer::Page { items, next_cursor } => page(&items, next_cursor.as_deref()),
        ToolAnswer::One(one) => one.get().to_owned(),
        ToolAnswer::File(file) => return Ok(carried(&file)),
    };
    if reads && text.len() > LONGEST {
        let message = format!(
            "The answer has {} bytes, more than the {LONGEST} that a tool gives. Ask for fewer records with limit, or \
             for what is left with a narrower filter.",
            text.len()
        );
        return Err(Error::new(Kind::TooLarge, message));
    }
    let value: Value = serde_json::from_str(&text).map_err(Error::internal)?;
    // Structured content is an object in every version of the protocol but the last.
    let structured = if value.is_object() { value } else { json!({ "result": value }) };
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = Some(structured);
    result.result_type = None;
    Ok(result)
}

/// `{"items":[…],"nextCursor":…}`, each record as it is.
fn page(items: &[Box<RawValue>], next_cursor: Option<&str>) -> String {
    let room: usize = items.iter().map(|item| item.get().len() + 1).sum();
    let mut text = String::with_capacity(room + 128);
    text.push_str("{\"items\":[");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(item.get());
    }
    text.push_str("],\"nextCursor\":");
    text.push_str(&Value::from(next_cursor).to_string());
    text.push('}');
    text
}

/// A file: text as text, anything else in base64.
fn carried(file: &File) -> CallToolResult {
    let kind = file.content_type.as_str();
    let readable = kind.starts_with("text/") || kind.contains("json") || kind.contains("xml");
    let content = match std::str::from_utf8(&file.content) {
        Ok(text) if readable => ContentBlock::text(text),
        _ => {
            let contents = ResourceContents::blob(STANDARD.encode(&file.content), "file:///download");
            ContentBlock::resource(contents.with_mime_type(kind))
        }
    };
    let mut result = CallToolResult::success(vec![content]);
    result.structured_content = Some(json!({ "content_type": kind, "bytes": file.content.len() }));
    result.result_type = None;
    result
}

/// What whoever called the tool does next.
fn next_step(tool: &Tool, error: &Error) -> String {
    let name = tool.name();
    let look = tool.finder().map_or_else(
        || "Look for the right id first".to_owned(),
        |finder| format!("Find the right id with {finder}"),
    );
    let label = tool.label();
    match (error.kind(), error.status()) {
        (Kind::RateLimited | Kind::Throttled, _) | (_, StatusCode::TOO_MANY_REQUESTS) => waiting(error),
        (Kind::Reauthenticate, _) => format!(
            "Don't try again. Tell the user that the {label} account has to be connected again before anything can be \
             done with it."
        ),
        (Kind::NotFound, _) | (_, StatusCode::NOT_FOUND | StatusCode::GONE) => {
            format!("{look}, then call {name} again.")
        }
        (Kind::Invalid, _) => format!("Correct the arguments as the message says and call {name} again."),
        (Kind::Unsupported, _) => format!("{label} can't do this. Use another tool, or tell the user."),
        (Kind::MethodNotAllowed, _) => {
            "Don't try again. Tell the user that this account can only be read.".to_owned()
        }
        (Kind::Forbidden, _) | (_, StatusCode::FORBIDDEN) => {
            format!("Don't try again. Tell the user that the {label} account lacks the permission for this.")
        }
        (Kind::Conflict, _) | (_, StatusCode::CONFLICT) => {
            "Read the record again, then repeat the change on top of what it has now.".to_owned()
        }
        (Kind::Rejected, _) => {
            format!("{label} refused the values: correct the arguments and call {name} again.")
        }
        (Kind::TooLarge, _) => "Ask for less at a time.".to_owned(),
        (Kind::KeyReused, _) => "Send another idempotency key.".to_owned(),
        (Kind::AnswerLost, _) => "It may have been done: look before anything is done again.".to_owned(),
        (Kind::Unreachable | Kind::Garbled | Kind::TimedOut, _) if error.effects() == Effect::Possible => {
            "It may have been done all the same: look before it is done again.".to_owned()
        }
        (Kind::Unreachable | Kind::Resting | Kind::TimedOut | Kind::Unavailable, _) => waiting(error),
        (Kind::Garbled | Kind::Unauthenticated | Kind::Mapping | Kind::Internal, _) => {
            "Don't try again. Tell the user that this failed, and why.".to_owned()
        }
    }
}

fn waiting(error: &Error) -> String {
    match error.retries() {
        Retry::Later(Some(wait)) => {
            let seconds = (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1);
            format!("Wait {seconds} seconds, then make the same call again.")
        }
        Retry::Later(None) | Retry::Never => "Wait a minute, then make the same call again.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(bytes: usize) -> Box<RawValue> {
        RawValue::from_string(format!("{{\"text\":\"{}\"}}", "x".repeat(bytes))).unwrap()
    }

    #[test]
    fn a_list_is_items_and_a_cursor_in_text_and_structure() {
        for (cursor, told) in [(Some("next\"one"), json!("next\"one")), (None, json!(null))] {
            let items = vec![record(1), record(2)];
            let answer = ToolAnswer::Page { items, next_cursor: cursor.map(str::to_owned) };
            let made = serde_json::to_value(result(answer, true).unwrap()).unwrap();
            let expected = json!({ "items": [{ "text": "x" }, { "text": "xx" }], "nextCursor": told });
            assert_eq!(made["structuredContent"], expected);
            let text: Value = serde_json::from_str(made["content"][0]["text"].as_str().unwrap()).unwrap();
            assert_eq!((text, &made["isError"]), (expected, &json!(false)));
            assert_eq!(made.get("resultType"), None);
        }
    }

    #[test]
    fn an_answer_that_is_no_object_is_structured_as_one() {
        let list = RawValue::from_string("[1,2]".to_owned()).unwrap();
        let made = result(ToolAnswer::One(list), true).unwrap();
        assert_eq!(made.structured_content, Some(json!({ "result": [1, 2] })));
    }

    #[test]
    fn what_is_read_has_a_largest_size_and_what_was_written_is_told_whatever_its_size() {
        let error = result(ToolAnswer::One(record(LONGEST)), true).unwrap_err();
        assert_eq!(error.kind(), Kind::TooLarge);
        assert!(result(ToolAnswer::One(record(LONGEST)), false).is_ok());
    }

    #[test]
    fn files_are_text_where_they_can_be_and_base64_elsewhere() {
        let file = |content_type: &str, content: &'static [u8]| {
            let file = File { content_type: content_type.to_owned(), content: content.into() };
            serde_json::to_value(result(ToolAnswer::File(file), true).unwrap()).unwrap()["content"][0].clone()
        };
        assert_eq!(file("text/plain; charset=utf-8", b"an offer")["text"], "an offer");
        for odd in [file("text/plain", b"\xff\xfe"), file("application/pdf", b"%PDF")] {
            assert_eq!(odd["type"], "resource");
            assert!(odd["resource"]["blob"].is_string(), "{odd}");
        }
    }
}
