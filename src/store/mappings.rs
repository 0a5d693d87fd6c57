//! Models of users' own, and mappings per environment.
//!
//! Both kinds of mapping rows have the same shape and differ by what they belong to, so one set of statements
//! serves both, with the table's names filled in.

use serde_json::Value;
use sqlx::{AssertSqlSafe, FromRow};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Store;
use crate::error::{Error, Kind, Result};
use crate::ids::EnvironmentId;

/// A unified model.
#[derive(Debug, Clone, FromRow)]
pub struct ModelRow {
    /// Its identifier.
    pub id: Uuid,
    /// Whose it is; absent for those that ship with the binary.
    pub environment_id: Option<Uuid>,
    /// As in `/unified/{model}`.
    pub name: String,
    /// What kind of product it is about.
    pub category: String,
    /// What it is for.
    pub description: Option<String>,
    /// By name: schema, description, methods.
    pub resources: Value,
    /// Kept, and otherwise without meaning.
    pub scopes: Value,
    /// How inbound events become records, by provider.
    pub webhooks: Value,
    /// Rises with every change.
    pub version: i32,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

/// A model switched on in an environment.
#[derive(Debug, Clone, FromRow)]
pub struct InstalledModelRow {
    /// Its identifier.
    pub id: Uuid,
    /// The tenant boundary.
    pub environment_id: Uuid,
    /// The model.
    pub unified_model_id: Uuid,
    /// What the environment documents differently.
    #[sqlx(rename = "override")]
    pub overrides: Value,
    /// When it was switched on.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
    /// The model's name.
    pub model_name: String,
}

/// How one method of one resource is served by one provider.
#[derive(Debug, Clone, FromRow)]
pub struct MappingRow {
    /// Its identifier.
    pub id: Uuid,
    /// The tenant boundary.
    pub environment_id: Uuid,
    /// The model, or the model as it is switched on.
    pub owner_id: Uuid,
    /// The model's name.
    pub model_name: String,
    /// The unified resource.
    pub resource_name: String,
    /// The provider.
    pub integration_name: String,
    /// The method.
    pub method_name: String,
    /// The contract's keys.
    pub config: Value,
    /// Rises with every change.
    pub version: i32,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

/// Which of the two kinds of mapping rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// How a model of a user's own is served.
    Model,
    /// What an environment changes of a model.
    Environment,
}

impl Layer {
    fn table(self) -> &'static str {
        match self {
            Layer::Model => "unified_model_resource_method",
            Layer::Environment => "environment_unified_model_resource_method",
        }
    }

    /// The column that names what the rows belong to.
    pub fn owner(self) -> &'static str {
        match self {
            Layer::Model => "unified_model_id",
            Layer::Environment => "environment_unified_model_id",
        }
    }

    fn select(self) -> String {
        let (table, owner) = (self.table(), self.owner());
        let model = match self {
            Layer::Model => "JOIN unified_model m ON m.id = r.unified_model_id",
            Layer::Environment => {
                "JOIN environment_unified_model em ON em.id = r.environment_unified_model_id \
                 JOIN unified_model m ON m.id = em.unified_model_id"
            }
        };
        format!(
            "SELECT r.*, r.{owner} AS owner_id, m.name AS model_name FROM {table} r {model} WHERE r.environment_id = $1"
        )
    }
}

/// Which mapping rows a list has.
#[derive(Debug, Default, Clone)]
pub struct MappingFilter {
    /// Of this model, or this model as it is switched on.
    pub owner: Option<Uuid>,
    /// Of this provider.
    pub integration: Option<String>,
    /// Of this resource.
    pub resource: Option<String>,
    /// Of this method.
    pub method: Option<String>,
}

/// A mapping row to be stored.
#[derive(Debug, Clone)]
pub struct NewMapping {
    /// The model, or the model as it is switched on.
    pub owner: Uuid,
    /// The unified resource.
    pub resource: String,
    /// The provider.
    pub integration: String,
    /// The method.
    pub method: String,
    /// The contract's keys.
    pub config: Value,
}

/// A model's content, for making and changing one; absent stays.
#[derive(Debug, Default, Clone)]
pub struct ModelChange {
    /// As in `/unified/{model}`.
    pub name: Option<String>,
    /// What kind of product it is about.
    pub category: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// By name.
    pub resources: Option<Value>,
    /// Kept.
    pub scopes: Option<Value>,
    /// By provider.
    pub webhooks: Option<Value>,
}

const MODELS: &str = "SELECT * FROM unified_model WHERE (environment_id IS NULL OR environment_id = $1)";
const INSTALLED: &str = "SELECT em.*, m.name AS model_name FROM environment_unified_model em \
     JOIN unified_model m ON m.id = em.unified_model_id WHERE em.environment_id = $1";

impl Store {
    /// The shipped models and an environment's own, by name.
    pub async fn models(&self, environment: EnvironmentId) -> Result<Vec<ModelRow>> {
        let rows = sqlx::query_as(AssertSqlSafe(format!("{MODELS} ORDER BY name")));
        Ok(rows.bind(environment.0).fetch_all(&self.pool).await?)
    }

    /// One of them.
    pub async fn model(&self, environment: EnvironmentId, id: Uuid) -> Result<Option<ModelRow>> {
        let row = sqlx::query_as(AssertSqlSafe(format!("{MODELS} AND id = $2")));
        Ok(row.bind(environment.0).bind(id).fetch_optional(&self.pool).await?)
    }

    /// Makes a model of an environment's own, switched on in it.
    pub async fn add_model(&self, environment: EnvironmentId, new: ModelChange) -> Result<ModelRow> {
        let mut transaction = self.pool.begin().await?;
        let row: ModelRow = sqlx::query_as(
            "INSERT INTO unified_model (environment_id, name, category, description, resources, scopes, webhooks) \
             VALUES ($1, $2, coalesce($3, 'crm'), $4, coalesce($5, '{}'), coalesce($6, '{}'), coalesce($7, '{}')) RETURNING *",
        )
        .bind(environment.0)
        .bind(new.name)
        .bind(new.category)
        .bind(new.description)
        .bind(new.resources)
        .bind(new.scopes)
        .bind(new.webhooks)
        .fetch_one(&mut *transaction)
        .await
        .map_err(taken)?;
        sqlx::query(
            "INSERT INTO environment_unified_model (environment_id, unified_model_id) VALUES ($1, $2)",
        )
        .bind(environment.0)
        .bind(row.id)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(row)
    }

    /// Changes a model of an environment's own if it has `version`. `None` if it has another, or there is none.
    pub async fn change_model(
        &self,
        environment: EnvironmentId,
        id: Uuid,
        version: i32,
        change: ModelChange,
    ) -> Result<Option<ModelRow>> {
        let row = sqlx::query_as(
            "UPDATE unified_model SET category = coalesce($4, category), description = coalesce($5, description), \
             resources = coalesce($6, resources), scopes = coalesce($7, scopes), webhooks = coalesce($8, webhooks), \
             version = version + 1, updated_at = now() WHERE environment_id = $1 AND id = $2 AND version = $3 RETURNING *",
        );
        let row =
            row.bind(environment.0).bind(id).bind(version).bind(change.category).bind(change.description);
        let row = row.bind(change.resources).bind(change.scopes).bind(change.webhooks);
        Ok(row.fetch_optional(&self.pool).await?)
    }

    /// Deletes a model of an environment's own with its mappings.
    pub async fn delete_model(&self, environment: EnvironmentId, id: Uuid) -> Result<bool> {
        let gone = sqlx::query("DELETE FROM unified_model WHERE environment_id = $1 AND id = $2");
        Ok(gone.bind(environment.0).bind(id).execute(&self.pool).await?.rows_affected() > 0)
    }

    /// The models that are switched on in an environment, by name.
    pub async fn installed_models(&self, environment: EnvironmentId) -> Result<Vec<InstalledModelRow>> {
        let rows = sqlx::query_as(AssertSqlSafe(format!("{INSTALLED} ORDER BY m.name")));
        Ok(rows.bind(environment.0).fetch_all(&self.pool).await?)
    }

    /// Switches a model on; one that is on already stays as it is.
    pub async fn install_model(
        &self,
        environment: EnvironmentId,
        model: Uuid,
    ) -> Result<Option<InstalledModelRow>> {
        sqlx::query(
            "INSERT INTO environment_unified_model (environment_id, unified_model_id) SELECT $1, id FROM unified_model \
             WHERE id = $2 AND (environment_id IS NULL OR environment_id = $1) ON CONFLICT DO NOTHING",
        )
        .bind(environment.0)
        .bind(model)
        .execute(&self.pool)
        .await?;
        let row = sqlx::query_as(AssertSqlSafe(format!("{INSTALLED} AND em.unified_model_id = $2")));
        Ok(row.bind(environment.0).bind(model).fetch_optional(&self.pool).await?)
    }

    /// Replaces what an environment documents differently.
    pub async fn change_installed_model(
        &self,
        environment: EnvironmentId,
        id: Uuid,
        overrides: Value,
    ) -> Result<bool> {
        let changed = sqlx::query(
            "UPDATE environment_unified_model SET override = $3, updated_at = now() WHERE environment_id = $1 AND id = $2",
        );
        let changed = changed.bind(environment.0).bind(id).bind(overrides).execute(&self.pool).await?;
        Ok(changed.rows_affected() > 0)
    }

    /// Switches a model off in an environment, with the environment's mappings of it.
    pub async fn uninstall_model(&self, environment: EnvironmentId, id: Uuid) -> Result<bool> {
        let gone = sqlx::query("DELETE FROM environment_unified_model WHERE environment_id = $1 AND id = $2");
        Ok(gone.bind(environment.0).bind(id).execute(&self.pool).await?.rows_affected() > 0)
    }

    /// An environment's mapping rows of one kind, oldest first, after `after`.
    pub async fn mappings(
        &self,
        environment: EnvironmentId,
        layer: Layer,
        filter: &MappingFilter,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<MappingRow>> {
        let rows = sqlx::query_as(AssertSqlSafe(format!(
            "{} AND ($2::uuid IS NULL OR r.{} = $2) AND ($3::text IS NULL OR r.integration_name = $3) \
             AND ($4::text IS NULL OR r.resource_name = $4) AND ($5::text IS NULL OR r.method_name = $5) \
             AND ($6::uuid IS NULL OR r.id > $6) ORDER BY r.id LIMIT $7",
            layer.select(),
            layer.owner(),
        )));
        let rows =
            rows.bind(environment.0).bind(filter.owner).bind(&filter.integration).bind(&filter.resource);
        Ok(rows.bind(&filter.method).bind(after).bind(limit).fetch_all(&self.pool).await?)
    }

    /// One of them.
    pub async fn mapping(
        &self,
        environment: EnvironmentId,
        layer: Layer,
        id: Uuid,
    ) -> Result<Option<MappingRow>> {
        let row = sqlx::query_as(AssertSqlSafe(format!("{} AND r.id = $2", layer.select())));
        Ok(row.bind(environment.0).bind(id).fetch_optional(&self.pool).await?)
    }

    /// Adds a mapping row. There is one at most for each method of each resource and provider.
    pub async fn add_mapping(
        &self,
        environment: EnvironmentId,
        layer: Layer,
        new: NewMapping,
    ) -> Result<Uuid> {
        let id = Uuid::now_v7();
        sqlx::query(AssertSqlSafe(format!(
            "INSERT INTO {} (id, environment_id, {}, resource_name, integration_name, method_name, config) \
             VALUES ($2, $1, $3, $4, $5, $6, $7)",
            layer.table(),
            layer.owner(),
        )))
        .bind(environment.0)
        .bind(id)
        .bind(new.owner)
        .bind(new.resource)
        .bind(new.integration)
        .bind(new.method)
        .bind(new.config)
        .execute(&self.pool)
        .await
        .map_err(taken)?;
        Ok(id)
    }

    /// Replaces a mapping row's config if it has `version`. `false` if it has another, or there is none.
    pub async fn change_mapping(
        &self,
        environment: EnvironmentId,
        layer: Layer,
        id: Uuid,
        version: i32,
        config: Value,
    ) -> Result<bool> {
        let changed = sqlx::query(AssertSqlSafe(format!(
            "UPDATE {} SET config = $4, version = version + 1, updated_at = now() \
             WHERE environment_id = $1 AND id = $2 AND version = $3",
            layer.table()
        )));
        let changed =
            changed.bind(environment.0).bind(id).bind(version).bind(config).execute(&self.pool).await?;
        Ok(changed.rows_affected() > 0)
    }

    /// Deletes a mapping row.
    pub async fn delete_mapping(&self, environment: EnvironmentId, layer: Layer, id: Uuid) -> Result<bool> {
        let gone = sqlx::query(AssertSqlSafe(format!(
            "DELETE FROM {} WHERE environment_id = $1 AND id = $2",
            layer.table()
        )));
        Ok(gone.bind(environment.0).bind(id).execute(&self.pool).await?.rows_affected() > 0)
    }
}

fn taken(error: sqlx::Error) -> Error {
    if error.as_database_error().is_some_and(|error| error.is_unique_violation()) {
        Error::new(Kind::Conflict, "There is one already; change it with PATCH.")
    } else {
        error.into()
    }
}
