//! Nimble's ten-minute tokens, its refresh tokens that are good once, and what it says when a token is no good.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use unicrm::sandbox::Fault;

use crate::support::app::{AccountSetup, Setup, TestApp};

fn through_oauth(expires_in: i64) -> Setup {
    Setup { provider: "nimble", ..Setup::default() }.account(AccountSetup::OAuth { expires_in })
}

#[tokio::test]
async fn twenty_calls_on_an_expired_token_cost_one_renewal() {
    let app = TestApp::with(through_oauth(-5)).await;
    app.sandbox().expire_tokens();
    let calls = (0..20).map(|_| app.get("/unified/crm/contacts?limit=1"));
    for reply in join_all(calls).await {
        reply.ok();
    }
    assert_eq!(app.sandbox().refresh_count(), 1);
    let renewals = app.vendor_calls().into_iter().filter(|call| call.path == "/api/oauth/token");
    let bodies: Vec<String> = renewals.map(|call| String::from_utf8_lossy(&call.body).into_owned()).collect();
    assert_eq!(bodies.len(), 1);
    let redirect = "redirect_uri=https%3A%2F%2Fgateway.example%2Fcallback";
    assert!(bodies[0].contains(redirect), "{}", bodies[0]);
}

#[tokio::test]
async fn a_token_that_nimble_forgot_is_renewed_although_it_says_403() {
    let app = TestApp::with(through_oauth(599)).await;
    app.sandbox().expire_tokens();
    app.get("/unified/crm/contacts?limit=1").await.ok();
    assert_eq!(app.sandbox().refresh_count(), 1);
    assert_eq!(app.shown_account().await["status"], "active");
}

#[tokio::test]
async fn each_renewal_uses_the_refresh_token_of_the_last() {
    let app = TestApp::with(through_oauth(-5)).await;
    for count in 1..=3 {
        app.get("/proxy/me").await.ok();
        assert_eq!(app.sandbox().refresh_count(), count);
        app.clock.advance(Duration::from_secs(600));
        app.sandbox().expire_tokens();
    }
    assert_eq!(app.shown_account().await["status"], "active");
}

#[tokio::test]
async fn an_access_that_was_withdrawn_marks_the_account() {
    let app = TestApp::with(through_oauth(599)).await;
    app.sandbox().revoke_all();
    let body = app.get("/unified/crm/contacts?limit=1").await.remote_error(401);
    assert!(body["message"].as_str().is_some_and(|text| text.contains("credential")), "{body}");
    assert_eq!(app.shown_account().await["status"], "needs_reauth");
}

#[tokio::test]
async fn a_403_about_a_record_leaves_the_account_alone() {
    let app = TestApp::with(Setup { provider: "nimble", ..Setup::default() }).await;
    let fault = Fault::status(http::StatusCode::FORBIDDEN).body(r#"{"message":"Not your contact"}"#);
    app.sandbox().faults().add(fault);
    let body = app.get("/unified/crm/contacts?limit=1").await.remote_error(403);
    assert!(body["message"].as_str().is_some_and(|text| text.contains("Not your contact")), "{body}");
    assert_eq!(app.shown_account().await["status"], "active");
}

#[tokio::test]
async fn a_403_whose_reason_breaks_off_says_nothing_of_the_credential() {
    let app = TestApp::with(Setup { provider: "nimble", ..Setup::default() }).await;
    let fault = Fault::status(http::StatusCode::FORBIDDEN).body(r#"{"message":"Can't auth"#);
    app.sandbox().faults().add(fault);
    let body = app.get("/unified/crm/contacts?limit=1").await.remote_error(502);
    assert!(body["message"].as_str().is_some_and(|text| text.contains("breaks off")), "{body}");
    assert_eq!(app.shown_account().await["status"], "active");
}

#[tokio::test]
async fn a_contact_that_was_deleted_is_not_found_although_nimble_answers_200() {
    let app = TestApp::with(Setup { provider: "nimble", ..Setup::default() }).await;
    let path = "/unified/crm/contacts/66c00101a1b2c3d400000001";
    app.delete(path).await.ok();
    let raw: Value = app.get("/proxy/contacts/66c00101a1b2c3d400000001").await.ok();
    assert_eq!(raw, json!({ "resources": [] }));
    app.get(path).await.error(404);
    app.patch(path, &json!({ "first_name": "Ann" })).await.error(404);
}

#[tokio::test]
async fn where_the_list_of_users_is_gone_the_user_of_the_credential_is_told() {
    let app = TestApp::with(Setup { provider: "nimble", ..Setup::default() }).await;
    let gone = Fault::status(http::StatusCode::NOT_FOUND).under("/api/v1/company/users");
    app.sandbox().faults().add(gone);
    let users = app.get("/unified/crm/users").await.result();
    assert_eq!(users.len(), 1);
    assert_eq!(users[0]["name"], "Rosa Lindqvist");
    app.get("/unified/crm/users/5f0d11a2c3b4d5e6f7a80001").await.ok();
    app.get("/unified/crm/users/5f0d11a2c3b4d5e6f7a80002").await.error(404);
}
