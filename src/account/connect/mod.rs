//! Connecting accounts in a browser: link tokens, the sessions that they are exchanged for, and what becomes of them.
//!
//! A backend has a link token made and sends its customer's browser to the connect pages with it. The token is exchanged
//! at once for a session that only this browser has, so that what stands in a URL is worthless from then on. In a session
//! one account is connected: the vendor is asked whether the credential is good before anything is saved.
//!
//! What a session knows is one document, encrypted, and changed by version: of two requests that use up the same attempt
//! one fails. Nothing here knows of HTML or cookies.

mod choices;
mod link;
mod oauth;
mod save;
mod session;
mod trouble;

use std::sync::Arc;

pub use choices::{Choice, Way};
pub use link::{Whom, Wish};
pub use oauth::{Callback, callback_url};
pub use session::{Held, LIFE, Opened, Outcome, View};
pub use trouble::{Attempted, Failure, Trouble};

use super::Accounts;
use crate::config::origin_of;
use crate::crypto::KeyRing;
use crate::error::Result;
use crate::ids::EnvironmentId;

/// Connects accounts.
#[derive(Clone)]
pub struct Connect(Arc<Inner>);

struct Inner {
    accounts: Accounts,
    keys: Arc<KeyRing>,
    /// How browsers reach the gateway, without a trailing slash.
    public_url: String,
    /// Those of the operator.
    origins: Vec<String>,
}

impl Connect {
    /// Connects accounts at the providers of `accounts`. `origins` are allowed in every environment.
    pub fn new(accounts: Accounts, keys: Arc<KeyRing>, public_url: String, origins: Vec<String>) -> Self {
        Connect(Arc::new(Inner { accounts, keys, public_url, origins }))
    }

    /// The origins whose pages may open the connect pages in every environment.
    pub fn operators_origins(&self) -> &[String] {
        &self.0.origins
    }

    /// The origins whose pages may open an environment's connect pages, be told of the outcome, and be returned to.
    pub async fn origins(&self, environment: EnvironmentId) -> Result<Vec<String>> {
        let mut origins = self.0.origins.clone();
        origins.extend(origin_of(&origin(&self.0.public_url)));
        if let Some(row) = self.0.accounts.0.store.environment(environment).await? {
            origins.extend(row.connect_origins);
        }
        origins.sort();
        origins.dedup();
        Ok(origins)
    }

    /// Deletes every link token and session that has ended.
    pub async fn sweep(&self) -> Result<()> {
        let inner = &self.0.accounts.0;
        inner.store.sweep_connect(inner.clock.now()).await
    }
}

/// The origin of a URL, or the text as it is.
fn origin(url: &str) -> String {
    url::Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.origin().ascii_serialization())
}
