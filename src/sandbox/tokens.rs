//! The tokens of a sandbox's OAuth server: who holds which, for how long, and with what rights.
//!
//! Refresh tokens rotate: each is good once. Token values are counted, not random, so that runs repeat exactly; they
//! open nothing but a sandbox.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use super::clock::Clock;

/// Seconds an access token lives unless a test says otherwise. No vendor publishes a figure worth copying.
const DEFAULT_EXPIRES_IN: u32 = 3600;

/// What a token allows, and in whose name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) user: i64,
    pub(super) scopes: Vec<String>,
    /// Whether a registered application holds it, as with all that come through OAuth.
    pub(super) through_app: bool,
}

impl Grant {
    pub(super) fn new(user: i64, scopes: &str) -> Grant {
        let scopes = scopes.split_whitespace().map(str::to_owned).collect();
        Grant { user, scopes, through_app: false }
    }

    pub(super) fn allows(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| held == scope)
    }
}

/// An answer of the token endpoint.
pub(super) struct Issued {
    pub(super) access: String,
    pub(super) refresh: String,
    pub(super) scope: String,
    pub(super) expires_in: u32,
}

/// All tokens of one sandbox.
pub(super) struct Tokens {
    clock: Clock,
    personal: Vec<(&'static str, Grant)>,
    holder: Grant,
    usual_life: u32,
    ledger: Mutex<Ledger>,
}

struct Ledger {
    expires_in: u32,
    issued: u64,
    refreshed: usize,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Grant>,
    codes: HashMap<String, Code>,
}

/// What an authorization code is good for, and what has to come with it.
struct Code {
    grant: Grant,
    /// Where the browser was sent back to.
    redirect_uri: Option<String>,
    /// Of PKCE, by its method S256.
    challenge: Option<String>,
}

struct Access {
    grant: Grant,
    /// None for a personal token, which does not lapse.
    ends: Option<OffsetDateTime>,
}

impl Tokens {
    /// A ledger that holds `personal` tokens; OAuth tokens are issued in the name of `holder`.
    pub(super) fn new(clock: Clock, personal: Vec<(&'static str, Grant)>, holder: Grant) -> Tokens {
        let ledger = Mutex::new(Ledger::with(&personal));
        let holder = Grant { through_app: true, ..holder };
        Tokens { clock, personal, holder, usual_life: DEFAULT_EXPIRES_IN, ledger }
    }

    /// The same, but access tokens live so many seconds.
    pub(super) fn living(mut self, seconds: u32) -> Tokens {
        self.usual_life = seconds;
        self.set_expires_in(seconds);
        self
    }

    /// What `token` allows now; None when it is unknown, lapsed or revoked.
    pub(super) fn grant(&self, token: &str) -> Option<Grant> {
        let now = self.clock.now();
        let ledger = self.ledger();
        let access = ledger.access.get(token)?;
        let alive = access.ends.is_none_or(|ends| now < ends);
        alive.then(|| access.grant.clone())
    }

    /// A fresh pair, as after a login.
    pub(super) fn issue(&self) -> Issued {
        self.ledger().pair(self.holder.clone(), self.clock.now())
    }

    /// A refresh token alone.
    pub(super) fn mint_refresh(&self) -> String {
        self.ledger().mint_refresh(self.holder.clone())
    }

    /// An authorization code, good once.
    pub(super) fn mint_code(&self) -> String {
        self.ledger().mint_code(Code { grant: self.holder.clone(), redirect_uri: None, challenge: None })
    }

    /// An authorization code that a browser is sent to `redirect_uri` with, for these scopes or all, under a challenge of
    /// PKCE if there is one.
    pub(super) fn mint_code_for(
        &self,
        scopes: Option<Vec<String>>,
        redirect_uri: &str,
        challenge: Option<&str>,
    ) -> String {
        let scopes = scopes.unwrap_or_else(|| self.holder.scopes.clone());
        let grant = Grant { scopes, ..self.holder.clone() };
        let redirect_uri = Some(redirect_uri.to_owned());
        self.ledger().mint_code(Code { grant, redirect_uri, challenge: challenge.map(str::to_owned) })
    }

    /// Trades an authorization code; None when it is unknown or used, or came with something else than it was asked for
    /// with.
    pub(super) fn redeem(
        &self,
        code: &str,
        redirect_uri: Option<&str>,
        verifier: Option<&str>,
    ) -> Option<Issued> {
        let mut ledger = self.ledger();
        let code = ledger.codes.remove(code)?;
        let is_same_address = match (&code.redirect_uri, redirect_uri) {
            (Some(sent), Some(said)) => sent == said,
            (Some(_) | None, _) => true,
        };
        let is_answered = match &code.challenge {
            Some(challenge) => verifier.is_some_and(|verifier| answers(verifier, challenge)),
            None => true,
        };
        (is_same_address && is_answered).then(|| ledger.pair(code.grant, self.clock.now()))
    }

    /// Trades a refresh token for a new pair; None when it is unknown, used or revoked.
    pub(super) fn rotate(&self, refresh: &str) -> Option<Issued> {
        let mut ledger = self.ledger();
        let grant = ledger.refresh.remove(refresh)?;
        ledger.refreshed += 1;
        Some(ledger.pair(grant, self.clock.now()))
    }

    /// How often a refresh token was traded.
    pub(super) fn refreshed(&self) -> usize {
        self.ledger().refreshed
    }

    /// Seconds that access tokens issued from now on live.
    pub(super) fn set_expires_in(&self, seconds: u32) {
        self.ledger().expires_in = seconds;
    }

    /// Ends one access token; false when it is not held.
    pub(super) fn expire(&self, token: &str) -> bool {
        self.ledger().access.remove(token).is_some()
    }

    /// Ends every access token that came through OAuth. Refresh tokens and personal tokens stay good.
    pub(super) fn expire_all(&self) {
        self.ledger().access.retain(|_, access| access.ends.is_none());
    }

    /// Ends every token of every kind.
    pub(super) fn revoke_all(&self) {
        let mut ledger = self.ledger();
        ledger.access.clear();
        ledger.refresh.clear();
        ledger.codes.clear();
    }

    /// Back to the personal tokens alone. Values already issued are not issued again.
    pub(super) fn reset(&self) {
        let mut ledger = self.ledger();
        let issued = ledger.issued;
        *ledger = Ledger::with(&self.personal);
        ledger.expires_in = self.usual_life;
        ledger.issued = issued;
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    fn with(personal: &[(&'static str, Grant)]) -> Ledger {
        let lasting = |grant: &Grant| Access { grant: grant.clone(), ends: None };
        Ledger {
            expires_in: DEFAULT_EXPIRES_IN,
            issued: 0,
            refreshed: 0,
            access: personal.iter().map(|(token, grant)| ((*token).to_owned(), lasting(grant))).collect(),
            refresh: HashMap::new(),
            codes: HashMap::new(),
        }
    }

    fn count(&mut self) -> u64 {
        self.issued += 1;
        self.issued
    }

    fn mint_code(&mut self, code: Code) -> String {
        let name = format!("sandbox-code-{}", self.count());
        self.codes.insert(name.clone(), code);
        name
    }

    fn mint_refresh(&mut self, grant: Grant) -> String {
        let token = format!("sandbox-refresh-{}", self.count());
        self.refresh.insert(token.clone(), grant);
        token
    }

    fn pair(&mut self, grant: Grant, now: OffsetDateTime) -> Issued {
        let access = format!("sandbox-access-{}", self.count());
        let ends = now + Duration::seconds(i64::from(self.expires_in));
        let held = Access { grant: grant.clone(), ends: Some(ends) };
        self.access.insert(access.clone(), held);
        let scope = grant.scopes.join(" ");
        Issued { access, refresh: self.mint_refresh(grant), scope, expires_in: self.expires_in }
    }
}

/// Whether a verifier is the one that a challenge was made of.
fn answers(verifier: &str, challenge: &str) -> bool {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())) == challenge
}
