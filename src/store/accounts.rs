//! Connected accounts.

use serde_json::Value;
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Store;
use crate::error::Result;
use crate::ids::{AccountId, EnvironmentId};

/// A connected account with what belongs to its integration.
#[derive(Debug, Clone, FromRow)]
pub struct AccountRow {
    /// Its identifier.
    pub id: Uuid,
    /// The tenant boundary.
    pub environment_id: Uuid,
    /// The provider as it is switched on in the environment.
    pub environment_integration_id: Uuid,
    /// Whose account it is, in the words of the gateway's user.
    pub tenant_id: String,
    /// One of the contract's five.
    pub status: String,
    /// `oauth2` or `api_key`.
    pub authentication_method: String,
    /// As given on import.
    pub region: String,
    /// Whether writes are refused.
    pub is_sandbox: bool,
    /// What may be read back.
    pub context: Value,
    /// Mappings of this account.
    pub unified_model_override: Value,
    /// Configuration of this account.
    pub integration_override: Value,
    /// Why it doesn't work, in words.
    pub last_error: Option<String>,
    /// The last refusal for want of a permission.
    pub last_forbidden_error: Option<Value>,
    /// What the vendor calls the tenant that it is in, once it has said.
    pub vendor_tenant: Option<String>,
    /// When it was connected.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
    /// The provider's entry in the catalogue.
    pub integration_id: Uuid,
    /// The provider's name.
    pub integration_name: String,
    /// Whether the environment has the provider switched on.
    pub is_enabled: bool,
    /// What the environment sets differently for the provider.
    pub environment_override: Value,
}

/// Which accounts a list has.
#[derive(Debug, Default, Clone)]
pub struct AccountFilter {
    /// Of this tenant.
    pub tenant_id: Option<String>,
    /// In this status.
    pub status: Option<String>,
    /// Of this provider.
    pub integration: Option<String>,
    /// Sandbox accounts, or the others.
    pub is_sandbox: Option<bool>,
}

/// What may be changed of an account; absent stays.
#[derive(Debug, Default)]
pub struct AccountChange {
    /// Whose account it is.
    pub tenant_id: Option<String>,
    /// Replaces what may be read back.
    pub context: Option<Value>,
    /// Replaces the mappings of this account.
    pub unified_model_override: Option<Value>,
    /// Replaces the configuration of this account.
    pub integration_override: Option<Value>,
}

pub(super) const ACCOUNT: &str = "SELECT a.*, i.id AS integration_id, i.name AS integration_name, ei.is_enabled, \
     ei.override AS environment_override FROM integrated_account a \
     JOIN environment_integration ei ON ei.id = a.environment_integration_id \
     JOIN integration i ON i.id = ei.integration_id WHERE a.environment_id = $1";

impl Store {
    /// An account by its id.
    pub async fn account(&self, environment: EnvironmentId, id: AccountId) -> Result<Option<AccountRow>> {
        let row = sqlx::query_as(sqlx::AssertSqlSafe(format!("{ACCOUNT} AND a.id = $2")));
        Ok(row.bind(environment.0).bind(id.0).fetch_optional(&self.pool).await?)
    }

    /// An environment's accounts, oldest first, after `after`.
    pub async fn accounts(
        &self,
        environment: EnvironmentId,
        filter: &AccountFilter,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<AccountRow>> {
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "{ACCOUNT} AND ($2::text IS NULL OR a.tenant_id = $2) AND ($3::text IS NULL OR a.status = $3) \
             AND ($4::text IS NULL OR i.name = $4) AND ($5::boolean IS NULL OR a.is_sandbox = $5) \
             AND ($6::uuid IS NULL OR a.id > $6) ORDER BY a.id LIMIT $7"
        )));
        let rows = rows
            .bind(environment.0)
            .bind(&filter.tenant_id)
            .bind(&filter.status)
            .bind(&filter.integration)
            .bind(filter.is_sandbox)
            .bind(after)
            .bind(limit);
        Ok(rows.fetch_all(&self.pool).await?)
    }

    /// Notes a refusal for want of a permission; the account stays as it is.
    pub async fn mark_forbidden(
        &self,
        environment: EnvironmentId,
        id: AccountId,
        refusal: Value,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE integrated_account SET last_forbidden_error = $3 WHERE environment_id = $1 AND id = $2",
        )
        .bind(environment.0)
        .bind(id.0)
        .bind(refusal)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
