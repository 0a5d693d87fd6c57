//! What somebody would write in place of a mapping, for one vendor and one resource: typed records in, typed
//! records out, nothing copied that can be borrowed.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use unicrm::model::record::instant;

type Text<'a> = Option<Cow<'a, str>>;

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    parties: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Party<'a> {
    id: u64,
    #[serde(borrow)]
    first_name: Text<'a>,
    #[serde(borrow)]
    last_name: Text<'a>,
    #[serde(borrow)]
    job_title: Text<'a>,
    #[serde(borrow)]
    organisation: Option<Named<'a>>,
    owner: Option<Identified>,
    #[serde(borrow)]
    addresses: Vec<Address<'a>>,
    #[serde(borrow)]
    email_addresses: Vec<Email<'a>>,
    #[serde(borrow)]
    phone_numbers: Vec<Phone<'a>>,
    #[serde(borrow)]
    websites: Vec<Website<'a>>,
    #[serde(borrow)]
    tags: Vec<Named<'a>>,
    fields: Vec<CustomField>,
    #[serde(borrow)]
    last_contacted_at: Text<'a>,
    #[serde(borrow)]
    created_at: Text<'a>,
    #[serde(borrow)]
    updated_at: Text<'a>,
}

#[derive(Deserialize)]
struct Identified {
    id: u64,
}

#[derive(Deserialize)]
struct Named<'a> {
    id: u64,
    #[serde(borrow)]
    name: Text<'a>,
}

#[derive(Deserialize)]
struct Address<'a> {
    id: u64,
    #[serde(borrow)]
    street: Text<'a>,
    #[serde(borrow)]
    city: Text<'a>,
    #[serde(borrow)]
    state: Text<'a>,
    #[serde(borrow)]
    zip: Text<'a>,
    #[serde(borrow)]
    country: Text<'a>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

#[derive(Deserialize)]
struct Email<'a> {
    id: u64,
    #[serde(borrow)]
    address: Text<'a>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

#[derive(Deserialize)]
struct Phone<'a> {
    id: u64,
    #[serde(borrow)]
    number: Text<'a>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

#[derive(Deserialize)]
struct Website<'a> {
    #[serde(borrow)]
    url: Text<'a>,
    #[serde(borrow)]
    service: Text<'a>,
}

#[derive(Deserialize)]
struct CustomField {
    definition: Identified,
    value: Value,
}

#[derive(Serialize)]
struct Envelope<'a> {
    result: Vec<Contact<'a>>,
    next_cursor: Option<&'a str>,
    prev_cursor: Option<&'a str>,
    result_count: usize,
}

#[derive(Serialize)]
struct Contact<'a> {
    id: String,
    first_name: Text<'a>,
    last_name: Text<'a>,
    name: String,
    title: Text<'a>,
    account: Option<UnifiedNamed<'a>>,
    owner: Option<Reference>,
    addresses: Vec<UnifiedAddress<'a>>,
    email_addresses: Vec<UnifiedEmail<'a>>,
    phone_numbers: Vec<UnifiedPhone<'a>>,
    urls: Vec<UnifiedUrl<'a>>,
    tags: Vec<UnifiedNamed<'a>>,
    custom_fields: IndexMap<String, Value>,
    etag: Text<'a>,
    last_activity_at: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
    remote_data: &'a RawValue,
}

#[derive(Serialize)]
struct Reference {
    id: String,
}

#[derive(Serialize)]
struct UnifiedNamed<'a> {
    id: String,
    name: Text<'a>,
}

#[derive(Serialize)]
struct UnifiedAddress<'a> {
    id: String,
    street_1: Text<'a>,
    street_2: Text<'a>,
    city: Text<'a>,
    state: Text<'a>,
    postal_code: Text<'a>,
    country: Text<'a>,
    #[serde(rename = "type")]
    kind: Text<'a>,
}

#[derive(Serialize)]
struct UnifiedEmail<'a> {
    id: String,
    email: Text<'a>,
    #[serde(rename = "type")]
    kind: Text<'a>,
}

#[derive(Serialize)]
struct UnifiedPhone<'a> {
    id: String,
    number: Text<'a>,
    extension: Text<'a>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Serialize)]
struct UnifiedUrl<'a> {
    url: Text<'a>,
    #[serde(rename = "type")]
    kind: Text<'a>,
}

/// The gateway's answer to the upstream's, without a cursor.
pub fn transform(body: &str) -> serde_json::Result<Vec<u8>> {
    let answer: Answer<'_> = serde_json::from_str(body)?;
    let contacts = answer.parties.iter().map(|raw| Ok(contact(serde_json::from_str(raw.get())?, raw)));
    let result: Vec<Contact<'_>> = contacts.collect::<serde_json::Result<_>>()?;
    let result_count = result.len();
    serde_json::to_vec(&Envelope { result, next_cursor: None, prev_cursor: None, result_count })
}

fn contact<'a>(party: Party<'a>, raw: &'a RawValue) -> Contact<'a> {
    let parts: Vec<&str> = party.first_name.iter().chain(&party.last_name).map(|part| &**part).collect();
    Contact {
        id: party.id.to_string(),
        name: parts.join(" "),
        first_name: party.first_name,
        last_name: party.last_name,
        title: party.job_title,
        account: party.organisation.map(named),
        owner: party.owner.map(|owner| Reference { id: owner.id.to_string() }),
        addresses: party.addresses.into_iter().map(address).collect(),
        email_addresses: party.email_addresses.into_iter().map(email).collect(),
        phone_numbers: party.phone_numbers.into_iter().map(phone).collect(),
        urls: party
            .websites
            .into_iter()
            .map(|site| UnifiedUrl { url: site.url, kind: site.service })
            .collect(),
        tags: party.tags.into_iter().map(named).collect(),
        custom_fields: party
            .fields
            .into_iter()
            .map(|field| (field.definition.id.to_string(), field.value))
            .collect(),
        etag: None,
        last_activity_at: dated(party.last_contacted_at),
        created_at: dated(party.created_at),
        updated_at: dated(party.updated_at),
        remote_data: raw,
    }
}

fn dated(text: Text<'_>) -> Option<String> {
    instant(&text?)
}

fn named(named: Named<'_>) -> UnifiedNamed<'_> {
    UnifiedNamed { id: named.id.to_string(), name: named.name }
}

fn address(address: Address<'_>) -> UnifiedAddress<'_> {
    let (street_1, street_2) = lines(address.street);
    UnifiedAddress {
        id: address.id.to_string(),
        street_1,
        street_2,
        city: address.city,
        state: address.state,
        postal_code: address.zip,
        country: address.country,
        kind: address.kind,
    }
}

/// The first line of a street, and the others.
fn lines(street: Text<'_>) -> (Text<'_>, Text<'_>) {
    let Some(street) = street else { return (None, None) };
    let Some((first, rest)) = street.split_once('\n') else { return (Some(street), None) };
    (Some(first.to_owned().into()), Some(rest.to_owned().into()))
}

fn email(email: Email<'_>) -> UnifiedEmail<'_> {
    UnifiedEmail { id: email.id.to_string(), email: email.address, kind: email.kind }
}

fn phone(phone: Phone<'_>) -> UnifiedPhone<'_> {
    UnifiedPhone {
        id: phone.id.to_string(),
        number: phone.number,
        extension: None,
        kind: phone.kind.map(|kind| kind.to_lowercase()),
    }
}
