//! Events: what CRMs told of their records and what happened to accounts, kept for a while.

use sqlx::{FromRow, PgConnection};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Store;
use crate::crypto::Sealed;
use crate::error::Result;
use crate::ids::{AccountId, EnvironmentId};

/// An event, as it is kept.
#[derive(Debug, Clone, FromRow)]
pub struct EventRow {
    /// Its identifier; they sort by time.
    pub id: Uuid,
    /// Whose records it is about.
    pub account_id: Uuid,
    /// Which master key opens it.
    pub key_id: String,
    /// What happened, encrypted.
    pub sealed: Vec<u8>,
    /// When it was stored.
    pub created_at: OffsetDateTime,
}

/// An event to be stored.
#[derive(Debug)]
pub struct NewEvent {
    /// Its identifier; they sort by time.
    pub id: Uuid,
    /// What happened, encrypted.
    pub sealed: Sealed,
}

/// Which events a list has.
#[derive(Debug, Clone, Copy, Default)]
pub struct EventFilter {
    /// Of this account only.
    pub account: Option<AccountId>,
    /// Stored after this instant.
    pub after: Option<OffsetDateTime>,
    /// Stored before this instant.
    pub before: Option<OffsetDateTime>,
}

impl Store {
    /// Adds what a CRM told of an account's records, in order: all of it, or nothing if there is no such account.
    /// `false` then.
    pub async fn add_events(
        &self,
        environment: EnvironmentId,
        account: AccountId,
        events: Vec<NewEvent>,
    ) -> Result<bool> {
        let (ids, keys, bytes) = columns(events);
        // The account is held meanwhile, so that its end takes these events along.
        let added = sqlx::query(
            "WITH owner AS (SELECT id FROM integrated_account WHERE environment_id = $1 AND id = $2 FOR KEY SHARE) \
             INSERT INTO event (environment_id, account_id, id, key_id, sealed) \
             SELECT $1, owner.id, e.id, e.key_id, e.sealed \
             FROM owner, UNNEST($3::uuid[], $4::text[], $5::bytea[]) AS e(id, key_id, sealed)",
        );
        let added = added.bind(environment.0).bind(account.0).bind(ids).bind(keys).bind(bytes);
        Ok(added.execute(&self.pool).await?.rows_affected() > 0)
    }

    /// An environment's events, oldest first, after `after`.
    pub async fn events(
        &self,
        environment: EnvironmentId,
        filter: EventFilter,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<EventRow>> {
        let rows = sqlx::query_as(
            "SELECT id, account_id, key_id, sealed, created_at FROM event WHERE environment_id = $1 \
             AND ($2::uuid IS NULL OR account_id = $2) AND ($3::timestamptz IS NULL OR created_at > $3) \
             AND ($4::timestamptz IS NULL OR created_at < $4) AND ($5::uuid IS NULL OR id > $5) \
             ORDER BY id LIMIT $6",
        );
        let rows = rows.bind(environment.0).bind(filter.account.map(|account| account.0)).bind(filter.after);
        Ok(rows.bind(filter.before).bind(after).bind(limit).fetch_all(&self.pool).await?)
    }

    /// Deletes some events of any environment that were stored before `before`. Tells how many.
    pub async fn sweep_events(&self, before: OffsetDateTime, limit: i64) -> Result<u64> {
        let gone = sqlx::query(
            "DELETE FROM event e USING (SELECT id FROM event WHERE created_at < $1 ORDER BY created_at LIMIT $2 \
             FOR UPDATE SKIP LOCKED) old WHERE e.id = old.id",
        );
        Ok(gone.bind(before).bind(limit).execute(&self.pool).await?.rows_affected())
    }
}

/// Adds what happened to an account, in the transaction in which it happens.
pub(super) async fn insert(
    connection: &mut PgConnection,
    environment: EnvironmentId,
    account: AccountId,
    events: Vec<NewEvent>,
) -> Result<()> {
    let (ids, keys, bytes) = columns(events);
    sqlx::query(
        "INSERT INTO event (environment_id, account_id, id, key_id, sealed, of_account) \
         SELECT $1, $2, e.id, e.key_id, e.sealed, true \
         FROM UNNEST($3::uuid[], $4::text[], $5::bytea[]) AS e(id, key_id, sealed)",
    )
    .bind(environment.0)
    .bind(account.0)
    .bind(ids)
    .bind(keys)
    .bind(bytes)
    .execute(connection)
    .await?;
    Ok(())
}

fn columns(events: Vec<NewEvent>) -> (Vec<Uuid>, Vec<String>, Vec<Vec<u8>>) {
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for NewEvent { id, sealed } in events {
        columns.0.push(id);
        columns.1.push(sealed.key_id);
        columns.2.push(sealed.bytes);
    }
    columns
}
