//! `POST /batch-request`: several calls in one, each with what those before it brought.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use unicrm::sandbox::{Fault, Kind};

use crate::idempotency::{PARTIES, ada, busy, keyed, writes};
use crate::support::app::TestApp;
use crate::support::client::Reply;
use crate::support::vendor::{Answer, Asked, ScriptedVendor};

/// A batch for the app's account.
pub async fn batch(app: &TestApp, resources: Value) -> Reply {
    send(app, resources, json!({})).await
}

async fn send(app: &TestApp, resources: Value, args: Value) -> Reply {
    let body = json!({ "integrated_account_id": app.account, "resources": resources, "args": args });
    app.gateway.post("/batch-request", &body).await
}

/// The records of an entry, which must have failed nowhere.
#[track_caller]
fn records(answer: &Value, label: &str) -> Vec<Value> {
    assert_eq!(answer["errors"][label], json!([]), "{answer}");
    answer["result"][label].as_array().cloned().unwrap_or_else(|| panic!("no {label}: {answer}"))
}

fn ids(records: &[Value]) -> Vec<String> {
    let text = |id: &Value| id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    records.iter().map(|record| text(&record["id"])).collect()
}

async fn contact(app: &TestApp, name: &str) -> String {
    let contact = app.post("/unified/crm/contacts", &json!({ "first_name": name })).await.ok();
    contact["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn unified_and_proxy_calls_go_side_by_side() {
    let app = TestApp::start().await;
    let ada = contact(&app, "Ada").await;
    let answer = batch(
        &app,
        json!([
            { "resource": "crm/contacts", "method": "get", "id": ada },
            { "resource": "crm/users", "method": "list", "name": "people" },
            { "resource": "users", "method": "list", "persist": true },
            { "resource": "parties", "method": "get", "id": ada },
        ]),
    );
    let answer = answer.await.ok();
    assert_eq!(records(&answer, "crm/contacts")[0]["first_name"], "Ada");
    assert!(!records(&answer, "people").is_empty());
    assert!(records(&answer, "users")[0].get("username").is_some());
    // The vendor's own records are wanted only where that is said.
    assert_eq!(answer["result"].get("parties"), None);
    assert_eq!(answer["errors"]["parties"], json!([]));
}

#[tokio::test]
async fn lists_are_walked_to_their_end() {
    let app = TestApp::start().await;
    let all = app.get("/unified/crm/contacts?truto_ignore_limit=true").await.result();
    let entry = json!({ "resource": "crm/contacts", "method": "list", "query": { "limit": 7 } });
    let answer = batch(&app, json!([entry])).await.ok();
    assert_eq!(ids(&records(&answer, "crm/contacts")), ids(&all));
    let native = json!({ "resource": "parties", "method": "GET", "query": { "limit": 10 }, "persist": true });
    let answer = batch(&app, json!([native])).await.ok();
    assert!(records(&answer, "parties").len() > 10);
}

#[tokio::test]
async fn an_entry_is_repeated_for_each_record_that_it_reads() {
    let app = TestApp::start().await;
    for loop_on in [json!(null), json!("{{resources.crm.contacts}}"), json!("resources.crm.contacts")] {
        let answer = batch(
            &app,
            json!([
                { "resource": "parties", "method": "get", "id": "{{resources.crm.contacts.id}}",
                  "loop_on": loop_on, "depends_on": "crm/contacts", "persist": true },
                { "resource": "crm/contacts", "method": "list", "query": { "limit": 50 } },
            ]),
        );
        let answer = answer.await.ok();
        let contacts = records(&answer, "crm/contacts");
        let parties: Vec<Value> =
            records(&answer, "parties").iter().map(|party| party["party"].clone()).collect();
        assert_eq!(ids(&parties), ids(&contacts));
    }
}

#[tokio::test]
async fn an_entry_is_repeated_for_each_argument() {
    let app = TestApp::start().await;
    let wanted = [contact(&app, "Ada").await, contact(&app, "Grace").await];
    for loop_on in ["ids", "args.ids", "{{args.ids}}"] {
        let entry = json!({
            "resource": "crm/contacts", "method": "get", "id": "{{args.ids}}", "loop_on": loop_on,
        });
        let answer = send(&app, json!([entry]), json!({ "ids": wanted })).await.ok();
        assert_eq!(ids(&records(&answer, "crm/contacts")), wanted);
    }
}

#[tokio::test]
async fn writes_of_one_entry_keep_their_order() {
    let app = TestApp::start().await;
    let names: Vec<String> = (0..6).map(|index| format!("Number {index}")).collect();
    let entry = json!({
        "resource": "crm/contacts", "method": "create", "loop_on": "names",
        "body": { "first_name": "{{args.names}}", "title": "{{args.title?:none}}" },
    });
    let answer = send(&app, json!([entry]), json!({ "names": names })).await.ok();
    let created = records(&answer, "crm/contacts");
    let created: Vec<&str> = created.iter().filter_map(|record| record["first_name"].as_str()).collect();
    assert_eq!(created, names);
    let sent: Vec<Value> = writes(&app).iter().filter_map(|write| write.json()).collect();
    let sent: Vec<&str> = sent.iter().filter_map(|body| body["party"]["firstName"].as_str()).collect();
    assert_eq!(sent, names);
}

#[tokio::test]
async fn what_is_not_found_for_one_item_fails_for_it_alone() {
    let app = TestApp::start().await;
    let ada = contact(&app, "Ada").await;
    let entry = json!({
        "resource": "crm/contacts", "method": "get", "id": "{{args.ids}}", "loop_on": "args.ids",
    });
    let other = json!({ "resource": "crm/nothing", "method": "list" });
    let args = json!({ "ids": ["999999999", ada] });
    let answer = send(&app, json!([entry, other]), args).await.ok();
    assert_eq!(ids(answer["result"]["crm/contacts"].as_array().unwrap()), [ada]);
    let failed = answer["errors"]["crm/contacts"].as_array().unwrap();
    assert_eq!(failed.len(), 1);
    assert_eq!((&failed[0]["statusCode"], &failed[0]["item"]), (&json!(404), &json!("999999999")));
    assert_eq!(answer["errors"]["crm/nothing"][0]["statusCode"], 404);
}

#[tokio::test]
async fn what_lives_on_a_failure_is_not_run() {
    let app = TestApp::start().await;
    app.sandbox().faults().add(Fault::status(StatusCode::FORBIDDEN).on(Method::GET, "/api/v2/users"));
    let answer = batch(
        &app,
        json!([
            { "resource": "crm/users", "method": "list", "name": "people" },
            { "resource": "crm/contacts", "method": "create", "body": ada(), "depends_on": ["people"] },
        ]),
    );
    let answer = answer.await.ok();
    assert_eq!(answer["errors"]["people"][0]["truto_is_remote_error"], true);
    let failed = &answer["errors"]["crm/contacts"][0];
    assert!(failed["message"].as_str().unwrap().starts_with("Not run, because people failed"), "{failed}");
    assert_eq!(answer["result"]["crm/contacts"], json!([]));
    assert!(writes(&app).is_empty());
}

#[tokio::test]
async fn a_used_up_quota_ends_an_entry_at_once() {
    let app = TestApp::start().await;
    app.sandbox().faults().add(Fault::status(StatusCode::TOO_MANY_REQUESTS).under(PARTIES));
    let entry = json!({
        "resource": "crm/contacts", "method": "create", "loop_on": "names", "body": { "first_name": "{{args.names}}" },
    });
    let answer = send(&app, json!([entry]), json!({ "names": ["a", "b", "c", "d"] })).await.ok();
    let failed = answer["errors"]["crm/contacts"].as_array().unwrap();
    assert_eq!(failed.len(), 2, "{answer}");
    assert!(failed[1]["message"].as_str().unwrap().starts_with("3 more were not tried"), "{answer}");
    assert_eq!(writes(&app).len(), 1);
}

#[tokio::test]
async fn records_can_be_gathered_and_made_into_others() {
    let app = TestApp::start().await;
    let expression = "{ 'count': $count(resources.everybody), 'first': resources.crm.users[0].id, 'x': args.x, \
                       'also': $count(resources.people) }";
    let answer = send(
        &app,
        json!([
            { "resource": "crm/users", "method": "list", "name": "people", "persist": false },
            { "name": "everybody", "type": "spool", "depends_on": "people", "persist": true },
            { "name": "summary", "type": "transform", "persist": true, "config": { "expression": expression } },
            { "name": "names", "type": "transform", "depends_on": "everybody", "persist": true,
              "config": { "expression": "resources.everybody.email" } },
        ]),
        json!({ "x": 7 }),
    );
    let answer = answer.await.ok();
    let everybody = records(&answer, "everybody");
    let summary = &records(&answer, "summary")[0];
    let count = everybody.len();
    assert_eq!(*summary, json!({ "count": count, "first": everybody[0]["id"], "x": 7, "also": count }));
    assert_eq!(answer["result"].get("people"), None);
    assert!(!records(&answer, "names").is_empty());
}

#[tokio::test]
async fn a_query_can_be_computed() {
    let app = TestApp::start().await;
    let entry = json!({ "resource": "crm/contacts", "method": "list", "query": "{'limit': args.n * 2}" });
    send(&app, json!([entry]), json!({ "n": 5 })).await.ok();
    let asked = app.vendor_calls();
    assert_eq!(asked[0].query_value("perPage").as_deref(), Some("10"), "{asked:?}");
}

#[tokio::test]
async fn answers_come_in_the_format_that_is_asked_for() {
    let app = TestApp::start().await;
    let ada = contact(&app, "Ada").await;
    let get = |format: &str| json!({ "resource": "crm/contacts", "method": "get", "id": ada, "response_format": format, "name": format });
    let answer = batch(&app, json!([get("raw"), get("unified"), get("normalized")])).await.ok();
    assert_eq!(records(&answer, "raw")[0]["firstName"], "Ada");
    assert_eq!(records(&answer, "unified")[0]["remote_data"]["firstName"], "Ada");
    assert_eq!(records(&answer, "normalized")[0].get("remote_data"), None);
}

/// A vendor with a tree of things: those with an odd id have two below them.
fn tree(asked: &Asked) -> Answer {
    let below = url::form_urlencoded::parse(asked.query.as_bytes())
        .find(|(name, _)| name == "since")
        .and_then(|(_, parent)| parent.parse::<u64>().ok());
    let ids = below.map_or(vec![1, 2], |parent| vec![parent * 10 + 1, parent * 10 + 2]);
    let parties: Vec<Value> =
        ids.iter().map(|id| json!({ "id": id, "has_children": id % 2 == 1 && *id < 100 })).collect();
    Answer::json(json!({ "parties": parties }).to_string())
}

#[tokio::test]
async fn records_lead_to_records() {
    let vendor = ScriptedVendor::start(tree).await;
    let app = TestApp::at(vendor.origin()).await;
    let entry = |condition: &str| {
        json!({
            "resource": "parties", "method": "list", "persist": true,
            "recurse": { "if": condition, "config": { "query": { "since": "{{resources.parties.id}}" } } },
        })
    };
    for condition in ["{{resources.parties.has_children:bool}}", "resources.parties.has_children"] {
        let answer = batch(&app, json!([entry(condition)])).await.ok();
        assert_eq!(ids(&records(&answer, "parties")), ["1", "2", "11", "12", "111", "112"], "{condition}");
    }
}

#[tokio::test]
async fn what_never_ends_is_cut_short_and_says_so() {
    let vendor = ScriptedVendor::start(|_| Answer::json(r#"{"parties":[{"id":1}]}"#)).await;
    let app = TestApp::at(vendor.origin()).await;
    let entry = json!({
        "resource": "parties", "method": "list", "persist": true,
        "recurse": { "if": "true", "config": { "query": { "since": "{{resources.parties.id}}" } } },
    });
    let answer = batch(&app, json!([entry])).await.ok();
    let failed = &answer["errors"]["parties"][0];
    assert_eq!(failed["statusCode"], 413, "{answer}");
    assert!(failed["message"].as_str().unwrap().starts_with("The batch is cut short here"), "{failed}");
    assert!(!answer["result"]["parties"].as_array().unwrap().is_empty());
    assert!(vendor.asked().len() < 100);
}

#[tokio::test]
async fn a_repeat_under_a_key_is_the_same_batch() {
    let app = TestApp::start().await;
    let other = app.another_gateway().await;
    let body = json!({
        "integrated_account_id": app.account,
        "resources": [{ "resource": "crm/contacts", "method": "create", "body": ada() }],
    });
    let first = keyed(&app.gateway, Method::POST, "/batch-request", "k", &body).await;
    let again = keyed(&other.client, Method::POST, "/batch-request", "k", &body).await;
    assert_eq!(first.ok(), again.ok());
    assert_eq!(again.header("idempotent-replayed"), "true");
    let mut changed = body.clone();
    changed["args"] = json!({ "x": 1 });
    keyed(&app.gateway, Method::POST, "/batch-request", "k", &changed).await.local_error(422);
    assert_eq!(writes(&app).len(), 1);
}

#[tokio::test]
async fn a_batch_that_failed_in_passing_may_be_tried_again_under_its_key() {
    let app = TestApp::start().await;
    app.sandbox().faults().add(busy().under(PARTIES).times(1));
    let body = json!({
        "integrated_account_id": app.account,
        "resources": [{ "resource": "crm/contacts", "method": "create", "body": ada() }],
    });
    let first = keyed(&app.gateway, Method::POST, "/batch-request", "k", &body).await.ok();
    assert_eq!(first["errors"]["crm/contacts"][0]["statusCode"], 429, "{first}");
    let again = keyed(&app.gateway, Method::POST, "/batch-request", "k", &body).await.ok();
    assert_eq!(records(&again, "crm/contacts")[0]["first_name"], "Ada");
    // Once something was written, the whole answer is kept.
    app.sandbox().faults().add(Fault::new(Kind::HangUp).on(Method::POST, PARTIES).times(1).after_acting());
    let lost = keyed(&app.gateway, Method::POST, "/batch-request", "l", &body).await.ok();
    assert_eq!(lost["errors"]["crm/contacts"][0]["statusCode"], 502, "{lost}");
    assert_eq!(keyed(&app.gateway, Method::POST, "/batch-request", "l", &body).await.ok(), lost);
    assert_eq!(writes(&app).len(), 3);
}

#[tokio::test]
async fn a_used_up_quota_ends_what_leads_deeper() {
    let vendor = ScriptedVendor::start(|asked| match asked.query.contains("since") {
        true => Answer { status: 429, headers: Vec::new(), body: "".into() },
        false => Answer::json(r#"{"parties":[{"id":1},{"id":2},{"id":3}]}"#),
    });
    let vendor = vendor.await;
    let app = TestApp::at(vendor.origin()).await;
    let entry = json!({
        "resource": "parties", "method": "list", "persist": true,
        "recurse": { "if": "true", "config": { "query": { "since": "{{resources.parties.id}}" } } },
    });
    let answer = batch(&app, json!([entry])).await.ok();
    assert_eq!(ids(answer["result"]["parties"].as_array().unwrap()), ["1", "2", "3"]);
    let failed = answer["errors"]["parties"].as_array().unwrap();
    assert_eq!(failed.len(), 2, "{answer}");
    assert!(failed[1]["message"].as_str().unwrap().starts_with("2 more were not tried"), "{answer}");
}

#[tokio::test]
async fn a_record_that_others_can_t_read_is_answered_all_the_same() {
    let vendor = ScriptedVendor::start(|_| Answer::json(r#"{"parties":[{"id":1,"x":1e999}]}"#)).await;
    let app = TestApp::at(vendor.origin()).await;
    let answer = batch(
        &app,
        json!([
            { "resource": "parties", "method": "list", "persist": true },
            { "name": "none", "type": "transform", "persist": true, "config": { "expression": "1" } },
        ]),
    );
    let text = answer.await.text();
    assert!(text.contains(r#""parties":[{"id":1,"x":1e999}]"#), "{text}");
    assert!(text.contains("can't be read by the entries that live on it"), "{text}");
}

/// What the README shows is what works.
#[tokio::test]
async fn the_documented_batch_runs() {
    let app = TestApp::start().await;
    let readme = include_str!("../../README.md");
    let examples = readme.split("```json\n").skip(1).filter_map(|block| block.split("```").next());
    let example = examples.into_iter().find(|block| block.contains("\"resources\"")).expect("an example");
    let mut body: Value = serde_json::from_str(example).expect("JSON");
    body["integrated_account_id"] = json!(app.account);
    let reply = app.gateway.post("/batch-request", &body).await;
    assert_eq!(reply.header("ratelimit-limit"), "4000");
    let answer = reply.ok();
    assert!(!records(&answer, "people").is_empty());
    assert!(!records(&answer, "crm/contacts").is_empty());
}
