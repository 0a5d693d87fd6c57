//! Idempotency keys: who holds one, whether a write has left under it, and the answer that it is kept for.
//!
//! A holder's lease is measured by the database's clock, which all processes share. Whatever a holder changes, it
//! changes only while the row still names its lease.

use std::time::Duration;

use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Store;
use crate::crypto::Sealed;
use crate::error::{Error, Result};
use crate::ids::{AccountId, EnvironmentId};

/// Which key: an account's, in the scope of a method, a path and the caller's own text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyName {
    /// The tenant boundary.
    pub environment: EnvironmentId,
    /// Whom the write is for.
    pub account: AccountId,
    /// A digest of method, path and key.
    pub scope: [u8; 32],
}

/// A key as it is stored.
#[derive(Debug, FromRow)]
pub struct KeyRow {
    /// A digest of the query and body that the key was first sent with.
    pub fingerprint: Vec<u8>,
    /// Whether its holder has let the lease lapse.
    pub lapsed: bool,
    /// Whether a write may have left the gateway.
    pub sent: bool,
    key_id: Option<String>,
    sealed: Option<Vec<u8>>,
}

impl KeyRow {
    /// The answer, if there is one.
    pub fn into_sealed(self) -> Option<Sealed> {
        Some(Sealed { key_id: self.key_id?, bytes: self.sealed? })
    }
}

impl Store {
    /// Takes a key, if it is new, has expired, or its holder has gone without having sent anything. `false` if it is
    /// another's, or has an answer. `now` decides what has expired.
    pub async fn claim_key(
        &self,
        name: &KeyName,
        fingerprint: &[u8; 32],
        lease: Uuid,
        hold: Duration,
        now: OffsetDateTime,
        expires_at: OffsetDateTime,
    ) -> Result<bool> {
        let claimed = sqlx::query(
            "INSERT INTO idempotency_key AS k (environment_id, account_id, scope, fingerprint, lease, lease_until, \
             expires_at) VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6), $8) \
             ON CONFLICT (account_id, environment_id, scope) DO UPDATE SET fingerprint = excluded.fingerprint, \
             lease = excluded.lease, lease_until = excluded.lease_until, sent = false, key_id = NULL, sealed = NULL, \
             expires_at = excluded.expires_at, created_at = now() \
             WHERE (k.expires_at <= $7 AND (k.sealed IS NOT NULL OR k.lease_until < now())) \
             OR (k.fingerprint = excluded.fingerprint AND k.sealed IS NULL AND NOT k.sent AND k.lease_until < now())",
        )
        .bind(name.environment.0)
        .bind(name.account.0)
        .bind(name.scope.as_slice())
        .bind(fingerprint.as_slice())
        .bind(lease)
        .bind(hold.as_secs_f64())
        .bind(now)
        .bind(expires_at)
        .execute(&self.pool)
        .await;
        match claimed {
            Ok(claimed) => Ok(claimed.rows_affected() > 0),
            Err(error) if error.as_database_error().is_some_and(|error| error.is_foreign_key_violation()) => {
                Err(Error::not_found("The account was deleted meanwhile."))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A key, unless it is free.
    pub async fn idempotency_key(&self, name: &KeyName) -> Result<Option<KeyRow>> {
        let row = sqlx::query_as(
            "SELECT fingerprint, lease_until < now() AS lapsed, sent, key_id, sealed FROM idempotency_key \
             WHERE environment_id = $1 AND account_id = $2 AND scope = $3",
        );
        let row = row.bind(name.environment.0).bind(name.account.0).bind(name.scope.as_slice());
        Ok(row.fetch_optional(&self.pool).await?)
    }

    /// Keeps holding a key.
    pub async fn extend_key(&self, name: &KeyName, lease: Uuid, hold: Duration) -> Result<()> {
        sqlx::query(
            "UPDATE idempotency_key SET lease_until = now() + make_interval(secs => $5) \
             WHERE environment_id = $1 AND account_id = $2 AND scope = $3 AND lease = $4 AND sealed IS NULL",
        )
        .bind(name.environment.0)
        .bind(name.account.0)
        .bind(name.scope.as_slice())
        .bind(lease)
        .bind(hold.as_secs_f64())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Notes that a write is about to leave, and holds the key for `hold` from now. `false` if the key has gone to
    /// another: then nothing may leave.
    pub async fn mark_key_sent(&self, name: &KeyName, lease: Uuid, hold: Duration) -> Result<bool> {
        let marked = sqlx::query(
            "UPDATE idempotency_key SET sent = true, lease_until = now() + make_interval(secs => $5) \
             WHERE environment_id = $1 AND account_id = $2 AND scope = $3 AND lease = $4",
        )
        .bind(name.environment.0)
        .bind(name.account.0)
        .bind(name.scope.as_slice())
        .bind(lease)
        .bind(hold.as_secs_f64())
        .execute(&self.pool)
        .await?;
        Ok(marked.rows_affected() > 0)
    }

    /// Keeps the answer. `false` if the key has gone to another.
    pub async fn answer_key(&self, name: &KeyName, lease: Uuid, answer: &Sealed) -> Result<bool> {
        let answered = sqlx::query(
            "UPDATE idempotency_key SET key_id = $5, sealed = $6 \
             WHERE environment_id = $1 AND account_id = $2 AND scope = $3 AND lease = $4",
        )
        .bind(name.environment.0)
        .bind(name.account.0)
        .bind(name.scope.as_slice())
        .bind(lease)
        .bind(&answer.key_id)
        .bind(&answer.bytes)
        .execute(&self.pool)
        .await?;
        Ok(answered.rows_affected() > 0)
    }

    /// Gives a key back as if it had never been sent.
    pub async fn release_key(&self, name: &KeyName, lease: Uuid) -> Result<()> {
        sqlx::query(
            "DELETE FROM idempotency_key \
             WHERE environment_id = $1 AND account_id = $2 AND scope = $3 AND lease = $4",
        )
        .bind(name.environment.0)
        .bind(name.account.0)
        .bind(name.scope.as_slice())
        .bind(lease)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Deletes some keys of any environment that have expired by `now`. Tells how many; processes that do it at once
    /// don't wait for each other.
    pub async fn sweep_keys(&self, now: OffsetDateTime, limit: i64) -> Result<u64> {
        let gone = sqlx::query(
            "DELETE FROM idempotency_key k USING (SELECT account_id, environment_id, scope FROM idempotency_key \
             WHERE expires_at <= $1 AND (sealed IS NOT NULL OR lease_until < now()) \
             ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED) old \
             WHERE k.account_id = old.account_id AND k.environment_id = old.environment_id AND k.scope = old.scope",
        )
        .bind(now)
        .bind(limit)
        .execute(&self.pool)
        .await?;
        Ok(gone.rows_affected())
    }
}
