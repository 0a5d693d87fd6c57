//! Between JSON and the value type of jsonata-core.
//!
//! In: JSON text goes straight to the engine's value, integers beyond ±2^53 as strings of their digits
//! ([`integers`]). Out: whole numbers come out as integers (`1`, never `1.0`), undefined as absence, and
//! what JSON has no word for (a function, a regex, NaN, an infinity) as an error that says where it stood. The crate's
//! own conversions do none of this.

use std::rc::Rc;

use jsonata_core::value::{JArray, JMap, JValue};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use super::error::Failure;
use super::functions::{Refusal, objects};
use super::scope::{Entry, Scope};
use super::{integers, running};

/// How deep a value may nest, in and out: serde_json's own limit for text, so that whoever reads our JSON can.
pub(super) const DEPTH: usize = 128;

/// The root object of an evaluation: every entry of the scope under its name.
pub(super) fn root_of(scope: &Scope) -> Result<JMap, Failure> {
    scope
        .entries()
        .map(|(name, entry)| {
            let value = match entry {
                Entry::Value(value) => from_json(value, DEPTH),
                Entry::Raw(raw) => from_raw(raw),
            };
            value.map(|value| (name.to_owned(), value)).map_err(|failure| unreadable(name, failure))
        })
        .collect()
}

/// A record's text that cannot be made a value, said of the scope entry that it was to be.
pub(super) fn unreadable(name: &str, failure: Failure) -> Failure {
    Failure { message: format!("`{name}` cannot be read: {}", failure.message), ..failure }
}

pub(super) fn from_raw(raw: &RawValue) -> Result<JValue, Failure> {
    from_text(raw.get())
}

/// A value of any JSON text. The error quotes no data.
pub(super) fn from_text(json: &str) -> Result<JValue, Failure> {
    serde_json::from_str(&integers::quote_large_integers(json))
        .map_err(|error| Failure::runtime(error.to_string()))
}

fn from_json(value: &Value, depth: usize) -> Result<JValue, Failure> {
    Ok(match value {
        Value::Null => JValue::Null,
        Value::Bool(value) => JValue::Bool(*value),
        Value::Number(number) => from_number(number),
        Value::String(text) => JValue::string(text.as_str()),
        Value::Array(items) => {
            let depth = deeper(depth)?;
            // Lets the engine skip a look at each item when it walks the array.
            let flat = !items.iter().any(Value::is_array);
            let items: Result<Vec<_>, _> = items.iter().map(|item| from_json(item, depth)).collect();
            JValue::Array(JArray::new_flat(items?, flat))
        }
        Value::Object(fields) => {
            let depth = deeper(depth)?;
            let fields: Result<JMap, _> =
                fields.iter().map(|(key, field)| Ok((key.clone(), from_json(field, depth)?))).collect();
            object(fields?)
        }
    })
}

fn from_number(number: &Number) -> JValue {
    let integer = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    match (integer, number.as_f64()) {
        (Some(integer), _) if integers::is_large(integer) => JValue::string(integer.to_string()),
        (_, Some(double)) => JValue::from_f64(double),
        // Not reached: without serde_json's `arbitrary_precision` every number is a double or fits one.
        (_, None) => JValue::string(number.to_string()),
    }
}

pub(super) fn object(fields: JMap) -> JValue {
    JValue::Object(Rc::new(fields))
}

fn deeper(depth: usize) -> Result<usize, Failure> {
    depth.checked_sub(1).ok_or_else(|| Failure::runtime(format!("nested deeper than {DEPTH} levels")))
}

/// A result as JSON, `None` for undefined. Inside objects and arrays undefined is left out.
pub(super) fn into_json(value: JValue) -> Result<Option<Value>, Failure> {
    into_json_at(value, DEPTH).map_err(|unsayable| {
        let steps = unsayable.path.iter().rev().take(STEPS_SHOWN);
        let mut path: String = steps.map(String::as_str).collect();
        if unsayable.path.len() > STEPS_SHOWN {
            path.push('…');
        }
        if path.is_empty() {
            path.push_str("the result");
        }
        match unsayable.refusal {
            Some(refusal) => Failure::coded(refusal.code, refusal.message),
            None => Failure::runtime(format!("{} {path}", unsayable.what)),
        }
    })
}

/// How much of a path an error shows.
const STEPS_SHOWN: usize = 8;

/// A part of a result that JSON cannot carry. The path is collected on the way out, innermost step first.
struct Unsayable {
    what: &'static str,
    path: Vec<String>,
    /// A limit that was reached in place of what cannot be said.
    refusal: Option<Refusal>,
}

impl Unsayable {
    fn new(what: &'static str) -> Self {
        Unsayable { what, path: Vec::new(), refusal: None }
    }

    fn refused(refusal: Refusal) -> Self {
        Unsayable { refusal: Some(refusal), ..Unsayable::new("") }
    }

    fn under(mut self, step: String) -> Self {
        self.path.push(step);
        self
    }
}

fn into_json_at(value: JValue, depth: usize) -> Result<Option<Value>, Unsayable> {
    Ok(Some(match value {
        JValue::Undefined => return Ok(None),
        JValue::Null => Value::Null,
        JValue::Bool(value) => Value::Bool(value),
        JValue::Number(number) => {
            let number = number_to_json(number);
            let number = number.ok_or_else(|| Unsayable::new("a number that is not finite stands at"))?;
            Value::Number(number)
        }
        JValue::String(text) => Value::String(text.as_ref().to_owned()),
        JValue::Array(items) => {
            let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
            let mut out = Vec::with_capacity(items.len());
            for (index, item) in items.into_vec().into_iter().enumerate() {
                running::poll().map_err(Unsayable::refused)?;
                let item = into_json_at(item, depth).map_err(|at| at.under(format!("[{index}]")))?;
                out.extend(item);
            }
            Value::Array(out)
        }
        value @ JValue::Object(_) if objects::is_known(&value) => {
            return objects::in_json(&value).map_or(Ok(None), |plain| into_json_at(plain, depth));
        }
        JValue::Object(fields) => {
            let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
            running::poll().map_err(Unsayable::refused)?;
            Value::Object(fields_to_json(fields, depth)?)
        }
        JValue::Lambda(_) | JValue::Builtin { .. } => {
            return Err(Unsayable::new("a function stands at"));
        }
        JValue::Regex { .. } => return Err(Unsayable::new("a regular expression stands at")),
    }))
}

fn too_deep() -> Unsayable {
    Unsayable::new("the result nests deeper than 128 levels at")
}

fn fields_to_json(fields: Rc<JMap>, depth: usize) -> Result<Map<String, Value>, Unsayable> {
    let mut out = Map::with_capacity(fields.len());
    // A result built by the expression is nobody else's, so its keys are taken and not copied.
    match Rc::try_unwrap(fields) {
        Ok(owned) => {
            for (key, field) in owned.into_inner() {
                match into_json_at(field, depth) {
                    Ok(Some(field)) => drop(out.insert(key, field)),
                    Ok(None) => {}
                    Err(at) => return Err(at.under(format!(".{key}"))),
                }
            }
        }
        Err(shared) => {
            for (key, field) in shared.iter() {
                match into_json_at(field.clone(), depth) {
                    Ok(Some(field)) => drop(out.insert(key.clone(), field)),
                    Ok(None) => {}
                    Err(at) => return Err(at.under(format!(".{key}"))),
                }
            }
        }
    }
    Ok(out)
}

/// A double as JSON: whole numbers that a 64-bit integer holds as integers, the rest as they are, `None` unless finite.
pub(super) fn number_to_json(number: f64) -> Option<Number> {
    /// 2^63 and 2^64, both exact as doubles.
    const I64_END: f64 = 9_223_372_036_854_775_808.0;
    const U64_END: f64 = 18_446_744_073_709_551_616.0;
    if number.fract() == 0.0 && number.abs() < I64_END {
        Some(Number::from(number as i64))
    } else if number.fract() == 0.0 && (I64_END..U64_END).contains(&number) {
        Some(Number::from(number as u64))
    } else {
        Number::from_f64(number)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn there_and_back(json: &str) -> Value {
        into_json(from_text(json).expect("a value")).expect("JSON").expect("defined")
    }

    #[test]
    fn whole_numbers_stay_whole() {
        let text = r#"[0,-0,1,-1,1.0,1e3,1.5,9007199254740992]"#;
        assert_eq!(there_and_back(text).to_string(), "[0,0,1,-1,1,1000,1.5,9007199254740992]");
    }

    #[test]
    fn doubles_beyond_64_bits_stay_doubles() {
        assert_eq!(there_and_back("1e300"), json!(1e300));
        assert_eq!(number_to_json(9.3e18).map(|n| n.to_string()).as_deref(), Some("9300000000000000000"));
        assert_eq!(number_to_json(f64::NAN), None);
        assert_eq!(number_to_json(f64::NEG_INFINITY), None);
    }

    #[test]
    fn large_integers_keep_their_digits_as_strings_from_text_and_from_values() {
        assert_eq!(there_and_back("[18446744073709551616]"), json!(["18446744073709551616"]));
        let value = from_json(&json!([9007199254740993u64, -9007199254740993i64, 7]), DEPTH);
        let back = into_json(value.expect("a value")).expect("JSON");
        assert_eq!(back, Some(json!(["9007199254740993", "-9007199254740993", 7])));
    }

    #[test]
    fn undefined_is_left_out() {
        let fields = JMap::from_iter([
            ("gone".to_owned(), JValue::Undefined),
            ("null".to_owned(), JValue::Null),
            ("list".to_owned(), JValue::array(vec![JValue::Undefined, JValue::Bool(true)])),
        ]);
        assert_eq!(into_json(object(fields)).expect("JSON"), Some(json!({"null": null, "list": [true]})));
        assert_eq!(into_json(JValue::Undefined).expect("JSON"), None);
    }

    #[test]
    fn what_json_cannot_carry_is_an_error_that_says_where() {
        let list = JValue::array(vec![JValue::Null, JValue::builtin("sum")]);
        let fields = JMap::from_iter([("a".to_owned(), list)]);
        let failure = into_json(object(fields)).expect_err("a function");
        assert_eq!(failure.message, "a function stands at .a[1]");
        let failure = into_json(JValue::from_f64(f64::INFINITY)).expect_err("an infinity");
        assert_eq!(failure.message, "a number that is not finite stands at the result");
    }

    #[test]
    fn nesting_is_limited_both_ways() {
        let deep_text = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert!(from_text(&deep_text).is_err());
        let mut deep = json!(1);
        let mut built = JValue::from(1i64);
        for _ in 0..200 {
            deep = json!([deep]);
            built = JValue::array(vec![built]);
        }
        assert!(from_json(&deep, DEPTH).is_err());
        assert!(into_json(built).is_err());
    }

    #[test]
    fn a_shared_object_is_copied_and_an_owned_one_taken() {
        let shared = from_text(r#"{"a":{"b":1}}"#).expect("a value");
        let held = shared.clone();
        assert_eq!(into_json(shared).expect("JSON"), Some(json!({"a": {"b": 1}})));
        assert_eq!(into_json(held).expect("JSON"), Some(json!({"a": {"b": 1}})));
    }
}
