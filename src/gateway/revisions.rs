//! Records that were read a moment ago, kept so that the vendor need not send them again: it is asked whether they are
//! still as they were, and what it then has to say is a word.
//!
//! Nothing is answered on the strength of what is kept alone: every read asks the vendor, with the entity tag or the
//! revision that the record had, so that a change made anywhere, at the vendor's or by way of another process, is seen at
//! once. What a revision doesn't stand for, the names that a record has of others, can be as old as what is kept: a
//! minute, or what the operator sets. A write by way of this process, and an event of the vendor's, lets go of all that
//! the account has.
//!
//! What is kept belongs to an account and to one version of its credential, so that nothing of a credential that was
//! replaced is ever shown, nor anything of an account that is no more. It is kept in memory only, and bounded. What
//! an edit is made of is always read whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;
use serde_json::Value;
use tokio::time::Instant;

use super::Gateway;
use crate::account::Account;
use crate::adapter::{Call, Known, Reply};
use crate::error::Result;
use crate::ids::AccountId;

/// The most that is kept altogether, in bytes.
const MOST_BYTES: u64 = 32 * 1024 * 1024;

/// The largest answer that is kept.
const LARGEST: usize = 256 * 1024;

/// Accounts whose records are kept at a time.
const MOST_ACCOUNTS: u64 = 50_000;

/// What an answer is kept under.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    account: AccountId,
    /// Another one after everything of the account was let go of.
    life: u64,
    /// Which of the account's credentials it was read with.
    credential: i64,
    /// Everything else that decides on the answer.
    call: String,
}

struct Kept {
    known: Known,
    reply: Reply,
}

/// The records of all accounts. Clones share them.
#[derive(Clone)]
pub struct Revisions(Option<Arc<Inner>>);

struct Inner {
    replies: Cache<Place, Arc<Kept>>,
    lives: Cache<AccountId, u64>,
    next_life: AtomicU64,
}

impl Revisions {
    /// Keeps a record for so long after it was sent whole; not at all for zero.
    pub fn new(kept: Duration) -> Self {
        if kept.is_zero() {
            return Revisions(None);
        }
        let replies = Cache::builder()
            .max_capacity(MOST_BYTES)
            .weigher(|place: &Place, kept: &Arc<Kept>| {
                u32::try_from(kept.reply.body.len() + place.call.len() + 512).unwrap_or(u32::MAX)
            })
            .time_to_live(kept);
        // A life that ends early only costs what is kept.
        let lives = Cache::builder().max_capacity(MOST_ACCOUNTS).time_to_idle(kept * 2);
        Revisions(Some(Arc::new(Inner {
            replies: replies.build(),
            lives: lives.build(),
            next_life: AtomicU64::default(),
        })))
    }

    /// Lets go of everything that an account has, after something of it may have changed.
    pub fn forget(&self, account: AccountId) {
        if let Some(inner) = &self.0 {
            inner.lives.invalidate(&account);
        }
    }

    /// Whether the answer to a call is kept.
    pub(super) fn keeps(&self, account: &Account, call: &Call) -> bool {
        self.place(account, call).is_some()
    }

    /// Where the answer to a call is kept; nowhere if the call says more than which record is meant.
    fn place(&self, account: &Account, call: &Call) -> Option<Place> {
        let inner = self.0.as_ref()?;
        let by_revision = account.provider.manifest.revisions.as_ref();
        let plain = call.native.facts.conditional
            && call.body.is_none()
            && call.path.is_none()
            && call.headers.is_empty()
            && call.raw_query.is_empty()
            && by_revision.is_none_or(|by| !call.query.contains_key(&by.parameter));
        if !plain {
            return None;
        }
        let native = &call.native;
        let query = Value::Object(call.query.clone());
        let call = format!("{} {} {:?} {query}", native.resource, native.method, call.id);
        let life = inner.lives.get_with(account.id, || inner.next_life.fetch_add(1, Ordering::Relaxed));
        Some(Place { account: account.id, life, credential: account.credential_version(), call })
    }

    fn kept(&self, place: &Place) -> Option<Arc<Kept>> {
        self.0.as_ref()?.replies.get(place)
    }

    fn keep(&self, place: Place, account: &Account, reply: &Reply) {
        let Some(inner) = &self.0 else { return };
        match Known::of(&account.provider.manifest, reply) {
            Some(known) if reply.body.len() <= LARGEST => {
                inner.replies.insert(place, Arc::new(Kept { known, reply: reply.clone() }));
            }
            _ => inner.replies.invalidate(&place),
        }
    }

    fn drop(&self, place: &Place) {
        if let Some(inner) = &self.0 {
            inner.replies.invalidate(place);
        }
    }
}

impl Gateway {
    /// Sends a call; one that reads a record of which a revision is known only asks for what is new.
    pub(super) async fn send(&self, account: &Arc<Account>, call: Call, deadline: Instant) -> Result<Reply> {
        match self.revisions.place(account, &call) {
            None => self.send_whole(account, call, deadline).await,
            Some(place) => Box::pin(self.send_known(account, call, deadline, place)).await,
        }
    }

    async fn send_known(
        &self,
        account: &Arc<Account>,
        call: Call,
        deadline: Instant,
        place: Place,
    ) -> Result<Reply> {
        let kept = self.revisions.kept(&place);
        let asked = kept.as_ref().map_or_else(|| call.clone(), |kept| kept.known.ask(&call));
        let reply = match self.send_whole(account, asked, deadline).await {
            Ok(reply) => reply,
            Err(error) => {
                self.revisions.drop(&place);
                return Err(error);
            }
        };
        let Some(kept) = kept.filter(|kept| kept.known.is_still_so(&reply)) else {
            self.revisions.keep(place, account, &reply);
            return Ok(reply);
        };
        // What was asked with another credential by now may be another tenant's word.
        let now = self.accounts.load(account.environment, account.id).await?;
        if now.credential_version() == account.credential_version() {
            return Ok(kept.reply.clone());
        }
        self.send_whole(&now, call, deadline).await
    }

    /// Sends a call as it is.
    pub(super) async fn send_whole(
        &self,
        account: &Arc<Account>,
        call: Call,
        deadline: Instant,
    ) -> Result<Reply> {
        // Boxed, since the future of a call is held by many others.
        Box::pin(self.exchange(account, call, deadline, None)).await
    }
}
