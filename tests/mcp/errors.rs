//! What an agent is told when a call fails: what is wrong, and what to do next.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use unicrm::sandbox::{Fault, Kind};

use crate::agent::{Agent, app};
use crate::support::app::{AccountSetup, Setup, TestApp};

fn step(error: &Value) -> &str {
    error["next_step"].as_str().expect("a step")
}

#[tokio::test]
async fn wrong_arguments_are_named_with_what_would_be_right() {
    let app = app("capsule").await;
    let agent = Agent::with(&app, json!({})).await;
    let before = app.vendor_calls().len();
    for (tool, arguments, words) in [
        ("get_single_capsule_party_by_id", json!({}), "id is needed"),
        ("capsule_parties_search", json!({ "query": "x" }), "query is not an argument"),
        ("capsule_parties_search", json!({ "q": { "x": 1 } }), "q must be a string"),
        ("list_all_capsule_parties", json!({ "limit": "many" }), "limit must be a whole number"),
        ("create_a_capsule_party", json!({ "party": "Ada" }), "party must be an object"),
        ("create_a_capsule_party", json!({}), "party is needed"),
    ] {
        let error = agent.failed(tool, arguments).await;
        assert_eq!(error["statusCode"], 400, "{tool}: {error}");
        assert!(error["message"].as_str().is_some_and(|message| message.contains(words)), "{tool}: {error}");
        assert!(step(&error).contains(tool), "{error}");
    }
    assert_eq!(app.vendor_calls().len(), before, "nothing was sent");
}

#[tokio::test]
async fn an_unknown_record_leads_to_the_tool_that_finds_them() {
    for (provider, tool, id, finder) in [
        ("capsule", "get_single_capsule_party_by_id", "999999999", "list_all_capsule_parties"),
        ("nimble", "get_single_nimble_deal_by_id", "ffffffffffffffffffffffff", "list_all_nimble_deals"),
        ("nutshell", "get_single_nutshell_contact_by_id", "999999", "list_all_nutshell_contacts"),
    ] {
        let app = app(provider).await;
        let agent = Agent::with(&app, json!({})).await;
        let error = agent.failed(tool, json!({ "id": id })).await;
        assert_eq!(error["statusCode"], 404, "{error}");
        assert!(step(&error).contains(finder), "{error}");
    }
}

#[tokio::test]
async fn a_refused_credential_is_the_users_to_mend() {
    let app = app("nimble").await;
    let agent = Agent::with(&app, json!({})).await;
    let path = format!("/integrated-account/{}/credentials", app.account);
    app.gateway.patch(&path, &json!({ "context": { "api_key": "wrong" } })).await.ok();
    for _ in 0..2 {
        let error = agent.failed("list_all_nimble_me", json!({})).await;
        assert_eq!(
            (&error["statusCode"], &error["truto_is_remote_error"]),
            (&json!(401), &json!(true)),
            "{error}"
        );
        assert!(step(&error).contains("connected again"), "{error}");
    }
    // Tools can be looked at all the same.
    assert!(agent.tools().await.len() > 80);
}

#[tokio::test]
async fn a_used_up_quota_says_how_long_to_wait() {
    let app = TestApp::with(Setup::default().setting("UNICRM_DEADLINE", "2")).await;
    let agent = Agent::with(&app, json!({})).await;
    let limited = Fault::new(Kind::Status(StatusCode::TOO_MANY_REQUESTS))
        .header(http::header::RETRY_AFTER, http::HeaderValue::from_static("37"));
    app.sandbox().faults().add(limited.times(10));
    let error = agent.failed("list_all_capsule_users", json!({})).await;
    assert_eq!(error["statusCode"], 429, "{error}");
    assert!(step(&error).contains("37 seconds"), "{error}");
}

#[tokio::test]
async fn a_sandbox_account_is_only_read() {
    let app = app("capsule").await;
    let agent = Agent::with(&app, json!({})).await;
    app.gateway.post("/sandbox-integrated-account", &json!({ "id": app.account })).await.ok();
    agent.done("list_all_capsule_users", json!({})).await;
    let arguments = json!({ "party": { "type": "person", "firstName": "Ada" } });
    let error = agent.failed("create_a_capsule_party", arguments).await;
    assert_eq!(error["statusCode"], 405, "{error}");
    assert!(step(&error).contains("read"), "{error}");
}

#[tokio::test]
async fn a_vendors_refusal_carries_the_vendors_words() {
    let app = app("capsule").await;
    let agent = Agent::with(&app, json!({})).await;
    let error = agent.failed("create_a_capsule_party", json!({ "party": { "type": "person" } })).await;
    assert_eq!(
        (&error["statusCode"], &error["truto_is_remote_error"]),
        (&json!(422), &json!(true)),
        "{error}"
    );
    assert!(!error["raw_response"].is_null(), "{error}");
}

#[tokio::test]
async fn the_same_key_makes_one_write() {
    let app = app("capsule").await;
    let agent = Agent::with(&app, json!({})).await;
    let body = |name: &str| {
        let arguments = json!({ "party": { "type": "person", "firstName": name } });
        json!({ "id": 1, "method": "tools/call", "params": { "name": "create_a_capsule_party", "arguments": arguments } })
    };
    let send = |name: &'static str| {
        let request = agent.request(Method::POST).header("idempotency-key", "once");
        agent.sent(request.body(body(name).to_string()))
    };
    let first = send("Ada").await.ok();
    let again = send("Ada").await.ok();
    assert_eq!(first["result"]["structuredContent"]["party"]["firstName"], "Ada", "{first}");
    assert_eq!(first, again);
    let created = |calls: Vec<unicrm::sandbox::Received>| {
        calls.iter().filter(|call| call.method == Method::POST && call.path.ends_with("/parties")).count()
    };
    assert_eq!(created(app.vendor_calls()), 1);
    let reused = send("Bob").await.ok();
    assert_eq!(reused["result"]["structuredContent"]["statusCode"], 422, "{reused}");
    // Agents that can't set headers name the write beside the arguments.
    let mut named = body("Cleo");
    named["params"]["_meta"] = json!({ "idempotencyKey": "twice" });
    let named = named.to_string();
    let (one, two) = tokio::join!(agent.raw(&named), agent.raw(&named));
    assert_eq!(one.ok()["result"], two.ok()["result"]);
    assert_eq!(created(app.vendor_calls()), 2);
}

#[tokio::test]
async fn two_agents_at_once_each_get_their_own_answer() {
    let app = TestApp::with(Setup::default().account(AccountSetup::OAuth { expires_in: -5 })).await;
    let (one, two) =
        (Agent::with(&app, json!({})).await, Agent::with(&app, json!({ "methods": ["read"] })).await);
    let (users, pipelines) = tokio::join!(
        one.done("list_all_capsule_users", json!({})),
        two.done("list_all_capsule_pipelines", json!({ "limit": 1 })),
    );
    assert!(users["items"][0]["username"].is_string(), "{users}");
    assert_eq!(pipelines["items"].as_array().map(Vec::len), Some(1), "{pipelines}");
    assert_eq!(app.sandbox().refresh_count(), 1);
}
