//! Tracks and their definitions, and goals.

use serde_json::{Value, json};
use time::macros::datetime;

use crate::harness::{Crm, Watch, id, ids, keys, named, rows};

async fn kase(crm: &Crm, more: Value) -> Value {
    let party = crm.create(json!({ "type": "person", "firstName": "Ann" })).await;
    let mut kase = json!({ "name": "K", "party": party["id"] });
    let more = more.as_object().expect("an object").clone();
    kase.as_object_mut().expect("an object").extend(more);
    crm.make("kases", "kase", kase).await
}

async fn definition(crm: &Crm, description: &str) -> Value {
    let definitions = crm.all("trackdefinitions", "trackDefinitions").await;
    definitions.into_iter().find(|row| row["description"] == description).expect("a definition")
}

#[tokio::test]
async fn definitions_are_listed_by_what_they_are_for() {
    let crm = Crm::start().await;
    let all = crm.all("trackdefinitions", "trackDefinitions").await;
    assert_eq!(
        keys(&all[0]),
        ["id", "description", "tag", "captureRule", "direction", "createdAt", "updatedAt", "taskDefinitions"]
    );
    assert_eq!(
        keys(&all[0]["taskDefinitions"][0]),
        [
            "id",
            "description",
            "daysAfterRule",
            "daysAfter",
            "displayOrder",
            "category",
            "trackTaskAssignee",
            "dayDelayRule"
        ]
    );
    assert_eq!(crm.all("trackdefinitions?type=all", "trackDefinitions").await.len(), 3);
    assert_eq!(crm.all("trackdefinitions?type=kases", "trackDefinitions").await.len(), 2);
    assert_eq!(crm.all("trackdefinitions?type=opportunities", "trackDefinitions").await.len(), 1);
    assert_eq!(crm.get("/trackdefinitions?type=parties").await.status, 422);
}

#[tokio::test]
async fn a_track_makes_tasks_of_which_the_later_wait_for_those_before() {
    let watch = Watch::at(datetime!(2026-06-01 09:00 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let kase = kase(&crm, json!({})).await;
    let fit = definition(&crm, "Fit a machine").await;
    let track = json!({ "definition": fit["id"], "trackDateOn": "2026-06-05", "kase": kase["id"] });
    let track = crm.make("tracks", "track", track).await;
    assert_eq!(keys(&track), ["id", "tasks", "description", "direction", "trackDateOn"]);
    assert_eq!(track["description"], "Fit a machine");
    assert_eq!(keys(&track["tasks"][0]), ["id", "description"]);
    let task = async |index: usize| crm.one("tasks", "task", &track["tasks"][index]["id"]).await;

    let (measure, order, fitting) = (task(0).await, task(1).await, task(2).await);
    assert_eq!((&measure["dueOn"], &order["dueOn"]), (&json!("2026-06-09"), &json!("2026-06-12")));
    assert_eq!((&measure["status"], &fitting["status"]), (&json!("OPEN"), &json!("PENDING")));
    assert_eq!(measure["hasTrack"], true);
    assert_eq!(measure["taskDelayRule"], "TRACK_START");
    assert_eq!(measure["daysAfter"], 2);
    assert_eq!(measure["nextTask"], json!({ "id": order["id"], "description": "Order the machine" }));
    assert_eq!(fitting["taskDelayRule"], "LAST_TASK");
    assert_eq!(fitting["taskDayDelayRule"], "TRACK_WEEKS");
    assert_eq!(fitting["nextTask"], Value::Null);
    assert_eq!(fitting["kase"]["id"], kase["id"]);
    assert_eq!(id(&fitting["owner"]), id(&kase["owner"]) + 2, "given to somebody by the definition");

    watch.advance(30 * 86_400);
    crm.amended("tasks", "task", &order, json!({ "status": "COMPLETED" })).await;
    let fitting = task(2).await;
    assert_eq!((&fitting["status"], &fitting["dueOn"]), (&json!("OPEN"), &json!("2026-07-22")));
}

#[tokio::test]
async fn a_track_can_be_counted_back_from_its_end_and_brings_tags() {
    let crm = Crm::start().await;
    let kase = kase(&crm, json!({})).await;
    let countdown = definition(&crm, "Countdown to the opening").await;
    let track = json!({
        "description": "Opening night",
        "definition": { "id": countdown["id"] },
        "trackDateOn": "2026-09-10",
        "kase": { "id": kase["id"] },
    });
    let made = crm.make("tracks", "track", track).await;
    assert_eq!(made["description"], "Opening night");
    assert_eq!(made["direction"], "END_DATE");
    let tasks = crm.get(&format!("/tracks/{}?embed=task", made["id"])).await.json()["track"]["tasks"].clone();
    let due: Vec<&Value> = rows(&tasks).iter().map(|task| &task["dueOn"]).collect();
    assert_eq!(due, ["2026-09-03", "2026-09-08"]);
    assert_eq!(tasks[0]["taskDelayRule"], "END_DATE");
    let tagged = crm.get(&format!("/kases/{}?embed=tags", kase["id"])).await.json();
    let tags = rows(&tagged["kase"]["tags"]);
    named(tags, "Rush");
    named(tags, "Weekend");
}

#[tokio::test]
async fn the_body_names_definition_and_track_date_on_and_one_record() {
    let watch = Watch::at(datetime!(2026-06-01 09:00 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let kase = kase(&crm, json!({})).await;
    let fit = definition(&crm, "Fit a machine").await["id"].clone();
    let refused = async |track: Value| crm.post("/tracks", json!({ "track": track })).await;
    let misnamed = json!({ "trackDefinition": fit, "kase": kase["id"] });
    let message = "track definition is required";
    refused(misnamed).await.assert_invalid("track", "definition", message);
    let nowhere = refused(json!({ "definition": fit })).await;
    nowhere.assert_invalid("track", "kase", "track must be linked to either a party, opportunity or kase");
    let elsewhere = refused(json!({ "definition": fit, "party": kase["party"]["id"] })).await;
    elsewhere.assert_invalid("track", "definition", "track definition is for other records");

    let misdated = json!({ "definition": fit, "kase": kase["id"], "startDate": "2027-01-01" });
    let made = crm.make("tracks", "track", misdated).await;
    assert_eq!(made["trackDateOn"], "2026-06-01");
}

#[tokio::test]
async fn tracks_are_listed_at_their_record_only() {
    let crm = Crm::start().await;
    let fit = definition(&crm, "Fit a machine").await["id"].clone();
    let kase = kase(&crm, json!({ "tracks": [{ "definition": fit }] })).await;
    let at_record = format!("kases/{}/tracks", kase["id"]);
    let track = crm.all(&at_record, "tracks").await[0].clone();
    assert_eq!(rows(&track["tasks"]).len(), 3);
    assert_eq!(crm.get("/tracks").await.status, 405);
    assert_eq!(crm.all(&format!("parties/{}/tracks", kase["party"]["id"]), "tracks").await, [] as [Value; 0]);
    assert_eq!(crm.get("/opportunities/1/tracks").await.status, 404);

    assert_eq!(crm.delete(&format!("/kases/{}", kase["id"])).await.status, 204);
    assert_eq!(crm.get(&format!("/{at_record}")).await.status, 404);
    let orphan = crm.one("tracks", "track", &track["id"]).await;
    assert_eq!(orphan["tasks"], json!([]), "its tasks have gone with the project");
}

#[tokio::test]
async fn a_track_moves_its_open_tasks_and_takes_them_along_when_deleted() {
    let crm = Crm::start().await;
    let kase = kase(&crm, json!({})).await;
    let fit = definition(&crm, "Fit a machine").await["id"].clone();
    let track = json!({ "definition": fit, "trackDateOn": "2026-06-05", "kase": kase["id"] });
    let track = crm.make("tracks", "track", track).await;
    let task = async |index: usize| crm.get(&format!("/tasks/{}", track["tasks"][index]["id"])).await;
    let done = json!({ "status": "COMPLETED" });
    crm.amended("tasks", "task", &track["tasks"][0], done).await;
    let later = json!({ "description": "Later", "trackDateOn": "2026-06-08" });
    let moved = crm.amended("tracks", "track", &track, later).await;
    assert_eq!((&moved["description"], &moved["trackDateOn"]), (&json!("Later"), &json!("2026-06-08")));
    assert_eq!(task(0).await.json()["task"]["dueOn"], "2026-06-09");
    assert_eq!(task(1).await.json()["task"]["dueOn"], "2026-06-15");

    assert_eq!(crm.delete(&format!("/tracks/{}", track["id"])).await.status, 204);
    assert_eq!(task(0).await.json()["task"]["hasTrack"], false);
    assert_eq!(task(1).await.status, 404);
    assert_eq!(crm.get(&format!("/tracks/{}", track["id"])).await.status, 404);
}

#[tokio::test]
async fn waiting_tasks_keep_waiting_when_a_project_is_reopened() {
    let crm = Crm::start().await;
    let fit = definition(&crm, "Fit a machine").await["id"].clone();
    let kase = kase(&crm, json!({ "tracks": [{ "definition": fit }] })).await;
    crm.amended("kases", "kase", &kase, json!({ "status": "CLOSED" })).await;
    crm.amended("kases", "kase", &kase, json!({ "status": "OPEN" })).await;
    let path = format!("kases/{}/tracks?embed=task", kase["id"]);
    let track = crm.all(&path, "tracks").await[0].clone();
    let statuses: Vec<&Value> = rows(&track["tasks"]).iter().map(|task| &task["status"]).collect();
    assert_eq!(statuses, ["OPEN", "OPEN", "PENDING"]);
}

#[tokio::test]
async fn definitions_are_made_and_their_tasks_edited_one_by_one() {
    let crm = Crm::start().await;
    let made = json!({
        "description": "Say thanks",
        "captureRule": "PARTY",
        "direction": "START_DATE",
        "taskDefinitions": [
            { "description": "Write a card", "daysAfterRule": "TRACK_START", "daysAfter": 3, "dayDelayRule": "TRACK_WORKDAYS", "trackTaskAssignee": { "assigneeType": "ENTITY_OWNER" } },
            { "description": "Post it" },
        ],
    });
    let made = crm.make("trackdefinitions", "trackDefinition", made).await;
    let tasks = rows(&made["taskDefinitions"]);
    assert_eq!((&tasks[0]["displayOrder"], &tasks[1]["displayOrder"]), (&json!(1), &json!(2)));
    let edit = json!({ "taskDefinitions": [
        { "id": tasks[1]["id"], "description": "Send it" },
        { "id": tasks[0]["id"], "_delete": true },
    ] });
    let edited = crm.amended("trackdefinitions", "trackDefinition", &made, edit).await;
    assert_eq!(ids(rows(&edited["taskDefinitions"])), [id(&tasks[1])]);
    assert_eq!(edited["taskDefinitions"][0]["description"], "Send it");
    let reply = crm.post("/trackdefinitions", json!({ "trackDefinition": { "description": "x" } })).await;
    reply.assert_invalid("trackDefinition", "captureRule", "captureRule is required");

    let party = crm.create(json!({ "type": "person", "firstName": "Ann" })).await;
    let track = json!({ "definition": made["id"], "party": party["id"] });
    assert_eq!(rows(&crm.make("tracks", "track", track).await["tasks"]).len(), 1);
    assert_eq!(crm.delete(&format!("/trackdefinitions/{}", made["id"])).await.status, 204);
}

#[tokio::test]
async fn the_seed_has_tracks_under_way() {
    let crm = Crm::start().await;
    let tasks = crm.all("tasks?status=open,completed,pending&perPage=100", "tasks").await;
    let of_tracks: Vec<&Value> = tasks.iter().filter(|task| task["hasTrack"] == true).collect();
    assert_eq!(of_tracks.len(), 8);
    assert!(of_tracks.iter().any(|task| task["nextTask"].is_object()));
    let embedded = crm.all("tasks?embed=nextTask", "tasks").await;
    let next = embedded.iter().find(|task| task["nextTask"].is_object()).expect("one with a next");
    assert!(keys(&next["nextTask"]).contains(&"dueOn"));
}

#[tokio::test]
async fn goals_tell_what_they_count_and_where() {
    let crm = Crm::start().await;
    let goals = crm.all("goals", "goals").await;
    assert_eq!(
        keys(&goals[0]),
        [
            "id",
            "name",
            "frequency",
            "status",
            "value",
            "createdAt",
            "updatedAt",
            "startOn",
            "endOn",
            "currency",
            "user",
            "pipeline",
            "milestone",
            "type"
        ]
    );
    for goal in &goals {
        assert_ne!(goal["pipeline"].is_null(), goal["milestone"].is_null());
    }
    assert_eq!(goals[2]["milestone"]["name"], "Tasting");
}
