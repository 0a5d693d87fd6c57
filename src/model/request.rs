//! From query and body to an [`Operation`]: everything that can be said of a request without knowing the provider.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::operation::{Method, Operation};
use super::presentation::Presentation;
use super::query::{self, Condition, Parameters, Query};
use super::schema::{Field, Resource, Type, nearest};
use crate::error::{Error, Failure, Result};

/// The largest page that any caller may ask for. Providers have smaller ones of their own.
pub const LARGEST_LIMIT: u32 = 1000;

/// The longest record id that is taken.
const LONGEST_ID: usize = 512;

/// The pieces of a unified request as they came in.
#[derive(Debug)]
pub struct Received<'a> {
    /// As in `/unified/{model}`.
    pub model: &'a str,
    /// As in `/unified/{model}/{resource}`.
    pub name: &'a str,
    /// The resource's schema.
    pub resource: &'a Resource,
    /// What is asked.
    pub method: Method,
    /// The path's last segment, decoded.
    pub id: Option<String>,
    /// The query, without `integrated_account_id`.
    pub query: Query,
    /// The parsed body of a write.
    pub body: Option<Value>,
}

impl Received<'_> {
    /// Understands the request, or says everything that is wrong with it.
    pub fn understand(self) -> Result<Operation> {
        let raw_query = self.query.0.clone();
        let mut query = self.query;
        let presentation = Presentation::take(&mut query, self.resource, self.method == Method::List)?;
        let lenient = query.take_flag("truto_allow_unknown_query")?;
        let passthrough = query.take_flag("truto_body_passthrough")?;
        let remote_query = query.take_object("remote_query")?;
        let (mut limit, mut cursor, mut sort_by) = (None, None, Vec::new());
        if self.method == Method::List {
            limit = query.take_count("limit", LARGEST_LIMIT)?;
            cursor = query.take_text("next_cursor")?;
            sort_by = sorting(query.take_object("sort_by")?)?;
        }
        let known = Parameters { resource: self.resource, method: self.method, lenient };
        let conditions = query::conditions(&query.0, known)?;
        let (body, remote_data, passthrough) = match (self.method, passthrough) {
            (Method::Create | Method::Update, true) => (Map::new(), None, self.body),
            (Method::Create | Method::Update, false) => {
                let (body, remote_data) = read_body(self.resource, self.body)?;
                (body, remote_data, None)
            }
            (Method::List | Method::Get | Method::Delete, _) => (Map::new(), None, None),
        };
        Ok(Operation {
            model: self.model.to_owned(),
            resource: self.name.to_owned(),
            method: self.method,
            id: self.id.map(check_id).transpose()?,
            filters: nest(&conditions),
            conditions,
            raw_query,
            remote_query,
            body,
            remote_data,
            limit,
            cursor,
            sort_by,
            lenient,
            passthrough,
            presentation,
        })
    }
}

/// `sort_by[name]=desc` as fields and directions.
fn sorting(given: Map<String, Value>) -> Result<Vec<(String, bool)>> {
    let read = |(field, direction): (String, Value)| match direction.as_str() {
        Some("asc") => Ok((field, false)),
        Some("desc") => Ok((field, true)),
        _ => Err(Error::invalid_field(format!("sort_by[{field}]"), "must be asc or desc")),
    };
    given.into_iter().map(read).collect()
}

/// Refuses ids that no CRM can have given out.
pub fn check_id(id: String) -> Result<String> {
    if id.is_empty() || id.len() > LONGEST_ID || id.chars().any(char::is_control) {
        return Err(Error::invalid_field(
            "id",
            format!("must have 1 to {LONGEST_ID} bytes and no control characters"),
        ));
    }
    Ok(id)
}

/// Conditions as the nested object that mappings read: `query.owner.id`, `query.created_at.gt`.
fn nest(conditions: &[Condition]) -> Map<String, Value> {
    let mut root = Map::new();
    for condition in conditions {
        let mut names = condition.spelling.split(['[', ']']).filter(|name| !name.is_empty()).peekable();
        let mut level = &mut root;
        while let Some(name) = names.next() {
            if names.peek().is_none() {
                level.insert(name.to_owned(), condition.value.clone());
                break;
            }
            let inner = level.entry(name.to_owned()).or_insert_with(|| Value::Object(Map::new()));
            if !inner.is_object() {
                *inner = Value::Object(Map::from_iter([("eq".to_owned(), inner.take())]));
            }
            let Value::Object(map) = inner else { break };
            level = map;
        }
    }
    root
}

type Body = (Map<String, Value>, Option<Value>);

fn read_body(resource: &Resource, body: Option<Value>) -> Result<Body> {
    let Some(Value::Object(mut body)) = body else {
        return Err(Error::invalid("The body must be a JSON object with the record's fields."));
    };
    let remote_data = body.shift_remove("remote_data").filter(|value| !value.is_null());
    if remote_data.as_ref().is_some_and(|value| !value.is_object()) {
        return Err(Error::invalid_field("remote_data", "must be an object"));
    }
    let mut failures = Vec::new();
    check_object("", &resource.fields, &mut body, &mut failures);
    match failures.as_slice() {
        [] => Ok((body, remote_data)),
        [only] => Err(Error::invalid(format!("{}: {}", only.field, only.message)).with_failures(failures)),
        several => {
            let fields: Vec<&str> = several.iter().map(|failure| failure.field.as_str()).collect();
            let message = format!("{} fields of the body are wrong: {}", several.len(), fields.join(", "));
            Err(Error::invalid(message).with_failures(failures))
        }
    }
}

fn check_object(
    path: &str,
    fields: &IndexMap<String, Field>,
    given: &mut Map<String, Value>,
    failures: &mut Vec<Failure>,
) {
    settle_aliases(path, fields, given, failures);
    for (name, value) in given {
        let here = join(path, name);
        match fields.get(name) {
            Some(field) if !field.is_writable() => {
                failures.push(Failure {
                    field: here,
                    message: "is set by the CRM and can't be written".to_owned(),
                });
            }
            Some(field) => check_value(&here, field, value, failures),
            None => {
                let known =
                    fields.iter().filter(|(_, field)| field.is_writable()).map(|(name, _)| name.as_str());
                let hint =
                    nearest(name, known).map_or_else(String::new, |near| format!("; did you mean {near}?"));
                failures
                    .push(Failure { field: here, message: format!("is not a field of this resource{hint}") });
            }
        }
    }
}

/// Puts what came under another name of a field under the field's own.
fn settle_aliases(
    path: &str,
    fields: &indexmap::IndexMap<String, Field>,
    given: &mut Map<String, Value>,
    failures: &mut Vec<Failure>,
) {
    let aliases =
        fields.iter().flat_map(|(name, field)| field.aliases.iter().map(move |alias| (name, alias)));
    for (name, alias) in aliases {
        let Some(value) = given.shift_remove(alias) else { continue };
        if given.get(name).is_some_and(|own| *own != value) {
            let message = format!("is another name of {name}, and the two have different values");
            failures.push(Failure { field: join(path, alias), message });
        } else {
            given.insert(name.clone(), value);
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn check_value(path: &str, field: &Field, value: &mut Value, failures: &mut Vec<Failure>) {
    let fits = match (field.kind, &mut *value) {
        (_, Value::Null) => true,
        (Type::String, Value::String(text)) => match field.format {
            None => field.one_of.is_empty() || field.one_of.contains(text),
            Some(_) => super::record::instant(text).is_some(),
        },
        // Identifiers are strings on the wire, but a caller who kept one as a number means the same record.
        (Type::String, Value::Number(number)) if field.format.is_none() => {
            let text = number.to_string();
            *value = Value::String(text);
            true
        }
        (Type::Integer, Value::Number(number)) => number.is_i64() || number.is_u64(),
        (Type::Number, Value::Number(_)) | (Type::Boolean, Value::Bool(_)) => true,
        (Type::Object, Value::Object(map)) => {
            if !field.is_open() {
                check_object(path, &field.properties, map, failures);
            }
            true
        }
        (Type::Array, Value::Array(items)) => {
            if let Some(item) = &field.items {
                for (index, value) in items.iter_mut().enumerate() {
                    check_item(&format!("{path}[{index}]"), item, value, failures);
                }
            }
            true
        }
        _ => false,
    };
    if !fits {
        let expected = match (field.format, field.one_of.as_slice()) {
            (Some(_), _) => "an ISO-8601 date and time".to_owned(),
            (None, []) => field.kind.noun().to_owned(),
            (None, values) => format!("one of {}", values.join(", ")),
        };
        failures.push(Failure { field: path.to_owned(), message: format!("must be {expected}, or null") });
    }
}

fn check_item(path: &str, item: &Field, value: &mut Value, failures: &mut Vec<Failure>) {
    if value.is_null() {
        failures.push(Failure { field: path.to_owned(), message: format!("must be {}", item.kind.noun()) });
    } else {
        check_value(path, item, value, failures);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn resource() -> Resource {
        serde_json::from_value(json!({
            "description": "", "singular": "contact", "methods": ["list", "create"],
            "fields": {
                "id": {"type": "string", "read_only": true},
                "first_name": {"type": "string"},
                "account": {"type": "object", "properties": {"id": {"type": "string"}}},
                "emails": {"type": "array", "items": {"type": "object", "properties": {"email": {"type": "string"}}}},
                "custom_fields": {"type": "object"},
                "kind": {"type": "string", "enum": ["a", "b"], "aliases": ["sort"]}
            },
            "filters": {
                "owner[id]": {"type": "string", "description": ""},
                "created_at": {"type": "string", "format": "date-time", "description": ""}
            }
        }))
        .unwrap()
    }

    fn understand(method: Method, query: &str, body: Value) -> Result<Operation> {
        let resource = resource();
        let query = Query::parse(query)?;
        let body = Some(body);
        Received { model: "crm", name: "contacts", resource: &resource, method, id: None, query, body }
            .understand()
    }

    #[test]
    fn filters_become_the_nested_object_that_mappings_read() {
        let query = "owner[id]=7&created_at[gt]=2024-01-01&limit=5&next_cursor=";
        let operation = understand(Method::List, query, Value::Null).unwrap();
        assert_eq!(
            Value::Object(operation.filters),
            json!({"owner": {"id": "7"}, "created_at": {"gt": "2024-01-01T00:00:00.000Z"}})
        );
        assert_eq!((operation.limit, operation.cursor), (Some(5), None));
    }

    #[test]
    fn every_wrong_field_of_a_body_is_named() {
        let body = json!({
            "id": "1", "firstname": "x", "emails": [{"email": 1}, null, {"mail": "x"}], "account": "acme",
            "custom_fields": {"any": ["thing"]}
        });
        let error = understand(Method::Create, "", body).unwrap_err();
        let fields: Vec<&str> = error.failures().iter().map(|failure| failure.field.as_str()).collect();
        assert_eq!(fields, ["id", "firstname", "emails[1]", "emails[2].mail", "account"]);
        assert!(error.failures()[1].message.contains("did you mean first_name?"));
    }

    #[test]
    fn numbers_are_taken_where_an_id_belongs() {
        let operation = understand(Method::Create, "", json!({"account": {"id": 7}})).unwrap();
        assert_eq!(operation.body["account"]["id"], json!("7"));
    }

    #[test]
    fn a_field_is_taken_under_each_of_its_names() {
        for body in [json!({"kind": "a"}), json!({"sort": "a"}), json!({"sort": "a", "kind": "a"})] {
            let operation = understand(Method::Create, "", body).unwrap();
            assert_eq!(Value::Object(operation.body), json!({"kind": "a"}));
        }
        let error = understand(Method::Create, "", json!({"sort": "a", "kind": "b"})).unwrap_err();
        assert_eq!(error.failures()[0].field, "sort");
    }

    #[test]
    fn a_value_that_the_contract_does_not_name_is_refused() {
        let error = understand(Method::Create, "", json!({"kind": "c"})).unwrap_err();
        assert_eq!(error.message(), "kind: must be one of a, b, or null");
        assert!(understand(Method::Create, "", json!({"kind": null})).is_ok());
    }

    #[test]
    fn a_body_that_is_no_object_is_refused() {
        for body in [json!([]), json!("x"), json!(null), json!(1)] {
            assert_eq!(understand(Method::Create, "", body).unwrap_err().status(), 400);
        }
    }

    #[test]
    fn list_parameters_are_refused_elsewhere() {
        assert!(understand(Method::Create, "limit=5", json!({})).is_err());
    }

    #[test]
    fn impossible_ids_are_refused() {
        assert!(check_id(String::new()).is_err());
        assert!(check_id("a\nb".to_owned()).is_err());
        assert!(check_id("9".repeat(10_000)).is_err());
        assert!(check_id("søren/7".to_owned()).is_ok());
    }
}
