//! What happens to accounts: each change in one transaction with the events that tell of it, so that neither is ever
//! there without the other.

use serde_json::Value;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{PgConnection, Postgres};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Store;
use super::accounts::{ACCOUNT, AccountChange, AccountRow};
use super::events::{NewEvent, insert};
use crate::crypto::Sealed;
use crate::error::{Error, Result};
use crate::ids::{AccountId, EnvironmentId, EnvironmentIntegrationId};

/// Makes the events of a change, given the account after it and the account's status before it.
pub type Tell<'t> = &'t (dyn Fn(&AccountRow, &str) -> Result<Vec<NewEvent>> + Send + Sync);

/// Makes the event that tells of the end of an account.
pub type TellGone<'t> = &'t (dyn Fn(AccountId) -> Result<NewEvent> + Send + Sync);

/// An account to be stored.
#[derive(Debug)]
pub struct NewAccount {
    /// Its identifier, made before its credential is sealed to it.
    pub id: AccountId,
    /// The provider as it is switched on in the environment.
    pub environment_integration_id: Uuid,
    /// Whose account it is.
    pub tenant_id: String,
    /// One of the contract's five.
    pub status: &'static str,
    /// `oauth2` or `api_key`.
    pub authentication_method: String,
    /// As given.
    pub region: String,
    /// What may be read back.
    pub context: Value,
    /// What the vendor calls the tenant, if it said.
    pub vendor_tenant: Option<String>,
    /// What may not be read back.
    pub credential: Sealed,
    /// When the credential is to be renewed ahead of its end.
    pub renew_at: Option<OffsetDateTime>,
}

/// A credential in place of an account's present one, with what comes along.
#[derive(Debug)]
pub struct NewCredential {
    /// One of the contract's five.
    pub status: &'static str,
    /// `oauth2` or `api_key`; absent stays.
    pub authentication_method: Option<String>,
    /// What may be read back.
    pub context: Value,
    /// What the vendor calls the tenant; absent stays.
    pub vendor_tenant: Option<String>,
    /// What may not be read back.
    pub credential: Sealed,
    /// When the credential is to be renewed ahead of its end.
    pub renew_at: Option<OffsetDateTime>,
}

impl Store {
    /// Adds an account with its credential, or neither.
    pub async fn add_account(
        &self,
        environment: EnvironmentId,
        new: NewAccount,
        tell: Tell<'_>,
    ) -> Result<()> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query(
            "INSERT INTO integrated_account (id, environment_id, environment_integration_id, tenant_id, status, \
             authentication_method, region, context, vendor_tenant) VALUES ($2, $1, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(environment.0)
        .bind(new.id.0)
        .bind(new.environment_integration_id)
        .bind(new.tenant_id)
        .bind(new.status)
        .bind(new.authentication_method)
        .bind(new.region)
        .bind(new.context)
        .bind(new.vendor_tenant)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "INSERT INTO credential (account_id, environment_id, key_id, sealed, renew_at) \
             VALUES ($2, $1, $3, $4, $5)",
        )
        .bind(environment.0)
        .bind(new.id.0)
        .bind(new.credential.key_id)
        .bind(new.credential.bytes)
        .bind(new.renew_at)
        .execute(&mut *transaction)
        .await?;
        tell_of(&mut transaction, environment, new.id, "", tell).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Changes what isn't secret of an account. `false` if there is none.
    pub async fn change_account(
        &self,
        environment: EnvironmentId,
        id: AccountId,
        change: AccountChange,
        tell: Tell<'_>,
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
        .bind(change.integration_override);
        self.change_and_tell(environment, id, changed, tell).await
    }

    /// Replaces an account's credential and context. `false` if there is no such account.
    pub async fn replace_credential(
        &self,
        environment: EnvironmentId,
        id: AccountId,
        new: NewCredential,
        tell: Tell<'_>,
    ) -> Result<bool> {
        let mut transaction = self.pool.begin().await?;
        let Some(before) = lock(&mut transaction, environment, id).await? else { return Ok(false) };
        sqlx::query(
            "UPDATE integrated_account SET context = $3, status = $4, \
             authentication_method = coalesce($5, authentication_method), \
             vendor_tenant = coalesce($6, vendor_tenant), last_error = NULL, last_forbidden_error = NULL, \
             updated_at = now() WHERE environment_id = $1 AND id = $2",
        )
        .bind(environment.0)
        .bind(id.0)
        .bind(new.context)
        .bind(new.status)
        .bind(new.authentication_method)
        .bind(new.vendor_tenant)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "UPDATE credential SET key_id = $3, sealed = $4, renew_at = $5, version = version + 1, lease = NULL, \
             lease_until = NULL, updated_at = now() WHERE environment_id = $1 AND account_id = $2",
        )
        .bind(environment.0)
        .bind(id.0)
        .bind(new.credential.key_id)
        .bind(new.credential.bytes)
        .bind(new.renew_at)
        .execute(&mut *transaction)
        .await?;
        tell_of(&mut transaction, environment, id, &before, tell).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Puts an account in a status while it is being connected, or at the end of that. `false` if there is none.
    pub async fn set_status(
        &self,
        environment: EnvironmentId,
        id: AccountId,
        status: &'static str,
        last_error: Option<&str>,
        tell: Tell<'_>,
    ) -> Result<bool> {
        let changed = sqlx::query(
            "UPDATE integrated_account SET status = $3, last_error = $4, updated_at = now() \
             WHERE environment_id = $1 AND id = $2",
        )
        .bind(environment.0)
        .bind(id.0)
        .bind(status)
        .bind(last_error);
        self.change_and_tell(environment, id, changed, tell).await
    }

    /// Notes that the vendor refuses an account's credential, unless it has been replaced since `version`.
    /// `true` if the account's status changed by it.
    pub async fn mark_refused(
        &self,
        environment: EnvironmentId,
        id: AccountId,
        version: i64,
        reason: &str,
        tell: Tell<'_>,
    ) -> Result<bool> {
        let changed = sqlx::query(
            "UPDATE integrated_account SET status = 'needs_reauth', last_error = $4, updated_at = now() \
             WHERE environment_id = $1 AND id = $2 AND status <> 'needs_reauth' AND EXISTS \
             (SELECT FROM credential WHERE account_id = $2 AND environment_id = $1 AND version = $3)",
        )
        .bind(environment.0)
        .bind(id.0)
        .bind(version)
        .bind(reason);
        self.change_and_tell(environment, id, changed, tell).await
    }

    /// Notes that an account works again whose credential was refused.
    pub async fn mark_active(
        &self,
        environment: EnvironmentId,
        id: AccountId,
        tell: Tell<'_>,
    ) -> Result<bool> {
        let changed = sqlx::query(
            "UPDATE integrated_account SET status = 'active', last_error = NULL, updated_at = now() \
             WHERE environment_id = $1 AND id = $2 AND status = 'needs_reauth'",
        )
        .bind(environment.0)
        .bind(id.0);
        self.change_and_tell(environment, id, changed, tell).await
    }

    /// Makes an account a sandbox account, or an ordinary one again. `false` if there is none.
    pub async fn mark_sandbox(
        &self,
        environment: EnvironmentId,
        id: AccountId,
        is_sandbox: bool,
        tell: Tell<'_>,
    ) -> Result<bool> {
        let changed = sqlx::query(
            "UPDATE integrated_account SET is_sandbox = $3, updated_at = now() \
             WHERE environment_id = $1 AND id = $2",
        )
        .bind(environment.0)
        .bind(id.0)
        .bind(is_sandbox);
        self.change_and_tell(environment, id, changed, tell).await
    }

    /// Deletes the accounts of a list that are there, and erases their credentials. Gives their ids.
    pub async fn delete_accounts(
        &self,
        environment: EnvironmentId,
        ids: &[AccountId],
        tell: TellGone<'_>,
    ) -> Result<Vec<AccountId>> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let mut transaction = self.pool.begin().await?;
        let gone = sqlx::query_scalar(
            "DELETE FROM integrated_account WHERE environment_id = $1 AND id = ANY($2) RETURNING id",
        );
        let gone: Vec<Uuid> = gone.bind(environment.0).bind(ids).fetch_all(&mut *transaction).await?;
        let gone = tell_gone(&mut transaction, environment, gone, tell).await?;
        transaction.commit().await?;
        Ok(gone)
    }

    /// The ids of a tenant's accounts.
    pub async fn tenant_accounts(
        &self,
        environment: EnvironmentId,
        tenant_id: &str,
    ) -> Result<Vec<AccountId>> {
        let ids = sqlx::query_scalar(
            "SELECT id FROM integrated_account WHERE environment_id = $1 AND tenant_id = $2",
        );
        let ids: Vec<Uuid> = ids.bind(environment.0).bind(tenant_id).fetch_all(&self.pool).await?;
        Ok(ids.into_iter().map(AccountId).collect())
    }

    /// The ids of the accounts of a provider that is switched on.
    pub async fn integration_accounts(
        &self,
        environment: EnvironmentId,
        id: EnvironmentIntegrationId,
    ) -> Result<Vec<AccountId>> {
        let ids = sqlx::query_scalar(
            "SELECT id FROM integrated_account WHERE environment_id = $1 AND environment_integration_id = $2",
        );
        let ids: Vec<Uuid> = ids.bind(environment.0).bind(id.0).fetch_all(&self.pool).await?;
        Ok(ids.into_iter().map(AccountId).collect())
    }

    /// Switches a provider off, and with it every account of it in the environment.
    pub async fn switch_off(
        &self,
        environment: EnvironmentId,
        id: EnvironmentIntegrationId,
        tell: TellGone<'_>,
    ) -> Result<bool> {
        let mut transaction = self.pool.begin().await?;
        let accounts = sqlx::query_scalar(
            "DELETE FROM integrated_account WHERE environment_id = $1 AND environment_integration_id = $2 RETURNING id",
        );
        let gone: Vec<Uuid> = accounts.bind(environment.0).bind(id.0).fetch_all(&mut *transaction).await?;
        tell_gone(&mut transaction, environment, gone, tell).await?;
        let switched =
            sqlx::query("DELETE FROM environment_integration WHERE environment_id = $1 AND id = $2")
                .bind(environment.0)
                .bind(id.0)
                .execute(&mut *transaction)
                .await?;
        transaction.commit().await?;
        Ok(switched.rows_affected() > 0)
    }

    /// Makes a change of one account and tells of it. `false` if the change doesn't apply.
    async fn change_and_tell(
        &self,
        environment: EnvironmentId,
        id: AccountId,
        change: Query<'_, Postgres, PgArguments>,
        tell: Tell<'_>,
    ) -> Result<bool> {
        let mut transaction = self.pool.begin().await?;
        let Some(before) = lock(&mut transaction, environment, id).await? else { return Ok(false) };
        if change.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(false);
        }
        tell_of(&mut transaction, environment, id, &before, tell).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// Has others who change the account wait, and gives its status: so its events have the order of its changes.
async fn lock(
    connection: &mut PgConnection,
    environment: EnvironmentId,
    id: AccountId,
) -> Result<Option<String>> {
    let status = sqlx::query_scalar(
        "SELECT status FROM integrated_account WHERE environment_id = $1 AND id = $2 FOR UPDATE",
    );
    Ok(status.bind(environment.0).bind(id.0).fetch_optional(connection).await?)
}

async fn tell_of(
    connection: &mut PgConnection,
    environment: EnvironmentId,
    id: AccountId,
    before: &str,
    tell: Tell<'_>,
) -> Result<()> {
    let row = sqlx::query_as(sqlx::AssertSqlSafe(format!("{ACCOUNT} AND a.id = $2")));
    let row: Option<AccountRow> = row.bind(environment.0).bind(id.0).fetch_optional(&mut *connection).await?;
    let row = row.ok_or_else(|| Error::internal("an account that has just been changed is not there"))?;
    insert(connection, environment, id, tell(&row, before)?).await
}

async fn tell_gone(
    connection: &mut PgConnection,
    environment: EnvironmentId,
    gone: Vec<Uuid>,
    tell: TellGone<'_>,
) -> Result<Vec<AccountId>> {
    let gone: Vec<AccountId> = gone.into_iter().map(AccountId).collect();
    for id in &gone {
        insert(connection, environment, *id, vec![tell(*id)?]).await?;
    }
    Ok(gone)
}
