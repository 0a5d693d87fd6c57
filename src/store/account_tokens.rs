//! Tokens that reach one account for a short while: kept as hashes, found by hash.

use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Store;
use crate::crypto::TokenHash;
use crate::error::Result;
use crate::ids::{AccountId, EnvironmentId};

/// A token without its secret.
#[derive(Debug, Clone, FromRow)]
pub struct AccountTokenRow {
    /// The tenant boundary.
    pub environment_id: Uuid,
    /// The only account that it reaches.
    pub account_id: Uuid,
    /// When it stops working.
    pub expires_at: OffsetDateTime,
    /// Its hash.
    pub hash: Vec<u8>,
}

impl Store {
    /// Adds a token. `false` if the environment has no such account.
    pub async fn add_account_token(
        &self,
        environment: EnvironmentId,
        account: AccountId,
        hash: TokenHash,
        expires_at: OffsetDateTime,
    ) -> Result<bool> {
        let added = sqlx::query(
            "INSERT INTO account_token (hash, environment_id, account_id, expires_at) \
             SELECT $3, environment_id, id, $4 FROM integrated_account WHERE environment_id = $1 AND id = $2",
        )
        .bind(environment.0)
        .bind(account.0)
        .bind(hash.0.as_slice())
        .bind(expires_at)
        .execute(&self.pool)
        .await?;
        Ok(added.rows_affected() > 0)
    }

    /// The token with this hash, in whichever environment: it is what tells the environment.
    pub async fn account_token_by_hash(&self, hash: TokenHash) -> Result<Option<AccountTokenRow>> {
        let row = sqlx::query_as("SELECT * FROM account_token WHERE hash = $1").bind(hash.0.as_slice());
        Ok(row.fetch_optional(&self.pool).await?)
    }

    /// Deletes some tokens of any environment that have expired by `now`. Tells how many; processes that do it at
    /// once don't wait for each other.
    pub async fn sweep_account_tokens(&self, now: OffsetDateTime, limit: i64) -> Result<u64> {
        let gone = sqlx::query(
            "DELETE FROM account_token t USING (SELECT hash FROM account_token WHERE expires_at <= $1 \
             ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED) old WHERE t.hash = old.hash",
        )
        .bind(now)
        .bind(limit)
        .execute(&self.pool)
        .await?;
        Ok(gone.rows_affected())
    }
}
