//! Who a bearer token is: looked up by hash, kept for a short while, forgotten when it changes.

use std::time::Duration;

use moka::future::Cache;
use time::OffsetDateTime;

use crate::clock::Clock;
use crate::crypto::TokenHash;
use crate::error::{Error, Kind, Result};
use crate::ids::EnvironmentId;
use crate::store::Store;
use crate::store::changes::Change;

/// How long a token is believed without asking the database again, should an announcement be lost.
const KEPT: Duration = Duration::from_secs(30);

/// A token that was found.
#[derive(Debug, Clone, Copy)]
struct Known {
    environment: EnvironmentId,
    expires_at: Option<OffsetDateTime>,
}

/// API tokens.
#[derive(Clone)]
pub struct Tokens {
    store: Store,
    clock: Clock,
    kept: Cache<[u8; 32], Known>,
}

impl Tokens {
    /// The tokens of a database.
    pub fn new(store: Store, clock: Clock) -> Self {
        Tokens { store, clock, kept: Cache::builder().max_capacity(10_000).time_to_live(KEPT).build() }
    }

    /// The environment that a token reaches.
    pub async fn environment(&self, token: &str) -> Result<EnvironmentId> {
        let hash = TokenHash::of(token);
        let known = match self.kept.get(&hash.0).await {
            Some(known) => known,
            None => {
                let row = self.store.token_by_hash(hash).await?;
                let row = row.filter(|row| hash.matches(&row.hash)).ok_or_else(refused)?;
                let known =
                    Known { environment: EnvironmentId(row.environment_id), expires_at: row.expires_at };
                self.kept.insert(hash.0, known).await;
                known
            }
        };
        if known.expires_at.is_some_and(|end| end <= self.clock.now()) {
            return Err(Error::new(Kind::Unauthenticated, "This API token has expired."));
        }
        Ok(known.environment)
    }

    /// Lets go of what has changed.
    pub fn forget(&self, change: &Change) {
        if matches!(change, Change::ApiToken(_) | Change::Anything) {
            self.kept.invalidate_all();
        }
    }
}

fn refused() -> Error {
    Error::new(
        Kind::Unauthenticated,
        "This API token is not valid. Send one made with `unicrm token create` as `Authorization: Bearer …`.",
    )
}
