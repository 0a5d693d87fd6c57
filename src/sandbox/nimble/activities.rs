//! Tasks, calls and events, what is overdue of a deal, and everything that has happened with a contact.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde_json::{Map, Value, json};

use super::account::{Account, COMPANY, items};
use super::call::{Call, needed, ok, text, texts};
use super::instants::{naive, read, with_colon, with_micros};
use super::refusal::Refusal;
use super::{Answer, Shared, paging};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v1/activities", get(list))
        .route("/api/v1/tasks", post(create_task))
        .route("/api/v1/contacts/proceedings_providers", get(providers))
        .route("/api/v1/contacts/{id}/proceedings", get(proceedings))
        .route("/api/v2/deals/{id}/overdue", get(overdue))
}

const TYPES: &[(&str, &str)] = &[("task", "Task"), ("call", "Call"), ("event", "Event")];

fn show(account: &Account, activity: &Value) -> Value {
    let kind = activity["type"].as_str().unwrap_or_default();
    let name = TYPES.iter().find(|(id, _)| *id == kind).map_or(kind, |(_, name)| *name);
    let contacts = items(&activity["contacts"]).iter().filter_map(Value::as_str);
    let deals = items(&activity["deals"]).iter().filter_map(|id| account.short_deal(id.as_str()?));
    json!({
        "activity_id": activity["activity_id"],
        "activity_type": {
            "archived": false, "can_update_definition": false, "can_update_lc": true, "logo_id": "1",
            "type_id": kind, "type_name": name,
        },
        "assigned_to": account.long_user(&activity["assigned_to"]), "comments": activity["comments"],
        "completed_tstamp": activity["completed"], "created": activity["created"],
        "description": activity["description"], "details": activity["details"],
        "feed_tstamp": activity["feed_tstamp"], "is_important": activity["is_important"],
        "name": activity["name"], "owner": account.long_user(&activity["owner_id"]), "priority": "medium",
        "related_contacts": contacts.map(|id| account.short(id)).collect::<Vec<_>>(),
        "new_related_deals": deals.collect::<Vec<_>>(), "related_sequence": null,
        "scheduled_tstamp": activity["scheduled"], "tags": activity["tags"],
    })
}

/// Whether something is still to come or to be done. What has no direction is refused.
fn pending(call: &Call) -> Result<bool, Refusal> {
    match call.param("direction") {
        Some("pending") => Ok(true),
        Some("past") => Ok(false),
        _ => Err(Refusal::wrong("direction must be pending or past")),
    }
}

async fn list(State(nimble): State<Shared>, call: Call) -> Answer {
    let pending = pending(&call)?;
    let account = nimble.look();
    let one_of = |param: &str, values: &Value| match call.items(param) {
        None => true,
        Some(wanted) => match values {
            Value::Array(values) => values.iter().any(|it| wanted.iter().any(|id| it == id)),
            value => wanted.iter().any(|id| value == id),
        },
    };
    let fits = |it: &&Value| {
        it["completed"].is_null() == pending
            && one_of("types", &it["type"])
            && one_of("contacts", &it["contacts"])
            && one_of("deals", &it["deals"])
            && one_of("users", &it["assigned_to"])
            && one_of("tags", &it["tags"])
            && call.param("completed").is_none_or(|_| it["completed"].is_null() != call.flag("completed"))
    };
    let mut found: Vec<&Value> = account.activities.iter().filter(fits).collect();
    found.sort_by_key(|it| it["feed_tstamp"].as_str().unwrap_or_default());
    if !pending {
        found.reverse();
    }
    let rows = found.into_iter().map(|it| show(&account, it)).collect();
    ok(paging::following(&call, "activities", ("next_activity_id", "activity_id"), 30, rows)?)
}

async fn overdue(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let account = nimble.look();
    account.deals.find(&id)?;
    let now = nimble.now();
    let late = |it: &&Value| {
        let due = it["scheduled"].as_str().and_then(read);
        it["completed"].is_null()
            && items(&it["deals"]).iter().any(|deal| *deal == id)
            && due.is_some_and(|due| due < now)
    };
    let most = call.number("limit", 1, 100)?.unwrap_or(100);
    let rows: Vec<Value> =
        account.activities.iter().filter(late).take(most).map(|it| show(&account, it)).collect();
    ok(json!({ "activities": rows }))
}

async fn create_task(State(nimble): State<Shared>, call: Call) -> Answer {
    let body = call.members()?;
    if body.contains_key("related_to") {
        return Err(Refusal::invalid("related_to", "is not accepted; use related.contacts or related.deals"));
    }
    let shown = nimble.change(|account| {
        let subject = needed(body, "subject")?;
        if !(2..=128).contains(&subject.chars().count()) {
            return Err(Refusal::invalid("subject", "takes 2 to 128 letters"));
        }
        let related = body.get("related").and_then(Value::as_object).cloned().unwrap_or_default();
        let contacts = texts(&related, "contacts")?.unwrap_or_default();
        contacts.iter().try_for_each(|id| account.contact(id).map(|_| ()))?;
        let deals = texts(&related, "deals")?.unwrap_or_default();
        deals.iter().try_for_each(|id| account.deals.find(id).map(|_| ()))?;
        let me = account.me()["user_id"].clone();
        let assigned = body.get("assigned_to").filter(|it| !it.is_null()).unwrap_or(&me).clone();
        if account.user(&assigned).is_null() {
            return Err(Refusal::invalid("assigned_to", "is no user of the company"));
        }
        let id = account.new_id();
        let now = account.now;
        let task = json!({
            "activity_id": format!("task|{id}"), "task_id": id, "type": "task", "name": subject,
            "description": body.get("notes"), "scheduled": instant(body, "due_date")?,
            "completed": instant(body, "completed_time")?, "created": naive(now),
            "feed_tstamp": instant(body, "due_date")?.unwrap_or_else(|| with_colon(now)),
            "assigned_to": assigned, "owner_id": me, "contacts": contacts, "deals": deals,
            "is_important": body.get("is_important").cloned().unwrap_or(json!(false)),
            "tags": texts(body, "tags")?.unwrap_or_default(), "comments": [], "details": {},
        });
        account.activities.push(task.clone());
        Ok(show_task(account, &task))
    })?;
    ok(shown)
}

fn instant(body: &Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    let Some(given) = text(body, name) else { return Ok(None) };
    let at = read(given).ok_or_else(|| Refusal::invalid(name, "must be like 2026-01-31T09:30:00"))?;
    Ok(Some(with_colon(at)))
}

fn show_task(account: &Account, task: &Value) -> Value {
    let contacts = items(&task["contacts"]).iter().filter_map(Value::as_str);
    let deals = items(&task["deals"]).iter().filter_map(|id| account.short_deal(id.as_str()?));
    json!({
        "assigned_to": account.user(&task["assigned_to"]), "comments": [], "company_id": COMPANY,
        "completed": !task["completed"].is_null(), "completed_time": task["completed"],
        "created": with_colon(account.now), "due_date": task["scheduled"], "due_date_text": null,
        "id": task["task_id"], "is_important": task["is_important"], "notes": task["description"],
        "owner": account.user(&task["owner_id"]), "owner_id": task["owner_id"],
        "related": {
            "contacts": contacts.map(|id| account.short(id)).collect::<Vec<_>>(), "deals": [],
            "new_deals": deals.collect::<Vec<_>>(), "sequence": null,
        },
        "related_to": task["contacts"], "starred": false, "subject": task["name"], "tags": task["tags"],
        "updated": with_micros(account.now), "version": 2,
    })
}

async fn providers() -> Answer {
    let kinds = |pairs: &[(&str, &str)]| -> Vec<Value> {
        pairs.iter().map(|(id, name)| json!({ "type_id": id, "type_name": name })).collect()
    };
    let provider = |id: &str, name: &str, pairs: &[(&str, &str)]| json!({ "name": name, "provider_id": id, "types": kinds(pairs) });
    ok(json!({ "providers": [
        provider("contact_notes", "Contact notes", &[("contact_note", "Note")]),
        provider("messages", "Messages", &[("message", "Message")]),
        provider("webforms", "Web forms", &[("webform_response", "Web form response")]),
        provider("activities", "Activities", TYPES),
        provider("deals", "Deals", &[("new_deal", "Deal")]),
    ] }))
}

/// Notes, activities and deals of a contact in one stream. `limit` is needed here.
async fn proceedings(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let pending = pending(&call)?;
    if call.param("limit").is_none() {
        return Err(Refusal::wrong("limit is required"));
    }
    let account = nimble.look();
    account.contact(&id)?;
    let mut rows = Vec::new();
    let about = |list: &Value| items(list).iter().any(|contact| *contact == id);
    if !pending {
        for note in account.notes.iter().filter(|note| about(&note["contact_ids"])) {
            let preview = &note["note_preview"];
            let at = note["created"].as_str().and_then(read).map(with_colon);
            rows.push(row("contact_note", "Note", &note["id"], preview, preview, &json!(at)));
        }
        for deal in account.deals.iter() {
            if items(&deal["related_contacts"]).iter().any(|it| it["contact_id"] == id) {
                let at = deal["created"].as_str().and_then(read).map(with_colon);
                let name = account.deal_name(deal);
                rows.push(row("new_deal", "Deal", &deal["deal_id"], &json!(name), &json!(""), &json!(at)));
            }
        }
    }
    for it in
        account.activities.iter().filter(|it| about(&it["contacts"]) && it["completed"].is_null() == pending)
    {
        let kind = it["type"].as_str().unwrap_or_default();
        let name = TYPES.iter().find(|(id, _)| *id == kind).map_or(kind, |(_, name)| *name);
        let mut shown = row(kind, name, &it["task_id"], &it["name"], &it["description"], &it["feed_tstamp"]);
        shown["proceeding_id"] = it["activity_id"].clone();
        rows.push(shown);
    }
    if let Some(kinds) = call.items("types") {
        rows.retain(|row| kinds.iter().any(|kind| row["proceeding_type"]["type_id"] == kind.as_str()));
    }
    rows.sort_by(|one, two| two["feed_tstamp"].as_str().cmp(&one["feed_tstamp"].as_str()));
    ok(paging::following(&call, "proceedings", ("next_id", "proceeding_id"), 30, rows)?)
}

fn row(kind: &str, kind_name: &str, id: &Value, name: &Value, description: &Value, at: &Value) -> Value {
    json!({
        "proceeding_id": format!("{kind}|{}", id.as_str().unwrap_or_default()), "name": name,
        "description": description, "feed_tstamp": at,
        "proceeding_type": { "type_id": kind, "type_name": kind_name }, "details": {},
    })
}
