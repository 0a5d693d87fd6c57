//! What a POST or PUT of a party does.
//!
//! Members that are absent stay as they are and an explicit null clears. The type is fixed when the party is created,
//! and members of the other type are ignored. Read-only and unknown members are ignored.

use serde_json::Value;
use time::OffsetDateTime;

use super::account::Account;
use super::contact_rows;
use super::custody::Custody;
use super::party::{Identity, Party, Person};
use super::record;
use super::refusal::{Problem, Problems, Refusal};
use super::scene::Draft;
use super::written::Written;

/// Creates a party and answers its id. Without an `owner` it belongs to the draft's author.
pub(super) fn create(draft: &mut Draft, written: Written<'_>) -> Result<i64, Refusal> {
    let identity = match written.get("type").and_then(Value::as_str) {
        Some("person") => Identity::Person(Person::default()),
        Some("organisation") => Identity::Organisation { name: String::new() },
        Some(_) => return Err(written.problem("type", "options are: person, organisation").into()),
        None => return Err(written.required("type").into()),
    };
    let mut party = Party::new(0, identity, draft.now);
    party.custody = Custody::of(draft.author);
    apply(&mut draft.account, &mut party, written, draft.now)?;
    Ok(draft.account.parties.insert(|id| Party { id, ..party }))
}

/// Changes a party.
pub(super) fn update(draft: &mut Draft, id: i64, written: Written<'_>) -> Result<(), Refusal> {
    let mut party = draft.account.parties.get(id).ok_or(Refusal::NotFound)?.clone();
    apply(&mut draft.account, &mut party, written, draft.now)?;
    if !written.says_nothing() {
        party.updated_at = draft.now;
    }
    draft.account.parties.put(id, party);
    Ok(())
}

fn apply(
    account: &mut Account,
    party: &mut Party,
    written: Written<'_>,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    let mut problems = Problems::default();
    problems.note(written.text("about", &mut party.about));
    problems.note(identify(account, &mut party.identity, written));
    problems.note(employ(account, party, written, now));
    problems.note(party.custody.assign(account, written));
    let ids = &mut account.row_ids;
    problems.note(contact_rows::apply(&mut party.phone_numbers, written, "phoneNumbers", ids));
    problems.note(contact_rows::apply(&mut party.addresses, written, "addresses", ids));
    problems.note(contact_rows::apply(&mut party.email_addresses, written, "emailAddresses", ids));
    problems.note(contact_rows::apply(&mut party.websites, written, "websites", ids));
    problems.note(record::mark(account, party, written));
    problems.refuse_any()
}

/// Names, and what else a party's type alone has.
fn identify(account: &Account, identity: &mut Identity, written: Written<'_>) -> Result<(), Problem> {
    match identity {
        Identity::Organisation { name } => written.filled_text("name", name),
        Identity::Person(person) => {
            written.text("firstName", &mut person.first_name)?;
            written.text("lastName", &mut person.last_name)?;
            written.text("jobTitle", &mut person.job_title)?;
            written.text("title", &mut person.title)?;
            let blank = |name: &Option<String>| {
                let name = name.as_deref();
                name.is_none_or(|name| name.trim().is_empty())
            };
            if blank(&person.first_name) && blank(&person.last_name) {
                return Err(written.problem("firstName", "first name or last name is required"));
            }
            let is_known = |wanted: &str| account.titles.iter().any(|title| title.title == wanted);
            if person.title.as_deref().is_some_and(|title| !is_known(title)) {
                return Err(written.problem("title", "title not found"));
            }
            Ok(())
        }
    }
}

/// The `organisation` of a person: by id, by name (made if there is none of that name), or null.
fn employ(
    account: &mut Account,
    party: &mut Party,
    written: Written<'_>,
    now: OffsetDateTime,
) -> Result<(), Problem> {
    if party.person().is_none() {
        return Ok(());
    }
    let named = written.get("organisation").filter(|wanted| wanted.get("id").is_none());
    let organisation = match named.and_then(|wanted| wanted.get("name")) {
        Some(Value::String(name)) => {
            Some(named_organisation(account, party.custody.owner, name, now, written)?)
        }
        Some(_) => return Err(written.wrong_type("organisation")),
        None => {
            let is_organisation = |id| {
                let party = account.parties.get(id);
                party.is_some_and(|party| party.person().is_none())
            };
            match written.reference("organisation", is_organisation)? {
                Some(organisation) => organisation,
                None => return Ok(()),
            }
        }
    };
    party.set_organisation(organisation);
    Ok(())
}

fn named_organisation(
    account: &mut Account,
    owner: Option<i64>,
    name: &str,
    now: OffsetDateTime,
    written: Written<'_>,
) -> Result<i64, Problem> {
    if name.trim().is_empty() {
        return Err(written.required("organisation"));
    }
    let same =
        |party: &&Party| matches!(&party.identity, Identity::Organisation { name: held } if held == name);
    if let Some(organisation) = account.parties.iter().find(same) {
        return Ok(organisation.id);
    }
    let identity = Identity::Organisation { name: name.to_owned() };
    let custody = Custody { owner, ..Custody::default() };
    Ok(account.parties.insert(|id| Party { custody, ..Party::new(id, identity, now) }))
}
