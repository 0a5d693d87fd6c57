use serde_json::{Value, json};

use crate::support::app::TestApp;

fn names(schema: &Value) -> Vec<&str> {
    schema["properties"].as_object().map_or_else(Vec::new, |it| it.keys().map(String::as_str).collect())
}

#[tokio::test]
async fn a_method_is_described_as_the_account_is_served_it() {
    let app = TestApp::start().await;
    let found = app.get("/unified/crm/contacts/meta/list").await.ok();
    let keys: Vec<&String> = found.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "method",
            "schema",
            "documentation_link",
            "response_mapping",
            "query_schema",
            "request_body_schema",
            "default_query",
            "default_body"
        ]
    );
    assert_eq!(found["method"], "list");
    assert_eq!(found["schema"]["properties"]["id"]["required"], true);
    assert_eq!(found["schema"]["properties"]["first_name"]["required"], false);
    assert!(found["response_mapping"].as_str().unwrap().contains("first_name"));
    assert_eq!(found["request_body_schema"], Value::Null);
    assert_eq!(found["default_query"]["embed"], "tags,fields");
}

#[tokio::test]
async fn every_parameter_that_is_described_is_taken_and_no_other() {
    let app = TestApp::start().await;
    let found = app.get("/unified/crm/contacts/meta/list").await.ok();
    let described = names(&found["query_schema"]);
    assert!(described.contains(&"owner") && described.contains(&"email_addresses"), "{described:?}");
    app.get("/unified/crm/contacts?owner[id]=1").await.assert_status(200);
    assert!(!described.contains(&"workspace"), "{described:?}");
    app.get("/unified/crm/contacts?workspace[id]=1").await.refused_fields(&["workspace[id]"]);
}

#[tokio::test]
async fn a_write_is_described_with_the_fields_that_the_provider_stores() {
    let app = TestApp::start().await;
    let found = app.get("/unified/crm/contacts/meta/create").await.ok();
    let fields = names(&found["request_body_schema"]);
    assert!(fields.contains(&"first_name") && fields.contains(&"remote_data"), "{fields:?}");
    assert!(!fields.contains(&"id") && !fields.contains(&"etag"), "{fields:?}");
}

#[tokio::test]
async fn without_an_account_the_model_itself_is_described() {
    let app = TestApp::start().await;
    let found = app.gateway.get("/unified/crm/contacts/meta/list").await.ok();
    assert!(names(&found["query_schema"]).contains(&"workspace"));
    assert_eq!(found["response_mapping"], Value::Null);
    let merge = app.gateway.get("/unified/crm/contacts/meta/merge").await.ok();
    assert_eq!(names(&merge["request_body_schema"]), ["master_record", "duplicate_records"]);
    assert_eq!(merge["request_body_schema"]["properties"]["master_record"]["required"], true);
}

#[tokio::test]
async fn an_integration_is_described_without_an_account() {
    let app = TestApp::start().await;
    let found = app.gateway.get("/unified/crm/contacts/capsule/meta/list").await.ok();
    let filled = names(&found["response_schema"]);
    assert!(filled.contains(&"first_name") && filled.contains(&"email_addresses"), "{filled:?}");
    let all = names(&found["schema"]);
    assert!(filled.iter().all(|name| all.contains(name)) && filled.len() < all.len(), "{filled:?}");
    let delete = app.gateway.get("/unified/crm/contacts/capsule/meta/delete").await.ok();
    assert_eq!(names(&delete["response_schema"]), ["id"]);
}

#[tokio::test]
async fn what_an_account_overrides_is_in_its_description() {
    let app = TestApp::start().await;
    let overrides =
        json!({ "crm": { "contacts": { "list": { "response_mapping": "{ 'id': response.id }" } } } });
    let account = format!("/integrated-account/{}", app.account);
    app.gateway.patch(&account, &json!({ "unified_model_override": overrides })).await.ok();
    for path in ["/unified/crm/contacts/meta/list", "/unified/crm/contacts/capsule/meta/list"] {
        assert_eq!(app.get(path).await.ok()["response_mapping"], "{ 'id': response.id }", "{path}");
    }
    let shipped = app.gateway.get("/unified/crm/contacts/capsule/meta/list").await.ok();
    assert_ne!(shipped["response_mapping"], "{ 'id': response.id }");
}

#[tokio::test]
async fn what_does_not_exist_is_named() {
    let app = TestApp::start().await;
    for path in [
        "/unified/crm/contact/meta/list",
        "/unified/cmr/contacts/meta/list",
        "/unified/crm/contacts/meta/lists",
        "/unified/crm/contacts/hubspot/meta/list",
        "/unified/meta/crm/hubspot",
        "/unified/meta/cmr/capsule",
    ] {
        app.gateway.get(path).await.local_error(404);
    }
    let refused = app.gateway.get("/unified/crm/users/capsule/meta/delete").await.local_error(400);
    assert!(refused["message"].as_str().unwrap().contains("Capsule does not support delete"), "{refused}");
    app.gateway.get("/unified/meta/crm/capsule?format=pdf").await.refused_fields(&["format"]);
    app.gateway.with_token(None).get("/unified/meta/crm/capsule").await.error(401);
}

#[tokio::test]
async fn a_records_id_may_be_the_word_meta() {
    let app = TestApp::start().await;
    app.get("/unified/crm/contacts/meta").await.local_error(404);
    app.gateway.post("/unified/crm/contacts/meta/list", &json!({})).await.local_error(405);
}

#[tokio::test]
async fn the_guide_tells_how_to_connect_and_what_is_served() {
    let app = TestApp::start().await;
    let guide = app.gateway.get("/unified/meta/crm/capsule").await.ok();
    for list in ["pricing_plan", "user_role", "scopes"] {
        assert!(guide[list].is_array(), "{list}");
    }
    assert_eq!(guide["scopes"], json!(["read", "write"]));
    assert!(guide["instructions"].as_str().unwrap().contains("API Authentication Tokens"));
    let users = &guide["resources"]["users"];
    assert!(users["methods"]["list"]["query_schema"].is_object(), "{users}");
    assert!(users["unsupported"]["delete"].as_str().unwrap().contains("can't remove users"));
    let environment = app.environment().await;
    app.gateway.get(&format!("/unified/meta/crm/capsule?environment_id={environment}")).await.ok();
    let other = "/unified/meta/crm/capsule?environment_id=00000000-0000-4000-8000-000000000000";
    app.gateway.get(other).await.refused_fields(&["environment_id"]);
}

#[tokio::test]
async fn the_guide_is_written_for_people_too() {
    let app = TestApp::start().await;
    let markdown = app.gateway.get("/unified/meta/crm/capsule?format=md").await;
    assert_eq!(markdown.header("content-type"), "text/markdown; charset=utf-8");
    assert!(markdown.text().starts_with("# Unified CRM API with Capsule\n"));
    assert!(markdown.text().contains("| `first_name` | string |"));
    let page = app.gateway.get("/unified/meta/crm/capsule?format=html").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    assert!(page.text().starts_with("<!doctype html>"));
    assert!(page.text().contains("<code>first_name</code>"));
    assert!(!page.text().contains("<script"));
}
