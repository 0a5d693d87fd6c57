//! REST as a manifest describes it: paths, queries, paging, error bodies.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, IF_NONE_MATCH, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use url::Url;

use super::call::{Call, NativePage, Position, Quota, Reply};
use super::path::may_hold as may_be_in_a_path;
use super::{Adapter, depth, envelope, form, paging};
use crate::error::{Effect, Error, Failure, Fault, Kind, Result, Retry};
use crate::mapping::Provider;
use crate::mapping::manifest::{Manifest, Paging};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("unicrm/", env!("CARGO_PKG_VERSION")));

const TOO_DEEP: &str = "it nests values deeper than any record does";

const NOT_IN_A_PATH: &str = "can't be part of a path";

/// What stays as it is within one segment of a path: RFC 3986's unreserved characters, and the comma, with which
/// vendors separate several ids.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b',');

/// A provider's REST wire.
#[derive(Debug)]
pub struct Rest {
    provider: Arc<Provider>,
    base: Url,
    headers: HeaderMap,
}

impl Adapter for Rest {
    fn rest(&self) -> &Rest {
        self
    }
}

impl Rest {
    /// The wire of `provider`, with its base URL moved to `origin` if there is one.
    pub fn new(provider: Arc<Provider>, origin: Option<&Url>) -> Result<Self> {
        let manifest = &provider.manifest;
        let base = moved(&manifest.base_url, origin)?;
        let mut headers = HeaderMap::from_iter([(ACCEPT, JSON), (USER_AGENT, AGENT)]);
        for (name, value) in &manifest.headers {
            let name = HeaderName::try_from(name).map_err(Error::internal)?;
            headers.insert(name, HeaderValue::try_from(value).map_err(Error::internal)?);
        }
        Ok(Rest { provider, base, headers })
    }

    /// The provider's name, as in settings and logs (`capsule`).
    pub fn name(&self) -> &str {
        &self.manifest().name
    }

    /// The provider's name as people write it (`Capsule`).
    pub fn label(&self) -> &str {
        &self.manifest().label
    }

    /// The provider's facts.
    pub(super) fn manifest(&self) -> &Manifest {
        &self.provider.manifest
    }

    /// The HTTP request of a call, without its credential.
    pub fn request(&self, call: &Call) -> Result<http::Request<Bytes>> {
        if let Some(form) = &call.native.facts.form {
            return form::request(call, form);
        }
        self.request_to(&self.url(call)?, call, call.body.clone())
    }

    /// The address of the call's operation without parameters.
    pub(super) fn plain_url(&self, call: &Call) -> Url {
        let mut url = self.base(call).clone();
        let path = &call.native.facts.path;
        url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
        url
    }

    /// What the paths of a call are appended to.
    fn base<'c>(&'c self, call: &'c Call) -> &'c Url {
        call.base.as_deref().unwrap_or(&self.base)
    }

    /// The HTTP request of a call to this address with this body, without its credential.
    pub(super) fn request_to(
        &self,
        url: &Url,
        call: &Call,
        body: Option<Bytes>,
    ) -> Result<http::Request<Bytes>> {
        let has_body = body.is_some();
        let mut request = http::Request::new(body.unwrap_or_default());
        *request.method_mut() = call.native.facts.method.http();
        *request.uri_mut() = url.as_str().parse().map_err(Error::internal)?;
        *request.headers_mut() = self.headers.clone();
        if has_body {
            let told = call.native.facts.content_type.as_deref();
            let kind = told.map_or(Ok(JSON), HeaderValue::try_from).map_err(Error::internal)?;
            request.headers_mut().insert(CONTENT_TYPE, kind);
        }
        for name in &call.without {
            request.headers_mut().remove(name);
        }
        request.headers_mut().extend(call.headers.clone());
        Ok(request)
    }

    fn url(&self, call: &Call) -> Result<Url> {
        if let Some(Position::Links { links, .. }) = &call.position
            && let Some(link) = links.first()
        {
            return self.linked(call, link);
        }
        let mut query = self.query(call);
        narrowed(call, &query)?;
        let path = path(call, &mut query)?;
        let mut url = self.base(call).clone();
        let full = format!("{}{path}", url.path().trim_end_matches('/'));
        url.set_path(&full);
        // A path that the URL standard would rewrite (dot segments, encoded or not) leads somewhere else.
        if url.path() != full {
            return Err(match &call.path {
                Some(_) => {
                    Error::new(Kind::Mapping, format!("The path_mapping of {} gives no path.", call.name()))
                }
                None if call.id.is_none() => Error::invalid_field("path", "leads somewhere else"),
                None => Error::invalid_field("id", NOT_IN_A_PATH),
            });
        }
        if !query.is_empty() {
            let mut pairs = url.query_pairs_mut();
            for (name, value) in &query {
                append(&mut pairs, name, value);
            }
        }
        if !call.raw_query.is_empty() {
            let parameters = url.query().filter(|query| !query.is_empty());
            let whole =
                parameters.map_or(call.raw_query.clone(), |query| format!("{query}&{}", call.raw_query));
            url.set_query(Some(&whole));
        }
        Ok(url)
    }

    /// Where a link of the vendor's leads. It may lack scheme and host; to another host no credential goes.
    fn linked(&self, call: &Call, link: &str) -> Result<Url> {
        let base = self.base(call);
        let url = base.join(link).ok().filter(|url| url.origin() == base.origin());
        url.ok_or_else(|| {
            let label = &self.manifest().label;
            let message =
                format!("{label} links the next page of {} to a place that is not {label}'s.", call.name());
            Error::new(Kind::Garbled, message)
        })
    }

    /// The parameters of a call, those of paging among them.
    pub(super) fn query(&self, call: &Call) -> Map<String, Value> {
        let native = &call.native;
        let mut query = native.facts.query.clone();
        query.retain(|_, value| value != "{{id}}" || call.id.is_some());
        for value in query.values_mut().filter(|value| *value == "{{id}}") {
            *value = Value::from(call.id.clone());
        }
        query.extend(native.query.clone());
        query.extend(call.query.clone());
        if let (Some(style), Some(position)) = (self.paging(call), &call.position) {
            paging::ask(style, position, &mut query);
        }
        query
    }

    fn paging(&self, call: &Call) -> Option<&Paging> {
        self.manifest().paging.get(call.native.facts.paging.as_ref()?)
    }

    /// Where a list begins. A caller who speaks the vendor's own paging parameters is understood.
    pub fn first(&self, call: &Call, limit: Option<u32>) -> Result<Position> {
        let style = self.paging(call);
        let style = style.ok_or_else(|| Error::internal(format!("{} is not a list", call.name())))?;
        paging::first(style, &call.query, limit)
    }

    /// The records of a list's reply, and where the list goes on.
    pub fn page<'r>(&self, call: &Call, reply: &'r Reply) -> Result<NativePage<'r>> {
        let style = self.paging(call);
        let style = style.ok_or_else(|| Error::internal(format!("{} is not a list", call.name())))?;
        let path = call.native.facts.response_path.as_deref().unwrap_or_default();
        let lone = matches!(style, Paging::Whole);
        let known_by = call.native.facts.known_by.as_deref();
        if path.is_empty() && known_by.is_some() {
            // The whole answer is the only record, which isn't to be taken for an empty list.
            self.record(call, reply)?;
        }
        let records = envelope::items(&reply.body, path, lone)
            .map_err(|error| self.garbled(call, reply, &format!("it is not JSON ({error})")))?
            .ok_or_else(|| self.garbled(call, reply, &format!("it has no list named {path:?}")))?;
        if let Some(member) = known_by
            && !records.iter().all(|record| has(record, member))
        {
            return Err(self.garbled(call, reply, &format!("a record of it has no {member:?}")));
        }
        if records.iter().any(|record| depth::is_too_deep(record.get().as_bytes())) {
            return Err(self.garbled(call, reply, TOO_DEEP));
        }
        paging::page(style, call.position.as_ref(), reply, records)
            .map_err(|why| self.garbled(call, reply, &why))
    }

    /// The one record of a reply.
    pub fn record(&self, call: &Call, reply: &Reply) -> Result<Box<RawValue>> {
        let path = call.native.facts.response_path.as_deref().unwrap_or_default();
        let found = envelope::at(&reply.body, path)
            .map_err(|error| self.garbled(call, reply, &format!("it is not JSON ({error})")))?;
        let record = found
            .filter(|record| record.get().starts_with('{'))
            .ok_or_else(|| self.garbled(call, reply, &format!("it has no record named {path:?}")))?;
        match &call.native.facts.known_by {
            Some(member) if !has(record, member) => {
                Err(self.garbled(call, reply, &format!("it is no record, for it has no {member:?}")))
            }
            _ => Ok(record.to_owned()),
        }
    }

    /// The vendor answered with success, but not with what its API documents.
    pub(super) fn garbled(&self, call: &Call, reply: &Reply, why: &str) -> Error {
        let label = &self.manifest().label;
        let message = format!(
            "{label} answered {} to {}, but the answer can't be used: {why}.",
            reply.status,
            call.name()
        );
        let effect = if call.native.facts.is_read() { Effect::None } else { Effect::Possible };
        Error::new(Kind::Garbled, message).effect(effect).with_fault(self.fault(
            reply.status,
            &reply.headers,
            &reply.body,
        ))
    }

    /// A reply as a fault, for those who find one in a success.
    pub fn fault_of(&self, reply: &Reply) -> Fault {
        self.fault(reply.status, &reply.headers, &reply.body)
    }

    fn fault(&self, status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Fault {
        Fault {
            provider: self.manifest().name.clone(),
            status,
            headers: headers.clone(),
            body: body.clone(),
            missing_scopes: Vec::new(),
        }
    }

    /// The reply that a response holds, or the error that it stands for.
    pub fn reply(&self, call: &Call, response: http::Response<Bytes>, now: OffsetDateTime) -> Result<Reply> {
        if let Some(form) = &call.native.facts.form {
            return form::reply(self, call, form, response);
        }
        let (parts, body) = response.into_parts();
        // Nothing new: what a call for new things only is answered.
        let nothing_new = parts.status == StatusCode::NOT_MODIFIED
            && call.native.facts.conditional
            && call.headers.contains_key(IF_NONE_MATCH);
        if parts.status.is_success() || nothing_new {
            let reply = Reply { status: parts.status, headers: parts.headers, body };
            // A list is looked at record by record, which is done sooner.
            return match call.native.facts.paging {
                None if depth::is_too_deep(&reply.body) => Err(self.garbled(call, &reply, TOO_DEEP)),
                _ => Ok(reply),
            };
        }
        let mut fault = self.fault(parts.status, &parts.headers, &body);
        let (kind, effect) = classify(parts.status, call.native.facts.is_read());
        let failures = vendor_failures(&body);
        let said = self.vendor_message(&body).map(|said| with_fields(said, &failures));
        let mut message = self.message(kind, parts.status, said.as_deref());
        if parts.status == StatusCode::FORBIDDEN && self.is_scope_refusal(said.as_deref()) {
            fault.missing_scopes = call.native.facts.scopes.clone();
            message = format!("{message} It needs: {}.", fault.missing_scopes.join(", "));
        }
        let mut error = Error::new(kind, message).effect(effect);
        if kind == Kind::RateLimited {
            let asked = retry_after(&parts.headers, now).or_else(|| self.reset(&parts.headers, now));
            error = error.retry(Retry::Later(asked));
        } else if parts.status == StatusCode::SERVICE_UNAVAILABLE {
            // Not the quota's reset, which vendors send with every answer: it says nothing of an outage.
            error = error.retry(Retry::Later(retry_after(&parts.headers, now)));
        }
        Err(error.with_failures(failures).with_fault(fault))
    }

    fn is_scope_refusal(&self, said: Option<&str>) -> bool {
        match (&self.manifest().scope_refusal, said) {
            (Some(words), Some(said)) => said.to_lowercase().contains(&words.to_lowercase()),
            _ => false,
        }
    }

    fn message(&self, kind: Kind, status: StatusCode, said: Option<&str>) -> String {
        let label = &self.manifest().label;
        let what = match kind {
            Kind::Reauthenticate => format!("{label} refused the account's credential"),
            Kind::NotFound => format!("{label} has no such record"),
            Kind::RateLimited => format!("{label}'s rate limit is used up"),
            Kind::Unreachable => format!("{label} is out of order ({status})"),
            Kind::Garbled => format!("{label} answered {status}, which its API does not use"),
            _ => format!("{label} refused the request ({status})"),
        };
        said.map_or_else(|| format!("{what}."), |said| format!("{what}: {}.", said.trim_end_matches('.')))
    }

    /// What the vendor said, if its body is JSON and says it where the manifest tells.
    pub(super) fn vendor_message(&self, body: &[u8]) -> Option<String> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let mut texts =
            self.manifest().error_messages.iter().filter_map(|pointer| body.pointer(pointer)?.as_str());
        texts.find(|text| !text.is_empty()).map(|text| text.chars().take(500).collect())
    }

    /// What the vendor's headers say of its quota; `None` where the manifest names no such headers.
    pub fn quota(&self, headers: &HeaderMap, now: OffsetDateTime) -> Option<Quota> {
        let names = self.manifest().rate_limit.as_ref()?;
        let told = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        let reset = told(&names.reset).map(|at| {
            let now = now.unix_timestamp().max(0).unsigned_abs();
            Duration::from_secs(at.saturating_sub(now))
        });
        let quota = Quota { limit: told(&names.limit), remaining: told(&names.remaining), reset };
        (quota != Quota::default()).then_some(quota)
    }

    /// How long until the vendor's quota is there again.
    fn reset(&self, headers: &HeaderMap, now: OffsetDateTime) -> Option<Duration> {
        self.quota(headers, now)?.reset
    }
}

/// How long a `Retry-After` asks to wait, in either of its forms.
fn retry_after(headers: &HeaderMap, now: OffsetDateTime) -> Option<Duration> {
    let after = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = after.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(after).ok()?;
    // A date that has passed asks for no wait.
    Some(Duration::try_from(OffsetDateTime::from(date) - now).unwrap_or_default())
}

/// What a status stands for, and whether the vendor could have acted on the call.
fn classify(status: StatusCode, reads: bool) -> (Kind, Effect) {
    let acted = if reads { Effect::None } else { Effect::Possible };
    match status {
        StatusCode::UNAUTHORIZED => (Kind::Reauthenticate, Effect::None),
        StatusCode::NOT_FOUND | StatusCode::GONE => (Kind::NotFound, Effect::None),
        StatusCode::TOO_MANY_REQUESTS => (Kind::RateLimited, Effect::None),
        StatusCode::REQUEST_TIMEOUT => (Kind::Unreachable, acted),
        status if status.is_client_error() => (Kind::Rejected, Effect::None),
        status if status.is_server_error() => (Kind::Unreachable, acted),
        _ => (Kind::Garbled, acted),
    }
}

/// The fields that a vendor names in an `errors` list of objects with `field` and `message`.
fn vendor_failures(body: &[u8]) -> Vec<Failure> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let listed = body.pointer("/errors").and_then(Value::as_array).cloned().unwrap_or_default();
    let read = |error: &Value, name: &str| error.get(name).and_then(Value::as_str).map(str::to_owned);
    listed
        .iter()
        .filter_map(|error| Some(Failure { field: read(error, "field")?, message: read(error, "message")? }))
        .collect()
}

/// "Validation Failed (dueOn: dueOn is required)".
fn with_fields(said: String, failures: &[Failure]) -> String {
    if failures.is_empty() {
        return said;
    }
    let fields: Vec<String> =
        failures.iter().take(5).map(|failure| format!("{}: {}", failure.field, failure.message)).collect();
    format!("{said} ({})", fields.join("; "))
}

/// Refuses a call that would concern everything there is because nothing narrows it.
fn narrowed(call: &Call, query: &Map<String, Value>) -> Result<()> {
    let facts = &call.native.facts;
    let schema = facts.query_schema.as_ref();
    let narrows = |name: &String| {
        let given = query.get(name).map(text).unwrap_or_default();
        let usual = schema.and_then(|schema| schema.pointer(&format!("/properties/{name}/default")));
        let given = given.trim();
        !matches!(given, "" | "null" | "{}" | "[]") && usual.map(text).is_none_or(|usual| usual != given)
    };
    if facts.needs_one_of.is_empty() || facts.needs_one_of.iter().any(narrows) {
        return Ok(());
    }
    let names = facts.needs_one_of.join(", ");
    let problem = format!("or another of {names} must say which records {} is about", call.name());
    Err(Error::invalid_field(&facts.needs_one_of[0], problem))
}

/// The path of a call. The parameters that it takes from the query are taken out of it.
fn path(call: &Call, query: &mut Map<String, Value>) -> Result<String> {
    let template = call.path.as_ref().unwrap_or(&call.native.facts.path);
    let mut path = String::with_capacity(template.len() + 16);
    let mut rest = template.as_str();
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        path.push_str(before);
        let missing = |name: &str| Error::invalid_field(name, format!("is needed for {}", call.name()));
        let value = match name.strip_prefix("query.") {
            Some(name) => {
                let value = query.shift_remove(name).filter(|value| !value.is_null());
                text(&value.ok_or_else(|| missing(name))?)
            }
            None => call.id.clone().ok_or_else(|| missing("id"))?,
        };
        if !may_be_in_a_path(&value) {
            return Err(Error::invalid_field(name, NOT_IN_A_PATH));
        }
        path.extend(utf8_percent_encode(&value, SEGMENT));
        rest = after;
    }
    path.push_str(rest);
    Ok(path)
}

/// A URL with its scheme, host and port replaced.
pub fn moved(url: &str, origin: Option<&Url>) -> Result<Url> {
    let mut url = Url::parse(url).map_err(Error::internal)?;
    if let Some(origin) = origin {
        let path = url.path().to_owned();
        url = origin.clone();
        url.set_path(&path);
    }
    Ok(url)
}

/// Whether a record has a member that is not null.
fn has(record: &RawValue, member: &str) -> bool {
    let found = envelope::at(record.get().as_bytes(), member).ok().flatten();
    found.is_some_and(|found| found.get() != "null")
}

/// Objects in brackets, lists with commas, null left out.
fn append(pairs: &mut url::form_urlencoded::Serializer<'_, url::UrlQuery<'_>>, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Object(map) => {
            for (key, inner) in map {
                append(pairs, &format!("{name}[{key}]"), inner);
            }
        }
        Value::Array(items) => {
            let texts: Vec<String> = items.iter().map(text).collect();
            pairs.append_pair(name, &texts.join(","));
        }
        plain => {
            pairs.append_pair(name, &text(plain));
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
