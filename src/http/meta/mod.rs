//! `…/meta/…`: what a method takes and gives, and a provider's guide to a unified model.
//!
//! Everything is made of the catalog that routes requests, with what the caller's environment and account change
//! of it, so that what is said here is what a call does.

mod guide;
mod markdown;
mod method;
mod page;

use axum::extract::State as Shared;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::State;
use super::extract::{AdminQuery, Caller, Inquirer, Segments};
use super::reply::Json;
use crate::error::{Error, Result};
use crate::ids::{AccountId, EnvironmentId};
use crate::model::Method;
use crate::store::accounts::AccountRow;

/// `GET /unified/{model}/{resource}/meta/{method}`: the method as an account is served it, or, without an account,
/// as the model has it.
pub async fn method(Shared(state): Shared<State>, path: Segments, inquirer: Inquirer) -> Result<Json<Value>> {
    let [model, resource, method] = path.take()?;
    let target = [model.as_str(), resource.as_str()];
    let environment = inquirer.environment;
    match account(&state, inquirer).await? {
        Some(row) => {
            let integration = row.integration_name.clone();
            let described = method::served(&state, environment, &integration, Some(&row), target, &method);
            Ok(Json(described.await?.without_response_schema()))
        }
        None => {
            let resource = state.0.gateway.resource_in(environment, target[0], target[1]).await?;
            Ok(Json(method::of_model(&resource, target, &method)?))
        }
    }
}

/// `GET /unified/{model}/{resource}/{integration}/meta/{method}`: the method as a provider serves it in the
/// caller's environment, or to one account.
pub async fn of_integration(
    Shared(state): Shared<State>,
    path: Segments,
    inquirer: Inquirer,
) -> Result<Json<Value>> {
    let [model, resource, integration, method] = path.take()?;
    let environment = inquirer.environment;
    let row = account(&state, inquirer).await?;
    if row.as_ref().is_some_and(|row| row.integration_name != integration) {
        return Err(Error::invalid_field("integrated_account_id", "is an account at another provider"));
    }
    let target = [model.as_str(), resource.as_str()];
    let described = method::served(&state, environment, &integration, row.as_ref(), target, &method).await?;
    Ok(Json(described.whole()))
}

/// `GET /unified/meta/{model}/{integration}`: how to connect to a provider and what it serves of a model, as JSON,
/// Markdown or a page.
pub async fn guide(
    Shared(state): Shared<State>,
    caller: Caller,
    path: Segments,
    mut query: AdminQuery,
) -> Result<Response> {
    let [model, integration] = path.take()?;
    let format = query.0.take_text("format")?;
    let environment = query.0.take_text("environment_id")?;
    query.finish(&["format", "environment_id"])?;
    if environment.is_some_and(|id| id != caller.environment.to_string()) {
        return Err(Error::invalid_field("environment_id", "this token reaches another environment"));
    }
    let write: fn(&guide::Guide) -> Response = match format.as_deref() {
        None | Some("json") => |guide| Json(guide.json()).into_response(),
        Some("md") => |guide| text("text/markdown; charset=utf-8", markdown::write(guide)),
        Some("html") => |guide| text("text/html; charset=utf-8", page::write(guide)),
        Some(other) => {
            return Err(Error::invalid_field("format", format!("must be json, md or html, not {other:?}")));
        }
    };
    Ok(write(&guide::Guide::of(&state, &caller, &model, &integration).await?))
}

/// Text that a browser may be shown: nothing in it runs, and it fetches nothing.
fn text(content_type: &'static str, body: String) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors *"),
        ),
    ];
    (headers, body).into_response()
}

/// The account that is asked about, if one is.
async fn account(state: &State, inquirer: Inquirer) -> Result<Option<AccountRow>> {
    AdminQuery(inquirer.query).finish(&["integrated_account_id"])?;
    match inquirer.account {
        Some(id) => find(state, inquirer.environment, id).await.map(Some),
        None => Ok(None),
    }
}

/// An account, whatever its status: what it could do is known even while it has to be connected again.
pub(super) async fn find(state: &State, environment: EnvironmentId, id: AccountId) -> Result<AccountRow> {
    let row = state.0.store.account(environment, id).await?;
    row.ok_or_else(|| Error::not_found("There is no such integrated account in this environment."))
}

/// A provider by its name in a path.
fn provider<'a>(state: &'a State, integration: &str) -> Result<&'a std::sync::Arc<crate::mapping::Provider>> {
    let providers = &state.0.gateway.catalog.providers;
    providers.get(integration).ok_or_else(|| {
        let known: Vec<&str> = providers.keys().map(String::as_str).collect();
        let hint = crate::model::schema::nearest(integration, known.iter().copied());
        let hint = match hint {
            Some(near) => format!("did you mean {near}?"),
            None => format!("there are: {}", known.join(", ")),
        };
        Error::not_found(format!("There is no such integration; {hint}"))
    })
}

/// One of the five methods, if the name is one of them.
fn standard(name: &str) -> Option<Method> {
    name.parse().ok()
}
