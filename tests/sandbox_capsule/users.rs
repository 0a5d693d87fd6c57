//! What users may change of themselves.

use http::Method;
use serde_json::{Value, json};
use unicrm::sandbox::CAPSULE_READONLY_TOKEN;

use crate::harness::{ADMINISTRATOR, Crm};

#[tokio::test]
async fn a_user_changes_his_own_preferences() {
    let crm = Crm::start().await;
    let path = format!("/users/{ADMINISTRATOR}");
    let change = json!({
        "locale": "es_ES",
        "currency": "EUR",
        "timezone": "Europe/Madrid",
        "taskReminder": false,
        "name": "Somebody Else",
    });
    let user = crm.put(&path, json!({ "user": change })).await.json()["user"].clone();
    for key in ["locale", "currency", "timezone", "taskReminder"] {
        assert_eq!(user[key], change[key], "{key}");
    }
    assert_eq!(user["name"], "Priya Raman");
    assert_eq!(crm.get("/users/current").await.json()["user"], user);
    let reply = crm.put(&path, json!({ "user": { "locale": "fr_FR" } })).await;
    reply.assert_invalid("user", "locale", "options are: en_US, en_GB, es_ES");
}

#[tokio::test]
async fn preferences_take_their_own_scope_and_are_nobody_elses_business() {
    let crm = Crm::start().await;
    let path = format!("/api/v2/users/{ADMINISTRATOR}");
    let change = json!({ "user": { "taskReminder": false } }).to_string();
    let (oauth, _) = crm.sandbox.issue_tokens();
    for token in [CAPSULE_READONLY_TOKEN, oauth.as_str()] {
        let reply = crm.send(Method::PUT, &path, Some(token), change.clone()).await.expect("an answer");
        assert_eq!(reply.status, 403);
        assert_eq!(reply.text(), r#"{"message":"Requires additional scope"}"#);
    }
    let other = format!("/users/{}", ADMINISTRATOR + 2);
    assert_eq!(crm.put(&other, json!({ "user": {} })).await.status, 403);
    let mine = json!({ "user": { "taskReminder": true } });
    let reply = crm.as_colleague(Method::PUT, &format!("/users/{}", ADMINISTRATOR + 1), mine).await;
    assert_eq!(reply.status, 200);
    assert_eq!(crm.put("/users/1", json!({ "user": Value::Null })).await.status, 422);
    assert_eq!(crm.put("/users/1", json!({ "user": {} })).await.status, 404);
}
