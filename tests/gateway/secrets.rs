//! Secrets go in and never come out: not in an answer, not in a log line, not in the database.

use serde_json::json;
use unicrm::sandbox::{CAPSULE_TOKEN, CLIENT_SECRET, Fault, Kind};

use crate::support::app::{AccountSetup, Setup, TOKEN, TestApp};
use crate::support::log;

/// Whatever an account with such a credential can be asked, in good and bad weather.
async fn everything(app: &TestApp) {
    let account = format!("/integrated-account/{}", app.account);
    for path in [
        "/unified/crm/contacts?limit=1",
        "/unified/crm/users",
        "/proxy/parties?limit=1",
        "/proxy/users/712440",
    ] {
        app.get(path).await.ok();
    }
    app.post("/unified/crm/contacts", &json!({ "first_name": "Ada" })).await.ok();
    app.post("/unified/crm/contacts", &json!({})).await.remote_error(422);
    app.gateway.patch(&account, &json!({ "context": { "note": "x" } })).await.ok();
    for kind in [Kind::Garbage, Kind::Status(http::StatusCode::FORBIDDEN)] {
        app.sandbox().faults().add(Fault::new(kind).times(1));
        app.get("/unified/crm/users").await;
    }
    for path in
        ["/integrated-account", "/environment-integration", "/integration", "/api-token", "/environment"]
    {
        app.gateway.get(path).await.ok();
    }
    app.gateway.get(&account).await.ok();
}

fn assert_kept(app: &TestApp, secrets: &[&str]) {
    let (answers, lines) = (app.gateway.transcript(), log::lines());
    assert!(answers.len() > 2000, "answers were looked at");
    assert!(lines.contains("answered"), "log lines were looked at");
    for secret in secrets {
        assert!(!answers.contains(secret), "an answer has a secret");
        let line = lines.lines().find(|line| line.contains(secret));
        // The twin's own library logs nothing; whatever is there is the gateway's.
        assert_eq!(line, None, "a log line has a secret");
    }
}

/// Every row of every table as text, and the bytes of columns as hexadecimal.
async fn dump(app: &TestApp) -> String {
    let mut connection = app.database.connect().await;
    let mut dump = String::new();
    for table in [
        "environment",
        "integration",
        "environment_integration",
        "integrated_account",
        "credential",
        "api_token",
    ] {
        let query = format!("SELECT coalesce(string_agg(t::text, E'\\n'), '') FROM {table} t");
        let rows: String =
            sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(&mut connection).await.expect("rows");
        dump.push_str(&rows);
    }
    dump
}

fn hex(text: &str) -> String {
    unicrm::crypto::hex(text.as_bytes())
}

#[tokio::test]
async fn an_api_key_never_comes_out() {
    log::capture();
    let app = TestApp::start().await;
    everything(&app).await;
    let path = format!("/integrated-account/{}/credentials", app.account);
    app.gateway.patch(&path, &json!({ "context": { "api_key": "a-second-secret-key" } })).await.ok();
    app.get("/unified/crm/users").await.remote_error(401);
    let secrets = [CAPSULE_TOKEN, "a-second-secret-key", TOKEN, CLIENT_SECRET, &app.keys];
    assert_kept(&app, &secrets);
    let dump = dump(&app).await;
    assert!(dump.contains("customer-1"), "{dump}");
    for secret in secrets {
        assert!(!dump.contains(secret) && !dump.contains(&hex(secret)), "the database has a secret");
    }
}

#[tokio::test]
async fn oauth_tokens_never_come_out_not_even_while_they_are_renewed() {
    log::capture();
    let app = TestApp::with(Setup::default().account(AccountSetup::OAuth { expires_in: -5 })).await;
    everything(&app).await;
    assert_eq!(app.sandbox().refresh_count(), 1);
    app.sandbox().revoke_all();
    app.get("/unified/crm/users").await.remote_error(401);
    // The sandbox numbers its tokens.
    let secrets = ["sandbox-access-", "sandbox-refresh-", CLIENT_SECRET, TOKEN];
    assert_kept(&app, &secrets);
    let dump = dump(&app).await;
    for secret in secrets {
        assert!(!dump.contains(secret) && !dump.contains(&hex(secret)), "the database has a secret");
    }
}

#[tokio::test]
async fn a_credential_that_is_refused_on_import_is_not_repeated() {
    log::capture();
    let app = TestApp::with(Setup::default().account(AccountSetup::None)).await;
    let secret = "this-must-not-be-shown";
    for context in [
        json!({ "api_key": format!("{secret}\n{secret}") }),
        json!({ "api_key": [secret] }),
        json!({ "apikey": secret }),
    ] {
        app.import("capsule", "api_key", context).await.error(400);
    }
    let token =
        json!({ "oauth": { "token": { "access_token": format!("é{secret}"), "refresh_token": secret } } });
    app.import("capsule", "oauth2", token).await.error(400);
    app.gateway
        .write(http::Method::POST, "/integrated-account", format!("{{\"api_key\": \"{secret}\""))
        .await
        .error(400);
    assert!(!app.gateway.transcript().contains(secret));
    assert!(!log::lines().contains(secret));
}

#[tokio::test]
async fn a_token_is_kept_as_its_hash_alone() {
    let app = TestApp::start().await;
    let hash = unicrm::crypto::hex(&unicrm::crypto::TokenHash::of(TOKEN).0);
    let dump = dump(&app).await;
    assert!(dump.contains(&hash), "{dump}");
    assert!(!dump.contains(TOKEN) && !dump.contains(&hex(TOKEN)));
}

#[tokio::test]
async fn the_log_has_one_line_a_request_without_the_callers_data() {
    log::capture();
    let app = TestApp::start().await;
    let request = app.gateway.request(http::Method::POST, &app.path("/unified/crm/contacts"));
    let request = request.header("x-request-id", "request-to-look-for");
    app.gateway.send(request.body(r#"{"first_name":"Confidentia"}"#)).await.ok();
    app.get("/unified/crm/contacts?name=Confidentia").await.ok();
    let lines = log::lines();
    let about: Vec<&str> = lines
        .lines()
        .filter(|line| line.contains("request-to-look-for") && line.contains("answered"))
        .collect();
    assert_eq!(about.len(), 1, "{about:?}");
    let line = about[0];
    assert!(line.contains("/unified/{model}/{resource}") && line.contains(&app.account), "{line}");
    let own = lines.lines().filter(|line| line.contains(" unicrm::") && !line.contains("unicrm::sandbox"));
    for line in own {
        assert!(!line.contains("Confidentia"), "{line}");
    }
}
