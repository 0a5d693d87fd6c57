//! What a contact can be written as: fields by their names, each with its modifiers and kinds of values.

use serde_json::{Map, Value, json};

use super::account::{Account, items};
use super::contact_view::value;
use super::refusal::Refusal;

/// Fields that have a value for each of several uses.
const MODIFIERS: &[(&str, &[&str])] = &[
    ("phone", &["work", "home", "mobile", "main", "home fax", "work fax", "other"]),
    ("email", &["work", "personal", "other"]),
    ("URL", &["work", "personal", "blog", "other"]),
    ("address", &["work", "home", "other"]),
    ("description", &["other", "twitter", "facebook", "linkedin", "google+", "foursquare"]),
];

/// Fields that are set by Nimble alone.
const READ_ONLY: &[&str] = &["source", "discovered gender", "discovered age range"];

impl Account {
    /// Lays fields over those that a contact has: what is named is replaced or, if asked for, added to.
    pub(super) fn write_fields(
        &self,
        contact: &mut Value,
        fields: &Map<String, Value>,
        adds: bool,
    ) -> Result<(), Refusal> {
        let mut problems = Vec::new();
        for (name, entries) in fields {
            match self.entries(name, entries) {
                Ok(mut entries) => {
                    let there = &mut contact["fields"];
                    if adds {
                        let mut all = items(&there[name]).to_vec();
                        all.append(&mut entries);
                        entries = all;
                    }
                    match there.as_object_mut() {
                        Some(there) if entries.is_empty() => {
                            there.shift_remove(name);
                        }
                        Some(there) => {
                            there.insert(name.clone(), Value::Array(entries));
                        }
                        None => {}
                    }
                }
                Err(message) => problems.push((name.clone(), message)),
            }
        }
        self.check(contact, &mut problems);
        if problems.is_empty() { Ok(()) } else { Err(Refusal::Fields(problems)) }
    }

    /// The values of a field as they are stored; empty where all of them are null.
    fn entries(&self, name: &str, entries: &Value) -> Result<Vec<Value>, String> {
        if READ_ONLY.contains(&name) {
            return Err("can't be written".to_owned());
        }
        let definition = self.field_named(name).ok_or("is no field of this account")?;
        let entries = entries.as_array().ok_or("must be a list of values")?;
        let kept = entries.iter().filter(|entry| !entry["value"].is_null());
        let stored: Vec<Value> =
            kept.map(|entry| entry_of(name, &definition, entry)).collect::<Result<_, _>>()?;
        if stored.len() > 1 && definition["multiples"] != true {
            return Err("takes one value".to_owned());
        }
        Ok(stored)
    }

    fn check(&self, contact: &Value, problems: &mut Vec<(String, String)>) {
        let is_company = contact["record_type"] == "company";
        if is_company && value(contact, "company name").is_empty() {
            problems.push(("company name".to_owned(), "Company name is required".to_owned()));
        }
        if !is_company && value(contact, "first name").is_empty() && value(contact, "last name").is_empty() {
            problems.push(("first name".to_owned(), "First name or last name is required".to_owned()));
        }
        let domain = value(contact, "domain");
        let taken = |it: &&Value| it["id"] != contact["id"] && value(it, "domain") == domain;
        if !domain.is_empty() && self.contacts.iter().any(|it| taken(&it)) {
            problems.push(("domain".to_owned(), "Domain is used by another company".to_owned()));
        }
    }

    /// The definition of a contact's field by its name.
    pub(super) fn field_named(&self, name: &str) -> Option<Value> {
        self.contact_fields().into_iter().find(|field| field["name"] == name)
    }

    /// Every field of contacts, whatever tab or group it is in.
    pub(super) fn contact_fields(&self) -> Vec<Value> {
        let members = self.tabs.iter().flat_map(|tab| items(&tab["members"]));
        let fields = members.flat_map(|member| match &member["fields"] {
            Value::Array(fields) => fields.clone(),
            _ => vec![member.clone()],
        });
        fields.filter(|field| field["type"] == "field").collect()
    }
}

fn entry_of(name: &str, definition: &Value, entry: &Value) -> Result<Value, String> {
    let text = entry["value"].as_str().ok_or("takes text as its value")?;
    let modifier = entry["modifier"].as_str().unwrap_or_default();
    let allowed = MODIFIERS.iter().find(|(field, _)| *field == name).map_or(&[""][..], |(_, known)| *known);
    if !allowed.contains(&modifier) {
        return Err(format!("has no modifier {modifier:?}; it has: {}", allowed.join(", ")));
    }
    let kind = definition["field_type"]["field_kind"].as_str().unwrap_or_default();
    match kind {
        "address" | "employment" => {
            let inner: Value = serde_json::from_str(text).map_err(|_| "takes JSON text as its value")?;
            let known: &[&str] = match kind {
                "address" => &["street", "city", "state", "zip", "country"],
                _ => &["company_name", "title", "start_date", "end_date", "is_present"],
            };
            let members = inner.as_object().ok_or("takes an object as JSON text")?;
            if let Some(other) = members.keys().find(|key| !known.contains(&key.as_str())) {
                return Err(format!("has no {other}"));
            }
            let named = |key: &str| members.get(key).and_then(Value::as_str).is_some_and(|it| !it.is_empty());
            if kind == "employment" && !named("company_name") && !named("title") {
                return Err("needs company_name or title".to_owned());
            }
        }
        "choice" => {
            let choices = items(&definition["field_type"]["values"]["values"]);
            if !choices.iter().any(|choice| choice["id"] == text) {
                return Err(format!("has no choice {text:?}"));
            }
        }
        "number" if text.parse::<f64>().is_err() => return Err("takes a number as text".to_owned()),
        _ if text.is_empty() => return Err("may not be empty".to_owned()),
        _ => {}
    }
    let primary = entry["is_primary"] == true;
    Ok(json!({ "label": name, "modifier": modifier, "value": text, "is_primary": primary }))
}
