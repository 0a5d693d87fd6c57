//! Nimble's people, companies and leads, what all of its resources have in common, and how to see in the sandbox what it
//! has of them.

mod sales;
mod settings;
mod work;

use futures::FutureExt;
use serde_json::{Value, json};
use unicrm::sandbox::NIMBLE_KEY;

use crate::described::{Collection, Described, Filter, Instant, Sample, Stranger, Vendor, Writes};
use crate::support::twin::Twin;

const CONTEXTS: &str = "contexts=last_contacted_data,employers_data,leads_data";

const TOMAS: &str = "5f0d11a2c3b4d5e6f7a80002";
const PERSON: &str = "66c00101a1b2c3d400000001";
const COMPANY: &str = "66c00202a1b2c3d400000001";
/// An id that could be a record's and isn't.
const MISSING: &str = "66c0fffff1b2c3d400000001";

pub const VENDOR: Vendor = Vendor {
    provider: "nimble",
    context: || json!({ "api_key": NIMBLE_KEY }),
    two_minutes: |_| ("retry-after", 120),
    conflict: 422,
    refuses_with_pages: false,
    unauthenticated: "Can't authenticate request",
    forbidden: "You have no permission to do this",
    missing: "has no such record: contact",
    invalid: || json!([{ "field": "first name", "message": "is required" }]),
};

/// Every resource, by the file that describes it.
pub const RESOURCES: &[&[Described]] = &[PEOPLE, sales::RESOURCES, settings::RESOURCES, work::RESOURCES];

const PEOPLE: &[Described] = &[
    Described {
        stranger: Some(Stranger {
            id: |_| async { COMPANY.to_owned() }.boxed_local(),
            record: |twin, id| contact(twin, id).boxed_local(),
        }),
        missing: MISSING,
        empty: nothing,
        filters: &[
            NAME,
            FIRST_NAME,
            LAST_NAME,
            TITLE,
            EMAIL,
            EMPLOYER,
            OWNER_ID,
            TAG_ID,
            TAG_NAME,
            SEARCH,
            PHONE,
            CITY,
            STATE,
            POSTAL_CODE,
            COUNTRY,
        ],
        instants: INSTANTS,
        writes: Some(Writes {
            needs: &[],
            aside: &[],
            sample: |_| async { person() }.boxed_local(),
            touches: &[
                ("first_name", &["fields"]),
                ("last_name", &["fields"]),
                ("name", &["fields"]),
                ("title", &["fields"]),
                ("account", &["fields", "employers_info", "contexts"]),
                ("addresses", &["fields"]),
                ("email_addresses", &["fields"]),
                ("phone_numbers", &["fields"]),
                ("urls", &["fields"]),
                ("tags", &["tags", "tags2"]),
                ("custom_fields", &["fields"]),
            ],
            always: &["updated", "updater"],
            insists: &["name", "custom_fields"],
            collections: &[EMAILS, PHONES, ADDRESSES, URLS, TAGS],
        }),
        ..Described::usual(
            "nimble",
            "crm/contacts",
            |twin| contacts(twin, "person").boxed_local(),
            |twin, id| contact(twin, id).boxed_local(),
        )
    },
    Described {
        stranger: Some(Stranger {
            id: |_| async { PERSON.to_owned() }.boxed_local(),
            record: |twin, id| contact(twin, id).boxed_local(),
        }),
        missing: MISSING,
        empty: nothing,
        filters: &[NAME, EMAIL, OWNER_ID, TAG_ID, TAG_NAME, SEARCH, PHONE, CITY, STATE, POSTAL_CODE, COUNTRY],
        instants: INSTANTS,
        writes: Some(Writes {
            needs: &[],
            aside: &[],
            sample: |_| async { company() }.boxed_local(),
            touches: &[
                ("name", &["fields", "children"]),
                ("description", &["fields"]),
                ("industry", &["fields"]),
                ("website", &["fields"]),
                ("addresses", &["fields"]),
                ("phone_numbers", &["fields"]),
                ("urls", &["fields"]),
                ("tags", &["tags", "tags2"]),
                ("custom_fields", &["fields"]),
                ("email_addresses", &["fields"]),
            ],
            always: &["updated", "updater"],
            insists: &["name", "custom_fields"],
            collections: &[EMAILS, PHONES, ADDRESSES, URLS, TAGS],
        }),
        ..Described::usual(
            "nimble",
            "crm/accounts",
            |twin| contacts(twin, "company").boxed_local(),
            |twin, id| contact(twin, id).boxed_local(),
        )
    },
    Described {
        stranger: Some(Stranger {
            id: |_| async { "66c00101a1b2c3d400000002".to_owned() }.boxed_local(),
            record: |twin, id| contact(twin, id).boxed_local(),
        }),
        missing: MISSING,
        empty: nothing,
        filters: &[
            LEAD_TITLE,
            FIRST_NAME,
            LAST_NAME,
            EMAIL,
            PHONE,
            LEAD_STATUS,
            EMPLOYER,
            OWNER_ID,
            TAG_ID,
            TAG_NAME,
            LEAD_ID,
        ],
        // All of the sandbox's leads come from the same place and are of the same kind.
        filters_aside: &["lead_source", "lead_type"],
        instants: INSTANTS,
        writes: Some(Writes {
            needs: &[],
            aside: &[],
            sample: |_| async { lead() }.boxed_local(),
            touches: &[
                ("first_name", &["fields"]),
                ("last_name", &["fields"]),
                ("status", &["fields"]),
                ("lead_source", &["fields"]),
                ("lead_type", &["fields"]),
                ("stage", &["stages_info", "contexts"]),
            ],
            always: &["updated", "updater"],
            insists: &["status", "stage"],
            collections: &[],
        }),
        ..Described::usual(
            "nimble",
            "crm/leads",
            |twin| leads(twin).boxed_local(),
            |twin, id| contact(twin, id).boxed_local(),
        )
    },
];

fn nothing() -> Value {
    json!({ "meta": { "page": 1, "pages": 1, "per_page": 30, "total": 0 }, "resources": [] })
}

/// When records were made, changed, and when anyone was last in touch.
const INSTANTS: &[Instant] = &[CREATED, UPDATED, CONTACTED];
const CREATED: Instant = Instant { name: "created_at", of: |record| instant(&record["created"]) };
const UPDATED: Instant = Instant { name: "updated_at", of: |record| instant(&record["updated"]) };
const CONTACTED: Instant =
    Instant { name: "last_activity_at", of: |record| instant(&record["last_contacted"]["tstamp"]) };

/// Any of Nimble's spellings of an instant, as answers spell it.
fn instant(value: &Value) -> Value {
    let Some(text) = value.as_str() else { return Value::Null };
    let rest = &text[19.min(text.len())..];
    let fraction: String = rest.strip_prefix('.').unwrap_or_default().chars().take(3).collect();
    json!(format!("{}.{fraction:0<3}Z", &text[..19.min(text.len())]))
}

/// Every record of one of Nimble's lists with numbered pages.
async fn every(twin: &Twin, path: &str, key: &str, query: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for page in 1.. {
        let body = twin.get(&format!("/api/{path}?{query}&page={page}")).await.ok();
        found.extend(body[key].as_array().expect("a list").iter().cloned());
        if body["meta"]["pages"].as_u64().is_none_or(|pages| page >= pages) {
            break;
        }
    }
    found
}

async fn contacts(twin: &Twin, kind: &str) -> Vec<Value> {
    every(twin, "v1/contacts", "resources", &format!("record_type={kind}&per_page=100&{CONTEXTS}")).await
}

async fn leads(twin: &Twin) -> Vec<Value> {
    let mut found = contacts(twin, "person").await;
    found.retain(|person| person["fields"].get("lead status").is_some());
    found
}

async fn contact(twin: &Twin, id: &str) -> Option<Value> {
    let body = twin.get(&format!("/api/v1/contact/{id}?{CONTEXTS}")).await.ok();
    body["resources"].get(0).cloned()
}

fn field(value: &str, modifier: &str) -> Value {
    json!([{ "value": value, "modifier": modifier }])
}

fn person() -> Sample {
    Sample {
        body: json!({
            "first_name": "Ada Marie", "last_name": "Løvelace", "name": "Ada Marie Løvelace",
            "title": "Chief & Only Analyst", "account": { "id": "66c00202a1b2c3d400000002" },
            "owner": { "id": TOMAS },
            "addresses": (ADDRESSES.first)(), "email_addresses": (EMAILS.first)(),
            "phone_numbers": (PHONES.first)(), "urls": (URLS.first)(), "tags": (TAGS.first)(),
            "custom_fields": { "Preferred wood": "Elm", "Newsletter": "2" },
        }),
        native: json!({
            "record_type": "person", "owner_id": TOMAS, "tags2": ["VIP", "Made, by a test"],
            "employers_info": [{ "contact_id": "66c00202a1b2c3d400000002", "company_name": "Kestrel Bakeries" }],
            "fields": {
                "first name": field("Ada Marie", ""), "last name": field("Løvelace", ""),
                "phone": [
                    { "value": "+44 7700 900 123", "modifier": "mobile" },
                    { "value": "020 7946 0018", "modifier": "work fax" },
                ],
                "Preferred wood": field("Elm", ""), "Newsletter": field("2", ""),
                "linkedin": field("https://www.linkedin.com/in/ada", ""),
            },
        }),
    }
}

fn company() -> Sample {
    Sample {
        body: json!({
            "owner": { "id": TOMAS }, "name": "Analytical Engines & Søn", "description": "First line\n\nThird line",
            "industry": "Steam", "website": "https://engines.example/ada",
            "addresses": (ADDRESSES.first)(), "phone_numbers": (PHONES.first)(), "urls": (URLS.first)(),
            "tags": (TAGS.first)(), "email_addresses": (EMAILS.first)(),
            "custom_fields": { "Showroom size": "12", "annual revenue": "a lot" },
        }),
        native: json!({
            "record_type": "company", "owner_id": TOMAS,
            "fields": {
                "company name": field("Analytical Engines & Søn", ""),
                "description": field("First line\n\nThird line", "other"), "industry": field("Steam", ""),
                "URL": field("https://engines.example/ada", "personal"),
                "Showroom size": field("12", ""), "annual revenue": field("a lot", ""),
            },
        }),
    }
}

fn lead() -> Sample {
    Sample {
        body: json!({
            "first_name": "Agatha", "last_name": "White", "status": "Contacted", "lead_source": "Trade fair",
            "lead_type": "Press", "stage": { "id": "66c00403a1b2c3d400000001" },
        }),
        native: json!({}),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether texts are the same but for their case.
fn is(value: &Value, wanted: &str) -> bool {
    value.as_str().is_some_and(|text| text.to_lowercase() == wanted.to_lowercase())
}

fn values<'r>(record: &'r Value, name: &str) -> Vec<&'r Value> {
    let entries = record["fields"][name].as_array().map(Vec::as_slice).unwrap_or_default();
    entries.iter().map(|entry| &entry["value"]).collect()
}

fn any(record: &Value, name: &str, wanted: &str) -> bool {
    values(record, name).iter().any(|value| is(value, wanted))
}

/// The first value of a field that any record has.
fn some(records: &[Value], name: &str) -> String {
    let found = records.iter().find_map(|record| values(record, name).first().map(|value| text(value)));
    found.unwrap_or_else(|| panic!("no record has {name}"))
}

fn full_name(record: &Value) -> String {
    let names = ["company name", "first name", "middle name", "last name"];
    let found = names.iter().filter_map(|name| values(record, name).first().map(|value| text(value)));
    found.collect::<Vec<_>>().join(" ")
}

fn decoded(record: &Value, name: &str) -> Vec<Value> {
    let texts = values(record, name).into_iter().filter_map(Value::as_str);
    texts.map(|text| serde_json::from_str(text).expect("JSON text")).collect()
}

fn job(record: &Value) -> Value {
    let jobs = decoded(record, "contact employment");
    jobs.iter().find(|job| job["is_present"] == true).or(jobs.first()).cloned().unwrap_or_default()
}

fn part(records: &[Value], name: &str) -> String {
    let found = records.iter().find_map(|record| {
        decoded(record, "address").iter().find_map(|address| address[name].as_str().map(str::to_owned))
    });
    found.expect("an address")
}

fn located(record: &Value, name: &str, wanted: &str) -> bool {
    decoded(record, "address").iter().any(|address| is(&address[name], wanted))
}

const NAME: Filter = Filter {
    name: "name",
    value: |_| "er".to_owned(),
    keeps: |record, wanted| full_name(record).to_lowercase().contains(wanted),
};
const FIRST_NAME: Filter = Filter {
    name: "first_name",
    value: |records| some(records, "first name").to_uppercase(),
    keeps: |record, wanted| any(record, "first name", wanted),
};
const LAST_NAME: Filter = Filter {
    name: "last_name",
    value: |records| some(records, "last name"),
    keeps: |record, wanted| any(record, "last name", wanted),
};
const TITLE: Filter = Filter {
    name: "title",
    value: |records| text(&job(&records[0])["title"]).to_uppercase(),
    keeps: |record, wanted| is(&job(record)["title"], wanted),
};
const EMAIL: Filter = Filter {
    name: "email_addresses[email]",
    value: |records| some(records, "email").to_uppercase(),
    keeps: |record, wanted| any(record, "email", wanted),
};
const PHONE: Filter = Filter {
    name: "phone_numbers[number]",
    value: |records| some(records, "phone"),
    keeps: |record, wanted| any(record, "phone", wanted),
};
const EMPLOYER: Filter = Filter {
    name: "account[id]",
    value: |records| text(&records[0]["employers_info"][0]["contact_id"]),
    keeps: |record, wanted| {
        let employers = record["employers_info"].as_array().expect("a list");
        employers.iter().any(|employer| {
            employer["contact_id"] == wanted && employer["company_name"] == job(record)["company_name"]
        })
    },
};
const OWNER_ID: Filter = Filter {
    name: "owner[id]",
    value: |_| TOMAS.to_owned(),
    keeps: |record, wanted| record["owner_id"] == wanted,
};
const TAG_ID: Filter = Filter {
    name: "tags[id]",
    value: |records| {
        let tag = records.iter().find_map(|record| record["tags"][0]["id"].as_str()).expect("a tag");
        tag.to_owned()
    },
    keeps: |record, wanted| record["tags"].as_array().expect("tags").iter().any(|tag| tag["id"] == wanted),
};
const TAG_NAME: Filter = Filter {
    name: "tags[name]",
    value: |records| {
        let tag = records.iter().find_map(|record| record["tags2"][0].as_str()).expect("a tag");
        tag.to_uppercase()
    },
    keeps: |record, wanted| record["tags2"].as_array().expect("tags").iter().any(|tag| is(tag, wanted)),
};
const SEARCH: Filter = Filter {
    name: "search",
    value: |records| some(records, "email"),
    keeps: |record, wanted| any(record, "email", wanted),
};
const CITY: Filter = Filter {
    name: "addresses[city]",
    value: |records| part(records, "city").to_uppercase(),
    keeps: |record, wanted| located(record, "city", wanted),
};
const STATE: Filter = Filter {
    name: "addresses[state]",
    value: |records| part(records, "state"),
    keeps: |record, wanted| located(record, "state", wanted),
};
const POSTAL_CODE: Filter = Filter {
    name: "addresses[postal_code]",
    value: |records| part(records, "zip"),
    keeps: |record, wanted| located(record, "zip", wanted),
};
const COUNTRY: Filter = Filter {
    name: "addresses[country]",
    value: |_| "Norway".to_owned(),
    keeps: |record, wanted| located(record, "country", wanted),
};
const LEAD_TITLE: Filter = Filter {
    name: "title",
    value: |_| "WHITLOCK".to_owned(),
    keeps: |record, wanted| full_name(record).to_uppercase().contains(wanted),
};
const LEAD_STATUS: Filter = Filter {
    name: "status",
    value: |_| "OPEN".to_owned(),
    keeps: |record, wanted| {
        let labels = ["open", "contacted", "qualified", "unqualified"];
        let choice: usize = text(values(record, "lead status")[0]).parse().expect("a number");
        labels[choice - 1] == wanted.to_lowercase()
    },
};
const LEAD_ID: Filter = Filter {
    name: "contact[id]",
    value: |records| text(&records[0]["id"]),
    keeps: |record, wanted| record["id"] == wanted,
};

/// The vendor's values of a field, each made into the unified item.
fn items(record: &Value, name: &str, unified: impl Fn(&Value) -> Value) -> Vec<Value> {
    record["fields"][name].as_array().map(Vec::as_slice).unwrap_or_default().iter().map(unified).collect()
}

const EMAILS: Collection = Collection {
    field: "email_addresses",
    first: || json!([{ "email": "ada@engines.example", "type": "work" }, { "email": "ada+home@post.example", "type": "home" }]),
    edited: Some(|| json!({ "email": "countess@engines.example", "type": "other" })),
    added: || json!({ "email": "third@engines.example", "type": "work" }),
    native: |record| {
        items(record, "email", |item| {
            let kind = if item["modifier"] == "personal" { json!("home") } else { item["modifier"].clone() };
            json!({ "email": item["value"], "type": kind })
        })
    },
};
const PHONES: Collection = Collection {
    field: "phone_numbers",
    first: || json!([{ "number": "+44 7700 900 123", "type": "mobile" }, { "number": "020 7946 0018", "type": "work fax" }]),
    edited: Some(|| json!({ "number": "+44 7700 900 999", "type": "work" })),
    added: || json!({ "number": "0000", "type": "other" }),
    native: |record| {
        items(
            record,
            "phone",
            |item| json!({ "number": item["value"], "type": item["modifier"], "extension": null }),
        )
    },
};
const ADDRESSES: Collection = Collection {
    field: "addresses",
    first: || {
        json!([
            { "street_1": "1 Grange Road", "street_2": null, "city": "Leeds", "state": "West Yorkshire",
              "postal_code": "LS1 4AB", "country": "United Kingdom", "type": "home" },
            { "street_1": "PO Box 7", "street_2": "Floor 2", "city": "Paris", "postal_code": "75002",
              "country": "France", "type": "other" },
        ])
    },
    edited: Some(|| json!({ "city": "York", "street_2": "Second floor", "type": "work" })),
    added: || json!({ "city": "Dublin", "country": "Ireland", "type": "other" }),
    native: |record| {
        items(record, "address", |item| {
            let address: Value = serde_json::from_str(item["value"].as_str().expect("text")).expect("JSON");
            let street = address["street"].as_str().unwrap_or_default();
            let (first, second) =
                street.split_once('\n').map_or((street, None), |(one, two)| (one, Some(two)));
            json!({
                "street_1": first, "street_2": second, "city": address["city"], "state": address["state"],
                "postal_code": address["zip"], "country": address["country"], "type": item["modifier"],
            })
        })
    },
};
const URLS: Collection = Collection {
    field: "urls",
    first: || {
        json!([
            { "url": "https://engines.example/ada", "type": "personal" },
            { "url": "https://www.linkedin.com/in/ada", "type": "linkedin" },
        ])
    },
    edited: None,
    added: || json!({ "url": "https://twitter.com/ada", "type": "twitter" }),
    native: |record| {
        let mut found =
            items(record, "URL", |item| json!({ "url": item["value"], "type": item["modifier"] }));
        found.extend(items(record, "linkedin", |item| json!({ "url": item["value"], "type": "linkedin" })));
        found.extend(items(record, "twitter", |item| {
            json!({ "url": format!("https://twitter.com/{}", text(&item["value"])), "type": "twitter" })
        }));
        found
    },
};
const TAGS: Collection = Collection {
    field: "tags",
    first: || json!([{ "name": "VIP" }, { "name": "Made, by a test" }]),
    edited: None,
    added: || json!({ "name": "Decision maker" }),
    native: |record| {
        let tags = record["tags"].as_array().expect("tags").iter();
        tags.map(|tag| json!({ "name": tag["tag"], "id": tag["id"] })).collect()
    },
};
