//! The paths and schemas of the unified models, with what each provider serves of them.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::schema::{self, Place};
use super::{add, answers, reference};
use crate::mapping::Catalog;
use crate::mapping::catalog::Support;
use crate::model::dialect::{article, operators};
use crate::model::schema::{CustomAnswer, CustomMethod};
use crate::model::{Method, Resource};

/// Writes every resource of every model.
pub fn write(
    catalog: &Catalog,
    paths: &mut Map<String, Value>,
    schemas: &mut Map<String, Value>,
    tags: &mut Vec<Value>,
) {
    for model in catalog.models.values() {
        for (name, resource) in &model.resources {
            let topic = Topic { catalog, model: &model.name, name, resource };
            tags.push(json!({ "name": topic.path(), "description": resource.description }));
            topic.write_schemas(schemas);
            for method in resource.methods.iter().copied() {
                let path = match method {
                    Method::List | Method::Create => format!("/unified/{}", topic.path()),
                    Method::Get | Method::Update | Method::Delete => {
                        format!("/unified/{}/{{id}}", topic.path())
                    }
                };
                add(paths, &path, verb(method), topic.operation(method));
            }
            for (method, custom) in &resource.custom_methods {
                let path = format!("/unified/{}/{method}", topic.path());
                add(paths, &path, "post", topic.custom(method, custom));
            }
        }
    }
}

fn verb(method: Method) -> &'static str {
    match method {
        Method::List | Method::Get => "get",
        Method::Create => "post",
        Method::Update => "patch",
        Method::Delete => "delete",
    }
}

/// `batch-delete of user-directory` as `BatchDeleteOfUserDirectory`.
fn pascal(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| format!("{}{}", word[..1].to_ascii_uppercase(), &word[1..])).collect()
}

/// One resource.
struct Topic<'a> {
    catalog: &'a Catalog,
    model: &'a str,
    name: &'a str,
    resource: &'a Resource,
}

impl Topic<'_> {
    fn path(&self) -> String {
        format!("{}/{}", self.model, self.name)
    }

    /// The name of the resource's record among the schemas: `CrmContact`.
    fn record(&self) -> String {
        format!("{}{}", pascal(self.model), pascal(&self.resource.singular))
    }

    fn write_schemas(&self, schemas: &mut Map<String, Value>) {
        let fields = self.resource.fields.iter();
        let mut record = schema::object(
            &self.resource.description,
            fields.clone().filter(|(_, field)| !field.write_only),
            Place::Record,
        );
        record["properties"]["remote_data"] = json!({
            "description": "The provider's own record, as it was received.",
        });
        schemas.insert(self.record(), record);
        let writes = [Method::Create, Method::Update];
        if writes.iter().any(|method| self.resource.methods.contains(method)) {
            let description = format!("The fields of {} to write.", article(&self.resource.singular));
            let mut body =
                schema::object(&description, fields.filter(|(_, field)| field.is_writable()), Place::Body);
            // An update names what it changes; what a create needs differs by provider.
            body.as_object_mut().map(|body| body.shift_remove("required"));
            body["properties"]["remote_data"] = reference("schemas", "RemoteData");
            schemas.insert(format!("{}Body", self.record()), body);
        }
    }

    fn operation(&self, method: Method) -> Value {
        let (singular, plural) = (&self.resource.singular, self.name.replace('_', " "));
        let many = pascal(self.name);
        let one = pascal(singular);
        let model = pascal(self.model);
        let (id, summary) = match method {
            Method::List => (format!("list{model}{many}"), format!("A page of {plural}")),
            Method::Get => (format!("get{model}{one}"), format!("One {singular}")),
            Method::Create => (format!("create{model}{one}"), format!("A new {singular}")),
            Method::Update => (format!("update{model}{one}"), format!("Changes {}", article(singular))),
            Method::Delete => (format!("delete{model}{one}"), format!("Deletes {}", article(singular))),
        };
        let route = match method {
            Method::List | Method::Create => "/unified/{model}/{resource}",
            Method::Get | Method::Update | Method::Delete => "/unified/{model}/{resource}/{id}",
        };
        let mut operation = json!({
            "tags": [self.path()],
            "operationId": id,
            "summary": summary,
            "parameters": self.parameters(method),
        });
        if matches!(method, Method::Create | Method::Update) {
            let body = reference("schemas", &format!("{}Body", self.record()));
            operation["requestBody"] =
                json!({ "required": true, "content": { "application/json": { "schema": body } } });
        }
        operation["responses"] = answers(route, false, self.success(method));
        operation["x-unicrm-providers"] = self.providers(method);
        operation["x-unicrm-route"] = Value::from(route);
        operation
    }

    fn success(&self, method: Method) -> Value {
        let record = reference("schemas", &self.record());
        let singular = &self.resource.singular;
        match method {
            Method::List => schema::json_answer("The page.", schema::list_of(record)),
            Method::Get => schema::json_answer(&format!("The {singular}."), record),
            Method::Create => schema::json_answer(&format!("The {singular} as the CRM has it now."), record),
            Method::Update => schema::json_answer(&format!("The {singular} as the CRM has it now."), record),
            Method::Delete => schema::json_answer("What is no more.", reference("schemas", "Deleted")),
        }
    }

    fn parameters(&self, method: Method) -> Vec<Value> {
        let mut parameters = Vec::new();
        if matches!(method, Method::Get | Method::Update | Method::Delete) {
            parameters.push(reference("parameters", "id"));
        }
        parameters.push(reference("parameters", "integrated_account_id"));
        parameters.push(reference("parameters", "request_timeout"));
        if method == Method::List {
            parameters.push(reference("parameters", "limit"));
            parameters.push(reference("parameters", "next_cursor"));
        }
        for (name, filter) in self.resource.parameters(method) {
            for (operator, providers) in self.spellings(method, name) {
                parameters.push(schema::filter_parameter(name, filter, operator, &providers));
            }
        }
        if method == Method::List && !self.resource.sort_by.is_empty() {
            parameters.push(self.sort_by());
        }
        let common: &[&str] = match method {
            Method::List => &[
                "remote_query",
                "truto_response_format",
                "truto_ignore_remote_data",
                "truto_exclude_fields",
                "truto_key_by",
                "truto_ignore_limit",
                "truto_allow_unknown_query",
            ],
            Method::Get => &[
                "remote_query",
                "truto_response_format",
                "truto_ignore_remote_data",
                "truto_exclude_fields",
                "truto_allow_unknown_query",
            ],
            Method::Create | Method::Update => &[
                "remote_query",
                "truto_response_format",
                "truto_ignore_remote_data",
                "truto_exclude_fields",
                "truto_body_passthrough",
                "truto_allow_unknown_query",
            ],
            Method::Delete => &["remote_query", "truto_allow_unknown_query"],
        };
        parameters.extend(common.iter().map(|name| reference("parameters", name)));
        if method.writes() {
            parameters.push(reference("parameters", "idempotency_key"));
        }
        parameters
    }

    /// The operators of a parameter in order, each with the providers that serve it; the parameter alone first.
    fn spellings(&self, method: Method, name: &str) -> Vec<(&'static str, Vec<&str>)> {
        let mut found: Vec<(&'static str, Vec<&str>)> = vec![("eq", Vec::new())];
        for (provider, cell) in self.served(method) {
            for operator in operators(name, &cell.filters) {
                // The known operators live as long as the program, those of a mapping file do not.
                let Some(operator) = crate::model::query::OPERATORS.iter().find(|known| **known == operator)
                else {
                    continue;
                };
                match found.iter_mut().find(|(known, _)| known == operator) {
                    Some((_, providers)) => providers.push(provider),
                    None => found.push((operator, vec![provider])),
                }
            }
        }
        found
    }

    fn sort_by(&self) -> Value {
        let direction = json!({ "type": "string", "enum": ["asc", "desc"] });
        let keys: Map<String, Value> =
            self.resource.sort_by.iter().map(|key| (key.clone(), direction.clone())).collect();
        json!({
            "name": "sort_by",
            "in": "query",
            "description": "What the list is sorted by, such as `sort_by[name]=asc`. Refused where the provider can't.",
            "style": "deepObject",
            "explode": true,
            "schema": { "type": "object", "properties": keys, "additionalProperties": false },
        })
    }

    fn served(&self, method: Method) -> impl Iterator<Item = (&str, std::sync::Arc<crate::mapping::Cell>)> {
        self.catalog.providers.iter().filter_map(move |(name, provider)| {
            match provider.support(self.model, self.name, method) {
                Support::Served(cell) => Some((name.as_str(), cell)),
                Support::Unsupported(_) => None,
            }
        })
    }

    /// Which providers serve a method, with which parameters and fields, and why the others don't.
    fn providers(&self, method: Method) -> Value {
        let mut providers = Map::new();
        for (name, provider) in &self.catalog.providers {
            let entry = match provider.support(self.model, self.name, method) {
                Support::Unsupported(reason) => json!({ "supported": false, "reason": reason }),
                Support::Served(cell) => {
                    let mut entry = json!({ "supported": true });
                    if !cell.filters.is_empty() {
                        let filters: BTreeSet<&String> = cell.filters.iter().collect();
                        entry["parameters"] = json!(filters);
                    }
                    if !cell.writes.is_empty() {
                        entry["fields"] = json!(cell.writes);
                    }
                    entry
                }
            };
            providers.insert(name.clone(), entry);
        }
        Value::Object(providers)
    }

    fn custom(&self, name: &str, method: &CustomMethod) -> Value {
        let plural = self.name.replace('_', " ");
        let mut parameters: Vec<Value> =
            ["integrated_account_id", "request_timeout"].map(|name| reference("parameters", name)).into();
        for (name, field) in &method.parameters {
            let mut parameter = schema::query_parameter(name, field);
            if field.items.is_some() {
                parameter["name"] = Value::from(format!("{name}[]"));
            }
            parameters.push(parameter);
        }
        parameters.push(reference("parameters", "idempotency_key"));
        let mut body = schema::object(&method.description, method.body.iter(), Place::Body);
        body["properties"]["remote_data"] = reference("schemas", "RemoteData");
        let record = reference("schemas", &self.record());
        let result = match method.answer {
            CustomAnswer::Record => record,
            CustomAnswer::Records => json!({ "type": "array", "items": record }),
        };
        let answer = json!({ "type": "object", "required": ["result"], "properties": { "result": result } });
        let reason = |label: &str| format!("unicrm has no mapping of {}/{name} for {label} yet", self.path());
        let providers = self.catalog.providers.iter().map(|(key, provider)| {
            (key.clone(), json!({ "supported": false, "reason": reason(&provider.manifest.label) }))
        });
        let id = pascal(name);
        let route = "/unified/{model}/{resource}/{id}";
        json!({
            "tags": [self.path()],
            "operationId": format!(
                "{}{}{}{}", id[..1].to_ascii_lowercase(), &id[1..], pascal(self.model), pascal(self.name)
            ),
            "summary": format!("{} of {plural}", name.replace('-', " ")),
            "description": method.description,
            "parameters": parameters,
            "requestBody": { "content": { "application/json": { "schema": body } } },
            "responses": answers(route, false, schema::json_answer("What the method gives.", answer)),
            "x-unicrm-providers": providers.collect::<Map<_, _>>(),
            "x-unicrm-route": route,
        })
    }
}
