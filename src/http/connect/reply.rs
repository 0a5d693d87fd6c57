//! How the connect pages are answered: the headers that protect them, and what goes wrong as a page.

use std::sync::Arc;

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::pages::{Frame, Notice, notice};
use super::{guesses, texts};
use crate::account::connect::{Held, Outcome};
use crate::error::{Error, Result};
use crate::http::State;

/// A page, with who may frame it.
pub struct Shown {
    pub status: StatusCode,
    pub html: String,
    /// Origins that may frame it; none: nobody.
    pub framers: Vec<String>,
}

/// What comes of a request of a browser.
pub type Answered<T> = std::result::Result<T, Interruption>;

/// Why a request of a browser goes no further: a page that says so.
pub enum Interruption {
    Page(Box<Shown>),
    Failed(Error),
}

impl From<Shown> for Interruption {
    fn from(shown: Shown) -> Self {
        Interruption::Page(Box::new(shown))
    }
}

impl From<Error> for Interruption {
    fn from(error: Error) -> Self {
        Interruption::Failed(error)
    }
}

impl IntoResponse for Interruption {
    fn into_response(self) -> Response {
        match self {
            Interruption::Page(shown) => shown.into_response(),
            Interruption::Failed(error) => failed(error),
        }
    }
}

impl IntoResponse for Shown {
    fn into_response(self) -> Response {
        let mut headers = protected();
        let ancestors = if self.framers.is_empty() { "'none'".to_owned() } else { self.framers.join(" ") };
        let policy = format!(
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; \
             base-uri 'none'; frame-ancestors {ancestors}"
        );
        // Origins are ASCII, so this is a header's value; what isn't is framed by nobody.
        let policy = HeaderValue::try_from(policy)
            .unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
        headers.insert(CONTENT_SECURITY_POLICY, policy);
        if self.framers.is_empty() {
            headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        (self.status, headers, self.html).into_response()
    }
}

/// Sends the browser on to a page of the gateway's own.
pub fn go(path: &str, cookie: Option<HeaderValue>) -> Result<Response> {
    let mut headers = protected();
    headers.insert(LOCATION, HeaderValue::try_from(path).map_err(Error::internal)?);
    if let Some(cookie) = cookie {
        headers.insert(axum::http::header::SET_COOKIE, cookie);
    }
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

/// What every answer has: it is not kept, and tells nobody where the browser has been.
pub fn protected() -> HeaderMap {
    HeaderMap::from_iter([
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ])
}

/// An error of the gateway's as a page; the log has why.
fn failed(error: Error) -> Response {
    let status = error.status();
    let body = Notice { title: texts::WENT_WRONG, why: texts::WENT_WRONG_WHY, retry: None };
    let shown = Shown { status, html: notice(&Frame::bare(), &body), framers: Vec::new() };
    let mut response = shown.into_response();
    response.extensions_mut().insert(Arc::new(error));
    response
}

impl Shown {
    /// A page of a session, for whoever may frame it.
    pub async fn of(state: &State, held: &Held, html: impl FnOnce(&Frame) -> String) -> Result<Shown> {
        let frame = frame(state, held).await?;
        let framers = if held.session.view.iframe { frame.origins.clone() } else { Vec::new() };
        Ok(Shown { status: StatusCode::OK, html: html(&frame), framers })
    }

    /// The same page as an answer to something wrong.
    pub fn status(self, status: StatusCode) -> Shown {
        Shown { status, ..self }
    }

    /// The page of a link that opens nothing.
    pub fn link_dead(state: &State) -> Shown {
        Shown::outside(state, StatusCode::FORBIDDEN, (texts::LINK_DEAD, texts::LINK_DEAD_WHY))
    }

    /// The page of a browser that isn't connecting anything.
    pub fn no_session(state: &State) -> Shown {
        Shown::outside(state, StatusCode::FORBIDDEN, (texts::NO_SESSION, texts::NO_SESSION_WHY))
    }

    /// The answer to somebody who guesses.
    pub fn too_many(state: &State) -> Response {
        let shown =
            Shown::outside(state, StatusCode::TOO_MANY_REQUESTS, (texts::TOO_MANY, texts::TOO_MANY_WHY));
        let mut response = shown.into_response();
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(guesses::SPAN.as_secs()));
        response
    }

    /// The page of a form that isn't this session's.
    pub async fn other_tab(state: &State, held: &Held) -> Result<Shown> {
        let body = Notice { title: texts::OTHER_TAB, why: texts::OTHER_TAB_WHY, retry: None };
        Ok(Shown::of(state, held, |frame| notice(frame, &body)).await?.status(StatusCode::FORBIDDEN))
    }

    /// A page outside of any session: only the operator's origins are told, as there is no environment.
    fn outside(state: &State, status: StatusCode, (title, why): (&'static str, &'static str)) -> Shown {
        let origins = state.0.connect.operators_origins().to_vec();
        let message = error_message("invalid_token", title, None, None);
        let frame = Frame {
            product: state.0.brand.name.clone(),
            origins: origins.clone(),
            message: Some(message),
            redirect: None,
            ..Frame::bare()
        };
        let body = Notice { title, why, retry: None };
        Shown { status, html: notice(&frame, &body), framers: origins }
    }
}

/// What lies around every page of a session.
async fn frame(state: &State, held: &Held) -> Result<Frame> {
    let session = &held.session;
    let message = session.outcome.as_ref().map(|outcome| message(state, outcome));
    let redirect = match (&message, &session.wish.redirect_uri) {
        (Some(message), Some(uri)) => Some(returned(uri, message)),
        _ => None,
    };
    Ok(Frame {
        product: state.0.brand.name.clone(),
        origins: state.0.connect.origins(held.environment).await?,
        message,
        redirect,
        framed: session.view.iframe,
    })
}

/// What whoever opened the pages is told, in the contract's words.
fn message(state: &State, outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Connected { integration, account, .. } => json!({
            "result": "success",
            "integration": integration,
            "integrated_account_id": account,
            "is_truto": true,
        }),
        Outcome::Failed { integration, account, failure } => {
            let label = label(state, integration);
            let text = texts::failure(failure, &label, &state.0.brand.name, None);
            let account = account.map(|account| account.to_string());
            error_message(failure.error_type(), &text, Some(integration), account.as_deref())
        }
    }
}

pub fn error_message(kind: &str, text: &str, integration: Option<&str>, account: Option<&str>) -> Value {
    let mut message = json!({ "result": "error", "error": text, "error_type": kind, "is_truto": true });
    for (name, value) in [("integration", integration), ("integrated_account_id", account)] {
        if let Some(value) = value {
            message[name] = value.into();
        }
    }
    message
}

/// Where the browser goes in the end: the backend's own address with what came of it. The address was checked when the
/// link was made.
fn returned(uri: &str, message: &Value) -> String {
    let Ok(mut url) = url::Url::parse(uri) else { return uri.to_owned() };
    for name in ["result", "integration", "integrated_account_id", "error", "error_type"] {
        if let Some(value) = message[name].as_str() {
            url.query_pairs_mut().append_pair(name, value);
        }
    }
    url.into()
}

/// What people call a provider.
pub fn label(state: &State, integration: &str) -> String {
    let provider = state.0.gateway.catalog.providers.get(integration);
    provider.map_or_else(|| integration.to_owned(), |provider| provider.manifest.label.clone())
}
