//! Leads and activities.

use serde_json::{Value, json};
use unicrm::sandbox::{NUTSHELL_KEY, NUTSHELL_USERNAME};

use crate::harness::Crm;

fn edit(lead: Value) -> Value {
    json!({ "leadId": 3107, "rev": "REV_IGNORE", "lead": lead })
}

#[tokio::test]
async fn an_outcome_closes_a_lead_and_only_status_zero_opens_it() {
    let crm = Crm::start().await;
    let body =
        json!({ "id": "t", "method": "editLead", "params": edit(json!({ "status": 10 })) }).to_string();
    let (status, text) =
        crm.send(http::Method::POST, "/api/v1/json", NUTSHELL_USERNAME, NUTSHELL_KEY, body).await;
    assert!(status == 400 && text.contains("can only be set to 0"), "{status} {text}");
    let closed = crm.call("editLead", edit(json!({ "outcomeId": 211 }))).await;
    assert_eq!((&closed["status"], closed["closedTime"].is_string()), (&json!(10), true));
    let open = crm.call("editLead", edit(json!({ "status": 0 }))).await;
    assert_eq!((&open["status"], open.get("outcome")), (&json!(0), None));
}

#[tokio::test]
async fn a_stage_takes_its_pipeline_along_and_a_lead_begins_in_the_first() {
    let crm = Crm::start().await;
    let moved = crm.call("editLead", edit(json!({ "milestoneId": 107 }))).await;
    assert_eq!(moved["stageset"]["id"], 12);
    assert_eq!(crm.refusal("editLead", edit(json!({ "milestoneId": 107, "stagesetId": 11 }))).await, 400);
    let made = crm.call("newLead", json!({ "lead": { "description": "New" } })).await;
    assert_eq!((&made["milestone"]["id"], &made["stageset"]["id"]), (&json!(101), &json!(11)));
    assert_eq!(made["name"], "Lead-1015");
}

#[tokio::test]
async fn relations_need_their_kind_on_an_edit_and_the_value_is_the_products() {
    let crm = Crm::start().await;
    assert_eq!(crm.refusal("editLead", edit(json!({ "contacts": [{ "id": 2043 }] }))).await, 400);
    crm.call("editLead", edit(json!({ "contacts": [{ "id": 2044, "entityType": "Contacts" }] }))).await;
    assert_eq!(crm.refusal("editLead", edit(json!({ "value": { "amount": 1 } }))).await, 400);
}

#[tokio::test]
async fn leads_are_found_by_status_assignee_and_whose_they_are() {
    let crm = Crm::start().await;
    let count = async |query: Value| {
        let params = json!({ "query": query, "limit": 100 });
        crm.call("findLeads", params).await.as_array().expect("a list").len()
    };
    assert_eq!(count(json!({ "filter": 2 })).await, 14);
    assert_eq!(count(json!({ "status": 10 })).await, 2);
    assert_eq!(count(json!({ "assignee": [{ "entityType": "Teams", "id": 31 }] })).await, 4);
    assert_eq!(count(json!({ "filter": 0 })).await, 0);
    assert_eq!(count(json!({ "filter": 1 })).await, 4);
}

#[tokio::test]
async fn an_activity_is_overdue_by_itself_and_logged_by_its_author() {
    let crm = Crm::start().await;
    let overdue =
        crm.call("findActivities", json!({ "query": { "status": -1 }, "stubResponses": false })).await;
    let id = overdue[0]["id"].clone();
    let edit = |activity: Value| json!({ "activityId": id, "rev": "REV_IGNORE", "activity": activity });
    assert_eq!(crm.refusal("editActivity", edit(json!({ "status": -1 }))).await, 400);
    let logged = crm.call("editActivity", edit(json!({ "status": 1, "logNote": { "note": "Done" } }))).await;
    assert_eq!((&logged["status"], &logged["loggedBy"]["id"]), (&json!(1), &json!(3)));
    assert_eq!(logged["logNote"]["note"], "Done");
    let backwards = json!({ "startTime": "2030-01-02T00:00:00Z", "endTime": "2030-01-01T00:00:00Z" });
    assert_eq!(crm.refusal("editActivity", edit(backwards)).await, 400);
}

#[tokio::test]
async fn a_note_is_its_authors_for_a_day() {
    let crm = Crm::start().await;
    let old = json!({ "noteId": 6301, "rev": "REV_IGNORE", "note": "Other" });
    assert_eq!(crm.refusal("editNote", old).await, 403);
    let about = json!({ "entity": { "entityType": "Leads", "id": 3107 }, "note": "New" });
    let made = crm.call("newNote", about).await;
    let edit = json!({ "noteId": made["id"], "rev": made["rev"], "note": "Newer" });
    let other = crm.envelope_as("amara.nwosu@millbrook.example", "editNote", edit.clone()).await;
    assert_eq!(other["error"]["code"], 403);
    assert_eq!(crm.call("editNote", edit).await["note"], "Newer");
}
