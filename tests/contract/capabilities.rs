use serde_json::{Value, json};

use crate::support::app::TestApp;

async fn of_account(app: &TestApp, query: &str) -> Value {
    app.gateway.get(&format!("/integrated-account/{}/capabilities{query}", app.account)).await.ok()
}

fn unified<'a>(found: &'a Value, resource: &str) -> &'a Value {
    let entries = found["unified"].as_array().unwrap();
    entries.iter().find(|entry| entry["resource"] == resource).unwrap_or(&Value::Null)
}

fn proxy<'a>(found: &'a Value, resource: &str, method: &str) -> &'a Value {
    let entries = found["proxy"].as_array().unwrap();
    let entry = entries.iter().find(|entry| entry["resource"] == resource).unwrap();
    entry["methods"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["method"] == method)
        .unwrap_or(&Value::Null)
}

#[tokio::test]
async fn an_integration_is_found_by_name_and_by_id() {
    let app = TestApp::start().await;
    let by_name = app.gateway.get("/integration/capsule/capabilities").await.ok();
    let id = by_name["integration"]["id"].as_str().unwrap();
    let by_id = app.gateway.get(&format!("/integration/{id}/capabilities")).await.ok();
    assert_eq!(by_name, by_id);
    let integration = &by_name["integration"];
    assert_eq!(
        (&integration["name"], &integration["label"], &integration["category"]),
        (&json!("capsule"), &json!("Capsule"), &json!("crm"))
    );
    assert_eq!((by_name.get("account"), by_name.get("environment_id")), (None, None));
    app.gateway.get("/integration/capsul/capabilities").await.error(404);
}

#[tokio::test]
async fn what_is_listed_is_what_a_call_is_served() {
    let app = TestApp::start().await;
    let found = of_account(&app, "").await;
    let contacts = unified(&found, "contacts");
    assert_eq!(contacts["model"], "crm");
    assert_eq!(contacts["model_label"], "Unified CRM API");
    assert_eq!(contacts["env_overridden"], false);
    assert!(contacts["docs_url"].as_str().unwrap().ends_with("/docs#crm/contacts"));
    let users = unified(&found, "users")["methods"].as_array().unwrap().clone();
    assert!(users.contains(&json!("list")) && !users.contains(&json!("delete")), "{users:?}");
    app.get("/unified/crm/users?limit=1").await.assert_status(200);
    app.delete("/unified/crm/users/1").await.error(400);
}

#[tokio::test]
async fn native_operations_have_the_names_of_tools() {
    let app = TestApp::start().await;
    let found = of_account(&app, "").await;
    let list = proxy(&found, "parties", "list");
    assert_eq!(list["name"], "list_all_capsule_parties");
    assert_eq!((&list["has_description"], &list["has_body_schema"]), (&json!(true), &json!(false)));
    assert!(list["description"].as_str().is_some_and(|text| !text.is_empty()));
    let create = proxy(&found, "parties", "create");
    assert_eq!(
        (&create["name"], &create["has_body_schema"]),
        (&json!("create_a_capsule_party"), &json!(true))
    );
    let score = found["ai_readiness"]["ai_ready_score"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&score));
}

#[tokio::test]
async fn an_account_shows_its_state_and_no_secret() {
    let app = TestApp::start().await;
    let found = of_account(&app, "").await;
    assert_eq!(
        found["account"],
        json!({ "id": app.account, "status": "active", "authentication_method": "api_key", "is_blocked": false })
    );
    assert_eq!(found["environment_id"], json!(app.environment().await));
    assert_eq!(found["auth"]["formats"], json!(["oauth2", "api_key"]));
    assert_eq!(found["auth"]["fields"][0]["type"], "password");
    assert!(!found.to_string().contains(unicrm::sandbox::CAPSULE_TOKEN));
}

#[tokio::test]
async fn the_answer_is_narrowed_as_asked() {
    let app = TestApp::start().await;
    let only_unified = of_account(&app, "?type=unified").await;
    assert_eq!(only_unified["proxy"], json!([]));
    assert_ne!(only_unified["unified"], json!([]));
    let only_proxy = of_account(&app, "?type=proxy&methods=list,get").await;
    assert_eq!(only_proxy["unified"], json!([]));
    for resource in only_proxy["proxy"].as_array().unwrap() {
        for method in resource["methods"].as_array().unwrap() {
            assert!(["list", "get"].contains(&method["method"].as_str().unwrap()), "{method}");
        }
    }
    let one = of_account(&app, "?resource=users").await;
    assert_eq!(one["proxy"].as_array().unwrap().len(), 1);
    assert!(one["unified"].as_array().unwrap().iter().all(|entry| entry["resource"] == "users"));
    let wide = of_account(&app, "?has_description=false").await;
    assert_eq!(wide["proxy"], of_account(&app, "").await["proxy"]);
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let app = TestApp::start().await;
    let path = format!("/integrated-account/{}/capabilities", app.account);
    app.gateway.get(&format!("{path}?type=everything")).await.refused_fields(&["type"]);
    app.gateway.get(&format!("{path}?resources=users")).await.refused_fields(&["resources"]);
    app.gateway.get("/integrated-account/capsule/capabilities").await.error(404);
    app.gateway.with_token(None).get(&path).await.error(401);
    let (_, other) = app.another_environment("other").await;
    other.get(&path).await.error(404);
}

#[tokio::test]
async fn an_override_of_the_environment_is_told() {
    let app = TestApp::start().await;
    let installed = app.gateway.get("/environment-unified-model?unified_model.name=crm").await.result();
    let row = json!({
        "environment_unified_model_id": installed[0]["id"],
        "resource_name": "contacts",
        "integration_name": "capsule",
        "method_name": "list",
        "config": { "response_mapping": "{ 'id': response.id }" },
    });
    app.gateway.post("/environment-unified-model-resource-method", &row).await.ok();
    let found = of_account(&app, "?type=unified").await;
    assert_eq!(unified(&found, "contacts")["env_overridden"], true);
    assert_eq!(unified(&found, "accounts")["env_overridden"], false);
    let general = app.gateway.get("/integration/capsule/capabilities").await.ok();
    assert_eq!(unified(&general, "contacts")["env_overridden"], false);
}
