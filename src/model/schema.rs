//! The unified schemas: for each resource its fields, methods and query parameters, as the YAML files say.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::Deserialize;

use super::operation::Method;

/// A family of resources, such as `crm`.
#[derive(Debug, Clone)]
pub struct Model {
    /// As in `/unified/{model}`.
    pub name: String,
    /// By name.
    pub resources: IndexMap<String, Arc<Resource>>,
}

/// One unified resource, such as `contacts`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// What a record of it is.
    pub description: String,
    /// What one record is called in a sentence: `contact`.
    pub singular: String,
    /// In the order in which answers carry them. `remote_data` is not among them: every record may have it.
    pub fields: IndexMap<String, Field>,
    /// Query parameters of `list`, in the caller's spelling (`email_addresses[email]`).
    #[serde(default)]
    pub filters: IndexMap<String, Filter>,
    /// What the contract offers for this resource, whether a provider can serve it or not.
    pub methods: Vec<Method>,
}

/// One field of a resource, or of an object within it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// What kind of value it holds.
    #[serde(rename = "type")]
    pub kind: Type,
    /// What it means.
    #[serde(default)]
    pub description: String,
    /// A narrower form of a string.
    #[serde(default)]
    pub format: Option<Format>,
    /// The values that the contract names. Others may appear where a vendor has more.
    #[serde(default, rename = "enum")]
    pub one_of: Vec<String>,
    /// Whether every record has it.
    #[serde(default)]
    pub required: bool,
    /// Set by the CRM: refused in bodies.
    #[serde(default)]
    pub read_only: bool,
    /// Added by unicrm to the published contract.
    #[serde(default)]
    pub extension: bool,
    /// The fields of an object, in order. An object without any is open: any key, any value.
    #[serde(default)]
    pub properties: IndexMap<String, Field>,
    /// What an array holds.
    #[serde(default)]
    pub items: Option<Box<Field>>,
}

/// One query parameter of a list.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// What kind of value it takes.
    #[serde(rename = "type")]
    pub kind: Type,
    /// What it selects.
    pub description: String,
    /// A narrower form of a string.
    #[serde(default)]
    pub format: Option<Format>,
    /// The values it takes; empty: any.
    #[serde(default, rename = "enum")]
    pub one_of: Vec<String>,
}

/// Kinds of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// Text. Identifiers are text too, whatever the vendor's type.
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// True or false.
    Boolean,
    /// Named values.
    Object,
    /// A list of values of one kind.
    Array,
}

/// Forms of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Format {
    /// An instant: leaves as ISO-8601 in UTC with milliseconds.
    #[serde(rename = "date-time")]
    DateTime,
    /// An instant, or a day where the vendor knows no more.
    #[serde(rename = "date-or-date-time")]
    DateOrDateTime,
}

impl Type {
    /// What a value of this kind is called in a message.
    pub fn noun(self) -> &'static str {
        match self {
            Type::String => "a string",
            Type::Integer => "a whole number",
            Type::Number => "a number",
            Type::Boolean => "true or false",
            Type::Object => "an object",
            Type::Array => "an array",
        }
    }
}

impl Field {
    /// Whether this is an object that takes any key.
    pub fn is_open(&self) -> bool {
        self.kind == Type::Object && self.properties.is_empty()
    }
}

impl Field {
    /// Reads a schema in the contract's dialect: JSON Schema, but `required` is a boolean of each property.
    pub fn from_contract(schema: &serde_json::Value) -> Result<Self, String> {
        use serde_json::Value;
        let Value::Object(given) = schema else { return Err("a schema is an object".to_owned()) };
        let text = |name: &str| given.get(name).and_then(Value::as_str);
        let kind = match text("type") {
            Some("string") => Type::String,
            Some("integer") => Type::Integer,
            Some("number") => Type::Number,
            Some("boolean") => Type::Boolean,
            Some("object") => Type::Object,
            Some("array") => Type::Array,
            Some(other) => {
                return Err(format!(
                    "{other:?} is not a type: string, integer, number, boolean, object, array"
                ));
            }
            None => return Err("a schema has a type".to_owned()),
        };
        let mut properties = IndexMap::new();
        for (name, inner) in given.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let field = Field::from_contract(inner).map_err(|problem| format!("{name}: {problem}"))?;
            properties.insert(name.clone(), field);
        }
        let items = given.get("items").map(|items| Field::from_contract(items).map(Box::new)).transpose()?;
        let one_of = given.get("enum").and_then(Value::as_array).into_iter().flatten();
        Ok(Field {
            kind,
            description: text("description").unwrap_or_default().to_owned(),
            format: (text("format") == Some("date-time")).then_some(Format::DateTime),
            one_of: one_of.filter_map(|value| value.as_str().map(str::to_owned)).collect(),
            required: given.get("required").and_then(Value::as_bool).unwrap_or_default(),
            read_only: false,
            extension: false,
            properties,
            items,
        })
    }

    /// The parameters that an object of filters stands for: `owner[id]` for the member `id` of `owner`.
    pub fn parameters(&self) -> Vec<(String, Filter)> {
        let mut found = Vec::new();
        for (name, field) in &self.properties {
            if field.kind == Type::Object && !field.properties.is_empty() {
                let inner = field.parameters().into_iter().map(|(inner, filter)| {
                    let (first, rest) =
                        inner.split_once('[').map_or((inner.as_str(), ""), |(first, rest)| (first, rest));
                    let rest = if rest.is_empty() { String::new() } else { format!("[{rest}") };
                    (format!("{name}[{first}]{rest}"), filter)
                });
                found.extend(inner);
            } else {
                let filter = Filter {
                    kind: field.kind,
                    description: field.description.clone(),
                    format: field.format,
                    one_of: field.one_of.clone(),
                };
                found.push((name.clone(), filter));
            }
        }
        found
    }
}

/// The candidate nearest to a misspelt name, if one is near enough to be meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}
