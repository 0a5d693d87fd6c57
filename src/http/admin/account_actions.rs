//! What can be done to accounts beside reading and changing one: renewing a credential, deleting many.

use axum::extract::State as Shared;
use serde_json::{Value, json};

use super::{optional_text, parse, required_text};
use crate::account::Doomed;
use crate::error::{Error, Result};
use crate::http::State;
use crate::http::extract::{Caller, JsonBody};
use crate::http::reply::Json;
use crate::ids::AccountId;

/// The most accounts that one call deletes by their ids.
const MOST_IDS: usize = 1000;

/// `POST /integrated-account/refresh-credentials`: renews the access token now, ended or not.
pub async fn refresh(Shared(state): Shared<State>, caller: Caller, body: JsonBody) -> Result<Json<Value>> {
    let id = required_text(&mut body.object(&["id"])?, "id")?;
    state.0.gateway.accounts.refresh(caller.environment, parse(&id, "integrated account")?).await?;
    Ok(Json(json!({ "success": true })))
}

/// `POST /integrated-account/run-post-install-actions`: once more what comes after an account is saved; it is active if
/// that succeeds.
pub async fn complete(Shared(state): Shared<State>, caller: Caller, body: JsonBody) -> Result<Json<Value>> {
    let id = required_text(&mut body.object(&["id"])?, "id")?;
    let id = parse(&id, "integrated account")?;
    state.0.gateway.accounts.usable(caller.environment, id).await?;
    let failed = state.0.gateway.accounts.complete(caller.environment, id).await?;
    let error = failed.as_ref().map(|failure| failure.error_type());
    Ok(Json(json!({ "success": failed.is_none(), "error_type": error })))
}

/// `POST /integrated-account/bulk-delete`: by ids or by tenant. Accounts that are gone already are no error, so that a
/// repeat of a call whose answer was lost succeeds.
pub async fn bulk_delete(
    Shared(state): Shared<State>,
    caller: Caller,
    body: JsonBody,
) -> Result<Json<Value>> {
    let mut body = body.object(&["ids", "tenant_id"])?;
    let tenant_id = optional_text(&mut body, "tenant_id")?;
    let ids = body.shift_remove("ids").filter(|ids| !ids.is_null());
    let doomed = match (ids, tenant_id) {
        (Some(ids), None) => Doomed::These(read(&ids)?),
        (None, Some(tenant_id)) => Doomed::Tenant(tenant_id),
        (None, None) => return Err(Error::invalid_field("ids", "is needed, or tenant_id")),
        (Some(_), Some(_)) => {
            return Err(Error::invalid_field(
                "tenant_id",
                "can't be given together with ids: send one of them",
            ));
        }
    };
    state.0.gateway.accounts.delete_many(caller.environment, doomed).await?;
    Ok(Json(json!({ "success": true })))
}

fn read(ids: &Value) -> Result<Vec<AccountId>> {
    let wrong = || Error::invalid_field("ids", format!("must be an array of 1 to {MOST_IDS} UUIDs"));
    let ids = ids.as_array().filter(|ids| (1..=MOST_IDS).contains(&ids.len())).ok_or_else(wrong)?;
    let read = |(index, id): (usize, &Value)| {
        let id = id.as_str().and_then(|id| id.parse().ok());
        id.ok_or_else(|| Error::invalid_field(format!("ids[{index}]"), "must be a UUID"))
    };
    ids.iter().enumerate().map(read).collect()
}
