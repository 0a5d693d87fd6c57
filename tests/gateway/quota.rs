//! What callers learn of the vendor's quota, and of its errors where they speak its own API.

use serde_json::Value;

use crate::support::app::TestApp;
use crate::support::vendor::{Answer, ScriptedVendor};

#[tokio::test]
async fn every_answer_tells_the_vendors_quota_under_one_name() {
    let app = TestApp::start().await;
    let mut before = 4001;
    for path in [
        "/unified/crm/contacts",
        "/unified/crm/users/1",
        "/proxy/parties",
        "/proxy/parties/999999999",
        "/custom/parties",
    ] {
        let reply = app.get(path).await;
        let told = |name: &str| -> u64 { reply.header(name).parse().expect("a whole number") };
        assert_eq!(told("ratelimit-limit"), 4000, "{path}");
        assert!(told("ratelimit-remaining") < before, "{path}: each call uses up one");
        before = told("ratelimit-remaining");
        assert!((3000..=3600).contains(&told("ratelimit-reset")), "{path}: seconds until the hour ends");
    }
}

#[tokio::test]
async fn a_vendor_that_tells_no_quota_is_not_made_to() {
    let vendor =
        ScriptedVendor::saying(Answer::json(r#"{"users":[]}"#).header("x-ratelimit-limit", "many")).await;
    let app = TestApp::at(vendor.origin()).await;
    let reply = app.get("/unified/crm/users").await;
    assert_eq!(reply.ok()["result"], serde_json::json!([]));
    for name in ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"] {
        assert!(reply.headers.get(name).is_none(), "{name}");
    }
}

#[tokio::test]
async fn errors_of_the_vendors_own_api_explain_missing_scopes_only() {
    for (status, explained) in [(403, true), (422, false), (500, false)] {
        let vendor = ScriptedVendor::saying(Answer::json(r#"{"message":"no"}"#).status(status)).await;
        let app = TestApp::at(vendor.origin()).await;
        let answered = if status == 500 { 502 } else { status };
        for path in ["/proxy/parties/1", "/custom/parties/1"] {
            let native = app.get(path).await.remote_error(answered);
            let insight = &native["truto_error_insight"];
            assert_eq!(
                (insight.get("remote_error"), insight.get("forbidden_error").is_some()),
                (None, explained)
            );
            assert_eq!(native["raw_response"]["message"], Value::from("no"));
        }
        let unified = app.get("/unified/crm/users/1").await.remote_error(answered);
        assert!(unified["truto_error_insight"]["remote_error"]["description"].is_string(), "{unified}");
    }
}
