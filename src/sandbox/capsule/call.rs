//! A request as the handlers see it: admitted, its query parsed, its body read.
//!
//! Query parameters and `embed` tokens that Capsule does not know it ignores without a word, and so does the twin.

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use http::header::HOST;
use http::request::Parts;
use serde_json::Value;
use url::form_urlencoded;

use super::BASE;
use super::gate::Author;
use super::refusal::{Problem, Refusal};
use super::written::Members;
use crate::sandbox::recorder::BODY_LIMIT;

/// An admitted request.
pub(super) struct Call {
    /// The id of the user in whose name it is made.
    pub(super) author: i64,
    /// Whether it came through a registered application, by OAuth.
    pub(super) through_app: bool,
    pub(super) params: Params,
    pub(super) body: Bytes,
    origin: String,
    path: String,
}

impl Call {
    /// The address of this very request, without its query.
    pub(super) fn url(&self) -> String {
        format!("{}{BASE}{}", self.origin, self.path)
    }

    /// The address of a path of the API.
    pub(super) fn url_of(&self, path: &str) -> String {
        format!("{}{BASE}{path}", self.origin)
    }

    /// The object under the body's one key, such as `party`.
    pub(super) fn wrapped(&self, key: &'static str) -> Result<Members, Refusal> {
        let body: Value = serde_json::from_slice(&self.body).map_err(|_| Refusal::Malformed)?;
        match body {
            Value::Object(mut object) => match object.remove(key) {
                Some(Value::Object(wrapped)) => Ok(wrapped),
                Some(_) => Err(Problem::wrong_type(key, key).into()),
                None => Err(Problem::required(key, key).into()),
            },
            _ => Err(Problem::required(key, key).into()),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Call {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Call, Refusal> {
        let (parts, body) = request.into_parts();
        let author = parts.extensions.get::<Author>();
        let Author { user, through_app } = *author.ok_or(Refusal::Unauthenticated)?;
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        Ok(Call {
            author: user,
            through_app,
            params: Params::parse(parts.uri.query().unwrap_or_default()),
            body: to_bytes(body, BODY_LIMIT).await.map_err(|_| Refusal::Malformed)?,
            origin: format!("http://{}", host.unwrap_or("localhost")),
            path: parts.uri.path().to_owned(),
        })
    }
}

/// The record id in a path of one parameter. A path whose id is no number leads nowhere.
pub(super) struct Id(pub(super) i64);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Id, Refusal> {
        let path = Path::<i64>::from_request_parts(parts, state).await;
        path.map(|Path(id)| Id(id)).map_err(|_| Refusal::NotFound)
    }
}

/// The parameters of a request without any.
pub(super) static NO_PARAMS: Params = Params(Vec::new());

/// The query string's parameters, in order.
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    pub(super) fn parse(query: &str) -> Params {
        let pairs = form_urlencoded::parse(query.as_bytes());
        Params(pairs.into_owned().collect())
    }

    /// The first value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        Some(value)
    }

    /// Whether `embed` asks for this.
    pub(super) fn embeds(&self, token: &str) -> bool {
        self.get("embed").is_some_and(|list| list.split(',').any(|asked| asked.trim() == token))
    }

    /// The query string of another page of the same list.
    pub(super) fn at_page(&self, page: usize, per_page: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let kept = self.0.iter().filter(|(key, _)| key != "page" && key != "perPage");
        query.extend_pairs(kept);
        query.append_pair("page", &page.to_string());
        query.append_pair("perPage", &per_page.to_string());
        query.finish()
    }
}
