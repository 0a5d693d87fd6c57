//! The schema's version: bringing a database up to this binary's, and telling when it isn't.

use sqlx::migrate::Migrator;

use sha2::{Digest, Sha256};

use super::Store;
use crate::crypto::hex;
use crate::error::{Error, Kind, Result};

static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// Names the schema that this binary wants: another name for every change of any migration.
pub fn fingerprint() -> String {
    let digest = MIGRATOR.iter().fold(Sha256::new(), |digest, migration| {
        digest.chain_update(migration.version.to_be_bytes()).chain_update(&migration.checksum)
    });
    hex(&digest.finalize()[..8])
}

impl Store {
    /// Applies the migrations that are missing; several processes may try at once.
    pub async fn migrate(&self) -> Result<()> {
        MIGRATOR.run(&self.pool).await.map_err(|error| {
            Error::new(Kind::Unavailable, "The database's schema could not be brought up to date.")
                .detail(error)
        })
    }

    /// Whether every migration of this binary has been applied. A schema that is newer still serves: a later binary
    /// migrates it while this one goes on.
    pub async fn is_migrated(&self) -> Result<bool> {
        let wanted: Vec<i64> = MIGRATOR.iter().map(|migration| migration.version).collect();
        let applied: i64 =
            sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations WHERE success AND version = ANY($1)")
                .bind(&wanted)
                .fetch_one(&self.pool)
                .await?;
        Ok(usize::try_from(applied).is_ok_and(|applied| applied == wanted.len()))
    }

    /// Refuses a database whose schema isn't this binary's.
    pub async fn check_schema(&self) -> Result<()> {
        let exists: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
            .fetch_one(&self.pool)
            .await?;
        let applied: Vec<i64> = if exists {
            sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success ORDER BY version")
                .fetch_all(&self.pool)
                .await?
        } else {
            Vec::new()
        };
        let wanted: Vec<i64> = MIGRATOR.iter().map(|migration| migration.version).collect();
        if applied.iter().any(|version| !wanted.contains(version)) {
            return Err(Error::new(
                Kind::Unavailable,
                "The database's schema is newer than this binary. Start the unicrm that migrated it, or a later one.",
            ));
        }
        if applied.len() < wanted.len() {
            return Err(Error::new(
                Kind::Unavailable,
                "The database's schema is older than this binary. Run `unicrm migrate`, or start with `unicrm serve --migrate`.",
            ));
        }
        Ok(())
    }
}
