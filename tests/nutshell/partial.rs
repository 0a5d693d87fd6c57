//! Records in short, which Nutshell gives for less.

use serde_json::{Value, json};
use unicrm::sandbox::{NUTSHELL_KEY, NUTSHELL_USERNAME};

use crate::support::app::{Setup, TestApp};

async fn app(provider: &'static str) -> TestApp {
    TestApp::with(Setup { provider, ..Setup::default() }).await
}

/// What the last list was asked with.
fn stubs(app: &TestApp) -> Value {
    let calls = app.vendor_calls();
    let bodies = calls.iter().filter_map(|call| serde_json::from_slice::<Value>(&call.body).ok());
    let last =
        bodies.filter(|body| body["method"].as_str().is_some_and(|name| name.starts_with("find"))).last();
    last.expect("a list")["params"]["stubResponses"].clone()
}

#[tokio::test]
async fn a_list_comes_in_short_where_the_caller_takes_it_so() {
    let app = app("nutshell").await;
    for resource in ["contacts", "accounts", "leads", "opportunities", "engagements"] {
        let path = format!("/unified/crm/{resource}?limit=2");
        let whole = app.get(&path).await.ok();
        assert_eq!((whole.get("is_partial_response"), stubs(&app)), (None, json!(false)), "{resource}");
        let short = app.get(&format!("{path}&truto_partial=true")).await.ok();
        assert_eq!((&short["is_partial_response"], stubs(&app)), (&json!(true), json!(true)), "{resource}");
        let ids = |page: &Value| -> Vec<Value> {
            page["result"].as_array().expect("a list").iter().map(|record| record["id"].clone()).collect()
        };
        assert_eq!(ids(&short), ids(&whole), "{resource}");
        assert!(short["result"][0]["remote_data"]["stub"] == true, "{resource}: {short}");
        let next = short["next_cursor"].as_str().expect("another page");
        let next = app.get(&format!("{path}&truto_partial=true&next_cursor={next}")).await.ok();
        assert_ne!(ids(&next), ids(&short), "{resource}");
        let walked =
            app.get(&format!("/unified/crm/{resource}?truto_ignore_limit=true&truto_partial=true")).await;
        assert_eq!(walked.ok()["is_partial_response"], true, "{resource}");
    }
}

#[tokio::test]
async fn an_account_can_say_it_once_for_all_its_lists() {
    let app = app("nutshell").await;
    let account = format!("/integrated-account/{}", app.account);
    let say = |value: Value| json!({ "context": { "truto_partial": value } });
    app.gateway.patch(&account, &say(json!("yes"))).await.refused_fields(&["context.truto_partial"]);
    app.gateway.patch(&account, &say(json!(true))).await.ok();
    let path = "/unified/crm/leads?limit=2";
    let short = app.get(path).await.ok();
    assert_eq!((&short["is_partial_response"], stubs(&app)), (&json!(true), json!(true)));
    let whole = app.get(&format!("{path}&truto_partial=false")).await.ok();
    assert_eq!((whole.get("is_partial_response"), stubs(&app)), (None, json!(false)));
    // A record that is read alone is whole.
    let id = short["result"][0]["id"].as_str().expect("an id");
    let lead = app.get(&format!("/unified/crm/leads/{id}")).await.ok();
    assert_eq!(lead["remote_data"].get("stub"), None, "{lead}");
    // Another credential leaves it as it is.
    let login = json!({ "context": { "username": NUTSHELL_USERNAME, "api_key": NUTSHELL_KEY } });
    app.gateway.patch(&format!("{account}/credentials"), &login).await.ok();
    assert_eq!(app.get(path).await.ok()["is_partial_response"], true);
    app.gateway.patch(&account, &say(Value::Null)).await.ok();
    assert_eq!(app.get(path).await.ok().get("is_partial_response"), None);
    let login = json!({ "username": NUTSHELL_USERNAME, "api_key": NUTSHELL_KEY, "truto_partial": 1 });
    app.import("nutshell", "api_key", login).await.refused_fields(&["context.truto_partial"]);
}

#[tokio::test]
async fn what_the_gateway_selects_by_is_read_whole() {
    let app = app("nutshell").await;
    let contacts = app.get("/unified/crm/contacts?limit=20").await.result();
    let email = contacts.iter().find_map(|contact| contact["email_addresses"][0]["email"].as_str());
    let email = email.expect("someone with an address");
    let path = format!("/unified/crm/contacts?email_addresses[email]={email}&truto_partial=true");
    let found = app.get(&path).await.ok();
    assert_eq!(found["result"][0]["email_addresses"][0]["email"], email, "{found}");
    assert_eq!(found.get("is_partial_response"), None, "{found}");
}

#[tokio::test]
async fn a_vendor_without_short_records_gives_whole_ones() {
    let app = app("capsule").await;
    let found = app.get("/unified/crm/contacts?limit=1&truto_partial=true").await.ok();
    assert!(found["result"][0]["last_name"].is_string(), "{found}");
    assert_eq!(found.get("is_partial_response"), None, "{found}");
    app.get("/unified/crm/contacts?truto_partial=perhaps").await.error(400);
    let id = found["result"][0]["id"].as_str().expect("an id");
    app.get(&format!("/unified/crm/contacts/{id}?truto_partial=true")).await.error(400);
}
