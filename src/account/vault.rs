//! The vault: secrets sealed to their account, and opened only to be used.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::app;
use crate::crypto::{KeyRing, Sealed};
use crate::error::{Error, Result};
use crate::ids::{AccountId, EnvironmentId};
use crate::store::Store;
use crate::store::credentials::CredentialRow;

/// Credentials that one step of a key rotation looks at.
const ROTATION_STEP: i64 = 100;

/// How long before its end a token is renewed.
const AHEAD_MILLIS: i64 = 120_000;

/// Seals and opens credentials.
#[derive(Debug, Clone)]
pub struct Vault(Arc<KeyRing>);

/// An account's secrets.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// Rises with every change.
    pub version: i64,
    /// The secrets themselves.
    pub kind: SecretKind,
}

/// Secrets by way of authenticating.
#[derive(Debug, Clone)]
pub enum SecretKind {
    /// OAuth 2.0 tokens.
    OAuth(Tokens),
    /// Secret members of the account's context, by name.
    Fields(Vec<(String, SecretString)>),
}

/// OAuth 2.0 tokens.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// What calls are made with.
    pub access_token: SecretString,
    /// What a new access token is got with.
    pub refresh_token: Option<SecretString>,
    /// When the access token stops working, in milliseconds since 1970, as far as the vendor said.
    pub expires_at: Option<i64>,
    /// When a renewal brought it, in milliseconds since 1970.
    pub renewed_at: Option<i64>,
}

/// The text that is sealed.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Plain {
    Oauth {
        access_token: String,
        refresh_token: Option<String>,
        expires_at: Option<i64>,
        renewed_at: Option<i64>,
    },
    Fields(Vec<(String, String)>),
}

impl SecretKind {
    /// When this is to be renewed ahead of its end: two minutes before it, or a quarter of its life for a token that
    /// lives less than eight. Absent for what isn't renewed.
    pub fn renew_at(&self) -> Option<OffsetDateTime> {
        let SecretKind::OAuth(tokens) = self else { return None };
        tokens.refresh_token.as_ref()?;
        let end = tokens.expires_at?;
        let ahead = tokens.renewed_at.map_or(AHEAD_MILLIS, |since| AHEAD_MILLIS.min((end - since) / 4));
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(end.saturating_sub(ahead)) * 1_000_000).ok()
    }
}

impl Vault {
    /// A vault under these master keys.
    pub fn new(keys: Arc<KeyRing>) -> Self {
        Vault(keys)
    }

    /// Seals secrets to an account.
    pub fn seal(&self, environment: EnvironmentId, id: AccountId, secrets: &SecretKind) -> Result<Sealed> {
        let plain = match secrets {
            SecretKind::OAuth(tokens) => Plain::Oauth {
                access_token: tokens.access_token.expose_secret().to_owned(),
                refresh_token: tokens.refresh_token.as_ref().map(|token| token.expose_secret().to_owned()),
                expires_at: tokens.expires_at,
                renewed_at: tokens.renewed_at,
            },
            SecretKind::Fields(fields) => Plain::Fields(
                fields.iter().map(|(name, value)| (name.clone(), value.expose_secret().to_owned())).collect(),
            ),
        };
        let text = zeroize::Zeroizing::new(serde_json::to_vec(&plain).map_err(Error::internal)?);
        self.0.seal(&text, &belongs_to(environment, id)).map_err(Error::internal)
    }

    /// Opens an account's secrets.
    pub fn open(&self, environment: EnvironmentId, id: AccountId, row: CredentialRow) -> Result<Secrets> {
        let version = row.version;
        let text = self.0.open(&row.into_sealed(), &belongs_to(environment, id)).map_err(|error| {
            Error::internal(format!("the credential of account {id} can't be opened: {error}"))
        })?;
        // The parser's own message could quote what it read.
        let plain: Plain = serde_json::from_slice(&text)
            .map_err(|_| Error::internal(format!("credential of {id} is damaged")))?;
        let kind = match plain {
            Plain::Oauth { access_token, refresh_token, expires_at, renewed_at } => {
                SecretKind::OAuth(Tokens {
                    access_token: access_token.into(),
                    refresh_token: refresh_token.map(SecretString::from),
                    expires_at,
                    renewed_at,
                })
            }
            Plain::Fields(fields) => {
                SecretKind::Fields(fields.into_iter().map(|(name, value)| (name, value.into())).collect())
            }
        };
        Ok(Secrets { version, kind })
    }

    /// Seals the secret of an environment's own OAuth app.
    pub(super) fn seal_app(
        &self,
        environment: EnvironmentId,
        integration: Uuid,
        secret: &str,
    ) -> Result<Sealed> {
        self.0.seal(secret.as_bytes(), &app::belongs_to(environment, integration)).map_err(Error::internal)
    }

    /// Opens such a secret.
    pub(super) fn open_app(
        &self,
        environment: EnvironmentId,
        integration: Uuid,
        sealed: &Sealed,
    ) -> Result<String> {
        let opened = self.0.open(sealed, &app::belongs_to(environment, integration));
        let opened = opened.map_err(|error| app::closed(&error))?;
        String::from_utf8(opened.to_vec()).map_err(|_| app::closed(&"it is no text"))
    }

    /// Puts every credential that another key sealed under the present one, a few at a time. Tells how many.
    ///
    /// Two processes may do this at once, and calls go on meanwhile: a credential that changed in between was
    /// sealed with the present key by whoever changed it.
    pub async fn rotate(&self, store: &Store) -> Result<u64> {
        let mut resealed = 0;
        let mut after = Uuid::nil();
        loop {
            let rows = store.sealed_otherwise(self.0.current(), after, ROTATION_STEP).await?;
            let Some(last) = rows.last() else { break };
            after = last.account_id;
            for row in rows {
                let (environment, id) = (EnvironmentId(row.environment_id), AccountId(row.account_id));
                let secrets = self.open(environment, id, row)?;
                let sealed = self.seal(environment, id, &secrets.kind)?;
                resealed += u64::from(store.reseal(environment, id, secrets.version, sealed).await?);
            }
        }
        for (environment, id, sealed) in store.app_secrets_sealed_otherwise(self.0.current()).await? {
            let secret = self.open_app(environment, id.0, &sealed)?;
            store.set_app_secret(environment, id, Some(self.seal_app(environment, id.0, &secret)?)).await?;
            resealed += 1;
        }
        Ok(resealed)
    }
}

fn belongs_to(environment: EnvironmentId, id: AccountId) -> Vec<u8> {
    [b"credential".as_slice(), environment.0.as_bytes(), id.0.as_bytes()].concat()
}
