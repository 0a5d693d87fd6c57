//! What Capsule's users do with customers: projects, tasks, and the history of notes, calls and e-mails.

use futures::FutureExt;
use serde_json::{Value, json};

use super::{CREATED, OWNER, OWNER_ID, TAG_ID, TAG_NAME, TAGS, UPDATED, any, every, first, is, one, text};
use crate::described::{Described, Filter, Instant, Sample, Stranger, Writes};
use crate::support::twin::Twin;

const PROJECT: &str = "embed=tags,fields,party,opportunity";
const ENTRY: &str = "embed=party,kase,opportunity,creator,activityType";

pub const RESOURCES: &[Described] = &[
    Described {
        empty: || json!({ "kases": [] }),
        // Whom else it is for is asked for one by one.
        shorter_in_lists: &["contact"],
        filters: &[
            PROJECT_NAME,
            OWNER_ID,
            OWNER_NAME,
            STATUS,
            STAGE_ID,
            STAGE_NAME,
            BOARD_ID,
            BOARD_NAME,
            TAG_ID,
            TAG_NAME,
            SEARCH_TERM,
            OPPORTUNITY_ID,
            ACCOUNT_ID,
        ],
        // The sandbox's projects are for organisations.
        filters_aside: &["contact[id]"],
        instants: &[CREATED, UPDATED],
        // One of a team can only be given to a member of that team, and a closed one keeps its day.
        free: |record| record["team"].is_null() && record["closedOn"].is_null(),
        writes: Some(Writes {
            needs: &["name"],
            // Whom else it is for is no part of Capsule's record.
            aside: &["contact", "opportunity"],
            sample: |twin| project(twin).boxed_local(),
            touches: &[
                ("name", &["name"]),
                ("description", &["description"]),
                ("owner", &["owner"]),
                ("account", &["party"]),
                ("stage", &["stage"]),
                ("status", &[]),
                ("tags", &["tags"]),
                ("close_date", &["expectedCloseOn"]),
                ("custom_fields", &["fields"]),
            ],
            always: &["updatedAt"],
            insists: &["name", "custom_fields", "account", "owner", "status"],
            collections: &[TAGS],
        }),
        ..Described::usual(
            "capsule",
            "crm/projects",
            |twin| every(twin, "kases", "kases", PROJECT).boxed_local(),
            |twin, id| project_of(twin, id).boxed_local(),
        )
    },
    Described {
        empty: || json!({ "tasks": [] }),
        filters: &[
            SUBJECT,
            CONTENT,
            TASK_STATUS,
            TYPE_ID,
            TYPE_NAME,
            OWNER_ID,
            ABOUT_CONTACT,
            ABOUT_OPPORTUNITY,
            ABOUT_PROJECT,
        ],
        // The sandbox's tasks about parties are about people.
        filters_aside: &["account[id]"],
        instants: &[CREATED, UPDATED, DUE, COMPLETED],
        free: |record| {
            record["status"] == "OPEN" && !record["party"].is_null() && record["hasTrack"] == false
        },
        writes: Some(Writes {
            needs: &["subject"],
            // A task is about one record.
            aside: &["account", "opportunity", "project", "completed_at", "contact"],
            sample: |_| async { task() }.boxed_local(),
            touches: &[
                ("subject", &["description"]),
                ("content", &["detail"]),
                ("type", &["category"]),
                ("owner", &["owner"]),
                ("due_date", &["dueOn", "dueTime"]),
                ("status", &[]),
            ],
            always: &["updatedAt"],
            insists: &["subject", "owner", "due_date", "status"],
            collections: &[],
        }),
        ..Described::usual(
            "capsule",
            "crm/tasks",
            |twin| every(twin, "tasks", "tasks", "status=open,completed,pending").boxed_local(),
            |twin, id| task_of(twin, id).boxed_local(),
        )
    },
    Described {
        stranger: Some(Stranger {
            id: |twin| first_entry(twin, |entry| !is_note(entry)).boxed_local(),
            record: |twin, id| entry(twin, id).boxed_local(),
        }),
        empty: || json!({ "entries": [] }),
        filters: &[CONTENT_OF_NOTE, AUTHOR, ABOUT_ACCOUNT, ABOUT_CONTACT, ABOUT_OPPORTUNITY],
        // The sandbox has no notes about projects.
        filters_aside: &["project[id]"],
        instants: &[CREATED, UPDATED],
        writes: Some(Writes {
            needs: &["contact", "content"],
            // A note is about one record.
            aside: &["account", "opportunity", "project"],
            sample: |twin| note(twin).boxed_local(),
            touches: &[("content", &["content"])],
            always: &["updatedAt"],
            insists: &["content"],
            collections: &[],
        }),
        ..Described::usual(
            "capsule",
            "crm/notes",
            |twin| entries(twin, is_note).boxed_local(),
            |twin, id| entry(twin, id).boxed_local(),
        )
    },
    Described {
        stranger: Some(Stranger {
            id: |twin| first_entry(twin, is_note).boxed_local(),
            record: |twin, id| entry(twin, id).boxed_local(),
        }),
        empty: || json!({ "entries": [] }),
        filters: &[
            KIND,
            DIRECTION,
            ENTRY_SUBJECT,
            AUTHOR,
            ABOUT_ACCOUNT,
            ABOUT_CONTACT,
            ABOUT_OPPORTUNITY,
            ABOUT_PROJECT,
        ],
        instants: &[CREATED, UPDATED, STARTED],
        // What is left of a completed task can't be changed; only e-mails have subjects.
        free: |record| record["type"] == "email",
        writes: Some(Writes {
            needs: &["engagement_type", "contact", "content"],
            // An engagement is with one record; new ones have no subject.
            aside: &["account", "opportunity", "project", "subject"],
            sample: |twin| call(twin).boxed_local(),
            touches: &[("content", &["content"])],
            always: &["updatedAt"],
            insists: &["content"],
            collections: &[],
        }),
        ..Described::usual(
            "capsule",
            "crm/engagements",
            |twin| entries(twin, |entry| !is_note(entry)).boxed_local(),
            |twin, id| entry(twin, id).boxed_local(),
        )
    },
    Described {
        impossible: "call",
        empty: || json!({ "activityTypes": [] }),
        filters: &[TYPE_OF_NAME, TYPE_OF_KIND],
        ..Described::usual(
            "capsule",
            "crm/engagement_types",
            |twin| every(twin, "activitytypes", "activityTypes", "").boxed_local(),
            |twin, id| activity_type(twin, id).boxed_local(),
        )
    },
];

async fn project_of(twin: &Twin, id: &str) -> Option<Value> {
    one(twin, &format!("kases/{id}"), "kase", PROJECT).await
}

async fn task_of(twin: &Twin, id: &str) -> Option<Value> {
    one(twin, &format!("tasks/{id}"), "task", "").await
}

async fn activity_type(twin: &Twin, id: &str) -> Option<Value> {
    one(twin, &format!("activitytypes/{id}"), "activityType", "").await
}

fn is_note(entry: &Value) -> bool {
    entry["type"] == "note" && entry["activityType"]["id"] == -1
}

async fn entries(twin: &Twin, fits: fn(&Value) -> bool) -> Vec<Value> {
    let mut found = every(twin, "entries", "entries", ENTRY).await;
    found.retain(fits);
    found
}

async fn first_entry(twin: &Twin, fits: fn(&Value) -> bool) -> String {
    entries(twin, fits).await[0]["id"].to_string()
}

async fn entry(twin: &Twin, id: &str) -> Option<Value> {
    one(twin, &format!("entries/{id}"), "entry", ENTRY).await
}

async fn project(twin: &Twin) -> Sample {
    let account = first(twin, "organisation").await;
    let party: i64 = account.parse().expect("a number");
    Sample {
        body: json!({
            "name": "Opening & Søn", "description": "First line\n\nThird line", "owner": { "id": OWNER },
            "account": { "id": account }, "stage": { "id": "stage:301661" }, "status": "open",
            "tags": (TAGS.first)(), "close_date": "2027-03-31T00:00:00.000Z",
            "custom_fields": { "926912": "Nobody", "926913": 12 },
        }),
        native: json!({
            "name": "Opening & Søn", "description": "First line\n\nThird line", "owner": { "id": 712_443 },
            "party": { "id": party }, "stage": { "id": 301_661 }, "status": "OPEN",
            "expectedCloseOn": "2027-03-31", "closedOn": null,
            "tags": [{ "name": "VIP" }, { "name": "Made by a test" }],
            "fields": [
                { "definition": { "id": 926_912 }, "value": "Nobody" },
                { "definition": { "id": 926_913 }, "value": "12" },
            ],
        }),
    }
}

/// When a task of the sandbox's is due, all of which are in a winter: a day is its midnight in UTC, a time of day is its
/// owner's.
fn due(task: &Value) -> String {
    let day = text(&task["dueOn"]);
    let Some(time) = task["dueTime"].as_str() else { return format!("{day}T00:00:00Z") };
    let ahead = match task["owner"]["id"].as_i64() {
        Some(712_442 | 712_443) => 1, // Paris and Stockholm
        Some(712_444) => -5,          // New York
        _ => 0,
    };
    let hour: i64 = time[..2].parse().expect("an hour");
    format!("{day}T{:02}{}Z", hour - ahead, &time[2..])
}

fn task() -> Sample {
    Sample {
        body: json!({
            "subject": "Clean the grinder & Søn", "content": "First line\n\nThird line",
            "type": { "id": "1204118" }, "owner": { "id": OWNER }, "due_date": "2027-03-31T00:00:00.000Z",
            "status": "open",
        }),
        native: json!({
            "description": "Clean the grinder & Søn", "detail": "First line\n\nThird line",
            "category": { "id": 1_204_118 }, "owner": { "id": 712_443 }, "dueOn": "2027-03-31", "dueTime": null,
            "status": "OPEN", "completedAt": null,
        }),
    }
}

async fn note(twin: &Twin) -> Sample {
    let contact = first(twin, "person").await;
    let party: i64 = contact.parse().expect("a number");
    Sample {
        body: json!({ "content": "**Likes** tea, after all & Søn", "contact": [{ "id": contact }] }),
        native: json!({
            "type": "note", "content": "**Likes** tea, after all & Søn", "party": { "id": party },
            "activityType": { "id": -1 },
        }),
    }
}

async fn call(twin: &Twin) -> Sample {
    let contact = first(twin, "person").await;
    let party: i64 = contact.parse().expect("a number");
    Sample {
        body: json!({
            "content": "Rang & left word", "engagement_type": "call", "start_time": "2026-01-31T09:30:00.000Z",
            "contact": [{ "id": contact }],
        }),
        native: json!({
            "type": "note", "content": "Rang & left word", "party": { "id": party }, "activityType": { "id": -3 },
            "entryAt": "2026-01-31T09:30:00Z",
        }),
    }
}

/// The text at a place of the first record that has one there.
fn some_at(records: &[Value], pointer: &str) -> String {
    let mut found = records.iter().filter_map(|record| record.pointer(pointer));
    text(found.find(|value| !value.is_null()).unwrap_or_else(|| panic!("no record has {pointer}")))
}

fn at_is(record: &Value, pointer: &str, wanted: &str) -> bool {
    record.pointer(pointer).is_some_and(|value| text(value) == wanted)
}

fn contains(value: &Value, wanted: &str) -> bool {
    value.as_str().is_some_and(|text| text.to_lowercase().contains(&wanted.to_lowercase()))
}

const PROJECT_NAME: Filter = Filter {
    name: "name",
    value: |_| "TRAINING".to_owned(),
    keeps: |record, wanted| contains(&record["name"], wanted),
};
const OWNER_NAME: Filter = Filter {
    name: "owner[name]",
    value: |records| some_at(records, "/owner/name"),
    keeps: |record, wanted| is(&record["owner"]["name"], wanted),
};
const STATUS: Filter = Filter {
    name: "status",
    value: |_| "closed".to_owned(),
    keeps: |record, wanted| is(&record["status"], wanted),
};
const STAGE_ID: Filter = Filter {
    name: "stage[id]",
    value: |records| format!("stage:{}", some_at(records, "/stage/id")),
    keeps: |record, wanted| format!("stage:{}", record["stage"]["id"]) == wanted,
};
const STAGE_NAME: Filter = Filter {
    name: "stage[name]",
    value: |records| some_at(records, "/stage/name").to_uppercase(),
    keeps: |record, wanted| is(&record["stage"]["name"], wanted),
};
/// The stages of the first board; Capsule's project doesn't tell its board.
const FIRST_BOARD: std::ops::Range<i64> = 301_660..301_664;
const BOARD_ID: Filter = Filter {
    name: "pipeline[id]",
    value: |_| "board:17204".to_owned(),
    keeps: |record, _| record["stage"]["id"].as_i64().is_some_and(|id| FIRST_BOARD.contains(&id)),
};
const BOARD_NAME: Filter =
    Filter { name: "pipeline[name]", value: |_| "Installations".to_owned(), ..BOARD_ID };
const SEARCH_TERM: Filter = Filter {
    name: "search_term",
    value: |_| "training".to_owned(),
    keeps: |record, wanted| contains(&record["name"], wanted),
};
const OPPORTUNITY_ID: Filter = Filter {
    name: "opportunity[id]",
    value: |records| some_at(records, "/opportunity/id"),
    keeps: |record, wanted| at_is(record, "/opportunity/id", wanted),
};
const ACCOUNT_ID: Filter = Filter { name: "account[id]", ..ABOUT_ACCOUNT };

const DUE: Instant = Instant { name: "due_date", of: |record| json!(due(record)) };
const COMPLETED: Instant = Instant { name: "completed_at", of: |record| record["completedAt"].clone() };
const STARTED: Instant = Instant { name: "start_time", of: |record| record["entryAt"].clone() };

const SUBJECT: Filter = Filter {
    name: "subject",
    value: |_| "QUOTE".to_owned(),
    keeps: |record, wanted| contains(&record["description"], wanted),
};
const CONTENT: Filter = Filter {
    name: "content",
    value: |_| "side street".to_owned(),
    keeps: |record, wanted| contains(&record["detail"], wanted),
};
const TASK_STATUS: Filter = Filter {
    name: "status",
    value: |_| "completed".to_owned(),
    keeps: |record, wanted| is(&record["status"], wanted),
};
const TYPE_ID: Filter = Filter {
    name: "type[id]",
    value: |records| some_at(records, "/category/id"),
    keeps: |record, wanted| at_is(record, "/category/id", wanted),
};
const TYPE_NAME: Filter = Filter {
    name: "type[name]",
    value: |records| some_at(records, "/category/name").to_lowercase(),
    keeps: |record, wanted| is(&record["category"]["name"], wanted),
};
const ABOUT_OPPORTUNITY: Filter = Filter { name: "opportunity[id]", ..OPPORTUNITY_ID };
const ABOUT_PROJECT: Filter = Filter {
    name: "project[id]",
    value: |records| some_at(records, "/kase/id"),
    keeps: |record, wanted| at_is(record, "/kase/id", wanted),
};
const ABOUT_CONTACT: Filter =
    Filter { name: "contact[id]", value: |records| party_of_type(records, "person"), keeps: is_with };
const ABOUT_ACCOUNT: Filter =
    Filter { name: "account[id]", value: |records| party_of_type(records, "organisation"), keeps: is_with };

fn party_of_type(records: &[Value], kind: &str) -> String {
    text(&records.iter().find(|record| record["party"]["type"] == kind).expect("one")["party"]["id"])
}

fn is_with(record: &Value, wanted: &str) -> bool {
    at_is(record, "/party/id", wanted) || any(record, "parties", |party| text(&party["id"]) == wanted)
}

const CONTENT_OF_NOTE: Filter = Filter {
    name: "content",
    value: |_| "DECAF".to_owned(),
    keeps: |record, wanted| contains(&record["content"], wanted),
};
const AUTHOR: Filter = Filter {
    name: "owner[id]",
    value: |_| OWNER.to_owned(),
    keeps: |record, wanted| at_is(record, "/creator/id", wanted),
};
const KIND: Filter = Filter {
    name: "engagement_type",
    value: |_| "meeting".to_owned(),
    keeps: |record, _| record["activityType"]["id"] == -2,
};
const DIRECTION: Filter = Filter {
    name: "direction",
    value: |_| "inbound".to_owned(),
    keeps: |record, _| record["activityType"]["id"] == -6,
};
const ENTRY_SUBJECT: Filter = Filter {
    name: "subject",
    value: |_| "order".to_owned(),
    keeps: |record, wanted| contains(&record["subject"], wanted),
};
const TYPE_OF_NAME: Filter = Filter {
    name: "name",
    value: |records| text(&records[0]["name"]),
    keeps: |record, wanted| record["name"] == wanted,
};
const TYPE_OF_KIND: Filter = Filter {
    name: "type",
    value: |_| "custom".to_owned(),
    keeps: |record, _| record["id"].as_i64().is_some_and(|id| id > 0),
};
