//! What an administrator of Capsule sets up: custom fields and their groups, users, saved filters, the account itself.

use futures::FutureExt;
use serde_json::{Value, json};
use unicrm::model::Method;

use super::sales::IN_USE;
use super::{any, every, is, one, text};
use crate::described::{Described, Filter, Sample, Writes};
use crate::support::twin::Twin;

/// The administrator; the other users' ids follow.
const FIRST_USER: i64 = 712_440;

pub const RESOURCES: &[Described] = &[
    Described {
        impossible: "Not a field",
        // The standard fields are none of Capsule's records.
        beside: |method| match method {
            Method::List => "entity=account&is_user_defined=true",
            _ => "entity=account",
        },
        empty: || json!({ "definitions": [] }),
        filters: &[FIELD_NAME, FIELD_TYPE],
        writes: Some(Writes {
            needs: &["label", "type"],
            // Capsule gives a field its name, and insists on the options of a list.
            aside: &["name", "options"],
            sample: |_| async { field() }.boxed_local(),
            touches: &[("label", &["name"]), ("description", &["description"]), ("entity_type", &[])],
            always: &[],
            insists: &["label", "entity_type"],
            collections: &[],
        }),
        ..Described::usual(
            "capsule",
            "crm/fields",
            |twin| definitions(twin).boxed_local(),
            |twin, id| definition(twin, id).boxed_local(),
        )
    },
    Described {
        beside: |_| "entity=contact",
        empty: || json!({ "tags": [] }),
        filters: &[NAME, IN_USE],
        ..Described::usual(
            "capsule",
            "crm/field_groups",
            |twin| data_tags(twin).boxed_local(),
            |twin, id| tag(twin, id).boxed_local(),
        )
    },
    Described {
        impossible: "me",
        empty: || json!({ "users": [] }),
        filters: &[USER_NAME, USER_EMAIL, USER_ACTIVE],
        ..Described::usual(
            "capsule",
            "crm/users",
            |twin| users(twin).boxed_local(),
            |twin, id| user(twin, id).boxed_local(),
        )
    },
    Described {
        impossible: "me",
        empty: || json!({ "users": [] }),
        filters: &[USER_NAME, FIRST_NAME, LAST_NAME, USERNAME, USER_EMAILS, USER_STATUS, GROUP],
        ..Described::usual(
            "capsule",
            "user-directory/users",
            |twin| users(twin).boxed_local(),
            |twin, id| user(twin, id).boxed_local(),
        )
    },
    Described {
        id: |record| format!("{}:{}", kind_of(record), record["id"]),
        one_source: false,
        filters: &[VIEW_ENTITY, NAME],
        ..Described::usual(
            "capsule",
            "crm/views",
            |twin| views(twin).boxed_local(),
            |_, _| async { None }.boxed_local(),
        )
    },
    Described {
        id: |record| text(&record["subdomain"]),
        empty: || json!({ "site": [] }),
        ..Described::usual(
            "capsule",
            "crm/workspaces",
            |twin| site(twin).boxed_local(),
            |_, _| async { None }.boxed_local(),
        )
    },
];

async fn definitions(twin: &Twin) -> Vec<Value> {
    let mut found = every(twin, "parties/fields/definitions", "definitions", "").await;
    found.retain(|definition| definition["captureRule"] != "person");
    found
}

async fn definition(twin: &Twin, id: &str) -> Option<Value> {
    one(twin, &format!("parties/fields/definitions/{id}"), "definition", "").await
}

async fn data_tags(twin: &Twin) -> Vec<Value> {
    let mut found = every(twin, "parties/tags", "tags", "").await;
    found.retain(|tag| tag["dataTag"] == true);
    found
}

async fn tag(twin: &Twin, id: &str) -> Option<Value> {
    one(twin, &format!("parties/tags/{id}"), "tag", "").await
}

async fn users(twin: &Twin) -> Vec<Value> {
    twin.get("/api/v2/users?embed=party").await.ok()["users"].as_array().cloned().expect("a list")
}

async fn user(twin: &Twin, id: &str) -> Option<Value> {
    one(twin, &format!("users/{id}"), "user", "embed=party").await
}

/// Saved filters look alike; those of opportunities look at what only opportunities have.
fn kind_of(record: &Value) -> &'static str {
    let looks_at_value = |key: &Value| key["field"] == "expectedValue";
    if record["orderBy"].as_array().is_some_and(|keys| keys.iter().any(looks_at_value)) {
        "opportunity"
    } else {
        "party"
    }
}

async fn views(twin: &Twin) -> Vec<Value> {
    let mut found = every(twin, "parties/filters", "filters", "").await;
    found.extend(every(twin, "opportunities/filters", "filters", "").await);
    found
}

async fn site(twin: &Twin) -> Vec<Value> {
    vec![twin.get("/api/v2/site").await.ok()["site"].clone()]
}

fn field() -> Sample {
    Sample {
        body: json!({
            "label": "Grind & roast", "description": "How they like it", "type": "enum",
            "options": [{ "label": "Coarse", "value": "Coarse" }, { "label": "Fine ☕", "value": "Fine ☕" }],
            "entity_type": "account", "field_groups": [],
        }),
        native: json!({
            "name": "Grind & roast", "description": "How they like it", "type": "list",
            "options": ["Coarse", "Fine ☕"], "captureRule": "organisation",
        }),
    }
}

const NAME: Filter = Filter {
    name: "name",
    value: |records| text(&records[0]["name"]),
    keeps: |record, wanted| record["name"] == wanted,
};
const FIELD_NAME: Filter = Filter {
    name: "name",
    value: |records| text(&records[0]["id"]),
    keeps: |record, wanted| text(&record["id"]) == wanted,
};
const FIELD_TYPE: Filter = Filter {
    name: "type",
    value: |_| "number".to_owned(),
    keeps: |record, wanted| {
        let kinds = [("enum", "list"), ("array", "multiselectlist"), ("string", "link")];
        let native = kinds.iter().find(|(unified, _)| *unified == wanted);
        record["type"] == native.map_or(wanted, |(_, native)| *native)
    },
};
const USER_NAME: Filter = Filter {
    name: "name",
    value: |records| text(&records[0]["name"]).to_uppercase()[1..4].to_owned(),
    keeps: |record, wanted| text(&record["name"]).to_uppercase().contains(wanted),
};
const USER_EMAIL: Filter = Filter {
    name: "email",
    value: |records| text(&records[1]["party"]["emailAddresses"][0]["address"]).to_uppercase(),
    keeps: has_email,
};
const USER_EMAILS: Filter = Filter { name: "emails[email]", ..USER_EMAIL };
const USER_ACTIVE: Filter =
    Filter { name: "is_active", value: |_| "true".to_owned(), keeps: |record, _| record["deleted"] == false };
const USER_STATUS: Filter = Filter {
    name: "status",
    value: |_| "deleted".to_owned(),
    keeps: |record, wanted| wanted == if record["deleted"] == true { "deleted" } else { "active" },
};
const FIRST_NAME: Filter = Filter {
    name: "first_name",
    value: |records| text(&records[1]["party"]["firstName"]),
    keeps: |record, wanted| is(&record["party"]["firstName"], wanted),
};
const LAST_NAME: Filter = Filter {
    name: "last_name",
    value: |records| text(&records[1]["party"]["lastName"]).to_uppercase(),
    keeps: |record, wanted| is(&record["party"]["lastName"], wanted),
};
const USERNAME: Filter = Filter {
    name: "username",
    value: |records| text(&records[2]["username"]),
    keeps: |record, wanted| is(&record["username"], wanted),
};
/// The first team's members.
const GROUP: Filter = Filter {
    name: "groups[id]",
    value: |_| "24310".to_owned(),
    keeps: |record, _| [0, 1, 3].iter().any(|number| record["id"] == FIRST_USER + number),
};
const VIEW_ENTITY: Filter = Filter {
    name: "entity",
    value: |_| "opportunity".to_owned(),
    keeps: |record, wanted| match kind_of(record) {
        "party" => ["contact", "account"].contains(&wanted),
        kind => kind == wanted,
    },
};

fn has_email(record: &Value, wanted: &str) -> bool {
    any(&record["party"], "emailAddresses", |item| is(&item["address"], wanted))
}
