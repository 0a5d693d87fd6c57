//! From a unified request to the native call of a source, and the call itself.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::evaluate::{Extras, misfit};
use super::unified::Run;
use crate::adapter::{Call, Reply};
use crate::error::{Error, Kind, Result};
use crate::mapping::cell::{Choice, NativeCall, Origin, Source};
use crate::mapping::expression::Expression;

/// Request headers that no mapping sets: they belong to the wire or hold the credential.
const NOT_MAPPED: &[&str] = &[
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
];

impl Run<'_> {
    /// The native call of a choice.
    pub(super) async fn pick(&self, choice: &Choice, extras: &Extras) -> Result<NativeCall> {
        let resource = self.picked(choice.resource.as_ref(), extras).await?;
        let method = self.picked(choice.method.as_ref(), extras).await?;
        let fits = |call: &&NativeCall| {
            resource.as_ref().is_none_or(|name| *name == call.resource)
                && method.as_ref().is_none_or(|name| *name == call.method)
        };
        choice.calls.iter().find(fits).cloned().ok_or_else(|| {
            let named = |name: Option<String>| name.unwrap_or_default();
            let message = format!(
                "{} picks {} {}, which it doesn't list",
                self.cell.name,
                named(resource),
                named(method)
            );
            Error::new(Kind::Mapping, message)
        })
    }

    async fn picked(&self, expression: Option<&Expression>, extras: &Extras) -> Result<Option<String>> {
        match expression {
            None => Ok(None),
            Some(expression) => {
                let name = self.gateway.text(expression, &self.surroundings, extras).await?;
                name.map(Some).ok_or_else(|| misfit(expression, "the name of what to call"))
            }
        }
    }

    /// The native call of a source with id, path and query, or nothing where it has records of its own.
    ///
    /// What the caller sends in `remote_query` wins.
    pub(super) async fn call(&self, source: &Source) -> Result<Option<Call>> {
        let Origin::Call(choice) = &source.origin else { return Ok(None) };
        let none = Extras::new();
        let mut call = Call::new(self.pick(choice, &none).await?);
        call.id = match &source.id {
            Some(id) => self.gateway.text(id, &self.surroundings, &none).await?,
            None => self.operation.id.clone(),
        };
        if let Some(path) = &source.path_mapping {
            let made = self.gateway.text(path, &self.surroundings, &none).await?;
            let made = made.filter(|path| path.starts_with('/'));
            call.path = Some(made.ok_or_else(|| misfit(path, "a path that begins with /"))?);
        }
        if let Some(mapping) = &source.query_mapping {
            call.query = self.gateway.object(mapping, &self.surroundings, &none).await?;
        }
        call.query.extend(self.operation.remote_query.clone());
        if let Some(mapping) = &source.request_header_mapping {
            let made = self.gateway.object(mapping, &self.surroundings, &none).await?;
            call.headers = header_map(mapping, made)?;
        }
        Ok(Some(call))
    }

    /// The native body; what the caller sends in `remote_data` is laid over it.
    pub(super) async fn body(&self, source: &Source) -> Result<Option<Value>> {
        if let Some(body) = &self.operation.passthrough {
            return Ok(Some(body.clone()));
        }
        let mut body = source.body.clone();
        if let Some(mapping) = &source.request_body_mapping {
            let mapped = self.gateway.slot(mapping, &self.surroundings, &Extras::new()).await?;
            merge(body.get_or_insert_with(|| json!({})), mapped.unwrap_or_else(|| json!({})));
        }
        if let Some(remote_data) = self.operation.remote_data.clone() {
            merge(body.get_or_insert_with(|| json!({})), remote_data);
        }
        Ok(body)
    }

    /// Sends a call, and gives a vendor's error the words of the `error_mapping`.
    pub(super) async fn send(&self, call: Call) -> Result<Reply> {
        let writes = !call.native.facts.is_read();
        let resource = writes.then(|| call.native.resource.clone());
        let sent = match self.operation.method.writes() {
            // What an edit is made of is read whole.
            true => self.gateway.send_whole(self.account, call, self.deadline).await,
            false => self.gateway.send(self.account, call, self.deadline).await,
        };
        if let Some(resource) = resource
            && self.account.provider.is_reference(&resource)
        {
            self.gateway.references.forget(self.account.id, &resource);
        }
        match sent {
            Err(error) if error.fault().is_some() => Err(self.worded(error).await?),
            sent => sent,
        }
    }

    async fn worded(&self, error: Error) -> Result<Error> {
        let (Some(mapping), Some(fault)) = (&self.cell.error_mapping, error.fault()) else {
            return Ok(error);
        };
        let body: Value = serde_json::from_slice(&fault.body)
            .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&fault.body)));
        let extras = Extras::new().with("headers", super::evaluate::headers(&fault.headers)).with(
            "error",
            json!({ "status": fault.status.as_u16(), "message": error.message(), "body": body }),
        );
        let made = self.gateway.object(mapping, &self.surroundings, &extras).await?;
        let message = made.get("message").and_then(Value::as_str);
        let status = match made.get("status") {
            None | Some(Value::Null) => None,
            Some(status) => {
                let status = status.as_u64().and_then(|status| u16::try_from(status).ok());
                let status = status.and_then(|status| StatusCode::from_u16(status).ok());
                let status = status.filter(|status| status.is_client_error() || status.is_server_error());
                Some(status.ok_or_else(|| misfit(mapping, "a status from 400 to 599"))?)
            }
        };
        Ok(error.reworded(message, status))
    }
}

fn header_map(mapping: &Expression, made: Map<String, Value>) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in made {
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text,
            other => other.to_string(),
        };
        let name = HeaderName::try_from(name.to_ascii_lowercase());
        let name = name.map_err(|_| misfit(mapping, "names of headers"))?;
        if NOT_MAPPED.contains(&name.as_str()) {
            return Err(misfit(mapping, &format!("other headers than {name}")));
        }
        let value =
            HeaderValue::try_from(text).map_err(|_| misfit(mapping, "values that a header can have"))?;
        headers.insert(name, value);
    }
    Ok(headers)
}

/// Lays `over` onto `value`: objects member by member, anything else whole.
pub(super) fn merge(value: &mut Value, over: Value) {
    match (value, over) {
        (Value::Object(value), Value::Object(over)) => {
            for (key, inner) in over {
                merge(value.entry(key).or_insert(Value::Null), inner);
            }
        }
        (value, over) => *value = over,
    }
}

/// A body as it is sent.
pub(super) fn encode(body: &Value) -> Result<Bytes> {
    serde_json::to_vec(body).map(Bytes::from).map_err(Error::internal)
}

/// A value as a native record.
pub(super) fn raw(value: &Value) -> Result<Box<RawValue>> {
    serde_json::value::to_raw_value(value).map_err(Error::internal)
}

/// A part of a vendor's answer as a record that outlives it.
pub(super) fn kept(part: &[u8]) -> Result<Box<RawValue>> {
    serde_json::from_slice(part).map_err(Error::internal)
}
