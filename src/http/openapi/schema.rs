//! Fields as JSON Schema.

use serde_json::{Map, Value, json};

use crate::model::Field;
use crate::model::schema::{Filter, Type};

/// Where a schema stands, which decides what it may promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A unified record: any field can be null, and a vendor's own value can stand where the contract names some.
    Record,
    /// An object of the gateway's own: what it names is all there is.
    Answer,
    /// A body: fields can be null, values must be among those that are named.
    Body,
    /// A parameter, which is there or isn't.
    Parameter,
}

/// A field's schema.
pub fn field(field: &Field, place: Place) -> Value {
    let nullable = !field.required && place != Place::Parameter;
    let mut schema = Map::new();
    let kind = field.kind.as_str();
    schema.insert("type".to_owned(), if nullable { json!([kind, "null"]) } else { json!(kind) });
    if let Some(format) = field.format {
        schema.insert("format".to_owned(), Value::from(format.as_str()));
    }
    describe(&mut schema, field, place);
    if !field.one_of.is_empty() && place != Place::Record {
        let null = nullable.then_some(Value::Null);
        let values = field.one_of.iter().map(|value| Value::from(value.as_str())).chain(null);
        schema.insert("enum".to_owned(), values.collect());
    }
    if !field.properties.is_empty() {
        let (properties, required) = members(field.properties.iter(), place);
        schema.insert("properties".to_owned(), properties);
        if let Some(required) = required {
            schema.insert("required".to_owned(), required);
        }
    }
    if let Some(items) = &field.items {
        // What is in a list is there: only the list itself can be null.
        let mut items = self::field(items, place);
        items["type"] = Value::from(field.items.as_ref().map_or("string", |items| items.kind.as_str()));
        schema.insert("items".to_owned(), items);
    }
    if field.extension {
        schema.insert("x-unicrm-extension".to_owned(), Value::Bool(true));
    }
    Value::Object(schema)
}

fn describe(schema: &mut Map<String, Value>, field: &Field, place: Place) {
    let mut text = field.description.clone();
    if place == Place::Record && !field.one_of.is_empty() {
        text.push_str(&format!(
            " One of {}, or the CRM's own word where it has more.",
            field.one_of.join(", ")
        ));
        schema.insert("examples".to_owned(), json!(field.one_of));
    }
    if place == Place::Body && !field.aliases.is_empty() {
        text.push_str(&also(&field.aliases));
    }
    if !text.is_empty() {
        schema.insert("description".to_owned(), Value::from(text));
    }
}

fn also(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!(" May be sent as {} too.", names.join(" or "))
}

/// Properties, and the names of those that are always there.
fn members<'a>(
    fields: impl Iterator<Item = (&'a String, &'a Field)>,
    place: Place,
) -> (Value, Option<Value>) {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, inner) in fields {
        properties.insert(name.clone(), field(inner, place));
        required.extend(inner.required.then(|| name.clone()));
    }
    (Value::Object(properties), (!required.is_empty()).then(|| json!(required)))
}

/// An object of fields.
pub fn object<'a>(
    description: &str,
    fields: impl Iterator<Item = (&'a String, &'a Field)>,
    place: Place,
) -> Value {
    let (properties, required) = members(fields, place);
    let mut schema = json!({ "type": "object", "description": description, "properties": properties });
    if let Some(required) = required {
        schema["required"] = required;
    }
    schema
}

/// A field as a parameter of the query.
pub fn query_parameter(name: &str, field: &Field) -> Value {
    let mut schema = self::field(field, Place::Parameter);
    let description = schema.as_object_mut().and_then(|schema| schema.shift_remove("description"));
    let mut parameter = json!({ "name": name, "in": "query", "description": description });
    if field.required {
        parameter["required"] = Value::Bool(true);
    }
    parameter["schema"] = schema;
    parameter
}

/// A filter as a parameter of the query, under its own name or with an operator.
pub fn filter_parameter(name: &str, filter: &Filter, operator: &str, providers: &[&str]) -> Value {
    let mut schema = json!({ "type": filter.kind.as_str() });
    if let Some(format) = filter.format {
        schema["format"] = Value::from(format.as_str());
    }
    if !filter.one_of.is_empty() {
        schema["enum"] = json!(filter.one_of);
    }
    let mut description = filter.description.clone();
    if !filter.aliases.is_empty() {
        description.push_str(&also(&filter.aliases));
    }
    let name = match operator {
        "eq" => name.to_owned(),
        operator => {
            description.push_str(compared(operator));
            format!("{name}[{operator}]")
        }
    };
    if matches!(operator, "in" | "nin") || filter.kind == Type::Array {
        schema = json!({ "type": "string" });
    }
    let mut parameter = json!({ "name": name, "in": "query", "description": description, "schema": schema });
    if filter.extension {
        parameter["x-unicrm-extension"] = Value::Bool(true);
    }
    parameter["x-unicrm-providers"] = json!(providers);
    parameter
}

/// What an operator keeps, as a sentence.
fn compared(operator: &str) -> &'static str {
    match operator {
        "ne" => " Keeps those that differ.",
        "gt" => " Keeps those after or above it.",
        "gte" => " Keeps those at or after or above it.",
        "lt" => " Keeps those before or below it.",
        "lte" => " Keeps those at or before or below it.",
        "in" => " Keeps those with one of several values, separated by commas.",
        "nin" => " Keeps those with none of several values, separated by commas.",
        "like" => " Keeps those that contain it.",
        _ => "",
    }
}

/// The envelope of unified and proxy lists.
pub fn list_of(record: Value) -> Value {
    json!({
        "type": "object",
        "required": ["result", "next_cursor", "prev_cursor", "result_count"],
        "properties": {
            "result": {
                "type": "array",
                "description": "The page's records; an object of them by key where `truto_key_by` is given.",
                "items": record,
            },
            "next_cursor": {
                "type": ["string", "null"],
                "description": "Send it as `next_cursor` for the next page; null on the last one.",
            },
            "prev_cursor": { "type": "null", "description": "Always null: lists go one way." },
            "result_count": { "type": "integer", "description": "How many records the page has." },
            "is_partial_response": {
                "type": "boolean",
                "description": "Whether the records came in short (`truto_partial`), or the list was cut off.",
            },
        },
    })
}

/// The envelope of administrative lists.
pub fn page_of(object: Value) -> Value {
    json!({
        "type": "object",
        "required": ["result", "next_cursor", "limit"],
        "properties": {
            "result": { "type": "array", "items": object },
            "next_cursor": {
                "type": ["string", "null"],
                "description": "Send it as `next_cursor` for the next page; null on the last one.",
            },
            "limit": { "type": "integer", "description": "How many a page has at most." },
        },
    })
}

/// A successful answer in JSON.
pub fn json_answer(description: &str, schema: Value) -> Value {
    json!({ "description": description, "content": { "application/json": { "schema": schema } } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(schema: Value) -> Field {
        serde_json::from_value(schema).unwrap()
    }

    #[test]
    fn what_can_be_absent_can_be_null() {
        let optional = read(json!({"type": "string", "description": "x"}));
        assert_eq!(field(&optional, Place::Record)["type"], json!(["string", "null"]));
        assert_eq!(field(&optional, Place::Parameter)["type"], json!("string"));
        let required = read(json!({"type": "string", "required": true}));
        assert_eq!(field(&required, Place::Record)["type"], json!("string"));
    }

    #[test]
    fn named_values_bind_bodies_and_not_records() {
        let status = read(json!({"type": "string", "enum": ["open", "done"], "description": "How far."}));
        assert_eq!(field(&status, Place::Body)["enum"], json!(["open", "done", null]));
        assert_eq!(field(&status, Place::Record).get("enum"), None);
        assert_eq!(field(&status, Place::Record)["examples"], json!(["open", "done"]));
    }

    #[test]
    fn items_of_lists_are_never_null() {
        let tags = read(
            json!({"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}}),
        );
        let schema = field(&tags, Place::Record);
        assert_eq!(schema["type"], json!(["array", "null"]));
        assert_eq!(schema["items"]["type"], json!("object"));
        assert_eq!(schema["items"]["properties"]["id"]["type"], json!(["string", "null"]));
    }

    #[test]
    fn an_operator_is_a_parameter_of_its_own() {
        let filter: Filter = serde_json::from_value(
            json!({"type": "string", "format": "date-time", "description": "When.", "aliases": ["made"]}),
        )
        .unwrap();
        let after = filter_parameter("created_at", &filter, "gt", &["capsule"]);
        assert_eq!(after["name"], "created_at[gt]");
        assert_eq!(after["x-unicrm-providers"], json!(["capsule"]));
        assert_eq!(after["description"], "When. May be sent as `made` too. Keeps those after or above it.");
    }
}
