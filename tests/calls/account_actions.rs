//! Renewing a credential at request, and deleting many accounts at once.

use http::StatusCode;
use serde_json::json;
use unicrm::sandbox::{CAPSULE_TOKEN, Fault};

use crate::support::app::{AccountSetup, Setup, TestApp, eventually};
use crate::support::client::Reply;

async fn oauth() -> TestApp {
    TestApp::with(Setup::default().account(AccountSetup::OAuth { expires_in: 3600 })).await
}

async fn refresh(app: &TestApp) -> Reply {
    app.gateway.post("/integrated-account/refresh-credentials", &json!({ "id": app.account })).await
}

#[tokio::test]
async fn a_credential_is_renewed_at_request() {
    let app = oauth().await;
    assert_eq!(refresh(&app).await.ok(), json!({ "success": true }));
    assert_eq!(app.sandbox().refresh_count(), 1);
    app.get("/proxy/users").await.ok();
    assert_eq!(app.sandbox().refresh_count(), 1);
}

#[tokio::test]
async fn a_refused_renewal_marks_the_account_and_a_later_one_mends_it() {
    let app = oauth().await;
    let refusal = Fault::status(StatusCode::BAD_REQUEST).under("/oauth/token").times(1);
    app.sandbox().faults().add(refusal.body(r#"{"error":"invalid_grant"}"#));
    refresh(&app).await.remote_error(401);
    assert_eq!(app.shown_account().await["status"], "needs_reauth");
    app.get("/proxy/users").await.remote_error(401);
    refresh(&app).await.ok();
    let account = app.shown_account().await;
    assert_eq!((&account["status"], &account["last_error"]), (&json!("active"), &json!(null)));
    app.get("/proxy/users").await.ok();
}

#[tokio::test]
async fn an_account_with_a_key_has_nothing_to_renew() {
    let app = TestApp::start().await;
    refresh(&app).await.local_error(400);
    assert!(app.vendor_calls().is_empty());
}

async fn three(app: &TestApp) -> Vec<String> {
    let mut ids = vec![app.account.clone()];
    for _ in 0..2 {
        let account = app.import("capsule", "api_key", json!({ "api_key": CAPSULE_TOKEN })).await.ok();
        ids.push(account["id"].as_str().unwrap().to_owned());
    }
    ids
}

async fn left(app: &TestApp) -> usize {
    app.gateway.get("/integrated-account").await.result().len()
}

#[tokio::test]
async fn accounts_are_deleted_by_their_ids() {
    let app = TestApp::start().await;
    let ids = three(&app).await;
    app.get("/proxy/users").await.ok();
    let body = json!({ "ids": &ids[..2] });
    for _ in 0..2 {
        let deleted = app.gateway.post("/integrated-account/bulk-delete", &body).await.ok();
        assert_eq!(deleted, json!({ "success": true }));
        assert_eq!(left(&app).await, 1);
    }
    app.get("/proxy/users").await.local_error(404);
}

#[tokio::test]
async fn accounts_are_deleted_by_their_tenant_at_every_process() {
    let app = TestApp::start().await;
    three(&app).await;
    let other = app.another_gateway().await;
    other.client.get(&app.path("/proxy/users")).await.ok();
    let body = json!({ "tenant_id": "somebody else" });
    app.gateway.post("/integrated-account/bulk-delete", &body).await.ok();
    assert_eq!(left(&app).await, 3);
    let body = json!({ "tenant_id": "customer-1" });
    app.gateway.post("/integrated-account/bulk-delete", &body).await.ok();
    assert_eq!(left(&app).await, 0);
    let path = app.path("/proxy/users");
    eventually("the other process learns it", async || other.client.get(&path).await.status == 404).await;
}

#[tokio::test]
async fn accounts_of_another_environment_stay() {
    let app = TestApp::start().await;
    let (_, stranger) = app.another_environment("other").await;
    for body in [json!({ "ids": [app.account] }), json!({ "tenant_id": "customer-1" })] {
        stranger.post("/integrated-account/bulk-delete", &body).await.ok();
    }
    assert_eq!(left(&app).await, 1);
}

#[tokio::test]
async fn a_deletion_that_says_not_which_is_refused() {
    let app = TestApp::start().await;
    let path = "/integrated-account/bulk-delete";
    for (body, field) in [
        (json!({}), "ids"),
        (json!({ "ids": [] }), "ids"),
        (json!({ "ids": "all" }), "ids"),
        (json!({ "ids": [app.account, "x"] }), "ids[1]"),
        (json!({ "ids": [app.account], "tenant_id": "customer-1" }), "tenant_id"),
    ] {
        app.gateway.post(path, &body).await.refused_fields(&[field]);
    }
    assert_eq!(left(&app).await, 1);
}
