//! What a batch is to do, and in which order: its entries, read and checked before anything is called.
//!
//! Refused as a whole: an entry that can't be understood, a name that isn't there, entries that wait for each other.
//! What an entry asks of a resource is checked when it runs, and is that entry's failure alone.

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::mapping::expression::{Engine, Expression};
use crate::mapping::placeholders::paths;
use crate::model::Method;
use crate::model::schema::nearest;

/// The most entries of a batch.
const MOST_ENTRIES: usize = 100;

/// The longest name of an entry, in bytes.
const LONGEST_NAME: usize = 200;

/// Where the records of entries are found.
pub(super) const RESOURCES: &str = "resources";

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
const STEP: &[&str] = &["name", "type", "depends_on", "config", "persist"];

/// A batch, understood.
#[derive(Debug)]
pub struct Batch {
    pub(super) entries: Vec<Entry>,
    pub(super) args: Map<String, Value>,
}

/// One entry.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its key in the answer: its name, or else its resource.
    pub(super) label: String,
    /// Where others find its records, below `resources`: by its name, by its resource.
    pub(super) places: Vec<Vec<String>>,
    /// Entries that come before, by their places in the list.
    pub(super) after: Vec<usize>,
    /// Whether its records are in the answer.
    pub(super) persist: bool,
    pub(super) work: Work,
}

/// What an entry does.
#[derive(Debug)]
pub(super) enum Work {
    /// Calls a resource.
    Call(Box<CallEntry>),
    /// Makes records of records.
    Transform(Expression),
    /// Gathers the records of the entries before it.
    Spool,
}

/// A call of a resource.
#[derive(Debug)]
pub(super) struct CallEntry {
    pub(super) target: Target,
    pub(super) id: Option<Value>,
    pub(super) query: Template,
    pub(super) body: Option<Template>,
    /// A path to what it is repeated for.
    pub(super) loop_on: Option<Vec<String>>,
    pub(super) recurse: Option<Recurse>,
    pub(super) response_format: Option<String>,
}

/// What is called.
#[derive(Debug)]
pub(super) enum Target {
    Unified { model: String, resource: String, method: Method },
    Proxy { resource: String, method: String },
}

/// A part of a call with places to be filled.
#[derive(Debug)]
pub(super) enum Template {
    /// With placeholders.
    Object(Map<String, Value>),
    /// Computed.
    Expression(Expression),
}

/// How a call is repeated for the records that it brings.
#[derive(Debug)]
pub(super) struct Recurse {
    pub(super) condition: Condition,
    pub(super) id: Option<Value>,
    pub(super) query: Option<Template>,
}

/// For which of them.
#[derive(Debug)]
pub(super) enum Condition {
    /// With placeholders.
    Text(String),
    /// Computed.
    Expression(Expression),
}

impl Batch {
    /// Reads a batch. `engine` runs its expressions.
    pub fn read(resources: Option<Value>, args: Map<String, Value>, engine: Engine) -> Result<Self> {
        let Some(Value::Array(items)) = resources else {
            return Err(Error::invalid_field(RESOURCES, "is needed: an array of entries"));
        };
        if !(1..=MOST_ENTRIES).contains(&items.len()) {
            return Err(Error::invalid_field(RESOURCES, format!("must have 1 to {MOST_ENTRIES} entries")));
        }
        let read = |(index, item)| Reader { at: format!("{RESOURCES}[{index}]"), engine }.entry(item);
        let drafts = items.into_iter().enumerate().map(read).collect::<Result<Vec<_>>>()?;
        unique(&drafts)?;
        let connect = |index| connect(&drafts, index);
        let connections = (0..drafts.len()).map(connect).collect::<Result<Vec<_>>>()?;
        let connected = |(draft, (after, loop_on)): (Draft, Connection)| {
            let mut entry = Entry { after, ..draft.entry };
            if let Work::Call(call) = &mut entry.work {
                call.loop_on = loop_on;
            }
            entry
        };
        let entries: Vec<Entry> = drafts.into_iter().zip(connections).map(connected).collect();
        refuse_circles(&entries)?;
        Ok(Batch { entries, args })
    }
}

/// An entry before it is known where its names lead.
struct Draft {
    entry: Entry,
    name: Option<String>,
    resource: Option<String>,
    depends_on: Option<Vec<String>>,
    /// Paths that its placeholders read.
    reads: Vec<Vec<String>>,
}

struct Reader {
    at: String,
    engine: Engine,
}

impl Reader {
    fn wrong(&self, name: &str, problem: impl Into<String>) -> Error {
        Error::invalid_field(format!("{}.{name}", self.at), problem)
    }

    fn entry(&self, item: Value) -> Result<Draft> {
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
        for name in item.keys().filter(|name| !known.contains(&name.as_str())) {
            if name.starts_with("delete_tracking") {
                let why = "compares with what was there before, and a batch doesn't know that";
                return Err(self.wrong(name, why));
            }
            let hint = nearest(name, known.iter().copied())
                .map_or_else(String::new, |near| format!("; did you mean {near}?"));
            return Err(self.wrong(name, format!("is not a member of an entry{hint}")));
        }
        Ok(())
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
        let resource = self.text(&mut item, "resource")?.ok_or_else(|| self.wrong("resource", "is needed"))?;
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

fn unique(drafts: &[Draft]) -> Result<()> {
    for (index, draft) in drafts.iter().enumerate() {
        let taken = |other: &Draft| draft.name.is_some() && other.name == draft.name;
        if drafts[..index].iter().any(taken) {
            let name = draft.name.as_deref().unwrap_or_default();
            return Err(Error::invalid_field(
                format!("{RESOURCES}[{index}].name"),
                format!("there is an entry named {name:?} already"),
            ));
        }
        let within = |place: &Vec<String>| {
            let others = drafts.iter().flat_map(|draft| &draft.entry.places);
            others.into_iter().find(|other| other.len() > place.len() && other.starts_with(place))
        };
        if let Some(other) = draft.entry.places.iter().find_map(within) {
            return Err(Error::invalid_field(
                format!("{RESOURCES}[{index}].name"),
                format!("can't be {:?}: that is where {} is found", draft.entry.label, other.join("/")),
            ));
        }
    }
    Ok(())
}

/// What an entry waits for, and the path to what it is repeated for.
type Connection = (Vec<usize>, Option<Vec<String>>);

/// Finds both: as the entry says, and as its placeholders tell.
fn connect(drafts: &[Draft], index: usize) -> Result<Connection> {
    let draft = &drafts[index];
    let at = |name: &str| format!("{RESOURCES}[{index}].{name}");
    let mut after = Vec::new();
    for name in draft.depends_on.iter().flatten() {
        let found = named(drafts, name);
        if found.is_empty() {
            let known = drafts.iter().map(|draft| draft.entry.label.as_str());
            let hint = nearest(name, known).map_or_else(String::new, |near| format!("; did you mean {near}?"));
            return Err(Error::invalid_field(
                at("depends_on"),
                format!("there is no entry named {name:?}{hint}"),
            ));
        }
        after.extend(found);
    }
    if draft.depends_on.is_none() {
        match draft.entry.work {
            // It sees everything that is listed before it.
            Work::Transform(_) => after.extend(0..index),
            Work::Spool => return Err(Error::invalid_field(at("depends_on"), "is needed")),
            Work::Call(_) => {}
        }
    }
    let mut loop_on = match &draft.entry.work {
        Work::Call(call) => call.loop_on.clone(),
        Work::Transform(_) | Work::Spool => None,
    };
    let mut each = Vec::new();
    for path in draft.reads.iter().chain(&loop_on) {
        if let Some((others, place)) = read_by(drafts, index, path) {
            after.extend(others);
            if path.get(place.len()).is_some_and(|member| is_member(member)) && !each.contains(&place) {
                each.push(place);
            }
        }
    }
    // A member of each of another's records can only be read from one record at a time.
    if loop_on.is_none() {
        if each.len() > 1 {
            let problem = "is needed: the entry reads members of the records of several others";
            return Err(Error::invalid_field(at("loop_on"), problem));
        }
        loop_on = each.pop();
    }
    after.sort_unstable();
    after.dedup();
    Ok((after, loop_on))
}

/// The entries of a name or a resource.
fn named(drafts: &[Draft], name: &str) -> Vec<usize> {
    let by = |is: &dyn Fn(&Draft) -> bool| -> Vec<usize> {
        drafts.iter().enumerate().filter(|(_, draft)| is(draft)).map(|(index, _)| index).collect()
    };
    match by(&|draft| draft.name.as_deref() == Some(name)) {
        found if found.is_empty() => by(&|draft| draft.resource.as_deref() == Some(name)),
        found => found,
    }
}

/// The entries other than `own` whose records a path reads, and how much of the path leads to them.
fn read_by(drafts: &[Draft], own: usize, path: &[String]) -> Option<(Vec<usize>, Vec<String>)> {
    let below = path.split_first().filter(|(root, _)| *root == RESOURCES)?.1;
    let places = drafts.iter().enumerate().filter(|(index, _)| *index != own);
    let fitting = places
        .flat_map(|(index, draft)| draft.entry.places.iter().map(move |place| (index, place)))
        .filter(|(_, place)| below.starts_with(place));
    let fitting: Vec<(usize, &Vec<String>)> = fitting.collect();
    let longest = fitting.iter().map(|(_, place)| place.len()).max()?;
    let others = fitting.iter().filter(|(_, place)| place.len() == longest).map(|(index, _)| *index).collect();
    Some((others, path[..=longest].to_vec()))
}

/// Whether a path goes on with a member, and not with one of several records.
fn is_member(name: &str) -> bool {
    name != "*" && name.parse::<i64>().is_err()
}

fn refuse_circles(entries: &[Entry]) -> Result<()> {
    let mut done = vec![false; entries.len()];
    while let Some(next) =
        (0..entries.len()).find(|index| !done[*index] && entries[*index].after.iter().all(|other| done[*other]))
    {
        done[next] = true;
    }
    let stuck: Vec<&str> =
        entries.iter().zip(&done).filter(|(_, done)| !**done).map(|(entry, _)| entry.label.as_str()).collect();
    if stuck.is_empty() {
        return Ok(());
    }
    let index = done.iter().position(|done| !done).unwrap_or_default();
    Err(Error::invalid_field(
        format!("{RESOURCES}[{index}].depends_on"),
        format!("waits in a circle, so it would never run: {}", stuck.join(", ")),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(resources: Value) -> Result<Batch> {
        Batch::read(Some(resources), Map::new(), Engine::default())
    }

    fn list(resource: &str) -> Value {
        json!({"resource": resource, "method": "list"})
    }

    fn with(mut entry: Value, name: &str, value: Value) -> Value {
        entry[name] = value;
        entry
    }

    #[track_caller]
    fn refused(resources: Value, field: &str) -> String {
        let error = read(resources).unwrap_err();
        assert_eq!(error.failures()[0].field, field, "{error}");
        error.message().to_owned()
    }

    fn call(batch: &Batch, index: usize) -> &CallEntry {
        match &batch.entries[index].work {
            Work::Call(call) => call,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn entries_wait_for_names_and_resources_as_text_or_list() {
        let batch = read(json!([
            with(list("crm/users"), "depends_on", json!(["first", "parties"])),
            with(list("crm/contacts"), "name", json!("first")),
            with(list("parties"), "depends_on", json!("crm/contacts")),
        ]))
        .unwrap();
        let after: Vec<&[usize]> = batch.entries.iter().map(|entry| entry.after.as_slice()).collect();
        assert_eq!(after, [&[1, 2][..], &[], &[1]]);
        let labels: Vec<&str> = batch.entries.iter().map(|entry| entry.label.as_str()).collect();
        assert_eq!(labels, ["crm/users", "first", "parties"]);
        let persist: Vec<bool> = batch.entries.iter().map(|entry| entry.persist).collect();
        assert_eq!(persist, [true, true, false]);
    }

    #[test]
    fn placeholders_tell_what_an_entry_waits_for_and_is_repeated_for() {
        let reads = json!({"query": {"contact": {"id": "{{resources.crm.contacts.id}}"}}});
        let batch = read(json!([
            with(list("crm/notes"), "query", reads["query"].clone()),
            list("crm/contacts"),
            with(list("parties"), "query", json!({"q": "{{resources.crm.contacts.0.id}} {{args.x}}"})),
            with(list("users"), "loop_on", json!("user_ids")),
            with(list("tasks"), "loop_on", json!("{{ resources.crm.contacts }}")),
        ]))
        .unwrap();
        let after: Vec<&[usize]> = batch.entries.iter().map(|entry| entry.after.as_slice()).collect();
        assert_eq!(after, [&[1][..], &[], &[1], &[], &[1]]);
        let loops: Vec<Option<String>> =
            (0..5).map(|index| call(&batch, index).loop_on.as_ref().map(|path| path.join("."))).collect();
        let contacts = || Some("resources.crm.contacts".to_owned());
        assert_eq!(loops, [contacts(), None, None, Some("args.user_ids".to_owned()), contacts()]);
    }

    #[test]
    fn a_transform_sees_what_is_listed_before_it() {
        let transform = json!({"name": "t", "type": "transform", "config": {"expression": "1"}});
        let batch = read(json!([list("a"), list("b"), transform, list("c")])).unwrap();
        assert_eq!(batch.entries[2].after, [0, 1]);
        assert!(!batch.entries[2].persist);
    }

    #[test]
    fn http_verbs_are_methods_too() {
        for (method, id, expected) in [
            ("GET", None, "list"),
            ("GET", Some("1"), "get"),
            ("get", None, "get"),
            ("POST", None, "create"),
            ("PATCH", Some("1"), "update"),
            ("DELETE", Some("1"), "delete"),
        ] {
            let batch = read(json!([{"resource": "x", "method": method, "id": id}])).unwrap();
            let Target::Proxy { method: found, .. } = &call(&batch, 0).target else { panic!() };
            assert_eq!(found, expected, "{method}");
        }
    }

    #[test]
    fn circles_and_unknown_names_are_refused() {
        let message = refused(
            json!([
                with(with(list("a"), "name", json!("one")), "depends_on", json!("two")),
                with(with(list("b"), "name", json!("two")), "depends_on", json!("one")),
                list("c"),
            ]),
            "resources[0].depends_on",
        );
        assert!(message.ends_with("one, two"), "{message}");
        refused(json!([with(list("a"), "depends_on", json!("a"))]), "resources[0].depends_on");
        let message =
            refused(json!([list("crm/contacts"), with(list("b"), "depends_on", json!("crm/contact"))]), "resources[1].depends_on");
        assert!(message.contains("did you mean crm/contacts?"), "{message}");
    }

    #[test]
    fn entries_that_can_t_be_understood_are_refused_by_the_name_of_what_is_wrong() {
        let transform = |config: Value| json!({"name": "t", "type": "transform", "config": config});
        for (entry, field) in [
            (json!("x"), "resources[0]"),
            (json!({"method": "list"}), "resources[0].resource"),
            (json!({"resource": "a"}), "resources[0].method"),
            (list("a/b/c"), "resources[0].resource"),
            (list("/b"), "resources[0].resource"),
            (json!({"resource": "crm/contacts", "method": "search"}), "resources[0].method"),
            (with(list("a"), "querry", json!({})), "resources[0].querry"),
            (with(list("a"), "delete_tracking", json!("hard")), "resources[0].delete_tracking"),
            (with(list("a"), "query", json!("$nothing(")), "resources[0].query"),
            (with(list("a"), "query", json!([])), "resources[0].query"),
            (with(list("a"), "loop_on", json!("{{}}")), "resources[0].loop_on"),
            (with(list("a"), "depends_on", json!([1])), "resources[0].depends_on"),
            (with(list("a"), "recurse", json!({"config": {"id": "1"}})), "resources[0].recurse.if"),
            (with(list("a"), "recurse", json!({"if": "true", "config": {}})), "resources[0].recurse.config"),
            (json!({"type": "transform", "config": {"expression": "1"}}), "resources[0].name"),
            (transform(json!({})), "resources[0].config.expression"),
            (transform(json!({"expression": "1", "x": 1})), "resources[0].config.x"),
            (json!({"name": "t", "type": "destination"}), "resources[0].type"),
            (json!({"name": "t", "type": "spool"}), "resources[0].depends_on"),
        ] {
            refused(json!([entry]), field);
        }
        refused(json!([]), "resources");
        refused(json!({}), "resources");
        refused(json!([with(list("a"), "name", json!("n")), with(list("b"), "name", json!("n"))]), "resources[1].name");
        let both = json!({"a": "{{resources.x.id}}", "b": "{{resources.y.id}}"});
        refused(json!([list("x"), list("y"), with(list("z"), "query", both)]), "resources[2].loop_on");
    }
}
