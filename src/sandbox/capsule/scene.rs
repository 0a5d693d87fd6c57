//! What an answer is rendered from, and what a write works on.
//!
//! A [`Scene`] is the account as one user sees it: restricted records show themselves only to some, and `embed` decides
//! how much of a record comes along. A [`Draft`] is a copy of the account that a write changes; it is kept only if the
//! whole write was acceptable.

use time::OffsetDateTime;

use super::account::Account;
use super::call::{Call, NO_PARAMS, Params};
use super::custody::Custody;
use super::refusal::Refusal;

/// The account through one user's eyes.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) account: &'a Account,
    pub(super) params: &'a Params,
    pub(super) viewer: i64,
    pub(super) now: OffsetDateTime,
}

impl<'a> Scene<'a> {
    /// Whether `embed` asks for this.
    pub(super) fn embeds(&self, token: &str) -> bool {
        self.params.embeds(token)
    }

    /// The same without anything embedded, for records that come along with others.
    pub(super) fn bare(self) -> Scene<'a> {
        Scene { params: &NO_PARAMS, ..self }
    }

    /// Whether the viewer may see a record in this custody.
    pub(super) fn sees(&self, custody: &Custody) -> bool {
        custody.is_open_to(self.account, self.viewer)
    }
}

/// A copy of the account, being changed.
pub(super) struct Draft {
    pub(super) account: Account,
    pub(super) author: i64,
    pub(super) now: OffsetDateTime,
}

impl Draft {
    /// The draft as its author sees it.
    pub(super) fn scene<'a>(&'a self, call: &'a Call) -> Scene<'a> {
        Scene { account: &self.account, params: &call.params, viewer: self.author, now: self.now }
    }

    /// Refuses an author who may not configure the account.
    pub(super) fn require_administrator(&self) -> Result<(), Refusal> {
        let user = self.account.users.get(self.author);
        if user.is_some_and(|user| user.administrator) { Ok(()) } else { Err(Refusal::MissingScope) }
    }
}
