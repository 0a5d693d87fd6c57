//! What filters can look at in a party. `email` is any of the `emailAddresses`, `country` is a two-letter code, and what
//! begins with `org.` is of the organisation that a person belongs to.

use super::account::Account;
use super::condition::{Field, Filterable, Named, Reader, custom_field};
use super::countries;
use super::facets::{Facet, FacetType, custom_type};
use super::kase_facets::open_tasks;
use super::link::Link;
use super::party::{Address, Party};
use super::scene::Scene;

impl Filterable for Party {
    fn filter_fields() -> &'static [Named<Party>] {
        &FIELDS
    }

    fn numbered_field(account: &Account, name: &str) -> Option<Field<Party>> {
        let Some(id) = name.strip_prefix("org.custom:") else {
            return custom_field(account, name);
        };
        let id = id.parse().ok()?;
        let read =
            |scene: &Scene<'_>, party: &Party, id| Facet::custom(scene.account, employer(scene, party), id);
        Some(Field { facet_type: custom_type::<Party>(account, id)?, reader: Reader::Numbered(id, read) })
    }
}

static FIELDS: [Named<Party>; 28] = [
    ("id", FacetType::Number, |_, party| Facet::id(party.id)),
    ("name", FacetType::Text, |_, party| Facet::Text(vec![party.display_name()])),
    ("jobTitle", FacetType::Text, |_, party| {
        Facet::text(party.person().and_then(|person| person.job_title.as_deref()))
    }),
    ("title", FacetType::Text, |_, party| {
        Facet::text(party.person().and_then(|person| person.title.as_deref()))
    }),
    ("email", FacetType::Text, |_, party| each(&party.email_addresses, |email| Some(&email.address))),
    ("website", FacetType::Text, |_, party| each(&party.websites, |website| Some(&website.address))),
    ("phone", FacetType::Text, |_, party| each(&party.phone_numbers, |phone| Some(&phone.number))),
    ("city", FacetType::Text, |_, party| each(&party.addresses, |address| address.city.as_ref())),
    ("zip", FacetType::Text, |_, party| each(&party.addresses, |address| address.zip.as_ref())),
    ("state", FacetType::Text, |_, party| each(&party.addresses, |address| address.state.as_ref())),
    ("country", FacetType::Text, |_, party| {
        Facet::Text(party.addresses.iter().filter_map(country_code).collect())
    }),
    ("type", FacetType::Text, |_, party| Facet::text(Some(party.kind()))),
    ("tag", FacetType::Reference, |scene, party| Facet::tags::<Party>(scene.account, &party.marks)),
    ("owner", FacetType::Reference, |scene, party| Facet::owner(scene.account, &party.custody)),
    ("team", FacetType::Reference, |scene, party| Facet::team(scene.account, &party.custody)),
    ("hasEmailAddress", FacetType::Flag, |_, party| Facet::Flag(!party.email_addresses.is_empty())),
    ("hasPhoneNumber", FacetType::Flag, |_, party| Facet::Flag(!party.phone_numbers.is_empty())),
    ("hasAddress", FacetType::Flag, |_, party| Facet::Flag(!party.addresses.is_empty())),
    ("hasPeople", FacetType::Flag, |scene, party| {
        let mut parties = scene.account.parties.iter();
        Facet::Flag(parties.any(|other| other.organisation() == Some(party.id)))
    }),
    ("hasTags", FacetType::Flag, |_, party| Facet::Flag(!party.marks.tags.is_empty())),
    ("hasOpenTasks", FacetType::Flag, |scene, party| open_tasks(scene, Link::Party(party.id))),
    ("hasCases", FacetType::Flag, |scene, party| {
        let mut kases = scene.account.kases.iter();
        Facet::Flag(kases.any(|kase| kase.party == party.id))
    }),
    ("hasOpportunities", FacetType::Flag, |scene, party| {
        let mut opportunities = scene.account.opportunities.iter();
        Facet::Flag(opportunities.any(|opportunity| opportunity.party == party.id))
    }),
    ("addedOn", FacetType::Day, |_, party| Facet::day_of(Some(party.created_at))),
    ("updatedOn", FacetType::Day, |_, party| Facet::day_of(Some(party.updated_at))),
    ("lastContactedOn", FacetType::Day, |_, party| Facet::day_of(party.last_contacted_at)),
    ("org.name", FacetType::Text, |scene, party| {
        Facet::text(employer(scene, party).map(Party::display_name).as_deref())
    }),
    ("org.tag", FacetType::Reference, |scene, party| match employer(scene, party) {
        Some(organisation) => Facet::tags::<Party>(scene.account, &organisation.marks),
        None => Facet::Reference(Vec::new()),
    }),
];

fn employer<'a>(scene: &Scene<'a>, party: &Party) -> Option<&'a Party> {
    scene.account.parties.get(party.organisation()?)
}

fn each<R>(rows: &[R], text: impl Fn(&R) -> Option<&String>) -> Facet {
    Facet::Text(rows.iter().filter_map(|row| text(row).cloned()).collect())
}

fn country_code(address: &Address) -> Option<String> {
    let country = countries::named(address.country.as_deref()?)?;
    Some(country.alpha2.to_owned())
}
