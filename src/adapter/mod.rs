//! One provider's wire: a native call in, an HTTP request out; an HTTP response in, a reply or an error out.
//!
//! Pure: bytes in, bytes out, no clock and no socket, so that every vendor's peculiarity can be tested as a
//! function. `rest` is generic and driven by the manifest; a vendor's own file holds only what no manifest
//! can say.

mod call;
mod capsule;
mod depth;
pub mod discovery;
mod envelope;
mod form;
mod jsonrpc;
mod known;
mod nimble;
mod nutshell;
mod nutshell_edits;
mod paging;
pub mod path;
mod rest;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use url::Url;

pub use call::{Call, NativePage, Position, Quota, Reply};
pub use envelope::at as value_at;
pub use known::Known;
pub use rest::moved;

use crate::error::Result;
use crate::mapping::Provider;
use crate::mapping::catalog::NativeCall;
use crate::mapping::manifest::AdapterName;

/// A provider's wire. Everything has the generic answer; a vendor overrides what is peculiar to it.
pub trait Adapter: Send + Sync + std::fmt::Debug {
    /// The generic wire underneath.
    fn rest(&self) -> &rest::Rest;

    /// The HTTP request of a call, without its credential.
    fn request(&self, call: &Call) -> Result<http::Request<Bytes>> {
        self.rest().request(call)
    }

    /// The reply that a response holds, or the error that it stands for. `now` dates the vendor's resets.
    fn reply(&self, call: &Call, response: http::Response<Bytes>, now: OffsetDateTime) -> Result<Reply> {
        self.rest().reply(call, response, now)
    }

    /// Whether it takes the body to tell what a success of the vendor's is, so that the answer has to be read whole.
    fn judges_bodies(&self, _call: &Call) -> bool {
        false
    }

    /// Where a list begins, given the caller's page size and the call's own query.
    fn first(&self, call: &Call, limit: Option<u32>) -> Result<Position> {
        self.rest().first(call, limit)
    }

    /// The records of a list's reply, and where the list goes on.
    fn page<'r>(&self, call: &Call, reply: &'r Reply) -> Result<NativePage<'r>> {
        self.rest().page(call, reply)
    }

    /// The one record of a reply.
    fn record(&self, call: &Call, reply: &Reply) -> Result<Box<RawValue>> {
        self.rest().record(call, reply)
    }

    /// The body to send so that the record ends up as `desired`, knowing what the steps before found; `None` if
    /// it is so already.
    fn amend(&self, _native: &NativeCall, desired: Value, _before: &Value) -> Result<Option<Value>> {
        Ok(Some(desired))
    }
}

/// The wire of a provider. `origin` replaces scheme, host and port of its base URL.
pub fn adapter(provider: &Arc<Provider>, origin: Option<&Url>) -> Result<Arc<dyn Adapter>> {
    let rest = rest::Rest::new(provider.clone(), origin)?;
    Ok(match provider.manifest.adapter {
        AdapterName::Rest => Arc::new(rest),
        AdapterName::Capsule => Arc::new(capsule::Capsule(rest)),
        AdapterName::Nimble => Arc::new(nimble::Nimble(rest)),
        AdapterName::Nutshell => Arc::new(nutshell::Nutshell(rest)),
    })
}
