//! Jobs: what Capsule goes on doing after it has answered 202, told at `/jobs/{uuid}`.
//!
//! The twin is done by the time it answers, so its jobs are always complete; a client that polls has to poll all the
//! same, because the 202 does not say so.

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::LOCATION;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Shared;
use super::account::Account;
use super::call::Call;
use super::refusal::Refusal;

/// Records from which on the twin answers 202. Where Capsule draws the line is not documented.
const LONG: usize = 50;

/// Something that takes longer than a request.
#[derive(Clone)]
pub(super) struct Job {
    id: Uuid,
    action: &'static str,
}

/// Notes a job if so many records were touched that it would have taken long; answers its id.
pub(super) fn if_long(account: &mut Account, touched: usize, action: &'static str) -> Option<Uuid> {
    if touched < LONG {
        return None;
    }
    let id = account.next_uuid();
    account.jobs.push(Job { id, action });
    Some(id)
}

/// The answer to a request that is carried out by a job.
pub(super) fn accepted(call: &Call, job: Uuid) -> Response {
    (StatusCode::ACCEPTED, [(LOCATION, call.url_of(&format!("/jobs/{job}")))]).into_response()
}

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/jobs/{id}", get(show))
}

async fn show(
    State(capsule): State<Shared>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Json<Value>, Refusal> {
    capsule.look(&call, |scene| {
        let job = scene.account.jobs.iter().find(|job| job.id.to_string() == id);
        let job = job.ok_or(Refusal::NotFound)?;
        Ok(Json(json!({
            "job": { "status": "completed", "progress": 100, "action": job.action, "id": job.id },
        })))
    })
}
