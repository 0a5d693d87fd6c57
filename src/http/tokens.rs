//! Who a bearer token is: looked up by hash, kept for a short while, forgotten when it changes.

use std::time::Duration;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::crypto::{ACCOUNT_TOKEN_PREFIX, TokenHash, new_account_token};
use crate::error::{Error, Kind, Result};
use crate::ids::{AccountId, EnvironmentId};
use crate::kept::Kept;
use crate::store::Store;
use crate::store::changes::Change;

/// How long a token is believed without asking the database again, should an announcement be lost.
const KEPT: Duration = Duration::from_secs(30);

/// How long a token of one account works.
pub const ACCOUNT_TOKEN_LIFE: Duration = Duration::from_secs(15 * 60);

/// Expired tokens that one step of a sweep deletes.
const SWEEP: i64 = 500;

/// What a token reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Everything of an environment: an API token.
    Environment(EnvironmentId),
    /// One account of it: an integrated account's token.
    Account(EnvironmentId, AccountId),
}

impl Reach {
    /// The environment, for either.
    pub fn environment(self) -> EnvironmentId {
        match self {
            Reach::Environment(environment) | Reach::Account(environment, _) => environment,
        }
    }
}

/// A token that was found.
#[derive(Debug, Clone, Copy)]
struct Known {
    reach: Reach,
    expires_at: Option<OffsetDateTime>,
}

/// API tokens, and those of single accounts.
#[derive(Clone)]
pub struct Tokens {
    store: Store,
    clock: Clock,
    kept: Kept<[u8; 32], Known>,
}

impl Tokens {
    /// The tokens of a database.
    pub fn new(store: Store, clock: Clock) -> Self {
        Tokens { store, clock, kept: Kept::new(10_000, KEPT) }
    }

    /// What a token reaches.
    pub async fn reach(&self, token: &str) -> Result<Reach> {
        let hash = TokenHash::of(token);
        let find = || async { self.find(token, hash).await?.ok_or_else(refused) };
        let known = self.kept.get(hash.0, find).await?;
        if known.expires_at.is_some_and(|end| end <= self.clock.now()) {
            return Err(Error::new(Kind::Unauthenticated, "This token has expired."));
        }
        Ok(known.reach)
    }

    async fn find(&self, token: &str, hash: TokenHash) -> Result<Option<Known>> {
        // The prefix only saves a look: an operator may have chosen a token that begins so.
        if token.starts_with(ACCOUNT_TOKEN_PREFIX) {
            let row = self.store.account_token_by_hash(hash).await?;
            if let Some(row) = row.filter(|row| hash.matches(&row.hash)) {
                let reach = Reach::Account(EnvironmentId(row.environment_id), AccountId(row.account_id));
                return Ok(Some(Known { reach, expires_at: Some(row.expires_at) }));
            }
        }
        let row = self.store.token_by_hash(hash).await?.filter(|row| hash.matches(&row.hash));
        Ok(row.map(|row| Known {
            reach: Reach::Environment(EnvironmentId(row.environment_id)),
            expires_at: row.expires_at,
        }))
    }

    /// Makes a token that reaches one account for 15 minutes.
    pub async fn issue(&self, environment: EnvironmentId, account: AccountId) -> Result<Zeroizing<String>> {
        let token = new_account_token().map_err(Error::internal)?;
        let expires_at = self.clock.now() + ACCOUNT_TOKEN_LIFE;
        let hash = TokenHash::of(&token);
        if !self.store.add_account_token(environment, account, hash, expires_at).await? {
            return Err(Error::not_found("There is no such integrated account in this environment."));
        }
        Ok(token)
    }

    /// Deletes every account's token that has expired.
    pub async fn sweep(&self) -> Result<()> {
        while self.store.sweep_account_tokens(self.clock.now(), SWEEP).await? > 0 {}
        Ok(())
    }

    /// Lets go of what has changed.
    pub fn forget(&self, change: &Change) {
        if matches!(change, Change::ApiToken(_) | Change::Anything) {
            self.kept.forget_all();
        }
    }
}

fn refused() -> Error {
    Error::new(
        Kind::Unauthenticated,
        "This token is not valid. Send an API token made with `unicrm token create` as `Authorization: Bearer …`.",
    )
}
