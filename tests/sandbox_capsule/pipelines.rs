//! Pipelines with their milestones, boards with their stages, lost reasons and titles.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Crm, id, ids, keys, named, rows};

fn names(list: &[Value]) -> Vec<&str> {
    list.iter().map(|row| row["name"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn pipelines_are_listed_newest_first_and_archived_ones_only_when_asked_for() {
    let crm = Crm::start().await;
    let active = crm.all("pipelines", "pipelines").await;
    assert_eq!(names(&active), ["Equipment leasing", "Wholesale supply"]);
    assert_eq!(
        keys(&active[0]),
        ["id", "name", "description", "deleted", "createdAt", "updatedAt", "openMilestoneCount"]
    );
    assert_eq!(active[1]["openMilestoneCount"], 3);
    let all = crm.all("pipelines?includeDeleted=true", "pipelines").await;
    assert_eq!(names(&all), ["Equipment leasing", "Wholesale supply", "Market stalls"]);
    assert_eq!(all[2]["deleted"], true);
    assert_eq!(names(&crm.all("pipelines?q=whole", "pipelines").await), ["Wholesale supply"]);
    assert_eq!(crm.one("pipelines", "pipeline", &all[2]["id"]).await, all[2]);
}

#[tokio::test]
async fn a_pipelines_milestones_are_listed_open_ones_first() {
    let crm = Crm::start().await;
    let pipelines = crm.all("pipelines", "pipelines").await;
    let path = |name: &str| format!("pipelines/{}/milestones", named(&pipelines, name)["id"]);
    let wholesale = crm.all(&path("Wholesale supply"), "milestones").await;
    assert_eq!(names(&wholesale), ["Enquiry", "Tasting", "Proposal", "Won", "Lost"]);
    assert_eq!(
        keys(&wholesale[0]),
        [
            "id",
            "name",
            "description",
            "complete",
            "probability",
            "pipeline",
            "daysUntilStale",
            "createdAt",
            "updatedAt"
        ]
    );
    let flags = |key: &str| wholesale.iter().map(|row| row[key].clone()).collect::<Vec<_>>();
    assert_eq!(flags("complete"), [false, false, false, true, true]);
    assert_eq!(flags("probability"), [10, 35, 70, 100, 0]);
    assert_eq!(keys(&wholesale[0]["pipeline"]), ["id", "name"]);
    let leasing = crm.all(&path("Equipment leasing"), "milestones").await;
    assert_eq!(names(&leasing), ["Site survey", "Quote", "Won", "Lost"]);
    assert_eq!(crm.get("/pipelines/1/milestones").await.status, 404);
}

#[tokio::test]
async fn the_bare_list_of_milestones_knows_only_the_oldest_active_pipeline() {
    let crm = Crm::start().await;
    let milestones = crm.all("milestones", "milestones").await;
    assert_eq!(names(&milestones), ["Enquiry", "Tasting", "Proposal", "Won", "Lost"]);
    assert_eq!(crm.all("milestones/all", "milestones").await.len(), 9);

    let pipeline = format!("/pipelines/{}", milestones[0]["pipeline"]["id"]);
    assert_eq!(crm.delete(&pipeline).await.status, 204);
    let milestones = crm.all("milestones", "milestones").await;
    assert_eq!(names(&milestones), ["Site survey", "Quote", "Won", "Lost"]);

    let restored = crm.post(&format!("{pipeline}/restore"), json!({})).await;
    assert_eq!(restored.json()["pipeline"]["deleted"], false);
    assert_eq!(crm.all("milestones", "milestones").await.len(), 5);
}

#[tokio::test]
async fn a_new_pipeline_comes_with_won_and_lost_and_takes_milestones_between() {
    let crm = Crm::start().await;
    let pipeline = crm.make("pipelines", "pipeline", json!({ "name": "Online shop" })).await;
    let milestone = json!({
        "name": "Basket",
        "probability": 55,
        "daysUntilStale": 3,
        "pipeline": { "id": pipeline["id"] },
    });
    let basket = crm.make("milestones", "milestone", milestone).await;
    let path = format!("pipelines/{}/milestones", pipeline["id"]);
    let milestones = crm.all(&path, "milestones").await;
    assert_eq!(names(&milestones), ["Basket", "Won", "Lost"]);

    let renamed = json!({ "name": "Checkout", "daysUntilStale": null });
    let renamed = crm.amended("milestones", "milestone", &basket, renamed).await;
    assert_eq!(renamed["name"], "Checkout");
    assert_eq!(renamed["daysUntilStale"], Value::Null);
    let odds = json!({ "probability": 50 });
    assert_eq!(crm.amend("milestones", "milestone", &milestones[1], odds).await.status, 422);

    assert_eq!(crm.delete(&format!("/milestones/{}", basket["id"])).await.status, 204);
    let won = crm.delete(&format!("/milestones/{}", milestones[1]["id"])).await;
    won.assert_invalid("milestone", "id", "a complete milestone cannot be deleted");
    let used = crm.all("milestones", "milestones").await;
    let used = crm.delete(&format!("/milestones/{}", used[0]["id"])).await;
    used.assert_invalid("milestone", "id", "milestone is in use");
}

#[tokio::test]
async fn boards_are_listed_by_their_status_and_archived_rather_than_deleted() {
    let crm = Crm::start().await;
    let boards = crm.all("boards", "boards").await;
    assert_eq!(names(&boards), ["Training", "Installations"]);
    assert_eq!(keys(&boards[0]), ["id", "name", "description", "createdAt", "updatedAt"]);
    let path = format!("/boards/{}", boards[0]["id"]);
    assert_eq!(crm.delete(&path).await.status, 204);
    let listed = async |query: &str| {
        let boards = crm.all(&format!("boards?{query}"), "boards").await;
        names(&boards).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(listed("").await, ["Installations"]);
    assert_eq!(listed("status=archived").await, ["Training"]);
    assert_eq!(listed("status=all&q=train").await, ["Training"]);
    assert_eq!(crm.get("/boards?status=lost").await.status, 422);
    assert_eq!(crm.get(&path).await.status, 200);

    let restored = crm.post(&format!("{path}/restore"), json!({})).await;
    assert_eq!(restored.status, 200);
    assert_eq!(listed("").await.len(), 2);
}

#[tokio::test]
async fn stages_come_board_by_board_in_their_display_order() {
    let crm = Crm::start().await;
    let stages = crm.all("stages", "stages").await;
    assert_eq!(
        names(&stages),
        ["Site survey", "Ordered", "Fitting", "Handover", "Booked", "Delivered", "Follow-up"]
    );
    assert_eq!(
        keys(&stages[0]),
        ["name", "description", "id", "board", "displayOrder", "createdAt", "updatedAt"]
    );
    let board = stages[0]["board"].clone();
    let path = format!("boards/{}/stages", board["id"]);
    assert_eq!(crm.all(&path, "stages").await.len(), 4);

    let stage = json!({ "name": "Paid", "board": { "id": board["id"] } });
    let paid = crm.make("stages", "stage", stage).await;
    assert_eq!(paid["displayOrder"], 5);
    let first = json!({ "displayOrder": 0 });
    crm.amended("stages", "stage", &paid, first).await;
    assert_eq!(names(&crm.all(&path, "stages").await)[0], "Paid");

    assert_eq!(crm.delete(&format!("/stages/{}", paid["id"])).await.status, 204);
    assert_eq!(crm.all(&path, "stages").await.len(), 4);
    assert_eq!(names(&crm.all("stages?status=archived", "stages").await), ["Paid"]);
    assert_eq!(crm.all("stages?status=all", "stages").await.len(), 8);
}

#[tokio::test]
async fn stages_of_an_archived_board_are_listed_only_when_asked_for() {
    let crm = Crm::start().await;
    let training = id(named(&crm.all("boards", "boards").await, "Training"));
    assert_eq!(crm.delete(&format!("/boards/{training}")).await.status, 204);
    assert_eq!(crm.all("stages", "stages").await.len(), 4);
    assert_eq!(crm.all("stages?includeOnDeletedBoard=true", "stages").await.len(), 7);
}

#[tokio::test]
async fn thirty_boards_are_as_many_as_there_can_be() {
    let crm = Crm::start().await;
    for number in 0..28 {
        crm.make("boards", "board", json!({ "name": format!("Board {number}") })).await;
    }
    let reply = crm.post("/boards", json!({ "board": { "name": "One more" } })).await;
    reply.assert_invalid("board", "id", "too many boards");
}

#[tokio::test]
async fn lost_reasons_are_one_list_and_can_be_made_changed_and_deleted() {
    let crm = Crm::start().await;
    let reply = crm.get("/lostreasons?perPage=1").await;
    assert_eq!(rows(&reply.json()["lostReasons"]).len(), 5);
    assert_eq!(reply.header("x-pagination-has-more"), "");
    let reason = crm.make("lostreasons", "lostReason", json!({ "name": "Moved away" })).await;
    assert_eq!(keys(&reason), ["id", "name", "includedForConversion", "createdAt", "updatedAt"]);
    let change = json!({ "includedForConversion": false });
    let changed = crm.amended("lostreasons", "lostReason", &reason, change).await;
    assert_eq!(changed["includedForConversion"], false);
    let path = format!("/lostreasons/{}", reason["id"]);
    assert_eq!(crm.delete(&path).await.status, 204);
    assert_eq!(crm.get(&path).await.status, 404);
}

#[tokio::test]
async fn titles_are_made_and_deleted_unless_somebody_bears_them() {
    let crm = Crm::start().await;
    let reply = crm.get("/titles").await.json();
    let titles = rows(&reply["personTitles"]);
    assert_eq!(keys(&titles[0]), ["id", "title"]);
    let title = json!({ "personTitle": { "title": "Sir" } });
    let reply = crm.post("/titles", title.clone()).await;
    assert_eq!(reply.status, 201);
    let sir = reply.json()["personTitle"].clone();
    crm.post("/titles", title).await.assert_invalid("personTitle", "title", "title is already taken");

    let path = format!("/titles/{}", sir["id"]);
    let knight = crm.create(json!({ "type": "person", "firstName": "Ann", "title": "Sir" })).await;
    crm.delete(&path).await.assert_invalid("personTitle", "title", "title is in use");
    crm.changed(&knight, json!({ "title": null })).await;
    assert_eq!(crm.delete(&path).await.status, 204);
    assert_eq!(crm.put(&path, json!({})).await.status, 405);
}

#[tokio::test]
async fn only_administrators_configure_the_account() {
    let crm = Crm::start().await;
    let pipelines = crm.all("pipelines", "pipelines").await;
    let pipeline = format!("/pipelines/{}", pipelines[0]["id"]);
    for (method, path, body) in [
        (Method::POST, "/pipelines", json!({ "pipeline": { "name": "Mine" } })),
        (Method::DELETE, pipeline.as_str(), Value::Null),
        (Method::POST, "/milestones", json!({ "milestone": { "name": "Mine" } })),
        (Method::POST, "/boards", json!({ "board": { "name": "Mine" } })),
        (Method::POST, "/lostreasons", json!({ "lostReason": { "name": "Mine" } })),
        (Method::POST, "/titles", json!({ "personTitle": { "title": "Duke" } })),
        (
            Method::POST,
            "/opportunities/fields/definitions",
            json!({ "definition": { "name": "Mine", "type": "text" } }),
        ),
    ] {
        let reply = crm.as_colleague(method, path, body).await;
        assert_eq!(reply.status, 403, "{path}");
    }
    let reply = crm.as_colleague(Method::GET, "/pipelines", Value::Null).await;
    assert_eq!(ids(rows(&reply.json()["pipelines"])), ids(&pipelines));
}

#[tokio::test]
async fn several_pipelines_come_at_once_but_not_several_milestones() {
    let crm = Crm::start().await;
    let pipelines = crm.all("pipelines", "pipelines").await;
    let path = format!("/pipelines/{},{}", pipelines[1]["id"], pipelines[0]["id"]);
    let both = crm.get(&path).await.json()["pipelines"].clone();
    assert_eq!(rows(&both), [pipelines[1].clone(), pipelines[0].clone()]);
    assert_eq!(crm.get("/milestones/268073,268074").await.status, 404);
}
