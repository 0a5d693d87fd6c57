//! Environments, integrations, and which integrations are switched on where.

use serde_json::Value;
use sqlx::FromRow;
use time::OffsetDateTime;

use super::Store;
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

    /// Renames an environment.
    pub async fn rename_environment(
        &self,
        environment: EnvironmentId,
        name: &str,
    ) -> Result<Option<EnvironmentRow>> {
        let row =
            sqlx::query_as("UPDATE environment SET name = $2, updated_at = now() WHERE id = $1 RETURNING *")
                .bind(environment.0)
                .bind(name)
                .fetch_optional(&self.pool)
                .await;
        row.map_err(|error| taken(error, name))
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

    /// Switches a provider off, and with it every account of it in the environment.
    pub async fn switch_off(&self, environment: EnvironmentId, id: EnvironmentIntegrationId) -> Result<bool> {
        let gone = sqlx::query("DELETE FROM environment_integration WHERE environment_id = $1 AND id = $2")
            .bind(environment.0)
            .bind(id.0)
            .execute(&self.pool)
            .await?;
        Ok(gone.rows_affected() > 0)
    }
}

fn taken(error: sqlx::Error, name: &str) -> Error {
    if error.as_database_error().is_some_and(|error| error.is_unique_violation()) {
        Error::new(Kind::Conflict, format!("There is an environment named {name:?} already."))
    } else {
        error.into()
    }
}
