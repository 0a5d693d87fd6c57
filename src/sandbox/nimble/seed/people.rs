//! The people and companies.

use serde_json::{Map, Value, json};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::super::account::Account;
use super::super::instants::naive;
use super::sales::{LEADS, lead_stage};
use super::{INES, ROSA, TOMAS, company, person};

const BEGIN: OffsetDateTime = datetime!(2026-01-12 08:15:30.250 UTC);

/// Name, domain, town, region, postal code, country, phone, size (a choice), owner, tags.
type Company = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

const COMPANIES: &[Company] = &[
    (
        "Brightwater Books",
        "brightwater.example",
        "Bristol",
        "Avon",
        "BS1 4DJ",
        "United Kingdom",
        "+44 117 496 0101",
        "2",
        ROSA,
        &["customer", "retail"],
    ),
    (
        "Kestrel Bakeries",
        "kestrelbakeries.example",
        "Leeds",
        "West Yorkshire",
        "LS2 7HJ",
        "United Kingdom",
        "+44 113 496 0202",
        "3",
        TOMAS,
        &["customer"],
    ),
    (
        "Nordlys Optik",
        "nordlys.example",
        "Bergen",
        "Vestland",
        "5003",
        "Norway",
        "+47 55 00 03 03",
        "1",
        ROSA,
        &["prospect"],
    ),
    (
        "Café Ébène",
        "cafe-ebene.example",
        "Lyon",
        "Rhône",
        "69002",
        "France",
        "+33 4 72 00 04 04",
        "1",
        TOMAS,
        &["prospect", "coffee, tea"],
    ),
    (
        "Halden & Rye",
        "haldenrye.example",
        "York",
        "North Yorkshire",
        "YO1 8AS",
        "United Kingdom",
        "+44 1904 96 0505",
        "4",
        ROSA,
        &[],
    ),
    (
        "Puerto Libre Wines",
        "puertolibre.example",
        "Valencia",
        "Valencia",
        "46003",
        "Spain",
        "+34 960 00 06 06",
        "2",
        INES,
        &["retail"],
    ),
];

/// First name, last name, employer (from 1; 0 for none), title, e-mail, phone, its kind, owner, tags, lead status, stage.
type Person = (
    &'static str,
    &'static str,
    usize,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    Option<&'static str>,
    Option<usize>,
);

const PEOPLE: &[Person] = &[
    (
        "Agnes",
        "Whitlock",
        1,
        "Shop Manager",
        "agnes@brightwater.example",
        "+44 117 496 0111",
        "work",
        ROSA,
        &["vip"],
        Some("3"),
        Some(1),
    ),
    (
        "Bernard",
        "Okafor",
        1,
        "Buyer",
        "bernard@brightwater.example",
        "+44 7700 900 112",
        "mobile",
        TOMAS,
        &["newsletter"],
        None,
        None,
    ),
    (
        "Clara",
        "Jensen",
        2,
        "Head of Stores",
        "clara@kestrelbakeries.example",
        "+44 113 496 0213",
        "work",
        ROSA,
        &["vip", "expo, 2026"],
        Some("2"),
        None,
    ),
    (
        "Dmitri",
        "Vale",
        2,
        "Accountant",
        "dmitri@kestrelbakeries.example",
        "+44 113 496 0214",
        "main",
        TOMAS,
        &[],
        None,
        None,
    ),
    (
        "Elin",
        "Sæther",
        3,
        "Owner",
        "elin@nordlys.example",
        "+47 55 00 03 15",
        "work",
        ROSA,
        &["newsletter"],
        Some("1"),
        Some(0),
    ),
    (
        "François",
        "Mercier",
        4,
        "Owner",
        "francois@cafe-ebene.example",
        "+33 6 12 00 04 16",
        "mobile",
        TOMAS,
        &["vip"],
        Some("1"),
        None,
    ),
    (
        "Grace",
        "Bernstein",
        5,
        "Facilities Lead",
        "grace@haldenrye.example",
        "+44 1904 96 0517",
        "work",
        ROSA,
        &[],
        None,
        None,
    ),
    (
        "Hugo",
        "Lam",
        5,
        "Project Manager",
        "hugo@haldenrye.example",
        "+44 7700 900 518",
        "mobile",
        ROSA,
        &["newsletter"],
        None,
        None,
    ),
    (
        "Isabel",
        "Ferrer",
        6,
        "Director",
        "isabel@puertolibre.example",
        "+34 960 00 06 19",
        "work",
        INES,
        &["expo, 2026"],
        Some("4"),
        Some(3),
    ),
    (
        "Jonas",
        "Weber",
        0,
        "",
        "jonas.weber@post.example",
        "+49 30 0000 0720",
        "home",
        TOMAS,
        &[],
        Some("1"),
        None,
    ),
    (
        "Keiko",
        "Tanabe",
        0,
        "Architect",
        "keiko@tanabe-studio.example",
        "+81 3 0000 0821",
        "work",
        ROSA,
        &["partner"],
        None,
        Some(2),
    ),
    (
        "Liam",
        "Oduya",
        1,
        "Carpenter",
        "liam@brightwater.example",
        "+44 117 496 0122",
        "other",
        ROSA,
        &["newsletter"],
        None,
        None,
    ),
    (
        "Maria",
        "Bergström",
        3,
        "Assistant",
        "maria@nordlys.example",
        "+47 55 00 03 23",
        "work fax",
        TOMAS,
        &[],
        None,
        None,
    ),
];

/// Adds all of them.
pub(super) fn add(account: &mut Account) {
    for (number, it) in (1..).zip(COMPANIES) {
        let contact = organisation(number, it);
        account.contacts.push(contact);
    }
    for (number, it) in (1..).zip(PEOPLE) {
        let contact = human(number, it);
        account.contacts.push(contact);
    }
}

fn entry(label: &str, modifier: &str, value: &str, is_primary: bool) -> Value {
    json!({ "label": label, "modifier": modifier, "value": value, "is_primary": is_primary })
}

fn one(fields: &mut Map<String, Value>, name: &str, modifier: &str, value: &str) {
    if !value.is_empty() {
        fields.insert(name.to_owned(), json!([entry(name, modifier, value, false)]));
    }
}

fn record(
    id: &str,
    kind: &str,
    number: u32,
    fields: Map<String, Value>,
    owner: &str,
    tags: &[&str],
) -> Value {
    let day = Duration::days(i64::from(number) * 5);
    let steps = Duration::milliseconds(i64::from(number) * 7_013);
    let created = BEGIN + day + steps;
    let contacted = (!number.is_multiple_of(3)).then(|| {
        json!({
            "tstamp": naive(created + Duration::days(31)), "type": "LCType<message>",
            "object_id": format!("ed5afbee-37f5-4b6b-8f71-{number:012}"), "user_id": owner,
        })
    });
    json!({
        "id": id, "record_type": kind, "fields": fields, "owner_id": owner, "created": naive(created),
        "updated": naive(created + Duration::days(40) + steps), "creator_id": ROSA, "updater_id": owner, "tags": tags,
        "avatar_url": format!("https://app.nimble.com/api/avatars/{kind}_default"), "is_important": null,
        "privacy": { "read": null, "edit": null }, "leads": [], "last_contacted": contacted,
    })
}

fn organisation(number: u32, it: &Company) -> Value {
    let (name, domain, city, state, zip, country, phone, size, owner, tags) = *it;
    let mut fields = Map::new();
    one(&mut fields, "company name", "", name);
    one(&mut fields, "domain", "", domain);
    one(&mut fields, "URL", "work", &format!("https://www.{domain}"));
    one(&mut fields, "email", "work", &format!("hello@{domain}"));
    one(&mut fields, "phone", "main", phone);
    one(
        &mut fields,
        "address",
        "work",
        &address(&format!("{number} Market Street"), city, state, zip, country),
    );
    one(&mut fields, "description", "other", &format!("{name} in {city}.\nOpen on Sundays."));
    one(&mut fields, "# of employees", "", size);
    if number % 2 == 1 {
        one(&mut fields, "industry", "", "Retail");
        one(&mut fields, "Showroom size", "", &format!("{}", number * 120));
    }
    if number == 1 {
        one(&mut fields, "linkedin", "", "https://www.linkedin.com/company/brightwater-example");
        one(&mut fields, "twitter", "", "brightwaterbooks");
    }
    record(&company(number as usize), "company", number, fields, owner, tags)
}

fn address(street: &str, city: &str, state: &str, zip: &str, country: &str) -> String {
    json!({ "street": street, "city": city, "state": state, "zip": zip, "country": country }).to_string()
}

fn human(number: u32, it: &Person) -> Value {
    let (first, last, employer, title, email, phone, kind, owner, tags, status, stage) = *it;
    let mut fields = Map::new();
    one(&mut fields, "first name", "", first);
    one(&mut fields, "last name", "", last);
    fields.insert("email".to_owned(), json!([entry("email", "work", email, true)]));
    fields.insert("phone".to_owned(), json!([entry("phone", kind, phone, false)]));
    let workplace = employer.checked_sub(1).and_then(|place| COMPANIES.get(place));
    if let Some((name, _, city, state, zip, country, ..)) = workplace {
        let job =
            json!({ "company_name": name, "title": title, "start_date": "03/2021", "is_present": true });
        let mut jobs = vec![entry("contact employment", "", &job.to_string(), false)];
        if number % 4 == 1 {
            let before = json!({ "company_name": "Old Pier Trading", "title": "Clerk", "start_date": "09/2014", "end_date": "02/2021" });
            jobs.insert(0, entry("contact employment", "", &before.to_string(), false));
        }
        fields.insert("contact employment".to_owned(), Value::Array(jobs));
        one(
            &mut fields,
            "address",
            "work",
            &address(&format!("{number} Quay Lane"), city, state, zip, country),
        );
    } else if !title.is_empty() {
        one(&mut fields, "contact employment", "", &json!({ "title": title }).to_string());
    }
    if number == 1 {
        more_of_agnes(&mut fields, email);
    }
    if number.is_multiple_of(5) {
        one(&mut fields, "Newsletter", "", "2");
    }
    if let Some(status) = status {
        one(&mut fields, "lead status", "", status);
        one(&mut fields, "lead source", "", "2");
        one(&mut fields, "lead type", "", "5");
    }
    one(&mut fields, "source", "", if number.is_multiple_of(2) { "csv" } else { "m" });
    let id = person(number as usize);
    let mut record = record(&id, "person", number + 20, fields, owner, tags);
    if let Some(stage) = stage {
        let step = json!({ "stage_id": lead_stage(stage), "entered": "2026-05-01T09:00:00.000000" });
        record["leads"] = json!([{
            "pipeline_id": LEADS, "stage_id": lead_stage(stage), "entered": "2026-05-01T09:00:00.000000",
            "path": [step],
        }]);
    }
    record
}

/// One of them has everything that there is.
fn more_of_agnes(fields: &mut Map<String, Value>, email: &str) {
    one(fields, "middle name", "", "Mary");
    let home = json!({ "street": "Flat 3\n8 Orchard Row", "city": "Bath", "zip": "BA1 1AA", "country": "United Kingdom" });
    let addresses = [
        entry(
            "address",
            "work",
            &address("1 Quay Lane", "Bristol", "Avon", "BS1 4DJ", "United Kingdom"),
            false,
        ),
        entry("address", "home", &home.to_string(), false),
    ];
    fields.insert("address".to_owned(), json!(addresses));
    let emails = [
        entry("email", "work", email, true),
        entry("email", "personal", "agnes.whitlock@post.example", false),
    ];
    fields.insert("email".to_owned(), json!(emails));
    one(fields, "URL", "personal", "https://agnes.example");
    one(fields, "linkedin", "", "https://www.linkedin.com/in/agnes-whitlock-example");
    one(fields, "twitter", "", "agnesreads");
    one(fields, "description", "other", "Met at the fair. Likes oak.");
    one(fields, "birthday", "", "04/23/1980");
    one(fields, "Preferred wood", "", "Oak");
    one(fields, "Newsletter", "", "1");
    one(fields, "rating", "", "4");
}
