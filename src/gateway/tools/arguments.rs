//! A tool's arguments: one flat object in, path, query and body out.
//!
//! Whoever calls tools is often a language model, so what can be meant in one way only is taken that way (a number as
//! text, a list as its JSON), and everything else is refused at once, each argument by name and with what would be right.

use serde_json::{Map, Value};

use super::{Described, Tool};
use crate::error::{Error, Failure, Result};
use crate::model::schema::nearest;

/// Arguments by where they go.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    pub(super) id: Option<String>,
    pub(super) query: Map<String, Value>,
    pub(super) body: Map<String, Value>,
}

/// Sorts a tool's arguments, or says everything that is wrong with them.
pub(super) fn sort(
    tool: &Tool,
    described: &Described,
    names_record: bool,
    arguments: Map<String, Value>,
) -> Result<Sorted> {
    let input = tool.input_schema();
    let known = input.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let of = |schema: &Value, name: &str| {
        schema.get("properties").and_then(Value::as_object).is_some_and(|own| own.contains_key(name))
    };
    let mut failures = Vec::new();
    let mut sorted = Sorted::default();
    for (name, value) in arguments {
        let Some(schema) = known.get(&name) else {
            failures.push(Failure { message: unknown(&name, &known), field: name });
            continue;
        };
        let in_body = of(&described.body_schema, &name);
        // Null is a value in a body, where it empties a field, and nothing in a query.
        if value.is_null() && !in_body {
            continue;
        }
        match fit(schema, value) {
            Err(message) => failures.push(Failure { field: name, message }),
            Ok(value) => {
                if name == "id" && names_record {
                    sorted.id = text(&value);
                } else if of(&described.query_schema, &name) && !value.is_null() {
                    sorted.query.insert(name.clone(), value.clone());
                }
                if in_body {
                    sorted.body.insert(name, value);
                }
            }
        }
    }
    let given = |name: &String| {
        sorted.id.is_some() && name == "id"
            || sorted.query.contains_key(name)
            || sorted.body.contains_key(name)
    };
    let wrong = |name: &String| failures.iter().any(|failure| failure.field == *name);
    let missing: Vec<String> =
        described.required.iter().filter(|name| !given(name) && !wrong(name)).cloned().collect();
    for name in &missing {
        let meaning = known.get(name).and_then(|schema| schema.get("description")).and_then(Value::as_str);
        let meaning = meaning.map_or_else(String::new, |meaning| format!(": {meaning}"));
        failures.push(Failure { field: name.clone(), message: format!("is needed{meaning}") });
    }
    if failures.is_empty() { Ok(sorted) } else { Err(refusal(described, failures, missing)) }
}

fn refusal(described: &Described, failures: Vec<Failure>, missing: Vec<String>) -> Error {
    let said: Vec<String> =
        failures.iter().map(|failure| format!("{} {}", failure.field, failure.message)).collect();
    let message = format!("The arguments of {} can't be used: {}.", described.name, said.join("; "));
    let in_body = |name: &String| {
        let own = described.body_schema.get("properties").and_then(Value::as_object);
        own.is_some_and(|own| own.contains_key(name))
    };
    let (fields, parameters) = missing.into_iter().partition(in_body);
    Error::invalid(message).with_failures(failures).missing(parameters, fields)
}

fn unknown(name: &str, known: &Map<String, Value>) -> String {
    let names: Vec<&str> = known.keys().map(String::as_str).collect();
    match nearest(name, names.iter().copied()) {
        Some(near) => format!("is not an argument; did you mean {near}?"),
        None if names.is_empty() => "is not an argument; there are none".to_owned(),
        None => format!("is not an argument; there are: {}", names.join(", ")),
    }
}

/// A value as its schema wants it.
fn fit(schema: &Value, value: Value) -> std::result::Result<Value, String> {
    let kind = schema.get("type").and_then(Value::as_str);
    let value = match (kind, value) {
        (_, Value::Null) => return Ok(Value::Null),
        (Some("string"), value @ (Value::Number(_) | Value::Bool(_))) => Value::from(value.to_string()),
        (Some(kind @ ("integer" | "number" | "boolean" | "object" | "array")), Value::String(said)) => {
            match serde_json::from_str::<Value>(said.trim()) {
                Ok(meant) if is(kind, &meant) => meant,
                _ => Value::String(said),
            }
        }
        (_, value) => value,
    };
    if let Some(kind) = kind.filter(|kind| !is(kind, &value)) {
        return Err(format!("must be {}", noun(kind)));
    }
    match schema.get("enum").and_then(Value::as_array) {
        Some(values) if !values.contains(&value) => {
            let named: Vec<String> = values.iter().filter_map(text).collect();
            Err(format!("must be one of {}", named.join(", ")))
        }
        _ => Ok(value),
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        _ => true,
    }
}

fn noun(kind: &str) -> &str {
    match kind {
        "string" => "a string",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "object" => "an object",
        "array" => "an array",
        other => other,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_can_be_meant_in_one_way_is_taken_that_way() {
        for (kind, given, taken) in [
            ("string", json!(7), json!("7")),
            ("integer", json!("7"), json!(7)),
            ("number", json!("1.5"), json!(1.5)),
            ("boolean", json!("true"), json!(true)),
            ("object", json!("{\"a\":1}"), json!({ "a": 1 })),
            ("array", json!("[1]"), json!([1])),
            ("string", json!(null), json!(null)),
        ] {
            assert_eq!(fit(&json!({ "type": kind }), given), Ok(taken), "{kind}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (schema, given) in [
            (json!({ "type": "integer" }), json!("seven")),
            (json!({ "type": "string" }), json!({ "a": 1 })),
            (json!({ "type": "array" }), json!("a,b")),
            (json!({ "type": "boolean" }), json!(1)),
            (json!({ "type": "string", "enum": ["a", "b"] }), json!("c")),
        ] {
            assert!(fit(&schema, given.clone()).is_err(), "{schema} {given}");
        }
    }
}
