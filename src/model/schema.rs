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

impl Model {
    /// What people call it: `Unified CRM API`.
    pub fn label(&self) -> String {
        let word = |word: &str| match word {
            "crm" => "CRM".to_owned(),
            other => {
                let mut letters = other.chars();
                letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
            }
        };
        format!("Unified {} API", self.name.split('-').map(word).collect::<Vec<String>>().join(" "))
    }
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
    /// Query parameters, in the caller's spelling (`email_addresses[email]`): what a list selects by, and what the
    /// few other methods that have any take.
    #[serde(default)]
    pub filters: IndexMap<String, Filter>,
    /// The fields that a list can be sorted by: `sort_by[name]=asc`.
    #[serde(default)]
    pub sort_by: Vec<String>,
    /// What the contract offers for this resource, whether a provider can serve it or not.
    pub methods: Vec<Method>,
    /// Methods beside the five, by their name in the path (`batch-delete`).
    #[serde(default)]
    pub custom_methods: IndexMap<String, CustomMethod>,
}

/// A method beside the five: `POST /unified/{model}/{resource}/{method}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomMethod {
    /// What it does.
    pub description: String,
    /// Query parameters.
    #[serde(default)]
    pub parameters: IndexMap<String, Field>,
    /// The members of its body. One that is `required` must be given.
    #[serde(default)]
    pub body: IndexMap<String, Field>,
    /// What `result` holds.
    pub answer: CustomAnswer,
}

/// What a custom method answers, as `{"result": …}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomAnswer {
    /// One record of the resource.
    Record,
    /// An array of records. Those that are no more have only their `id`.
    Records,
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
    /// The values that the contract names. A body may have only these; in records others may appear where a
    /// vendor has more.
    #[serde(default, rename = "enum")]
    pub one_of: Vec<String>,
    /// Other names that bodies and mappings may give it by. Records carry it under its own name.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Whether every record has it.
    #[serde(default)]
    pub required: bool,
    /// Set by the CRM: refused in bodies.
    #[serde(default)]
    pub read_only: bool,
    /// Taken in bodies, never in a record.
    #[serde(default)]
    pub write_only: bool,
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

/// One query parameter: a condition on a list, or what another method needs to find its record.
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
    /// Other names that it may be sent under.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The methods that take it.
    #[serde(default = "list_only")]
    pub methods: Vec<Method>,
    /// Added by unicrm to the published contract.
    #[serde(default)]
    pub extension: bool,
}

fn list_only() -> Vec<Method> {
    vec![Method::List]
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
}

impl Format {
    /// As JSON Schema names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::DateTime => "date-time",
        }
    }
}

impl Type {
    /// As JSON Schema names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Type::String => "string",
            Type::Integer => "integer",
            Type::Number => "number",
            Type::Boolean => "boolean",
            Type::Object => "object",
            Type::Array => "array",
        }
    }

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

    /// Whether a body may hold it.
    pub fn is_writable(&self) -> bool {
        !self.read_only
    }
}

impl Resource {
    /// The query parameters of a method, in order. Paging, presentation and `remote_query`, which every resource
    /// has, are not among them.
    pub fn parameters(&self, method: Method) -> impl Iterator<Item = (&str, &Filter)> {
        let of_method = move |(_, filter): &(&String, &Filter)| filter.methods.contains(&method);
        self.filters.iter().filter(of_method).map(|(name, filter)| (name.as_str(), filter))
    }

    /// A query parameter of a method by any name that it goes by, with its own name.
    pub fn parameter(&self, method: Method, name: &str) -> Option<(&str, &Filter)> {
        let by_alias =
            || self.filters.iter().find(|(_, filter)| filter.aliases.iter().any(|alias| alias == name));
        let (name, filter) = self.filters.get_key_value(name).or_else(by_alias)?;
        filter.methods.contains(&method).then_some((name.as_str(), filter))
    }

    /// What contradicts itself in the resource: each with the path of the offending value in its file.
    pub fn contradictions(&self) -> Vec<(Vec<&str>, String)> {
        let mut found = Vec::new();
        if self.methods.is_empty() {
            found.push((vec!["methods"], "a resource has at least one method".to_owned()));
        }
        if self.fields.contains_key("remote_data") {
            let message = "remote_data is added to every record by itself";
            found.push((vec!["fields", "remote_data"], message.to_owned()));
        }
        for key in self.sort_by.iter().filter(|key| !self.fields.contains_key(*key)) {
            found.push((vec!["sort_by"], format!("{key} is not a field")));
        }
        for (name, filter) in &self.filters {
            for method in filter.methods.iter().filter(|method| !self.methods.contains(method)) {
                found.push((vec!["filters", name, "methods"], format!("the resource has no {method}")));
            }
            for alias in filter.aliases.iter().filter(|alias| self.filters.contains_key(*alias)) {
                found.push((vec!["filters", name, "aliases"], format!("{alias} is a filter itself")));
            }
        }
        contradictions(&self.fields, &mut vec!["fields"], &mut found);
        for (name, method) in &self.custom_methods {
            contradictions(&method.body, &mut vec!["custom_methods", name, "body"], &mut found);
        }
        found
    }
}

fn contradictions<'a>(
    fields: &'a IndexMap<String, Field>,
    path: &mut Vec<&'a str>,
    found: &mut Vec<(Vec<&'a str>, String)>,
) {
    for (name, field) in fields {
        path.push(name);
        let mut say = |message: String| found.push((path.clone(), message));
        if field.read_only && field.write_only {
            say("can't be both read_only and write_only".to_owned());
        }
        if (field.kind == Type::Array) != field.items.is_some() {
            say("has items if, and only if, it is an array".to_owned());
        }
        for alias in field.aliases.iter().filter(|alias| fields.contains_key(*alias)) {
            say(format!("{alias} is a field itself"));
        }
        contradictions(&field.properties, path, found);
        if let Some(item) = &field.items {
            contradictions(&item.properties, path, found);
        }
        path.pop();
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
