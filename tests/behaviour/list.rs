//! Lists: pages, envelope, limits, and how records look.

use std::collections::BTreeSet;

use serde_json::Value;
use unicrm::model::request::LARGEST_LIMIT;
use unicrm::sandbox::{Fault, Kind};

use crate::case::{Case, id};
use crate::conform::assert_conforms;
use crate::suite::Suite;

pub fn add(suite: &mut Suite) {
    suite.add("pages_to_the_end_show_every_record_once", pages);
    suite.add("the_envelope_is_the_contracts", envelope);
    if suite.subject().described.one_source {
        suite.add("nothing_is_an_empty_page_without_a_cursor", empty);
    }
    suite.add("an_empty_cursor_means_the_first_page", empty_cursor);
    suite.add("a_limit_out_of_bounds_is_refused", limits);
    suite.add("records_are_in_the_schemas_shape", conforms);
    suite.add("remote_data_is_the_vendors_record", remote_data);
    suite.add("remote_data_is_left_out_on_request", without_remote_data);
    suite.add("a_parameter_that_does_not_exist_is_refused_with_the_nearest", unknown_parameter);
    suite.add("remote_query_reaches_the_vendor", remote_query);
}

async fn pages(case: &Case) {
    let wanted: BTreeSet<String> = case.records().await.iter().map(|record| case.id_of(record)).collect();
    let total = wanted.len();
    // One page, two, the edge between them, several, and the vendor's own size where none is asked for.
    let limits = [Some(total), Some(total - 1), Some(total / 2), Some(total / 5 + 1), None];
    for limit in limits {
        let limit = limit.map(|limit| limit.clamp(1, LARGEST_LIMIT as usize));
        let found = walk(case, limit).await;
        let unique: BTreeSet<String> = found.iter().cloned().collect();
        assert_eq!(unique.len(), found.len(), "limit {limit:?}: a record was shown twice");
        assert_eq!(unique, wanted, "limit {limit:?}");
    }
}

/// The ids on all pages, following the cursors.
async fn walk(case: &Case, limit: Option<usize>) -> Vec<String> {
    let limit_text = limit.map_or_else(String::new, |limit| format!("limit={limit}"));
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = case.list(&format!("{limit_text}&next_cursor={cursor}")).await.ok();
        let records = page["result"].as_array().expect("a list");
        assert!(limit.is_none_or(|limit| records.len() <= limit), "more than {limit:?}: {}", records.len());
        // Where records of other kinds fall away, the last page may turn out to have none.
        let is_last = page["next_cursor"].is_null();
        assert!(!records.is_empty() || is_last, "an empty page after {} records", ids.len());
        ids.extend(records.iter().map(id));
        match &page["next_cursor"] {
            Value::Null => return ids,
            next => cursor = next.as_str().expect("a cursor").to_owned(),
        }
    }
}

async fn envelope(case: &Case) {
    let page = case.list("limit=2&truto_ignore_remote_data=true").await.ok();
    let keys: Vec<&String> = page.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["result", "next_cursor", "prev_cursor", "result_count"]);
    assert_eq!(page["prev_cursor"], Value::Null);
    let total = case.records().await.len();
    assert_eq!(page["result_count"], total.min(2));
    assert_eq!(page["result"].as_array().map(Vec::len), Some(total.min(2)));
    assert_eq!(page["next_cursor"].is_string(), total > 2, "{page}");
}

async fn empty(case: &Case) {
    let nothing = Kind::WrongShape((case.subject.described.empty)());
    case.app.sandbox().faults().add(case.subject.befalling(Fault::new(nothing)));
    let page = case.list("").await.ok();
    assert_eq!(page["result"], serde_json::json!([]));
    assert_eq!((&page["next_cursor"], &page["result_count"]), (&Value::Null, &Value::from(0)));
}

async fn empty_cursor(case: &Case) {
    let first = case.list("limit=2").await.ok();
    let same = case.list("limit=2&next_cursor=").await.ok();
    assert_eq!(first["result"], same["result"]);
}

async fn limits(case: &Case) {
    for limit in ["0", "-1", "1001", "1.5", "ten", "1e2", "99999999999999999999", "%20"] {
        case.list(&format!("limit={limit}")).await.refused_fields(&["limit"]);
    }
    for limit in ["limit[]=1&limit[]=2", "limit[gt]=1"] {
        case.list(limit).await.refused_fields(&["limit"]);
    }
    case.assert_vendor_not_called();
    for limit in ["1", "1000", ""] {
        case.list(&format!("limit={limit}")).await.ok();
    }
}

async fn conforms(case: &Case) {
    let mut cursor = String::new();
    loop {
        let page = case.list(&format!("limit=100&next_cursor={cursor}")).await.ok();
        for record in page["result"].as_array().expect("a list") {
            assert_conforms(&case.subject.resource, record, true);
        }
        match &page["next_cursor"] {
            Value::Null => break,
            next => cursor = next.as_str().expect("a cursor").to_owned(),
        }
    }
}

async fn remote_data(case: &Case) {
    let records = case.records().await;
    for shown in case.list("limit=100").await.result() {
        let native =
            records.iter().find(|record| case.id_of(record) == id(&shown)).expect("a record of the vendor's");
        // As text, so that the order of keys counts.
        assert_eq!(shown["remote_data"].to_string(), native.to_string());
    }
}

async fn without_remote_data(case: &Case) {
    for flag in ["true", "1"] {
        let page = case.list(&format!("limit=2&truto_ignore_remote_data={flag}")).await;
        for record in page.result() {
            assert_conforms(&case.subject.resource, &record, false);
        }
    }
    case.list("truto_ignore_remote_data=maybe").await.refused_fields(&["truto_ignore_remote_data"]);
}

async fn unknown_parameter(case: &Case) {
    let body = case.list("limt=2").await.refused_fields(&["limt"]);
    assert!(body["message"].as_str().is_some_and(|text| text.contains("did you mean limit?")), "{body}");
    case.assert_vendor_not_called();
}

async fn remote_query(case: &Case) {
    if case.subject.own_call().is_none() {
        case.list("limit=2&remote_query[mark]=here").await.refused_fields(&["remote_query"]);
        return;
    }
    case.list("limit=2&remote_query[mark]=here%20%26%20there").await.ok();
    let calls = case.native_calls();
    let marks: Vec<_> = calls.iter().map(|call| case.sent_query(call, "mark")).collect();
    assert_eq!(marks, [Some("here & there".to_owned())]);
}
