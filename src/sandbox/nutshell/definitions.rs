//! Fields that the account's owner defined, and the values that they take.

use serde_json::{Map, Value, json};

use super::account::Account;
use super::record::Kind;
use super::refusal::Refusal;
use super::stamps::instant;

/// A custom field. Its values are kept under its title.
#[derive(Clone)]
pub(super) struct Definition {
    pub(super) id: i64,
    pub(super) of: Kind,
    pub(super) title: String,
    pub(super) kind: String,
    pub(super) choices: Vec<String>,
}

/// Kinds of custom fields that the twin knows; Nutshell doesn't enumerate them.
pub(super) const KINDS: [&str; 9] =
    ["text", "long-text", "number", "currency", "date", "boolean", "choice", "url", "email"];

impl Definition {
    /// As REST shows it.
    pub(super) fn view(&self) -> Value {
        let mut view = json!({ "id": self.id.to_string(), "type": self.kind, "title": self.title });
        if !self.choices.is_empty() {
            view["enum"] = json!(self.choices);
        }
        view
    }

    fn takes(&self, value: &Value) -> bool {
        match self.kind.as_str() {
            "number" => value.is_number(),
            "currency" => {
                value["currency"].is_string() && (value["amount"].is_number() || value["amount"].is_string())
            }
            "boolean" => value.is_boolean(),
            "date" => value.as_str().is_some_and(|text| {
                instant(text).is_some() || (text.len() == 10 && text.split('-').count() == 3)
            }),
            "choice" => value.as_str().is_some_and(|text| self.choices.iter().any(|choice| choice == text)),
            _ => value.is_string(),
        }
    }
}

/// Lays written values over those that are there; null clears one.
pub(super) fn write(
    account: &Account,
    of: Kind,
    written: &Value,
    values: &mut Map<String, Value>,
) -> Result<(), Refusal> {
    let written = written.as_object().ok_or_else(|| Refusal::invalid("customFields must be an object"))?;
    for (title, value) in written {
        let definition = account
            .definition(of, title)
            .ok_or_else(|| Refusal::invalid(format!("There is no custom field \"{title}\"")))?;
        if value.is_null() {
            values.shift_remove(title);
        } else if definition.takes(value) {
            values.insert(title.clone(), value.clone());
        } else {
            return Err(Refusal::invalid(format!("Invalid value for custom field \"{title}\"")));
        }
    }
    Ok(())
}
