//! Capsule's opportunities, and the pipelines and stages that they and projects go through.

use futures::FutureExt;
use serde_json::{Value, json};

use super::{
    CREATED, INSTANTS, NAME, OWNER, OWNER_ID, TAG_ID, TAG_NAME, TAGS, UPDATED, every, first, is, one, text,
};
use crate::described::{Described, Filter, Sample, Writes};
use crate::support::twin::Twin;

const EMBED: &str = "embed=tags,fields,party,milestone";

pub const RESOURCES: &[Described] = &[
    Described {
        empty: || json!({ "opportunities": [] }),
        // Whom else it is with is asked for one by one.
        shorter_in_lists: &["contact"],
        filters: &[
            NAME,
            OWNER_ID,
            STATUS,
            STAGE_ID,
            STAGE_NAME,
            PIPELINE_ID,
            PIPELINE_NAME,
            TAG_ID,
            TAG_NAME,
            CURRENCY,
            SEARCH,
            CONTACT_ID,
            ACCOUNT_ID,
        ],
        instants: INSTANTS,
        // One of a team can only be given to a member of that team, and a closed one keeps its day and probability.
        free: |record| record["team"].is_null() && record["closedOn"].is_null(),
        writes: Some(Writes {
            needs: &["name"],
            // An open opportunity has not been lost. Who else it is with is no part of Capsule's record.
            aside: &["lost_reason", "contact"],
            sample: |twin| opportunity(twin).boxed_local(),
            touches: &[
                ("name", &["name"]),
                ("description", &["description"]),
                ("amount", &["value"]),
                ("currency", &["value"]),
                ("owner", &["owner"]),
                ("account", &["party"]),
                ("stage", &["milestone", "probability", "lastStageChangedAt", "lastOpenMilestone"]),
                ("status", &[]),
                ("pipeline", &["milestone", "probability", "lastStageChangedAt", "lastOpenMilestone"]),
                ("tags", &["tags"]),
                ("custom_fields", &["fields"]),
                ("close_date", &["expectedCloseOn"]),
                ("probability", &["probability"]),
            ],
            always: &["updatedAt"],
            insists: &[
                "name",
                "custom_fields",
                "account",
                "currency",
                "owner",
                "stage",
                "status",
                "pipeline",
                "probability",
            ],
            collections: &[TAGS],
        }),
        ..Described::usual(
            "capsule",
            "crm/opportunities",
            |twin| every(twin, "opportunities", "opportunities", EMBED).boxed_local(),
            |twin, id| opportunity_of(twin, id).boxed_local(),
        )
    },
    Described {
        id: |record| namespaced(record, if is_pipeline(record) { "pipeline" } else { "board" }),
        missing: "pipeline:999999999",
        impossible: "31411",
        one_source: false,
        filters: &[EXACT_NAME, ENTITY],
        instants: &[CREATED, UPDATED],
        free: is_pipeline,
        ..Described::usual(
            "capsule",
            "crm/pipelines",
            |twin| pipelines(twin).boxed_local(),
            |twin, id| by_kind(twin, id).boxed_local(),
        )
    },
    Described {
        id: |record| namespaced(record, if is_milestone(record) { "milestone" } else { "stage" }),
        missing: "milestone:999999999",
        impossible: "pipeline:7",
        one_source: false,
        filters: &[EXACT_NAME, STAGE_PIPELINE, STAGE_PIPELINE_NAME, IN_USE, OUTCOME],
        instants: &[CREATED, UPDATED],
        // The first way of reading one is that of milestones.
        free: is_milestone,
        ..Described::usual(
            "capsule",
            "crm/stages",
            |twin| stages(twin).boxed_local(),
            |twin, id| by_kind(twin, id).boxed_local(),
        )
    },
];

fn namespaced(record: &Value, kind: &str) -> String {
    format!("{kind}:{}", record["id"])
}

/// Boards have nothing like it.
fn is_pipeline(record: &Value) -> bool {
    record.get("openMilestoneCount").is_some()
}

fn is_milestone(record: &Value) -> bool {
    record.get("pipeline").is_some()
}

async fn opportunity_of(twin: &Twin, id: &str) -> Option<Value> {
    one(twin, &format!("opportunities/{id}"), "opportunity", EMBED).await
}

async fn pipelines(twin: &Twin) -> Vec<Value> {
    let mut found = every(twin, "pipelines", "pipelines", "").await;
    found.extend(every(twin, "boards", "boards", "").await);
    found
}

async fn stages(twin: &Twin) -> Vec<Value> {
    let mut found = Vec::new();
    for pipeline in every(twin, "pipelines", "pipelines", "").await {
        found
            .extend(every(twin, &format!("pipelines/{}/milestones", pipeline["id"]), "milestones", "").await);
    }
    found.extend(every(twin, "stages", "stages", "").await);
    found
}

/// A record whose id says of which kind it is.
async fn by_kind(twin: &Twin, id: &str) -> Option<Value> {
    let (kind, number) = id.split_once(':')?;
    one(twin, &format!("{kind}s/{number}"), kind, "").await
}

async fn opportunity(twin: &Twin) -> Sample {
    let account = first(twin, "organisation").await;
    let party: i64 = account.parse().expect("a number");
    Sample {
        body: json!({
            "name": "Grinders & Søn", "description": "First line\n\nThird line", "amount": 1250.5, "currency": "EUR",
            "owner": { "id": OWNER }, "account": { "id": account },
            "stage": { "id": "milestone:268075" }, "status": "open", "pipeline": { "id": "pipeline:31411" },
            "tags": (TAGS.first)(), "close_date": "2027-03-31T00:00:00.000Z", "probability": 55,
            "custom_fields": { "871403": 12, "871405": "Nobody" },
        }),
        native: json!({
            "name": "Grinders & Søn", "description": "First line\n\nThird line",
            "value": { "amount": 1250.5, "currency": "EUR" }, "owner": { "id": 712_443 }, "party": { "id": party },
            "milestone": { "id": 268_075 }, "expectedCloseOn": "2027-03-31", "probability": 55, "closedOn": null,
            "tags": [{ "name": "VIP" }, { "name": "Made by a test" }],
            "fields": [
                { "definition": { "id": 871_403 }, "value": "12" },
                { "definition": { "id": 871_405 }, "value": "Nobody" },
            ],
        }),
    }
}

fn status(record: &Value) -> &'static str {
    match (&record["closedOn"], record["milestone"]["probability"].as_i64()) {
        (Value::Null, _) => "open",
        (_, Some(100)) => "won",
        _ => "lost",
    }
}

const STATUS: Filter =
    Filter { name: "status", value: |_| "won".to_owned(), keeps: |record, wanted| status(record) == wanted };
const STAGE_ID: Filter = Filter {
    name: "stage[id]",
    value: |records| format!("milestone:{}", records[0]["milestone"]["id"]),
    keeps: |record, wanted| format!("milestone:{}", record["milestone"]["id"]) == wanted,
};
const STAGE_NAME: Filter = Filter {
    name: "stage[name]",
    value: |records| text(&records[0]["milestone"]["name"]).to_uppercase(),
    keeps: |record, wanted| is(&record["milestone"]["name"], wanted),
};
const PIPELINE_ID: Filter = Filter {
    name: "pipeline[id]",
    value: |records| format!("pipeline:{}", records[0]["milestone"]["pipeline"]["id"]),
    keeps: |record, wanted| format!("pipeline:{}", record["milestone"]["pipeline"]["id"]) == wanted,
};
const PIPELINE_NAME: Filter = Filter {
    name: "pipeline[name]",
    value: |records| text(&records[0]["milestone"]["pipeline"]["name"]).to_lowercase(),
    keeps: |record, wanted| is(&record["milestone"]["pipeline"]["name"], wanted),
};
const CURRENCY: Filter = Filter {
    name: "currency",
    value: |_| "USD".to_owned(),
    keeps: |record, wanted| record["value"]["currency"] == wanted,
};
const SEARCH: Filter = Filter {
    name: "search",
    value: |_| "lease".to_owned(),
    keeps: |record, wanted| text(&record["name"]).to_lowercase().contains(wanted),
};
const CONTACT_ID: Filter = Filter {
    name: "contact[id]",
    value: |records| party_of_type(records, "person"),
    keeps: |record, wanted| text(&record["party"]["id"]) == wanted,
};
const ACCOUNT_ID: Filter = Filter {
    name: "account[id]",
    value: |records| party_of_type(records, "organisation"),
    keeps: |record, wanted| text(&record["party"]["id"]) == wanted,
};

fn party_of_type(records: &[Value], kind: &str) -> String {
    text(&records.iter().find(|record| record["party"]["type"] == kind).expect("one")["party"]["id"])
}

const EXACT_NAME: Filter = Filter {
    name: "name",
    value: |records| text(&records[0]["name"]),
    keeps: |record, wanted| record["name"] == wanted,
};
const ENTITY: Filter = Filter {
    name: "entity",
    value: |_| "project".to_owned(),
    keeps: |record, wanted| (if is_pipeline(record) { "opportunity" } else { "project" }) == wanted,
};
const STAGE_PIPELINE: Filter = Filter {
    name: "pipeline[id]",
    value: |records| format!("pipeline:{}", records[0]["pipeline"]["id"]),
    keeps: |record, wanted| {
        let kind = if is_milestone(record) { "pipeline" } else { "board" };
        format!("{kind}:{}", record[kind]["id"]) == wanted
    },
};
const STAGE_PIPELINE_NAME: Filter = Filter {
    name: "pipeline[name]",
    value: |records| text(&records[0]["pipeline"]["name"]),
    keeps: |record, wanted| record["pipeline"]["name"] == wanted || record["board"]["name"] == wanted,
};
/// Capsule lists only those in use.
pub(super) const IN_USE: Filter =
    Filter { name: "status", value: |_| "active".to_owned(), keeps: |_, wanted| wanted == "active" };
const OUTCOME: Filter = Filter {
    name: "outcome",
    value: |_| "won".to_owned(),
    keeps: |record, wanted| {
        let outcome = match (record["complete"] == true, record["probability"].as_i64()) {
            (true, Some(100)) => "won",
            (true, _) => "lost",
            _ => "open",
        };
        is_milestone(record) && outcome == wanted
    },
};
