//! The vendor's own operations as tools.

use std::sync::Arc;

use serde_json::json;

use super::{Described, Nature, Operation, Tool, add_paging, lead_with, object, required};
use crate::mapping::Provider;
use crate::mapping::manifest::{FileTransfer, NativeMethod, Paging, Verb};
use crate::mapping::tool_name::tool_name;
use crate::model::request::LARGEST_LIMIT;

/// The tag of every one of them.
pub(super) const TAG: &str = "proxy";

/// Every operation of a provider that has a description: without one nobody could choose it.
pub(super) fn all(provider: &Arc<Provider>) -> impl Iterator<Item = Tool> {
    provider.manifest.resources.iter().flat_map(move |(resource, native)| {
        let described =
            native.methods.iter().filter(|(_, facts)| !facts.description.is_empty() && is_callable(facts));
        described.map(move |(method, _)| {
            let operation = Operation::Native { resource: resource.clone(), method: method.clone() };
            Tool { provider: provider.clone(), operation }
        })
    })
}

/// Whether a tool's arguments, which are named, can make all of it: an operation that takes a list can't be called so.
fn is_callable(facts: &NativeMethod) -> bool {
    let kind = facts.body_schema.as_ref().and_then(|schema| schema.get("type"));
    kind.is_none_or(|kind| kind == "object")
}

pub(super) fn name(provider: &Provider, resource: &str, method: &str) -> String {
    tool_name(&provider.manifest.name, resource, method)
}

/// The tag of all, the resource's name, and what the manifest says that the resource is for.
pub(super) fn tags(provider: &Provider, resource: &str) -> Vec<String> {
    let given = provider.manifest.resources.get(resource).map(|native| native.tags.clone());
    let mut tags = vec![TAG.to_owned(), resource.to_owned()];
    tags.extend(given.unwrap_or_default());
    tags
}

pub(super) fn nature(provider: &Provider, resource: &str, method: &str) -> Nature {
    let Some(facts) = provider.manifest.native(resource, method) else {
        return Nature { reads: false, destroys: true, repeatable: false };
    };
    let reads = facts.is_read();
    let adds = method == "create" || matches!(facts.file, Some(FileTransfer::Upload { .. }));
    let settles = matches!(facts.method, Verb::Put | Verb::Patch | Verb::Delete)
        || ["update", "delete"].contains(&method);
    Nature { reads, destroys: !reads && !adds, repeatable: reads || (settles && !adds) }
}

/// Whether the operation is about a record that is named by its id, in the path or in the query.
pub(super) fn takes_id(facts: &NativeMethod) -> bool {
    facts.takes_id() || facts.query.values().any(|value| value == "{{id}}")
}

pub(super) fn describe(provider: &Provider, resource: &str, method: &str) -> Described {
    let manifest = &provider.manifest;
    let facts = manifest.native(resource, method).cloned();
    let facts = facts.unwrap_or_else(|| Arc::new(NativeMethod::ad_hoc(Verb::Get, String::new())));
    let about =
        manifest.resources.get(resource).map(|native| native.description.as_str()).unwrap_or_default();
    let mut query_schema = object(facts.query_schema.as_ref());
    let body_schema = object(facts.body_schema.as_ref());
    let mut names: Vec<String> = Vec::new();
    if takes_id(&facts) {
        names.push("id".to_owned());
        let known = query_schema.pointer("/properties/id").is_some();
        if !known {
            let description = "The record's id, as other tools give it.";
            lead_with(&mut query_schema, "id", json!({ "type": "string", "description": description }));
        }
    }
    if let Some(paging) = facts.paging.as_ref().and_then(|name| manifest.paging.get(name)) {
        add_paging(&mut query_schema, largest(paging));
    }
    for name in required(&query_schema).chain(required(&body_schema)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Described {
        name: name(provider, resource, method),
        title: format!("{}: {} {}", manifest.label, spaced(method), spaced(resource)),
        resource: resource.to_owned(),
        method: method.to_owned(),
        description: description(&manifest.label, &facts, about),
        query_schema,
        body_schema,
        response_schema: facts.response_schema.clone(),
        required: names,
        tags: tags(provider, resource),
        nature: nature(provider, resource, method),
    }
}

/// What the operation does, then what the resource is, then what it refuses.
fn description(label: &str, facts: &NativeMethod, about: &str) -> String {
    let mut text = facts.description.trim().to_owned();
    if !about.is_empty() {
        text.push_str(&format!(" {label} resource: {}", about.trim()));
    }
    if !facts.needs_one_of.is_empty() {
        text.push_str(&format!(" Needs at least one of {}.", facts.needs_one_of.join(", ")));
    }
    text
}

fn largest(paging: &Paging) -> u32 {
    match paging {
        Paging::Pages { largest_size, .. }
        | Paging::Following { largest_size, .. }
        | Paging::Links { largest_size, .. } => *largest_size,
        Paging::Whole => LARGEST_LIMIT,
    }
}

fn spaced(name: &str) -> String {
    name.replace('_', " ")
}
