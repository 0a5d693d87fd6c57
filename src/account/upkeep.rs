//! Renewing access tokens ahead of their end, so that no call has to wait for it and no refresh token ages unused.
//!
//! Each process looks for what is due every now and then and takes some of it; taking moves a renewal on, so that what
//! fails is tried again later and two processes take different ones. The renewal itself is the same as a call's, with
//! the same lease.

use std::time::Duration;

use futures::stream::{self, StreamExt};

use super::Accounts;
use super::vault::SecretKind;
use crate::error::{Kind, Result};
use crate::ids::{AccountId, EnvironmentId};

/// Renewals that are taken at once.
const STEP: i64 = 50;

/// Vendors that are asked at once.
const AT_ONCE: usize = 8;

/// When a renewal is due again that came to nothing.
const AGAIN: Duration = Duration::from_secs(60);

impl Accounts {
    /// Renews every access token that is due. Tells how many were taken on.
    pub async fn renew_due(&self) -> Result<usize> {
        let mut all = 0;
        loop {
            let now = self.0.clock.now();
            let due = self.0.store.claim_renewals(now, now + AGAIN, STEP).await?;
            if due.is_empty() {
                return Ok(all);
            }
            all += due.len();
            stream::iter(due)
                .for_each_concurrent(AT_ONCE, |(environment, id)| self.renew_one(environment, id))
                .await;
        }
    }

    /// What goes wrong is the account's own, and doesn't keep the others waiting.
    async fn renew_one(&self, environment: EnvironmentId, id: AccountId) {
        if let Err(error) = self.renew_ahead(environment, id).await
            && error.kind() != Kind::NotFound
        {
            tracing::warn!(account = %id, %error, "a credential could not be renewed ahead of its end");
        }
    }

    async fn renew_ahead(&self, environment: EnvironmentId, id: AccountId) -> Result<()> {
        let account = self.load(environment, id).await?;
        match &account.secrets.kind {
            SecretKind::OAuth(tokens) if tokens.refresh_token.is_some() && self.can_renew(&account) => {
                self.renew(&account, account.secrets.version, tokens).await.map(drop)
            }
            SecretKind::OAuth(_) | SecretKind::Fields(_) => Ok(()),
        }
    }
}
