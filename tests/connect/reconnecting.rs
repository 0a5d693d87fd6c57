//! Connecting an account again.

use serde_json::{Value, json};
use unicrm::sandbox::{CAPSULE_RESTRICTED_TOKEN, CAPSULE_TOKEN};

use crate::browser::{Browser, Page};
use crate::events::told;
use crate::support::app::{AccountSetup, Setup, TestApp};

async fn again(app: &TestApp, more: Value) -> (Browser, Page) {
    let mut wish = json!({ "integrated_account_id": app.account });
    wish.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
    Browser::open(app, &wish, "").await
}

async fn with_key(app: &TestApp, more: Value, key: &str) -> Page {
    let (mut browser, page) = again(app, more).await;
    page.assert_says(200, "Reconnect Capsule");
    let done = browser.submit(&page, "/connect-account/crm/capsule", &[("api_key", key)]).await;
    browser.follow(done).await
}

#[tokio::test]
async fn an_account_that_is_refused_is_mended_under_its_own_id() {
    let app = TestApp::with(Setup::default().account(AccountSetup::OAuth { expires_in: 3600 })).await;
    app.gateway
        .patch(&format!("/integrated-account/{}", app.account), &json!({ "context": { "ours": 1 } }))
        .await
        .ok();
    app.sandbox().revoke_all();
    app.get("/unified/crm/users").await.error(401);
    let (mut browser, page) = again(&app, json!({})).await;
    let back = browser.consent(&page, "capsule", "allow").await;
    let done = browser.get(&back).await;
    let done = browser.follow(done).await;
    done.assert_says(200, "Capsule is connected");
    assert_eq!(done.message()["integrated_account_id"], app.account.as_str());
    let account = app.shown_account().await;
    assert_eq!((&account["status"], &account["last_error"]), (&json!("active"), &Value::Null));
    assert_eq!(account["context"]["ours"], Value::Null, "the previous context isn't asked for");
    app.get("/unified/crm/users").await.ok();
    let expected =
        ["created", "active", "updated", "authentication_error", "updated", "reactivated", "active"];
    assert_eq!(told(&app, &app.account).await, expected);
}

#[tokio::test]
async fn the_way_may_change_and_the_previous_context_may_be_kept() {
    let app = TestApp::with(Setup::default().account(AccountSetup::OAuth { expires_in: 3600 })).await;
    let path = format!("/integrated-account/{}", app.account);
    app.gateway.patch(&path, &json!({ "context": { "ours": 1, "theirs": 1 } })).await.ok();
    let more = json!({ "persist_previous_context": true, "context": { "theirs": 2 } });
    with_key(&app, more, CAPSULE_TOKEN).await.assert_says(200, "Capsule is connected");
    let account = app.shown_account().await;
    assert_eq!(account["authentication_method"], "api_key");
    assert_eq!((&account["context"]["ours"], &account["context"]["theirs"]), (&json!(1), &json!(2)));
    app.get("/unified/crm/users").await.ok();
}

#[tokio::test]
async fn another_tenant_of_the_vendors_is_refused_unless_the_token_allows_it() {
    let app = TestApp::start().await;
    with_key(&app, json!({}), CAPSULE_RESTRICTED_TOKEN).await.assert_says(200, "Capsule is connected");
    // As if the account had been connected to somebody else's Capsule.
    let mut connection = app.database.connect().await;
    sqlx::query("UPDATE integrated_account SET vendor_tenant = 'elsewhere'")
        .execute(&mut connection)
        .await
        .expect("an update");
    crate::support::app::eventually("the change is noticed", async || {
        with_key(&app, json!({}), CAPSULE_TOKEN).await.status == 422
    })
    .await;
    let refused = with_key(&app, json!({}), CAPSULE_TOKEN).await;
    refused.assert_says(422, "This is another Capsule account");
    let allowed = with_key(&app, json!({ "allow_other_tenant": true }), CAPSULE_TOKEN).await;
    allowed.assert_says(200, "Capsule is connected");
    with_key(&app, json!({}), CAPSULE_TOKEN).await.assert_says(200, "Capsule is connected");
}

#[tokio::test]
async fn an_account_that_is_deleted_meanwhile_takes_its_links_along() {
    let app = TestApp::start().await;
    let made = app.gateway.post("/link-token", &json!({ "integrated_account_id": app.account })).await.ok();
    app.gateway.delete(&format!("/integrated-account/{}", app.account)).await.ok();
    let address = format!("/connect-account?link_token={}", made["link_token"].as_str().expect("a token"));
    Browser::new(&app).get(&address).await.assert_says(403, "doesn't work any more");
}
