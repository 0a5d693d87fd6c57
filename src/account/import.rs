//! Making and changing accounts.

use serde_json::{Map, Value, json};

use super::context::{check_options, hide, keep_optional, part, unwrap};
use super::lifecycle::Step;
use super::{Account, Accounts};
use crate::error::{Error, Kind, Result};
use crate::ids::{AccountId, EnvironmentId, EnvironmentIntegrationId};
use crate::model::record::format_instant;
use crate::store::accounts::AccountChange;
use crate::store::lifecycle::{NewAccount, NewCredential};

/// Statuses of an account, as the contract names them.
pub const STATUSES: [&str; 5] =
    ["connecting", "active", "needs_reauth", "post_install_error", "validation_error"];

/// An account to be imported.
#[derive(Debug)]
pub struct Import {
    /// Whose account it is, in the words of the gateway's user.
    pub tenant_id: String,
    /// The provider as it is switched on in the environment.
    pub environment_integration_id: EnvironmentIntegrationId,
    /// `oauth2` or `api_key`.
    pub authentication_method: String,
    /// Credentials and whatever else the account's calls need.
    pub context: Map<String, Value>,
    /// Kept, and otherwise without meaning: data stays where the gateway runs.
    pub region: Option<String>,
}

impl Accounts {
    /// Imports an account with a credential that was got elsewhere.
    pub async fn import(&self, environment: EnvironmentId, import: Import) -> Result<AccountId> {
        let inner = &self.0;
        let switched_on =
            inner.store.environment_integration(environment, import.environment_integration_id).await?;
        let switched_on = switched_on.ok_or_else(|| {
            Error::invalid_field(
                "environment_integration_id",
                "names no integration of this environment; GET /environment-integration lists them",
            )
        })?;
        let provider = inner.catalog.provider(&switched_on.integration_name)?;
        if !switched_on.is_enabled {
            return Err(Error::new(
                Kind::Forbidden,
                format!("{} is switched off in this environment.", provider.manifest.label),
            ));
        }
        let now = inner.clock.unix_millis();
        let parted = part(provider, &import.authentication_method, import.context, now)?;
        let id = AccountId::new();
        let account = NewAccount {
            id,
            environment_integration_id: switched_on.id,
            tenant_id: import.tenant_id,
            status: "active",
            authentication_method: import.authentication_method,
            region: import.region.unwrap_or_else(|| "wnam".to_owned()),
            context: Value::Object(parted.public),
            vendor_tenant: None,
            credential: inner.vault.seal(environment, id, &parted.secrets)?,
            renew_at: parted.secrets.renew_at(),
        };
        let tell = self.tell(environment, &[Step::Created, Step::Active]);
        inner.store.add_account(environment, account, &tell).await?;
        Ok(id)
    }

    /// Replaces an account's credential; it is active again.
    pub async fn replace_credential(
        &self,
        environment: EnvironmentId,
        id: AccountId,
        context: Map<String, Value>,
    ) -> Result<()> {
        let inner = &self.0;
        let account = self.load(environment, id).await?;
        let now = inner.clock.unix_millis();
        let method = &account.row.authentication_method;
        let spoken_of: Vec<String> = context.keys().cloned().collect();
        let mut parted = part(&account.provider, method, with_public(&account, context), now)?;
        keep_optional(&account, &spoken_of, &mut parted.secrets);
        let new = NewCredential {
            status: "active",
            authentication_method: None,
            context: Value::Object(parted.public),
            vendor_tenant: None,
            credential: inner.vault.seal(environment, id, &parted.secrets)?,
            renew_at: parted.secrets.renew_at(),
        };
        let tell = self.tell(environment, &[Step::Updated, Step::Reactivated, Step::Active]);
        let found = inner.store.replace_credential(environment, id, new, &tell).await?;
        self.forget_account(environment, id).await;
        if found { Ok(()) } else { Err(missing()) }
    }

    /// Changes what isn't secret of an account. Context members are merged at the top level; null removes one.
    pub async fn change(
        &self,
        environment: EnvironmentId,
        id: AccountId,
        mut change: AccountChange,
        context: Option<Map<String, Value>>,
    ) -> Result<()> {
        let account = self.load(environment, id).await?;
        if let Some(mut given) = context {
            unwrap(&mut given);
            check_options(&given)?;
            hide(&account.provider, &mut given);
            change.context = Some(Value::Object(with_public(&account, given)));
        }
        let tell = self.tell(environment, &[Step::Updated]);
        let found = self.0.store.change_account(environment, id, change, &tell).await?;
        self.forget_account(environment, id).await;
        if found { Ok(()) } else { Err(missing()) }
    }

    /// Keeps for whoever looks at the account that the vendor refused a call for want of a permission. The account
    /// stays as it is: its other calls may well be allowed.
    pub async fn note_forbidden(&self, account: &Account, resource: &str, method: &str, error: &Error) {
        let Some(fault) = error.fault().filter(|fault| fault.status == http::StatusCode::FORBIDDEN) else {
            return;
        };
        let refusal = json!({
            "resource": resource,
            "method": method,
            "missing_scopes": fault.missing_scopes,
            "occurred_at": format_instant(self.0.clock.now()),
        });
        // The caller has an error to be told already; this one is for the operator.
        if let Err(error) = self.0.store.mark_forbidden(account.environment, account.id, refusal).await {
            tracing::warn!(account = %account.id, %error, "a refusal could not be noted");
        }
    }

    /// Makes an account a sandbox account, or an ordinary one again.
    pub async fn set_sandbox(
        &self,
        environment: EnvironmentId,
        id: AccountId,
        is_sandbox: bool,
    ) -> Result<()> {
        let tell = self.tell(environment, &[Step::Updated]);
        let found = self.0.store.mark_sandbox(environment, id, is_sandbox, &tell).await?;
        self.forget_account(environment, id).await;
        if found { Ok(()) } else { Err(missing()) }
    }
}

pub(super) fn missing() -> Error {
    Error::not_found("There is no such integrated account in this environment.")
}

/// What is given, over the account's present public context.
pub(super) fn with_public(account: &Account, given: Map<String, Value>) -> Map<String, Value> {
    let mut context = account.row.context.as_object().cloned().unwrap_or_default();
    for (name, value) in given {
        match (context.get_mut(&name), value) {
            (_, Value::Null) => {
                context.shift_remove(&name);
            }
            (Some(Value::Object(present)), Value::Object(value)) if name == "oauth" => present.extend(value),
            (_, value) => {
                context.insert(name, value);
            }
        }
    }
    context
}
