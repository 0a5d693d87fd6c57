//! `/link-token`: what a customer's browser opens the connect pages with.

use axum::extract::State as Shared;
use serde_json::{Map, Value, json};

use super::{optional_flag, optional_object, optional_text, parse};
use crate::account::connect::{Whom, Wish};
use crate::error::{Error, Result};
use crate::http::State;
use crate::http::extract::{Caller, JsonBody};
use crate::http::reply::Json;

const KNOWN: &[&str] = &[
    "tenant_id",
    "integrated_account_id",
    "scopes",
    "environment_unified_model_id",
    "unified_model_id",
    "context",
    "redirect_uri",
    "persist_previous_context",
    "truto_static_gate_id",
    "region",
    "allow_other_tenant",
];

/// Scopes that are asked for at most.
const MOST_SCOPES: usize = 100;

pub async fn create(Shared(state): Shared<State>, caller: Caller, body: JsonBody) -> Result<Json<Value>> {
    let mut body = body.object(KNOWN)?;
    if body.shift_remove("truto_static_gate_id").is_some_and(|id| !id.is_null()) {
        let problem = "there are no static gates in this version, so it would have no effect";
        return Err(Error::invalid_field("truto_static_gate_id", problem));
    }
    let tenant = optional_text(&mut body, "tenant_id")?;
    let again = optional_text(&mut body, "integrated_account_id")?;
    let whom = match (tenant, again) {
        (_, Some(id)) => Whom::Again(parse(&id, "integrated account")?),
        (Some(tenant), None) => Whom::New(tenant),
        (None, None) => {
            let problem = "is needed for a new account, or integrated_account_id to connect one again";
            return Err(Error::invalid_field("tenant_id", problem));
        }
    };
    let wish = Wish {
        whom,
        scopes: texts(&mut body, "scopes")?,
        context: optional_object(&mut body, "context")?.unwrap_or_default(),
        redirect_uri: optional_text(&mut body, "redirect_uri")?,
        persist_previous_context: optional_flag(&mut body, "persist_previous_context")?.unwrap_or(false),
        region: optional_text(&mut body, "region")?,
        allow_other_tenant: optional_flag(&mut body, "allow_other_tenant")?.unwrap_or(false),
        models: models(&state, &caller, &mut body).await?,
    };
    let token = state.0.connect.link(caller.environment, wish).await?;
    Ok(Json(json!({ "link_token": token.as_str() })))
}

/// The names of the models that a token is limited to. Clients name them by the model's id or by that under which it is
/// switched on, and as one text or a list.
async fn models(state: &State, caller: &Caller, body: &mut Map<String, Value>) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for field in ["environment_unified_model_id", "unified_model_id"] {
        for id in texts(body, field)? {
            let unknown =
                || Error::invalid_field(field, format!("names no unified model of this environment: {id}"));
            let id = id.parse().map_err(|_| unknown())?;
            names.push(state.0.store.model_name(caller.environment, id).await?.ok_or_else(unknown)?);
        }
    }
    Ok(names)
}

fn texts(body: &mut Map<String, Value>, name: &str) -> Result<Vec<String>> {
    let wrong = || Error::invalid_field(name, format!("must be a list of at most {MOST_SCOPES} texts"));
    match body.shift_remove(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![text]),
        Some(Value::Array(items)) if items.len() <= MOST_SCOPES => {
            let text = |item: &Value| item.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
            items.iter().map(|item| text(item).ok_or_else(wrong)).collect()
        }
        Some(_) => Err(wrong()),
    }
}
