//! Environments and the tokens that reach them.

use serde_json::{Value, json};
use unicrm::crypto::TokenHash;

use crate::support::app::{AccountSetup, Setup, TOKEN, TestApp};

async fn bare() -> TestApp {
    TestApp::with(Setup::default().account(AccountSetup::None)).await
}

#[tokio::test]
async fn a_token_sees_its_own_environment_and_may_rename_it() {
    let app = bare().await;
    let listed = app.gateway.get("/environment").await.result();
    assert_eq!(listed.len(), 1);
    let keys: Vec<&String> = listed[0].as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["id", "name", "connect_origins", "team_id", "created_at", "updated_at"]);
    let path = format!("/environment/{}", listed[0]["id"].as_str().expect("an id"));
    assert_eq!(app.gateway.get(&path).await.ok(), listed[0]);
    let renamed = app.gateway.patch(&path, &json!({ "name": " Production 生産 " })).await.ok();
    assert_eq!(renamed["name"], "Production 生産");
    assert_eq!(app.gateway.patch(&path, &json!({})).await.ok()["name"], "Production 生産");
    let _other = app.another_environment("taken").await;
    let body = app.gateway.patch(&path, &json!({ "name": "taken" })).await.local_error(409);
    assert!(body["message"].as_str().is_some_and(|text| text.contains("taken")), "{body}");
}

#[tokio::test]
async fn a_call_without_a_valid_token_is_a_401_that_says_what_to_send() {
    let app = bare().await;
    for token in [None, Some("wrong"), Some(""), Some(&TOKEN[1..])] {
        let client = app.gateway.with_token(token);
        for path in ["/environment", "/integrated-account", "/unified/crm/contacts", "/proxy/parties"] {
            let reply = client.get(path).await;
            let body = reply.local_error(401);
            assert!(body["message"].as_str().is_some_and(|text| text.contains("Bearer")), "{body}");
            assert_eq!(reply.header("www-authenticate"), "Bearer");
        }
    }
    for header in [format!("Basic {TOKEN}"), TOKEN.to_owned(), "Bearer".to_owned(), format!("Bearer{TOKEN}")]
    {
        let client = app.gateway.with_token(None);
        let request = client.request(http::Method::GET, "/environment").header("authorization", header);
        client.send(request).await.local_error(401);
    }
    let client = app.gateway.with_token(None);
    let request =
        client.request(http::Method::GET, "/environment").header("authorization", format!("bEARER  {TOKEN}"));
    client.send(request).await.ok();
}

#[tokio::test]
async fn a_token_stops_working_when_it_expires() {
    let app = bare().await;
    let token = "a-token-that-does-not-live-for-long";
    let environment = app.environment().await;
    app.store.add_token(environment, "short", TokenHash::of(token)).await.expect("a token");
    let end = app.clock.now() + time::Duration::minutes(5);
    sqlx::query("UPDATE api_token SET expires_at = $1 WHERE name = 'short'")
        .bind(end)
        .execute(&mut app.database.connect().await)
        .await
        .expect("an end");
    let client = app.gateway.with_token(Some(token));
    client.get("/environment").await.ok();
    app.clock.advance(std::time::Duration::from_secs(301));
    let body = client.get("/environment").await.local_error(401);
    assert!(body["message"].as_str().is_some_and(|text| text.contains("expired")), "{body}");
    app.gateway.get("/environment").await.ok();
}

#[tokio::test]
async fn tokens_are_listed_without_what_makes_them_work() {
    let app = bare().await;
    let listed = app.gateway.get("/api-token").await.result();
    assert_eq!(listed.len(), 1);
    let keys: Vec<&String> = listed[0].as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        ["id", "name", "environment_id", "created_by", "expires_at", "created_at", "updated_at"]
    );
    let path = format!("/api-token/{}", listed[0]["id"].as_str().expect("an id"));
    assert_eq!(app.gateway.get(&path).await.ok(), listed[0]);
    assert_eq!(app.gateway.get("/api-token?name=other").await.result(), Vec::<Value>::new());
    assert_eq!(app.gateway.get("/api-token?name=UNICRM_BOOTSTRAP_TOKEN").await.result().len(), 1);
}
