//! `/health` and `/ready`: for whoever starts processes, and for whoever sends them calls. Neither takes a token.
//!
//! The two are apart because they call for different things. A process that isn't healthy is to be started anew; that
//! doesn't bring back a database, so a database that is away only makes it not ready. Nor is it ready once it has been
//! asked to stop: calls are better sent to another one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::State as Shared;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::State;
use super::reply::Json;
use crate::error::{Error, Kind, Result, Retry};

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the process has been asked to stop.
#[derive(Debug, Clone, Default)]
pub struct Stopping(Arc<AtomicBool>);

impl Stopping {
    /// It has.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// `GET /health`: the process lives and answers.
pub async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// `GET /ready`: it may be sent calls.
pub async fn ready(Shared(state): Shared<State>) -> Result<Json<Value>> {
    if state.0.stopping.has_begun() {
        return Err(not_ready("This process is stopping; another one takes the call."));
    }
    match timeout(PATIENCE, state.0.store.is_migrated()).await {
        Ok(Ok(true)) => Ok(Json(json!({ "status": "ready" }))),
        Ok(Ok(false)) => {
            Err(not_ready("The database's schema is older than this binary; run `unicrm migrate`."))
        }
        Ok(Err(error)) => Err(error),
        Err(_) => Err(not_ready("The gateway's database does not answer for the moment.")),
    }
}

fn not_ready(why: &str) -> Error {
    Error::new(Kind::Unavailable, why).retry(Retry::Later(Some(PATIENCE)))
}
