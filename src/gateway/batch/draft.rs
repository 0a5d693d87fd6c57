//! Reading one entry of a batch: every member is understood, or refused by its name.
//!
//! Where the names in it lead is not known here; [`super::order`] finds that out once every entry is read.

use serde_json::{Map, Value};

use super::plan::{CallEntry, Condition, Entry, Recurse, Target, Template, Work};
use crate::error::{Error, Result};
use crate::mapping::expression::{Engine, Expression};
use crate::mapping::placeholders::paths;
use crate::model::Method;
use crate::model::schema::nearest;

/// The longest name of an entry, in bytes.
const LONGEST_NAME: usize = 200;

/// How records may look.
const FORMATS: &[&str] = &["unified", "raw", "normalized"];

/// The members of an entry that calls.
const CALL: &[&str] = &[
    "resource",
    "method",
    "id",
    "query",
    "body",
    "name",
    "depends_on",
    "loop_on",
    "persist",
    "recurse",
    "response_format",
];

/// The members of an entry that computes or gathers.
const STEP: &[&str] = &["name", "type", "depends_on", "config", "persist"];

/// An entry before it is known where its names lead.
pub(super) struct Draft {
    pub(super) entry: Entry,
    pub(super) name: Option<String>,
    pub(super) resource: Option<String>,
    pub(super) depends_on: Option<Vec<String>>,
    /// Paths that its placeholders read.
    pub(super) reads: Vec<Vec<String>>,
}

/// Reads one entry.
pub(super) struct Reader {
    /// Where it stands, as errors name it.
    pub(super) at: String,
    /// Runs its expressions.
    pub(super) engine: Engine,
}

impl Reader {
    fn wrong(&self, name: &str, problem: impl Into<String>) -> Error {
        Error::invalid_field(format!("{}.{name}", self.at), problem)
    }

    pub(super) fn entry(&self, item: Value) -> Result<Draft> {
        let Value::Object(mut item) = item else {
            return Err(Error::invalid_field(&self.at, "must be an object"));
        };
        let steps = item.contains_key("type");
        self.refuse(&item, if steps { STEP } else { CALL })?;
        let name = self.text(&mut item, "name")?;
        if name.as_ref().is_some_and(|name| name.is_empty() || name.len() > LONGEST_NAME) {
            return Err(self.wrong("name", format!("must have 1 to {LONGEST_NAME} bytes")));
        }
        let depends_on = self.names(&mut item, "depends_on")?;
        let persist = match item.shift_remove("persist") {
            None | Some(Value::Null) => None,
            Some(Value::Bool(persist)) => Some(persist),
            Some(_) => return Err(self.wrong("persist", "must be true or false")),
        };
        let mut draft = if steps { self.step(item, name.as_deref())? } else { self.call(item)? };
        draft.entry.persist = persist.unwrap_or(draft.entry.persist);
        draft.entry.label = name.clone().or_else(|| draft.resource.clone()).unwrap_or_default();
        draft.entry.places.extend(name.iter().map(|name| vec![name.clone()]));
        (draft.name, draft.depends_on) = (name, depends_on);
        Ok(draft)
    }

    fn refuse(&self, item: &Map<String, Value>, known: &[&str]) -> Result<()> {
        let Some(name) = item.keys().find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
        if name.starts_with("delete_tracking") {
            let why = "compares with what was there before, and a batch doesn't know that";
            return Err(self.wrong(name, why));
        }
        let hint = nearest(name, known.iter().copied())
            .map_or_else(String::new, |near| format!("; did you mean {near}?"));
        Err(self.wrong(name, format!("is not a member of an entry{hint}")))
    }

    fn step(&self, mut item: Map<String, Value>, name: Option<&str>) -> Result<Draft> {
        if name.is_none() {
            return Err(self.wrong("name", "is needed"));
        }
        let config = match item.shift_remove("config") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(config)) => config,
            Some(_) => return Err(self.wrong("config", "must be an object")),
        };
        let work = match item.get("type").and_then(Value::as_str) {
            Some("spool") if config.is_empty() => Work::Spool,
            Some("spool") => return Err(self.wrong("config", "has no effect on a spool")),
            Some("transform") => Work::Transform(self.expression(config)?),
            _ => return Err(self.wrong("type", "must be transform or spool")),
        };
        Ok(draft(work, None, Vec::new(), false))
    }

    fn expression(&self, mut config: Map<String, Value>) -> Result<Expression> {
        let Some(Value::String(source)) = config.shift_remove("expression") else {
            return Err(self.wrong("config.expression", "is needed: a JSONata expression"));
        };
        if let Some(name) = config.keys().next() {
            return Err(self.wrong(&format!("config.{name}"), "has no effect on a transform"));
        }
        self.compile("config.expression", &source)
    }

    fn compile(&self, name: &str, source: &str) -> Result<Expression> {
        let full = format!("{}.{name}", self.at);
        Expression::compile(self.engine, &full, source)
            .map_err(|error| Error::invalid_field(full.clone(), error.to_string()))
    }

    fn call(&self, mut item: Map<String, Value>) -> Result<Draft> {
        let resource =
            self.text(&mut item, "resource")?.ok_or_else(|| self.wrong("resource", "is needed"))?;
        let id = item.shift_remove("id").filter(|id| !id.is_null());
        let method = self.text(&mut item, "method")?.ok_or_else(|| self.wrong("method", "is needed"))?;
        let target = self.target(&resource, &method, id.is_some())?;
        let mut reads: Vec<Vec<String>> = id.iter().flat_map(paths).map(|path| split(&path)).collect();
        let query = self.template(&mut item, "query", &mut reads)?.unwrap_or(Template::Object(Map::new()));
        let body = self.template(&mut item, "body", &mut reads)?;
        let loop_on = self.text(&mut item, "loop_on")?.map(|path| self.loop_on(&path)).transpose()?;
        let recurse = item.shift_remove("recurse").filter(|recurse| !recurse.is_null());
        let recurse = recurse.map(|recurse| self.recurse(recurse)).transpose()?;
        let response_format = self.text(&mut item, "response_format")?;
        if response_format.as_deref().is_some_and(|format| !FORMATS.contains(&format)) {
            return Err(self.wrong("response_format", format!("must be one of {}", FORMATS.join(", "))));
        }
        let persists = matches!(target, Target::Unified { .. });
        let call = CallEntry { target, id, query, body, loop_on, recurse, response_format };
        let place = resource.split('/').map(str::to_owned).collect();
        let mut draft = draft(Work::Call(Box::new(call)), Some(resource), reads, persists);
        draft.entry.places.push(place);
        Ok(draft)
    }

    fn target(&self, resource: &str, method: &str, has_id: bool) -> Result<Target> {
        let spelt = match (method.to_ascii_uppercase().as_str(), has_id) {
            ("GET", true) if method == "GET" => "get",
            ("GET", false) if method == "GET" => "list",
            ("POST", _) => "create",
            ("PATCH" | "PUT", _) => "update",
            ("DELETE", _) => "delete",
            _ => method,
        };
        let parts: Vec<&str> = resource.split('/').collect();
        match parts.as_slice() {
            [resource] if !resource.is_empty() => {
                Ok(Target::Proxy { resource: (*resource).to_owned(), method: spelt.to_owned() })
            }
            [model, resource] if !model.is_empty() && !resource.is_empty() => {
                let known: Vec<&str> = Method::ALL.into_iter().map(Method::as_str).collect();
                let method = spelt.parse().map_err(|()| {
                    self.wrong("method", format!("must be one of {}, not {method:?}", known.join(", ")))
                })?;
                Ok(Target::Unified { model: (*model).to_owned(), resource: (*resource).to_owned(), method })
            }
            _ => Err(self.wrong("resource", "must be model/resource, or one of the vendor's own resources")),
        }
    }

    fn template(
        &self,
        item: &mut Map<String, Value>,
        name: &str,
        reads: &mut Vec<Vec<String>>,
    ) -> Result<Option<Template>> {
        match item.shift_remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(template)) => {
                let template = Value::Object(template);
                reads.extend(paths(&template).iter().map(|path| split(path)));
                let Value::Object(template) = template else { return Ok(None) };
                Ok(Some(Template::Object(template)))
            }
            Some(Value::String(source)) => self.compile(name, &source).map(Template::Expression).map(Some),
            Some(_) => Err(self.wrong(name, "must be an object, or a JSONata expression")),
        }
    }

    /// A path, in braces or without.
    fn loop_on(&self, path: &str) -> Result<Vec<String>> {
        let bare = path.trim().trim_start_matches('{').trim_end_matches('}');
        let bare = bare.split(['?', '|', ':']).next().unwrap_or_default().trim();
        if bare.is_empty() || bare.contains(['{', '}']) {
            return Err(self.wrong("loop_on", "must be a path, such as {{resources.crm.contacts}}"));
        }
        let path = split(bare);
        // A bare name is one of the arguments.
        Ok(if path.len() == 1 { vec!["args".to_owned(), bare.to_owned()] } else { path })
    }

    fn recurse(&self, recurse: Value) -> Result<Recurse> {
        let Value::Object(mut recurse) = recurse else {
            return Err(self.wrong("recurse", "must be an object"));
        };
        let Some(Value::String(condition)) = recurse.shift_remove("if") else {
            return Err(self.wrong("recurse.if", "is needed: without an end there is no answer"));
        };
        let condition = match condition.contains("{{") {
            true => Condition::Text(condition),
            false => Condition::Expression(self.compile("recurse.if", &condition)?),
        };
        let mut config = match recurse.shift_remove("config") {
            Some(Value::Object(config)) => config,
            _ => return Err(self.wrong("recurse.config", "is needed: an object with id or query")),
        };
        let id = config.shift_remove("id").filter(|id| !id.is_null());
        let query = match config.shift_remove("query") {
            None | Some(Value::Null) => None,
            Some(Value::Object(query)) => Some(Template::Object(query)),
            Some(Value::String(source)) => {
                Some(Template::Expression(self.compile("recurse.config.query", &source)?))
            }
            Some(_) => return Err(self.wrong("recurse.config.query", "must be an object, or an expression")),
        };
        let left = recurse.keys().map(String::as_str).chain(config.keys().map(String::as_str)).next();
        match left {
            Some(name) => Err(self.wrong(&format!("recurse.{name}"), "is not a member of recurse")),
            None if id.is_none() && query.is_none() => {
                Err(self.wrong("recurse.config", "must have id or query, or every call would be the same"))
            }
            None => Ok(Recurse { condition, id, query }),
        }
    }

    fn text(&self, item: &mut Map<String, Value>, name: &str) -> Result<Option<String>> {
        match item.shift_remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "must be a string")),
        }
    }

    fn names(&self, item: &mut Map<String, Value>, name: &str) -> Result<Option<Vec<String>>> {
        let wrong = || self.wrong(name, "must be a name, or an array of names");
        match item.shift_remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(one)) => Ok(Some(vec![one])),
            Some(Value::Array(several)) => {
                let read = |one: Value| one.as_str().map(str::to_owned).ok_or_else(wrong);
                several.into_iter().map(read).collect::<Result<_>>().map(Some)
            }
            Some(_) => Err(wrong()),
        }
    }
}

fn draft(work: Work, resource: Option<String>, reads: Vec<Vec<String>>, persist: bool) -> Draft {
    let entry = Entry { label: String::new(), places: Vec::new(), after: Vec::new(), persist, work };
    Draft { entry, name: None, resource, depends_on: None, reads }
}

fn split(path: &str) -> Vec<String> {
    path.trim().split('.').map(str::to_owned).collect()
}
