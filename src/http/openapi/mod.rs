//! The OpenAPI document: every route that is served, described from the catalog that serves it.
//!
//! The unified part is made of the models and of what each provider's mappings serve of them, the rest of
//! `chapters/*.yaml`, which describe routes and objects in the words of the mapping files. A test holds the
//! document to the router, route by route and verb by verb.
//!
//! The document is built as JSON rather than with the types of an OpenAPI crate: its paths are known only once the
//! catalog is read, most of its schemas come from YAML, and much of what it says (`x-unicrm-providers`,
//! `x-unicrm-extension`, types with `null`) has no place in those types but as loose JSON again.

mod chapter;
mod frame;
mod schema;
mod unified;

use axum::extract::State as Shared;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::State;
use crate::error::{Error, Result};
use crate::mapping::Catalog;

/// The document of a catalog.
///
/// # Errors
///
/// If one of the chapters that ship with unicrm can't be read: a defect, with all that is wrong as its detail.
pub fn document(catalog: &Catalog) -> Result<Value> {
    let book = chapter::read().map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Error::internal(lines.join("; "))
    })?;
    let mut paths = Map::new();
    let mut schemas = frame::schemas();
    let mut tags = Vec::new();
    unified::write(catalog, &mut paths, &mut schemas, &mut tags);
    for chapter in &book {
        chapter.write(catalog, &mut paths, &mut schemas, &mut tags);
    }
    Ok(json!({
        "openapi": "3.1.0",
        "info": frame::info(),
        "servers": [{ "url": "/", "description": "The gateway that serves this document." }],
        "security": [{ "token": [] }],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": frame::security(),
            "parameters": frame::parameters(),
            "headers": frame::headers(),
            "responses": frame::responses(),
            "schemas": schemas,
        },
    }))
}

/// `GET /openapi.json`.
pub async fn serve(Shared(state): Shared<State>) -> Result<Response> {
    let kept = match state.0.openapi.get() {
        Some(kept) => kept.clone(),
        None => {
            let made = document(&state.0.gateway.catalog)?;
            let made = bytes::Bytes::from(serde_json::to_vec(&made).map_err(Error::internal)?);
            state.0.openapi.get_or_init(|| made).clone()
        }
    };
    Ok(([(CONTENT_TYPE, "application/json")], kept).into_response())
}

/// Adds an operation under its path and verb.
fn add(paths: &mut Map<String, Value>, path: &str, verb: &str, operation: Value) {
    let item = paths.entry(path.to_owned()).or_insert_with(|| json!({}));
    item[verb] = operation;
}

fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

/// The answers of an operation: what it answers when it succeeds, and how it fails. What a provider refuses with is
/// any of the fourth hundred.
fn answers(path: &str, public: bool, success: Value) -> Value {
    let mut answers = json!({ "200": success });
    let always =
        [("400", "Wrong", !public), ("401", "Unknown", !public), ("404", "Missing", path.contains('{'))];
    for (status, name, _) in always.into_iter().filter(|(_, _, there)| *there) {
        answers[status] = reference("responses", name);
    }
    answers["4XX"] = reference("responses", "Refused");
    answers["5XX"] = reference("responses", "Failed");
    answers
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::mapping::Files;
    use crate::mapping::expression::Engine;

    fn shipped() -> Value {
        document(&Catalog::load(&Files::embedded(), Engine::default()).unwrap()).unwrap()
    }

    fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str));
                map.values().for_each(|inner| references(inner, found));
            }
            Value::Array(items) => items.iter().for_each(|inner| references(inner, found)),
            _ => {}
        }
    }

    fn operations(document: &Value) -> Vec<(&String, &String, &Value)> {
        let paths = document["paths"].as_object().unwrap();
        let of_path = |(path, item)| {
            let item: &Value = item;
            item.as_object().unwrap().iter().map(move |(verb, operation)| (path, verb, operation))
        };
        paths.iter().flat_map(of_path).collect()
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_component_is_used() {
        let document = shipped();
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        for reference in &found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
        }
        for kind in ["parameters", "headers", "responses", "schemas"] {
            for name in document["components"][kind].as_object().unwrap().keys() {
                assert!(
                    found.contains(format!("#/components/{kind}/{name}").as_str()),
                    "{kind}/{name} is unused"
                );
            }
        }
    }

    #[test]
    fn operations_have_ids_of_their_own_and_tags_that_are_described() {
        let document = shipped();
        let tags: BTreeSet<&str> =
            document["tags"].as_array().unwrap().iter().filter_map(|tag| tag["name"].as_str()).collect();
        let mut ids = BTreeSet::new();
        for (path, verb, operation) in operations(&document) {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id), "{verb} {path}: {id} is taken");
            assert!(tags.contains(operation["tags"][0].as_str().unwrap()), "{verb} {path}");
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{verb} {path}");
        }
    }

    #[test]
    fn path_parameters_are_those_of_the_path() {
        let document = shipped();
        for (path, verb, operation) in operations(&document) {
            let in_path: BTreeSet<&str> = path
                .split('{')
                .skip(1)
                .filter_map(|part| part.split_once('}').map(|(name, _)| name))
                .collect();
            let parameters = operation["parameters"].as_array().unwrap();
            let resolved = parameters.iter().map(|parameter| match parameter["$ref"].as_str() {
                Some(reference) => document.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
                None => parameter,
            });
            let mut described = BTreeSet::new();
            let mut seen = BTreeSet::new();
            for parameter in resolved {
                let (name, place) = (parameter["name"].as_str().unwrap(), parameter["in"].as_str().unwrap());
                assert!(seen.insert((name, place)), "{verb} {path}: {name} twice");
                if place == "path" {
                    assert_eq!(parameter["required"], true, "{verb} {path}: {name}");
                    described.insert(name);
                }
            }
            assert_eq!(in_path, described, "{verb} {path}");
        }
    }
}
