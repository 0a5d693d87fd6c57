//! Writing fields of records: each key that a kind of record takes has a way of being written, and no other is taken.

use serde_json::{Map, Value, json};

use super::account::Account;
use super::definitions;
use super::labelled;
use super::record::Kind;
use super::refusal::Refusal;
use super::stamps::{instant, stamp};

/// How a key is written.
#[derive(Clone, Copy)]
pub(super) enum How {
    /// A text, or null.
    Text,
    /// A text that is never empty.
    Filled,
    /// A whole number between these.
    Number(i64, i64),
    Flag,
    /// An instant, or null.
    Instant,
    /// A list of texts.
    Texts,
    /// A field with labels.
    Labelled,
    /// `{entityType, id}` of one of these kinds, or null.
    Link(&'static [Kind]),
    /// The id of a record of this kind, kept under the second name; or null.
    Id(Kind, &'static str),
    /// A list of `{id}`, all of this kind.
    Records(Kind),
    /// A list of `{entityType, id}` of these kinds.
    Mixed(&'static [Kind]),
    /// Values of custom fields.
    Custom,
    /// Taken here and seen to by the kind's own rules.
    Aside,
}

/// Lays what is written over a record's fields.
pub(super) fn lay(
    account: &Account,
    kind: Kind,
    keys: &[(&str, How)],
    written: &Map<String, Value>,
    fields: &mut Map<String, Value>,
) -> Result<(), Refusal> {
    for (name, value) in written {
        let Some((_, how)) = keys.iter().find(|(key, _)| key == name) else {
            let of = kind.entity_type();
            return Err(Refusal::invalid(format!("{of} have no writable property \"{name}\"")));
        };
        how.write(account, kind, name, value, fields)?;
    }
    Ok(())
}

impl How {
    fn write(
        self,
        account: &Account,
        kind: Kind,
        name: &str,
        value: &Value,
        fields: &mut Map<String, Value>,
    ) -> Result<(), Refusal> {
        let invalid = || Refusal::invalid(format!("Invalid value for {name}"));
        let mut kept_as = name;
        let kept = match self {
            How::Text => match value {
                Value::Null | Value::String(_) => value.clone(),
                _ => return Err(invalid()),
            },
            How::Filled => {
                Value::from(value.as_str().filter(|text| !text.trim().is_empty()).ok_or_else(invalid)?)
            }
            How::Number(least, most) => Value::from(
                integer(value).filter(|number| (least..=most).contains(number)).ok_or_else(invalid)?,
            ),
            How::Flag => Value::from(value.as_bool().ok_or_else(invalid)?),
            How::Instant => match value {
                Value::Null => Value::Null,
                value => Value::from(stamp(value.as_str().and_then(instant).ok_or_else(invalid)?)),
            },
            How::Texts => match value {
                Value::Array(items) if items.iter().all(Value::is_string) => value.clone(),
                Value::Null => json!([]),
                _ => return Err(invalid()),
            },
            How::Labelled => labelled::parse(name, value)?,
            How::Link(kinds) => link(account, kinds, value).ok_or_else(invalid)?,
            How::Id(kind, under) => {
                kept_as = under;
                match value {
                    Value::Null => Value::Null,
                    value => {
                        let id = integer(value).filter(|id| account.get(kind, *id).is_some());
                        Value::from(id.ok_or_else(invalid)?)
                    }
                }
            }
            How::Records(kind) => records(account, kind, value).ok_or_else(invalid)?,
            How::Mixed(kinds) => {
                let items = value.as_array().ok_or_else(invalid)?;
                let links = items.iter().map(|item| link(account, kinds, item).filter(Value::is_object));
                Value::Array(links.collect::<Option<Vec<Value>>>().ok_or_else(invalid)?)
            }
            How::Custom => {
                let mut values =
                    fields.get("customFields").and_then(Value::as_object).cloned().unwrap_or_default();
                definitions::write(account, kind, value, &mut values)?;
                Value::Object(values)
            }
            How::Aside => return Ok(()),
        };
        fields.insert(kept_as.to_owned(), kept);
        Ok(())
    }
}

/// A whole number, or a text of one: Nutshell's documentation has ids as either.
pub(super) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_i64(),
    }
}

fn link(account: &Account, kinds: &[Kind], value: &Value) -> Option<Value> {
    if value.is_null() {
        return Some(Value::Null);
    }
    let kind = Kind::of_entity_type(value["entityType"].as_str()?).filter(|kind| kinds.contains(kind))?;
    let id = integer(&value["id"]).filter(|id| account.get(kind, *id).is_some())?;
    Some(json!({ "entityType": kind.entity_type(), "id": id }))
}

fn records(account: &Account, kind: Kind, value: &Value) -> Option<Value> {
    let items = match value {
        Value::Null => return Some(json!([])),
        value => value.as_array()?,
    };
    let kept = items.iter().map(|item| {
        let id = integer(&item["id"]).filter(|id| account.get(kind, *id).is_some())?;
        Some(json!({ "id": id, "relationship": item["relationship"].as_str() }))
    });
    kept.collect::<Option<Vec<Value>>>().map(Value::Array)
}
