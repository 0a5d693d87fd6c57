//! Drafts of messages. Their pages are counted from 0.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde_json::{Map, Value, json};

use super::account::{Account, items};
use super::call::{Call, ok};
use super::instants::naive;
use super::refusal::Refusal;
use super::{Answer, Shared, paging};

const MEMBERS: &[&str] = &[
    "attachments",
    "bcc",
    "body",
    "cc",
    "in_reply_to",
    "recipients",
    "sender",
    "subject",
    "tracking_enabled",
    "tracking_configuration",
    "watch_replies",
    "builder_data",
    "content_mode",
    "sender_credential_id",
];

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/api/v1/messages/drafts", get(list).post(create))
}

fn show(account: &Account, draft: &Value) -> Value {
    let specification = &draft["specification"];
    let mapped = |name: &str| -> Vec<Value> {
        items(&specification[name]).iter().map(|it| correspondent(account, it)).collect()
    };
    let sender = &specification["sender"];
    json!({
        "draft_id": draft["draft_id"], "specification": specification, "updated": draft["updated"],
        "creator": account.user(&draft["creator_id"]), "recipients": mapped("recipients"), "cc": mapped("cc"),
        "bcc": mapped("bcc"),
        "sender": if sender.is_null() { Value::Null } else { correspondent(account, sender) },
    })
}

/// An address with the contact who has it.
fn correspondent(account: &Account, given: &Value) -> Value {
    let address = &given["identifier"];
    let has = |contact: &&Value| items(&contact["fields"]["email"]).iter().any(|it| it["value"] == *address);
    let contact = account.contacts.iter().find(has).and_then(|it| it["id"].as_str());
    let user = account.users.iter().find(|user| user["email"] == *address);
    json!({ "email": address, "contact": contact.map(|id| account.short(id)), "user": user })
}

async fn list(State(nimble): State<Shared>, call: Call) -> Answer {
    let account = nimble.look();
    let sent_to = |draft: &&Value| {
        call.param("recipients").is_none_or(|address| {
            items(&draft["specification"]["recipients"]).iter().any(|it| it["identifier"] == address)
        })
    };
    let sent_by = |draft: &&Value| {
        call.param("sender").is_none_or(|address| draft["specification"]["sender"]["identifier"] == address)
    };
    let found = account.drafts.iter().filter(sent_to).filter(sent_by);
    let rows = found.map(|draft| show(&account, draft)).collect();
    ok(paging::numbered(&call, "drafts", ("per_page", 30), 0, rows)?)
}

async fn create(State(nimble): State<Shared>, call: Call) -> Answer {
    let body = call.members_if_any();
    let shown = nimble.change(|account| {
        let mut specification = Map::new();
        for name in MEMBERS {
            let usual = match *name {
                "attachments" | "bcc" | "cc" | "recipients" => json!([]),
                _ => Value::Null,
            };
            specification.insert((*name).to_owned(), body.get(*name).cloned().unwrap_or(usual));
        }
        for name in ["bcc", "cc", "recipients"] {
            let complete = |it: &Value| it["identifier"].is_string() && it["account_type"].is_string();
            if !items(&specification[name]).iter().all(complete) {
                return Err(Refusal::invalid(name, "takes account_type and identifier in each item"));
            }
        }
        let draft = json!({
            "draft_id": account.new_id(), "specification": specification, "updated": naive(account.now),
            "creator_id": account.me()["user_id"],
        });
        account.drafts.push(draft.clone());
        Ok(show(account, &draft))
    })?;
    ok(shown)
}
