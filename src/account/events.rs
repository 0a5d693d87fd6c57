//! The log of events: what happened to an environment's accounts, in order, for a week.
//!
//! Two kinds share it: what a CRM told of an account's records (`record:created`), and what became of the account itself
//! (`integrated_account:active`); of an account that is gone only the second stays.
//!
//! An event is customers' data, so it is encrypted at rest, bound to its environment and its own id. It is written once
//! and never changed. Sending events to where a backend wants them is not this module's business.

use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::clock::Clock;
use crate::crypto::{KeyRing, Sealed};
use crate::error::{Error, Kind, Result};
use crate::ids::{AccountId, EnvironmentId, EventId};
use crate::store::Store;
use crate::store::events::{EventFilter, EventRow, NewEvent};

/// How long an event is kept.
pub const KEPT: Duration = Duration::days(7);

/// Old events that one step of a sweep deletes.
const SWEEP: i64 = 500;

/// The events of all environments.
#[derive(Clone)]
pub struct Events {
    store: Store,
    keys: Arc<KeyRing>,
    clock: Clock,
}

/// An event as it is read.
#[derive(Debug)]
pub struct Event {
    /// Its identifier; they sort by time.
    pub id: Uuid,
    /// Whose records it is about.
    pub account: Uuid,
    /// What happened.
    pub content: Value,
    /// When it was stored.
    pub created_at: OffsetDateTime,
}

impl Events {
    /// Events in a database, sealed with `keys`.
    pub fn new(store: Store, keys: Arc<KeyRing>, clock: Clock) -> Self {
        Events { store, keys, clock }
    }

    /// Adds what a CRM told of an account's records, in order: all of it or nothing.
    pub async fn add(
        &self,
        environment: EnvironmentId,
        account: AccountId,
        events: Vec<Box<RawValue>>,
    ) -> Result<()> {
        let sealed = events.iter().map(|event| self.seal(environment, event.get().as_bytes()));
        let sealed = sealed.collect::<Result<Vec<_>>>()?;
        if self.store.add_events(environment, account, sealed).await? {
            Ok(())
        } else {
            Err(Error::not_found("The account was deleted meanwhile."))
        }
    }

    /// What happened to an account, to be stored with what it is about.
    pub(super) fn of_account(
        &self,
        environment: EnvironmentId,
        name: &str,
        payload: &Value,
    ) -> Result<NewEvent> {
        self.seal(environment, json!({ "event": name, "payload": payload }).to_string().as_bytes())
    }

    fn seal(&self, environment: EnvironmentId, content: &[u8]) -> Result<NewEvent> {
        let id = EventId::new().0;
        let sealed = self.keys.seal(content, &belongs_to(environment.0, id)).map_err(Error::internal)?;
        Ok(NewEvent { id, sealed })
    }

    /// An environment's events, oldest first, after `after`.
    pub async fn list(
        &self,
        environment: EnvironmentId,
        filter: EventFilter,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<Event>> {
        let rows = self.store.events(environment, filter, after, limit).await?;
        rows.into_iter().map(|row| self.open(environment, row)).collect()
    }

    fn open(&self, environment: EnvironmentId, row: EventRow) -> Result<Event> {
        let EventRow { id, account_id, key_id, sealed, created_at } = row;
        let opened = self.keys.open(&Sealed { key_id, bytes: sealed }, &belongs_to(environment.0, id));
        let opened = opened.map_err(|error| {
            let message = "An event was stored under a key that is no longer in UNICRM_MASTER_KEYS; it goes within a week.";
            Error::new(Kind::Unavailable, message).detail(error)
        })?;
        let content = serde_json::from_slice(&opened).map_err(Error::internal)?;
        Ok(Event { id, account: account_id, content, created_at })
    }

    /// Deletes every event that has been kept long enough.
    pub async fn sweep(&self) -> Result<()> {
        while self.store.sweep_events(self.clock.now() - KEPT, SWEEP).await? > 0 {}
        Ok(())
    }
}

fn belongs_to(environment: Uuid, id: Uuid) -> [u8; 32] {
    let mut whole = [0; 32];
    whole[..16].copy_from_slice(environment.as_bytes());
    whole[16..].copy_from_slice(id.as_bytes());
    whole
}
