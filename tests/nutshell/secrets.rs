//! The name and the key of a login: they go in and never come out.

use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use serde_json::json;
use unicrm::sandbox::{Fault, Kind, NUTSHELL_KEY};

use crate::support::app::{Setup, TestApp};
use crate::support::log;

/// The company's domain as a login, spelt as no record of the sandbox's spells it.
const LOGIN: &str = "MillBROOK.Example";

#[tokio::test]
async fn neither_name_nor_key_is_in_any_answer_error_or_log_line() {
    log::capture();
    let app = TestApp::with(Setup { provider: "nutshell", ..Setup::default() }).await;
    let account = format!("/integrated-account/{}", app.account);
    let login = json!({ "context": { "username": LOGIN, "api_key": NUTSHELL_KEY } });
    app.gateway.patch(&format!("{account}/credentials"), &login).await.ok();
    for path in [
        "/unified/crm/contacts?limit=2",
        "/unified/crm/notes?limit=2",
        "/proxy/leads?limit=1",
        "/proxy/rest_accounts?limit=1",
    ] {
        app.get(path).await.ok();
    }
    app.get("/unified/crm/contacts/999999").await.error(404);
    app.post("/unified/crm/leads", &json!({ "name": "x", "owner": { "id": "999999" } })).await;
    app.patch("/unified/crm/contacts/999999", &json!({ "first_name": "x" })).await.error(404);
    let faults = [
        Kind::Garbage,
        Kind::Html(StatusCode::BAD_GATEWAY),
        Kind::Status(StatusCode::TOO_MANY_REQUESTS),
        Kind::Status(StatusCode::FORBIDDEN),
        Kind::HangUp,
    ];
    for kind in faults {
        app.sandbox()
            .faults()
            .add(Fault::new(kind).header(RETRY_AFTER, HeaderValue::from_static("0")).times(4));
        app.get("/unified/crm/users?limit=1").await;
        app.sandbox().faults().clear();
    }
    for path in ["", "/capabilities", "/tools?methods=list", "/inbound-webhook"] {
        app.gateway.get(&format!("{account}{path}")).await.ok();
    }
    app.gateway.get("/integrated-account").await.ok();
    app.gateway.patch(&account, &json!({ "context": { "note": "mine" } })).await.ok();
    app.post("/batch-request", &json!({ "integrated_account_id": app.account, "resources": [{ "resource": "crm/users", "method": "list", "persist": true }] })).await.ok();
    let credentials =
        json!({ "context": { "username": "another@login.example", "api_key": "a-second-secret-key" } });
    app.gateway.patch(&format!("{account}/credentials"), &credentials).await.ok();
    app.get("/unified/crm/users").await.remote_error(401);
    let shown = app.gateway.get(&account).await.ok();
    assert_eq!(
        (&shown["status"], &shown["context"]["note"]),
        (&json!("needs_reauth"), &json!("mine")),
        "{shown}"
    );
    let (answers, lines) = (app.gateway.transcript(), log::lines());
    assert!(answers.len() > 5000 && lines.contains("answered"), "there was something to look through");
    for secret in [NUTSHELL_KEY, LOGIN, "another@login.example", "a-second-secret-key"] {
        assert!(!answers.contains(secret), "an answer has {secret}");
        let own = lines.lines().find(|line| line.contains(secret));
        assert_eq!(own, None, "a log line has {secret}");
    }
    let mut connection = app.database.connect().await;
    for table in ["integrated_account", "credential", "event"] {
        let rows = format!("SELECT coalesce(string_agg(t::text, ''), '') FROM {table} t");
        let rows: String =
            sqlx::query_scalar(sqlx::AssertSqlSafe(rows)).fetch_one(&mut connection).await.expect("rows");
        assert!(!rows.contains(LOGIN) && !rows.contains(NUTSHELL_KEY), "{table}");
    }
}
