//! `/api-token`: which tokens reach the caller's environment. They are made with `unicrm token create`.

use axum::extract::State as Shared;
use axum::response::Response;
use serde_json::{Value, json};

use super::{Paging, parse};
use crate::error::{Error, Result};
use crate::http::State;
use crate::http::extract::{AdminQuery, Caller, Segments};
use crate::http::reply::{Json, instant};
use crate::store::tokens::ApiTokenRow;

pub async fn list(Shared(state): Shared<State>, caller: Caller, mut query: AdminQuery) -> Result<Response> {
    let name = query.0.take_text("name")?;
    let environment = query.0.take_text("environment_id")?;
    let selection = json!({ "name": name, "environment_id": environment });
    let known = ["name", "environment_id"];
    let paging = Paging::take(&state, caller.environment, "api-token", &selection, &known, query)?;
    let others = environment.is_some_and(|id| id != caller.environment.to_string());
    let rows = match others {
        true => Vec::new(),
        false => {
            state.0.store.tokens(caller.environment, name.as_deref(), paging.after, paging.fetch()).await?
        }
    };
    paging.answer(&state, rows, |row| row.id, write)
}

pub async fn read(Shared(state): Shared<State>, caller: Caller, path: Segments) -> Result<Json<Value>> {
    let [id] = path.take()?;
    let row = state.0.store.token(caller.environment, parse(&id, "API token")?).await?;
    let row = row.ok_or_else(|| Error::not_found("There is no such API token in this environment."))?;
    Ok(Json(write(&row)))
}

fn write(row: &ApiTokenRow) -> Value {
    json!({
        "id": row.id,
        "name": row.name,
        "environment_id": row.environment_id,
        "created_by": null,
        "expires_at": row.expires_at.map(instant),
        "created_at": instant(row.created_at),
        "updated_at": instant(row.updated_at),
    })
}
