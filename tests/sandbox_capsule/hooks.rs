//! Subscriptions, and what subscribers are told.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use crate::harness::{Crm, Reply, id, keys, named, rows};

/// Calls the API as an application that came by OAuth.
async fn app(crm: &Crm, method: Method, path: &str, body: Value) -> Reply {
    let (token, _) = crm.sandbox.issue_tokens();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    crm.send(method, &format!("/api/v2{path}"), Some(&token), body).await.expect("an answer")
}

async fn subscribe(crm: &Crm, hook: Value) -> Value {
    let reply = app(crm, Method::POST, "/resthooks", json!({ "restHook": hook })).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.json()["restHook"].clone()
}

/// A server that takes whatever comes; its address, and what came.
async fn receiver() -> (String, Arc<Mutex<Vec<Value>>>) {
    async fn take(State(taken): State<Arc<Mutex<Vec<Value>>>>, body: Bytes) -> StatusCode {
        taken.lock().await.push(serde_json::from_slice(&body).expect("JSON"));
        StatusCode::ACCEPTED
    }
    let taken = Arc::<Mutex<Vec<Value>>>::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let router = Router::new().fallback(take).with_state(taken.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}/hook?key=1"), taken)
}

#[tokio::test]
async fn only_an_application_manages_subscriptions_and_only_for_an_administrator() {
    let crm = Crm::start().await;
    let hook = json!({ "restHook": { "event": "party/created", "targetUrl": "http://a.example/" } });
    for reply in [
        crm.get("/resthooks").await,
        crm.get("/resthooks/1").await,
        crm.post("/resthooks", hook.clone()).await,
        crm.delete("/resthooks/1").await,
    ] {
        assert_eq!(reply.status, 403);
    }
    assert_eq!(app(&crm, Method::GET, "/resthooks", Value::Null).await.json(), json!({ "restHooks": [] }));
}

#[tokio::test]
async fn a_subscription_names_an_event_and_an_address() {
    let crm = Crm::start().await;
    let hook =
        json!({ "event": "party/created", "targetUrl": "https://a.example/hook", "description": "Mine" });
    let made = subscribe(&crm, hook).await;
    assert_eq!(keys(&made), ["id", "event", "targetUrl", "description", "embed", "batched"]);
    let list = app(&crm, Method::GET, "/resthooks", Value::Null).await.json();
    assert_eq!(list["restHooks"], json!([made]));
    let path = format!("/resthooks/{}", made["id"]);
    assert_eq!(app(&crm, Method::GET, &path, Value::Null).await.json()["restHook"], made);
    assert_eq!(app(&crm, Method::PUT, &path, json!({ "restHook": {} })).await.status, 405);

    for (hook, field) in [
        (json!({ "targetUrl": "http://a.example/" }), "event"),
        (json!({ "event": "note/created", "targetUrl": "http://a.example/" }), "event"),
        (json!({ "event": "party/created" }), "targetUrl"),
        (json!({ "event": "party/created", "targetUrl": "ftp://a.example/" }), "targetUrl"),
    ] {
        let reply = app(&crm, Method::POST, "/resthooks", json!({ "restHook": hook })).await;
        assert_eq!(reply.status, 422);
        assert_eq!(reply.json()["errors"][0]["field"], field);
    }
    assert_eq!(app(&crm, Method::DELETE, &path, Value::Null).await.status, 204);
    assert_eq!(app(&crm, Method::GET, &path, Value::Null).await.status, 404);
}

#[tokio::test]
async fn twenty_subscriptions_are_as_many_as_there_can_be() {
    let crm = Crm::start().await;
    let hook = json!({ "event": "party/created", "targetUrl": "http://a.example/" });
    for _ in 0..20 {
        subscribe(&crm, hook.clone()).await;
    }
    let reply = app(&crm, Method::POST, "/resthooks", json!({ "restHook": hook })).await;
    reply.assert_invalid("restHook", "id", "too many REST hooks");
}

#[tokio::test]
async fn subscribers_are_told_the_whole_record_in_a_list() {
    let crm = Crm::start().await;
    let (url, taken) = receiver().await;
    subscribe(&crm, json!({ "event": "party/created", "targetUrl": url, "embed": "tags,fields" })).await;
    let party =
        crm.create(json!({ "type": "person", "firstName": "Ann", "tags": [{ "name": "VIP" }] })).await;
    let deliveries = crm.sandbox.take_deliveries().await;
    assert_eq!(deliveries.len(), 1);
    assert_eq!((deliveries[0].url.as_str(), deliveries[0].status), (url.as_str(), Some(202)));
    let expected = json!({ "event": "party/created", "payload": [party] });
    assert_eq!(*taken.lock().await, vec![expected.clone()]);
    assert_eq!(deliveries[0].body, expected);
    assert!(crm.sandbox.take_deliveries().await.is_empty());
}

#[tokio::test]
async fn each_event_is_told_when_it_happens() {
    let crm = Crm::start().await;
    let (url, _) = receiver().await;
    let events = async || -> Vec<String> {
        let deliveries = crm.sandbox.take_deliveries().await;
        deliveries.iter().map(|delivery| delivery.body["event"].as_str().expect("one").to_owned()).collect()
    };
    for event in [
        "party/updated",
        "party/deleted",
        "opportunity/created",
        "opportunity/moved",
        "opportunity/closed",
        "opportunity/deleted",
        "kase/moved",
        "kase/closed",
        "task/created",
        "task/completed",
        "user/updated",
    ] {
        subscribe(&crm, json!({ "event": event, "targetUrl": url })).await;
    }
    let milestones = crm.all("milestones", "milestones").await;
    let party = crm.create(json!({ "type": "organisation", "name": "Told Ltd" })).await;
    assert!(events().await.is_empty());
    let sale = json!({ "name": "S", "party": party["id"], "milestone": milestones[0]["id"] });
    let sale = crm.make("opportunities", "opportunity", sale).await;
    assert_eq!(events().await, ["opportunity/created"]);
    let won = json!({ "milestone": named(&milestones, "Won")["id"] });
    crm.amended("opportunities", "opportunity", &sale, won).await;
    assert_eq!(events().await, ["opportunity/moved", "opportunity/closed"]);

    let kase = crm.make("kases", "kase", json!({ "name": "K", "party": party["id"] })).await;
    let stage = crm.all("stages", "stages").await[0]["id"].clone();
    crm.amended("kases", "kase", &kase, json!({ "stage": stage, "status": "CLOSED" })).await;
    assert_eq!(events().await, ["kase/moved", "kase/closed"]);
    let task = json!({ "description": "T", "dueOn": "2026-06-15" });
    let task = crm.make("tasks", "task", task).await;
    crm.amended("tasks", "task", &task, json!({ "status": "COMPLETED" })).await;
    assert_eq!(events().await, ["task/created", "task/completed"]);

    let me = crm.get("/users/current").await.json()["user"]["id"].clone();
    crm.put(&format!("/users/{me}"), json!({ "user": { "taskReminder": false } })).await;
    assert_eq!(events().await, ["user/updated"]);
    crm.changed(&party, json!({ "about": "New" })).await;
    assert_eq!(crm.delete(&format!("/parties/{}", party["id"])).await.status, 204);
    assert_eq!(events().await, ["party/updated", "party/deleted", "opportunity/deleted"]);
    crm.get("/parties").await;
    assert!(events().await.is_empty());
}

#[tokio::test]
async fn events_of_one_moment_come_together_or_one_by_one() {
    let crm = Crm::start().await;
    let (url, _) = receiver().await;
    for batched in [true, false] {
        subscribe(&crm, json!({ "event": "opportunity/deleted", "targetUrl": url, "batched": batched }))
            .await;
    }
    let party = crm.create(json!({ "type": "person", "firstName": "Ann" })).await;
    let milestone = crm.all("milestones", "milestones").await[0]["id"].clone();
    let mut sales = Vec::new();
    for name in ["One", "Two"] {
        let sale = json!({ "name": name, "party": party["id"], "milestone": milestone });
        sales.push(id(&crm.make("opportunities", "opportunity", sale).await));
    }
    assert_eq!(crm.delete(&format!("/parties/{}", party["id"])).await.status, 204);
    let deliveries = crm.sandbox.take_deliveries().await;
    let told: Vec<Vec<i64>> =
        deliveries.iter().map(|delivery| rows(&delivery.body["payload"]).iter().map(id).collect()).collect();
    assert_eq!(told, [sales.clone(), vec![sales[0]], vec![sales[1]]]);
}

#[tokio::test]
async fn a_subscriber_that_does_not_answer_is_noted() {
    let crm = Crm::start().await;
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let gone = format!("http://{}/", closed.local_addr().expect("an address"));
    drop(closed);
    for url in [gone.as_str(), "https://a.example/"] {
        subscribe(&crm, json!({ "event": "party/created", "targetUrl": url })).await;
    }
    crm.create(json!({ "type": "person", "firstName": "Ann" })).await;
    let deliveries = crm.sandbox.take_deliveries().await;
    assert_eq!(deliveries.iter().map(|delivery| delivery.status).collect::<Vec<_>>(), [None, None]);
}

#[tokio::test]
async fn a_reset_ends_subscriptions() {
    let crm = Crm::start().await;
    let (url, _) = receiver().await;
    subscribe(&crm, json!({ "event": "party/created", "targetUrl": url })).await;
    crm.sandbox.reset();
    crm.create(json!({ "type": "person", "firstName": "Ann" })).await;
    assert!(crm.sandbox.take_deliveries().await.is_empty());
}
