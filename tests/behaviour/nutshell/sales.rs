//! Nutshell's leads, as leads and as opportunities, and the pipelines and stages that they go through.

use futures::FutureExt;
use serde_json::{Value, json};

use super::{
    ALWAYS, CONTACTED, CREATED, OWNER, TAG_NAME, TAGS, UPDATED, among, at, every, first_text, is, one,
};
use super::{owner, text};
use crate::described::{Collection, Described, Filter, Instant, Sample, Writes};
use crate::support::twin::Twin;

pub const RESOURCES: &[Described] = &[
    Described {
        empty: || json!({ "result": [] }),
        filters: &[
            STATUS,
            ASSIGNEE,
            TITLE,
            STAGE_ID,
            STAGE_NAME,
            PIPELINE_ID,
            PIPELINE_NAME,
            TAG_NAME,
            SOURCE,
            ACCOUNT_ID,
            CONTACT_ID,
            SEARCH,
        ],
        instants: INSTANTS,
        free: is_open,
        writes: Some(Writes {
            needs: &["title"],
            // A reason goes with an outcome.
            aside: &["lost_reason"],
            sample: |_| async { lead() }.boxed_local(),
            touches: &[
                ("owner", &["assignee"]),
                ("lead_source", &["sources"]),
                ("status", &["status"]),
                ("title", &["description"]),
                ("contact", &["contacts"]),
                ("account", &["primaryAccount"]),
                ("custom_fields", &["customFields"]),
                ("tags", &["tags"]),
                ("contacts", &["contacts"]),
                ("stage", &["milestone", "stageset", "completion"]),
                ("pipeline", &["milestone", "stageset", "completion"]),
                ("probability", &["confidence"]),
                ("close_date", &["dueTime", "isOverdue"]),
                ("amount", &["value", "normalizedValue", "estimatedValue"]),
            ],
            always: ALWAYS,
            insists: &["status", "title", "custom_fields", "stage", "pipeline", "probability"],
            collections: &[TAGS, CONTACTS],
        }),
        ..Described::usual(
            "nutshell",
            "crm/leads",
            |twin| leads(twin).boxed_local(),
            |twin, id| one(twin, "getLead", "leadId", id).boxed_local(),
        )
    },
    Described {
        empty: || json!({ "result": [] }),
        filters: &[
            STATUS,
            ASSIGNEE,
            NAME,
            STAGE_ID,
            STAGE_NAME,
            PIPELINE_ID,
            PIPELINE_NAME,
            TAG_NAME,
            CURRENCY,
            ACCOUNT_ID,
            CONTACT_ID,
            SEARCH,
        ],
        instants: INSTANTS,
        free: is_open,
        writes: Some(Writes {
            needs: &["name"],
            aside: &["lost_reason"],
            sample: |_| async { opportunity() }.boxed_local(),
            touches: &[
                ("name", &["description"]),
                ("owner", &["assignee"]),
                ("account", &["primaryAccount"]),
                ("contact", &["contacts"]),
                ("stage", &["milestone", "stageset", "completion"]),
                ("status", &["status"]),
                ("tags", &["tags"]),
                ("custom_fields", &["customFields"]),
                ("close_date", &["dueTime", "isOverdue"]),
                ("amount", &["value", "normalizedValue", "estimatedValue"]),
                ("pipeline", &["milestone", "stageset", "completion"]),
                ("probability", &["confidence"]),
            ],
            always: ALWAYS,
            insists: &["name", "status", "custom_fields", "stage", "pipeline", "probability"],
            collections: &[TAGS, PEOPLE],
        }),
        ..Described::usual(
            "nutshell",
            "crm/opportunities",
            |twin| leads(twin).boxed_local(),
            |twin, id| one(twin, "getLead", "leadId", id).boxed_local(),
        )
    },
    Described {
        empty: || json!({ "result": [] }),
        filters: &[ENTITY, PIPELINE],
        instants: &[UPDATED],
        ..Described::usual(
            "nutshell",
            "crm/pipelines",
            |twin| every(twin, "findStagesets").boxed_local(),
            |twin, id| among(twin, "findStagesets", id).boxed_local(),
        )
    },
    Described {
        empty: || json!({ "result": [] }),
        filters: &[STAGE, POSITION, STAGESET_ID, STAGESET_NAME],
        ..Described::usual(
            "nutshell",
            "crm/stages",
            |twin| every(twin, "findMilestones").boxed_local(),
            |twin, id| among(twin, "findMilestones", id).boxed_local(),
        )
    },
];

const INSTANTS: &[Instant] = &[CREATED, UPDATED, CONTACTED, CLOSES];
const CLOSES: Instant = Instant {
    name: "close_date",
    of: |record| match at(&record["closedTime"]) {
        Value::Null => at(&record["dueTime"]),
        closed => closed,
    },
};

async fn leads(twin: &Twin) -> Vec<Value> {
    every(twin, "findLeads").await
}

fn is_open(record: &Value) -> bool {
    record["status"] == 0
}

fn status(record: &Value) -> &'static str {
    match record["status"].as_i64() {
        Some(0) => "open",
        Some(1) => "pending",
        Some(10) => "won",
        Some(11) => "lost",
        _ => "cancelled",
    }
}

fn lead() -> Sample {
    Sample {
        body: json!({
            "owner": { "id": "5" }, "lead_source": "Website", "status": "pending", "title": "Ten & one balances",
            "contact": { "id": "2051" }, "account": { "id": "1015" }, "custom_fields": { "Reference ID": "X-1" },
            "tags": (TAGS.first)(), "contacts": [{ "id": "2051" }, { "id": "2043" }], "stage": { "id": "108" },
            "pipeline": { "id": "12" }, "amount": 1250.5, "probability": 35, "close_date": "2027-05-31T00:00:00.000Z",
        }),
        native: native(),
    }
}

fn opportunity() -> Sample {
    Sample {
        body: json!({
            "name": "Ten & one balances", "owner": { "id": "5" }, "account": { "id": "1015" },
            "contact": [{ "id": "2051" }, { "id": "2043" }], "stage": { "id": "108" }, "status": "pending",
            "tags": (TAGS.first)(), "custom_fields": { "Reference ID": "X-1" },
            "close_date": "2027-05-31T00:00:00.000Z", "pipeline": { "id": "12" }, "amount": 1250.5, "probability": 35,
        }),
        native: native(),
    }
}

fn native() -> Value {
    json!({
        "description": "Ten & one balances", "status": 1, "assignee": { "id": 5, "entityType": "Users" },
        "primaryAccount": { "id": 1015 }, "contacts": [{ "id": 2051 }, { "id": 2043 }], "milestone": { "id": 108 },
        "stageset": { "id": 12 }, "confidence": 35, "value": { "amount": 1250.5 }, "dueTime": "2027-05-31T00:00:00+0000",
        "tags": ["VIP", "Made by a test"], "customFields": { "Reference ID": "X-1" },
    })
}

const STATUS: Filter =
    Filter { name: "status", value: |_| "won".to_owned(), keeps: |record, wanted| status(record) == wanted };
const ASSIGNEE: Filter = Filter {
    name: "owner[id]",
    value: |_| OWNER.to_owned(),
    keeps: |record, wanted| owner(record, "assignee") == wanted,
};
const TITLE: Filter = Filter {
    name: "title",
    value: |_| "SENSORS".to_owned(),
    keeps: |record, wanted| text(&record["description"]).to_lowercase().contains(&wanted.to_lowercase()),
};
const NAME: Filter = Filter { name: "name", ..TITLE };
const STAGE_ID: Filter = Filter {
    name: "stage[id]",
    value: |records| text(&records[0]["milestone"]["id"]),
    keeps: |record, wanted| text(&record["milestone"]["id"]) == wanted,
};
const STAGE_NAME: Filter = Filter {
    name: "stage[name]",
    value: |records| text(&records[0]["milestone"]["name"]).to_uppercase(),
    keeps: |record, wanted| is(&record["milestone"]["name"], wanted),
};
const PIPELINE_ID: Filter = Filter {
    name: "pipeline[id]",
    value: |records| text(&records[0]["stageset"]["id"]),
    keeps: |record, wanted| text(&record["stageset"]["id"]) == wanted,
};
const PIPELINE_NAME: Filter = Filter {
    name: "pipeline[name]",
    value: |records| text(&records[0]["stageset"]["name"]),
    keeps: |record, wanted| is(&record["stageset"]["name"], wanted),
};
const SOURCE: Filter = Filter {
    name: "lead_source",
    value: |records| first_text(records, |record| &record["sources"][0]["name"]),
    keeps: |record, wanted| is(&record["sources"][0]["name"], wanted),
};
const CURRENCY: Filter = Filter {
    name: "currency",
    value: |_| "EUR".to_owned(),
    keeps: |record, wanted| is(&record["value"]["currency"], wanted),
};
const ACCOUNT_ID: Filter = Filter {
    name: "account[id]",
    value: |records| text(&records[0]["primaryAccount"]["id"]),
    keeps: |record, wanted| text(&record["primaryAccount"]["id"]) == wanted,
};
const CONTACT_ID: Filter = Filter {
    name: "contact[id]",
    value: |records| text(&records[0]["contacts"][0]["id"]),
    keeps: |record, wanted| {
        record["contacts"]
            .as_array()
            .is_some_and(|people| people.iter().any(|one| text(&one["id"]) == wanted))
    },
};
const SEARCH: Filter = Filter {
    name: "search",
    value: |records| text(&records[0]["contacts"][0]["name"]).to_lowercase(),
    keeps: |record, wanted| {
        let people = record["contacts"].as_array().into_iter().flatten().map(|one| text(&one["name"]));
        let mut words: Vec<String> = people.collect();
        words.extend([text(&record["description"]), text(&record["primaryAccount"]["name"])]);
        words.iter().any(|word| word.to_lowercase().contains(&wanted.to_lowercase()))
    },
};
const ENTITY: Filter = Filter {
    name: "entity",
    value: |_| "lead".to_owned(),
    keeps: |_, wanted| matches!(wanted, "lead" | "opportunity"),
};
const PIPELINE: Filter = Filter {
    name: "name",
    value: |records| text(&records[0]["name"]),
    keeps: |record, wanted| text(&record["name"]) == wanted,
};
const STAGE: Filter = PIPELINE;
const POSITION: Filter = Filter {
    name: "position",
    value: |_| "2".to_owned(),
    keeps: |record, wanted| text(&record["position"]) == wanted,
};
const STAGESET_ID: Filter = Filter {
    name: "pipeline[id]",
    value: |records| text(&records[0]["stagesetId"]),
    keeps: |record, wanted| text(&record["stagesetId"]) == wanted,
};
const STAGESET_NAME: Filter = Filter {
    name: "pipeline[name]",
    value: |_| "Service contracts".to_owned(),
    keeps: |record, _| record["stagesetId"] == 12,
};

const CONTACTS: Collection = Collection {
    field: "contacts",
    first: || json!([{ "id": "2043" }, { "id": "2044" }]),
    edited: None,
    added: || json!({ "id": "2046" }),
    native: |record| {
        let people = record["contacts"].as_array().expect("a list").iter();
        people.map(|one| json!({ "name": one["name"] })).collect()
    },
};
const PEOPLE: Collection = Collection { field: "contact", ..CONTACTS };
