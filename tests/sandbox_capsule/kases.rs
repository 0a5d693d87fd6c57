//! Projects, which the API calls kases.

use serde_json::{Value, json};
use time::macros::datetime;

use crate::harness::{ADMINISTRATOR, Crm, Watch, id, ids, keys, named, rows};

async fn amended(crm: &Crm, kase: &Value, change: Value) -> Value {
    crm.amended("kases", "kase", kase, change).await
}

async fn kase(crm: &Crm, more: Value) -> Value {
    let party = crm.create(json!({ "type": "organisation", "name": "Customer Ltd" })).await;
    let mut kase = json!({ "name": "Fit a machine", "party": { "id": party["id"] } });
    let more = more.as_object().expect("an object").clone();
    kase.as_object_mut().expect("an object").extend(more);
    crm.make("kases", "kase", kase).await
}

#[tokio::test]
async fn a_new_project_shows_all_its_members() {
    let crm = Crm::start().await;
    let made = kase(&crm, json!({})).await;
    assert_eq!(
        keys(&made),
        [
            "id",
            "owner",
            "team",
            "party",
            "status",
            "opportunity",
            "stage",
            "createdAt",
            "updatedAt",
            "description",
            "name",
            "closedOn",
            "lastContactedAt",
            "expectedCloseOn",
            "startOn",
            "tags",
            "fields",
        ]
    );
    assert_eq!(made["status"], "OPEN");
    assert_eq!(id(&made["owner"]), ADMINISTRATOR);
    assert_eq!(made["stage"], Value::Null);
    assert_eq!(crm.get("/projects").await.status, 404);
}

#[tokio::test]
async fn name_and_party_are_required() {
    let crm = Crm::start().await;
    let reply = crm.post("/kases", json!({ "kase": { "name": "Nobody's" } })).await;
    reply.assert_invalid("kase", "party", "party is required");
    let made = kase(&crm, json!({})).await;
    let reply = crm.amend("kases", "kase", &made, json!({ "name": "  " })).await;
    reply.assert_invalid("kase", "name", "name is required");
    let reply = crm.amend("kases", "kase", &made, json!({ "party": null })).await;
    reply.assert_invalid("kase", "party", "party is required");
    let reply = crm.amend("kases", "kase", &made, json!({ "owner": null })).await;
    reply.assert_invalid("kase", "owner", "owner or team is required");
}

#[tokio::test]
async fn closing_sets_the_day_and_reopening_clears_it() {
    let watch = Watch::at(datetime!(2026-06-01 09:00 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let made = kase(&crm, json!({})).await;
    let closed = amended(&crm, &made, json!({ "status": "CLOSED" })).await;
    assert_eq!(closed["closedOn"], "2026-06-01");
    watch.advance(3 * 86_400);
    let renamed = amended(&crm, &made, json!({ "name": "Done", "closedOn": "2020-01-01" })).await;
    assert_eq!(renamed["closedOn"], "2026-06-01");
    let reopened = amended(&crm, &made, json!({ "status": "OPEN" })).await;
    assert_eq!(reopened["closedOn"], Value::Null);
    let reply = crm.amend("kases", "kase", &made, json!({ "status": "DONE" })).await;
    reply.assert_invalid("kase", "status", "options are: OPEN, CLOSED");
}

#[tokio::test]
async fn a_stage_is_a_bare_id_or_an_object_and_may_be_on_another_board_or_none() {
    let crm = Crm::start().await;
    let stages = crm.all("stages", "stages").await;
    let (fitting, booked) = (named(&stages, "Fitting"), named(&stages, "Booked"));
    let made = kase(&crm, json!({ "stage": fitting["id"] })).await;
    assert_eq!(made["stage"], json!({ "id": fitting["id"], "name": "Fitting" }));
    let moved = amended(&crm, &made, json!({ "stage": { "id": booked["id"] } })).await;
    assert_eq!(moved["stage"]["name"], "Booked");
    assert_eq!(moved["owner"], made["owner"]);
    let on_board = json!([{ "field": "board", "operator": "is", "value": "Training" }]);
    assert!(ids(&crm.filter_in("kases", on_board).await).contains(&id(&made)));
    assert_eq!(amended(&crm, &made, json!({ "stage": null })).await["stage"], Value::Null);
    let reply = crm.amend("kases", "kase", &made, json!({ "stage": 1 })).await;
    reply.assert_invalid("kase", "stage", "stage not found");
}

#[tokio::test]
async fn projects_of_a_sale_and_of_a_party_are_listed_there() {
    let crm = Crm::start().await;
    let sale = crm.all("opportunities", "opportunities").await[0].clone();
    let made = kase(&crm, json!({ "opportunity": { "id": sale["id"] } })).await;
    assert_eq!(made["opportunity"], json!({ "id": sale["id"], "name": sale["name"] }));
    let of_sale = crm.all(&format!("opportunities/{}/kases", sale["id"]), "kases").await;
    assert_eq!(ids(&of_sale), [id(&made)]);
    let of_party = crm.all(&format!("parties/{}/kases", made["party"]["id"]), "kases").await;
    assert_eq!(ids(&of_party), [id(&made)]);
    let path = format!("/kases/{}?embed=opportunity,party", made["id"]);
    let embedded = crm.get(&path).await.json()["kase"].clone();
    assert!(keys(&embedded["opportunity"]).contains(&"milestone"));
    assert!(keys(&embedded["party"]).contains(&"websites"));

    assert_eq!(crm.delete(&format!("/opportunities/{}", sale["id"])).await.status, 204);
    let orphan = crm.one("kases", "kase", &made["id"]).await;
    assert_eq!(orphan["opportunity"], Value::Null);
}

#[tokio::test]
async fn further_parties_tags_and_fields_work_as_with_opportunities() {
    let crm = Crm::start().await;
    let definitions = crm.all("kases/fields/definitions", "definitions").await;
    let site = named(&definitions, "Site")["id"].clone();
    let marks = json!({
        "tags": [{ "name": "Rush" }],
        "fields": [{ "definition": site, "value": "Outdoors" }],
    });
    let made = kase(&crm, marks).await;
    assert_eq!(made["tags"][0]["name"], "Rush");
    assert_eq!(made["fields"][0]["value"], "Outdoors");
    let person = crm.create(json!({ "type": "person", "firstName": "Ann" })).await;
    let link = format!("/kases/{}/parties/{}", made["id"], person["id"]);
    assert_eq!(crm.post(&link, Value::Null).await.status, 204);
    let again = crm.post(&link, Value::Null).await;
    again.assert_invalid("kase", "party", "party is already a contact for this kase");
    assert_eq!(crm.delete(&link).await.status, 204);
}

#[tokio::test]
async fn every_field_of_a_project_can_be_filtered() {
    let crm = Crm::start().await;
    let all = crm.filter_in("kases", json!([])).await;
    assert_eq!(all.len(), 20);
    let closed = all.iter().find(|row| row["closedOn"].is_string()).expect("a closed one");
    for (field, operator, value) in [
        ("id", "is", closed["id"].clone()),
        ("name", "starts with", json!("Fit")),
        ("status", "is", json!("open")),
        ("status", "is", json!("closed")),
        ("board", "is", json!("Installations")),
        ("stage", "is", json!("Ordered")),
        ("tag", "is", json!("Rush")),
        ("owner", "is", closed["owner"]["id"].clone()),
        ("team", "is", json!("Wholesale")),
        ("isOpen", "is", json!(false)),
        ("isOwnedByMe", "is", json!(true)),
        ("hasTags", "is", json!(true)),
        ("hasOpenTasks", "is", json!(true)),
        ("addedOn", "is before", json!("2025-06-01")),
        ("updatedOn", "is after", json!("2025-06-01")),
        ("closedOn", "is", closed["closedOn"].clone()),
        ("expectedCloseOn", "is", Value::Null),
        ("startOn", "is not", Value::Null),
        ("primaryContact", "is", closed["party"]["id"].clone()),
        ("primaryContactName", "contains", json!("e")),
        ("custom:926911", "is", json!("Outdoors")),
    ] {
        let conditions = json!([{ "field": field, "operator": operator, "value": value }]);
        let hits = crm.filter_in("kases", conditions).await;
        assert!(!hits.is_empty() && hits.len() < 20, "{field} {}", hits.len());
    }
    let saved = crm.get("/kases/filters").await.json()["filters"][0]["id"].clone();
    let results = crm.all(&format!("kases/filters/{saved}/results"), "kases").await;
    assert!(!results.is_empty() && results.iter().all(|row| row["status"] == "OPEN"));
}

#[tokio::test]
async fn projects_are_listed_since_searched_several_at_once_and_when_deleted() {
    let watch = Watch::at(datetime!(2026-06-01 09:00 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let first = kase(&crm, json!({ "name": "Quokka enclosure" })).await;
    watch.advance(60);
    let second = kase(&crm, json!({})).await;
    let since = crm.all("kases?since=2026-06-01T09:00:30Z", "kases").await;
    assert_eq!(ids(&since), [id(&second)]);
    let found = crm.all("kases/search?q=quokka", "kases").await;
    assert_eq!(ids(&found), [id(&first)]);
    let both = crm.all(&format!("kases/{},{}", first["id"], second["id"]), "kases").await;
    assert_eq!(ids(&both), [id(&first), id(&second)]);

    assert_eq!(crm.delete(&format!("/kases/{}", first["id"])).await.status, 204);
    assert_eq!(crm.delete(&format!("/parties/{}", second["party"]["id"])).await.status, 204);
    let gone = crm.get("/kases/deleted?since=2026-06-01").await.json();
    assert_eq!(ids(rows(&gone["kases"])), [id(&first), id(&second)]);
    assert_eq!(gone["restrictedKases"], json!([]));
}
