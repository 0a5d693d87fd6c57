//! Integrations, and which of them are switched on.

use serde_json::{Value, json};

use crate::support::app::{AccountSetup, Setup, TestApp, eventually};

async fn bare() -> TestApp {
    TestApp::with(Setup::default().account(AccountSetup::None)).await
}

#[tokio::test]
async fn integrations_are_listed_with_what_a_connect_form_needs() {
    let app = bare().await;
    let listed = app.gateway.get("/integration").await.ok();
    assert_eq!((&listed["limit"], &listed["next_cursor"]), (&json!(5000), &Value::Null));
    let names: Vec<&Value> =
        listed["result"].as_array().expect("a list").iter().map(|row| &row["name"]).collect();
    assert_eq!(names, ["capsule", "nimble", "nutshell"]);
    let capsule = &listed["result"][0];
    assert_eq!(capsule["config"]["label"], "Capsule");
    assert_eq!(capsule["config"]["credentials"]["api_key"]["config"]["fields"][0]["name"], "api_key");
    assert_eq!(capsule["installed_environment"], json!([app.environment().await]));
}

#[tokio::test]
async fn an_integration_is_read_by_name_and_by_id() {
    let app = bare().await;
    let by_name = app.gateway.get("/integration/capsule").await.ok();
    let id = by_name["id"].as_str().expect("an id");
    for path in [
        format!("/integration/{id}"),
        format!("/integrations/{id}"),
        format!("/integration/{}", id.to_uppercase()),
    ] {
        assert_eq!(app.gateway.get(&path).await.ok(), by_name, "{path}");
    }
    for missing in ["capsul", "CAPSULE", "1", "00000000-0000-0000-0000-000000000000", "%00"] {
        app.gateway.get(&format!("/integration/{missing}")).await.local_error(404);
    }
}

#[tokio::test]
async fn integrations_are_filtered() {
    let app = bare().await;
    for (query, count) in [
        ("name=capsule", 1),
        ("name=hubspot", 0),
        ("category=crm", 3),
        ("category=hris", 0),
        ("sharing=allow", 3),
        ("sharing=ask", 0),
        ("name=", 3),
        ("limit=10&next_cursor=", 3),
    ] {
        assert_eq!(app.gateway.get(&format!("/integration?{query}")).await.result().len(), count, "{query}");
    }
    let body = app.gateway.get("/integration?nam=capsule").await.refused_fields(&["nam"]);
    assert!(body["message"].as_str().is_some_and(|text| text.contains("did you mean name?")), "{body}");
    app.gateway.get("/integration?next_cursor=abc").await.refused_fields(&["next_cursor"]);
}

#[tokio::test]
async fn a_provider_that_is_switched_off_refuses_calls_until_it_is_switched_on() {
    let app = TestApp::start().await;
    let path = format!("/environment-integration/{}", app.environment_integration("capsule").await);
    let off = app.gateway.patch(&path, &json!({ "is_enabled": false })).await.ok();
    assert_eq!((&off["is_enabled"], &off["is_active"]), (&json!(false), &json!(false)));
    // The gateway learns of the change as every other process does.
    eventually("calls are refused", async || app.get("/unified/crm/users").await.status == 403).await;
    let body = app.get("/unified/crm/users").await.local_error(403);
    assert!(body["message"].as_str().is_some_and(|text| text.contains("switched off")), "{body}");
    app.import("capsule", "api_key", json!({ "api_key": "x" })).await.local_error(403);
    assert_eq!(app.shown_account().await["environment_integration"]["is_active"], false);
    app.gateway.patch(&path, &json!({ "is_enabled": true, "show_in_catalog": false })).await.ok();
    eventually("calls are served", async || app.get("/unified/crm/users").await.status == 200).await;
    assert_eq!(app.gateway.get("/environment-integration?show_in_catalog=false").await.result().len(), 1);
}

#[tokio::test]
async fn an_integration_that_is_removed_takes_its_accounts_along_and_can_come_back() {
    let app = TestApp::start().await;
    let id = app.environment_integration("capsule").await;
    let path = format!("/environment-integration/{id}");
    let integration = app.gateway.get(&path).await.ok()["integration_id"].clone();
    assert_eq!(app.gateway.delete(&path).await.ok(), json!({ "id": id }));
    app.gateway.delete(&path).await.local_error(404);
    app.gateway.get(&path).await.local_error(404);
    app.gateway.get(&format!("/integrated-account/{}", app.account)).await.local_error(404);
    eventually("calls are refused", async || app.get("/unified/crm/users").await.status == 404).await;
    assert_eq!(app.gateway.get("/integration/capsule").await.ok()["installed_environment"], json!([]));
    let body = json!({ "integration_id": integration, "is_enabled": true });
    let again = app.gateway.post("/environment-integration", &body).await.ok();
    assert_ne!(again["id"], json!(id));
    // Switching on what is on changes nothing.
    assert_eq!(app.gateway.post("/environment-integration", &body).await.ok(), again);
}

#[tokio::test]
async fn an_override_that_would_have_no_effect_is_refused() {
    let app = bare().await;
    let path = format!("/environment-integration/{}", app.environment_integration("capsule").await);
    let change = json!({ "override": { "credentials": { "x": 1 } } });
    app.gateway.patch(&path, &change).await.refused_fields(&["override.credentials.x"]);
    let change = json!({ "override": { "pagination": {} } });
    app.gateway.patch(&path, &change).await.refused_fields(&["override"]);
    app.gateway.patch(&path, &json!({ "override": {} })).await.ok();
}
