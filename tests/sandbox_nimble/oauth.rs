//! Tokens.

use http::Method;
use unicrm::sandbox::{CLIENT_ID, CLIENT_SECRET};

use crate::harness::Crm;

const REDIRECT: (&str, &str) = ("redirect_uri", "https://gateway.example/callback");

fn form<'a>(grant: &'a str, name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("grant_type", grant), (name, value), ("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)]
}

#[tokio::test]
async fn a_code_is_exchanged_for_tokens_of_ten_minutes() {
    let crm = Crm::start().await;
    let code = crm.sandbox.mint_authorization_code();
    let mut form = form("authorization_code", "code", &code);
    form.push(REDIRECT);
    let tokens = crm.token(&form).await.ok().clone();
    assert_eq!((&tokens["expires_in"], &tokens["token_type"]), (&599.into(), &"bearer".into()));
    let access = tokens["access_token"].as_str().expect("a token");
    crm.call(Method::GET, "/api/v1/myself", access, None).await.ok();
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_only_with_the_redirect_uri() {
    let crm = Crm::start().await;
    let (_, refresh) = crm.sandbox.issue_tokens();
    let without = form("refresh_token", "refresh_token", &refresh);
    assert_eq!(crm.token(&without).await.refused(400)["error"], "invalid_request");
    let mut with = without.clone();
    with.push(REDIRECT);
    let answer = crm.token(&with).await.ok().clone();
    let members: Vec<&String> = answer.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["access_token", "expires_in", "refresh_token"]);
    assert_ne!(answer["refresh_token"], refresh.as_str());
    assert_eq!(crm.token(&with).await.refused(400)["error"], "invalid_grant");
}

#[tokio::test]
async fn a_token_that_is_no_good_is_answered_with_403() {
    let crm = Crm::start().await;
    let reply = crm.call(Method::GET, "/api/v1/contacts", "made-up", None).await;
    assert_eq!(reply.refused(403)["message"], "Can't authenticate request");
}
