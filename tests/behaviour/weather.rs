//! A vendor who is out of order, late, gone, or not itself.

use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::json;
use unicrm::model::Method;
use unicrm::sandbox::{Fault, Kind};

use crate::case::Case;
use crate::suite::Suite;
use crate::support::app::Setup;

/// Attempts that a call which may be repeated has.
const ATTEMPTS: usize = 3;

pub fn add(suite: &mut Suite) {
    let patience = Setup::default().setting("UNICRM_DEADLINE", "2").setting("UNICRM_ATTEMPT_TIMEOUT", "1");
    let reads = suite.subject().call().facts.is_read();
    if reads {
        suite.add("an_outage_in_passing_is_not_noticed", passing);
        suite.add("an_outage_is_a_502_after_three_attempts", outage);
        suite.add("a_vendor_that_hangs_up_is_asked_again", hangs_up);
    } else {
        suite.add("an_outage_during_a_write_is_a_502_and_nothing_is_written_twice", outage);
        suite.add("a_write_whose_answer_is_lost_is_not_repeated", lost_answer);
    }
    suite.add_with("a_vendor_that_hangs_is_a_504_within_the_deadline", patience, hangs);
    // The answer to a deletion is not read: its status says all there is to say.
    if suite.subject().method != Method::Delete {
        suite.add("an_answer_that_is_not_the_api_is_a_502", garbled);
    }
}

fn switch_on(case: &Case, fault: Fault) {
    case.app.sandbox().faults().add(case.subject.befalling(fault));
}

async fn passing(case: &Case) {
    switch_on(case, Fault::status(StatusCode::SERVICE_UNAVAILABLE).times(1));
    case.perform().await.ok();
    assert_eq!(case.native_calls().len(), 2);
}

async fn outage(case: &Case) {
    switch_on(case, Fault::status(StatusCode::INTERNAL_SERVER_ERROR));
    let body = case.perform().await.remote_error(502);
    assert!(body["raw_response"].is_object(), "{body}");
    let attempts = if case.subject.call().facts.is_read() { ATTEMPTS } else { 1 };
    assert_eq!(case.native_calls().len(), attempts);
    assert_eq!(case.app.shown_account().await["status"], "active");
    case.app.sandbox().faults().clear();
    case.perform().await.ok();
}

async fn hangs_up(case: &Case) {
    switch_on(case, Fault::new(Kind::HangUp).times(1));
    switch_on(case, Fault::new(Kind::HangUpMidBody).times(1));
    case.perform().await.ok();
    assert_eq!(case.native_calls().len(), ATTEMPTS);
}

async fn lost_answer(case: &Case) {
    for (count, kind) in (1..).zip([Kind::HangUp, Kind::Status(StatusCode::BAD_GATEWAY)]) {
        let body = {
            switch_on(case, Fault::new(kind.clone()).after_acting().times(1));
            case.perform().await.remote_error(502)
        };
        assert_eq!(case.native_calls().len(), count, "{kind:?}: {body}");
    }
}

async fn hangs(case: &Case) {
    switch_on(case, Fault::new(Kind::Hang));
    let begun = Instant::now();
    let body = case.perform().await.remote_error(504);
    let waited = begun.elapsed();
    assert!(waited < Duration::from_secs(4), "{waited:?}");
    assert!(body["message"].as_str().is_some_and(|text| text.contains("did not answer")), "{body}");
    let attempts = if case.subject.call().facts.is_read() { 2 } else { 1 };
    assert_eq!(case.native_calls().len(), attempts);
    assert_eq!(case.app.shown_account().await["status"], "active");
}

async fn garbled(case: &Case) {
    let mut kinds = vec![
        Kind::Garbage,
        Kind::Html(StatusCode::OK),
        Kind::TruncatedJson,
        Kind::EmptyBody,
        Kind::WrongShape(json!({ "unexpected": true })),
        Kind::WrongShape(json!([])),
        Kind::WrongShape(json!(null)),
        Kind::WrongShape(json!("fine")),
    ];
    // The vendor's own name for the record or the list, with something else in it.
    let name = case.subject.call().facts.response_path.clone().unwrap_or_default();
    if !name.is_empty() {
        kinds.push(Kind::WrongShape(json!({ &name: null })));
        kinds.push(Kind::WrongShape(json!({ &name: 7 })));
    }
    for (count, kind) in (1..).zip(kinds) {
        switch_on(case, Fault::new(kind.clone()).times(1));
        let body = case.perform().await.remote_error(502);
        assert!(!body["raw_response"].is_object() || kind != Kind::EmptyBody, "{kind:?}: {body}");
        assert_eq!(case.native_calls().len(), count, "{kind:?}: {body}");
    }
    // In front of the vendor, something else may answer.
    switch_on(case, Fault::new(Kind::Html(StatusCode::BAD_GATEWAY)).times(3));
    let body = case.perform().await.remote_error(502);
    assert!(body["raw_response"].as_str().is_some_and(|text| text.contains("<html")), "{body}");
}
