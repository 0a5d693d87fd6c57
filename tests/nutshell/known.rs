//! Records that are read again: the vendor is asked only whether there is something new, and what is answered is never old.

use http::Method;
use serde_json::{Value, json};
use unicrm::sandbox::{Fault, NUTSHELL_KEY, Received};

use crate::support::app::{Setup, TestApp};
use crate::support::vendor::{Answer, Asked, ScriptedVendor};

const CONTACT: &str = "/unified/crm/contacts/2043";

fn setup() -> Setup {
    Setup { provider: "nutshell", ..Setup::default() }
}

/// The calls of a method so far, in order; then they are forgotten.
fn called(app: &TestApp, method: &str) -> Vec<Received> {
    let calls = app.vendor_calls();
    app.sandbox().recorder().clear();
    calls.into_iter().filter(|call| call.json().is_some_and(|body| body["method"] == method)).collect()
}

fn is_conditional(call: &Received) -> bool {
    call.header("if-none-match").is_some()
}

#[tokio::test]
async fn a_record_that_is_read_again_is_asked_for_only_if_it_is_new() {
    let app = TestApp::with(setup()).await;
    let first = app.get(CONTACT).await;
    let again = app.get(CONTACT).await;
    first.assert_status(200);
    assert_eq!(again.text(), first.text());
    let raw = [app.get("/proxy/contacts/2043").await.text(), app.get("/proxy/contacts/2043").await.text()];
    assert_eq!(raw[0], raw[1]);
    let calls = called(&app, "getContact");
    let conditional: Vec<bool> = calls.iter().map(is_conditional).collect();
    assert_eq!(conditional, [false, true, true, true], "one record, however it is asked for");
    // Presentation is the gateway's own; the vendor isn't asked for more.
    let bare = app.get(&format!("{CONTACT}?truto_ignore_remote_data=true")).await.ok();
    assert_eq!(bare.get("remote_data"), None);
    assert!(called(&app, "getContact").iter().all(is_conditional));
}

#[tokio::test]
async fn a_change_that_was_made_elsewhere_is_seen_at_once() {
    let app = TestApp::with(setup()).await;
    let other = app.another_gateway().await;
    let before = app.get(CONTACT).await.ok();
    let change = json!({ "title": "Harbour master" });
    other.client.patch(&app.path(CONTACT), &change).await.ok();
    let after = app.get(CONTACT).await.ok();
    assert_eq!(after["title"], "Harbour master");
    assert_ne!(after["etag"], before["etag"]);
    other.client.delete(&app.path(CONTACT)).await.ok();
    app.get(CONTACT).await.error(404);
    app.get(CONTACT).await.error(404);
}

#[tokio::test]
async fn what_an_edit_is_made_of_is_read_whole_and_a_write_lets_go_of_what_is_kept() {
    let app = TestApp::with(setup()).await;
    app.get(CONTACT).await.ok();
    called(&app, "getContact");
    app.patch(CONTACT, &json!({ "title": "Pilot" })).await.ok();
    assert_eq!(app.get(CONTACT).await.ok()["title"], "Pilot");
    let calls = called(&app, "getContact");
    assert_eq!(calls.iter().map(is_conditional).collect::<Vec<_>>(), [false, false]);
    // Another record of the account's may show it.
    app.get(CONTACT).await.ok();
    app.post("/unified/crm/notes", &json!({ "content": "x", "contact": [{ "id": "2043" }] })).await.ok();
    called(&app, "getContact");
    app.get(CONTACT).await.ok();
    assert_eq!(called(&app, "getContact").iter().map(is_conditional).collect::<Vec<_>>(), [false]);
}

#[tokio::test]
async fn nothing_of_one_credential_is_shown_to_the_next() {
    let app = TestApp::with(setup()).await;
    app.get(CONTACT).await.ok();
    let credentials = format!("/integrated-account/{}/credentials", app.account);
    let login = |name: &str| json!({ "context": { "username": name, "api_key": NUTSHELL_KEY } });
    app.gateway.patch(&credentials, &login("millbrook.example")).await.ok();
    called(&app, "getContact");
    app.get(CONTACT).await.ok();
    assert_eq!(called(&app, "getContact").iter().map(is_conditional).collect::<Vec<_>>(), [false]);
    app.gateway.delete(&format!("/integrated-account/{}", app.account)).await;
    app.get(CONTACT).await.error(404);
    assert!(called(&app, "getContact").is_empty());
}

#[tokio::test]
async fn accounts_share_nothing() {
    let mut app = TestApp::with(setup()).await;
    app.get(CONTACT).await.ok();
    app.connect_another().await;
    called(&app, "getContact");
    app.get(CONTACT).await.ok();
    assert_eq!(called(&app, "getContact").iter().map(is_conditional).collect::<Vec<_>>(), [false]);
}

#[tokio::test]
async fn an_error_is_told_and_what_was_kept_is_let_go_of() {
    let app = TestApp::with(setup()).await;
    app.get(CONTACT).await.ok();
    let refusal = r#"{"result":null,"id":"unicrm","error":{"code":403,"message":"not yours","data":null}}"#;
    app.sandbox().faults().add(Fault::status(http::StatusCode::OK).body(refusal).times(1));
    app.get(CONTACT).await.error(403);
    called(&app, "getContact");
    app.get(CONTACT).await.ok();
    assert_eq!(called(&app, "getContact").iter().map(is_conditional).collect::<Vec<_>>(), [false]);
}

#[tokio::test]
async fn the_operator_can_have_nothing_kept() {
    let app = TestApp::with(setup().setting("UNICRM_RECORDS_KEPT", "0")).await;
    app.get(CONTACT).await.ok();
    app.get(CONTACT).await.ok();
    assert!(!called(&app, "getContact").iter().any(is_conditional));
}

#[tokio::test]
async fn a_caller_who_knows_a_revision_asks_the_vendor() {
    let app = TestApp::with(setup()).await;
    let rev = app.get(CONTACT).await.ok()["etag"].as_str().expect("a revision").to_owned();
    let told = app.get(&format!("/proxy/contacts/2043?rev={rev}")).await.ok();
    assert_eq!(told["result"]["_notModified"], true, "{told}");
    assert!(app.get("/proxy/contacts/2043").await.ok()["result"]["name"].is_object());
}

/// The revision that a request knows.
fn rev_of(asked: &Asked) -> Value {
    let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    body["params"]["rev"].clone()
}

#[tokio::test]
async fn without_an_entity_tag_the_revision_is_told() {
    let whole = |rev: &str, name: &str| {
        let record =
            json!({ "id": 5, "rev": rev, "entityType": "Contacts", "name": { "displayName": name } });
        Answer::json(json!({ "result": record, "id": "unicrm" }).to_string())
    };
    let vendor = ScriptedVendor::start(move |_| whole("r1", "Ann")).await;
    let app = TestApp::with(setup().at(vendor.origin())).await;
    let first = app.get("/unified/crm/contacts/5").await.ok();
    vendor.turn_to(|_| {
        Answer::json(
            r#"{"result":{"entityName":"Contacts","id":5,"rev":"r1","_notModified":true},"id":"unicrm"}"#,
        )
    });
    assert_eq!(app.get("/unified/crm/contacts/5").await.ok(), first);
    assert_eq!(app.get("/unified/crm/contacts/5?truto_ignore_remote_data=true").await.ok()["name"], "Ann");
    let last = vendor.asked().pop().expect("a request");
    assert_eq!((last.method.clone(), rev_of(&last)), (Method::POST, json!("r1")));
    vendor.turn_to(move |_| whole("r2", "Ann Moe"));
    assert_eq!(app.get("/unified/crm/contacts/5").await.ok()["name"], "Ann Moe");
    assert_eq!(rev_of(&vendor.asked()[0]), "r1");
    app.get("/unified/crm/contacts/5").await.ok();
    assert_eq!(rev_of(&vendor.asked()[1]), "r2");
}

#[tokio::test]
async fn a_caller_who_has_the_record_is_told_so() {
    let app = TestApp::with(setup()).await;
    let path = app.path(CONTACT);
    let first = app.gateway.get(&path).await;
    let tag = first.header("etag").to_owned();
    let with = async |tag: &str, path: &str| {
        app.gateway.send(app.gateway.request(Method::GET, path).header("if-none-match", tag)).await
    };
    for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let again = with(&known, &path).await;
        again.assert_status(304);
        assert_eq!((again.text().as_str(), again.header("etag")), ("", tag.as_str()), "{known}");
    }
    with("\"other\"", &path).await.ok();
    // Another view of the record is another answer.
    with(&tag, &format!("{path}&truto_ignore_remote_data=true")).await.ok();
    app.patch(CONTACT, &json!({ "title": "Bosun" })).await.ok();
    assert_eq!(with(&tag, &path).await.ok()["title"], "Bosun");
}
