//! How a lead ends, and begins again.

use serde_json::{Value, json};

use crate::support::app::{Setup, TestApp};

const LEAD: &str = "/unified/crm/leads/3107";

async fn start() -> TestApp {
    TestApp::with(Setup { provider: "nutshell", ..Setup::default() }).await
}

#[tokio::test]
async fn a_lead_is_won_and_opened_again() {
    let app = start().await;
    let won = app.patch(LEAD, &json!({ "status": "won" })).await.ok();
    assert_eq!((&won["status"], &won["lost_at"]), (&json!("won"), &Value::Null));
    assert!(won["won_at"].is_string(), "{won}");
    assert_eq!(won["close_date"], won["won_at"]);
    let same = app.patch(LEAD, &json!({ "status": "won", "close_date": won["close_date"] })).await.ok();
    assert_eq!(same.to_string(), won.to_string());
    let open = app.patch(LEAD, &json!({ "status": "open" })).await.ok();
    assert_eq!((&open["status"], &open["won_at"]), (&json!("open"), &Value::Null));
}

#[tokio::test]
async fn where_several_outcomes_come_to_the_same_the_caller_chooses() {
    let app = start().await;
    let body = app.patch(LEAD, &json!({ "status": "lost" })).await.refused_fields(&["lost_reason"]);
    let message = body["message"].as_str().expect("a message");
    assert!(message.contains("Lost on price") && message.contains("Chose a competitor"), "{message}");
    assert!(!message.contains("Won"), "{message}");
    let reason = json!({ "status": "lost", "lost_reason": { "name": "chose a competitor" } });
    let lost = app.patch(LEAD, &reason).await.ok();
    assert_eq!(
        (&lost["status"], &lost["lost_reason"]["name"]),
        (&json!("lost"), &json!("Chose a competitor"))
    );
    assert!(lost["lost_at"].is_string() && lost["won_at"].is_null(), "{lost}");
    let other = app.patch(LEAD, &json!({ "lost_reason": { "name": "Lost on price" } })).await.ok();
    assert_eq!(other["lost_reason"]["name"], "Lost on price");
    app.patch(LEAD, &json!({ "close_date": "2020-01-01T00:00:00Z" })).await.refused_fields(&["close_date"]);
    let unknown = json!({ "lost_reason": { "name": "Bad luck" } });
    app.patch(LEAD, &unknown).await.refused_fields(&["lost_reason"]);
}

#[tokio::test]
async fn a_reason_needs_a_lost_lead_and_a_new_lead_is_open() {
    let app = start().await;
    let reason = json!({ "lost_reason": { "name": "Lost on price" } });
    app.patch(LEAD, &reason).await.refused_fields(&["lost_reason"]);
    let born_won = json!({ "title": "Too good", "status": "won" });
    app.post("/unified/crm/leads", &born_won).await.refused_fields(&["status"]);
    app.patch(LEAD, &json!({ "status": "sold" })).await.refused_fields(&["status"]);
}

#[tokio::test]
async fn a_lead_and_an_opportunity_are_one_record() {
    let app = start().await;
    let made = app.post("/unified/crm/opportunities", &json!({ "name": "Seen twice" })).await.ok();
    let id = made["id"].as_str().expect("an id");
    let lead = app.get(&format!("/unified/crm/leads/{id}")).await.ok();
    assert_eq!(lead["title"], "Seen twice");
    assert_eq!(lead["stage"], made["stage"]);
    app.delete(&format!("/unified/crm/leads/{id}")).await.ok();
    app.get(&format!("/unified/crm/opportunities/{id}")).await.error(404);
}

#[tokio::test]
async fn a_note_of_yesterday_can_not_be_changed() {
    let app = start().await;
    let old = app.get("/unified/crm/notes/6301").await.ok();
    let body = app.patch("/unified/crm/notes/6301", &json!({ "content": "Other" })).await;
    let body = body.refused_fields(&["content"]);
    assert!(body["message"].as_str().is_some_and(|text| text.contains("24 hours")), "{body}");
    // What it says already can be sent back.
    let same = json!({ "content": old["content"] });
    assert_eq!(app.patch("/unified/crm/notes/6301", &same).await.ok().to_string(), old.to_string());
    // A new one by somebody else is the author's alone, which Nutshell says.
    let note = json!({ "content": "Fresh", "contact": [{ "id": "2043" }] });
    let made = app.post("/unified/crm/notes", &note).await.ok();
    let path = format!("/unified/crm/notes/{}", made["id"].as_str().expect("an id"));
    let changed = app.patch(&path, &json!({ "content": "Fresher" })).await.ok();
    assert_eq!(changed["content"], "Fresher");
}
