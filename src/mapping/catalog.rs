//! Everything that can be asked, of whom, and how it is served: loaded once, shared by all requests.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use regex::Regex;
use serde_json::Map;

use super::cell::Action;
pub use super::cell::{Cell, NativeCall};
use super::expression::{Engine, Expression};
use super::files::Files;
use super::manifest::Manifest;
use crate::error::{Error, Kind, Result};
use crate::model::schema::nearest;
use crate::model::{Method, Model, Operation, Resource};

/// The models and the providers.
#[derive(Debug)]
pub struct Catalog {
    /// By name: `crm`, `user-directory`.
    pub models: IndexMap<String, Model>,
    /// By name.
    pub providers: BTreeMap<String, Arc<Provider>>,
    /// The texts that it was read from: overrides refer to their expressions.
    pub files: Files,
    /// What evaluates.
    pub engine: Engine,
}

/// One vendor: its manifest and what unified methods it serves.
#[derive(Debug)]
pub struct Provider {
    /// The facts.
    pub manifest: Manifest,
    /// What an id looks like, anchored at both ends.
    pub id_pattern: Option<Regex>,
    /// Makes the events of what the vendor sends of its own accord.
    pub webhook_events: Option<Expression>,
    /// By unified resource (`crm/contacts`) and method.
    pub cells: BTreeMap<(String, Method), Support>,
}

/// Whether a provider serves a unified method.
#[derive(Debug, Clone)]
pub enum Support {
    /// It does, so.
    Served(Arc<Cell>),
    /// It can't, for this reason.
    Unsupported(String),
}

impl Catalog {
    /// A unified resource's schema; unknown names are the caller's error, with the nearest known one.
    pub fn resource(&self, model: &str, name: &str) -> Result<&Arc<Resource>> {
        let found = self.models.get(model).ok_or_else(|| {
            unknown("unified model", model, self.models.keys().map(String::as_str), "/unified/")
        })?;
        found.resources.get(name).ok_or_else(|| {
            unknown(
                "resource of this model",
                name,
                found.resources.keys().map(String::as_str),
                &format!("/unified/{model}/"),
            )
        })
    }

    /// A provider by name. Accounts name only providers that the catalog had when they were made.
    pub fn provider(&self, name: &str) -> Result<&Arc<Provider>> {
        self.providers.get(name).ok_or_else(|| {
            Error::internal(format!(
                "the catalog has no provider {name}, but an account or integration names it"
            ))
            .detail(format!("no provider {name} in the mappings folder"))
        })
    }
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>, prefix: &str) -> Error {
    let known: Vec<&str> = known.collect();
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean {prefix}{near}?"),
        None => format!("there are: {}", known.join(", ")),
    };
    let shown: String = name.chars().filter(|letter| !letter.is_control()).take(60).collect();
    Error::not_found(format!("{shown:?} is not a {what}; {hint}"))
}

impl Provider {
    /// How a unified method is served, or why it isn't.
    pub fn support(&self, model: &str, resource: &str, method: Method) -> Support {
        self.cells.get(&(format!("{model}/{resource}"), method)).cloned().unwrap_or_else(|| {
            Support::Unsupported(format!(
                "unicrm has no mapping of {model}/{resource} for {} yet",
                self.manifest.label
            ))
        })
    }

    /// Makes certain that every part of an operation can be served.
    pub fn check(&self, cell: &Cell, operation: &Operation) -> Result<()> {
        self.refuse_filters(cell, operation)?;
        self.refuse_sorting(operation)?;
        self.refuse_fields(cell, operation)?;
        self.require(cell, operation)
    }

    /// The error of a method that can't be served.
    pub fn unsupported(&self, path: &str, method: Method, reason: &str) -> Error {
        let label = &self.manifest.label;
        Error::new(Kind::Unsupported, format!("{label} does not support {method} of {path}: {reason}."))
    }

    fn refuse_filters(&self, cell: &Cell, operation: &Operation) -> Result<()> {
        let unserved =
            operation.conditions.iter().find(|condition| !cell.filters.contains(&condition.spelling));
        match unserved {
            None => Ok(()),
            Some(_) if operation.lenient => Ok(()),
            Some(condition) => {
                let can = if cell.filters.is_empty() { "none".to_owned() } else { cell.filters.join(", ") };
                Err(Error::invalid_field(
                    &condition.spelling,
                    format!(
                        "can't be served for {}; it filters {} by: {can}",
                        self.manifest.label,
                        operation.path()
                    ),
                ))
            }
        }
    }

    fn refuse_sorting(&self, operation: &Operation) -> Result<()> {
        match operation.sort_by.first() {
            None => Ok(()),
            Some(_) if operation.lenient => Ok(()),
            Some((field, _)) => Err(Error::invalid_field(
                format!("sort_by[{field}]"),
                format!("{} can't sort {}", self.manifest.label, operation.path()),
            )),
        }
    }

    fn refuse_fields(&self, cell: &Cell, operation: &Operation) -> Result<()> {
        let unstored =
            operation.body.iter().find(|(name, value)| !value.is_null() && !cell.writes.contains(name));
        match unstored {
            None => Ok(()),
            Some((name, _)) => Err(Error::invalid_field(
                name,
                format!(
                    "{} can't store it for {}; it stores: {}",
                    self.manifest.label,
                    operation.path(),
                    cell.writes.join(", ")
                ),
            )),
        }
    }

    fn require(&self, cell: &Cell, operation: &Operation) -> Result<()> {
        if operation.passthrough.is_some() {
            return Ok(());
        }
        let given = |name: &&String| operation.conditions.iter().any(|condition| condition.filter == **name);
        let parameters: Vec<&String> = cell.required_parameters.iter().filter(|name| !given(name)).collect();
        let given = |name: &&String| operation.body.get(*name).is_some_and(|value| !value.is_null());
        let fields: Vec<&String> = match operation.method {
            Method::Create => cell.required_fields.iter().filter(|name| !given(name)).collect(),
            _ => Vec::new(),
        };
        let missing: Vec<String> = parameters.iter().chain(&fields).map(|name| (*name).clone()).collect();
        let Some(first) = missing.first() else { return Ok(()) };
        let problem =
            format!("is needed for {} of {} at {}", operation.method, operation.path(), self.manifest.label);
        let mut error = Error::invalid(format!("{first}: {problem}"));
        for name in &missing {
            error = error.failure(name, &problem);
        }
        let owned = |names: Vec<&String>| names.into_iter().cloned().collect();
        Err(error.missing(owned(parameters), owned(fields)))
    }

    /// Whether some mapping keeps a native resource as reference data.
    pub fn is_reference(&self, resource: &str) -> bool {
        let served = self.cells.values().filter_map(|support| match support {
            Support::Served(cell) => Some(cell),
            Support::Unsupported(_) => None,
        });
        let mut steps = served.flat_map(|cell| cell.steps());
        steps.any(|step| match &step.action {
            Action::Request(request) => {
                request.cached && request.choice.calls.iter().any(|call| call.resource == resource)
            }
            Action::Transform(_) => false,
        })
    }

    /// Whether a record with this id can exist.
    pub fn may_have(&self, id: &str) -> bool {
        self.id_pattern.as_ref().is_none_or(|pattern| pattern.is_match(id))
    }

    /// One of the vendor's operations as it stands in the manifest.
    pub fn native(&self, resource: &str, method: &str) -> Option<NativeCall> {
        let facts = self.manifest.native(resource, method)?.clone();
        Some(NativeCall {
            resource: resource.to_owned(),
            method: method.to_owned(),
            facts,
            query: Map::new(),
        })
    }
}
