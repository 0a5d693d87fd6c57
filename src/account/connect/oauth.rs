//! Consent at the vendor: sending a browser there, and taking it back.
//!
//! Whoever can have a browser open a URL can have it come to the callback with a code of their own, and so connect the
//! wrong account. So a callback counts only for a browser whose session has asked this vendor for consent and is still
//! waiting, and only with the unguessable `state` of that very attempt; and an attempt is used up, in the database,
//! before the code is. A callback that doesn't fit changes nothing: the real one may still come.
//!
//! Nimble doesn't document `state`, and its own sign-in strategy takes it not to come back. It does document that the
//! redirect URI may have another path than the registered one. So for a manifest that says `state_in_path` the same
//! unguessable text ends the path of the redirect URI, where the vendor can't lose it: whoever doesn't know it can't name
//! the callback's address. `state` is sent all the same, and if it does come back it has to fit as well. Each attempt has
//! a text of its own, it never leaves the browser but to the vendor, and the session's cookie is asked for beside it, so
//! nothing is weaker than with `state`.

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::Url;

use super::Connect;
use super::choices::{Choice, Way};
use super::session::{Held, Outcome, same};
use super::trouble::{Attempted, Failure, Trouble, brief};
use crate::account::token_endpoint::{self, Consent, Granted, Refusal};
use crate::config::ProviderSettings;
use crate::error::{Error, Kind};

/// A consent that the vendor is being asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attempt {
    integration: String,
    state: String,
    verifier: Option<String>,
    redirect_uri: String,
    scopes: Vec<String>,
}

/// What a browser comes back from a vendor with.
#[derive(Debug, Default)]
pub struct Callback {
    /// The provider, as the path says.
    pub integration: String,
    /// What ends the path, where it has more.
    pub attempt: Option<String>,
    /// As sent.
    pub state: Option<String>,
    /// As the vendor sends it.
    pub code: Option<String>,
    /// As the vendor sends it.
    pub error: Option<String>,
    /// As the vendor sends it.
    pub error_description: Option<String>,
}

impl Connect {
    /// Begins to ask a vendor for consent: gives where the browser is to go.
    pub async fn ask_consent(&self, held: &mut Held, choice: &Choice) -> Attempted<Url> {
        let manifest = &choice.provider.manifest;
        let Some(facts) = manifest.auth.oauth2.as_ref().filter(|_| choice.ways.contains(&Way::OAuth)) else {
            return Err(Failure::NotSetUp.into());
        };
        let app = self.app(held, choice).await?;
        let wished = &held.session.wish.scopes;
        let state = token_endpoint::new_state();
        let mut redirect_uri = self.callback_url(&manifest.name);
        if facts.state_in_path {
            redirect_uri = format!("{redirect_uri}/{state}");
        }
        let attempt = Attempt {
            integration: manifest.name.clone(),
            verifier: facts.pkce.then(token_endpoint::new_verifier),
            scopes: if wished.is_empty() { facts.scopes.clone() } else { wished.clone() },
            state,
            redirect_uri,
        };
        let consent = Consent {
            redirect_uri: &attempt.redirect_uri,
            scopes: &attempt.scopes,
            state: &attempt.state,
            verifier: attempt.verifier.as_deref(),
        };
        let url = token_endpoint::authorize_url(&choice.provider, &app, &consent)?;
        held.session.attempt = Some(attempt);
        held.session.outcome = None;
        self.keep(held).await?;
        Ok(url)
    }

    /// Takes a browser back from a vendor.
    pub async fn take_back(
        &self,
        held: &mut Held,
        choice: &Choice,
        callback: Callback,
    ) -> Attempted<Outcome> {
        let attempt = held.session.attempt.clone().filter(|attempt| attempt.is_of(choice, &callback));
        let Some(attempt) = attempt else { return Err(Failure::NotBegun.into()) };
        held.session.attempt = None;
        self.keep(held).await.map_err(|error| match error.kind() {
            Kind::Conflict => Trouble::Theirs(Failure::NotBegun),
            _ => Trouble::Ours(error),
        })?;
        if let Some(error) = &callback.error {
            return Err(match error.as_str() {
                "access_denied" => Failure::Declined,
                other => Failure::Said(brief(callback.error_description.as_deref().unwrap_or(other))),
            }
            .into());
        }
        let code = callback.code.as_deref().filter(|code| !code.is_empty());
        let code = code.ok_or_else(|| Failure::Said("it sent no code".to_owned()))?;
        let app = self.app(held, choice).await?;
        let transport = &self.0.accounts.0.transport;
        let with = (attempt.redirect_uri.as_str(), attempt.verifier.as_deref());
        let granted = token_endpoint::exchange(transport, &choice.provider, &app, code, with).await;
        let granted = granted.map_err(|refusal| match refusal {
            Refusal::Refused(said) => Trouble::Theirs(Failure::Said(brief(&said))),
            Refusal::Temporary(error) => match error.kind() {
                Kind::Unreachable | Kind::TimedOut | Kind::Garbled => Trouble::Theirs(Failure::Away),
                // The vendor refuses the app itself, which nobody at this browser can mend; the log says why.
                _ => {
                    tracing::error!(provider = %choice.provider.manifest.name, %error, "an account could not be connected");
                    Trouble::Theirs(Failure::NotSetUp)
                }
            },
        })?;
        let context = context(choice, attempt, granted);
        self.save(held, choice, Way::OAuth, context).await
    }

    /// Where vendors send browsers back to.
    pub fn callback_url(&self, integration: &str) -> String {
        callback_url(&self.0.public_url, integration)
    }

    async fn app(&self, held: &Held, choice: &Choice) -> Result<ProviderSettings, Error> {
        let name = &choice.provider.manifest.name;
        self.0.accounts.app(held.environment, choice.integration(), name, &choice.row.overrides).await
    }
}

/// Where a vendor sends browsers back to, of a gateway that they reach so.
pub fn callback_url(public_url: &str, integration: &str) -> String {
    format!("{public_url}/connect-account/callback/{integration}")
}

impl Attempt {
    /// Whether a callback is of this attempt.
    fn is_of(&self, choice: &Choice, callback: &Callback) -> bool {
        let facts = choice.provider.manifest.auth.oauth2.as_ref();
        let in_path = facts.is_some_and(|facts| facts.state_in_path);
        let fits = |said: &Option<String>| said.as_ref().is_some_and(|said| same(said, &self.state));
        let is_own = self.integration == callback.integration;
        let state = match in_path {
            true => fits(&callback.attempt) && (callback.state.is_none() || fits(&callback.state)),
            false => callback.attempt.is_none() && fits(&callback.state),
        };
        is_own && state
    }
}

/// The account's context as an import would have it.
fn context(choice: &Choice, attempt: Attempt, granted: Granted) -> Map<String, Value> {
    let mut token = json!({ "access_token": granted.access_token.expose_secret() });
    if let Some(refresh) = &granted.refresh_token {
        token["refresh_token"] = refresh.expose_secret().into();
    }
    if let Some(seconds) = granted.expires_in {
        token["expires_in"] = seconds.into();
    }
    let scope = granted.scope.unwrap_or(attempt.scopes);
    let mut context = Map::new();
    context.insert("oauth".to_owned(), json!({ "token": token, "scope": scope }));
    let keep = choice.provider.manifest.auth.oauth2.iter().flat_map(|oauth2| &oauth2.keep);
    for name in keep {
        if let Some(value) = granted.rest.get(name) {
            context.insert(name.clone(), value.clone());
        }
    }
    context
}
