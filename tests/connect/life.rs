//! What becomes of an account after it is saved: setting it up, seeing whether it is of use, renewing ahead of its end.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::json;
use unicrm::sandbox::{CAPSULE_TOKEN, Fault, Kind};

use crate::browser::{Browser, Page};
use crate::consent::{Mappings, bare};
use crate::events::{entries, told};
use crate::support::app::{AccountSetup, Setup, TestApp, eventually};

async fn connect(app: &TestApp) -> (Browser, Page) {
    let (mut browser, page) = Browser::at(app, "capsule").await;
    let done = browser.submit(&page, "/connect-account/crm/capsule", &[("api_key", CAPSULE_TOKEN)]).await;
    let done = browser.follow(done).await;
    (browser, done)
}

#[tokio::test]
async fn what_fails_after_saving_is_told_and_can_be_tried_again() {
    for (path, status, words) in [
        ("/api/v2/users/current", "post_install_error", "setting up the connection failed"),
        ("/api/v2/parties", "validation_error", "this login can't be used"),
    ] {
        let app = bare("capsule").await;
        let forbidden = Fault::status(StatusCode::FORBIDDEN).on(Method::GET, path);
        app.sandbox().faults().add(forbidden);
        let (mut browser, failed) = connect(&app).await;
        failed.assert_says(200, words);
        let message = failed.message();
        assert_eq!(message["error_type"], status);
        let id = message["integrated_account_id"].as_str().expect("an id").to_owned();
        let account = app.gateway.get(&format!("/integrated-account/{id}")).await.ok();
        assert_eq!(account["status"], status);
        assert!(account["last_error"].as_str().is_some_and(|why| why.contains("Capsule")), "{account}");
        let (event, last) =
            (format!("integrated_account:{status}"), entries(&app, &id).await.pop().expect("an event"));
        assert_eq!((&last["event"], &last["payload"]["last_error"]), (&json!(event), &account["last_error"]));

        // Once more while it still fails, by the page and by the API.
        let still = browser.submit(&failed, "/connect-account/retry", &[]).await;
        let still = browser.follow(still).await;
        still.assert_says(200, words);
        let body = json!({ "id": id });
        let answer = app.gateway.post("/integrated-account/run-post-install-actions", &body).await.ok();
        assert_eq!(answer, json!({ "success": false, "error_type": status }));

        app.sandbox().faults().clear();
        let done = browser.submit(&still, "/connect-account/retry", &[]).await;
        let done = browser.follow(done).await;
        done.assert_says(200, "Capsule is connected");
        assert_eq!(done.message()["integrated_account_id"], id.as_str());
        assert_eq!(told(&app, &id).await, ["created", status, status, status, "active"]);
        let answer = app.gateway.post("/integrated-account/run-post-install-actions", &body).await.ok();
        assert_eq!(answer["success"], true);
    }
}

#[tokio::test]
async fn another_try_with_another_credential_is_at_the_same_account() {
    let app = bare("capsule").await;
    app.sandbox().faults().add(Fault::status(StatusCode::FORBIDDEN).on(Method::GET, "/api/v2/parties"));
    let (mut browser, failed) = connect(&app).await;
    let id = failed.message()["integrated_account_id"].clone();
    app.sandbox().faults().clear();
    let page = browser.get("/connect-account/crm/capsule").await;
    let back = browser.consent(&page, "capsule", "allow").await;
    let done = browser.get(&back).await;
    let done = browser.follow(done).await;
    done.assert_says(200, "Capsule is connected");
    assert_eq!(done.message()["integrated_account_id"], id);
    let accounts = app.gateway.get("/integrated-account").await.result();
    assert_eq!((accounts.len(), &accounts[0]["authentication_method"]), (1, &json!("oauth2")));
    let expected = ["created", "validation_error", "updated", "active"];
    assert_eq!(told(&app, id.as_str().expect("an id")).await, expected);
}

#[tokio::test]
async fn a_credential_that_dies_while_it_is_set_up_is_one_to_connect_again() {
    let app = bare("capsule").await;
    app.sandbox()
        .faults()
        .add(Fault::status(StatusCode::UNAUTHORIZED).on(Method::GET, "/api/v2/users/current"));
    let (mut browser, failed) = connect(&app).await;
    failed.assert_says(200, "Capsule doesn't accept this");
    let id = failed.message()["integrated_account_id"].as_str().expect("an id").to_owned();
    let account = app.gateway.get(&format!("/integrated-account/{id}")).await.ok();
    assert_eq!(account["status"], "needs_reauth");
    assert_eq!(told(&app, &id).await, ["created", "authentication_error"]);
    app.sandbox().faults().clear();
    let page = browser.get("/connect-account/crm/capsule").await;
    let done = browser.submit(&page, "/connect-account/crm/capsule", &[("api_key", CAPSULE_TOKEN)]).await;
    browser.follow(done).await.assert_says(200, "Capsule is connected");
    let expected = ["created", "authentication_error", "updated", "reactivated", "active"];
    assert_eq!(told(&app, &id).await, expected);
}

#[tokio::test]
async fn tokens_are_renewed_ahead_of_their_end_by_one_process() {
    let app = TestApp::with(Setup::default().account(AccountSetup::OAuth { expires_in: 3600 })).await;
    let (one, other) = (app.another_gateway().await, app.another_gateway().await);
    let renew = async || {
        let (first, second) =
            tokio::join!(one.server.accounts().renew_due(), other.server.accounts().renew_due());
        first.expect("a look") + second.expect("a look")
    };
    assert_eq!(renew().await, 0, "an hour is long");
    app.clock.advance(Duration::from_secs(3600 - 100));
    assert_eq!(renew().await, 1, "it is taken by one of them");
    assert_eq!(app.sandbox().refresh_count(), 1);
    assert_eq!(renew().await, 0);
    app.get("/unified/crm/users").await.ok();
    assert_eq!(app.sandbox().refresh_count(), 1, "no call has to wait for it");
}

#[tokio::test]
async fn a_renewal_that_fails_for_the_moment_is_tried_again_and_a_refused_one_is_not() {
    let app = TestApp::with(Setup::default().account(AccountSetup::OAuth { expires_in: 3600 })).await;
    let gateway = app.another_gateway().await;
    app.clock.advance(Duration::from_secs(3600 - 100));
    let away = Fault::new(Kind::Status(StatusCode::SERVICE_UNAVAILABLE)).under("/oauth/token");
    app.sandbox().faults().add(away);
    let renew = async || gateway.server.accounts().renew_due().await.expect("a look");
    assert_eq!((renew().await, renew().await), (1, 0));
    assert_eq!(app.shown_account().await["status"], "active");
    app.sandbox().faults().clear();
    app.sandbox().revoke_all();
    app.clock.advance(Duration::from_secs(61));
    assert_eq!((renew().await, renew().await), (1, 0));
    app.clock.advance(Duration::from_secs(3600));
    assert_eq!(renew().await, 0, "a vendor that has refused isn't asked again");
    assert_eq!(app.shown_account().await["status"], "needs_reauth");
    assert_eq!(told(&app, &app.account).await, ["created", "active", "authentication_error"]);
}

/// Neither shipped provider offers it; a manifest may say that one does.
#[tokio::test]
async fn deleting_an_account_revokes_its_tokens_where_the_vendor_offers_that() {
    let folder = Mappings::with("revoke_url: https://api.capsulecrm.com/oauth/revoke");
    let setup = Setup::default()
        .account(AccountSetup::OAuth { expires_in: 3600 })
        .setting("UNICRM_MAPPINGS_DIR", folder.0.to_string_lossy());
    let app = TestApp::with(setup).await;
    app.gateway.delete(&format!("/integrated-account/{}", app.account)).await.ok();
    let revocations = || {
        let calls = app.vendor_calls().into_iter().filter(|call| call.path == "/oauth/revoke");
        calls.map(|call| String::from_utf8_lossy(&call.body).into_owned()).collect::<Vec<_>>()
    };
    eventually("the vendor is asked to revoke", async || !revocations().is_empty()).await;
    let said = revocations().remove(0);
    for part in ["token=sandbox-refresh-", "token_type_hint=refresh_token", "client_id=sandbox-client"] {
        assert!(said.contains(part), "{said}");
    }
    // The sandbox knows no such page, and the account is gone all the same.
    assert_eq!(app.gateway.get("/integrated-account").await.result().len(), 0);
    let mut connection = app.database.connect().await;
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM credential")
        .fetch_one(&mut connection)
        .await
        .expect("a count");
    assert_eq!(left, 0, "its credential is erased");
}
