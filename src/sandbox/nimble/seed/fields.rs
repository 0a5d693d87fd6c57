//! The fields that contacts and deals have.

use serde_json::{Value, json};

use super::super::account::items;
use super::id;
use super::sales::{FITTINGS, SERVICE};

const KIND: u32 = 0x0f01;

/// A field of contacts: name, modifier, kind, whether it takes several values.
fn field(number: usize, name: &str, modifier: &str, kind: &str, multiples: bool) -> Value {
    json!({
        "type": "field", "name": name, "field_id": id(KIND, number), "modifier": modifier, "multiples": multiples,
        "read_only": name == "source", "field_type": { "field_kind": kind }, "presentation": null,
        "available_actions": "view_only",
    })
}

fn choice(number: usize, name: &str, labels: &[&str]) -> Value {
    let mut field = field(number, name, "", "choice", false);
    let values: Vec<Value> =
        (1..).zip(labels).map(|(id, label)| json!({ "id": format!("{id}"), "value": label })).collect();
    field["field_type"]["values"] = json!({ "ordering_type": "ordinal", "values": values });
    field["available_actions"] = json!("edit_choices_only");
    field
}

fn own(mut field: Value) -> Value {
    field["available_actions"] = json!("edit_all");
    field
}

fn group(number: usize, name: &str, fields: Vec<Value>) -> Value {
    json!({ "type": "group", "name": name, "group_id": id(0x0f02, number), "logo_id": "1", "fields": fields })
}

fn tab(number: usize, name: &str, of: &str, members: Vec<Value>) -> Value {
    json!({
        "tab_id": id(0x0f03, number), "tab_name": name, "contact_types": of, "is_standard": true,
        "available_actions": "rearrange_only", "members": members,
    })
}

/// The tabs of people and companies.
pub(super) fn tabs() -> Vec<Value> {
    let each = |first: usize, name: &str, modifiers: &[&str], kind: &str| -> Vec<Value> {
        (first..).zip(modifiers).map(|(number, modifier)| field(number, name, modifier, kind, true)).collect()
    };
    let phones = ["work", "home", "mobile", "main", "home fax", "work fax", "other"];
    let social: Vec<Value> = (60..)
        .zip(["twitter", "facebook", "linkedin", "instagram", "skype id"])
        .map(|(number, name)| field(number, name, "", "string", true))
        .collect();
    vec![
        tab(
            1,
            "Personal Info",
            "person",
            vec![
                group(
                    1,
                    "Basic Info",
                    vec![
                        field(1, "first name", "", "string", false),
                        field(2, "middle name", "", "string", false),
                        field(3, "last name", "", "string", false),
                        field(4, "contact employment", "", "employment", true),
                        field(5, "birthday", "", "string", false),
                        field(6, "title", "", "string", false),
                    ],
                ),
                own(field(7, "Preferred wood", "", "string", false)),
                own(choice(8, "Newsletter", &["Weekly", "Monthly", "Never"])),
                own(choice(9, "Favourite room", &["The long and light gallery", "The workshop in the yard"])),
                own(field(10, "Favourite song", "", "string", false)),
            ],
        ),
        tab(
            2,
            "Company Info",
            "company",
            vec![
                field(20, "company name", "", "string", false),
                field(21, "domain", "", "string", false),
                choice(22, "# of employees", &["1-10", "11-50", "51-200", "201-1000"]),
                field(23, "annual revenue", "", "string", false),
                own(field(24, "industry", "", "string", false)),
                own(field(25, "Showroom size", "", "number", false)),
            ],
        ),
        tab(
            3,
            "Contact Info",
            "person",
            [
                vec![group(
                    2,
                    "Ways to get in touch",
                    [
                        each(30, "email", &["work", "personal", "other"], "string"),
                        each(40, "phone", &phones, "string"),
                        each(50, "URL", &["work", "personal", "blog", "other"], "string"),
                        each(55, "address", &["work", "home", "other"], "address"),
                    ]
                    .concat(),
                )],
                social,
                vec![
                    field(70, "description", "other", "long_string", true),
                    field(71, "source", "", "string", false),
                ],
            ]
            .concat(),
        ),
        tab(
            4,
            "Additional Lead Fields",
            "person",
            vec![
                choice(80, "lead status", &["Open", "Contacted", "Qualified", "Unqualified"]),
                choice(81, "lead source", &["Trade fair", "Website", "Recommendation"]),
                choice(82, "lead type", &["Analyst", "Partner", "Press", "Customer", "Lead"]),
                choice(83, "rating", &["1", "2", "3", "4", "5"]),
            ],
        ),
        workshop(),
    ]
}

/// A tab that the company made for itself.
fn workshop() -> Value {
    let mut tab = tab(5, "Workshop", "person", vec![group(3, "Habits", Vec::new())]);
    tab["is_standard"] = json!(false);
    tab["available_actions"] = json!("edit_all");
    tab
}

/// Fields that all deals have. Their type is a plain word.
pub(super) fn standard() -> Vec<Value> {
    let fields = [
        ("name", "string"),
        ("probability", "number"),
        ("description", "long_string"),
        ("amount", "number"),
        ("expected_close_date", "datetime"),
        ("actual_close_date", "datetime"),
    ];
    (1..).zip(fields).map(|(number, (name, kind))| deal_field(number, name, kind, "view_only")).collect()
}

fn deal_field(number: usize, name: &str, kind: &str, actions: &str) -> Value {
    json!({
        "field_id": id(0x0f04, number), "modifier": "", "multiples": false, "available_actions": actions,
        "field_type": kind, "field_name": name,
    })
}

/// The id of a field that all deals have.
pub(super) fn standard_id(name: &str) -> String {
    let place = items(&Value::Array(standard())).iter().position(|field| field["field_name"] == name);
    id(0x0f04, place.unwrap_or_default() + 1)
}

/// The id of the field in which fittings note the region.
pub(super) fn region() -> String {
    id(0x0f04, 20)
}

/// One tab for each pipeline.
pub(super) fn deal_tabs() -> Vec<Value> {
    let member =
        |pipeline: &str, field: Value| json!({ "type": "field", "pipeline_id": pipeline, "field": field });
    let mut region = deal_field(20, "Region", "choice", "edit_all");
    region["values"] = json!({ "ordering_type": "ordinal", "values": [
        { "id": "1", "value": "North" }, { "id": "2", "value": "South" },
    ] });
    vec![
        json!({ "tab_id": id(0x0f05, 1), "tab_name": "Shop fittings", "pipeline_id": FITTINGS, "members": [
            { "type": "group", "group_name": "Site", "group_id": id(0x0f06, 1), "logo_id": "1",
              "fields": [member(FITTINGS, region)] },
            member(FITTINGS, deal_field(21, "Order number", "string", "edit_all")),
        ] }),
        json!({ "tab_id": id(0x0f05, 2), "tab_name": "Service contracts", "pipeline_id": SERVICE, "members": [] }),
    ]
}
