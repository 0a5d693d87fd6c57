//! Connecting with a key, and the choice before it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use unicrm::sandbox::{CAPSULE_TOKEN, Fault, Kind, NUTSHELL_KEY, NUTSHELL_USERNAME};

use crate::browser::Browser;
use crate::events::told;
use crate::support::app::{AccountSetup, Setup, TestApp};

async fn bare(provider: &'static str) -> TestApp {
    TestApp::with(Setup { provider, ..Setup::default().account(AccountSetup::None) }).await
}

#[tokio::test]
async fn a_key_is_checked_with_the_vendor_and_becomes_an_account_that_works() {
    let app = bare("nutshell").await;
    let wish = json!({ "tenant_id": "customer-9", "context": { "crm_plan": "pro" } });
    let (mut browser, page) = Browser::open(&app, &wish, "&integration=nutshell").await;
    page.assert_says(200, "Connect Nutshell");
    assert!(page.text.contains(&app.sandbox().origin()), "it links to where the key is found");
    let key = format!("  {NUTSHELL_KEY}\n");
    let fields = [("username", NUTSHELL_USERNAME), ("api_key", key.as_str())];
    let done = browser.submit(&page, "/connect-account/crm/nutshell", &fields).await;
    let done = browser.follow(done).await;
    done.assert_says(200, "Nutshell is connected");
    done.assert_says(200, "Millbrook Instruments");

    let message = done.message();
    assert_eq!((&message["result"], &message["is_truto"]), (&json!("success"), &json!(true)));
    assert_eq!(message["integration"], "nutshell");
    let id = message["integrated_account_id"].as_str().expect("an id");
    let account = app.gateway.get(&format!("/integrated-account/{id}")).await.ok();
    assert_eq!((&account["status"], &account["tenant_id"]), (&json!("active"), &json!("customer-9")));
    assert_eq!(account["authentication_method"], "api_key");
    assert_eq!(account["context"].get("username"), None, "the login's name is kept with the key");
    assert_eq!(account["context"]["crm_plan"], "pro");
    assert!(account["context"]["connected_by"].is_string(), "{account}");
    assert_eq!(told(&app, id).await, ["created", "active"]);
    app.gateway.get(&format!("/unified/crm/contacts?limit=1&integrated_account_id={id}")).await.ok();

    // There is nothing left to do, and going back begins nothing anew.
    let back = browser.get("/connect-account/crm/nutshell").await;
    browser.follow(back).await.assert_says(200, "Nutshell is connected");
    assert_eq!(app.gateway.get("/integrated-account").await.result().len(), 1);
}

#[tokio::test]
async fn what_the_vendor_refuses_is_said_at_the_form_and_leaves_nothing() {
    let app = bare("nutshell").await;
    let (mut browser, page) = Browser::at(&app, "nutshell").await;
    let wrong = [("username", "nora@millbrook.example"), ("api_key", "not-the-key")];
    let again = browser.submit(&page, "/connect-account/crm/nutshell", &wrong).await;
    again.assert_says(422, "Nutshell doesn't accept this");
    again.assert_says(422, "Nothing was saved.");
    assert!(
        again.text.contains("value=\"nora@millbrook.example\""),
        "what may be read needn't be typed again"
    );
    assert!(!again.text.contains("not-the-key"), "what is secret isn't sent back");
    assert_eq!(again.message(), Value::Null, "whoever opened the page would close it");
    for (fields, said) in [
        ([("username", "nora@millbrook.example"), ("api_key", "   ")], "API key is missing."),
        ([("username", "nora whitfield"), ("api_key", "key")], "doesn't look right"),
        ([("username", "nora@millbrook.example"), ("api_key", "k\u{e9}y")], "doesn't look right"),
    ] {
        browser.submit(&page, "/connect-account/crm/nutshell", &fields).await.assert_says(422, said);
    }
    let asked = app.vendor_calls().len();
    assert_eq!(asked, 1, "the vendor isn't asked about what can't be right");

    app.sandbox().faults().add(Fault::new(Kind::Status(http::StatusCode::SERVICE_UNAVAILABLE)));
    let fields = [("username", NUTSHELL_USERNAME), ("api_key", NUTSHELL_KEY)];
    let away = browser.submit(&page, "/connect-account/crm/nutshell", &fields).await;
    away.assert_says(422, "Nutshell isn't answering at the moment");
    assert_eq!(app.gateway.get("/integrated-account").await.result(), [] as [Value; 0]);
    app.sandbox().faults().clear();
    let done = browser.submit(&away, "/connect-account/crm/nutshell", &fields).await;
    browser.follow(done).await.assert_says(200, "Nutshell is connected");
}

#[tokio::test]
async fn a_crm_is_chosen_among_those_that_are_offered() {
    let app = bare("capsule").await;
    let new = json!({ "tenant_id": "t" });
    let (_, all) = Browser::open(&app, &new, "").await;
    for label in ["Capsule", "Nimble", "Nutshell"] {
        all.assert_says(200, label);
    }
    let (_, two) = Browser::open(&app, &new, "&integrations=capsule,nimble").await;
    assert!(two.text.contains("Capsule") && !two.text.contains("Nutshell"), "{}", two.text);
    let (mut browser, one) = Browser::open(&app, &new, "&integrations=capsule,nimble").await;
    one.assert_says(200, "Connect your CRM");
    browser.get("/connect-account/crm/capsule").await.assert_says(200, "All CRMs");
    let (mut browser, _) = Browser::open(&app, &new, "&integrations=capsule,nimble&no_back=true").await;
    let without = browser.get("/connect-account/crm/capsule").await;
    assert!(without.status == 200 && !without.text.contains("All CRMs"));
    browser.get("/connect-account/crm/nutshell").await.assert_says(404, "can't be connected");

    let (_, none) = Browser::open(&app, &new, "&integration=elsewhere").await;
    none.assert_says(404, "can't be connected");
    assert_eq!(none.message()["error_type"], "invalid_integration");

    let path = format!("/environment-integration/{}", app.environment_integration("nimble").await);
    app.gateway.patch(&path, &json!({ "show_in_catalog": false })).await.ok();
    let (_, fewer) = Browser::open(&app, &new, "").await;
    assert!(!fewer.text.contains("Nimble"), "{}", fewer.text);
    let (_, named) = Browser::open(&app, &new, "&integration=nimble").await;
    named.assert_says(200, "Connect Nimble");
    app.gateway.patch(&path, &json!({ "is_enabled": false })).await.ok();
    let (_, off) = Browser::open(&app, &new, "&integration=nimble").await;
    off.assert_says(404, "can't be connected");
}

#[tokio::test]
async fn a_way_of_connecting_can_be_asked_for() {
    let app = bare("capsule").await;
    let new = json!({ "tenant_id": "t" });
    let (_, both) = Browser::open(&app, &new, "&integration=capsule").await;
    assert!(both.text.contains("Continue to Capsule") && both.text.contains("Personal access token"));
    let (_, consent) = Browser::open(&app, &new, "&integration=capsule&auth_format=oauth2").await;
    assert!(consent.text.contains("Continue to Capsule") && !consent.text.contains("Personal access token"));
    let (mut browser, key) = Browser::open(&app, &new, "&integration=capsule&auth_format=api_key").await;
    assert!(!key.text.contains("Continue to Capsule") && key.text.contains("Personal access token"));
    let done = browser.submit(&key, "/connect-account/crm/capsule", &[("api_key", CAPSULE_TOKEN)]).await;
    browser.follow(done).await.assert_says(200, "Fernhill Coffee Supply");
}

#[tokio::test]
async fn fields_that_the_backend_has_given_are_not_asked_for_and_win() {
    let app = bare("nutshell").await;
    let wish = json!({ "tenant_id": "t", "context": { "username": NUTSHELL_USERNAME } });
    let (mut browser, page) = Browser::open(&app, &wish, "&integration=nutshell").await;
    assert!(!page.text.contains("name=\"username\""), "{}", page.text);
    let fields = [("username", "somebody.else@millbrook.example"), ("api_key", NUTSHELL_KEY)];
    let done = browser.submit(&page, "/connect-account/crm/nutshell", &fields).await;
    let id = browser.follow(done).await.message()["integrated_account_id"].clone();
    let id = id.as_str().expect("an id");
    app.gateway.get(&format!("/unified/crm/contacts?limit=1&integrated_account_id={id}")).await.ok();
    let login = STANDARD.encode(format!("{NUTSHELL_USERNAME}:{NUTSHELL_KEY}"));
    let calls = app.vendor_calls();
    assert!(
        !calls.is_empty() && calls.iter().all(|call| call.bears(&login)),
        "somebody else's name was sent"
    );
}
