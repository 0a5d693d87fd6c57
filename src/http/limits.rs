//! How much a caller may ask of the gateway: so many calls in ten seconds for each token, and for each account.
//!
//! Off unless the operator sets them. Counted for all processes together (`outbound::permits` says how exactly).

use std::time::Duration;

use uuid::Uuid;

use crate::crypto::TokenHash;
use crate::error::{Error, Kind, Result, Retry};
use crate::ids::AccountId;
use crate::outbound::permits::{Permits, Rate};

/// The window of both limits.
const WINDOW: Duration = Duration::from_secs(10);

/// The limits of a gateway.
#[derive(Debug, Clone)]
pub struct Limits {
    permits: Permits,
    per_token: Option<Rate>,
    per_account: Option<Rate>,
}

impl Limits {
    /// So many calls in ten seconds; 0 for any number.
    pub fn new(permits: Permits, per_token: u32, per_account: u32) -> Self {
        let rate = |calls| (calls > 0).then_some(Rate { calls, window: WINDOW });
        Limits { permits, per_token: rate(per_token), per_account: rate(per_account) }
    }

    /// Counts a call with a token.
    pub async fn token(&self, token: &str) -> Result<()> {
        let Some(rate) = self.per_token else { return Ok(()) };
        // A part of the token's hash names it well enough: whoever met another's would share its limit.
        let hash = TokenHash::of(token);
        let name = Uuid::from_slice(&hash.0[..16]).map_err(Error::internal)?;
        self.take(("token", name), rate, "this token", "UNICRM_CALLS_PER_TOKEN").await
    }

    /// Counts a call for an account.
    pub async fn account(&self, account: AccountId) -> Result<()> {
        let Some(rate) = self.per_account else { return Ok(()) };
        self.take(("account", account.0), rate, "this account", "UNICRM_CALLS_PER_ACCOUNT").await
    }

    async fn take(
        &self,
        subject: (&'static str, Uuid),
        rate: Rate,
        whose: &str,
        setting: &str,
    ) -> Result<()> {
        let Err(wait) = self.permits.take(subject, rate).await else { return Ok(()) };
        let (calls, seconds) = (rate.calls, WINDOW.as_secs());
        let message = format!(
            "The gateway takes {calls} calls in {seconds} seconds for {whose}, and they are used up ({setting})."
        );
        Err(Error::new(Kind::Throttled, message).retry(Retry::Later(Some(wait))))
    }
}
