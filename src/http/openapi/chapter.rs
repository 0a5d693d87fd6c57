//! Chapters: the routes beside the unified ones, in the words of the mapping files.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::schema::{self, Place};
use super::{add, answers, reference};
use crate::mapping::document::{Document, Problem};
use crate::mapping::tool_name::tool_name;
use crate::mapping::{Catalog, Provider};
use crate::model::Field;

const SHAPES: &str = include_str!("chapters/shapes.yaml");

/// In the order in which the document has them.
const CHAPTERS: &[(&str, &str)] = &[
    ("proxy.yaml", include_str!("chapters/proxy.yaml")),
    ("calls.yaml", include_str!("chapters/calls.yaml")),
    ("meta.yaml", include_str!("chapters/meta.yaml")),
    ("tools.yaml", include_str!("chapters/tools.yaml")),
    ("account.yaml", include_str!("chapters/account.yaml")),
    ("connect.yaml", include_str!("chapters/connect.yaml")),
    ("event.yaml", include_str!("chapters/event.yaml")),
    ("integration.yaml", include_str!("chapters/integration.yaml")),
    ("model.yaml", include_str!("chapters/model.yaml")),
    ("environment.yaml", include_str!("chapters/environment.yaml")),
    ("service.yaml", include_str!("chapters/service.yaml")),
];

/// Routes that belong together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chapter {
    tag: String,
    description: String,
    /// What is sent and answered, by name.
    #[serde(default)]
    objects: IndexMap<String, Object>,
    /// By path and verb.
    routes: IndexMap<String, IndexMap<String, Route>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Object {
    description: String,
    fields: IndexMap<String, Field>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Route {
    /// Names the operation in clients that are generated.
    operation: String,
    summary: String,
    #[serde(default)]
    description: String,
    /// What the path's parameters are; `id` needs no word.
    #[serde(default)]
    path: IndexMap<String, String>,
    /// Query parameters. Lists have `limit` and `next_cursor` by themselves.
    #[serde(default)]
    query: IndexMap<String, Field>,
    /// The members of a JSON body.
    #[serde(default)]
    body: IndexMap<String, Field>,
    /// The type of a body that isn't the gateway's to understand.
    #[serde(default)]
    body_media: Option<String>,
    answer: Answer,
    /// Other types in which the same is answered.
    #[serde(default)]
    also: Vec<String>,
    /// Whether it needs no token.
    #[serde(default)]
    public: bool,
    /// Whether it takes an `Idempotency-Key`.
    #[serde(default)]
    repeatable: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    /// One of the chapter's objects.
    Object(String),
    /// A page of them, in the envelope of administrative lists.
    Page(String),
    /// A page of what the field says, in the envelope of unified lists.
    List(Box<Field>),
    /// The id of what is no more.
    Deleted,
    /// A page for a browser, or where it is sent on to.
    Html,
    /// Something that isn't an object of the gateway's.
    Media {
        #[serde(rename = "type")]
        media: String,
        description: String,
    },
}

/// Reads every chapter, or names every problem of them.
pub fn read() -> Result<Vec<Chapter>, Vec<Problem>> {
    let mut problems = Vec::new();
    let shapes: Map<String, Value> =
        Document::parse("shapes.yaml", SHAPES)?.read(&mut problems).unwrap_or_default();
    let mut chapters = Vec::new();
    for (file, text) in CHAPTERS {
        match Document::parse(file, text) {
            Ok(document) => {
                let (document, unknown) = document.with_shapes(&shapes);
                problems.extend(unknown);
                chapters.extend(document.read::<Chapter>(&mut problems));
            }
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(chapters) } else { Err(problems) }
}

impl Chapter {
    /// Writes the chapter's routes and objects.
    pub fn write(
        &self,
        catalog: &Catalog,
        paths: &mut Map<String, Value>,
        schemas: &mut Map<String, Value>,
        tags: &mut Vec<Value>,
    ) {
        tags.push(json!({ "name": self.tag, "description": self.description }));
        for (name, object) in &self.objects {
            let written = schema::object(&object.description, object.fields.iter(), Place::Answer);
            schemas.insert(name.clone(), written);
        }
        for (path, verbs) in &self.routes {
            for (verb, route) in verbs {
                let mut operation = route.write(path, &self.tag);
                if path.starts_with("/proxy/") {
                    operation["x-unicrm-providers"] = natives(catalog, path, verb);
                }
                add(paths, path, verb, operation);
            }
        }
    }
}

impl Route {
    fn write(&self, path: &str, tag: &str) -> Value {
        let mut operation = json!({
            "tags": [tag],
            "operationId": self.operation,
            "summary": self.summary,
            "parameters": self.parameters(path),
        });
        if !self.description.is_empty() {
            operation["description"] = Value::from(self.description.as_str());
        }
        if let Some(media) = &self.body_media {
            operation["requestBody"] = json!({ "content": { media: {} } });
        } else if !self.body.is_empty() {
            let body = schema::object("", self.body.iter(), Place::Body);
            operation["requestBody"] =
                json!({ "required": true, "content": { "application/json": { "schema": body } } });
        }
        operation["responses"] = match &self.answer {
            Answer::Html => pages(),
            _ => answers(path, self.public, self.success()),
        };
        if self.public {
            operation["security"] = json!([]);
        }
        operation
    }

    fn parameters(&self, path: &str) -> Vec<Value> {
        let names = path.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name));
        let in_path = names.map(|name| match self.path.get(name) {
            None if name == "id" => reference("parameters", "id"),
            described => json!({
                "name": name,
                "in": "path",
                "required": true,
                "description": described,
                "schema": { "type": "string" },
            }),
        });
        let mut parameters: Vec<Value> = in_path.collect();
        for (name, field) in &self.query {
            parameters.push(match name.as_str() {
                "integrated_account_id" if field.required => reference("parameters", name),
                _ => schema::query_parameter(name, field),
            });
        }
        if self.repeatable || self.query.iter().any(|(name, _)| *name == "integrated_account_id") {
            parameters.push(reference("parameters", "request_timeout"));
        }
        let limit = match &self.answer {
            Answer::List(_) => Some("limit"),
            Answer::Page(_) => Some("page_limit"),
            Answer::Object(_) | Answer::Deleted | Answer::Html | Answer::Media { .. } => None,
        };
        for name in limit.into_iter().flat_map(|limit| [limit, "next_cursor"]) {
            parameters.push(reference("parameters", name));
        }
        if self.repeatable {
            parameters.push(reference("parameters", "idempotency_key"));
        }
        parameters
    }

    fn success(&self) -> Value {
        let mut answer = match &self.answer {
            Answer::Object(name) => schema::json_answer("What was asked for.", reference("schemas", name)),
            Answer::Page(name) => {
                schema::json_answer("The page.", schema::page_of(reference("schemas", name)))
            }
            Answer::List(field) => {
                let record = json!({ "type": field.kind.as_str(), "description": field.description });
                schema::json_answer("The page.", schema::list_of(record))
            }
            Answer::Deleted => schema::json_answer("What is no more.", reference("schemas", "Deleted")),
            Answer::Html => page("A page."),
            Answer::Media { media, description } => {
                json!({ "description": description, "content": { media: {} } })
            }
        };
        for media in &self.also {
            answer["content"][media] = json!({ "schema": { "type": "string" } });
        }
        answer
    }
}

/// The answers of a page for browsers: what goes wrong is a page, too.
fn pages() -> Value {
    json!({
        "200": page("A page."),
        "303": { "description": "The browser goes on at another page." },
        "4XX": page("A page that says what is wrong."),
        "5XX": page("A page that says to try again."),
    })
}

fn page(description: &str) -> Value {
    json!({ "description": description, "content": { "text/html": {} } })
}

/// The providers' own resources that a proxy route reaches, with what each method does.
fn natives(catalog: &Catalog, path: &str, verb: &str) -> Value {
    let with_id = path.ends_with("/{id}");
    let fits = |method: &str| match (verb, with_id) {
        ("get", false) => method == "list",
        ("post", false) => method == "create",
        ("get", true) => method == "get",
        ("patch", true) => method == "update",
        ("delete", true) => method == "delete",
        _ => !["list", "create", "get", "update", "delete"].contains(&method),
    };
    let of_provider = |provider: &Provider| {
        let manifest = &provider.manifest;
        let mut found = Map::new();
        for (resource, native) in &manifest.resources {
            for (name, method) in native.methods.iter().filter(|(name, _)| fits(name)) {
                let tool = tool_name(&manifest.name, resource, name);
                let described = json!({ "method": name, "name": tool, "description": method.description });
                let methods = found.entry(resource.clone()).or_insert_with(|| json!([]));
                if let Value::Array(methods) = methods {
                    methods.push(described);
                }
            }
        }
        Value::Object(found)
    };
    let providers = catalog.providers.iter().map(|(name, provider)| (name.clone(), of_provider(provider)));
    Value::Object(providers.collect())
}
