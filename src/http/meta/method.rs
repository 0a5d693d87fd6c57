//! One method, described: its schemas, its mapping, its defaults.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{provider, standard};
use crate::error::{Error, Result};
use crate::http::State;
use crate::ids::EnvironmentId;
use crate::mapping::catalog::Support;
use crate::mapping::coverage::filled;
use crate::mapping::manifest::Manifest;
use crate::mapping::{Cell, Provider};
use crate::model::dialect::article;
use crate::model::schema::{CustomMethod, Field};
use crate::model::{Method, Resource};
use crate::store::accounts::AccountRow;

/// A description, with all that is known.
pub struct Described(Map<String, Value>);

impl Described {
    /// As the description of an integration's method has it.
    pub fn whole(self) -> Value {
        Value::Object(self.0)
    }

    /// As it stands beside others of the same resource, whose schema is said once.
    pub fn without_schema(mut self) -> Value {
        self.0.shift_remove("schema");
        Value::Object(self.0)
    }

    /// As the description of a model's method has it.
    pub fn without_response_schema(mut self) -> Value {
        self.0.shift_remove("response_schema");
        Value::Object(self.0)
    }
}

/// A method as the model has it, whoever serves it.
pub fn of_model(resource: &Resource, path: [&str; 2], name: &str) -> Result<Value> {
    let (query, body) = match (standard(name), resource.custom_methods.get(name)) {
        (Some(method), _) if resource.methods.contains(&method) => {
            (resource.query_schema(method, None), body_schema(resource, method, None))
        }
        (None, Some(custom)) => (members(custom, &custom.parameters), members(custom, &custom.body)),
        _ => return Err(no_such_method(resource, path, name)),
    };
    Ok(json!({
        "method": name,
        "schema": resource.schema(),
        "documentation_link": null,
        "response_mapping": null,
        "query_schema": query,
        "request_body_schema": body,
        "default_query": {},
        "default_body": null,
    }))
}

/// A method as a provider serves it in the caller's environment, to an account if one is given.
pub async fn served(
    state: &State,
    environment: EnvironmentId,
    integration: &str,
    account: Option<&AccountRow>,
    path: [&str; 2],
    name: &str,
) -> Result<Described> {
    let provider = provider(state, integration)?;
    let gateway = &state.0.gateway;
    let overrides = account.map(|row| &row.unified_model_override);
    let Some(method) = standard(name) else {
        let resource = gateway.resource_in(environment, path[0], path[1]).await?;
        return Err(no_such_method(&resource, path, name));
    };
    let effective = gateway.effective_in(environment, provider, overrides, path, method).await?;
    if !effective.resource.methods.contains(&method) {
        return Err(no_such_method(&effective.resource, path, name));
    }
    match &effective.support {
        Support::Served(cell) => Ok(describe(provider, &effective.resource, method, cell)),
        Support::Unsupported(reason) => Err(provider.unsupported(&path.join("/"), method, reason)),
    }
}

/// What is known of a method that is served. Where it is served in several ways, the mapping and what is sent to the
/// provider are those of the first.
pub fn describe(provider: &Provider, resource: &Resource, method: Method, cell: &Cell) -> Described {
    let source = cell.main();
    let query = source.call().map(|call| call.query.clone()).unwrap_or_default();
    let schema = resource.schema();
    let response_schema = match method {
        Method::Delete => json!({ "type": "object", "properties": { "id": schema["properties"]["id"] } }),
        Method::List | Method::Get | Method::Create | Method::Update => given(&schema, &filled(cell)),
    };
    Described(Map::from_iter([
        ("method".to_owned(), Value::from(method.as_str())),
        ("schema".to_owned(), schema),
        ("documentation_link".to_owned(), Value::from(documentation(&provider.manifest, cell))),
        ("response_schema".to_owned(), response_schema),
        ("response_mapping".to_owned(), source.response_mapping.as_ref().map(|it| it.source()).into()),
        ("query_schema".to_owned(), resource.query_schema(method, Some(&cell.filters))),
        ("request_body_schema".to_owned(), body_schema(resource, method, Some(cell))),
        ("default_query".to_owned(), Value::Object(query)),
        ("default_body".to_owned(), source.body.clone().unwrap_or_default()),
    ]))
}

/// The most particular page that the vendor has about a method.
fn documentation<'a>(manifest: &'a Manifest, cell: &'a Cell) -> &'a str {
    let of_mapping = cell.config.get("documentation_link").and_then(Value::as_str);
    let of_call = cell.main().call().and_then(|call| call.facts.documentation.as_deref());
    of_mapping.or(of_call).unwrap_or(&manifest.documentation)
}

fn body_schema(resource: &Resource, method: Method, cell: Option<&Cell>) -> Value {
    match method {
        Method::Create | Method::Update => resource
            .body_schema(|name| cell.is_none_or(|cell| cell.writes.iter().any(|written| written == name))),
        Method::List | Method::Get | Method::Delete => Value::Null,
    }
}

/// Parameters or body of a custom method, as an object.
fn members(method: &CustomMethod, fields: &indexmap::IndexMap<String, Field>) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|(name, field)| (name.clone(), field.to_contract())).collect();
    json!({ "type": "object", "description": method.description, "properties": properties })
}

/// The part of a schema whose names a mapping makes. `remote_data` is every record's.
fn given(schema: &Value, names: &BTreeSet<&str>) -> Value {
    let mut part = schema.clone();
    if let Some(properties) = part["properties"].as_object_mut() {
        properties.retain(|name, _| name == "remote_data" || names.contains(name.as_str()));
        for inner in properties.values_mut() {
            narrow(inner, names);
        }
    }
    part
}

/// Keeps the members that a mapping makes; where it makes none by name, it passes on what it has, and all stay.
fn narrow(schema: &mut Value, names: &BTreeSet<&str>) {
    let object = if schema["items"].is_object() { &mut schema["items"] } else { schema };
    let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) else { return };
    if properties.keys().any(|name| names.contains(name.as_str())) {
        properties.retain(|name, _| names.contains(name.as_str()));
    }
}

fn no_such_method(resource: &Resource, [model, name]: [&str; 2], method: &str) -> Error {
    let known = resource.methods.iter().map(|method| method.as_str());
    let known: Vec<&str> = known.chain(resource.custom_methods.keys().map(String::as_str)).collect();
    let shown: String = method.chars().filter(|letter| !letter.is_control()).take(60).collect();
    Error::not_found(format!(
        "{shown:?} is not a method of {} in {model}/{name}; there are: {}",
        article(&resource.singular),
        known.join(", ")
    ))
}
