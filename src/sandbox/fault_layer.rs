//! Carries out the faults that are switched on, in front of the vendor's twin.

use std::future::Future;
use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::stream;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};

use super::Vendor;
use super::faults::{Fault, Faults, Kind, Plan};
use super::line::Line;
use super::recorder::BODY_LIMIT;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const GARBAGE: &str = "\u{1F4A5} <<< {not json";
const PAGE: &str = "<!DOCTYPE html><html><head><title>Service temporarily unavailable</title></head>\
                    <body><h1>We'll be right back</h1></body></html>";

/// What the layer needs to know.
#[derive(Clone)]
pub(super) struct Saboteur {
    pub(super) faults: Arc<Faults>,
    pub(super) vendor: Arc<dyn Vendor>,
}

/// Lets the request through, or has the fault that befalls it happen.
pub(super) async fn inject(
    State(saboteur): State<Saboteur>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    // The recorder has read the body before, so it is in memory already.
    let body = to_bytes(body, BODY_LIMIT).await.unwrap_or_default();
    let path = parts.uri.path();
    let spared = saboteur.vendor.aside().contains(&path) && !saboteur.faults.name(path);
    let plan = if spared { Plan::default() } else { saboteur.faults.plan(&parts, &body) };
    let path = parts.uri.path().to_owned();
    let request = Request::from_parts(parts, Body::from(body));
    if !plan.delay.is_zero() {
        tokio::time::sleep(plan.delay).await;
    }
    let Some(fault) = plan.fault else {
        return next.run(request).await;
    };
    let reply = befall(&fault, &path, &saboteur, &line, next.run(request)).await;
    with_headers(reply, &fault)
}

async fn befall(
    fault: &Fault,
    path: &str,
    saboteur: &Saboteur,
    line: &Line,
    act: impl Future<Output = Response>,
) -> Response {
    let lets_it_through = matches!(fault.kind, Kind::Delay(_) | Kind::HangUpMidBody | Kind::TruncatedJson);
    let genuine = if fault.after_acting || lets_it_through { act.await } else { Response::default() };
    match &fault.kind {
        Kind::Status(status) => refuse(fault, path, *status, saboteur),
        // A plan keeps delays apart, so none gets here; one that did would change nothing.
        Kind::Delay(_) => genuine,
        Kind::Hang => {
            line.severed().await;
            Response::default()
        }
        Kind::HangUp => hang_up(line),
        Kind::HangUpMidBody => hang_up_mid_body(genuine, line).await,
        Kind::Garbage => ([(CONTENT_TYPE, JSON)], GARBAGE).into_response(),
        Kind::Html(status) => page(*status),
        Kind::TruncatedJson => truncate(genuine).await,
        Kind::WrongShape(shape) => ([(CONTENT_TYPE, JSON)], shape.to_string()).into_response(),
        Kind::EmptyBody => StatusCode::OK.into_response(),
    }
}

fn refuse(fault: &Fault, path: &str, status: StatusCode, saboteur: &Saboteur) -> Response {
    match &fault.body {
        Some(body) => (status, [(CONTENT_TYPE, JSON)], body.clone()).into_response(),
        None => saboteur.vendor.error_reply(path, status),
    }
}

fn page(status: StatusCode) -> Response {
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    (status, [(CONTENT_TYPE, html)], PAGE).into_response()
}

/// The connection is gone by the time this response would be written, so none of it is.
fn hang_up(line: &Line) -> Response {
    line.sever();
    Response::default()
}

/// Promises the whole body, sends half of it, and severs the connection.
async fn hang_up_mid_body(genuine: Response, line: &Line) -> Response {
    let (mut parts, body) = whole(genuine).await;
    if body.len() < 2 {
        return hang_up(line);
    }
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    let half = body.slice(..body.len() / 2);
    let line = line.clone();
    let steps = stream::unfold(Some(half), move |half| {
        let line = line.clone();
        async move {
            match half {
                Some(half) => Some((Ok(half), None)),
                None => {
                    // The server writes out what it has before it asks for more again.
                    tokio::task::yield_now().await;
                    line.sever();
                    Some((Err(io::Error::other("severed by the sandbox")), None))
                }
            }
        }
    });
    Response::from_parts(parts, Body::from_stream(steps))
}

async fn truncate(genuine: Response) -> Response {
    let (mut parts, body) = whole(genuine).await;
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(body.slice(..body.len() / 2)))
}

async fn whole(genuine: Response) -> (http::response::Parts, Bytes) {
    let (parts, body) = genuine.into_parts();
    // A twin's bodies are in memory already, so collecting one cannot fail; if one did, half of nothing is sent.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    (parts, body)
}

fn with_headers(mut reply: Response, fault: &Fault) -> Response {
    for (name, value) in &fault.headers {
        reply.headers_mut().insert(name, value.clone());
    }
    reply
}
