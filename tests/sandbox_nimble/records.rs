//! What records are, and what can be done with them.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{AGNES, Crm, PIPELINE};

#[tokio::test]
async fn a_deleted_contact_is_an_empty_list() {
    let crm = Crm::start().await;
    let path = format!("/api/v1/contact/{AGNES}");
    let gone = crm.write(Method::DELETE, &path, json!({})).await.ok().clone();
    assert_eq!(gone, json!({ "status": "ok", "data": { "ids": [AGNES] } }));
    assert_eq!(crm.get(&path).await.ok(), &json!({ "resources": [] }));
    let again = crm.write(Method::DELETE, &path, json!({})).await;
    assert_eq!(again.refused(404), &json!({ "object_type": "contact", "object_id": AGNES }));
}

#[tokio::test]
async fn an_update_replaces_or_adds_as_it_is_told() {
    let crm = Crm::start().await;
    let path = format!("/api/v1/contact/{AGNES}");
    let one = json!({ "fields": { "email": [{ "value": "new@post.example", "modifier": "other" }] } });
    let added = crm.write(Method::PUT, &format!("{path}?type=0"), one.clone()).await.ok().clone();
    assert_eq!(added["fields"]["email"].as_array().map(Vec::len), Some(3));
    let replaced = crm.write(Method::PUT, &format!("{path}?replace=1"), one).await.ok().clone();
    assert_eq!(replaced["fields"]["email"].as_array().map(Vec::len), Some(1));
    let cleared = json!({ "fields": { "email": [{ "value": null, "modifier": "" }] } });
    let cleared = crm.write(Method::PUT, &format!("{path}?type=1"), cleared).await.ok().clone();
    assert_eq!(cleared["fields"].get("email"), None);
}

#[tokio::test]
async fn fields_are_held_to_their_kinds() {
    let crm = Crm::start().await;
    for (field, value) in [
        ("address", json!([{ "value": "1 Quay Lane", "modifier": "work" }])),
        ("phone", json!([{ "value": "1", "modifier": "pager" }])),
        ("lead status", json!([{ "value": "Open", "modifier": "" }])),
        ("shoe size", json!([{ "value": "44", "modifier": "" }])),
        ("source", json!([{ "value": "csv", "modifier": "" }])),
    ] {
        let body = json!({ "fields": { field: value } });
        let refusal = crm.write(Method::PUT, &format!("/api/v1/contact/{AGNES}?type=1"), body).await;
        assert!(refusal.refused(409)["errors"][field].is_array(), "{}", refusal.body);
    }
    let nameless = json!({ "record_type": "person", "fields": {} });
    crm.write(Method::POST, "/api/v1/contact", nameless).await.refused(409);
}

#[tokio::test]
async fn tags_are_text_at_creation_and_a_list_afterwards() {
    let crm = Crm::start().await;
    let body = json!({ "fields": { "last name": [{ "value": "Lee" }] }, "tags": "a,b\\, c" });
    let made = crm.write(Method::POST, "/api/v1/contact", body).await.ok().clone();
    assert_eq!(made["tags2"], json!(["a", "b, c"]));
    let six = json!({ "fields": { "last name": [{ "value": "Lee" }] }, "tags": "1,2,3,4,5,6" });
    crm.write(Method::POST, "/api/v1/contact", six).await.refused(409);
    let id = made["id"].as_str().expect("an id");
    let tags = json!({ "tags": ["x"] });
    let tagged = crm.write(Method::PUT, &format!("/api/v1/contacts/{id}/tags"), tags).await.ok().clone();
    assert_eq!(tagged["tags"][0]["tag"], "x");
}

#[tokio::test]
async fn an_employer_is_linked_by_its_name() {
    let crm = Crm::start().await;
    let job = json!({ "company_name": "nordlys optik", "title": "Owner" }).to_string();
    let body =
        json!({ "fields": { "last name": [{ "value": "Lee" }], "contact employment": [{ "value": job }] } });
    let made = crm.write(Method::POST, "/api/v1/contact", body).await.ok().clone();
    let company = made["employers_info"][0]["contact_id"].as_str().expect("a company").to_owned();
    let company = crm.get(&format!("/api/v1/contact/{company}")).await.ok()["resources"][0].clone();
    assert!(company["children"].as_array().expect("people").contains(&made["id"]));
}

#[tokio::test]
async fn a_deal_moves_within_its_pipeline_and_is_not_won_by_it() {
    let crm = Crm::start().await;
    let path = "/api/v2/deals/66c00303a1b2c3d400000001";
    let to = |stage: &str| json!({ "stage_id": stage });
    let moved = crm.write(Method::PUT, path, to("66c00402a1b2c3d400000003")).await.ok().clone();
    let steps = moved["stage_transitions"][0]["transitions"].as_array().expect("steps").len();
    assert_eq!(steps, 3);
    crm.write(Method::PUT, path, to("66c00402a1b2c3d400000004")).await.refused(406);
    crm.write(Method::PUT, path, to("66c00402a1b2c3d400000006")).await.refused(409);
    let negative = json!({ "fields_values": { "amount": [{ "value": "-1" }] } });
    crm.write(Method::PUT, path, negative).await.refused(409);
}

#[tokio::test]
async fn a_lead_enters_moves_and_leaves_and_can_take_it_back() {
    let crm = Crm::start().await;
    let run = "/api/v2/leads/66c00101a1b2c3d400000002/66c00401a1b2c3d400000003";
    crm.write(Method::POST, &format!("{run}/successful"), json!({})).await.refused(406);
    let stage = |contact: &Value| contact["stages_info"][0]["stage_name"].clone();
    let entered = crm.write(Method::POST, &format!("{run}/move"), json!({})).await;
    assert_eq!(stage(entered.ok()), "New");
    let won = crm.write(Method::POST, &format!("{run}/successful"), json!({ "notes": "signed" })).await;
    assert_eq!(stage(won.ok()), "Won");
    crm.write(Method::PUT, &format!("{run}/unsuccessful"), json!({})).await.refused(406);
    let back = crm.write(Method::POST, &format!("{run}/undo"), json!({})).await;
    assert_eq!(stage(back.ok()), "New");
    let out = crm.write(Method::DELETE, run, json!({})).await;
    assert_eq!(out.ok()["stages_info"], json!({}));
}

#[tokio::test]
async fn a_pipeline_takes_its_deals_along_and_a_stage_is_put_aside() {
    let crm = Crm::start().await;
    let stage = format!("/api/v2/deals/pipelines/{PIPELINE}/stages/66c00402a1b2c3d400000001");
    crm.write(Method::DELETE, &stage, json!({})).await.ok();
    let pipeline = crm.get(&format!("/api/v2/deals/pipelines/{PIPELINE}")).await.ok().clone();
    assert!(pipeline["stages"][0]["archived_at"].is_string());
    crm.write(Method::DELETE, &format!("/api/v2/deals/pipelines/{PIPELINE}"), json!({})).await.ok();
    let left = crm.get("/api/v2/deals?sort=name:asc&limit=100").await.ok().clone();
    assert_eq!(left["meta"]["total"], 2);
}

#[tokio::test]
async fn a_task_turns_up_among_the_activities() {
    let crm = Crm::start().await;
    let body =
        json!({ "subject": "Call", "due_date": "2026-12-01T10:00:00", "related": { "contacts": [AGNES] } });
    let task = crm.write(Method::POST, "/api/v1/tasks", body).await.ok().clone();
    assert_eq!((&task["due_date"], &task["version"]), (&json!("2026-12-01T10:00:00+00:00"), &json!(2)));
    let path = format!("/api/v1/activities?direction=pending&types=task&contacts={AGNES}&limit=100");
    let found = crm.get(&path).await.ok().clone();
    let id = format!("task|{}", task["id"].as_str().expect("an id"));
    assert!(
        found["activities"].as_array().expect("a list").iter().any(|it| it["activity_id"] == id.as_str())
    );
    let old = json!({ "subject": "Call", "related_to": [AGNES] });
    crm.write(Method::POST, "/api/v1/tasks", old).await.refused(409);
}
