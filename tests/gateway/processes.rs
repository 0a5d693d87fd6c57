//! Several gateway processes on one database: what one changes, the others learn.

use serde_json::json;
use unicrm::sandbox::CAPSULE_TOKEN;

use crate::support::app::{TestApp, eventually};

#[tokio::test]
async fn new_credentials_and_deletions_are_noticed_by_the_other_process() {
    let app = TestApp::start().await;
    let second = app.another_gateway().await;
    let users = app.path("/unified/crm/users");
    second.client.get(&users).await.ok();
    let credentials = format!("/integrated-account/{}/credentials", app.account);
    app.gateway.patch(&credentials, &json!({ "context": { "api_key": "wrong" } })).await.ok();
    eventually("the new credential is used", async || second.client.get(&users).await.status == 401).await;
    assert_eq!(app.shown_account().await["status"], "needs_reauth");
    app.gateway.patch(&credentials, &json!({ "context": { "api_key": CAPSULE_TOKEN } })).await.ok();
    eventually("the account works again", async || second.client.get(&users).await.status == 200).await;
    app.gateway.delete(&format!("/integrated-account/{}", app.account)).await.ok();
    eventually("the account is gone", async || second.client.get(&users).await.status == 404).await;
}

#[tokio::test]
async fn a_refusal_that_one_process_met_is_known_to_the_other() {
    let app = TestApp::start().await;
    let second = app.another_gateway().await;
    let users = app.path("/unified/crm/users");
    second.client.get(&users).await.ok();
    app.sandbox().revoke_all();
    app.get("/unified/crm/contacts").await.remote_error(401);
    eventually("the other process refuses without asking", async || {
        app.sandbox().recorder().clear();
        second.client.get(&users).await.remote_error(401);
        app.vendor_calls().is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_token_that_was_deleted_stops_working_in_every_process() {
    let app = TestApp::start().await;
    let (_, client) = app.another_environment("other").await;
    let second = app.another_gateway().await;
    let elsewhere = client.at(second.client.origin().to_owned());
    client.get("/environment").await.ok();
    elsewhere.get("/environment").await.ok();
    sqlx::query("DELETE FROM api_token WHERE name = 'other'")
        .execute(&mut app.database.connect().await)
        .await
        .expect("a deletion");
    for client in [client, elsewhere] {
        eventually("the token is refused", async || client.get("/environment").await.status == 401).await;
    }
}

#[tokio::test]
async fn a_provider_that_is_switched_off_is_off_in_every_process() {
    let app = TestApp::start().await;
    let second = app.another_gateway().await;
    let users = app.path("/unified/crm/users");
    second.client.get(&users).await.ok();
    let path = format!("/environment-integration/{}", app.environment_integration("capsule").await);
    app.gateway.patch(&path, &json!({ "is_enabled": false })).await.ok();
    eventually("calls are refused", async || second.client.get(&users).await.status == 403).await;
}

#[tokio::test]
async fn connections_that_are_cut_are_made_again_and_changes_are_noticed() {
    let app = TestApp::start().await;
    let second = app.another_gateway().await;
    let users = app.path("/unified/crm/users");
    second.client.get(&users).await.ok();
    sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        .execute(&mut app.database.connect().await)
        .await
        .expect("connections that are cut");
    // Whoever meets a connection that was cut may be told to come back, and nothing worse.
    eventually("the database is used again", async || {
        let reply = second.client.get("/integrated-account").await;
        assert!(matches!(reply.status, 200 | 503), "{}", reply.text());
        assert!(reply.status == 200 || reply.header("retry-after") == "2", "{:?}", reply.headers);
        reply.status == 200
    })
    .await;
    eventually("the account is deleted", async || {
        let path = format!("/integrated-account/{}", app.account);
        matches!(app.gateway.delete(&path).await.status, 200 | 404)
    })
    .await;
    eventually("the deletion is noticed", async || second.client.get(&users).await.status == 404).await;
}

#[tokio::test]
async fn a_gateway_that_stops_finishes_what_is_on_its_way() {
    let app = TestApp::start().await;
    let delay =
        unicrm::sandbox::Fault::new(unicrm::sandbox::Kind::Delay(std::time::Duration::from_millis(300)));
    app.sandbox().faults().add(delay);
    let second = app.another_gateway().await;
    let (client, users) = (second.client.clone(), app.path("/unified/crm/users"));
    let pending = tokio::spawn(async move { client.get(&users).await.status });
    eventually("the call is at the vendor", async || !app.vendor_calls().is_empty()).await;
    second.server.stop().await.expect("a gateway that stops");
    assert_eq!(pending.await.expect("an answer"), 200);
}
