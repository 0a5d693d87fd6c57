//! Notes and engagements: entries of Capsule's history, each about one record.

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::twin::Twin;

const NOTES: &str = "/unified/crm/notes";
const ENGAGEMENTS: &str = "/unified/crm/engagements";

/// A record of each kind that an entry or a task can be about, by the unified field that names it.
pub async fn subjects(app: &TestApp) -> Vec<(&'static str, Value, String)> {
    let twin = Twin::of(app.sandbox());
    let parties = twin.get("/api/v2/parties?perPage=100").await.ok();
    let of_kind = |kind: &str| {
        let mut all = parties["parties"].as_array().expect("a list").iter();
        all.find(|party| party["type"] == kind).expect("one")["id"].to_string()
    };
    let first = async |list: &str| {
        twin.get(&format!("/api/v2/{list}?perPage=1")).await.ok()[list][0]["id"].to_string()
    };
    let (person, organisation) = (of_kind("person"), of_kind("organisation"));
    let (opportunity, project) = (first("opportunities").await, first("kases").await);
    vec![
        ("contact", json!([{ "id": person }]), person),
        ("account", json!({ "id": organisation }), organisation),
        ("opportunity", json!([{ "id": opportunity }]), opportunity),
        ("project", json!({ "id": project }), project),
    ]
}

#[tokio::test]
async fn a_note_is_about_a_record_of_any_kind_and_listed_under_it() {
    let app = TestApp::start().await;
    for (field, value, id) in subjects(&app).await {
        let made = app.post(NOTES, &json!({ "content": "Likes tea", field: value })).await.ok();
        assert_eq!(made[field], value, "{made}");
        let listed = app.get(&format!("{NOTES}?{field}[id]={id}")).await.result();
        assert!(listed.iter().any(|note| note["id"] == made["id"]), "{field}");
        let engagements = app.get(&format!("{ENGAGEMENTS}?{field}[id]={id}")).await.result();
        assert!(engagements.iter().all(|engagement| engagement["id"] != made["id"]), "{field}");
    }
}

#[tokio::test]
async fn calls_meetings_and_the_accounts_own_activities_are_engagements() {
    let app = TestApp::start().await;
    let subjects = subjects(&app).await;
    let types = app.get("/unified/crm/engagement_types?type=custom").await.result();
    let own = types[0]["id"].as_str().expect("an id");
    for (kind, (field, value, _)) in ["call", "meeting", own, "call"].into_iter().zip(&subjects) {
        let body = json!({ "engagement_type": kind, "content": "Talked", *field: value });
        let made = app.post(ENGAGEMENTS, &body).await.ok();
        assert_eq!((&made["engagement_type"], &made[*field]), (&json!(kind), value), "{made}");
        assert!(made["direction"].is_null() && made["start_time"].is_string(), "{made}");
    }
    // The published contract has it as a parameter too.
    let path = format!("{ENGAGEMENTS}?engagement_type=meeting");
    let body = json!({ "content": "Talked", "contact": subjects[0].1 });
    assert_eq!(app.post(&path, &body).await.ok()["engagement_type"], "meeting");
}

#[tokio::test]
async fn what_can_not_be_logged_is_refused_before_anything_is_written() {
    let app = TestApp::start().await;
    let subjects = subjects(&app).await;
    let (contact, account) = (&subjects[0].1, &subjects[1].1);
    for (body, field) in [
        (json!({ "engagement_type": "email", "content": "x", "contact": contact }), "engagement_type"),
        (json!({ "engagement_type": "task", "content": "x", "contact": contact }), "engagement_type"),
        (json!({ "engagement_type": "note", "content": "x", "contact": contact }), "engagement_type"),
        (json!({ "engagement_type": "lunch", "content": "x", "contact": contact }), "engagement_type"),
        (json!({ "content": "x", "contact": contact }), "engagement_type"),
        (json!({ "engagement_type": "call", "content": "x" }), "contact"),
        (
            json!({ "engagement_type": "call", "content": "x", "contact": contact, "account": account }),
            "contact",
        ),
        (json!({ "engagement_type": "call", "content": " ", "contact": contact }), "content"),
    ] {
        refused(&app, ENGAGEMENTS, &body, field).await;
    }
    for (body, field) in [
        (json!({ "content": "x" }), "contact"),
        (json!({ "content": "x", "contact": contact, "account": account }), "contact"),
        (json!({ "contact": contact }), "content"),
    ] {
        refused(&app, NOTES, &body, field).await;
    }
    assert!(app.vendor_calls().is_empty(), "{:?}", app.vendor_calls());
}

async fn refused(app: &TestApp, path: &str, body: &Value, field: &str) {
    let error = app.post(path, body).await.local_error(400);
    let failures = error["details"]["failures"].as_array().expect("failures");
    assert!(failures.iter().any(|failure| failure["field"] == field), "{body}: {error}");
}

#[tokio::test]
async fn only_e_mails_have_subjects_and_what_a_task_left_stays_as_it_is() {
    let app = TestApp::start().await;
    let engagements = app.get(&format!("{ENGAGEMENTS}?limit=1000")).await.result();
    let of_kind = |kind: &str| {
        let found = engagements.iter().find(|engagement| engagement["engagement_type"] == kind);
        format!("{ENGAGEMENTS}/{}", found.expect("one")["id"].as_str().expect("an id"))
    };
    let changed = app.patch(&of_kind("email"), &json!({ "subject": "Other" })).await.ok();
    assert_eq!(changed["subject"], "Other");
    app.patch(&of_kind("call"), &json!({ "subject": "Other" })).await.refused_fields(&["subject"]);
    app.patch(&of_kind("task"), &json!({ "content": "Other" })).await.refused_fields(&["content"]);
}
