//! How long the caller of the request at hand waits, where it says so itself.
//!
//! It reaches the native calls past the use cases, which have no business with it, in a place of the task that serves
//! the request.

use std::time::Duration;

tokio::task_local! {
    static PATIENCE: Duration;
}

/// Does `work`, whose native calls must be answered within `patience`, counted from the beginning of each use case.
pub async fn during<T>(patience: Duration, work: impl Future<Output = T>) -> T {
    PATIENCE.scope(patience, work).await
}

/// What the caller has said, if anything.
pub(super) fn told() -> Option<Duration> {
    PATIENCE.try_with(|patience| *patience).ok()
}
