//! REST: typed ids, lists of one, pages of HTML.

use http::Method;
use serde_json::{Value, json};
use unicrm::sandbox::NUTSHELL_USERNAME;

use crate::harness::Crm;

#[tokio::test]
async fn a_record_comes_in_a_list_with_a_typed_id() {
    let crm = Crm::start().await;
    for id in ["2043", "2043-contacts"] {
        let (status, body) = crm.rest(Method::GET, &format!("/contacts/{id}"), Value::Null).await;
        assert_eq!(status, 200);
        assert_eq!(body["contacts"][0]["id"], "2043-contacts");
        assert_eq!(body["contacts"][0]["links"]["accounts"], json!(["1011-accounts"]));
    }
    let (status, page) = crm.rest(Method::GET, "/contacts/2043-accounts", Value::Null).await;
    assert!(status == 404 && page.as_str().is_some_and(|page| page.contains("<html>")), "{page}");
}

#[tokio::test]
async fn pages_begin_at_zero_and_end_empty() {
    let crm = Crm::start().await;
    let (_, first) = crm.rest(Method::GET, "/notes?page[limit]=8", Value::Null).await;
    let (_, second) = crm.rest(Method::GET, "/notes?page[limit]=8&page[page]=1", Value::Null).await;
    let (_, third) = crm.rest(Method::GET, "/notes?page[limit]=8&page[page]=2", Value::Null).await;
    let count = |page: &Value| page["notes"].as_array().expect("a list").len();
    assert_eq!([count(&first), count(&second), count(&third)], [8, 5, 0]);
    let (status, body) = crm.rest(Method::GET, "/notes?page[page]=-1", Value::Null).await;
    assert_eq!((status, &body["errors"][0]["status"]), (400, &json!("400")));
}

#[tokio::test]
async fn both_wires_show_the_same_account() {
    let crm = Crm::start().await;
    let note = json!({ "data": { "body": "By REST", "links": { "parent": "2043-contacts" } } });
    let (_, made) = crm.rest(Method::POST, "/notes", note).await;
    let id = made["notes"][0]["id"].as_str().expect("an id").trim_end_matches("-notes").to_owned();
    assert_eq!(crm.call("getNote", json!({ "noteId": id })).await["note"], "By REST");
    let (status, _) = crm.rest(Method::DELETE, &format!("/notes/{id}-notes"), Value::Null).await;
    assert_eq!(status, 204);
    assert_eq!(crm.refusal("getNote", json!({ "noteId": id })).await, 404);
    let field = json!({ "name": "Score", "type": "number" });
    crm.rest(Method::POST, "/contacts/customfield", field).await;
    let edit =
        json!({ "contactId": 2043, "rev": "REV_IGNORE", "contact": { "customFields": { "Score": 7 } } });
    assert_eq!(crm.call("editContact", edit).await["customFields"]["Score"], 7);
}

#[tokio::test]
async fn a_wrong_credential_is_a_page() {
    let crm = Crm::start().await;
    let (status, text) =
        crm.send(Method::GET, "/rest/notes", NUTSHELL_USERNAME, "wrong", String::new()).await;
    assert!(status == 401 && text.contains("<html>"), "{status} {text}");
}
