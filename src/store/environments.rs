//! Environments, integrations, and which integrations are switched on where.

use serde_json::Value;
use sqlx::FromRow;
use time::OffsetDateTime;

use super::Store;
use crate::crypto::Sealed;
use crate::error::{Error, Kind, Result};
use crate::ids::{EnvironmentId, EnvironmentIntegrationId};
use uuid::Uuid;

/// A tenant boundary.
#[derive(Debug, Clone, FromRow)]
pub struct EnvironmentRow {
    /// Its identifier.
    pub id: Uuid,
    /// Unique.
    pub name: String,
    /// Origins whose pages may open the connect pages.
    pub connect_origins: Vec<String>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

/// A provider of the catalogue.
#[derive(Debug, Clone, FromRow)]
pub struct IntegrationRow {
    /// Its identifier.
    pub id: Uuid,
    /// The provider's name.
    pub name: String,
    /// Rises with every change.
    pub version: i32,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
    /// Whether it is switched on in the environment that asks.
    pub installed: bool,
}

/// A provider switched on in an environment.
#[derive(Debug, Clone, FromRow)]
pub struct EnvironmentIntegrationRow {
    /// Its identifier.
    pub id: Uuid,
    /// The tenant boundary.
    pub environment_id: Uuid,
    /// The provider's entry in the catalogue.
    pub integration_id: Uuid,
    /// Whether accounts of it may be connected and used.
    pub is_enabled: bool,
    /// Whether the connect page offers it.
    pub show_in_catalog: bool,
    /// What the environment sets differently.
    #[sqlx(rename = "override")]
    pub overrides: Value,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
    /// The provider's name.
    pub integration_name: String,
}

const ENVIRONMENT_INTEGRATION: &str = "SELECT ei.*, i.name AS integration_name FROM environment_integration ei \
     JOIN integration i ON i.id = ei.integration_id WHERE ei.environment_id = $1";

/// What may be changed of an environment's integration; absent stays.
#[derive(Debug, Default, Clone)]
pub struct EnvironmentIntegrationChange {
    /// Whether accounts of it may be connected and used.
    pub is_enabled: Option<bool>,
    /// Whether the connect page offers it.
    pub show_in_catalog: Option<bool>,
    /// Replaces the whole override.
    pub overrides: Option<Value>,
}

impl Store {
    /// An environment by its id.
    pub async fn environment(&self, environment: EnvironmentId) -> Result<Option<EnvironmentRow>> {
        let row = sqlx::query_as("SELECT * FROM environment WHERE id = $1").bind(environment.0);
        Ok(row.fetch_optional(&self.pool).await?)
    }

    /// An environment by its name, for the command line.
    pub async fn environment_named(&self, name: &str) -> Result<Option<EnvironmentRow>> {
        let row = sqlx::query_as("SELECT * FROM environment WHERE name = $1").bind(name);
        Ok(row.fetch_optional(&self.pool).await?)
    }

    /// Changes an environment; absent stays.
    pub async fn change_environment(
        &self,
        environment: EnvironmentId,
        name: Option<&str>,
        connect_origins: Option<&[String]>,
    ) -> Result<Option<EnvironmentRow>> {
        let row = sqlx::query_as(
            "UPDATE environment SET name = coalesce($2, name), connect_origins = coalesce($3, connect_origins), \
             updated_at = now() WHERE id = $1 RETURNING *",
        );
        let row = row.bind(environment.0).bind(name).bind(connect_origins).fetch_optional(&self.pool).await;
        row.map_err(|error| taken(error, name.unwrap_or_default()))
    }

    /// Makes an environment with every provider and every shipped model switched on.
    pub async fn create_environment(&self, name: &str) -> Result<EnvironmentRow> {
        let mut transaction = self.pool.begin().await?;
        let row: EnvironmentRow = sqlx::query_as("INSERT INTO environment (name) VALUES ($1) RETURNING *")
            .bind(name)
            .fetch_one(&mut *transaction)
            .await
            .map_err(|error| taken(error, name))?;
        sqlx::query(
            "INSERT INTO environment_integration (environment_id, integration_id) SELECT $1, id FROM integration",
        )
        .bind(row.id)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "INSERT INTO environment_unified_model (environment_id, unified_model_id) \
             SELECT $1, id FROM unified_model WHERE environment_id IS NULL",
        )
        .bind(row.id)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(row)
    }

    /// The catalogue as an environment sees it, by name.
    pub async fn integrations(&self, environment: EnvironmentId) -> Result<Vec<IntegrationRow>> {
        let rows = sqlx::query_as(
            "SELECT i.*, ei.id IS NOT NULL AS installed FROM integration i LEFT JOIN environment_integration ei \
             ON ei.integration_id = i.id AND ei.environment_id = $1 ORDER BY i.name",
        );
        Ok(rows.bind(environment.0).fetch_all(&self.pool).await?)
    }

    /// What is switched on in an environment, by the provider's name.
    pub async fn environment_integrations(
        &self,
        environment: EnvironmentId,
    ) -> Result<Vec<EnvironmentIntegrationRow>> {
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(format!("{ENVIRONMENT_INTEGRATION} ORDER BY i.name")));
        Ok(rows.bind(environment.0).fetch_all(&self.pool).await?)
    }

    /// One of them.
    pub async fn environment_integration(
        &self,
        environment: EnvironmentId,
        id: EnvironmentIntegrationId,
    ) -> Result<Option<EnvironmentIntegrationRow>> {
        let row = sqlx::query_as(sqlx::AssertSqlSafe(format!("{ENVIRONMENT_INTEGRATION} AND ei.id = $2")));
        Ok(row.bind(environment.0).bind(id.0).fetch_optional(&self.pool).await?)
    }

    /// Switches a provider on; one that is on already is returned as it is.
    pub async fn switch_on(
        &self,
        environment: EnvironmentId,
        integration: Uuid,
        wanted: EnvironmentIntegrationChange,
    ) -> Result<Option<EnvironmentIntegrationRow>> {
        let id: Option<Uuid> = sqlx::query_scalar(
            "INSERT INTO environment_integration (environment_id, integration_id, is_enabled, show_in_catalog, override) \
             SELECT $1, id, $3, $4, $5 FROM integration WHERE id = $2 \
             ON CONFLICT (environment_id, integration_id) DO UPDATE SET updated_at = environment_integration.updated_at \
             RETURNING id",
        )
        .bind(environment.0)
        .bind(integration)
        .bind(wanted.is_enabled.unwrap_or(true))
        .bind(wanted.show_in_catalog.unwrap_or(true))
        .bind(wanted.overrides.unwrap_or_else(|| Value::Object(serde_json::Map::new())))
        .fetch_optional(&self.pool)
        .await?;
        match id {
            Some(id) => self.environment_integration(environment, EnvironmentIntegrationId(id)).await,
            None => Ok(None),
        }
    }

    /// Changes one of them.
    pub async fn change_environment_integration(
        &self,
        environment: EnvironmentId,
        id: EnvironmentIntegrationId,
        change: EnvironmentIntegrationChange,
    ) -> Result<Option<EnvironmentIntegrationRow>> {
        let changed: Option<Uuid> = sqlx::query_scalar(
            "UPDATE environment_integration SET is_enabled = coalesce($3, is_enabled), \
             show_in_catalog = coalesce($4, show_in_catalog), override = coalesce($5, override), updated_at = now() \
             WHERE environment_id = $1 AND id = $2 RETURNING id",
        )
        .bind(environment.0)
        .bind(id.0)
        .bind(change.is_enabled)
        .bind(change.show_in_catalog)
        .bind(change.overrides)
        .fetch_optional(&self.pool)
        .await?;
        match changed {
            Some(_) => self.environment_integration(environment, id).await,
            None => Ok(None),
        }
    }
}

impl Store {
    /// The name of a unified model that an environment has, by the model's id or by that under which it is switched on.
    pub async fn model_name(&self, environment: EnvironmentId, id: Uuid) -> Result<Option<String>> {
        let name = sqlx::query_scalar(
            "SELECT m.name FROM unified_model m JOIN environment_unified_model em ON em.unified_model_id = m.id \
             WHERE em.environment_id = $1 AND (m.id = $2 OR em.id = $2) LIMIT 1",
        );
        Ok(name.bind(environment.0).bind(id).fetch_optional(&self.pool).await?)
    }

    /// The secret of the OAuth app that an environment has of its own, if it has one.
    pub async fn app_secret(
        &self,
        environment: EnvironmentId,
        id: EnvironmentIntegrationId,
    ) -> Result<Option<Sealed>> {
        let row = sqlx::query_as(
            "SELECT app_key_id, app_sealed FROM environment_integration WHERE environment_id = $1 AND id = $2 \
             AND app_sealed IS NOT NULL",
        );
        let row: Option<(String, Vec<u8>)> =
            row.bind(environment.0).bind(id.0).fetch_optional(&self.pool).await?;
        Ok(row.map(|(key_id, bytes)| Sealed { key_id, bytes }))
    }

    /// Sets the secret of the OAuth app that an environment has of its own, or takes it away.
    pub async fn set_app_secret(
        &self,
        environment: EnvironmentId,
        id: EnvironmentIntegrationId,
        secret: Option<Sealed>,
    ) -> Result<()> {
        let (key_id, bytes) = secret.map(|sealed| (sealed.key_id, sealed.bytes)).unzip();
        sqlx::query(
            "UPDATE environment_integration SET app_key_id = $3, app_sealed = $4, updated_at = now() \
             WHERE environment_id = $1 AND id = $2",
        )
        .bind(environment.0)
        .bind(id.0)
        .bind(key_id)
        .bind(bytes)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Some secrets of apps that are sealed with another key than `key_id`, of any environment: for key rotation only.
    pub async fn app_secrets_sealed_otherwise(
        &self,
        key_id: &str,
    ) -> Result<Vec<(EnvironmentId, EnvironmentIntegrationId, Sealed)>> {
        let rows = sqlx::query_as(
            "SELECT environment_id, id, app_key_id, app_sealed FROM environment_integration \
             WHERE app_sealed IS NOT NULL AND app_key_id <> $1",
        );
        let rows: Vec<(Uuid, Uuid, String, Vec<u8>)> = rows.bind(key_id).fetch_all(&self.pool).await?;
        Ok(rows
            .into_iter()
            .map(|(environment, id, key_id, bytes)| {
                (EnvironmentId(environment), EnvironmentIntegrationId(id), Sealed { key_id, bytes })
            })
            .collect())
    }
}

fn taken(error: sqlx::Error, name: &str) -> Error {
    if error.as_database_error().is_some_and(|error| error.is_unique_violation()) {
        Error::new(Kind::Conflict, format!("There is an environment named {name:?} already."))
    } else {
        error.into()
    }
}
