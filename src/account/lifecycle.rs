//! What becomes of an account, told as events with the contract's names. An event stands in the database exactly if the
//! change does that it tells of.

use serde_json::json;

use super::{Accounts, shown};
use crate::error::Result;
use crate::ids::{AccountId, EnvironmentId};
use crate::store::accounts::AccountRow;
use crate::store::events::NewEvent;

/// A step in an account's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Created,
    Updated,
    Active,
    /// Told only of an account that had to be connected again.
    Reactivated,
    Refused,
    Invalid,
    NotInstalled,
}

impl Step {
    fn event(self) -> &'static str {
        match self {
            Step::Created => "integrated_account:created",
            Step::Updated => "integrated_account:updated",
            Step::Active => "integrated_account:active",
            Step::Reactivated => "integrated_account:reactivated",
            Step::Refused => "integrated_account:authentication_error",
            Step::Invalid => "integrated_account:validation_error",
            Step::NotInstalled => "integrated_account:post_install_error",
        }
    }
}

/// The event that tells that an account is no more.
const DELETED: &str = "integrated_account:deleted";

impl Accounts {
    /// Makes the events of these steps, for the transaction in which they happen.
    pub(super) fn tell(
        &self,
        environment: EnvironmentId,
        steps: &'static [Step],
    ) -> impl Fn(&AccountRow, &str) -> Result<Vec<NewEvent>> + Send + Sync {
        let accounts = self.clone();
        move |row, before| {
            let inner = &accounts.0;
            let payload = shown(&inner.catalog, row);
            let happened =
                steps.iter().filter(|step| **step != Step::Reactivated || before == "needs_reauth");
            happened.map(|step| inner.events.of_account(environment, step.event(), &payload)).collect()
        }
    }

    /// Makes the event of an account's end.
    pub(super) fn tell_gone(
        &self,
        environment: EnvironmentId,
    ) -> impl Fn(AccountId) -> Result<NewEvent> + Send + Sync {
        let accounts = self.clone();
        move |id| accounts.0.events.of_account(environment, DELETED, &json!({ "id": id }))
    }
}
