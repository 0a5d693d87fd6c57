//! Nutshell's contacts and accounts, what all of its resources have in common, and how to see in the sandbox what it has
//! of them.

mod sales;
mod settings;
mod work;

use futures::FutureExt;
use serde_json::{Value, json};
use unicrm::sandbox::{NUTSHELL_KEY, NUTSHELL_USERNAME};

use crate::described::{Collection, Described, Filter, Instant, Sample, Vendor, Writes};
use crate::support::twin::Twin;

/// A user who is still there.
const OWNER: &str = "4";

pub const VENDOR: Vendor = Vendor {
    provider: "nutshell",
    context: || json!({ "username": NUTSHELL_USERNAME, "api_key": NUTSHELL_KEY }),
    two_minutes: |_| ("retry-after", 120),
    unauthenticated: "Invalid credentials",
    forbidden: "do not have permission",
    missing: "not found",
    refuses_with_pages: true,
    conflict: 409,
    invalid: || Value::Null,
};

/// Every resource, by the file that describes it.
pub const RESOURCES: &[&[Described]] = &[PEOPLE, sales::RESOURCES, settings::RESOURCES, work::RESOURCES];

const PEOPLE: &[Described] = &[
    Described {
        empty: || json!({ "result": [] }),
        filters: &[EMPLOYER, OWNER_ID, NAME, FIRST_NAME, LAST_NAME, TITLE, EMAIL, PHONE, TAG_NAME, SEARCH],
        instants: INSTANTS,
        writes: Some(Writes {
            needs: &["name"],
            // The revision is no part of what a record says.
            aside: &["etag"],
            sample: |_| async { contact() }.boxed_local(),
            touches: &[
                // Leads show the names of those whom they are with.
                ("first_name", &["name", "htmlUrl", "leads"]),
                ("last_name", &["name", "htmlUrl", "leads"]),
                ("name", &["name", "htmlUrl", "leads"]),
                // Nutshell shows it with the company, too.
                ("title", &["customFields", "accounts"]),
                ("account", &["accounts"]),
                ("owner", &["owner"]),
                ("addresses", &["address"]),
                ("email_addresses", &["email"]),
                ("phone_numbers", &["phone"]),
                ("urls", &["url"]),
                ("tags", &["tags"]),
                ("custom_fields", &["customFields"]),
            ],
            always: ALWAYS,
            insists: &["first_name", "last_name", "name", "custom_fields"],
            collections: &[EMAILS, PHONES, ADDRESSES, URLS, TAGS],
        }),
        ..Described::usual(
            "nutshell",
            "crm/contacts",
            |twin| every(twin, "findContacts").boxed_local(),
            |twin, id| one(twin, "getContact", "contactId", id).boxed_local(),
        )
    },
    Described {
        empty: || json!({ "result": [] }),
        filters: &[OWNER_ID, NAME, INDUSTRY, EMAIL, PHONE, TAG_NAME, CITY, COUNTRY, SEARCH],
        instants: INSTANTS,
        writes: Some(Writes {
            needs: &["name"],
            aside: &[],
            sample: |_| async { account() }.boxed_local(),
            touches: &[
                ("owner", &["owner"]),
                ("name", &["name", "htmlUrl", "leads"]),
                ("description", &["description"]),
                ("industry", &["industry"]),
                ("website", &["url"]),
                ("addresses", &["address"]),
                ("phone_numbers", &["phone"]),
                ("urls", &["url"]),
                ("tags", &["tags"]),
                ("custom_fields", &["customFields"]),
                ("email_addresses", &["email"]),
            ],
            always: ALWAYS,
            insists: &["name", "custom_fields", "website"],
            collections: &[EMAILS, PHONES, ADDRESSES, URLS, TAGS],
        }),
        ..Described::usual(
            "nutshell",
            "crm/accounts",
            |twin| every(twin, "findAccounts").boxed_local(),
            |twin, id| one(twin, "getAccount", "accountId", id).boxed_local(),
        )
    },
];

/// What every change touches: notes show the record that they are about, revision and all.
const ALWAYS: &[&str] = &["rev", "modifiedTime", "notes"];

const INSTANTS: &[Instant] = &[CREATED, UPDATED, CONTACTED];
const CREATED: Instant = Instant { name: "created_at", of: |record| at(&record["createdTime"]) };
const UPDATED: Instant = Instant { name: "updated_at", of: |record| at(&record["modifiedTime"]) };
const CONTACTED: Instant =
    Instant { name: "last_activity_at", of: |record| at(&record["lastContactedDate"]) };

/// One of Nutshell's instants as callers write it.
fn at(value: &Value) -> Value {
    value.as_str().map_or(Value::Null, |text| Value::from(text.replace("+0000", "Z")))
}

/// Every record that a method finds, whole.
async fn every(twin: &Twin, method: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for page in 1.. {
        let params =
            json!({ "query": {}, "orderBy": "id", "limit": 100, "page": page, "stubResponses": false });
        let answer = twin.rpc(method, &params).await;
        let records = answer["result"].as_array().expect("a list");
        found.extend(records.iter().cloned());
        if records.len() < 100 {
            break;
        }
    }
    found
}

/// One of the records that a method finds, where there is no way of reading one alone.
async fn among(twin: &Twin, method: &str, id: &str) -> Option<Value> {
    every(twin, method).await.into_iter().find(|record| text(&record["id"]) == id)
}

/// Every record of a list of REST's.
async fn listed(twin: &Twin, path: &str, key: &str) -> Vec<Value> {
    let reply = twin.get(&format!("/rest/{path}?page[limit]=1000")).await.ok();
    reply[key].as_array().expect("a list").clone()
}

/// The plain id of a record of either wire.
fn plain(record: &Value) -> String {
    text(&record["id"]).split('-').next().unwrap_or_default().to_owned()
}

/// An instant of REST's, in seconds since 1970, as callers write it.
fn seconds(value: &Value) -> Value {
    let Some(at) = value.as_i64() else { return Value::Null };
    let at = time::OffsetDateTime::from_unix_timestamp(at).expect("an instant");
    let (hour, minute, second) = at.to_hms();
    Value::from(format!("{}T{hour:02}:{minute:02}:{second:02}Z", at.date()))
}

/// One of Nutshell's records, if it is there.
async fn one(twin: &Twin, method: &str, parameter: &str, id: &str) -> Option<Value> {
    let answer = twin.rpc(method, &json!({ parameter: id })).await;
    if answer["error"]["code"] == 404 {
        return None;
    }
    assert!(answer["result"].is_object(), "{answer}");
    Some(answer["result"].clone())
}

fn contact() -> Sample {
    Sample {
        body: json!({
            "first_name": "Ada Marie", "last_name": "Løvelace", "name": "Ada Marie Løvelace",
            "title": "Chief & Only Analyst", "account": { "id": "1014" }, "owner": { "id": OWNER },
            "addresses": (ADDRESSES.first)(), "email_addresses": (EMAILS.first)(),
            "phone_numbers": (PHONES.first)(), "urls": (URLS.first)(), "tags": (TAGS.first)(),
            "custom_fields": { "Newsletter": true, "Preferred channel": "Visit" },
        }),
        native: json!({
            "name": { "givenName": "Ada Marie", "familyName": "Løvelace", "displayName": "Ada Marie Løvelace" },
            "accounts": [{ "id": 1014, "jobTitle": "Chief & Only Analyst" }],
            "owner": { "id": 4, "entityType": "Users" },
            "email": { "work": "ada@engines.example", "1": "ada+home@post.example", "--primary": "ada@engines.example" },
            "url": { "0": "https://engines.example/ada", "blog": "https://blog.example/ada" },
            "tags": ["VIP", "Made by a test"],
            "customFields": { "Newsletter": true, "Preferred channel": "Visit" },
        }),
    }
}

fn account() -> Sample {
    Sample {
        body: json!({
            "owner": { "id": "31-teams" }, "name": "Analytical Engines & Søn", "description": "First line\n\nThird line",
            "industry": "Chemicals", "website": "https://engines.example/ada",
            "addresses": (ADDRESSES.first)(), "phone_numbers": (PHONES.first)(), "urls": (URLS.first)(),
            "tags": (TAGS.first)(), "email_addresses": (EMAILS.first)(),
            "custom_fields": { "Customer number": "C-1", "Credit limit": { "currency": "EUR", "amount": 1200 } },
        }),
        native: json!({
            "owner": { "id": 31, "entityType": "Teams" }, "name": "Analytical Engines & Søn",
            "description": "First line\n\nThird line", "industry": { "name": "Chemicals" },
            "url": { "0": "https://engines.example/ada", "blog": "https://blog.example/ada" },
            "customFields": { "Customer number": "C-1", "Credit limit": { "currency": "EUR", "amount": 1200 } },
        }),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The values of a field with labels, without the one that is repeated.
fn labelled(record: &Value, field: &str) -> Vec<(Option<String>, Value)> {
    let Some(items) = record[field].as_object() else { return Vec::new() };
    let items = items.iter().filter(|(label, _)| *label != "--primary");
    items
        .map(|(label, value)| {
            let counted = label.bytes().all(|byte| byte.is_ascii_digit());
            ((!counted).then(|| label.clone()), value.clone())
        })
        .collect()
}

/// The first value of the first record that has one.
fn some(records: &[Value], field: &str) -> Value {
    let mut found = records.iter().flat_map(|record| labelled(record, field));
    found.next().unwrap_or_else(|| panic!("no record has {field}")).1
}

fn any(record: &Value, field: &str, fits: impl Fn(&Value) -> bool) -> bool {
    labelled(record, field).iter().any(|(_, value)| fits(value))
}

fn is(value: &Value, wanted: &str) -> bool {
    value.as_str().is_some_and(|text| text.to_lowercase() == wanted.to_lowercase())
}

/// The name of a company or a person.
fn full_name(record: &Value) -> String {
    record["name"].as_str().or(record["name"]["displayName"].as_str()).unwrap_or_default().to_owned()
}

fn first_text(records: &[Value], of: impl Fn(&Value) -> &Value) -> String {
    text(records.iter().map(of).find(|value| !value.is_null()).expect("a record that has one"))
}

/// The id of an owner as callers see it: a team's says so.
fn owner(record: &Value, field: &str) -> String {
    match record[field]["entityType"].as_str() {
        Some("Teams") => format!("{}-teams", record[field]["id"]),
        _ => text(&record[field]["id"]),
    }
}

const NAME: Filter = Filter {
    name: "name",
    value: |records| full_name(&records[1]).to_uppercase().chars().take(4).collect(),
    keeps: |record, wanted| full_name(record).to_lowercase().contains(&wanted.to_lowercase()),
};
const FIRST_NAME: Filter = Filter {
    name: "first_name",
    value: |records| first_text(records, |record| &record["name"]["givenName"]).to_uppercase(),
    keeps: |record, wanted| is(&record["name"]["givenName"], wanted),
};
const LAST_NAME: Filter = Filter {
    name: "last_name",
    value: |records| first_text(records, |record| &record["name"]["familyName"]),
    keeps: |record, wanted| is(&record["name"]["familyName"], wanted),
};
const TITLE: Filter = Filter {
    name: "title",
    value: |records| first_text(records, |record| &record["customFields"]["Job Title"]),
    keeps: |record, wanted| is(&record["customFields"]["Job Title"], wanted),
};
const EMPLOYER: Filter = Filter {
    name: "account[id]",
    value: |records| first_text(records, |record| &record["accounts"][0]["id"]),
    keeps: |record, wanted| text(&record["accounts"][0]["id"]) == wanted,
};
const OWNER_ID: Filter = Filter {
    name: "owner[id]",
    value: |_| OWNER.to_owned(),
    keeps: |record, wanted| owner(record, "owner") == wanted,
};
const INDUSTRY: Filter = Filter {
    name: "industry",
    value: |records| first_text(records, |record| &record["industry"]["name"]).to_uppercase(),
    keeps: |record, wanted| is(&record["industry"]["name"], wanted),
};
const EMAIL: Filter = Filter {
    name: "email_addresses[email]",
    value: |records| text(&some(records, "email")).to_uppercase(),
    keeps: |record, wanted| any(record, "email", |email| is(email, wanted)),
};
const PHONE: Filter = Filter {
    name: "phone_numbers[number]",
    value: |records| text(&some(records, "phone")["E164"]),
    keeps: |record, wanted| any(record, "phone", |phone| is(&phone["E164"], wanted)),
};
const TAG_NAME: Filter = Filter {
    name: "tags[name]",
    value: |records| first_text(records, |record| &record["tags"][0]),
    keeps: |record, wanted| {
        record["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| is(tag, wanted)))
    },
};
const CITY: Filter = Filter {
    name: "addresses[city]",
    value: |records| text(&some(records, "address")["city"]),
    keeps: |record, wanted| any(record, "address", |address| is(&address["city"], wanted)),
};
const COUNTRY: Filter = Filter {
    name: "addresses[country]",
    value: |_| "us".to_owned(),
    keeps: |record, wanted| any(record, "address", |address| is(&address["country"], wanted)),
};
const SEARCH: Filter = Filter {
    name: "search",
    value: |records| full_name(&records[2]).to_lowercase().chars().take(5).collect(),
    keeps: |record, wanted| {
        let mut words =
            vec![full_name(record), record["description"].as_str().unwrap_or_default().to_owned()];
        words.extend(labelled(record, "email").iter().map(|(_, email)| text(email)));
        words.iter().any(|word| word.to_lowercase().contains(&wanted.to_lowercase()))
    },
};

const EMAILS: Collection = Collection {
    field: "email_addresses",
    first: || json!([{ "email": "ada@engines.example", "type": "work" }, { "email": "ada+home@post.example" }]),
    edited: Some(|| json!({ "email": "countess@engines.example", "type": "home" })),
    added: || json!({ "email": "third@engines.example", "type": null }),
    native: |record| {
        let items = labelled(record, "email").into_iter();
        items.map(|(label, email)| json!({ "email": email, "type": label })).collect()
    },
};
const PHONES: Collection = Collection {
    field: "phone_numbers",
    first: || {
        json!([
            { "number": "+447700900123", "type": "cell", "extension": null },
            { "number": "+15550102233", "extension": "12" },
        ])
    },
    edited: Some(|| json!({ "number": "+447700900999", "type": "work" })),
    added: || json!({ "number": "+15550109999", "type": null }),
    native: |record| {
        let items = labelled(record, "phone").into_iter();
        let read = |(label, phone): (Option<String>, Value)| json!({ "number": phone["E164"], "extension": phone["extension"], "type": label });
        items.map(read).collect()
    },
};
const ADDRESSES: Collection = Collection {
    field: "addresses",
    first: || {
        json!([
            { "street_1": "1 Grange Road", "street_2": null, "city": "Leeds", "state": "West Yorkshire",
              "postal_code": "LS1 4AB", "country": "GB", "type": "office" },
            { "street_1": "PO Box 7", "street_2": "Floor 2", "city": "Paris", "postal_code": "75002",
              "country": "FR" },
        ])
    },
    edited: Some(|| json!({ "city": "York", "street_2": "Second floor", "type": "home" })),
    added: || json!({ "city": "Dublin", "country": "IE" }),
    native: |record| {
        let items = labelled(record, "address").into_iter();
        let read = |(label, address): (Option<String>, Value)| {
            json!({
                "street_1": address["address_1"], "street_2": address["address_2"], "city": address["city"],
                "state": address["state"], "postal_code": address["postalCode"], "country": address["country"],
                "type": label,
            })
        };
        items.map(read).collect()
    },
};
const URLS: Collection = Collection {
    field: "urls",
    first: || {
        json!([
            { "url": "https://engines.example/ada", "type": null },
            { "url": "https://blog.example/ada", "type": "blog" },
        ])
    },
    edited: None,
    added: || json!({ "url": "https://code.example/ada", "type": "code" }),
    native: |record| {
        let items = labelled(record, "url").into_iter();
        items.map(|(label, url)| json!({ "url": url, "type": label })).collect()
    },
};
const TAGS: Collection = Collection {
    field: "tags",
    first: || json!([{ "name": "VIP" }, { "name": "Made by a test" }]),
    edited: None,
    added: || json!({ "name": "Decision maker" }),
    native: |record| {
        let tags = record["tags"].as_array().expect("a list").iter();
        tags.map(|tag| json!({ "name": tag, "id": null })).collect()
    },
};
