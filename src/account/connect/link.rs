//! Link tokens: what a backend wants connected, good for one browser within a week.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::Duration;
use url::Url;
use zeroize::Zeroizing;

use super::Connect;
use crate::crypto::{Sealed, TokenHash, new_link_token};
use crate::error::{Error, Result};
use crate::ids::{AccountId, EnvironmentId};
use crate::store::connect::NewLinkToken;

/// How long a link token works.
const LIFE: Duration = Duration::days(7);

/// What a backend wants connected.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Wish {
    /// A new account, or one that is there.
    pub whom: Whom,
    /// What is asked of the vendor in place of what its manifest says; empty: that.
    pub scopes: Vec<String>,
    /// Laid over what the customer fills in.
    pub context: Map<String, Value>,
    /// Where the browser goes in the end.
    pub redirect_uri: Option<String>,
    /// Whether an account that is connected again keeps what its context has.
    pub persist_previous_context: bool,
    /// As given.
    pub region: Option<String>,
    /// Whether an account may be connected again to another tenant of the vendor's.
    pub allow_other_tenant: bool,
    /// Names of unified models, of which a provider must serve one to be offered.
    pub models: Vec<String>,
}

/// Whose account is connected.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    /// A new account of this tenant.
    New(String),
    /// This account, again.
    Again(AccountId),
}

impl Connect {
    /// Makes a link token.
    pub async fn link(&self, environment: EnvironmentId, wish: Wish) -> Result<Zeroizing<String>> {
        let accounts = &self.0.accounts;
        if let Some(uri) = &wish.redirect_uri {
            self.check_redirect(environment, uri).await?;
        }
        if wish.context.contains_key("oauth") {
            return Err(Error::invalid_field(
                "context.oauth",
                "is what connecting brings, and can't be given",
            ));
        }
        let account = match &wish.whom {
            Whom::New(_) => None,
            Whom::Again(id) => Some(accounts.load(environment, *id).await?.id),
        };
        let token = new_link_token().map_err(Error::internal)?;
        let hash = TokenHash::of(&token);
        let new = NewLinkToken {
            hash,
            account,
            sealed: self.seal_wish(environment, hash, &wish)?,
            expires_at: accounts.0.clock.now() + LIFE,
        };
        accounts.0.store.add_link_token(environment, new).await?;
        Ok(token)
    }

    /// A browser is only sent where the operator or the environment allows: anything else would make the connect pages
    /// a way to lead people astray.
    async fn check_redirect(&self, environment: EnvironmentId, uri: &str) -> Result<()> {
        let wrong = |problem: String| Error::invalid_field("redirect_uri", problem);
        let url = Url::parse(uri).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty()
        });
        let url = url.ok_or_else(|| wrong("must be an http or https URL".to_owned()))?;
        let origin = url.origin().ascii_serialization();
        if self.origins(environment).await?.contains(&origin) {
            return Ok(());
        }
        Err(wrong(format!(
            "{origin} is not allowed: add it to connect_origins with PATCH /environment/{environment}, or to \
             UNICRM_CONNECT_ORIGINS"
        )))
    }

    fn seal_wish(&self, environment: EnvironmentId, hash: TokenHash, wish: &Wish) -> Result<Sealed> {
        let text = Zeroizing::new(serde_json::to_vec(wish).map_err(Error::internal)?);
        self.0.keys.seal(&text, &belongs_to(environment, hash)).map_err(Error::internal)
    }

    pub(super) fn open_wish(
        &self,
        environment: EnvironmentId,
        hash: TokenHash,
        sealed: &Sealed,
    ) -> Result<Wish> {
        let text = self.0.keys.open(sealed, &belongs_to(environment, hash)).map_err(Error::internal)?;
        serde_json::from_slice(&text).map_err(|_| Error::internal("a link token is damaged"))
    }
}

fn belongs_to(environment: EnvironmentId, hash: TokenHash) -> Vec<u8> {
    [b"link token".as_slice(), environment.0.as_bytes(), &hash.0].concat()
}
