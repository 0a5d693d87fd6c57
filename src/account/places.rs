//! Where accounts' APIs are, for providers who tell it: asked for and kept for as long as the manifest says.
//!
//! An account's credential goes to a place of the vendor's or nowhere: an answer that names any other host is an error,
//! and stays one for a moment. An answer that doesn't come, or tells nothing, is no reason to stop: then the last one that
//! was good counts, or the provider's base URL, and it is asked again a moment later. What is asked with, such as a
//! login's name, is kept in memory only, and appears in nothing that is written.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use moka::future::Cache;
use secrecy::ExposeSecret;
use serde_json::Value;
use url::Url;

use super::source::named;
use super::vault::Secrets;
use super::{Account, Accounts};
use crate::adapter::discovery::{NoPlace, place, question};
use crate::error::{Error, Result};
use crate::mapping::Provider;
use crate::mapping::discovery::Discovery;
use crate::outbound::Transport;

/// How long an answer may take: a caller is waiting for something else.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long nothing is asked again after nothing was told.
const PAUSE: Duration = Duration::from_secs(30);

/// How long the last good answer counts while no other comes.
const LASTING: Duration = Duration::from_secs(24 * 3600);

/// Answers that are kept at most, of one provider.
const MOST: u64 = 20_000;

/// The places of all providers who tell them.
pub(super) struct Places(BTreeMap<String, Told>);

/// What one provider has told, by what it was asked with.
struct Told {
    facts: Discovery,
    /// The operator's origin.
    origin: Option<Url>,
    fresh: Cache<String, Arc<Url>>,
    last: Cache<String, Arc<Url>>,
    /// What isn't asked again just now, with why it is an error, if it is one.
    pausing: Cache<String, Option<Error>>,
}

impl Places {
    /// With nothing asked yet. `origin` gives the operator's origin of a provider.
    pub(super) fn new<'p>(
        providers: impl Iterator<Item = &'p Arc<Provider>>,
        origin: impl Fn(&str) -> Option<Url>,
    ) -> Self {
        let told = providers.filter_map(|provider| {
            let (name, facts) = (&provider.manifest.name, provider.manifest.discovery.clone()?);
            let kept = Duration::from_secs(u64::from(facts.minutes) * 60);
            let cache = |kept| Cache::builder().max_capacity(MOST).time_to_live(kept).build();
            let pausing = Cache::builder().max_capacity(MOST).time_to_live(PAUSE).build();
            let (fresh, last) = (cache(kept), cache(LASTING));
            Some((name.clone(), Told { facts, origin: origin(name), fresh, last, pausing }))
        });
        Places(told.collect())
    }
}

impl Accounts {
    /// Where an account's API is; nothing where that is the provider's base URL.
    pub fn place<'a>(&'a self, account: &'a Account) -> BoxFuture<'a, Result<Option<Arc<Url>>>> {
        self.place_of(&account.provider, &account.row.context, &account.secrets)
    }

    /// The same, of an account that has yet to be saved.
    pub(super) fn place_of<'a>(
        &'a self,
        provider: &'a Provider,
        context: &'a Value,
        secrets: &'a Secrets,
    ) -> BoxFuture<'a, Result<Option<Arc<Url>>>> {
        // Boxed, since the caches' own futures hold many others, and what calls this is moved about.
        Box::pin(async move {
            let Some(told) = self.0.places.0.get(&provider.manifest.name) else { return Ok(None) };
            let value = named(context, secrets, &told.facts.member)?;
            told.place(provider, &self.0.transport, value.expose_secret()).await
        })
    }
}

impl Told {
    async fn place(
        &self,
        provider: &Provider,
        transport: &Transport,
        value: &str,
    ) -> Result<Option<Arc<Url>>> {
        if let Some(place) = self.fresh.get(value).await {
            return Ok(Some(place));
        }
        match self.pausing.get(value).await {
            Some(Some(error)) => return Err(error),
            Some(None) => return Ok(self.last.get(value).await),
            None => {}
        }
        // Those who ask at the same time ask once.
        let asked = Box::pin(self.ask(provider, transport, value));
        let found = self.fresh.try_get_with_by_ref(value, asked).await;
        match found.map_err(|why: Arc<NoPlace>| (*why).clone()) {
            Ok(place) => {
                self.last.insert(value.to_owned(), place.clone()).await;
                Ok(Some(place))
            }
            Err(NoPlace::Foreign(error)) => {
                self.pausing.insert(value.to_owned(), Some(error.clone())).await;
                Err(error)
            }
            Err(NoPlace::Untold(why)) => {
                let provider = &provider.manifest.name;
                tracing::warn!(
                    provider,
                    why,
                    "it isn't told where an account's API is; it is called where it was"
                );
                self.pausing.insert(value.to_owned(), None).await;
                Ok(self.last.get(value).await)
            }
        }
    }

    async fn ask(
        &self,
        provider: &Provider,
        transport: &Transport,
        value: &str,
    ) -> std::result::Result<Arc<Url>, NoPlace> {
        let origin = self.origin.as_ref();
        let question = question(&self.facts, origin, value).map_err(NoPlace::Foreign)?;
        let answer = transport.send(question, PATIENCE).await;
        let answer = answer.map_err(|error| NoPlace::Untold(error.message().to_owned()))?;
        place(&provider.manifest, &self.facts, origin, &answer).map(Arc::new)
    }
}
