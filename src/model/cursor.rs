//! Cursors: where a list goes on, sealed so that only the gateway can read or make one.
//!
//! A cursor opens only for the account, resource and filters that it was made for. Anything else (a changed
//! byte, another account's cursor, other filters) is the caller's error, never a wrong page.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::crypto::KeyRing;
use crate::error::{Error, Result};

/// What a cursor belongs to.
#[derive(Debug, Clone)]
pub struct Binding(Vec<u8>);

impl Binding {
    /// `owner` is the account or environment, `operation` names the call (`unified crm/contacts`), `selection`
    /// is everything that decides which records the list has, without page size and position.
    pub fn new(owner: impl Into<Uuid>, operation: &str, selection: &serde_json::Value) -> Self {
        let digest = Sha256::new()
            .chain_update(owner.into().as_bytes())
            .chain_update([0])
            .chain_update(operation.as_bytes())
            .chain_update([0])
            .chain_update(selection.to_string().as_bytes())
            .finalize();
        Binding(digest.to_vec())
    }
}

/// Seals and opens cursors.
#[derive(Debug, Clone)]
pub struct CursorKeys(Arc<KeyRing>);

impl CursorKeys {
    /// Cursors under these master keys.
    pub fn new(keys: Arc<KeyRing>) -> Self {
        CursorKeys(keys)
    }

    /// Seals where a list goes on.
    pub fn seal<T: Serialize>(&self, binding: &Binding, position: &T) -> Result<String> {
        let plain = serde_json::to_vec(position).map_err(Error::internal)?;
        self.0.seal_text(&plain, &binding.0).map_err(Error::internal)
    }

    /// Opens a cursor that a caller sent.
    pub fn open<T: DeserializeOwned>(&self, binding: &Binding, cursor: &str) -> Result<T> {
        let refused = || {
            Error::invalid_field(
                "next_cursor",
                "is not a cursor of this list; send one exactly as it was received, with the same account and filters, \
                 or none for the first page",
            )
        };
        let plain = self.0.open_text(cursor, &binding.0).map_err(|_| refused())?;
        serde_json::from_slice(&plain).map_err(|_| refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::AccountId;
    use serde_json::json;

    #[test]
    fn a_cursor_opens_only_for_its_own_list() {
        let keys = CursorKeys::new(Arc::new(KeyRing::parse(&KeyRing::generate().unwrap()).unwrap()));
        let account = AccountId::new();
        let binding = Binding::new(account, "unified crm/contacts", &json!({"name": "x"}));
        let cursor = keys.seal(&binding, &json!({"page": 2})).unwrap();
        assert_eq!(keys.open::<serde_json::Value>(&binding, &cursor).unwrap(), json!({"page": 2}));
        for other in [
            Binding::new(AccountId::new(), "unified crm/contacts", &json!({"name": "x"})),
            Binding::new(account, "unified crm/accounts", &json!({"name": "x"})),
            Binding::new(account, "unified crm/contacts", &json!({"name": "y"})),
        ] {
            let error = keys.open::<serde_json::Value>(&other, &cursor).unwrap_err();
            assert_eq!(error.status(), 400);
        }
    }
}
