//! What vendors send of their own accord when records change: from a delivery to events with unified records.
//!
//! A vendor that signs nothing can only be told by the address that it sends to, so an account's address ends in a token
//! that nobody else can make. The provider's own expression says what a delivery tells of; the record itself is then read
//! anew, because a delivery holds it as it was, and not whole. A record that can't be read for the moment is no reason to
//! lose the event: it goes without, with what the vendor sent and why.

use std::sync::Arc;

use futures::stream::{self, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::Gateway;
use super::unified::Answer;
use crate::account::Account;
use crate::error::{Error, Kind, Result};
use crate::ids::{AccountId, EnvironmentId};
use crate::mapping::expression::Scope;
use crate::model::request::Received;
use crate::model::{Binding, Method, Query};

/// Events of one delivery at most.
const MOST_EVENTS: usize = 1000;

/// Records that are read at once.
const AT_ONCE: usize = 4;

/// What a vendor sent.
#[derive(Debug)]
pub struct Delivery {
    /// As JSON.
    pub body: Value,
    /// Names in lower case.
    pub headers: Value,
    /// Without the token.
    pub query: Map<String, Value>,
}

/// What a delivery tells of one record.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    event: What,
    resource: String,
    #[serde(deserialize_with = "id")]
    id: String,
    #[serde(default)]
    data: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Created,
    Updated,
    Deleted,
}

/// An event as it is kept.
#[derive(Debug, Serialize)]
struct Happened {
    event: &'static str,
    resource: String,
    id: String,
    /// The unified record; null of one that is gone or can't be read.
    record: Option<Box<RawValue>>,
    /// What the vendor sent of it.
    remote_data: Option<Value>,
    /// Why there is no record.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl What {
    fn name(self) -> &'static str {
        match self {
            What::Created => "record:created",
            What::Updated => "record:updated",
            What::Deleted => "record:deleted",
        }
    }
}

fn id<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(id) => Ok(id),
        Value::Number(id) => Ok(id.to_string()),
        _ => Err(serde::de::Error::custom("an id is text or a number")),
    }
}

impl Gateway {
    /// The token that ends the address of an account. There are many; each is good until its master key is taken out.
    pub fn inbound_token(&self, environment: EnvironmentId, account: AccountId) -> Result<String> {
        self.cursors.seal(&address_of(account), &environment)
    }

    /// The account of an address, if the token belongs to it and the account is still there.
    pub async fn addressee(&self, account: AccountId, token: &str) -> Result<Arc<Account>> {
        let unknown = || Error::not_found("There is no such address.");
        let environment: EnvironmentId =
            self.cursors.open(&address_of(account), token).map_err(|_| unknown())?;
        let found = self.accounts.load(environment, account).await;
        found.map_err(|error| if error.kind() == Kind::NotFound { unknown() } else { error })
    }

    /// Keeps what a delivery tells. Gives how many events it holds; none is no error, for vendors send more than the
    /// unified model has.
    pub async fn receive(&self, account: &Arc<Account>, delivery: Delivery) -> Result<usize> {
        let told = self.told(account, delivery).await?;
        let many = told.len();
        if many > 0 {
            self.revisions.forget(account.id);
        }
        let happened = told.into_iter().map(|told| self.happened(account, told));
        let happened: Vec<Happened> = stream::iter(happened).buffered(AT_ONCE).collect().await;
        let events = happened.iter().map(|event| to_raw_value(event).map_err(Error::internal));
        let events = events.collect::<Result<Vec<_>>>()?;
        if !events.is_empty() {
            self.events.add(account.environment, account.id, events).await?;
        }
        Ok(many)
    }

    async fn told(&self, account: &Arc<Account>, delivery: Delivery) -> Result<Vec<Told>> {
        let label = &account.provider.manifest.label;
        let expression = account.provider.webhook_events.clone().ok_or_else(|| {
            Error::new(
                Kind::Unsupported,
                format!("{label} sends nothing of its own accord that unicrm understands."),
            )
        })?;
        let scope = Scope::new()
            .at(self.clock.unix_millis())
            .with("body", delivery.body)
            .with("headers", delivery.headers)
            .with("query", delivery.query);
        let name = expression.name().to_owned();
        let found = self.evaluated(&expression, scope).await?;
        let failed = |why: String| {
            Error::new(Kind::Mapping, format!("The mapping {name} failed on a delivery: {why}"))
        };
        let found = match found.map_err(|error| failed(error.to_string()))? {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(single) => vec![single],
        };
        if found.len() > MOST_EVENTS {
            let message = format!(
                "A delivery may tell of {MOST_EVENTS} records, and this one tells of {}.",
                found.len()
            );
            return Err(Error::invalid(message));
        }
        let told = found.into_iter().map(serde_json::from_value).collect::<serde_json::Result<Vec<Told>>>();
        told.map_err(|error| failed(format!("it must give a list of {{event, resource, id, data}}: {error}")))
    }

    async fn happened(&self, account: &Arc<Account>, told: Told) -> Happened {
        let (record, error) = match told.event {
            What::Deleted => (None, None),
            What::Created | What::Updated => match Box::pin(self.record_now(account, &told)).await {
                Ok(record) => (Some(record), None),
                Err(error) => (None, Some(error.message().to_owned())),
            },
        };
        let Told { event, resource, id, data } = told;
        Happened { event: event.name(), resource, id, record, remote_data: data, error }
    }

    /// The unified record as a get of its own would answer it.
    async fn record_now(&self, account: &Arc<Account>, told: &Told) -> Result<Box<RawValue>> {
        let (model, name) = told.resource.split_once('/').unwrap_or((&told.resource, ""));
        let resource = self.effective(account, model, name, Method::Get).await?.resource;
        let (resource, method, id) = (resource.as_ref(), Method::Get, Some(told.id.clone()));
        let query = Query(Map::new());
        let operation = Received { model, name, resource, method, id, query, body: None }.understand()?;
        match self.unified(account, operation).await? {
            Answer::Record(record) => {
                let mut text = Vec::new();
                record.write(&mut text);
                let text = String::from_utf8(text).map_err(Error::internal)?;
                RawValue::from_string(text).map_err(Error::internal)
            }
            Answer::Page(_) | Answer::Deleted(_) => Err(Error::internal("a get answered something else")),
        }
    }
}

fn address_of(account: AccountId) -> Binding {
    Binding::new(account, "inbound webhook", &Value::Null)
}
