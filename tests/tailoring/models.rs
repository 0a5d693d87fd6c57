use serde_json::{Value, json};

use crate::support::app::TestApp;

const MODELS: &str = "/unified-model";
const ROWS: &str = "/unified-model-resource-method";

fn shop() -> Value {
    json!({
        "name": "shop",
        "description": "What a shop knows of people",
        "resources": { "people": {
            "description": "A person",
            "methods": ["list", "get", "create"],
            "schema": { "type": "object", "properties": {
                "id": { "type": "string" },
                "nick": { "type": "string", "description": "What friends say" },
                "since": { "type": "string", "format": "date-time" },
            } },
        } },
    })
}

async fn add_row(app: &TestApp, model: &str, method: &str, config: Value) -> crate::support::client::Reply {
    let row = json!({
        "unified_model_id": model,
        "resource_name": "people",
        "integration_name": "capsule",
        "method_name": method,
        "config": config,
    });
    app.gateway.post(ROWS, &row).await
}

#[tokio::test]
async fn a_model_of_ones_own_is_served_like_a_shipped_one() {
    let app = TestApp::start().await;
    let model = app.gateway.post(MODELS, &shop()).await.ok();
    let model = model["id"].as_str().unwrap();
    let response = "{'id': response.id, 'nick': response.firstName, 'since': response.createdAt}";
    let list = json!({ "resource": "parties", "method": "list", "response_mapping": response });
    add_row(&app, model, "list", list).await.ok();
    let create = json!({
        "resource": "parties", "method": "create", "writes": ["nick"],
        "request_body_mapping": "{'party': {'type': 'person', 'firstName': body.nick}}",
        "response_mapping": response,
    });
    add_row(&app, model, "create", create).await.ok();

    let created =
        app.post("/unified/shop/people?truto_ignore_remote_data=true", &json!({ "nick": "Bo" })).await.ok();
    assert_eq!(created["nick"], "Bo");
    assert!(created["since"].as_str().unwrap().ends_with(".000Z"));
    let page = app.get("/unified/shop/people?limit=3").await.ok();
    assert_eq!(page["result"].as_array().unwrap().len(), 3);
    assert!(page["next_cursor"].is_string());

    let unserved = app.get("/unified/shop/people/1").await.error(400);
    assert!(unserved["message"].as_str().unwrap().contains("does not support get"), "{unserved}");
    app.get("/unified/shop/peple").await.error(404);
    app.post("/unified/shop/people", &json!({ "nik": "x" })).await.refused_fields(&["nik"]);
}

#[tokio::test]
async fn a_model_belongs_to_its_environment() {
    let app = TestApp::start().await;
    let model = app.gateway.post(MODELS, &shop()).await.ok();
    let path = format!("{MODELS}/{}", model["id"].as_str().unwrap());
    let (_, other) = app.another_environment("other").await;
    other.get(&path).await.error(404);
    other.delete(&path).await.error(404);
    assert!(other.get(&format!("{MODELS}?name=shop")).await.result().is_empty());
    app.gateway.delete(&path).await.ok();
    app.get("/unified/shop/people").await.error(404);
}

#[tokio::test]
async fn shipped_models_are_shown_and_only_overridden() {
    let app = TestApp::start().await;
    let crm = app.gateway.get(&format!("{MODELS}?name=crm")).await.result().remove(0);
    assert!(crm["resources"]["contacts"]["methods"].as_array().unwrap().contains(&json!("list")));
    let path = format!("{MODELS}/{}", crm["id"].as_str().unwrap());
    app.gateway.patch(&path, &json!({ "version": 1, "description": "mine" })).await.error(403);
    app.gateway.delete(&path).await.error(403);
    let error = add_row(&app, crm["id"].as_str().unwrap(), "list", json!({})).await.error(403);
    assert!(error["message"].as_str().unwrap().contains("environment-unified-model-resource-method"));
}

#[tokio::test]
async fn a_change_of_a_model_needs_the_version_that_was_read() {
    let app = TestApp::start().await;
    let model = app.gateway.post(MODELS, &shop()).await.ok();
    let path = format!("{MODELS}/{}", model["id"].as_str().unwrap());
    app.gateway.patch(&path, &json!({ "description": "x" })).await.refused_fields(&["version"]);
    let changed = app.gateway.patch(&path, &json!({ "version": 1, "description": "x" })).await.ok();
    assert_eq!((changed["version"].as_i64(), changed["description"].as_str()), (Some(2), Some("x")));
    app.gateway.patch(&path, &json!({ "version": 1, "description": "y" })).await.error(409);
    let resources =
        json!({ "people": null, "pets": { "schema": { "type": "object" }, "methods": ["list"] } });
    let changed = app.gateway.patch(&path, &json!({ "version": 2, "resources": resources })).await.ok();
    assert!(changed["resources"].get("people").is_none() && changed["resources"].get("pets").is_some());
}

#[tokio::test]
async fn models_that_could_not_be_served_are_refused() {
    let app = TestApp::start().await;
    for (change, field) in [
        (json!({ "name": "crm" }), "name"),
        (json!({ "name": "Shop Two" }), "name"),
        (json!({ "name": "meta" }), "name"),
        (json!({ "resources": { "people": { "methods": ["list"] } } }), "resources.people"),
        (
            json!({ "resources": { "people": { "schema": { "type": "object" }, "methods": ["dance"] } } }),
            "resources.people",
        ),
        (
            json!({ "resources": { "people": { "schema": { "type": "blob" }, "methods": ["list"] } } }),
            "resources.people",
        ),
    ] {
        let mut body = shop();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        app.gateway.post(MODELS, &body).await.refused_fields(&[field]);
    }
}

#[tokio::test]
async fn a_model_can_be_switched_off_and_on() {
    let app = TestApp::start().await;
    let crm = app.gateway.get("/environment-unified-model?unified_model.name=crm").await.result().remove(0);
    let path = format!("/environment-unified-model/{}", crm["id"].as_str().unwrap());
    let changed = app.gateway.patch(&path, &json!({ "override": { "docs": { "x": 1 } } })).await.ok();
    assert_eq!(changed["override"], json!({ "docs": { "x": 1 } }));
    app.gateway.delete(&path).await.ok();
    app.gateway.get(&path).await.error(404);
    let body = json!({ "unified_model_id": crm["unified_model_id"] });
    let again = app.gateway.post("/environment-unified-model", &body).await.ok();
    let twice = app.gateway.post("/environment-unified-model", &body).await.ok();
    assert_eq!(again["id"], twice["id"]);
}
