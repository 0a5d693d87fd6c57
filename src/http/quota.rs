//! `ratelimit-limit`, `ratelimit-remaining` and `ratelimit-reset`: the vendor's quota, under one name whatever the
//! vendor calls it. The reset is in seconds from now.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use crate::gateway::quota::Told;

/// The layer around calls for an account.
pub async fn tell(request: Request, next: Next) -> Response {
    after(next.run(request)).await
}

/// The answer that calls for an account lead to, with the quota.
pub async fn after(calls: impl Future<Output = Response>) -> Response {
    let told = Told::default();
    let mut response = told.during(calls).await;
    if let Some(quota) = told.last() {
        let seconds = quota.reset.map(|reset| reset.as_secs());
        let said = [
            ("ratelimit-limit", quota.limit),
            ("ratelimit-remaining", quota.remaining),
            ("ratelimit-reset", seconds),
        ];
        for (name, value) in said {
            if let Some(value) = value {
                response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from(value));
            }
        }
    }
    response
}
