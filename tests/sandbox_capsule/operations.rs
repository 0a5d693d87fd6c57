//! Every operation that Capsule offers is answered, and what it does not offer leads nowhere.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Crm, Reply, id, rows};

const ENTITIES: [&str; 3] = ["parties", "opportunities", "kases"];

/// The id of the first record of a list.
async fn first(crm: &Crm, path: &str, key: &str) -> i64 {
    let reply = crm.get(&format!("/{path}")).await;
    assert_eq!(reply.status, 200, "{path}");
    id(&rows(&reply.json()[key])[0])
}

/// Holds that a GET of each of these paths is answered with an object under `key`, or a file.
async fn assert_shown(crm: &Crm, key: &str, paths: &[String]) {
    for path in paths {
        let reply = crm.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        let body = reply.json();
        assert!(body.get(key).is_some(), "{path} has no {key}");
    }
}

#[tokio::test]
async fn everything_about_parties_opportunities_and_projects_is_read() {
    let crm = Crm::start().await;
    for (entity, one, fellow) in [
        ("parties", "party", "people"),
        ("opportunities", "opportunity", "parties"),
        ("kases", "kase", "parties"),
    ] {
        let record = first(&crm, entity, entity).await;
        let path = |rest: &str| format!("/{entity}{rest}");
        let lists = [
            path(""),
            path("?since=2024-01-01T00:00:00Z"),
            path(&format!("/{record},1")),
            path("/search?q=a"),
            path("/deleted?since=2024-01-01"),
        ];
        assert_shown(&crm, entity, &lists).await;
        assert_shown(&crm, one, &[path(&format!("/{record}?embed=tags,fields,missingImportantFields"))])
            .await;
        assert_shown(&crm, "parties", &[path(&format!("/{record}/{fellow}"))]).await;
        assert_shown(&crm, "entries", &[path(&format!("/{record}/entries"))]).await;
        assert_shown(&crm, "tracks", &[path(&format!("/{record}/tracks"))]).await;
        let found = crm.post(&path("/filters/results"), json!({ "filter": { "conditions": [] } })).await;
        assert_eq!(found.status, 200);
        assert!(!rows(&found.json()[entity]).is_empty());
    }
    for (path, key) in [("parties", "opportunities"), ("parties", "kases"), ("opportunities", "kases")] {
        let record = first(&crm, path, path).await;
        assert_shown(&crm, key, &[format!("/{path}/{record}/{key}")]).await;
    }
    let sum = crm.post("/opportunities/value", json!({ "filter": { "conditions": [] } })).await;
    assert_eq!(sum.status, 200);
    assert!(sum.json()["totalValue"].is_number());
}

#[tokio::test]
async fn the_vocabulary_of_each_entity_is_read() {
    let crm = Crm::start().await;
    for entity in ENTITIES {
        let (tags, fields) = (format!("{entity}/tags"), format!("{entity}/fields/definitions"));
        let filters = format!("{entity}/filters");
        let tag = first(&crm, &tags, "tags").await;
        let field = first(&crm, &fields, "definitions").await;
        let filter = first(&crm, &filters, "filters").await;
        assert_shown(&crm, "tag", &[format!("/{tags}/{tag}")]).await;
        let definitions =
            [format!("/{tags}/{tag}/definitions"), format!("/{fields}?includeDataTagFields=false")];
        assert_shown(&crm, "definitions", &definitions).await;
        assert_shown(&crm, "definition", &[format!("/{fields}/{field}")]).await;
        assert_shown(&crm, "filter", &[format!("/{filters}/{filter}")]).await;
        assert_shown(&crm, entity, &[format!("/{filters}/{filter}/results")]).await;
    }
}

#[tokio::test]
async fn each_list_of_the_account_shows_its_records_one_by_one() {
    let crm = Crm::start().await;
    for (path, many, one) in [
        ("tasks", "tasks", "task"),
        ("tasks?status=open,completed,pending", "tasks", "task"),
        ("entries", "entries", "entry"),
        ("activitytypes", "activityTypes", "activityType"),
        ("categories", "categories", "category"),
        ("pipelines", "pipelines", "pipeline"),
        ("pipelines?includeDeleted=true", "pipelines", "pipeline"),
        ("milestones", "milestones", "milestone"),
        ("milestones/all", "milestones", "milestone"),
        ("boards", "boards", "board"),
        ("boards?status=all", "boards", "board"),
        ("stages", "stages", "stage"),
        ("stages?status=all&includeOnDeletedBoard=true", "stages", "stage"),
        ("users?embed=party", "users", "user"),
        ("teams?embed=memberships", "teams", "team"),
        ("lostreasons", "lostReasons", "lostReason"),
        ("trackdefinitions", "trackDefinitions", "trackDefinition"),
        ("trackdefinitions?type=kases", "trackDefinitions", "trackDefinition"),
    ] {
        let record = first(&crm, path, many).await;
        let parent = path.split(['?', '/']).next().expect("a path");
        assert_shown(&crm, one, &[format!("/{parent}/{record}")]).await;
    }
    let (pipeline, board) =
        (first(&crm, "pipelines", "pipelines").await, first(&crm, "boards", "boards").await);
    assert_shown(&crm, "milestones", &[format!("/pipelines/{pipeline}/milestones")]).await;
    assert_shown(&crm, "stages", &[format!("/boards/{board}/stages")]).await;
    for (path, key) in [
        ("/users/current", "user"),
        ("/activitytypes/icons", "activityTypeIcons"),
        ("/titles", "personTitles"),
        ("/goals", "goals"),
        ("/site", "site"),
        ("/countries", "countries"),
        ("/currencies", "currencies"),
        ("/activities", "activities"),
    ] {
        assert_shown(&crm, key, &[path.to_owned()]).await;
    }
    let feed = crm.post("/activities/filters/results", json!({ "filter": { "conditions": [] } })).await;
    assert_eq!(feed.status, 200);
}

#[tokio::test]
async fn what_capsule_does_not_offer_is_unknown_or_not_allowed() {
    let crm = Crm::start().await;
    for path in [
        "/tasks/search?q=a",
        "/tasks/deleted?since=2024-01-01",
        "/entries/deleted?since=2024-01-01",
        "/parties/247318406/tasks",
        "/fieldDefinitions",
        "/products",
        "/projects",
        "/attachments/1",
        "/jobs/1",
        "/users/me",
        "/leads",
    ] {
        let reply = crm.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(reply.text(), r#"{"message":"Could not find resource"}"#, "{path}");
    }
    let user = first(&crm, "users", "users").await;
    for (method, path) in [
        (Method::GET, "/tracks".to_owned()),
        (Method::GET, "/attachments/upload".to_owned()),
        (Method::POST, "/users".to_owned()),
        (Method::DELETE, format!("/users/{user}")),
        (Method::POST, "/teams".to_owned()),
        (Method::POST, "/goals".to_owned()),
        (Method::POST, "/countries".to_owned()),
        (Method::DELETE, "/activities".to_owned()),
        (Method::PATCH, "/tasks/1".to_owned()),
        (Method::PATCH, "/parties/247318406".to_owned()),
    ] {
        let reply = crm.call(method.clone(), &path, json!({})).await;
        assert_refused(&reply, &format!("{method} {path}"));
    }
}

/// Holds that a method is refused; a path whose last part may be an id takes the word for one.
fn assert_refused(reply: &Reply, request: &str) {
    let known =
        [(405, r#"{"message":"Method not allowed"}"#), (404, r#"{"message":"Could not find resource"}"#)];
    let answer = (reply.status, reply.text());
    assert!(
        known.iter().any(|(status, text)| answer == (*status, (*text).to_owned())),
        "{request}: {answer:?}"
    );
}

/// Where something can be made, its key, and a body that makes it.
async fn makings(crm: &Crm) -> Vec<(String, &'static str, Value)> {
    let party = first(crm, "parties", "parties").await;
    let milestone = first(crm, "milestones", "milestones").await;
    let pipeline = first(crm, "pipelines", "pipelines").await;
    let board = first(crm, "boards", "boards").await;
    let sale = first(crm, "opportunities", "opportunities").await;
    let plan = first(crm, "trackdefinitions?type=opportunities", "trackDefinitions").await;
    let step = json!({ "description": "Step", "daysAfter": 2 });
    let makings = [
        ("parties", "party", json!({ "type": "person", "firstName": "Ann" })),
        ("opportunities", "opportunity", json!({ "name": "S", "party": party, "milestone": milestone })),
        ("kases", "kase", json!({ "name": "K", "party": party })),
        ("tasks", "task", json!({ "description": "T", "dueOn": "2026-06-15", "party": party })),
        ("entries", "entry", json!({ "type": "note", "content": "N", "party": party })),
        ("activitytypes", "activityType", json!({ "name": "Video call" })),
        ("categories", "category", json!({ "name": "Errand" })),
        ("pipelines", "pipeline", json!({ "name": "Export" })),
        ("milestones", "milestone", json!({ "name": "Asked", "pipeline": pipeline, "probability": 10 })),
        ("boards", "board", json!({ "name": "Repairs" })),
        ("stages", "stage", json!({ "name": "Waiting", "board": board })),
        ("lostreasons", "lostReason", json!({ "name": "Weather" })),
        (
            "trackdefinitions",
            "trackDefinition",
            json!({
                "description": "Plan",
                "captureRule": "OPPORTUNITY",
                "direction": "START_DATE",
                "taskDefinitions": [step],
            }),
        ),
        ("tracks", "track", json!({ "opportunity": sale, "definition": plan })),
    ];
    let own = ENTITIES.iter().flat_map(|entity| {
        let definition = json!({ "name": "New", "type": "text" });
        [
            (format!("{entity}/tags"), "tag", json!({ "name": "New tag" })),
            (format!("{entity}/fields/definitions"), "definition", definition),
        ]
    });
    makings.into_iter().map(|(path, key, body)| (path.to_owned(), key, body)).chain(own).collect()
}

#[tokio::test]
async fn whatever_can_be_made_can_be_changed_and_deleted() {
    let crm = Crm::start().await;
    for (path, key, body) in makings(&crm).await {
        let made = crm.make(&path, key, body.clone()).await;
        let name = if body.get("name").is_some() { "name" } else { "description" };
        let change = match key {
            "party" => json!({ "firstName": "Beth" }),
            "entry" => json!({ "content": "Changed" }),
            _ => json!({ name: "Changed" }),
        };
        let changed = crm.amended(&path, key, &made, change.clone()).await;
        for (member, value) in change.as_object().expect("an object") {
            assert_eq!(changed[member], *value, "{path}");
        }
        let reply = crm.delete(&format!("/{path}/{}", made["id"])).await;
        assert_eq!(reply.status, 204, "{path}: {}", reply.text());
        let again = crm.delete(&format!("/{path}/1")).await;
        assert_eq!(again.status, 404, "{path}");
    }
    let title = crm.post("/titles", json!({ "personTitle": { "title": "Rev" } })).await;
    assert_eq!(title.status, 201, "{}", title.text());
    let title = &title.json()["personTitle"]["id"];
    assert_eq!(crm.delete(&format!("/titles/{title}")).await.status, 204);
}

#[tokio::test]
async fn no_body_however_odd_breaks_the_twin() {
    let crm = Crm::start().await;
    crm.sandbox.set_quota(1_000_000);
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(i64::MAX),
        json!(1e300),
        json!("x"),
        json!("9999-12-31"),
        json!("9999-12-31T23:59:59-12:00"),
        json!([]),
        json!({}),
        json!([null, 7, "x"]),
        json!([{ "id": "x", "_delete": true }, { "id": i64::MAX }]),
        json!({ "id": i64::MAX, "amount": "x", "interval": 99, "frequency": "YEARLY", "on": "x" }),
    ];
    for (path, key, body) in makings(&crm).await {
        for text in ["", "{", "null", "[]", "7", "\"x\"", "{}"] {
            let url = format!("/api/v2/{path}");
            let token = Some(unicrm::sandbox::CAPSULE_TOKEN);
            let reply = crm.send(Method::POST, &url, token, text).await.expect("an answer");
            assert!((400..500).contains(&reply.status), "{path} {text}: {}", reply.status);
        }
        let made = crm.make(&path, key, body).await;
        let mut members: Vec<String> =
            made.as_object().expect("an object").keys().map(ToOwned::to_owned).collect();
        members
            .extend(["tags", "fields", "tracks", "definition", "lostReason", "options"].map(str::to_owned));
        for member in members {
            for value in &odd {
                let reply = crm.amend(&path, key, &made, json!({ &member: value })).await;
                let status = reply.status;
                assert!([200, 400, 404, 422].contains(&status), "{path} {member} {value}: {status}");
            }
        }
    }
}

#[tokio::test]
async fn no_parameter_however_odd_breaks_the_twin() {
    let crm = Crm::start().await;
    let parameters = [
        "page",
        "perPage",
        "since",
        "status",
        "owner",
        "category",
        "dueFrom",
        "dueTo",
        "repeating",
        "relatedTo",
        "embed",
        "type",
        "q",
        "includeDeleted",
    ];
    let odd = ["", "-1", "18446744073709551615", "9999-12-31T23:59:59-12:00", "%00", "%F0%9F", "a,,b", "x"];
    for path in ["parties", "kases", "tasks", "entries", "activities", "pipelines", "trackdefinitions"] {
        for parameter in parameters {
            for value in odd {
                let reply = crm.get(&format!("/{path}?{parameter}={value}")).await;
                let status = reply.status;
                assert!([200, 422].contains(&status), "{path} {parameter}={value}: {status}");
            }
        }
    }
}
