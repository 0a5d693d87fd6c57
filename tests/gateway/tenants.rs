//! What is in one environment doesn't exist in another.

use http::Method;
use serde_json::{Value, json};

use crate::support::app::TestApp;

#[tokio::test]
async fn another_environments_account_does_not_exist() {
    let app = TestApp::start().await;
    app.get("/unified/crm/users").await.ok();
    app.sandbox().recorder().clear();
    let (_, other) = app.another_environment("other").await;
    let account = format!("/integrated-account/{}", app.account);
    let credentials = format!("{account}/credentials");
    let context = json!({ "context": { "api_key": "stolen" } });
    other.get(&account).await.local_error(404);
    other.patch(&account, &json!({ "tenant_id": "stolen" })).await.local_error(404);
    other.patch(&credentials, &context).await.local_error(404);
    other.delete(&account).await.local_error(404);
    for (method, path) in [
        (Method::GET, "/unified/crm/contacts"),
        (Method::POST, "/unified/crm/contacts"),
        (Method::GET, "/unified/crm/contacts/1"),
        (Method::PATCH, "/unified/crm/contacts/1"),
        (Method::DELETE, "/unified/crm/contacts/1"),
        (Method::GET, "/proxy/parties"),
        (Method::POST, "/proxy/parties"),
        (Method::GET, "/proxy/parties/1"),
        (Method::PATCH, "/proxy/parties/1"),
        (Method::DELETE, "/proxy/parties/1"),
        (Method::POST, "/proxy/parties/filter"),
    ] {
        other.write(method, &app.path(path), "{}").await.local_error(404);
    }
    assert!(app.vendor_calls().is_empty());
    let kept = app.shown_account().await;
    assert_eq!((&kept["tenant_id"], &kept["status"]), (&json!("customer-1"), &json!("active")));
    app.get("/unified/crm/users").await.ok();
}

#[tokio::test]
async fn another_environments_lists_show_nothing_of_this_one() {
    let app = TestApp::start().await;
    let (environment, other) = app.another_environment("other").await;
    assert_eq!(other.get("/integrated-account").await.result(), Vec::<Value>::new());
    let own = app.environment().await;
    let path = format!("/integrated-account?environment_id={own}");
    assert_eq!(other.get(&path).await.result(), Vec::<Value>::new());
    let tokens = other.get("/api-token").await.result();
    assert_eq!(tokens.len(), 1);
    assert_eq!(tokens[0]["environment_id"], json!(environment));
    let environments = other.get("/environment").await.result();
    assert_eq!(environments.len(), 1);
    assert_eq!(environments[0]["name"], "other");
}

#[tokio::test]
async fn another_environments_rows_are_not_found_by_their_ids() {
    let app = TestApp::start().await;
    let (_, other) = app.another_environment("other").await;
    let integration = app.environment_integration("capsule").await;
    let token = app.gateway.get("/api-token").await.result()[0]["id"].clone();
    let environment = app.environment().await;
    for path in [
        format!("/environment-integration/{integration}"),
        format!("/api-token/{}", token.as_str().expect("an id")),
        format!("/environment/{environment}"),
    ] {
        other.get(&path).await.local_error(404);
    }
    let path = format!("/environment-integration/{integration}");
    other.patch(&path, &json!({ "is_enabled": false })).await.local_error(404);
    other.delete(&path).await.local_error(404);
    other.patch(&format!("/environment/{environment}"), &json!({ "name": "mine" })).await.local_error(404);
    let body = json!({
        "tenant_id": "x", "environment_integration_id": integration, "authentication_method": "api_key",
        "context": { "api_key": "x" },
    });
    other.post("/integrated-account", &body).await.refused_fields(&["environment_integration_id"]);
    app.get("/unified/crm/users").await.ok();
}
