//! What a POST or PUT of a party does.
//!
//! Members that are absent stay as they are and an explicit null clears. The type is fixed when the party is created,
//! and members of the other type are ignored. Read-only and unknown members are ignored.

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::account::Account;
use super::contact_rows;
use super::field_values;
use super::party::{Identity, Party, Person};
use super::refusal::{Problem, Problems, Refusal};
use super::tags;

const RESOURCE: &str = "party";

/// Salutations that the account knows.
const TITLES: [&str; 6] = ["Mr", "Mrs", "Ms", "Miss", "Dr", "Prof"];

type Members = Map<String, Value>;

/// Creates a party and answers its id. Without an `owner` it belongs to `author`.
pub(super) fn create(
    account: &mut Account,
    written: &Members,
    author: i64,
    now: OffsetDateTime,
) -> Result<i64, Refusal> {
    let identity = match written.get("type").and_then(Value::as_str) {
        Some("person") => Identity::Person(Person::default()),
        Some("organisation") => Identity::Organisation { name: String::new() },
        Some(_) => {
            let message = "options are: person, organisation";
            return Err(Problem::new(RESOURCE, "type", message).into());
        }
        None => return Err(Problem::required(RESOURCE, "type").into()),
    };
    let mut party = Party::new(0, identity, now);
    party.owner = Some(author);
    apply(account, &mut party, written, now)?;
    Ok(account.parties.insert(|id| Party { id, ..party }))
}

/// Changes a party.
pub(super) fn update(
    account: &mut Account,
    id: i64,
    written: &Members,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    let mut party = account.parties.get(id).ok_or(Refusal::NotFound)?.clone();
    apply(account, &mut party, written, now)?;
    let says_nothing = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    if !written.values().all(says_nothing) {
        party.updated_at = now;
    }
    if let Some(kept) = account.parties.get_mut(id) {
        *kept = party;
    }
    Ok(())
}

fn apply(
    account: &mut Account,
    party: &mut Party,
    written: &Members,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    let mut problems = Problems::default();
    problems.note(optional_text(written, "about", &mut party.about));
    problems.note(identify(&mut party.identity, written));
    problems.note(employ(account, party, written, now));
    problems.note(assign(account, party, written));
    for (list, items) in written {
        problems.note(edit_list(account, party, list, items));
    }
    problems.refuse_any()
}

/// A list of null says as little as an absent one.
fn edit_list(account: &mut Account, party: &mut Party, list: &str, items: &Value) -> Result<(), Problem> {
    if items.is_null() {
        return Ok(());
    }
    let ids = &mut account.row_ids;
    match list {
        "phoneNumbers" => contact_rows::apply(&mut party.phone_numbers, items, list, ids),
        "addresses" => contact_rows::apply(&mut party.addresses, items, list, ids),
        "emailAddresses" => contact_rows::apply(&mut party.email_addresses, items, list, ids),
        "websites" => contact_rows::apply(&mut party.websites, items, list, ids),
        "tags" => tags::attach_and_detach(account, party, items),
        "fields" => field_values::set_and_clear(account, party, items),
        _ => Ok(()),
    }
}

/// Names, and what else a party's type alone has.
fn identify(identity: &mut Identity, written: &Members) -> Result<(), Problem> {
    match identity {
        Identity::Organisation { name } => {
            let mut wanted = Some(std::mem::take(name));
            optional_text(written, "name", &mut wanted)?;
            *name = wanted
                .filter(|name| !name.trim().is_empty())
                .ok_or_else(|| Problem::required(RESOURCE, "name"))?;
        }
        Identity::Person(person) => {
            optional_text(written, "firstName", &mut person.first_name)?;
            optional_text(written, "lastName", &mut person.last_name)?;
            optional_text(written, "jobTitle", &mut person.job_title)?;
            optional_text(written, "title", &mut person.title)?;
            let blank = |name: &Option<String>| {
                let name = name.as_deref();
                name.is_none_or(|name| name.trim().is_empty())
            };
            if blank(&person.first_name) && blank(&person.last_name) {
                let message = "first name or last name is required";
                return Err(Problem::new(RESOURCE, "firstName", message));
            }
            let title = person.title.as_deref();
            if title.is_some_and(|title| !TITLES.contains(&title)) {
                return Err(Problem::new(RESOURCE, "title", "title not found"));
            }
        }
    }
    Ok(())
}

/// The `organisation` of a person: by id, by name (made if there is none of that name), or null.
fn employ(
    account: &mut Account,
    party: &mut Party,
    written: &Members,
    now: OffsetDateTime,
) -> Result<(), Problem> {
    let Some(wanted) = written.get("organisation") else {
        return Ok(());
    };
    if party.person().is_none() {
        return Ok(());
    }
    let organisation = match wanted {
        Value::Null => None,
        Value::Object(members) => match (members.get("id"), members.get("name")) {
            (Some(id), _) => Some(known_organisation(account, id)?),
            (None, Some(Value::String(name))) => Some(named_organisation(account, party.owner, name, now)?),
            _ => return Err(Problem::wrong_type(RESOURCE, "organisation")),
        },
        id => Some(known_organisation(account, id)?),
    };
    party.set_organisation(organisation);
    Ok(())
}

fn known_organisation(account: &Account, id: &Value) -> Result<i64, Problem> {
    let id = id.as_i64();
    let party = id.and_then(|id| account.parties.get(id));
    match party.filter(|party| party.person().is_none()) {
        Some(organisation) => Ok(organisation.id),
        None => Err(Problem::new(RESOURCE, "organisation", "organisation not found")),
    }
}

fn named_organisation(
    account: &mut Account,
    owner: Option<i64>,
    name: &str,
    now: OffsetDateTime,
) -> Result<i64, Problem> {
    if name.trim().is_empty() {
        return Err(Problem::required(RESOURCE, "organisation"));
    }
    let same =
        |party: &&Party| matches!(&party.identity, Identity::Organisation { name: held } if held == name);
    if let Some(organisation) = account.parties.iter().find(same) {
        return Ok(organisation.id);
    }
    let identity = Identity::Organisation { name: name.to_owned() };
    Ok(account.parties.insert(|id| Party { owner, ..Party::new(id, identity, now) }))
}

/// Owner and team. An owner written without a team clears the team; a team written without an owner keeps the owner,
/// who must be one of its members.
fn assign(account: &Account, party: &mut Party, written: &Members) -> Result<(), Problem> {
    let owner = reference(written, "owner", |id| account.users.get(id).is_some_and(|user| !user.deleted))?;
    let team = reference(written, "team", |id| account.teams.get(id).is_some())?;
    match (owner, team) {
        (None, None) => return Ok(()),
        (Some(owner), team) => {
            party.owner = owner;
            party.team = team.flatten();
        }
        (None, Some(team)) => party.team = team,
    }
    let team = party.team.and_then(|id| account.teams.get(id));
    if let (Some(owner), Some(team)) = (party.owner, team)
        && !team.members.contains(&owner)
    {
        let message = "owner is not a member of the team";
        return Err(Problem::new(RESOURCE, "team", message));
    }
    Ok(())
}

/// A reference as `{"id": 1}`, as a bare id, or null; outer None when it is not written.
fn reference(
    written: &Members,
    key: &str,
    exists: impl Fn(i64) -> bool,
) -> Result<Option<Option<i64>>, Problem> {
    let id = match written.get(key) {
        None => return Ok(None),
        Some(Value::Null) => return Ok(Some(None)),
        Some(Value::Object(members)) => members.get("id").and_then(Value::as_i64),
        Some(id) => id.as_i64(),
    };
    match id.filter(|id| exists(*id)) {
        Some(id) => Ok(Some(Some(id))),
        None => Err(Problem::new(RESOURCE, key, format!("{key} not found"))),
    }
}

fn optional_text(written: &Members, key: &str, into: &mut Option<String>) -> Result<(), Problem> {
    match written.get(key) {
        None => {}
        Some(Value::Null) => *into = None,
        Some(Value::String(text)) => *into = Some(text.clone()),
        Some(_) => return Err(Problem::wrong_type(RESOURCE, key)),
    }
    Ok(())
}
