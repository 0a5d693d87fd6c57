//! Unified methods as tools: the same names and shapes whatever the CRM.

use serde_json::{Map, Value, json};

use super::{Described, Nature, Unified, add_paging, lead_with, required};
use crate::mapping::Provider;
use crate::mapping::tool_name::tool_name;
use crate::model::Method;
use crate::model::dialect::article;
use crate::model::request::LARGEST_LIMIT;

/// The tag of every one of them.
pub(super) const TAG: &str = "unified";

/// The model whose resources go by their names alone. Those of others have the model's name before them, since two
/// models may have a resource of the same name.
const PLAIN: &str = "crm";

impl Unified {
    pub(super) fn tool_name(&self) -> String {
        match self.model == PLAIN {
            true => tool_name(TAG, &self.name, self.method.as_str()),
            false => tool_name(TAG, &format!("{}_{}", self.model, self.name), self.method.as_str()),
        }
    }

    /// The tag of all, the model's name, and `model/resource`.
    pub(super) fn tags(&self) -> Vec<String> {
        vec![TAG.to_owned(), self.model.clone(), format!("{}/{}", self.model, self.name)]
    }

    pub(super) fn nature(&self) -> Nature {
        let reads = matches!(self.method, Method::List | Method::Get);
        let adds = self.method == Method::Create;
        Nature { reads, destroys: !reads && !adds, repeatable: !adds }
    }

    pub(super) fn describe(&self, provider: &Provider) -> Described {
        let (resource, cell) = (&self.resource, &self.cell);
        let served = &cell.filters;
        let mut query_schema = plain(&resource.query_schema(self.method, Some(served)));
        let writes = |name: &str| cell.writes.iter().any(|written| written == name);
        let body_schema = match self.method {
            Method::Create | Method::Update => plain(&resource.body_schema(writes)),
            Method::List | Method::Get | Method::Delete => json!({ "type": "object", "properties": {} }),
        };
        let mut names = Vec::new();
        if matches!(self.method, Method::Get | Method::Update | Method::Delete) {
            names.push("id".to_owned());
            let description = format!("The {}'s id, as other tools give it.", resource.singular);
            lead_with(&mut query_schema, "id", json!({ "type": "string", "description": description }));
        }
        if self.method == Method::List {
            add_paging(&mut query_schema, LARGEST_LIMIT);
        }
        let needed = cell.required_parameters.iter().map(|name| top(name).to_owned());
        let fields = cell.required_fields.iter().filter(|_| self.method == Method::Create).cloned();
        for name in needed.chain(fields).chain(required(&query_schema)).chain(
            // An update names only what it changes.
            required(&body_schema).filter(|_| self.method == Method::Create),
        ) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let label = &provider.manifest.label;
        Described {
            name: self.tool_name(),
            title: format!("{}: {} {}", label, self.method, self.name.replace('_', " ")),
            resource: format!("{}/{}", self.model, self.name),
            method: self.method.to_string(),
            description: self.description(label),
            query_schema,
            body_schema,
            response_schema: None,
            required: names,
            tags: self.tags(),
            nature: self.nature(),
        }
    }

    fn description(&self, label: &str) -> String {
        let (one, many) = (&self.resource.singular, self.name.replace('_', " "));
        let does = match self.method {
            Method::List => format!("Lists {many} of the {label} account, or those that the filters select."),
            Method::Get => format!("Gives one {one} of the {label} account."),
            Method::Create => format!("Adds {} to the {label} account.", article(one)),
            Method::Update => {
                format!("Changes {}: the fields that are given; lists are replaced whole.", article(one))
            }
            Method::Delete => format!("Deletes {}.", article(one)),
        };
        let about = self.resource.description.trim();
        format!("{does} {about} In the shape that every CRM has here.").replace("  ", " ")
    }
}

/// `owner` of `owner[id]`.
fn top(spelling: &str) -> &str {
    spelling.split('[').next().unwrap_or(spelling)
}

/// A schema of the contract's dialect as JSON Schema: what is required stands in a list, and a parameter that can be
/// compared in several ways is an object of those ways.
fn plain(schema: &Value) -> Value {
    let Some(given) = schema.as_object() else { return schema.clone() };
    if let Some(compared) = compared(given) {
        return compared;
    }
    let mut made = Map::new();
    for key in ["type", "description", "format", "enum"] {
        if let Some(value) = given.get(key) {
            made.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(items) = given.get("items") {
        made.insert("items".to_owned(), plain(items));
    }
    if let Some(properties) = given.get("properties").and_then(Value::as_object) {
        made.insert("type".to_owned(), json!("object"));
        // Fields that the CRM sets stand in bodies only to be refused.
        let settable = properties.iter().filter(|(_, inner)| inner.get("read_only") != Some(&json!(true)));
        let properties: Map<String, Value> =
            settable.clone().map(|(name, inner)| (name.clone(), plain(inner))).collect();
        let needed: Vec<&String> = settable
            .filter(|(_, inner)| inner.get("required") == Some(&json!(true)))
            .map(|(name, _)| name)
            .collect();
        made.insert("properties".to_owned(), Value::Object(properties));
        if !needed.is_empty() {
            made.insert("required".to_owned(), json!(needed));
        }
    }
    Value::Object(made)
}

/// The schema of a parameter that takes other comparisons than equality.
fn compared(given: &Map<String, Value>) -> Option<Value> {
    let operators: Vec<&str> = given.get("operators")?.as_array()?.iter().filter_map(Value::as_str).collect();
    if operators == ["eq"] || given.contains_key("properties") {
        return None;
    }
    let one = |operator: &str| {
        let mut schema = Map::new();
        for key in ["type", "format", "enum"] {
            if let Some(value) = given.get(key) {
                schema.insert(key.to_owned(), value.clone());
            }
        }
        schema.insert("description".to_owned(), json!(meaning(operator)));
        match operator {
            "in" | "nin" => json!({ "type": "array", "items": schema, "description": meaning(operator) }),
            _ => Value::Object(schema),
        }
    };
    let properties: Map<String, Value> =
        operators.iter().map(|operator| ((*operator).to_owned(), one(operator))).collect();
    Some(json!({ "type": "object", "description": given.get("description"), "properties": properties }))
}

fn meaning(operator: &str) -> &'static str {
    match operator {
        "ne" => "Differs from it.",
        "gt" => "After or above it.",
        "gte" => "At or after or above it.",
        "lt" => "Before or below it.",
        "lte" => "At or before or below it.",
        "in" => "Is one of these.",
        "nin" => "Is none of these.",
        "like" => "Contains it.",
        _ => "Is it.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contracts_dialect_becomes_json_schema() {
        let given = json!({
            "type": "object", "description": "d", "properties": {
                "name": { "type": "string", "required": true, "aliases": ["n"] },
                "made": { "type": "string", "required": false, "read_only": true },
                "at": { "type": "string", "format": "date-time", "operators": ["gt", "eq"], "required": false },
                "kind": { "type": "string", "operators": ["eq"], "required": false },
                "owner": { "type": "object", "required": false,
                    "properties": { "id": { "type": "string", "required": false } } }
            }
        });
        let made = plain(&given);
        assert_eq!(made["required"], json!(["name"]));
        assert_eq!(made["properties"].get("made"), None);
        assert_eq!(made["properties"]["name"], json!({ "type": "string" }));
        assert_eq!(made["properties"]["kind"], json!({ "type": "string" }));
        assert_eq!(made["properties"]["at"]["properties"]["gt"]["format"], json!("date-time"));
        assert_eq!(made["properties"]["owner"]["properties"]["id"], json!({ "type": "string" }));
    }
}
