//! A vendor's authorization and token endpoints, by way of the `oauth2` crate.
//!
//! Ours is only the reading of its answer: vendors leave `token_type` out of a refresh, and send `expires_in` as
//! text, which the crate's own type refuses.

use std::sync::Mutex;
use std::time::Duration;

use futures::future::BoxFuture;
use oauth2::basic::{BasicErrorResponse, BasicErrorResponseType, BasicTokenType};
use oauth2::{
    AccessToken, AsyncHttpClient, AuthType, AuthUrl, AuthorizationCode, Client, ClientId, ClientSecret,
    CsrfToken, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, RefreshToken, RequestTokenError, Scope, StandardRevocableToken, TokenResponse, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::vault::Tokens;
use crate::adapter::moved;
use crate::config::ProviderSettings;
use crate::error::{Error, Kind};
use crate::mapping::Provider;
use crate::mapping::manifest::OAuth2;
use crate::outbound::Transport;

/// How long a vendor's endpoints may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What a refresh or a code brought.
pub struct Granted {
    /// The new access token.
    pub access_token: SecretString,
    /// The new refresh token, where the vendor rotates it.
    pub refresh_token: Option<SecretString>,
    /// Seconds that the access token lives.
    pub expires_in: Option<i64>,
    /// What is allowed with it, where the vendor says.
    pub scope: Option<Vec<String>>,
    /// Whatever else the vendor said.
    pub rest: Map<String, Value>,
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
    #[serde(default)]
    scope: Option<Value>,
    #[serde(flatten)]
    rest: Map<String, Value>,
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

type TokenClient<Token = EndpointNotSet> = Client<
    BasicErrorResponse,
    LenientTokens,
    oauth2::basic::BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    oauth2::basic::BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    Token,
>;

/// What a consent is asked for with, and remembered until the browser comes back.
pub struct Consent<'c> {
    /// Where the browser is sent back to.
    pub redirect_uri: &'c str,
    /// What is asked for.
    pub scopes: &'c [String],
    /// What tells this attempt from any other.
    pub state: &'c str,
    /// Of PKCE, where the vendor takes it.
    pub verifier: Option<&'c str>,
}

/// A new unguessable text for [`Consent::state`].
pub fn new_state() -> String {
    CsrfToken::new_random_len(32).into_secret()
}

/// A new secret for [`Consent::verifier`].
pub fn new_verifier() -> String {
    PkceCodeChallenge::new_random_sha256().1.into_secret()
}

/// Where the browser is sent for consent.
pub fn authorize_url(
    provider: &Provider,
    app: &ProviderSettings,
    consent: &Consent<'_>,
) -> Result<Url, Error> {
    let facts = facts(provider)?;
    let url = moved(&facts.authorize_url, app.origin.as_ref())?;
    let client = client(app)?.set_auth_uri(AuthUrl::from_url(url));
    let state = CsrfToken::new(consent.state.to_owned());
    let redirect = RedirectUrl::new(consent.redirect_uri.to_owned()).map_err(Error::internal)?;
    // The crate joins scopes with spaces, and vendors differ.
    let scope = consent.scopes.join(&facts.scope_separator);
    let mut request = client
        .authorize_url(move || state)
        .set_redirect_uri(std::borrow::Cow::Owned(redirect))
        .add_extra_param("scope", scope);
    if let Some(verifier) = consent.verifier {
        let verifier = PkceCodeVerifier::new(verifier.to_owned());
        request = request.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    }
    Ok(request.url().0)
}

/// Gets tokens for the code that the vendor sent the browser back with.
pub async fn exchange(
    transport: &Transport,
    provider: &Provider,
    app: &ProviderSettings,
    code: &str,
    (redirect_uri, verifier): (&str, Option<&str>),
) -> Result<Granted, Refusal> {
    let client = token_client(provider, app)?;
    let endpoint = Endpoint { transport, timeout: TIMEOUT, status: Mutex::default() };
    let redirect = RedirectUrl::new(redirect_uri.to_owned());
    let redirect = redirect.map_err(|error| Refusal::Temporary(Error::internal(error)))?;
    let mut exchange = client
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .set_redirect_uri(std::borrow::Cow::Owned(redirect));
    if let Some(verifier) = verifier {
        exchange = exchange.set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()));
    }
    let answer = exchange.request_async(&endpoint).await;
    granted(provider, &endpoint, answer)
}

/// Gets new tokens for a refresh token.
pub async fn refresh(
    transport: &Transport,
    provider: &Provider,
    app: &ProviderSettings,
    refresh_token: &SecretString,
    timeout: Duration,
) -> Result<Granted, Refusal> {
    let client = token_client(provider, app)?;
    let endpoint = Endpoint { transport, timeout, status: Mutex::default() };
    let token = RefreshToken::new(refresh_token.expose_secret().to_owned());
    let mut exchange = client.exchange_refresh_token(&token);
    if facts(provider).is_ok_and(|facts| facts.refresh_with_redirect_uri) {
        exchange = exchange.add_extra_param("redirect_uri", redirect_uri(provider, app)?);
    }
    let answer = exchange.request_async(&endpoint).await;
    granted(provider, &endpoint, answer)
}

/// Has the vendor revoke an account's tokens (RFC 7009), if it offers that.
pub async fn revoke(
    transport: &Transport,
    provider: &Provider,
    app: &ProviderSettings,
    tokens: &Tokens,
) -> Result<(), Error> {
    let Some(url) = &facts(provider)?.revoke_url else { return Ok(()) };
    let url = moved(url, app.origin.as_ref())?;
    let (token, hint) = match &tokens.refresh_token {
        Some(token) => (token, "refresh_token"),
        None => (&tokens.access_token, "access_token"),
    };
    let form = {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("token", token.expose_secret()).append_pair("token_type_hint", hint);
        form.append_pair("client_id", app.client_id.as_deref().unwrap_or_default());
        if let Some(secret) = &app.client_secret {
            form.append_pair("client_secret", secret.expose_secret());
        }
        form.finish()
    };
    let request = http::Request::post(url.as_str())
        .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form.into())
        .map_err(Error::internal)?;
    let answer = transport.send(request, TIMEOUT).await?;
    if answer.status().is_success() {
        return Ok(());
    }
    let label = &provider.manifest.label;
    Err(Error::new(Kind::Rejected, format!("{label} answered {} to a revocation.", answer.status())))
}

fn facts(provider: &Provider) -> Result<&OAuth2, Error> {
    provider.manifest.auth.oauth2.as_ref().ok_or_else(|| Error::internal("the provider has no OAuth"))
}

fn client(app: &ProviderSettings) -> Result<TokenClient, Error> {
    let client_id = app.client_id.clone().ok_or_else(|| Error::internal("the provider has no client id"))?;
    let client = TokenClient::new(ClientId::new(client_id)).set_auth_type(AuthType::RequestBody);
    Ok(match &app.client_secret {
        Some(secret) => client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned())),
        None => client,
    })
}

fn token_client(provider: &Provider, app: &ProviderSettings) -> Result<TokenClient<EndpointSet>, Refusal> {
    let url = facts(provider).and_then(|facts| moved(&facts.token_url, app.origin.as_ref()));
    let url = url.map_err(Refusal::Temporary)?;
    Ok(client(app).map_err(Refusal::Temporary)?.set_token_uri(TokenUrl::from_url(url)))
}

fn granted(
    provider: &Provider,
    endpoint: &Endpoint<'_>,
    answer: Result<LenientTokens, TokenError>,
) -> Result<Granted, Refusal> {
    let status = endpoint.status.lock().ok().and_then(|status| *status);
    let tokens = answer.map_err(|error| refusal(&provider.manifest.label, status, error))?;
    let separators = |letter: char| letter == ',' || letter.is_whitespace();
    let scope = match tokens.scope {
        Some(Value::String(text)) => {
            Some(text.split(separators).filter(|scope| !scope.is_empty()).map(str::to_owned).collect())
        }
        Some(Value::Array(scopes)) => {
            Some(scopes.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        }
        _ => None,
    };
    Ok(Granted {
        access_token: tokens.access_token.secret().clone().into(),
        refresh_token: tokens.refresh_token.map(|token| token.secret().clone().into()),
        expires_in: tokens.expires_in.and_then(|seconds| i64::try_from(seconds).ok()),
        scope: scope.filter(|scope: &Vec<String>| !scope.is_empty()),
        rest: tokens.rest,
    })
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
