//! Calls for accounts, kept for whoever wants to know what became of them.

use serde_json::{Map, Value};
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Store;
use super::events::EventFilter;
use crate::error::Result;
use crate::ids::{AccountId, EnvironmentId};

/// A call, as it is kept.
#[derive(Debug, Clone, FromRow)]
pub struct CallRow {
    /// Its identifier; they sort by time.
    pub id: Uuid,
    /// Whose environment it was made in.
    pub environment_id: Uuid,
    /// The account that it was for.
    pub account_id: Uuid,
    /// What is told of it.
    pub entry: Value,
    /// When it ended.
    pub created_at: OffsetDateTime,
}

impl Store {
    /// Adds calls of any environments. Those for accounts that are no more go with them.
    pub async fn add_calls(&self, calls: &[CallRow]) -> Result<()> {
        let column = |of: fn(&CallRow) -> Uuid| calls.iter().map(of).collect::<Vec<Uuid>>();
        let entries: Vec<&Value> = calls.iter().map(|call| &call.entry).collect();
        let ends: Vec<OffsetDateTime> = calls.iter().map(|call| call.created_at).collect();
        sqlx::query(
            "INSERT INTO call_log (id, environment_id, account_id, entry, created_at) \
             SELECT c.id, a.environment_id, a.id, c.entry, c.created_at \
             FROM UNNEST($1::uuid[], $2::uuid[], $3::uuid[], $4::jsonb[], $5::timestamptz[]) \
             AS c(id, environment_id, account_id, entry, created_at) \
             JOIN integrated_account a ON a.id = c.account_id AND a.environment_id = c.environment_id \
             ON CONFLICT (id) DO NOTHING",
        )
        .bind(column(|call| call.id))
        .bind(column(|call| call.environment_id))
        .bind(column(|call| call.account_id))
        .bind(entries)
        .bind(ends)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// An environment's calls, oldest first, after `after`. `matching` names members of an entry with the text that they
    /// must have.
    pub async fn calls(
        &self,
        environment: EnvironmentId,
        filter: EventFilter,
        matching: &Map<String, Value>,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<CallRow>> {
        let rows = sqlx::query_as(
            "SELECT id, environment_id, account_id, entry, created_at FROM call_log WHERE environment_id = $1 \
             AND ($2::uuid IS NULL OR account_id = $2) AND ($3::timestamptz IS NULL OR created_at > $3) \
             AND ($4::timestamptz IS NULL OR created_at < $4) AND ($5::uuid IS NULL OR id > $5) \
             AND NOT EXISTS (SELECT FROM jsonb_each_text($6) m WHERE entry->>m.key IS DISTINCT FROM m.value) \
             ORDER BY id LIMIT $7",
        );
        let account = filter.account.map(|account: AccountId| account.0);
        let rows = rows.bind(environment.0).bind(account).bind(filter.after).bind(filter.before);
        let matching = Value::Object(matching.clone());
        Ok(rows.bind(after).bind(matching).bind(limit).fetch_all(&self.pool).await?)
    }

    /// Deletes some calls of any environment that ended before `before`. Tells how many.
    pub async fn sweep_calls(&self, before: OffsetDateTime, limit: i64) -> Result<u64> {
        let gone = sqlx::query(
            "DELETE FROM call_log c USING (SELECT id FROM call_log WHERE created_at < $1 ORDER BY created_at LIMIT $2 \
             FOR UPDATE SKIP LOCKED) old WHERE c.id = old.id",
        );
        Ok(gone.bind(before).bind(limit).execute(&self.pool).await?.rows_affected())
    }
}
