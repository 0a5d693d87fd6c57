//! Nimble's deals, and the pipelines and stages that they and leads go through.

use futures::FutureExt;
use serde_json::{Value, json};

use super::{CREATED, MISSING, TOMAS, UPDATED, every, instant, is, nothing, text};
use crate::described::{Collection, Described, Filter, Instant, Sample, Writes};
use crate::support::twin::Twin;

const FITTINGS: &str = "66c00401a1b2c3d400000001";
const KESTREL: &str = "66c00202a1b2c3d400000002";
const CLARA: &str = "66c00101a1b2c3d400000003";

pub const RESOURCES: &[Described] = &[
    Described {
        missing: MISSING,
        empty: nothing,
        id: |record| text(&record["deal_id"]),
        filters: &[
            NAME,
            DESCRIPTION,
            STATUS,
            CURRENCY,
            OWNER,
            ACCOUNT,
            CONTACT,
            STAGE_ID,
            STAGE_NAME,
            PIPELINE_ID,
            PIPELINE_NAME,
            TAG_ID,
            TAG_NAME,
        ],
        instants: &[CLOSES, CREATED, UPDATED],
        // One that is closed keeps its day.
        free: |record| value(record, "actual_close_date").is_none(),
        writes: Some(Writes {
            needs: &[],
            aside: &[],
            sample: |_| async { opportunity() }.boxed_local(),
            touches: &[
                ("name", FIELDS),
                ("description", FIELDS),
                ("amount", FIELDS),
                ("currency", &["currency"]),
                ("owner", &["owner"]),
                ("account", &["related_contacts"]),
                ("contact", &["related_contacts"]),
                ("stage", &["stage_transitions", "final_probability"]),
                ("tags", &["tags"]),
                ("custom_fields", FIELDS),
                ("close_date", FIELDS),
                ("pipeline", &[]),
                ("probability", &["fields_values", "fields_values_with_names", "final_probability"]),
            ],
            always: &["updated", "updated_by"],
            // A person's employer is the account where no other is named.
            insists: &[
                "name",
                "custom_fields",
                "currency",
                "owner",
                "stage",
                "pipeline",
                "probability",
                "account",
            ],
            collections: &[CONTACTS, TAGS],
        }),
        ..Described::usual(
            "nimble",
            "crm/opportunities",
            |twin| every(twin, "v2/deals", "resources", "sort=name:asc&limit=100").boxed_local(),
            |twin, id| one(twin, format!("deals/{id}")).boxed_local(),
        )
    },
    Described {
        missing: MISSING,
        id: |record| text(&record["pipeline_id"]),
        one_source: false,
        filters: &[EXACT_NAME, ENTITY],
        instants: &[CREATED, UPDATED],
        // Those without deals, which would be deleted along.
        free: |record| {
            let id = text(&record["pipeline_id"]);
            ["66c00401a1b2c3d400000004", "66c00401a1b2c3d400000005"].contains(&id.as_str())
        },
        writes: Some(Writes {
            needs: &["name"],
            aside: &[],
            sample: |_| async { pipeline() }.boxed_local(),
            touches: &[("name", &["name"]), ("description", &["description"])],
            always: &["updated"],
            insists: &["name"],
            collections: &[],
        }),
        ..Described::usual(
            "nimble",
            "crm/pipelines",
            |twin| pipelines(twin).boxed_local(),
            |twin, id| pipeline_of(twin, id).boxed_local(),
        )
    },
    Described {
        missing: MISSING,
        id: |record| text(&record["stage_id"]),
        one_source: false,
        filters: &[EXACT_NAME, IN_USE, STAGE_PIPELINE, STAGE_PIPELINE_NAME, OUTCOME],
        instants: &[CREATED, UPDATED],
        free: |record| record.get("pipline_id").is_some() && record["role"]["is_final"] == false,
        writes: Some(Writes {
            needs: &["name", "pipeline"],
            aside: &[],
            sample: |_| async { stage() }.boxed_local(),
            touches: &[
                ("name", &["name"]),
                ("description", &["description"]),
                ("probability", &["default_probability"]),
            ],
            always: &["updated"],
            insists: &["name"],
            collections: &[],
        }),
        ..Described::usual(
            "nimble",
            "crm/stages",
            |twin| stages(twin).boxed_local(),
            |twin, id| stage_of(twin, id).boxed_local(),
        )
    },
];

const FIELDS: &[&str] = &["fields_values", "fields_values_with_names"];

async fn one(twin: &Twin, path: String) -> Option<Value> {
    let reply = twin.get(&format!("/api/v2/{path}")).await;
    (reply.status != 404).then(|| reply.ok())
}

async fn pipelines(twin: &Twin) -> Vec<Value> {
    let mut found = every(twin, "v2/deals/pipelines", "pipelines", "").await;
    found.extend(every(twin, "v1/contacts/pipelines", "pipelines", "").await);
    found
}

async fn pipeline_of(twin: &Twin, id: &str) -> Option<Value> {
    pipelines(twin).await.into_iter().find(|pipeline| pipeline["pipeline_id"] == id)
}

async fn stages(twin: &Twin) -> Vec<Value> {
    let mut found = Vec::new();
    for pipeline in pipelines(twin).await {
        let stages = pipeline["stages"].as_array().expect("stages").iter();
        found.extend(stages.filter(|stage| stage["archived_at"].is_null()).cloned());
    }
    found
}

async fn stage_of(twin: &Twin, id: &str) -> Option<Value> {
    stages(twin).await.into_iter().find(|stage| stage["stage_id"] == id)
}

fn named(name: &str, value: &str) -> Value {
    json!({ "field_name": name, "values": [{ "value": value }] })
}

fn opportunity() -> Sample {
    Sample {
        body: json!({
            "name": "Grinders & Søn", "description": "First line\n\nThird line", "amount": 1250.5, "currency": "EUR",
            "owner": { "id": TOMAS }, "account": { "id": KESTREL }, "contact": [{ "id": CLARA }],
            "stage": { "id": "66c00402a1b2c3d400000003" }, "pipeline": { "id": FITTINGS },
            "tags": (TAGS.first)(), "close_date": "2027-03-31T00:00:00.000Z", "probability": 55,
            "custom_fields": { "Region": "2", "Order number": "N-7" },
        }),
        native: json!({
            "currency": "EUR", "owner": { "user_id": TOMAS }, "tags": ["VIP", "Made, by a test"],
            "final_probability": 55,
            "fields_values_with_names": [
                named("name", "Grinders & Søn"), named("description", "First line\n\nThird line"),
                named("amount", "1250.5"), named("probability", "55"),
                named("expected_close_date", "2027-03-31T00:00:00"), named("Region", "2"),
                named("Order number", "N-7"),
            ],
            "related_contacts": [{ "contact": { "id": KESTREL } }, { "contact": { "id": CLARA } }],
        }),
    }
}

fn pipeline() -> Sample {
    Sample {
        body: json!({ "name": "Repairs & care", "description": "After the sale" }),
        native: json!({ "name": "Repairs & care", "description": "After the sale" }),
    }
}

fn stage() -> Sample {
    Sample {
        body: json!({
            "name": "Visit & talk", "description": "On site", "probability": 30,
            "pipeline": { "id": "66c00401a1b2c3d400000002" },
        }),
        native: json!({ "name": "Visit & talk", "description": "On site", "default_probability": 30 }),
    }
}

/// The value of a deal's field.
fn value<'r>(record: &'r Value, name: &str) -> Option<&'r Value> {
    let fields = record["fields_values_with_names"].as_array()?;
    fields.iter().find(|field| field["field_name"] == name)?["values"].get(0)?.get("value")
}

fn place(record: &Value) -> &Value {
    record["stage_transitions"].as_array().and_then(|runs| runs.last()).expect("a pipeline")
}

fn at(record: &Value) -> &Value {
    &place(record)["transitions"].as_array().and_then(|steps| steps.last()).expect("a stage")["to_stage"]
}

fn account(record: &Value) -> Value {
    let related = record["related_contacts"].as_array().expect("contacts");
    let company = related.iter().find(|it| it["contact"]["contact_type"] == "company");
    company.map_or(Value::Null, |it| it["contact"]["id"].clone())
}

fn people(record: &Value) -> Vec<Value> {
    let related = record["related_contacts"].as_array().expect("contacts").iter();
    let people = related.filter(|it| it["contact"]["contact_type"] == "person");
    people.map(|it| it["contact"]["id"].clone()).collect()
}

fn outcome(stage: &Value) -> &str {
    if stage["role"]["is_final"] == true { stage["role"]["name"].as_str().expect("a name") } else { "open" }
}

const CLOSES: Instant = Instant {
    name: "close_date",
    of: |record| {
        let closed = value(record, "actual_close_date").or_else(|| value(record, "expected_close_date"));
        closed.map_or(Value::Null, instant)
    },
};

const NAME: Filter = Filter {
    name: "name",
    value: |_| "kestrel".to_owned(),
    keeps: |record, wanted| {
        value(record, "name").is_some_and(|name| text(name).to_lowercase().contains(wanted))
    },
};
const DESCRIPTION: Filter = Filter {
    name: "description",
    value: |_| "OAK SHELVING, as talked".to_owned(),
    keeps: |record, wanted| {
        let wanted = wanted.to_lowercase();
        value(record, "description").is_some_and(|it| text(it).to_lowercase().contains(&wanted))
    },
};
const STATUS: Filter = Filter {
    name: "status",
    value: |_| "won".to_owned(),
    keeps: |record, wanted| outcome(at(record)) == wanted,
};
const CURRENCY: Filter = Filter {
    name: "currency",
    value: |_| "EUR".to_owned(),
    keeps: |record, wanted| record["currency"] == wanted,
};
const OWNER: Filter = Filter {
    name: "owner[id]",
    value: |_| TOMAS.to_owned(),
    keeps: |record, wanted| record["owner"]["user_id"] == wanted,
};
const ACCOUNT: Filter = Filter {
    name: "account[id]",
    value: |_| KESTREL.to_owned(),
    keeps: |record, wanted| account(record) == wanted,
};
const CONTACT: Filter = Filter {
    name: "contact[id]",
    value: |_| CLARA.to_owned(),
    keeps: |record, wanted| people(record).iter().any(|id| id == wanted),
};
const STAGE_ID: Filter = Filter {
    name: "stage[id]",
    value: |records| text(&at(&records[0])["stage_id"]),
    keeps: |record, wanted| at(record)["stage_id"] == wanted,
};
const STAGE_NAME: Filter = Filter {
    name: "stage[name]",
    value: |records| text(&at(&records[0])["name"]).to_uppercase(),
    keeps: |record, wanted| is(&at(record)["name"], wanted),
};
const PIPELINE_ID: Filter = Filter {
    name: "pipeline[id]",
    value: |_| FITTINGS.to_owned(),
    keeps: |record, wanted| place(record)["pipeline_id"] == wanted,
};
const PIPELINE_NAME: Filter = Filter {
    name: "pipeline[name]",
    value: |_| "SERVICE contracts".to_owned(),
    keeps: |record, wanted| is(&place(record)["pipeline_name"], wanted),
};
const TAG_ID: Filter = Filter {
    name: "tags[id]",
    value: |_| "q3".to_owned(),
    keeps: |record, wanted| record["tags"].as_array().expect("tags").iter().any(|tag| tag == wanted),
};
const TAG_NAME: Filter = Filter {
    name: "tags[name]",
    value: |_| "COUNTER".to_owned(),
    keeps: |record, wanted| record["tags"].as_array().expect("tags").iter().any(|tag| is(tag, wanted)),
};
const EXACT_NAME: Filter = Filter {
    name: "name",
    value: |records| text(&records[0]["name"]),
    keeps: |record, wanted| record["name"] == wanted,
};
const ENTITY: Filter = Filter {
    name: "entity",
    value: |_| "lead".to_owned(),
    keeps: |record, wanted| (if record.get("tabs").is_some() { "opportunity" } else { "lead" }) == wanted,
};
const IN_USE: Filter =
    Filter { name: "status", value: |_| "active".to_owned(), keeps: |_, wanted| wanted == "active" };

fn pipeline_id(stage: &Value) -> &Value {
    stage.get("pipline_id").unwrap_or_else(|| &stage["pipeline_id"])
}

const STAGE_PIPELINE: Filter = Filter {
    name: "pipeline[id]",
    value: |_| FITTINGS.to_owned(),
    keeps: |record, wanted| pipeline_id(record) == wanted,
};
const STAGE_PIPELINE_NAME: Filter = Filter {
    name: "pipeline[name]",
    value: |_| "Shop fittings".to_owned(),
    keeps: |record, wanted| pipeline_id(record) == FITTINGS && wanted == "Shop fittings",
};
const OUTCOME: Filter = Filter {
    name: "outcome",
    value: |_| "won".to_owned(),
    keeps: |record, wanted| outcome(record) == wanted,
};

const CONTACTS: Collection = Collection {
    field: "contact",
    first: || json!([{ "id": "66c00101a1b2c3d400000001" }, { "id": "66c00101a1b2c3d400000002" }]),
    edited: None,
    added: || json!({ "id": CLARA }),
    native: |record| people(record).into_iter().map(|id| json!({ "id": id })).collect(),
};
const TAGS: Collection = Collection {
    field: "tags",
    first: || json!([{ "name": "VIP" }, { "name": "Made, by a test" }]),
    edited: None,
    added: || json!({ "name": "Decision maker" }),
    native: |record| {
        let tags = record["tags"].as_array().expect("tags").iter();
        tags.map(|tag| json!({ "name": tag })).collect()
    },
};
