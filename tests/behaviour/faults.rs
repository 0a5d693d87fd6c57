//! What the vendor refuses, and what the caller and the account learn of it.

use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};
use unicrm::sandbox::Fault;

use crate::case::Case;
use crate::conform::is_instant;
use crate::suite::Suite;

pub fn add(suite: &mut Suite) {
    suite.add("a_401_marks_the_account_until_it_is_connected_again", unauthorized);
    suite.add("a_403_is_passed_on_and_the_account_stays_active", forbidden);
    if !suite.subject().described.copes_with_404 {
        suite.add("a_404_is_passed_on", not_found);
    }
    suite.add("a_422_is_passed_on_with_what_the_vendor_says_of_each_field", unprocessable);
    suite.add("a_429_says_when_to_come_back_in_whole_seconds", rate_limited);
    suite.add("a_409_is_passed_on_as_what_the_vendor_means_by_it", conflict);
}

/// The vendor's own answer with this status to the subject's native call.
fn switch_on(case: &Case, fault: Fault) {
    case.app.sandbox().faults().add(case.subject.befalling(fault));
}

/// Holds that the caller is told what the vendor said, if it said anything, and has its answer.
fn assert_told(case: &Case, body: &Value, words: &str) {
    if case.subject.vendor.refuses_with_pages && case.subject.call().facts.rpc.is_none() {
        let page = body["raw_response"].as_str();
        assert!(page.is_some_and(|page| page.contains("<html")), "{body}");
        return;
    }
    assert!(message(body).contains(words), "{body}");
    assert!(body["raw_response"].is_object(), "{body}");
}

fn message(body: &Value) -> &str {
    body["message"].as_str().expect("a message")
}

async fn unauthorized(case: &Case) {
    switch_on(case, Fault::status(StatusCode::UNAUTHORIZED));
    let body = case.perform().await.remote_error(401);
    assert_told(case, &body, case.subject.vendor.unauthenticated);
    let account = case.app.shown_account().await;
    assert_eq!(account["status"], "needs_reauth");
    assert!(account["last_error"].as_str().is_some_and(|error| !error.is_empty()), "{account}");
    // It stays so without the vendor being asked again, though the vendor would have it now.
    case.app.sandbox().faults().clear();
    case.app.sandbox().recorder().clear();
    case.perform().await.remote_error(401);
    case.assert_vendor_not_called();
    let credentials = json!({ "context": (case.subject.vendor.context)() });
    let path = format!("/integrated-account/{}/credentials", case.app.account);
    let account = case.app.gateway.patch(&path, &credentials).await.ok();
    assert_eq!((&account["status"], &account["last_error"]), (&json!("active"), &Value::Null));
    case.perform().await.ok();
}

async fn forbidden(case: &Case) {
    switch_on(case, Fault::status(StatusCode::FORBIDDEN));
    let body = case.perform().await.remote_error(403);
    assert_told(case, &body, case.subject.vendor.forbidden);
    assert!(body["truto_error_insight"]["forbidden_error"]["value"]["missing_scopes"].is_array(), "{body}");
    let account = case.app.shown_account().await;
    assert_eq!(account["status"], "active");
    let kept = &account["last_forbidden_error"];
    assert!(kept["missing_scopes"].is_array(), "{account}");
    assert!(kept["occurred_at"].as_str().is_some_and(is_instant), "{account}");
    assert!(kept["resource"].is_string() && kept["method"].is_string(), "{account}");
    case.app.sandbox().faults().clear();
    case.perform().await.ok();
}

async fn not_found(case: &Case) {
    switch_on(case, Fault::status(StatusCode::NOT_FOUND));
    let body = case.perform().await.remote_error(404);
    assert_told(case, &body, case.subject.vendor.missing);
    assert_eq!(case.native_calls().len(), 1);
}

async fn unprocessable(case: &Case) {
    switch_on(case, Fault::status(StatusCode::UNPROCESSABLE_ENTITY));
    let body = case.perform().await.remote_error(422);
    assert_eq!(body["details"]["failures"], (case.subject.vendor.invalid)());
    assert_told(case, &body, "");
    assert_eq!(case.native_calls().len(), 1);
}

async fn conflict(case: &Case) {
    switch_on(case, Fault::status(StatusCode::CONFLICT).body(r#"{"message":"taken"}"#));
    let body = case.perform().await.remote_error(case.subject.vendor.conflict);
    assert!(message(&body).contains("taken"), "{body}");
    // Where the mapping says so, what changed meanwhile is read and built upon once.
    let rereads = case.subject.cell.reread_on_conflict.is_some();
    assert_eq!(case.native_calls().len(), if rereads { 2 } else { 1 });
}

async fn rate_limited(case: &Case) {
    let (header, value) = (case.subject.vendor.two_minutes)(case.app.clock.now().unix_timestamp());
    let header = HeaderName::from_static(header);
    switch_on(case, Fault::status(StatusCode::TOO_MANY_REQUESTS).header(header, HeaderValue::from(value)));
    let reply = case.perform().await;
    let body = reply.remote_error(429);
    let seconds: i64 = reply.header("retry-after").parse().expect("whole seconds");
    assert!((100..=120).contains(&seconds), "{seconds}");
    assert!(body["truto_error_insight"]["rate_limit_error"]["description"].is_string(), "{body}");
    assert_eq!(case.native_calls().len(), 1, "asked again before the vendor's time");
    assert_eq!(case.app.shown_account().await["status"], "active");
}
