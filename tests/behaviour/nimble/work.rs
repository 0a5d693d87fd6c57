//! Nimble's notes, tasks and other activities.

use futures::FutureExt;
use serde_json::{Value, json};
use unicrm::model::Method;

use super::{COMPANY, CREATED, MISSING, PERSON, TOMAS, UPDATED, every, instant, nothing, text};
use crate::described::{Collection, Described, Filter, Instant, Sample, Writes};
use crate::support::twin::Twin;

pub const RESOURCES: &[Described] = &[
    Described {
        missing: MISSING,
        empty: nothing,
        // Nimble has no list of all notes.
        beside: |method| match method {
            Method::List => "contact[id]=66c00101a1b2c3d400000001",
            _ => "",
        },
        filters: &[CONTENT, AUTHOR, ABOUT_COMPANY],
        instants: &[CREATED, UPDATED],
        // One about a company and a person, so that either can be taken away.
        free: |record| record["contacts"].as_array().is_some_and(|contacts| contacts.len() > 1),
        writes: Some(Writes {
            needs: &["content"],
            // A note about a deal is another kind of note.
            aside: &["title", "opportunity"],
            sample: |_| async { note() }.boxed_local(),
            touches: &[
                ("content", &["note", "note_preview"]),
                ("contact", &["contacts"]),
                ("account", &["contacts"]),
            ],
            always: &["updated"],
            insists: &["content"],
            collections: &[CONTACTS],
        }),
        ..Described::usual(
            "nimble",
            "crm/notes",
            |twin| notes(twin).boxed_local(),
            |twin, id| note_of(twin, id).boxed_local(),
        )
    },
    Described {
        missing: MISSING,
        id: |record| text(&record["activity_id"]).replace("task|", ""),
        one_source: false,
        created_is_read: false,
        filters: &[SUBJECT, DETAILS, TASK_STATUS, ASSIGNED, ACCOUNT, CONTACT, DEAL],
        instants: &[DUE, DONE, CREATED],
        writes: Some(Writes {
            needs: &["subject"],
            aside: &[],
            sample: |_| async { task() }.boxed_local(),
            touches: &[],
            always: &[],
            insists: &[],
            collections: &[],
        }),
        ..Described::usual(
            "nimble",
            "crm/tasks",
            |twin| tasks(twin).boxed_local(),
            |twin, id| task_of(twin, id).boxed_local(),
        )
    },
    Described {
        missing: "call:66c0fffff1b2c3d400000001",
        id: |record| text(&record["activity_id"]).replace('|', ":"),
        one_source: false,
        // The pending ones are looked through first.
        free: |record| record["completed_tstamp"].is_null(),
        filters: &[SUBJECT, KIND, STATUS, ASSIGNED, ACCOUNT, CONTACT, DEAL],
        instants: &[BEGINS, CREATED],
        ..Described::usual(
            "nimble",
            "crm/engagements",
            |twin| activities(twin, "").boxed_local(),
            |twin, id| activity(twin, id).boxed_local(),
        )
    },
    Described {
        missing: "smoke_signal",
        impossible: "Not-a-type",
        empty: || json!({ "providers": [] }),
        id: |record| text(&record["type_id"]),
        filters: &[TYPE_NAME, TYPE],
        ..Described::usual(
            "nimble",
            "crm/engagement_types",
            |twin| types(twin).boxed_local(),
            |twin, id| type_of(twin, id).boxed_local(),
        )
    },
];

/// The notes about one person.
async fn notes(twin: &Twin) -> Vec<Value> {
    every(twin, &format!("v1/contacts/{PERSON}/notes"), "resources", "per_page=100").await
}

async fn note_of(twin: &Twin, id: &str) -> Option<Value> {
    let reply = twin.get(&format!("/api/v1/contacts/notes/{id}")).await;
    (reply.status != 404).then(|| reply.ok())
}

/// The activities of all times, or only those of a kind.
async fn activities(twin: &Twin, types: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for direction in ["pending", "past"] {
        let path = format!("/api/v1/activities?direction={direction}&types={types}&limit=100");
        let body = twin.get(&path).await.ok();
        found.extend(body["activities"].as_array().expect("a list").iter().cloned());
    }
    found
}

async fn activity(twin: &Twin, id: &str) -> Option<Value> {
    let id = id.replacen(':', "|", 1);
    activities(twin, "").await.into_iter().find(|it| it["activity_id"] == id.as_str())
}

async fn tasks(twin: &Twin) -> Vec<Value> {
    activities(twin, "task").await
}

async fn task_of(twin: &Twin, id: &str) -> Option<Value> {
    activity(twin, &format!("task:{id}")).await
}

async fn types(twin: &Twin) -> Vec<Value> {
    let providers = every(twin, "v1/contacts/proceedings_providers", "providers", "").await;
    providers.iter().flat_map(|it| it["types"].as_array().expect("types").clone()).collect()
}

async fn type_of(twin: &Twin, id: &str) -> Option<Value> {
    types(twin).await.into_iter().find(|it| it["type_id"] == id)
}

fn note() -> Sample {
    Sample {
        body: json!({
            "content": "<p>Tea & cake, 100% oak</p>", "contact": [{ "id": PERSON }], "account": { "id": COMPANY },
        }),
        native: json!({
            "note": "%3Cp%3ETea%20%26%20cake%2C%20100%25%20oak%3C%2Fp%3E", "note_preview": "Tea & cake, 100% oak",
        }),
    }
}

fn task() -> Sample {
    Sample {
        body: json!({
            "subject": "Send the drawing & the quote", "content": "First line\n\nThird line",
            "owner": { "id": TOMAS }, "account": { "id": COMPANY }, "contact": [{ "id": PERSON }],
            "opportunity": [{ "id": "66c00303a1b2c3d400000001" }], "status": "completed",
            "completed_at": "2026-06-01T10:30:00.000Z", "due_date": "2026-06-02T09:00:00.000Z",
        }),
        native: json!({
            "name": "Send the drawing & the quote", "description": "First line\n\nThird line",
            "completed_tstamp": "2026-06-01T10:30:00+00:00", "scheduled_tstamp": "2026-06-02T09:00:00+00:00",
            "assigned_to": { "user_id": TOMAS }, "related_contacts": [{ "id": PERSON }, { "id": COMPANY }],
            "new_related_deals": [{ "deal_id": "66c00303a1b2c3d400000001" }],
        }),
    }
}

fn related(record: &Value, list: &str, key: &str, wanted: &str) -> bool {
    record[list].as_array().is_some_and(|items| items.iter().any(|item| item[key] == wanted))
}

fn of_kind(record: &Value, kind: &str) -> String {
    let contacts = record["related_contacts"].as_array().expect("contacts");
    text(&contacts.iter().find(|contact| contact["contact_type"] == kind).expect("one")["id"])
}

fn status(record: &Value) -> String {
    match (&record["details"]["resolution"], record["completed_tstamp"].is_null()) {
        (Value::String(resolution), _) => resolution.clone(),
        (_, true) => "open".to_owned(),
        (_, false) => "completed".to_owned(),
    }
}

const CONTENT: Filter = Filter {
    name: "content",
    value: |_| "VISIT 8".to_owned(),
    keeps: |record, wanted| text(&record["note_preview"]).to_uppercase().contains(wanted),
};
const AUTHOR: Filter = Filter {
    name: "owner[id]",
    value: |_| TOMAS.to_owned(),
    keeps: |record, wanted| record["owner_id"] == wanted,
};
const ABOUT_COMPANY: Filter = Filter {
    name: "account[id]",
    value: |_| COMPANY.to_owned(),
    keeps: |record, wanted| related(record, "contacts", "id", wanted),
};
const SUBJECT: Filter = Filter {
    name: "subject",
    value: |records| text(&records[0]["name"]).to_uppercase(),
    keeps: |record, wanted| text(&record["name"]).to_uppercase().contains(wanted),
};
const DETAILS: Filter = Filter {
    name: "content",
    value: |records| text(&records[0]["description"]).to_uppercase(),
    keeps: |record, wanted| text(&record["description"]).to_uppercase().contains(wanted),
};
const TASK_STATUS: Filter = Filter {
    name: "status",
    value: |_| "open".to_owned(),
    keeps: |record, wanted| {
        (if record["completed_tstamp"].is_null() { "open" } else { "completed" }) == wanted
    },
};
const STATUS: Filter = Filter {
    name: "status",
    value: |_| "successful".to_owned(),
    keeps: |record, wanted| status(record) == wanted,
};
const KIND: Filter = Filter {
    name: "engagement_type",
    value: |_| "call".to_owned(),
    keeps: |record, wanted| record["activity_type"]["type_id"] == wanted,
};
const ASSIGNED: Filter = Filter {
    name: "owner[id]",
    value: |records| text(&records[0]["assigned_to"]["user_id"]),
    keeps: |record, wanted| record["assigned_to"]["user_id"] == wanted,
};
const ACCOUNT: Filter = Filter {
    name: "account[id]",
    value: |records| of_kind(&records[0], "company"),
    keeps: |record, wanted| of_kind(record, "company") == wanted,
};
const CONTACT: Filter = Filter {
    name: "contact[id]",
    value: |records| of_kind(&records[0], "person"),
    keeps: |record, wanted| of_kind(record, "person") == wanted,
};
const DEAL: Filter = Filter {
    name: "opportunity[id]",
    value: |records| {
        let deal = records.iter().find_map(|record| record["new_related_deals"][0]["deal_id"].as_str());
        deal.expect("a deal").to_owned()
    },
    keeps: |record, wanted| related(record, "new_related_deals", "deal_id", wanted),
};
const TYPE_NAME: Filter = Filter {
    name: "name",
    value: |_| "Call".to_owned(),
    keeps: |record, wanted| record["type_name"] == wanted,
};
const TYPE: Filter = Filter {
    name: "type",
    value: |_| "call".to_owned(),
    keeps: |record, wanted| record["type_id"] == wanted,
};
const DUE: Instant = Instant { name: "due_date", of: |record| instant(&record["scheduled_tstamp"]) };
const BEGINS: Instant = Instant { name: "start_time", of: |record| instant(&record["scheduled_tstamp"]) };
const DONE: Instant = Instant { name: "completed_at", of: |record| instant(&record["completed_tstamp"]) };

const CONTACTS: Collection = Collection {
    field: "contact",
    first: || json!([{ "id": PERSON }, { "id": "66c00101a1b2c3d400000002" }]),
    edited: None,
    added: || json!({ "id": "66c00101a1b2c3d400000003" }),
    native: |record| {
        let contacts = record["contacts"].as_array().expect("contacts").iter();
        let people = contacts.filter(|contact| contact["contact_type"] == "person");
        people.map(|contact| json!({ "id": contact["id"] })).collect()
    },
};
