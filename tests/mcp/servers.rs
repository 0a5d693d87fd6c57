//! The addresses at which agents reach tools: how they are made, changed and revoked, and who may use them.

use http::Method;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::agent::{Agent, app, server};
use crate::support::app::{Setup, TOKEN, TestApp};

fn servers(app: &TestApp) -> String {
    format!("/integrated-account/{}/mcp", app.account)
}

fn later(seconds: i64) -> String {
    (OffsetDateTime::now_utc() + Duration::seconds(seconds)).format(&Rfc3339).expect("an instant")
}

#[tokio::test]
async fn a_server_is_made_once_shown_without_its_token_changed_and_revoked() {
    let app = app("capsule").await;
    let config = json!({ "methods": ["read"], "tags": ["people"], "require_api_token_auth": false });
    let made = server(&app, config.clone()).await;
    let token = made["token"].as_str().expect("a token").to_owned();
    assert_eq!(made["url"], format!("{}/mcp/{token}", app.gateway.origin()));
    assert_eq!((&made["config"], &made["expires_at"]), (&config, &Value::Null));
    assert_eq!(made["integrated_account_id"], app.account.as_str());
    let path = format!("{}/{}", servers(&app), made["id"].as_str().expect("an id"));
    let read = app.gateway.get(&path).await;
    assert!(!read.text().contains(&token), "{}", read.text());
    let listed = app.gateway.get(&servers(&app)).await;
    assert!(!listed.text().contains(&token) && !listed.text().contains("\"url\""));
    assert_eq!(listed.result(), [read.ok()]);
    // A change names what it changes.
    let changed =
        app.gateway.patch(&path, &json!({ "name": "others", "expires_at": later(3600) })).await.ok();
    assert_eq!((&changed["name"], &changed["config"]), (&json!("others"), &config));
    assert!(changed["expires_at"].is_string());
    let changed = app.gateway.patch(&path, &json!({ "config": {}, "expires_at": null })).await.ok();
    assert_eq!(changed["config"], json!({ "methods": [], "tags": [], "require_api_token_auth": false }));
    assert_eq!(changed["expires_at"], Value::Null);
    let agent = Agent::at(&app, &made);
    assert!(agent.tools().await.len() > 150);
    assert_eq!(app.gateway.delete(&path).await.ok()["id"], made["id"]);
    app.gateway.get(&path).await.error(404);
    app.gateway.delete(&path).await.error(404);
    let body = r#"{"method":"tools/list","id":1}"#;
    let refused = agent.raw(body).await;
    refused.local_error(401);
    assert!(!refused.text().contains(&token));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_name() {
    let app = app("capsule").await;
    let path = servers(&app);
    for (body, fields) in [
        (json!({ "config": {} }), vec!["name"]),
        (json!({ "name": "x", "expires_at": later(30) }), vec!["expires_at"]),
        (json!({ "name": "x", "expires_at": "tomorrow" }), vec!["expires_at"]),
        (json!({ "name": "x", "config": { "method": ["read"] } }), vec!["config.method"]),
        (json!({ "name": "x", "config": { "methods": "read" } }), vec!["config.methods"]),
        (json!({ "name": "x", "config": { "tags": [1] } }), vec!["config.tags"]),
        (
            json!({ "name": "x", "config": { "require_api_token_auth": "yes" } }),
            vec!["require_api_token_auth"],
        ),
        (json!({ "name": "x", "config": { "methods": ["raed"] } }), vec!["config"]),
        (json!({ "name": "x", "config": { "methods": ["read"], "tags": ["nothing"] } }), vec!["config"]),
        (json!({ "name": "x", "token": "mine" }), vec!["token"]),
    ] {
        let reply = app.gateway.post(&path, &body).await;
        if fields == ["token"] {
            assert!(reply.error(400)["message"].as_str().expect("text").contains("token"));
        } else {
            reply.refused_fields(&fields);
        }
    }
    assert_eq!(app.gateway.get(&path).await.result(), Vec::<Value>::new());
    // Without a config nothing is checked, since nothing is chosen anew.
    let made = app.gateway.post(&path, &json!({ "name": "all" })).await.ok();
    let own = format!("{path}/{}", made["id"].as_str().expect("an id"));
    app.gateway.patch(&own, &json!({ "config": { "methods": ["raed"] } })).await.refused_fields(&["config"]);
    app.gateway.patch(&own, &json!({ "expires_at": later(10) })).await.refused_fields(&["expires_at"]);
}

#[tokio::test]
async fn a_server_that_has_expired_answers_nobody_and_is_gone() {
    let app = app("capsule").await;
    let body = json!({ "name": "short", "expires_at": later(120) });
    let made = app.gateway.post(&servers(&app), &body).await.ok();
    let agent = Agent::at(&app, &made);
    assert!(!agent.tools().await.is_empty());
    let path = format!("{}/{}", servers(&app), made["id"].as_str().expect("an id"));
    let mut connection = app.database.connect().await;
    sqlx::query("UPDATE mcp_server SET expires_at = now() - interval '1 second'")
        .execute(&mut connection)
        .await
        .expect("a change");
    agent.raw(r#"{"method":"ping","id":1}"#).await.local_error(401);
    app.gateway.get(&path).await.error(404);
    assert_eq!(app.gateway.get(&servers(&app)).await.result(), Vec::<Value>::new());
    // The next sweep, which every start begins with, deletes it.
    let another = app.another_gateway().await;
    crate::support::app::eventually("the server is deleted", async || {
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM mcp_server")
            .fetch_one(&mut connection)
            .await
            .expect("a count");
        left == 0
    })
    .await;
    another.server.stop().await.expect("a gateway that stops");
}

#[tokio::test]
async fn servers_of_another_environments_account_do_not_exist() {
    let app = app("capsule").await;
    let made = server(&app, json!({})).await;
    let (_, stranger) = app.another_environment("another").await;
    let path = format!("{}/{}", servers(&app), made["id"].as_str().expect("an id"));
    stranger.get(&servers(&app)).await.error(404);
    stranger.post(&servers(&app), &json!({ "name": "x" })).await.error(404);
    stranger.get(&path).await.error(404);
    stranger.patch(&path, &json!({ "name": "x" })).await.error(404);
    stranger.delete(&path).await.error(404);
    assert!(!Agent::at(&app, &made).tools().await.is_empty());
}

#[tokio::test]
async fn a_server_may_ask_for_an_api_token_of_its_environment() {
    let app = app("capsule").await;
    let agent = Agent::with(&app, json!({ "require_api_token_auth": true })).await;
    let body = r#"{"method":"tools/list","id":1}"#;
    agent.raw(body).await.local_error(401);
    agent.with_token("made-up").raw(body).await.local_error(401);
    let (environment, _) = app.another_environment("another").await;
    assert_ne!(environment, app.environment().await);
    agent.with_token("a-token-for-the-environment-another").raw(body).await.local_error(403);
    let issued = json!({ "integrated_account_id": app.account });
    let issued = app.gateway.post("/integrated-account/token", &issued).await.ok();
    let own = issued["integrated_account_token"].as_str().expect("a token");
    agent.with_token(own).raw(body).await.local_error(403);
    assert!(!agent.with_token(TOKEN).tools().await.is_empty());
}

#[tokio::test]
async fn a_token_is_kept_as_its_hash_and_stands_in_no_log_line() {
    crate::support::log::capture();
    let app = app("capsule").await;
    let made = server(&app, json!({})).await;
    let token = made["token"].as_str().expect("a token").to_owned();
    let agent = Agent::at(&app, &made);
    agent.done("list_all_capsule_users", json!({})).await;
    agent.call("get_single_capsule_party_by_id", json!({ "id": "999999999" })).await;
    agent.raw("{").await.assert_status(400);
    agent.sent(agent.request(Method::GET)).await.error(405);
    agent.sent(agent.request(Method::POST).header("origin", "https://evil.example")).await.error(403);
    let lines = crate::support::log::lines();
    assert!(lines.contains("/mcp/{token}"), "the calls were logged");
    assert!(!lines.contains(&token));
    let mut connection = app.database.connect().await;
    for table in ["mcp_server", "mcp_call"] {
        let rows = format!("SELECT coalesce(string_agg(t::text, ''), '') FROM {table} t");
        let rows: String =
            sqlx::query_scalar(sqlx::AssertSqlSafe(rows)).fetch_one(&mut connection).await.expect("rows");
        assert!(!rows.is_empty() && !rows.contains(&token), "{table}");
    }
}

#[tokio::test]
async fn an_accounts_servers_go_with_it() {
    let app = TestApp::with(Setup::default()).await;
    let agent = Agent::with(&app, json!({})).await;
    app.gateway.delete(&format!("/integrated-account/{}", app.account)).await.ok();
    agent.raw(r#"{"method":"ping","id":1}"#).await.local_error(401);
    app.gateway.get(&servers(&app)).await.error(404);
}
