//! What is Capsule's own: how a record is updated.
//!
//! Capsule's collections are edited item by item: an item with an id is edited, one without is added, one with
//! `_delete` is removed, and sending an array never replaces it (Capsule's documentation of writing to the API).
//! A mapping says what a record is to be in the end; [`amend`] turns that into the edits that lead there.

use serde_json::{Map, Value, json};

use super::Adapter;
use super::rest::Rest;
use crate::error::Result;
use crate::mapping::catalog::NativeCall;

/// Capsule's wire: REST with its way of updating records.
#[derive(Debug)]
pub struct Capsule(pub Rest);

impl Adapter for Capsule {
    fn rest(&self) -> &Rest {
        &self.0
    }

    /// Of an update, what differs from what the step `current` found. Bodies wrap a record under the same name as
    /// answers do.
    fn amend(&self, native: &NativeCall, mut desired: Value, before: &Value) -> Result<Option<Value>> {
        let wrapper = native.facts.response_path.as_deref().filter(|_| native.method == "update");
        let current = before.get("current").and_then(Value::as_object);
        let members = desired.as_object().map_or(0, Map::len);
        if let (Some(wrapper), Some(current)) = (wrapper, current)
            && let Some(Value::Object(wanted)) = desired.get_mut(wrapper)
        {
            amend(wanted, current);
            if wanted.is_empty() && members == 1 {
                return Ok(None);
            }
        }
        Ok(Some(desired))
    }
}

/// A collection of a party.
struct Collection {
    name: &'static str,
    /// What makes two of its items one and the same.
    same: &'static [&'static str],
    /// Whether an item can be edited. A tag can't: its name belongs to the whole of the vendor's account.
    editable: bool,
}

const COLLECTIONS: &[Collection] = &[
    Collection { name: "emailAddresses", same: &["address"], editable: true },
    Collection { name: "phoneNumbers", same: &["number"], editable: true },
    Collection { name: "addresses", same: &["street", "city", "state", "country", "zip"], editable: true },
    Collection { name: "websites", same: &["service", "address"], editable: true },
    Collection { name: "tags", same: &["name"], editable: false },
];

/// Turns what a record is to be into what has to be sent, given what it is.
fn amend(wanted: &mut Map<String, Value>, current: &Map<String, Value>) {
    for collection in COLLECTIONS {
        if let Some(desired) = wanted.get_mut(collection.name) {
            let edits = collection.edits(items(Some(&*desired)), items(current.get(collection.name)));
            *desired = Value::Array(edits);
        }
    }
    if let Some(desired) = wanted.get_mut("fields") {
        let edits = field_edits(items(Some(&*desired)), items(current.get("fields")));
        *desired = Value::Array(edits);
    }
    let is_edited =
        |name: &str| name == "fields" || COLLECTIONS.iter().any(|collection| collection.name == name);
    wanted.retain(|name, value| match value {
        Value::Array(edits) if is_edited(name) => !edits.is_empty(),
        value => !same_value(current.get(name), value),
    });
    carry_team(wanted, current);
}

/// Setting an owner without a team clears the team, so the present team is sent along.
fn carry_team(wanted: &mut Map<String, Value>, current: &Map<String, Value>) {
    let team = current.get("team").and_then(|team| team.get("id"));
    if let Some(team) = team
        && wanted.contains_key("owner")
        && !wanted.contains_key("team")
    {
        wanted.insert("team".to_owned(), json!({ "id": team }));
    }
}

fn items(value: Option<&Value>) -> Vec<Map<String, Value>> {
    let array = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    array.iter().filter_map(|item| item.as_object().cloned()).collect()
}

impl Collection {
    /// The edits that turn `current` into `desired`: what is left over is removed, what differs edited, what is
    /// new added.
    fn edits(&self, desired: Vec<Map<String, Value>>, mut current: Vec<Map<String, Value>>) -> Vec<Value> {
        let mut kept = Vec::new();
        let mut unnamed = Vec::new();
        // Ids first: an item that was named must not be taken by another that only looks alike.
        for item in desired {
            match take(&mut current, |present| same_id(present.get("id"), item.get("id"))) {
                Some(present) => kept.extend(self.edit(item, &present)),
                None => unnamed.push(item),
            }
        }
        for mut item in unnamed {
            let alike = |present: &Map<String, Value>| {
                self.same.iter().all(|key| same_text(present.get(*key), item.get(*key)))
            };
            match take(&mut current, alike) {
                Some(present) => kept.extend(self.edit(item, &present)),
                None => {
                    item.shift_remove("id"); // an id that the party doesn't have means nothing to Capsule
                    kept.push(Value::Object(item));
                }
            }
        }
        let left =
            current.iter().filter_map(|present| Some(json!({ "id": present.get("id")?, "_delete": true })));
        left.chain(kept).collect()
    }

    /// What has to be sent for an item that is already there; nothing if it is as it should be.
    fn edit(&self, item: Map<String, Value>, present: &Map<String, Value>) -> Option<Value> {
        let changed: Map<String, Value> = item
            .into_iter()
            .filter(|(key, value)| key != "id" && !same_value(present.get(key), value))
            .collect();
        if changed.is_empty() || !self.editable {
            return None;
        }
        let mut edit = Map::from_iter([("id".to_owned(), present.get("id")?.clone())]);
        edit.extend(changed);
        Some(Value::Object(edit))
    }
}

/// Custom fields are set by definition; those that aren't named stay. A boolean can't be null: it is unset as false.
fn field_edits(desired: Vec<Map<String, Value>>, current: Vec<Map<String, Value>>) -> Vec<Value> {
    let definition =
        |field: &Map<String, Value>| field.get("definition").and_then(|of| of.get("id")).cloned();
    let edits = desired.into_iter().filter_map(|mut field| {
        let wanted = definition(&field);
        let present = current
            .iter()
            .find(|present| same_id(definition(present).as_ref(), wanted.as_ref()))
            .and_then(|present| present.get("value"));
        let value = field.entry("value").or_insert(Value::Null);
        if value.is_null() && present.is_some_and(Value::is_boolean) {
            *value = Value::Bool(false);
        }
        (!same_value(present, value)).then_some(Value::Object(field))
    });
    edits.collect()
}

fn take(
    items: &mut Vec<Map<String, Value>>,
    mut wanted: impl FnMut(&Map<String, Value>) -> bool,
) -> Option<Map<String, Value>> {
    let index = items.iter().position(&mut wanted)?;
    Some(items.remove(index))
}

fn same_id(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left.and_then(plain), right.and_then(plain)) {
        (Some(left), Some(right)) => left == right,
        _ => false,
    }
}

/// Whether two texts name the same thing: addresses and tags don't differ by case.
fn same_text(left: Option<&Value>, right: Option<&Value>) -> bool {
    let read = |value: Option<&Value>| value.and_then(plain).unwrap_or_default().trim().to_lowercase();
    read(left) == read(right)
}

/// Whether sending `wanted` would change nothing. Capsule gives numbers of custom fields as strings, and
/// references as whole objects where an id is enough to write them.
fn same_value(current: Option<&Value>, wanted: &Value) -> bool {
    match (current.unwrap_or(&Value::Null), wanted) {
        (Value::Object(current), Value::Object(wanted)) => {
            wanted.iter().all(|(key, value)| same_value(current.get(key), value))
        }
        (current, wanted) if current == wanted => true,
        // The shorthand for a reference is its bare id.
        (Value::Object(current), Value::Number(_) | Value::String(_)) => {
            same_id(current.get("id"), Some(wanted))
        }
        (current, wanted) => match (plain(current), plain(wanted)) {
            (Some(current), Some(wanted)) => current == wanted,
            _ => false,
        },
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(wanted: Value, current: Value) -> Value {
        let (Value::Object(mut wanted), Value::Object(current)) = (wanted, current) else { unreachable!() };
        amend(&mut wanted, &current);
        Value::Object(wanted)
    }

    #[test]
    fn a_collection_is_replaced_by_adds_edits_and_removals() {
        let current = json!({"emailAddresses": [
            {"id": 1, "type": "Work", "address": "a@x.io"},
            {"id": 2, "type": null, "address": "b@x.io"},
            {"id": 3, "type": "Home", "address": "c@x.io"},
        ]});
        let wanted = json!({"emailAddresses": [
            {"address": "A@x.io", "type": "Work"},
            {"id": "3", "address": "new@x.io"},
            {"address": "d@x.io", "type": "Home"},
        ]});
        assert_eq!(
            sent(wanted, current),
            json!({"emailAddresses": [
                {"id": 2, "_delete": true},
                {"id": 3, "address": "new@x.io"},
                {"id": 1, "address": "A@x.io"},
                {"address": "d@x.io", "type": "Home"},
            ]})
        );
    }

    #[test]
    fn an_empty_collection_removes_every_item_and_null_does_too() {
        for empty in [json!([]), json!(null)] {
            let current = json!({"tags": [{"id": 5, "name": "VIP"}]});
            assert_eq!(sent(json!({"tags": empty}), current), json!({"tags": [{"id": 5, "_delete": true}]}));
        }
    }

    #[test]
    fn what_is_so_already_is_not_sent() {
        let current = json!({
            "firstName": "Ada", "owner": {"id": 9, "name": "Olu"}, "team": {"id": 4, "name": "Sales"},
            "tags": [{"id": 5, "name": "VIP", "dataTag": false}],
            "fields": [{"id": 1, "definition": {"id": 7, "name": "Score"}, "value": "3"}],
        });
        let wanted = json!({
            "firstName": "Ada", "owner": {"id": "9"}, "tags": [{"name": "vip"}],
            "fields": [{"definition": {"id": "7"}, "value": 3}],
        });
        assert_eq!(sent(wanted, current), json!({}));
    }

    #[test]
    fn a_reference_may_be_a_bare_id() {
        let current = json!({"stage": {"id": 149, "name": "Brief"}});
        assert_eq!(sent(json!({"stage": 149}), current.clone()), json!({}));
        assert_eq!(sent(json!({"stage": 150}), current.clone()), json!({"stage": 150}));
        assert_eq!(sent(json!({"stage": null}), current), json!({"stage": null}));
    }

    #[test]
    fn a_plain_list_is_sent_whole_if_it_differs() {
        let current = json!({"options": ["a", "b"]});
        assert_eq!(sent(json!({"options": ["a", "b"]}), current.clone()), json!({}));
        assert_eq!(sent(json!({"options": []}), current), json!({"options": []}));
    }

    #[test]
    fn a_new_owner_takes_the_team_along() {
        let current = json!({"owner": {"id": 9}, "team": {"id": 4, "name": "Sales"}});
        assert_eq!(
            sent(json!({"owner": {"id": "8"}}), current.clone()),
            json!({"owner": {"id": "8"}, "team": {"id": 4}})
        );
        assert_eq!(sent(json!({"owner": null}), current), json!({"owner": null, "team": {"id": 4}}));
    }

    #[test]
    fn a_boolean_field_is_cleared_as_false() {
        let current = json!({"fields": [{"id": 1, "definition": {"id": 7}, "value": true}]});
        assert_eq!(
            sent(json!({"fields": [{"definition": {"id": "7"}, "value": null}]}), current),
            json!({"fields": [{"definition": {"id": "7"}, "value": false}]})
        );
    }
}
