//! Leads, open and closed.

use serde_json::{Value, json};
use time::Duration;

use super::{fields, later};
use crate::sandbox::nutshell::account::Account;
use crate::sandbox::nutshell::record::Kind;
use crate::sandbox::nutshell::stamps::stamp;

/// What it is about, company, person, stage, pipeline, confidence, value, and the outcome if it is closed.
type Lead = (&'static str, i64, i64, i64, i64, i64, i64, Option<i64>);

const LEADS: [Lead; 14] = [
    ("Two gas chromatographs for the new wing", 1011, 2043, 104, 11, 70, 84_000, None),
    ("Service contract 2026", 1011, 2044, 107, 12, 60, 12_500, None),
    ("Online turbidity sensors", 1012, 2046, 103, 11, 45, 31_200, None),
    ("Fermentation monitor", 1013, 2048, 101, 11, 15, 9_900, None),
    ("Spectrometer for teaching", 1014, 2049, 105, 11, 80, 46_750, None),
    ("Spare lamps, three years", 1014, 2050, 106, 12, 35, 4_200, None),
    ("Solvent analysis line", 1015, 2051, 102, 11, 25, 118_000, None),
    ("Distribution in Norway", 1016, 2052, 109, 13, 50, 150_000, None),
    ("Milk analysers", 1017, 2053, 105, 11, 100, 52_300, Some(211)),
    ("Renewal 2025", 1017, 2053, 108, 12, 100, 7_800, Some(211)),
    ("Mass spectrometer", 1018, 2055, 104, 11, 40, 210_000, Some(212)),
    ("Student balances", 1018, 2054, 102, 11, 20, 3_400, Some(214)),
    ("Stability chamber", 1019, 2056, 103, 11, 55, 27_600, Some(213)),
    ("Particle counter on trial", 1019, 2056, 102, 11, 30, 18_900, None),
];

pub(super) fn add(account: &mut Account) {
    for (index, (about, company, person, stage, pipeline, confidence, value, outcome)) in
        LEADS.into_iter().enumerate()
    {
        let assignee = match index % 4 {
            0 => json!({ "entityType": "Teams", "id": 31 }),
            3 => json!({ "entityType": "Users", "id": 5 }),
            _ => json!({ "entityType": "Users", "id": 4 }),
        };
        let due = later(index + 240, 3) + Duration::hours(6);
        let mut custom = json!({ "Reference ID": format!("MI-{}", 2200 + index) });
        if index % 2 == 0 {
            custom["Budget"] = json!({ "currency": "USD", "amount": (value + 500).to_string() });
        }
        let mut lead = fields([
            ("number", Value::from(1001 + index)),
            ("description", Value::from(about)),
            ("primaryAccount", Value::from(company)),
            ("accounts", json!([])),
            ("contacts", json!([{ "id": person, "relationship": "Decides" }])),
            ("sources", json!([{ "id": 1 + index % 4, "relationship": null }])),
            ("milestone", Value::from(stage)),
            ("stageset", Value::from(pipeline)),
            ("confidence", Value::from(confidence)),
            ("value", json!({ "currency": if index % 3 == 1 { "EUR" } else { "USD" }, "amount": value })),
            ("assignee", assignee),
            ("market", Value::from(1 + i64::from(index % 2 == 0))),
            ("dueTime", if index % 6 == 5 { Value::Null } else { Value::from(stamp(due)) }),
            ("tags", if index % 3 == 0 { json!(["Tender"]) } else { json!([]) }),
            ("customFields", custom),
            ("priority", Value::from(i64::from(index % 5 == 0))),
            ("isPending", Value::from(index == 13)),
            (
                "lastContactedDate",
                if index % 4 == 2 { Value::Null } else { Value::from(stamp(later(index + 50, 2))) },
            ),
        ]);
        if let Some(outcome) = outcome {
            lead.insert("outcome".to_owned(), Value::from(outcome));
            lead.insert("closedTime".to_owned(), Value::from(stamp(later(index + 30, 8))));
        }
        let id = account.add(Kind::Leads, 3 + i64::try_from(index % 2).unwrap_or(0), lead);
        account.date(Kind::Leads, id, later(index + 2, 6), later(index + 25, 9));
    }
}
