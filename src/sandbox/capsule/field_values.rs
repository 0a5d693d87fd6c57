//! Values of custom fields: how they are shown, and how a write to a record sets and clears them.
//!
//! Numbers are shown as strings. A boolean that is false is not shown at all, and a boolean cannot be cleared with null.
//! Setting a field of a DataTag does not attach the tag.

use serde_json::{Value, json};

use super::account::Account;
use super::dates;
use super::fields::{Definition, FieldKind};
use super::record::{FieldValue, Marks, Record};
use super::refusal::Problem;
use super::written::{Members, Written, asks_deletion, id_of};

const RESOURCE: &str = "field";

/// A record's custom fields as `embed=fields` shows them.
pub(super) fn of<R: Record>(account: &Account, marks: &Marks) -> Value {
    let view = |field: &FieldValue| {
        let definition = R::vocabulary(account).fields.get(field.definition)?;
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
    marks.fields.iter().filter_map(view).collect()
}

/// Whether the record lacks a value in a field that is marked important and meant for it.
pub(super) fn misses_important<R: Record>(account: &Account, record: &R) -> bool {
    R::vocabulary(account).fields.iter().any(|definition| {
        definition.important && definition.applies_to(record) && record.marks().field(definition.id).is_none()
    })
}

/// Carries out the `fields` of a write. A field is addressed by its definition, or by the id of the value it has.
pub(super) fn set_and_clear<R: Record>(
    account: &mut Account,
    record: &mut R,
    written: Written<'_>,
) -> Result<(), Problem> {
    for item in written.items("fields")? {
        apply(account, record, item)?;
    }
    Ok(())
}

fn apply<R: Record>(account: &mut Account, record: &mut R, item: &Members) -> Result<(), Problem> {
    let definition = addressed(account, record, item)?;
    if !definition.applies_to(record) {
        let message = format!("{} is not a field of this type of {}", definition.name, R::ONE);
        return Err(Problem::new(RESOURCE, "definition", message));
    }
    let value = item.get("value").unwrap_or(&Value::Null);
    let kept = if asks_deletion(item) { None } else { accepted(&definition, value)? };
    put(account, record.marks_mut(), definition.id, kept);
    Ok(())
}

/// Sets the value of a field, or takes it away.
pub(super) fn put(account: &mut Account, marks: &mut Marks, definition: i64, value: Option<Value>) {
    let Some(value) = value else {
        marks.fields.retain(|field| field.definition != definition);
        return;
    };
    let held = marks.fields.iter_mut().find(|field| field.definition == definition);
    match held {
        Some(field) => field.value = value,
        None => marks.fields.push(FieldValue { id: account.row_ids.next(), definition, value }),
    }
}

fn addressed<R: Record>(account: &Account, record: &R, item: &Members) -> Result<Definition, Problem> {
    let definition = match (item.get("definition"), item.get("id")) {
        (Some(definition), _) => id_of(definition),
        (None, Some(id)) => {
            let held = record.marks().fields.iter().find(|field| Some(field.id) == id.as_i64());
            let missing = || Problem::new(RESOURCE, "id", "field not found");
            Some(held.ok_or_else(missing)?.definition)
        }
        (None, None) => return Err(Problem::required(RESOURCE, "definition")),
    };
    let definition = definition.and_then(|id| R::vocabulary(account).fields.get(id));
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
