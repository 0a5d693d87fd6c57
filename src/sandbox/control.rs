//! The sandbox's own pages under `/_sandbox`, for whoever runs it from a shell: switching faults on and off, and
//! starting over.
//!
//! | request | effect |
//! |---|---|
//! | `POST /_sandbox/faults` | switches a fault on: `{"kind":"status","status":503,"method":"GET","path":"/api/v2/parties","times":2}` |
//! | `DELETE /_sandbox/faults` | switches all faults off |
//! | `POST /_sandbox/webhook` | enters an address to which every change is told (Nutshell): `{"url":"http://…"}`; null ends it |
//! | `POST /_sandbox/reset` | records, tokens, quota and faults as they were at the start |
//!
//! Kinds are `status` (with `status`, `body`, `headers`), `delay` (with `delay_ms`), `hang`, `hang_up`,
//! `hang_up_mid_body`, `garbage`, `html` (with `status`), `truncated_json`, `wrong_shape` (with `shape`, by default
//! `{}`) and `empty_body`. `method`, `path` (a prefix), `times` and `after_acting` are optional with all of them. A
//! member it does not know is refused, so that a misspelt one does not switch on a fault that was not meant.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Desk;
use super::faults::{Fault, Kind};

/// The routes below `/_sandbox`.
pub(super) fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/faults", post(add_fault).delete(clear_faults))
        .route("/webhook", post(set_webhook))
        .route("/reset", post(reset))
        .with_state(desk)
}

async fn add_fault(State(desk): State<Arc<Desk>>, body: Bytes) -> Response {
    let fault = serde_json::from_slice::<Switch>(&body)
        .map_err(|error| error.to_string())
        .and_then(Switch::into_fault);
    match fault {
        Ok(fault) => {
            desk.faults.add(fault);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(message) => {
            let body = axum::Json(json!({ "message": message }));
            (StatusCode::BAD_REQUEST, body).into_response()
        }
    }
}

async fn clear_faults(State(desk): State<Arc<Desk>>) -> StatusCode {
    desk.faults.clear();
    StatusCode::NO_CONTENT
}

async fn reset(State(desk): State<Arc<Desk>>) -> StatusCode {
    desk.reset();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Webhook {
    url: Option<String>,
}

async fn set_webhook(State(desk): State<Arc<Desk>>, body: Bytes) -> Response {
    let refused = |status: StatusCode, message: String| {
        (status, axum::Json(json!({ "message": message }))).into_response()
    };
    match serde_json::from_slice::<Webhook>(&body) {
        Err(error) => refused(StatusCode::BAD_REQUEST, error.to_string()),
        Ok(webhook) if desk.vendor.set_webhook(webhook.url.clone()) => StatusCode::NO_CONTENT.into_response(),
        Ok(_) => refused(StatusCode::NOT_FOUND, "This vendor has no such setting.".to_owned()),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindName {
    Status,
    Delay,
    Hang,
    HangUp,
    HangUpMidBody,
    Garbage,
    Html,
    TruncatedJson,
    WrongShape,
    EmptyBody,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    kind: KindName,
    status: Option<u16>,
    delay_ms: Option<u64>,
    shape: Option<Value>,
    body: Option<Value>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    method: Option<String>,
    #[serde(default)]
    path: String,
    times: Option<u32>,
    #[serde(default)]
    after_acting: bool,
}

impl Switch {
    fn into_fault(self) -> Result<Fault, String> {
        let mut fault = Fault::new(self.kind()?).under(&self.path);
        fault.method = self.method()?;
        fault.times = self.times;
        fault.after_acting = self.after_acting;
        fault.body = self.body.map(|body| match body {
            Value::String(text) => Bytes::from(text),
            json => Bytes::from(json.to_string()),
        });
        for (name, value) in self.headers {
            let name = HeaderName::try_from(name).map_err(|error| error.to_string())?;
            let value = HeaderValue::try_from(value).map_err(|error| error.to_string())?;
            fault = fault.header(name, value);
        }
        Ok(fault)
    }

    fn kind(&self) -> Result<Kind, String> {
        Ok(match self.kind {
            KindName::Status => Kind::Status(self.status()?.ok_or("status is required")?),
            KindName::Delay => {
                let delay = self.delay_ms.ok_or("delay_ms is required")?;
                Kind::Delay(Duration::from_millis(delay))
            }
            KindName::Hang => Kind::Hang,
            KindName::HangUp => Kind::HangUp,
            KindName::HangUpMidBody => Kind::HangUpMidBody,
            KindName::Garbage => Kind::Garbage,
            KindName::Html => Kind::Html(self.status()?.unwrap_or(StatusCode::OK)),
            KindName::TruncatedJson => Kind::TruncatedJson,
            KindName::WrongShape => Kind::WrongShape(self.shape.clone().unwrap_or(json!({}))),
            KindName::EmptyBody => Kind::EmptyBody,
        })
    }

    fn status(&self) -> Result<Option<StatusCode>, String> {
        self.status
            .map(|code| {
                // hyper refuses to send an informational status as an answer.
                StatusCode::from_u16(code)
                    .ok()
                    .filter(|status| !status.is_informational())
                    .ok_or_else(|| format!("{code} is not the status of an answer"))
            })
            .transpose()
    }

    fn method(&self) -> Result<Option<Method>, String> {
        self.method
            .as_deref()
            .map(|name| Method::from_bytes(name.as_bytes()).map_err(|error| error.to_string()))
            .transpose()
    }
}
