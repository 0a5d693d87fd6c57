//! Renewing OAuth tokens: once for all who wait, before they end, and without ever losing one.

use std::time::Duration;

use futures::future::join_all;
use http::{Method, StatusCode};
use serde_json::json;
use unicrm::sandbox::{Fault, Kind};

use crate::support::app::{AccountSetup, Setup, TestApp, eventually};

const TOKEN_PATH: &str = "/oauth/token";

/// A gateway with an account whose access token is said to live so many seconds.
async fn connected(expires_in: i64) -> TestApp {
    TestApp::with(Setup::default().account(AccountSetup::OAuth { expires_in })).await
}

/// A gateway with an account whose access token has ended.
async fn lapsed() -> TestApp {
    let app = connected(-10).await;
    app.sandbox().expire_tokens();
    app
}

fn renewals(app: &TestApp) -> usize {
    app.vendor_calls().iter().filter(|call| call.path == TOKEN_PATH).count()
}

#[tokio::test]
async fn twenty_calls_on_an_ended_token_renew_it_once() {
    let app = lapsed().await;
    let calls = (0..20).map(|_| app.get("/unified/crm/users"));
    for reply in join_all(calls).await {
        reply.ok();
    }
    assert_eq!((app.sandbox().refresh_count(), renewals(&app)), (1, 1));
}

#[tokio::test]
async fn twenty_calls_on_a_token_that_is_refused_renew_it_once() {
    let app = connected(3600).await;
    app.sandbox().expire_tokens();
    let calls = (0..20).map(|_| app.get("/unified/crm/users"));
    for reply in join_all(calls).await {
        reply.ok();
    }
    assert_eq!((app.sandbox().refresh_count(), renewals(&app)), (1, 1));
}

#[tokio::test]
async fn two_processes_renew_once_between_them() {
    let app = lapsed().await;
    let second = app.another_gateway().await;
    // Long enough for both to want it.
    app.sandbox()
        .faults()
        .add(Fault::new(Kind::Delay(Duration::from_millis(150))).on(Method::POST, TOKEN_PATH));
    let path = app.path("/unified/crm/users");
    let here = (0..10).map(|_| app.gateway.get(&path));
    let there = (0..10).map(|_| second.client.get(&path));
    let (here, there) = tokio::join!(join_all(here), join_all(there));
    for reply in here.into_iter().chain(there) {
        reply.ok();
    }
    assert_eq!((app.sandbox().refresh_count(), renewals(&app)), (1, 1));
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends_and_not_sooner() {
    let app = connected(600).await;
    app.get("/unified/crm/users").await.ok();
    app.clock.advance(Duration::from_secs(500));
    app.get("/unified/crm/users").await.ok();
    assert_eq!(app.sandbox().refresh_count(), 0);
    app.clock.advance(Duration::from_secs(60));
    app.get("/unified/crm/users").await.ok();
    assert_eq!(app.sandbox().refresh_count(), 1);
    app.get("/unified/crm/users").await.ok();
    assert_eq!(app.sandbox().refresh_count(), 1);
}

#[tokio::test]
async fn the_refresh_token_that_a_renewal_brought_is_used_for_the_next() {
    let app = lapsed().await;
    for count in 1..=3 {
        app.get("/unified/crm/users").await.ok();
        assert_eq!(app.sandbox().refresh_count(), count);
        app.clock.advance(Duration::from_secs(7200));
        app.sandbox().expire_tokens();
    }
    // Each refresh token is good once: a process that begins anew has the latest.
    let second = app.another_gateway().await;
    second.client.get(&app.path("/unified/crm/users")).await.ok();
    assert_eq!(app.sandbox().refresh_count(), 4);
}

#[tokio::test]
async fn a_caller_who_hangs_up_during_a_renewal_loses_nothing() {
    let app = lapsed().await;
    app.sandbox()
        .faults()
        .add(Fault::new(Kind::Delay(Duration::from_millis(300))).on(Method::POST, TOKEN_PATH).times(1));
    let (client, path) = (app.gateway.clone(), app.path("/unified/crm/users"));
    let caller = tokio::spawn(async move { client.get(&path).await });
    eventually("the renewal has begun", async || renewals(&app) == 1).await;
    caller.abort();
    let version = async || -> i64 {
        sqlx::query_scalar("SELECT version FROM credential")
            .fetch_one(&mut app.database.connect().await)
            .await
            .expect("a version")
    };
    eventually("the new tokens are stored", async || version().await == 2).await;
    app.get("/unified/crm/users").await.ok();
    assert_eq!((app.sandbox().refresh_count(), renewals(&app)), (1, 1));
}

#[tokio::test]
async fn a_renewal_that_the_vendor_refuses_marks_the_account_once() {
    let app = lapsed().await;
    app.sandbox().revoke_all();
    let calls = (0..10).map(|_| app.get("/unified/crm/users"));
    for reply in join_all(calls).await {
        reply.remote_error(401);
    }
    assert_eq!(renewals(&app), 1);
    let account = app.shown_account().await;
    assert_eq!(account["status"], "needs_reauth");
    assert!(account["last_error"].as_str().is_some_and(|error| error.contains("invalid_grant")), "{account}");
    app.sandbox().recorder().clear();
    app.get("/unified/crm/users").await.remote_error(401);
    assert!(app.vendor_calls().is_empty());
    let (access, refresh) = app.sandbox().issue_tokens();
    let token = json!({ "access_token": access, "refresh_token": refresh, "expires_in": 3600 });
    let path = format!("/integrated-account/{}/credentials", app.account);
    app.gateway.patch(&path, &json!({ "context": { "oauth": { "token": token } } })).await.ok();
    app.get("/unified/crm/users").await.ok();
}

#[tokio::test]
async fn a_token_endpoint_that_is_out_of_order_leaves_the_account_active() {
    let app = lapsed().await;
    let outage = Fault::status(StatusCode::BAD_GATEWAY).on(Method::POST, TOKEN_PATH);
    app.sandbox().faults().add(outage);
    app.get("/unified/crm/users").await.remote_error(502);
    assert_eq!(app.shown_account().await["status"], "active");
    app.sandbox().faults().clear();
    app.get("/unified/crm/users").await.ok();
    assert_eq!(app.sandbox().refresh_count(), 1);
}

#[tokio::test]
async fn a_token_that_is_still_good_is_used_when_it_can_not_be_renewed_ahead() {
    let app = connected(30).await;
    app.sandbox().faults().add(Fault::new(Kind::Garbage).on(Method::POST, TOKEN_PATH));
    app.sandbox().faults().add(Fault::status(StatusCode::BAD_GATEWAY).on(Method::POST, TOKEN_PATH));
    app.get("/unified/crm/users").await.ok();
    assert_eq!(app.shown_account().await["status"], "active");
}

#[tokio::test]
async fn a_write_on_an_ended_token_is_carried_out_once() {
    let app = connected(3600).await;
    app.sandbox().expire_tokens();
    app.post("/unified/crm/contacts", &json!({ "first_name": "Ada" })).await.ok();
    let found = app.get("/unified/crm/contacts?name=Ada").await.result();
    assert_eq!(found.iter().filter(|contact| contact["name"] == "Ada").count(), 1);
    assert_eq!(app.sandbox().refresh_count(), 1);
}

#[tokio::test]
async fn a_new_token_that_is_refused_as_well_marks_the_account_and_ends_there() {
    let app = connected(3600).await;
    app.sandbox().faults().add(Fault::status(StatusCode::UNAUTHORIZED).under("/api/v2"));
    app.get("/unified/crm/users").await.remote_error(401);
    assert_eq!((app.sandbox().refresh_count(), app.vendor_calls().len()), (1, 3));
    assert_eq!(app.shown_account().await["status"], "needs_reauth");
}
