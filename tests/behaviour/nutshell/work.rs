//! What Nutshell's users do with customers: activities, notes, tasks.

use futures::FutureExt;
use serde_json::{Value, json};

use super::{ALWAYS, CREATED, UPDATED, at, every, is, listed, one, plain, seconds, text};
use crate::described::{Collection, Described, Filter, Instant, Sample, Writes};

pub const RESOURCES: &[Described] = &[
    Described {
        empty: || json!({ "result": [] }),
        filters: &[TYPE_NAME, TYPE],
        ..Described::usual(
            "nutshell",
            "crm/engagement_types",
            |twin| every(twin, "findActivityTypes").boxed_local(),
            |twin, id| super::among(twin, "findActivityTypes", id).boxed_local(),
        )
    },
    Described {
        empty: || json!({ "result": [] }),
        filters: &[STATUS, KIND, SUBJECT, OWNER, CONTACT, LEAD, OPPORTUNITY],
        instants: &[CREATED, UPDATED, STARTS, ENDS],
        // What is done or overdue changes its status with its times.
        free: |record| record["status"] == 0,
        writes: Some(Writes {
            needs: &["subject", "engagement_type"],
            aside: &[],
            sample: |_| async { engagement() }.boxed_local(),
            touches: &[
                ("content", &["description"]),
                ("subject", &["name"]),
                ("engagement_type", &["activityType"]),
                ("internal_notes", &["logNote"]),
                ("status", &["status"]),
                ("start_time", &["startTime"]),
                ("end_time", &["endTime"]),
                ("contact", &["participants"]),
                ("opportunity", &["leads", "lead"]),
                ("lead", &["leads", "lead"]),
            ],
            always: ALWAYS,
            insists: &["subject", "engagement_type", "status"],
            collections: &[CONTACTS, LEADS, OPPORTUNITIES],
        }),
        ..Described::usual(
            "nutshell",
            "crm/engagements",
            |twin| every(twin, "findActivities").boxed_local(),
            |twin, id| one(twin, "getActivity", "activityId", id).boxed_local(),
        )
    },
    Described {
        empty: || json!({ "notes": [] }),
        id: plain,
        // REST, which lists them, doesn't tell who wrote a note; JSON-RPC, which gives one, doesn't tell its page.
        shorter_in_lists: &["owner", "urls", "remote_data"],
        filters: &[CONTENT, NOTE_CONTACT, NOTE_ACCOUNT, NOTE_LEAD, NOTE_OPPORTUNITY],
        instants: &[Instant { name: "created_at", of: |record| seconds(&record["createdTime"]) }],
        // Its author can change it for a day.
        free: |record| record["isEditable"] == true,
        writes: Some(Writes {
            needs: &["contact", "content"],
            // A note is about one record.
            aside: &["account", "lead", "opportunity"],
            sample: |_| async { note() }.boxed_local(),
            touches: &[("content", &["note", "noteMarkup", "noteHtml"])],
            always: &["rev"],
            insists: &["content"],
            collections: &[],
        }),
        ..Described::usual(
            "nutshell",
            "crm/notes",
            |twin| listed(twin, "notes", "notes").boxed_local(),
            |twin, id| one(twin, "getNote", "noteId", id).boxed_local(),
        )
    },
    Described {
        empty: || json!({ "tasks": [] }),
        id: plain,
        // REST, which lists them, has ids of other records where JSON-RPC has names.
        shorter_in_lists: &["owner", "contact", "opportunity", "lead", "etag", "remote_data"],
        filters: &[
            TASK_SUBJECT,
            TASK_STATUS,
            TASK_CONTENT,
            ASSIGNEE,
            TASK_ACCOUNT,
            TASK_CONTACT,
            TASK_LEAD,
            TASK_OPPORTUNITY,
        ],
        instants: &[Instant { name: "due_date", of: |record| seconds(&record["dueTime"]) }],
        writes: Some(Writes {
            needs: &["subject"],
            // A task is about one record; the revision is no part of what it says.
            aside: &["account", "contact", "opportunity", "lead", "etag"],
            sample: |_| async { task() }.boxed_local(),
            touches: &[
                ("subject", &["title"]),
                ("content", &["description"]),
                ("owner", &["assignee"]),
                ("due_date", &["dueTime"]),
            ],
            always: &["rev"],
            insists: &["subject"],
            collections: &[],
        }),
        ..Described::usual(
            "nutshell",
            "crm/tasks",
            |twin| listed(twin, "tasks", "tasks").boxed_local(),
            |twin, id| one(twin, "getTask", "taskId", id).boxed_local(),
        )
    },
];

const STARTS: Instant = Instant { name: "start_time", of: |record| at(&record["startTime"]) };
const ENDS: Instant = Instant { name: "end_time", of: |record| at(&record["endTime"]) };

fn engagement() -> Sample {
    Sample {
        body: json!({
            "owner": { "id": "5" }, "content": "Ask about\nthe new & the old", "subject": "Visit in York",
            "engagement_type": "2", "internal_notes": "It rained", "status": "cancelled",
            "start_time": "2024-01-08T09:00:00.000Z", "end_time": "2027-12-01T10:30:00.000Z",
            "contact": (CONTACTS.first)(), "lead": (LEADS.first)(), "opportunity": (LEADS.first)(),
        }),
        native: json!({
            "name": "Visit in York", "description": "Ask about\nthe new & the old", "activityType": { "id": 2 },
            "status": 2, "startTime": "2024-01-08T09:00:00+0000", "endTime": "2027-12-01T10:30:00+0000",
            "leads": [{ "id": 3107 }, { "id": 3109 }], "logNote": { "note": "It rained" },
        }),
    }
}

fn note() -> Sample {
    Sample {
        body: json!({ "content": "Likes tea, not coffee", "contact": [{ "id": "2044" }] }),
        native: json!({ "note": "Likes tea, not coffee", "contact": { "id": 2044 } }),
    }
}

fn task() -> Sample {
    Sample {
        body: json!({
            "subject": "Send the & sample", "content": "Two of them", "owner": { "id": "5" },
            "due_date": "2027-02-03T10:15:00.000Z",
        }),
        native: json!({
            "title": "Send the & sample", "description": "Two of them", "assignee": { "id": 5 },
            "dueTime": "2027-02-03T10:15:00+0000",
        }),
    }
}

fn status(record: &Value) -> &'static str {
    match record["status"].as_i64() {
        Some(0) => "scheduled",
        Some(1) => "completed",
        Some(2) => "cancelled",
        _ => "overdue",
    }
}

fn participants(record: &Value, kind: &str) -> Vec<String> {
    let all = record["participants"].as_array().into_iter().flatten();
    all.filter(|one| one["entityType"] == kind).map(|one| text(&one["id"])).collect()
}

fn has_lead(record: &Value, wanted: &str) -> bool {
    record["leads"].as_array().is_some_and(|leads| leads.iter().any(|lead| text(&lead["id"]) == wanted))
}

const TYPE_NAME: Filter = Filter {
    name: "name",
    value: |records| text(&records[0]["name"]).to_uppercase(),
    keeps: |record, wanted| is(&record["name"], wanted),
};
const TYPE: Filter = Filter { name: "type", ..TYPE_NAME };
const STATUS: Filter = Filter {
    name: "status",
    value: |_| "completed".to_owned(),
    keeps: |record, wanted| status(record) == wanted,
};
const KIND: Filter = Filter {
    name: "engagement_type",
    value: |records| text(&records[0]["activityType"]["id"]),
    keeps: |record, wanted| text(&record["activityType"]["id"]) == wanted,
};
const SUBJECT: Filter = Filter {
    name: "subject",
    value: |_| "TALK".to_owned(),
    keeps: |record, wanted| text(&record["name"]).to_lowercase().contains(&wanted.to_lowercase()),
};
const OWNER: Filter = Filter {
    name: "owner[id]",
    value: |_| "4".to_owned(),
    keeps: |record, wanted| match record["loggedBy"]["id"].as_i64() {
        Some(id) => id.to_string() == wanted,
        None => participants(record, "Users").first().is_some_and(|id| id == wanted),
    },
};
const CONTACT: Filter = Filter {
    name: "contact[id]",
    value: |records| participants(&records[0], "Contacts")[0].clone(),
    keeps: |record, wanted| participants(record, "Contacts").iter().any(|id| id == wanted),
};
const LEAD: Filter = Filter { name: "lead[id]", value: |_| "3107".to_owned(), keeps: has_lead };
const OPPORTUNITY: Filter = Filter { name: "opportunity[id]", ..LEAD };

/// Whether the link of a record of REST's is to one of a kind.
fn is_link(link: &Value, kind: &str, wanted: &str) -> bool {
    link.as_str().is_some_and(|link| link == format!("{wanted}-{kind}"))
}

const CONTENT: Filter = Filter {
    name: "content",
    value: |_| "TENDER".to_owned(),
    keeps: |record, wanted| text(&record["body"]).to_lowercase().contains(&wanted.to_lowercase()),
};
const NOTE_CONTACT: Filter = Filter {
    name: "contact[id]",
    value: |_| "2043".to_owned(),
    keeps: |record, wanted| is_link(&record["links"]["parent"], "contacts", wanted),
};
const NOTE_ACCOUNT: Filter = Filter {
    name: "account[id]",
    value: |_| "1012".to_owned(),
    keeps: |record, wanted| is_link(&record["links"]["parent"], "accounts", wanted),
};
const NOTE_LEAD: Filter = Filter {
    name: "lead[id]",
    value: |_| "3107".to_owned(),
    keeps: |record, wanted| is_link(&record["links"]["parent"], "leads", wanted),
};
const NOTE_OPPORTUNITY: Filter = Filter { name: "opportunity[id]", ..NOTE_LEAD };

const TASK_SUBJECT: Filter = Filter {
    name: "subject",
    value: |_| "order".to_owned(),
    keeps: |record, wanted| text(&record["title"]).to_lowercase().contains(wanted),
};
const TASK_CONTENT: Filter = Filter {
    name: "content",
    value: |_| "AGREED".to_owned(),
    keeps: |record, wanted| text(&record["description"]).to_lowercase().contains(&wanted.to_lowercase()),
};
const TASK_STATUS: Filter = Filter {
    name: "status",
    value: |_| "open".to_owned(),
    keeps: |record, wanted| wanted == if record["completedTime"].is_null() { "open" } else { "completed" },
};
const ASSIGNEE: Filter = Filter {
    name: "owner[id]",
    value: |_| "4".to_owned(),
    keeps: |record, wanted| is_link(&record["links"]["assignee"], "users", wanted),
};
const TASK_ACCOUNT: Filter = Filter {
    name: "account[id]",
    value: |_| "1012".to_owned(),
    keeps: |record, wanted| is_link(&record["links"]["relatedEntity"], "accounts", wanted),
};
const TASK_CONTACT: Filter = Filter {
    name: "contact[id]",
    value: |_| "2046".to_owned(),
    keeps: |record, wanted| is_link(&record["links"]["relatedEntity"], "contacts", wanted),
};
const TASK_LEAD: Filter = Filter {
    name: "lead[id]",
    value: |_| "3107".to_owned(),
    keeps: |record, wanted| is_link(&record["links"]["relatedEntity"], "leads", wanted),
};
const TASK_OPPORTUNITY: Filter = Filter { name: "opportunity[id]", ..TASK_LEAD };

const CONTACTS: Collection = Collection {
    field: "contact",
    first: || json!([{ "id": "2043" }, { "id": "2044" }]),
    edited: None,
    added: || json!({ "id": "2046" }),
    native: |record| participants(record, "Contacts").into_iter().map(|id| json!({ "id": id })).collect(),
};
const LEADS: Collection = Collection {
    field: "lead",
    first: || json!([{ "id": "3107" }, { "id": "3109" }]),
    edited: None,
    added: || json!({ "id": "3110" }),
    native: |record| {
        let leads = record["leads"].as_array().expect("a list").iter();
        leads.map(|lead| json!({ "id": text(&lead["id"]) })).collect()
    },
};
const OPPORTUNITIES: Collection = Collection { field: "opportunity", ..LEADS };
