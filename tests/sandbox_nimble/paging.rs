//! Five ways of paging.

use serde_json::Value;

use crate::harness::{AGNES, Crm, PIPELINE};

#[tokio::test]
async fn contacts_have_numbered_pages_and_drafts_count_from_0() {
    let crm = Crm::start().await;
    let page = crm.get("/api/v1/contacts?per_page=7&page=2").await.ok().clone();
    assert_eq!(page["resources"].as_array().map(Vec::len), Some(7));
    assert_eq!((&page["meta"]["page"], &page["meta"]["pages"]), (&2.into(), &3.into()));
    crm.get("/api/v1/contacts?page=0").await.refused(409);
    crm.get("/api/v1/contacts?per_page=101").await.refused(409);
    let first = crm.get("/api/v1/messages/drafts?per_page=2&page=0").await.ok().clone();
    let second = crm.get("/api/v1/messages/drafts?per_page=2&page=1").await.ok().clone();
    assert_eq!(first["drafts"].as_array().map(Vec::len), Some(2));
    assert_eq!(second["drafts"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn deals_want_an_order_and_not_every_order() {
    let crm = Crm::start().await;
    crm.get("/api/v2/deals?limit=2").await.refused(409);
    for field in ["created", "updated", "deal_number"] {
        crm.get(&format!("/api/v2/deals?sort={field}:asc")).await.refused(409);
    }
    let page = crm.get("/api/v2/deals?sort=amount:desc&limit=2&page=2").await.ok().clone();
    assert_eq!(page["meta"]["page"], 2);
}

#[tokio::test]
async fn activities_say_what_to_ask_for_next() {
    let crm = Crm::start().await;
    crm.get("/api/v1/activities?limit=2").await.refused(409);
    crm.get(&format!("/api/v1/contacts/{AGNES}/proceedings?direction=past")).await.refused(409);
    let (mut found, mut next) = (Vec::new(), String::new());
    loop {
        let page = crm.get(&format!("/api/v1/activities?direction=past&limit=4{next}")).await.ok().clone();
        let rows = page["activities"].as_array().expect("a list").clone();
        found.extend(rows.iter().map(|row| row["activity_id"].to_string()));
        match page["next_page"]["next_activity_id"].as_str() {
            Some(id) => next = format!("&next_activity_id={}", id.replace('|', "%7C")),
            None => break,
        }
    }
    assert_eq!(found.len(), 6);
    found.dedup();
    assert_eq!(found.len(), 6);
}

#[tokio::test]
async fn each_stage_links_to_more_of_its_own() {
    let crm = Crm::start().await;
    let path = format!("/api/v2/deals/pipelines/{PIPELINE}/deals?sort=name:asc&limit=1");
    let page = crm.get(&path).await.ok().clone();
    let stages = page["stages"].as_array().expect("stages");
    assert_eq!(stages.len(), 5);
    let link = stages[0]["meta"]["next_page_url"].as_str().expect("a link");
    let path = link.strip_prefix(&crm.sandbox.origin()).expect("an address of the sandbox");
    let more = crm.get(path).await.ok().clone();
    assert_eq!(more["stages"].as_array().map(Vec::len), Some(1));
    assert_ne!(more["stages"][0]["deals"][0]["deal_id"], stages[0]["deals"][0]["deal_id"]);
    assert_eq!(stages[4]["meta"]["next_page_url"], Value::Null);
}
