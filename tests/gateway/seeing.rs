//! What an operator sees of a running gateway: metrics, health, readiness.

use serde_json::json;
use unicrm::sandbox::Fault;

use crate::support::app::{Setup, TestApp};

/// A gateway whose metrics can be read, and where.
async fn measured() -> (TestApp, crate::support::app::Gateway, crate::support::client::Client) {
    let app = TestApp::with(Setup::default().setting("UNICRM_METRICS_LISTEN", "127.0.0.1:0")).await;
    let second = app.another_gateway().await;
    let address = second.server.metrics_address().expect("metrics");
    let reader = second.client.at(format!("http://{address}")).with_token(None);
    (app, second, reader)
}

fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')));
    line.and_then(|line| line.rsplit(' ').next()).map_or(0.0, |value| value.parse().expect("a number"))
}

#[tokio::test]
async fn calls_are_counted_by_what_they_ask_and_what_comes_of_it() {
    let (app, second, reader) = measured().await;
    let client = &second.client;
    client.get(&app.path("/unified/crm/users")).await.ok();
    client.get(&app.path("/unified/crm/contacts/404404404")).await.error(404);
    client.get(&app.path("/proxy/users")).await.ok();
    client.get(&app.path("/proxy/secret-of-the-caller")).await.error(404);
    client.get(&app.path("/custom/users?embed=secret-of-the-caller")).await.ok();
    app.sandbox().faults().add(Fault::status(http::StatusCode::SERVICE_UNAVAILABLE).times(1));
    client.get(&app.path("/proxy/users")).await.ok();
    let batch = json!({
        "integrated_account_id": app.account,
        "resources": [{ "resource": "crm/users", "method": "list", "name": "all" }],
    });
    client.post("/batch-request", &batch).await.ok();
    let with_key = || {
        let request = client.request(http::Method::POST, &app.path("/unified/crm/contacts"));
        request
            .header("idempotency-key", "once")
            .header("content-type", "application/json")
            .body(json!({ "first_name": "Ada" }).to_string())
    };
    client.send(with_key()).await.ok();
    client.send(with_key()).await.ok();

    let shown = reader.get("/metrics").await;
    shown.assert_status(200);
    assert!(shown.header("content-type").starts_with("application/openmetrics-text"));
    let text = shown.text();
    let calls = |labels: &str| value(&text, &format!("unicrm_calls_total{{{labels}}}"));
    let of = |interface: &str, resource: &str, method: &str, outcome: &str| {
        calls(&format!(
            r#"interface="{interface}",provider="capsule",resource="{resource}",method="{method}",outcome="{outcome}""#
        ))
    };
    assert_eq!(of("unified", "crm/users", "list", "ok"), 2.0, "one of them is the batch's:\n{text}");
    assert_eq!(of("unified", "crm/contacts", "get", "not_found"), 1.0, "{text}");
    assert_eq!(of("unified", "crm/contacts", "create", "ok"), 1.0, "{text}");
    assert_eq!(of("proxy", "users", "list", "ok"), 2.0, "{text}");
    assert_eq!(of("proxy", "unknown", "unknown", "not_found"), 1.0, "{text}");
    assert_eq!(of("custom", "custom", "get", "ok"), 1.0, "{text}");
    assert_eq!(value(&text, r#"unicrm_vendor_retries_total{provider="capsule"}"#), 1.0, "{text}");
    assert_eq!(value(&text, "unicrm_idempotency_replays_total"), 1.0, "{text}");
    assert!(value(&text, r#"unicrm_vendor_call_seconds_count{provider="capsule"}"#) >= 7.0, "{text}");
    assert!(value(&text, r#"unicrm_own_seconds_count{interface="unified"}"#) >= 3.0, "{text}");
    assert!(value(&text, "unicrm_mapping_seconds_count") >= 2.0, "{text}");
    assert!(value(&text, r#"unicrm_database_connections{state="idle"}"#) >= 1.0, "{text}");
    for private in [app.account.as_str(), "secret-of-the-caller", "404404404", "127.0.0.1", "Ada"] {
        assert!(!text.contains(private), "{private} in\n{text}");
    }
}

#[tokio::test]
async fn a_renewal_is_counted() {
    use crate::support::app::AccountSetup;
    let setup = Setup::default().account(AccountSetup::OAuth { expires_in: 1 });
    let app = TestApp::with(setup.setting("UNICRM_METRICS_LISTEN", "127.0.0.1:0")).await;
    app.get("/proxy/users").await.ok();
    let second = app.another_gateway().await;
    let address = second.server.metrics_address().expect("metrics");
    let text = second.client.at(format!("http://{address}")).get("/metrics").await.text();
    let series = r#"unicrm_credential_renewals_total{provider="capsule",outcome="renewed"}"#;
    assert_eq!(value(&text, series), 1.0, "{text}");
}

#[tokio::test]
async fn a_gateway_without_the_setting_shows_no_metrics() {
    let app = TestApp::start().await;
    let second = app.another_gateway().await;
    assert_eq!(second.server.metrics_address(), None);
    app.gateway.get("/metrics").await.error(404);
}

#[tokio::test]
async fn a_gateway_is_healthy_and_ready_to_whoever_asks() {
    let app = TestApp::start().await;
    let stranger = app.gateway.with_token(None);
    assert_eq!(stranger.get("/health").await.ok(), json!({ "status": "ok" }));
    assert_eq!(stranger.get("/ready").await.ok(), json!({ "status": "ready" }));
}

#[tokio::test]
async fn a_gateway_whose_schema_is_too_old_is_not_ready_and_one_whose_schema_is_newer_is() {
    let app = TestApp::start().await;
    let mut connection = app.database.connect().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (9999, 'of a later version', true, '', 0)";
    sqlx::query(newer).execute(&mut connection).await.expect("a migration");
    app.gateway.get("/ready").await.ok();
    let older = "DELETE FROM _sqlx_migrations WHERE version = 1";
    sqlx::query(older).execute(&mut connection).await.expect("a migration less");
    let refused = app.gateway.get("/ready").await;
    refused.local_error(503);
    assert_eq!(refused.header("retry-after"), "2");
    app.gateway.get("/health").await.ok();
}
