//! What an edit at Nutshell has to say so that a record ends up as desired.
//!
//! An edit leaves alone what it doesn't name, but replaces whole what it names: all e-mail addresses, all people of a
//! lead. So whatever is as it should be already is not named, and an edit with nothing left to say is not sent. To
//! know what is so already takes some reading, since Nutshell reads and writes the same thing in different shapes: a
//! name is written as a text and read in parts, a stage is written as `milestoneId` and read as `milestone`, an instant
//! is read with an offset without a colon.

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Values of which a record has several, each under a label or a number.
const LABELLED: &[&str] = &["email", "phone", "url", "address"];

/// Records that a record refers to.
const REFERENCES: &[&str] = &["accounts", "contacts", "leads", "participants", "sources"];

/// The edit without what is so already; nothing if nothing is left.
///
/// The body is `{rev, <entity>: {…}}`, and of a note its text; whatever else it has was put there by the caller and is sent in any case.
pub(super) fn amend(mut desired: Value, current: &Map<String, Value>) -> Option<Value> {
    let Some(body) = desired.as_object_mut() else { return Some(desired) };
    let alone = body.len() <= 1 + usize::from(body.contains_key("rev"));
    let entity = body.iter_mut().find(|(name, _)| *name != "rev");
    let emptied = match entity {
        None => true,
        Some((name, text)) if !text.is_object() => stays(name, text, current),
        Some((_, entity)) => only_what_differs(entity, current),
    };
    (!(alone && emptied)).then_some(desired)
}

/// Takes what is so already out of an edit; true if nothing is left of it.
fn only_what_differs(entity: &mut Value, current: &Map<String, Value>) -> bool {
    let Value::Object(wanted) = entity else { return false };
    if let Some(Value::Object(values)) = wanted.get_mut("customFields") {
        let present = current.get("customFields");
        values.retain(|name, value| !is_same(present.and_then(|present| present.get(name)), value));
        if values.is_empty() {
            wanted.shift_remove("customFields");
        }
    }
    wanted.retain(|name, value| !stays(name, value, current));
    wanted.is_empty()
}

/// Whether writing this would change nothing.
fn stays(name: &str, wanted: &Value, current: &Map<String, Value>) -> bool {
    let present = current.get(name);
    if name == "customFields" {
        return false; // what is left of them differs
    }
    if name == "name" {
        let parts = present.and_then(|name| name.get("displayName"));
        return is_same(parts.or(present), wanted);
    }
    if LABELLED.contains(&name) {
        return same_labelled(present, wanted);
    }
    if REFERENCES.contains(&name) {
        return same_references(present, wanted);
    }
    if name == "tags" {
        return sorted(present) == sorted(Some(wanted));
    }
    match name.strip_suffix("Id") {
        Some(stem) if present.is_none() => {
            is_same(current.get(stem).and_then(|referred| referred.get("id")), wanted)
        }
        _ => is_same(present, wanted),
    }
}

/// The values of a field with labels, in order: each with its label, where that isn't a mere number.
fn labelled(value: Option<&Value>) -> Vec<(Option<String>, Value)> {
    match value {
        Some(Value::Object(items)) => items
            .iter()
            .filter(|(label, _)| *label != "--primary")
            .map(|(label, item)| {
                let counted = label.bytes().all(|byte| byte.is_ascii_digit());
                ((!counted).then(|| label.clone()), item.clone())
            })
            .collect(),
        Some(Value::Array(items)) => items.iter().map(|item| (None, item.clone())).collect(),
        _ => Vec::new(),
    }
}

fn same_labelled(present: Option<&Value>, wanted: &Value) -> bool {
    let (present, wanted) = (labelled(present), labelled(Some(wanted)));
    present.len() == wanted.len()
        && present.iter().zip(&wanted).all(|((was, present), (is, wanted))| {
            was == is
                && match (present, wanted) {
                    (Value::Object(phone), Value::String(number)) => is_number_of(phone, number),
                    _ => is_same(Some(present), wanted),
                }
        })
}

/// Whether a phone number, which is read in parts, is the one that this text writes.
fn is_number_of(phone: &Map<String, Value>, written: &str) -> bool {
    let spelt = |key: &str| phone.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let behind = spelt("extension").map_or_else(String::new, |extension| format!(" x{extension}"));
    let spellings = ["E164", "numberFormatted", "countryCodeAndNumber", "number"];
    spellings.into_iter().filter_map(spelt).any(|number| format!("{number}{behind}") == written)
}

fn same_references(present: Option<&Value>, wanted: &Value) -> bool {
    let items = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let (present, wanted) = (items(present), items(Some(wanted)));
    present.len() == wanted.len()
        && present.iter().zip(&wanted).all(|(present, wanted)| is_same(Some(present), wanted))
}

fn sorted(tags: Option<&Value>) -> Vec<String> {
    let tags = tags.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut tags: Vec<String> = tags.iter().filter_map(|tag| tag.as_str().map(str::to_owned)).collect();
    tags.sort_unstable();
    tags.dedup(); // Nutshell has been seen to repeat one
    tags
}

/// Whether a value is the wanted one: an object if it has all that is wanted, nothing if it is empty, an instant in any
/// spelling.
fn is_same(present: Option<&Value>, wanted: &Value) -> bool {
    match (present.unwrap_or(&Value::Null), wanted) {
        (Value::Object(present), Value::Object(wanted)) => {
            wanted.iter().all(|(name, value)| is_same(present.get(name), value))
        }
        (Value::Null, Value::Array(items)) => items.is_empty(),
        (Value::Null, Value::Object(members)) => members.values().all(Value::is_null),
        (Value::Null, Value::String(text)) => text.is_empty(),
        (present, Value::Null) => {
            present.as_array().is_some_and(Vec::is_empty)
                || matches!(present, Value::Null)
                || present.as_str() == Some("")
        }
        (present, wanted) if present == wanted => true,
        (Value::Number(present), Value::Number(wanted)) => present.as_f64() == wanted.as_f64(),
        (Value::String(text), Value::Number(number)) | (Value::Number(number), Value::String(text)) => {
            text.parse().ok() == number.as_f64()
        }
        (Value::String(present), Value::String(wanted)) => {
            matches!((instant(present), instant(wanted)), (Some(present), Some(wanted)) if present == wanted)
        }
        _ => false,
    }
}

/// An instant, whether its offset has a colon or not.
fn instant(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok().or_else(|| {
        let (head, minutes) = text.split_at_checked(text.len().checked_sub(2)?)?;
        OffsetDateTime::parse(&format!("{head}:{minutes}"), &Rfc3339).ok()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sent(wanted: Value, current: Value) -> Option<Value> {
        let Value::Object(current) = current else { unreachable!() };
        let edit = amend(json!({ "rev": "4", "contact": wanted }), &current);
        edit.map(|edit| edit["contact"].clone())
    }

    #[test]
    fn what_is_so_already_is_not_sent_whatever_its_shape() {
        let current = json!({
            "name": { "givenName": "Ida", "familyName": "Moe", "displayName": "Ida Moe" },
            "description": null, "tags": ["b", "a", "a"],
            "email": { "0": "ida@moe.example", "--primary": "ida@moe.example" },
            "phone": {
                "work": { "number": "5550102233", "extension": "7", "E164": "+15550102233" },
                "--primary": { "number": "5550102233", "extension": "7", "E164": "+15550102233" },
            },
            "address": { "0": { "address_1": "1 Mill", "city": null, "location": { "latitude": 1.5 } } },
            "url": [], "owner": { "stub": true, "id": 3, "entityType": "Users" },
            "accounts": [{ "id": 9, "name": "Mill", "relationship": "Buyer" }],
            "milestone": { "id": 12, "name": "Offer" }, "dueTime": "2024-05-31T15:51:00+0000",
            "customFields": { "Score": 3, "Budget": { "currency": "USD", "amount": "200" } },
        });
        let wanted = json!({
            "name": "Ida Moe", "description": "", "tags": ["a", "b"], "email": ["ida@moe.example"],
            "phone": { "work": "+15550102233 x7" },
            "address": [{ "address_1": "1 Mill", "city": null, "state": null }], "url": [],
            "owner": { "entityType": "Users", "id": 3 }, "accounts": [{ "id": 9 }], "milestoneId": 12,
            "dueTime": "2024-05-31T17:51:00+02:00",
            "customFields": { "Score": "3", "Budget": { "currency": "USD", "amount": 200 }, "Gone": null },
        });
        assert_eq!(sent(wanted, current), None);
    }

    #[test]
    fn what_differs_is_sent_and_nothing_beside_it() {
        let current = json!({
            "name": "Moe & Co", "description": "old", "email": { "work": "a@moe.example", "--primary": "a@moe.example" },
            "tags": ["a"], "milestone": { "id": 12 }, "accounts": [{ "id": 1 }, { "id": 2 }],
            "customFields": { "Score": 3, "Kept": "yes" },
        });
        let wanted = json!({
            "name": "Moe & Co", "description": null, "email": { "home": "a@moe.example" }, "tags": [],
            "milestoneId": 13, "accounts": [{ "id": 2 }, { "id": 1 }],
            "customFields": { "Score": 4, "Kept": "yes" },
        });
        assert_eq!(
            sent(wanted, current),
            Some(json!({
                "description": null, "email": { "home": "a@moe.example" }, "tags": [], "milestoneId": 13,
                "accounts": [{ "id": 2 }, { "id": 1 }], "customFields": { "Score": 4 },
            }))
        );
    }

    #[test]
    fn what_the_caller_adds_beside_the_record_is_sent() {
        let body = json!({ "rev": "4", "contact": {}, "mark": 1 });
        assert_eq!(amend(body.clone(), &Map::new()), Some(body));
        assert_eq!(amend(json!({ "rev": "4", "contact": {} }), &Map::new()), None);
    }
}
