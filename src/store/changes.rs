//! What other processes have changed, so that caches can let go of it.
//!
//! PostgreSQL announces each change with NOTIFY. While the connection for it is down, announcements are lost:
//! the listener then says that anything may have changed.

use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};
use uuid::Uuid;

use super::Store;
use crate::error::Result;

pub(super) const CHANNEL: &str = "unicrm_changes";

/// Something that a cache may hold has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An account, or its credential.
    Account(Uuid),
    /// A provider in an environment.
    EnvironmentIntegration(Uuid),
    /// An API token.
    ApiToken(Uuid),
    /// The models or mappings of an environment.
    Mappings(Uuid),
    /// An account's vendor wants no call for so long.
    Rest(Uuid, Duration),
    /// Announcements may have been missed.
    Anything,
}

/// Listens for changes.
#[derive(Debug)]
pub struct Changes {
    listener: PgListener,
}

impl Store {
    /// Begins to listen, on a connection of its own.
    pub async fn changes(&self) -> Result<Changes> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(5))
            .connect_lazy_with(self.direct.clone());
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(Changes { listener })
    }
}

impl Changes {
    /// Waits for the next change. After an error, listening has to begin anew.
    pub async fn next(&mut self) -> Result<Change> {
        loop {
            match self.listener.try_recv().await? {
                None => return Ok(Change::Anything), // the connection was lost and made again
                Some(notification) => {
                    if let Some(change) = read(notification.payload()) {
                        return Ok(change);
                    }
                }
            }
        }
    }
}

fn read(payload: &str) -> Option<Change> {
    let (table, id) = payload.split_once(':')?;
    if table == "rest" {
        let (account, millis) = id.split_once(':')?;
        return Some(Change::Rest(account.parse().ok()?, Duration::from_millis(millis.parse().ok()?)));
    }
    let id = id.parse().ok()?;
    match table {
        "integrated_account" => Some(Change::Account(id)),
        "environment_integration" => Some(Change::EnvironmentIntegration(id)),
        "mappings" => Some(Change::Mappings(id)),
        "api_token" => Some(Change::ApiToken(id)),
        _ => None,
    }
}
