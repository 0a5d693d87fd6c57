//! What becomes of accounts, as `GET /log` has it.

use serde_json::{Value, json};

use crate::support::app::{AccountSetup, Setup, TestApp};

/// The names of an account's events, in order.
pub async fn told(app: &TestApp, account: &str) -> Vec<String> {
    let names = entries(app, account).await.into_iter().map(|entry| {
        let name = entry["event"].as_str().expect("a name");
        name.strip_prefix("integrated_account:").expect("an account's event").to_owned()
    });
    names.collect()
}

pub async fn entries(app: &TestApp, account: &str) -> Vec<Value> {
    app.gateway.get(&format!("/log?log_type=webhook&integrated_account_id={account}")).await.result()
}

#[tokio::test]
async fn an_accounts_life_is_told_in_order_and_stays_when_the_account_is_gone() {
    let app = TestApp::start().await;
    let path = format!("/integrated-account/{}", app.account);
    app.gateway.patch(&path, &json!({ "tenant_id": "customer-2" })).await.ok();
    let context = json!({ "context": { "api_key": unicrm::sandbox::CAPSULE_TOKEN } });
    app.gateway.patch(&format!("{path}/credentials"), &context).await.ok();
    let before = app.shown_account().await;
    app.gateway.delete(&path).await.ok();

    let expected = ["created", "active", "updated", "updated", "active", "deleted"];
    assert_eq!(told(&app, &app.account).await, expected);
    let entries = entries(&app, &app.account).await;
    assert_eq!(entries[4]["payload"], before, "an event shows the account as it was then");
    assert_eq!(entries[0]["payload"]["tenant_id"], "customer-1");
    assert_eq!(entries[5]["payload"], json!({ "id": app.account }));
    let text = json!(entries).to_string();
    assert!(!text.contains(unicrm::sandbox::CAPSULE_TOKEN), "a secret is in the log");
}

#[tokio::test]
async fn a_refused_credential_is_told_once_and_its_recovery_too() {
    let setup = Setup::default().account(AccountSetup::OAuth { expires_in: 3600 });
    let app = TestApp::with(setup).await;
    app.sandbox().revoke_all();
    for _ in 0..3 {
        app.get("/unified/crm/users").await.error(401);
    }
    let (access, refresh) = app.sandbox().issue_tokens();
    let token = json!({ "access_token": access, "refresh_token": refresh, "expires_in": 3600 });
    let context = json!({ "context": { "oauth": { "token": token } } });
    let path = format!("/integrated-account/{}/credentials", app.account);
    app.gateway.patch(&path, &context).await.ok();
    let expected = ["created", "active", "authentication_error", "updated", "reactivated", "active"];
    assert_eq!(told(&app, &app.account).await, expected);
    let refused = &entries(&app, &app.account).await[2]["payload"];
    assert_eq!(refused["status"], "needs_reauth");
    assert!(refused["last_error"].as_str().is_some_and(|why| why.contains("Capsule")), "{refused}");
}

#[tokio::test]
async fn switching_a_provider_off_tells_of_each_account() {
    let app = TestApp::start().await;
    let integration = app.environment_integration("capsule").await;
    app.gateway.delete(&format!("/environment-integration/{integration}")).await.ok();
    assert_eq!(told(&app, &app.account).await, ["created", "active", "deleted"]);
}

#[tokio::test]
async fn a_vendors_events_go_with_the_account_and_another_environment_sees_none() {
    let app = TestApp::start().await;
    let address = app.gateway.get(&format!("/integrated-account/{}/inbound-webhook", app.account)).await.ok();
    let url = address["url"].as_str().expect("an address");
    let path = url.split_once("/integrated-account-webhook").expect("a path").1;
    let delivery = json!({ "event": "party/deleted", "payload": [{ "id": 1 }] });
    app.gateway.post(&format!("/integrated-account-webhook{path}"), &delivery).await.ok();
    let log = "/log?log_type=webhook";
    assert!(app.gateway.get(log).await.result().iter().any(|entry| entry["event"] == "record:deleted"));
    let (_, other) = app.another_environment("other").await;
    assert_eq!(other.get(log).await.result(), [] as [Value; 0]);
    app.gateway.delete(&format!("/integrated-account/{}", app.account)).await.ok();
    assert_eq!(told(&app, &app.account).await, ["created", "active", "deleted"]);
}
