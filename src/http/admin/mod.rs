//! The administrative routes: environments, integrations, accounts and tokens of the caller's environment.

pub mod account;
pub mod account_actions;
pub mod account_token;
pub mod api_token;
pub mod environment;
pub mod environment_integration;
pub mod integration;
pub mod link_token;
pub mod log;
pub mod mapping;
pub mod mcp_server;
pub mod model;
pub mod sandbox_account;

use axum::response::Response;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::State;
use super::extract::AdminQuery;
use super::reply::{self, Json};
use crate::error::{Error, Kind, Result};
use crate::ids::EnvironmentId;
use crate::model::Binding;

/// The page size of administrative lists where the caller names none, and the largest.
const PAGE: u32 = 5000;

/// `GET /ping`: whether the gateway and its database answer.
pub async fn ping(axum::extract::State(state): axum::extract::State<State>) -> Result<Json<Value>> {
    state.0.store.ping().await?;
    Ok(Json(json!({ "ping": "pong" })))
}

/// Where an administrative list is, and how much of it is wanted.
struct Paging {
    limit: u32,
    after: Option<Uuid>,
    binding: Binding,
}

impl Paging {
    /// Takes `limit` and `next_cursor`, and refuses what is left of the query. `selection` holds the filters.
    fn take(
        state: &State,
        environment: EnvironmentId,
        list: &str,
        selection: &Value,
        known: &[&str],
        query: AdminQuery,
    ) -> Result<Paging> {
        Paging::take_up_to(state, environment, list, selection, known, (query, PAGE))
    }

    /// The same for a list with another page size: the one where the caller names none, and the largest.
    fn take_up_to(
        state: &State,
        environment: EnvironmentId,
        list: &str,
        selection: &Value,
        known: &[&str],
        (mut query, most): (AdminQuery, u32),
    ) -> Result<Paging> {
        let limit = query.0.take_count("limit", most)?.unwrap_or(most);
        let binding = Binding::new(environment, list, selection);
        let cursor = query.0.take_text("next_cursor")?;
        let after = cursor.map(|cursor| state.0.cursors.open(&binding, &cursor)).transpose()?;
        query.finish(&[known, &["limit", "next_cursor"]].concat())?;
        Ok(Paging { limit, after, binding })
    }

    /// One row more than the page has: it tells whether there is another page.
    fn fetch(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// The page in its envelope, of one row more than it has.
    fn answer<R>(
        &self,
        state: &State,
        mut rows: Vec<R>,
        id: impl Fn(&R) -> Uuid,
        write: impl Fn(&R) -> Value,
    ) -> Result<Response> {
        let limit = self.limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        let next = last.map(|row| state.0.cursors.seal(&self.binding, &id(row))).transpose()?;
        Ok(reply::admin_page(rows.iter().map(write).collect(), next, self.limit))
    }
}

/// A list that is never long, in the envelope of administrative lists. Its parameters have been taken.
pub fn whole(mut query: AdminQuery, known: &[&str], result: Vec<Value>) -> Result<Response> {
    let limit = query.0.take_count("limit", PAGE)?.unwrap_or(PAGE);
    if query.0.take_text("next_cursor")?.is_some() {
        return Err(Error::invalid_field("next_cursor", "this list has one page only"));
    }
    query.finish(&[known, &["limit", "next_cursor"]].concat())?;
    Ok(reply::admin_page(result, None, limit))
}

pub fn parse<T: std::str::FromStr>(id: &str, what: &str) -> Result<T> {
    id.parse().map_err(|_| Error::not_found(format!("There is no such {what}: its id is a UUID.")))
}

fn required_text(body: &mut Map<String, Value>, name: &str) -> Result<String> {
    optional_text(body, name)?.ok_or_else(|| Error::invalid_field(name, "is needed"))
}

fn optional_text(body: &mut Map<String, Value>, name: &str) -> Result<Option<String>> {
    match body.shift_remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.trim().is_empty() && text.len() <= 512 && !text.contains('\0') => {
            Ok(Some(text))
        }
        Some(_) => Err(Error::invalid_field(name, "must be a string of 1 to 512 bytes")),
    }
}

/// The version that a change was made against.
fn version(body: &mut Map<String, Value>) -> Result<Option<i32>> {
    match body.shift_remove("version") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => {
            let version = number.as_i64().and_then(|number| i32::try_from(number).ok());
            version.map(Some).ok_or_else(|| Error::invalid_field("version", "must be a whole number"))
        }
        Some(_) => Err(Error::invalid_field("version", "must be a whole number")),
    }
}

/// The error of a change that was made against an older version.
fn stale(present: i32) -> Error {
    Error::new(
        Kind::Conflict,
        format!("It has changed meanwhile; the present version is {present}. Read it and change that."),
    )
}

fn optional_flag(body: &mut Map<String, Value>, name: &str) -> Result<Option<bool>> {
    match body.shift_remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(on)) => Ok(Some(on)),
        Some(_) => Err(Error::invalid_field(name, "must be true or false")),
    }
}

fn optional_object(body: &mut Map<String, Value>, name: &str) -> Result<Option<Map<String, Value>>> {
    match body.shift_remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(Error::invalid_field(name, "must be an object")),
    }
}
