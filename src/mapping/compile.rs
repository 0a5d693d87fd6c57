//! From a mapping, as it is written, to the cells that the gateway runs; and what is wrong with it.
//!
//! Nothing here knows lines: a finding names its place within the document, and whoever has the document gives it
//! a position. So a mapping that comes from elsewhere than a file can be compiled as well.

use std::collections::BTreeSet;

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use super::cell::{Action, Cell, Choice, GatewayFilter, NativeCall, Origin, Request, Source, Step, Template};
use super::compiled::CompiledFiles;
use super::document::{Path, Problem};
use super::expression::Expression;
use super::manifest::Manifest;
use super::method::{
    GatewayFilterMapping, MethodMapping, Name, Slot, SourceMapping, StepConfig, StepKind, StepMapping,
};
use crate::model::query::OPERATORS;
use crate::model::{Field, Method, Resource};

/// The size of a compiled regular expression, in bytes.
const LARGEST_PATTERN: usize = 1024 * 1024;

/// Something wrong with a mapping.
#[derive(Debug)]
pub(super) enum Finding {
    /// At a place of the document.
    At(Path, String),
    /// In a file that the document names.
    Elsewhere(Problem),
}

/// Compiles the mappings of one provider.
pub(super) struct Compiler<'a> {
    files: &'a CompiledFiles<'a>,
    folder: &'a str,
    /// Absent if it has problems of its own: then what asks for it is left out without a word.
    manifest: Option<&'a Manifest>,
    /// What messages call the document.
    document: &'a str,
    /// The files that slots named.
    pub used: BTreeSet<String>,
    /// What is wrong so far.
    pub findings: Vec<Finding>,
}

/// The place of a value within a document.
#[derive(Clone, Copy)]
struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    name: &'p str,
}

impl<'p> Place<'p> {
    fn of(name: &'p str) -> Self {
        Place { parent: None, name }
    }

    fn at(&'p self, name: &'p str) -> Place<'p> {
        Place { parent: Some(self), name }
    }

    fn path(&self) -> Path {
        let mut path = self.parent.map_or_else(Vec::new, Place::path);
        path.push(self.name.to_owned());
        path
    }
}

impl<'a> Compiler<'a> {
    pub fn new(
        files: &'a CompiledFiles<'a>,
        folder: &'a str,
        manifest: Option<&'a Manifest>,
        document: &'a str,
    ) -> Self {
        Compiler { files, folder, manifest, document, used: BTreeSet::new(), findings: Vec::new() }
    }

    /// The cell of a method, or nothing where a finding tells why.
    pub fn cell(
        &mut self,
        stem: &str,
        method: Method,
        mapping: &MethodMapping,
        resource: &Resource,
        id_pattern: Option<&Regex>,
    ) -> Option<Cell> {
        let methods = Place::of("methods");
        let here = methods.at(method.as_str());
        let before_findings = self.findings.len();
        self.check_names(&here, method, mapping, resource);
        let sources = self.sources(&here, mapping);
        for (index, source) in sources.iter().enumerate() {
            self.check_source(&here, index, method, source, mapping);
        }
        let before = self.steps(&here.at("before"), &mapping.before, true);
        if mapping.exists.is_some() && mapping.before.is_empty() {
            self.find(&here.at("exists"), "asks what the before steps found, and there are none");
        }
        let (required_fields, required_parameters) = match method {
            Method::Create | Method::Update => (mapping.required.clone(), Vec::new()),
            Method::List | Method::Get | Method::Delete => (Vec::new(), mapping.required.clone()),
        };
        let cell = Cell {
            name: format!("{}/{stem}.{method}", self.folder),
            config: Value::Null,
            id_pattern: id_pattern.cloned(),
            filters: served(&sources),
            writes: mapping.writes.clone(),
            required_parameters,
            required_fields,
            refusals: self.slot(&here, "refusals", mapping.refusals.as_ref()),
            exists: self.slot(&here, "exists", mapping.exists.as_ref()),
            before,
            sources,
            error_mapping: self.slot(&here, "error_mapping", mapping.error_mapping.as_ref()),
        };
        let whole = !cell.sources.is_empty() && self.manifest.is_some();
        (whole && self.findings.len() == before_findings).then_some(cell)
    }

    fn find(&mut self, place: &Place<'_>, message: impl Into<String>) {
        self.findings.push(Finding::At(place.path(), message.into()));
    }

    fn sources(&mut self, here: &Place<'_>, mapping: &MethodMapping) -> Vec<Source> {
        if mapping.sources.is_empty() {
            return self.source(here, here, mapping, &SourceMapping::default()).into_iter().collect();
        }
        let sources = here.at("sources");
        let compiled = mapping.sources.iter().enumerate().filter_map(|(index, source)| {
            let index = index.to_string();
            self.source(here, &sources.at(&index), mapping, source)
        });
        compiled.collect()
    }

    /// A source: its own keys, at `own`, over those of the method, at `method`.
    fn source(
        &mut self,
        method: &Place<'_>,
        own: &Place<'_>,
        base: &MethodMapping,
        over: &SourceMapping,
    ) -> Option<Source> {
        let origin = self.origin(method, own, base, over);
        let mut slot = |key: &str, base: &Option<Slot>, over: &Option<Slot>| match over {
            Some(over) => self.slot(own, key, Some(over)),
            None => self.slot(method, key, base.as_ref()),
        };
        let id = slot("id", &base.id, &over.id);
        let path_mapping = slot("path_mapping", &base.path_mapping, &over.path_mapping);
        let query_mapping = slot("query_mapping", &base.query_mapping, &over.query_mapping);
        let request_body_mapping =
            slot("request_body_mapping", &base.request_body_mapping, &over.request_body_mapping);
        let request_header_mapping =
            slot("request_header_mapping", &base.request_header_mapping, &over.request_header_mapping);
        let response_mapping = slot("response_mapping", &base.response_mapping, &over.response_mapping);
        let after = match &over.after {
            Some(after) => self.steps(&own.at("after"), after, false),
            None => self.steps(&method.at("after"), &base.after, false),
        };
        let gateway_filters = over.gateway_filters.as_ref().unwrap_or(&base.gateway_filters);
        Some(Source {
            run_if: self.slot(own, "run_if", over.run_if.as_ref()),
            origin: origin?,
            id,
            path_mapping,
            filters: over
                .filters
                .as_ref()
                .unwrap_or(&base.filters)
                .iter()
                .flat_map(|it| spellings(it))
                .collect(),
            gateway_filters: gateway_filters.iter().flat_map(gateway_filter).collect(),
            sparse: over.sparse.unwrap_or(base.sparse),
            query_mapping,
            body: over.body.as_ref().or(base.body.as_ref()).cloned(),
            request_body_mapping,
            request_header_mapping,
            response_mapping,
            base_response_mapping: None,
            mapped_by: over.response_mapping_method.unwrap_or(base.response_mapping_method),
            after,
        })
    }

    fn origin(
        &mut self,
        method: &Place<'_>,
        own: &Place<'_>,
        base: &MethodMapping,
        over: &SourceMapping,
    ) -> Option<Origin> {
        let own_call = over.resource.is_some() || over.method.is_some();
        if own_call && over.records.is_some() {
            self.find(&own.at("records"), "takes the place of resource and method, which are there too");
            return None;
        }
        match (&over.records, &base.records) {
            (Some(records), _) => self.expression(&own.at("records"), records).map(Origin::Records),
            (None, Some(records)) if !own_call => {
                if base.resource.is_some() || base.method.is_some() {
                    self.find(
                        &method.at("records"),
                        "takes the place of resource and method, which are there too",
                    );
                    return None;
                }
                self.expression(&method.at("records"), records).map(Origin::Records)
            }
            _ => {
                let resource = over.resource.as_ref().or(base.resource.as_ref());
                let native = over.method.as_ref().or(base.method.as_ref());
                let query = over.query.as_ref().unwrap_or(&base.query);
                self.choice(own, resource, native, query).map(Origin::Call)
            }
        }
    }

    fn choice(
        &mut self,
        here: &Place<'_>,
        resource: Option<&Name>,
        method: Option<&Name>,
        query: &Map<String, Value>,
    ) -> Option<Choice> {
        let (Some(resource), Some(method)) = (resource, method) else {
            let known = |name: &&String| {
                self.manifest.is_none_or(|manifest| manifest.resources.contains_key(name.as_str()))
            };
            let unknown = resource.and_then(|name| names(name).iter().find(|name| !known(name)).cloned());
            let message = match unknown {
                Some(name) => format!("the manifest has no resource {name}"),
                None => "names the native call: resource and method".to_owned(),
            };
            self.find(here, message);
            return None;
        };
        let manifest = self.manifest?;
        let mut calls = Vec::new();
        for resource in names(resource) {
            for method in names(method) {
                match manifest.native(resource, method) {
                    Some(facts) => calls.push(NativeCall {
                        resource: resource.clone(),
                        method: method.clone(),
                        facts: facts.clone(),
                        query: query.clone(),
                    }),
                    None => {
                        let message = format!("the manifest has no method {method} of a resource {resource}");
                        self.find(here, message);
                    }
                }
            }
        }
        let mut computed = |key: &str, name: &Name| match name {
            Name::Fixed(_) => Some(None),
            Name::Computed { expression, names } => {
                let place = here.at(key);
                if names.is_empty() {
                    self.find(&place, "lists what its expression may give");
                }
                self.expression(&place.at("expression"), expression).map(Some)
            }
        };
        let (resource, method) = (computed("resource", resource)?, computed("method", method)?);
        (!calls.is_empty()).then_some(Choice { calls, resource, method })
    }

    fn check_source(
        &mut self,
        here: &Place<'_>,
        index: usize,
        method: Method,
        source: &Source,
        mapping: &MethodMapping,
    ) {
        let sources = here.at("sources");
        let index = index.to_string();
        let own = sources.at(&index);
        let place = if mapping.sources.is_empty() { here } else { &own };
        if source.response_mapping.is_none() && method != Method::Delete {
            self.find(place, "needs a response_mapping");
        }
        let Origin::Call(choice) = &source.origin else { return };
        for call in &choice.calls {
            if method == Method::List && call.facts.paging.is_none() {
                self.find(place, "a list is served by a native method that has paging");
            }
        }
    }

    fn check_names(
        &mut self,
        here: &Place<'_>,
        method: Method,
        mapping: &MethodMapping,
        resource: &Resource,
    ) {
        self.check_filters(&here.at("filters"), &mapping.filters, method, resource);
        self.check_gateway_filters(&here.at("gateway_filters"), &mapping.gateway_filters, method, resource);
        let sources = here.at("sources");
        for (index, source) in mapping.sources.iter().enumerate() {
            let index = index.to_string();
            let own = sources.at(&index);
            self.check_filters(
                &own.at("filters"),
                source.filters.as_deref().unwrap_or_default(),
                method,
                resource,
            );
            let gateway_filters = source.gateway_filters.as_deref().unwrap_or_default();
            self.check_gateway_filters(&own.at("gateway_filters"), gateway_filters, method, resource);
        }
        let writable = |name: &str| resource.fields.get(name).is_some_and(Field::is_writable);
        let writes = here.at("writes");
        for (index, name) in mapping.writes.iter().enumerate().filter(|(_, name)| !writable(name)) {
            let message = format!("{name} is not a writable field of the unified resource");
            self.find(&writes.at(&index.to_string()), message);
        }
        let required = here.at("required");
        for (index, name) in mapping.required.iter().enumerate() {
            let known = match method {
                Method::Create | Method::Update => mapping.writes.contains(name),
                Method::List | Method::Get | Method::Delete => resource.parameter(method, name).is_some(),
            };
            if !known {
                let message = format!("{name} is neither a parameter nor one of the fields under writes");
                self.find(&required.at(&index.to_string()), message);
            }
        }
    }

    fn check_filters(&mut self, here: &Place<'_>, filters: &[String], method: Method, resource: &Resource) {
        for (index, filter) in filters.iter().enumerate() {
            self.check_filter(&here.at(&index.to_string()), filter, method, resource);
        }
    }

    fn check_gateway_filters(
        &mut self,
        here: &Place<'_>,
        filters: &[GatewayFilterMapping],
        method: Method,
        resource: &Resource,
    ) {
        for (index, filter) in filters.iter().enumerate() {
            self.check_filter(&here.at(&index.to_string()), filter.spelling(), method, resource);
        }
    }

    fn check_filter(&mut self, here: &Place<'_>, filter: &str, method: Method, resource: &Resource) {
        let (plain, operators) = parted(filter);
        let unknown =
            operators.split(',').find(|operator| !operators.is_empty() && !OPERATORS.contains(operator));
        if resource.parameter(method, plain).is_none_or(|(name, _)| name != plain) || unknown.is_some() {
            self.find(here, format!("{filter} is not a parameter of {method} of the unified resource"));
        }
    }

    fn steps(&mut self, here: &Place<'_>, steps: &[StepMapping], before: bool) -> Vec<Step> {
        let mut names = BTreeSet::new();
        let mut compiled = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            let index = index.to_string();
            let own = here.at(&index);
            if !names.insert(&step.name) {
                self.find(&own.at("name"), format!("{} is the name of another step", step.name));
            }
            compiled.extend(self.step(&own, step, before));
        }
        compiled
    }

    fn step(&mut self, here: &Place<'_>, step: &StepMapping, before: bool) -> Option<Step> {
        let run_if = self.slot(here, "run_if", step.run_if.as_ref());
        let loop_on = self.slot(here, "loop_on", step.loop_on.as_ref());
        let run_if_text = step.run_if_text.as_deref().and_then(|pattern| {
            let own = here.at("run_if_text");
            if before {
                self.find(&own, "is for a step that goes after");
            }
            let built = RegexBuilder::new(pattern).size_limit(LARGEST_PATTERN).build();
            built.map_err(|error| self.find(&own, format!("is not a regular expression: {error}"))).ok()
        });
        let config = here.at("config");
        let action = match step.kind {
            StepKind::Transform => self.transform(&config, step),
            StepKind::Request => self.request(&config, step, before),
        };
        Some(Step { name: step.name.clone(), run_if, run_if_text, loop_on, action: action? })
    }

    fn transform(&mut self, config: &Place<'_>, step: &StepMapping) -> Option<Action> {
        let StepConfig { resource, method, id, query, body, expression } = &step.config;
        let calls = resource.is_some() || method.is_some() || id.is_some() || body.is_some();
        if calls || !query.is_empty() || step.cache || step.optional || step.dispensable {
            self.find(config, "a transform has an expression and nothing else");
            return None;
        }
        let Some(expression) = expression else {
            self.find(config, "a transform has an expression");
            return None;
        };
        self.expression(&config.at("expression"), expression).map(Action::Transform)
    }

    fn request(&mut self, config: &Place<'_>, step: &StepMapping, before: bool) -> Option<Action> {
        let StepConfig { resource, method, id, query, body, expression } = &step.config;
        if expression.is_some() {
            self.find(&config.at("expression"), "is for a transform");
        }
        let choice = self.choice(config, resource.as_ref(), method.as_ref(), &Map::new())?;
        let reads = choice.calls.iter().all(|call| call.facts.is_read());
        if before && !reads {
            self.find(config, "a step that goes before may only read");
        }
        if step.cache && !reads {
            self.find(config, "only what reads can be cached");
        }
        if step.dispensable && !reads {
            self.find(config, "only what reads can be dispensable");
        }
        let id = self.slot(config, "id", id.as_ref());
        let query = self.template(&config.at("query"), &Value::Object(query.clone()))?;
        let body = match body {
            Some(body) => Some(self.template(&config.at("body"), body)?),
            None => None,
        };
        let StepMapping { cache: cached, optional, dispensable, .. } = *step;
        Some(Action::Request(Request { choice, id, query, body, cached, optional, dispensable }))
    }

    fn template(&mut self, here: &Place<'_>, value: &Value) -> Option<Template> {
        Some(match value {
            Value::Object(map) => match (map.len(), map.get("expression")) {
                (1, Some(Value::String(text))) => {
                    let expression = self.expression(&here.at("expression"), &Slot(text.clone()))?;
                    Template::Expression(expression)
                }
                _ => {
                    let mut members = Vec::new();
                    for (name, value) in map {
                        members.push((name.clone(), self.template(&here.at(name), value)?));
                    }
                    Template::Object(members)
                }
            },
            Value::Array(items) => {
                let mut templates = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    templates.push(self.template(&here.at(&index.to_string()), item)?);
                }
                Template::Array(templates)
            }
            plain => Template::Value(plain.clone()),
        })
    }

    fn slot(&mut self, here: &Place<'_>, key: &str, slot: Option<&Slot>) -> Option<Expression> {
        self.expression(&here.at(key), slot?)
    }

    fn expression(&mut self, here: &Place<'_>, slot: &Slot) -> Option<Expression> {
        let Some(file) = slot.file() else {
            let name = format!("{} {}", self.document, here.path().join("."));
            return match Expression::compile(self.files.engine, &name, &slot.0) {
                Ok(expression) => Some(expression),
                Err(error) => {
                    let (line, column, message) = (error.line, error.column, error.message);
                    self.find(here, format!("line {line} column {column} of the expression: {message}"));
                    None
                }
            };
        };
        let file = format!("{}/{file}", self.folder);
        let Some(compiled) = self.files.expression(&file) else {
            self.find(here, format!("there is no file {file}"));
            return None;
        };
        self.used.insert(file.clone());
        match compiled {
            Ok(expression) => Some(expression),
            Err(error) => {
                let (line, column, message) = (error.line, error.column, error.message);
                self.findings.push(Finding::Elsewhere(Problem { file, line, column, message }));
                None
            }
        }
    }
}

fn names(name: &Name) -> &[String] {
    match name {
        Name::Fixed(name) => std::slice::from_ref(name),
        Name::Computed { names, .. } => names,
    }
}

fn gateway_filter(mapping: &GatewayFilterMapping) -> impl Iterator<Item = GatewayFilter> {
    let comparison = mapping.comparison();
    spellings(mapping.spelling()).into_iter().map(move |spelling| GatewayFilter { spelling, comparison })
}

/// A parameter apart from its operators: `created_at[gt,lt]` is `created_at` and `gt,lt`.
fn parted(filter: &str) -> (&str, &str) {
    let parts = filter.strip_suffix(']').and_then(|filter| filter.rsplit_once('['));
    parts.filter(|(_, inner)| inner.split(',').any(|part| OPERATORS.contains(&part))).unwrap_or((filter, ""))
}

/// The spellings that a parameter stands for: one for each of its operators.
fn spellings(filter: &str) -> Vec<String> {
    match parted(filter) {
        (plain, "") => vec![plain.to_owned()],
        (plain, operators) => operators.split(',').map(|operator| format!("{plain}[{operator}]")).collect(),
    }
}

/// The parameters that some source serves, each once.
fn served(sources: &[Source]) -> Vec<String> {
    let mut served: Vec<String> = Vec::new();
    for source in sources {
        let gateway = source.gateway_filters.iter().map(|filter| &filter.spelling);
        for filter in source.filters.iter().chain(gateway) {
            if !served.contains(filter) {
                served.push(filter.clone());
            }
        }
    }
    served
}
