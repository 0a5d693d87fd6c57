//! Messages of JSON-RPC as clients send them, and as they are answered.
//!
//! Clients that are in use send no `jsonrpc`, no `id`, or an `id` of null, and mean a request all the same. So whatever
//! names a method is a request, but for `notifications/…`, which nobody waits on.

use rmcp::ErrorData;
use rmcp::model::ErrorCode;
use serde_json::{Map, Value, json};

/// Messages in one body at most.
const MOST: usize = 20;

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// What the answer is to be marked with: null where the client sent none.
    pub id: Value,
    /// What is asked: `tools/call`.
    pub method: String,
    /// With what.
    pub params: Map<String, Value>,
}

/// What stands in one place of a body.
#[derive(Debug, Clone, PartialEq)]
pub enum Incoming {
    /// Someone waits for an answer.
    Request(Message),
    /// Nobody does.
    Silent(String),
    /// It is no message.
    Wrong(Refusal),
}

/// Why something is no message, and whose answer that is.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// Of the message, as far as it can be told.
    pub id: Value,
    /// Why.
    pub error: ErrorData,
}

impl Refusal {
    fn new(id: Value, error: ErrorData) -> Self {
        Refusal { id, error }
    }
}

/// The messages of a body, in order, and whether they came as a list.
pub fn read(body: &[u8]) -> Result<(Vec<Incoming>, bool), Box<Refusal>> {
    let nobody = |error| Box::new(Refusal::new(Value::Null, error));
    let parsed: Value = serde_json::from_slice(body)
        .map_err(|_| nobody(ErrorData::parse_error("The body is not JSON.", None)))?;
    match parsed {
        Value::Array(messages) if messages.is_empty() || messages.len() > MOST => {
            let message = format!("A list has 1 to {MOST} messages.");
            Err(nobody(ErrorData::invalid_request(message, None)))
        }
        Value::Array(messages) => Ok((messages.into_iter().map(one).collect(), true)),
        message => match one(message) {
            Incoming::Wrong(refusal) => Err(Box::new(refusal)),
            incoming => Ok((vec![incoming], false)),
        },
    }
}

fn one(message: Value) -> Incoming {
    let wrong = |id: Value, message: &'static str| {
        Incoming::Wrong(Refusal::new(id, ErrorData::invalid_request(message, None)))
    };
    let Value::Object(mut message) = message else {
        return wrong(Value::Null, "A message is a JSON object.");
    };
    let id = match message.shift_remove("id") {
        None | Some(Value::Null) => Value::Null,
        Some(id @ (Value::String(_) | Value::Number(_))) => id,
        Some(_) => return wrong(Value::Null, "The id of a message is a string or a number."),
    };
    if message.get("jsonrpc").is_some_and(|version| version != "2.0") {
        return wrong(id, "jsonrpc must be \"2.0\".");
    }
    let method = match message.shift_remove("method") {
        Some(Value::String(method)) if !method.is_empty() => method,
        // An answer to something that was never asked.
        None if message.contains_key("result") || message.contains_key("error") => {
            return Incoming::Silent("response".to_owned());
        }
        _ => return wrong(id, "A message names a method."),
    };
    if method.starts_with("notifications/") {
        return Incoming::Silent(method);
    }
    match message.shift_remove("params") {
        None | Some(Value::Null) => Incoming::Request(Message { id, method, params: Map::new() }),
        Some(Value::Object(params)) => Incoming::Request(Message { id, method, params }),
        Some(_) => {
            let error = ErrorData::invalid_params("params must be an object.", None);
            Incoming::Wrong(Refusal::new(id, error))
        }
    }
}

/// An answer as it is sent.
pub fn written(id: Value, outcome: Result<Value, ErrorData>) -> Value {
    match outcome {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(ErrorData { code: ErrorCode(code), message, data }) => {
            let mut error = json!({ "code": code, "message": message });
            if let Some(data) = data {
                error["data"] = data;
            }
            json!({ "jsonrpc": "2.0", "id": id, "error": error })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(body: &str) -> Incoming {
        let (mut messages, listed) = read(body.as_bytes()).unwrap();
        assert!(!listed && messages.len() == 1, "{body}");
        messages.remove(0)
    }

    #[test]
    fn a_request_needs_nothing_but_a_method() {
        for (body, id) in [
            (r#"{"method":"tools/list"}"#, json!(null)),
            (r#"{"method":"tools/list","id":1,"params":null}"#, json!(1)),
            (r#"{"jsonrpc":"2.0","method":"tools/list","id":"a","params":{}}"#, json!("a")),
        ] {
            let expected = Message { id, method: "tools/list".to_owned(), params: Map::new() };
            assert_eq!(only(body), Incoming::Request(expected), "{body}");
        }
    }

    #[test]
    fn nobody_waits_on_notifications_and_answers() {
        for body in [r#"{"method":"notifications/initialized"}"#, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#] {
            assert!(matches!(only(body), Incoming::Silent(_)), "{body}");
        }
    }

    #[test]
    fn what_is_no_message_is_refused_under_its_own_id() {
        for (body, id, code) in [
            ("{", json!(null), ErrorCode::PARSE_ERROR),
            ("[]", json!(null), ErrorCode::INVALID_REQUEST),
            ("7", json!(null), ErrorCode::INVALID_REQUEST),
            (r#"{"id":1}"#, json!(1), ErrorCode::INVALID_REQUEST),
            (r#"{"id":1,"method":7}"#, json!(1), ErrorCode::INVALID_REQUEST),
            (r#"{"id":{},"method":"ping"}"#, json!(null), ErrorCode::INVALID_REQUEST),
            (r#"{"id":1,"method":"ping","jsonrpc":"1.0"}"#, json!(1), ErrorCode::INVALID_REQUEST),
            (r#"{"id":1,"method":"ping","params":[]}"#, json!(1), ErrorCode::INVALID_PARAMS),
        ] {
            let refusal = read(body.as_bytes()).unwrap_err();
            assert_eq!((refusal.id, refusal.error.code), (id, code), "{body}");
        }
    }

    #[test]
    fn a_list_may_hold_what_is_wrong_beside_what_is_right() {
        let (messages, listed) = read(br#"[{"method":"ping","id":1},7]"#).unwrap();
        assert!(listed && matches!(messages[0], Incoming::Request(_)));
        assert!(matches!(messages[1], Incoming::Wrong(_)));
        let many = format!("[{}]", ["{}"; 21].join(","));
        assert!(read(many.as_bytes()).is_err());
    }
}
