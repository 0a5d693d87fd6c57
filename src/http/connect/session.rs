//! The session of the browser that asks, by its cookie, and the forms that it sends.
//!
//! The cookie can't be read by scripts and goes to the connect pages only. It is `Lax`, so that it comes along when a
//! vendor sends the browser back; in a frame of another site it has to be `None` and is partitioned: it is good below
//! that site only. What `Lax` and `None` let through is caught by the secret that every form has in it.

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use url::form_urlencoded;

use super::reply::{Answered, Interruption, Shown};
use crate::account::connect::{Held, LIFE};
use crate::error::{Error, Result};
use crate::http::State;
use crate::http::extract::RawBody;

/// The cookie's name where there is no TLS, as on a developer's machine.
const PLAIN_NAME: &str = "unicrm_connect";

/// Its name otherwise: browsers take a name that begins so from this very host alone, so that no neighbour under the same
/// domain can put a session of its own into a customer's browser.
const HOST_NAME: &str = "__Host-unicrm_connect";

/// What every form carries.
pub const FORM_TOKEN: &str = "form_token";

/// What the browser has kept of a session, if anything.
pub fn kept<'h>(headers: &'h HeaderMap, public_url: &str) -> Option<&'h str> {
    let ours = if is_https(public_url) { HOST_NAME } else { PLAIN_NAME };
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == ours).map(|(_, value)| value)
}

/// The cookie that has a browser keep a session.
pub fn keep(secret: &str, public_url: &str, framed: bool) -> Result<HeaderValue> {
    let https = is_https(public_url);
    // Browsers take a loopback address for as good as https.
    let local = url::Url::parse(public_url).ok().is_some_and(|url| match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    });
    let (same_site, secure) = match (framed && (https || local), https) {
        (true, _) => ("None", "; Secure; Partitioned"),
        (false, true) => ("Lax", "; Secure"),
        (false, false) => ("Lax", ""),
    };
    // The first name's rule wants the whole host.
    let (name, path) = if https { (HOST_NAME, "/") } else { (PLAIN_NAME, "/connect-account") };
    let life = LIFE.whole_seconds();
    let cookie =
        format!("{name}={secret}; Path={path}; Max-Age={life}; HttpOnly; SameSite={same_site}{secure}");
    HeaderValue::try_from(cookie).map_err(Error::internal)
}

fn is_https(public_url: &str) -> bool {
    public_url.starts_with("https://")
}

/// The browser's session. A request without one is answered with a page that says so.
pub struct InSession {
    pub held: Held,
    pub secret: String,
}

impl FromRequestParts<State> for InSession {
    type Rejection = Interruption;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Answered<Self> {
        let Some(secret) = kept(&parts.headers, &state.0.public_url) else {
            return Err(Shown::no_session(state).into());
        };
        match state.0.connect.held(secret).await? {
            Some(held) => Ok(InSession { held, secret: secret.to_owned() }),
            None => Err(Shown::no_session(state).into()),
        }
    }
}

/// A form of the browser's session. One that another site made is refused.
pub struct Form {
    pub held: Held,
    pub secret: String,
    pub fields: Vec<(String, String)>,
}

impl FromRequest<State> for Form {
    type Rejection = Interruption;

    async fn from_request(request: Request<Body>, state: &State) -> Answered<Self> {
        let (mut parts, body) = request.into_parts();
        let InSession { held, secret } = InSession::from_request_parts(&mut parts, state).await?;
        let fields = read(Request::from_parts(parts, body), state).await?;
        let token = fields.iter().find(|(name, _)| name == FORM_TOKEN).map_or("", |(_, value)| value);
        if !held.session.is_own_form(token) {
            return Err(Shown::other_tab(state, &held).await?.into());
        }
        Ok(Form { held, secret, fields })
    }
}

/// The fields of a form.
pub async fn read(request: Request<Body>, state: &State) -> Result<Vec<(String, String)>> {
    let RawBody(body) = RawBody::from_request(request, state).await?;
    Ok(form_urlencoded::parse(&body).into_owned().collect())
}
