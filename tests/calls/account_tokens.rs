//! Tokens of one integrated account: what they reach, for how long, and nothing else.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use unicrm::sandbox::CAPSULE_TOKEN;

use crate::idempotency::ada;
use crate::support::app::{AccountSetup, Setup, TestApp, for_account};
use crate::support::client::Client;

/// A client with a token of the app's account, as its owner's browser has it.
pub async fn owner(app: &TestApp) -> Client {
    let body = json!({ "integrated_account_id": app.account });
    let made = app.gateway.post("/integrated-account/token", &body).await.ok();
    app.gateway.with_token(made["integrated_account_token"].as_str())
}

#[tokio::test]
async fn a_token_calls_for_its_account_without_naming_it() {
    let app = TestApp::start().await;
    let owner = owner(&app).await;
    let contact = owner.post("/unified/crm/contacts", &ada()).await.ok();
    let id = contact["id"].as_str().unwrap();
    owner.get(&format!("/unified/crm/contacts/{id}")).await.ok();
    owner.get("/proxy/parties?limit=1").await.ok();
    owner.get(&app.path("/unified/crm/contacts?limit=1")).await.ok();
    owner.delete(&format!("/unified/crm/contacts/{id}")).await.ok();
}

#[tokio::test]
async fn a_token_does_not_call_for_another_account() {
    let app = TestApp::start().await;
    let owner = owner(&app).await;
    let other = app.import("capsule", "api_key", json!({ "api_key": CAPSULE_TOKEN })).await.ok();
    let path = for_account("/unified/crm/contacts", other["id"].as_str().unwrap());
    owner.get(&path).await.local_error(403);
    owner.get(&for_account("/proxy/parties", "not-an-id")).await.refused_fields(&["integrated_account_id"]);
    assert!(app.vendor_calls().is_empty());
}

#[tokio::test]
async fn a_token_reaches_nothing_else() {
    let app = TestApp::start().await;
    let owner = owner(&app).await;
    let account = &app.account;
    let routes: [(Method, String); 24] = [
        (Method::GET, "/environment".into()),
        (Method::GET, format!("/environment/{account}")),
        (Method::PATCH, format!("/environment/{account}")),
        (Method::GET, "/integration".into()),
        (Method::GET, "/integration/capsule".into()),
        (Method::GET, "/integrations/capsule".into()),
        (Method::GET, "/environment-integration".into()),
        (Method::POST, "/environment-integration".into()),
        (Method::GET, format!("/environment-integration/{account}")),
        (Method::PATCH, format!("/environment-integration/{account}")),
        (Method::DELETE, format!("/environment-integration/{account}")),
        (Method::GET, "/integrated-account".into()),
        (Method::POST, "/integrated-account".into()),
        (Method::GET, format!("/integrated-account/{account}")),
        (Method::PATCH, format!("/integrated-account/{account}")),
        (Method::DELETE, format!("/integrated-account/{account}")),
        (Method::PATCH, format!("/integrated-account/{account}/credentials")),
        (Method::POST, "/integrated-account/token".into()),
        (Method::POST, "/integrated-account/refresh-credentials".into()),
        (Method::POST, "/integrated-account/bulk-delete".into()),
        (Method::GET, "/sandbox-integrated-account".into()),
        (Method::POST, "/sandbox-integrated-account".into()),
        (Method::DELETE, format!("/sandbox-integrated-account/{account}")),
        (Method::GET, "/api-token".into()),
    ];
    for (method, path) in routes {
        let answer = owner.write(method.clone(), &path, "{}").await;
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text());
        answer.local_error(403);
    }
}

#[tokio::test]
async fn a_token_works_for_a_quarter_of_an_hour_at_every_process() {
    let app = TestApp::start().await;
    let owner = owner(&app).await;
    let other = app.another_gateway().await;
    let elsewhere = owner.at(other.client.origin().to_owned());
    elsewhere.get("/proxy/users").await.ok();
    app.clock.advance(Duration::from_secs(14 * 60));
    owner.get("/proxy/users").await.ok();
    app.clock.advance(Duration::from_secs(61));
    owner.get("/proxy/users").await.local_error(401);
    elsewhere.get("/proxy/users").await.local_error(401);
}

#[tokio::test]
async fn a_token_goes_with_its_account() {
    let app = TestApp::start().await;
    let owner = owner(&app).await;
    owner.get("/integrated-account/me").await.ok();
    app.gateway.delete(&format!("/integrated-account/{}", app.account)).await.ok();
    let gone = owner.get("/proxy/users").await;
    assert!([401, 404].contains(&gone.status), "{}", gone.text());
    owner.get("/integrated-account/me").await.local_error(gone.status);
}

#[tokio::test]
async fn tokens_are_made_for_accounts_of_the_environment_only() {
    let app = TestApp::start().await;
    let (_, stranger) = app.another_environment("other").await;
    let body = json!({ "integrated_account_id": app.account });
    stranger.post("/integrated-account/token", &body).await.local_error(404);
    for wrong in [json!({}), json!({ "integrated_account_id": "x" })] {
        app.gateway
            .post("/integrated-account/token", &wrong)
            .await
            .refused_fields(&["integrated_account_id"]);
    }
}

#[tokio::test]
async fn a_token_is_stored_as_a_hash() {
    let app = TestApp::start().await;
    let body = json!({ "integrated_account_id": app.account });
    let made = app.gateway.post("/integrated-account/token", &body).await.ok();
    let token = made["integrated_account_token"].as_str().unwrap();
    let mut connection = app.database.connect().await;
    let row: String = sqlx::query_scalar("SELECT account_token::text FROM account_token")
        .fetch_one(&mut connection)
        .await
        .expect("the row");
    assert!(!row.contains(token), "{row}");
}

#[tokio::test]
async fn the_owner_alone_sees_the_access_token() {
    let app = TestApp::with(Setup::default().account(AccountSetup::OAuth { expires_in: 3600 })).await;
    let owner = owner(&app).await;
    let me = owner.get("/integrated-account/me").await.ok();
    assert_eq!(me["id"], app.account.as_str());
    let token = me["context"]["oauth"]["token"]["access_token"].as_str().expect("a token");
    assert_eq!(me["context"]["oauth"]["token"].get("refresh_token"), None);
    app.get("/proxy/users").await.ok();
    assert!(app.vendor_calls()[0].bears(token));
    app.gateway.get("/integrated-account/me").await.local_error(403);
    assert!(!app.shown_account().await.to_string().contains(token));
}

#[tokio::test]
async fn the_owner_gets_an_access_token_that_works() {
    let app = TestApp::with(Setup::default().account(AccountSetup::OAuth { expires_in: 0 })).await;
    let owner = owner(&app).await;
    let me = owner.get("/integrated-account/me").await.ok();
    let token = me["context"]["oauth"]["token"]["access_token"].as_str().expect("a token");
    assert_eq!(app.sandbox().refresh_count(), 1);
    app.get("/proxy/users").await.ok();
    assert!(app.vendor_calls().last().unwrap().bears(token));
}

#[tokio::test]
async fn the_owner_of_an_account_with_a_key_sees_no_secret() {
    let app = TestApp::start().await;
    let me = owner(&app).await.get("/integrated-account/me").await;
    assert_eq!(me.ok()["context"], json!({}));
    assert!(!me.text().contains(CAPSULE_TOKEN));
}

#[tokio::test]
async fn the_owner_may_change_the_context_and_nothing_else() {
    let app = TestApp::with(Setup::default().account(AccountSetup::OAuth { expires_in: 3600 })).await;
    let owner = owner(&app).await;
    let mut context = owner.get("/integrated-account/me").await.ok()["context"].clone();
    context["drive_items"] = json!({ "truto_obj_store": true, "data": [{ "id": "1" }] });
    let changed = owner.patch("/integrated-account/me", &json!({ "context": context })).await.ok();
    assert_eq!(changed["context"]["drive_items"], json!([{ "id": "1" }]));
    // The access token that came along was not stored where it can be read back.
    let shown = app.shown_account().await;
    assert_eq!(shown["context"]["oauth"]["token"].get("access_token"), None, "{shown}");
    app.get("/proxy/users").await.ok();
    for field in ["tenant_id", "unified_model_override", "is_sandbox"] {
        let body = json!({ field: "x" });
        owner.patch("/integrated-account/me", &body).await.refused_fields(&[field]);
    }
    app.gateway.patch("/integrated-account/me", &json!({ "context": Value::Null })).await.local_error(403);
}
