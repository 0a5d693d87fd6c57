//! `POST /unified/crm/{contacts,accounts}/batch-delete`: several records gone, and which of them aren't.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use unicrm::sandbox::Fault;

use crate::idempotency::keyed;
use crate::support::app::TestApp;

const DELETE: &str = "/unified/crm/contacts/batch-delete";

async fn contacts(app: &TestApp, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for index in 0..count {
        let body = json!({ "first_name": format!("Number {index}") });
        let contact = app.post("/unified/crm/contacts", &body).await.ok();
        ids.push(contact["id"].as_str().expect("an id").to_owned());
    }
    ids
}

fn named(ids: &[String]) -> Value {
    ids.iter().map(|id| json!({ "id": id })).collect()
}

async fn is_gone(app: &TestApp, id: &str) -> bool {
    app.get(&format!("/unified/crm/contacts/{id}")).await.status == 404
}

#[tokio::test]
async fn records_are_deleted_by_ids_in_every_spelling() {
    let app = TestApp::start().await;
    let ids = contacts(&app, 2).await;
    let spellings: [fn(&str, &str) -> String; 4] = [
        |a, b| format!("?id[]={a}&id[]={b}"),
        |a, b| format!("?id[0]={a}&id[1]={b}"),
        |a, b| format!("?id%5B0%5D={a}&id%5B1%5D={b}"),
        |a, b| format!("?id={a},{b}"),
    ];
    for spelling in spellings {
        let ids = contacts(&app, 2).await;
        let path = app.path(&format!("{DELETE}{}", spelling(&ids[0], &ids[1])));
        let deleted = app.gateway.write(Method::POST, &path, "").await;
        assert_eq!(deleted.ok(), json!({ "result": named(&ids) }));
        assert!(is_gone(&app, &ids[0]).await && is_gone(&app, &ids[1]).await);
    }
    let deleted = app.post(DELETE, &json!({ "id": ids })).await;
    assert_eq!(deleted.ok(), json!({ "result": named(&ids) }));
    assert!(is_gone(&app, &ids[1]).await);
}

#[tokio::test]
async fn organisations_are_deleted_and_people_are_not_taken_for_them() {
    let app = TestApp::start().await;
    let organisation = app.post("/unified/crm/accounts", &json!({ "name": "Analytical Engines" })).await.ok();
    let person = contacts(&app, 1).await.remove(0);
    let body = json!({ "id": [organisation["id"], person] });
    let error = app.post("/unified/crm/accounts/batch-delete", &body).await.error(404);
    assert_eq!(error["details"]["result"], json!([{ "id": organisation["id"] }]));
    assert!(!is_gone(&app, &person).await);
}

#[tokio::test]
async fn a_failure_hides_no_success() {
    let app = TestApp::start().await;
    let ids = contacts(&app, 3).await;
    let path = format!("/api/v2/parties/{}", ids[1]);
    let refusal = Fault::status(StatusCode::FORBIDDEN).on(Method::DELETE, &path);
    app.sandbox().faults().add(refusal);
    let error = app.post(DELETE, &json!({ "id": ids })).await.remote_error(403);
    assert_eq!(error["details"]["result"], named(&[ids[0].clone(), ids[2].clone()]));
    let failures = error["details"]["failures"].as_array().unwrap();
    assert_eq!((failures.len(), &failures[0]["field"]), (1, &json!("id[1]")), "{error}");
    assert!(failures[0]["message"].as_str().unwrap().starts_with(&ids[1]), "{error}");
    assert!(error["message"].as_str().unwrap().starts_with("1 of 3 records could not be deleted"), "{error}");
    assert!(is_gone(&app, &ids[0]).await && !is_gone(&app, &ids[1]).await && is_gone(&app, &ids[2]).await);
}

#[tokio::test]
async fn an_id_that_is_named_twice_is_deleted_once() {
    let app = TestApp::start().await;
    let ids = contacts(&app, 1).await;
    let deleted = app.post(DELETE, &json!({ "id": [ids[0], ids[0]] })).await.ok();
    assert_eq!(deleted, json!({ "result": named(&ids) }));
}

#[tokio::test]
async fn what_names_no_records_is_refused() {
    let app = TestApp::start().await;
    let many: Vec<String> = (0..101).map(|id| id.to_string()).collect();
    for body in
        [json!({}), json!({ "id": [] }), json!({ "id": "1" }), json!({ "id": [{}] }), json!({ "id": many })]
    {
        app.post(DELETE, &body).await.refused_fields(&["id"]);
    }
    app.post(&format!("{DELETE}?id=1"), &json!({ "id": ["2"] })).await.refused_fields(&["id"]);
    let extra = json!({ "id": ["1"], "remote_data": { "x": 1 } });
    app.post(DELETE, &extra).await.refused_fields(&["remote_data"]);
    app.post(&format!("{DELETE}?nmae=1"), &json!({ "id": ["2"] })).await.refused_fields(&["nmae"]);
    assert!(app.vendor_calls().is_empty());
}

#[tokio::test]
async fn a_repeat_under_a_key_deletes_nothing_again() {
    let app = TestApp::start().await;
    let ids = contacts(&app, 2).await;
    let (path, body) = (app.path(DELETE), json!({ "id": ids }));
    let first = keyed(&app.gateway, Method::POST, &path, "k", &body).await;
    let again = keyed(&app.gateway, Method::POST, &path, "k", &body).await;
    assert_eq!(first.ok(), again.ok());
    let deletes = app.vendor_calls().into_iter().filter(|call| call.method == Method::DELETE);
    assert_eq!(deletes.count(), 2);
}

#[tokio::test]
async fn methods_that_are_not_served_say_why() {
    let app = TestApp::start().await;
    let body = json!({ "master_record": { "id": "1" }, "duplicate_records": [{ "id": "2" }] });
    let error = app.post("/unified/crm/contacts/merge", &body).await.local_error(400);
    assert!(error["message"].as_str().unwrap().contains("does not support merge"), "{error}");
    let error = app.post("/unified/crm/contacts/explode", &body).await.local_error(404);
    assert!(error["message"].as_str().unwrap().contains("batch-delete, merge"), "{error}");
    app.post("/unified/crm/users/batch-delete", &json!({ "id": ["1"] })).await.local_error(404);
    assert!(app.vendor_calls().is_empty());
}
