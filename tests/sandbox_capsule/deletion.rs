//! Deleting parties, and the list of what was deleted.

use serde_json::{Value, json};
use time::macros::datetime;

use crate::harness::{Crm, Watch, id, rows};

#[tokio::test]
async fn a_deleted_party_is_gone_and_cannot_be_deleted_again() {
    let crm = Crm::start().await;
    let party = crm.create(json!({ "type": "person", "firstName": "Ann" })).await;
    let path = format!("/parties/{}", party["id"]);
    let reply = crm.delete(&path).await;
    assert_eq!(reply.status, 204);
    assert!(reply.body.is_empty());
    assert_eq!(crm.get(&path).await.status, 404);
    assert_eq!(crm.delete(&path).await.status, 404);
}

#[tokio::test]
async fn people_survive_their_organisation_without_one() {
    let watch = Watch::at(datetime!(2026-06-01 09:00 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let person = crm
        .create(json!({ "type": "person", "firstName": "Ann", "organisation": { "name": "Doomed Ltd" } }))
        .await;
    watch.advance(60);
    let path = format!("/parties/{}", person["organisation"]["id"]);
    assert_eq!(crm.delete(&path).await.status, 204);

    let path = format!("/parties/{}", person["id"]);
    let survivor = crm.get(&path).await.json()["party"].clone();
    assert_eq!(survivor["organisation"], Value::Null);
    assert_eq!(survivor["updatedAt"], person["updatedAt"]);
}

#[tokio::test]
async fn deleted_parties_are_listed_since_a_date_that_must_be_given() {
    let watch = Watch::at(datetime!(2026-06-01 09:00 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let first = 247_318_406;
    assert_eq!(crm.delete(&format!("/parties/{first}")).await.status, 204);
    watch.advance(60);
    assert_eq!(crm.delete(&format!("/parties/{}", first + 9)).await.status, 204);

    let all = crm.get("/parties/deleted?since=2026-05-31").await.json();
    let expected = json!({
        "parties": [
            { "id": first, "deletedAt": "2026-06-01T09:00:00Z" },
            { "id": first + 9, "deletedAt": "2026-06-01T09:01:00Z" },
        ],
        "restrictedParties": [],
    });
    assert_eq!(all, expected);
    let later = crm.get("/parties/deleted?since=2026-06-01T09:00:30Z").await.json();
    let ids: Vec<i64> = rows(&later["parties"]).iter().map(id).collect();
    assert_eq!(ids, [first + 9]);

    let reply = crm.get("/parties/deleted").await;
    reply.assert_invalid("party", "since", "since is required");
}
