//! What is Nimble's own: how it words errors, a record that comes in a list of one, and how a record is updated.
//!
//! Nimble says 403 to a credential that is no good, 409 to a body that is wrong, and 200 with an empty list to the id of
//! a contact that was deleted (its documentation, and what others found on live accounts). Its updates replace each
//! list that they name, so a mapping says what a list is to be in the end and [`Nimble::amend`] leaves out what is so
//! already.

use bytes::Bytes;
use http::StatusCode;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::Adapter;
use super::call::{Call, Reply};
use super::envelope;
use super::rest::Rest;
use crate::error::{Effect, Error, Failure, Kind, Result};
use crate::mapping::catalog::NativeCall;

/// What a 403 says that stands for a credential that is no good.
const NOT_AUTHENTICATED: &str = "can't authenticate request";

/// Nimble's wire.
#[derive(Debug)]
pub struct Nimble(pub Rest);

impl Adapter for Nimble {
    fn rest(&self) -> &Rest {
        &self.0
    }

    fn reply(&self, call: &Call, response: http::Response<Bytes>, now: OffsetDateTime) -> Result<Reply> {
        let (status, body) = (response.status(), response.body().clone());
        self.0.reply(call, response, now).map_err(|error| self.explained(error, status, &body))
    }

    /// A contact comes in a list of one. An empty list stands for a contact that is no more.
    fn record(&self, call: &Call, reply: &Reply) -> Result<Box<RawValue>> {
        let path = call.native.facts.response_path.as_deref().unwrap_or_default();
        match envelope::items(&reply.body, path, false) {
            Ok(Some(records)) if !path.is_empty() => {
                let first = records.into_iter().next();
                let first = first.ok_or_else(|| {
                    let message = format!("{} has no such record.", self.0.label());
                    Error::new(Kind::NotFound, message).with_fault(self.0.fault_of(reply))
                })?;
                if first.get().starts_with('{') {
                    return Ok(first.to_owned());
                }
                Err(self.0.garbled(call, reply, "its only record is none"))
            }
            _ => self.0.record(call, reply),
        }
    }

    fn amend(&self, native: &NativeCall, mut desired: Value, before: &Value) -> Result<Option<Value>> {
        if native.method != "update" {
            return Ok(Some(desired));
        }
        if let (Some(current), Some(wanted)) = (before.get("current"), desired.as_object_mut()) {
            if native.resource == "contact_notes" {
                return Ok((!is_same_note(wanted, current)).then_some(desired));
            }
            prune(wanted, current);
            if wanted.is_empty() {
                return Ok(None);
            }
        }
        Ok(Some(desired))
    }
}

impl Nimble {
    /// The error in the light of what only Nimble means by it.
    fn explained(&self, error: Error, status: StatusCode, body: &[u8]) -> Error {
        let said = self.0.vendor_message(body);
        match status {
            StatusCode::FORBIDDEN if is_authentication(said.as_deref()) => {
                let message = format!("{} refused the account's credential: {}.", self.0.label(), bare(said));
                let refused = Error::new(Kind::Reauthenticate, message);
                match error.fault() {
                    Some(fault) => refused.with_fault(fault.clone()),
                    None => refused,
                }
            }
            // What is missing says whether the credential is no good or the record is another's.
            StatusCode::FORBIDDEN if is_cut_off(body) => {
                let message = format!("{} answered 403, and its reason breaks off.", self.0.label());
                let unclear = Error::new(Kind::Garbled, message).effect(Effect::None);
                match error.fault() {
                    Some(fault) => unclear.with_fault(fault.clone()),
                    None => unclear,
                }
            }
            StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => {
                let failures = failures(body);
                let named: Vec<String> =
                    failures.iter().take(5).map(|it| format!("{}: {}", it.field, it.message)).collect();
                let named = if named.is_empty() { String::new() } else { format!(" ({})", named.join("; ")) };
                let message = format!("{} finds the request invalid: {}{named}.", self.0.label(), bare(said));
                error.with_failures(failures).reworded(Some(&message), Some(StatusCode::UNPROCESSABLE_ENTITY))
            }
            StatusCode::NOT_FOUND => match missing(body) {
                Some(what) => {
                    let message = format!("{} has no such record: {what}.", self.0.label());
                    error.reworded(Some(&message), None)
                }
                None => error,
            },
            _ => error,
        }
    }
}

fn is_authentication(said: Option<&str>) -> bool {
    said.is_some_and(|said| said.replace('\u{2019}', "'").to_lowercase().contains(NOT_AUTHENTICATED))
}

/// Whether a body begins as JSON and doesn't end so.
fn is_cut_off(body: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(body).is_err_and(|error| error.is_eof()) && !body.is_empty()
}

fn bare(said: Option<String>) -> String {
    let said = said.unwrap_or_else(|| "it doesn't say why".to_owned());
    said.trim_end_matches('.').to_owned()
}

/// "contact 66abb3d75290355bdf24ddad", of a 404's body.
fn missing(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    Some(format!("{} {}", body.get("object_type")?.as_str()?, body.get("object_id")?.as_str()?))
}

/// What is wrong with each field: a list of problems under the field's name, or one problem under its JSON pointer.
fn failures(body: &[u8]) -> Vec<Failure> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(errors) = body.get("errors").and_then(Value::as_object) else { return Vec::new() };
    let mut failures = Vec::new();
    for (field, problems) in errors {
        let problems = problems.as_array().cloned().unwrap_or_else(|| vec![problems.clone()]);
        let messages = problems.iter().filter_map(|it| it.get("message").and_then(Value::as_str));
        let field = field.trim_start_matches('/').replace('/', ".");
        failures
            .extend(messages.map(|message| Failure { field: field.clone(), message: message.to_owned() }));
    }
    failures
}

/// Takes out of what a record is to be what it is already.
fn prune(wanted: &mut Map<String, Value>, current: &Value) {
    for name in ["fields", "fields_values"] {
        if let Some(Value::Object(fields)) = wanted.get_mut(name) {
            let there = by_name(current.get(name).unwrap_or(&Value::Null));
            fields.retain(|field, values| !same_values(there.get(field), values));
            if fields.is_empty() {
                wanted.shift_remove(name);
            }
        }
    }
    wanted.retain(|name, value| match name.as_str() {
        "fields" | "fields_values" => true,
        "owner_id" => current.pointer("/owner/user_id").or_else(|| current.get("owner_id")) != Some(&*value),
        "stage_id" => stage(current) != Some(&*value),
        "related_contacts" => related(current.get(name)) != related(Some(value)),
        name => current.get(name) != Some(value),
    });
}

/// The id of the stage that a deal is at: where the last move of its last pipeline led.
fn stage(deal: &Value) -> Option<&Value> {
    let run = last_of(deal.get("stage_transitions")?);
    last_of(run.get("transitions")?).pointer("/to_stage/stage_id")
}

/// The last of a list; what is no list is its own last.
fn last_of(value: &Value) -> &Value {
    value.as_array().and_then(|items| items.last()).unwrap_or(value)
}

/// Whether a note is so already. A change of one takes all of it, or nothing.
fn is_same_note(wanted: &Map<String, Value>, current: &Value) -> bool {
    let ids = |list: Option<&Value>, pointer: &str| {
        let items = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let found = items.iter().filter_map(|item| item.pointer(pointer)?.as_str().map(str::to_owned));
        found.collect::<std::collections::BTreeSet<_>>()
    };
    wanted.get("note") == current.get("note")
        && ids(wanted.get("contact_ids"), "") == ids(current.get("contacts"), "/id")
}

/// Values of fields by the field: deals have a list of fields with their values, contacts an object.
fn by_name(fields: &Value) -> Map<String, Value> {
    match fields {
        Value::Object(fields) => fields.clone(),
        Value::Array(fields) => {
            let pairs = fields.iter().filter_map(|field| {
                let name = field.get("field_id").or_else(|| field.get("field_name"))?.as_str()?;
                Some((name.to_owned(), field.get("values")?.clone()))
            });
            pairs.collect()
        }
        _ => Map::new(),
    }
}

/// Whether a field has these values, in this order. One that is to be emptied and isn't there is so already.
fn same_values(current: Option<&Value>, wanted: &Value) -> bool {
    let read = |value: &Value| {
        let items = value.as_array().cloned().unwrap_or_default();
        let items = items.into_iter().map(|item| {
            let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            (decoded(text("value")), text("modifier"))
        });
        items.filter(|(value, _)| *value != "").collect::<Vec<_>>()
    };
    current.map(read).unwrap_or_default() == read(wanted)
}

/// What a text holds: addresses and employment are objects as JSON text, whatever the order of their members. What is null
/// in one is not there.
fn decoded(text: String) -> Value {
    match serde_json::from_str(&text) {
        Ok(Value::Object(mut members)) => {
            members.retain(|_, value| !value.is_null());
            Value::Object(members)
        }
        _ => Value::String(text),
    }
}

/// Whom a deal is with, as a set: contact and note.
fn related(contacts: Option<&Value>) -> Vec<(String, String)> {
    let items = contacts.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut found: Vec<(String, String)> = items
        .iter()
        .map(|item| {
            let id = item.get("contact_id").or_else(|| item.pointer("/contact/id"));
            let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
            (text(id), text(item.get("note")))
        })
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pruned(wanted: Value, current: &Value) -> Value {
        let Value::Object(mut wanted) = wanted else { unreachable!() };
        prune(&mut wanted, current);
        Value::Object(wanted)
    }

    #[test]
    fn what_a_record_holds_already_is_not_sent() {
        let current = json!({
            "owner": {"user_id": "u1"}, "currency": "EUR", "tags": ["a"],
            "fields": {"email": [{"value": "a@x.example", "modifier": "work", "is_primary": false}]},
            "fields_values": [{"field_id": "f1", "values": [{"value": "10"}]}],
            "related_contacts": [{"contact": {"id": "c1"}, "note": "first"}, {"contact": {"id": "c2"}, "note": ""}],
            "stage_transitions": [{"transitions": [{"to_stage": {"stage_id": "s1"}}, {"to_stage": {"stage_id": "s2"}}]}],
        });
        let same = json!({
            "owner_id": "u1", "currency": "EUR", "tags": ["a"], "stage_id": "s2",
            "fields": {"email": [{"value": "a@x.example", "modifier": "work"}], "phone": [{"value": null}]},
            "fields_values": {"f1": [{"value": "10"}], "f2": []},
            "related_contacts": [{"contact_id": "c2"}, {"contact_id": "c1", "note": "first"}],
        });
        assert_eq!(pruned(same, &current), json!({}));
        let other = json!({
            "owner_id": "u2", "stage_id": "s1", "fields": {"email": [{"value": "a@x.example", "modifier": "other"}]},
            "fields_values": {"f1": []}, "related_contacts": [{"contact_id": "c1", "note": "first"}],
        });
        assert_eq!(pruned(other.clone(), &current), other);
    }

    #[test]
    fn the_failures_of_a_409_are_read_in_both_shapes() {
        let old = json!({"errors": {"first name": [{"message": "is needed", "field_id": "1"}]}});
        let new = json!({"errors": {"/fields/domain": {"message": "is taken"}}});
        for (body, field, message) in [(old, "first name", "is needed"), (new, "fields.domain", "is taken")] {
            let found = failures(body.to_string().as_bytes());
            assert_eq!((found[0].field.as_str(), found[0].message.as_str()), (field, message));
        }
    }

    #[test]
    fn a_403_is_about_the_credential_only_where_it_says_so() {
        assert!(is_authentication(Some("Can't authenticate request.")));
        assert!(is_authentication(Some("Can\u{2019}t authenticate request")));
        assert!(!is_authentication(Some("You have no permission on this contact")));
    }
}
