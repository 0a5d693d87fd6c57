//! Reference data of accounts, kept for a minute: what seldom changes and many requests need, such as users,
//! milestones and the definitions of custom fields.
//!
//! Kept per account and call, so that nothing of one account is ever seen by another. Requests that need the same at
//! the same time share one load. What a request writes by way of this process is let go of at once; what is written
//! elsewhere is seen within a minute.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use serde_json::Value;

use crate::adapter::Call;
use crate::error::{Error, Result};
use crate::ids::AccountId;

/// How long an answer is kept.
pub const KEPT: Duration = Duration::from_secs(60);

/// The most that is kept altogether, in bytes of JSON.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    account: AccountId,
    resource: String,
    needed: Needed,
    /// Everything else that decides on the answer.
    call: String,
}

/// What a step makes of an answer that isn't there. Part of what an answer is kept under: what one step can do without
/// and keeps as nothing, another must have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Needed {
    /// Does without where there is none.
    pub optional: bool,
    /// Does without also where it isn't allowed or can't be read.
    pub dispensable: bool,
}

struct Kept {
    value: Value,
    bytes: u32,
}

/// The reference data of all accounts.
#[derive(Clone)]
pub struct References(Cache<Key, Arc<Kept>>);

impl Default for References {
    fn default() -> Self {
        Self::new()
    }
}

impl References {
    /// With nothing kept.
    pub fn new() -> Self {
        let cache = Cache::builder()
            .max_capacity(MOST_BYTES)
            .weigher(|_, kept: &Arc<Kept>| kept.bytes)
            .time_to_live(KEPT)
            .support_invalidation_closures();
        References(cache.build())
    }

    /// What `load` answered to this call of this account within the last minute, or answers now.
    pub async fn get(
        &self,
        account: AccountId,
        needed: Needed,
        call: &Call,
        load: impl Future<Output = Result<Value>>,
    ) -> Result<Value> {
        let key = Key { account, resource: call.native.resource.clone(), needed, call: text(call) };
        // Boxed, since the cache's own future holds what loads many times over.
        let load = Box::pin(async move {
            let value = load.await?;
            let bytes = u32::try_from(value.to_string().len()).unwrap_or(u32::MAX);
            Ok(Arc::new(Kept { value, bytes }))
        });
        let kept = Box::pin(self.0.try_get_with(key, load)).await;
        kept.map(|kept| kept.value.clone()).map_err(|error: Arc<Error>| (*error).clone())
    }

    /// Lets go of what an account has of a resource that was written to.
    pub fn forget(&self, account: AccountId, resource: &str) {
        let resource = resource.to_owned();
        self.forget_where(move |key| key.account == account && key.resource == resource);
    }

    /// Lets go of everything that an account has, after a write that may have changed any of it.
    pub fn forget_all(&self, account: AccountId) {
        self.forget_where(move |key| key.account == account);
    }

    fn forget_where(&self, is_stale: impl Fn(&Key) -> bool + Send + Sync + 'static) {
        if let Err(error) = self.0.invalidate_entries_if(move |key, _| is_stale(key)) {
            // The cache is built to support it, so this is a defect; what is kept goes within a minute anyway.
            tracing::error!(%error, "reference data can't be let go of");
        }
    }
}

fn text(call: &Call) -> String {
    let query = serde_json::Value::Object(call.query.clone());
    let body = call.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    format!("{} {} {query} {body}", call.native.method, call.id.as_deref().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::json;

    use super::*;
    use crate::error::Kind;
    use crate::mapping::cell::NativeCall;

    fn call(resource: &str, id: Option<&str>) -> Call {
        let facts = json!({"description": "", "method": "GET", "path": "/x"});
        let mut call = Call::new(NativeCall {
            resource: resource.to_owned(),
            method: "list".to_owned(),
            facts: serde_json::from_value(facts).unwrap(),
            query: serde_json::Map::new(),
        });
        call.id = id.map(str::to_owned);
        call
    }

    struct Counter(AtomicUsize);

    impl Counter {
        async fn load(&self) -> Result<Value> {
            Ok(json!(self.0.fetch_add(1, Ordering::Relaxed)))
        }
    }

    #[tokio::test]
    async fn what_is_kept_belongs_to_one_account_and_one_call() {
        let (references, counter) = (References::new(), Counter(AtomicUsize::new(0)));
        let (one, two) = (AccountId::new(), AccountId::new());
        let mut seen = Vec::new();
        for (account, call) in [
            (one, call("users", None)),
            (one, call("users", None)),
            (two, call("users", None)),
            (one, call("users", Some("7"))),
            (one, call("users", None)),
        ] {
            seen.push(references.get(account, Needed::default(), &call, counter.load()).await.unwrap());
        }
        assert_eq!(seen, [0, 0, 1, 2, 0].map(Value::from));
    }

    #[tokio::test]
    async fn what_was_written_to_is_let_go_of() {
        let (references, counter) = (References::new(), Counter(AtomicUsize::new(0)));
        let account = AccountId::new();
        for (resource, expected) in [("users", 0), ("boards", 1), ("users", 0)] {
            let found = references
                .get(account, Needed::default(), &call(resource, None), counter.load())
                .await
                .unwrap();
            assert_eq!(found, json!(expected));
        }
        references.forget(account, "users");
        for (resource, expected) in [("users", 2), ("boards", 1)] {
            let found = references
                .get(account, Needed::default(), &call(resource, None), counter.load())
                .await
                .unwrap();
            assert_eq!(found, json!(expected), "{resource}");
        }
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let references = References::new();
        let account = AccountId::new();
        let failing = async { Err(Error::new(Kind::Unreachable, "away")) };
        assert!(references.get(account, Needed::default(), &call("users", None), failing).await.is_err());
        let found =
            references.get(account, Needed::default(), &call("users", None), async { Ok(json!(1)) }).await;
        assert_eq!(found.unwrap(), json!(1));
    }
}
