//! Capsule's contacts and accounts, what all of its resources have in common, and how to see in the sandbox what it has
//! of them.

mod sales;
mod settings;
mod work;

use futures::FutureExt;
use serde_json::{Value, json};
use unicrm::sandbox::CAPSULE_TOKEN;

use crate::described::{Collection, Described, Filter, Instant, Sample, Stranger, Vendor, Writes};
use crate::support::twin::Twin;

const EMBED: &str = "embed=tags,fields";

/// A user who is still there.
const OWNER: &str = "712443";

pub const VENDOR: Vendor = Vendor {
    provider: "capsule",
    context: || json!({ "api_key": CAPSULE_TOKEN }),
    two_minutes: |now| ("x-ratelimit-reset", now + 120),
    conflict: 409,
    unauthenticated: "Requires authentication",
    forbidden: "Requires additional scope",
    missing: "Could not find resource",
    refuses_with_pages: false,
    invalid: || json!([{ "field": "name", "message": "name is required" }]),
};

/// Every resource, by the file that describes it.
pub const RESOURCES: &[&[Described]] = &[PEOPLE, sales::RESOURCES, settings::RESOURCES, work::RESOURCES];

const PEOPLE: &[Described] = &[
    Described {
        stranger: Some(Stranger {
            id: |twin| first(twin, "organisation").boxed_local(),
            record: |twin, id| party(twin, id).boxed_local(),
        }),
        empty: || json!({ "parties": [] }),
        filters: &[
            NAME,
            TITLE,
            EMAIL,
            PHONE,
            OWNER_ID,
            TAG_ID,
            TAG_NAME,
            CITY,
            STATE,
            POSTAL_CODE,
            COUNTRY,
            FIRST_NAME,
            LAST_NAME,
            SEARCH,
            EMPLOYER,
        ],
        // A party of a team can only be given to a member of that team.
        free: |record| record["team"].is_null(),
        instants: INSTANTS,
        writes: Some(Writes {
            needs: &[],
            aside: &[],
            sample: |twin| contact(twin).boxed_local(),
            touches: &[
                ("first_name", &["firstName", "pictureURL"]),
                ("last_name", &["lastName", "pictureURL"]),
                ("name", &["firstName", "lastName", "pictureURL"]),
                ("title", &["jobTitle"]),
                ("account", &["organisation"]),
                ("owner", &["owner"]),
                ("addresses", &["addresses"]),
                ("email_addresses", &["emailAddresses"]),
                ("phone_numbers", &["phoneNumbers"]),
                ("urls", &["websites"]),
                ("tags", &["tags"]),
                ("custom_fields", &["fields"]),
            ],
            always: &["updatedAt"],
            insists: &["name", "custom_fields"],
            collections: &[EMAILS, PHONES, ADDRESSES, URLS, TAGS],
        }),
        ..Described::usual(
            "capsule",
            "crm/contacts",
            |twin| parties(twin, "person").boxed_local(),
            |twin, id| party(twin, id).boxed_local(),
        )
    },
    Described {
        stranger: Some(Stranger {
            id: |twin| first(twin, "person").boxed_local(),
            record: |twin, id| party(twin, id).boxed_local(),
        }),
        impossible: "12a",
        empty: || json!({ "parties": [] }),
        filters: &[NAME, EMAIL, PHONE, OWNER_ID, TAG_ID, TAG_NAME, CITY, STATE, POSTAL_CODE, COUNTRY, SEARCH],
        // A party of a team can only be given to a member of that team.
        free: |record| record["team"].is_null(),
        instants: INSTANTS,
        writes: Some(Writes {
            needs: &[],
            aside: &[],
            sample: |_| async { account() }.boxed_local(),
            touches: &[
                ("owner", &["owner"]),
                ("name", &["name", "pictureURL"]),
                ("description", &["about"]),
                ("website", &["websites"]),
                ("addresses", &["addresses"]),
                ("phone_numbers", &["phoneNumbers"]),
                ("urls", &["websites"]),
                ("tags", &["tags"]),
                ("custom_fields", &["fields"]),
                ("email_addresses", &["emailAddresses"]),
            ],
            always: &["updatedAt"],
            insists: &["name", "custom_fields"],
            collections: &[EMAILS, PHONES, ADDRESSES, URLS, TAGS],
        }),
        ..Described::usual(
            "capsule",
            "crm/accounts",
            |twin| parties(twin, "organisation").boxed_local(),
            |twin, id| party(twin, id).boxed_local(),
        )
    },
];

/// When records were made, changed, and when anyone was last in touch.
const INSTANTS: &[Instant] = &[CREATED, UPDATED, CONTACTED];
const CREATED: Instant = Instant { name: "created_at", of: |record| record["createdAt"].clone() };
const UPDATED: Instant = Instant { name: "updated_at", of: |record| record["updatedAt"].clone() };
const CONTACTED: Instant =
    Instant { name: "last_activity_at", of: |record| record["lastContactedAt"].clone() };

/// Every record of one of Capsule's lists; `query` goes along.
async fn every(twin: &Twin, path: &str, key: &str, query: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for page in 1.. {
        let reply = twin.get(&format!("/api/v2/{path}?{query}&perPage=50&page={page}")).await;
        let body = reply.ok();
        found.extend(body[key].as_array().expect("a list").iter().cloned());
        if reply.header("x-pagination-has-more") != "true" {
            break;
        }
    }
    found
}

/// One of Capsule's records, if it is there.
async fn one(twin: &Twin, path: &str, key: &str, query: &str) -> Option<Value> {
    let reply = twin.get(&format!("/api/v2/{path}?{query}")).await;
    (reply.status != 404).then(|| reply.ok()[key].clone())
}

async fn parties(twin: &Twin, kind: &str) -> Vec<Value> {
    let mut found = every(twin, "parties", "parties", EMBED).await;
    found.retain(|party| party["type"] == kind);
    found
}

async fn party(twin: &Twin, id: &str) -> Option<Value> {
    one(twin, &format!("parties/{id}"), "party", EMBED).await
}

async fn first(twin: &Twin, kind: &str) -> String {
    parties(twin, kind).await[0]["id"].to_string()
}

async fn contact(twin: &Twin) -> Sample {
    let employer = first(twin, "organisation").await;
    let employer_number: i64 = employer.parse().expect("a number");
    Sample {
        body: json!({
            "first_name": "Ada Marie", "last_name": "Løvelace", "name": "Ada Marie Løvelace",
            "title": "Chief & Only Analyst",
            "account": { "id": employer },
            "owner": { "id": OWNER },
            "addresses": (ADDRESSES.first)(), "email_addresses": (EMAILS.first)(),
            "phone_numbers": (PHONES.first)(), "urls": (URLS.first)(), "tags": (TAGS.first)(),
            "custom_fields": { "871333": "1990-05-17", "871336": "A friend" },
        }),
        native: json!({
            "type": "person", "firstName": "Ada Marie", "lastName": "Løvelace", "jobTitle": "Chief & Only Analyst",
            "organisation": { "id": employer_number }, "owner": { "id": 712_443 },
            "addresses": [
                { "type": "Home", "street": "1 Grange Road", "city": "Leeds", "state": "West Yorkshire",
                  "zip": "LS1 4AB", "country": "United Kingdom" },
                { "type": "Postal", "street": "PO Box 7\nFloor 2", "city": "Paris", "state": null,
                  "zip": "75002", "country": "France" },
            ],
            "emailAddresses": [
                { "type": "Work", "address": "ada@engines.example" },
                { "type": null, "address": "ada+home@post.example" },
            ],
            "phoneNumbers": [
                { "type": "Mobile", "number": "+44 7700 900 123" },
                { "type": "Fax", "number": "020 7946 0018" },
            ],
            "websites": [
                { "service": "URL", "address": "https://engines.example/ada" },
                { "service": "LINKED_IN", "address": "https://www.linkedin.com/in/ada" },
            ],
            "tags": [{ "name": "VIP" }, { "name": "Made by a test" }],
            "fields": [
                { "definition": { "id": 871_333 }, "value": "1990-05-17" },
                { "definition": { "id": 871_336 }, "value": "A friend" },
            ],
        }),
    }
}

fn account() -> Sample {
    let mut native = json!({
        "type": "organisation", "name": "Analytical Engines & Søn", "about": "First line\n\nThird line",
        "owner": { "id": 712_443 },
        "addresses": [
            { "type": "Home", "street": "1 Grange Road", "city": "Leeds", "zip": "LS1 4AB" },
            { "type": "Postal", "street": "PO Box 7\nFloor 2", "city": "Paris", "country": "France" },
        ],
        "fields": [
            { "definition": { "id": 871_331 }, "value": "12" },
            { "definition": { "id": 871_336 }, "value": "A friend" },
        ],
    });
    native["tags"] = json!([{ "name": "VIP" }, { "name": "Made by a test" }]);
    Sample {
        body: json!({
            "owner": { "id": OWNER }, "name": "Analytical Engines & Søn", "description": "First line\n\nThird line",
            "website": "https://engines.example/ada",
            "addresses": (ADDRESSES.first)(), "phone_numbers": (PHONES.first)(), "urls": (URLS.first)(),
            "tags": (TAGS.first)(), "email_addresses": (EMAILS.first)(),
            "custom_fields": { "871331": 12, "871336": "A friend" },
        }),
        native,
    }
}

/// The first item of the list `name` of the first record that has one.
fn some(records: &[Value], name: &str) -> Value {
    let mut lists = records.iter().filter_map(|record| record[name].as_array()?.first());
    lists.next().cloned().unwrap_or_else(|| panic!("no record has {name}"))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn any(record: &Value, list: &str, fits: impl Fn(&Value) -> bool) -> bool {
    record[list].as_array().is_some_and(|items| items.iter().any(fits))
}

/// Capsule compares text without regard to case.
fn is(value: &Value, wanted: &str) -> bool {
    value.as_str().is_some_and(|text| text.to_lowercase() == wanted.to_lowercase())
}

fn full_name(record: &Value) -> String {
    let name = ["name", "firstName", "lastName"].iter().filter_map(|key| record[*key].as_str());
    name.collect::<Vec<_>>().join(" ")
}

const NAME: Filter = Filter {
    name: "name",
    value: |_| "Ber".to_owned(),
    keeps: |record, wanted| full_name(record).to_lowercase().contains(&wanted.to_lowercase()),
};
const TITLE: Filter = Filter {
    name: "title",
    value: |records| {
        text(&records.iter().find(|record| !record["jobTitle"].is_null()).expect("one")["jobTitle"])
    },
    keeps: |record, wanted| is(&record["jobTitle"], wanted),
};
const EMAIL: Filter = Filter {
    name: "email_addresses[email]",
    value: |records| text(&some(records, "emailAddresses")["address"]).to_uppercase(),
    keeps: |record, wanted| any(record, "emailAddresses", |item| is(&item["address"], wanted)),
};
const PHONE: Filter = Filter {
    name: "phone_numbers[number]",
    value: |records| text(&some(records, "phoneNumbers")["number"]),
    keeps: |record, wanted| any(record, "phoneNumbers", |item| is(&item["number"], wanted)),
};
const OWNER_ID: Filter = Filter {
    name: "owner[id]",
    value: |_| OWNER.to_owned(),
    keeps: |record, wanted| text(&record["owner"]["id"]) == wanted,
};
const TAG_ID: Filter = Filter {
    name: "tags[id]",
    value: |records| text(&some(records, "tags")["id"]),
    keeps: |record, wanted| any(record, "tags", |tag| text(&tag["id"]) == wanted),
};
const TAG_NAME: Filter = Filter {
    name: "tags[name]",
    value: |records| text(&some(records, "tags")["name"]),
    keeps: |record, wanted| any(record, "tags", |tag| is(&tag["name"], wanted)),
};
const CITY: Filter = Filter {
    name: "addresses[city]",
    value: |records| text(&some(records, "addresses")["city"]),
    keeps: |record, wanted| any(record, "addresses", |item| is(&item["city"], wanted)),
};
const STATE: Filter = Filter {
    name: "addresses[state]",
    value: |records| {
        let addresses = records.iter().filter_map(|record| record["addresses"].as_array()).flatten();
        text(addresses.map(|address| &address["state"]).find(|state| !state.is_null()).expect("a state"))
    },
    keeps: |record, wanted| any(record, "addresses", |item| is(&item["state"], wanted)),
};
const POSTAL_CODE: Filter = Filter {
    name: "addresses[postal_code]",
    value: |records| text(&some(records, "addresses")["zip"]),
    keeps: |record, wanted| any(record, "addresses", |item| is(&item["zip"], wanted)),
};

const COUNTRY: Filter = Filter {
    name: "addresses[country]",
    value: |_| "Sweden".to_owned(),
    keeps: |record, wanted| any(record, "addresses", |item| is(&item["country"], wanted)),
};
const FIRST_NAME: Filter = Filter {
    name: "first_name",
    value: |records| some_text(records, "firstName").to_uppercase(),
    keeps: |record, wanted| is(&record["firstName"], wanted),
};
const LAST_NAME: Filter = Filter {
    name: "last_name",
    value: |records| some_text(records, "lastName"),
    keeps: |record, wanted| is(&record["lastName"], wanted),
};
const SEARCH: Filter = Filter {
    name: "search",
    value: |records| text(&some(records, "emailAddresses")["address"]),
    keeps: |record, wanted| any(record, "emailAddresses", |item| is(&item["address"], wanted)),
};
const EMPLOYER: Filter = Filter {
    name: "account[id]",
    value: |records| some_text_of(records, |record| &record["organisation"]["id"]),
    keeps: |record, wanted| text(&record["organisation"]["id"]) == wanted,
};

fn some_text(records: &[Value], name: &str) -> String {
    some_text_of(records, |record| &record[name])
}

/// The text of the first record that has one.
fn some_text_of(records: &[Value], of: impl Fn(&Value) -> &Value) -> String {
    text(records.iter().map(of).find(|value| !value.is_null()).expect("a record that has one"))
}

/// The vendor's items of a list, each made into the unified one.
fn items(record: &Value, list: &str, unified: impl Fn(&Value) -> Value) -> Vec<Value> {
    record[list].as_array().expect("a list").iter().map(unified).collect()
}

const EMAILS: Collection = Collection {
    field: "email_addresses",
    first: || json!([{ "email": "ada@engines.example", "type": "Work" }, { "email": "ada+home@post.example" }]),
    edited: Some(|| json!({ "email": "countess@engines.example", "type": "Home" })),
    added: || json!({ "email": "third@engines.example", "type": null }),
    native: |record| {
        items(record, "emailAddresses", |item| json!({ "email": item["address"], "type": item["type"] }))
    },
};
const PHONES: Collection = Collection {
    field: "phone_numbers",
    first: || json!([{ "number": "+44 7700 900 123", "type": "mobile" }, { "number": "020 7946 0018", "type": "fax" }]),
    edited: Some(|| json!({ "number": "+44 7700 900 999", "type": "work" })),
    added: || json!({ "number": "0000", "type": null }),
    native: |record| {
        items(record, "phoneNumbers", |item| {
            let kind = item["type"].as_str().map(str::to_lowercase);
            json!({ "number": item["number"], "type": kind })
        })
    },
};
const ADDRESSES: Collection = Collection {
    field: "addresses",
    first: || {
        json!([
            { "street_1": "1 Grange Road", "street_2": null, "city": "Leeds", "state": "West Yorkshire",
              "postal_code": "LS1 4AB", "country": "United Kingdom", "type": "Home" },
            { "street_1": "PO Box 7", "street_2": "Floor 2", "city": "Paris", "postal_code": "75002",
              "country": "France", "type": "Postal" },
        ])
    },
    edited: Some(|| json!({ "city": "York", "street_2": "Second floor", "type": "Office" })),
    added: || json!({ "city": "Dublin", "country": "Ireland" }),
    native: |record| {
        items(record, "addresses", |item| {
            let street = item["street"].as_str().unwrap_or_default();
            let (first, second) =
                street.split_once('\n').map_or((street, None), |(one, two)| (one, Some(two)));
            json!({
                "street_1": first, "street_2": second, "city": item["city"], "state": item["state"],
                "postal_code": item["zip"], "country": item["country"], "type": item["type"],
            })
        })
    },
};
const URLS: Collection = Collection {
    field: "urls",
    first: || {
        json!([
            { "url": "https://engines.example/ada", "type": "URL" },
            { "url": "https://www.linkedin.com/in/ada", "type": "LINKED_IN" },
        ])
    },
    edited: None,
    added: || json!({ "url": "https://github.com/ada", "type": "GITHUB" }),
    native: |record| items(record, "websites", |item| json!({ "url": item["url"], "type": item["service"] })),
};
const TAGS: Collection = Collection {
    field: "tags",
    first: || json!([{ "name": "VIP" }, { "name": "Made by a test" }]),
    edited: None,
    added: || json!({ "name": "Decision maker" }),
    native: |record| items(record, "tags", |tag| json!({ "name": tag["name"], "id": tag["id"].to_string() })),
};
