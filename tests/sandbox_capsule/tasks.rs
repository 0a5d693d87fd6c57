//! Tasks and their categories.

use serde_json::{Value, json};
use time::macros::datetime;

use crate::harness::{ADMINISTRATOR, Crm, Watch, id, ids, keys, named, rows};

async fn task(crm: &Crm, more: Value) -> Value {
    let mut task = json!({ "description": "Ring back", "dueOn": "2026-06-15" });
    let more = more.as_object().expect("an object").clone();
    task.as_object_mut().expect("an object").extend(more);
    crm.make("tasks", "task", task).await
}

async fn amended(crm: &Crm, task: &Value, change: Value) -> Value {
    crm.amended("tasks", "task", task, change).await
}

#[tokio::test]
async fn a_new_task_shows_all_its_members() {
    let watch = Watch::at(datetime!(2026-06-01 09:00 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let made = task(&crm, json!({})).await;
    assert_eq!(id(&made["owner"]), ADMINISTRATOR);
    let expected = json!({
        "id": made["id"],
        "category": null,
        "description": "Ring back",
        "detail": null,
        "dueTime": null,
        "status": "OPEN",
        "party": null,
        "opportunity": null,
        "owner": made["owner"],
        "daysAfter": null,
        "taskDelayRule": null,
        "nextTask": null,
        "active": true,
        "createdAt": "2026-06-01T09:00:00Z",
        "updatedAt": "2026-06-01T09:00:00Z",
        "dueOn": "2026-06-15",
        "completedBy": null,
        "completedAt": null,
        "kase": null,
        "taskDayDelayRule": "TRACK_DAYS",
        "overrideToCurrentUser": null,
        "repeat": null,
        "hasTrack": false,
    });
    assert_eq!(made, expected);
    assert_eq!(keys(&made), keys(&expected));
}

#[tokio::test]
async fn description_and_due_date_are_required() {
    let crm = Crm::start().await;
    let reply = crm.post("/tasks", json!({ "task": { "description": "When?" } })).await;
    assert_eq!(reply.status, 422);
    assert_eq!(
        reply.text(),
        r#"{"message":"Validation Failed","errors":[{"message":"dueOn is required","resource":"task","field":"dueOn"}]}"#
    );
    let reply = crm.post("/tasks", json!({ "task": { "dueOn": "2026-06-15" } })).await;
    reply.assert_invalid("task", "description", "description is required");
    let made = task(&crm, json!({})).await;
    let reply = crm.amend("tasks", "task", &made, json!({ "dueOn": null })).await;
    reply.assert_invalid("task", "dueOn", "dueOn is required");
    let reply = crm.amend("tasks", "task", &made, json!({ "dueOn": "soon" })).await;
    reply.assert_invalid("task", "dueOn", "invalid value for dueOn");
}

#[tokio::test]
async fn a_time_of_day_is_shown_with_seconds() {
    let crm = Crm::start().await;
    for (written, shown) in [(json!("14:30"), json!("14:30:00")), (json!("08:05:09"), json!("08:05:09"))] {
        assert_eq!(task(&crm, json!({ "dueTime": written })).await["dueTime"], shown);
    }
    let made = task(&crm, json!({ "dueTime": "14:30" })).await;
    assert_eq!(amended(&crm, &made, json!({ "dueTime": null })).await["dueTime"], Value::Null);
    let reply = crm.amend("tasks", "task", &made, json!({ "dueTime": "noon" })).await;
    reply.assert_invalid("task", "dueTime", "invalid value for dueTime");
}

#[tokio::test]
async fn a_task_is_about_one_record_at_most() {
    let crm = Crm::start().await;
    let sale = crm.all("opportunities", "opportunities").await[0].clone();
    let kase = crm.all("kases", "kases").await[0].clone();
    let about = json!({ "party": { "id": sale["party"]["id"] } });
    let made = task(&crm, about).await;
    assert_eq!(made["party"]["id"], sale["party"]["id"]);

    let message = "task can be related to at most one entity";
    let both = json!({ "task": {
        "description": "Both",
        "dueOn": "2026-06-15",
        "opportunity": { "id": sale["id"] },
        "kase": { "id": kase["id"] },
    } });
    crm.post("/tasks", both).await.assert_invalid("task", "party", message);
    let added = json!({ "kase": { "id": kase["id"] } });
    crm.amend("tasks", "task", &made, added).await.assert_invalid("task", "party", message);

    let swapped = amended(&crm, &made, json!({ "party": null, "kase": { "id": kase["id"] } })).await;
    assert_eq!(swapped["kase"], json!({ "id": kase["id"], "name": kase["name"] }));
    assert_eq!(swapped["party"], Value::Null);
    let freed = amended(&crm, &made, json!({ "kase": null })).await;
    assert_eq!(freed["kase"], Value::Null);
    let reply = crm.amend("tasks", "task", &made, json!({ "opportunity": { "id": 1 } })).await;
    reply.assert_invalid("task", "opportunity", "opportunity not found");
}

#[tokio::test]
async fn completing_stamps_when_and_by_whom_and_reopening_forgets_it() {
    let watch = Watch::at(datetime!(2026-06-01 09:00 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let made = task(&crm, json!({})).await;
    watch.advance(90);
    let done = amended(&crm, &made, json!({ "status": "COMPLETED" })).await;
    assert_eq!(done["status"], "COMPLETED");
    assert_eq!(done["completedAt"], "2026-06-01T09:01:30Z");
    assert_eq!(done["completedBy"], "priya.raman");
    let earlier = json!({ "completedAt": "2026-05-30T10:00:00Z" });
    assert_eq!(amended(&crm, &made, earlier).await["completedAt"], "2026-05-30T10:00:00Z");
    let open = amended(&crm, &made, json!({ "status": "OPEN" })).await;
    assert_eq!(open["completedAt"], Value::Null);
    assert_eq!(open["completedBy"], Value::Null);

    watch.advance(60);
    let again = amended(&crm, &made, json!({ "status": "OPEN" })).await;
    assert_eq!(again["updatedAt"], open["updatedAt"]);
    assert_eq!(crm.post(&format!("/tasks/{}/complete", made["id"]), json!({})).await.status, 404);
}

#[tokio::test]
async fn pending_cannot_be_written() {
    let crm = Crm::start().await;
    let made = task(&crm, json!({})).await;
    let reply = crm.amend("tasks", "task", &made, json!({ "status": "PENDING" })).await;
    reply.assert_invalid("task", "status", "cannot set task status to PENDING");
    let reply = crm.amend("tasks", "task", &made, json!({ "status": "DONE" })).await;
    reply.assert_invalid("task", "status", "options are: OPEN, COMPLETED");
}

#[tokio::test]
async fn tasks_of_what_is_closed_are_pending_until_it_is_reopened() {
    let crm = Crm::start().await;
    let party = crm.create(json!({ "type": "person", "firstName": "Ann" })).await;
    let milestones = crm.all("milestones", "milestones").await;
    let sale = json!({ "name": "S", "party": party["id"], "milestone": milestones[0]["id"] });
    let sale = crm.make("opportunities", "opportunity", sale).await;
    let kase = crm.make("kases", "kase", json!({ "name": "K", "party": party["id"] })).await;
    let of_sale = task(&crm, json!({ "opportunity": sale["id"] })).await;
    let of_kase = task(&crm, json!({ "kase": kase["id"] })).await;
    let status = async |task: &Value| crm.one("tasks", "task", &task["id"]).await["status"].clone();

    let won = json!({ "milestone": named(&milestones, "Won")["id"] });
    crm.amended("opportunities", "opportunity", &sale, won).await;
    crm.amended("kases", "kase", &kase, json!({ "status": "CLOSED" })).await;
    assert_eq!((status(&of_sale).await, status(&of_kase).await), (json!("PENDING"), json!("PENDING")));

    let reopened = json!({ "milestone": milestones[1]["id"] });
    crm.amended("opportunities", "opportunity", &sale, reopened).await;
    crm.amended("kases", "kase", &kase, json!({ "status": "OPEN" })).await;
    assert_eq!((status(&of_sale).await, status(&of_kase).await), (json!("OPEN"), json!("OPEN")));
}

#[tokio::test]
async fn a_repeating_task_comes_again_when_it_is_done() {
    let crm = Crm::start().await;
    let repeat = json!({ "interval": 1, "frequency": "MONTHLY", "on": "-1" });
    let made = task(&crm, json!({ "dueOn": "2026-01-31", "repeat": repeat })).await;
    assert_eq!(made["repeat"], repeat);
    amended(&crm, &made, json!({ "status": "COMPLETED" })).await;
    let next = crm.all("tasks", "tasks").await[0].clone();
    assert!(id(&next) > id(&made));
    assert_eq!(next["dueOn"], "2026-02-28");
    assert_eq!(next["description"], "Ring back");
    assert_eq!(next["status"], "OPEN");

    let other = task(&crm, json!({})).await;
    for repeat in [json!({ "interval": 0, "frequency": "WEEKLY", "on": "1" }), json!("daily")] {
        let reply = crm.amend("tasks", "task", &other, json!({ "repeat": repeat })).await;
        reply.assert_invalid("task", "repeat", "invalid value for repeat");
    }
}

#[tokio::test]
async fn a_list_holds_open_tasks_unless_other_statuses_are_named() {
    let crm = Crm::start().await;
    let count = async |query: &str| {
        let path = format!("/tasks?embed=meta{query}");
        crm.get(&path).await.json()["meta"]["totalCount"].as_u64().expect("a number")
    };
    let (open, completed) = (count("").await, count("&status=completed").await);
    let pending = count("&status=PENDING").await;
    assert!(open >= 20 && completed >= 15 && pending >= 3, "{open} {completed} {pending}");
    assert_eq!(count("&status=open").await, open);
    assert_eq!(count("&status=open,completed,pending").await, 60);
    assert_eq!(open + completed + pending, 60);
    assert_eq!(crm.get("/tasks?status=late").await.status, 422);
}

#[tokio::test]
async fn a_list_is_narrowed_by_parameters_that_are_not_documented() {
    let watch = Watch::at(datetime!(2026-06-01 09:00 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let all = crm.all("tasks?status=open,completed,pending&perPage=100", "tasks").await;
    let narrowed = async |query: &str| {
        let path = format!("tasks?status=open,completed,pending&perPage=100&{query}");
        crm.all(&path, "tasks").await
    };
    let expect = |picked: &dyn Fn(&Value) -> bool| -> Vec<Value> {
        let picked: Vec<Value> = all.iter().filter(|task| picked(task)).cloned().collect();
        assert!(!picked.is_empty() && picked.len() < 60);
        picked
    };
    let owner = ADMINISTRATOR + 2;
    let owned = expect(&|task| id(&task["owner"]) == owner);
    assert_eq!(narrowed(&format!("owner={owner}")).await, owned);
    let category = crm.all("categories", "categories").await[0].clone();
    let calls = expect(&|task| task["category"]["id"] == category["id"]);
    assert_eq!(narrowed(&format!("category={}", category["id"])).await, calls);
    let repeating = expect(&|task| task["repeat"].is_object());
    assert_eq!(narrowed("repeating=true").await, repeating);
    let related = expect(&|task| task["kase"].is_object() || task["opportunity"].is_object());
    assert_eq!(narrowed("relatedTo=kase,opportunity").await, related);
    let due = expect(&|task| {
        let on = task["dueOn"].as_str().expect("a day");
        ("2026-01-15".."2026-02-01").contains(&on)
    });
    assert_eq!(narrowed("dueFrom=2026-01-15T00:00:00Z&dueTo=2026-01-31T23:59:59Z").await, due);

    let new = task(&crm, json!({})).await;
    assert_eq!(ids(&narrowed("since=2026-06-01T08:59:59Z").await), [id(&new)]);
    assert_eq!(crm.get("/tasks?owner=priya").await.status, 422);
}

#[tokio::test]
async fn what_a_task_is_about_and_its_owner_come_in_full_when_embedded() {
    let crm = Crm::start().await;
    let tasks = crm.all("tasks?embed=party,opportunity,kase,owner&perPage=100", "tasks").await;
    for (key, member) in [("party", "emailAddresses"), ("opportunity", "milestone"), ("kase", "stage")] {
        let about = tasks.iter().find(|task| task[key].is_object()).expect("one about it");
        assert!(keys(&about[key]).contains(&member), "{key}");
    }
    assert!(keys(&tasks[0]["owner"]).contains(&"timezone"));
}

#[tokio::test]
async fn several_tasks_come_at_once_and_there_is_no_search_filter_or_list_of_deleted_ones() {
    let crm = Crm::start().await;
    let (first, second) = (task(&crm, json!({})).await, task(&crm, json!({})).await);
    let path = format!("/tasks/{},{}", second["id"], first["id"]);
    let several = crm.get(&path).await.json()["tasks"].clone();
    assert_eq!(ids(rows(&several)), [id(&second), id(&first)]);
    for path in ["/tasks/search?q=a", "/tasks/deleted?since=2026-01-01", "/tasks/filters"] {
        assert_eq!(crm.get(path).await.status, 404, "{path}");
    }
    let body = json!({ "filter": { "conditions": [] } });
    assert_eq!(crm.post("/tasks/filters/results", body).await.status, 404);
    assert_eq!(crm.delete(&format!("/tasks/{}", first["id"])).await.status, 204);
    assert_eq!(crm.get(&format!("/tasks/{}", first["id"])).await.status, 404);
}

#[tokio::test]
async fn tasks_go_with_what_they_are_about() {
    let crm = Crm::start().await;
    let party = crm.create(json!({ "type": "person", "firstName": "Ann" })).await;
    let kase = crm.make("kases", "kase", json!({ "name": "K", "party": party["id"] })).await;
    let of_party = task(&crm, json!({ "party": party["id"] })).await;
    let of_kase = task(&crm, json!({ "kase": kase["id"] })).await;
    let free = task(&crm, json!({})).await;
    let has_open = json!([{ "field": "hasOpenTasks", "operator": "is", "value": true }]);
    assert!(ids(&crm.filter(has_open).await).contains(&id(&party)));

    assert_eq!(crm.delete(&format!("/parties/{}", party["id"])).await.status, 204);
    for gone in [&of_party, &of_kase] {
        assert_eq!(crm.get(&format!("/tasks/{}", gone["id"])).await.status, 404);
    }
    assert_eq!(crm.get(&format!("/tasks/{}", free["id"])).await.status, 200);
}

#[tokio::test]
async fn categories_have_a_colour_and_leave_their_tasks_behind() {
    let crm = Crm::start().await;
    let categories = crm.all("categories", "categories").await;
    assert_eq!(keys(&categories[0]), ["id", "name", "colour"]);
    let category =
        crm.make("categories", "category", json!({ "name": "Tasting", "colour": "#12AbcF" })).await;
    let made = task(&crm, json!({ "category": { "id": category["id"] } })).await;
    assert_eq!(made["category"], category);
    for colour in ["red", "#12345", "#12345g"] {
        let reply = crm.amend("categories", "category", &category, json!({ "colour": colour })).await;
        reply.assert_invalid("category", "colour", "invalid value for colour");
    }
    assert_eq!(crm.delete(&format!("/categories/{}", category["id"])).await.status, 204);
    assert_eq!(crm.one("tasks", "task", &made["id"]).await["category"], Value::Null);
}
