//! What CRMs send of their own accord: only to an address that is theirs, and kept with the record as it is now.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use unicrm::sandbox::{CAPSULE_TOKEN, Fault};

use crate::support::app::{AccountSetup, Setup, TestApp, eventually};
use crate::support::client::Reply;

/// Where Capsule is to send, as path and query of the gateway.
async fn address(app: &TestApp) -> String {
    let told = app.gateway.get(&format!("/integrated-account/{}/inbound-webhook", app.account)).await.ok();
    let url = told["url"].as_str().expect("an address");
    assert!(told["setup"].as_str().is_some_and(|text| text.contains("rest_hooks")), "{told}");
    url[url.find("/integrated-account-webhook/").expect("its path")..].to_owned()
}

/// Sends as a vendor does: without an API token.
async fn deliver(app: &TestApp, address: &str, body: &str) -> Reply {
    app.gateway.with_token(None).write(Method::POST, address, body.to_owned()).await
}

/// What the log has of records; it has the life of the account too.
async fn log(app: &TestApp) -> Vec<Value> {
    let mut entries = app.gateway.get("/log?log_type=webhook").await.result();
    entries.retain(|entry| entry["event"].as_str().is_some_and(|event| event.starts_with("record:")));
    entries
}

async fn of_type(app: &TestApp, kind: &str) -> String {
    let resource = if kind == "person" { "contacts" } else { "accounts" };
    app.get(&format!("/unified/crm/{resource}?limit=1")).await.result()[0]["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

fn told(event: &str, records: &Value) -> String {
    json!({ "event": event, "payload": records }).to_string()
}

#[tokio::test]
async fn a_change_becomes_an_event_with_the_whole_unified_record() {
    let app = TestApp::start().await;
    let (person, address) = (of_type(&app, "person").await, address(&app).await);
    let number: i64 = person.parse().expect("a number");
    let sent = json!({ "id": number, "type": "person", "firstName": "As it was" });
    let receipt = deliver(&app, &address, &told("party/updated", &json!([sent]))).await.ok();
    assert_eq!(receipt, json!({ "success": true, "events": 1 }));
    let entries = log(&app).await;
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!((&entry["event"], &entry["event_type"]), (&json!("record:updated"), &json!("record:updated")));
    assert_eq!(entry["integrated_account_id"], json!(app.account));
    let payload = &entry["payload"];
    assert_eq!((&payload["resource"], &payload["id"]), (&json!("crm/contacts"), &json!(person)));
    assert_eq!(payload["record"], app.get(&format!("/unified/crm/contacts/{person}")).await.ok());
    assert_eq!(payload["remote_data"], sent);
}

#[tokio::test]
async fn each_event_of_capsule_is_told_of_its_unified_resource() {
    let app = TestApp::start().await;
    let address = address(&app).await;
    for (event, record, expected) in [
        ("party/created", json!({ "id": 1, "type": "organisation" }), vec![("created", "crm/accounts")]),
        ("party/deleted", json!({ "id": 1, "type": "person" }), vec![("deleted", "crm/contacts")]),
        ("party/deleted", json!({ "id": 1 }), vec![("deleted", "crm/contacts"), ("deleted", "crm/accounts")]),
        ("opportunity/closed", json!({ "id": 1 }), vec![("updated", "crm/opportunities")]),
        ("opportunity/moved", json!({ "id": 1 }), vec![("updated", "crm/opportunities")]),
        ("kase/closed", json!({ "id": 1 }), vec![("updated", "crm/projects")]),
        ("kase/deleted", json!({ "id": 1 }), vec![("deleted", "crm/projects")]),
        ("task/completed", json!({ "id": 1 }), vec![("updated", "crm/tasks")]),
        ("user/created", json!({ "id": 1 }), vec![("created", "crm/users")]),
        ("party/painted", json!({ "id": 1, "type": "person" }), vec![]),
        ("invoice/created", json!({ "id": 1 }), vec![]),
    ] {
        let before = log(&app).await.len();
        let receipt = deliver(&app, &address, &told(event, &json!([record]))).await.ok();
        assert_eq!(receipt["events"], expected.len(), "{event}");
        let found = log(&app).await.split_off(before);
        let found: Vec<(String, String)> = found
            .iter()
            .map(|entry| (entry["event"].to_string(), entry["payload"]["resource"].to_string()))
            .collect();
        let expected: Vec<(String, String)> =
            expected.iter().map(|(what, of)| (format!("\"record:{what}\""), format!("\"{of}\""))).collect();
        assert_eq!(found, expected, "{event}");
    }
}

#[tokio::test]
async fn a_record_that_can_not_be_read_does_not_lose_the_event() {
    let app = TestApp::start().await;
    let (person, address) = (of_type(&app, "person").await, address(&app).await);
    let number: i64 = person.parse().expect("a number");
    app.sandbox().faults().add(Fault::status(StatusCode::FORBIDDEN).under("/api/v2/parties"));
    let records = json!([{ "id": number, "type": "person" }, { "id": 999_999_999, "type": "person" }]);
    assert_eq!(deliver(&app, &address, &told("party/updated", &records)).await.ok()["events"], 2);
    for entry in log(&app).await {
        let payload = &entry["payload"];
        assert_eq!(payload["record"], Value::Null);
        assert!(payload["error"].as_str().is_some_and(|why| why.contains("Capsule")), "{payload}");
        assert_eq!(payload["remote_data"]["type"], "person");
    }
    assert_eq!(log(&app).await.len(), 2);
}

#[tokio::test]
async fn only_who_knows_an_accounts_address_can_send_to_it() {
    let app = TestApp::start().await;
    let context = json!({ "api_key": CAPSULE_TOKEN });
    let other =
        app.import("capsule", "api_key", context).await.ok()["id"].as_str().expect("an id").to_owned();
    let address = address(&app).await;
    let body = told("party/deleted", &json!([{ "id": 1, "type": "person" }]));
    let (path, token) = address.split_once("?token=").expect("a token");
    for wrong in [
        path.to_owned(),
        format!("{path}?token="),
        format!("{path}?token=made-up"),
        format!("{path}?token={token}x"),
        address.replace(&app.account, &other),
        address.replace(&app.account, "not-an-id"),
    ] {
        deliver(&app, &wrong, &body).await.local_error(404);
    }
    assert!(log(&app).await.is_empty());
    deliver(&app, &address, &body).await.ok();
    // Once the account is gone, so is its address.
    app.gateway.delete(&format!("/integrated-account/{}", app.account)).await.ok();
    deliver(&app, &address, &body).await.local_error(404);
    assert!(log(&app).await.is_empty(), "an account takes its events along");
}

#[tokio::test]
async fn a_delivery_that_makes_no_sense_is_refused_and_nothing_is_kept() {
    let app = TestApp::start().await;
    let address = address(&app).await;
    deliver(&app, &address, "not json").await.local_error(400);
    let many: Vec<Value> = (0..1001).map(|id| json!({ "id": id, "type": "person" })).collect();
    deliver(&app, &address, &told("party/deleted", &json!(many))).await.local_error(400);
    for nothing in [
        "{}",
        "[]",
        "7",
        r#"{"event":7}"#,
        r#"{"event":"party/updated"}"#,
        r#"{"event":"party/updated","payload":[{}]}"#,
    ] {
        let reply = deliver(&app, &address, nothing).await;
        assert!(reply.status == 200 || reply.status == 500, "{nothing}: {}", reply.text());
        assert!(reply.status != 200 || reply.json()["events"] == 0, "{nothing}: {}", reply.text());
    }
    assert!(log(&app).await.is_empty());
}

#[tokio::test]
async fn a_provider_without_webhooks_says_so() {
    let app =
        TestApp::with(Setup { provider: "nimble", ..Setup::default() }.at("http://127.0.0.1:9".to_owned()))
            .await;
    let path = format!("/integrated-account/{}/inbound-webhook", app.account);
    let error = app.gateway.get(&path).await.local_error(400);
    assert!(error["message"].as_str().is_some_and(|text| text.contains("Nimble")), "{error}");
}

#[tokio::test]
async fn the_log_pages_filters_and_is_an_environments_own() {
    let app = TestApp::start().await;
    let address = address(&app).await;
    let records: Vec<Value> = (1..=5).map(|id| json!({ "id": id, "type": "person" })).collect();
    deliver(&app, &address, &told("party/deleted", &json!(records))).await.ok();
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.gateway.get(&format!("/log?log_type=webhook&limit=2&next_cursor={cursor}")).await.ok();
        found.extend(
            page["result"].as_array().expect("a list").iter().map(|entry| entry["payload"]["id"].clone()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    // The first two tell that the account was connected.
    assert_eq!(found[..2], [json!(app.account), json!(app.account)]);
    assert_eq!(found[2..], ["1", "2", "3", "4", "5"]);
    let log = |query: &str| format!("/log?log_type=webhook&{query}");
    let nobody = "01890000-0000-7000-8000-000000000000";
    for (query, many) in [
        (format!("integrated_account_id={}", app.account), 7),
        (format!("integrated_account_id={nobody}"), 0),
        ("created_at[lt]=2020-01-01T00:00:00Z".to_owned(), 0),
        ("created_at[lt]=2999-01-01T00:00:00Z".to_owned(), 7),
    ] {
        assert_eq!(app.gateway.get(&log(&query)).await.result().len(), many, "{query}");
    }
    for (query, field) in [
        ("limit=101", "limit"),
        ("created_at[gt]=2020-01-01T00:00:00Z", "created_at[lt]"),
        ("created_at[gt]=2020-01-01T00:00:00Z&created_at[lt]=2020-03-01T00:00:00Z", "created_at[lt]"),
        ("created_at[lt]=yesterday", "created_at[lt]"),
        ("created_at[le]=2020-01-01T00:00:00Z", "created_at[le]"),
        ("colour=red", "colour"),
    ] {
        app.gateway.get(&log(query)).await.refused_fields(&[field]);
    }
    app.gateway.get("/log").await.refused_fields(&["log_type"]);
    app.gateway.get("/log?log_type=rapid_bridge").await.refused_fields(&["log_type"]);
    let (_, stranger) = app.another_environment("elsewhere").await;
    assert!(stranger.get("/log?log_type=webhook").await.result().is_empty());
}

#[tokio::test]
async fn events_are_encrypted_at_rest() {
    let app = TestApp::start().await;
    let address = address(&app).await;
    let secret = json!([{ "id": 1, "type": "person", "firstName": "Hieronymus" }]);
    deliver(&app, &address, &told("party/deleted", &secret)).await.ok();
    assert_eq!(log(&app).await[0]["payload"]["remote_data"]["firstName"], "Hieronymus");
    let mut database = app.database.connect().await;
    let stored: Vec<Vec<u8>> = sqlx::query_scalar("SELECT sealed FROM event WHERE NOT of_account")
        .fetch_all(&mut database)
        .await
        .expect("rows");
    assert_eq!(stored.len(), 1);
    assert!(!String::from_utf8_lossy(&stored[0]).contains("Hieronymus"));
}

#[tokio::test]
async fn capsules_own_hook_reaches_the_log() {
    let app = TestApp::with(Setup::default().account(AccountSetup::OAuth { expires_in: 3600 })).await;
    let address = format!("{}{}", app.gateway.origin(), address(&app).await);
    let hook = json!({ "restHook": { "event": "party/created", "targetUrl": address } });
    app.post("/proxy/rest_hooks", &hook).await.ok();
    let made = app.post("/unified/crm/contacts", &json!({ "first_name": "Ada" })).await.ok();
    eventually("the hook's delivery in the log", async || !log(&app).await.is_empty()).await;
    let entry = &log(&app).await[0];
    assert_eq!(entry["event"], "record:created");
    let path = format!("/unified/crm/contacts/{}", made["id"].as_str().expect("an id"));
    assert_eq!(entry["payload"]["record"], app.get(&path).await.ok());
}
