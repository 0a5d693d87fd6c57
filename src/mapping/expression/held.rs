//! A result that the engine still holds, for whoever writes it out at once and needs no tree of JSON values.

use std::fmt;

use jsonata_core::value::JValue;
use serde_json::Value;

use super::running;
use super::values::number_to_json;
use crate::model::shape::{Mapped, Node};

/// A result, or a part of one. What is undefined counts as null, and is left out of lists and objects.
#[derive(Clone, Copy)]
pub struct Held<'v>(By<'v>);

#[derive(Clone, Copy)]
enum By<'v> {
    Engine(&'v JValue),
    Json(&'v Value),
}

impl<'v> Held<'v> {
    pub(super) fn by_engine(value: &'v JValue) -> Self {
        Held(By::Engine(value))
    }
}

impl<'v> From<&'v Value> for Held<'v> {
    fn from(value: &'v Value) -> Self {
        Held(By::Json(value))
    }
}

impl<'v> Mapped<'v> for Held<'v> {
    fn node(self) -> Node<'v> {
        match self.0 {
            By::Json(value) => value.node(),
            // Whoever writes it out asks this of every part, and a result may be larger than it looks.
            By::Engine(_) if running::poll().is_err() => Node::Unsayable("more than one evaluation may make"),
            By::Engine(value) => match value {
                JValue::Undefined | JValue::Null => Node::Null,
                JValue::Bool(value) => Node::Boolean(*value),
                JValue::Number(number) => number_to_json(*number)
                    .map_or(Node::Unsayable("a number that is not finite"), Node::Number),
                JValue::String(text) => Node::Text(text),
                JValue::Array(_) => Node::List,
                JValue::Object(_) => Node::Object,
                JValue::Lambda(_) | JValue::Builtin { .. } => Node::Unsayable("a function"),
                JValue::Regex { .. } => Node::Unsayable("a regular expression"),
            },
        }
    }

    fn items(self) -> impl Iterator<Item = Self> {
        let (engine, json) = match self.0 {
            By::Engine(JValue::Array(items)) => (Some(items.iter()), None),
            By::Json(Value::Array(items)) => (None, Some(items)),
            By::Engine(_) | By::Json(_) => (None, None),
        };
        let engine = engine.into_iter().flatten().filter(|item| !item.is_undefined()).map(Held::by_engine);
        engine.chain(json.into_iter().flatten().map(Held::from))
    }

    fn members(self) -> impl Iterator<Item = (&'v str, Self)> {
        let (engine, json) = match self.0 {
            By::Engine(JValue::Object(fields)) => (Some(fields.iter()), None),
            By::Json(Value::Object(fields)) => (None, Some(fields)),
            By::Engine(_) | By::Json(_) => (None, None),
        };
        let engine = engine.into_iter().flatten().filter(|(_, value)| !value.is_undefined());
        let engine = engine.map(|(name, value)| (name.as_str(), Held::by_engine(value)));
        engine.chain(json.into_iter().flatten().map(|(name, value)| (name.as_str(), Held::from(value))))
    }

    fn member(self, name: &str) -> Option<Self> {
        match self.0 {
            By::Engine(JValue::Object(fields)) => {
                fields.get(name).filter(|value| !value.is_undefined()).map(Held::by_engine)
            }
            By::Engine(_) => None,
            By::Json(value) => value.get(name).map(Held::from),
        }
    }
}

/// What kind of value it is, and nothing of the value.
impl fmt::Debug for Held<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.node() {
            Node::Null => "null",
            Node::Boolean(_) => "boolean",
            Node::Number(_) => "number",
            Node::Text(_) => "text",
            Node::List => "list",
            Node::Object => "object",
            Node::Unsayable(what) => what,
        };
        f.debug_tuple("Held").field(&kind).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::mapping::expression::{Budget, Engine, Expression, Scope};
    use crate::model::{Record, Resource};

    /// What a record of two fields becomes of an expression's result, by the engine's hold and by way of JSON.
    fn shaped(source: &str) -> [Result<Value, String>; 2] {
        let resource: Resource = serde_json::from_value(json!({
            "description": "", "singular": "note", "methods": ["list"],
            "fields": {"id": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}}
        }))
        .expect("a resource");
        let shape = |held: Held<'_>| {
            let record = Record::shape(&resource, held, None).map_err(|error| error.to_string())?;
            serde_json::to_value(&record).map_err(|error| error.to_string())
        };
        let expression = Expression::compile(Engine::Core, "test", source).expect("an expression");
        let item = serde_json::value::to_raw_value(&json!({"n": [1, 2]})).expect("JSON");
        // What these tests are about is not time, which an unoptimised build takes more of.
        let (scope, budget) = (Scope::new(), Budget { time: Duration::from_secs(10), ..Budget::default() });
        let mut held = expression.evaluate_each_with(&scope, "response", &[&item], &budget, |_, held| {
            held.map_err(|error| error.to_string()).and_then(shape)
        });
        let mut json = expression.evaluate_each(&scope, "response", &[&item], &budget);
        let json = json.remove(0).map_err(|error| error.to_string());
        [held.remove(0), json.and_then(|value| shape(Held::from(&value.unwrap_or_default())))]
    }

    #[test]
    fn a_held_result_is_the_same_record_as_the_converted_one() {
        let source = r#"{"tags": [response.n.($ > 1 ? $), response.none], "x": [null, 1.5, {"y": response.none}],
            "id": response.n[0], "none": response.none}"#;
        let expected = json!({"id": "1", "tags": ["2"], "x": [null, 1.5, {}]});
        assert_eq!(shaped(source), [Ok(expected.clone()), Ok(expected)]);
    }

    #[test]
    fn a_date_is_its_text() {
        let source =
            r#"{"id": $dtFromIso("2024-02-29T12:00:00Z"), "tags": [$dtFromIso("2024").plus({"days": 1})]}"#;
        let expected = json!({"id": "2024-02-29T12:00:00.000Z", "tags": ["2024-01-02T00:00:00.000Z"]});
        assert_eq!(shaped(source), [Ok(expected.clone()), Ok(expected)]);
    }

    #[test]
    fn a_record_that_would_be_too_large_is_an_error() {
        let source = r#"($s := $pad("", 100000, "x"); {"id": "1", "tags": [[1..2000].$s]})"#;
        for result in shaped(source) {
            let error = result.expect_err("too large");
            assert!(error.contains("the memory for one evaluation is used up"), "{error}");
        }
    }

    #[test]
    fn what_json_cannot_carry_is_named() {
        let [held, json] = shaped(r#"{"id": 1, "x": [1, $sum]}"#);
        assert!(
            held.clone().is_err_and(|error| error.contains("x[1]") && error.contains("a function")),
            "{held:?}"
        );
        assert!(json.is_err());
    }
}
