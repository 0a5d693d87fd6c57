//! `/environment`: a token reaches one, so the list has one.

use axum::extract::State as Shared;
use axum::response::Response;
use serde_json::{Value, json};

use super::{optional_text, parse, whole};
use crate::config::origin_of;
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

pub async fn change(
    Shared(state): Shared<State>,
    caller: Caller,
    path: Segments,
    body: JsonBody,
) -> Result<Json<Value>> {
    let id = own(&caller, path)?;
    let mut body = body.object(&["name", "connect_origins"])?;
    let name = optional_text(&mut body, "name")?;
    let origins = match body.shift_remove("connect_origins") {
        None | Some(Value::Null) => None,
        Some(Value::Array(origins)) if origins.len() <= MOST_ORIGINS => Some(allowed(&origins)?),
        Some(_) => {
            let problem = format!("must be a list of at most {MOST_ORIGINS} origins");
            return Err(Error::invalid_field("connect_origins", problem));
        }
    };
    let name = name.as_deref().map(str::trim);
    let row = state.0.store.change_environment(id, name, origins.as_deref()).await?;
    Ok(Json(write(&row.ok_or_else(missing)?)))
}

/// Origins that an environment may allow at most: each stands in a header of every connect page.
const MOST_ORIGINS: usize = 50;

fn allowed(origins: &[Value]) -> Result<Vec<String>> {
    let read = |(index, origin): (usize, &Value)| {
        let origin = origin.as_str().and_then(origin_of);
        let problem = "must be an origin such as https://app.example.com";
        origin.ok_or_else(|| Error::invalid_field(format!("connect_origins[{index}]"), problem))
    };
    origins.iter().enumerate().map(read).collect()
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
        "connect_origins": row.connect_origins,
        "team_id": null,
        "created_at": instant(row.created_at),
        "updated_at": instant(row.updated_at),
    })
}
