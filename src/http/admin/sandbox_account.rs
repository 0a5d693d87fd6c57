//! `/sandbox-integrated-account`: accounts that can only be read, to let somebody try things out on.
//!
//! An account is made one and made an ordinary account again; it is the same account throughout, with its id and its
//! connection. Writes for it are refused with 405.

use axum::extract::State as Shared;
use axum::response::Response;
use serde_json::{Value, json};

use super::{Paging, account, parse, required_text};
use crate::error::{Error, Result};
use crate::http::State;
use crate::http::extract::{AdminQuery, Caller, JsonBody, Segments};
use crate::http::reply::{Json, instant};
use crate::ids::AccountId;
use crate::store::accounts::{AccountFilter, AccountRow};

pub async fn list(Shared(state): Shared<State>, caller: Caller, mut query: AdminQuery) -> Result<Response> {
    let tenant_id = query.0.take_text("tenant_id")?;
    let selection = json!({ "tenant_id": tenant_id });
    let filter = AccountFilter { tenant_id, is_sandbox: Some(true), ..AccountFilter::default() };
    let name = "sandbox-integrated-account";
    let paging = Paging::take(&state, caller.environment, name, &selection, &["tenant_id"], query)?;
    let rows = state.0.store.accounts(caller.environment, &filter, paging.after, paging.fetch()).await?;
    paging.answer(&state, rows, |row| row.id, |row| write(&state, row))
}

pub async fn read(Shared(state): Shared<State>, caller: Caller, path: Segments) -> Result<Json<Value>> {
    let id = existing(&state, &caller, path).await?;
    show(&state, &caller, id).await
}

pub async fn create(Shared(state): Shared<State>, caller: Caller, body: JsonBody) -> Result<Json<Value>> {
    let id = required_text(&mut body.object(&["id"])?, "id")?;
    let id = parse(&id, "integrated account")?;
    state.0.gateway.accounts.set_sandbox(caller.environment, id, true).await?;
    show(&state, &caller, id).await
}

pub async fn delete(Shared(state): Shared<State>, caller: Caller, path: Segments) -> Result<Json<Value>> {
    let id = existing(&state, &caller, path).await?;
    state.0.gateway.accounts.set_sandbox(caller.environment, id, false).await?;
    Ok(Json(json!({ "id": id })))
}

async fn existing(state: &State, caller: &Caller, path: Segments) -> Result<AccountId> {
    let [id] = path.take()?;
    let id = parse(&id, "sandbox account")?;
    let row = state.0.store.account(caller.environment, id).await?;
    if row.is_some_and(|row| row.is_sandbox) { Ok(id) } else { Err(missing()) }
}

async fn show(state: &State, caller: &Caller, id: AccountId) -> Result<Json<Value>> {
    let row = state.0.store.account(caller.environment, id).await?.ok_or_else(missing)?;
    Ok(Json(write(state, &row)))
}

fn missing() -> Error {
    Error::not_found("There is no such sandbox account in this environment.")
}

fn write(state: &State, row: &AccountRow) -> Value {
    json!({
        "id": row.id,
        "integrated_account": account::write(state, row),
        "created_at": instant(row.created_at),
        "updated_at": instant(row.updated_at),
    })
}
