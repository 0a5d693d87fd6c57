//! `…/tools`: the operations of a provider or an account, described for programs that choose among them.

use axum::extract::State as Shared;
use axum::response::Response;
use serde_json::{Value, json};

use super::State;
use super::admin::integration::integration;
use super::admin::{parse, whole};
use super::extract::{AdminQuery, Caller, Segments};
use super::meta::find;
use crate::error::Result;
use crate::gateway::tools::{Selection, Tool};
use crate::ids::AccountId;

const FILTERS: &[&str] = &["methods", "tags"];

/// `GET /integration/{id}/tools`: the tools that every account of a provider has.
pub async fn of_integration(
    Shared(state): Shared<State>,
    caller: Caller,
    path: Segments,
    mut query: AdminQuery,
) -> Result<Response> {
    let [id] = path.take()?;
    let selection = selection(&mut query)?;
    let row = integration(&state, caller.environment, &id).await?;
    let provider = state.0.gateway.catalog.provider(&row.name)?;
    let tools = state.0.gateway.tools(caller.environment, provider, None, &selection).await?;
    whole(query, FILTERS, tools.iter().map(write).collect())
}

/// `GET /integrated-account/{id}/tools`: the tools of one account, with what it changes of the unified methods.
pub async fn of_account(
    Shared(state): Shared<State>,
    caller: Caller,
    path: Segments,
    mut query: AdminQuery,
) -> Result<Response> {
    let [id] = path.take()?;
    let id: AccountId = parse(&id, "integrated account")?;
    let selection = selection(&mut query)?;
    let account = find(&state, caller.environment, id).await?;
    let provider = state.0.gateway.catalog.provider(&account.integration_name)?;
    let overrides = Some(&account.unified_model_override);
    let tools = state.0.gateway.tools(caller.environment, provider, overrides, &selection).await?;
    whole(query, FILTERS, tools.iter().map(write).collect())
}

fn selection(query: &mut AdminQuery) -> Result<Selection> {
    Ok(Selection { methods: query.0.take_list("methods")?, tags: query.0.take_list("tags")? })
}

fn write(tool: &Tool) -> Value {
    let told = tool.describe();
    json!({
        "resource": told.resource,
        "method": told.method,
        "name": told.name,
        "description": told.description,
        "query_schema": told.query_schema,
        "body_schema": told.body_schema,
        "response_schema": told.response_schema,
        "required": told.required,
        "tags": told.tags,
    })
}
