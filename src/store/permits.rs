//! Permits that the processes take in lots, so that a limit holds for all of them together at the price of a statement
//! a lot; and word of vendors who are not to be called.

use std::time::Duration;

use uuid::Uuid;

use super::Store;
use super::changes::CHANNEL;
use crate::error::Result;

impl Store {
    /// Takes up to `wanted` of the `limit` permits that a window has. Gives how many were there to take; a window before
    /// the latest one has none.
    pub async fn take_permits(
        &self,
        purpose: &str,
        subject: Uuid,
        window: i64,
        wanted: u32,
        limit: u32,
    ) -> Result<u32> {
        let given: i64 = sqlx::query_scalar(
            "INSERT INTO permit AS p (purpose, subject, window_no, taken, given) \
             VALUES ($1, $2, $3, least($4, $5), least($4, $5)) \
             ON CONFLICT (purpose, subject) DO UPDATE SET window_no = greatest(p.window_no, $3), updated_at = now(), \
             taken = CASE WHEN p.window_no > $3 THEN p.taken WHEN p.window_no < $3 THEN least($4, $5) \
             ELSE least(p.taken + $4, greatest(p.taken, $5)) END, \
             given = CASE WHEN p.window_no > $3 THEN 0 WHEN p.window_no < $3 THEN least($4, $5) \
             ELSE least($4, greatest($5 - p.taken, 0)) END \
             RETURNING given",
        )
        .bind(purpose)
        .bind(subject)
        .bind(window)
        .bind(i64::from(wanted))
        .bind(i64::from(limit))
        .fetch_one(&self.pool)
        .await?;
        Ok(u32::try_from(given).unwrap_or_default())
    }

    /// Forgets the counts of windows that nobody has taken from for so long. Gives how many there were, `most` at most.
    pub async fn sweep_permits(&self, age: Duration, most: i64) -> Result<u64> {
        let swept = sqlx::query(
            "DELETE FROM permit WHERE (purpose, subject) IN (SELECT purpose, subject FROM permit \
             WHERE updated_at < now() - make_interval(secs => $1) LIMIT $2)",
        )
        .bind(age.as_secs_f64())
        .bind(most)
        .execute(&self.pool)
        .await?;
        Ok(swept.rows_affected())
    }

    /// Tells every process that a vendor wants no call for an account for so long.
    pub async fn announce_rest(&self, account: Uuid, wait: Duration) -> Result<()> {
        sqlx::query("SELECT pg_notify($1, $2)")
            .bind(CHANNEL)
            .bind(format!("rest:{account}:{}", wait.as_millis()))
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
