//! `GET /connect-account`: where the pages begin, go on, and end.

use axum::extract::{FromRequestParts, Request, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use url::form_urlencoded;

use super::pages::{self, Notice};
use super::reply::{Answered, Shown, go, protected};
use super::session::{InSession, keep, kept};
use super::{guesses, texts};
use crate::account::connect::{Opened, View, Whom};
use crate::http::State;

/// With a link token it begins; without one the session goes on where it is.
pub async fn open(Shared(state): Shared<State>, request: Request) -> Answered<Response> {
    let (mut parts, _) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let pairs = || form_urlencoded::parse(query.as_bytes());
    let token = pairs().find(|(name, _)| name == "link_token").map(|(_, value)| value.into_owned());
    if let Some(token) = token {
        return begin(&state, &parts, &token, view(pairs())).await;
    }
    let session = InSession::from_request_parts(&mut parts, &state).await?;
    go_on(&state, session).await
}

async fn begin(
    state: &State,
    parts: &axum::http::request::Parts,
    token: &str,
    view: View,
) -> Answered<Response> {
    // Whoever only looks at what is there, or fetches in case somebody will, uses nothing up.
    if parts.method == Method::HEAD || is_prefetch(&parts.headers) {
        return Ok((StatusCode::NO_CONTENT, protected()).into_response());
    }
    let address = guesses::address(parts, state);
    if state.0.guesses.are_too_many(address) {
        return Ok(Shown::too_many(state));
    }
    let framed = view.iframe;
    let present = kept(&parts.headers, &state.0.public_url);
    match state.0.connect.open(token, view, present).await? {
        Opened::New(secret) => {
            let cookie = keep(&secret, &state.0.public_url, framed)?;
            Ok(go("/connect-account", Some(cookie))?)
        }
        Opened::Same => Ok(go("/connect-account", None)?),
        Opened::Refused => {
            state.0.guesses.count(address);
            Err(Shown::link_dead(state).into())
        }
    }
}

async fn go_on(state: &State, session: InSession) -> Answered<Response> {
    let held = session.held;
    if held.session.outcome.is_some() {
        let shown = Shown::of(state, &held, |frame| pages::outcome(state, frame, &held)).await?;
        return Ok(shown.into_response());
    }
    let choices = state.0.connect.choices(&held).await?;
    match choices.as_slice() {
        [] => {
            let body = Notice { title: texts::NOTHING_OFFERED, why: texts::NOTHING_OFFERED_WHY, retry: None };
            let message =
                super::reply::error_message("invalid_integration", texts::NOTHING_OFFERED, None, None);
            let shown =
                Shown::of(state, &held, |frame| pages::notice(&frame.telling(message), &body)).await?;
            Ok(shown.status(StatusCode::NOT_FOUND).into_response())
        }
        [only] => Ok(go(&format!("/connect-account/crm/{}", only.provider.manifest.name), None)?),
        _ => Ok(Shown::of(state, &held, |frame| pages::choose(frame, &choices)).await?.into_response()),
    }
}

/// What the address asks of the pages. What it says besides is for others, and has no effect here.
fn view<'q>(pairs: impl Iterator<Item = (std::borrow::Cow<'q, str>, std::borrow::Cow<'q, str>)>) -> View {
    let mut view = View::default();
    for (name, value) in pairs {
        let given = Some(value.trim().to_owned()).filter(|value| !value.is_empty() && value.len() <= 512);
        match name.as_ref() {
            "integration" => view.integration = given,
            "integrations" => {
                let names = given.unwrap_or_default();
                let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
                view.integrations = names.map(str::to_owned).collect();
            }
            "auth_format" => view.auth_format = given,
            "no_back" => view.no_back = matches!(value.as_ref(), "true" | "1"),
            "iframe" => view.iframe = matches!(value.as_ref(), "true" | "1"),
            _ => {}
        }
    }
    view
}

fn is_prefetch(headers: &HeaderMap) -> bool {
    ["sec-purpose", "purpose", "x-moz"].into_iter().any(|name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.contains("prefetch"))
    })
}

/// Whether there is a page before a CRM's.
pub fn has_choice(held: &crate::account::connect::Held, choices: usize) -> bool {
    let new = matches!(held.session.wish.whom, Whom::New(_));
    new && choices > 1 && !held.session.view.no_back
}
