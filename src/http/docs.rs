//! `/docs`: the OpenAPI document as a page.
//!
//! The page, its style and its script are in the binary; it fetches nothing but `/openapi.json`, and its policy
//! allows nothing else.

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::extract::Segments;
use crate::error::{Error, Result};

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// `GET /docs`.
pub async fn page() -> Response {
    answer("text/html; charset=utf-8", include_str!("docs/page.html"))
}

/// `GET /docs/{asset}`: what the page is made of.
pub async fn asset(path: Segments) -> Result<Response> {
    let [name] = path.take()?;
    match name.as_str() {
        "page.css" => Ok(answer("text/css; charset=utf-8", include_str!("docs/page.css"))),
        "page.js" => Ok(answer("text/javascript; charset=utf-8", include_str!("docs/page.js"))),
        _ => Err(Error::not_found("The page has no such file.")),
    }
}

fn answer(content_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, content_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        // It changes with the binary.
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, text).into_response()
}
