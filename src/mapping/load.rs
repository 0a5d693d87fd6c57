//! From a mappings folder to a [`Catalog`], or to every problem of the folder at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use regex::Regex;
use serde_json::{Map, Value};

use super::catalog::{Catalog, Provider, Support};
use super::cell::Cell;
use super::compile::{Compiler, Finding};
use super::compiled::CompiledFiles;
use super::document::{Document, Problem};
use super::expression::{Engine, Expression};
use super::files::Files;
use super::manifest::{Auth, Manifest, Presentation};
use super::method::{MethodMapping, ResourceMapping};
use crate::model::schema::nearest;
use crate::model::{Method, Model, Resource};

/// The folders that hold unified models, beside which every folder is a provider.
pub const MODELS: &[&str] = &["crm", "user-directory"];

/// The file of a model that names shapes which several of its resources share.
const SHAPES: &str = "shapes.yaml";

/// The file of a provider's folder that holds its facts.
const MANIFEST: &str = "provider.yaml";

impl Catalog {
    /// Reads, checks and compiles a mappings folder.
    pub fn load(files: &Files, engine: Engine) -> Result<Catalog, Vec<Problem>> {
        let mut loader = Loader::new(files, engine);
        let models: IndexMap<String, Model> =
            MODELS.iter().map(|name| ((*name).to_owned(), loader.model(name))).collect();
        let providers = loader.provider_names().into_iter().filter_map(|name| {
            let provider = loader.provider(&name, &models)?;
            Some((name, Arc::new(provider)))
        });
        let providers: BTreeMap<_, _> = providers.collect();
        loader.report_unused();
        let mut problems = loader.problems;
        problems.sort();
        problems.dedup();
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Catalog { models, providers, files: files.clone(), engine })
    }

    /// Compiles how a provider serves one method, from a config that is no file.
    ///
    /// `config` has the keys of a method in a mapping file. `name` names it in messages. `id_pattern` is that of the
    /// file that it is laid over.
    pub fn compile(
        &self,
        manifest: &Manifest,
        name: &str,
        method: Method,
        config: Value,
        resource: &Resource,
        id_pattern: Option<&Regex>,
    ) -> Result<Cell, Vec<Problem>> {
        let mut loader = Loader::new(&self.files, self.engine);
        let whole = Value::Object(Map::from_iter([(
            "methods".to_owned(),
            Value::Object(Map::from_iter([(method.to_string(), config)])),
        )]));
        let document = Document::from_value(name, whole);
        let mapping: Option<OneMethod> = document.read(&mut loader.problems);
        let mut source = MappingSource {
            loader: &mut loader,
            document: &document,
            folder: &manifest.name,
            manifest: Some(manifest),
        };
        let served = mapping.as_ref().and_then(|mapping| mapping.methods.get(&method));
        let cell = served.and_then(|served| source.cell(name, method, served, resource, id_pattern));
        match cell {
            Some(cell) if loader.problems.is_empty() => Ok(cell),
            _ => Err(loader.problems),
        }
    }
}

/// What [`Catalog::compile`] reads.
#[derive(serde::Deserialize)]
struct OneMethod {
    methods: IndexMap<Method, MethodMapping>,
}

struct Loader<'a> {
    files: &'a Files,
    expressions: CompiledFiles<'a>,
    problems: Vec<Problem>,
    used: BTreeSet<String>,
}

impl<'a> Loader<'a> {
    fn new(files: &'a Files, engine: Engine) -> Self {
        let expressions = CompiledFiles::new(files, engine);
        Loader { files, expressions, problems: Vec::new(), used: BTreeSet::new() }
    }

    fn problem(&mut self, document: &Document, path: &[&str], message: impl Into<String>) {
        self.problems.push(document.problem(path, message));
    }

    fn document(&mut self, file: &str) -> Option<Document> {
        let text = self.files.0.get(file)?;
        self.used.insert(file.to_owned());
        match Document::parse(file, text) {
            Ok(document) => Some(document),
            Err(problems) => {
                self.problems.extend(problems);
                self.spare(file);
                None
            }
        }
    }

    /// Counts as used whatever a file that can't be read names: it isn't the expressions' fault.
    fn spare(&mut self, file: &str) {
        let (Some((folder, _)), Some(text)) = (file.split_once('/'), self.files.0.get(file)) else { return };
        let inside = self.files.0.keys().filter(|path| {
            let name = path.strip_prefix(folder).and_then(|path| path.strip_prefix('/'));
            name.is_some_and(|name| name.ends_with(".jsonata") && text.contains(name))
        });
        self.used.extend(inside.cloned());
    }

    fn names_in(&self, folder: &str) -> Vec<String> {
        let inside = self.files.0.keys().filter_map(|path| path.strip_prefix(folder)?.strip_prefix('/'));
        inside.filter(|name| name.ends_with(".yaml") && !name.contains('/')).map(str::to_owned).collect()
    }

    fn model(&mut self, name: &str) -> Model {
        let shapes: Map<String, Value> = self
            .document(&format!("{name}/{SHAPES}"))
            .and_then(|document| document.read(&mut self.problems))
            .unwrap_or_default();
        let mut resources = IndexMap::new();
        for file in self.names_in(name).into_iter().filter(|file| file != SHAPES) {
            let Some(document) = self.document(&format!("{name}/{file}")) else { continue };
            let (document, unknown) = document.with_shapes(&shapes);
            self.problems.extend(unknown);
            if let Some(resource) = document.read::<Resource>(&mut self.problems) {
                self.check_resource(&document, &resource);
                resources.insert(file.trim_end_matches(".yaml").to_owned(), Arc::new(resource));
            }
        }
        Model { name: name.to_owned(), resources }
    }

    fn check_resource(&mut self, document: &Document, resource: &Resource) {
        for (path, message) in resource.contradictions() {
            self.problem(document, &path, message);
        }
    }

    fn provider_names(&self) -> Vec<String> {
        let folders = self.files.0.keys().filter_map(|path| path.split_once('/').map(|(folder, _)| folder));
        let names: BTreeSet<&str> = folders.filter(|folder| !MODELS.contains(folder)).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    fn provider(&mut self, name: &str, models: &IndexMap<String, Model>) -> Option<Provider> {
        let file = format!("{name}/{MANIFEST}");
        if !self.files.0.contains_key(&file) {
            let message = "a provider's folder has a provider.yaml".to_owned();
            self.problems.push(Problem { file, line: 1, column: 1, message });
            let inside = self.files.0.keys().filter(|path| path.starts_with(&format!("{name}/")));
            self.used.extend(inside.cloned());
            return None;
        }
        let manifest = self.document(&file).and_then(|document| {
            let shapes = document.get(&["shapes"]).and_then(Value::as_object).cloned().unwrap_or_default();
            let (document, unknown) = document.with_shapes(&shapes);
            self.problems.extend(unknown);
            let mut manifest: Manifest = document.read(&mut self.problems)?;
            manifest.place_rpc();
            let id_pattern = self.check_manifest(&document, name, &manifest);
            let webhook_events = self.webhook_events(&document, name, &manifest);
            Some((manifest, id_pattern, webhook_events))
        });
        // Without a manifest the mappings are checked all the same, but for what they ask of it.
        let facts = manifest.as_ref().map(|(manifest, ..)| manifest);
        let mut cells = BTreeMap::new();
        for file in self.names_in(name).into_iter().filter(|file| file != MANIFEST) {
            let Some(document) = self.document(&format!("{name}/{file}")) else { continue };
            match document.read::<ResourceMapping>(&mut self.problems) {
                Some(mapping) => {
                    let mut source =
                        MappingSource { loader: self, document: &document, folder: name, manifest: facts };
                    source.cells(&file, mapping, models, &mut cells);
                }
                None => self.spare(&document.file),
            }
        }
        let (manifest, id_pattern, webhook_events) = manifest?;
        Some(Provider { manifest, id_pattern, webhook_events, cells })
    }

    fn webhook_events(
        &mut self,
        document: &Document,
        folder: &str,
        manifest: &Manifest,
    ) -> Option<Expression> {
        let slot = &manifest.webhooks.as_ref()?.events;
        let place = ["webhooks", "events"];
        let compiled = match slot.file() {
            None => {
                let name = format!("{} webhooks.events", document.file);
                Expression::compile(self.expressions.engine, &name, &slot.0)
            }
            Some(file) => {
                let file = format!("{folder}/{file}");
                let Some(compiled) = self.expressions.expression(&file) else {
                    self.problem(document, &place, format!("there is no file {file}"));
                    return None;
                };
                self.used.insert(file);
                compiled
            }
        };
        compiled.map_err(|error| self.problem(document, &place, error.to_string())).ok()
    }

    fn check_manifest(&mut self, document: &Document, name: &str, manifest: &Manifest) -> Option<Regex> {
        if manifest.name != name {
            self.problem(document, &["name"], format!("must be the folder's name, {name}"));
        }
        for (key, url) in [("base_url", &manifest.base_url), ("documentation", &manifest.documentation)] {
            if !is_https(url) {
                self.problem(document, &[key], "must be an https URL");
            }
        }
        self.check_auth(document, &manifest.auth);
        self.check_discovery(document, manifest);
        self.check_connect(document, manifest);
        for (resource, native) in &manifest.resources {
            for (method, facts) in &native.methods {
                let here = ["resources", resource, "methods", method];
                if facts.rpc.is_some() && !(manifest.adapter.speaks_rpc() && manifest.rpc_path.is_some()) {
                    let message = "rpc needs a manifest with an rpc_path and an adapter that speaks JSON-RPC";
                    self.problem(document, &[&here[..], &["rpc"]].concat(), message);
                } else if facts.form.is_none() && !facts.path.starts_with('/') {
                    self.problem(document, &[&here[..], &["path"]].concat(), "must begin with /");
                }
                match &facts.paging {
                    Some(paging) if !manifest.paging.contains_key(paging) => {
                        let message = format!("the manifest has no paging named {paging}");
                        self.problem(document, &[&here[..], &["paging"]].concat(), message);
                    }
                    Some(_) if facts.response_path.is_none() => {
                        self.problem(document, &here, "a list names its records in response_path");
                    }
                    Some(_) | None => {}
                }
            }
        }
        self.pattern(document, manifest.id_pattern.as_ref()?)
    }

    /// An `id_pattern` that matches a whole id.
    fn pattern(&mut self, document: &Document, pattern: &str) -> Option<Regex> {
        match whole(pattern) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                self.problem(document, &["id_pattern"], format!("is not a regular expression: {error}"));
                None
            }
        }
    }

    /// What is asked while an account is connected exists and changes nothing.
    fn check_connect(&mut self, document: &Document, manifest: &Manifest) {
        let Some(connect) = &manifest.auth.connect else { return };
        let asked = [&connect.probe]
            .into_iter()
            .chain(connect.install.iter().map(|install| &install.call))
            .chain(&connect.validate);
        for asked in asked {
            let name = format!("{}.{}", asked.resource, asked.method);
            let problem = match manifest.native(&asked.resource, &asked.method) {
                None => format!("{name} is no operation of the manifest"),
                Some(facts) if !facts.is_read() => format!("{name} changes something, and a check must not"),
                Some(_) => continue,
            };
            self.problem(document, &["auth", "connect"], problem);
        }
    }

    fn check_discovery(&mut self, document: &Document, manifest: &Manifest) {
        let Some(facts) = &manifest.discovery else { return };
        if let Some(problem) = facts.problem(&manifest.base_url) {
            self.problem(document, &["discovery"], problem);
        }
        let fields = manifest.auth.api_key.iter().flat_map(|key| &key.fields);
        if manifest.auth.oauth2.is_some() || fields.map(|field| &field.name).all(|name| *name != facts.member)
        {
            let message = format!("{} must be a field that every account has", facts.member);
            self.problem(document, &["discovery", "member"], message);
        }
    }

    fn check_auth(&mut self, document: &Document, auth: &Auth) {
        if auth.oauth2.is_none() && auth.api_key.is_none() {
            self.problem(document, &["auth"], "must offer oauth2, api_key or both");
        }
        if let Some(oauth2) = &auth.oauth2 {
            for (key, url) in [("authorize_url", &oauth2.authorize_url), ("token_url", &oauth2.token_url)] {
                if !is_https(url) {
                    self.problem(document, &["auth", "oauth2", key], "must be an https URL");
                }
            }
            if oauth2.revoke_url.as_ref().is_some_and(|url| !is_https(url)) {
                self.problem(document, &["auth", "oauth2", "revoke_url"], "must be an https URL");
            }
        }
        if let Some(key) = &auth.api_key {
            for field in &key.fields {
                if field.find_at.as_ref().is_some_and(|url| !is_https(url)) {
                    let message = format!("find_at of {} must be an https URL", field.name);
                    self.problem(document, &["auth", "api_key", "fields"], message);
                }
                if let Some(Err(error)) = field.pattern.as_ref().map(|pattern| whole(pattern)) {
                    let message =
                        format!("the pattern of {} is not a regular expression: {error}", field.name);
                    self.problem(document, &["auth", "api_key", "fields"], message);
                }
            }
            let presented = match &key.present {
                Presentation::Bearer(name) => vec![name],
                Presentation::Basic { username, password } => vec![username, password],
            };
            for name in
                presented.into_iter().filter(|name| key.fields.iter().all(|field| field.name != **name))
            {
                let message = format!("presents {name}, which is none of the fields");
                self.problem(document, &["auth", "api_key", "present"], message);
            }
        }
    }

    fn report_unused(&mut self) {
        for file in self.files.0.keys().filter(|file| !self.used.contains(*file)) {
            let message = if file.ends_with(".yml") {
                "is not read: mapping files end in .yaml"
            } else if !file.contains('/') {
                "is not read: it is not in the folder of a model or a provider"
            } else {
                "is not used by any mapping of its folder"
            };
            self.problems.push(Problem {
                file: file.clone(),
                line: 1,
                column: 1,
                message: message.to_owned(),
            });
        }
    }
}

/// A pattern that matches a whole text.
fn whole(pattern: &str) -> Result<Regex, regex::Error> {
    Regex::new(&format!("^(?:{pattern})$"))
}

fn is_https(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| url.scheme() == "https")
}

/// A mapping file while it is compiled.
struct MappingSource<'l, 'f> {
    loader: &'l mut Loader<'f>,
    document: &'l Document,
    folder: &'l str,
    /// Absent if it has problems of its own.
    manifest: Option<&'l Manifest>,
}

impl MappingSource<'_, '_> {
    fn problem(&mut self, path: &[&str], message: impl Into<String>) {
        self.loader.problem(self.document, path, message);
    }

    fn cells(
        &mut self,
        file: &str,
        mapping: ResourceMapping,
        models: &IndexMap<String, Model>,
        cells: &mut BTreeMap<(String, Method), Support>,
    ) {
        let Some(model) = models.get(&mapping.model) else {
            self.loader.spare(&self.document.file);
            return self.problem(&["model"], format!("there is no unified model {}", mapping.model));
        };
        let Some(resource) = model.resources.get(&mapping.resource) else {
            self.loader.spare(&self.document.file);
            if self.loader.files.0.contains_key(&format!("{}/{}.yaml", mapping.model, mapping.resource)) {
                return; // it is there, and has problems of its own
            }
            let known = nearest(&mapping.resource, model.resources.keys().map(String::as_str));
            let hint = known.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            return self.problem(
                &["resource"],
                format!("{} has no resource {}{hint}", mapping.model, mapping.resource),
            );
        };
        let path = format!("{}/{}", mapping.model, mapping.resource);
        let stem = file.trim_end_matches(".yaml");
        let id_pattern =
            mapping.id_pattern.as_ref().and_then(|pattern| self.loader.pattern(self.document, pattern));
        if cells.keys().any(|(mapped, _)| *mapped == path) {
            self.problem(&["resource"], format!("{path} is mapped by another file of this folder already"));
        }
        for method in &resource.methods {
            match (mapping.methods.get(method), mapping.unsupported.get(method)) {
                (Some(_), Some(_)) => {
                    self.problem(
                        &["unsupported", method.as_str()],
                        "is served under methods, so it can't be unsupported",
                    );
                }
                (None, None) => {
                    let message =
                        format!("{method} is neither under methods nor, with a reason, under unsupported");
                    self.problem(&["methods"], message);
                }
                (None, Some(reason)) => {
                    cells.insert((path.clone(), *method), Support::Unsupported(reason.clone()));
                }
                (Some(served), None) => {
                    if let Some(cell) = self.cell(stem, *method, served, resource, id_pattern.as_ref()) {
                        cells.insert((path.clone(), *method), Support::Served(Arc::new(cell)));
                    }
                }
            }
        }
        for method in mapping.methods.keys().chain(mapping.unsupported.keys()) {
            if !resource.methods.contains(method) {
                let section = if mapping.methods.contains_key(method) { "methods" } else { "unsupported" };
                self.problem(&[section, method.as_str()], format!("the contract has no {method} of {path}"));
            }
        }
    }

    fn cell(
        &mut self,
        stem: &str,
        method: Method,
        mapping: &MethodMapping,
        resource: &Resource,
        id_pattern: Option<&Regex>,
    ) -> Option<Cell> {
        let expressions = &self.loader.expressions;
        let mut compiler = Compiler::new(expressions, self.folder, self.manifest, &self.document.file);
        let mut cell = compiler.cell(stem, method, mapping, resource, id_pattern);
        let Compiler { used, findings, .. } = compiler;
        self.loader.used.extend(used);
        if let Some(cell) = &mut cell {
            cell.config = self.document.get(&["methods", method.as_str()]).cloned().unwrap_or_default();
        }
        for finding in findings {
            let problem = match finding {
                Finding::At(path, message) => {
                    let path: Vec<&str> = path.iter().map(String::as_str).collect();
                    self.document.problem(&path, message)
                }
                Finding::Elsewhere(problem) => problem,
            };
            self.loader.problems.push(problem);
        }
        cell
    }
}
