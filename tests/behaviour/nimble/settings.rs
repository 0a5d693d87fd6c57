//! What an administrator of Nimble sets up: fields and their groups, users, the company itself.

use futures::FutureExt;
use serde_json::{Value, json};

use super::{MISSING, every, is, text};
use crate::described::{Described, Filter, Sample, Writes};
use crate::support::twin::Twin;

/// Fields that people and companies share.
const SHARED: &[&str] = &["email", "phone", "URL", "address", "description"];

pub const RESOURCES: &[Described] = &[
    Described {
        missing: MISSING,
        empty: || json!({ "tabs": [] }),
        id: |record| text(&record["field_id"]),
        beside: |_| "entity=contact",
        filters: &[FIELD_NAME, FIELD_TYPE, OWN],
        // The company's own that no contact has a value of.
        free: |record| {
            record["available_actions"] == "edit_all"
                && !matches!(record["name"].as_str(), Some("Preferred wood" | "Newsletter"))
        },
        writes: Some(Writes {
            needs: &["name", "type"],
            aside: &["name", "options", "field_groups"],
            sample: |_| async { field() }.boxed_local(),
            touches: &[("label", &["name"]), ("entity_type", &[])],
            always: &[],
            insists: &["label", "entity_type"],
            collections: &[],
        }),
        ..Described::usual(
            "nimble",
            "crm/fields",
            |twin| fields(twin).boxed_local(),
            |twin, id| field_of(twin, id).boxed_local(),
        )
    },
    Described {
        missing: MISSING,
        empty: || json!({ "tabs": [] }),
        id: |record| text(record.get("group_id").unwrap_or_else(|| &record["tab_id"])),
        beside: |_| "entity=contact",
        filters: &[GROUP_NAME],
        free: |record| record.get("group_id").is_some(),
        writes: Some(Writes {
            needs: &["name"],
            aside: &["label"],
            sample: |_| async { group() }.boxed_local(),
            touches: &[("name", &["name"])],
            always: &[],
            insists: &["name"],
            collections: &[],
        }),
        ..Described::usual(
            "nimble",
            "crm/field_groups",
            |twin| groups(twin).boxed_local(),
            |twin, id| group_of(twin, id).boxed_local(),
        )
    },
    Described {
        missing: MISSING,
        copes_with_404: true,
        empty: || json!({ "users": [] }),
        id: user_id,
        filters: &[USER_NAME, USER_EMAIL, USER_ACTIVE],
        ..Described::usual(
            "nimble",
            "crm/users",
            |twin| users(twin).boxed_local(),
            |twin, id| user(twin, id).boxed_local(),
        )
    },
    Described {
        missing: MISSING,
        copes_with_404: true,
        empty: || json!({ "users": [] }),
        id: user_id,
        filters: &[USER_NAME, FIRST_NAME, LAST_NAME, USERNAME, USER_EMAILS, USER_STATUS],
        ..Described::usual(
            "nimble",
            "user-directory/users",
            |twin| users(twin).boxed_local(),
            |twin, id| user(twin, id).boxed_local(),
        )
    },
    Described {
        // There is always one.
        one_source: false,
        id: |record| text(&record["company_id"]),
        ..Described::usual(
            "nimble",
            "crm/workspaces",
            |twin| myself(twin).boxed_local(),
            |twin, _| async { myself(twin).await.pop() }.boxed_local(),
        )
    },
];

async fn tabs(twin: &Twin) -> Vec<Value> {
    every(twin, "v1/contacts/fields", "tabs", "").await
}

/// The fields of people: those of their tabs, and those that companies share.
async fn fields(twin: &Twin) -> Vec<Value> {
    let mut found = Vec::new();
    for tab in tabs(twin).await {
        for member in tab["members"].as_array().expect("members") {
            let fields = member["fields"].as_array().cloned().unwrap_or_else(|| vec![member.clone()]);
            let shown = |field: &Value| {
                field["type"] == "field"
                    && (tab["contact_types"] == "person" || SHARED.contains(&text(&field["name"]).as_str()))
            };
            found.extend(fields.into_iter().filter(shown));
        }
    }
    found
}

async fn field_of(twin: &Twin, id: &str) -> Option<Value> {
    fields(twin).await.into_iter().find(|field| field["field_id"] == id)
}

/// The tabs of people and the groups in them.
async fn groups(twin: &Twin) -> Vec<Value> {
    let mut found = Vec::new();
    for tab in tabs(twin).await.into_iter().filter(|tab| tab["contact_types"] == "person") {
        let groups = tab["members"].as_array().expect("members").clone();
        found.push(tab);
        found.extend(groups.into_iter().filter(|member| member["type"] == "group"));
    }
    found
}

async fn group_of(twin: &Twin, id: &str) -> Option<Value> {
    groups(twin).await.into_iter().find(|it| it["group_id"] == id || it["tab_id"] == id)
}

async fn users(twin: &Twin) -> Vec<Value> {
    every(twin, "v1/company/users", "users", "").await
}

async fn user(twin: &Twin, id: &str) -> Option<Value> {
    users(twin).await.into_iter().find(|user| user_id(user) == id)
}

/// It is in the address of the picture only.
fn user_id(user: &Value) -> String {
    let picture = text(&user["avatar_url"]);
    let (_, rest) = picture.split_once("/user/").expect("a user's picture");
    rest[..24].to_owned()
}

async fn myself(twin: &Twin) -> Vec<Value> {
    vec![twin.get("/api/v1/myself").await.ok()]
}

fn field() -> Sample {
    Sample {
        body: json!({ "label": "Shoe size", "type": "string", "entity_type": "contact" }),
        native: json!({ "name": "Shoe size", "field_type": { "field_kind": "string" }, "available_actions": "edit_all" }),
    }
}

fn group() -> Sample {
    Sample {
        body: json!({ "name": "Tools & toys", "entity_type": "contact" }),
        native: json!({ "name": "Tools & toys", "type": "group" }),
    }
}

const FIELD_NAME: Filter =
    Filter { name: "name", value: |_| "email".to_owned(), keeps: |record, wanted| record["name"] == wanted };
const FIELD_TYPE: Filter = Filter {
    name: "type",
    value: |_| "enum".to_owned(),
    keeps: |record, wanted| {
        let kind = text(&record["field_type"]["field_kind"]);
        let plain = match kind.as_str() {
            "address" => "address",
            _ if record["multiples"] == true => "array",
            "choice" => "enum",
            "long_string" => "text",
            "employment" | "user" => "string",
            kind => kind,
        };
        plain == wanted
    },
};
const OWN: Filter = Filter {
    name: "is_user_defined",
    value: |_| "true".to_owned(),
    keeps: |record, wanted| (record["available_actions"] == "edit_all").to_string() == wanted,
};
const GROUP_NAME: Filter = Filter {
    name: "name",
    value: |_| "Habits".to_owned(),
    keeps: |record, wanted| record["name"] == wanted || record["tab_name"] == wanted,
};
const USER_NAME: Filter = Filter {
    name: "name",
    value: |_| "tom".to_owned(),
    keeps: |record, wanted| text(&record["name"]).to_lowercase().contains(wanted),
};
const USER_EMAIL: Filter = Filter {
    name: "email",
    value: |records| text(&records[0]["email"]).to_uppercase(),
    keeps: |record, wanted| is(&record["email"], wanted),
};
const USER_ACTIVE: Filter = Filter {
    name: "is_active",
    value: |_| "false".to_owned(),
    keeps: |record, wanted| record["is_active"].as_bool() == wanted.parse().ok(),
};
const FIRST_NAME: Filter = Filter {
    name: "first_name",
    value: |_| "TOMAS".to_owned(),
    keeps: |record, wanted| text(&record["name"]).to_uppercase().starts_with(wanted),
};
const LAST_NAME: Filter = Filter {
    name: "last_name",
    value: |_| "AGUILAR".to_owned(),
    keeps: |record, wanted| text(&record["name"]).to_uppercase().ends_with(wanted),
};
const USERNAME: Filter = Filter {
    name: "username",
    value: |records| text(&records[0]["email"]).to_uppercase(),
    keeps: |record, wanted| is(&record["email"], wanted),
};
const USER_EMAILS: Filter = Filter {
    name: "emails[email]",
    value: |records| text(&records[1]["email"]).to_uppercase(),
    keeps: |record, wanted| is(&record["email"], wanted),
};
const USER_STATUS: Filter = Filter {
    name: "status",
    value: |_| "inactive".to_owned(),
    keeps: |record, wanted| (if record["is_active"] == true { "active" } else { "inactive" }) == wanted,
};
