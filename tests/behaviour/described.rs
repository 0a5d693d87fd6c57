//! What the suite has to be told of a resource at a vendor. Everything else it computes.

use futures::future::LocalBoxFuture;
use serde_json::Value;
use unicrm::model::Method;

use crate::support::twin::Twin;

/// A vendor, whatever the resource.
pub struct Vendor {
    /// The provider's name.
    pub provider: &'static str,
    /// The context of an account by `api_key` that the vendor takes.
    pub context: fn() -> Value,
    /// The header, and its value at this instant, by which the vendor says to come back in two minutes.
    pub two_minutes: fn(i64) -> (&'static str, i64),
    /// The status that callers see where the vendor says 409.
    pub conflict: u16,
    /// The vendor's words in a 401.
    pub unauthenticated: &'static str,
    /// The vendor's words in a 403.
    pub forbidden: &'static str,
    /// The vendor's words in a 404.
    pub missing: &'static str,
    /// Whether the vendor's REST refuses with pages for people, which say none of this.
    pub refuses_with_pages: bool,
    /// What the caller is to be told of the fields when the sandbox is made to answer 422.
    pub invalid: fn() -> Value,
}

/// A unified resource as one vendor has it.
pub struct Described {
    /// The provider's name.
    pub provider: &'static str,
    /// The unified resource: `crm/contacts`.
    pub resource: &'static str,
    /// Every record of it that the vendor has, as the vendor's own API gives it to the gateway.
    pub records: for<'a> fn(&'a Twin) -> LocalBoxFuture<'a, Vec<Value>>,
    /// One of them, if it is there.
    pub record: for<'a> fn(&'a Twin, &'a str) -> LocalBoxFuture<'a, Option<Value>>,
    /// The id of a record of another kind that is reached by the same native operation, where there is such a thing.
    pub stranger: Option<Stranger>,
    /// An id that could be a record's and isn't.
    pub missing: &'static str,
    /// An id that no record of the vendor's can have.
    pub impossible: &'static str,
    /// The unified id of a record of the vendor's.
    pub id: fn(&Value) -> String,
    /// The query parameters that every request of a method needs.
    pub beside: fn(Method) -> &'static str,
    /// Fields of which a list may say less than a single record does.
    pub shorter_in_lists: &'static [&'static str],
    /// Whether a list comes of one kind of native list. Where it comes of several, nothing in one isn't nothing in all.
    pub one_source: bool,
    /// The vendor's answer to the list's native call when there is nothing.
    pub empty: fn() -> Value,
    /// For each filter that is served, how to tell what it must find.
    pub filters: &'static [Filter],
    /// Filters that the sandbox's records can't tell of; tests beside this suite do.
    pub filters_aside: &'static [&'static str],
    /// For each filter by instants, where the vendor's record has the instant.
    pub instants: &'static [Instant],
    /// Whether a record of the vendor's is free of ties that would make the vendor refuse a change.
    pub free: fn(&Value) -> bool,
    /// Whether the vendor's having no such list is made up for.
    pub copes_with_404: bool,
    /// Whether what was created can be read again, and is the same then.
    pub created_is_read: bool,
    /// Present where something can be written.
    pub writes: Option<Writes>,
}

impl Described {
    /// What most resources have in common; the rest is up to each.
    pub const fn usual(
        provider: &'static str,
        resource: &'static str,
        records: for<'a> fn(&'a Twin) -> LocalBoxFuture<'a, Vec<Value>>,
        record: for<'a> fn(&'a Twin, &'a str) -> LocalBoxFuture<'a, Option<Value>>,
    ) -> Described {
        Described {
            provider,
            resource,
            records,
            record,
            stranger: None,
            missing: "999999999",
            impossible: "not-a-number",
            id: crate::case::id,
            beside: |_| "",
            shorter_in_lists: &[],
            one_source: true,
            empty: || Value::Null,
            filters: &[],
            filters_aside: &[],
            instants: &[],
            free: |_| true,
            copes_with_404: false,
            created_is_read: true,
            writes: None,
        }
    }
}

/// A record of another kind.
pub struct Stranger {
    /// Its id.
    pub id: for<'a> fn(&'a Twin) -> LocalBoxFuture<'a, String>,
    /// Whether it is still at the vendor, unchanged or not.
    pub record: for<'a> fn(&'a Twin, &'a str) -> LocalBoxFuture<'a, Option<Value>>,
}

/// How a filter is to work.
pub struct Filter {
    /// In the caller's spelling.
    pub name: &'static str,
    /// A value that fits some of the vendor's records, but not all.
    pub value: fn(&[Value]) -> String,
    /// Whether a record of the vendor's fits a value.
    pub keeps: fn(&Value, &str) -> bool,
}

/// A filter that compares instants, served with each of the operators of an order.
pub struct Instant {
    /// In the caller's spelling, without the operator.
    pub name: &'static str,
    /// The instant of a record of the vendor's, or null.
    pub of: fn(&Value) -> Value,
}

/// How a resource is written.
pub struct Writes {
    /// The fields that are named when a new record has none at all; empty where the vendor is left to say so.
    pub needs: &'static [&'static str],
    /// Fields that the sample leaves out because they can't go with the others; tests beside this suite write them.
    pub aside: &'static [&'static str],
    /// A body with every field that can be written, and what the vendor has of it then.
    pub sample: for<'a> fn(&'a Twin) -> LocalBoxFuture<'a, Sample>,
    /// For each field, which members of the vendor's record a change of it may touch.
    pub touches: &'static [(&'static str, &'static [&'static str])],
    /// Members of the vendor's record that every change touches.
    pub always: &'static [&'static str],
    /// Fields that null doesn't clear: the vendor insists on them.
    pub insists: &'static [&'static str],
    /// Fields that hold a list.
    pub collections: &'static [Collection],
}

/// A write, and what comes of it.
pub struct Sample {
    /// The unified body.
    pub body: Value,
    /// What the vendor's record must then hold, among others.
    pub native: Value,
}

/// A field that holds a list.
pub struct Collection {
    /// The unified field.
    pub field: &'static str,
    /// Two items.
    pub first: fn() -> Value,
    /// What the first item is changed to, if the vendor can change one.
    pub edited: Option<fn() -> Value>,
    /// A third one.
    pub added: fn() -> Value,
    /// The vendor's items in the terms of the unified ones.
    pub native: fn(&Value) -> Vec<Value>,
}
