//! Sandbox accounts can be read and not written.

use http::Method;
use serde_json::json;

use crate::account_tokens::owner;
use crate::idempotency::ada;
use crate::support::app::{TestApp, eventually};

async fn sandboxed() -> TestApp {
    let app = TestApp::start().await;
    let made = app.gateway.post("/sandbox-integrated-account", &json!({ "id": app.account })).await.ok();
    assert_eq!(made["id"], app.account.as_str());
    assert_eq!(made["integrated_account"]["is_sandbox"], true);
    app
}

#[tokio::test]
async fn every_write_is_refused_and_none_reaches_the_vendor() {
    let app = sandboxed().await;
    for (method, path) in [
        (Method::POST, "/unified/crm/contacts"),
        (Method::PATCH, "/unified/crm/contacts/1"),
        (Method::DELETE, "/unified/crm/contacts/1"),
        (Method::POST, "/proxy/parties"),
        (Method::POST, "/proxy/parties/filter"),
        (Method::PATCH, "/proxy/parties/1"),
        (Method::DELETE, "/proxy/parties/1"),
    ] {
        app.gateway.write(method, &app.path(path), ada().to_string()).await.local_error(405);
    }
    owner(&app).await.post("/unified/crm/contacts", &ada()).await.local_error(405);
    assert!(app.vendor_calls().is_empty());
}

#[tokio::test]
async fn reads_are_served() {
    let app = sandboxed().await;
    assert!(!app.get("/unified/crm/contacts?limit=2").await.result().is_empty());
    app.get("/proxy/parties?limit=1").await.ok();
}

#[tokio::test]
async fn sandbox_accounts_are_listed_and_read_apart() {
    let app = sandboxed().await;
    let listed = app.gateway.get("/sandbox-integrated-account").await.result();
    assert_eq!(listed.len(), 1);
    let path = format!("/sandbox-integrated-account/{}", app.account);
    assert_eq!(app.gateway.get(&path).await.ok(), listed[0]);
    assert_eq!(app.gateway.get("/integrated-account?is_sandbox=true").await.result().len(), 1);
    let (_, stranger) = app.another_environment("other").await;
    assert!(stranger.get("/sandbox-integrated-account").await.result().is_empty());
    stranger.get(&path).await.local_error(404);
    stranger.delete(&path).await.local_error(404);
    let body = json!({ "id": app.account });
    stranger.post("/sandbox-integrated-account", &body).await.local_error(404);
}

#[tokio::test]
async fn an_account_that_is_no_longer_one_is_written_to_at_every_process() {
    let app = sandboxed().await;
    let other = app.another_gateway().await;
    let contacts = app.path("/unified/crm/contacts");
    other.client.post(&contacts, &ada()).await.local_error(405);
    let path = format!("/sandbox-integrated-account/{}", app.account);
    assert_eq!(app.gateway.delete(&path).await.ok(), json!({ "id": app.account }));
    app.gateway.get(&path).await.local_error(404);
    app.gateway.delete(&path).await.local_error(404);
    app.post("/unified/crm/contacts", &ada()).await.ok();
    eventually("the other process learns it", async || {
        other.client.post(&contacts, &ada()).await.status == 200
    })
    .await;
    assert_eq!(app.shown_account().await["is_sandbox"], false);
}
