//! What takes longer than a request.

use serde_json::{Value, json};

use crate::harness::{Crm, named};

#[tokio::test]
async fn deleting_a_tag_that_many_bear_is_a_job_to_be_asked_after() {
    let crm = Crm::start().await;
    let tags = crm.all("parties/tags", "tags").await;
    let newsletter = format!("/parties/tags/{}", named(&tags, "Newsletter")["id"]);
    let reply = crm.delete(&newsletter).await;
    assert_eq!((reply.status, reply.body.len()), (202, 0));
    let origin = format!("{}/api/v2", crm.sandbox.origin());
    let path = reply.header("location").strip_prefix(&origin).expect("a job of this API").to_owned();
    assert!(path.starts_with("/jobs/"));

    let job = crm.get(&path).await.json()["job"].clone();
    let expected = json!({
        "status": "completed",
        "progress": 100,
        "action": "Deleting Tag",
        "id": path.trim_start_matches("/jobs/"),
    });
    assert_eq!(job, expected);
    assert_eq!(crm.get(&newsletter).await.status, 404);
    let bearers = json!([{ "field": "tag", "operator": "is", "value": "Newsletter" }]);
    assert_eq!(crm.filter(bearers).await, Vec::<Value>::new());

    let few = format!("/parties/tags/{}", named(&tags, "VIP")["id"]);
    assert_eq!(crm.delete(&few).await.status, 204);
    assert_eq!(crm.get("/jobs/00000000-0000-4000-8000-000000000000").await.status, 404);
}
