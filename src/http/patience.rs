//! `X-Request-Timeout`: the seconds that this caller waits, in place of `UNICRM_DEADLINE`.
//!
//! More than `UNICRM_LONGEST_DEADLINE` counts as that much, so that a caller can't hold on to what others need for
//! longer than the operator has agreed to.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::{Error, Result};
use crate::gateway::patience;

/// The least, in seconds: with less, what comes back is chance.
const LEAST: f64 = 1.0;

/// The header's name.
const HEADER: HeaderName = HeaderName::from_static("x-request-timeout");

/// The layer around calls for an account.
pub async fn keep(State(state): State<super::State>, request: Request, next: Next) -> Response {
    match asked(request.headers()) {
        Ok(asked) => state.within(asked, next.run(request)).await,
        Err(error) => error.into_response(),
    }
}

impl super::State {
    /// Does `work` within the caller's patience, if the caller has said how long that is.
    pub(super) async fn within<T>(&self, asked: Option<Duration>, work: impl Future<Output = T>) -> T {
        match asked {
            None => work.await,
            Some(asked) => patience::during(asked.min(self.0.longest_patience), work).await,
        }
    }
}

/// How long the caller says that it waits.
pub fn asked(headers: &HeaderMap) -> Result<Option<Duration>> {
    let Some(value) = headers.get(HEADER) else { return Ok(None) };
    let seconds = value.to_str().ok().and_then(|text| text.trim().parse::<f64>().ok());
    let asked = seconds.filter(|seconds| *seconds >= LEAST).map(|seconds| {
        // Whoever waits for ever waits as long as may be.
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    });
    let problem = "must be the seconds that you wait for an answer: a number from 1, such as 10 or 2.5";
    asked.map(Some).ok_or_else(|| Error::invalid_field("X-Request-Timeout", problem))
}
