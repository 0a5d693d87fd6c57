//! Master keys: old ones still open, the first one seals, and a missing one is noticed at the start.

use unicrm::crypto::KeyRing;

use crate::support::app::{AccountSetup, Setup, TestApp};

async fn key_ids(app: &TestApp) -> Vec<String> {
    sqlx::query_scalar("SELECT key_id FROM credential")
        .fetch_all(&mut app.database.connect().await)
        .await
        .expect("rows")
}

#[tokio::test]
async fn a_new_key_in_front_seals_what_the_old_one_sealed() {
    let app = TestApp::with(Setup::default().account(AccountSetup::OAuth { expires_in: 3600 })).await;
    let old = KeyRing::parse(&app.keys).expect("a key").current().to_owned();
    assert_eq!(key_ids(&app).await, [old]);
    let new = KeyRing::generate().expect("a key");
    let rotated = app.gateway_with_keys(&format!("{new},{}", app.keys)).await.expect("a gateway that starts");
    let current = KeyRing::parse(&new).expect("a key").current().to_owned();
    assert_eq!(key_ids(&app).await, [current]);
    rotated.client.get(&app.path("/unified/crm/users")).await.ok();
    // The old key is needed no longer.
    let without = app.gateway_with_keys(&new).await.expect("a gateway that starts");
    without.client.get(&app.path("/unified/crm/users")).await.ok();
}

#[tokio::test]
async fn a_cursor_of_before_the_rotation_still_opens() {
    let app = TestApp::start().await;
    let page = app.get("/unified/crm/contacts?limit=1").await.ok();
    let cursor = page["next_cursor"].as_str().expect("a second page");
    let keys = format!("{},{}", KeyRing::generate().expect("a key"), app.keys);
    let rotated = app.gateway_with_keys(&keys).await.expect("a gateway that starts");
    rotated.client.get(&app.path(&format!("/unified/crm/contacts?limit=1&next_cursor={cursor}"))).await.ok();
}

#[tokio::test]
async fn a_missing_key_stops_the_start_and_is_named() {
    let app = TestApp::start().await;
    let sealed_with = KeyRing::parse(&app.keys).expect("a key").current().to_owned();
    let started = app.gateway_with_keys(&KeyRing::generate().expect("a key")).await;
    let failure = started.err().expect("a start that fails");
    assert!(failure.contains(&sealed_with), "which key: {failure}");
    assert!(failure.contains("UNICRM_MASTER_KEYS"), "what to do: {failure}");
    assert_eq!(key_ids(&app).await, [sealed_with]);
}

#[tokio::test]
async fn a_credential_that_was_moved_to_another_account_does_not_open() {
    let app = TestApp::start().await;
    let other = app.import("capsule", "api_key", serde_json::json!({ "api_key": "another-key" })).await.ok();
    let other: uuid::Uuid = other["id"].as_str().expect("an id").parse().expect("a UUID");
    let own: uuid::Uuid = app.account.parse().expect("a UUID");
    sqlx::query("UPDATE credential SET sealed = (SELECT sealed FROM credential WHERE account_id = $1) WHERE account_id = $2")
        .bind(other)
        .bind(own)
        .execute(&mut app.database.connect().await)
        .await
        .expect("a change");
    let second = app.another_gateway().await;
    second.client.get(&app.path("/unified/crm/users")).await.local_error(500);
    assert!(app.vendor_calls().is_empty());
}
