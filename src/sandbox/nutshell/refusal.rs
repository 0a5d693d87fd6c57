//! Nutshell's errors: an object inside a 200 on JSON-RPC, a page of HTML or a list of errors on REST.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::record::Kind;

/// A request that is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    code: i64,
    message: String,
    /// The HTTP status. Errors come inside a 200, as documented; one is known to come as a 400.
    status: StatusCode,
}

impl Refusal {
    pub(super) fn new(code: i64, message: impl Into<String>) -> Refusal {
        Refusal { code, message: message.into(), status: StatusCode::OK }
    }

    /// What is written can't be.
    pub(super) fn invalid(message: impl Into<String>) -> Refusal {
        Refusal::new(400, message)
    }

    /// The same, with the status that says so.
    pub(super) fn refused(message: impl Into<String>) -> Refusal {
        Refusal { status: StatusCode::BAD_REQUEST, ..Refusal::invalid(message) }
    }

    pub(super) fn missing(kind: Kind) -> Refusal {
        Refusal::new(404, format!("{} not found", kind.entity_type()))
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Refusal {
        Refusal::new(403, message)
    }

    pub(super) fn stale() -> Refusal {
        Refusal::new(409, "rev key is out-of-date")
    }

    pub(super) fn unauthenticated() -> Refusal {
        Refusal { status: StatusCode::UNAUTHORIZED, ..Refusal::new(401, "Invalid credentials") }
    }

    /// Nobody documents how a limit is told; this is a guess that tells it plainly.
    pub(super) fn too_many() -> Refusal {
        Refusal::new(429, "API rate limit exceeded")
    }

    /// As JSON-RPC answers it.
    pub(super) fn envelope(&self, id: &Value) -> Response {
        let body = json!({
            "result": null, "id": id,
            "error": { "code": self.code, "message": self.message, "data": null },
        });
        (self.status, Json(body)).into_response()
    }

    /// As REST answers it.
    pub(super) fn page(&self) -> Response {
        match self.code {
            400 => {
                let error = json!({
                    "id": null, "type": "errors", "code": null, "detail": null, "href": null, "status": "400",
                    "title": self.message, "field": null,
                });
                let body = json!({ "meta": {}, "links": {}, "errors": [error] });
                (StatusCode::BAD_REQUEST, Json(body)).into_response()
            }
            code => {
                let status = u16::try_from(code).ok().and_then(|code| StatusCode::from_u16(code).ok());
                page(status.unwrap_or(StatusCode::BAD_REQUEST))
            }
        }
    }
}

/// What Nutshell answers on one of its wires when it can't say better.
pub(super) fn native(rest: bool, status: StatusCode) -> Response {
    if status.is_server_error() {
        let body = json!({ "code": status.as_u16(), "message": status.canonical_reason() });
        return (status, Json(body)).into_response();
    }
    if rest {
        return page(status);
    }
    let refusal = match status {
        StatusCode::UNAUTHORIZED => Refusal::unauthenticated(),
        StatusCode::FORBIDDEN => Refusal::forbidden("You do not have permission to do that"),
        StatusCode::NOT_FOUND => Refusal::new(404, "Record not found"),
        StatusCode::CONFLICT => Refusal::stale(),
        StatusCode::TOO_MANY_REQUESTS => Refusal::too_many(),
        other => Refusal::new(i64::from(other.as_u16()), "The request is not valid"),
    };
    refusal.envelope(&Value::from("unicrm"))
}

/// A page for people, which is what REST sends where a record or a credential is missing.
pub(super) fn page(status: StatusCode) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error");
    let code = status.as_u16();
    let html = format!(
        "<!DOCTYPE html>\n<html>\n<head><meta charset=\"UTF-8\" /><title>An Error Occurred: {reason}</title></head>\n\
         <body><h1>An Error Occurred</h1><h2>The server returned a \"{code} {reason}\".</h2></body>\n</html>\n"
    );
    let kind = HeaderValue::from_static("text/html; charset=UTF-8");
    (status, [(CONTENT_TYPE, kind)], html).into_response()
}
