//! Entity tags of single records (RFC 9110): a caller who has a record already is told so, and nothing is sent again.
//!
//! The tag is of the answer's bytes, so it changes with the record, its mapping and what the caller asked to see of it. The
//! vendor is asked all the same; what that costs is the business of [`crate::gateway::revisions`].

use axum::body::to_bytes;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// Bytes of the digest that make a tag.
const BYTES: usize = 16;

/// The answer with its tag; without a body, if it is what the caller has.
pub async fn unless_known(asked: &HeaderMap, answer: Response) -> Result<Response> {
    if answer.status() != StatusCode::OK {
        return Ok(answer);
    }
    let (mut parts, body) = answer.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(Error::internal)?;
    let digest: String = Sha256::digest(&body).iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{digest}\"");
    parts.headers.insert(ETAG, HeaderValue::try_from(&tag).map_err(Error::internal)?);
    if !knows(asked, &tag) {
        return Ok(Response::from_parts(parts, body.into()));
    }
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(CONTENT_TYPE);
    parts.headers.remove(CONTENT_LENGTH);
    Ok((parts.status, parts.headers).into_response())
}

/// Whether the caller has what this tag stands for. Whether a tag is weak makes no difference here.
fn knows(asked: &HeaderMap, tag: &str) -> bool {
    let lists = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = lists.flat_map(|list| list.split(',')).map(|tag| tag.trim().trim_start_matches("W/"));
    tags.any(|known| known == tag || known == "*")
}
