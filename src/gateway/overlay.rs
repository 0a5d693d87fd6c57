//! Which models and mappings an environment has of its own, and what they come to for an account.
//!
//! Read once for an environment and kept until the database announces a change of it. An environment and an
//! account that change nothing cost a request two look-ups in memory.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use moka::future::Cache;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Gateway;
use crate::account::Account;
use crate::error::{Error, Kind, Result};
use crate::ids::EnvironmentId;
use crate::mapping::catalog::{Provider, Support};
use crate::mapping::overrides::{Effective, refusal};
use crate::model::{Field, Method, Model, Resource};
use crate::store::Store;
use crate::store::changes::Change;
use crate::store::mappings::{Layer, MappingFilter, MappingRow};

/// How long an environment's rows are kept without asking the database again, should an announcement be lost.
const KEPT: Duration = Duration::from_secs(60);

/// Mapping rows that an environment may have.
const MOST_ROWS: i64 = 10_000;

type Cell = (String, String, String, String);

/// What an environment has of its own.
#[derive(Debug, Default)]
struct Overlay {
    models: IndexMap<String, Model>,
    base: HashMap<Cell, Value>,
    layer: HashMap<Cell, Value>,
}

/// The environments' own models and mappings.
#[derive(Clone)]
pub struct Overlays {
    store: Store,
    kept: Cache<EnvironmentId, Arc<Overlay>>,
    compiled: Cache<[u8; 32], Effective>,
}

impl Overlays {
    /// The overlays of a database.
    pub fn new(store: Store) -> Self {
        Overlays {
            store,
            kept: Cache::builder().max_capacity(10_000).time_to_live(KEPT).build(),
            compiled: Cache::builder().max_capacity(5_000).time_to_idle(Duration::from_secs(3600)).build(),
        }
    }

    /// Lets go of what has changed.
    pub async fn forget(&self, change: &Change) {
        match change {
            Change::Mappings(environment) => self.kept.invalidate(&EnvironmentId(*environment)).await,
            Change::Anything => self.kept.invalidate_all(),
            Change::Account(_)
            | Change::EnvironmentIntegration(_)
            | Change::ApiToken(_)
            | Change::Rest(..) => {}
        }
    }

    /// Lets go of an environment's rows, for a caller who wants to see what it has just written.
    pub async fn forget_environment(&self, environment: EnvironmentId) {
        self.kept.invalidate(&environment).await;
    }

    async fn of(&self, environment: EnvironmentId) -> Result<Arc<Overlay>> {
        let loaded = self.kept.try_get_with(environment, self.read(environment)).await;
        loaded.map_err(|error: Arc<Error>| (*error).clone())
    }

    async fn read(&self, environment: EnvironmentId) -> Result<Arc<Overlay>> {
        let all = MappingFilter::default();
        let mut overlay = Overlay::default();
        let own =
            self.store.models(environment).await?.into_iter().filter(|row| row.environment_id.is_some());
        for row in own {
            overlay.models.insert(row.name.clone(), model(&row.name, &row.resources)?);
        }
        for row in self.store.mappings(environment, Layer::Model, &all, None, MOST_ROWS).await? {
            overlay.base.insert(cell(&row), row.config);
        }
        for row in self.store.mappings(environment, Layer::Environment, &all, None, MOST_ROWS).await? {
            overlay.layer.insert(cell(&row), row.config);
        }
        Ok(Arc::new(overlay))
    }
}

fn cell(row: &MappingRow) -> Cell {
    let names = [&row.model_name, &row.resource_name, &row.integration_name, &row.method_name];
    let [model, resource, integration, method] = names.map(String::clone);
    (model, resource, integration, method)
}

/// A model of a user's own, from the contract's way of describing its resources.
pub fn model(name: &str, resources: &Value) -> Result<Model> {
    let mut read = IndexMap::new();
    for (resource_name, described) in resources.as_object().into_iter().flatten() {
        let found = resource(described)
            .map_err(|problem| Error::invalid_field(format!("resources.{resource_name}"), problem))?;
        read.insert(resource_name.clone(), Arc::new(found));
    }
    Ok(Model { name: name.to_owned(), resources: read })
}

fn resource(described: &Value) -> std::result::Result<Resource, String> {
    let schema = described.get("schema").ok_or("needs a schema")?;
    let schema = Field::from_contract(schema)?;
    let names = described.get("methods").and_then(Value::as_array).ok_or("needs methods, a list of names")?;
    let mut methods = Vec::new();
    for name in names {
        let name = name.as_str().unwrap_or_default();
        let method: Method = name
            .parse()
            .map_err(|()| format!("{name:?} is not a method: list, get, create, update, delete"))?;
        methods.push(method);
    }
    let text = |name: &str| described.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    serde_json::from_value::<Resource>(
        serde_json::json!({ "description": "", "singular": "record", "fields": {}, "methods": [] }),
    )
    .map(|empty| Resource { description: text("description"), fields: schema.properties, methods, ..empty })
    .map_err(|error| error.to_string())
}

impl Gateway {
    /// How a method of a resource is served for an account, with everything that its environment and it change.
    pub async fn effective(
        &self,
        account: &Account,
        model: &str,
        name: &str,
        method: Method,
    ) -> Result<Effective> {
        let overrides = Some(&account.row.unified_model_override);
        self.effective_in(account.environment, &account.provider, overrides, [model, name], method).await
    }

    /// The same for a provider in an environment, with the overrides of an account or without any.
    pub async fn effective_in(
        &self,
        environment: EnvironmentId,
        provider: &Arc<Provider>,
        overrides: Option<&Value>,
        [model, name]: [&str; 2],
        method: Method,
    ) -> Result<Effective> {
        let overlay = self.overlays.of(environment).await?;
        let resource = self.resource(&overlay, model, name)?;
        let target = Target { model, resource: name, integration: &provider.manifest.name, method };
        let for_account = overrides.and_then(|overrides| target.of(overrides));
        if for_account.is_none() && overlay.is_empty() {
            let support = provider.support(model, name, method);
            return Ok(Effective { resource: resource.clone(), support });
        }
        let (base, layer) = overlay.rows(&target);
        let layers: Vec<&Value> = layer.into_iter().chain(for_account).collect();
        if base.is_none() && layers.is_empty() {
            let support = match overlay.models.contains_key(model) {
                true => Support::Unsupported(format!("{model} has no mapping of {name} for it")),
                false => provider.support(model, name, method),
            };
            return Ok(Effective { resource: resource.clone(), support });
        }
        let digest = digest(&target, base, &layers);
        if let Some(kept) = self.overlays.compiled.get(&digest).await {
            return Ok(kept);
        }
        let effective = self
            .catalog
            .overridden(provider, resource, &target.path(), method, base, &layers)
            .map_err(|problems| unusable(&target.path(), method, &problems))?;
        self.overlays.compiled.insert(digest, effective.clone()).await;
        Ok(effective)
    }

    /// Every model that an environment can ask for: the shipped ones, then its own.
    pub async fn models(&self, environment: EnvironmentId) -> Result<Vec<Model>> {
        let overlay = self.overlays.of(environment).await?;
        Ok(self.catalog.models.values().chain(overlay.models.values()).cloned().collect())
    }

    /// A resource as an environment knows it, whatever provider serves it.
    pub async fn resource_in(
        &self,
        environment: EnvironmentId,
        model: &str,
        name: &str,
    ) -> Result<Arc<Resource>> {
        let overlay = self.overlays.of(environment).await?;
        self.resource(&overlay, model, name).cloned()
    }

    /// Whether an environment changes how a provider serves a resource.
    pub async fn is_overridden(
        &self,
        environment: EnvironmentId,
        provider: &Provider,
        model: &str,
        resource: &str,
    ) -> Result<bool> {
        let overlay = self.overlays.of(environment).await?;
        let integration = provider.manifest.name.as_str();
        Ok(overlay.layer.keys().any(|(in_model, in_resource, of, _)| {
            (in_model.as_str(), in_resource.as_str(), of.as_str()) == (model, resource, integration)
        }))
    }

    fn resource<'a>(&'a self, overlay: &'a Overlay, model: &str, name: &str) -> Result<&'a Arc<Resource>> {
        let Some(own) = overlay.models.get(model) else { return self.catalog.resource(model, name) };
        own.resources.get(name).ok_or_else(|| {
            let known: Vec<&str> = own.resources.keys().map(String::as_str).collect();
            Error::not_found(format!("The model {model} has no such resource; it has: {}", known.join(", ")))
        })
    }

    /// Refuses a config that could not be used where it is to lie, with what is wrong in it and where.
    pub async fn check_config(
        &self,
        environment: EnvironmentId,
        target: &Target<'_>,
        place: Place,
        field: &str,
        config: &Value,
    ) -> Result<()> {
        let overlay = self.overlays.of(environment).await?;
        let resource = self.resource(&overlay, target.model, target.resource)?;
        let known: Vec<&str> = self.catalog.providers.keys().map(String::as_str).collect();
        let provider = self.catalog.providers.get(target.integration).ok_or_else(|| {
            let problem =
                format!("{:?} is not a provider; there are: {}", target.integration, known.join(", "));
            Error::invalid_field("integration_name", problem)
        })?;
        let (base, layer) = overlay.rows(target);
        let (base, layers) = match place {
            Place::Model => (Some(config), Vec::new()),
            Place::Environment => (base, vec![config]),
            Place::Account => (base, layer.into_iter().chain([config]).collect()),
        };
        self.catalog
            .overridden(provider, resource, &target.path(), target.method, base, &layers)
            .map_err(|problems| refusal(field, &problems))?;
        Ok(())
    }
}

/// Where a config is to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Beneath everything: how a model of a user's own is served.
    Model,
    /// Over the files, for an environment.
    Environment,
    /// Over both, for one account.
    Account,
}

/// Which method of which resource and provider.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The unified model.
    pub model: &'a str,
    /// Its resource.
    pub resource: &'a str,
    /// The provider.
    pub integration: &'a str,
    /// The method.
    pub method: Method,
}

impl Target<'_> {
    fn path(&self) -> String {
        format!("{}/{}", self.model, self.resource)
    }

    fn key(&self) -> Cell {
        let [model, resource, integration] = [self.model, self.resource, self.integration].map(str::to_owned);
        (model, resource, integration, self.method.to_string())
    }

    /// The part of an account's override that is about this.
    fn of<'v>(&self, overrides: &'v Value) -> Option<&'v Value> {
        let found = overrides.get(self.model)?.get(self.resource)?.get(self.method.as_str())?;
        (!found.is_null()).then_some(found)
    }
}

impl Overlay {
    fn is_empty(&self) -> bool {
        self.models.is_empty() && self.layer.is_empty()
    }

    fn rows(&self, target: &Target<'_>) -> (Option<&Value>, Option<&Value>) {
        let key = target.key();
        (self.base.get(&key), self.layer.get(&key))
    }
}

fn digest(target: &Target<'_>, base: Option<&Value>, layers: &[&Value]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in [target.model, target.resource, target.integration, target.method.as_str()] {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    for value in base.into_iter().chain(layers.iter().copied()) {
        digest.update(value.to_string().as_bytes());
        digest.update([0]);
    }
    digest.finalize().into()
}

/// Overrides are checked when they are stored, so this happens when the layer beneath one has changed since.
fn unusable(path: &str, method: Method, problems: &[crate::mapping::Problem]) -> Error {
    let first = problems.first().map_or("it can't be compiled", |problem| problem.message.as_str());
    Error::new(Kind::Mapping, format!("The override of {method} of {path} can't be used: {first}"))
}
