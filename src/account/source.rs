//! What an account's calls are made with, for the outbound stack.

use std::sync::Arc;

use futures::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::vault::{SecretKind, Secrets, Tokens};
use super::{Account, Accounts};
use crate::error::{Error, Result};
use crate::mapping::Provider;
use crate::mapping::manifest::Presentation;
use crate::outbound::{Credential, CredentialSource};

/// An access token this close to its end is renewed before it is used.
const MARGIN_MILLIS: i64 = 60_000;

/// A token that is refused this soon after its renewal won't get better by another one.
const FRESH_MILLIS: i64 = 30_000;

/// The credential of one account.
pub struct AccountCredential {
    accounts: Accounts,
    account: Arc<Account>,
}

impl AccountCredential {
    /// What `account` is called for with.
    pub fn new(accounts: Accounts, account: Arc<Account>) -> Self {
        AccountCredential { accounts, account }
    }

    /// The credential as it is now: another call may have renewed it since the account was loaded.
    async fn current(&self) -> Result<Arc<Account>> {
        self.accounts.load(self.account.environment, self.account.id).await
    }

    async fn renewed(&self, secrets: &Secrets, tokens: &Tokens) -> Result<Option<Credential>> {
        match self.accounts.renew(&self.account, secrets.version, tokens).await? {
            Some(renewed) => Ok(Some(credential(&self.account, &renewed)?)),
            None => Ok(None),
        }
    }
}

impl CredentialSource for AccountCredential {
    fn present(&self) -> BoxFuture<'_, Result<Credential>> {
        Box::pin(async move {
            let account = self.current().await?;
            let secrets = &account.secrets;
            let now = self.accounts.0.clock.unix_millis();
            match &secrets.kind {
                SecretKind::OAuth(tokens) if is_ending(tokens, now) && self.accounts.can_renew(&account) => {
                    // A renewal that fails for the moment leaves a token that may still be good.
                    let still_good = tokens.expires_at.is_some_and(|end| end > now);
                    match self.renewed(secrets, tokens).await {
                        Ok(Some(credential)) => Ok(credential),
                        Ok(None) => Err(super::renewal::refused(&account)),
                        Err(error) if still_good => {
                            tracing::warn!(account = %account.id, error = %error, "the credential could not be renewed ahead of its end");
                            credential(&account, secrets)
                        }
                        Err(error) => Err(error),
                    }
                }
                _ => credential(&account, secrets),
            }
        })
    }

    fn refused(&self, used: Credential) -> BoxFuture<'_, Result<Option<Credential>>> {
        Box::pin(async move {
            let account = self.current().await?;
            let secrets = &account.secrets;
            if secrets.version != used.version() {
                return credential(&account, secrets).map(Some);
            }
            let now = self.accounts.0.clock.unix_millis();
            match &secrets.kind {
                SecretKind::OAuth(tokens)
                    if tokens.refresh_token.is_some()
                        && !used.is_replacement()
                        && !is_fresh(tokens, now)
                        && self.accounts.can_renew(&account) =>
                {
                    self.renewed(secrets, tokens).await
                }
                kind => {
                    let reason = reason(&account, kind, self.accounts.can_renew(&account));
                    self.accounts.mark_refused(&account, secrets.version, &reason).await?;
                    Ok(None)
                }
            }
        })
    }
}

/// Why an account stops working, for whoever has to mend it.
fn reason(account: &Account, kind: &SecretKind, can_renew: bool) -> String {
    let manifest = &account.provider.manifest;
    match kind {
        SecretKind::OAuth(tokens) if tokens.refresh_token.is_some() && !can_renew => format!(
            "{} refused the access token, and the gateway has no OAuth app to renew it with: set \
             UNICRM_PROVIDER_{name}_CLIENT_ID and UNICRM_PROVIDER_{name}_CLIENT_SECRET",
            manifest.label,
            name = manifest.name.to_ascii_uppercase(),
        ),
        SecretKind::OAuth(_) | SecretKind::Fields(_) => {
            format!("{} refused the account's credential", manifest.label)
        }
    }
}

/// Whether a token has ended, or is about to. A vendor whose tokens live for less than the margin would be asked
/// at every call, so a fresh token is used to its end.
fn is_ending(tokens: &Tokens, now: i64) -> bool {
    let margin = if is_fresh(tokens, now) { 0 } else { MARGIN_MILLIS };
    tokens.refresh_token.is_some() && tokens.expires_at.is_some_and(|end| end - margin <= now)
}

fn is_fresh(tokens: &Tokens, now: i64) -> bool {
    tokens.renewed_at.is_some_and(|renewed| now - renewed < FRESH_MILLIS)
}

/// The header that presents an account's secrets.
pub fn credential(account: &Account, secrets: &Secrets) -> Result<Credential> {
    present(&account.provider, &account.row.context, secrets).map_err(|error| {
        Error::internal(format!("account {}: {}", account.id, error.details().unwrap_or(error.message())))
    })
}

/// The header that presents secrets, with what isn't secret in the context.
pub fn present(provider: &Provider, context: &Value, secrets: &Secrets) -> Result<Credential> {
    let made = match &secrets.kind {
        SecretKind::OAuth(tokens) => Credential::bearer(tokens.access_token.expose_secret(), secrets.version),
        SecretKind::Fields(fields) => {
            let key = provider.manifest.auth.api_key.as_ref().ok_or_else(|| missing("api_key"))?;
            let member = |name: &str| member(context, fields, name);
            match &key.present {
                Presentation::Bearer(name) => {
                    Credential::bearer(member(name)?.expose_secret(), secrets.version)
                }
                Presentation::Basic { username, password } => Credential::basic(
                    member(username)?.expose_secret(),
                    member(password)?.expose_secret(),
                    secrets.version,
                ),
            }
        }
    };
    made.map_err(|_| Error::internal("the credential can't stand in a header"))
}

/// A member of an account's context, secret or not.
pub(super) fn named(context: &Value, secrets: &Secrets, name: &str) -> Result<SecretString> {
    match &secrets.kind {
        SecretKind::Fields(fields) => member(context, fields, name),
        SecretKind::OAuth(_) => member(context, &[], name),
    }
}

fn member(context: &Value, fields: &[(String, SecretString)], name: &str) -> Result<SecretString> {
    if let Some((_, secret)) = fields.iter().find(|(field, _)| field == name) {
        return Ok(secret.clone());
    }
    context.get(name).and_then(Value::as_str).map(SecretString::from).ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Error {
    Error::internal(format!("there is no {name} in the context"))
}
