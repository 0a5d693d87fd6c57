//! JSON-RPC 2.0 with named parameters: a call's envelope, and what an answer's says.
//!
//! Parameters that the caller sent as JSON keep their text. What an error's code means is decided here too, as the
//! HTTP status that means the same: a server may put any error inside a 200.

use bytes::Bytes;
use http::StatusCode;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::mapping::manifest::Rpc;

/// The id of every request. There is one request in an HTTP exchange, so nothing has to be told apart.
const ID: &str = "unicrm";

/// Words in the messages of errors that mean that there were too many calls, whatever the code.
const TOO_MANY: &[&str] = &["rate limit", "rate-limit", "ratelimit", "too many requests"];

/// What an answer says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was done. Whether the result is anything but null, false or nothing.
    Done(bool),
    /// It was not, and this is the status that stands for the reason.
    Refused(StatusCode),
    /// It is no answer of JSON-RPC.
    Foreign,
}

#[derive(Serialize)]
struct Envelope<'a> {
    jsonrpc: &'static str,
    id: &'static str,
    method: &'a str,
    params: IndexMap<String, Box<RawValue>>,
}

/// The body of a request: `parameters`, the record's id under the name that the method has for it, and the members of
/// `body`, each over those before.
pub(super) fn request(
    rpc: &Rpc,
    parameters: &Map<String, Value>,
    id: Option<&str>,
    body: Option<&Bytes>,
) -> Result<Bytes> {
    let mut params = IndexMap::new();
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_null()) {
        params.insert(name.clone(), to_raw_value(value).map_err(Error::internal)?);
    }
    if let Some(body) = body.filter(|body| !body.is_empty()) {
        let members: IndexMap<String, Box<RawValue>> = serde_json::from_slice(body).map_err(|_| {
            Error::invalid(format!("The body must be a JSON object: the named parameters of {}.", rpc.name))
        })?;
        params.extend(members);
    }
    if let Some(name) = &rpc.id {
        let id = id.ok_or_else(|| Error::invalid_field("id", format!("is needed for {}", rpc.name)))?;
        params.insert(name.clone(), to_raw_value(&number_or_text(id)).map_err(Error::internal)?);
    }
    let envelope = Envelope { jsonrpc: "2.0", id: ID, method: &rpc.name, params };
    serde_json::to_vec(&envelope).map(Bytes::from).map_err(Error::internal)
}

/// An id as the server knows it: a number, if it can be one.
fn number_or_text(id: &str) -> Value {
    match id.parse::<i64>() {
        Ok(number) if number.to_string() == id => Value::from(number),
        _ => Value::from(id),
    }
}

/// Reads an answer that came with this HTTP status.
pub(super) fn outcome(body: &[u8], http: StatusCode) -> Outcome {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(default, borrow, deserialize_with = "present")]
        result: Option<&'a RawValue>,
        #[serde(default)]
        error: Option<Value>,
    }
    // A list would be taken for the members in their order.
    let object = Some(body).filter(|body| body.trim_ascii_start().starts_with(b"{"));
    let answer = object.and_then(|body| serde_json::from_slice::<Answer<'_>>(body).ok());
    let Some(answer) = answer else { return Outcome::Foreign };
    match (answer.error, answer.result) {
        (Some(error), _) => Outcome::Refused(status(&error, http)),
        (None, Some(result)) => Outcome::Done(!matches!(result.get(), "null" | "false")),
        (None, None) => Outcome::Foreign,
    }
}

/// A member that is there, null included.
fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// The status that means what an error says.
fn status(error: &Value, http: StatusCode) -> StatusCode {
    let message = error.get("message").and_then(Value::as_str).unwrap_or_default().to_lowercase();
    if TOO_MANY.iter().any(|words| message.contains(words)) {
        return StatusCode::TOO_MANY_REQUESTS;
    }
    // A refused credential is told by the HTTP status. A code of 401 in an answer to a credential that was let in is
    // about what it may do.
    if http == StatusCode::UNAUTHORIZED {
        return http;
    }
    let code = error.get("code").map_or(0, |code| match code {
        Value::String(text) => text.parse().unwrap_or(0),
        code => code.as_i64().unwrap_or(0),
    });
    match code {
        401 => StatusCode::FORBIDDEN,
        400..=599 => u16::try_from(code)
            .ok()
            .and_then(|code| StatusCode::from_u16(code).ok())
            .unwrap_or(StatusCode::BAD_REQUEST),
        -32603 | -32099..=-32000 => StatusCode::INTERNAL_SERVER_ERROR,
        _ if http.is_client_error() || http.is_server_error() => http,
        _ => StatusCode::BAD_REQUEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Outcome {
        outcome(body.as_bytes(), StatusCode::OK)
    }

    #[test]
    fn parameters_keep_their_text_and_the_body_wins() {
        let rpc = Rpc { name: "editThing".to_owned(), id: Some("thingId".to_owned()) };
        let parameters = Map::from_iter([
            ("page".to_owned(), Value::from(2)),
            ("rev".to_owned(), Value::from("1")),
            ("query".to_owned(), Value::Null),
        ]);
        let body = Bytes::from_static(br#"{"rev":"7","thing":{"price":1.50,"big":12345678901234567890123}}"#);
        let sent = request(&rpc, &parameters, Some("12"), Some(&body)).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&sent),
            r#"{"jsonrpc":"2.0","id":"unicrm","method":"editThing","params":{"page":2,"rev":"7","thing":{"price":1.50,"big":12345678901234567890123},"thingId":12}}"#
        );
    }

    #[test]
    fn a_body_that_is_no_object_and_a_missing_id_are_the_callers_mistakes() {
        let rpc = Rpc { name: "editThing".to_owned(), id: Some("thingId".to_owned()) };
        let body = Bytes::from_static(b"[1]");
        assert!(request(&rpc, &Map::new(), Some("1"), Some(&body)).is_err());
        assert!(request(&rpc, &Map::new(), None, None).is_err());
    }

    #[test]
    fn an_error_inside_a_success_is_one_and_a_null_error_is_none() {
        assert_eq!(read(r#"{"result":[],"id":"a","error":null}"#), Outcome::Done(true));
        assert_eq!(read(r#"{"result":{"id":1},"id":"a","jsonrpc":"2.0"}"#), Outcome::Done(true));
        assert_eq!(read(r#"{"result":false,"id":"a"}"#), Outcome::Done(false));
        assert_eq!(read(r#"{"result":null,"id":"a","error":null}"#), Outcome::Done(false));
        for foreign in [
            "",
            "<html>",
            "[]",
            "[true]",
            r#"["x",null]"#,
            "null",
            "7",
            "{}",
            r#"{"id":"a"}"#,
            r#"{"error":null}"#,
        ] {
            assert_eq!(read(foreign), Outcome::Foreign, "{foreign}");
        }
    }

    #[test]
    fn codes_stand_for_statuses() {
        for (error, status) in [
            (r#"{"code":409,"message":"out-of-date","data":null}"#, 409),
            (r#"{"code":"404","message":""}"#, 404),
            (r#"{"code":401,"message":"not allowed"}"#, 403),
            (r#"{"code":-32601,"message":"Method not found"}"#, 400),
            (r#"{"code":-32603,"message":"Internal error"}"#, 500),
            (r#"{"code":0,"message":"Rate limit exceeded"}"#, 429),
            (r#"{"code":7}"#, 400),
            (r#""odd""#, 400),
        ] {
            let body = format!(r#"{{"result":null,"error":{error}}}"#);
            assert_eq!(read(&body), Outcome::Refused(StatusCode::from_u16(status).unwrap()), "{error}");
        }
        let body = br#"{"result":null,"error":{"code":401,"message":"x"}}"#;
        assert_eq!(outcome(body, StatusCode::UNAUTHORIZED), Outcome::Refused(StatusCode::UNAUTHORIZED));
    }
}
