//! What Nutshell sends when records change, as its documentation shows it.

use http::Method;
use serde_json::{Value, json};

use crate::support::app::{Setup, TestApp};

async fn app() -> TestApp {
    TestApp::with(Setup { provider: "nutshell", ..Setup::default() }).await
}

async fn address(app: &TestApp) -> String {
    let told = app.gateway.get(&format!("/integrated-account/{}/inbound-webhook", app.account)).await.ok();
    assert!(told["setup"].as_str().is_some_and(|text| text.contains("API keys")), "{told}");
    let url = told["url"].as_str().expect("an address");
    url[url.find("/integrated-account-webhook/").expect("its path")..].to_owned()
}

/// Delivers one event, and gives event, resource and id of what the log has then.
async fn told(app: &TestApp, kind: &str, action: &str, ids: &[&str]) -> Vec<Value> {
    let ids: Vec<String> = ids.iter().map(|id| format!("{id}-{kind}")).collect();
    let payloads: Vec<Value> =
        ids.iter().map(|id| json!({ "id": id, "type": kind, "name": "As it was" })).collect();
    let body = json!({
        "meta": {},
        "links": { "events.actor": { "href": "https://app.nutshell.com/rest/{events.actorType}/{events.actor}", "type": "actors" } },
        "events": [{
            "id": "372059-events", "type": "events", "createdTime": 1_506_547_948, "actorType": "users",
            "payloadType": kind, "action": action, "changes": [],
            "links": { "comments": [], "actor": "1-users", "payloads": ids }
        }],
        "actors": [{ "id": "1-users", "type": "users", "name": "Bob Smith" }],
        "payloads": payloads
    });
    let before = log(app).await.len();
    let address = address(app).await;
    let reply = app.gateway.with_token(None).write(Method::POST, &address, body.to_string()).await;
    let receipt = reply.ok();
    let found = log(app).await.split_off(before);
    assert_eq!(receipt["events"], found.len(), "{receipt}");
    found
}

async fn log(app: &TestApp) -> Vec<Value> {
    app.gateway.get("/log?log_type=webhook").await.result()
}

fn short(entries: &[Value]) -> Vec<[&str; 3]> {
    entries
        .iter()
        .map(|entry| {
            [&entry["event"], &entry["payload"]["resource"], &entry["payload"]["id"]]
                .map(|value| value.as_str().unwrap_or_default())
        })
        .collect()
}

#[tokio::test]
async fn a_change_becomes_an_event_with_the_whole_unified_record() {
    let app = app().await;
    let lead =
        app.get("/unified/crm/leads?limit=1").await.result()[0]["id"].as_str().expect("an id").to_owned();
    let entries = told(&app, "leads", "stagechange", &[&lead]).await;
    let expected = [["record:updated", "crm/leads", &lead], ["record:updated", "crm/opportunities", &lead]];
    assert_eq!(short(&entries), expected);
    for (entry, resource) in entries.iter().zip(["leads", "opportunities"]) {
        let payload = &entry["payload"];
        assert_eq!(payload["record"], app.get(&format!("/unified/crm/{resource}/{lead}")).await.ok());
        assert_eq!(payload["remote_data"]["name"], "As it was", "{payload}");
    }
}

#[tokio::test]
async fn each_kind_is_told_of_its_unified_resource() {
    let app = app().await;
    for (kind, action, resource, event) in [
        ("accounts", "create", "crm/accounts", "record:created"),
        ("contacts", "edit", "crm/contacts", "record:updated"),
        ("contacts", "delete", "crm/contacts", "record:deleted"),
        ("activities", "log", "crm/engagements", "record:updated"),
        ("notes", "create", "crm/notes", "record:created"),
        ("tasks", "deleted", "crm/tasks", "record:deleted"),
    ] {
        let entries = told(&app, kind, action, &["999991", "999992"]).await;
        assert_eq!(
            short(&entries),
            [[event, resource, "999991"], [event, resource, "999992"]],
            "{kind} {action}"
        );
        for entry in &entries {
            let payload = &entry["payload"];
            assert_eq!(payload["record"], Value::Null);
            assert_eq!(payload.get("error").is_some(), event != "record:deleted", "{payload}");
        }
    }
    assert_eq!(told(&app, "submissions", "create", &["1"]).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_delivery_without_events_is_taken_and_says_nothing() {
    let app = app().await;
    let address = address(&app).await;
    for body in ["{}", r#"{"events":[]}"#, r#"{"events":[{"action":"create","links":{}}]}"#] {
        let reply = app.gateway.with_token(None).write(Method::POST, &address, body.to_owned()).await;
        assert_eq!(reply.ok()["events"], 0, "{body}");
    }
}

/// What the log has since, as event, resource and id.
async fn since(app: &TestApp, before: usize) -> Vec<[String; 3]> {
    let entries = log(app).await.split_off(before);
    short(&entries).into_iter().map(|words| words.map(str::to_owned)).collect()
}

#[tokio::test]
async fn what_changes_at_nutshell_is_in_the_log_with_the_record_as_it_is_now() {
    let app = app().await;
    let url = format!("{}{}", app.gateway.origin(), address(&app).await);
    assert!(app.sandbox().set_webhook(Some(&url)));
    let begun = log(&app).await.len();
    let delivered = async |app: &TestApp| {
        let sent = app.sandbox().take_deliveries().await;
        assert!(sent.iter().all(|delivery| delivery.status == Some(200)), "{sent:?}");
        sent.len()
    };
    let name = |text: &str| json!({ "rev": "REV_IGNORE", "contact": { "name": text } });
    app.patch("/proxy/contacts/2043", &name("Ida Told")).await.ok();
    assert_eq!(delivered(&app).await, 1);
    assert_eq!(since(&app, begun).await, [["record:updated", "crm/contacts", "2043"]]);
    assert_eq!(log(&app).await[begun]["payload"]["record"]["name"], "Ida Told");
    let made = app.post("/unified/crm/leads", &json!({ "title": "Told as it is made" })).await.ok();
    let id = made["id"].as_str().expect("an id");
    app.patch(&format!("/unified/crm/leads/{id}"), &json!({ "stage": { "id": "108" } })).await.ok();
    app.delete(&format!("/unified/crm/leads/{id}")).await.ok();
    assert_eq!(delivered(&app).await, 3);
    let events: Vec<[String; 3]> = since(&app, begun + 1).await;
    let expected = ["created", "updated", "deleted"].map(|event| {
        ["crm/leads", "crm/opportunities"]
            .map(|resource| [format!("record:{event}"), resource.to_owned(), id.to_owned()])
    });
    assert_eq!(events, expected.concat());
    // Nobody is told of what a webhook isn't for, nor after it was taken out.
    app.post("/unified/crm/notes", &json!({ "content": "x", "contact": [{ "id": "2043" }] })).await.ok();
    app.sandbox().set_webhook(None);
    app.patch("/proxy/contacts/2043", &name("Ida Untold")).await.ok();
    assert_eq!(delivered(&app).await, 0);
}
