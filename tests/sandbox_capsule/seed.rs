//! What a fresh account holds, and that it is always the same.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use time::macros::datetime;
use unicrm::sandbox::Clock;

use crate::harness::{Crm, id, rows};

async fn parties(crm: &Crm) -> Vec<Value> {
    crm.filter(json!([])).await
}

/// The values of a member of the rows of a list, over all parties.
fn values<'a>(parties: &'a [Value], list: &str, member: &str) -> BTreeSet<&'a str> {
    let rows = parties.iter().flat_map(|party| rows(&party[list]));
    rows.map(|row| row[member].as_str().unwrap_or("null")).collect()
}

#[tokio::test]
async fn two_sandboxes_start_with_the_same_data_whatever_the_time() {
    let early = Crm::start_at(Clock::fixed(datetime!(2026-03-01 00:00 UTC))).await;
    let late = Crm::start().await;
    assert_eq!(parties(&early).await, parties(&late).await);
}

#[tokio::test]
async fn parties_are_in_order_of_creation_and_dated_in_the_past() {
    let crm = Crm::start().await;
    let parties = parties(&crm).await;
    assert!(parties.is_sorted_by(|newer, older| id(newer) > id(older)));
    for party in &parties {
        let date = |key: &str| party[key].as_str().unwrap_or("2024-01-01");
        assert!(date("createdAt") >= "2024-01-01" && date("updatedAt") < "2026-03-01");
        assert!(date("createdAt") <= date("updatedAt"));
        assert!(date("lastContactedAt") <= date("updatedAt"));
        assert_eq!(party["id"].to_string().len(), 9);
    }
}

#[tokio::test]
async fn every_kind_of_row_and_service_occurs() {
    let crm = Crm::start().await;
    let parties = parties(&crm).await;
    let phones = values(&parties, "phoneNumbers", "type");
    assert_eq!(phones, BTreeSet::from(["Direct", "Fax", "Home", "Mobile", "Work", "null"]));
    let addresses = values(&parties, "addresses", "type");
    assert_eq!(addresses, BTreeSet::from(["Billing", "Home", "Office", "Postal", "Shipping", "null"]));
    let emails = values(&parties, "emailAddresses", "type");
    assert_eq!(emails, BTreeSet::from(["Home", "Work", "null"]));
    assert!(values(&parties, "addresses", "country").len() >= 15);
    assert!(values(&parties, "addresses", "street").iter().any(|street| street.contains('\n')));
    let services = values(&parties, "websites", "service");
    for service in ["URL", "TWITTER", "LINKED_IN", "FACEBOOK", "INSTAGRAM", "YOUTUBE", "SKYPE", "BLUESKY"] {
        assert!(services.contains(service), "{service}");
    }
}

#[tokio::test]
async fn row_ids_are_unique_over_all_parties() {
    let crm = Crm::start().await;
    let parties = parties(&crm).await;
    let mut ids = Vec::new();
    for party in &parties {
        for list in ["phoneNumbers", "addresses", "emailAddresses", "websites", "fields"] {
            ids.extend(rows(&party[list]).iter().map(id));
        }
    }
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

#[tokio::test]
async fn every_type_of_custom_field_and_a_data_tag_occur() {
    let crm = Crm::start().await;
    let parties = parties(&crm).await;
    let reply = crm.get("/parties/fields/definitions").await.json();
    for definition in rows(&reply["definitions"]) {
        let mut fields = parties.iter().flat_map(|party| rows(&party["fields"]));
        let used = fields.any(|field| field["definition"]["id"] == definition["id"]);
        assert!(used, "{}", definition["name"]);
    }
    let reply = crm.get("/parties/tags").await.json();
    for tag in rows(&reply["tags"]) {
        let mut tags = parties.iter().flat_map(|party| rows(&party["tags"]));
        assert!(tags.any(|attached| attached == tag), "{}", tag["name"]);
    }
    assert!(rows(&reply["tags"]).iter().any(|tag| tag["dataTag"] == true));
}

#[tokio::test]
async fn people_and_owners_come_in_every_shape() {
    let crm = Crm::start().await;
    let parties = parties(&crm).await;
    let any = |test: &dyn Fn(&Value) -> bool| parties.iter().any(test);
    let is_person = |party: &Value| party["type"] == "person";
    assert!(any(&|party| is_person(party) && party["lastName"].is_null()));
    assert!(any(&|party| is_person(party) && party["firstName"].is_null()));
    assert!(any(&|party| is_person(party) && party["organisation"].is_null()));
    assert!(any(&|party| is_person(party) && party["jobTitle"].is_null()));
    assert!(any(&|party| is_person(party) && party["title"] == "Dr"));
    assert!(any(&|party| rows(&party["emailAddresses"]).len() > 1));
    assert!(any(&|party| rows(&party["emailAddresses"]).is_empty()));
    assert!(any(&|party| rows(&party["phoneNumbers"]).is_empty()));
    assert!(any(&|party| party["owner"].is_null() && party["team"].is_null()));
    assert!(any(&|party| party["owner"].is_null() && party["team"].is_object()));
    assert!(any(&|party| party["owner"]["deleted"] == true));
    assert!(any(&|party| party["about"].as_str().is_some_and(|about| about.contains('\n'))));

    let names: String = parties
        .iter()
        .map(|party| format!("{}{}{}", party["name"], party["firstName"], party["lastName"]))
        .collect();
    for name in ["Élodie", "佐藤", "김", "דניאל", "يوسف", "Αλέξανδρος", "Ольга", "प्रिया", "🌸"]
    {
        assert!(names.contains(name), "{name}");
    }
}
