//! A request as the handlers see it: its query parsed, its body read. Parameters that Nimble doesn't know it ignores.

use axum::Json;
use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::response::IntoResponse;
use http::StatusCode;
use http::header::HOST;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::Answer;
use super::refusal::Refusal;
use crate::sandbox::recorder::BODY_LIMIT;

/// An admitted request.
pub(super) struct Call {
    params: Vec<(String, String)>,
    body: Option<Value>,
    /// Its path.
    pub(super) path: String,
    /// Scheme and host that it came to.
    pub(super) origin: String,
}

impl Call {
    /// The first value of a parameter, if it isn't empty.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        let (_, value) = self.params.iter().find(|(key, _)| key == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// The items of a parameter that is a list with commas.
    pub(super) fn items(&self, name: &str) -> Option<Vec<String>> {
        Some(self.param(name)?.split(',').map(|item| item.trim().to_owned()).collect())
    }

    /// A parameter that is a flag, off unless told otherwise.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.param(name).is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"))
    }

    /// A parameter that is a number within bounds.
    pub(super) fn number(&self, name: &str, least: usize, most: usize) -> Result<Option<usize>, Refusal> {
        let Some(text) = self.param(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => Err(Refusal::wrong(&format!("{name} must be a number from {least} to {most}"))),
        }
    }

    /// The same query with other values, as text.
    pub(super) fn query_with(&self, pairs: &[(&str, String)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let kept = self.params.iter().filter(|(key, _)| pairs.iter().all(|(name, _)| name != key));
        query.extend_pairs(kept);
        query.extend_pairs(pairs);
        query.finish()
    }

    /// The body, which must be an object.
    pub(super) fn members(&self) -> Result<&Map<String, Value>, Refusal> {
        let object = self.body.as_ref().and_then(Value::as_object);
        object.ok_or_else(|| Refusal::wrong("The body must be a JSON object"))
    }

    /// The body as an object, which may be left out.
    pub(super) fn members_if_any(&self) -> Map<String, Value> {
        self.body.as_ref().and_then(Value::as_object).cloned().unwrap_or_default()
    }
}

/// A member of a body that is text and not empty.
pub(super) fn text<'b>(body: &'b Map<String, Value>, name: &str) -> Option<&'b str> {
    body.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// The same, without which the request is refused.
pub(super) fn needed<'b>(body: &'b Map<String, Value>, name: &str) -> Result<&'b str, Refusal> {
    text(body, name).ok_or_else(|| Refusal::invalid(name, &format!("{name} is required")))
}

/// A member of a body that is a list of texts.
pub(super) fn texts(body: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, Refusal> {
    let Some(value) = body.get(name) else { return Ok(None) };
    let items = value.as_array().map(|items| items.iter().map(|item| item.as_str().map(str::to_owned)));
    let texts: Option<Vec<String>> = items.and_then(Iterator::collect);
    texts.map(Some).ok_or_else(|| Refusal::invalid(name, "must be a list of texts"))
}

/// 200 with a body.
pub(super) fn ok(body: Value) -> Answer {
    Ok(Json(body).into_response())
}

/// 201 with a body.
pub(super) fn created(body: Value) -> Answer {
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// 200 without a body.
pub(super) fn empty() -> Answer {
    Ok(StatusCode::OK.into_response())
}

impl<S: Send + Sync> FromRequest<S> for Call {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Call, Refusal> {
        let (parts, body) = request.into_parts();
        let bytes = to_bytes(body, BODY_LIMIT).await.map_err(|_| Refusal::wrong("The body can't be read"))?;
        let body = match bytes.as_ref() {
            [] => None,
            bytes => Some(serde_json::from_slice(bytes).map_err(|_| Refusal::wrong("The body is not JSON"))?),
        };
        let query = parts.uri.query().unwrap_or_default();
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        Ok(Call {
            params: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            body,
            path: parts.uri.path().to_owned(),
            origin: format!("http://{host}"),
        })
    }
}
