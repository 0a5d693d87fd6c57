//! Creating and changing parties: shapes, required members, references, ownership, wrong bodies.

use http::Method;
use serde_json::{Value, json};
use time::macros::datetime;
use unicrm::sandbox::CAPSULE_TOKEN;

use crate::harness::{ADMINISTRATOR, Crm, Watch, id, keys};

const ROWS: [&str; 4] = ["phoneNumbers", "addresses", "emailAddresses", "websites"];

async fn organisation(crm: &Crm) -> Value {
    crm.create(json!({ "type": "organisation", "name": "Subject Ltd" })).await
}

async fn person(crm: &Crm) -> Value {
    crm.create(json!({ "type": "person", "firstName": "Sub", "lastName": "Ject" })).await
}

#[tokio::test]
async fn an_organisation_shows_its_members_in_the_vendors_order() {
    let watch = Watch::at(datetime!(2026-06-01 09:00:05.75 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let reply = crm.post("/parties", json!({ "party": { "type": "organisation", "name": "Acme" } })).await;
    assert_eq!(reply.status, 201);
    assert_eq!(keys(&reply.json()), ["party"]);
    let party = reply.json()["party"].clone();
    let url = format!("{}/api/v2/parties/{}", crm.sandbox.origin(), party["id"]);
    assert_eq!(reply.header("location"), url);

    let mut expected = vec![
        "id",
        "owner",
        "team",
        "type",
        "about",
        "name",
        "createdAt",
        "updatedAt",
        "lastContactedAt",
        "pictureURL",
        "enrichment",
    ];
    expected.extend(ROWS);
    assert_eq!(keys(&party), expected);
    assert_eq!(party["createdAt"], "2026-06-01T09:00:05Z");
    assert_eq!(party["updatedAt"], party["createdAt"]);
    for key in ["about", "team", "lastContactedAt", "enrichment"] {
        assert_eq!(party[key], Value::Null);
    }
    for key in ROWS {
        assert_eq!(party[key], json!([]));
    }
}

#[tokio::test]
async fn a_person_shows_its_members_in_the_vendors_order() {
    let crm = Crm::start().await;
    let written = json!({ "type": "person", "firstName": "Ann" });
    let reply = crm.post("/parties", json!({ "party": written })).await;
    let party = reply.json()["party"].clone();
    let mut expected = vec![
        "id",
        "owner",
        "team",
        "type",
        "about",
        "firstName",
        "lastName",
        "jobTitle",
        "createdAt",
        "updatedAt",
        "organisation",
        "lastContactedAt",
        "pictureURL",
        "title",
        "enrichment",
    ];
    expected.extend(ROWS);
    assert_eq!(keys(&party), expected);
    assert_eq!(party["lastName"], Value::Null);
    assert_eq!(party["organisation"], Value::Null);
    assert_eq!(keys(&party["owner"]), ["id", "deleted", "username", "pictureURL", "name"]);
}

#[tokio::test]
async fn what_a_party_needs_is_named_when_it_is_missing() {
    let crm = Crm::start().await;
    let create = async |party: Value| crm.post("/parties", json!({ "party": party })).await;
    create(json!({ "name": "Acme" })).await.assert_invalid("party", "type", "type is required");
    create(json!({ "type": "lead", "name": "Acme" })).await.assert_invalid(
        "party",
        "type",
        "options are: person, organisation",
    );
    for party in [json!({ "type": "organisation" }), json!({ "type": "organisation", "name": " " })] {
        create(party).await.assert_invalid("party", "name", "name is required");
    }
    create(json!({ "type": "person", "name": "Ann Lee" })).await.assert_invalid(
        "party",
        "firstName",
        "first name or last name is required",
    );
    create(json!({ "type": "person", "firstName": 5 })).await.assert_invalid(
        "party",
        "firstName",
        "invalid value for firstName",
    );
    create(json!({ "type": "person", "firstName": "Ann", "title": "Duchess" })).await.assert_invalid(
        "party",
        "title",
        "title not found",
    );
}

#[tokio::test]
async fn all_that_is_wrong_is_named_at_once_and_nothing_is_kept() {
    let crm = Crm::start().await;
    let before = crm.get("/parties?embed=meta&perPage=1").await.json();
    let reply = crm
        .post(
            "/parties",
            json!({ "party": {
                "type": "person",
                "organisation": { "name": "Never Made Ltd" },
                "tags": [{ "name": "Never made" }],
                "phoneNumbers": [{ "type": "Mobile" }],
            } }),
        )
        .await;
    assert_eq!(reply.status, 422);
    let errors = reply.json()["errors"].clone();
    assert_eq!(errors[0]["field"], "firstName");
    assert_eq!(
        errors[1],
        json!({ "message": "number is required", "resource": "phoneNumber", "field": "number" })
    );
    let after = crm.get("/parties?embed=meta&perPage=1").await.json();
    assert_eq!(after, before);
    let found = crm.get("/parties/search?q=never").await.json();
    assert_eq!(found, json!({ "parties": [] }));
}

#[tokio::test]
async fn a_body_that_is_not_json_answers_400_and_a_wrong_wrapper_422() {
    let crm = Crm::start().await;
    for body in ["", "{", "party=1"] {
        let reply =
            crm.send(Method::POST, "/api/v2/parties", Some(CAPSULE_TOKEN), body).await.expect("an answer");
        assert_eq!(reply.status, 400);
        assert_eq!(keys(&reply.json()), ["message"]);
    }
    for body in [json!({ "person": {} }), json!([]), json!({})] {
        let reply = crm.post("/parties", body).await;
        reply.assert_invalid("party", "party", "party is required");
    }
    let reply = crm.post("/parties", json!({ "party": [] })).await;
    reply.assert_invalid("party", "party", "invalid value for party");
}

#[tokio::test]
async fn a_change_touches_only_what_it_names_and_null_clears() {
    let watch = Watch::at(datetime!(2026-06-01 09:00 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let party = crm
        .create(json!({
            "type": "person",
            "firstName": "Ann",
            "lastName": "Lee",
            "jobTitle": "Buyer",
            "about": "Likes tea",
        }))
        .await;
    watch.advance(60);
    let changed = crm.changed(&party, json!({ "jobTitle": null, "about": "Likes ☕" })).await;
    assert_eq!(changed["firstName"], "Ann");
    assert_eq!(changed["lastName"], "Lee");
    assert_eq!(changed["jobTitle"], Value::Null);
    assert_eq!(changed["about"], "Likes ☕");
    assert_eq!(changed["createdAt"], "2026-06-01T09:00:00Z");
    assert_eq!(changed["updatedAt"], "2026-06-01T09:01:00Z");

    let reply = crm.change(&party, json!({ "firstName": null, "lastName": "" })).await;
    reply.assert_invalid("party", "firstName", "first name or last name is required");
}

#[tokio::test]
async fn the_type_is_fixed_and_members_of_the_other_type_are_ignored() {
    let crm = Crm::start().await;
    let organisation = organisation(&crm).await;
    let person = person(&crm).await;
    let written = json!({
        "type": "person",
        "firstName": "Ann",
        "organisation": { "id": person["id"] },
        "id": 5,
        "createdAt": "1999-01-01T00:00:00Z",
        "pictureURL": "https://elsewhere.example/p.png",
        "shoeSize": 42,
    });
    let changed = crm.changed(&organisation, written).await;
    for key in ["id", "type", "name", "createdAt", "pictureURL"] {
        assert_eq!(changed[key], organisation[key]);
    }
    assert_eq!(keys(&changed), keys(&organisation));
}

#[tokio::test]
async fn an_organisation_is_given_by_id_or_name_and_made_when_there_is_none_of_that_name() {
    let crm = Crm::start().await;
    let employer = organisation(&crm).await;
    let person = person(&crm).await;
    let employed = async |organisation: Value| {
        let change = json!({ "organisation": organisation });
        crm.changed(&person, change).await["organisation"].clone()
    };
    let by_object = employed(json!({ "id": employer["id"] })).await;
    assert_eq!(by_object["name"], "Subject Ltd");
    assert_eq!(employed(Value::Null).await, Value::Null);
    assert_eq!(employed(employer["id"].clone()).await, by_object);

    let made = employed(json!({ "name": "Brand New Ltd" })).await;
    assert_eq!(employed(json!({ "name": "Subject Ltd" })).await, by_object);
    assert_eq!(employed(json!({ "name": "Brand New Ltd" })).await, made);
    let shown = crm.get(&format!("/parties/{}", made["id"])).await.json();
    assert_eq!(shown["party"]["type"], "organisation");
}

#[tokio::test]
async fn an_organisation_that_does_not_exist_or_is_a_person_is_refused() {
    let crm = Crm::start().await;
    let person = person(&crm).await;
    for id in [json!(1), person["id"].clone(), json!("247318412")] {
        let change = json!({ "organisation": { "id": id } });
        let reply = crm.change(&person, change).await;
        reply.assert_invalid("party", "organisation", "organisation not found");
    }
}

/// In the seed, Wholesale has the first, second and fourth user; Equipment the third, fourth and fifth.
const WHOLESALE: i64 = 24_310;
const EQUIPMENT: i64 = 24_311;

#[tokio::test]
async fn a_new_party_belongs_to_the_tokens_user_unless_it_says_otherwise() {
    let crm = Crm::start().await;
    assert_eq!(id(&organisation(&crm).await["owner"]), ADMINISTRATOR);
    let nobodys = crm.create(json!({ "type": "organisation", "name": "Free", "owner": null })).await;
    assert_eq!(nobodys["owner"], Value::Null);
}

#[tokio::test]
async fn an_owner_written_alone_clears_the_team_and_a_team_written_alone_keeps_the_owner() {
    let crm = Crm::start().await;
    let party = organisation(&crm).await;
    let with_team = crm.changed(&party, json!({ "team": { "id": WHOLESALE } })).await;
    assert_eq!(id(&with_team["owner"]), ADMINISTRATOR);
    assert_eq!(with_team["team"], json!({ "id": WHOLESALE, "name": "Wholesale" }));

    let untouched = crm.changed(&party, json!({ "about": "x" })).await;
    assert_eq!(untouched["team"], with_team["team"]);

    let colleague = json!({ "owner": { "id": ADMINISTRATOR + 1 } });
    let with_owner = crm.changed(&party, colleague).await;
    assert_eq!(id(&with_owner["owner"]), ADMINISTRATOR + 1);
    assert_eq!(with_owner["team"], Value::Null);

    let both = json!({ "owner": ADMINISTRATOR + 3, "team": EQUIPMENT });
    let both = crm.changed(&party, both).await;
    assert_eq!(id(&both["owner"]), ADMINISTRATOR + 3);
    assert_eq!(id(&both["team"]), EQUIPMENT);

    let team_alone = json!({ "owner": null, "team": { "id": WHOLESALE } });
    let team_alone = crm.changed(&party, team_alone).await;
    assert_eq!(team_alone["owner"], Value::Null);
    assert_eq!(id(&team_alone["team"]), WHOLESALE);
}

#[tokio::test]
async fn an_owner_outside_the_team_and_unknown_owners_and_teams_are_refused() {
    let crm = Crm::start().await;
    let party = organisation(&crm).await;
    let reply = crm.change(&party, json!({ "team": EQUIPMENT })).await;
    reply.assert_invalid("party", "team", "owner is not a member of the team");
    let reply = crm.change(&party, json!({ "owner": { "id": 1 } })).await;
    reply.assert_invalid("party", "owner", "owner not found");
    let deleted_user = json!({ "owner": { "id": ADMINISTRATOR + 5 } });
    let reply = crm.change(&party, deleted_user).await;
    reply.assert_invalid("party", "owner", "owner not found");
    let reply = crm.change(&party, json!({ "team": 1 })).await;
    reply.assert_invalid("party", "team", "team not found");
}
