//! What a user who is no administrator sees of records that are not for everybody.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Crm, Reply, id, ids, keys, rows};

/// The organisation that the colleague may not see, and its opportunity, as the administrator sees them.
async fn restricted(crm: &Crm) -> (Value, Value) {
    let name = json!([{ "field": "name", "operator": "is", "value": "Alder & Ash Coworking" }]);
    let organisation = crm.filter(name).await[0].clone();
    let path = format!("parties/{}/opportunities", organisation["id"]);
    let opportunity = crm.all(&path, "opportunities").await[0].clone();
    (organisation, opportunity)
}

async fn get(crm: &Crm, path: &str) -> Reply {
    crm.as_colleague(Method::GET, path, Value::Null).await
}

#[tokio::test]
async fn restricted_records_do_not_exist_for_others() {
    let crm = Crm::start().await;
    let (organisation, opportunity) = restricted(&crm).await;
    for path in [
        format!("/parties/{}", organisation["id"]),
        format!("/parties/{}/people", organisation["id"]),
        format!("/parties/{}/opportunities", organisation["id"]),
        format!("/opportunities/{}", opportunity["id"]),
        format!("/opportunities/{}/parties", opportunity["id"]),
    ] {
        assert_eq!(crm.get(&path).await.status, 200, "{path}");
        assert_eq!(get(&crm, &path).await.status, 404, "{path}");
    }
    let found = get(&crm, "/parties/search?q=alder").await.json();
    assert!(!ids(rows(&found["parties"])).contains(&id(&organisation)));
    let change = json!({ "party": { "about": "Seen" } });
    let path = format!("/parties/{}", organisation["id"]);
    assert_eq!(crm.as_colleague(Method::PUT, &path, change).await.status, 404);
    assert_eq!(crm.as_colleague(Method::DELETE, &path, Value::Null).await.status, 404);

    let total = async |path: &str| {
        let path = format!("{path}?embed=meta&perPage=1");
        get(&crm, &path).await.json()["meta"]["totalCount"].clone()
    };
    assert_eq!(total("/parties").await, 255);
    assert_eq!(total("/opportunities").await, 44);
}

#[tokio::test]
async fn references_to_restricted_records_say_private_and_are_not_expanded() {
    let crm = Crm::start().await;
    let (organisation, _) = restricted(&crm).await;
    let path = format!("parties/{}/people", organisation["id"]);
    let person = crm.all(&path, "parties").await[0].clone();
    let path = format!("/parties/{}?embed=organisation", person["id"]);
    let seen = crm.get(&path).await.json()["party"]["organisation"].clone();
    assert_eq!(seen["name"], "Alder & Ash Coworking");

    let hidden = get(&crm, &path).await.json()["party"]["organisation"].clone();
    assert_eq!(keys(&hidden), ["id", "type", "name", "pictureURL", "isRestricted"]);
    assert_eq!(hidden["name"], "Private");
    assert_eq!(hidden["isRestricted"], true);
}

#[tokio::test]
async fn restricted_records_are_told_beside_the_deleted_ones() {
    let crm = Crm::start().await;
    let (organisation, opportunity) = restricted(&crm).await;
    let gone = get(&crm, "/parties/deleted?since=2024-01-01").await.json();
    assert_eq!(gone["parties"], json!([]));
    assert_eq!(ids(rows(&gone["restrictedParties"])), [id(&organisation)]);
    let gone = get(&crm, "/opportunities/deleted?since=2024-01-01").await.json();
    let expected = json!([{ "id": opportunity["id"], "name": "Private", "isRestricted": true }]);
    assert_eq!(gone["restrictedOpportunities"], expected);
    let seen = crm.get("/parties/deleted?since=2024-01-01").await.json();
    assert_eq!(seen["restrictedParties"], json!([]));
}
