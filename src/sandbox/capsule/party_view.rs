//! A party as Capsule shows it: keys in its order, null members present, tags and custom fields only when embedded.

use serde_json::{Map, Value, json};

use super::account::picture;
use super::dates::stamp;
use super::party::{Identity, Party};
use super::scene::Scene;

/// A party in full.
pub(super) fn full(scene: &Scene<'_>, party: &Party) -> Value {
    let mut view = Map::new();
    let mut put = |key: &str, value: Value| view.insert(key.to_owned(), value);
    put("id", party.id.into());
    put("owner", party.custody.owner_view(scene.account));
    put("team", party.custody.team_view(scene.account));
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
        put("organisation", nested(scene, party.organisation(), "organisation"));
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
    party.marks.embed(scene, party, &mut view);
    Value::Object(view)
}

/// A party inside another record: by reference, or in full but without embedded parts of its own when `embed` asks for
/// it under this key. One that the viewer may not see is not expanded. Null when there is none.
pub(super) fn nested(scene: &Scene<'_>, party: Option<i64>, key: &str) -> Value {
    let party = party.and_then(|id| scene.account.parties.get(id));
    match party {
        Some(party) if scene.embeds(key) && scene.sees(&party.custody) => full(&scene.bare(), party),
        Some(party) => reference(scene, party),
        None => Value::Null,
    }
}

/// A party as other records show it.
pub(super) fn reference(scene: &Scene<'_>, party: &Party) -> Value {
    if !scene.sees(&party.custody) {
        return private(party);
    }
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

/// What stands in for a party where it may not be seen.
pub(super) fn private(party: &Party) -> Value {
    let mut view = json!({ "id": party.id, "type": party.kind() });
    match &party.identity {
        Identity::Person(_) => {
            view["firstName"] = Value::Null;
            view["lastName"] = "Private".into();
        }
        Identity::Organisation { .. } => view["name"] = "Private".into(),
    }
    view["pictureURL"] = picture(shape_of(party), "Private", party.id).into();
    view["isRestricted"] = true.into();
    view
}

fn picture_of(party: &Party) -> String {
    picture(shape_of(party), &party.display_name(), party.id)
}

fn shape_of(party: &Party) -> &'static str {
    match party.identity {
        Identity::Person(_) => "person",
        Identity::Organisation { .. } => "org",
    }
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
