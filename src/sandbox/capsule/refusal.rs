//! Capsule's errors as it words them.
//!
//! Bodies are `{"message"}`, on 422 with `errors` naming resource and field; 429 alone says `{"error"}`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

/// A request that is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 400: the body is not JSON.
    Malformed,
    /// 401: no token, or none that is good.
    Unauthenticated,
    /// 403: the token's scopes, or its user's role, do not cover this.
    MissingScope,
    /// 404: unknown record or unknown path; Capsule makes no difference.
    NotFound,
    /// 405
    MethodNotAllowed,
    /// 413: a file above the limit.
    TooLarge,
    /// 422 with what is wrong.
    Invalid(Vec<Problem>),
    /// 429
    RateLimited,
    /// Any other status, for faults.
    Other(StatusCode),
}

/// One entry of a 422's `errors`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    message: String,
    resource: &'static str,
    field: String,
}

impl Problem {
    pub(super) fn new(
        resource: &'static str,
        field: impl Into<String>,
        message: impl Into<String>,
    ) -> Problem {
        Problem { message: message.into(), resource, field: field.into() }
    }

    /// The field is missing or blank.
    pub(super) fn required(resource: &'static str, field: &str) -> Problem {
        Problem::new(resource, field, format!("{field} is required"))
    }

    /// The field holds JSON of another type than it takes.
    pub(super) fn wrong_type(resource: &'static str, field: &str) -> Problem {
        Problem::new(resource, field, format!("invalid value for {field}"))
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Refusal {
        Refusal::Invalid(vec![problem])
    }
}

/// Gathers what is wrong with a request, so that one answer names all of it.
#[derive(Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    /// Notes a failed step; its value is lost, as the request is refused in the end.
    pub(super) fn note<T>(&mut self, step: Result<T, Problem>) -> Option<T> {
        step.map_err(|problem| self.0.push(problem)).ok()
    }

    /// Refuses if anything was noted.
    pub(super) fn refuse_any(self) -> Result<(), Refusal> {
        if self.0.is_empty() { Ok(()) } else { Err(Refusal::Invalid(self.0)) }
    }
}

/// The refusal that Capsule sends with a status.
pub(super) fn native(status: StatusCode) -> Refusal {
    match status {
        StatusCode::BAD_REQUEST => Refusal::Malformed,
        StatusCode::UNAUTHORIZED => Refusal::Unauthenticated,
        StatusCode::FORBIDDEN => Refusal::MissingScope,
        StatusCode::NOT_FOUND => Refusal::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Refusal::MethodNotAllowed,
        StatusCode::UNPROCESSABLE_ENTITY => Problem::required("party", "name").into(),
        StatusCode::TOO_MANY_REQUESTS => Refusal::RateLimited,
        other => Refusal::Other(other),
    }
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Refusal::Malformed => StatusCode::BAD_REQUEST,
            Refusal::Unauthenticated => StatusCode::UNAUTHORIZED,
            Refusal::MissingScope => StatusCode::FORBIDDEN,
            Refusal::NotFound => StatusCode::NOT_FOUND,
            Refusal::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Refusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Refusal::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Refusal::Other(status) => *status,
        }
    }

    fn body(&self) -> Value {
        let message = match self {
            Refusal::RateLimited => return json!({ "error": "rate limit reached" }),
            Refusal::Invalid(problems) => return validation_failed(problems),
            Refusal::Malformed => "Malformed JSON",
            Refusal::Unauthenticated => "Requires authentication",
            Refusal::MissingScope => "Requires additional scope",
            Refusal::NotFound => "Could not find resource",
            Refusal::MethodNotAllowed => "Method not allowed",
            Refusal::TooLarge => "Request entity too large",
            Refusal::Other(status) => status.canonical_reason().unwrap_or("Error"),
        };
        json!({ "message": message })
    }
}

fn validation_failed(problems: &[Problem]) -> Value {
    let errors: Vec<Value> = problems
        .iter()
        .map(|problem| {
            json!({
                "message": problem.message,
                "resource": problem.resource,
                "field": problem.field,
            })
        })
        .collect();
    json!({ "message": "Validation Failed", "errors": errors })
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut reply = (self.status(), Json(self.body())).into_response();
        if self == Refusal::Unauthenticated {
            let challenge = HeaderValue::from_static(r#"Bearer realm="capsule", error="invalid_token""#);
            reply.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        reply
    }
}
