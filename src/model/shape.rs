//! Mapped values brought into the shape that the schema promises, straight into the JSON text that leaves.
//!
//! A mapping says what a value is; here it gets its place in the order of fields, its type, and its spelling:
//! identifiers as strings, instants in UTC with milliseconds, every field present, null where the vendor has
//! nothing. A value that can't be brought into its field's type is an error that names the field.
//!
//! Text and not a tree of values, because a page holds thousands of them and nobody looks at them again: on the way
//! from the engine to the socket, each is copied once.

use std::fmt;
use std::iter::Peekable;

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Number, Value};

use super::record::instant;
use super::schema::{Field, Format, Resource, Type};

/// How deep a value may nest that the schema doesn't describe: serde_json's own limit for text.
const DEPTH: usize = 128;

/// Room for a record, so that most are written without moving.
const ROOM: usize = 2048;

/// A mapped value, wherever it lives: a JSON value, or a result that the engine still holds.
pub trait Mapped<'v>: Copy {
    /// What it is.
    fn node(self) -> Node<'v>;

    /// The items of a list; nothing else has any.
    fn items(self) -> impl Iterator<Item = Self>;

    /// The members of an object in order; nothing else has any.
    fn members(self) -> impl Iterator<Item = (&'v str, Self)>;

    /// The member of that name.
    fn member(self, name: &str) -> Option<Self>;
}

/// One mapped value without what is inside of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Node<'v> {
    /// Null, or nothing at all.
    Null,
    /// True or false.
    Boolean(bool),
    /// A number.
    Number(Number),
    /// Text.
    Text(&'v str),
    /// A list.
    List,
    /// An object.
    Object,
    /// What JSON has no word for, and how to call it in an error (`a function`).
    Unsayable(&'static str),
}

impl<'v> Mapped<'v> for &'v Value {
    fn node(self) -> Node<'v> {
        match self {
            Value::Null => Node::Null,
            Value::Bool(value) => Node::Boolean(*value),
            Value::Number(number) => Node::Number(number.clone()),
            Value::String(text) => Node::Text(text),
            Value::Array(_) => Node::List,
            Value::Object(_) => Node::Object,
        }
    }

    fn items(self) -> impl Iterator<Item = Self> {
        self.as_array().into_iter().flatten()
    }

    fn members(self) -> impl Iterator<Item = (&'v str, Self)> {
        self.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
    }

    fn member(self, name: &str) -> Option<Self> {
        self.get(name)
    }
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

/// The JSON text of a mapped object in the resource's shape.
pub(super) fn shape<'v>(resource: &Resource, mapped: impl Mapped<'v>) -> Result<Vec<u8>, ShapeError> {
    if mapped.node() != Node::Object {
        return Err(mismatch(&Place::Root, "an object", &mapped.node()));
    }
    let mut out = Vec::with_capacity(ROOM);
    write_object(&mut out, &Place::Root, &resource.fields, mapped)?;
    Ok(out)
}

/// Where a value stands. It is put into words only for an error.
enum Place<'p> {
    Root,
    Member(&'p Place<'p>, &'p str),
    Item(&'p Place<'p>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Root => f.write_str("the record"),
            Place::Member(Place::Root, name) => f.write_str(name),
            Place::Member(parent, name) => write!(f, "{parent}.{name}"),
            Place::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

fn write_object<'v, M: Mapped<'v>>(
    out: &mut Vec<u8>,
    place: &Place<'_>,
    fields: &IndexMap<String, Field>,
    given: M,
) -> Result<(), ShapeError> {
    out.push(b'{');
    let begin = out.len();
    let mut found = Members { given, ahead: given.members().peekable(), found: 0 };
    for (name, field) in fields.iter().filter(|(_, field)| !field.write_only) {
        write_name(out, begin, name);
        let place = Place::Member(place, name);
        match found.take(name, &field.aliases) {
            Some(value) => write_value(out, &place, field, value)?,
            None => out.extend_from_slice(b"null"),
        }
    }
    if found.found < given.members().count() {
        let of_schema = |name: &str| {
            fields.contains_key(name)
                || fields.values().any(|field| field.aliases.iter().any(|alias| alias == name))
        };
        for (name, value) in given.members().filter(|(name, _)| !of_schema(name)) {
            write_name(out, begin, name);
            write_open(out, &Place::Member(place, name), value, DEPTH)?;
        }
    }
    out.push(b'}');
    Ok(())
}

/// Finds the members of an object by the names of its fields. Mappings are mostly written in the order of the schema,
/// so the next member is looked at before all of them are searched.
struct Members<'v, M: Mapped<'v>, I: Iterator<Item = (&'v str, M)>> {
    given: M,
    ahead: Peekable<I>,
    found: usize,
}

impl<'v, M: Mapped<'v>, I: Iterator<Item = (&'v str, M)>> Members<'v, M, I> {
    /// The field's value under its name, or else under the first alias that has one.
    fn take(&mut self, name: &str, aliases: &[String]) -> Option<M> {
        let named = match self.ahead.next_if(|(next, _)| *next == name) {
            Some((_, value)) => Some(value),
            None => self.given.member(name),
        };
        self.found += usize::from(named.is_some());
        aliases.iter().fold(named, |value, alias| {
            let other = self.given.member(alias);
            self.found += usize::from(other.is_some());
            value.filter(|value| value.node() != Node::Null).or(other)
        })
    }
}

fn write_value<'v, M: Mapped<'v>>(
    out: &mut Vec<u8>,
    place: &Place<'_>,
    field: &Field,
    value: M,
) -> Result<(), ShapeError> {
    match (field.kind, value.node()) {
        (_, Node::Null) => out.extend_from_slice(b"null"),
        (Type::String, Node::Text(text)) => match field.format {
            None => write_json(out, text),
            Some(Format::DateTime) => match instant(text) {
                Some(normal) => write_json(out, &normal),
                None => return Err(mismatch(place, expected(field), &Node::Text(text))),
            },
        },
        (Type::String, Node::Number(number)) if field.format.is_none() => {
            out.push(b'"');
            write_json(out, &number);
            out.push(b'"');
        }
        (Type::Integer, Node::Number(number)) if number.is_i64() || number.is_u64() => {
            write_json(out, &number);
        }
        (Type::Number, Node::Number(number)) => write_json(out, &number),
        (Type::Boolean, Node::Boolean(value)) => write_json(out, &value),
        (Type::Object, Node::Object) if field.is_open() => write_open(out, place, value, DEPTH)?,
        (Type::Object, Node::Object) => write_object(out, place, &field.properties, value)?,
        (Type::Array, Node::List) => write_list(out, place, field, value.items())?,
        // A lone value stands for a list of one: JSONata collapses such lists.
        (Type::Array, _) => write_list(out, place, field, std::iter::once(value))?,
        (_, node) => return Err(mismatch(place, expected(field), &node)),
    }
    Ok(())
}

fn write_list<'v, M: Mapped<'v>>(
    out: &mut Vec<u8>,
    place: &Place<'_>,
    field: &Field,
    items: impl Iterator<Item = M>,
) -> Result<(), ShapeError> {
    out.push(b'[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let place = Place::Item(place, index);
        match &field.items {
            Some(field) => write_value(out, &place, field, item)?,
            None => write_open(out, &place, item, DEPTH)?,
        }
    }
    out.push(b']');
    Ok(())
}

/// Writes a value that the schema says nothing about.
fn write_open<'v, M: Mapped<'v>>(
    out: &mut Vec<u8>,
    place: &Place<'_>,
    value: M,
    depth: usize,
) -> Result<(), ShapeError> {
    let deeper = || {
        let too_deep = ShapeError {
            field: place.to_string(),
            expected: format!("at most {DEPTH} levels"),
            found: "more".to_owned(),
        };
        depth.checked_sub(1).ok_or(too_deep)
    };
    match value.node() {
        Node::Null => out.extend_from_slice(b"null"),
        Node::Boolean(value) => write_json(out, &value),
        Node::Number(number) => write_json(out, &number),
        Node::Text(text) => write_json(out, text),
        Node::List => {
            let depth = deeper()?;
            out.push(b'[');
            for (index, item) in value.items().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_open(out, &Place::Item(place, index), item, depth)?;
            }
            out.push(b']');
        }
        Node::Object => {
            let depth = deeper()?;
            out.push(b'{');
            let begin = out.len();
            for (name, member) in value.members() {
                write_name(out, begin, name);
                write_open(out, &Place::Member(place, name), member, depth)?;
            }
            out.push(b'}');
        }
        node @ Node::Unsayable(_) => return Err(mismatch(place, "a value of JSON", &node)),
    }
    Ok(())
}

/// A member's name with what stands around it. The object's members begin at `begin`.
fn write_name(out: &mut Vec<u8>, begin: usize, name: &str) {
    if out.len() > begin {
        out.push(b',');
    }
    write_json(out, name);
    out.push(b':');
}

fn write_json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    // Only a writer can fail here, and a Vec doesn't; a number that isn't finite is no `Number`.
    serde_json::to_writer(out, value).expect("text, numbers and booleans are JSON");
}

fn expected(field: &Field) -> &'static str {
    match field.format {
        Some(_) => "an ISO-8601 date and time",
        None => field.kind.noun(),
    }
}

fn mismatch(place: &Place<'_>, expected: &str, found: &Node<'_>) -> ShapeError {
    let found = match found {
        Node::Null => "null",
        Node::Boolean(_) => "a boolean",
        Node::Number(_) => "a number",
        Node::Text(_) => "a string that isn't one",
        Node::List => "an array",
        Node::Object => "an object",
        Node::Unsayable(what) => what,
    };
    ShapeError { field: place.to_string(), expected: expected.to_owned(), found: found.to_owned() }
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

    fn shaped_text(mapped: Value) -> Result<String, ShapeError> {
        Ok(String::from_utf8(shape(&resource(), &mapped)?).unwrap())
    }

    fn shaped(mapped: Value) -> Result<Value, ShapeError> {
        Ok(serde_json::from_str(&shaped_text(mapped)?).unwrap())
    }

    #[test]
    fn fields_leave_in_schema_order_and_complete() {
        assert_eq!(
            shaped_text(json!({"name": "x", "extra": 1, "id": 9})).unwrap(),
            r#"{"id":"9","name":"x","count":null,"account":null,"emails":null,"custom_fields":null,"kind":null,"created_at":null,"extra":1}"#
        );
    }

    #[test]
    fn a_mapping_may_give_a_field_under_another_of_its_names() {
        for mapped in [json!({"sort": "a"}), json!({"kind": "a"}), json!({"kind": "a", "sort": "b"})] {
            let shaped = shaped(mapped).unwrap();
            assert_eq!((&shaped["kind"], shaped.get("sort")), (&json!("a"), None));
        }
    }

    #[test]
    fn a_field_that_is_null_gives_way_to_its_other_name() {
        assert_eq!(shaped(json!({"kind": null, "sort": "b"})).unwrap()["kind"], json!("b"));
    }

    #[test]
    fn what_can_only_be_written_never_leaves() {
        assert_eq!(shaped(json!({"password": "x"})).unwrap().get("password"), None);
    }

    #[test]
    fn nested_ids_become_strings_and_single_items_lists() {
        let shaped = shaped(json!({"id": "1", "account": {"id": 7}, "emails": {"email": "a@b.c"}})).unwrap();
        assert_eq!(shaped["account"], json!({"id": "7", "name": null}));
        assert_eq!(shaped["emails"], json!([{"email": "a@b.c"}]));
    }

    #[test]
    fn whatever_the_order_of_the_mapping_every_value_finds_its_field() {
        let text = shaped_text(json!({
            "z": {"b": [1.5, null, true]}, "created_at": "2024-03-19T18:25:25Z", "emails": [{"email": "a"}],
            "a\"b": "\u{1}", "id": 1, "account": {"name": "n", "id": "i", "x": 1}
        }));
        assert_eq!(
            text.unwrap(),
            concat!(
                r#"{"id":"1","name":null,"count":null,"account":{"id":"i","name":"n","x":1},"#,
                r#""emails":[{"email":"a"}],"custom_fields":null,"kind":null,"#,
                r#""created_at":"2024-03-19T18:25:25.000Z","z":{"b":[1.5,null,true]},"a\"b":"\u0001"}"#
            )
        );
    }

    #[test]
    fn a_value_of_the_wrong_type_is_an_error_that_names_its_field() {
        let error = shaped(json!({"id": "1", "emails": [{"email": "a"}, {"email": {}}]})).unwrap_err();
        assert_eq!(error.field, "emails[1].email");
        assert!(shaped(json!({"id": "1", "count": 1.5})).is_err());
        assert!(shaped(json!({"id": "1", "created_at": "soon"})).is_err());
        assert_eq!(shaped(json!([])).unwrap_err().field, "the record");
    }

    #[test]
    fn what_the_schema_leaves_open_nests_as_deep_as_others_can_read() {
        let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
        assert!(shaped(json!({"custom_fields": {"x": nested(100)}})).is_ok());
        let error = shaped(json!({"custom_fields": {"x": nested(200)}})).unwrap_err();
        assert!(error.field.starts_with("custom_fields.x[0]"), "{error}");
    }
}
