//! The log of calls: what it tells, of which calls, and what it never tells.

use std::time::Duration;

use serde_json::{Value, json};
use unicrm::sandbox::Fault;

use crate::support::app::{Setup, TestApp, eventually};

/// Entries of the log once there are as many as expected.
async fn entries(app: &TestApp, query: &str, expected: usize) -> Vec<Value> {
    let path = format!("/log?log_type=unified_proxy_api{query}");
    let mut found = Vec::new();
    eventually("the entries are written", async || {
        found = app.gateway.get(&path).await.result();
        found.len() >= expected
    })
    .await;
    assert_eq!(found.len(), expected, "{found:?}");
    found
}

async fn logging(kept: &str) -> TestApp {
    TestApp::with(Setup::default().setting("UNICRM_CALL_LOG", kept)).await
}

#[tokio::test]
async fn a_call_is_told_with_the_contracts_names_and_nothing_that_was_said() {
    let app = logging("all").await;
    app.get("/unified/crm/users?limit=2&remote_query[secret-parameter]=secret-value").await.ok();
    let refusal = Fault::status(http::StatusCode::UNPROCESSABLE_ENTITY).body(r#"{"message":"secret-words"}"#);
    app.sandbox().faults().add(refusal.times(1));
    app.post("/unified/crm/contacts", &json!({ "first_name": "secret-name" })).await.remote_error(422);
    app.get("/proxy/parties/1?embed=secret-value").await;
    app.get("/custom/secret-path").await;
    let entries = entries(&app, "", 4).await;

    let [listed, refused, read, custom] = &entries[..] else { panic!("{entries:?}") };
    for (name, value) in [
        ("log_type", json!("unified_proxy_api")),
        ("environment_id", json!(app.environment().await.0)),
        ("integrated_account_id", json!(app.account)),
        ("tenant_id", json!("customer-1")),
        ("integration", json!("capsule")),
        ("request_type", json!("unified")),
        ("resource", json!("crm/users")),
        ("method", json!("list")),
        ("http_method", json!("GET")),
        ("http_url", json!("/unified/crm/users")),
        ("http_status_code", json!(200)),
        ("http_status_category", json!("2xx")),
        ("integrated_account_needs_reauth", json!(false)),
        ("message", json!("ok")),
    ] {
        assert_eq!(listed[name], value, "{name} of {listed}");
    }
    assert!(listed["result_count"].as_u64().is_some_and(|count| count > 0), "{listed}");
    let (whole, waited) = (listed["duration"].as_f64().unwrap(), listed["fetch_duration"].as_f64().unwrap());
    assert!(whole >= waited && waited > 0.0, "{listed}");
    assert_eq!(listed["logs"][0]["call"], "users.list", "{listed}");
    assert_eq!(listed["logs"][0]["status"], 200, "{listed}");
    assert_eq!((&refused["http_status_code"], &refused["http_method"]), (&json!(422), &json!("POST")));
    assert_eq!(refused["message"], "Capsule answered 422 Unprocessable Entity.");
    assert_eq!(read["http_url"], "/proxy/parties/1");
    assert_eq!((&custom["request_type"], &custom["http_url"]), (&json!("custom"), &json!("/custom/custom")));
    let text = json!(entries).to_string();
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn by_default_only_failures_are_kept_and_none_where_none_are_wanted() {
    let app = TestApp::start().await;
    let silent = logging("none").await;
    for app in [&app, &silent] {
        app.get("/unified/crm/users").await.ok();
        app.get("/unified/crm/contacts/404404404").await.error(404);
    }
    let kept = entries(&app, "", 1).await;
    assert_eq!(kept[0]["http_status_code"], 404);
    // The other has had as long.
    entries(&silent, "", 0).await;
}

#[tokio::test]
async fn entries_are_paged_filtered_and_of_one_environment() {
    let app = logging("all").await;
    for _ in 0..3 {
        app.get("/proxy/users").await.ok();
        app.get("/unified/crm/contacts/404404404").await.error(404);
    }
    entries(&app, "", 6).await;
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = format!("/log?log_type=unified_proxy_api&limit=4&next_cursor={cursor}");
        let page = app.gateway.get(&page).await.ok();
        ids.extend(page["result"].as_array().unwrap().iter().map(|entry| entry["id"].to_string()));
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    let sorted = {
        let mut sorted = ids.clone();
        sorted.sort();
        sorted.dedup();
        sorted
    };
    assert_eq!((ids.len(), &ids), (6, &sorted));
    entries(&app, "&log_type_filter[http_status_code]=404", 3).await;
    entries(&app, "&log_type_filter[request_type]=proxy&log_type_filter[resource]=users", 3).await;
    entries(&app, "&log_type_filter[tenant_id]=nobody", 0).await;
    entries(&app, "&created_at[lt]=2020-01-01T00:00:00Z", 0).await;
    entries(&app, &format!("&integrated_account_id={}", app.account), 6).await;
    let log = "/log?log_type=unified_proxy_api";
    app.gateway
        .get(&format!("{log}&log_type_filter[body]=x"))
        .await
        .refused_fields(&["log_type_filter[body]"]);
    app.gateway
        .get("/log?log_type=webhook&log_type_filter[method]=list")
        .await
        .refused_fields(&["log_type_filter[method]"]);
    let (_, stranger) = app.another_environment("other").await;
    assert!(stranger.get(log).await.result().is_empty());
    app.gateway.delete(&format!("/integrated-account/{}", app.account)).await.ok();
    assert!(app.gateway.get(log).await.result().is_empty(), "what is known of an account goes with it");
}

#[tokio::test]
async fn the_calls_of_a_batch_are_told_one_by_one() {
    let app = logging("all").await;
    let batch = json!({
        "integrated_account_id": app.account,
        "resources": [
            { "resource": "crm/users", "method": "list", "name": "people" },
            { "resource": "parties", "method": "list", "name": "parties", "query": { "limit": 5 } },
        ],
    });
    app.gateway.post("/batch-request", &batch).await.ok();
    entries(&app, "&log_type_filter[resource]=crm/users", 1).await;
    eventually("the other entry is written", async || {
        let path = "/log?log_type=unified_proxy_api&log_type_filter[resource]=parties";
        !app.gateway.get(path).await.result().is_empty()
    })
    .await;
}

#[tokio::test]
async fn entries_are_gone_after_the_days_that_the_operator_has_set() {
    let app = TestApp::with(Setup::default().setting("UNICRM_CALL_LOG_DAYS", "2")).await;
    app.get("/unified/crm/contacts/404404404").await.error(404);
    entries(&app, "", 1).await;
    app.clock.advance(Duration::from_secs(47 * 3600));
    app.another_gateway().await; // sweeps as it starts
    entries(&app, "", 1).await;
    app.clock.advance(Duration::from_secs(2 * 3600));
    app.another_gateway().await;
    eventually("they are gone", async || {
        app.gateway.get("/log?log_type=unified_proxy_api").await.result().is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_gateway_that_stops_writes_what_it_has_still_to_tell() {
    let app = TestApp::start().await;
    let second = app.another_gateway().await;
    for _ in 0..20 {
        second.client.get(&app.path("/unified/crm/contacts/404404404")).await.error(404);
    }
    second.server.stop().await.expect("a gateway that stops");
    assert_eq!(app.gateway.get("/log?log_type=unified_proxy_api").await.result().len(), 20);
}
