//! The form for the web: one lead a form, with whom it is from, and a redirect as the only answer.
//!
//! Names of sources must be known; what isn't understood is kept as a note on the lead. A form without a company or a
//! person, or without `successUrl`, is refused with a page: what Nutshell does then is documented nowhere.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use super::account::Account;
use super::record::Kind;
use super::refusal::{Refusal, page};
use super::{Shared, leads, notes, people, seed};
use crate::sandbox::NUTSHELL_FORM_KEY;

type Fields = Vec<(String, String)>;

/// Takes a form.
pub(super) async fn submit(State(nutshell): State<Shared>, Path(key): Path<String>, body: Bytes) -> Response {
    if key != NUTSHELL_FORM_KEY {
        return page(StatusCode::NOT_FOUND);
    }
    let fields: Fields = url::form_urlencoded::parse(&body).into_owned().collect();
    let next = read(&fields, "successUrl").and_then(|url| HeaderValue::try_from(url).ok());
    let Some(next) = next else { return page(StatusCode::BAD_REQUEST) };
    match nutshell.change(|account| lead(account, &fields)) {
        Ok(()) => (StatusCode::MOVED_PERMANENTLY, [(LOCATION, next)]).into_response(),
        Err(_) => page(StatusCode::BAD_REQUEST),
    }
}

fn read<'f>(fields: &'f Fields, name: &str) -> Option<&'f str> {
    let found = fields.iter().find(|(field, _)| field == name);
    found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}

fn lead(account: &mut Account, fields: &Fields) -> Result<(), Refusal> {
    let company = party(account, fields, Kind::Accounts, "account", None)?;
    let person = party(account, fields, Kind::Contacts, "contact", company)?;
    if company.is_none() && person.is_none() {
        return Err(Refusal::invalid("A form needs an account or a contact"));
    }
    let mut written = Map::new();
    if let Some(id) = company {
        written.insert("primaryAccount".to_owned(), json!({ "id": id }));
    }
    if let Some(id) = person {
        written.insert("contacts".to_owned(), json!([{ "id": id, "entityType": "Contacts" }]));
    }
    let mut unknown = Vec::new();
    let mut sources = Vec::new();
    for (_, name) in
        fields.iter().filter(|(field, _)| ["source[name]", "sources[]"].contains(&field.as_str()))
    {
        let known = account.all(Kind::Sources).find(|source| source.text("name") == name);
        match known.map(|source| source.id) {
            Some(id) => sources.push(json!({ "id": id, "entityType": "Sources" })),
            None => unknown.push(format!("source: {name}")),
        }
    }
    written.insert("sources".to_owned(), Value::Array(sources));
    for name in ["confidence", "priority"] {
        let Some(text) = read(fields, name) else { continue };
        match text.parse::<i64>() {
            Ok(number) => drop(written.insert(name.to_owned(), Value::from(number))),
            Err(_) => unknown.push(format!("{name}: {text}")),
        }
    }
    if read(fields, "isPending").is_some_and(|value| value != "false" && value != "0") {
        written.insert("isPending".to_owned(), Value::Bool(true));
    }
    let fresh = leads::written(account, &written, None)?;
    let id = account.add(Kind::Leads, seed::ADMINISTRATOR, fresh);
    for note in read(fields, "note").map(str::to_owned).into_iter().chain(unknown) {
        notes::add(account, seed::ADMINISTRATOR, (Kind::Leads, id), &note)?;
    }
    Ok(())
}

/// The company or the person that a form names.
fn party(
    account: &mut Account,
    fields: &Fields,
    kind: Kind,
    word: &str,
    company: Option<i64>,
) -> Result<Option<i64>, Refusal> {
    let told = |name: &str| read(fields, &format!("{word}[{name}]"));
    let Some(name) = told("name").or_else(|| told("email")) else { return Ok(None) };
    let mut written = Map::from_iter([("name".to_owned(), Value::from(name))]);
    for field in ["email", "phone", "url"] {
        if let Some(value) = told(field) {
            written.insert(field.to_owned(), json!([value]));
        }
    }
    if let Some(id) = company {
        written.insert("accounts".to_owned(), json!([{ "id": id }]));
    }
    let fresh = people::written(account, kind, &written, None)?;
    Ok(Some(account.add(kind, seed::ADMINISTRATOR, fresh)))
}
