use std::collections::BTreeSet;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use unicrm::sandbox::{Fault, Kind};

use crate::support::app::TestApp;
use crate::support::vendor::{Answer, ScriptedVendor};

const CONTACTS: &str = "/unified/crm/contacts";

fn ids(records: &[Value]) -> BTreeSet<String> {
    records.iter().map(|record| record["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn raw_answers_are_the_vendors_records_and_still_page() {
    let app = TestApp::start().await;
    let page = app.get(&format!("{CONTACTS}?limit=2&truto_response_format=raw")).await.ok();
    assert!(page["result"][0]["firstName"].is_string() || page["result"][0]["firstName"].is_null());
    assert!(page["result"][0].get("first_name").is_none());
    assert!(page["next_cursor"].is_string());
    let id = &page["result"][0]["id"];
    let one = app.get(&format!("{CONTACTS}/{id}?truto_response_format=raw")).await.ok();
    assert_eq!(&one["id"], id);
    assert_eq!(one["type"], "person");
}

#[tokio::test]
async fn normalized_answers_are_flat_and_without_remote_data() {
    let app = TestApp::start().await;
    let found = app.get(&format!("{CONTACTS}?limit=50&truto_response_format=normalized")).await.result();
    let owned =
        found.iter().find(|record| record.get("owner.id").is_some()).expect("a contact with an owner");
    assert!(owned["owner.id"].is_string());
    assert!(owned.get("owner").is_none() && owned.get("remote_data").is_none());
}

#[tokio::test]
async fn excluded_fields_are_left_out_and_unknown_ones_refused() {
    let app = TestApp::start().await;
    let path = format!("{CONTACTS}?limit=1&truto_exclude_fields[]=name&truto_exclude_fields[]=remote_data");
    let page = app.get(&path).await;
    let record = &page.result()[0];
    assert!(
        record.get("name").is_none() && record.get("remote_data").is_none() && record.get("id").is_some()
    );
    let refused = app.get(&format!("{CONTACTS}?truto_exclude_fields=nmae")).await;
    refused.refused_fields(&["truto_exclude_fields"]);
}

#[tokio::test]
async fn a_list_can_be_keyed_by_a_field_that_tells_its_records_apart() {
    let app = TestApp::start().await;
    let plain = app.get(&format!("{CONTACTS}?limit=5")).await.result();
    let keyed = app.get(&format!("{CONTACTS}?limit=5&truto_key_by=id")).await.ok();
    for record in &plain {
        assert_eq!(&keyed["result"][record["id"].as_str().unwrap()], record);
    }
    assert_eq!(keyed["result_count"], 5);
    app.get(&format!("{CONTACTS}?limit=50&truto_key_by=title")).await.refused_fields(&["truto_key_by"]);
}

#[tokio::test]
async fn a_list_without_limit_is_walked_to_its_end_in_one_answer() {
    let app = TestApp::start().await;
    let whole = app.get(&format!("{CONTACTS}?truto_ignore_limit=true&limit=3")).await.ok();
    let mut paged = Vec::new();
    let mut path = format!("{CONTACTS}?limit=100");
    loop {
        let page = app.get(&path).await.ok();
        paged.extend(page["result"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next_cursor"].as_str() else { break };
        path = format!("{CONTACTS}?limit=100&next_cursor={next}");
    }
    let records = whole["result"].as_array().unwrap();
    assert_eq!(records.len(), paged.len());
    assert_eq!(ids(records), ids(&paged));
    assert_eq!(whole["next_cursor"], Value::Null);
    assert_eq!(whole["result_count"], records.len());
}

#[tokio::test]
async fn a_walk_that_fails_on_its_way_is_a_broken_transfer_not_a_short_list() {
    let vendor = ScriptedVendor::start(|asked| {
        if asked.query.contains("page=1") {
            let person = r#"{"id":1,"type":"person","firstName":"Ada","lastName":null}"#;
            Answer::json(format!(r#"{{"parties":[{person}]}}"#)).header("x-pagination-has-more", "true")
        } else {
            Answer::json("<html>").header("x-pagination-has-more", "true")
        }
    })
    .await;
    let app = TestApp::at(vendor.origin()).await;
    let path = app.path(&format!("{CONTACTS}?truto_response_format=stream"));
    let answer = app.gateway.request(Method::GET, &path).send().await.expect("headers");
    assert_eq!(answer.status(), 200);
    assert!(answer.bytes().await.is_err(), "the transfer must not end as if it were whole");
}

#[tokio::test]
async fn a_walk_that_fails_at_its_beginning_is_an_ordinary_error() {
    let app = TestApp::start().await;
    app.sandbox().faults().add(Fault::new(Kind::Html(StatusCode::OK)));
    app.get(&format!("{CONTACTS}?truto_ignore_limit=true")).await.remote_error(502);
}

#[tokio::test]
async fn unknown_parameters_are_refused_unless_the_caller_asks_for_silence() {
    let app = TestApp::start().await;
    app.get(&format!("{CONTACTS}?colour=red")).await.refused_fields(&["colour"]);
    app.get(&format!("{CONTACTS}?colour=red&limit=1&truto_allow_unknown_query=true")).await.ok();
    app.get(&format!("{CONTACTS}?sort_by[name]=asc")).await.refused_fields(&["sort_by[name]"]);
    app.get(&format!("{CONTACTS}?sort_by[name]=up")).await.refused_fields(&["sort_by[name]"]);
}

#[tokio::test]
async fn a_passed_through_body_reaches_the_vendor_untouched() {
    let app = TestApp::start().await;
    let body = json!({ "party": { "type": "person", "firstName": "Grace", "about": "as it is" } });
    let created = app.post(&format!("{CONTACTS}?truto_body_passthrough=true"), &body).await.ok();
    assert_eq!(created["first_name"], "Grace");
    assert_eq!(created["remote_data"]["about"], "as it is");
    let calls = app.vendor_calls();
    assert_eq!(calls.last().unwrap().json(), Some(body));
}

#[tokio::test]
async fn remote_data_in_a_body_is_laid_over_what_the_mapping_makes() {
    let app = TestApp::start().await;
    let body = json!({ "first_name": "Grace", "remote_data": { "party": { "about": "from the caller" } } });
    let created = app.post(CONTACTS, &body).await.ok();
    assert_eq!(created["first_name"], "Grace");
    assert_eq!(created["remote_data"]["about"], "from the caller");
    app.post(CONTACTS, &json!({ "first_name": "x", "remote_data": 1 }))
        .await
        .refused_fields(&["remote_data"]);
}
