//! Whom opportunities, projects and tasks are with.

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::twin::Twin;

const OPPORTUNITIES: &str = "/unified/crm/opportunities";
const PROJECTS: &str = "/unified/crm/projects";

/// An organisation, and three people of no organisation.
async fn cast(app: &TestApp) -> (String, [String; 3]) {
    let twin = Twin::of(app.sandbox());
    let (mut organisation, mut people) = (None, Vec::new());
    for page in 1..4 {
        let parties = twin.get(&format!("/api/v2/parties?perPage=100&page={page}")).await.ok();
        for party in parties["parties"].as_array().expect("a list") {
            let id = party["id"].to_string();
            match party["type"].as_str() {
                Some("organisation") => organisation = organisation.or(Some(id)),
                _ if party["organisation"].is_null() => people.push(id),
                _ => {}
            }
        }
    }
    people.truncate(3);
    (organisation.expect("one"), people.try_into().expect("three people"))
}

fn references(ids: &[&String]) -> Value {
    ids.iter().map(|id| json!({ "id": id })).collect()
}

fn ids(record: &Value) -> Vec<String> {
    let contacts = record["contact"].as_array().expect("a list");
    let mut ids: Vec<String> =
        contacts.iter().map(|contact| contact["id"].as_str().expect("an id").to_owned()).collect();
    ids.sort();
    ids
}

fn sorted(ids: &[&String]) -> Vec<String> {
    let mut ids: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
    ids.sort();
    ids
}

async fn people_come_and_go(path: &str) {
    let app = TestApp::start().await;
    let (organisation, [ada, ben, cleo]) = cast(&app).await;
    let body = json!({
        "name": "Together", "account": { "id": organisation }, "contact": references(&[&ada, &ben]),
    });
    let made = app.post(path, &body).await.ok();
    assert_eq!((&made["account"]["id"], ids(&made)), (&json!(organisation), sorted(&[&ada, &ben])));
    let one = format!("{path}/{}", made["id"].as_str().expect("an id"));
    assert_eq!(ids(&app.get(&one).await.ok()), sorted(&[&ada, &ben]));
    let changed = app.patch(&one, &json!({ "contact": references(&[&ben, &cleo]) })).await.ok();
    assert_eq!((&changed["account"]["id"], ids(&changed)), (&json!(organisation), sorted(&[&ben, &cleo])));
    let changed = app.patch(&one, &json!({ "contact": [] })).await.ok();
    assert_eq!(ids(&changed), Vec::<String>::new());
    // Without an organisation the first person is the one that it belongs to.
    let body = json!({ "name": "Alone", "contact": references(&[&ada, &ben]) });
    let made = app.post(path, &body).await.ok();
    assert_eq!((&made["account"], ids(&made)), (&Value::Null, sorted(&[&ada, &ben])));
    assert_eq!(made["remote_data"]["party"]["id"].to_string(), ada);
    let listed = app.get(&format!("{path}?contact[id]={ada}")).await.result();
    assert!(listed.iter().any(|record| record["id"] == made["id"]), "{listed:?}");
}

#[tokio::test]
async fn an_opportunity_is_with_an_organisation_and_people_beside_it() {
    people_come_and_go(OPPORTUNITIES).await;
}

#[tokio::test]
async fn a_project_is_for_an_organisation_and_people_beside_it() {
    people_come_and_go(PROJECTS).await;
}

#[tokio::test]
async fn a_project_comes_from_one_opportunity() {
    let app = TestApp::start().await;
    let (organisation, _) = cast(&app).await;
    let sale = app.get(&format!("{OPPORTUNITIES}?limit=1")).await.result()[0].clone();
    let body = json!({
        "name": "After", "account": { "id": organisation }, "opportunity": [{ "id": sale["id"] }],
    });
    let made = app.post(PROJECTS, &body).await.ok();
    assert_eq!(made["opportunity"], json!([{ "id": sale["id"], "name": sale["name"] }]));
    let one = format!("{PROJECTS}/{}", made["id"].as_str().expect("an id"));
    let two = json!({ "opportunity": [{ "id": "1" }, { "id": "2" }] });
    app.patch(&one, &two).await.refused_fields(&["opportunity"]);
    let milestone = json!({ "stage": { "id": "milestone:268074" } });
    app.patch(&one, &milestone).await.refused_fields(&["stage.id"]);
    assert_eq!(app.patch(&one, &json!({ "opportunity": [] })).await.ok()["opportunity"], json!([]));
    let closed = app.patch(&one, &json!({ "status": "closed" })).await.ok();
    assert_eq!(closed["status"], "closed");
    assert!(closed["close_date"].is_string(), "{closed}");
    assert_eq!(app.patch(&one, &json!({ "status": "open" })).await.ok()["status"], "open");
}

#[tokio::test]
async fn an_association_adds_people_and_organisations() {
    let app = TestApp::start().await;
    let (organisation, [ada, ben, _]) = cast(&app).await;
    for (entity, path) in [("opportunities", OPPORTUNITIES), ("projects", PROJECTS)] {
        let body = json!({ "name": "Alone", "account": { "id": organisation } });
        let made = app.post(path, &body).await.ok();
        let body = json!({
            "entity": entity, "entity_id": made["id"],
            "associations": { "contacts": references(&[&ada, &ben]) },
        });
        let answered = app.post("/unified/crm/associations", &body).await.ok();
        assert_eq!(answered["entity_id"], made["id"]);
        let read = app.get(&format!("{path}/{}", made["id"].as_str().expect("an id"))).await.ok();
        assert_eq!(ids(&read), sorted(&[&ada, &ben]));
    }
    for (body, field) in [
        (
            json!({ "entity": "contacts", "entity_id": ada, "associations": { "contacts": [{ "id": ben }] } }),
            "entity",
        ),
        (
            json!({ "entity": "opportunities", "entity_id": "1", "associations": { "contacts": [{ "id": ben }] } }),
            "entity_id",
        ),
        (json!({ "entity": "opportunities", "entity_id": "1", "associations": {} }), "associations"),
        (
            json!({ "entity": "opportunities", "entity_id": "1", "associations": { "leads": [{ "id": "1" }] } }),
            "associations.leads",
        ),
    ] {
        let error = app.post("/unified/crm/associations", &body).await.local_error(400);
        let failures = error["details"]["failures"].as_array().expect("failures");
        assert!(failures.iter().any(|failure| failure["field"] == field), "{body}: {error}");
    }
}
