//! Web forms: a JSON object as the fields of a form, and a redirect as the answer.
//!
//! Objects become fields in brackets (`contact[name]`), lists repeat theirs (`tags[]`), null is left out. The vendor
//! answers a form that it took by leading the browser to where the form said; anything else, a page or another place, is
//! no success. Where the form goes is not decided here: the address belongs to the account.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use serde_json::{Map, Value};
use url::Url;
use url::form_urlencoded::Serializer;

use super::call::{Call, Reply};
use super::rest::Rest;
use crate::error::{Error, Result};
use crate::mapping::form::Form;

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// The request of a call, to nowhere in particular yet.
pub(super) fn request(call: &Call, form: &Form) -> Result<http::Request<Bytes>> {
    let fields = fields(call)?;
    target(&fields, form)?;
    let mut pairs = Serializer::new(String::new());
    for (name, value) in &fields {
        append(&mut pairs, name, value);
    }
    let mut request = http::Request::new(Bytes::from(pairs.finish()));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from_static("/");
    request.headers_mut().insert(CONTENT_TYPE, FORM);
    Ok(request)
}

/// The reply that an answer is: empty, if the form was taken.
pub(super) fn reply(rest: &Rest, call: &Call, form: &Form, response: http::Response<Bytes>) -> Result<Reply> {
    let (parts, body) = response.into_parts();
    let reply = Reply { status: parts.status, headers: parts.headers, body };
    let wanted = target(&fields(call)?, form)?;
    let led_to = reply.headers.get(LOCATION).and_then(|place| place.to_str().ok()?.parse::<Url>().ok());
    if reply.status.is_redirection() && led_to == Some(wanted) {
        return Ok(Reply { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body: Bytes::new() });
    }
    Err(rest.garbled(
        call,
        &reply,
        &format!("a form that is taken leads to {}, and this one doesn't", form.leads_to),
    ))
}

fn fields(call: &Call) -> Result<Map<String, Value>> {
    let body = call.body.as_deref().unwrap_or(b"{}");
    serde_json::from_slice(body)
        .map_err(|_| Error::invalid("The body must be a JSON object: the form's fields."))
}

/// Where success leads.
fn target(fields: &Map<String, Value>, form: &Form) -> Result<Url> {
    let told = fields.get(&form.leads_to).and_then(Value::as_str);
    let url = told.and_then(|text| text.parse::<Url>().ok());
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| {
        Error::invalid_field(form.leads_to.clone(), "is needed: an http or https URL, to which success leads")
    })
}

fn append(pairs: &mut Serializer<'_, String>, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Object(members) => {
            for (inner, value) in members {
                append(pairs, &format!("{name}[{inner}]"), value);
            }
        }
        Value::Array(items) => {
            for item in items {
                append(pairs, &format!("{name}[]"), item);
            }
        }
        Value::String(text) => {
            pairs.append_pair(name, text);
        }
        other => {
            pairs.append_pair(name, &other.to_string());
        }
    }
}
