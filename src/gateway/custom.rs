//! Custom calls: any path under the vendor's API, with the account's credential and nothing else added.
//!
//! The way out for whatever the manifest doesn't name. The caller says verb, path, query and body, or describes the
//! call with a `methodConfig` in the body (`custom_config`). A path can't leave the vendor's base URL, and a header
//! can't replace the credential. There is no paging: the vendor's own parameters go through as they are.
//!
//! Calls that only read by their verb (GET, HEAD) are tried again like any read, all others like a write.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_LANGUAGE, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use indexmap::IndexMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::Gateway;
use super::custom_config::{BodyFormat, MethodConfig};
use super::files::Download;
use super::observed::Asked;
use crate::account::Account;
use crate::adapter::{Call, Reply, path, value_at};
use crate::error::{Effect, Error, Kind, Result};
use crate::mapping::catalog::NativeCall;
use crate::mapping::expression::{Expression, Scope};
use crate::mapping::manifest::{NativeMethod, Verb};
use crate::mapping::placeholders::{Names, PlaceholderError, fill, fill_object, fill_with};
use crate::model::Query;
use crate::outbound::Pieces;

/// What stays as it is within one segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// The vendor's headers that describe a body which goes through as it is.
const OF_THE_BODY: &[HeaderName] = &[CONTENT_TYPE, CONTENT_DISPOSITION, CONTENT_LANGUAGE];

/// A custom request as it came in.
#[derive(Debug)]
pub struct CustomRequest {
    /// The request's own verb.
    pub verb: Verb,
    /// What stands behind `/custom/`, percent-encoding untouched.
    pub path: String,
    /// The query without what is the gateway's own, percent-encoding untouched.
    pub query: String,
    /// The caller's `Content-Type`.
    pub content_type: Option<HeaderValue>,
    /// The caller's `Accept`, unless it takes anything.
    pub accept: Option<HeaderValue>,
    /// Empty where there is none.
    pub body: Bytes,
    /// Whether the body is the vendor's, whatever it looks like.
    pub verbatim: bool,
    /// Whether an idempotency key came with it that its own verb gives no effect.
    pub key_in_vain: bool,
}

/// What a custom call answers.
pub enum CustomAnswer {
    /// The vendor's JSON, or the part of it at the response path. `None` where that leads nowhere.
    Json(Option<Box<RawValue>>),
    /// What the vendor says is JSON, too large to be held and so unread.
    JsonInPieces(Pieces),
    /// Anything else, as the vendor sent it, with the headers that describe it.
    Verbatim(HeaderMap, Bytes),
    /// Anything else that is too large to be held.
    InPieces(Download),
}

impl Gateway {
    /// Serves a custom request for an account.
    pub async fn custom(&self, account: &Arc<Account>, request: CustomRequest) -> Result<CustomAnswer> {
        let asked = Asked::custom(request.verb);
        self.observed(account, asked, Box::pin(self.any(account, request))).await
    }

    async fn any(&self, account: &Arc<Account>, request: CustomRequest) -> Result<CustomAnswer> {
        let (config, body) = match request.verbatim {
            true => (MethodConfig::default(), request.body.clone()),
            false => part(&request.body)?,
        };
        let error_expression = config.error_expression.clone();
        let response_path = config.response_path.clone().unwrap_or_default();
        let call = call(account, &request, config, body)?;
        let writes = !call.native.facts.is_read();
        if writes && request.key_in_vain {
            let problem = "has no effect on a GET, and this methodConfig writes: send it by POST";
            return Err(Error::invalid_field("idempotency-key", problem));
        }
        let sent = if error_expression.is_none() && response_path.is_empty() {
            self.send_on(account, call, self.deadline()).await
        } else {
            self.send(account, call, self.deadline()).await.map(|reply| (reply, None))
        };
        if writes {
            // Nobody knows what a path of the caller's changes.
            self.references.forget_all(account.id);
        }
        let (reply, pieces) = sent?;
        if let Some(pieces) = pieces {
            return Ok(match is_json(&reply) {
                true => CustomAnswer::JsonInPieces(pieces),
                false => CustomAnswer::InPieces(Download::of(&reply, pieces)),
            });
        }
        if let Some(expression) = error_expression {
            self.refuse_error(account, &expression, &reply).await?;
        }
        answer(account, &response_path, reply)
    }

    /// Lets the caller's own expression say whether a success of the vendor's is one.
    async fn refuse_error(&self, account: &Arc<Account>, source: &str, reply: &Reply) -> Result<()> {
        let expression = Expression::compile(self.catalog.engine, "methodConfig.error_expression", source)
            .map_err(|error| Error::invalid_field("methodConfig.error_expression", error.to_string()))?;
        let body = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
        let text = |(name, value): (&HeaderName, &HeaderValue)| {
            Some((name.as_str().to_owned(), Value::from(value.to_str().ok()?)))
        };
        let headers: Map<String, Value> = reply.headers.iter().filter_map(text).collect();
        let scope = Scope::new()
            .at(self.clock.unix_millis())
            .with("response", body.clone())
            .with("data", body)
            .with("headers", headers)
            .with("status", reply.status.as_u16());
        let found = self.evaluated(&expression, scope).await?;
        let found = found
            .map_err(|error| Error::invalid_field("methodConfig.error_expression", error.to_string()))?;
        match found.filter(is_truthy) {
            None => Ok(()),
            Some(found) => Err(refused(account, &found, reply)),
        }
    }
}

/// The method configuration that a body brings along, and what is left of the body, its numbers and order untouched.
fn part(body: &Bytes) -> Result<(MethodConfig, Bytes)> {
    let members = serde_json::from_slice::<IndexMap<String, Box<RawValue>>>(body);
    let Ok(mut members) = members else { return Ok((MethodConfig::default(), body.clone())) };
    let Some(config) = members.shift_remove("methodConfig") else {
        return Ok((MethodConfig::default(), body.clone()));
    };
    let config = serde_json::from_str(config.get())
        .map_err(|error| Error::invalid_field("methodConfig", format!("can't be read: {error}")))?;
    let left = if members.is_empty() {
        Bytes::new()
    } else {
        serde_json::to_vec(&members).map_err(Error::internal)?.into()
    };
    Ok((MethodConfig::read(config)?, left))
}

/// What placeholders of a method configuration read.
struct Values<'a> {
    own: Map<String, Value>,
    context: &'a Value,
}

impl Names for Values<'_> {
    fn find(&self, path: &[&str]) -> Option<&Value> {
        self.own.find(path).or_else(|| self.context.find(path))
    }

    fn is_ours(&self, path: &str) -> bool {
        let root = path.split('.').next().unwrap_or_default();
        ["id", "query", "body", "context", "credentials"].contains(&root)
    }
}

fn call(account: &Arc<Account>, request: &CustomRequest, config: MethodConfig, body: Bytes) -> Result<Call> {
    let context = &account.row.context;
    let own = if config.has_templates() { names(request, &body, context)? } else { Map::new() };
    let values = Values { own, context };
    let verb = config.method.unwrap_or(request.verb);
    let path = native_path(request, &config, &values)?;
    let mut call = Call::new(NativeCall {
        resource: "custom".to_owned(),
        method: verb.http().as_str().to_ascii_lowercase(),
        facts: Arc::new(NativeMethod::ad_hoc(verb, path)),
        query: Map::new(),
    });
    let query = fill_object(&config.query, &values).map_err(unfilled)?;
    call.raw_query = [config.query_format.write(&query), request.query.clone()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("&");
    if let Some(accept) = &request.accept {
        call.headers.insert(ACCEPT, accept.clone());
    }
    if let Some((body, content_type)) = native_body(request, &config, body, &query, &values)? {
        call.headers.insert(CONTENT_TYPE, content_type);
        call.body = Some(body);
    }
    for (name, value) in &config.headers {
        match header(name, value.as_deref(), &values)? {
            Some(value) => {
                call.headers.insert(name.clone(), value);
            }
            None => {
                call.headers.remove(name);
                call.without.push(name.clone());
            }
        }
    }
    Ok(call)
}

fn names(request: &CustomRequest, body: &Bytes, context: &Value) -> Result<Map<String, Value>> {
    let query = Query::parse(&request.query)?.0;
    let mut names = Map::new();
    if let Some(id) = query.get("id") {
        names.insert("id".to_owned(), id.clone());
    }
    names.insert("query".to_owned(), Value::Object(query));
    names.insert("body".to_owned(), members(body)?);
    names.insert("context".to_owned(), context.clone());
    Ok(names)
}

/// The body's members; none, where there is no body.
fn members(body: &Bytes) -> Result<Value> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body)
        .map_err(|error| Error::invalid(format!("The body beside methodConfig can't be read: {error}.")))
}

fn native_path(request: &CustomRequest, config: &MethodConfig, values: &Values<'_>) -> Result<String> {
    let refused = |why: &str| Error::invalid_field("path", why);
    let Some(template) = &config.path else {
        return path::within(&request.path).map_err(refused);
    };
    let encode = |value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        utf8_percent_encode(&text, SEGMENT).to_string()
    };
    let wrong = |why: String| Error::invalid_field("methodConfig.path", why);
    let filled = fill_with(template, values, encode).map_err(|error| wrong(error.to_string()))?;
    let filled = match filled {
        Some(Value::String(path)) if !path.contains("{{") => path,
        _ => return Err(wrong("has a placeholder without a value".to_owned())),
    };
    path::within(&filled).map_err(|why| wrong(why.to_owned()))
}

/// The body that is sent, and what it is.
fn native_body(
    request: &CustomRequest,
    config: &MethodConfig,
    body: Bytes,
    query: &Map<String, Value>,
    values: &Values<'_>,
) -> Result<Option<(Bytes, HeaderValue)>> {
    if config.ignore_body {
        return Ok(None);
    }
    if config.null_body {
        return Ok(Some((Bytes::from_static(b"null"), JSON)));
    }
    let template = match &config.body {
        Some(template) => Some(fill(template, values).map_err(unfilled)?.unwrap_or(Value::Null)),
        None if config.query_in_body || config.body_format == BodyFormat::Form => Some(members(&body)?),
        None => None,
    };
    let Some(mut filled) = template else {
        return Ok((!body.is_empty()).then(|| {
            let content_type = body_type(request, &body);
            (body, content_type)
        }));
    };
    if let (true, Value::Object(members)) = (config.query_in_body, &mut filled) {
        members.extend(Query::parse(&request.query)?.0);
        members.extend(query.clone());
    }
    Ok(Some(match config.body_format {
        BodyFormat::Json => (serde_json::to_vec(&filled).map_err(Error::internal)?.into(), JSON),
        BodyFormat::Form => {
            let members = filled.as_object().ok_or_else(|| {
                Error::invalid_field("methodConfig.body", "must be an object to be sent as a form")
            })?;
            (config.query_format.write(members).into(), FORM)
        }
    }))
}

/// What the body is, in the caller's word; clients label JSON as text, or not at all.
fn body_type(request: &CustomRequest, body: &Bytes) -> HeaderValue {
    let labelled = request.content_type.as_ref();
    let vague = labelled.is_none_or(|label| label.as_bytes().starts_with(b"text/plain"));
    let looks_like_json =
        body.trim_ascii_start().starts_with(b"{") || body.trim_ascii_start().starts_with(b"[");
    if vague && looks_like_json && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok() {
        return JSON;
    }
    labelled.cloned().unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

fn header(name: &HeaderName, template: Option<&str>, values: &Values<'_>) -> Result<Option<HeaderValue>> {
    let Some(template) = template else { return Ok(None) };
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let wrong = || {
        Error::invalid_field(
            format!("methodConfig.headers.{name}"),
            "has a value that no HTTP header can carry",
        )
    };
    match fill_with(template, values, plain).map_err(unfilled)? {
        None | Some(Value::Null) => Ok(None),
        Some(value) => HeaderValue::try_from(plain(&value)).map(Some).map_err(|_| wrong()),
    }
}

fn unfilled(error: PlaceholderError) -> Error {
    Error::invalid_field("methodConfig", error.to_string())
}

fn content_type(reply: &Reply) -> Option<&str> {
    reply.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok())
}

/// Whether the vendor says that its answer is JSON.
fn is_json(reply: &Reply) -> bool {
    content_type(reply).is_some_and(|value| value.to_ascii_lowercase().contains("json"))
}

fn answer(account: &Account, response_path: &str, reply: Reply) -> Result<CustomAnswer> {
    let label = &account.provider.manifest.label;
    let is_json = is_json(&reply);
    let says_nothing = is_json || content_type(&reply).is_none() || reply.status == StatusCode::NO_CONTENT;
    if reply.body.is_empty() && says_nothing {
        return Ok(CustomAnswer::Json(None));
    }
    if is_json || !response_path.is_empty() {
        let found = value_at(&reply.body, response_path).map_err(|error| {
            let message = format!("{label} answered {}, but its answer is no JSON: {error}.", reply.status);
            Error::new(Kind::Garbled, message).with_fault(account.adapter.rest().fault_of(&reply))
        })?;
        return Ok(CustomAnswer::Json(found.map(ToOwned::to_owned)));
    }
    let mut headers = HeaderMap::new();
    for name in OF_THE_BODY {
        if let Some(value) = reply.headers.get(name) {
            headers.insert(name.clone(), value.clone());
        }
    }
    Ok(CustomAnswer::Verbatim(headers, reply.body))
}

/// An error that the caller's expression found in a success: a text is its message, an object may have `message` and
/// `status`.
fn refused(account: &Account, found: &Value, reply: &Reply) -> Error {
    let label = &account.provider.manifest.label;
    let said = found.as_str().or_else(|| found.get("message")?.as_str());
    let said: Option<String> = said.map(|said| said.chars().take(500).collect());
    let message = said.map_or_else(
        || format!("{label} answered with what error_expression takes for an error."),
        |said| format!("{label} refused the request: {said}"),
    );
    let mut fault = account.adapter.rest().fault_of(reply);
    let status = found.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    if let Some(status) = status.and_then(|status| StatusCode::from_u16(status).ok()) {
        fault.status = status;
    }
    Error::new(Kind::Rejected, message).effect(Effect::Possible).with_fault(fault)
}

/// As JSONata's `$boolean` has it.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(on) => *on,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(is_truthy),
        Value::Object(members) => !members.is_empty(),
    }
}
