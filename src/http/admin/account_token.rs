//! `/integrated-account/token`, and `/integrated-account/me`, which is for those who have one.
//!
//! Such a token is handed to a browser of the account's owner. So what it may change is the account's context only:
//! whose account it is, and how it is mapped, is not the owner's to say.

use axum::extract::State as Shared;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::account::write;
use super::{optional_object, required_text};
use crate::error::{Error, Result};
use crate::http::State;
use crate::http::extract::{Caller, JsonBody, Owner};
use crate::http::reply::Json;
use crate::ids::AccountId;
use crate::store::accounts::AccountChange;

pub async fn issue(Shared(state): Shared<State>, caller: Caller, body: JsonBody) -> Result<Json<Value>> {
    let mut body = body.object(&["integrated_account_id"])?;
    let id = required_text(&mut body, "integrated_account_id")?;
    let id: AccountId =
        id.parse().map_err(|_| Error::invalid_field("integrated_account_id", "must be a UUID"))?;
    let token = state.0.tokens.issue(caller.environment, id).await?;
    Ok(Json(json!({ "integrated_account_token": token.as_str() })))
}

pub async fn me(Shared(state): Shared<State>, owner: Owner) -> Result<Json<Value>> {
    show(&state, owner).await
}

pub async fn change_me(Shared(state): Shared<State>, owner: Owner, body: JsonBody) -> Result<Json<Value>> {
    let context = optional_object(&mut body.object(&["context"])?, "context")?;
    let change = AccountChange::default();
    state.0.gateway.accounts.change(owner.environment, owner.account, change, context).await?;
    show(&state, owner).await
}

/// The account, with the access token that pickers of the vendor's files need: the one secret that is ever read back,
/// and only by the account's owner.
async fn show(state: &State, owner: Owner) -> Result<Json<Value>> {
    let token = state.0.gateway.accounts.access_token(owner.environment, owner.account).await?;
    let row = state.0.store.account(owner.environment, owner.account).await?;
    let row =
        row.ok_or_else(|| Error::not_found("There is no such integrated account in this environment."))?;
    let mut account = write(state, &row);
    if let Some(token) = token {
        let context = &mut account["context"];
        for name in ["oauth", "token"] {
            if !context[name].is_object() {
                context[name] = json!({});
            }
        }
        context["oauth"]["token"]["access_token"] = Value::from(token.expose_secret());
    }
    Ok(Json(account))
}
