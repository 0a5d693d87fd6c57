//! Link tokens and connect sessions: kept as hashes, found by hash, with what they know encrypted.

use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Store;
use crate::crypto::{Sealed, TokenHash};
use crate::error::Result;
use crate::ids::{AccountId, EnvironmentId};

/// A link token without its secret.
#[derive(Debug, Clone, FromRow)]
pub struct LinkTokenRow {
    /// Its hash.
    pub hash: Vec<u8>,
    /// The tenant boundary.
    pub environment_id: Uuid,
    /// Which master key opens it.
    pub key_id: String,
    /// What it was made for, encrypted.
    pub sealed: Vec<u8>,
    /// The hash of the session that it was exchanged for.
    pub session: Option<Vec<u8>>,
    /// When it stops working.
    pub expires_at: OffsetDateTime,
}

/// A link token to be stored.
#[derive(Debug)]
pub struct NewLinkToken {
    /// Its hash.
    pub hash: TokenHash,
    /// The account that is to be connected again; absent for a new one.
    pub account: Option<AccountId>,
    /// What it was made for.
    pub sealed: Sealed,
    /// When it stops working.
    pub expires_at: OffsetDateTime,
}

/// A connect session without its secret.
#[derive(Debug, Clone, FromRow)]
pub struct SessionRow {
    /// Its hash.
    pub hash: Vec<u8>,
    /// The tenant boundary.
    pub environment_id: Uuid,
    /// Which master key opens it.
    pub key_id: String,
    /// What it knows, encrypted.
    pub sealed: Vec<u8>,
    /// Rises with every change.
    pub version: i64,
    /// When it ends.
    pub expires_at: OffsetDateTime,
}

/// A connect session to be stored.
#[derive(Debug)]
pub struct NewSession {
    /// Its hash.
    pub hash: TokenHash,
    /// What it knows.
    pub sealed: Sealed,
    /// When it ends.
    pub expires_at: OffsetDateTime,
}

impl Store {
    /// Adds a link token.
    pub async fn add_link_token(&self, environment: EnvironmentId, new: NewLinkToken) -> Result<()> {
        sqlx::query(
            "INSERT INTO link_token (hash, environment_id, account_id, key_id, sealed, expires_at) \
             VALUES ($2, $1, $3, $4, $5, $6)",
        )
        .bind(environment.0)
        .bind(new.hash.0.as_slice())
        .bind(new.account.map(|account| account.0))
        .bind(new.sealed.key_id)
        .bind(new.sealed.bytes)
        .bind(new.expires_at)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The link token with this hash, in whichever environment: it is what tells the environment.
    pub async fn link_token_by_hash(&self, hash: TokenHash) -> Result<Option<LinkTokenRow>> {
        let row = sqlx::query_as(
            "SELECT hash, environment_id, key_id, sealed, session, expires_at FROM link_token WHERE hash = $1",
        );
        Ok(row.bind(hash.0.as_slice()).fetch_optional(&self.pool).await?)
    }

    /// Exchanges a link token for a session: once, however many ask. `false` if somebody was first, or it has expired.
    pub async fn exchange_link_token(
        &self,
        environment: EnvironmentId,
        token: TokenHash,
        now: OffsetDateTime,
        session: NewSession,
    ) -> Result<bool> {
        let mut transaction = self.pool.begin().await?;
        let used = sqlx::query(
            "UPDATE link_token SET session = $4 WHERE environment_id = $1 AND hash = $2 AND session IS NULL \
             AND expires_at > $3",
        )
        .bind(environment.0)
        .bind(token.0.as_slice())
        .bind(now)
        .bind(session.hash.0.as_slice())
        .execute(&mut *transaction)
        .await?;
        if used.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query(
            "INSERT INTO connect_session (hash, environment_id, key_id, sealed, expires_at) \
             VALUES ($2, $1, $3, $4, $5)",
        )
        .bind(environment.0)
        .bind(session.hash.0.as_slice())
        .bind(session.sealed.key_id)
        .bind(session.sealed.bytes)
        .bind(session.expires_at)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// The session with this hash, in whichever environment: it is what tells the environment.
    pub async fn connect_session_by_hash(&self, hash: TokenHash) -> Result<Option<SessionRow>> {
        let row = sqlx::query_as(
            "SELECT hash, environment_id, key_id, sealed, version, expires_at FROM connect_session WHERE hash = $1",
        );
        Ok(row.bind(hash.0.as_slice()).fetch_optional(&self.pool).await?)
    }

    /// Changes what a session knows. `false` if it has changed since `version`, or is gone.
    pub async fn change_connect_session(
        &self,
        environment: EnvironmentId,
        hash: TokenHash,
        version: i64,
        sealed: Sealed,
    ) -> Result<bool> {
        let changed = sqlx::query(
            "UPDATE connect_session SET key_id = $4, sealed = $5, version = version + 1 \
             WHERE environment_id = $1 AND hash = $2 AND version = $3",
        )
        .bind(environment.0)
        .bind(hash.0.as_slice())
        .bind(version)
        .bind(sealed.key_id)
        .bind(sealed.bytes)
        .execute(&self.pool)
        .await?;
        Ok(changed.rows_affected() > 0)
    }

    /// Deletes every link token and session of any environment that has ended by `now`.
    pub async fn sweep_connect(&self, now: OffsetDateTime) -> Result<()> {
        for table in ["link_token", "connect_session"] {
            let gone = sqlx::query(sqlx::AssertSqlSafe(format!(
                "DELETE FROM {table} t USING (SELECT hash FROM {table} WHERE expires_at <= $1 \
                 FOR UPDATE SKIP LOCKED) old WHERE t.hash = old.hash"
            )));
            gone.bind(now).execute(&self.pool).await?;
        }
        Ok(())
    }
}
