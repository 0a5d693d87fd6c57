//! JSON-RPC: envelopes, credentials, revisions, pages.

use serde_json::{Value, json};
use unicrm::sandbox::{Fault, NUTSHELL_KEY, NUTSHELL_USERNAME};

use crate::harness::Crm;

#[tokio::test]
async fn errors_come_inside_a_success_but_for_the_credential() {
    let crm = Crm::start().await;
    assert_eq!(crm.refusal("getContact", json!({ "contactId": 1 })).await, 404);
    assert_eq!(crm.refusal("makeCoffee", json!({})).await, -32601);
    assert_eq!(crm.refusal("getContact", json!({})).await, -32602);
    let body = json!({ "method": "getUser" }).to_string();
    let post = http::Method::POST;
    let (status, _) = crm.send(post.clone(), "/api/v1/json", NUTSHELL_USERNAME, "wrong", body.clone()).await;
    assert_eq!(status, 401);
    let (status, _) =
        crm.send(post.clone(), "/api/v1/json", "who@else.example", NUTSHELL_KEY, body.clone()).await;
    assert_eq!(status, 401);
    let (status, text) = crm.send(post, "/api/v1/json", "millbrook.example", NUTSHELL_KEY, body).await;
    assert_eq!(status, 200, "{text}");
}

#[tokio::test]
async fn the_key_acts_in_the_name_of_the_user_that_comes_with_it() {
    let crm = Crm::start().await;
    let me = crm.envelope_as("amara.nwosu@millbrook.example", "getUser", json!({})).await;
    assert_eq!(me["result"]["name"], "Amara Nwosu");
    let contact = json!({ "contact": { "name": "Ola Nordmann" } });
    let made = crm.envelope_as("amara.nwosu@millbrook.example", "newContact", contact).await;
    assert_eq!(made["result"]["creator"]["name"], "Amara Nwosu");
}

#[tokio::test]
async fn a_stale_revision_is_a_conflict_and_any_is_taken_on_request() {
    let crm = Crm::start().await;
    let read = crm.call("getContact", json!({ "contactId": 2043 })).await;
    let edit = |rev: &Value, description: &str| json!({ "contactId": 2043, "rev": rev, "contact": { "description": description } });
    let edited = crm.call("editContact", edit(&read["rev"], "one")).await;
    assert_ne!(edited["rev"], read["rev"]);
    assert_eq!(crm.refusal("editContact", edit(&read["rev"], "two")).await, 409);
    assert_eq!(crm.refusal("editContact", edit(&Value::Null, "two")).await, 400);
    let forced = crm.call("editContact", edit(&json!("REV_IGNORE"), "two")).await;
    assert_eq!(forced["description"], "two");
    let known = crm.call("getContact", json!({ "contactId": 2043, "rev": forced["rev"] })).await;
    assert_eq!(known["_notModified"], true);
    assert_eq!(crm.refusal("deleteContact", json!({ "contactId": 2043, "rev": read["rev"] })).await, 409);
    assert_eq!(
        crm.call("deleteContact", json!({ "contactId": 2043, "rev": forced["rev"] })).await,
        json!(true)
    );
    assert_eq!(crm.refusal("getContact", json!({ "contactId": 2043 })).await, 404);
}

#[tokio::test]
async fn finds_are_bare_lists_in_pages_from_one_and_stubs_unless_told_otherwise() {
    let crm = Crm::start().await;
    let page = |number: i64| json!({ "orderBy": "id", "limit": 6, "page": number });
    let mut ids = Vec::new();
    for number in 1..=4 {
        let found = crm.call("findContacts", page(number)).await;
        ids.extend(found.as_array().expect("a list").iter().map(|one| one["id"].as_i64().expect("a number")));
    }
    assert_eq!(ids.len(), 16);
    assert!(ids.is_sorted());
    let stub = &crm.call("findContacts", page(1)).await[0];
    assert_eq!((&stub["stub"], stub["name"].is_string(), stub.get("email")), (&json!(true), true, None));
    let whole = crm.call("findContacts", json!({ "orderBy": "id", "stubResponses": false })).await;
    assert_eq!(whole[0]["name"]["displayName"], "Ida Moen");
    assert_eq!(crm.refusal("findContacts", json!({ "query": { "colour": 1 } })).await, 400);
}

#[tokio::test]
async fn faults_can_be_told_apart_by_method() {
    let crm = Crm::start().await;
    crm.sandbox.faults().add(Fault::status(http::StatusCode::CONFLICT).saying("\"editContact\""));
    assert_eq!(crm.call("getUser", json!({})).await["id"], 3);
    assert_eq!(crm.refusal("editContact", json!({})).await, 409);
    crm.sandbox.reset();
    assert_eq!(crm.refusal("editContact", json!({ "contactId": 2043 })).await, 400);
}

#[tokio::test]
async fn where_the_api_is_is_told_without_a_credential() {
    let crm = Crm::start().await;
    let ask =
        |name: &str| json!({ "id": "t", "method": "getApiForUsername", "params": { "username": name } });
    let post = http::Method::POST;
    let (status, text) = crm.send(post.clone(), "/v1/json", "", "", ask(NUTSHELL_USERNAME).to_string()).await;
    assert!(status == 200 && text.contains("app.nutshell.com"), "{text}");
    let (_, text) = crm.send(post, "/v1/json", "", "", ask("who@else.example").to_string()).await;
    assert!(text.contains("\"code\":404"), "{text}");
}
