//! Values of custom fields: how they are shown, and how a write to a record sets and clears them.
//!
//! Numbers are shown as strings. A boolean that is false is not shown at all, and a boolean cannot be cleared with null.
//! Setting a field of a DataTag does not attach the tag.

use serde_json::{Map, Value, json};

use super::account::Account;
use super::dates;
use super::fields::{Definition, FieldKind};
use super::party::{FieldValue, Party};
use super::refusal::Problem;

const RESOURCE: &str = "field";

/// The custom fields of a party as `embed=fields` shows them.
pub(super) fn of(account: &Account, party: &Party) -> Value {
    let view = |field: &FieldValue| {
        let definition = account.party_fields.get(field.definition)?;
        let mut view = json!({
            "id": field.id,
            "definition": { "id": definition.id, "name": definition.name },
            "value": field.value,
        });
        if let Some(tag) = definition.tag {
            view["tagId"] = tag.into();
        }
        Some(view)
    };
    party.fields.iter().filter_map(view).collect()
}

/// Whether the party lacks a value in a field that is marked important and meant for it.
pub(super) fn misses_important(account: &Account, party: &Party) -> bool {
    account.party_fields.iter().any(|definition| {
        definition.important && definition.applies_to(party) && party.field(definition.id).is_none()
    })
}

/// Carries out the `fields` of a write. A field is addressed by its definition, or by the id of the value it has.
pub(super) fn set_and_clear(account: &mut Account, party: &mut Party, items: &Value) -> Result<(), Problem> {
    let wrong_type = || Problem::wrong_type("party", "fields");
    for item in items.as_array().ok_or_else(wrong_type)? {
        apply(account, party, item.as_object().ok_or_else(wrong_type)?)?;
    }
    Ok(())
}

fn apply(account: &mut Account, party: &mut Party, item: &Map<String, Value>) -> Result<(), Problem> {
    let definition = addressed(account, party, item)?;
    if !definition.applies_to(party) {
        let message = format!("{} is not a field of this type of party", definition.name);
        return Err(Problem::new(RESOURCE, "definition", message));
    }
    if item.get("_delete") == Some(&Value::Bool(true)) {
        party.fields.retain(|field| field.definition != definition.id);
        return Ok(());
    }
    let value = item.get("value").unwrap_or(&Value::Null);
    match accepted(&definition, value)? {
        None => party.fields.retain(|field| field.definition != definition.id),
        Some(value) => put(account, party, definition.id, value),
    }
    Ok(())
}

fn put(account: &mut Account, party: &mut Party, definition: i64, value: Value) {
    let held = party.fields.iter_mut().find(|field| field.definition == definition);
    match held {
        Some(field) => field.value = value,
        None => party.fields.push(FieldValue { id: account.row_ids.next(), definition, value }),
    }
}

fn addressed(account: &Account, party: &Party, item: &Map<String, Value>) -> Result<Definition, Problem> {
    let definition = match (item.get("definition"), item.get("id")) {
        (Some(Value::Object(definition)), _) => definition.get("id").and_then(Value::as_i64),
        (Some(id), _) => id.as_i64(),
        (None, Some(id)) => {
            let held = party.fields.iter().find(|field| Some(field.id) == id.as_i64());
            let missing = || Problem::new(RESOURCE, "id", "field not found");
            Some(held.ok_or_else(missing)?.definition)
        }
        (None, None) => return Err(Problem::required(RESOURCE, "definition")),
    };
    let definition = definition.and_then(|id| account.party_fields.get(id));
    let missing = || Problem::new(RESOURCE, "definition", "definition not found");
    definition.cloned().ok_or_else(missing)
}

/// The value as it is kept; None when the field is to have none.
fn accepted(definition: &Definition, value: &Value) -> Result<Option<Value>, Problem> {
    let refused = || Problem::new(RESOURCE, "value", "invalid type for field");
    let kept = match (definition.kind, value) {
        (FieldKind::Boolean, Value::Bool(true)) => Some(Value::Bool(true)),
        (FieldKind::Boolean, Value::Bool(false)) => None,
        (FieldKind::Boolean, _) => return Err(refused()),
        (_, Value::Null) => None,
        (FieldKind::Text | FieldKind::Link, Value::String(_)) => Some(value.clone()),
        (FieldKind::Number, Value::Number(number)) => Some(number.to_string().into()),
        (FieldKind::Number, Value::String(text)) => {
            text.parse::<f64>().ok().filter(|number| number.is_finite()).ok_or_else(refused)?;
            Some(value.clone())
        }
        (FieldKind::Date, Value::String(text)) => {
            dates::day(text).ok_or_else(refused)?;
            Some(value.clone())
        }
        (FieldKind::List, Value::String(text)) => {
            is_option(definition, text)?;
            Some(value.clone())
        }
        (FieldKind::MultiSelectList, Value::String(text)) => {
            text.split(';').try_for_each(|choice| is_option(definition, choice))?;
            Some(value.clone())
        }
        _ => return Err(refused()),
    };
    Ok(kept)
}

fn is_option(definition: &Definition, choice: &str) -> Result<(), Problem> {
    if definition.options.iter().any(|option| option == choice) {
        return Ok(());
    }
    let message = format!("options are: {}", definition.options.join(", "));
    Err(Problem::new(RESOURCE, "value", message))
}
