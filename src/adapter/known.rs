//! Asking again for what is known: by the entity tag that came with it (RFC 9110), or by the revision that the vendor's
//! own API has for its records.
//!
//! An entity tag stands for all of an answer, so it goes first. A revision stands for the record alone; what an answer has
//! of other records beside it may be older than they are.

use http::header::{ETAG, IF_NONE_MATCH};
use http::{HeaderValue, StatusCode};
use serde_json::Value;

use super::call::{Call, Reply};
use super::envelope;
use crate::mapping::manifest::Manifest;
use crate::mapping::revisions::Revisions;

/// What is known of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Known {
    /// The entity tag that came with it.
    Tag(HeaderValue),
    /// The revision of its record.
    Revision {
        /// How the vendor takes and tells it.
        by: Revisions,
        /// As the vendor wrote it.
        rev: Value,
    },
}

impl Known {
    /// What a reply may be asked for again by; nothing where it tells neither.
    pub fn of(manifest: &Manifest, reply: &Reply) -> Option<Known> {
        if let Some(tag) = reply.headers.get(ETAG).filter(|tag| !tag.is_empty()) {
            return Some(Known::Tag(tag.clone()));
        }
        let by = manifest.revisions.clone()?;
        match member(reply, &by.told)? {
            rev @ (Value::String(_) | Value::Number(_)) => Some(Known::Revision { by, rev }),
            _ => None,
        }
    }

    /// The same call, for an answer only if there is something new.
    pub fn ask(&self, call: &Call) -> Call {
        let mut call = call.clone();
        match self {
            Known::Tag(tag) => {
                call.headers.insert(IF_NONE_MATCH, tag.clone());
            }
            Known::Revision { by, rev } => {
                call.query.insert(by.parameter.clone(), rev.clone());
            }
        }
        call
    }

    /// Whether a reply to such a call says that there is nothing new.
    pub fn is_still_so(&self, reply: &Reply) -> bool {
        match self {
            Known::Tag(_) => reply.status == StatusCode::NOT_MODIFIED,
            Known::Revision { by, .. } => member(reply, &by.unchanged) == Some(Value::Bool(true)),
        }
    }
}

fn member(reply: &Reply, path: &str) -> Option<Value> {
    let found = envelope::at(&reply.body, path).ok().flatten()?;
    serde_json::from_str(found.get()).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn by() -> Revisions {
        let own = |text: &str| text.to_owned();
        Revisions { parameter: own("rev"), told: own("result.rev"), unchanged: own("result._notModified") }
    }

    fn reply(status: u16, body: &'static str) -> Reply {
        let status = StatusCode::from_u16(status).unwrap();
        Reply { status, headers: HeaderMap::new(), body: body.into() }
    }

    #[test]
    fn only_the_vendors_word_says_that_there_is_nothing_new() {
        let known = Known::Revision { by: by(), rev: Value::from("7") };
        for (body, still_so) in [
            (r#"{"result":{"id":1,"rev":"7","_notModified":true}}"#, true),
            (r#"{"result":{"id":1,"rev":"7","_notModified":false}}"#, false),
            (r#"{"result":{"id":1,"rev":"7","name":"Ann"}}"#, false),
            ("", false),
        ] {
            assert_eq!(known.is_still_so(&reply(200, body)), still_so, "{body}");
        }
        let tag = Known::Tag(HeaderValue::from_static("\"a\""));
        assert!(tag.is_still_so(&reply(304, "")) && !tag.is_still_so(&reply(200, "{}")));
    }
}
