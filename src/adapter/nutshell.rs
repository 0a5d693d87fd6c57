//! What is Nutshell's own: one account and one credential on two wires.
//!
//! Operations with an `rpc` are methods of JSON-RPC at one endpoint. Nutshell's documentation has their errors come
//! inside a 200, and a client in production met one inside a 400, so the body is read before the status is believed.
//! The others are REST, whose ids carry their type (`15-accounts`): an id is taken with or without it, and the
//! manifest's paths add it again.
//!
//! What limits Nutshell has is published nowhere, nor how it says that one is reached. Whatever looks like it is told
//! as such, with a wait of our own.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::call::{Call, NativePage, Reply};
use super::jsonrpc::{self, Outcome};
use super::rest::Rest;
use super::{Adapter, envelope, nutshell_edits};
use crate::error::{Error, Fault, Kind, Result, Retry};
use crate::mapping::catalog::NativeCall;

/// How long to stay away when a limit is reached and Nutshell doesn't say for how long.
const PAUSE: Duration = Duration::from_secs(30);

/// Nutshell's two wires.
#[derive(Debug)]
pub struct Nutshell(pub Rest);

impl Adapter for Nutshell {
    fn rest(&self) -> &Rest {
        &self.0
    }

    fn request(&self, call: &Call) -> Result<http::Request<Bytes>> {
        let id = call.id.as_deref().map(plain_id);
        let Some(rpc) = &call.native.facts.rpc else {
            return self.0.request(&Call { id: id.map(str::to_owned), ..call.clone() });
        };
        let body = jsonrpc::request(rpc, &self.0.query(call), id, call.body.as_ref())?;
        self.0.request_to(&self.0.plain_url(call), call, Some(body))
    }

    fn reply(&self, call: &Call, response: http::Response<Bytes>, now: OffsetDateTime) -> Result<Reply> {
        let paused = |error: Error| match (error.kind(), error.retries()) {
            (Kind::RateLimited, Retry::Later(None)) => error.retry(Retry::Later(Some(PAUSE))),
            _ => error,
        };
        if !self.is_rpc(call) || response.status() == StatusCode::NOT_MODIFIED {
            return self.0.reply(call, response, now).map_err(paused);
        }
        let (mut parts, body) = response.into_parts();
        let outcome = jsonrpc::outcome(&body, parts.status);
        if let Outcome::Refused(status) = outcome {
            parts.status = status;
        }
        let status = parts.status;
        let reply = self.0.reply(call, http::Response::from_parts(parts, body), now).map_err(paused)?;
        // A deletion answers true; nothing else tells that it was carried out.
        let tells_all = call.native.facts.response_path.is_none() && call.native.facts.rpc.is_some();
        match outcome {
            Outcome::Foreign => Err(self.0.garbled(call, &reply, "it is no answer of JSON-RPC")),
            Outcome::Done(false) if tells_all => {
                Err(self.0.garbled(call, &reply, "it doesn't say that anything was done"))
            }
            Outcome::Refused(_) => Err(Error::internal(format!("an error became a success: {status}"))),
            Outcome::Done(_) => Ok(reply),
        }
    }

    /// JSON-RPC puts any error inside a 200.
    fn judges_bodies(&self, call: &Call) -> bool {
        self.is_rpc(call)
    }

    /// REST's lists stand under their own name, or, in some places of its documentation, bare. A bare list of nothing
    /// is not taken for one: it may be anything.
    fn page<'r>(&self, call: &Call, reply: &'r Reply) -> Result<NativePage<'r>> {
        let inside = reply.body.trim_ascii_start().strip_prefix(b"[").map(<[u8]>::trim_ascii_start);
        let bare = inside.is_some_and(|inside| inside.starts_with(b"{"));
        if call.native.facts.rpc.is_some() || !bare {
            return self.0.page(call, reply);
        }
        let mut call = call.clone();
        Arc::make_mut(&mut call.native.facts).response_path = Some(String::new());
        self.0.page(&call, reply)
    }

    /// A record of REST's comes as a list of one.
    fn record(&self, call: &Call, reply: &Reply) -> Result<Box<RawValue>> {
        let path = call.native.facts.response_path.as_deref().unwrap_or_default();
        if call.native.facts.rpc.is_some() {
            return self.0.record(call, reply);
        }
        match envelope::items(&reply.body, path, false) {
            Ok(Some(items)) if items.len() == 1 => Ok(items[0].to_owned()),
            Ok(Some(items)) if items.is_empty() => {
                let message = format!("{} has no such record.", self.0.label());
                let fault = Fault { status: StatusCode::NOT_FOUND, ..self.0.fault_of(reply) };
                Err(Error::not_found(message).with_fault(fault))
            }
            _ => self.0.record(call, reply),
        }
    }

    /// Of an edit, what differs from what the step `current` found.
    fn amend(&self, native: &NativeCall, desired: Value, before: &Value) -> Result<Option<Value>> {
        match before.get("current").and_then(Value::as_object) {
            Some(current) if native.method == "update" && native.facts.rpc.is_some() => {
                Ok(nutshell_edits::amend(desired, current))
            }
            _ => Ok(Some(desired)),
        }
    }
}

impl Nutshell {
    /// Whether a call's answer is one of JSON-RPC: of a method, or of whatever a caller sent to their endpoint.
    fn is_rpc(&self, call: &Call) -> bool {
        let path = call.path.as_ref().unwrap_or(&call.native.facts.path);
        call.native.facts.rpc.is_some() || self.0.manifest().rpc_path.as_ref() == Some(path)
    }
}

/// `15` of `15-accounts`; anything else as it is.
fn plain_id(id: &str) -> &str {
    match id.split_once('-') {
        Some((number, kind))
            if !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit())
                && !kind.is_empty()
                && kind.bytes().all(|byte| byte.is_ascii_alphabetic()) =>
        {
            number
        }
        _ => id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_with_its_type_is_the_plain_one() {
        for (id, plain) in [
            ("15-accounts", "15"),
            ("15", "15"),
            ("1-activityTypes", "1"),
            ("-accounts", "-accounts"),
            ("15-", "15-"),
            ("15-a b", "15-a b"),
            ("x-accounts", "x-accounts"),
        ] {
            assert_eq!(plain_id(id), plain);
        }
    }
}
