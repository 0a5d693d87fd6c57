//! API tokens: kept as hashes, found by hash.

use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Store;
use crate::crypto::TokenHash;
use crate::error::Result;
use crate::ids::{ApiTokenId, EnvironmentId};

/// An API token without its secret.
#[derive(Debug, Clone, FromRow)]
pub struct ApiTokenRow {
    /// Its identifier.
    pub id: Uuid,
    /// The only environment that it reaches.
    pub environment_id: Uuid,
    /// What its maker calls it.
    pub name: String,
    /// When it stops working.
    pub expires_at: Option<OffsetDateTime>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
    /// Its hash.
    pub hash: Vec<u8>,
}

impl Store {
    /// Adds a token; one with the same hash is there already and stays.
    pub async fn add_token(&self, environment: EnvironmentId, name: &str, hash: TokenHash) -> Result<()> {
        sqlx::query(
            "INSERT INTO api_token (id, environment_id, name, hash) VALUES ($2, $1, $3, $4) ON CONFLICT (hash) DO NOTHING",
        )
        .bind(environment.0)
        .bind(ApiTokenId::new().0)
        .bind(name)
        .bind(hash.0.as_slice())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The token with this hash, in whichever environment: it is what tells the environment.
    pub async fn token_by_hash(&self, hash: TokenHash) -> Result<Option<ApiTokenRow>> {
        let row = sqlx::query_as("SELECT * FROM api_token WHERE hash = $1").bind(hash.0.as_slice());
        Ok(row.fetch_optional(&self.pool).await?)
    }

    /// An environment's tokens, oldest first, after `after`.
    pub async fn tokens(
        &self,
        environment: EnvironmentId,
        name: Option<&str>,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<ApiTokenRow>> {
        let rows = sqlx::query_as(
            "SELECT * FROM api_token WHERE environment_id = $1 AND ($2::text IS NULL OR name = $2) \
             AND ($3::uuid IS NULL OR id > $3) ORDER BY id LIMIT $4",
        );
        Ok(rows.bind(environment.0).bind(name).bind(after).bind(limit).fetch_all(&self.pool).await?)
    }

    /// One of them.
    pub async fn token(&self, environment: EnvironmentId, id: ApiTokenId) -> Result<Option<ApiTokenRow>> {
        let row = sqlx::query_as("SELECT * FROM api_token WHERE environment_id = $1 AND id = $2");
        Ok(row.bind(environment.0).bind(id.0).fetch_optional(&self.pool).await?)
    }
}
