//! Overrides: what an environment or an account changes of how a method is served.
//!
//! Layers are JSON with the keys of a mapping file, laid over each other: objects member by member, everything
//! else whole, null takes a key away. The result is compiled like a file and kept by its content, so that a
//! request pays for an override once.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::catalog::{Catalog, Cell, Provider, Support};
use super::document::Problem;
use crate::error::{Error, Failure};
use crate::model::{Field, Method, Resource};

/// How a method is served for one account, all layers taken together.
#[derive(Debug, Clone)]
pub struct Effective {
    /// The resource, with the parameters and fields that overrides add.
    pub resource: Arc<Resource>,
    /// Whether and how the provider serves it.
    pub support: Support,
}

impl Catalog {
    /// How a provider serves a method once `layers` are laid over what the files say.
    ///
    /// `base` replaces the files for a model of a user's own.
    pub fn overridden(
        &self,
        provider: &Provider,
        resource: &Resource,
        path: &str,
        method: Method,
        base: Option<&Value>,
        layers: &[&Value],
    ) -> Result<Effective, Vec<Problem>> {
        let shipped = match provider.cells.get(&(path.to_owned(), method)) {
            Some(Support::Served(cell)) => Some(cell),
            Some(Support::Unsupported(_)) | None => None,
        };
        let mut config =
            base.or(shipped.map(|cell| &cell.config)).cloned().unwrap_or_else(|| Value::Object(Map::new()));
        for layer in layers {
            yield_to(&mut config, layer);
            lay(&mut config, layer);
        }
        let name = format!("override of {path}");
        let mut resource = resource.clone();
        let added = extend(&mut resource, method, &config)
            .map_err(|message| vec![Problem { file: name.clone(), line: 1, column: 1, message }])?;
        let id_pattern = shipped.and_then(|cell| cell.id_pattern.as_ref());
        let mut cell: Cell =
            self.compile(&provider.manifest, &name, method, config, &resource, id_pattern)?;
        for source in &mut cell.sources {
            source.filters.extend(added.filters.iter().cloned());
        }
        cell.filters.extend(added.filters);
        cell.writes.extend(added.writes);
        cell.name = format!("{}/{path}.{method}", provider.manifest.name);
        for (index, source) in cell.sources.iter_mut().enumerate() {
            let builds_on =
                source.response_mapping.as_ref().is_some_and(|mapping| names_base(mapping.source()));
            if let Some(shipped) = shipped.filter(|_| builds_on) {
                let under = shipped.sources.get(index).unwrap_or_else(|| shipped.main());
                source.base_response_mapping = under.response_mapping.clone();
            }
        }
        Ok(Effective { resource: Arc::new(resource), support: Support::Served(Arc::new(cell)) })
    }
}

/// Takes out of a method's sources what a layer sets for the whole method: without that the layer's keys would lie
/// under those of the sources. A layer that names another call takes the place of all sources.
fn yield_to(config: &mut Value, layer: &Value) {
    let (Some(config), Some(layer)) = (config.as_object_mut(), layer.as_object()) else { return };
    if layer.contains_key("sources") {
        return;
    }
    if ["resource", "method", "records"].iter().any(|key| layer.contains_key(*key)) {
        config.shift_remove("sources");
        return;
    }
    let sources = config.get_mut("sources").and_then(Value::as_array_mut);
    for source in sources.into_iter().flatten().filter_map(Value::as_object_mut) {
        source.retain(|key, _| !layer.contains_key(key));
    }
}

/// Lays one layer over another.
pub fn lay(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                if value.is_null() {
                    under.shift_remove(key);
                } else {
                    lay(under.entry(key.clone()).or_insert(Value::Null), value);
                }
            }
        }
        (under, over) => *under = without_nulls(over),
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key.clone(), without_nulls(value))).collect())
        }
        other => other.clone(),
    }
}

/// Whether an expression reads `base`.
fn names_base(source: &str) -> bool {
    let is_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$' | '.');
    source.match_indices("base").any(|(at, word)| {
        let before = source[..at].chars().next_back();
        let after = source[at + word.len()..].chars().next();
        !before.is_some_and(is_name) && !after.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
    })
}

/// What the schemas of an override add.
struct Added {
    filters: Vec<String>,
    writes: Vec<String>,
}

/// Adds the parameters of `query_schema` and the fields of `request_body_schema` to a resource.
fn extend(resource: &mut Resource, method: Method, config: &Value) -> Result<Added, String> {
    let mut added = Added { filters: Vec::new(), writes: Vec::new() };
    if let Some(schema) = config.get("query_schema") {
        let schema = Field::from_contract(schema).map_err(|problem| format!("query_schema: {problem}"))?;
        for (name, filter) in schema.parameters(method) {
            let known = resource.filters.entry(name.clone()).or_insert(filter);
            if !known.methods.contains(&method) {
                known.methods.push(method);
            }
            added.filters.push(name);
        }
    }
    if let Some(schema) = config.get("request_body_schema") {
        let schema =
            Field::from_contract(schema).map_err(|problem| format!("request_body_schema: {problem}"))?;
        for (name, field) in schema.properties {
            resource.fields.entry(name.clone()).or_insert(field);
            added.writes.push(name);
        }
    }
    Ok(added)
}

/// The problems of a config that a caller sent, as the caller reads them.
pub fn refusal(field: &str, problems: &[Problem]) -> Error {
    let failures = problems.iter().map(|problem| Failure {
        field: field.to_owned(),
        message: match (problem.line, problem.column) {
            (1, 1) => problem.message.clone(),
            (line, column) => format!("{} (line {line}, column {column})", problem.message),
        },
    });
    let failures: Vec<Failure> = failures.collect();
    let first = failures.first().map_or("it can't be used", |failure| failure.message.as_str());
    Error::invalid(format!("{field}: {first}")).with_failures(failures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn laid(mut under: Value, over: &Value) -> Value {
        lay(&mut under, over);
        under
    }

    #[test]
    fn objects_are_laid_member_by_member_and_the_rest_whole() {
        let under =
            json!({"query": {"embed": "tags", "x": 1}, "writes": ["a", "b"], "response_mapping": "one"});
        let over = json!({"query": {"x": 2, "y": 3}, "writes": ["c"], "response_mapping": "two"});
        assert_eq!(
            laid(under, &over),
            json!({"query": {"embed": "tags", "x": 2, "y": 3}, "writes": ["c"], "response_mapping": "two"})
        );
    }

    #[test]
    fn an_expression_names_base_as_a_word_of_its_own() {
        for source in ["base", "$merge([base, {}])", "base.name", "(base)"] {
            assert!(names_base(source), "{source}");
        }
        for source in ["database", "$base64encode(x)", "$base", "response.base", "base_url"] {
            assert!(!names_base(source), "{source}");
        }
    }

    #[test]
    fn what_a_layer_sets_for_a_method_goes_for_all_of_its_sources() {
        let under = json!({"sources": [{"resource": "a", "method": "list", "response_mapping": "one"}]});
        let mut config = under.clone();
        yield_to(&mut config, &json!({"response_mapping": "two"}));
        assert_eq!(config, json!({"sources": [{"resource": "a", "method": "list"}]}));
        let mut config = under;
        yield_to(&mut config, &json!({"resource": "b"}));
        assert_eq!(config, json!({}));
    }

    #[test]
    fn null_takes_a_key_away() {
        assert_eq!(
            laid(json!({"a": 1, "b": {"c": 1, "d": 2}}), &json!({"a": null, "b": {"c": null}})),
            json!({"b": {"d": 2}})
        );
        assert_eq!(laid(json!({}), &json!({"new": {"gone": null, "kept": 1}})), json!({"new": {"kept": 1}}));
    }
}
