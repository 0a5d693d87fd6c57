//! Puts a credential on every attempt, and has a refused one renewed: once.
//!
//! Inside of the retries, so that an attempt never carries a credential that expired during a pause. What a
//! credential is made of, how it is renewed and what a refusal means for the account is unknown here; the layer
//! speaks with a [`CredentialSource`].

use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Uri};
use tower::{Service, ServiceExt};
use tracing::debug;
use url::Url;

use super::{Exchange, Pending, Stage};
use crate::adapter::Reply;
use crate::error::{Effect, Error, Kind, Result, Retry};

/// Where an account's credential comes from, and who is told when the vendor refuses it.
///
/// For each attempt:
///
/// 1. [`present`](Self::present) is asked for a credential, and the call is sent with it.
/// 2. If the vendor refuses it, [`refused`](Self::refused) is told. A source that holds another version by now, or
///    can renew, gives that one, and the call is sent once more. A source that can't marks the account and gives
///    none; then the refusal goes to the caller.
/// 3. If that one is refused as well, `refused` is told again, with a credential that says so
///    ([`Credential::is_replacement`]). A source must not renew then, but mark the account: a vendor who refuses
///    what it has just issued refuses the account. Its answer is not used, and the refusal goes to the caller.
///
/// A failure of the source ends the attempt. It is taken to have had no effect on the call, and is tried again
/// like any other failure: a source that must not be asked again says so with
/// [`Retry::Never`](crate::error::Retry::Never).
///
/// The futures are dropped if the caller hangs up or the deadline passes. A source whose renewal must be finished
/// once it has begun runs it in a task of its own.
pub trait CredentialSource: Send + Sync {
    /// A credential that is good as far as is known; one that is known to have expired is renewed first.
    fn present(&self) -> BoxFuture<'_, Result<Credential>>;

    /// The vendor refused this credential. Gives another one to try once, or none.
    fn refused(&self, used: Credential) -> BoxFuture<'_, Result<Option<Credential>>>;
}

/// What a call presents to the vendor: the value of its `Authorization` header. It shows itself in no output.
#[derive(Clone)]
pub struct Credential {
    presented: Presented,
    version: i64,
    replacement: bool,
}

/// How a credential goes with a request.
#[derive(Clone)]
enum Presented {
    /// As its `Authorization` header.
    Header(HeaderValue),
    /// As the address that it is sent to.
    Address(Uri),
}

impl Credential {
    /// An address that is itself what lets a call in: whatever the request's own, it is sent there, without a header.
    ///
    /// Fails with [`Kind::Invalid`] if no request can be sent there.
    pub fn address(url: &Url, version: i64) -> Result<Self> {
        let uri =
            url.as_str().parse().map_err(|_| Error::invalid("The address is none that can be called."))?;
        Ok(Credential { presented: Presented::Address(uri), version, replacement: false })
    }

    /// `Bearer` with a token (RFC 6750). `version` is the source's own count of the account's credentials.
    ///
    /// Fails with [`Kind::Invalid`] if the token has characters that no header can carry.
    pub fn bearer(token: &str, version: i64) -> Result<Self> {
        Self::new(&format!("Bearer {token}"), version)
    }

    /// `Basic` with a user name and a password (RFC 7617). `version` is the source's own count of the account's
    /// credentials.
    ///
    /// Fails with [`Kind::Invalid`] if the user name has a colon, which would end it.
    pub fn basic(username: &str, password: &str, version: i64) -> Result<Self> {
        if username.contains(':') {
            return Err(Error::invalid("The credential's user name can't have a colon."));
        }
        Self::new(&format!("Basic {}", STANDARD.encode(format!("{username}:{password}"))), version)
    }

    fn new(authorization: &str, version: i64) -> Result<Self> {
        let mut authorization = HeaderValue::from_str(authorization)
            .map_err(|_| Error::invalid("The credential has characters that no HTTP header can carry."))?;
        authorization.set_sensitive(true);
        Ok(Credential { presented: Presented::Header(authorization), version, replacement: false })
    }

    /// The source's own count of the account's credentials.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Whether a source gave it in place of one that the vendor refused, within the same attempt.
    pub fn is_replacement(&self) -> bool {
        self.replacement
    }

    /// Puts it on a request.
    pub(super) fn join<B>(&self, request: &mut http::Request<B>) {
        match &self.presented {
            Presented::Header(authorization) => {
                request.headers_mut().insert(AUTHORIZATION, authorization.clone());
            }
            Presented::Address(uri) => *request.uri_mut() = uri.clone(),
        }
    }

    fn in_place_of_another(self) -> Self {
        Credential { replacement: true, ..self }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("version", &self.version)
            .field("replacement", &self.replacement)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone)]
pub(super) struct Authorize<S> {
    inner: S,
}

impl<S> Authorize<S> {
    pub(super) fn new(inner: S) -> Self {
        Authorize { inner }
    }
}

impl<S: Stage> Authorize<S> {
    async fn authorized(self, exchange: Exchange) -> Result<Reply> {
        let first = exchange.credentials.present().await.map_err(unsent)?;
        let refusal = match self.attempt(&exchange, &first).await {
            Err(error) if error.kind() == Kind::Reauthenticate => error,
            outcome => return outcome,
        };
        let Some(second) = exchange.credentials.refused(first).await.map_err(unsent)? else {
            return Err(refusal);
        };
        if exchange.is_begun() {
            return Err(spent(&exchange));
        }
        if !exchange.may_repeat(&refusal) {
            return Err(refusal);
        }
        debug!(version = second.version(), "trying again with another credential");
        let second = second.in_place_of_another();
        let outcome = self.attempt(&exchange, &second).await;
        if outcome.as_ref().is_err_and(|error| error.kind() == Kind::Reauthenticate) {
            exchange.credentials.refused(second).await.map_err(unsent)?;
        }
        outcome
    }

    async fn attempt(&self, exchange: &Exchange, credential: &Credential) -> Result<Reply> {
        self.inner.clone().oneshot(exchange.with(credential.clone())).await
    }
}

/// The credential is good again, but the file is gone.
fn spent(exchange: &Exchange) -> Error {
    let label = exchange.label();
    let message = format!(
        "{label} refused the credential while the file was on its way. It has been renewed: send the file again."
    );
    Error::new(Kind::Unavailable, message).retry(Retry::Later(Some(Duration::ZERO)))
}

/// What goes wrong while a credential is fetched says nothing of the call, which the vendor hasn't acted on.
fn unsent(error: Error) -> Error {
    error.effect(Effect::None)
}

impl<S: Stage> Service<Exchange> for Authorize<S> {
    type Response = Reply;
    type Error = Error;
    type Future = Pending;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, exchange: Exchange) -> Pending {
        Box::pin(self.clone().authorized(exchange))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_what_the_standards_say() {
        let shown = |credential: &Credential| {
            let mut request = http::Request::new(());
            credential.join(&mut request);
            request.headers()[AUTHORIZATION].clone()
        };
        let bearer = Credential::bearer("t0ken", 3).unwrap();
        assert_eq!(shown(&bearer), "Bearer t0ken");
        assert_eq!(bearer.version(), 3);
        assert_eq!(
            shown(&Credential::basic("Aladdin", "open sesame", 1).unwrap()),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        );
    }

    #[test]
    fn a_credential_that_no_header_can_carry_is_refused_without_being_shown() {
        for refused in [Credential::bearer("sec\nret", 1), Credential::basic("sec:ret", "x", 1)] {
            let error = refused.unwrap_err();
            assert_eq!(error.kind(), Kind::Invalid);
            assert!(!format!("{error:?}").contains("ret\""), "{error:?}");
        }
    }

    #[test]
    fn a_credential_does_not_show_itself() {
        let credential = Credential::bearer("hunter2", 7).unwrap();
        let mut request = http::Request::new(());
        credential.join(&mut request);
        let shown = format!("{credential:?} {request:?}");
        assert!(!shown.contains("hunter2") && shown.contains('7'), "{shown}");
    }
}
