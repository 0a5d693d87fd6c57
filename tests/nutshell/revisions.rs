//! Revisions: nobody's change is lost, and nobody's is overwritten unseen.

use serde_json::{Value, json};
use unicrm::sandbox::Fault;

use crate::support::app::{Setup, TestApp};

/// A person of the sandbox's.
const CONTACT: &str = "/unified/crm/contacts/2043";

async fn start() -> TestApp {
    TestApp::with(Setup { provider: "nutshell", ..Setup::default() }).await
}

/// The methods that were called since the last time, in order.
fn called(app: &TestApp) -> Vec<String> {
    let calls = app.vendor_calls();
    app.sandbox().recorder().clear();
    let methods = calls.iter().map(|call| call.json().map(|body| body["method"].clone()));
    methods
        .map(|method| method.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default())
        .collect()
}

#[tokio::test]
async fn two_writers_at_once_lose_nothing() {
    let app = start().await;
    let before = app.get(CONTACT).await.ok();
    let emails = json!([{ "email": "ida@new.example" }]);
    let (title, phone) =
        (json!({ "title": "Chair" }), json!({ "phone_numbers": [{ "number": "+15550107777" }] }));
    let (third, fourth) = (json!({ "tags": [{ "name": "Both" }] }), json!({ "email_addresses": emails }));
    let writers = [&title, &phone, &third, &fourth].map(|body| app.patch(CONTACT, body));
    let mut refused = Vec::new();
    for (index, reply) in futures::future::join_all(writers).await.into_iter().enumerate() {
        match reply.status {
            200 => {}
            // Met twice by others, a writer is told, and nothing of theirs is there.
            409 => refused.push(index),
            other => panic!("{other}: {}", reply.text()),
        }
    }
    let after = app.get(CONTACT).await.ok();
    let wanted: [(&str, Value, &Value); 4] = [
        ("title", json!("Chair"), &before["title"]),
        ("phone_numbers", json!("+15550107777"), &before["phone_numbers"][0]["number"]),
        ("tags", json!("Both"), &before["tags"][0]["name"]),
        ("email_addresses", json!("ida@new.example"), &before["email_addresses"][0]["email"]),
    ];
    for (index, (field, wanted, old)) in wanted.iter().enumerate() {
        let found = match *field {
            "title" => &after["title"],
            "phone_numbers" => &after["phone_numbers"][0]["number"],
            "tags" => &after["tags"][0]["name"],
            _ => &after["email_addresses"][0]["email"],
        };
        let expected = if refused.contains(&index) { *old } else { wanted };
        assert_eq!(found, expected, "{field}: {after}");
    }
    assert!(refused.len() < 3, "{refused:?}");
    assert_eq!(after["urls"], before["urls"]);
    assert_eq!(after["addresses"], before["addresses"]);
}

#[tokio::test]
async fn an_edit_that_meets_another_is_made_once_more_on_top_of_it() {
    let app = start().await;
    let stale = r#"{"result":null,"id":"unicrm","error":{"code":409,"message":"rev key is out-of-date","data":null}}"#;
    let fault = || Fault::status(http::StatusCode::OK).body(stale).saying(r#""method":"editContact""#);
    app.sandbox().faults().add(fault().times(1));
    let changed = app.patch(CONTACT, &json!({ "title": "Chair" })).await.ok();
    assert_eq!(changed["title"], "Chair");
    assert_eq!(called(&app), ["getContact", "editContact", "getContact", "editContact"]);
    app.sandbox().faults().add(fault().times(2));
    let body = app.patch(CONTACT, &json!({ "title": "Deputy" })).await.remote_error(409);
    assert!(body["message"].as_str().is_some_and(|text| text.contains("rev key is out-of-date")), "{body}");
    assert_eq!(called(&app), ["getContact", "editContact", "getContact", "editContact"]);
    assert_eq!(app.get(CONTACT).await.ok()["title"], "Chair");
}

#[tokio::test]
async fn an_etag_is_honoured_and_a_stale_one_is_a_conflict() {
    let app = start().await;
    let read = app.get(CONTACT).await.ok();
    let etag = read["etag"].as_str().expect("a revision").to_owned();
    let changed = app.patch(CONTACT, &json!({ "title": "Chair", "etag": etag })).await.ok();
    assert_ne!(changed["etag"], read["etag"]);
    called(&app);
    app.patch(CONTACT, &json!({ "title": "Deputy", "etag": etag })).await.remote_error(409);
    assert_eq!(called(&app), ["getContact", "editContact"], "it isn't made again behind the caller's back");
    assert_eq!(app.get(CONTACT).await.ok()["title"], "Chair");
}

#[tokio::test]
async fn another_employer_leaves_the_other_ones() {
    let app = start().await;
    let proxy = "/proxy/contacts/2043";
    let read = app.get(proxy).await.ok();
    let both = json!([{ "id": 1011, "relationship": "Employee" }, { "id": 1014, "relationship": "Board" }]);
    let body = json!({ "rev": read["result"]["rev"], "contact": { "accounts": both } });
    app.patch(proxy, &body).await.ok();
    let changed = app.patch(CONTACT, &json!({ "account": { "id": "1015" } })).await.ok();
    assert_eq!(changed["account"]["id"], "1015");
    let accounts = app.get(proxy).await.ok()["result"]["accounts"].clone();
    let shown: Vec<(&Value, &Value)> =
        accounts.as_array().expect("a list").iter().map(|one| (&one["id"], &one["relationship"])).collect();
    assert_eq!(shown, [(&json!(1015), &Value::Null), (&json!(1014), &json!("Board"))]);
}

#[tokio::test]
async fn an_id_with_its_type_is_the_same_record_and_one_of_another_type_is_none() {
    let app = start().await;
    let plain = app.get(CONTACT).await.ok();
    assert_eq!(app.get("/unified/crm/contacts/2043-contacts").await.ok().to_string(), plain.to_string());
    assert_eq!(plain["id"], "2043");
    app.sandbox().recorder().clear();
    app.get("/unified/crm/contacts/2043-accounts").await.local_error(404);
    assert!(called(&app).is_empty());
    let typed = app.patch(CONTACT, &json!({ "account": { "id": "1016-accounts" } })).await.ok();
    assert_eq!(typed["account"]["id"], "1016");
    let note = json!({ "content": "About a typed id", "lead": [{ "id": "3107-leads" }] });
    assert_eq!(app.post("/unified/crm/notes", &note).await.ok()["lead"], json!([{ "id": "3107" }]));
}
