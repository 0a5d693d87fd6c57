//! Tools: every operation that an account can be asked for, under a name and with a description and schemas by which a
//! program chooses and calls it.
//!
//! There is one truth of them: the manifest's operations and the unified methods that are served. What is listed over
//! HTTP and what an agent calls over MCP are both made here, and both from that. The vendor's own operations are tools
//! by themselves; unified methods are where one of their tags is asked for, since an agent that has both has each
//! record twice.

mod arguments;
mod call;
mod native;
mod selection;
mod unified;

use std::sync::Arc;

use serde_json::{Map, Value, json};

pub use call::{File, ToolAnswer};
pub use selection::Selection;

use super::Gateway;
use crate::error::{Error, Kind, Result};
use crate::ids::EnvironmentId;
use crate::mapping::catalog::Support;
use crate::mapping::manifest::FileTransfer;
use crate::mapping::{Cell, Provider};
use crate::model::{Method, Resource};

/// One operation as a tool.
#[derive(Debug, Clone)]
pub struct Tool {
    provider: Arc<Provider>,
    operation: Operation,
}

#[derive(Debug, Clone)]
enum Operation {
    /// The vendor's own.
    Native { resource: String, method: String },
    /// A unified method as it is served.
    Unified(Unified),
}

#[derive(Debug, Clone)]
struct Unified {
    model: String,
    name: String,
    method: Method,
    resource: Arc<Resource>,
    cell: Arc<Cell>,
}

/// What a tool is, in full.
#[derive(Debug)]
pub struct Described {
    /// By which it is called.
    pub name: String,
    /// A few words for people.
    pub title: String,
    /// The vendor's resource, or `model/resource`.
    pub resource: String,
    /// The resource's method.
    pub method: String,
    /// What it does, for whoever chooses.
    pub description: String,
    /// The arguments that go into path and query.
    pub query_schema: Value,
    /// The arguments that make the body.
    pub body_schema: Value,
    /// What it answers, where that is known.
    pub response_schema: Option<Value>,
    /// The arguments that can't be left out.
    pub required: Vec<String>,
    /// By which it can be chosen.
    pub tags: Vec<String>,
    /// What calling it does.
    pub nature: Nature,
}

/// What calling a tool does to the CRM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nature {
    /// Nothing.
    pub reads: bool,
    /// Something that was there is changed or gone afterwards.
    pub destroys: bool,
    /// A second call with the same arguments changes nothing more.
    pub repeatable: bool,
}

impl Tool {
    /// By which it is called.
    pub fn name(&self) -> String {
        match &self.operation {
            Operation::Native { resource, method } => native::name(&self.provider, resource, method),
            Operation::Unified(unified) => unified.tool_name(),
        }
    }

    /// The resource's method.
    pub fn method(&self) -> &str {
        match &self.operation {
            Operation::Native { method, .. } => method,
            Operation::Unified(unified) => unified.method.as_str(),
        }
    }

    /// By which it can be chosen.
    pub fn tags(&self) -> Vec<String> {
        match &self.operation {
            Operation::Native { resource, .. } => native::tags(&self.provider, resource),
            Operation::Unified(unified) => unified.tags(),
        }
    }

    /// What calling it does.
    pub fn nature(&self) -> Nature {
        match &self.operation {
            Operation::Native { resource, method } => native::nature(&self.provider, resource, method),
            Operation::Unified(unified) => unified.nature(),
        }
    }

    /// What it is, in full.
    pub fn describe(&self) -> Described {
        match &self.operation {
            Operation::Native { resource, method } => native::describe(&self.provider, resource, method),
            Operation::Unified(unified) => unified.describe(&self.provider),
        }
    }

    /// The CRM, as people write it.
    pub fn label(&self) -> &str {
        &self.provider.manifest.label
    }

    /// The tool by which records of the same resource are found, if there is one.
    pub fn finder(&self) -> Option<String> {
        match &self.operation {
            Operation::Native { resource, .. } => {
                self.provider.manifest.native(resource, "list")?;
                Some(native::name(&self.provider, resource, "list"))
            }
            Operation::Unified(unified) => {
                Some(Unified { method: Method::List, ..unified.clone() }.tool_name())
            }
        }
    }

    /// The file that it carries, if it does.
    pub fn file(&self) -> Option<&FileTransfer> {
        match &self.operation {
            Operation::Native { resource, method } => {
                self.provider.manifest.native(resource, method)?.file.as_ref()
            }
            Operation::Unified(_) => None,
        }
    }

    /// Every argument that it takes, as one flat object: what goes where is told by the two schemas.
    pub fn input_schema(&self) -> Map<String, Value> {
        let mut described = self.describe();
        if let Some(FileTransfer::Upload { largest, .. }) = self.file() {
            call::add_file_arguments(&mut described, *largest);
        }
        let mut properties = Map::new();
        for schema in [&described.query_schema, &described.body_schema] {
            let own = schema.get("properties").and_then(Value::as_object);
            properties.extend(own.into_iter().flatten().map(|(name, schema)| (name.clone(), schema.clone())));
        }
        Map::from_iter([
            ("type".to_owned(), json!("object")),
            ("properties".to_owned(), Value::Object(properties)),
            ("required".to_owned(), json!(described.required)),
            ("additionalProperties".to_owned(), json!(false)),
        ])
    }
}

impl Gateway {
    /// The tools of a provider's accounts in an environment, with the overrides of an account or without any.
    pub async fn tools(
        &self,
        environment: EnvironmentId,
        provider: &Arc<Provider>,
        overrides: Option<&Value>,
        selection: &Selection,
    ) -> Result<Vec<Tool>> {
        let mut tools: Vec<Tool> = native::all(provider).collect();
        if selection.may_be_unified() {
            tools.extend(self.unified_tools(environment, provider, overrides).await?);
        }
        tools.retain(|tool| selection.takes(tool));
        Ok(tools)
    }

    async fn unified_tools(
        &self,
        environment: EnvironmentId,
        provider: &Arc<Provider>,
        overrides: Option<&Value>,
    ) -> Result<Vec<Tool>> {
        let mut tools = Vec::new();
        for model in self.models(environment).await? {
            for name in model.resources.keys() {
                for method in model.resources[name].methods.iter().copied() {
                    let path = [model.name.as_str(), name.as_str()];
                    let effective = self.effective_in(environment, provider, overrides, path, method).await;
                    let effective = match effective {
                        Ok(effective) => effective,
                        // A call of it would fail on its override; the others are served.
                        Err(error) if error.kind() == Kind::Mapping => continue,
                        Err(error) => return Err(error),
                    };
                    if let Support::Served(cell) = effective.support {
                        let (model, name) = (model.name.clone(), name.clone());
                        let resource = effective.resource;
                        let unified = Unified { model, name, method, resource, cell };
                        let provider = provider.clone();
                        tools.push(Tool { provider, operation: Operation::Unified(unified) });
                    }
                }
            }
        }
        Ok(tools)
    }
}

/// The error of a choice that leaves no tool.
pub fn nothing_chosen(selection: &Selection) -> Error {
    Error::invalid_field(
        "config",
        format!(
            "leaves no tool: {selection}. Methods are names such as list or search, names of tools, or the groups \
             read, write and custom; GET /integrated-account/{{id}}/tools?methods=…&tags=… tells what a choice gives"
        ),
    )
}

/// An object's schema; one without properties for none.
fn object(schema: Option<&Value>) -> Value {
    let mut schema = schema.cloned().unwrap_or_else(|| json!({}));
    if let Value::Object(members) = &mut schema {
        members.entry("type").or_insert_with(|| json!("object"));
        members.entry("properties").or_insert_with(|| json!({}));
    }
    schema
}

/// The names that a schema requires.
fn required(schema: &Value) -> impl Iterator<Item = String> {
    let listed = schema.get("required").and_then(Value::as_array);
    listed.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned)
}

/// Puts a property in front of a schema's own.
fn lead_with(schema: &mut Value, name: &str, property: Value) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.shift_insert(0, name.to_owned(), property);
    }
}

/// Adds what every list takes. A property of the same name that the vendor describes stays.
fn add_paging(schema: &mut Value, largest: u32) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    properties.entry("limit").or_insert_with(|| {
        let description = format!("How many records to give at most; {largest} at a time.");
        json!({ "type": "integer", "minimum": 1, "maximum": largest, "description": description })
    });
    let description = "Where the list goes on: the next cursor of the answer before, with the other arguments as they \
                       were. Leave it out for the first page.";
    properties.insert("next_cursor".to_owned(), json!({ "type": "string", "description": description }));
}
