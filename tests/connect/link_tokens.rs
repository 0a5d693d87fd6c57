//! `POST /link-token`.

use serde_json::json;

use crate::support::app::{AccountSetup, Setup, TestApp};

#[tokio::test]
async fn a_token_is_made_for_a_new_account_or_for_one_that_is_there() {
    let app = TestApp::start().await;
    let new = app.gateway.post("/link-token", &json!({ "tenant_id": "customer-1" })).await.ok();
    let again = json!({ "integrated_account_id": app.account, "persist_previous_context": true });
    let again = app.gateway.post("/link-token", &again).await.ok();
    for made in [&new, &again] {
        let members: Vec<&String> = made.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["link_token"]);
        assert!(made["link_token"].as_str().expect("text").starts_with("unicrm_link_"), "{made}");
    }
    assert_ne!(new["link_token"], again["link_token"]);
    app.gateway.post("/link-token", &json!({})).await.refused_fields(&["tenant_id"]);
    let nobody = json!({ "integrated_account_id": "0190a6a2-0000-7000-8000-000000000000" });
    app.gateway.post("/link-token", &nobody).await.local_error(404);
    let (_, other) = app.another_environment("other").await;
    let theirs = json!({ "integrated_account_id": app.account });
    other.post("/link-token", &theirs).await.local_error(404);
}

#[tokio::test]
async fn models_are_named_by_either_id_alone_or_in_a_list() {
    let app = TestApp::with(Setup::default().account(AccountSetup::None)).await;
    let model = app.gateway.get("/unified-model?name=crm").await.result()[0]["id"].clone();
    let installed = app.gateway.get("/environment-unified-model").await.result()[0]["id"].clone();
    for (field, value) in [
        ("unified_model_id", model.clone()),
        ("unified_model_id", json!([model])),
        ("environment_unified_model_id", installed.clone()),
        ("environment_unified_model_id", json!([installed])),
    ] {
        app.gateway.post("/link-token", &json!({ "tenant_id": "t", field: value })).await.ok();
    }
    let unknown = json!({ "tenant_id": "t", "unified_model_id": "crm" });
    app.gateway.post("/link-token", &unknown).await.refused_fields(&["unified_model_id"]);
}

#[tokio::test]
async fn browsers_are_returned_to_allowed_origins_only() {
    let app = TestApp::with(
        Setup::default()
            .account(AccountSetup::None)
            .setting("UNICRM_CONNECT_ORIGINS", "https://app.example.com, http://localhost:3000"),
    )
    .await;
    let ask = async |uri: &str| {
        app.gateway.post("/link-token", &json!({ "tenant_id": "t", "redirect_uri": uri })).await
    };
    ask("https://app.example.com/done?from=crm").await.ok();
    ask("http://localhost:3000/").await.ok();
    for elsewhere in [
        "https://elsewhere.example/",
        "https://app.example.com.elsewhere.example/",
        "https://app.example.com@elsewhere.example/",
        "http://app.example.com/",
        "https://app.example.com:8443/",
        "javascript:alert(1)",
        "//elsewhere.example/",
        "/done",
    ] {
        ask(elsewhere).await.refused_fields(&["redirect_uri"]);
    }
    // An environment allows more for itself, and for no other.
    let (_, other) = app.another_environment("other").await;
    let id = app.environment().await;
    let change = json!({ "connect_origins": ["https://elsewhere.example"] });
    let changed = app.gateway.patch(&format!("/environment/{id}"), &change).await.ok();
    assert_eq!(changed["connect_origins"], json!(["https://elsewhere.example"]));
    ask("https://elsewhere.example/back").await.ok();
    let theirs = json!({ "tenant_id": "t", "redirect_uri": "https://elsewhere.example/back" });
    other.post("/link-token", &theirs).await.refused_fields(&["redirect_uri"]);
    let wrong = json!({ "connect_origins": ["https://elsewhere.example/path"] });
    let refused = app.gateway.patch(&format!("/environment/{id}"), &wrong).await;
    refused.refused_fields(&["connect_origins[0]"]);
}

#[tokio::test]
async fn what_would_have_no_effect_is_refused() {
    let app = TestApp::with(Setup::default().account(AccountSetup::None)).await;
    for (field, named, value) in [
        ("truto_static_gate_id", "truto_static_gate_id", json!("gate")),
        ("context", "context.oauth", json!({ "oauth": { "token": { "access_token": "x" } } })),
        ("scopes", "scopes", json!([1])),
        ("tenant", "tenant", json!("t")),
    ] {
        let body = json!({ "tenant_id": "t", field: value });
        app.gateway.post("/link-token", &body).await.refused_fields(&[named]);
    }
}
