//! A party as Capsule shows it: keys in its order, null members present, tags and custom fields only when embedded.

use serde_json::{Map, Value, json};

use super::account::{Account, picture};
use super::call::Params;
use super::dates::stamp;
use super::field_values;
use super::party::{Identity, Party};
use super::tags;

/// What was asked to come along with a party.
#[derive(Clone, Copy, Default)]
pub(super) struct Embed {
    tags: bool,
    fields: bool,
    organisation: bool,
    missing_important_fields: bool,
}

impl Embed {
    pub(super) fn of(params: &Params) -> Embed {
        Embed {
            tags: params.embeds("tags"),
            fields: params.embeds("fields"),
            organisation: params.embeds("organisation"),
            missing_important_fields: params.embeds("missingImportantFields"),
        }
    }
}

/// A party in full.
pub(super) fn full(account: &Account, party: &Party, embed: Embed) -> Value {
    let mut view = Map::new();
    let mut put = |key: &str, value: Value| view.insert(key.to_owned(), value);
    put("id", party.id.into());
    put("owner", account.user_reference(party.owner));
    put("team", account.team_reference(party.team));
    put("type", party.kind().into());
    put("about", party.about.clone().into());
    match &party.identity {
        Identity::Organisation { name } => {
            put("name", name.clone().into());
        }
        Identity::Person(person) => {
            put("firstName", person.first_name.clone().into());
            put("lastName", person.last_name.clone().into());
            put("jobTitle", person.job_title.clone().into());
        }
    }
    put("createdAt", stamp(party.created_at).into());
    put("updatedAt", stamp(party.updated_at).into());
    if party.person().is_some() {
        put("organisation", organisation(account, party, embed));
    }
    put("lastContactedAt", party.last_contacted_at.map(stamp).into());
    put("pictureURL", picture_of(party).into());
    if let Some(person) = party.person() {
        put("title", person.title.clone().into());
    }
    put("enrichment", Value::Null);
    put("phoneNumbers", phone_numbers(party));
    put("addresses", addresses(party));
    put("emailAddresses", email_addresses(party));
    put("websites", websites(party));
    if embed.tags {
        put("tags", tags::attached(account, party));
    }
    if embed.fields {
        put("fields", field_values::of(account, party));
    }
    if embed.missing_important_fields {
        let missing = field_values::misses_important(account, party);
        put("missingImportantFields", missing.into());
    }
    Value::Object(view)
}

/// A party as other records show it.
pub(super) fn reference(party: &Party) -> Value {
    match &party.identity {
        Identity::Person(person) => json!({
            "id": party.id,
            "type": "person",
            "firstName": person.first_name,
            "lastName": person.last_name,
            "pictureURL": picture_of(party),
        }),
        Identity::Organisation { name } => json!({
            "id": party.id,
            "type": "organisation",
            "name": name,
            "pictureURL": picture_of(party),
        }),
    }
}

/// A person's organisation: in full, but without embedded parts of its own, when it was asked for.
fn organisation(account: &Account, party: &Party, embed: Embed) -> Value {
    let organisation = party.organisation().and_then(|id| account.parties.get(id));
    match organisation {
        Some(organisation) if embed.organisation => full(account, organisation, Embed::default()),
        Some(organisation) => reference(organisation),
        None => Value::Null,
    }
}

fn picture_of(party: &Party) -> String {
    let shape = match party.identity {
        Identity::Person(_) => "person",
        Identity::Organisation { .. } => "org",
    };
    picture(shape, &party.display_name(), party.id)
}

fn phone_numbers(party: &Party) -> Value {
    let rows = party.phone_numbers.iter();
    rows.map(|phone| json!({ "id": phone.id, "type": phone.label, "number": phone.number })).collect()
}

fn addresses(party: &Party) -> Value {
    let view = |address: &super::party::Address| {
        json!({
            "id": address.id,
            "type": address.label,
            "city": address.city,
            "country": address.country,
            "street": address.street,
            "state": address.state,
            "zip": address.zip,
        })
    };
    party.addresses.iter().map(view).collect()
}

fn email_addresses(party: &Party) -> Value {
    let rows = party.email_addresses.iter();
    rows.map(|email| json!({ "id": email.id, "type": email.label, "address": email.address })).collect()
}

fn websites(party: &Party) -> Value {
    let view = |website: &super::party::Website| {
        json!({
            "id": website.id,
            "type": website.label,
            "address": website.address,
            "service": website.service,
            "url": website.url(),
        })
    };
    party.websites.iter().map(view).collect()
}
