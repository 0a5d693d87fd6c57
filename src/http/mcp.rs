//! `/mcp/{token}`: where AI agents reach an account's tools.
//!
//! Whoever knows the address may call, so the token in it appears in no log line and no error. A browser that was led
//! here by another site's page is refused by its `Origin`. Every answer is JSON, whatever the request accepts: nothing is
//! streamed, so there is nothing to listen to (`GET` is a 405) and no session to end.

use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::http::header::{CONTENT_TYPE, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tracing::Span;

use super::extract::{Segments, reach, read};
use super::tokens::Reach;
use super::{State, idempotency, quota};
use crate::error::{Error, Kind, Result};
use crate::mcp::{self, Call, Client, Incoming, Message, Outcome, Refusal, Server};

const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");

/// The longest session id that is read.
const LONGEST_SESSION: usize = 1024;

/// `POST /mcp/{token}`.
pub async fn receive(Shared(state): Shared<State>, path: Segments, request: Request) -> Result<Response> {
    let [token] = path.take()?;
    let (parts, body) = request.into_parts();
    refuse_strange_origin(&parts.headers, &state.0.public_url)?;
    let server = state.0.mcp.servers.open(&token).await?;
    Span::current().record("environment", tracing::field::display(server.environment));
    Span::current().record("account", tracing::field::display(server.account));
    if server.require_api_token_auth {
        check_api_token(&parts, &state, &server).await?;
    }
    let body = read(body, state.0.max_request_bytes).await?;
    let key = idempotency::sent(&parts.headers)?;
    let answered = Box::pin(answer(&state, &server, &parts.headers, &body, key));
    Ok(quota::after(answered).await)
}

async fn answer(
    state: &State,
    server: &Server,
    headers: &HeaderMap,
    body: &[u8],
    key: Option<String>,
) -> Response {
    let version = headers.get(VERSION).map(|version| version.to_str().unwrap_or("?"));
    let (incoming, listed) = match mcp::read(body) {
        Err(refusal) => return wrong(*refusal),
        Ok(read) => read,
    };
    if let Some(version) = version.filter(|version| !mcp::is_supported(version)) {
        let id = match incoming.first() {
            Some(Incoming::Request(message)) => message.id.clone(),
            _ => Value::Null,
        };
        return wrong(Refusal { id, error: mcp::unsupported(version) });
    }
    let mut client = headers.get(SESSION).map(client_of_session).unwrap_or_default();
    let mut answers = Vec::new();
    let mut session = None;
    for message in incoming {
        let started = Instant::now();
        let message = match &message {
            Incoming::Request(message) => message,
            Incoming::Wrong(refusal) => {
                answers.push(mcp::written(refusal.id.clone(), Err(refusal.error.clone())));
                continue;
            }
            Incoming::Silent(method) => {
                log(state, server, (method, started, &client), None).await;
                continue;
            }
        };
        if message.method == "initialize" {
            client = client_of(message);
            session = session_of(&client);
        }
        let outcome = Box::pin(state.0.mcp.answer(server, message, key.clone())).await;
        log(state, server, (&message.method, started, &client), Some(&outcome)).await;
        answers.push(mcp::written(message.id.clone(), outcome.answer));
    }
    let mut response = match (listed, answers.len()) {
        (_, 0) => StatusCode::ACCEPTED.into_response(),
        (true, _) => super::reply::Json(answers).into_response(),
        (false, _) => super::reply::Json(answers.swap_remove(0)).into_response(),
    };
    if let Some(session) = session {
        response.headers_mut().insert(SESSION, session);
    }
    response
}

async fn log(
    state: &State,
    server: &Server,
    (method, started, client): (&str, Instant, &Client),
    outcome: Option<&Outcome>,
) {
    if let Some(error) = outcome.and_then(|outcome| outcome.error.as_ref()) {
        let (kind, detail) = (error.kind(), error.details().unwrap_or_default());
        tracing::info!(?kind, detail, "a tool failed: {error}");
    }
    let call = Call {
        method: method.to_owned(),
        tool: outcome.and_then(|outcome| outcome.tool.clone()),
        client: client.clone(),
        status: outcome.map_or(StatusCode::ACCEPTED.as_u16(), |outcome| outcome.status),
        message: outcome.and_then(|outcome| outcome.message.clone()),
        millis: (started.elapsed().as_secs_f64() * 100_000.0).round() / 100.0,
    };
    state.0.mcp.log.add(server, call).await;
}

/// A body that holds no message that could be answered.
fn wrong(refusal: Refusal) -> Response {
    let body = mcp::written(refusal.id, Err(refusal.error)).to_string();
    let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (StatusCode::BAD_REQUEST, json, Body::from(body)).into_response()
}

/// Refuses a browser in which a page of another site is open: it could have been made to think that this is its own.
fn refuse_strange_origin(headers: &HeaderMap, public_url: &str) -> Result<()> {
    let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
    let own = url::Url::parse(public_url).map(|url| url.origin().ascii_serialization());
    match (origin.to_str(), own) {
        (Ok(origin), Ok(own)) if origin.eq_ignore_ascii_case(&own) => Ok(()),
        _ => Err(Error::new(
            Kind::Forbidden,
            "This Origin may not call MCP servers. Call from a program, or from a page under UNICRM_PUBLIC_URL.",
        )),
    }
}

/// Makes certain that the caller has an API token of the server's environment.
async fn check_api_token(parts: &Parts, state: &State, server: &Server) -> Result<()> {
    match reach(parts, state).await? {
        Reach::Environment(environment) if environment == server.environment => Ok(()),
        Reach::Environment(_) | Reach::Account(..) => Err(Error::new(
            Kind::Forbidden,
            "This MCP server takes an API token of its own environment beside its address.",
        )),
    }
}

fn client_of(message: &Message) -> Client {
    let told = message.params.get("clientInfo");
    let text = |name: &str| Some(told?.get(name)?.as_str()?.chars().take(100).collect::<String>());
    Client { name: text("name"), version: text("version") }
}

/// A session's id, which holds what the client calls itself: no process has to remember it.
fn session_of(client: &Client) -> Option<HeaderValue> {
    let told = json!([client.name, client.version]).to_string();
    HeaderValue::try_from(URL_SAFE_NO_PAD.encode(told)).ok()
}

fn client_of_session(session: &HeaderValue) -> Client {
    let read = || {
        let bytes =
            URL_SAFE_NO_PAD.decode(session.as_bytes().get(..session.len().min(LONGEST_SESSION))?).ok()?;
        let (name, version): (Option<String>, Option<String>) = serde_json::from_slice(&bytes).ok()?;
        Some(Client { name, version })
    };
    read().unwrap_or_default()
}
