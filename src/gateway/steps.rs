//! What goes before and after the main call of a unified request, and what is refused in between.

use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::Value;
use serde_json::value::RawValue;

use super::evaluate::{Extras, Found, misfit, record_id};
use super::native::encode;
use super::reference::Needed;
use super::unified::Run;
use crate::adapter::{Call, Reply};
use crate::error::{Effect, Error, Failure, Kind, Result};
use crate::mapping::cell::{Action, Request, Source, Step};

/// Items that a step runs for at most.
const MOST_ITEMS: usize = 100;

/// Calls of one step that are on their way at the same time.
const AT_ONCE: usize = 4;

/// Pages that a step reads of a list at most.
pub(super) const MOST_PAGES: usize = 50;

/// The page size that a step asks for; a vendor's largest one where that is smaller.
const PAGE: u32 = 1000;

impl Run<'_> {
    /// Runs the steps that go before, and refuses what turns out not to be served: an id of another kind of
    /// record, or anything that the mapping's `refusals` name.
    pub(super) async fn before(&mut self) -> Result<()> {
        let cell = self.cell.clone();
        for step in &cell.before {
            if let Some(value) = self.step(step, &Extras::new()).await? {
                self.surroundings.before.insert(&step.name, value);
            }
        }
        if !self.gateway.holds(cell.exists.as_ref(), &self.surroundings, &Extras::new()).await? {
            return Err(self.missing());
        }
        self.refuse().await
    }

    async fn refuse(&self) -> Result<()> {
        let Some(refusals) = &self.cell.refusals else { return Ok(()) };
        let none = Extras::new();
        let mut failures = Vec::new();
        for item in flat(self.gateway.list(refusals, &self.surroundings, &none).await?) {
            let read = |name: &str| item.get(name).and_then(Value::as_str).map(str::to_owned);
            let (Some(field), Some(message)) = (read("field"), read("message")) else {
                return Err(misfit(refusals, "a list of {field, message}"));
            };
            failures.push(Failure { field, message });
        }
        match failures.first() {
            None => Ok(()),
            Some(first) => {
                let message = format!("{}: {}", first.field, first.message);
                Err(Error::invalid(message).with_failures(failures))
            }
        }
    }

    /// Runs the steps that follow a source's call. Their `data` is what it gave: a record, or the records of a page.
    pub(super) async fn after(&mut self, source: &Source, data: Box<RawValue>) -> Result<()> {
        self.surroundings.after = Found::default();
        let data: Arc<RawValue> = data.into();
        let extras = Extras::new().with_raw("data", data.clone());
        for step in &source.after {
            if step.run_if_text.as_ref().is_some_and(|pattern| !pattern.is_match(data.get())) {
                continue;
            }
            if let Some(value) = self.step(step, &extras).await? {
                self.surroundings.after.insert(&step.name, value);
            }
        }
        Ok(())
    }

    /// The error of a step after a write's main call says so: the record is there already.
    pub(super) fn halfway(&self, error: Error, record: &RawValue) -> Error {
        if !self.operation.method.writes() {
            return error;
        }
        let Some(id) = record_id(record) else { return error.effect(Effect::Possible) };
        let singular = &self.resource.singular;
        error
            .preceded_by(&format!("The {singular} {id} was written, but not all that belongs to it."))
            .effect(Effect::Possible)
    }

    async fn step(&self, step: &Step, extras: &Extras) -> Result<Option<Value>> {
        if !self.gateway.holds(step.run_if.as_ref(), &self.surroundings, extras).await? {
            return Ok(None);
        }
        let Some(loop_on) = &step.loop_on else {
            return self.act(step, extras).await.map(Some);
        };
        let items = self.gateway.list(loop_on, &self.surroundings, extras).await?;
        if items.len() > MOST_ITEMS {
            let message = format!(
                "{} takes {} calls to {}; a request may take {MOST_ITEMS}.",
                self.operation.path(),
                items.len(),
                self.label()
            );
            return Err(Error::new(Kind::Unsupported, message));
        }
        let reads = match &step.action {
            Action::Request(request) => request.choice.calls.iter().all(|call| call.facts.is_read()),
            Action::Transform(_) => true,
        };
        let results = stream::iter(items).map(|item| async move {
            let extras = extras.clone().with("item", item);
            self.act(step, &extras).await
        });
        // Writes go one by one, in order: what was done is then known when one fails.
        let results: Vec<Value> = results.buffered(if reads { AT_ONCE } else { 1 }).try_collect().await?;
        Ok(Some(Value::Array(results)))
    }

    async fn act(&self, step: &Step, extras: &Extras) -> Result<Value> {
        match &step.action {
            Action::Transform(expression) => {
                let value = self.gateway.slot(expression, &self.surroundings, extras).await?;
                Ok(value.unwrap_or(Value::Null))
            }
            Action::Request(request) => self.request(request, extras).await,
        }
    }

    async fn request(&self, request: &Request, extras: &Extras) -> Result<Value> {
        let mut call = Call::new(self.pick(&request.choice, extras).await?);
        call.id = match &request.id {
            Some(id) => self.gateway.text(id, &self.surroundings, extras).await?,
            None => self.operation.id.clone(),
        };
        if let Some(Value::Object(query)) =
            self.gateway.filled(&request.query, &self.surroundings, extras).await?
        {
            call.query = query;
        }
        if let Some(body) = &request.body {
            let body = self.gateway.filled(body, &self.surroundings, extras).await?;
            call.body = body.map(|body| encode(&body)).transpose()?;
        }
        if request.cached {
            let needed = Needed { optional: request.optional, dispensable: request.dispensable };
            let load = self.answered(request, call.clone());
            return self.gateway.references.get(self.account.id, needed, &call, load).await;
        }
        self.answered(request, call).await
    }

    /// What a step's call answers, and nothing where the step can do without.
    async fn answered(&self, request: &Request, call: Call) -> Result<Value> {
        match self.fetch(call).await {
            Err(error) if request.optional && error.kind() == Kind::NotFound => Ok(Value::Null),
            Err(error)
                if request.dispensable
                    && matches!(error.kind(), Kind::NotFound | Kind::Forbidden | Kind::Garbled) =>
            {
                let cell = self.cell.name.as_str();
                tracing::warn!(cell, %error, "goes on without an answer that only adds to what is there");
                Ok(Value::Null)
            }
            found => found,
        }
    }

    /// What a call answers: the records of all pages of a list, the record of anything else.
    async fn fetch(&self, call: Call) -> Result<Value> {
        if call.native.facts.paging.is_some() {
            return self.fetch_all(call).await.map(Value::Array);
        }
        let reply: Reply = self.send(call.clone()).await?;
        // A write may well have nothing to say. A read that has isn't to be taken for a record that isn't there.
        if reply.body.is_empty() && !call.native.facts.is_read() {
            return Ok(Value::Null);
        }
        value(&self.account.adapter.record(&call, &reply)?)
    }

    async fn fetch_all(&self, mut call: Call) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut position = self.account.adapter.first(&call, Some(PAGE))?;
        for _ in 0..MOST_PAGES {
            call.position = Some(position);
            let reply = self.send(call.clone()).await?;
            let page = self.account.adapter.page(&call, &reply)?;
            for record in page.records {
                all.push(value(record)?);
            }
            match page.next {
                Some(next) => position = next,
                None => return Ok(all),
            }
        }
        let message =
            format!("{} has more {} than can be read for one request.", self.label(), call.native.resource);
        Err(Error::new(Kind::Unsupported, message))
    }
}

/// The items of a list and of the lists in it: an expression that has nothing to say of one thing may say so with an
/// empty list.
fn flat(items: Vec<Value>) -> Vec<Value> {
    let mut found = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Value::Array(inner) => found.extend(flat(inner)),
            item => found.push(item),
        }
    }
    found
}

fn value(raw: &RawValue) -> Result<Value> {
    serde_json::from_str(raw.get()).map_err(Error::internal)
}
