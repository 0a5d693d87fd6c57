//! One record.

use serde_json::Value;

use crate::case::{Case, id};
use crate::conform::assert_conforms;
use crate::suite::Suite;

pub fn add(suite: &mut Suite) {
    suite.add("every_record_that_is_listed_can_be_read", reads);
    suite.add("remote_data_is_left_out_on_request", without_remote_data);
    suite.add("a_record_that_is_not_there_is_not_found", missing);
    suite.add("an_id_that_no_record_can_have_is_not_found_without_asking", impossible);
    if suite.subject().described.stranger.is_some() {
        suite.add("a_record_of_another_kind_is_not_found", stranger);
    }
    suite.add("parameters_of_lists_are_refused", list_parameters);
}

async fn reads(case: &Case) {
    let listed = case.list("limit=5").await.result();
    let rich = case.get(&case.id_of(&case.rich().await)).await.ok();
    for record in listed.into_iter().chain([rich]) {
        let read = case.get(&id(&record)).await.ok();
        assert_conforms(&case.subject.resource, &read, true);
        assert_eq!(without(case, &read).to_string(), without(case, &record).to_string());
        let native = case.record(&id(&record)).await.expect("a record of the vendor's");
        assert_eq!(read["remote_data"].to_string(), native.to_string());
    }
}

/// A record without what lists may leave out.
fn without(case: &Case, record: &Value) -> Value {
    let mut record = record.clone();
    for name in case.subject.described.shorter_in_lists {
        record[name] = Value::Null;
    }
    record
}

async fn without_remote_data(case: &Case) {
    let id = case.id_of(&case.rich().await);
    let read = case.get(&format!("{id}?truto_ignore_remote_data=true")).await.ok();
    assert_conforms(&case.subject.resource, &read, false);
}

async fn missing(case: &Case) {
    let body = case.get(case.subject.described.missing).await.error(404);
    let label = &case.subject.provider.manifest.label;
    assert!(body["message"].as_str().is_some_and(|text| text.contains(label)), "{body}");
    // Where one has to be looked for in a list, it isn't the vendor who says so.
    let looked_for = case.subject.own_call().is_none_or(|call| call.facts.paging.is_some());
    assert_eq!(body["truto_is_remote_error"] == true, !looked_for, "{body}");
}

async fn impossible(case: &Case) {
    case.get(case.subject.described.impossible).await.local_error(404);
    case.assert_vendor_not_called();
}

async fn stranger(case: &Case) {
    let stranger = case.subject.described.stranger.as_ref().expect("another kind");
    let id = (stranger.id)(&case.twin).await;
    let body = case.get(&id).await.local_error(404);
    let message = body["message"].as_str().expect("a message");
    assert!(message.contains(&case.subject.resource.singular), "{message}");
}

async fn list_parameters(case: &Case) {
    let id = case.id_of(&case.rich().await);
    for query in ["limit=1", "next_cursor=x"] {
        let name = query.split('=').next().expect("a name");
        case.get(&format!("{id}?{query}")).await.refused_fields(&[name]);
    }
}
