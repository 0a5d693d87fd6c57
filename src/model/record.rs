//! Records and pages: mapped values brought into the shape that the schema promises.
//!
//! A mapping says what a value is; here it gets its place in the order of fields, its type, and its spelling:
//! identifiers as strings, instants in UTC with milliseconds, every field present, null where the vendor has
//! nothing. A value that can't be brought into its field's type is an error that names the field.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime, UtcOffset};

use super::schema::{Field, Format, Resource, Type};

/// One unified record.
#[derive(Debug)]
pub struct Record {
    /// In schema order; keys that a custom mapping adds come last.
    pub fields: Map<String, Value>,
    /// The vendor's own record, byte for byte; absent if the caller doesn't want it.
    pub remote_data: Option<Box<RawValue>>,
}

/// A page of a list, ready for its envelope.
#[derive(Debug)]
pub struct Page<R> {
    /// The page's records.
    pub records: Vec<R>,
    /// Where the list goes on; absent on the last page.
    pub next_cursor: Option<String>,
}

/// A mapped value that doesn't fit its field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: expected {expected}, the mapping gave {found}")]
pub struct ShapeError {
    /// Where: `email_addresses[0].email`.
    pub field: String,
    /// What the schema says.
    pub expected: String,
    /// What came instead.
    pub found: String,
}

impl Record {
    /// Brings a mapped object into the resource's shape.
    pub fn shape(
        resource: &Resource,
        mapped: Value,
        remote_data: Option<Box<RawValue>>,
    ) -> Result<Record, ShapeError> {
        let Value::Object(mapped) = mapped else {
            return Err(mismatch("the record", "an object", &mapped));
        };
        Ok(Record { fields: shape_object("", &resource.fields, mapped)?, remote_data })
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in &self.fields {
            map.serialize_entry(name, value)?;
        }
        if let Some(remote) = &self.remote_data {
            map.serialize_entry("remote_data", remote)?;
        }
        map.end()
    }
}

fn shape_object(
    path: &str,
    fields: &indexmap::IndexMap<String, Field>,
    mut given: Map<String, Value>,
) -> Result<Map<String, Value>, ShapeError> {
    let mut shaped = Map::with_capacity(fields.len());
    for (name, field) in fields.iter().filter(|(_, field)| !field.write_only) {
        let value = given.get_mut(name).map_or(Value::Null, Value::take);
        let value = field.aliases.iter().fold(value, |value, alias| match given.shift_remove(alias) {
            Some(other) if value.is_null() => other,
            _ => value,
        });
        shaped.insert(name.clone(), shape_value(path, name, field, value)?);
    }
    let extra = given.into_iter().filter(|(name, _)| !fields.contains_key(name));
    shaped.extend(extra);
    Ok(shaped)
}

fn shape_value(parent: &str, name: &str, field: &Field, value: Value) -> Result<Value, ShapeError> {
    let fail = |value: &Value| Err(mismatch(&join(parent, name), expected(field), value));
    match (field.kind, value) {
        (_, Value::Null) => Ok(Value::Null),
        (Type::String, Value::String(text)) => match field.format {
            None => Ok(Value::String(text)),
            Some(Format::DateTime) => match instant(&text) {
                Some(normal) => Ok(Value::String(normal)),
                None => fail(&Value::String(text)),
            },
        },
        (Type::String, Value::Number(number)) if field.format.is_none() => {
            Ok(Value::String(number.to_string()))
        }
        (Type::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => {
            Ok(Value::Number(number))
        }
        (Type::Number, value @ Value::Number(_)) | (Type::Boolean, value @ Value::Bool(_)) => Ok(value),
        (Type::Object, Value::Object(map)) if field.is_open() => Ok(Value::Object(map)),
        (Type::Object, Value::Object(map)) => {
            Ok(Value::Object(shape_object(&join(parent, name), &field.properties, map)?))
        }
        (Type::Array, value) => shape_array(parent, name, field, value),
        (_, value) => fail(&value),
    }
}

/// A lone value stands for a list of one: JSONata collapses such lists.
fn shape_array(parent: &str, name: &str, field: &Field, value: Value) -> Result<Value, ShapeError> {
    let items = match value {
        Value::Array(items) => items,
        single => vec![single],
    };
    let Some(item) = &field.items else { return Ok(Value::Array(items)) };
    items
        .into_iter()
        .enumerate()
        .map(|(index, value)| shape_value(parent, &format!("{name}[{index}]"), item, value))
        .collect::<Result<Vec<_>, _>>()
        .map(Value::Array)
}

fn join(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
}

fn expected(field: &Field) -> &'static str {
    match field.format {
        Some(_) => "an ISO-8601 date and time",
        None => field.kind.noun(),
    }
}

fn mismatch(field: &str, expected: &str, value: &Value) -> ShapeError {
    let found = match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "a boolean".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::String(_) => "a string that isn't one".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    };
    ShapeError { field: field.to_owned(), expected: expected.to_owned(), found }
}

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const OFFSET_WITHOUT_COLON: &[BorrowedFormatItem<'_>] = format_description!(
    "[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]][offset_hour sign:mandatory][offset_minute]"
);
const NO_OFFSET: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]]");
const CANONICAL: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// Reads an instant in the spellings that vendors use and writes it as ISO-8601 in UTC with milliseconds.
///
/// Read are RFC 3339, an offset without its colon, a time without an offset (taken as UTC), and a bare day
/// (taken as its midnight in UTC). Anything else is `None`.
pub fn instant(text: &str) -> Option<String> {
    let moment = OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(text, OFFSET_WITHOUT_COLON))
        .or_else(|_| PrimitiveDateTime::parse(text, NO_OFFSET).map(PrimitiveDateTime::assume_utc))
        .or_else(|_| Date::parse(text, DAY).map(|day| day.midnight().assume_utc()))
        .ok()?;
    format_instant(moment)
}

/// Writes an instant as every answer spells it.
pub fn format_instant(moment: OffsetDateTime) -> Option<String> {
    moment.to_offset(UtcOffset::UTC).format(CANONICAL).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn resource() -> Resource {
        serde_json::from_value(json!({
            "description": "", "singular": "contact", "methods": ["list"],
            "fields": {
                "id": {"type": "string", "required": true},
                "name": {"type": "string"},
                "count": {"type": "integer"},
                "account": {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}},
                "emails": {"type": "array", "items": {"type": "object", "properties": {"email": {"type": "string"}}}},
                "custom_fields": {"type": "object"},
                "kind": {"type": "string", "aliases": ["sort"]},
                "password": {"type": "string", "write_only": true},
                "created_at": {"type": "string", "format": "date-time"}
            }
        }))
        .unwrap()
    }

    fn shape(mapped: Value) -> Result<Value, ShapeError> {
        Ok(serde_json::to_value(Record::shape(&resource(), mapped, None)?).unwrap())
    }

    #[test]
    fn fields_leave_in_schema_order_and_complete() {
        let shaped = shape(json!({"name": "x", "extra": 1, "id": 9})).unwrap();
        assert_eq!(
            serde_json::to_string(&shaped).unwrap(),
            r#"{"id":"9","name":"x","count":null,"account":null,"emails":null,"custom_fields":null,"kind":null,"created_at":null,"extra":1}"#
        );
    }

    #[test]
    fn a_mapping_may_give_a_field_under_another_of_its_names() {
        for mapped in [json!({"sort": "a"}), json!({"kind": "a"}), json!({"kind": "a", "sort": "b"})] {
            let shaped = shape(mapped).unwrap();
            assert_eq!((&shaped["kind"], shaped.get("sort")), (&json!("a"), None));
        }
    }

    #[test]
    fn what_can_only_be_written_never_leaves() {
        assert_eq!(shape(json!({"password": "x"})).unwrap().get("password"), None);
    }

    #[test]
    fn nested_ids_become_strings_and_single_items_lists() {
        let shaped = shape(json!({"id": "1", "account": {"id": 7}, "emails": {"email": "a@b.c"}})).unwrap();
        assert_eq!(shaped["account"], json!({"id": "7", "name": null}));
        assert_eq!(shaped["emails"], json!([{"email": "a@b.c"}]));
    }

    #[test]
    fn instants_leave_in_one_spelling() {
        for text in [
            "2024-03-19T18:25:25Z",
            "2024-03-19T20:25:25+02:00",
            "2024-03-19T18:25:25+0000",
            "2024-03-19T18:25:25",
        ] {
            assert_eq!(instant(text).as_deref(), Some("2024-03-19T18:25:25.000Z"), "{text}");
        }
        assert_eq!(instant("2024-03-19T18:25:25.123456Z").as_deref(), Some("2024-03-19T18:25:25.123Z"));
        assert_eq!(instant("2024-03-19").as_deref(), Some("2024-03-19T00:00:00.000Z"));
        assert_eq!(instant("19/03/2024"), None);
    }

    #[test]
    fn a_value_of_the_wrong_type_is_an_error_that_names_its_field() {
        let error = shape(json!({"id": "1", "emails": [{"email": "a"}, {"email": {}}]})).unwrap_err();
        assert_eq!(error.field, "emails[1].email");
        assert!(shape(json!({"id": "1", "count": 1.5})).is_err());
        assert!(shape(json!({"id": "1", "created_at": "soon"})).is_err());
        assert!(shape(json!([])).is_err());
    }
}
