//! The end of accounts: credentials are erased here, and revoked where the vendor offers that.
//!
//! The account goes first. A vendor that can't be reached doesn't keep a customer's credential in the database; that a
//! revocation failed is logged.

use super::import::missing;
use super::vault::SecretKind;
use super::{Account, Accounts, token_endpoint};
use crate::error::Result;
use crate::ids::{AccountId, EnvironmentId, EnvironmentIntegrationId};

/// Which accounts are to be deleted.
#[derive(Debug)]
pub enum Doomed {
    /// These; what is gone already is no error.
    These(Vec<AccountId>),
    /// All of a tenant.
    Tenant(String),
}

impl Accounts {
    /// Deletes an account and erases its credential.
    pub async fn delete(&self, environment: EnvironmentId, id: AccountId) -> Result<()> {
        let gone = self.remove(environment, &[id]).await?;
        if gone.is_empty() { Err(missing()) } else { Ok(()) }
    }

    /// Deletes many accounts and erases their credentials.
    pub async fn delete_many(&self, environment: EnvironmentId, doomed: Doomed) -> Result<()> {
        let ids = match doomed {
            Doomed::These(ids) => ids,
            Doomed::Tenant(tenant_id) => self.0.store.tenant_accounts(environment, &tenant_id).await?,
        };
        self.remove(environment, &ids).await.map(drop)
    }

    /// Switches a provider off in an environment, and deletes its accounts there. `false` if it wasn't on.
    pub async fn switch_off(&self, environment: EnvironmentId, id: EnvironmentIntegrationId) -> Result<bool> {
        let ids = self.0.store.integration_accounts(environment, id).await?;
        let revocable = self.revocable(environment, &ids).await;
        let tell = self.tell_gone(environment);
        let switched = self.0.store.switch_off(environment, id, &tell).await?;
        for id in ids {
            self.forget_account(environment, id).await;
        }
        self.revoke(revocable);
        Ok(switched)
    }

    async fn remove(&self, environment: EnvironmentId, ids: &[AccountId]) -> Result<Vec<AccountId>> {
        let revocable = self.revocable(environment, ids).await;
        let tell = self.tell_gone(environment);
        let gone = self.0.store.delete_accounts(environment, ids, &tell).await?;
        for id in &gone {
            self.forget_account(environment, *id).await;
        }
        self.revoke(revocable.into_iter().filter(|account| gone.contains(&account.id)).collect());
        Ok(gone)
    }

    /// Those whose tokens the vendor would revoke. One that can't be read is deleted all the same.
    async fn revocable(&self, environment: EnvironmentId, ids: &[AccountId]) -> Vec<std::sync::Arc<Account>> {
        let offers = |account: &Account| {
            let oauth2 = account.provider.manifest.auth.oauth2.as_ref();
            oauth2.is_some_and(|oauth2| oauth2.revoke_url.is_some())
        };
        if !self.0.catalog.providers.values().any(|provider| {
            provider.manifest.auth.oauth2.as_ref().is_some_and(|oauth2| oauth2.revoke_url.is_some())
        }) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for id in ids {
            match self.load(environment, *id).await {
                Ok(account) if offers(&account) => found.push(account),
                Ok(_) => {}
                Err(error) => tracing::warn!(account = %id, %error, "deleted without being revoked"),
            }
        }
        found
    }

    /// Has vendors revoke tokens, in a task of its own: the accounts are gone already, whatever comes of it.
    fn revoke(&self, accounts: Vec<std::sync::Arc<Account>>) {
        let this = self.clone();
        if accounts.is_empty() {
            return;
        }
        tokio::spawn(async move {
            for account in accounts {
                let SecretKind::OAuth(tokens) = &account.secrets.kind else { continue };
                let app = this.app_of(&account).await;
                let revoked = match app {
                    Ok(app) => {
                        token_endpoint::revoke(&this.0.transport, &account.provider, &app, tokens).await
                    }
                    Err(error) => Err(error),
                };
                if let Err(error) = revoked {
                    tracing::warn!(account = %account.id, %error, "the vendor did not revoke a deleted account's tokens");
                }
            }
        });
    }
}
