//! The search language.

use serde_json::{Value, json};

use crate::harness::Crm;

async fn found(crm: &Crm, query: &Value) -> Vec<String> {
    let query: String = url::form_urlencoded::byte_serialize(query.to_string().as_bytes()).collect();
    let body = crm.get(&format!("/api/v1/contacts?per_page=100&query={query}")).await.ok().clone();
    let rows = body["resources"].as_array().expect("a list").iter();
    rows.map(|row| {
        let fields = &row["fields"];
        let name = if row["record_type"] == "company" { "company name" } else { "first name" };
        fields[name][0]["value"].as_str().unwrap_or_default().to_owned()
    })
    .collect()
}

#[tokio::test]
async fn terms_are_joined_and_turned_round() {
    let crm = Crm::start().await;
    let person = json!({ "record type": { "is": "person" } });
    let vip = json!({ "tag": { "is": "VIP" } });
    assert_eq!(found(&crm, &json!({ "and": [person, vip] })).await, ["Agnes", "Clara", "François"]);
    let query = json!({ "and": [person, vip, { "not": { "first name": { "starts_with": "a" } } }] });
    assert_eq!(found(&crm, &query).await, ["Clara", "François"]);
    let either = json!({ "or": [{ "first name": { "is": "francois" } }, { "email": { "is": "HUGO@haldenrye.example" } }] });
    assert_eq!(found(&crm, &either).await, ["François", "Hugo"]);
}

#[tokio::test]
async fn whole_words_places_days_and_emptiness_are_found() {
    let crm = Crm::start().await;
    assert_eq!(found(&crm, &json!({ "company name": { "contain": "books" } })).await, ["Brightwater Books"]);
    assert!(found(&crm, &json!({ "company name": { "contain": "book" } })).await.is_empty());
    assert_eq!(found(&crm, &json!({ "address.city": { "is": "bath" } })).await, ["Agnes"]);
    let range = json!({ "start_datetime": "2026-06-01T00:00:00Z", "end_datetime": "2026-06-13T00:00:00Z" });
    assert_eq!(found(&crm, &json!({ "created": { "range": range } })).await, ["Hugo", "Isabel", "Jonas"]);
    let leads = found(&crm, &json!({ "lead status": { "is_empty": false } })).await;
    assert!(leads.contains(&"Agnes".to_owned()) && !leads.contains(&"Bernard".to_owned()));
    assert_eq!(found(&crm, &json!({ "custom_fields": { "Newsletter": { "is": "1" } } })).await, ["Agnes"]);
}

#[tokio::test]
async fn what_is_no_query_is_refused() {
    let crm = Crm::start().await;
    for query in [
        "nonsense",
        r#"{"first name":{"is":""}}"#,
        r#"{"first name":{"resembles":"x"}}"#,
        r#"{"and":[{"first name":{"is":"x"}}]}"#,
        r#"{"created":{"range":{"start_date":"2026-01-01"}}}"#,
    ] {
        let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        crm.get(&format!("/api/v1/contacts?query={query}")).await.refused(409);
    }
    crm.get("/api/v1/contacts?keyword=agnes&query=%7B%22tag%22%3A%7B%22is%22%3A%22vip%22%7D%7D")
        .await
        .refused(409);
}
