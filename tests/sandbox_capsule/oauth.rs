//! The token endpoint, and tokens that lapse, rotate and are revoked.

use http::Method;
use serde_json::json;
use time::macros::datetime;
use unicrm::sandbox::{CAPSULE_TOKEN, CLIENT_ID, CLIENT_SECRET};

use crate::harness::{Crm, Reply, Watch, keys};

async fn exchange(crm: &Crm, grant: &str, key: &str, value: &str) -> Reply {
    let body = json!({
        "grant_type": grant,
        key: value,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    });
    crm.send(Method::POST, "/oauth/token", None, body.to_string()).await.expect("an answer")
}

async fn site_status(crm: &Crm, token: &str) -> u16 {
    crm.send(Method::GET, "/api/v2/site", Some(token), "").await.expect("an answer").status
}

fn assert_error(reply: &Reply, status: u16, error: &str) {
    assert_eq!(reply.status, status, "{}", reply.text());
    assert_eq!(reply.json(), json!({ "error": error }));
}

#[tokio::test]
async fn a_refresh_token_buys_a_pair_and_the_name_of_the_account() {
    let crm = Crm::start().await;
    crm.sandbox.set_expires_in(1234);
    let refresh = crm.sandbox.mint_refresh_token();
    let reply = exchange(&crm, "refresh_token", "refresh_token", &refresh).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("cache-control"), "no-store");
    let pair = reply.json();
    assert_eq!(
        keys(&pair),
        ["access_token", "refresh_token", "token_type", "scope", "expires_in", "subdomain"]
    );
    assert_eq!(pair["token_type"], "bearer");
    assert_eq!(pair["scope"], "read write");
    assert_eq!(pair["expires_in"], 1234);
    assert_eq!(pair["subdomain"], "fernhill-coffee");
    let access = pair["access_token"].as_str().expect("a token");
    assert_eq!(site_status(&crm, access).await, 200);
    assert_eq!(crm.sandbox.refresh_count(), 1);
}

#[tokio::test]
async fn a_refresh_token_is_good_once() {
    let crm = Crm::start().await;
    let (_, refresh) = crm.sandbox.issue_tokens();
    let first = exchange(&crm, "refresh_token", "refresh_token", &refresh).await;
    let again = exchange(&crm, "refresh_token", "refresh_token", &refresh).await;
    assert_error(&again, 400, "invalid_grant");

    let next = first.json()["refresh_token"].clone();
    let next = next.as_str().expect("a token");
    assert_ne!(next, refresh);
    let second = exchange(&crm, "refresh_token", "refresh_token", next).await;
    assert_eq!(second.status, 200);
    assert_eq!(crm.sandbox.refresh_count(), 2);
}

#[tokio::test]
async fn an_authorization_code_is_good_once() {
    let crm = Crm::start().await;
    let code = crm.sandbox.mint_authorization_code();
    let first = exchange(&crm, "authorization_code", "code", &code).await;
    assert_eq!(first.status, 200);
    let again = exchange(&crm, "authorization_code", "code", &code).await;
    assert_error(&again, 400, "invalid_grant");
    assert_eq!(crm.sandbox.refresh_count(), 0);
}

#[tokio::test]
async fn the_token_endpoint_takes_a_form_as_well_as_json() {
    let crm = Crm::start().await;
    let refresh = crm.sandbox.mint_refresh_token();
    let form = format!(
        "grant_type=refresh_token&refresh_token={refresh}\
         &client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}"
    );
    let reply = reqwest::Client::new()
        .post(format!("{}/oauth/token", crm.sandbox.origin()))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .expect("an answer");
    assert_eq!(reply.status().as_u16(), 200);
}

#[tokio::test]
async fn a_wrong_client_and_a_wrong_request_are_refused_as_oauth_says() {
    let crm = Crm::start().await;
    let refresh = crm.sandbox.mint_refresh_token();
    let send = async |body: serde_json::Value| {
        crm.send(Method::POST, "/oauth/token", None, body.to_string()).await.expect("an answer")
    };
    let wrong_client = json!({
        "grant_type": "refresh_token",
        "refresh_token": refresh,
        "client_id": CLIENT_ID,
        "client_secret": "guess",
    });
    assert_error(&send(wrong_client).await, 401, "invalid_client");

    let password = exchange(&crm, "password", "password", "x").await;
    assert_error(&password, 400, "unsupported_grant_type");
    let no_code = exchange(&crm, "authorization_code", "redirect_uri", "x").await;
    assert_error(&no_code, 400, "invalid_request");
    assert_error(&send(json!([])).await, 400, "invalid_request");

    // The refusals cost nothing.
    let reply = exchange(&crm, "refresh_token", "refresh_token", &refresh).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn an_access_token_lapses_after_expires_in() {
    let watch = Watch::at(datetime!(2026-03-01 12:00 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    crm.sandbox.set_expires_in(600);
    let (access, _) = crm.sandbox.issue_tokens();
    watch.advance(599);
    assert_eq!(site_status(&crm, &access).await, 200);
    watch.advance(1);
    assert_eq!(site_status(&crm, &access).await, 401);
}

#[tokio::test]
async fn expiring_all_tokens_spares_refresh_tokens_and_personal_tokens() {
    let crm = Crm::start().await;
    let (access, refresh) = crm.sandbox.issue_tokens();
    crm.sandbox.expire_tokens();
    assert_eq!(site_status(&crm, &access).await, 401);
    assert_eq!(site_status(&crm, CAPSULE_TOKEN).await, 200);
    let reply = exchange(&crm, "refresh_token", "refresh_token", &refresh).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn revoking_all_tokens_spares_none() {
    let crm = Crm::start().await;
    let (access, refresh) = crm.sandbox.issue_tokens();
    crm.sandbox.revoke_all();
    assert_eq!(site_status(&crm, &access).await, 401);
    assert_eq!(site_status(&crm, CAPSULE_TOKEN).await, 401);
    let reply = exchange(&crm, "refresh_token", "refresh_token", &refresh).await;
    assert_error(&reply, 400, "invalid_grant");
}
