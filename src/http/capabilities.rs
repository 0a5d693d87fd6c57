//! `…/capabilities`: what an integration or a connected account can be asked, before anything is asked of it.

use axum::extract::State as Shared;
use serde_json::{Map, Value, json};

use super::State;
use super::admin::integration::integration;
use super::extract::{AdminQuery, Caller, Segments};
use super::meta::find;
use super::reply::Json;
use crate::error::{Error, Kind, Result};
use crate::ids::AccountId;
use crate::mapping::Provider;
use crate::mapping::catalog::Support;
use crate::mapping::manifest::{NativeMethod, Verb};
use crate::mapping::tool_name::tool_name;
use crate::model::Model;
use crate::store::accounts::AccountRow;
use crate::store::environments::IntegrationRow;

/// What of the capabilities is wanted.
struct Wanted {
    proxy: bool,
    unified: bool,
    methods: Vec<String>,
    resource: Option<String>,
    described_only: bool,
}

impl Wanted {
    fn take(mut query: AdminQuery) -> Result<Wanted> {
        let kind = query.0.take_text("type")?;
        let (proxy, unified) = match kind.as_deref() {
            None | Some("all") => (true, true),
            Some("proxy") => (true, false),
            Some("unified") => (false, true),
            Some(other) => {
                let problem = format!("must be proxy, unified or all, not {other:?}");
                return Err(Error::invalid_field("type", problem));
            }
        };
        let described_only = match query.0.0.contains_key("has_description") {
            true => query.0.take_flag("has_description")?,
            false => true,
        };
        let methods = query.0.take_list("methods")?;
        let resource = query.0.take_text("resource")?;
        query.finish(&["type", "methods", "resource", "has_description"])?;
        Ok(Wanted { proxy, unified, methods, resource, described_only })
    }

    fn resource(&self, name: &str) -> bool {
        self.resource.as_ref().is_none_or(|wanted| wanted == name)
    }

    fn method(&self, name: &str) -> bool {
        self.methods.is_empty() || self.methods.iter().any(|wanted| wanted == name)
    }
}

/// `GET /integration/{id}/capabilities`: what the provider can do for anyone, without what the environment changes.
pub async fn of_integration(
    Shared(state): Shared<State>,
    caller: Caller,
    path: Segments,
    query: AdminQuery,
) -> Result<Json<Value>> {
    let [id] = path.take()?;
    let wanted = Wanted::take(query)?;
    let row = integration(&state, caller.environment, &id).await?;
    let provider = state.0.gateway.catalog.provider(&row.name)?;
    let unified = match wanted.unified {
        true => shipped(&state, provider, &wanted),
        false => Vec::new(),
    };
    Ok(Json(Value::Object(capabilities(&row, provider, &wanted, unified))))
}

/// `GET /integrated-account/{id}/capabilities`: what this account can do, with what its environment and it change.
pub async fn of_account(
    Shared(state): Shared<State>,
    caller: Caller,
    path: Segments,
    query: AdminQuery,
) -> Result<Json<Value>> {
    let [id] = path.take()?;
    let id: AccountId = super::admin::parse(&id, "integrated account")?;
    let wanted = Wanted::take(query)?;
    let account = find(&state, caller.environment, id).await?;
    let rows = state.0.store.integrations(caller.environment).await?;
    let row = rows.iter().find(|row| row.name == account.integration_name);
    let row = row.ok_or_else(|| Error::internal("an account's integration is not in the catalogue"))?;
    let provider = state.0.gateway.catalog.provider(&row.name)?;
    let unified = match wanted.unified {
        true => effective(&state, &caller, provider, &account, &wanted).await?,
        false => Vec::new(),
    };
    let mut found = capabilities(row, provider, &wanted, unified);
    found.shift_insert(1, "environment_id".to_owned(), json!(account.environment_id));
    let status = json!({
        "id": account.id,
        "status": account.status,
        "authentication_method": account.authentication_method,
        "is_blocked": !account.is_enabled,
    });
    found.insert("account".to_owned(), status);
    Ok(Json(Value::Object(found)))
}

fn capabilities(
    row: &IntegrationRow,
    provider: &Provider,
    wanted: &Wanted,
    unified: Vec<Value>,
) -> Map<String, Value> {
    let manifest = &provider.manifest;
    Map::from_iter([
        (
            "integration".to_owned(),
            json!({
                "id": row.id, "name": manifest.name, "label": manifest.label, "category": manifest.category,
            }),
        ),
        ("proxy".to_owned(), Value::Array(proxy(provider, wanted))),
        ("unified".to_owned(), Value::Array(unified)),
        ("auth".to_owned(), auth(provider)),
        ("ai_readiness".to_owned(), readiness(provider)),
    ])
}

/// The vendor's own operations.
fn proxy(provider: &Provider, wanted: &Wanted) -> Vec<Value> {
    let manifest = &provider.manifest;
    let mut found = Vec::new();
    for (resource, native) in manifest.resources.iter().filter(|(name, _)| wanted.resource(name)) {
        let methods = native.methods.iter().filter(|(name, method)| {
            wanted.proxy && wanted.method(name) && (!wanted.described_only || !method.description.is_empty())
        });
        let methods: Vec<Value> = methods
            .map(|(name, method)| operation(&tool_name(&manifest.name, resource, name), name, method))
            .collect();
        if !methods.is_empty() {
            found.push(json!({ "resource": resource, "methods": methods }));
        }
    }
    found
}

fn operation(tool: &str, name: &str, method: &NativeMethod) -> Value {
    let has_description = !method.description.is_empty();
    let takes_body = matches!(method.method, Verb::Post | Verb::Put | Verb::Patch);
    json!({
        "method": name,
        "name": tool,
        "description": has_description.then_some(&method.description),
        "has_description": has_description,
        "has_query_schema": method.query_schema.is_some(),
        "has_body_schema": takes_body || method.body_schema.is_some(),
        "has_response_schema": method.response_schema.is_some(),
        "api_documentation_url": method.documentation,
    })
}

/// What the mappings folder serves of the shipped models.
fn shipped(state: &State, provider: &Provider, wanted: &Wanted) -> Vec<Value> {
    let mut found = Vec::new();
    for model in state.0.gateway.catalog.models.values() {
        for (name, resource) in model.resources.iter().filter(|(name, _)| wanted.resource(name)) {
            let served =
                resource.methods.iter().copied().filter(|method| {
                    matches!(provider.support(&model.name, name, *method), Support::Served(_))
                });
            let methods: Vec<&str> = served.map(|method| method.as_str()).collect();
            found.extend(entry(state, model, name, &methods, false));
        }
    }
    found
}

/// What is served to an account of all models that its environment has.
async fn effective(
    state: &State,
    caller: &Caller,
    provider: &std::sync::Arc<Provider>,
    account: &AccountRow,
    wanted: &Wanted,
) -> Result<Vec<Value>> {
    let gateway = &state.0.gateway;
    let overrides = Some(&account.unified_model_override);
    let mut found = Vec::new();
    for model in gateway.models(caller.environment).await? {
        for (name, resource) in model.resources.iter().filter(|(name, _)| wanted.resource(name)) {
            let path = [model.name.as_str(), name.as_str()];
            let mut methods = Vec::new();
            for method in resource.methods.iter().copied() {
                match gateway.effective_in(caller.environment, provider, overrides, path, method).await {
                    Ok(effective) => {
                        methods.extend(
                            matches!(effective.support, Support::Served(_)).then_some(method.as_str()),
                        );
                    }
                    // A call of it would fail on its override; the others are served.
                    Err(error) if error.kind() == Kind::Mapping => {}
                    Err(error) => return Err(error),
                }
            }
            let overridden = gateway.is_overridden(caller.environment, provider, &model.name, name).await?;
            found.extend(entry(state, &model, name, &methods, overridden));
        }
    }
    Ok(found)
}

fn entry(state: &State, model: &Model, name: &str, methods: &[&str], overridden: bool) -> Option<Value> {
    let resource = model.resources.get(name).filter(|_| !methods.is_empty())?;
    let documented = state.0.gateway.catalog.models.contains_key(&model.name);
    let docs = documented.then(|| format!("{}/docs#{}/{name}", state.0.public_url, model.name));
    Some(json!({
        "model": model.name,
        "model_label": model.label(),
        "resource": name,
        "description": resource.description,
        "docs_url": docs,
        "methods": methods,
        "env_overridden": overridden,
    }))
}

/// How an account is connected.
fn auth(provider: &Provider) -> Value {
    let manifest = &provider.manifest;
    let formats = [
        manifest.auth.oauth2.is_some().then_some("oauth2"),
        manifest.auth.api_key.is_some().then_some("api_key"),
    ];
    let fields = manifest.auth.api_key.iter().flat_map(|key| &key.fields).map(|field| {
        json!({
            "name": field.name,
            "label": field.label,
            "type": if field.is_masked() { "password" } else { "text" },
            "required": !field.optional,
            "format": null,
            "help_text": field.help,
        })
    });
    json!({
        "formats": formats.into_iter().flatten().collect::<Vec<_>>(),
        "fields": fields.collect::<Vec<_>>(),
        "documentation_link": manifest.documentation,
    })
}

/// How many of the vendor's operations are described well enough to be chosen by a program, from 0 to 1.
fn readiness(provider: &Provider) -> Value {
    let methods = || provider.manifest.resources.values().flat_map(|resource| resource.methods.values());
    let all = methods().count();
    let described = methods().filter(|method| !method.description.is_empty()).count();
    #[expect(clippy::cast_precision_loss, reason = "a vendor has some hundreds of operations at most")]
    let score = if all == 0 { 0.0 } else { described as f64 / all as f64 };
    json!({
        "proxy_methods": all,
        "proxy_methods_with_descriptions": described,
        "ai_ready_score": (score * 100.0).round() / 100.0,
    })
}
