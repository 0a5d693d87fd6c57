//! Companies and the people who work there.

use serde_json::{Map, Value, json};
use time::Duration;

use super::{fields, later};
use crate::sandbox::nutshell::account::Account;
use crate::sandbox::nutshell::labelled;
use crate::sandbox::nutshell::record::Kind;
use crate::sandbox::nutshell::stamps::stamp;

/// Name, industry, type, city, state, country, domain.
const COMPANIES: [(&str, i64, i64, &str, &str, &str, &str); 9] = [
    ("Aldermoor Biologics", 5, 1, "Cambridge", "MA", "US", "aldermoor.example"),
    ("Brightwater Utilities", 8, 1, "Portland", "OR", "US", "brightwater.example"),
    ("Cask & Barley Brewing", 6, 2, "Asheville", "NC", "US", "caskbarley.example"),
    ("Delft Analytical Institute", 7, 1, "Delft", "South Holland", "NL", "delft-analytical.example"),
    ("Eskdale Chemicals", 9, 2, "Leeds", "West Yorkshire", "GB", "eskdale.example"),
    ("Fjord Laboratories", 5, 3, "Bergen", "Vestland", "NO", "fjordlab.example"),
    ("Greenvale Dairy Cooperative", 6, 1, "Madison", "WI", "US", "greenvale.example"),
    ("Haverford University", 7, 2, "Ann Arbor", "MI", "US", "haverford.example"),
    ("Ironbridge Pharma", 5, 2, "Dublin", "Leinster", "IE", "ironbridge.example"),
];

/// Name, job title, and the number of the company; nine works for none.
const PEOPLE: [(&str, &str, usize); 16] = [
    ("Ida Moen", "Head of Quality", 0),
    ("Marcus Bell", "Laboratory Manager", 0),
    ("Yuki Tanabe", "Purchasing", 0),
    ("Rosa Delgado", "Director of Water Quality", 1),
    ("Owen Price", "Sampling Lead", 1),
    ("Hannah Kessler", "Master Brewer", 2),
    ("Jan van der Meer", "Professor", 3),
    ("Lotte Brouwer", "Facility Manager", 3),
    ("Callum Reid", "Process Chemist", 4),
    ("Ingrid Solheim", "Managing Director", 5),
    ("Dale Hutchins", "Quality Assurance", 6),
    ("Priya Raman", "Research Fellow", 7),
    ("Samuel Adeyemi", "Dean of Science", 7),
    ("Aoife Brennan", "Chief Scientific Officer", 8),
    ("Viktor Hale", "Consultant", 9),
    ("Mei Lin Chow", "", 9),
];

const TAGS: [&[&str]; 5] = [&["Key account"], &[], &["Trade fair 2025", "Newsletter"], &["Newsletter"], &[]];

fn kept(name: &str, written: &Value) -> Value {
    labelled::parse(name, written).unwrap_or(Value::Null)
}

/// A telephone number that nobody has.
fn phone(number: usize) -> String {
    format!("+1555010{:04}", 1200 + number * 7)
}

pub(super) fn add(account: &mut Account) {
    for (index, row) in COMPANIES.iter().enumerate() {
        let company = company(index, row);
        let id = account.add(Kind::Accounts, 3 + i64::try_from(index % 3).unwrap_or(0), company);
        account.date(Kind::Accounts, id, later(index, 4), later(index + 5, 9));
    }
    for (index, (name, title, at)) in PEOPLE.iter().enumerate() {
        let person = person(index, name, title, *at);
        let id = account.add(Kind::Contacts, 3 + i64::try_from(index % 3).unwrap_or(0), person);
        account.date(Kind::Contacts, id, later(index, 3), later(index + 4, 7));
    }
}

fn company(index: usize, row: &(&str, i64, i64, &str, &str, &str, &str)) -> Map<String, Value> {
    let (name, industry, kind, city, state, country, domain) = row;
    let owner =
        [json!({ "entityType": "Users", "id": 4 }), json!({ "entityType": "Teams", "id": 31 }), Value::Null];
    let contacted = later(index + 20, 3) + Duration::hours(2);
    fields([
        ("name", Value::from(*name)),
        (
            "description",
            if index % 4 == 3 { Value::Null } else { json!(format!("{name} runs a laboratory in {city}.")) },
        ),
        ("industry", Value::from(*industry)),
        ("accountType", Value::from(*kind)),
        ("owner", owner[index % 3].clone()),
        ("email", kept("email", &json!([format!("office@{domain}")]))),
        ("phone", kept("phone", &json!({ "office": phone(index) }))),
        ("url", kept("url", &json!([format!("https://www.{domain}"), format!("https://jobs.{domain}")]))),
        (
            "address",
            kept(
                "address",
                &json!([{
                    "address_1": format!("{} Station Road", 10 + index), "city": city, "state": state,
                    "postalCode": format!("{}", 40_100 + index * 13), "country": country,
                }]),
            ),
        ),
        ("tags", json!(TAGS[index % 5])),
        (
            "customFields",
            json!({ "Customer number": format!("C-{}", 7000 + index), "Laboratories": index + 1 }),
        ),
        ("lastContactedDate", if index % 4 == 1 { Value::Null } else { Value::from(stamp(contacted)) }),
    ])
}

fn person(index: usize, name: &str, title: &str, at: usize) -> Map<String, Value> {
    let domain = COMPANIES.get(at).map_or("post.example", |company| company.6);
    let works_for = match COMPANIES.get(at) {
        Some(_) => json!([{ "id": 1011 + i64::try_from(at).unwrap_or(0), "relationship": null }]),
        None => json!([]),
    };
    let first = name.split(' ').next().unwrap_or_default().to_lowercase();
    let owner =
        [Value::Null, json!({ "entityType": "Users", "id": 4 }), json!({ "entityType": "Users", "id": 5 })];
    let mut custom = json!({ "Newsletter": index.is_multiple_of(2) });
    if !title.is_empty() {
        custom["Job Title"] = Value::from(title);
    }
    fields([
        ("name", Value::from(name)),
        (
            "description",
            if index % 3 == 2 {
                Value::Null
            } else {
                json!(format!("Met at the fair in {}.", 2024 + index % 2))
            },
        ),
        ("owner", owner[index % 3].clone()),
        (
            "email",
            kept("email", &json!([format!("{first}@{domain}"), format!("{first}.private@post.example")])),
        ),
        ("phone", kept("phone", &json!({ "work": phone(100 + index), "cell": phone(300 + index) }))),
        (
            "url",
            kept(
                "url",
                &if index.is_multiple_of(4) {
                    json!({ "LinkedIn": format!("https://network.example/{first}") })
                } else {
                    json!([])
                },
            ),
        ),
        (
            "address",
            kept(
                "address",
                &if index.is_multiple_of(3) {
                    json!({ "home": { "address_1": format!("{index} Orchard Lane"), "city": "Troy", "state": "NY", "postalCode": "12180", "country": "US" } })
                } else {
                    json!([])
                },
            ),
        ),
        ("accounts", works_for),
        ("tags", json!(TAGS[(index + 1) % 5])),
        ("customFields", custom),
        ("contactedCount", Value::from(index * 2)),
        (
            "lastContactedDate",
            if index % 5 == 3 { Value::Null } else { Value::from(stamp(later(index + 30, 2))) },
        ),
    ])
}
