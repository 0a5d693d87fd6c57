//! A provider's guide to a unified model: how to connect an account, and what can be asked of it then.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::method::describe;
use super::provider;
use crate::error::{Error, Kind, Result};
use crate::http::State;
use crate::http::extract::Caller;
use crate::mapping::manifest::Manifest;
use crate::mapping::{Provider, catalog::Support};
use crate::model::{Field, Method, Model, Type};

/// Everything that the guide says, whatever it is written as.
pub struct Guide {
    /// The model's name, and what people call it.
    pub model: (String, String),
    /// The provider's name, and what people call it.
    pub integration: (String, String),
    /// Where the vendor documents its API.
    pub documentation: String,
    /// The vendor's plans that include its API; empty where all do.
    pub pricing_plans: Vec<String>,
    /// The roles that whoever connects must have; empty where any does.
    pub user_roles: Vec<String>,
    /// What the account's owner is asked to allow.
    pub scopes: Vec<String>,
    /// How to connect, one way after the other.
    pub ways: Vec<Way>,
    /// What can be asked.
    pub resources: Vec<Topic>,
}

/// A way to connect an account.
pub struct Way {
    /// What it is called.
    pub title: String,
    /// What to do, in order: what a form asks for, and where to find it.
    pub steps: Vec<(Option<String>, String)>,
}

/// A resource of the model.
pub struct Topic {
    /// Its name.
    pub name: String,
    /// What a record of it is.
    pub description: String,
    /// What a record has, in the contract's dialect.
    pub schema: Value,
    /// Its methods in order, with how each is served or why it isn't.
    pub methods: Vec<(Method, std::result::Result<Value, String>)>,
    /// Its fields: name, type, description, whether it is an addition to the published model.
    pub fields: Vec<(String, String, String, bool)>,
}

impl Topic {
    /// Whether the provider serves any of its methods.
    pub fn is_served(&self) -> bool {
        self.methods.iter().any(|(_, served)| served.is_ok())
    }
}

impl Guide {
    /// The guide to a model, as a provider serves it in the caller's environment.
    pub async fn of(state: &State, caller: &Caller, model: &str, integration: &str) -> Result<Guide> {
        let provider = provider(state, integration)?;
        let models = state.0.gateway.models(caller.environment).await?;
        let found = models.iter().find(|candidate| candidate.name == model).ok_or_else(|| {
            let known: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
            Error::not_found(format!("There is no such unified model; there are: {}", known.join(", ")))
        })?;
        let manifest = &provider.manifest;
        let mut scopes: BTreeSet<String> = BTreeSet::new();
        scopes.extend(manifest.auth.oauth2.iter().flat_map(|oauth2| oauth2.scopes.clone()));
        let resources = topics(state, caller, provider, found, &mut scopes).await?;
        Ok(Guide {
            model: (found.name.clone(), found.label()),
            integration: (manifest.name.clone(), manifest.label.clone()),
            documentation: manifest.documentation.clone(),
            pricing_plans: manifest.pricing_plans.clone(),
            user_roles: manifest.user_roles.clone(),
            scopes: scopes.into_iter().collect(),
            ways: ways(manifest),
            resources,
        })
    }

    /// How to connect, in Markdown.
    pub fn instructions(&self) -> String {
        let mut text = String::new();
        for way in &self.ways {
            text.push_str(&format!("### {}\n\n", way.title));
            for (number, (field, step)) in (1..).zip(&way.steps) {
                let field = field.as_ref().map_or_else(String::new, |field| format!("**{field}.** "));
                text.push_str(&format!("{number}. {field}{step}\n"));
            }
            text.push('\n');
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// As the contract's members, with what each resource's methods take and give.
    pub fn json(&self) -> Value {
        let resources = self.resources.iter().map(|topic| {
            let mut methods = Map::new();
            let mut unsupported = Map::new();
            for (method, served) in &topic.methods {
                match served {
                    Ok(described) => methods.insert(method.to_string(), described.clone()),
                    Err(reason) => unsupported.insert(method.to_string(), Value::from(reason.as_str())),
                };
            }
            let described = json!({
                "description": topic.description,
                "schema": topic.schema,
                "methods": methods,
                "unsupported": unsupported,
            });
            (topic.name.clone(), described)
        });
        json!({
            "model": { "name": self.model.0, "label": self.model.1 },
            "integration": { "name": self.integration.0, "label": self.integration.1 },
            "documentation_link": self.documentation,
            "pricing_plan": self.pricing_plans,
            "user_role": self.user_roles,
            "scopes": self.scopes,
            "instructions": self.instructions(),
            "resources": resources.collect::<Map<_, _>>(),
        })
    }
}

async fn topics(
    state: &State,
    caller: &Caller,
    provider: &std::sync::Arc<Provider>,
    model: &Model,
    scopes: &mut BTreeSet<String>,
) -> Result<Vec<Topic>> {
    let gateway = &state.0.gateway;
    let mut topics = Vec::new();
    for (name, resource) in &model.resources {
        let mut methods = Vec::new();
        for method in resource.methods.iter().copied() {
            let path = [model.name.as_str(), name.as_str()];
            let served = match gateway.effective_in(caller.environment, provider, None, path, method).await {
                Ok(effective) => match effective.support {
                    Support::Served(cell) => {
                        let asked = cell.config.get("scopes").and_then(Value::as_array);
                        scopes
                            .extend(asked.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
                        Ok(describe(provider, &effective.resource, method, &cell).without_schema())
                    }
                    Support::Unsupported(reason) => Err(reason),
                },
                // An override that has become unusable is said where it stands; the rest of the guide holds.
                Err(error) if error.kind() == Kind::Mapping => Err(error.message().to_owned()),
                Err(error) => return Err(error),
            };
            methods.push((method, served));
        }
        let fields = resource
            .fields
            .iter()
            .map(|(name, field)| (name.clone(), shape(field), field.description.clone(), field.extension));
        topics.push(Topic {
            name: name.clone(),
            description: resource.description.clone(),
            schema: resource.schema(),
            fields: fields.collect(),
            methods,
        });
    }
    Ok(topics)
}

/// A field's type in a few words: `string`, `date-time`, `{id, name}`, `list of {url, type}`.
fn shape(field: &Field) -> String {
    match (field.kind, field.format) {
        (Type::String, Some(format)) => format.as_str().to_owned(),
        (Type::Object, _) if !field.is_open() => {
            let names: Vec<&str> = field.properties.keys().map(String::as_str).collect();
            format!("{{{}}}", names.join(", "))
        }
        (Type::Array, _) => format!("list of {}", field.items.as_deref().map_or("any".to_owned(), shape)),
        (kind, _) => kind.as_str().to_owned(),
    }
}

fn ways(manifest: &Manifest) -> Vec<Way> {
    let label = &manifest.label;
    let mut ways = Vec::new();
    if manifest.auth.oauth2.is_some() {
        let steps = vec![
            (None, format!("Choose {label}. You are sent to {label} to sign in.")),
            (None, "Allow the access that is asked for. You come back by yourself.".to_owned()),
        ];
        ways.push(Way { title: format!("Sign in to {label}"), steps });
    }
    if let Some(key) = &manifest.auth.api_key {
        let steps = key
            .fields
            .iter()
            .filter(|field| !field.optional)
            .map(|field| (Some(field.label.clone()), field.help.clone()))
            .collect();
        ways.push(Way { title: format!("Use a key of {label}"), steps });
    }
    ways
}
