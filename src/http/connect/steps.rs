//! From a CRM that was chosen to an account that is connected.

use axum::extract::{RawQuery, Request, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::entry::has_choice;
use super::pages::{self, CrmPage, Notice};
use super::reply::{Answered, Shown, go, protected};
use super::session::{Form, InSession, keep, kept, read};
use super::texts;
use crate::account::connect::{Callback, Choice, Failure, Held, Outcome, Trouble};
use crate::error::{Error, Kind, Result};
use crate::http::State;
use crate::http::extract::Segments;
use crate::http::reply::Json;

type Answer = Answered<Response>;

/// `GET /connect-account/crm/{integration}`: how this CRM is connected.
pub async fn crm(Shared(state): Shared<State>, path: Segments, session: InSession) -> Answer {
    let [name] = path.take()?;
    let InSession { mut held, secret } = session;
    if matches!(held.session.outcome, Some(Outcome::Connected { .. })) {
        return Ok(go("/connect-account", None)?);
    }
    let (choice, with_back) = chosen(&state, &held, &name).await?;
    show(&state, &mut held, &secret, &choice, with_back, Tried::default()).await
}

/// What was filled in before, and what was wrong with it.
#[derive(Default)]
struct Tried {
    fields: Vec<(String, String)>,
    failure: Option<Failure>,
}

async fn show(
    state: &State,
    held: &mut Held,
    secret: &str,
    choice: &Choice,
    with_back: bool,
    tried: Tried,
) -> Answer {
    let handover = match held.session.view.iframe {
        true => Some(state.0.connect.hand_over(held, secret).await?),
        false => None,
    };
    let status = if tried.failure.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let held = &*held;
    let page = CrmPage {
        connect: &state.0.connect,
        held,
        choice,
        with_back,
        handover: handover.as_deref(),
        tried: &tried.fields,
        failure: tried.failure.as_ref(),
    };
    // What went wrong can be mended here, so whoever opened the page isn't told: they would close it.
    let shown = Shown::of(state, held, |frame| pages::crm(&frame.silent(), &page)).await?;
    Ok(shown.status(status).into_response())
}

/// `POST /connect-account/crm/{integration}`: a key that was filled in.
pub async fn take_key(Shared(state): Shared<State>, path: Segments, form: Form) -> Answer {
    let [name] = path.take()?;
    let Form { mut held, secret, fields } = form;
    let (choice, with_back) = chosen(&state, &held, &name).await?;
    match state.0.connect.take_key(&mut held, &choice, &fields).await {
        Ok(_) => Ok(go("/connect-account", None)?),
        Err(Trouble::Theirs(failure)) => {
            let tried = Tried { fields, failure: Some(failure) };
            show(&state, &mut held, &secret, &choice, with_back, tried).await
        }
        Err(Trouble::Ours(error)) => Err(error.into()),
    }
}

/// `POST /connect-account/crm/{integration}/authorize`: to the vendor, for consent.
pub async fn authorize(Shared(state): Shared<State>, path: Segments, form: Form) -> Answer {
    let [name] = path.take()?;
    let mut held = form.held;
    to_vendor(&state, &mut held, &name, None).await
}

/// `POST /connect-account/continue`: the same from a page in a frame, in a new window. Vendors don't let themselves be
/// framed, and the window doesn't have the frame's cookie.
pub async fn take_over(Shared(state): Shared<State>, request: Request) -> Answer {
    let fields = read(request, &state).await?;
    let field =
        |name: &str| fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    let Some((mut held, secret)) = state.0.connect.take_over(field("handover")).await? else {
        return Err(Shown::no_session(&state).into());
    };
    let cookie = keep(&secret, &state.0.public_url, false)?;
    to_vendor(&state, &mut held, field("integration"), Some(cookie)).await
}

async fn to_vendor(
    state: &State,
    held: &mut Held,
    name: &str,
    cookie: Option<axum::http::HeaderValue>,
) -> Answer {
    let (choice, _) = chosen(state, held, name).await?;
    let url = match state.0.connect.ask_consent(held, &choice).await {
        Ok(url) => url,
        Err(Trouble::Theirs(failure)) => return failed(state, held, &choice, failure).await,
        Err(Trouble::Ours(error)) => return Err(error.into()),
    };
    let label = &choice.provider.manifest.label;
    // A page and not a redirect: the pages' policy lets forms lead nowhere else, and vendors redirect as they like.
    let shown = Shown::of(state, held, |frame| pages::going(frame, label, &url)).await?;
    let mut response = shown.into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().insert(axum::http::header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// `GET /connect-account/callback/{integration}`: back from the vendor.
pub async fn callback(
    Shared(state): Shared<State>,
    path: Segments,
    RawQuery(query): RawQuery,
    session: InSession,
) -> Answer {
    let [integration] = path.take()?;
    back(&state, session, read_callback(integration, None, query)).await
}

/// The same with a path of the attempt's own.
pub async fn callback_of_attempt(
    Shared(state): Shared<State>,
    path: Segments,
    RawQuery(query): RawQuery,
    session: InSession,
) -> Answer {
    let [integration, attempt] = path.take()?;
    back(&state, session, read_callback(integration, Some(attempt), query)).await
}

async fn back(state: &State, session: InSession, callback: Callback) -> Answer {
    let mut held = session.held;
    let (choice, _) = chosen(state, &held, &callback.integration).await?;
    match state.0.connect.take_back(&mut held, &choice, callback).await {
        Ok(_) => Ok(go("/connect-account", None)?),
        Err(Trouble::Theirs(Failure::NotBegun)) => {
            let label = &choice.provider.manifest.label;
            let why = texts::failure(&Failure::NotBegun, label, &state.0.brand.name, None);
            let title = texts::not_connected(label);
            let retry = format!("/connect-account/crm/{}", choice.provider.manifest.name);
            let body = Notice { title: &title, why: &why, retry: Some(&retry) };
            let shown = Shown::of(state, &held, |frame| pages::notice(&frame.silent(), &body)).await?;
            Ok(shown.status(StatusCode::BAD_REQUEST).into_response())
        }
        Err(Trouble::Theirs(failure)) => failed(state, &mut held, &choice, failure).await,
        Err(Trouble::Ours(error)) => Err(error.into()),
    }
}

/// Keeps what went wrong, for the page that tells whoever opened it.
async fn failed(state: &State, held: &mut Held, choice: &Choice, failure: Failure) -> Answer {
    held.session.outcome =
        Some(Outcome::Failed { integration: choice.provider.manifest.name.clone(), account: None, failure });
    state.0.connect.keep(held).await?;
    Ok(go("/connect-account", None)?)
}

/// `POST /connect-account/retry`: once more what comes after saving.
pub async fn retry(Shared(state): Shared<State>, form: Form) -> Answer {
    let mut held = form.held;
    let Some(Outcome::Failed { integration, account: Some(_), .. }) = held.session.outcome.clone() else {
        return Ok(go("/connect-account", None)?);
    };
    let (choice, _) = chosen(&state, &held, &integration).await?;
    match state.0.connect.again(&mut held, &choice).await {
        Ok(_) | Err(Trouble::Theirs(_)) => Ok(go("/connect-account", None)?),
        Err(Trouble::Ours(error)) => Err(error.into()),
    }
}

/// `GET /connect-account/progress`: whether something has come of the session, for a page in a frame whose window is at
/// the vendor's.
pub async fn progress(Shared(state): Shared<State>, headers: HeaderMap) -> Result<Response> {
    let held = match kept(&headers, &state.0.public_url) {
        Some(secret) => state.0.connect.held(secret).await?,
        None => None,
    };
    let Some(held) = held else {
        return Err(Error::new(Kind::Forbidden, "This browser is not connecting an account."));
    };
    let answer: Value = json!({ "finished": held.session.outcome.is_some() });
    Ok((protected(), Json(answer)).into_response())
}

/// The choice of this name, if the session offers it, and whether there were others.
async fn chosen(state: &State, held: &Held, name: &str) -> Answered<(Choice, bool)> {
    let choices = state.0.connect.choices(held).await?;
    let with_back = has_choice(held, choices.len());
    match choices.into_iter().find(|choice| choice.provider.manifest.name == name) {
        Some(choice) => Ok((choice, with_back)),
        None => {
            let body = Notice { title: texts::NOTHING_OFFERED, why: texts::NOTHING_OFFERED_WHY, retry: None };
            let shown = Shown::of(state, held, |frame| pages::notice(&frame.silent(), &body)).await?;
            Err(shown.status(StatusCode::NOT_FOUND).into())
        }
    }
}

/// What a vendor sends the browser back with. One documents its description with a letter missing.
fn read_callback(integration: String, attempt: Option<String>, query: Option<String>) -> Callback {
    let mut callback = Callback { integration, attempt, ..Callback::default() };
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let value = Some(value.into_owned());
        match name.as_ref() {
            "state" => callback.state = value,
            "code" => callback.code = value,
            "error" => callback.error = value,
            "error_description" | "error_descripton" => callback.error_description = value,
            _ => {}
        }
    }
    callback
}
