//! OAuth apps: the operator's of the settings, or an environment's own in its place.
//!
//! An environment's client id stands in its integration's override, where it can be read back; the secret goes into the
//! vault and doesn't come out. An id without a secret is an app without one: the operator's secret belongs to the
//! operator's id alone.

use secrecy::SecretString;
use serde_json::Value;
use uuid::Uuid;

use super::{Account, Accounts};
use crate::config::ProviderSettings;
use crate::crypto::Sealed;
use crate::error::{Error, Result};
use crate::ids::{EnvironmentId, EnvironmentIntegrationId};

impl Accounts {
    /// The app that an account's tokens are got and renewed with.
    pub(super) async fn app_of(&self, account: &Account) -> Result<ProviderSettings> {
        let integration = EnvironmentIntegrationId(account.row.environment_integration_id);
        let name = &account.provider.manifest.name;
        self.app(account.environment, integration, name, &account.row.environment_override).await
    }

    /// The app of a provider in an environment; without a client id there is none.
    pub(super) async fn app(
        &self,
        environment: EnvironmentId,
        integration: EnvironmentIntegrationId,
        provider: &str,
        overrides: &Value,
    ) -> Result<ProviderSettings> {
        let mut app = self.0.settings.get(provider).cloned().unwrap_or_default();
        let Some(client_id) = own_client_id(overrides) else { return Ok(app) };
        app.client_id = Some(client_id.to_owned());
        app.client_secret = match self.0.store.app_secret(environment, integration).await? {
            None => None,
            Some(sealed) => {
                let opened = self.0.vault.open_app(environment, integration.0, &sealed)?;
                Some(SecretString::from(opened))
            }
        };
        Ok(app)
    }

    /// Seals the secret of an environment's own app.
    pub fn seal_app_secret(
        &self,
        environment: EnvironmentId,
        integration: EnvironmentIntegrationId,
        secret: &str,
    ) -> Result<Sealed> {
        self.0.vault.seal_app(environment, integration.0, secret)
    }

    /// Whether there is an app of a provider's for an environment with these overrides.
    pub(super) fn has_app(&self, provider: &str, overrides: &Value) -> bool {
        own_client_id(overrides).is_some()
            || self.0.settings.get(provider).is_some_and(|settings| settings.client_id.is_some())
    }
}

fn own_client_id(overrides: &Value) -> Option<&str> {
    overrides["credentials"]["client_id"].as_str()
}

/// What an app's secret is sealed to.
pub(super) fn belongs_to(environment: EnvironmentId, integration: Uuid) -> Vec<u8> {
    [b"oauth app".as_slice(), environment.0.as_bytes(), integration.as_bytes()].concat()
}

/// The error of a vault that can't open such a secret.
pub(super) fn closed(error: &dyn std::fmt::Display) -> Error {
    Error::internal(format!("the secret of an environment's OAuth app can't be opened: {error}"))
}
