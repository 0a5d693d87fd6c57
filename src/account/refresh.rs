//! What is done with an account's token at somebody's request: renewing it ahead of time, and handing it out.

use secrecy::SecretString;

use super::Accounts;
use super::lifecycle::Step;
use super::renewal::refused;
use super::source::AccountCredential;
use super::vault::SecretKind;
use crate::error::{Error, Kind, Result};
use crate::ids::{AccountId, EnvironmentId};
use crate::outbound::CredentialSource;

impl Accounts {
    /// Renews an account's access token now. An account that had to be connected again is active if that succeeds.
    ///
    /// Fails with [`Kind::Unsupported`] for an account that has nothing to renew, and with [`Kind::Reauthenticate`]
    /// where the vendor refuses.
    pub async fn refresh(&self, environment: EnvironmentId, id: AccountId) -> Result<()> {
        let account = self.load(environment, id).await?;
        let manifest = &account.provider.manifest;
        let tokens = match &account.secrets.kind {
            SecretKind::OAuth(tokens) if tokens.refresh_token.is_some() => tokens,
            SecretKind::OAuth(_) | SecretKind::Fields(_) => {
                return Err(Error::new(
                    Kind::Unsupported,
                    format!(
                        "This account has no refresh token of {}'s, so nothing can be renewed.",
                        manifest.label
                    ),
                ));
            }
        };
        if !self.can_renew(&account) {
            let name = manifest.name.to_ascii_uppercase();
            return Err(Error::new(
                Kind::Internal,
                format!(
                    "The gateway has no OAuth app of {}'s: UNICRM_PROVIDER_{name}_CLIENT_ID is not set.",
                    manifest.label
                ),
            ));
        }
        match self.renew(&account, account.secrets.version, tokens).await? {
            None => Err(refused(&account)),
            Some(_) => {
                let tell = self.tell(environment, &[Step::Reactivated, Step::Active]);
                self.0.store.mark_active(environment, id, &tell).await?;
                self.forget_account(environment, id).await;
                Ok(())
            }
        }
    }

    /// An account's access token, for the account's own owner; renewed first if it is about to end. `None` for an
    /// account without one, and where the vendor refuses to renew it.
    pub async fn access_token(
        &self,
        environment: EnvironmentId,
        id: AccountId,
    ) -> Result<Option<SecretString>> {
        let account = self.load(environment, id).await?;
        let is_oauth = matches!(account.secrets.kind, SecretKind::OAuth(_));
        if !is_oauth || account.row.status == "needs_reauth" {
            return Ok(None);
        }
        match AccountCredential::new(self.clone(), account).present().await {
            Ok(_) => {}
            Err(error) if error.kind() == Kind::Reauthenticate => return Ok(None),
            Err(error) => return Err(error),
        }
        Ok(match &self.load(environment, id).await?.secrets.kind {
            SecretKind::OAuth(tokens) => Some(tokens.access_token.clone()),
            SecretKind::Fields(_) => None,
        })
    }
}
