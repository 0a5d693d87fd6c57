//! One call with everything that the layers need to know of it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::time::Instant;
use uuid::Uuid;

use super::Transfer;
use super::credential::{Credential, CredentialSource};
use crate::adapter::{Adapter, Call};
use crate::error::{Effect, Error};

/// One native call on behalf of one account. A clone is cheap, and is the same call: it is for one use of
/// [`Outbound::call`](super::Outbound::call).
#[derive(Clone)]
pub struct Exchange {
    /// Whose calls share a pace and a circuit: the account.
    pub lane: Uuid,
    /// The provider's wire.
    pub adapter: Arc<dyn Adapter>,
    /// What is asked.
    pub call: Arc<Call>,
    /// Where the account's credential comes from.
    pub credentials: Arc<dyn CredentialSource>,
    /// When the caller stops waiting, retries included.
    pub deadline: Instant,
    /// The file, of a call that carries one.
    pub transfer: Option<Arc<Transfer>>,
    /// What the attempt under way presents; the credential layer sets it.
    pub(super) authorization: Option<Credential>,
    /// How far the call has come, over all attempts.
    pub(super) progress: Arc<Progress>,
}

impl Exchange {
    /// A call that hasn't been sent.
    pub fn new(
        lane: Uuid,
        adapter: Arc<dyn Adapter>,
        call: impl Into<Arc<Call>>,
        credentials: Arc<dyn CredentialSource>,
        deadline: Instant,
    ) -> Self {
        Exchange {
            lane,
            adapter,
            call: call.into(),
            credentials,
            deadline,
            transfer: None,
            authorization: None,
            progress: Arc::default(),
        }
    }

    /// The same call, presenting this credential.
    pub(super) fn with(&self, credential: Credential) -> Self {
        Exchange { authorization: Some(credential), ..self.clone() }
    }

    /// The provider's name as people write it.
    pub(super) fn label(&self) -> &str {
        self.adapter.rest().label()
    }

    /// Whether the call can be sent again after this error without the risk of doing twice what it asks for.
    pub(super) fn may_repeat(&self, error: &Error) -> bool {
        !self.is_begun() && (self.reads() || error.effects() == Effect::None)
    }

    /// Whether a file that the call carries has begun to be read, so that it can't be sent again.
    pub(super) fn is_begun(&self) -> bool {
        self.transfer.as_ref().is_some_and(|transfer| transfer.is_begun())
    }

    /// What the vendor could have done if nothing more is heard of the call.
    pub(super) fn effect(&self) -> Effect {
        if !self.reads() && self.progress.in_doubt.load(Ordering::Relaxed) {
            Effect::Possible
        } else {
            Effect::None
        }
    }

    pub(super) fn reads(&self) -> bool {
        self.call.native.facts.is_read()
    }
}

/// Leaves out the call's query and body, which are the caller's, and the credential.
impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("provider", &self.adapter.rest().name())
            .field("call", &self.call.name())
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// What becomes of a call, as the innermost layer sees it and the outer ones want to know it. It outlives an
/// attempt that is cut short.
#[derive(Debug, Default)]
pub(super) struct Progress {
    attempts: AtomicU32,
    in_doubt: AtomicBool,
}

impl Progress {
    /// An attempt is about to be sent; until it is settled, the vendor could have acted.
    pub(super) fn sending(&self) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        self.in_doubt.store(true, Ordering::Relaxed);
    }

    /// What the attempt did is known: the vendor answered, or never got it.
    pub(super) fn settled(&self) {
        self.in_doubt.store(false, Ordering::Relaxed);
    }

    /// How many attempts have been sent.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }
}
