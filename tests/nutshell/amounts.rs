//! A lead's amount, which only REST writes: beside the edit that knows the revision, and never instead of it.

use serde_json::{Value, json};
use unicrm::sandbox::Fault;

use crate::support::app::{Setup, TestApp};

const LEAD: &str = "/unified/crm/leads/3107";

async fn start() -> TestApp {
    TestApp::with(Setup { provider: "nutshell", ..Setup::default() }).await
}

/// Verb and path, or the method, of each call that writes.
fn writes(app: &TestApp) -> Vec<String> {
    let calls = app.vendor_calls();
    app.sandbox().recorder().clear();
    let named = calls.iter().map(|call| {
        match call.json().and_then(|body| body["method"].as_str().map(str::to_owned)) {
            Some(method) => method,
            None => format!("{} {}", call.method, call.path),
        }
    });
    named.filter(|name| !name.starts_with("get") && !name.starts_with("find")).collect()
}

#[tokio::test]
async fn an_amount_is_written_over_rest_and_read_back_as_it_is_then() {
    let app = start().await;
    let before = app.get(LEAD).await.ok();
    writes(&app);
    let changed = app.patch(LEAD, &json!({ "amount": 1234.56 })).await.ok();
    assert_eq!((&changed["amount"], &changed["currency"]), (&json!(1234.56), &before["currency"]));
    assert_eq!(changed.to_string(), app.get(LEAD).await.ok().to_string());
    assert_eq!(app.get("/unified/crm/opportunities/3107").await.ok()["amount"], 1234.56);
    let calls = app.vendor_calls();
    let patch = calls.iter().find(|call| call.method == http::Method::PATCH).expect("a patch");
    assert_eq!(patch.header("content-type"), Some("application/json-patch+json"));
    let sent = json!([{ "op": "replace", "path": "/leads/0/manualValue", "value": "1234.56" }]);
    assert_eq!(patch.json(), Some(sent));
    assert_eq!(writes(&app), ["PATCH /rest/leads/3107-leads"], "nothing else of it was written");
    app.patch(LEAD, &json!({ "amount": 1234.56 })).await.ok();
    assert!(writes(&app).is_empty(), "what is so already isn't written");
}

#[tokio::test]
async fn the_rest_of_a_change_goes_first_and_both_are_answered() {
    let app = start().await;
    writes(&app);
    let both = json!({ "amount": 77, "title": "Renamed and revalued" });
    let changed = app.patch("/unified/crm/leads/3107-leads", &both).await.ok();
    assert_eq!((&changed["amount"], &changed["title"]), (&json!(77), &json!("Renamed and revalued")));
    assert_eq!(writes(&app), ["editLead", "PATCH /rest/leads/3107-leads"]);
    let made =
        app.post("/unified/crm/opportunities", &json!({ "name": "Born with a value", "amount": 10.5 })).await;
    assert_eq!(made.ok()["amount"], 10.5);
    assert_eq!(writes(&app).first().map(String::as_str), Some("newLead"));
}

#[tokio::test]
async fn no_amount_has_it_computed_again() {
    let app = start().await;
    app.patch(LEAD, &json!({ "amount": 5 })).await.ok();
    let cleared = app.patch(LEAD, &json!({ "amount": null })).await.ok();
    assert_eq!(cleared["amount"], Value::Null);
    let calls = app.vendor_calls();
    let patch = calls.iter().filter(|call| call.method == http::Method::PATCH).last().expect("a patch");
    assert_eq!(patch.json(), Some(json!([{ "op": "replace", "path": "/leads/0/valueToProductMode" }])));
}

#[tokio::test]
async fn an_amount_that_is_refused_leaves_a_word_on_what_was_written() {
    let app = start().await;
    let refused = Fault::status(http::StatusCode::FORBIDDEN).under("/rest/leads").times(1);
    app.sandbox().faults().add(refused);
    let made = json!({ "title": "Half of it", "amount": 10 });
    let body = app.post("/unified/crm/leads", &made).await.remote_error(403);
    let message = body["message"].as_str().expect("a message");
    assert!(message.contains("was written, but not all that belongs to it"), "{message}");
    let leads = app.get("/unified/crm/leads?search=Half of it").await.result();
    assert_eq!((leads.len(), &leads[0]["amount"]), (1, &Value::Null));
    app.patch(LEAD, &json!({ "currency": "EUR" })).await.refused_fields(&["currency"]);
}

#[tokio::test]
async fn a_patch_goes_through_the_proxy_as_it_is() {
    let app = start().await;
    let patch = json!([{ "op": "replace", "path": "/leads/0/manualValue", "value": "8" }]);
    app.patch("/proxy/rest_leads/3107", &patch).await.assert_status(200);
    assert_eq!(app.get(LEAD).await.ok()["amount"], 8);
    let wrong = json!([{ "op": "replace", "path": "/leads/0/manualValue", "value": "many" }]);
    app.patch("/proxy/rest_leads/3107", &wrong).await.remote_error(400);
}
