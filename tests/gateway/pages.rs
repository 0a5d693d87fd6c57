//! Pages of accounts and of tokens.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use unicrm::crypto::TokenHash;

use crate::support::app::{AccountSetup, Setup, TestApp};

async fn bare() -> TestApp {
    TestApp::with(Setup::default().account(AccountSetup::None)).await
}

async fn walk(app: &TestApp, path: &str, limit: usize) -> Vec<String> {
    let separator = if path.contains('?') { '&' } else { '?' };
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page =
            app.gateway.get(&format!("{path}{separator}limit={limit}&next_cursor={cursor}")).await.ok();
        assert_eq!(page["limit"], limit);
        let rows = page["result"].as_array().expect("a list");
        assert!(rows.len() <= limit && !rows.is_empty(), "{page}");
        ids.extend(rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return ids,
        }
    }
}

#[tokio::test]
async fn pages_of_accounts_show_each_once_oldest_first() {
    let app = bare().await;
    let mut wanted = Vec::new();
    for number in 0..7 {
        let imported = app.import("capsule", "api_key", json!({ "api_key": format!("key-{number}") })).await;
        wanted.push(imported.ok()["id"].as_str().expect("an id").to_owned());
    }
    for limit in [1, 3, 6, 7, 8, 5000] {
        assert_eq!(walk(&app, "/integrated-account", limit).await, wanted, "limit {limit}");
        assert_eq!(walk(&app, "/integrated-account?status=active", limit).await, wanted, "limit {limit}");
    }
}

#[tokio::test]
async fn pages_of_tokens_show_each_once() {
    let app = bare().await;
    let environment = app.environment().await;
    for number in 0..5 {
        let hash = TokenHash::of(&format!("token-number-{number}"));
        app.store.add_token(environment, "many", hash).await.expect("a token");
    }
    for limit in [1, 2, 5, 6, 7] {
        let found = walk(&app, "/api-token", limit).await;
        assert_eq!((found.len(), found.iter().collect::<BTreeSet<_>>().len()), (6, 6), "limit {limit}");
    }
    assert_eq!(walk(&app, "/api-token?name=many", 2).await.len(), 5);
}

#[tokio::test]
async fn a_cursor_of_another_list_environment_or_selection_is_refused() {
    let app = bare().await;
    for key in ["one", "two"] {
        app.import("capsule", "api_key", json!({ "api_key": key })).await.ok();
    }
    let page = app.gateway.get("/integrated-account?limit=1").await.ok();
    let cursor = page["next_cursor"].as_str().expect("a second page");
    let (_, other) = app.another_environment("other").await;
    other
        .get(&format!("/integrated-account?limit=1&next_cursor={cursor}"))
        .await
        .refused_fields(&["next_cursor"]);
    for path in ["/api-token?", "/integrated-account?tenant_id=x&", "/integrated-account?is_sandbox=false&"] {
        app.gateway.get(&format!("{path}next_cursor={cursor}")).await.refused_fields(&["next_cursor"]);
    }
    for wrong in ["x", "%00", &cursor[1..]] {
        let path = format!("/integrated-account?next_cursor={wrong}");
        app.gateway.get(&path).await.refused_fields(&["next_cursor"]);
    }
}

#[tokio::test]
async fn a_limit_out_of_bounds_is_refused() {
    let app = bare().await;
    for list in
        ["/integrated-account", "/api-token", "/environment", "/integration", "/environment-integration"]
    {
        for limit in ["0", "-1", "5001", "x", "1.0"] {
            app.gateway.get(&format!("{list}?limit={limit}")).await.refused_fields(&["limit"]);
        }
        let page = app.gateway.get(&format!("{list}?limit=5000&next_cursor=")).await.ok();
        let keys: Vec<&String> = page.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["result", "next_cursor", "limit"]);
        assert_eq!(page["next_cursor"], Value::Null);
    }
}
