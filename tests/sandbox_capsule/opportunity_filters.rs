//! Structured search over opportunities, saved filters, and what opportunities are worth.

use serde_json::{Value, json};
use time::macros::datetime;
use unicrm::sandbox::Clock;

use crate::harness::{ADMINISTRATOR, Crm, id, ids, keys, rows};

async fn crm() -> Crm {
    Crm::start_at(Clock::fixed(datetime!(2026-03-01 12:00 UTC))).await
}

async fn found(crm: &Crm, field: &str, operator: &str, value: Value) -> Vec<Value> {
    let condition = json!([{ "field": field, "operator": operator, "value": value }]);
    crm.filter_in("opportunities", condition).await
}

#[tokio::test]
async fn status_splits_the_opportunities_in_three() {
    let crm = crm().await;
    let open = found(&crm, "status", "is", json!("open")).await;
    let won = found(&crm, "status", "is", json!("won")).await;
    let lost = found(&crm, "status", "is", json!("lost")).await;
    assert_eq!(open.len() + won.len() + lost.len(), 45);
    assert!(open.iter().all(|row| row["closedOn"].is_null()));
    assert!(won.iter().all(|row| row["probability"] == 100 && row["closedOn"].is_string()));
    assert!(lost.iter().all(|row| row["probability"] == 0 && row["closedOn"].is_string()));
    assert_eq!(found(&crm, "isOpen", "is", json!(true)).await, open);
}

#[tokio::test]
async fn every_field_of_an_opportunity_can_be_filtered() {
    let crm = crm().await;
    let all = crm.filter_in("opportunities", json!([])).await;
    let lost = all.iter().find(|row| row["lostReason"].is_object()).expect("a lost one");
    let valued = all.iter().find(|row| row["value"].is_object()).expect("a valued one");
    for (field, value) in [
        ("id", lost["id"].clone()),
        ("name", lost["name"].clone()),
        ("pipeline", json!("Wholesale supply")),
        ("milestone", lost["milestone"]["id"].clone()),
        ("milestone", lost["milestone"]["name"].clone()),
        ("probability", json!(0)),
        ("lostReason", lost["lostReason"]["name"].clone()),
        ("currency", valued["value"]["currency"].clone()),
        ("expectedValue", valued["value"]["amount"].clone()),
        ("expectedValue", valued["value"].clone()),
        ("tag", json!("Renewal")),
        ("owner", json!(ADMINISTRATOR)),
        ("team", json!("Wholesale")),
        ("isStale", json!(true)),
        ("isOwnedByMe", json!(true)),
        ("hasTags", json!(true)),
        ("includedForConversion", json!(false)),
        ("party", lost["party"]["id"].clone()),
        ("primaryContact", lost["party"]["id"].clone()),
        ("closedOn", lost["closedOn"].clone()),
        ("expectedCloseOn", Value::Null),
        ("custom:871402", json!("Piccolo")),
    ] {
        let hits = found(&crm, field, "is", value.clone()).await;
        assert!(!hits.is_empty(), "{field} {value}");
        let others = found(&crm, field, "is not", value).await;
        assert_eq!(hits.len() + others.len(), 45, "{field}");
    }
    for (field, operator, value) in [
        ("primaryContactName", "contains", json!("hotel")),
        ("addedOn", "is before", json!("2025-01-01")),
        ("updatedOn", "is within last", json!(90)),
        ("probability", "is greater than", json!(50)),
    ] {
        let hits = found(&crm, field, operator, value).await;
        assert!(!hits.is_empty() && hits.len() < 45, "{field}");
    }
    let body = json!({ "filter": { "conditions": [{ "field": "closedAt", "operator": "is", "value": 1 }] } });
    let reply = crm.post("/opportunities/filters/results", body).await;
    reply.assert_invalid("filter", "field", "invalid field name");
}

#[tokio::test]
async fn amounts_are_compared_within_a_currency_when_one_is_given() {
    let crm = crm().await;
    let large = found(&crm, "expectedValue", "is greater than", json!(2_000)).await;
    let pounds = json!({ "currency": "GBP", "amount": 2_000 });
    let large_in_pounds = found(&crm, "expectedValue", "is greater than", pounds).await;
    assert!(!large_in_pounds.is_empty() && large_in_pounds.len() < large.len());
    assert!(large_in_pounds.iter().all(|row| row["value"]["currency"] == "GBP"));
}

#[tokio::test]
async fn saved_filters_are_listed_and_run_in_their_own_order() {
    let crm = crm().await;
    let filters = crm.get("/opportunities/filters").await.json()["filters"].clone();
    assert_eq!(keys(&filters[0]), ["id", "name", "conditions", "orderBy"]);
    assert_eq!(filters[0]["orderBy"], json!([{ "field": "expectedValue", "direction": "descending" }]));
    let path = format!("opportunities/filters/{}", filters[0]["id"]);
    assert_eq!(crm.get(&format!("/{path}")).await.json()["filter"], filters[0]);

    let results = crm.all(&format!("{path}/results?perPage=7"), "opportunities").await;
    let open = found(&crm, "isOpen", "is", json!(true)).await;
    assert_eq!(results.len(), open.len());
    let amounts: Vec<f64> =
        results.iter().map(|row| row["value"]["amount"].as_f64().unwrap_or(-1.0)).collect();
    assert!(amounts.is_sorted_by(|one, other| one >= other), "{amounts:?}");

    let of_parties = crm.get("/parties/filters").await.json();
    assert_eq!(rows(&of_parties["filters"]).len(), 2);
    assert_eq!(crm.get("/opportunities/filters/1").await.status, 404);
    assert_eq!(crm.get("/opportunities/filters/1/results").await.status, 404);
    assert_eq!(crm.get("/opportunities/filters/results").await.status, 405);
}

#[tokio::test]
async fn the_worth_of_what_a_filter_finds_is_summed_over_periods_and_weighed() {
    let crm = crm().await;
    let party = crm.create(json!({ "type": "person", "firstName": "Ann" })).await;
    let milestone = crm.all("milestones", "milestones").await[1].clone();
    let sale = json!({
        "name": "Sums",
        "party": party["id"],
        "milestone": milestone["id"],
        "value": { "amount": 100, "currency": "GBP" },
        "durationBasis": "MONTH",
        "duration": 12,
    });
    let made = crm.make("opportunities", "opportunity", sale).await;
    let conditions = json!([{ "field": "id", "operator": "is", "value": id(&made) }]);
    let body = json!({ "filter": { "conditions": conditions } });
    let sums = crm.post("/opportunities/value", body).await;
    assert_eq!(
        sums.json(),
        json!({ "totalValue": 1200.0, "projectedValue": 420.0, "meta": { "currency": "GBP" } })
    );
    assert_eq!(ids(&crm.filter_in("opportunities", conditions).await), [id(&made)]);
}
