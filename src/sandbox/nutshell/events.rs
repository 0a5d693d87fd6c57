//! What a webhook is told: found by comparing the account before a write with the account after it, so that no write can
//! forget to tell.
//!
//! The body is what `/rest/events` would have of it, with the records in `payloads`. Nutshell documents the actions
//! `create` and `stagechange`; the words for other changes and for deletions are ours. Webhooks tell of companies, people,
//! leads and activities, and of nothing else that the sandbox has.

use serde_json::{Value, json};

use super::account::Account;
use super::record::{Kind, Record};
use super::rest_views::view;
use super::seed;
use crate::sandbox::table::Change;

/// Kinds that webhooks tell of.
const TOLD: [Kind; 4] = [Kind::Accounts, Kind::Contacts, Kind::Leads, Kind::Activities];

/// The bodies that tell of what happened, one for each record. `number` counts the events.
pub(super) fn told(before: &Account, after: &Account, mut number: impl FnMut() -> u64) -> Vec<Value> {
    let mut bodies = Vec::new();
    for kind in TOLD {
        for (id, change) in after.changes_since(before, kind) {
            let (action, record) = match change {
                Change::Created(record) => ("create", Some(record)),
                Change::Updated { before, after } => (verb(before, after), Some(after)),
                Change::Deleted => ("delete", None),
            };
            bodies.push(body(after, kind, id, action, record, number()));
        }
    }
    bodies
}

fn verb(before: &Record, after: &Record) -> &'static str {
    if before.field("milestone") == after.field("milestone") { "edit" } else { "stagechange" }
}

fn body(account: &Account, kind: Kind, id: i64, action: &str, record: Option<&Record>, number: u64) -> Value {
    let name = kind.rest();
    let tagged = format!("{id}-{name}");
    let payload = match record {
        Some(record) => view(account, kind, record),
        None => json!({ "id": tagged, "type": name }),
    };
    let actor = format!("{}-users", seed::ADMINISTRATOR);
    json!({
        "meta": {},
        "links": {
            "events.actor": {
                "href": "https://app.nutshell.com/rest/{events.actorType}/{events.actor}", "type": "actors",
            },
        },
        "events": [{
            "id": format!("{number}-events"), "type": "events", "createdTime": account.now.unix_timestamp(),
            "actorType": "users", "payloadType": name, "action": action, "changes": [],
            "links": { "comments": [], "actor": actor, "payloads": [tagged] },
        }],
        "actors": [{ "id": actor, "type": "users" }],
        "payloads": [payload],
    })
}
