//! A vendor's token endpoint, by way of the `oauth2` crate.
//!
//! Ours is only the reading of its answer: vendors leave `token_type` out of a refresh, and send `expires_in` as
//! text, which the crate's own type refuses.

use std::sync::Mutex;
use std::time::Duration;

use futures::future::BoxFuture;
use oauth2::basic::{BasicErrorResponse, BasicErrorResponseType, BasicTokenType};
use oauth2::{
    AccessToken, AsyncHttpClient, AuthType, Client, ClientId, ClientSecret, HttpRequest, HttpResponse,
    RefreshToken, RequestTokenError, Scope, StandardRevocableToken, TokenResponse, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize};

use crate::adapter::moved;
use crate::config::ProviderSettings;
use crate::error::{Error, Kind};
use crate::mapping::Provider;
use crate::outbound::Transport;

/// What a refresh brought.
pub struct Refreshed {
    /// The new access token.
    pub access_token: SecretString,
    /// The new refresh token, where the vendor rotates it.
    pub refresh_token: Option<SecretString>,
    /// Seconds that the access token lives.
    pub expires_in: Option<i64>,
}

/// Why a refresh brought nothing.
pub enum Refusal {
    /// The vendor won't take the refresh token, now or later.
    Refused(String),
    /// It may work another time, or once the operator has acted.
    Temporary(Error),
}

/// A token answer, as leniently as vendors need it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct LenientTokens {
    access_token: AccessToken,
    #[serde(default = "bearer", deserialize_with = "any_type")]
    token_type: BasicTokenType,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<u64>,
    #[serde(default)]
    refresh_token: Option<RefreshToken>,
}

impl TokenResponse for LenientTokens {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in.map(Duration::from_secs)
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

fn bearer() -> BasicTokenType {
    BasicTokenType::Bearer
}

fn any_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BasicTokenType, D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| BasicTokenType::Bearer)
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Seconds {
        Whole(u64),
        Broken(f64),
        Text(String),
        Null(()),
    }
    Ok(match Seconds::deserialize(deserializer)? {
        Seconds::Whole(seconds) => Some(seconds),
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to what fits
        Seconds::Broken(seconds) => Some(seconds.clamp(0.0, 1e15) as u64),
        Seconds::Text(text) => text.parse().ok(),
        Seconds::Null(()) => None,
    })
}

/// Gets new tokens for a refresh token.
pub async fn refresh(
    transport: &Transport,
    provider: &Provider,
    settings: &ProviderSettings,
    refresh_token: &SecretString,
    timeout: Duration,
) -> Result<Refreshed, Refusal> {
    let label = &provider.manifest.label;
    let broken = |error: &dyn std::fmt::Display| Refusal::Temporary(Error::internal(error));
    let facts = provider.manifest.auth.oauth2.as_ref().ok_or_else(|| broken(&"the provider has no OAuth"))?;
    let url = moved(&facts.token_url, settings.origin.as_ref()).map_err(Refusal::Temporary)?;
    let client_id = settings.client_id.clone().ok_or_else(|| broken(&"the provider has no client id"))?;
    let mut client = Client::<
        BasicErrorResponse,
        LenientTokens,
        oauth2::basic::BasicTokenIntrospectionResponse,
        StandardRevocableToken,
        oauth2::basic::BasicRevocationErrorResponse,
    >::new(ClientId::new(client_id))
    .set_token_uri(TokenUrl::from_url(url))
    .set_auth_type(AuthType::RequestBody);
    if let Some(secret) = &settings.client_secret {
        client = client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()));
    }
    let endpoint = Endpoint { transport, timeout, status: Mutex::default() };
    let token = RefreshToken::new(refresh_token.expose_secret().to_owned());
    let mut exchange = client.exchange_refresh_token(&token);
    if facts.refresh_with_redirect_uri {
        exchange = exchange.add_extra_param("redirect_uri", redirect_uri(provider, settings)?);
    }
    let answer = exchange.request_async(&endpoint).await;
    let status = endpoint.status.lock().ok().and_then(|status| *status);
    match answer {
        Ok(tokens) => Ok(Refreshed {
            access_token: tokens.access_token.secret().clone().into(),
            refresh_token: tokens.refresh_token.map(|token| token.secret().clone().into()),
            expires_in: tokens.expires_in.and_then(|seconds| i64::try_from(seconds).ok()),
        }),
        Err(error) => Err(refusal(label, status, error)),
    }
}

/// The redirect URI of the OAuth app, for a vendor that wants it on every renewal.
fn redirect_uri(provider: &Provider, settings: &ProviderSettings) -> Result<String, Refusal> {
    settings.redirect_uri.clone().ok_or_else(|| {
        let message = format!(
            "{} wants the OAuth app's redirect URI to renew a token: set UNICRM_PROVIDER_{}_REDIRECT_URI.",
            provider.manifest.label,
            provider.manifest.name.to_ascii_uppercase()
        );
        Refusal::Temporary(Error::new(Kind::Internal, message))
    })
}

/// What the crate sends by: the gateway's own transport, which notes the answer's status.
struct Endpoint<'t> {
    transport: &'t Transport,
    timeout: Duration,
    status: Mutex<Option<http::StatusCode>>,
}

impl<'c> AsyncHttpClient<'c> for Endpoint<'_> {
    type Error = Error;
    type Future = BoxFuture<'c, Result<HttpResponse, Error>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let request = http::Request::from_parts(parts, body.into());
            let response = self.transport.send(request, self.timeout).await?;
            if let Ok(mut status) = self.status.lock() {
                *status = Some(response.status());
            }
            Ok(response.map(|body| body.to_vec()))
        })
    }
}

type TokenError = RequestTokenError<Error, BasicErrorResponse>;

/// Tells a refresh token that is worthless from an OAuth app that is set up wrongly, and both from a bad moment.
fn refusal(label: &str, status: Option<http::StatusCode>, error: TokenError) -> Refusal {
    match error {
        RequestTokenError::Request(error) => Refusal::Temporary(error),
        RequestTokenError::ServerResponse(answer) => match answer.error() {
            BasicErrorResponseType::InvalidGrant => Refusal::Refused(said(&answer)),
            BasicErrorResponseType::Extension(code) if code == "access_denied" => {
                Refusal::Refused(said(&answer))
            }
            _ => Refusal::Temporary(Error::new(
                Kind::Internal,
                format!(
                    "{label} refuses the gateway's OAuth app ({}); its client id or secret is wrong.",
                    answer.error()
                ),
            )),
        },
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => match status {
            Some(status) if status == 400 || status == 401 => {
                Refusal::Refused(format!("it answered {status}"))
            }
            Some(status) => Refusal::Temporary(Error::new(
                Kind::Unreachable,
                format!("{label} could not renew the account's credential for the moment ({status})."),
            )),
            None => Refusal::Temporary(Error::internal("the token endpoint gave no answer")),
        },
    }
}

fn said(answer: &BasicErrorResponse) -> String {
    let description = answer.error_description().map(|text| text.chars().take(200).collect::<String>());
    description.unwrap_or_else(|| answer.error().to_string())
}
