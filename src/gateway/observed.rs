//! What becomes of every unified, proxy and custom call: for the metrics, and for the log of calls.
//!
//! Around the use cases and not around routes, so that the calls of a batch and of a tool count like those of a route. A
//! request that can't be understood, or that names no account that can be called for, is no call yet.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Gateway;
use super::custom::CustomAnswer;
use super::proxy::ProxyAnswer;
use super::unified::Answer;
use super::waiting::{Noted, Waiting};
use crate::account::Account;
use crate::error::{Error, Kind, Result};
use crate::mapping::manifest::Verb;
use crate::model::{Operation, record};
use crate::telemetry::metrics::{self, Interface};

/// Stands for a resource or method that the provider doesn't have: a caller's text is no label.
const UNKNOWN: &str = "unknown";

/// A call, as far as it is observed.
pub(super) struct Asked {
    interface: Interface,
    /// `crm/contacts`, or the vendor's own.
    resource: String,
    method: String,
    /// The record that the path names.
    id: Option<String>,
}

impl Asked {
    pub(super) fn unified(operation: &Operation) -> Self {
        let (resource, method) = (operation.path(), operation.method.as_str().to_owned());
        Asked { interface: Interface::Unified, resource, method, id: operation.id.clone() }
    }

    /// A proxy call, under names that the provider has.
    pub(super) fn proxy(account: &Account, [resource, method]: [&str; 2], id: Option<&String>) -> Self {
        let known = account.provider.manifest.resources.get(resource);
        let is_known = known.is_some_and(|known| known.methods.contains_key(method));
        let [resource, method] = if is_known { [resource, method] } else { [UNKNOWN, UNKNOWN] };
        let (resource, method) = (resource.to_owned(), method.to_owned());
        Asked { interface: Interface::Proxy, resource, method, id: id.cloned() }
    }

    /// A custom call. Its path is the vendor's own, and of no fixed form.
    pub(super) fn custom(verb: Verb) -> Self {
        let method = verb.http().as_str().to_ascii_lowercase();
        Asked { interface: Interface::Custom, resource: "custom".to_owned(), method, id: None }
    }

    fn http_method(&self) -> String {
        match (self.interface, self.method.as_str()) {
            (Interface::Custom, verb) => verb.to_ascii_uppercase(),
            (_, "list" | "get") => "GET".to_owned(),
            (_, "update") => "PATCH".to_owned(),
            (_, "delete") => "DELETE".to_owned(),
            (_, _) => "POST".to_owned(),
        }
    }

    /// The path of the gateway's own route, without its query.
    fn path(&self) -> String {
        let route = format!("/{}/{}", self.interface.as_str(), self.resource);
        match (&self.id, self.method.as_str()) {
            (_, "list" | "create") | (None, "get" | "update" | "delete") => route,
            (Some(id), "get" | "update" | "delete") => format!("{route}/{id}"),
            (_, _) if self.interface == Interface::Custom => route,
            (_, method) => format!("{route}/{method}"),
        }
    }
}

/// An answer that may have records to count.
pub(super) trait Counted {
    fn count(&self) -> Option<usize>;
}

impl Counted for Answer {
    fn count(&self) -> Option<usize> {
        match self {
            Answer::Page(page) => Some(page.records.len()),
            Answer::Record(_) | Answer::Deleted(_) => None,
        }
    }
}

impl Counted for ProxyAnswer {
    fn count(&self) -> Option<usize> {
        match self {
            ProxyAnswer::Page(page) => Some(page.records.len()),
            ProxyAnswer::Verbatim { .. } | ProxyAnswer::Pieces(_) | ProxyAnswer::Empty { .. } => None,
        }
    }
}

impl Counted for CustomAnswer {
    fn count(&self) -> Option<usize> {
        None
    }
}

impl Gateway {
    /// Does `work`, and counts and logs what becomes of it.
    pub(super) async fn observed<T: Counted>(
        &self,
        account: &Arc<Account>,
        asked: Asked,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let (begun, waiting) = (Instant::now(), Waiting::within());
        let outcome = waiting.during(work).await;
        let error = outcome.as_ref().err();
        let provider = &account.provider.manifest.name;
        metrics::called(asked.interface, provider, &asked.resource, &asked.method, error);
        if self.calls.keeps(error.is_some()) {
            let took = begun.elapsed();
            let count = outcome.as_ref().ok().and_then(Counted::count);
            self.calls.add([account.environment.0, account.id.0], |now| {
                let entry = Entry { account, asked: &asked, took, waiting: &waiting, count, error };
                entry.write(record::format_instant(now))
            });
        }
        outcome
    }
}

/// What there is to tell of a call.
struct Entry<'a> {
    account: &'a Account,
    asked: &'a Asked,
    took: Duration,
    waiting: &'a Waiting,
    count: Option<usize>,
    error: Option<&'a Error>,
}

impl Entry<'_> {
    /// The entry, with the contract's names.
    fn write(&self, timestamp: Option<String>) -> Value {
        let status = self.error.map_or(StatusCode::OK, Error::status);
        let row = &self.account.row;
        json!({
            "timestamp": timestamp,
            "service": "unicrm",
            "environment_id": row.environment_id,
            "integrated_account_id": row.id,
            "tenant_id": row.tenant_id,
            "integration": row.integration_name,
            "request_type": self.asked.interface.as_str(),
            "resource": self.asked.resource,
            "method": self.asked.method,
            "http_method": self.asked.http_method(),
            "http_url": self.asked.path(),
            "http_status_code": status.as_u16(),
            "http_status_category": format!("{}xx", status.as_u16() / 100),
            "duration": millis(self.took),
            "fetch_duration": millis(self.waiting.total()),
            "result_count": self.count,
            "integrated_account_needs_reauth": self.error.is_some_and(|error| error.kind() == Kind::Reauthenticate),
            "logs": self.waiting.noted().iter().map(native).collect::<Vec<Value>>(),
            "message": self.message(),
        })
    }

    /// The gateway's own words. A vendor's could repeat what was sent.
    fn message(&self) -> String {
        let label = &self.account.provider.manifest.label;
        match self.error {
            None => "ok".to_owned(),
            Some(error) => match error.fault() {
                Some(fault) => format!("{label} answered {}.", fault.status),
                None => error.message().to_owned(),
            },
        }
    }
}

fn native(noted: &Noted) -> Value {
    json!({
        "call": noted.call,
        "status": noted.status.map(|status| status.as_u16()),
        "duration": millis(noted.took),
    })
}

/// In milliseconds, to the microsecond.
fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}
