//! Consent, the token endpoint, and tokens that lapse, rotate and are revoked.

use http::Method;
use serde_json::json;
use time::macros::datetime;
use unicrm::sandbox::{CAPSULE_TOKEN, CLIENT_ID, CLIENT_SECRET};
use url::Url;

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

/// Allows access on the consent page; the status, and where the browser is sent.
async fn consent(crm: &Crm, query: &str) -> (u16, Option<Url>) {
    decide(crm, query, "decision=allow&password=any").await
}

async fn decide(crm: &Crm, query: &str, decision: &'static str) -> (u16, Option<Url>) {
    let page = format!("{}/oauth/authorise?{query}", crm.sandbox.origin());
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
    let form = "application/x-www-form-urlencoded";
    let request = browser.expect("a client").post(page).header("content-type", form).body(decision);
    let reply = request.send().await.expect("an answer");
    let location = reply.headers().get("location").map(|address| address.to_str().expect("text"));
    (reply.status().as_u16(), location.map(|address| Url::parse(address).expect("an address")))
}

fn parameter(address: &Url, name: &str) -> Option<String> {
    address.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

const BACK: &str = "redirect_uri=https%3A%2F%2Fa.example%2Fback%3Fof%3D1";

#[tokio::test]
async fn consent_sends_the_browser_back_with_a_code_for_the_scopes_asked_for() {
    let crm = Crm::start().await;
    let wish = format!("client_id={CLIENT_ID}&response_type=code&scope=read&state=a%26b&{BACK}");
    let (status, address) = consent(&crm, &wish).await;
    assert_eq!(status, 302);
    let address = address.expect("an address");
    assert!(address.as_str().starts_with("https://a.example/back?of=1&code="), "{address}");
    assert_eq!(parameter(&address, "state").as_deref(), Some("a&b"));
    let code = parameter(&address, "code").expect("a code");
    let pair = exchange(&crm, "authorization_code", "code", &code).await.json();
    assert_eq!(pair["scope"], "read");
    let token = pair["access_token"].as_str().expect("a token");
    assert_eq!(site_status(&crm, token).await, 200);
    let party = json!({ "party": { "type": "person", "firstName": "Ann" } }).to_string();
    let reply = crm.send(Method::POST, "/api/v2/parties", Some(token), party).await.expect("an answer");
    assert_eq!(reply.status, 403);
}

#[tokio::test]
async fn consent_tells_what_is_wrong_to_those_it_can_send_back() {
    let crm = Crm::start().await;
    for (wish, error) in [
        ("", "invalid_request"),
        ("response_type=token", "unsupported_response_type"),
        ("response_type=code&scope=read+everything", "invalid_scope"),
    ] {
        let (status, address) = consent(&crm, &format!("client_id={CLIENT_ID}&{BACK}&{wish}")).await;
        let address = address.expect("an address");
        assert_eq!((status, parameter(&address, "error").as_deref()), (302, Some(error)));
        assert_eq!(parameter(&address, "code"), None);
    }
    let stranger = format!("client_id=stranger&response_type=code&{BACK}");
    assert_eq!(consent(&crm, &stranger).await, (401, None));
    for back in ["", "redirect_uri=back", "redirect_uri=file%3A%2F%2F%2Ftmp"] {
        let wish = format!("client_id={CLIENT_ID}&response_type=code&{back}");
        assert_eq!(consent(&crm, &wish).await, (400, None), "{back}");
    }
}

#[tokio::test]
async fn whoever_denies_sends_the_browser_back_with_that() {
    let crm = Crm::start().await;
    let wish = format!("client_id={CLIENT_ID}&response_type=code&state=s&{BACK}");
    let page = crm.send(Method::GET, &format!("/oauth/authorise?{wish}"), None, "").await.expect("an answer");
    assert!(page.status == 200 && page.text().contains("Allow access"), "{}", page.text());
    let (status, address) = decide(&crm, &wish, "decision=deny").await;
    let address = address.expect("an address");
    assert_eq!((status, parameter(&address, "error").as_deref()), (302, Some("access_denied")));
    assert_eq!(parameter(&address, "state").as_deref(), Some("s"));
    assert_eq!(decide(&crm, &wish, "decision=allow&password=").await, (200, None));
}

#[tokio::test]
async fn a_code_under_a_challenge_wants_the_verifier_and_the_same_address() {
    let crm = Crm::start().await;
    // Of RFC 7636, appendix B.
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let wish = format!("client_id={CLIENT_ID}&response_type=code&code_challenge={challenge}&{BACK}");
    let trade = async |verifier: Option<&str>, address: &str| {
        let (_, back) = consent(&crm, &wish).await;
        let mut body = json!({
            "grant_type": "authorization_code", "code": parameter(&back.expect("an address"), "code"),
            "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_uri": address,
        });
        if let Some(verifier) = verifier {
            body["code_verifier"] = verifier.into();
        }
        crm.send(Method::POST, "/oauth/token", None, body.to_string()).await.expect("an answer").status
    };
    assert_eq!(trade(Some(verifier), "https://a.example/back?of=1").await, 200);
    assert_eq!(trade(Some("another"), "https://a.example/back?of=1").await, 400);
    assert_eq!(trade(None, "https://a.example/back?of=1").await, 400);
    assert_eq!(trade(Some(verifier), "https://a.example/elsewhere").await, 400);
}
