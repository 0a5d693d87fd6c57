//! Connected accounts.

use serde_json::Value;
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Store;
use crate::crypto::Sealed;
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

/// An account to be stored.
#[derive(Debug)]
pub struct NewAccount {
    /// Its identifier, made before its credential is sealed to it.
    pub id: AccountId,
    /// The provider as it is switched on in the environment.
    pub environment_integration_id: Uuid,
    /// Whose account it is.
    pub tenant_id: String,
    /// `oauth2` or `api_key`.
    pub authentication_method: String,
    /// As given.
    pub region: String,
    /// What may be read back.
    pub context: Value,
    /// What may not.
    pub credential: Sealed,
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

const ACCOUNT: &str = "SELECT a.*, i.id AS integration_id, i.name AS integration_name, ei.is_enabled, \
     ei.override AS environment_override FROM integrated_account a \
     JOIN environment_integration ei ON ei.id = a.environment_integration_id \
     JOIN integration i ON i.id = ei.integration_id WHERE a.environment_id = $1";

impl Store {
    /// Adds an account with its credential, or neither.
    pub async fn add_account(&self, environment: EnvironmentId, new: NewAccount) -> Result<()> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query(
            "INSERT INTO integrated_account (id, environment_id, environment_integration_id, tenant_id, status, \
             authentication_method, region, context) VALUES ($2, $1, $3, $4, 'active', $5, $6, $7)",
        )
        .bind(environment.0)
        .bind(new.id.0)
        .bind(new.environment_integration_id)
        .bind(new.tenant_id)
        .bind(new.authentication_method)
        .bind(new.region)
        .bind(new.context)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "INSERT INTO credential (account_id, environment_id, key_id, sealed) VALUES ($2, $1, $3, $4)",
        )
        .bind(environment.0)
        .bind(new.id.0)
        .bind(new.credential.key_id)
        .bind(new.credential.bytes)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

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

    /// Changes an account. `false` if there is none.
    pub async fn change_account(
        &self,
        environment: EnvironmentId,
        id: AccountId,
        change: AccountChange,
    ) -> Result<bool> {
        let changed = sqlx::query(
            "UPDATE integrated_account SET tenant_id = coalesce($3, tenant_id), context = coalesce($4, context), \
             unified_model_override = coalesce($5, unified_model_override), \
             integration_override = coalesce($6, integration_override), updated_at = now() \
             WHERE environment_id = $1 AND id = $2",
        )
        .bind(environment.0)
        .bind(id.0)
        .bind(change.tenant_id)
        .bind(change.context)
        .bind(change.unified_model_override)
        .bind(change.integration_override)
        .execute(&self.pool)
        .await?;
        Ok(changed.rows_affected() > 0)
    }

    /// Replaces an account's credential and context: it is active again. `false` if there is no such account.
    pub async fn replace_credential(
        &self,
        environment: EnvironmentId,
        id: AccountId,
        context: Value,
        credential: Sealed,
    ) -> Result<bool> {
        let mut transaction = self.pool.begin().await?;
        let found = sqlx::query(
            "UPDATE integrated_account SET context = $3, status = 'active', last_error = NULL, updated_at = now() \
             WHERE environment_id = $1 AND id = $2",
        )
        .bind(environment.0)
        .bind(id.0)
        .bind(context)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "UPDATE credential SET key_id = $3, sealed = $4, version = version + 1, lease = NULL, lease_until = NULL, \
             updated_at = now() WHERE environment_id = $1 AND account_id = $2",
        )
        .bind(environment.0)
        .bind(id.0)
        .bind(credential.key_id)
        .bind(credential.bytes)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(found.rows_affected() > 0)
    }

    /// Deletes an account and erases its credential. `false` if there is none.
    pub async fn delete_account(&self, environment: EnvironmentId, id: AccountId) -> Result<bool> {
        let gone = sqlx::query("DELETE FROM integrated_account WHERE environment_id = $1 AND id = $2")
            .bind(environment.0)
            .bind(id.0)
            .execute(&self.pool)
            .await?;
        Ok(gone.rows_affected() > 0)
    }

    /// Notes that the vendor refuses an account's credential, unless it has been replaced since `version`.
    /// `true` if the account's status changed by it.
    pub async fn mark_refused(
        &self,
        environment: EnvironmentId,
        id: AccountId,
        version: i64,
        reason: &str,
    ) -> Result<bool> {
        let changed = sqlx::query(
            "UPDATE integrated_account SET status = 'needs_reauth', last_error = $4, updated_at = now() \
             WHERE environment_id = $1 AND id = $2 AND status <> 'needs_reauth' AND EXISTS \
             (SELECT FROM credential WHERE account_id = $2 AND environment_id = $1 AND version = $3)",
        )
        .bind(environment.0)
        .bind(id.0)
        .bind(version)
        .bind(reason)
        .execute(&self.pool)
        .await?;
        Ok(changed.rows_affected() > 0)
    }

    /// Notes that an account works again whose credential was refused.
    pub async fn mark_active(&self, environment: EnvironmentId, id: AccountId) -> Result<()> {
        sqlx::query(
            "UPDATE integrated_account SET status = 'active', last_error = NULL, updated_at = now() \
             WHERE environment_id = $1 AND id = $2 AND status = 'needs_reauth'",
        )
        .bind(environment.0)
        .bind(id.0)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Makes an account a sandbox account, or an ordinary one again. `false` if there is none.
    pub async fn mark_sandbox(
        &self,
        environment: EnvironmentId,
        id: AccountId,
        is_sandbox: bool,
    ) -> Result<bool> {
        let marked = sqlx::query(
            "UPDATE integrated_account SET is_sandbox = $3, updated_at = now() \
             WHERE environment_id = $1 AND id = $2",
        )
        .bind(environment.0)
        .bind(id.0)
        .bind(is_sandbox)
        .execute(&self.pool)
        .await?;
        Ok(marked.rows_affected() > 0)
    }

    /// Deletes the accounts of a list that are there, and erases their credentials. Gives their ids.
    pub async fn delete_accounts(
        &self,
        environment: EnvironmentId,
        ids: &[AccountId],
    ) -> Result<Vec<AccountId>> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let gone = sqlx::query_scalar(
            "DELETE FROM integrated_account WHERE environment_id = $1 AND id = ANY($2) RETURNING id",
        );
        let gone: Vec<Uuid> = gone.bind(environment.0).bind(ids).fetch_all(&self.pool).await?;
        Ok(gone.into_iter().map(AccountId).collect())
    }

    /// Deletes every account of a tenant, and erases their credentials. Gives their ids.
    pub async fn delete_tenant_accounts(
        &self,
        environment: EnvironmentId,
        tenant_id: &str,
    ) -> Result<Vec<AccountId>> {
        let gone = sqlx::query_scalar(
            "DELETE FROM integrated_account WHERE environment_id = $1 AND tenant_id = $2 RETURNING id",
        );
        let gone: Vec<Uuid> = gone.bind(environment.0).bind(tenant_id).fetch_all(&self.pool).await?;
        Ok(gone.into_iter().map(AccountId).collect())
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
