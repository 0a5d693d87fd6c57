//! Whether a record is in the shape that the schema promises, and whether one value holds another.

use indexmap::IndexMap;
use serde_json::Value;
use unicrm::model::schema::Format;
use unicrm::model::{Field, Resource, Type};

/// Holds that a unified record has the schema's keys in the schema's order, and values of its types.
#[track_caller]
pub fn assert_conforms(resource: &Resource, record: &Value, with_remote_data: bool) {
    let mut record = record.clone();
    let members = record.as_object_mut().expect("a record");
    let remote_data = members.shift_remove("remote_data");
    assert_eq!(remote_data.is_some_and(|value| value.is_object()), with_remote_data, "remote_data");
    let id = &record["id"];
    assert!(id.as_str().is_some_and(|id| !id.is_empty()), "id: {id}");
    object("", &resource.fields, &record);
}

fn object(path: &str, fields: &IndexMap<String, Field>, value: &Value) {
    let members = value.as_object().unwrap_or_else(|| panic!("{path}: an object, not {value}"));
    let shown = fields.iter().filter(|(_, field)| !field.write_only);
    let (found, wanted): (Vec<_>, Vec<_>) =
        (members.keys().collect(), shown.clone().map(|(name, _)| name).collect());
    assert_eq!(found, wanted, "the keys of {path:?}");
    for (name, field) in shown {
        check(&format!("{path}.{name}"), field, &members[name]);
    }
}

fn check(path: &str, field: &Field, value: &Value) {
    match (field.kind, value) {
        (_, Value::Null) => assert!(!field.required, "{path} is required"),
        (Type::String, Value::String(text)) => {
            if field.format == Some(Format::DateTime) {
                assert!(is_instant(text), "{path}: an instant with milliseconds in UTC, not {text}");
            }
        }
        (Type::Integer, Value::Number(number)) => assert!(number.is_i64() || number.is_u64(), "{path}"),
        (Type::Number, Value::Number(_)) | (Type::Boolean, Value::Bool(_)) => {}
        (Type::Object, Value::Object(_)) if field.is_open() => {}
        (Type::Object, value) => object(path, &field.properties, value),
        (Type::Array, Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                if let Some(field) = &field.items {
                    assert!(!item.is_null(), "{path}[{index}] is null");
                    check(&format!("{path}[{index}]"), field, item);
                }
            }
        }
        (kind, value) => panic!("{path}: {}, not {value}", kind.noun()),
    }
}

/// `2026-01-31T09:30:00.000Z`
pub fn is_instant(text: &str) -> bool {
    let pattern = "dddd-dd-ddTdd:dd:dd.dddZ";
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(found, wanted)| match wanted {
            b'd' => found.is_ascii_digit(),
            other => found == other,
        })
}

/// Holds that `found` has everything that `wanted` has: an object may have more members, a list is complete, but in any
/// order.
#[track_caller]
pub fn assert_holds(found: &Value, wanted: &Value) {
    if let Err(place) = holds("", found, wanted) {
        panic!("{place}\nfound:  {found}\nwanted: {wanted}");
    }
}

fn holds(path: &str, found: &Value, wanted: &Value) -> Result<(), String> {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => wanted.iter().try_for_each(|(name, wanted)| {
            holds(&format!("{path}.{name}"), found.get(name).unwrap_or(&Value::Null), wanted)
        }),
        (Value::Array(found), Value::Array(wanted)) => {
            let mut left: Vec<&Value> = found.iter().collect();
            for (index, item) in wanted.iter().enumerate() {
                let place = left.iter().position(|other| holds("", other, item).is_ok());
                left.remove(place.ok_or_else(|| format!("{path}[{index}] is not there: {item}"))?);
            }
            match left.first() {
                None => Ok(()),
                Some(extra) => Err(format!("{path} has more: {extra}")),
            }
        }
        (found, wanted) if found == wanted => Ok(()),
        (found, wanted) => Err(format!("{path} is {found} and not {wanted}")),
    }
}
