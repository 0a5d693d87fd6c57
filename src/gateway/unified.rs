//! Unified calls: list, get, create, update, delete.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::evaluate::Surroundings;
use super::{Gateway, MOST_EMPTY_PAGES};
use crate::account::Account;
use crate::adapter::{Call, Position};
use crate::error::{Error, Result};
use crate::mapping::Cell;
use crate::mapping::catalog::{NativeCall, Support};
use crate::model::{Binding, Method, Operation, Page, Record, Resource};

/// What a unified call answers.
#[derive(Debug)]
pub enum Answer {
    /// A page of a list.
    Page(Page<Record>),
    /// One record.
    Record(Record),
    /// The id of a record that is no more.
    Deleted(String),
}

/// One unified call on its way.
struct Run<'a> {
    gateway: &'a Gateway,
    account: &'a Arc<Account>,
    resource: Arc<Resource>,
    cell: Arc<Cell>,
    operation: Arc<Operation>,
    surroundings: Surroundings,
    deadline: Instant,
}

impl Gateway {
    /// Serves a unified request for an account.
    pub async fn unified(&self, account: &Arc<Account>, operation: Operation) -> Result<Answer> {
        let method = operation.method;
        let effective = self.effective(account, &operation.model, &operation.resource, method).await?;
        let cell = match effective.support {
            Support::Served(cell) => cell,
            Support::Unsupported(reason) => {
                return Err(account.provider.unsupported(&operation.path(), method, &reason));
            }
        };
        account.provider.check(&cell, &operation)?;
        let resource = effective.resource;
        let operation = Arc::new(operation);
        let surroundings = Surroundings {
            operation: operation.clone(),
            context: account.row.context.clone(),
            before: None,
            now_millis: self.clock.unix_millis(),
        };
        let deadline = self.deadline();
        let mut run = Run { gateway: self, account, resource, cell, operation, surroundings, deadline };
        match run.operation.method {
            Method::List => run.list().await.map(Answer::Page),
            Method::Get => run.get().await.map(Answer::Record),
            Method::Create => run.create().await.map(Answer::Record),
            Method::Update => run.update().await.map(Answer::Record),
            Method::Delete => run.delete().await.map(Answer::Deleted),
        }
    }
}

impl Run<'_> {
    async fn list(&self) -> Result<Page<Record>> {
        let mut call = self.call().await?;
        call.body = self.body().await?.map(|body| encode(&body)).transpose()?;
        let binding = self.binding();
        let cursors = &self.gateway.cursors;
        let mut position: Position = match &self.operation.cursor {
            Some(cursor) => cursors.open(&binding, cursor)?,
            None => self.account.adapter.first(&call, self.operation.limit)?,
        };
        for _ in 0..MOST_EMPTY_PAGES {
            call.position = Some(position);
            let reply = self.gateway.send(self.account, call.clone(), self.deadline).await?;
            let page = self.account.adapter.page(&call, &reply)?;
            let records =
                self.gateway.records(&self.cell, &self.resource, &self.surroundings, page.records).await?;
            match page.next {
                // An empty page with a cursor behind it would stop clients that take it for the end.
                Some(next) if records.is_empty() => position = next,
                next => {
                    let next_cursor = next.map(|next| cursors.seal(&binding, &next)).transpose()?;
                    return Ok(Page { records, next_cursor });
                }
            }
        }
        Err(Error::new(
            crate::error::Kind::Garbled,
            format!("{} gave {MOST_EMPTY_PAGES} pages in a row without a record that fits.", self.label()),
        ))
    }

    async fn get(&self) -> Result<Record> {
        let mut call = self.call().await?;
        call.id = Some(self.existing_id()?);
        let reply = self.gateway.send(self.account, call.clone(), self.deadline).await?;
        self.record(self.account.adapter.record(&call, &reply)?).await?.ok_or_else(|| self.missing())
    }

    async fn create(&self) -> Result<Record> {
        let mut call = self.call().await?;
        call.body = Some(encode(&self.body().await?.unwrap_or_else(|| json!({})))?);
        let reply = self.gateway.send(self.account, call.clone(), self.deadline).await?;
        self.written(self.account.adapter.record(&call, &reply)?).await
    }

    async fn update(&mut self) -> Result<Record> {
        let id = self.existing_id()?;
        let current = self.before(&id).await?;
        let mut call = self.call().await?;
        call.id = Some(id);
        let desired = self.body().await?.unwrap_or_else(|| json!({}));
        let nothing = Map::new();
        let before = self.surroundings.before.as_ref().unwrap_or(&nothing);
        let amended = match &self.operation.passthrough {
            Some(_) => Some(desired),
            None => self.account.adapter.amend(&self.cell.native, desired, before)?,
        };
        match (amended, current) {
            (None, Some(current)) => self.written(current).await,
            (None, None) => {
                Err(Error::internal(format!("{} has nothing to send and nothing to show", self.cell.name)))
            }
            (Some(body), _) => {
                call.body = Some(encode(&body)?);
                let reply = self.gateway.send(self.account, call.clone(), self.deadline).await?;
                self.written(self.account.adapter.record(&call, &reply)?).await
            }
        }
    }

    async fn delete(&mut self) -> Result<String> {
        let id = self.existing_id()?;
        self.before(&id).await?;
        let mut call = self.call().await?;
        call.id = Some(id.clone());
        self.gateway.send(self.account, call, self.deadline).await?;
        Ok(id)
    }

    /// Makes the calls that go before, and refuses an id that turns out to be of another kind. Gives the record
    /// that the first of them found.
    async fn before(&mut self, id: &str) -> Result<Option<Box<RawValue>>> {
        if self.cell.before.is_empty() {
            return Ok(None);
        }
        let mut found = Map::new();
        let mut first = None;
        for (name, native) in &self.cell.before {
            let mut call = Call::new(native.clone());
            call.id = Some(id.to_owned());
            let reply = self.gateway.send(self.account, call.clone(), self.deadline).await?;
            let record = self.account.adapter.record(&call, &reply)?;
            found.insert(name.clone(), whole(&reply.body)?);
            first.get_or_insert(record);
        }
        self.surroundings.before = Some(found);
        if let Some(exists) = &self.cell.exists {
            let answer = self.gateway.slot(exists, &self.surroundings).await?;
            if answer != Some(Value::Bool(true)) {
                return Err(self.missing());
            }
        }
        Ok(first)
    }

    /// The native call with its query; what the caller sends in `remote_query` wins.
    async fn call(&self) -> Result<Call> {
        let native: NativeCall = self.cell.native.clone();
        let mut call = Call::new(native);
        if let Some(mapping) = &self.cell.query_mapping {
            match self.gateway.slot(mapping, &self.surroundings).await? {
                None | Some(Value::Null) => {}
                Some(Value::Object(query)) => call.query = query,
                Some(_) => return Err(Error::internal(format!("{} gives no object", mapping.name()))),
            }
        }
        call.query.extend(self.operation.remote_query.clone());
        Ok(call)
    }

    /// The native body; what the caller sends in `remote_data` is laid over it.
    async fn body(&self) -> Result<Option<Value>> {
        if let Some(body) = &self.operation.passthrough {
            return Ok(Some(body.clone()));
        }
        let Some(mapping) = &self.cell.request_body_mapping else {
            return Ok(self.operation.remote_data.clone());
        };
        let mut body = self.gateway.slot(mapping, &self.surroundings).await?.unwrap_or_else(|| json!({}));
        if let Some(remote_data) = self.operation.remote_data.clone() {
            merge(&mut body, remote_data);
        }
        Ok(Some(body))
    }

    async fn record(&self, native: Box<RawValue>) -> Result<Option<Record>> {
        let mut records =
            self.gateway.records(&self.cell, &self.resource, &self.surroundings, vec![native]).await?;
        Ok(records.pop())
    }

    /// The record that a write left behind.
    async fn written(&self, native: Box<RawValue>) -> Result<Record> {
        self.record(native).await?.ok_or_else(|| {
            Error::new(
                crate::error::Kind::Garbled,
                format!(
                    "{} answered the write with a record that is no {}.",
                    self.label(),
                    self.resource.singular
                ),
            )
        })
    }

    fn existing_id(&self) -> Result<String> {
        let id =
            self.operation.id.clone().ok_or_else(|| Error::invalid_field("id", "is needed in the path"))?;
        if self.account.provider.may_have(&id) { Ok(id) } else { Err(self.missing()) }
    }

    fn missing(&self) -> Error {
        Error::not_found(format!("{} has no {} with this id.", self.label(), self.resource.singular))
    }

    fn label(&self) -> &str {
        &self.account.provider.manifest.label
    }

    fn binding(&self) -> Binding {
        let selection =
            json!({ "filters": self.operation.filters, "remote_query": self.operation.remote_query });
        Binding::new(self.account.id, &format!("unified {}", self.operation.path()), &selection)
    }
}

/// Lays `over` onto `value`: objects member by member, anything else whole.
fn merge(value: &mut Value, over: Value) {
    match (value, over) {
        (Value::Object(value), Value::Object(over)) => {
            for (key, inner) in over {
                merge(value.entry(key).or_insert(Value::Null), inner);
            }
        }
        (value, over) => *value = over,
    }
}

fn encode(body: &Value) -> Result<Bytes> {
    serde_json::to_vec(body).map(Bytes::from).map_err(Error::internal)
}

fn whole(body: &[u8]) -> Result<Value> {
    serde_json::from_slice(body).map_err(Error::internal)
}
