//! What becomes of an opportunity: Capsule has no status, but milestones that complete a pipeline.

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::twin::Twin;

const OPPORTUNITIES: &str = "/unified/crm/opportunities";

/// Milestones of the oldest pipeline in use, and one of another.
const ENQUIRY: &str = "milestone:268074";
const PROPOSAL: &str = "milestone:268076";
const QUOTE: &str = "milestone:268080";

async fn organisation(twin: &Twin) -> String {
    let parties = twin.get("/api/v2/parties?perPage=100").await.ok();
    let parties = parties["parties"].as_array().expect("a list");
    parties.iter().find(|party| party["type"] == "organisation").expect("one")["id"].to_string()
}

/// A new opportunity with these fields beside a name and an account.
async fn made(app: &TestApp, fields: Value) -> Value {
    let account = organisation(&Twin::of(app.sandbox())).await;
    let mut body = json!({ "name": "Grinders", "account": { "id": account } });
    body.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
    app.post(OPPORTUNITIES, &body).await.ok()
}

async fn changed(app: &TestApp, record: &Value, fields: Value) -> Value {
    app.patch(&of(record), &fields).await.ok()
}

fn of(record: &Value) -> String {
    format!("{OPPORTUNITIES}/{}", record["id"].as_str().expect("an id"))
}

#[tokio::test]
async fn without_a_stage_it_begins_in_the_oldest_pipeline() {
    let app = TestApp::start().await;
    let record = made(&app, json!({})).await;
    assert_eq!(record["status"], "open");
    assert_eq!(record["stage"]["id"], ENQUIRY);
    assert_eq!(record["pipeline"], json!({ "id": "pipeline:31411", "name": "Wholesale supply" }));
}

#[tokio::test]
async fn it_is_won_lost_and_reopened_within_its_pipeline() {
    let app = TestApp::start().await;
    let record = made(&app, json!({ "stage": { "id": PROPOSAL } })).await;
    let won = changed(&app, &record, json!({ "status": "won" })).await;
    assert_eq!((&won["status"], &won["probability"]), (&json!("won"), &json!(100)));
    assert!(won["won_at"].is_string() && won["lost_at"].is_null(), "{won}");
    assert_eq!(won["close_date"], won["won_at"]);
    assert_eq!(won["pipeline"]["id"], "pipeline:31411");
    let open = changed(&app, &record, json!({ "status": "open" })).await;
    assert_eq!((&open["status"], &open["won_at"]), (&json!("open"), &Value::Null));
    assert_eq!(open["stage"]["id"], PROPOSAL, "it goes back to where it was");
    let reason = json!({ "status": "lost", "lost_reason": { "name": "price" } });
    let reasons = Twin::of(app.sandbox()).get("/api/v2/lostreasons").await.ok();
    let known = reasons["lostReasons"][0].clone();
    let reason = match known["name"].as_str() {
        Some(name) => json!({ "status": "lost", "lost_reason": { "name": name.to_uppercase() } }),
        None => reason,
    };
    let lost = changed(&app, &record, reason).await;
    assert_eq!((&lost["status"], &lost["probability"]), (&json!("lost"), &json!(0)));
    assert_eq!(lost["lost_reason"], json!({ "id": known["id"].to_string(), "name": known["name"] }));
    assert!(lost["lost_at"].is_string(), "{lost}");
    let cleared = changed(&app, &record, json!({ "lost_reason": null })).await;
    assert_eq!(cleared["lost_reason"], Value::Null);
}

#[tokio::test]
async fn it_can_be_made_won_or_lost() {
    let app = TestApp::start().await;
    for status in ["won", "lost"] {
        let record = made(&app, json!({ "status": status })).await;
        assert_eq!(record["status"], status);
    }
}

#[tokio::test]
async fn a_pipeline_or_a_stage_of_another_moves_it_there() {
    let app = TestApp::start().await;
    let record = made(&app, json!({ "pipeline": { "id": "pipeline:31412" } })).await;
    assert_eq!(record["pipeline"]["id"], "pipeline:31412");
    let moved = changed(&app, &record, json!({ "pipeline": { "id": "pipeline:31411" } })).await;
    assert_eq!(
        (&moved["pipeline"]["id"], &moved["stage"]["id"]),
        (&json!("pipeline:31411"), &json!(ENQUIRY))
    );
    let moved = changed(&app, &record, json!({ "stage": { "id": QUOTE } })).await;
    assert_eq!(moved["pipeline"]["id"], "pipeline:31412");
}

#[tokio::test]
async fn what_contradicts_itself_is_refused_before_anything_is_written() {
    let app = TestApp::start().await;
    let record = made(&app, json!({ "stage": { "id": PROPOSAL } })).await;
    app.sandbox().recorder().clear();
    for (body, field) in [
        (json!({ "status": "won", "stage": { "id": ENQUIRY } }), "status"),
        (json!({ "status": "stalled" }), "status"),
        (json!({ "stage": { "id": "milestone:1" } }), "stage.id"),
        (json!({ "stage": {} }), "stage.id"),
        (json!({ "pipeline": { "id": "pipeline:1" } }), "pipeline.id"),
        (json!({ "pipeline": { "id": "pipeline:31412" }, "stage": { "id": ENQUIRY } }), "pipeline.id"),
        (json!({ "currency": "EUR" }), "currency"),
        (json!({ "probability": 101 }), "probability"),
        (json!({ "status": "won", "probability": 40 }), "probability"),
        (json!({ "status": "won", "close_date": "2027-01-01T00:00:00Z" }), "close_date"),
        (json!({ "lost_reason": { "name": "price" } }), "lost_reason"),
        (json!({ "status": "lost", "lost_reason": { "name": "no such reason" } }), "lost_reason.name"),
        (json!({ "account": null }), "account"),
        (json!({ "owner": {} }), "owner.id"),
        (json!({ "custom_fields": { "Units": 1 } }), "custom_fields.Units"),
    ] {
        let reply = app.patch(&of(&record), &body).await;
        assert_eq!(reply.status, 400, "{body}");
        let error = reply.local_error(400);
        let failures = error["details"]["failures"].as_array().expect("failures");
        assert!(failures.iter().any(|failure| failure["field"] == field), "{body}: {error}");
    }
    assert!(app.vendor_calls().iter().all(|call| call.method == http::Method::GET), "a write");
}

#[tokio::test]
async fn an_opportunity_belongs_to_someone() {
    let app = TestApp::start().await;
    app.post(OPPORTUNITIES, &json!({ "name": "Nobody's" })).await.refused_fields(&["account"]);
    app.post(OPPORTUNITIES, &json!({})).await.refused_fields(&["name"]);
    assert!(app.vendor_calls().iter().all(|call| call.method == http::Method::GET), "a write");
}

#[tokio::test]
async fn an_amount_without_a_currency_is_in_the_users_own() {
    let app = TestApp::start().await;
    let record = made(&app, json!({ "amount": 120 })).await;
    assert_eq!((&record["amount"], &record["currency"]), (&json!(120), &json!("GBP")));
    let record = changed(&app, &record, json!({ "currency": "EUR" })).await;
    assert_eq!((&record["amount"], &record["currency"]), (&json!(120), &json!("EUR")));
    let record = changed(&app, &record, json!({ "amount": 130.5 })).await;
    assert_eq!((&record["amount"], &record["currency"]), (&json!(130.5), &json!("EUR")));
}
