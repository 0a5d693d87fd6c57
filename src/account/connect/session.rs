//! Sessions: one browser that connects one account.

use serde::{Deserialize, Serialize};
use time::Duration;
use zeroize::Zeroizing;

use super::link::Wish;
use super::trouble::Failure;
use super::{Connect, oauth};
use crate::crypto::{Sealed, TokenHash, new_secret};
use crate::error::{Error, Kind, Result};
use crate::ids::{AccountId, EnvironmentId};
use crate::store::connect::NewSession;

/// How long a session lasts: long enough to find an API key.
pub const LIFE: Duration = Duration::hours(1);

/// What the address asked of the pages.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct View {
    /// Only this provider.
    pub integration: Option<String>,
    /// Only these providers; empty: all.
    pub integrations: Vec<String>,
    /// Whether there is no way back to the choice of providers.
    pub no_back: bool,
    /// Only this way of connecting.
    pub auth_format: Option<String>,
    /// Whether the pages are in a frame.
    pub iframe: bool,
}

/// What a session knows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    /// What the backend wants.
    pub wish: Wish,
    /// What the address asked of the pages.
    pub view: View,
    /// What every form of the session's pages has in it: another site can have a browser send a form, but not with this.
    pub form_token: String,
    /// A consent that the vendor is being asked for.
    pub(super) attempt: Option<oauth::Attempt>,
    /// What a new window takes the session over with, from a page in a frame.
    pub(super) handover: Option<String>,
    /// The account, once it is saved.
    pub account: Option<AccountId>,
    /// What came of it.
    pub outcome: Option<Outcome>,
}

/// What came of a session.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The account works.
    Connected {
        /// The provider.
        integration: String,
        /// The account.
        account: AccountId,
        /// What people call the vendor's tenant.
        tenant_name: Option<String>,
    },
    /// It doesn't, and whoever opened the pages is told.
    Failed {
        /// The provider.
        integration: String,
        /// The account, where one was saved.
        account: Option<AccountId>,
        /// Why.
        failure: Failure,
    },
}

/// A session in hand.
#[derive(Debug)]
pub struct Held {
    /// The tenant boundary.
    pub environment: EnvironmentId,
    /// What it knows.
    pub session: Session,
    hash: TokenHash,
    version: i64,
}

/// What opening the pages came to.
pub enum Opened {
    /// A new session; the browser is to keep this.
    New(Zeroizing<String>),
    /// The browser's own session goes on: it has come back with the same link.
    Same,
    /// The token is unknown, used up or too old.
    Refused,
}

impl Connect {
    /// Exchanges a link token for a session. `present` is what the browser has kept of an earlier one.
    pub async fn open(&self, token: &str, view: View, present: Option<&str>) -> Result<Opened> {
        let inner = &self.0.accounts.0;
        let hash = TokenHash::of(token);
        let now = inner.clock.now();
        let row = inner.store.link_token_by_hash(hash).await?.filter(|row| hash.matches(&row.hash));
        let Some(row) = row.filter(|row| row.expires_at > now) else { return Ok(Opened::Refused) };
        let environment = EnvironmentId(row.environment_id);
        if let Some(session) = &row.session {
            return match present {
                Some(secret) if TokenHash::of(secret).matches(session) => match self.held(secret).await? {
                    Some(mut held) => {
                        held.session.view = view;
                        self.keep(&mut held).await?;
                        Ok(Opened::Same)
                    }
                    None => Ok(Opened::Refused),
                },
                _ => Ok(Opened::Refused),
            };
        }
        let sealed = Sealed { key_id: row.key_id, bytes: row.sealed };
        let wish = self.open_wish(environment, hash, &sealed)?;
        let form_token = new_secret().map_err(Error::internal)?.to_string();
        let session =
            Session { wish, view, form_token, attempt: None, handover: None, account: None, outcome: None };
        let secret = new_secret().map_err(Error::internal)?;
        let new = NewSession {
            hash: TokenHash::of(&secret),
            sealed: self.seal(environment, TokenHash::of(&secret), &session)?,
            expires_at: now + LIFE,
        };
        let exchanged = inner.store.exchange_link_token(environment, hash, now, new).await?;
        Ok(if exchanged { Opened::New(secret) } else { Opened::Refused })
    }

    /// The session of a browser, by what it kept.
    pub async fn held(&self, secret: &str) -> Result<Option<Held>> {
        let inner = &self.0.accounts.0;
        let hash = TokenHash::of(secret);
        let row = inner.store.connect_session_by_hash(hash).await?.filter(|row| hash.matches(&row.hash));
        let Some(row) = row.filter(|row| row.expires_at > inner.clock.now()) else { return Ok(None) };
        let environment = EnvironmentId(row.environment_id);
        let sealed = Sealed { key_id: row.key_id, bytes: row.sealed };
        let text = self.0.keys.open(&sealed, &belongs_to(environment, hash)).map_err(Error::internal)?;
        let session =
            serde_json::from_slice(&text).map_err(|_| Error::internal("a connect session is damaged"))?;
        Ok(Some(Held { environment, session, hash, version: row.version }))
    }

    /// Stores what has changed of a session. Fails if another request has changed it meanwhile.
    pub async fn keep(&self, held: &mut Held) -> Result<()> {
        let sealed = self.seal(held.environment, held.hash, &held.session)?;
        let store = &self.0.accounts.0.store;
        let kept = store.change_connect_session(held.environment, held.hash, held.version, sealed).await?;
        if !kept {
            return Err(Error::new(
                Kind::Conflict,
                "Another request of the same browser has changed this session meanwhile.",
            ));
        }
        held.version += 1;
        Ok(())
    }

    /// What a new window takes over the session of a page in a frame with, at the same browser: it doesn't get the
    /// frame's cookie. Good until the page is shown anew, for somebody may close the window and open another.
    pub async fn hand_over(&self, held: &mut Held, secret: &str) -> Result<String> {
        let nonce = new_secret().map_err(Error::internal)?.to_string();
        held.session.handover = Some(nonce.clone());
        self.keep(held).await?;
        let plain = Zeroizing::new(format!("{nonce} {secret}"));
        self.0.keys.seal_text(plain.as_bytes(), b"connect handover").map_err(Error::internal)
    }

    /// The session that is taken over, and what the browser is to keep. `None` if there is nothing left to do in it, or
    /// another page has been shown since.
    pub async fn take_over(&self, handover: &str) -> Result<Option<(Held, Zeroizing<String>)>> {
        let Ok(plain) = self.0.keys.open_text(handover, b"connect handover") else { return Ok(None) };
        let text = std::str::from_utf8(&plain).map_err(Error::internal)?;
        let Some((nonce, secret)) = text.split_once(' ') else { return Ok(None) };
        let Some(held) = self.held(secret).await? else { return Ok(None) };
        let is_done = matches!(held.session.outcome, Some(Outcome::Connected { .. }));
        let present = held.session.handover.as_ref();
        if is_done || !present.is_some_and(|present| same(present, nonce)) {
            return Ok(None);
        }
        Ok(Some((held, Zeroizing::new(secret.to_owned()))))
    }

    fn seal(&self, environment: EnvironmentId, hash: TokenHash, session: &Session) -> Result<Sealed> {
        let text = Zeroizing::new(serde_json::to_vec(session).map_err(Error::internal)?);
        self.0.keys.seal(&text, &belongs_to(environment, hash)).map_err(Error::internal)
    }
}

impl Session {
    /// Whether a form comes from a page of this session.
    pub fn is_own_form(&self, token: &str) -> bool {
        same(&self.form_token, token)
    }
}

/// Compares two secrets in constant time.
pub(super) fn same(one: &str, other: &str) -> bool {
    TokenHash::of(one).matches(&TokenHash::of(other).0)
}

fn belongs_to(environment: EnvironmentId, hash: TokenHash) -> Vec<u8> {
    [b"connect session".as_slice(), environment.0.as_bytes(), &hash.0].concat()
}
