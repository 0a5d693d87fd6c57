//! Nimble's errors as it words them. 409 is for what is invalid, 406 for what a rule stands against.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Map, Value, json};

/// A request that is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 403: no token, or none that is good.
    Unauthenticated,
    /// 403: the token's scope doesn't cover this.
    Forbidden,
    /// 404 without a body: no such address.
    NoSuchPath,
    /// 404: no such record.
    NotFound(&'static str, String),
    /// 406: a rule stands against it.
    Against(String),
    /// 406: something still uses what is to go.
    InUse(String),
    /// 409: what is wrong with each field of a contact, by the field's name.
    Fields(Vec<(String, String)>),
    /// 409: what is wrong in the body, by JSON pointer.
    Invalid(Vec<(String, String)>),
    /// Any other status, for faults.
    Other(StatusCode),
}

impl Refusal {
    /// One member of the body is wrong.
    pub(super) fn invalid(member: &str, message: &str) -> Refusal {
        Refusal::Invalid(vec![(format!("/{member}"), message.to_owned())])
    }

    /// A parameter, or a body as a whole, is wrong.
    pub(super) fn wrong(message: &str) -> Refusal {
        Refusal::Invalid(vec![("/".to_owned(), message.to_owned())])
    }

    fn status(&self) -> StatusCode {
        match self {
            Refusal::Unauthenticated | Refusal::Forbidden => StatusCode::FORBIDDEN,
            Refusal::NoSuchPath | Refusal::NotFound(..) => StatusCode::NOT_FOUND,
            Refusal::Against(_) | Refusal::InUse(_) => StatusCode::NOT_ACCEPTABLE,
            Refusal::Fields(_) | Refusal::Invalid(_) => StatusCode::CONFLICT,
            Refusal::Other(status) => *status,
        }
    }

    fn body(&self) -> Value {
        match self {
            Refusal::Unauthenticated => json!({ "message": "Can't authenticate request" }),
            Refusal::Forbidden => json!({ "message": "You have no permission to do this" }),
            Refusal::NoSuchPath => json!({ "message": "Not found" }),
            Refusal::NotFound(kind, id) => json!({ "object_type": kind, "object_id": id }),
            Refusal::Against(message) => json!({ "message": message, "type": "not_acceptable" }),
            Refusal::InUse(message) => {
                json!({ "errors": [{ "message": message, "nse_query": {}, "total": 1, "type": "in_use" }] })
            }
            Refusal::Fields(problems) => {
                let listed = |message: &String| json!([{ "message": message, "field_id": "" }]);
                let errors: Map<String, Value> =
                    problems.iter().map(|(field, message)| (field.clone(), listed(message))).collect();
                json!({ "message": "Validation errors", "code": 245, "errors": errors })
            }
            Refusal::Invalid(problems) => {
                let errors: Map<String, Value> = problems
                    .iter()
                    .map(|(pointer, message)| (pointer.clone(), json!({ "message": message })))
                    .collect();
                let first = problems.first().map_or("", |(_, message)| message);
                json!({
                    "message": "Validation errors", "human_readable_error": first, "errors": errors, "extra": [],
                    "code": 245,
                })
            }
            Refusal::Other(StatusCode::INTERNAL_SERVER_ERROR) => {
                json!({ "message": "Server error", "code": 107 })
            }
            Refusal::Other(status) => json!({ "message": status.canonical_reason().unwrap_or("Error") }),
        }
    }
}

/// The refusal that Nimble sends with a status.
pub(super) fn native(status: StatusCode) -> Response {
    let refusal = match status {
        StatusCode::FORBIDDEN => Refusal::Forbidden,
        StatusCode::NOT_FOUND => Refusal::NotFound("contact", "000000000000000000000000".to_owned()),
        StatusCode::NOT_ACCEPTABLE => Refusal::Against("This can't be done".to_owned()),
        StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => {
            Refusal::Fields(vec![("first name".to_owned(), "is required".to_owned())])
        }
        StatusCode::UNAUTHORIZED => return (status, Json(Refusal::Unauthenticated.body())).into_response(),
        other => Refusal::Other(other),
    };
    (status, Json(refusal.body())).into_response()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status(), Json(self.body())).into_response()
    }
}
