//! Who may call: tokens, scopes, quota, and what unknown paths answer.

use http::Method;
use serde_json::json;
use time::macros::datetime;
use unicrm::sandbox::{CAPSULE_READONLY_TOKEN, CAPSULE_TOKEN};

use crate::harness::{Crm, Watch};

#[tokio::test]
async fn a_request_without_a_good_token_is_refused_with_a_challenge() {
    let crm = Crm::start().await;
    for token in [None, Some("stolen"), Some("")] {
        let reply = crm.send(Method::GET, "/api/v2/parties", token, "").await.expect("an answer");
        assert_eq!(reply.status, 401);
        assert_eq!(reply.header("www-authenticate"), r#"Bearer realm="capsule", error="invalid_token""#);
        assert_eq!(reply.text(), r#"{"message":"Requires authentication"}"#);
    }
}

#[tokio::test]
async fn a_readonly_token_reads_and_filters_but_does_not_write() {
    let crm = Crm::start().await;
    let send = async |method, path, body: &str| {
        let path = format!("/api/v2{path}");
        crm.send(method, &path, Some(CAPSULE_READONLY_TOKEN), body.to_owned()).await.expect("an answer")
    };
    assert_eq!(send(Method::GET, "/parties", "").await.status, 200);
    let filter = r#"{"filter":{"conditions":[]}}"#;
    let filtered = send(Method::POST, "/parties/filters/results", filter).await;
    assert_eq!(filtered.status, 200);

    let party = r#"{"party":{"type":"organisation","name":"Nope"}}"#;
    let refused = send(Method::POST, "/parties", party).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.text(), r#"{"message":"Requires additional scope"}"#);
    let refused = send(Method::DELETE, "/parties/247318406", "").await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn unknown_paths_and_unknown_records_answer_alike() {
    let crm = Crm::start().await;
    for path in [
        "/nope",
        "/projects",
        "/parties/1",
        "/parties/abc",
        "/parties/abc/people",
        "/parties/1/people",
        "/users/me",
        "/parties/tags/abc",
        "/parties/fields/definitions/1",
    ] {
        let reply = crm.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(reply.text(), r#"{"message":"Could not find resource"}"#, "{path}");
    }
    for reply in [crm.delete("/parties/1").await, crm.put("/parties/1", json!({ "party": {} })).await] {
        assert_eq!(reply.status, 404);
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_answers_405() {
    let crm = Crm::start().await;
    for reply in [crm.delete("/parties").await, crm.put("/site", json!({})).await] {
        assert_eq!(reply.status, 405);
        assert_eq!(reply.text(), r#"{"message":"Method not allowed"}"#);
    }
}

#[tokio::test]
async fn every_answer_tells_the_quota_of_4000_an_hour() {
    let watch = Watch::at(datetime!(2026-03-01 12:00 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let reply = crm.get("/site").await;
    assert_eq!(reply.header("x-ratelimit-limit"), "4000");
    assert_eq!(reply.header("x-ratelimit-remaining"), "3999");
    let reset = datetime!(2026-03-01 13:00 UTC).unix_timestamp();
    assert_eq!(reply.header("x-ratelimit-reset"), reset.to_string());

    let reply = crm.get("/nope").await;
    assert_eq!(reply.header("x-ratelimit-remaining"), "3998");
    let reply = crm.send(Method::GET, "/api/v2/site", None, "").await.expect("an answer");
    assert_eq!(reply.header("x-ratelimit-limit"), "4000");
}

#[tokio::test]
async fn a_spent_quota_answers_429_until_the_hour_ends_and_says_when() {
    let watch = Watch::at(datetime!(2026-03-01 12:00 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    crm.sandbox.set_quota(1);
    assert_eq!(crm.get("/site").await.status, 200);

    let refused = crm.get("/site").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.text(), r#"{"error":"rate limit reached"}"#);
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    assert_eq!(refused.header("retry-after"), "");
    let reset: i64 = refused.header("x-ratelimit-reset").parse().expect("seconds");
    assert_eq!(reset, datetime!(2026-03-01 13:00 UTC).unix_timestamp());

    watch.advance(3599);
    assert_eq!(crm.get("/site").await.status, 429);
    watch.advance(1);
    assert_eq!(crm.get("/site").await.status, 200);
}

#[tokio::test]
async fn a_personal_token_can_be_expired_and_a_reset_restores_it() {
    let crm = Crm::start().await;
    assert!(crm.sandbox.expire_token(CAPSULE_TOKEN));
    assert!(!crm.sandbox.expire_token(CAPSULE_TOKEN));
    assert_eq!(crm.get("/site").await.status, 401);
    crm.sandbox.reset();
    assert_eq!(crm.get("/site").await.status, 200);
}
