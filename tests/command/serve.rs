use std::process::Command;
use std::time::Instant;

use crate::process::{DataDir, Running, output, signal, stderr, stdout, unicrm};

const TOKEN: &str = "a-token-for-the-command-tests";

fn serve(dir: &DataDir) -> (Running, String) {
    let mut running = Running::start(unicrm(dir).arg("serve").env("UNICRM_BOOTSTRAP_TOKEN", TOKEN));
    let line = running.until("listens on");
    let url = line.split_whitespace().find(|word| word.starts_with("http")).expect("a URL").to_owned();
    (running, url)
}

fn curl(url: &str, arguments: &[&str]) -> serde_json::Value {
    let bearer = format!("Authorization: Bearer {TOKEN}");
    let ran = Command::new("curl")
        .args(["-sS", "-m", "20", "-H", &bearer, url])
        .args(arguments)
        .output()
        .expect("curl");
    serde_json::from_slice(&ran.stdout).unwrap_or(serde_json::Value::Null)
}

fn import(url: &str, integration: &str, tenant: &str) -> Option<String> {
    let body = serde_json::json!({
        "tenant_id": tenant, "environment_integration_id": integration, "authentication_method": "api_key",
        "context": { "api_key": "k" },
    });
    let answer = curl(&format!("{url}/integrated-account"), &["-d", &body.to_string()]);
    answer["id"].as_str().map(str::to_owned)
}

fn capsule(url: &str) -> String {
    let found = curl(&format!("{url}/environment-integration?integration.name=capsule"), &[]);
    found["result"][0]["id"].as_str().expect("an id").to_owned()
}

fn stored(url: &str) -> Vec<String> {
    let found = curl(&format!("{url}/integrated-account"), &[]);
    let rows = found["result"].as_array().expect("a list");
    rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn a_gateway_killed_among_writes_loses_none_that_it_acknowledged() {
    let dir = DataDir::new();
    let (gateway, url) = serve(&dir);
    let integration = capsule(&url);
    let pid = gateway.pid();
    let mut acknowledged = Vec::new();
    for round in 0..40 {
        if round == 25 {
            signal(pid, "KILL");
        }
        acknowledged.extend(import(&url, &integration, &format!("tenant-{round}")));
    }
    assert!(acknowledged.len() >= 25, "{}", acknowledged.len());
    drop(gateway);

    let (gateway, url) = serve(&dir);
    let kept = stored(&url);
    assert!(acknowledged.iter().all(|id| kept.contains(id)), "every acknowledged account is there");
    acknowledged.extend(import(&url, &integration, "before the database is killed"));
    signal(dir.postmaster().expect("a server"), "KILL");
    drop(gateway);

    let (mut gateway, url) = serve(&dir);
    let kept = stored(&url);
    assert!(acknowledged.iter().all(|id| kept.contains(id)), "nor does the end of the database lose any");
    assert!(gateway.end("TERM").success());
}

#[test]
fn serve_starts_soon_on_an_existing_database_and_stops_in_order() {
    let dir = DataDir::new();
    let (mut first, _) = serve(&dir);
    assert!(first.end("TERM").success());
    let since = Instant::now();
    let (mut again, url) = serve(&dir);
    eprintln!("serve listened after {:?}, the embedded database's start included", since.elapsed());
    assert_eq!(curl(&format!("{url}/ping"), &[])["ping"], "pong");
    assert!(again.end("INT").success());
    assert_eq!(dir.postmaster(), None);
}

#[test]
fn two_gateways_share_an_embedded_database_and_the_last_one_stops_it() {
    let dir = DataDir::new();
    let (mut first, _) = serve(&dir);
    let (mut second, url) = serve(&dir);
    assert!(first.end("TERM").success());
    assert_eq!(curl(&format!("{url}/ping"), &[])["ping"], "pong");
    assert!(dir.postmaster().is_some());
    assert!(second.end("TERM").success());
    assert_eq!(dir.postmaster(), None);
}

#[test]
fn what_serve_can_not_start_with_is_said_in_words_that_help() {
    let dir = DataDir::new();
    let url = "postgres://nobody@127.0.0.1:1/none";
    let ran = output(unicrm(&dir).arg("serve").env("DATABASE_URL", url).env("UNICRM_MASTER_KEYS", "short"));
    assert!(!ran.status.success());
    let keyless =
        output(unicrm(&dir).arg("serve").env("UNICRM_LISTEN", "nowhere").env("UNICRM_LOG_FORMAT", "xml"));
    let text = stderr(&keyless);
    assert!(text.contains("UNICRM_LISTEN") && text.contains("UNICRM_LOG_FORMAT"), "{text}");
    assert_eq!(keyless.status.code(), Some(1));
}

#[test]
fn tokens_and_environments_are_made_on_the_command_line() {
    let dir = DataDir::new();
    let made = output(unicrm(&dir).args(["environment", "create", "staging"]));
    assert!(made.status.success(), "{}", stderr(&made));
    let token = output(unicrm(&dir).args(["token", "create", "--environment", "staging"]));
    let token = stdout(&token).trim().to_owned();
    assert!(token.starts_with("unicrm_"), "{token}");
    let unknown = output(unicrm(&dir).args(["token", "create", "--environment", "stagign"]));
    assert_eq!(unknown.status.code(), Some(1));
    assert!(stderr(&unknown).contains("stagign"), "{}", stderr(&unknown));
    let (mut gateway, url) = serve(&dir);
    let bearer = format!("Authorization: Bearer {token}");
    let ran = Command::new("curl")
        .args(["-sS", "-H", &bearer, &format!("{url}/environment")])
        .output()
        .expect("curl");
    let shown: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    assert_eq!(shown["result"][0]["name"], "staging");
    assert!(gateway.end("TERM").success());
}
