//! What the vendor has last said of an account's quota, told with every answer to a call for it.
//!
//! The vendor says it of each native call, and one request may make several: the last word counts. It reaches the
//! answer past the use cases, which have no business with it, in a place of the task that serves the request.

use std::sync::{Arc, Mutex, PoisonError};

use super::Gateway;
use crate::account::Account;
use crate::adapter::{Quota, Reply};
use crate::error::Result;

tokio::task_local! {
    static TOLD: Told;
}

/// Where a request's native calls leave the quota.
#[derive(Clone, Default)]
pub struct Told(Arc<Mutex<Option<Quota>>>);

impl Told {
    /// Does `work`, whose native calls leave the quota here.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        TOLD.scope(self.clone(), work).await
    }

    /// The last quota, if any vendor told one.
    pub fn last(&self) -> Option<Quota> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gateway {
    /// Takes note of what the vendor said of the quota, in an answer or in an error.
    pub(super) fn note_quota(&self, account: &Account, outcome: &Result<Reply>) {
        let headers = match outcome {
            Ok(reply) => Some(&reply.headers),
            Err(error) => error.fault().map(|fault| &fault.headers),
        };
        let now = self.clock.now();
        if let Some(quota) = headers.and_then(|headers| account.adapter.rest().quota(headers, now)) {
            // Pages of a list that is sent as it is read come after the headers of the answer.
            let _ =
                TOLD.try_with(|told| *told.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(quota));
        }
    }
}
