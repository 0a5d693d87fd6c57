//! `/environment`: a token reaches one, so the list has one.

use axum::extract::State as Shared;
use axum::response::Response;
use serde_json::{Value, json};

use super::{optional_text, parse, whole};
use crate::error::{Error, Result};
use crate::http::State;
use crate::http::extract::{AdminQuery, Caller, JsonBody, Segments};
use crate::http::reply::{Json, instant};
use crate::ids::EnvironmentId;
use crate::store::environments::EnvironmentRow;

pub async fn list(Shared(state): Shared<State>, caller: Caller, query: AdminQuery) -> Result<Response> {
    let row = state.0.store.environment(caller.environment).await?;
    whole(query, &[], row.iter().map(write).collect())
}

pub async fn read(Shared(state): Shared<State>, caller: Caller, path: Segments) -> Result<Json<Value>> {
    let id = own(&caller, path)?;
    let row = state.0.store.environment(id).await?.ok_or_else(missing)?;
    Ok(Json(write(&row)))
}

pub async fn rename(
    Shared(state): Shared<State>,
    caller: Caller,
    path: Segments,
    body: JsonBody,
) -> Result<Json<Value>> {
    let id = own(&caller, path)?;
    let mut body = body.object(&["name"])?;
    let row = match optional_text(&mut body, "name")? {
        Some(name) => state.0.store.rename_environment(id, name.trim()).await?,
        None => state.0.store.environment(id).await?,
    };
    Ok(Json(write(&row.ok_or_else(missing)?)))
}

fn own(caller: &Caller, path: Segments) -> Result<EnvironmentId> {
    let [id] = path.take()?;
    let id: EnvironmentId = parse(&id, "environment")?;
    if id == caller.environment { Ok(id) } else { Err(missing()) }
}

fn missing() -> Error {
    Error::not_found("There is no such environment, or this token doesn't reach it.")
}

fn write(row: &EnvironmentRow) -> Value {
    json!({
        "id": row.id,
        "name": row.name,
        "team_id": null,
        "created_at": instant(row.created_at),
        "updated_at": instant(row.updated_at),
    })
}
