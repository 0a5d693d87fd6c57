//! New records.

use crate::body;
use crate::case::{Case, id};
use crate::conform::{assert_conforms, assert_holds};
use crate::suite::Suite;

pub fn add(suite: &mut Suite) {
    suite.add("what_is_sent_comes_back_and_is_at_the_vendor", round_trip);
    suite.add("what_a_record_can_not_be_without_is_named", vendor_refuses);
    suite.add("json_labelled_as_text_is_understood", labelled_as_text);
    body::add(suite);
}

async fn round_trip(case: &Case) {
    let before = case.records().await.len();
    let sample = case.sample().await;
    for field in case.together() {
        assert!(sample.body.get(field).is_some(), "{field} can be written, but the sample doesn't");
    }
    let created = case.create(&sample.body).await.ok();
    assert_conforms(&case.subject.resource, &created, true);
    assert_holds(&created, &sample.body);
    let native = case.record(&id(&created)).await.expect("a record of the vendor's");
    assert_holds(&native, &sample.native);
    if case.subject.described.created_is_read {
        assert_eq!(created["remote_data"].to_string(), native.to_string());
        assert_eq!(case.get(&id(&created)).await.ok().to_string(), created.to_string());
    }
    assert_eq!(case.records().await.len(), before + 1);
    assert_eq!(case.native_calls().len(), 1);
}

async fn vendor_refuses(case: &Case) {
    let before = case.records().await.len();
    let reply = case.create(&serde_json::json!({})).await;
    let needs = case.subject.writes().needs;
    if !needs.is_empty() {
        reply.refused_fields(needs);
        assert!(case.native_calls().is_empty());
        return;
    }
    let body = reply.remote_error(422);
    let failures = body["details"]["failures"].as_array().expect("failures");
    assert!(!failures.is_empty() && failures.iter().all(|failure| failure["message"].is_string()), "{body}");
    assert!(body["raw_response"].is_object(), "{body}");
    assert_eq!(case.records().await.len(), before);
}

async fn labelled_as_text(case: &Case) {
    let body = case.sample().await.body.to_string();
    let path = case.app.path(&case.path(""));
    let request = case.app.gateway.request(http::Method::POST, &path).header("content-type", "text/plain");
    case.app.gateway.send(request.body(body)).await.ok();
}
