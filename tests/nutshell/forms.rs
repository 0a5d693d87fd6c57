//! The form for the web: sent to the account's own address, which is held to Nutshell's domain.

use http::StatusCode;
use serde_json::{Value, json};
use unicrm::sandbox::{Fault, Kind, NUTSHELL_FORM_KEY, NUTSHELL_KEY, NUTSHELL_USERNAME};

use crate::support::app::{Setup, TestApp};
use crate::support::log;

async fn start() -> TestApp {
    TestApp::with(Setup { provider: "nutshell", ..Setup::default() }).await
}

fn login(address: &Value) -> Value {
    json!({ "context": { "username": NUTSHELL_USERNAME, "api_key": NUTSHELL_KEY, "form_url": address } })
}

async fn give_address(app: &TestApp, address: &str) {
    let credentials = format!("/integrated-account/{}/credentials", app.account);
    app.gateway.patch(&credentials, &login(&json!(address))).await.ok();
}

fn address() -> String {
    format!("https://app.nutshell.com/form/{NUTSHELL_FORM_KEY}")
}

fn form() -> Value {
    json!({
        "successUrl": "https://shop.example/thanks?for=all",
        "account": { "name": "Brook & Söhne", "phone": "+15550104444" },
        "contact": { "name": "Rita Brook", "email": "rita@brook.example" },
        "sources": ["Web"], "note": "Please call", "confidence": 40, "isPending": true, "tags": null,
    })
}

#[tokio::test]
async fn a_form_becomes_a_lead_with_whom_it_is_from() {
    let app = start().await;
    give_address(&app, &address()).await;
    app.post("/proxy/web_leads", &form()).await.assert_status(200);
    let calls = app.vendor_calls();
    let sent = calls.iter().find(|call| call.path.starts_with("/form/")).expect("a form");
    assert_eq!(sent.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert!(!sent.is_authorized(), "the credential stays here");
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(&sent.body).into_owned().collect();
    for (name, value) in [
        ("contact[name]", "Rita Brook"),
        ("account[name]", "Brook & Söhne"),
        ("sources[]", "Web"),
        ("confidence", "40"),
        ("isPending", "true"),
    ] {
        assert!(fields.contains(&(name.to_owned(), value.to_owned())), "{name} in {fields:?}");
    }
    assert!(!fields.iter().any(|(name, _)| name == "tags"), "{fields:?}");
    let leads = app.get("/unified/crm/leads?status=pending&limit=100").await.result();
    let lead = leads.last().expect("a lead");
    assert_eq!((&lead["probability"], &lead["contacts"][0]["name"]), (&json!(40), &json!("Rita Brook")));
    let company = lead["account"]["id"].as_str().expect("a company");
    let company = app.get(&format!("/unified/crm/accounts/{company}")).await.ok();
    assert_eq!(company["name"], "Brook & Söhne");
}

#[tokio::test]
async fn without_an_address_the_caller_is_told_what_to_set() {
    let app = start().await;
    let body = app.post("/proxy/web_leads", &form()).await.local_error(400);
    let message = body["message"].as_str().expect("a message");
    for word in ["form_url", "/credentials", "Setup"] {
        assert!(message.contains(word), "{message}");
    }
    give_address(&app, &address()).await;
    app.sandbox().recorder().clear();
    let mut bare = form();
    bare["successUrl"] = Value::Null;
    app.post("/proxy/web_leads", &bare).await.refused_fields(&["successUrl"]);
    assert!(app.vendor_calls().is_empty());
}

#[tokio::test]
async fn another_key_leaves_the_address_and_null_takes_it_out() {
    let app = start().await;
    give_address(&app, &address()).await;
    let credentials = format!("/integrated-account/{}/credentials", app.account);
    let key = json!({ "context": { "username": "millbrook.example", "api_key": NUTSHELL_KEY } });
    app.gateway.patch(&credentials, &key).await.ok();
    app.post("/proxy/web_leads", &form()).await.assert_status(200);
    app.gateway.patch(&credentials, &login(&Value::Null)).await.ok();
    app.post("/proxy/web_leads", &form()).await.local_error(400);
}

#[tokio::test]
async fn an_account_can_not_aim_the_gateway_elsewhere() {
    let app = start().await;
    let credentials = format!("/integrated-account/{}/credentials", app.account);
    let before = app.shown_account().await;
    for astray in [
        json!("http://app.nutshell.com/form/x"),
        json!("https://evil.example/form/x"),
        json!("https://evilnutshell.com/form/x"),
        json!("https://nutshell.com.evil.example/x"),
        json!("https://you@app.nutshell.com/form/x"),
        json!("https://app.nutshell.com:8443/form/x"),
        json!("http://127.0.0.1:5432/"),
        json!("not a URL"),
        json!(7),
    ] {
        let refused = app.gateway.patch(&credentials, &login(&astray)).await;
        refused.refused_fields(&["context.form_url"]);
        let import = app.import("nutshell", "api_key", login(&astray)["context"].clone()).await;
        import.refused_fields(&["context.form_url"]);
    }
    assert_eq!(app.shown_account().await["status"], before["status"]);
}

#[tokio::test]
async fn only_a_redirect_to_where_the_form_said_is_success() {
    let app = start().await;
    give_address(&app, "https://app.nutshell.com/form/unknown").await;
    app.post("/proxy/web_leads", &form()).await.error(502);
    give_address(&app, &address()).await;
    let elsewhere = Fault::new(Kind::Status(StatusCode::FOUND))
        .header(http::header::LOCATION, http::HeaderValue::from_static("https://app.nutshell.com/login"));
    app.sandbox().faults().add(elsewhere.under("/form").times(1));
    app.post("/proxy/web_leads", &form()).await.error(502);
    app.sandbox().faults().add(Fault::new(Kind::Html(StatusCode::OK)).under("/form").times(1));
    app.post("/proxy/web_leads", &form()).await.error(502);
    assert_eq!(app.shown_account().await["status"], "active");
    // The API goes on with the account's own credential.
    app.get("/unified/crm/users?limit=1").await.ok();
}

#[tokio::test]
async fn the_address_is_kept_like_a_key() {
    log::capture();
    let app = start().await;
    give_address(&app, &address()).await;
    app.post("/proxy/web_leads", &form()).await.assert_status(200);
    app.gateway.get("/integrated-account").await.ok();
    app.sandbox().faults().add(Fault::new(Kind::HangUp).under("/form").times(1));
    app.post("/proxy/web_leads", &form()).await.error(502);
    assert!(!app.gateway.transcript().contains(NUTSHELL_FORM_KEY));
    assert!(!log::lines().contains(NUTSHELL_FORM_KEY));
    assert_eq!(app.shown_account().await["context"].get("form_url"), None);
}
