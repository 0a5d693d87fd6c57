//! One call of a batch: a unified or a proxy call as the routes would make it, a list walked to its end.

use bytes::Bytes;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use super::Run;
use super::plan::{CallEntry, Target};
use crate::account::Account;
use crate::error::{Error, Kind, Result};
use crate::gateway::files::carrier;
use crate::gateway::native::kept;
use crate::gateway::proxy::{ProxyAnswer, ProxyRequest};
use crate::gateway::unified::Answer;
use crate::model::request::{LARGEST_LIMIT, Received, check_id};
use crate::model::{Method, Operation, Query};

/// The parts of a call with their places filled.
pub(super) struct Filled {
    pub(super) id: Option<String>,
    pub(super) query: Map<String, Value>,
    pub(super) body: Option<Map<String, Value>>,
}

impl Target {
    /// Whether it may change something, as far as can be told.
    pub(super) fn writes(&self, account: &Account) -> bool {
        match self {
            Target::Unified { method, .. } => method.writes(),
            Target::Proxy { resource, method } => {
                account.provider.native(resource, method).is_none_or(|native| !native.facts.is_read())
            }
        }
    }
}

impl Run<'_> {
    /// Makes a call. What it brought before it failed is in `records`.
    pub(super) async fn request(
        &self,
        call: &CallEntry,
        filled: Filled,
        records: &mut Vec<Box<RawValue>>,
    ) -> Result<()> {
        let query = Query::spelt(filled.query);
        match &call.target {
            Target::Unified { model, resource, method } => {
                let format = call.response_format.as_deref();
                let filled = Filled { query: query.0, ..filled };
                let operation = self.understand([model, resource], *method, filled, format).await?;
                self.unified(operation, records).await
            }
            Target::Proxy { resource, method } => {
                if call.response_format.as_deref().is_some_and(|format| format != "raw") {
                    let problem = "must be raw for one of the vendor's own resources: it has no other format";
                    return Err(Error::invalid_field("response_format", problem));
                }
                let request = proxy_request(resource, method, filled.id, query, filled.body)?;
                self.proxy(request, records).await
            }
        }
    }

    async fn understand(
        &self,
        [model, name]: [&str; 2],
        method: Method,
        filled: Filled,
        format: Option<&str>,
    ) -> Result<Operation> {
        let Filled { id, mut query, body } = filled;
        if let Some(format) = format {
            query.insert("truto_response_format".to_owned(), Value::from(format));
        }
        if query.contains_key("truto_key_by") {
            return Err(Error::invalid_field("truto_key_by", "has no meaning in a batch"));
        }
        let effective = self.gateway.effective(self.account, model, name, method).await?;
        let (query, body) = (Query(query), body.map(Value::Object));
        Received { model, name, resource: &effective.resource, method, id, query, body }.understand()
    }

    async fn unified(&self, mut operation: Operation, records: &mut Vec<Box<RawValue>>) -> Result<()> {
        let presentation = operation.presentation.clone();
        loop {
            self.limits.take_call()?;
            let answer = self.gateway.unified(self.account, operation.clone()).await?;
            let (found, next) = match answer {
                Answer::Page(page) => (page.records, page.next_cursor),
                Answer::Record(record) => (vec![record], None),
                Answer::Deleted(id) => {
                    records.push(to_raw_value(&json!({ "id": id })).map_err(Error::internal)?);
                    return Ok(());
                }
            };
            let found = found.into_iter().map(|record| {
                let presented = presentation.present(record)?;
                to_raw_value(&presented).map_err(Error::internal)
            });
            self.keep(found.collect::<Result<_>>()?, records)?;
            match next {
                Some(cursor) => operation.cursor = Some(cursor),
                None => return Ok(()),
            }
        }
    }

    async fn proxy(&self, mut request: ProxyRequest, records: &mut Vec<Box<RawValue>>) -> Result<()> {
        if carrier(&self.account.provider, &request.resource, &request.method).is_some() {
            let (resource, method) = (&request.resource, &request.method);
            let message =
                format!("{resource} {method} carries a file, and a batch holds none: send it by itself.");
            return Err(Error::invalid(message));
        }
        loop {
            self.limits.take_call()?;
            match Box::pin(self.gateway.proxy(self.account, request.clone()))
                .await
                .map_err(Error::verbatim)?
            {
                ProxyAnswer::Page(page) => {
                    let found = page.records.iter().map(kept).collect::<Result<_>>()?;
                    self.keep(found, records)?;
                    match page.next_cursor {
                        Some(cursor) => request.cursor = Some(cursor),
                        None => return Ok(()),
                    }
                }
                ProxyAnswer::Verbatim { body, .. } => {
                    let record = serde_json::from_slice(&body).map_err(|_| {
                        let label = &self.account.provider.manifest.label;
                        Error::new(Kind::Garbled, format!("{label} answered something that is no JSON."))
                    })?;
                    return self.keep(vec![record], records);
                }
                ProxyAnswer::Pieces(_) => return Err(Error::internal("a file in a batch")),
                ProxyAnswer::Empty { id } => {
                    let record = id.map_or_else(|| json!({}), |id| json!({ "id": id }));
                    return self.keep(vec![to_raw_value(&record).map_err(Error::internal)?], records);
                }
            }
        }
    }

    fn keep(&self, mut found: Vec<Box<RawValue>>, records: &mut Vec<Box<RawValue>>) -> Result<()> {
        self.limits.take_records(&found)?;
        records.append(&mut found);
        Ok(())
    }
}

fn proxy_request(
    resource: &str,
    method: &str,
    id: Option<String>,
    mut query: Query,
    body: Option<Map<String, Value>>,
) -> Result<ProxyRequest> {
    if let Some(name) = query.0.keys().find(|name| name.starts_with("truto_")) {
        return Err(Error::invalid_field(name, "has no meaning for one of the vendor's own resources"));
    }
    let body =
        body.map(|body| serde_json::to_vec(&body).map(Bytes::from).map_err(Error::internal)).transpose()?;
    Ok(ProxyRequest {
        resource: resource.to_owned(),
        method: method.to_owned(),
        id: id.map(check_id).transpose()?,
        limit: query.take_count("limit", LARGEST_LIMIT)?,
        cursor: query.take_text("next_cursor")?,
        in_pieces: false,
        query: query.0,
        body,
    })
}
