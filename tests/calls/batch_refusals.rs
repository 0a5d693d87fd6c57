//! Batches that are refused as a whole, and who may send one.

use serde_json::{Value, json};
use unicrm::sandbox::CAPSULE_TOKEN;

use crate::account_tokens::owner;
use crate::batch::batch;
use crate::idempotency::ada;
use crate::support::app::TestApp;

#[tokio::test]
async fn circles_and_unknown_names_are_refused_before_anything_is_called() {
    let app = TestApp::start().await;
    let entry = |name: &str, after: Value| json!({ "resource": "crm/users", "method": "list", "name": name, "depends_on": after });
    let circle = json!([entry("a", json!("b")), entry("b", json!(["a"]))]);
    batch(&app, circle).await.refused_fields(&["resources[0].depends_on"]);
    let unknown = json!([entry("a", json!(null)), entry("b", json!("c"))]);
    batch(&app, unknown).await.refused_fields(&["resources[1].depends_on"]);
    let hidden = json!([entry("crm", json!(null)), { "resource": "crm/contacts", "method": "list" }]);
    batch(&app, hidden).await.refused_fields(&["resources[0].name"]);
    assert!(app.vendor_calls().is_empty());
}

#[tokio::test]
async fn what_can_t_be_understood_is_refused_by_name() {
    let app = TestApp::start().await;
    let list = json!([{ "resource": "crm/users", "method": "list" }]);
    for (body, field) in [
        (json!({ "resources": list }), "integrated_account_id"),
        (json!({ "integrated_account_id": "x", "resources": list }), "integrated_account_id"),
        (json!({ "integrated_account_id": app.account }), "resources"),
        (json!({ "integrated_account_id": app.account, "resources": [] }), "resources"),
        (json!({ "integrated_account_id": app.account, "resources": list, "args": [] }), "args"),
        (json!({ "integrated_account_id": app.account, "resources": list, "arg": {} }), "arg"),
    ] {
        app.gateway.post("/batch-request", &body).await.refused_fields(&[field]);
    }
    let tracked = json!([{ "resource": "crm/users", "method": "list", "delete_tracking": "soft" }]);
    batch(&app, tracked).await.refused_fields(&["resources[0].delete_tracking"]);
    assert!(app.vendor_calls().is_empty());
}

#[tokio::test]
async fn a_placeholder_without_a_value_is_never_sent() {
    let app = TestApp::start().await;
    let create = json!({ "resource": "crm/contacts", "method": "create",
                         "body": { "first_name": "{{args.name}}", "last_name": "{{not ours}}" } });
    let answer = batch(&app, json!([create])).await.ok();
    let failed = &answer["errors"]["crm/contacts"][0];
    assert_eq!(failed["statusCode"], 400, "{answer}");
    assert!(failed["message"].as_str().unwrap().contains("{{args.name}} has no value"), "{failed}");
    assert!(app.vendor_calls().is_empty());
}

#[tokio::test]
async fn batches_are_for_api_tokens_and_their_environment() {
    let app = TestApp::start().await;
    let body = json!({
        "integrated_account_id": app.account,
        "resources": [{ "resource": "crm/users", "method": "list" }],
    });
    owner(&app).await.post("/batch-request", &body).await.local_error(403);
    app.gateway.with_token(None).post("/batch-request", &body).await.local_error(401);
    let (_, stranger) = app.another_environment("other").await;
    stranger.post("/batch-request", &body).await.local_error(404);
    assert!(app.vendor_calls().is_empty());
}

#[tokio::test]
async fn a_sandbox_account_is_read_and_not_written() {
    let app = TestApp::start().await;
    app.gateway.post("/sandbox-integrated-account", &json!({ "id": app.account })).await.ok();
    let answer = batch(
        &app,
        json!([
            { "resource": "crm/users", "method": "list" },
            { "resource": "crm/contacts", "method": "create", "body": ada() },
        ]),
    );
    let answer = answer.await.ok();
    assert_eq!(answer["errors"]["crm/users"], json!([]));
    assert_eq!(answer["errors"]["crm/contacts"][0]["statusCode"], 405, "{answer}");
}

#[tokio::test]
async fn no_expression_reads_the_credential() {
    let app = TestApp::start().await;
    let answer = batch(
        &app,
        json!([
            { "resource": "crm/users", "method": "list" },
            { "name": "all", "type": "transform", "persist": true, "config": { "expression": "$string($$)" } },
        ]),
    );
    let answer = answer.await.ok();
    let seen = answer["result"]["all"][0].as_str().expect("a text");
    assert!(seen.contains("tenant_id") && !seen.contains(CAPSULE_TOKEN), "{seen}");
}

#[tokio::test]
async fn what_has_no_meaning_for_the_vendor_s_own_is_refused() {
    let app = TestApp::start().await;
    let answer = batch(
        &app,
        json!([
            { "resource": "users", "method": "list", "query": { "truto_key_by": "id" } },
            { "resource": "parties", "method": "list", "response_format": "normalized" },
        ]),
    );
    let answer = answer.await.ok();
    for (entry, field) in [("users", "truto_key_by"), ("parties", "response_format")] {
        let failed = &answer["errors"][entry][0];
        assert_eq!(failed["statusCode"], 400, "{answer}");
        assert_eq!(failed["details"]["failures"][0]["field"], field, "{answer}");
    }
    assert!(app.vendor_calls().is_empty());
}
