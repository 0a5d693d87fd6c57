use serde_json::{Value, json};

use crate::support::app::{TestApp, eventually};

const CONTACTS: &str = "/unified/crm/contacts";
const ROWS: &str = "/environment-unified-model-resource-method";

async fn override_account(app: &TestApp, overrides: Value) -> crate::support::client::Reply {
    let path = format!("/integrated-account/{}", app.account);
    app.gateway.patch(&path, &json!({ "unified_model_override": overrides })).await
}

fn mapping(method: &str, config: Value) -> Value {
    json!({ "crm": { "contacts": { method: config } } })
}

async fn installed_model(app: &TestApp, name: &str) -> String {
    let found =
        app.gateway.get(&format!("/environment-unified-model?unified_model.name={name}")).await.result();
    found[0]["id"].as_str().expect("an id").to_owned()
}

async fn add_row(app: &TestApp, method: &str, config: Value) -> crate::support::client::Reply {
    let row = json!({
        "environment_unified_model_id": installed_model(app, "crm").await,
        "resource_name": "contacts",
        "integration_name": "capsule",
        "method_name": method,
        "config": config,
    });
    app.gateway.post(ROWS, &row).await
}

#[tokio::test]
async fn one_patch_adds_a_field_to_one_customers_contacts() {
    let app = TestApp::start().await;
    let config = json!({ "response_mapping": "$merge([base, {'salutation': response.title}])" });
    override_account(&app, mapping("list", config)).await.ok();
    let record = &app.get(&format!("{CONTACTS}?limit=1")).await.result()[0];
    assert!(record.get("salutation").is_some(), "{record}");
    assert!(record["id"].is_string() && record["created_at"].is_string());

    let switched_on = app.environment_integration("capsule").await;
    let other = json!({
        "tenant_id": "customer-2",
        "environment_integration_id": switched_on,
        "authentication_method": "api_key",
        "context": { "api_key": unicrm::sandbox::CAPSULE_TOKEN },
    });
    let other = app.gateway.post("/integrated-account", &other).await.ok();
    let path = format!("{CONTACTS}?limit=1&integrated_account_id={}", other["id"].as_str().unwrap());
    assert!(
        app.gateway.get(&path).await.result()[0].get("salutation").is_none(),
        "another customer's stay as they are"
    );
}

#[tokio::test]
async fn null_takes_an_override_back() {
    let app = TestApp::start().await;
    let config = json!({ "response_mapping": "{'id': response.id, 'name': 'overridden'}" });
    override_account(&app, mapping("list", config)).await.ok();
    assert_eq!(app.get(&format!("{CONTACTS}?limit=1")).await.result()[0]["name"], "overridden");
    let shown = override_account(&app, json!({ "crm": { "contacts": null } })).await.ok();
    assert_eq!(shown["unified_model_override"], json!({ "crm": {} }));
    assert_ne!(app.get(&format!("{CONTACTS}?limit=1")).await.result()[0]["name"], "overridden");
}

#[tokio::test]
async fn a_mistake_in_an_expression_is_refused_when_it_is_stored_with_line_and_column() {
    let app = TestApp::start().await;
    let config =
        json!({ "response_mapping": "{\n  'id': response.id,\n  'name': $uppercase(response.name\n}" });
    let error = override_account(&app, mapping("list", config)).await.error(400);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("line 4") && message.contains("column"), "{message}");
    assert_eq!(app.shown_account().await["unified_model_override"], json!({}));
}

#[tokio::test]
async fn an_override_that_means_nothing_is_refused_by_name() {
    let app = TestApp::start().await;
    let refused = [
        (mapping("list", json!({ "respons_mapping": "1" })), "respons_mapping"),
        (mapping("lst", json!({})), "lst"),
        (mapping("list", json!({ "resource": "partys" })), "partys"),
        (mapping("list", json!({ "filters": ["shoe_size"] })), "shoe_size"),
        (mapping("list", json!({ "query_schema": { "type": "thing" } })), "thing"),
        (json!({ "crm": { "contatcs": { "list": {} } } }), "contatcs"),
        (json!({ "crm": 1 }), "unified_model_override.crm"),
        (json!({ "crm": { "contacts": { "list": "x" } } }), "unified_model_override.crm.contacts.list"),
    ];
    for (overrides, named) in refused {
        let reply = override_account(&app, overrides).await;
        assert!((400..=404).contains(&reply.status), "{named}: {}", reply.text());
        assert!(reply.text().contains(named), "{named}: {}", reply.text());
    }
}

#[tokio::test]
async fn an_environments_row_lies_under_an_accounts_override() {
    let app = TestApp::start().await;
    let row = add_row(&app, "list", json!({ "response_mapping": "$merge([base, {'from': 'environment'}])" }))
        .await
        .ok();
    assert_eq!(app.get(&format!("{CONTACTS}?limit=1")).await.result()[0]["from"], "environment");
    let config = json!({ "response_mapping": "$merge([base, {'from': 'account'}])" });
    override_account(&app, mapping("list", config)).await.ok();
    assert_eq!(app.get(&format!("{CONTACTS}?limit=1")).await.result()[0]["from"], "account");
    override_account(&app, json!({ "crm": null })).await.ok();
    app.gateway.delete(&format!("{ROWS}/{}", row["id"].as_str().unwrap())).await.ok();
    assert!(app.get(&format!("{CONTACTS}?limit=1")).await.result()[0].get("from").is_none());
}

#[tokio::test]
async fn an_override_can_add_parameters_and_fields_of_its_own() {
    let app = TestApp::start().await;
    let body = "{'filter': {'conditions': [{'field': 'type', 'operator': 'is', 'value': 'person'}, \
                query.city ? {'field': 'city', 'operator': 'is', 'value': query.city}]}}";
    let config = json!({
        "query_schema": { "type": "object", "properties": { "city": { "type": "string", "description": "The city." } } },
        "request_body_mapping": body,
    });
    override_account(&app, mapping("list", config)).await.ok();
    let found = app.get(&format!("{CONTACTS}?city=Leeds")).await.result();
    let in_city =
        |record: &Value| record["addresses"].as_array().unwrap().iter().any(|at| at["city"] == "Leeds");
    assert!(found.iter().all(in_city));
    app.get(&format!("{CONTACTS}?town=Leeds")).await.refused_fields(&["town"]);

    let config = json!({
        "request_body_schema": { "type": "object", "properties": { "about": { "type": "string" } } },
        "request_body_mapping": "{'party': {'type': 'person', 'firstName': body.first_name, 'about': body.about}}",
    });
    override_account(&app, mapping("create", config)).await.ok();
    let created = app.post(CONTACTS, &json!({ "first_name": "Ada", "about": "Countess" })).await.ok();
    assert_eq!(created["remote_data"]["about"], "Countess");
}

#[tokio::test]
async fn another_gateway_learns_of_an_override_by_itself() {
    let app = TestApp::start().await;
    let other = app.another_gateway().await;
    let path = app.path(&format!("{CONTACTS}?limit=1"));
    assert!(other.client.get(&path).await.result()[0].get("from").is_none());
    add_row(&app, "list", json!({ "response_mapping": "$merge([base, {'from': 'environment'}])" }))
        .await
        .ok();
    eventually("the other gateway uses the row", async || {
        other.client.get(&path).await.result()[0].get("from").is_some()
    })
    .await;
}

#[tokio::test]
async fn a_rows_version_guards_against_lost_changes() {
    let app = TestApp::start().await;
    let row = add_row(&app, "list", json!({ "query": { "embed": "tags" } })).await.ok();
    let path = format!("{ROWS}/{}", row["id"].as_str().unwrap());
    let changed =
        app.gateway.patch(&path, &json!({ "version": 1, "config": { "query": { "x": "1" } } })).await.ok();
    assert_eq!(changed["config"], json!({ "query": { "embed": "tags", "x": "1" } }));
    assert_eq!(changed["version"], 2);
    app.gateway.patch(&path, &json!({ "version": 1, "config": {} })).await.error(409);
    let removed = app.gateway.patch(&path, &json!({ "config": { "query": { "x": null } } })).await.ok();
    assert_eq!(removed["config"], json!({ "query": { "embed": "tags" } }));
    add_row(&app, "list", json!({})).await.error(409);
}

#[tokio::test]
async fn rows_of_another_environment_are_out_of_reach() {
    let app = TestApp::start().await;
    let row = add_row(&app, "list", json!({})).await.ok();
    let (_, other) = app.another_environment("other").await;
    let path = format!("{ROWS}/{}", row["id"].as_str().unwrap());
    other.get(&path).await.error(404);
    other.delete(&path).await.error(404);
    other.patch(&path, &json!({ "config": {} })).await.error(404);
    assert!(other.get(ROWS).await.result().is_empty());
}

#[tokio::test]
async fn a_mapping_that_fails_on_a_record_is_an_error_that_names_it() {
    let app = TestApp::start().await;
    let config = json!({ "response_mapping": "{'id': response.id, 'created_at': 'yesterday'}" });
    override_account(&app, mapping("list", config)).await.ok();
    let error = app.get(&format!("{CONTACTS}?limit=1")).await.error(500);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("created_at") && message.contains("record 2"), "{message}");
}

#[tokio::test]
async fn a_mapping_that_takes_its_time_is_computed_to_its_end() {
    let app = TestApp::start().await;
    let id = app.get(&format!("{CONTACTS}?limit=1")).await.result()[0]["id"].as_str().unwrap().to_owned();
    // Longer than the thread that serves the call may take for it, and shorter than the limit.
    let config = json!({
        "before": [{ "name": "sum", "type": "transform", "config": { "expression": "$sum([1..5000].($ + 1))" } }],
        "response_mapping": "{ 'id': response.id, 'name': $string($sum([1..5000].($ * 2))) & '/' & $string(before.sum) }",
    });
    override_account(&app, mapping("get", config)).await.ok();
    let contact = app.get(&format!("{CONTACTS}/{id}")).await.ok();
    assert_eq!(contact["name"], "25005000/12507500");
}

#[tokio::test]
async fn a_mapping_that_never_ends_is_cut_off_and_others_do_not_notice() {
    let app = TestApp::start().await;
    let config = json!({ "response_mapping": "( $f := function($n) { $f($n + 1) }; $f(1) )" });
    override_account(&app, mapping("get", config)).await.ok();
    let id = app.get(&format!("{CONTACTS}?limit=1")).await.result()[0]["id"].as_str().unwrap().to_owned();
    let error = app.get(&format!("{CONTACTS}/{id}")).await.error(500);
    assert!(error["message"].as_str().unwrap().contains("contacts"), "{error}");
    app.get(&format!("{CONTACTS}?limit=1")).await.ok();
}
