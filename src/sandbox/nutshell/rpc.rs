//! The methods of JSON-RPC.
//!
//! Parameters are named; those that a method doesn't know it ignores. Errors come inside a 200. What get and find methods
//! answer has an entity tag, and a reader who has it already is told so.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::Extension;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use super::account::Account;
use super::gate::Author;
use super::record::{Kind, Record};
use super::refusal::Refusal;
use super::shown::whole;
use super::written::integer;
use super::{Shared, activities, files, find, leads, notes, people, search, seed};

/// What stands in the place of a revision to write whatever it is.
const WHATEVER: &str = "REV_IGNORE";

/// Kinds that have get, new, edit and delete, by the word in the methods' names.
const KINDS: &[(&str, Kind, &str)] = &[
    ("Account", Kind::Accounts, "account"),
    ("Contact", Kind::Contacts, "contact"),
    ("Lead", Kind::Leads, "lead"),
    ("Activity", Kind::Activities, "activity"),
    ("Note", Kind::Notes, "note"),
    ("Task", Kind::Tasks, "task"),
    ("User", Kind::Users, "user"),
    ("Team", Kind::Teams, "team"),
];

type Params = Map<String, Value>;

/// Calls a method.
pub(super) async fn call(
    State(nutshell): State<Shared>,
    Extension(Author(author)): Extension<Author>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (id, method, params) = match understood(&body) {
        Ok(understood) => understood,
        Err(refusal) => return refusal.envelope(&Value::Null),
    };
    let writes = ["new", "edit", "delete"].iter().any(|verb| method.starts_with(verb));
    let outcome = if writes {
        nutshell.change(|account| write(account, author, &method, &params))
    } else {
        nutshell.look(|account| read(account, author, &method, &params))
    };
    let result = match outcome {
        Ok(result) => result,
        Err(refusal) => return refusal.envelope(&id),
    };
    let tag = (method.starts_with("get") || method.starts_with("find")).then(|| tag(&result));
    match tag {
        Some(tag) if headers.get(IF_NONE_MATCH) == Some(&tag) => {
            (StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response()
        }
        Some(tag) => {
            ([(ETAG, tag)], Json(json!({ "result": result, "id": id, "error": null }))).into_response()
        }
        None => Json(json!({ "result": result, "id": id, "error": null })).into_response(),
    }
}

/// The entity tag of what a method answers.
fn tag(result: &Value) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    result.to_string().hash(&mut hasher);
    // Digits between quotation marks are always a header's value.
    HeaderValue::try_from(format!("\"{:016x}\"", hasher.finish()))
        .unwrap_or(HeaderValue::from_static("\"0\""))
}

/// Tells where the API of a user is, to whoever asks.
pub(super) async fn discover(State(nutshell): State<Shared>, body: Bytes) -> Response {
    let (id, method, params) = match understood(&body) {
        Ok(understood) => understood,
        Err(refusal) => return refusal.envelope(&Value::Null),
    };
    let name = params.get("username").and_then(Value::as_str).unwrap_or_default();
    let known = nutshell.look(|account| account.user_of(name).is_some()) || name == seed::DOMAIN;
    if method != "getApiForUsername" || !known {
        return Refusal::new(404, "Unknown username").envelope(&id);
    }
    let host = "app.nutshell.com";
    let result = json!({ "iphone": host, "api": host, "login": host });
    Json(json!({ "result": result, "id": id, "error": null })).into_response()
}

fn understood(body: &[u8]) -> Result<(Value, String, Params), Refusal> {
    let request: Value = serde_json::from_slice(body).map_err(|_| Refusal::new(-32700, "Parse error"))?;
    let invalid = || Refusal::new(-32600, "Invalid Request");
    let method = request["method"].as_str().ok_or_else(invalid)?.to_owned();
    let params = match &request["params"] {
        Value::Object(params) => params.clone(),
        Value::Null => Map::new(),
        Value::Array(items) if items.is_empty() => Map::new(),
        _ => return Err(Refusal::new(-32602, "Invalid params")),
    };
    Ok((request["id"].clone(), method, params))
}

fn read(account: &Account, author: i64, method: &str, params: &Params) -> Result<Value, Refusal> {
    if let Some(page) = find::find(account, author, method, params) {
        return page;
    }
    if let Some(found) = search::search(account, method, params) {
        return Ok(found);
    }
    match method {
        "getUser" if !params.contains_key("userId") => get(account, Kind::Users, author, params),
        "findTasks" => Ok(find::tasks(account, params)),
        "findTimeline" => find::timeline(account, params),
        "findCustomFields" => Ok(custom_fields(account)),
        "findTags" => Ok(tags(account)),
        "instanceData" => Ok(json!({ "id": seed::INSTANCE, "name": seed::COMPANY })),
        "add" => {
            let number = |name: &str| params.get(name).and_then(integer).unwrap_or(0);
            Ok(Value::from(number("num1") + number("num2")))
        }
        method => {
            let (kind, word) = named(method, "get")?;
            get(account, kind, of(params, word)?, params)
        }
    }
}

fn write(account: &mut Account, author: i64, method: &str, params: &Params) -> Result<Value, Refusal> {
    if method == "newSource" {
        return Ok(source(account, author, params));
    }
    if method == "newNote" {
        let entity = params.get("entity").unwrap_or(&Value::Null);
        let about = notes::subject(account, entity)?;
        let text = params.get("note").and_then(Value::as_str).unwrap_or_default();
        let id = notes::add(account, author, about, text)?;
        return get(account, Kind::Notes, id, &Map::new());
    }
    if let Ok((kind, word)) = named(method, "delete") {
        let id = of(params, word)?;
        current(account.find(kind, id)?, params)?;
        if matches!(kind, Kind::Users | Kind::Teams) {
            return Err(Refusal::forbidden("The sandbox's staff stays"));
        }
        account.delete(kind, id);
        return Ok(Value::Bool(true));
    }
    let (kind, word) = named(method, if method.starts_with("new") { "new" } else { "edit" })?;
    let id = method.starts_with("edit").then(|| of(params, word)).transpose()?;
    let before = match id {
        Some(id) => {
            let record = account.find(kind, id)?;
            current(record, params)?;
            Some(record.clone())
        }
        None => None,
    };
    let entity = params.get(word).ok_or_else(|| Refusal::new(-32602, format!("{word} is required")))?;
    let id = save(account, author, kind, entity, before.as_ref())?;
    get(account, kind, id, &Map::new())
}

/// Adds or changes a record, with the notes and relations that the write brings along.
fn save(
    account: &mut Account,
    author: i64,
    kind: Kind,
    entity: &Value,
    before: Option<&Record>,
) -> Result<i64, Refusal> {
    let mut object = entity.as_object().cloned();
    let listed = match &mut object {
        Some(written) => files::claimed(account, kind, written)?,
        None => None,
    };
    let object = object.as_ref();
    let written = || object.ok_or_else(|| Refusal::invalid("The record must be an object"));
    let mut fields = match (kind, before) {
        (Kind::Accounts | Kind::Contacts, _) => people::written(account, kind, written()?, before)?,
        (Kind::Leads, _) => leads::written(account, written()?, before)?,
        (Kind::Activities, _) => activities::written(account, author, written()?, before)?,
        (Kind::Tasks, _) => notes::task_written(account, written()?, before)?,
        (Kind::Notes, Some(note)) => notes::edited(account, author, entity, note)?,
        _ => return Err(Refusal::forbidden("You do not have permission to do that")),
    };
    fields.extend(listed.map(|list| ("file".to_owned(), list)));
    let id = match before {
        Some(record) => {
            account.rewrite(kind, record.id, fields);
            record.id
        }
        None => account.add(kind, author, fields),
    };
    if let Some(written) = object.filter(|_| matches!(kind, Kind::Accounts | Kind::Contacts | Kind::Leads)) {
        for text in notes::along(written)? {
            notes::add(account, author, (kind, id), text)?;
        }
        if kind == Kind::Accounts {
            people::assign(account, id, written)?;
        }
    }
    Ok(id)
}

/// Holds that the caller knows the record as it is now.
fn current(record: &Record, params: &Params) -> Result<(), Refusal> {
    let known = match params.get("rev") {
        Some(Value::String(rev)) => rev.clone(),
        Some(Value::Number(rev)) => rev.to_string(),
        _ => return Err(Refusal::invalid("rev is required")),
    };
    if known == WHATEVER || known == record.rev.to_string() { Ok(()) } else { Err(Refusal::stale()) }
}

/// A record; in a word, if the caller has it as it is.
fn get(account: &Account, kind: Kind, id: i64, params: &Params) -> Result<Value, Refusal> {
    let record = account.find(kind, id)?;
    let known = params.get("rev").and_then(Value::as_str);
    if known == Some(record.rev.to_string().as_str()) {
        return Ok(json!({ "entityName": kind.entity_type(), "id": id, "rev": known, "_notModified": true }));
    }
    Ok(whole(account, kind, record))
}

/// The kind in a method's name, and the word that its parameters have for it.
fn named(method: &str, verb: &str) -> Result<(Kind, &'static str), Refusal> {
    let word = method.strip_prefix(verb).unwrap_or_default();
    let found = KINDS.iter().find(|(name, ..)| *name == word);
    let found = found.ok_or_else(|| Refusal::new(-32601, "Method not found"))?;
    Ok((found.1, found.2))
}

fn of(params: &Params, word: &str) -> Result<i64, Refusal> {
    let name = format!("{word}Id");
    let id = params.get(&name).and_then(integer);
    id.ok_or_else(|| Refusal::new(-32602, format!("{name} is required")))
}

/// A source by its name, made if there is none.
fn source(account: &mut Account, author: i64, params: &Params) -> Value {
    let name = params.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let there = account.all(Kind::Sources).find(|source| source.text("name") == name).map(|source| source.id);
    let id = there.unwrap_or_else(|| {
        account.add(Kind::Sources, author, Map::from_iter([("name".to_owned(), Value::from(name))]))
    });
    account.get(Kind::Sources, id).map_or(Value::Null, |source| whole(account, Kind::Sources, source))
}

fn custom_fields(account: &Account) -> Value {
    let of = |kind: Kind| -> Value {
        account
            .definitions
            .iter()
            .filter(|row| row.of == kind)
            .map(super::definitions::Definition::view)
            .collect()
    };
    json!({ "Contacts": of(Kind::Contacts), "Accounts": of(Kind::Accounts), "Leads": of(Kind::Leads) })
}

/// The tags that records of each kind have.
fn tags(account: &Account) -> Value {
    let of = |kind: Kind| -> Value {
        let mut tags: Vec<String> = Vec::new();
        for record in account.all(kind) {
            let held = record.field("tags").as_array().into_iter().flatten();
            tags.extend(held.filter_map(|tag| tag.as_str().map(str::to_owned)));
        }
        tags.sort();
        tags.dedup();
        json!(tags)
    };
    json!({ "Accounts": of(Kind::Accounts), "Contacts": of(Kind::Contacts), "Leads": of(Kind::Leads) })
}
