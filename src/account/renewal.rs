//! Renewing an access token: once for all who wait, in every process, and to the end once begun.
//!
//! A renewal runs in a task of its own: a vendor may rotate the refresh token the moment it is used, so a caller
//! who hangs up must not take the answer along. Across processes a lease on the credential's version says who
//! asks the vendor; the others wait for the version to rise. No database connection is held meanwhile.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::lifecycle::Step;
use super::token_endpoint::{self, Refusal};
use super::vault::{SecretKind, Secrets, Tokens};
use super::{Account, Accounts};
use crate::error::{Error, Kind, Result};
use crate::telemetry::metrics::{self, Renewal};

/// How long a process may hold the lease; longer than asking the vendor takes at most.
const LEASE: Duration = Duration::from_secs(60);

/// How long the vendor's token endpoint may take.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(20);

/// Between two looks at whether another process has finished.
const LOOK: Duration = Duration::from_millis(100);

/// How long a new token is kept in hand while the database is away.
const STORING: Duration = Duration::from_secs(45);

impl Accounts {
    /// Renews the credential that had `version`. `None`: the vendor refused, and the account is marked so.
    pub(super) async fn renew(
        &self,
        account: &Arc<Account>,
        version: i64,
        tokens: &Tokens,
    ) -> Result<Option<Secrets>> {
        let (accounts, account, tokens) = (self.clone(), account.clone(), tokens.clone());
        let renewals = self.0.renewals.clone();
        let task = renewals.spawn(async move { accounts.renew_to_the_end(&account, version, &tokens).await });
        task.await.unwrap_or_else(|error| Err(Error::internal(format!("a renewal failed: {error}"))))
    }

    async fn renew_to_the_end(
        &self,
        account: &Account,
        version: i64,
        tokens: &Tokens,
    ) -> Result<Option<Secrets>> {
        let inner = &self.0;
        let turn = inner.renewing.get_with(account.id, async { Arc::default() }).await;
        let _turn = turn.lock().await;
        let waiting_since = Instant::now();
        loop {
            let row = inner.store.credential(account.environment, account.id).await?;
            let row = row.ok_or_else(|| Error::not_found("The account was deleted meanwhile."))?;
            if row.version != version {
                self.forget_account(account.environment, account.id).await;
                return inner.vault.open(account.environment, account.id, row).map(Some);
            }
            if account.row.status != "needs_reauth" && self.is_refused(account).await? {
                return Ok(None); // whoever had the turn before has asked the vendor this very question
            }
            let lease = Uuid::new_v4();
            if inner.store.lease_credential(account.environment, account.id, version, lease, LEASE).await? {
                let renewed = self.ask_vendor(account, version, tokens, lease).await;
                let outcome = match &renewed {
                    Ok(Some(_)) => Renewal::Renewed,
                    Ok(None) => Renewal::Refused,
                    Err(_) => Renewal::Failed,
                };
                metrics::renewed(&account.provider.manifest.name, outcome);
                return renewed;
            }
            if waiting_since.elapsed() > LEASE {
                return Err(Error::new(
                    Kind::Unavailable,
                    "The account's credential is being renewed and that takes too long.",
                ));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Whether the vendor has refused the credential meanwhile.
    async fn is_refused(&self, account: &Account) -> Result<bool> {
        let row = self.0.store.account(account.environment, account.id).await?;
        Ok(row.is_some_and(|row| row.status == "needs_reauth"))
    }

    async fn ask_vendor(
        &self,
        account: &Account,
        version: i64,
        tokens: &Tokens,
        lease: Uuid,
    ) -> Result<Option<Secrets>> {
        let inner = &self.0;
        let label = &account.provider.manifest.label;
        let settings = match self.app_of(account).await {
            Ok(settings) => settings,
            Err(error) => {
                inner.store.release_credential(account.environment, account.id, lease).await?;
                return Err(error);
            }
        };
        let refresh_token = tokens.refresh_token.clone();
        let Some(refresh_token) = refresh_token else {
            return Err(Error::internal("a credential without a refresh token was to be renewed"));
        };
        let answer = token_endpoint::refresh(
            &inner.transport,
            &account.provider,
            &settings,
            &refresh_token,
            TOKEN_TIMEOUT,
        )
        .await;
        match answer {
            Ok(new) => {
                let now = inner.clock.unix_millis();
                let tokens = Tokens {
                    access_token: new.access_token,
                    refresh_token: Some(new.refresh_token.unwrap_or(refresh_token)),
                    expires_at: new
                        .expires_in
                        .map(|seconds| now.saturating_add(seconds.saturating_mul(1000))),
                    renewed_at: Some(now),
                };
                tracing::info!(account = %account.id, provider = %account.provider.manifest.name, "credential renewed");
                self.keep(account, version, SecretKind::OAuth(tokens)).await.map(Some)
            }
            Err(Refusal::Refused(reason)) => {
                // Marked before the lease is given back, so that no other process asks in between.
                let reason = format!("{label} refused to renew the connection: {reason}");
                let marked = self.mark_refused(account, version, &reason).await;
                inner.store.release_credential(account.environment, account.id, lease).await?;
                marked.map(|()| None)
            }
            Err(Refusal::Temporary(error)) => {
                inner.store.release_credential(account.environment, account.id, lease).await?;
                Err(error)
            }
        }
    }

    /// Stores a renewed credential, and doesn't give up while the database is away for a moment: the vendor may
    /// already have made the old one worthless.
    async fn keep(&self, account: &Account, version: i64, kind: SecretKind) -> Result<Secrets> {
        let inner = &self.0;
        let since = Instant::now();
        let stored = loop {
            let sealed = inner.vault.seal(account.environment, account.id, &kind)?;
            let stored =
                inner.store.store_renewed(account.environment, account.id, version, sealed, kind.renew_at());
            match stored.await {
                Ok(stored) => break stored,
                Err(error) if error.kind() == Kind::Unavailable && since.elapsed() < STORING => {
                    tracing::warn!(account = %account.id, error = %error, "a renewed credential waits for the database");
                    tokio::time::sleep(LOOK * 5).await;
                }
                Err(error) => return Err(error),
            }
        };
        self.forget_account(account.environment, account.id).await;
        if stored {
            return Ok(Secrets { version: version + 1, kind });
        }
        // The account was connected again meanwhile: that is newer than what the old refresh token brought.
        let row = inner.store.credential(account.environment, account.id).await?;
        let row = row.ok_or_else(|| Error::not_found("The account was deleted meanwhile."))?;
        inner.vault.open(account.environment, account.id, row)
    }

    /// Notes that the vendor refuses the credential; once, however many calls find it out.
    pub(super) async fn mark_refused(&self, account: &Account, version: i64, reason: &str) -> Result<()> {
        let tell = self.tell(account.environment, &[Step::Refused]);
        let store = &self.0.store;
        let changed = store.mark_refused(account.environment, account.id, version, reason, &tell).await?;
        self.forget_account(account.environment, account.id).await;
        if changed {
            tracing::warn!(account = %account.id, provider = %account.provider.manifest.name, reason, "account needs to be connected again");
        }
        Ok(())
    }
}

/// The error of a call whose credential the vendor won't renew.
pub fn refused(account: &Account) -> Error {
    let label = &account.provider.manifest.label;
    Error::new(
        Kind::Reauthenticate,
        format!("{label} refused to renew the account's credential; the account has to be connected again."),
    )
}
