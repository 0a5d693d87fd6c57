//! `{{…}}` in batches and method configurations: places in a template that are filled from named values.
//!
//! The grammar is the published one: `{{path[:type]|path[:type]…?:default[:type]}}`. A path is dotted, with indices of
//! arrays (from the end where negative) and `*` for any one member. The first path that leads somewhere is taken, then
//! the default; types are `str` (the default one), `int`, `num`, `bool`, `json` and `any`. Where nothing is found,
//! `:undefined` leaves the place out, `:null` makes it null, and without either the text stays as it stands, since it
//! may not have been a placeholder at all. `:ignore-empty-str` passes over empty texts.
//!
//! Only where a placeholder is the whole text does it keep its type; within a longer text everything becomes text.
//! What is filled in is never looked at again: a record that contains `{{…}}` stays a record.
//!
//! One thing is ours: an object within a longer text becomes JSON.

use std::cell::Cell;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::leading_numbers::{leading_integer, leading_number};

/// Merges objects into the one that it stands in.
const MERGE: &str = "$truto_merge";

/// How deep a template may be nested.
const DEEPEST: usize = 64;

/// How much one template takes in, in bytes: a template may name a large value many times.
const MOST_BYTES: usize = 8 * 1024 * 1024;

// It is a constant, and the tests below compile it.
#[allow(clippy::expect_used)]
static PLACEHOLDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{\{([\w\-./|:?*\s]+)\}\}").expect("a regular expression"));

/// A template that can't be filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceholderError {
    /// The type behind a colon isn't one.
    #[error(
        "{placeholder}: there is no type {kind}; there are str, int, num, bool, json, any, null and undefined"
    )]
    UnknownType {
        /// As it stands.
        placeholder: String,
        /// What stands behind the colon.
        kind: String,
    },
    /// There is nothing at a path that was certainly meant as one.
    #[error("{placeholder} has no value; `?:` gives it a default, `:undefined` leaves it out")]
    Missing {
        /// As it stands.
        placeholder: String,
    },
    /// The values that it names are too large together.
    #[error("{placeholder} is too large: a template takes in {MOST_BYTES} bytes at most")]
    TooLarge {
        /// As it stands.
        placeholder: String,
    },
    /// The template is nested too deep.
    #[error("the template is nested deeper than {DEEPEST} levels")]
    TooDeep,
}

type Result<T> = std::result::Result<T, PlaceholderError>;

/// Where placeholders find their values.
pub trait Names {
    /// The value at a path, if there is one. Never of an empty path.
    fn find(&self, path: &[&str]) -> Option<&Value>;

    /// Whether a placeholder of this path can't be mere text: then it is an error if it has no value.
    fn is_ours(&self, _path: &str) -> bool {
        false
    }
}

impl Names for Value {
    fn find(&self, path: &[&str]) -> Option<&Value> {
        let Some((name, rest)) = path.split_first() else { return Some(self) };
        match self {
            Value::Object(members) if *name == "*" => members.values().find_map(|value| value.find(rest)),
            Value::Array(items) if *name == "*" => items.iter().find_map(|value| value.find(rest)),
            Value::Object(members) => members.get(*name)?.find(rest),
            Value::Array(items) => {
                let index: i64 = name.parse().ok()?;
                let index = if index < 0 { i64::try_from(items.len()).ok()? + index } else { index };
                items.get(usize::try_from(index).ok()?)?.find(rest)
            }
            _ => None,
        }
    }
}

impl Names for Map<String, Value> {
    fn find(&self, path: &[&str]) -> Option<&Value> {
        let (name, rest) = path.split_first()?;
        if *name == "*" {
            return self.values().find_map(|value| value.find(rest));
        }
        self.get(*name)?.find(rest)
    }
}

/// One filling of a template: where its values are, and how many more bytes of them it takes in.
struct Filling<'v, N> {
    values: &'v N,
    room: Cell<usize>,
}

impl<'v, N: Names> Filling<'v, N> {
    fn from(values: &'v N) -> Self {
        Filling { values, room: Cell::new(MOST_BYTES) }
    }

    /// Takes room for a value.
    fn take(&self, value: &Value) -> Option<()> {
        let mut room = self.room.get();
        occupy(value, &mut room)?;
        self.room.set(room);
        Some(())
    }
}

/// Takes a value's size off `room`, and stops where there is none left.
fn occupy(value: &Value, room: &mut usize) -> Option<()> {
    let own = match value {
        Value::String(text) => text.len() + 2,
        Value::Array(_) | Value::Object(_) => 2,
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    };
    *room = room.checked_sub(own)?;
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| occupy(item, room)),
        Value::Object(members) => members.iter().try_for_each(|(name, value)| {
            *room = room.checked_sub(name.len() + 3)?;
            occupy(value, room)
        }),
        _ => Some(()),
    }
}

/// A dotted path's names.
pub fn names(path: &str) -> Vec<&str> {
    path.trim().split('.').collect()
}

/// Fills a template of any shape. `None` where the template is nothing but a placeholder that is left out. A member
/// that is left out is absent, an item of an array that is left out is null.
pub fn fill(template: &Value, values: &impl Names) -> Result<Option<Value>> {
    fill_to(template, &Filling::from(values), 0)
}

/// Fills an object; what is left out is absent.
pub fn fill_object(template: &Map<String, Value>, values: &impl Names) -> Result<Map<String, Value>> {
    members(template, &Filling::from(values), 0)
}

fn fill_to(template: &Value, filling: &Filling<'_, impl Names>, depth: usize) -> Result<Option<Value>> {
    if depth > DEEPEST {
        return Err(PlaceholderError::TooDeep);
    }
    Ok(match template {
        Value::String(text) => fill_in(text, filling, plain)?,
        Value::Array(items) => {
            let filled = items.iter().map(|item| Ok(fill_to(item, filling, depth + 1)?.unwrap_or_default()));
            Some(Value::Array(filled.collect::<Result<_>>()?))
        }
        Value::Object(template) => Some(Value::Object(members(template, filling, depth)?)),
        plain => Some(plain.clone()),
    })
}

fn members(
    template: &Map<String, Value>,
    filling: &Filling<'_, impl Names>,
    depth: usize,
) -> Result<Map<String, Value>> {
    let mut filled = Map::with_capacity(template.len());
    for (name, value) in template.iter().filter(|(name, _)| *name != MERGE) {
        if let Some(value) = fill_to(value, filling, depth + 1)? {
            filled.insert(name.clone(), value);
        }
    }
    if let Some(merged) = template.get(MERGE) {
        let merged = match fill_to(merged, filling, depth + 1)? {
            Some(Value::Array(several)) => several,
            one => one.into_iter().collect(),
        };
        for object in merged {
            if let Value::Object(object) = object {
                merge(&mut filled, object);
            }
        }
    }
    Ok(filled)
}

/// Objects are merged member by member, arrays one behind the other, and anything else is replaced.
fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (name, value) in from {
        match (into.get_mut(&name), value) {
            (Some(Value::Object(into)), Value::Object(from)) => merge(into, from),
            (Some(Value::Array(into)), Value::Array(from)) => into.extend(from),
            (_, value) => {
                into.insert(name, value);
            }
        }
    }
}

/// Fills a text. `None` where it is nothing but a placeholder that is left out.
pub fn fill_text(text: &str, values: &impl Names) -> Result<Option<Value>> {
    fill_with(text, values, plain)
}

/// Fills a text, writing each value of a longer text as `write` says.
pub fn fill_with(text: &str, values: &impl Names, write: impl Fn(&Value) -> String) -> Result<Option<Value>> {
    fill_in(text, &Filling::from(values), write)
}

fn fill_in(
    text: &str,
    filling: &Filling<'_, impl Names>,
    write: impl Fn(&Value) -> String,
) -> Result<Option<Value>> {
    let mut filled = String::with_capacity(text.len());
    let mut end = 0;
    for found in PLACEHOLDER.find_iter(text) {
        let whole = found.as_str().len() == text.len();
        let value = Placeholder::read(found.as_str()).value(filling, whole)?;
        if whole {
            return Ok(match value {
                Found::Value(value) => Some(value),
                Found::LeftOut => None,
                Found::Nothing => Some(Value::from(text)),
            });
        }
        filled.push_str(&text[end..found.start()]);
        match value {
            Found::Value(value) => filled.push_str(&write(&value)),
            Found::LeftOut => {}
            Found::Nothing => filled.push_str(found.as_str()),
        }
        end = found.end();
    }
    filled.push_str(&text[end..]);
    Ok(Some(Value::String(filled)))
}

/// Every path that a template's placeholders read.
pub fn paths(template: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(template, &mut found, 0);
    found
}

fn collect(template: &Value, found: &mut Vec<String>, depth: usize) {
    match template {
        Value::String(text) => {
            for placeholder in PLACEHOLDER.find_iter(text) {
                let placeholder = Placeholder::read(placeholder.as_str());
                found.extend(placeholder.alternatives.iter().map(|(path, _)| (*path).to_owned()));
            }
        }
        Value::Array(items) if depth < DEEPEST => {
            items.iter().for_each(|item| collect(item, found, depth + 1));
        }
        Value::Object(members) if depth < DEEPEST => {
            members.values().for_each(|member| collect(member, found, depth + 1));
        }
        _ => {}
    }
}

/// What became of a placeholder.
enum Found {
    Value(Value),
    LeftOut,
    Nothing,
}

/// A placeholder taken apart.
struct Placeholder<'t> {
    text: &'t str,
    /// Paths with their types, in the order in which they are tried.
    alternatives: Vec<(&'t str, &'t str)>,
    default: Option<(&'t str, &'t str)>,
    null: bool,
    undefined: bool,
    ignore_empty: bool,
}

impl<'t> Placeholder<'t> {
    /// `text` is one with its braces.
    fn read(text: &'t str) -> Self {
        let inner = text.trim_start_matches("{{").trim_end_matches("}}");
        let mut halves = inner.split("?:");
        let alternatives = halves.next().unwrap_or_default();
        let default = halves.next().filter(|default| !default.is_empty()).map(typed);
        let says = |flag: &str| alternatives.split('|').any(|part| part.contains(flag));
        Placeholder {
            text,
            null: says(":null"),
            undefined: says(":undefined"),
            ignore_empty: says(":ignore-empty-str"),
            alternatives: alternatives
                .split('|')
                .map(typed)
                .map(|(path, kind)| (path.trim(), kind))
                .collect(),
            default,
        }
    }

    fn value(&self, filling: &Filling<'_, impl Names>, whole: bool) -> Result<Found> {
        let values = filling.values;
        for (path, kind) in &self.alternatives {
            match values.find(&names(path)) {
                Some(Value::String(text)) if text.is_empty() && self.ignore_empty => {}
                Some(value) => {
                    let too_large = || PlaceholderError::TooLarge { placeholder: self.text.to_owned() };
                    filling.take(value).ok_or_else(too_large)?;
                    return self.cast(value, kind, whole).map(Found::Value);
                }
                None => {}
            }
        }
        if let Some((text, kind)) = self.default {
            return self.cast(&Value::from(text), kind, whole).map(Found::Value);
        }
        match (self.undefined, self.null) {
            (true, _) => Ok(Found::LeftOut),
            (false, true) => Ok(Found::Value(Value::Null)),
            (false, false) if self.alternatives.iter().any(|(path, _)| values.is_ours(path)) => {
                Err(PlaceholderError::Missing { placeholder: self.text.to_owned() })
            }
            (false, false) => Ok(Found::Nothing),
        }
    }

    fn cast(&self, value: &Value, kind: &str, whole: bool) -> Result<Value> {
        if value.is_null() {
            return Ok(Value::Null);
        }
        let trimmed = match value {
            Value::String(text) => Value::from(text.trim()),
            other => other.clone(),
        };
        let text = || plain(&trimmed);
        Ok(match kind {
            "str" => Value::String(plain(value)),
            "any" | "undefined" | "ignore-empty-str" => trimmed,
            "null" if trimmed.as_str() == Some("null") => Value::Null,
            "null" if whole => trimmed,
            "null" => Value::from("null"),
            "int" => leading_integer(&text()).map_or(trimmed, Value::from),
            "num" => leading_number(&text()).map_or(trimmed, Value::Number),
            "bool" => match text().as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                _ => trimmed,
            },
            "json" => match &trimmed {
                Value::String(json) if whole => serde_json::from_str(json).unwrap_or(trimmed),
                _ => trimmed,
            },
            other => {
                let (placeholder, kind) = (self.text.to_owned(), other.to_owned());
                return Err(PlaceholderError::UnknownType { placeholder, kind });
            }
        })
    }
}

/// `path:type:…` as path and the first type. A colon that no word follows belongs to the path.
fn typed(part: &str) -> (&str, &str) {
    let is_split = |(at, _): &(usize, &str)| {
        part[at + 1..].starts_with(|next: char| next.is_alphanumeric() || next == '_' || next.is_whitespace())
    };
    match part.match_indices(':').find(is_split) {
        None => (part, "str"),
        Some((at, _)) => {
            let rest = &part[at + 1..];
            let end = rest.find(':').unwrap_or(rest.len());
            (&part[..at], rest[..end].trim())
        }
    }
}

/// A value as text.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let texts: Vec<String> =
                items.iter().map(|item| if item.is_null() { String::new() } else { plain(item) }).collect();
            texts.join(",")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
#[path = "placeholders_tests.rs"]
mod tests;
