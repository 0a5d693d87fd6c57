//! What becomes of every unified, proxy and custom call, for the metrics.
//!
//! Around the use cases and not around routes, so that the calls of a batch and of a tool count like those of a route.

use std::sync::Arc;

use super::Gateway;
use crate::account::Account;
use crate::error::Result;
use crate::telemetry::metrics::{self, Interface};

/// Stands for a resource or method that the provider doesn't have: a caller's text is no label.
const UNKNOWN: &str = "unknown";

/// A call, as far as it is observed.
pub(super) struct Asked {
    pub(super) interface: Interface,
    /// `crm/contacts`, or the vendor's own.
    pub(super) resource: String,
    pub(super) method: String,
}

impl Asked {
    /// A proxy call, under names that the provider has.
    pub(super) fn proxy(account: &Account, resource: &str, method: &str) -> Self {
        let known = account.provider.manifest.resources.get(resource);
        let is_known = known.is_some_and(|known| known.methods.contains_key(method));
        let [resource, method] = if is_known { [resource, method] } else { [UNKNOWN, UNKNOWN] };
        Asked { interface: Interface::proxy, resource: resource.to_owned(), method: method.to_owned() }
    }
}

impl Gateway {
    /// Does `work`, and counts what becomes of it.
    pub(super) async fn observed<T>(
        &self,
        account: &Arc<Account>,
        asked: Asked,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let outcome = work.await;
        let provider = &account.provider.manifest.name;
        let error = outcome.as_ref().err();
        metrics::called(asked.interface, provider, &asked.resource, &asked.method, error);
        outcome
    }
}
