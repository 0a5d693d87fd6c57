//! Connected accounts: importing, changing, reconnecting, deleting.

use serde_json::{Value, json};
use unicrm::sandbox::CAPSULE_TOKEN;

use crate::support::app::{AccountSetup, Setup, TestApp};

async fn bare() -> TestApp {
    TestApp::with(Setup::default().account(AccountSetup::None)).await
}

#[tokio::test]
async fn an_imported_account_is_shown_with_everything_but_its_secrets() {
    let app = bare().await;
    let context =
        json!({ "api_key": CAPSULE_TOKEN, "subdomain": "fernhill", "custom": { "plan": ["gold", 7] } });
    let account = app.import("capsule", "api_key", context).await.ok();
    let keys: Vec<&String> = account.as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        [
            "id",
            "tenant_id",
            "environment_id",
            "environment_integration_id",
            "status",
            "is_sandbox",
            "authentication_method",
            "region",
            "context",
            "object_store_context_fields",
            "unified_model_override",
            "integration_override",
            "last_error",
            "last_forbidden_error",
            "integration",
            "environment_integration",
            "created_at",
            "updated_at",
        ]
    );
    assert_eq!(account["context"], json!({ "subdomain": "fernhill", "custom": { "plan": ["gold", 7] } }));
    assert_eq!((&account["status"], &account["tenant_id"]), (&json!("active"), &json!("customer-1")));
    assert_eq!(account["integration"]["name"], "capsule");
    let path = format!("/integrated-account/{}", account["id"].as_str().expect("an id"));
    assert_eq!(app.gateway.get(&path).await.ok(), account);
    assert_eq!(app.gateway.get("/integrated-account").await.result(), [account]);
}

#[tokio::test]
async fn an_import_that_could_never_work_is_refused_with_the_field_that_is_wrong() {
    let app = bare().await;
    let good = json!({
        "tenant_id": "customer-1",
        "environment_integration_id": app.environment_integration("capsule").await,
        "authentication_method": "api_key",
        "context": { "api_key": "key" },
    });
    let oauth = |token: Value| json!({ "oauth": { "token": token } });
    let long = "x".repeat(513);
    #[rustfmt::skip]
    let cases: &[(&str, Value, &str)] = &[
        ("tenant_id", Value::Null, "tenant_id"),
        ("tenant_id", json!(7), "tenant_id"),
        ("tenant_id", json!("  "), "tenant_id"),
        ("tenant_id", json!(long), "tenant_id"),
        ("tenant_id", json!("nul\u{0}byte"), "tenant_id"),
        ("environment_integration_id", Value::Null, "environment_integration_id"),
        ("environment_integration_id", json!("capsule"), "environment_integration_id"),
        ("environment_integration_id", json!("00000000-0000-0000-0000-000000000000"), "environment_integration_id"),
        ("authentication_method", Value::Null, "authentication_method"),
        ("authentication_method", json!("password"), "authentication_method"),
        ("context", Value::Null, "context"),
        ("context", json!([]), "context"),
        ("context", json!({}), "context.api_key"),
        ("context", json!({ "api_key": "" }), "context.api_key"),
        ("context", json!({ "api_key": 7 }), "context.api_key"),
        ("context", json!({ "api_key": "line\nbreak" }), "context.api_key"),
        ("context", json!({ "api_key": "clé" }), "context.api_key"),
        ("environment_id", json!("00000000-0000-0000-0000-000000000000"), "environment_id"),
        ("tenant", json!("customer-1"), "tenant"),
    ];
    for (member, value, field) in cases {
        let mut body = good.clone();
        body[*member] = value.clone();
        app.gateway.post("/integrated-account", &body).await.refused_fields(&[field]);
    }
    #[rustfmt::skip]
    let tokens: &[(Value, &str)] = &[
        (json!({}), "context.oauth.token"),
        (oauth(json!({})), "context.oauth.token.access_token"),
        (oauth(json!({ "access_token": 1 })), "context.oauth.token.access_token"),
        (oauth(json!({ "access_token": "a", "refresh_token": "b\r\nc" })), "context.oauth.token.refresh_token"),
        (oauth(json!({ "access_token": "a", "expires_in": "soon" })), "context.oauth.token.expires_in"),
        (oauth(json!({ "access_token": "a", "expires_in": [1] })), "context.oauth.token.expires_in"),
    ];
    for (context, field) in tokens {
        app.import("capsule", "oauth2", context.clone()).await.refused_fields(&[field]);
    }
    assert_eq!(app.gateway.get("/integrated-account").await.result(), Vec::<Value>::new());
    app.gateway.post("/integrated-account", &good).await.ok();
}

#[tokio::test]
async fn a_misspelt_field_of_an_import_is_refused_with_the_nearest() {
    let app = bare().await;
    let body = app.gateway.post("/integrated-account", &json!({ "tenantid": "x" })).await;
    let body = body.refused_fields(&["tenantid"]);
    assert!(body["message"].as_str().is_some_and(|text| text.contains("did you mean tenant_id?")), "{body}");
}

#[tokio::test]
async fn accounts_are_filtered() {
    let app = TestApp::start().await;
    let nutshell = json!({ "username": "someone@example.com", "api_key": "key" });
    app.import("nutshell", "api_key", nutshell).await.ok();
    let environment = app.environment().await;
    for (query, count) in [
        ("tenant_id=customer-1", 2),
        ("tenant_id=customer-2", 0),
        ("status=active", 2),
        ("status=needs_reauth", 0),
        ("integration.name=nutshell", 1),
        ("integration.name=nimble", 0),
        ("is_sandbox=false", 2),
        ("is_sandbox=true", 0),
        (&format!("environment_id={environment}"), 2),
        ("environment_id=00000000-0000-0000-0000-000000000000", 0),
        ("tenant_id=customer-1&integration.name=capsule&status=active", 1),
    ] {
        let path = format!("/integrated-account?{query}");
        assert_eq!(app.gateway.get(&path).await.result().len(), count, "{query}");
    }
    for (query, field) in [
        ("status=broken", "status"),
        ("is_sandbox=maybe", "is_sandbox"),
        ("tenantid=1", "tenantid"),
        ("tenant_id[]=1", "tenant_id"),
    ] {
        app.gateway.get(&format!("/integrated-account?{query}")).await.refused_fields(&[field]);
    }
}

#[tokio::test]
async fn a_context_is_changed_member_by_member() {
    let app = TestApp::start().await;
    let path = format!("/integrated-account/{}", app.account);
    let change =
        json!({ "tenant_id": "customer-9", "context": { "a": 1, "b": { "c": 2 }, "api_key": "other" } });
    let changed = app.gateway.patch(&path, &change).await.ok();
    assert_eq!(changed["context"], json!({ "a": 1, "b": { "c": 2 } }));
    assert_eq!(changed["tenant_id"], "customer-9");
    let changed = app.gateway.patch(&path, &json!({ "context": { "a": null, "d": [] } })).await.ok();
    assert_eq!(changed["context"], json!({ "b": { "c": 2 }, "d": [] }));
    // A secret is changed with the credentials and nowhere else: the account still works with the one it had.
    app.get("/unified/crm/users").await.ok();
    assert!(app.vendor_calls()[0].bears(CAPSULE_TOKEN));
    for (field, value) in [
        ("status", json!("active")),
        ("id", json!("x")),
        ("tenant_id", json!(1)),
        ("context", json!("x")),
        ("integration_override", json!({ "base_url": "https://elsewhere.example" })),
        ("unified_model_override", json!("x")),
    ] {
        app.gateway.patch(&path, &json!({ field: value })).await.refused_fields(&[field]);
    }
    let change = json!({ "unified_model_override": { "crm": { "contacts": { "brew": {} } } } });
    let field = "unified_model_override.crm.contacts.brew";
    app.gateway.patch(&path, &change).await.refused_fields(&[field]);
}

#[tokio::test]
async fn an_account_that_must_be_connected_again_is_active_with_new_credentials() {
    let app = TestApp::start().await;
    app.sandbox().revoke_all();
    app.get("/unified/crm/contacts").await.remote_error(401);
    let account = app.shown_account().await;
    assert_eq!(account["status"], "needs_reauth");
    let path = format!("/integrated-account/{}/credentials", app.account);
    for (context, field) in [
        (json!({}), "context.api_key"),
        (json!({ "api_key": "" }), "context.api_key"),
        (json!([]), "context"),
    ] {
        app.gateway.patch(&path, &json!({ "context": context })).await.refused_fields(&[field]);
    }
    app.gateway.patch(&path, &json!({})).await.refused_fields(&["context"]);
    assert_eq!(app.shown_account().await["status"], "needs_reauth");
    app.sandbox().reset();
    let again = app.gateway.patch(&path, &json!({ "context": { "api_key": CAPSULE_TOKEN } })).await.ok();
    assert_eq!((&again["status"], &again["last_error"]), (&json!("active"), &Value::Null));
    app.get("/unified/crm/contacts?limit=1").await.ok();
}

#[tokio::test]
async fn a_deleted_account_is_gone_with_its_credential() {
    let app = TestApp::start().await;
    app.get("/unified/crm/users").await.ok();
    let path = format!("/integrated-account/{}", app.account);
    assert_eq!(app.gateway.delete(&path).await.ok(), json!({ "id": app.account }));
    app.get("/unified/crm/users").await.local_error(404);
    app.gateway.get(&path).await.local_error(404);
    app.gateway.delete(&path).await.local_error(404);
    app.gateway.patch(&path, &json!({ "tenant_id": "x" })).await.local_error(404);
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM credential")
        .fetch_one(&mut app.database.connect().await)
        .await
        .expect("a count");
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_call_names_its_account_by_id() {
    let app = TestApp::start().await;
    for query in [
        "",
        "integrated_account_id=",
        "integrated_account_id=1",
        "integrated_account_id[]=a&integrated_account_id[]=b",
    ] {
        for path in ["/unified/crm/contacts", "/proxy/parties"] {
            app.gateway.get(&format!("{path}?{query}")).await.refused_fields(&["integrated_account_id"]);
        }
    }
    let unknown = "integrated_account_id=00000000-0000-0000-0000-000000000000";
    app.gateway.get(&format!("/unified/crm/contacts?{unknown}")).await.local_error(404);
}
