//! Unified calls: list, get, create, update, delete.

use std::sync::Arc;

use http::StatusCode;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Gateway;
use super::evaluate::{Extras, Found, Surroundings, headers, record_id};
use super::listing::LARGE;
use super::native::{encode, raw};
use super::observed::Asked;
use super::steps::MOST_PAGES;
use crate::account::Account;
use crate::adapter::Call;
use crate::error::{Effect, Error, Kind, Result};
use crate::mapping::Cell;
use crate::mapping::catalog::Support;
use crate::mapping::cell::{Origin, Source};
use crate::model::{Method, Operation, Page, Record, Resource};

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
pub(super) struct Run<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) account: &'a Arc<Account>,
    pub(super) resource: Arc<Resource>,
    pub(super) cell: Arc<Cell>,
    pub(super) operation: Arc<Operation>,
    pub(super) surroundings: Surroundings,
    pub(super) deadline: Instant,
}

/// A native record with the headers that it came with.
struct Native {
    record: Box<RawValue>,
    headers: Value,
}

impl Gateway {
    /// Serves a unified request for an account.
    pub async fn unified(&self, account: &Arc<Account>, operation: Operation) -> Result<Answer> {
        let asked = Asked::unified(&operation);
        self.observed(account, asked, Box::pin(self.unobserved(account, operation))).await
    }

    async fn unobserved(&self, account: &Arc<Account>, operation: Operation) -> Result<Answer> {
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
        let surroundings = Surroundings::new(&operation, &account.row.context, self.clock.unix_millis());
        let deadline = self.deadline();
        let mut run = Run { gateway: self, account, resource, cell, operation, surroundings, deadline };
        // Boxed, since the future of a call is moved about, and each of these holds many others.
        match run.operation.method {
            Method::List => Box::pin(run.list()).await.map(Answer::Page),
            Method::Get => Box::pin(run.get()).await.map(Answer::Record),
            Method::Create => Box::pin(run.create()).await.map(Answer::Record),
            Method::Update => Box::pin(run.update()).await.map(Answer::Record),
            Method::Delete => Box::pin(run.delete()).await.map(Answer::Deleted),
        }
    }
}

impl Run<'_> {
    async fn get(&mut self) -> Result<Record> {
        self.existing_id()?;
        self.before().await?;
        let cell = self.cell.clone();
        let source = self.source(&cell).await?;
        let native = self.fetch_one(source, None).await?;
        self.record(source, native).await?.ok_or_else(|| self.missing())
    }

    async fn create(&mut self) -> Result<Record> {
        self.before().await?;
        let cell = self.cell.clone();
        let source = self.source(&cell).await?;
        let body = self.body(source).await?;
        let native = self.fetch_one(source, Some(body.unwrap_or_else(|| json!({})))).await?;
        self.written(source, native).await
    }

    async fn update(&mut self) -> Result<Record> {
        self.existing_id()?;
        match Box::pin(self.update_once()).await {
            Err(error) if self.may_reread(&error).await? => {
                self.surroundings.before = Found::default();
                Box::pin(self.update_once()).await
            }
            outcome => outcome,
        }
    }

    /// Whether an update met another one, and the mapping has it made once more on top of that.
    async fn may_reread(&self, error: &Error) -> Result<bool> {
        let conflict = error.effects() == Effect::None
            && error.fault().is_some_and(|fault| fault.status == StatusCode::CONFLICT);
        match &self.cell.reread_on_conflict {
            Some(condition) if conflict => {
                self.gateway.holds(Some(condition), &self.surroundings, &Extras::new()).await
            }
            _ => Ok(false),
        }
    }

    async fn update_once(&mut self) -> Result<Record> {
        self.before().await?;
        let cell = self.cell.clone();
        let source = self.source(&cell).await?;
        let desired = self.body(source).await?.unwrap_or_else(|| json!({}));
        let native = match &source.origin {
            Origin::Records(_) => self.fetch_one(source, None).await?,
            Origin::Call(choice) => match self.amended(&self.pick(choice, &Extras::new()).await?, desired)? {
                Some(body) => self.fetch_one(source, Some(body)).await?,
                None => self.unchanged()?,
            },
        };
        self.written(source, native).await
    }

    async fn delete(&mut self) -> Result<String> {
        let id = self.existing_id()?;
        self.before().await?;
        let cell = self.cell.clone();
        let source = self.source(&cell).await?;
        let call = self.call(source).await?;
        let call = call.ok_or_else(|| Error::internal(format!("{} calls nothing", self.cell.name)))?;
        self.send(call).await?;
        let done = self.after(source, raw(&Value::Null)?).await;
        done.map_err(|error| error.effect(Effect::Possible))?;
        Ok(id)
    }

    /// What has to be sent for the record to end up as desired; nothing if it is so already.
    fn amended(&self, native: &crate::mapping::cell::NativeCall, desired: Value) -> Result<Option<Value>> {
        match &self.operation.passthrough {
            Some(_) => Ok(Some(desired)),
            None => self.account.adapter.amend(native, desired, self.surroundings.before.all()),
        }
    }

    /// The record as the `current` step found it, for an update that changes nothing.
    fn unchanged(&self) -> Result<Native> {
        let current = self.surroundings.before.get("current").ok_or_else(|| {
            Error::internal(format!("{} has nothing to send and nothing to show", self.cell.name))
        })?;
        Ok(Native { record: raw(current)?, headers: json!({}) })
    }

    /// The source that serves a method other than list: the first whose `run_if` holds.
    async fn source<'c>(&self, cell: &'c Cell) -> Result<&'c Source> {
        for source in &cell.sources {
            if self.gateway.holds(source.run_if.as_ref(), &self.surroundings, &Extras::new()).await? {
                return Ok(source);
            }
        }
        match self.operation.id {
            Some(_) => Err(self.missing()),
            None => Err(Error::new(
                Kind::Unsupported,
                format!(
                    "{} can't serve this {} of {}.",
                    self.label(),
                    self.operation.method,
                    self.operation.path()
                ),
            )),
        }
    }

    /// The record that a source's call answers, or that the source has itself.
    async fn fetch_one(&self, source: &Source, body: Option<Value>) -> Result<Native> {
        let Some(mut call) = self.call(source).await? else {
            let Origin::Records(records) = &source.origin else {
                return Err(Error::internal("a source has neither a call nor records"));
            };
            let records = self.gateway.list(records, &self.surroundings, &Extras::new()).await?;
            let first = records.first().ok_or_else(|| self.missing())?;
            return Ok(Native { record: raw(first)?, headers: json!({}) });
        };
        call.body = body.map(|body| encode(&body)).transpose()?;
        if call.native.facts.paging.is_some() {
            return self.pick_one(call).await;
        }
        let reply = self.send(call.clone()).await?;
        let record = self.account.adapter.record(&call, &reply)?;
        Ok(Native { record, headers: headers(&reply.headers) })
    }

    /// The record with the call's id among those of a list, for vendors that have no way of reading one alone.
    async fn pick_one(&self, mut call: Call) -> Result<Native> {
        let wanted = call.id.take();
        let mut position = self.account.adapter.first(&call, Some(LARGE))?;
        for _ in 0..MOST_PAGES {
            call.position = Some(position);
            let reply = self.send(call.clone()).await?;
            let page = self.account.adapter.page(&call, &reply)?;
            let mut records = page.records.into_iter();
            if let Some(record) = records.find(|record| wanted.is_some() && record_id(record) == wanted) {
                return Ok(Native { record: record.to_owned(), headers: headers(&reply.headers) });
            }
            match page.next {
                Some(next) => position = next,
                None => return Err(self.missing()),
            }
        }
        let what = &self.resource.singular;
        let message = format!("{} has more records than are looked through for one {what}.", self.label());
        Err(Error::new(Kind::Unsupported, message))
    }

    async fn record(&mut self, source: &Source, mut native: Native) -> Result<Option<Record>> {
        if !source.after.is_empty() {
            let done = self.after(source, native.record.clone()).await;
            done.map_err(|error| self.halfway(error, &native.record))?;
            if let Some(answer) = self.answer(source) {
                native.record = raw(answer)?;
            }
        }
        let extras = Extras::new().with("headers", native.headers);
        let mut mapped = self.records(source, &extras, vec![native.record]).await?;
        Ok(mapped.pop().flatten())
    }

    /// What stands in place of the main call's answer, if a step that followed gave it.
    fn answer(&self, source: &Source) -> Option<&Value> {
        let mut steps = source.after.iter().filter(|step| step.answers);
        steps.find_map(|step| self.surroundings.after.get(&step.name)).filter(|value| value.is_object())
    }

    /// The record that a write left behind.
    async fn written(&mut self, source: &Source, native: Native) -> Result<Record> {
        self.record(source, native).await?.ok_or_else(|| {
            let message = format!(
                "{} answered the write with a record that is no {}.",
                self.label(),
                self.resource.singular
            );
            Error::new(Kind::Garbled, message)
        })
    }

    fn existing_id(&self) -> Result<String> {
        let id =
            self.operation.id.clone().ok_or_else(|| Error::invalid_field("id", "is needed in the path"))?;
        let may_be = match &self.cell.id_pattern {
            Some(pattern) => pattern.is_match(&id),
            None => self.account.provider.may_have(&id),
        };
        if may_be { Ok(id) } else { Err(self.missing()) }
    }

    pub(super) fn missing(&self) -> Error {
        Error::not_found(format!("{} has no {} with this id.", self.label(), self.resource.singular))
    }

    pub(super) fn label(&self) -> &str {
        &self.account.provider.manifest.label
    }
}
