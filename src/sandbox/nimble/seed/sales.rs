//! Pipelines and deals.

use serde_json::{Map, Value, json};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::super::account::Account;
use super::super::instants::{day, month_before, naive};
use super::fields::{region, standard_id};
use super::{ROSA, TOMAS, company, deal, id, person, user};

/// The pipeline of shop fittings, where deals go unless told otherwise.
pub(super) const FITTINGS: &str = "66c00401a1b2c3d400000001";
/// The pipeline of service contracts.
pub(super) const SERVICE: &str = "66c00401a1b2c3d400000002";
/// Pipelines in which there are no deals yet.
const RENTALS: &str = "66c00401a1b2c3d400000004";
const REPAIRS: &str = "66c00401a1b2c3d400000005";
/// The pipeline of leads.
pub(super) const LEADS: &str = "66c00401a1b2c3d400000003";

const BEGIN: OffsetDateTime = datetime!(2026-03-02 10:20:00.500 UTC);

/// The id of a stage of leads.
pub(super) fn lead_stage(place: usize) -> String {
    id(0x0403, place + 1)
}

fn rosa() -> Value {
    user(ROSA, "Rosa Lindqvist", "rosa@harbourfinch.example", true)
}

/// The pipeline that contacts go through.
pub(super) fn lead_pipelines() -> Vec<Value> {
    let at = naive(BEGIN);
    let stages = [("New", "open"), ("Qualified", "open"), ("Won", "won"), ("Lost", "lost")];
    let stages: Vec<Value> = stages
        .iter()
        .enumerate()
        .map(|(place, (name, role))| {
            json!({
                "stage_id": lead_stage(place), "pipeline_id": LEADS, "name": name, "description": null,
                "position": place, "days_limit": if place == 0 { json!(7) } else { Value::Null },
                "role": { "name": role, "is_final": *role != "open" }, "creator": rosa(), "created": at,
                "updated": at, "archived_at": null,
            })
        })
        .collect();
    vec![json!({
        "pipeline_id": LEADS, "name": "Enquiries", "description": null, "color": "#8a5fb0", "created": at,
        "updated": at, "archived_at": null, "creator": rosa(), "fields": [], "stages": stages,
        "lost_reasons": [{ "id": id(0x0405, 1), "text": "No budget" }],
    })]
}

fn stages(pipeline: &str, first: usize, open: &[(&str, u32, u32)]) -> Vec<Value> {
    let ends = [("Won", 100, "won"), ("Lost", 0, "lost")];
    let all = open
        .iter()
        .map(|(name, chance, days)| (*name, *chance, "open", json!(days)))
        .chain(ends.map(|(name, chance, role)| (name, chance, role, Value::Null)));
    (first..)
        .zip(all)
        .map(|(number, (name, chance, role, days))| {
            let at = naive(BEGIN + Duration::minutes(i64::try_from(number).unwrap_or_default()));
            json!({
                "stage_id": id(0x0402, number), "name": name, "description": null, "default_probability": chance,
                "expected_days": days, "role": { "name": role, "is_final": role != "open" }, "creator": rosa(),
                "created": at, "updated": at, "pipline_id": pipeline, "archived_at": null,
            })
        })
        .collect()
}

fn pipeline(id: &str, name: &str, is_default: bool, stages: &[Value], reasons: &[Value]) -> Value {
    let at = naive(if is_default {
        BEGIN
    } else {
        BEGIN + Duration::days(i64::try_from(name.len()).unwrap_or_default())
    });
    json!({
        "pipeline_id": id, "creator_id": ROSA, "name": name, "description": null, "created": at, "updated": at,
        "archived_at": null, "stages": stages, "color": "#2685c4", "lost_reasons": reasons, "is_default": is_default,
        "default_currency": "GBP",
    })
}

/// Name, pipeline, stages gone through (from 1), amount, owner, company, people, tags.
type Deal = (
    &'static str,
    &'static str,
    &'static [usize],
    &'static str,
    &'static str,
    usize,
    &'static [usize],
    &'static [&'static str],
);

const DEALS: &[Deal] = &[
    ("Brightwater: oak shelving", FITTINGS, &[1, 2], "12500.5", ROSA, 1, &[1, 2], &["shelving", "q3"]),
    ("Brightwater: children's corner", FITTINGS, &[1], "4200", TOMAS, 1, &[2], &["shelving"]),
    ("Kestrel: counter in Leeds", FITTINGS, &[1, 2, 3], "28990", ROSA, 2, &[3], &["counter"]),
    ("Kestrel: counter in Hull", FITTINGS, &[1, 2, 4], "31000", TOMAS, 2, &[3, 4], &["counter", "q3"]),
    ("Nordlys: display cases", FITTINGS, &[1], "7750.25", ROSA, 3, &[5], &[]),
    ("Café Ébène: bar", FITTINGS, &[1, 2, 5], "15400", TOMAS, 4, &[6], &["counter"]),
    ("Halden & Rye: fitting rooms", FITTINGS, &[1, 3], "64000", ROSA, 5, &[7, 8], &["q4"]),
    ("Puerto Libre: wine wall", FITTINGS, &[1, 2], "22100", TOMAS, 6, &[9], &["shelving"]),
    ("Tanabe studio: samples", FITTINGS, &[1], "600", ROSA, 0, &[11], &[]),
    ("Brightwater: yearly care", SERVICE, &[6], "1800", ROSA, 1, &[1], &["care"]),
    ("Kestrel: yearly care", SERVICE, &[6, 7], "2400", TOMAS, 2, &[4], &["care"]),
];

/// Adds all of them.
pub(super) fn add(account: &mut Account) {
    let open = [("Enquiry", 20, 10), ("Quotation", 50, 14), ("Negotiation", 80, 7)];
    let fittings = stages(FITTINGS, 1, &open);
    let service = stages(SERVICE, 6, &[("Offer", 40, 30)]);
    let reasons =
        [json!({ "id": id(0x0404, 1), "text": "Price" }), json!({ "id": id(0x0404, 2), "text": "Timing" })];
    account.pipelines.push(pipeline(FITTINGS, "Shop fittings", true, &fittings, &reasons));
    account.pipelines.push(pipeline(SERVICE, "Service contracts", false, &service, &[]));
    let rentals = stages(RENTALS, 11, &[("Asked", 10, 5)]);
    account.pipelines.push(pipeline(RENTALS, "Showroom rentals", false, &rentals, &[]));
    let repairs = stages(REPAIRS, 14, &[("Reported", 30, 2)]);
    account.pipelines.push(pipeline(REPAIRS, "Window repairs", false, &repairs, &[]));
    for (number, it) in (1..).zip(DEALS) {
        let record = record(number, it, account.now);
        account.deals.push(record);
    }
}

fn record(number: u32, it: &Deal, now: OffsetDateTime) -> Value {
    let (name, pipeline, path, amount, owner, account, people, tags) = *it;
    let created =
        BEGIN + Duration::days(i64::from(number) * 6) + Duration::milliseconds(i64::from(number) * 311);
    let updated = created + Duration::days(20);
    let ended = path.last().is_some_and(|last| matches!(last, 4 | 5 | 7 | 8));
    let mut values = Map::new();
    let mut value =
        |id: String, text: &str| values.insert(id, json!([{ "value": text, "is_primary": false }]));
    value(standard_id("name"), name);
    value(standard_id("amount"), amount);
    value(standard_id("expected_close_date"), &format!("{}T00:00:00", day(created + Duration::days(90))));
    if number % 3 == 1 {
        value(standard_id("description"), &format!("{name}, as talked about on site.\nMeasured twice."));
        value(standard_id("probability"), "65");
    }
    if ended {
        let (year, month) = month_before(now);
        value(standard_id("actual_close_date"), &format!("{year}-{:02}-15T00:00:00", u8::from(month)));
    }
    if pipeline == FITTINGS && number % 2 == 1 {
        value(region(), if number % 4 == 1 { "1" } else { "2" });
    }
    let steps: Vec<Value> = path
        .iter()
        .enumerate()
        .map(|(place, stage)| {
            let when = created + Duration::days(i64::try_from(place).unwrap_or_default() * 8);
            json!({ "stage_id": id(0x0402, *stage), "who": owner, "when": day(when), "notes": null })
        })
        .collect();
    let with = (account > 0).then(|| company(account)).into_iter().chain(people.iter().map(|it| person(*it)));
    let related: Vec<Value> = with
        .enumerate()
        .map(|(place, id)| json!({ "contact_id": id, "note": if place == 1 { "decides" } else { "" } }))
        .collect();
    let nobody = json!({ "user_ids": [], "group_ids": [] });
    json!({
        "deal_id": deal(number as usize), "deal_number": number, "creator_id": ROSA, "owner_id": owner,
        "updated_by": owner, "created": naive(created), "updated": naive(updated),
        "currency": if number == 6 { "EUR" } else { "GBP" }, "related_contacts": related,
        "related_external_contacts": [], "privacy": { "read": nobody, "edit": nobody }, "values": values,
        "runs": [{ "pipeline_id": pipeline, "steps": steps }],
        "files": if number == 1 { json!([file()]) } else { json!([]) }, "tags": tags,
    })
}

fn file() -> Value {
    json!({
        "uploader": rosa(), "uploaded_at": naive(BEGIN), "file_size": 2048, "file_name": "drawing.pdf",
        "file_id": id(0x0406, 1), "metadata": { "data_id": "c0ffee00-drawing", "source": "uploaded_azure" },
    })
}
