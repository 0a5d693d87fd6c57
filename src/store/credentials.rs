//! Sealed credentials, their versions and the lease under which one process at a time renews one.

use std::time::Duration;

use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Store;
use crate::crypto::Sealed;
use crate::error::Result;
use crate::ids::{AccountId, EnvironmentId};

/// A credential as it is stored.
#[derive(Debug, FromRow)]
pub struct CredentialRow {
    /// Whose it is.
    pub account_id: Uuid,
    /// The tenant boundary.
    pub environment_id: Uuid,
    /// Which master key opens it.
    pub key_id: String,
    /// The ciphertext.
    pub sealed: Vec<u8>,
    /// Rises with every change.
    pub version: i64,
}

impl CredentialRow {
    /// The sealed value.
    pub fn into_sealed(self) -> Sealed {
        Sealed { key_id: self.key_id, bytes: self.sealed }
    }
}

impl Store {
    /// An account's credential.
    pub async fn credential(
        &self,
        environment: EnvironmentId,
        id: AccountId,
    ) -> Result<Option<CredentialRow>> {
        let row = sqlx::query_as("SELECT * FROM credential WHERE environment_id = $1 AND account_id = $2");
        Ok(row.bind(environment.0).bind(id.0).fetch_optional(&self.pool).await?)
    }

    /// Takes the lease on renewing version `version`, for `hold` at most. `false` if another holds it, or the
    /// credential has changed. A holder that dies loses it by time.
    pub async fn lease_credential(
        &self,
        environment: EnvironmentId,
        id: AccountId,
        version: i64,
        lease: Uuid,
        hold: Duration,
    ) -> Result<bool> {
        let taken = sqlx::query(
            "UPDATE credential SET lease = $4, lease_until = now() + make_interval(secs => $5) \
             WHERE environment_id = $1 AND account_id = $2 AND version = $3 \
             AND (lease IS NULL OR lease_until < now())",
        )
        .bind(environment.0)
        .bind(id.0)
        .bind(version)
        .bind(lease)
        .bind(hold.as_secs_f64())
        .execute(&self.pool)
        .await?;
        Ok(taken.rows_affected() > 0)
    }

    /// Gives the lease back without a change.
    pub async fn release_credential(
        &self,
        environment: EnvironmentId,
        id: AccountId,
        lease: Uuid,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE credential SET lease = NULL, lease_until = NULL \
             WHERE environment_id = $1 AND account_id = $2 AND lease = $3",
        )
        .bind(environment.0)
        .bind(id.0)
        .bind(lease)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Stores what a renewal brought and gives the lease back. `false` if the credential was replaced meanwhile:
    /// then what was stored by the other stays.
    pub async fn store_renewed(
        &self,
        environment: EnvironmentId,
        id: AccountId,
        version: i64,
        credential: Sealed,
        renew_at: Option<OffsetDateTime>,
    ) -> Result<bool> {
        let stored = sqlx::query(
            "UPDATE credential SET key_id = $4, sealed = $5, renew_at = $6, version = version + 1, lease = NULL, \
             lease_until = NULL, updated_at = now() WHERE environment_id = $1 AND account_id = $2 AND version = $3",
        )
        .bind(environment.0)
        .bind(id.0)
        .bind(version)
        .bind(credential.key_id)
        .bind(credential.bytes)
        .bind(renew_at)
        .execute(&self.pool)
        .await?;
        Ok(stored.rows_affected() > 0)
    }

    /// Takes some renewals that are due by `now`, of any environment, and moves each on to `again`, when it is due once
    /// more if nothing comes of it. Processes that do it at once take different ones.
    pub async fn claim_renewals(
        &self,
        now: OffsetDateTime,
        again: OffsetDateTime,
        limit: i64,
    ) -> Result<Vec<(EnvironmentId, AccountId)>> {
        let claimed = sqlx::query_as(
            "UPDATE credential c SET renew_at = $2 FROM (SELECT c.account_id FROM credential c \
             JOIN integrated_account a ON a.id = c.account_id \
             JOIN environment_integration ei ON ei.id = a.environment_integration_id \
             WHERE c.renew_at <= $1 AND a.status <> 'needs_reauth' AND ei.is_enabled \
             ORDER BY c.renew_at LIMIT $3 FOR UPDATE OF c SKIP LOCKED) due \
             WHERE c.account_id = due.account_id RETURNING c.environment_id, c.account_id",
        );
        let claimed: Vec<(Uuid, Uuid)> =
            claimed.bind(now).bind(again).bind(limit).fetch_all(&self.pool).await?;
        Ok(claimed.into_iter().map(|(environment, id)| (EnvironmentId(environment), AccountId(id))).collect())
    }

    /// Some credentials that are sealed with another key than `key_id`, of any environment: for key rotation only.
    pub async fn sealed_otherwise(
        &self,
        key_id: &str,
        after: Uuid,
        limit: i64,
    ) -> Result<Vec<CredentialRow>> {
        let rows = sqlx::query_as(
            "SELECT * FROM credential WHERE key_id <> $1 AND account_id > $2 ORDER BY account_id LIMIT $3",
        );
        Ok(rows.bind(key_id).bind(after).bind(limit).fetch_all(&self.pool).await?)
    }

    /// Puts the same credential under another key; its version stays. `false` if it has changed meanwhile.
    pub async fn reseal(
        &self,
        environment: EnvironmentId,
        id: AccountId,
        version: i64,
        sealed: Sealed,
    ) -> Result<bool> {
        let stored = sqlx::query(
            "UPDATE credential SET key_id = $4, sealed = $5 WHERE environment_id = $1 AND account_id = $2 AND version = $3",
        )
        .bind(environment.0)
        .bind(id.0)
        .bind(version)
        .bind(sealed.key_id)
        .bind(sealed.bytes)
        .execute(&self.pool)
        .await?;
        Ok(stored.rows_affected() > 0)
    }
}
