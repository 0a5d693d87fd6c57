//! What an administrator of Nutshell sets up: custom fields, users, saved filters, the account itself.

use futures::FutureExt;
use serde_json::{Value, json};
use unicrm::model::Method;

use super::{CREATED, UPDATED, every, is, listed, one, plain, text};
use crate::described::{Described, Filter, Sample, Writes};
use crate::support::twin::Twin;

pub const RESOURCES: &[Described] = &[
    Described {
        impossible: "Not a field",
        // The fields that every record has are none of those that somebody defined.
        beside: |method| match method {
            Method::List => "entity=contact&is_user_defined=true",
            _ => "entity=contact",
        },
        one_source: false,
        filters: &[FIELD_NAME, FIELD_TYPE],
        writes: Some(Writes {
            needs: &["label", "type"],
            // The label is the name; only an enum has options.
            aside: &["name", "options"],
            sample: |_| async { field() }.boxed_local(),
            touches: &[],
            always: &[],
            insists: &[],
            collections: &[],
        }),
        ..Described::usual(
            "nutshell",
            "crm/fields",
            |twin| definitions(twin).boxed_local(),
            |twin, id| definition(twin, id).boxed_local(),
        )
    },
    Described {
        impossible: "me",
        empty: || json!({ "result": [] }),
        // A list has users in short.
        shorter_in_lists: &["remote_data"],
        filters: &[USER_NAME, USER_EMAIL, USER_ACTIVE],
        instants: &[CREATED, UPDATED],
        ..Described::usual(
            "nutshell",
            "crm/users",
            |twin| every(twin, "findUsers").boxed_local(),
            |twin, id| one(twin, "getUser", "userId", id).boxed_local(),
        )
    },
    Described {
        impossible: "me",
        empty: || json!({ "result": [] }),
        shorter_in_lists: &["first_name", "last_name", "groups", "remote_data"],
        filters: &[USER_NAME, USERNAME, EMAILS, USER_STATUS, ROLE],
        ..Described::usual(
            "nutshell",
            "user-directory/users",
            |twin| every(twin, "findUsers").boxed_local(),
            |twin, id| one(twin, "getUser", "userId", id).boxed_local(),
        )
    },
    Described {
        empty: || json!({ "filters": [] }),
        id: plain,
        filters: &[USER_NAME],
        ..Described::usual(
            "nutshell",
            "crm/views",
            |twin| listed(twin, "filters", "filters").boxed_local(),
            |_, _| async { None }.boxed_local(),
        )
    },
    Described {
        empty: || json!({ "result": [] }),
        ..Described::usual(
            "nutshell",
            "crm/workspaces",
            |twin| async { vec![twin.rpc("instanceData", &json!({})).await["result"].clone()] }.boxed_local(),
            |_, _| async { None }.boxed_local(),
        )
    },
];

async fn definitions(twin: &Twin) -> Vec<Value> {
    listed(twin, "contacts/customfields/attributes", "customFields").await
}

async fn definition(twin: &Twin, id: &str) -> Option<Value> {
    definitions(twin).await.into_iter().find(|definition| definition["id"] == id)
}

fn field() -> Sample {
    Sample {
        body: json!({ "label": "Shoe size & width", "type": "number", "entity_type": "contact" }),
        native: json!({ "title": "Shoe size & width", "type": "number" }),
    }
}

const FIELD_NAME: Filter = Filter {
    name: "name",
    value: |records| text(&records[1]["title"]),
    keeps: |record, wanted| text(&record["title"]) == wanted,
};
const FIELD_TYPE: Filter = Filter {
    name: "type",
    value: |_| "string".to_owned(),
    keeps: |record, wanted| {
        let of = match record["type"].as_str() {
            Some("boolean") => "boolean",
            Some("choice") => "enum",
            _ => "string",
        };
        of == wanted
    },
};
const USER_NAME: Filter = Filter {
    name: "name",
    value: |records| text(&records[0]["name"]).to_uppercase().chars().take(5).collect(),
    keeps: |record, wanted| text(&record["name"]).to_lowercase().contains(&wanted.to_lowercase()),
};
const USER_EMAIL: Filter = Filter {
    name: "email",
    value: |records| text(&records[0]["emails"][0]).to_uppercase(),
    keeps: |record, wanted| is(&record["emails"][0], wanted),
};
const USERNAME: Filter = Filter { name: "username", ..USER_EMAIL };
const EMAILS: Filter = Filter { name: "emails[email]", ..USER_EMAIL };
const USER_ACTIVE: Filter = Filter {
    name: "is_active",
    value: |_| "true".to_owned(),
    keeps: |record, wanted| record["isEnabled"] == (wanted == "true"),
};
const USER_STATUS: Filter = Filter {
    name: "status",
    value: |_| "active".to_owned(),
    keeps: |record, wanted| wanted == if record["isEnabled"] == true { "active" } else { "inactive" },
};
const ROLE: Filter = Filter {
    name: "roles[id]",
    value: |_| "administrator".to_owned(),
    keeps: |record, _| record["isAdministrator"] == true,
};
