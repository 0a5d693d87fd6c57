//! Cursors open for the list that they were made for, and for no other.

use serde_json::json;
use unicrm::model::{Method, Type};

use crate::case::Case;
use crate::suite::Suite;
use crate::support::app::for_account;

pub fn add(suite: &mut Suite) {
    suite.add("a_cursor_that_was_tampered_with_is_refused", tampered);
    suite.add("a_cursor_of_another_list_is_refused", foreign);
    suite.add("a_cursor_outlives_the_process_that_made_it", across_processes);
}

async fn cursor(case: &Case) -> String {
    let page = case.list("limit=1").await.ok();
    page["next_cursor"].as_str().expect("a second page").to_owned()
}

async fn tampered(case: &Case) {
    let cursor = cursor(case).await;
    case.app.sandbox().recorder().clear();
    let mut changed = cursor.clone().into_bytes();
    let middle = changed.len() / 2;
    changed[middle] = if changed[middle] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).expect("ASCII");
    for wrong in [changed.as_str(), &cursor[1..], &cursor[..cursor.len() - 4], "2", "%00", "e30", "🦀"] {
        case.list(&format!("limit=1&next_cursor={wrong}")).await.refused_fields(&["next_cursor"]);
    }
    case.assert_vendor_not_called();
}

async fn foreign(case: &Case) {
    let cursor = cursor(case).await;
    // The same CRM, connected a second time.
    let integration = case.app.environment_integration(case.subject.described.provider).await;
    let context = (case.subject.vendor.context)();
    let other = json!({
        "tenant_id": "customer-2", "environment_integration_id": integration,
        "authentication_method": "api_key", "context": context,
    });
    let other = case.app.gateway.post("/integrated-account", &other).await.ok();
    case.app.sandbox().recorder().clear();
    let path = case.path(&format!("?limit=1&next_cursor={cursor}"));
    let path = for_account(&path, other["id"].as_str().expect("an id"));
    case.app.gateway.get(&path).await.refused_fields(&["next_cursor"]);
    // The same account, but another selection of records.
    let query = format!("limit=1&next_cursor={cursor}&remote_query[since]=2026-01-01");
    case.list(&query).await.refused_fields(&["next_cursor"]);
    let plain = |name: &&String| {
        let filter = case.subject.resource.filters.get(*name);
        filter.is_some_and(|filter| {
            filter.format.is_none() && filter.one_of.is_empty() && filter.kind == Type::String
        })
    };
    let beside = (case.subject.described.beside)(Method::List);
    let mut filters = case.subject.cell.filters.iter().filter(plain);
    if let Some(filter) = filters.find(|name| !beside.contains(name.as_str())) {
        case.list(&format!("limit=1&next_cursor={cursor}&{filter}=x")).await.refused_fields(&["next_cursor"]);
    }
    case.assert_vendor_not_called();
    case.list(&format!("next_cursor={cursor}&truto_ignore_remote_data=true")).await.ok();
}

async fn across_processes(case: &Case) {
    let cursor = cursor(case).await;
    let second = case.app.another_gateway().await;
    let path = case.app.path(&case.path(&format!("?limit=1&next_cursor={cursor}")));
    let here = case.app.gateway.get(&path).await.ok();
    let there = second.client.get(&path).await.ok();
    assert_eq!(here["result"], there["result"]);
}
