//! Opportunities: their shape, what writing them does, and what belongs to them.

use serde_json::{Value, json};
use time::macros::datetime;

use crate::harness::{ADMINISTRATOR, Crm, Watch, id, ids, keys, named, rows};

const WHOLESALE: i64 = 24_310;
const EQUIPMENT: i64 = 24_311;

async fn amended(crm: &Crm, opportunity: &Value, change: Value) -> Value {
    crm.amended("opportunities", "opportunity", opportunity, change).await
}

/// The milestones of the oldest pipeline and of the other one.
async fn milestones(crm: &Crm) -> (Vec<Value>, Vec<Value>) {
    let all = crm.all("milestones/all", "milestones").await;
    all.into_iter().partition(|row| row["pipeline"]["name"] == "Wholesale supply")
}

async fn customer(crm: &Crm) -> Value {
    crm.create(json!({ "type": "organisation", "name": "Customer Ltd" })).await
}

async fn opportunity(crm: &Crm, more: Value) -> Value {
    let (milestones, _) = milestones(crm).await;
    let mut opportunity = json!({
        "name": "Beans",
        "party": { "id": customer(crm).await["id"] },
        "milestone": { "id": milestones[0]["id"] },
    });
    let more = more.as_object().expect("an object").clone();
    opportunity.as_object_mut().expect("an object").extend(more);
    crm.make("opportunities", "opportunity", opportunity).await
}

#[tokio::test]
async fn a_new_opportunity_shows_all_its_members() {
    let watch = Watch::at(datetime!(2026-06-01 09:00 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let made = opportunity(&crm, json!({})).await;
    assert_eq!(
        keys(&made),
        [
            "id",
            "owner",
            "team",
            "party",
            "lostReason",
            "milestone",
            "value",
            "expectedCloseOn",
            "probability",
            "durationBasis",
            "duration",
            "closedOn",
            "createdAt",
            "updatedAt",
            "description",
            "name",
            "lastContactedAt",
            "lastStageChangedAt",
            "lastOpenMilestone",
            "tags",
            "fields",
        ]
    );
    assert_eq!(keys(&made["party"]), ["id", "type", "name", "pictureURL"]);
    assert_eq!(keys(&made["milestone"]), ["id", "name"]);
    assert_eq!(made["probability"], 10);
    assert_eq!(made["durationBasis"], "FIXED");
    assert_eq!(made["lastStageChangedAt"], "2026-06-01T09:00:00Z");
    for key in ["value", "closedOn", "duration", "lostReason", "expectedCloseOn", "lastOpenMilestone"] {
        assert_eq!(made[key], Value::Null, "{key}");
    }
}

#[tokio::test]
async fn name_party_and_milestone_are_required() {
    let crm = Crm::start().await;
    let reply = crm.post("/opportunities", json!({ "opportunity": {} })).await;
    assert_eq!(reply.status, 422);
    let errors = reply.json()["errors"].clone();
    let messages: Vec<&str> =
        rows(&errors).iter().map(|error| error["message"].as_str().expect("text")).collect();
    assert_eq!(messages, ["name is required", "party is required", "milestone is required"]);

    let made = opportunity(&crm, json!({})).await;
    for (key, message) in [("name", "name is required"), ("party", "party is required")] {
        let reply = crm.amend("opportunities", "opportunity", &made, json!({ key: null })).await;
        reply.assert_invalid("opportunity", key, message);
    }
    let nobody = json!({ "party": { "id": 1 } });
    let reply = crm.amend("opportunities", "opportunity", &made, nobody).await;
    reply.assert_invalid("opportunity", "party", "party not found");
}

#[tokio::test]
async fn an_opportunity_belongs_to_the_tokens_user_whoever_owns_its_party() {
    let crm = Crm::start().await;
    let owner = json!({ "id": ADMINISTRATOR + 3 });
    let party = crm.create(json!({ "type": "organisation", "name": "Theirs", "owner": owner })).await;
    let made = opportunity(&crm, json!({ "party": party["id"] })).await;
    assert_eq!(id(&made["owner"]), ADMINISTRATOR);
}

#[tokio::test]
async fn owner_and_team_follow_their_rules_and_are_not_both_empty() {
    let crm = Crm::start().await;
    let made = opportunity(&crm, json!({ "team": WHOLESALE })).await;
    assert_eq!(id(&made["team"]), WHOLESALE);
    let handed = amended(&crm, &made, json!({ "owner": { "id": ADMINISTRATOR + 1 } })).await;
    assert_eq!(handed["team"], Value::Null);
    let team_only = json!({ "owner": null, "team": { "id": EQUIPMENT } });
    assert_eq!(amended(&crm, &made, team_only).await["owner"], Value::Null);

    let refused = async |change: Value| crm.amend("opportunities", "opportunity", &made, change).await;
    let message = "owner or team is required";
    refused(json!({ "owner": null })).await.assert_invalid("opportunity", "owner", message);
    refused(json!({ "team": null })).await.assert_invalid("opportunity", "owner", message);
    let message = "owner is not a member of the team";
    let foreign = json!({ "owner": ADMINISTRATOR + 1, "team": EQUIPMENT });
    refused(foreign).await.assert_invalid("opportunity", "team", message);
}

#[tokio::test]
async fn a_complete_milestone_closes_and_an_open_one_reopens() {
    let watch = Watch::at(datetime!(2026-06-01 23:30 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let (milestones, _) = milestones(&crm).await;
    let at = |name: &str| json!({ "milestone": { "id": named(&milestones, name)["id"] } });
    let made = opportunity(&crm, json!({ "probability": 33 })).await;
    assert_eq!(made["probability"], 33);

    watch.advance(3600);
    let won = amended(&crm, &made, at("Won")).await;
    assert_eq!(won["closedOn"], "2026-06-02");
    assert_eq!(won["probability"], 100);
    assert_eq!(won["lastOpenMilestone"]["name"], "Enquiry");
    assert_eq!(won["lastStageChangedAt"], "2026-06-02T00:30:00Z");

    let lost = amended(&crm, &made, at("Lost")).await;
    assert_eq!(lost["probability"], 0);
    assert_eq!(lost["lastOpenMilestone"]["name"], "Enquiry");

    let reopened = amended(&crm, &made, at("Proposal")).await;
    assert_eq!(reopened["closedOn"], Value::Null);
    assert_eq!(reopened["probability"], 70);
}

#[tokio::test]
async fn the_probability_of_a_closed_opportunity_cannot_be_written_even_while_closing_it() {
    let crm = Crm::start().await;
    let (milestones, _) = milestones(&crm).await;
    let won = json!({ "id": named(&milestones, "Won")["id"] });
    let made = opportunity(&crm, json!({})).await;
    let message = "probability can be updated only for open opportunity";
    let closing = json!({ "milestone": won, "probability": 90 });
    let reply = crm.amend("opportunities", "opportunity", &made, closing).await;
    reply.assert_invalid("opportunity", "probability", message);

    amended(&crm, &made, json!({ "milestone": won })).await;
    let reply = crm.amend("opportunities", "opportunity", &made, json!({ "probability": 100 })).await;
    reply.assert_invalid("opportunity", "probability", message);
    let open = json!({ "milestone": milestones[0]["id"], "probability": 101 });
    assert_eq!(crm.amend("opportunities", "opportunity", &made, open).await.status, 422);
}

#[tokio::test]
async fn a_reason_for_losing_is_kept_only_when_it_is_lost() {
    let crm = Crm::start().await;
    let (milestones, _) = milestones(&crm).await;
    let reasons = crm.all("lostreasons", "lostReasons").await;
    let reason = json!({ "id": named(&reasons, "Price")["id"] });
    let made = opportunity(&crm, json!({ "lostReason": reason })).await;
    assert_eq!(made["lostReason"], Value::Null);

    let lost = json!({ "milestone": named(&milestones, "Lost")["id"], "lostReason": reason });
    let lost = amended(&crm, &made, lost).await;
    assert_eq!(lost["lostReason"], json!({ "id": reason["id"], "name": "Price" }));
    let reopened = amended(&crm, &made, json!({ "milestone": milestones[0]["id"] })).await;
    assert_eq!(reopened["lostReason"], Value::Null);
    let unknown = json!({ "lostReason": { "id": 1 } });
    let reply = crm.amend("opportunities", "opportunity", &made, unknown).await;
    reply.assert_invalid("opportunity", "lostReason", "lostReason not found");
}

#[tokio::test]
async fn a_milestone_of_another_pipeline_silently_moves_the_opportunity_there() {
    let crm = Crm::start().await;
    let (_, leasing) = milestones(&crm).await;
    let made = opportunity(&crm, json!({})).await;
    amended(&crm, &made, json!({ "milestone": { "id": leasing[1]["id"] } })).await;
    let path = format!("/opportunities/{}?embed=milestone", made["id"]);
    let moved = crm.get(&path).await.json()["opportunity"].clone();
    assert_eq!(moved["milestone"], leasing[1]);
    assert_eq!(moved["milestone"]["pipeline"]["name"], "Equipment leasing");
    assert_eq!(moved["lastOpenMilestone"]["name"], "Enquiry");
}

#[tokio::test]
async fn an_amount_needs_its_currency() {
    let crm = Crm::start().await;
    let made = opportunity(&crm, json!({ "value": { "amount": 1500.5, "currency": "EUR" } })).await;
    assert_eq!(made["value"], json!({ "amount": 1500.5, "currency": "EUR" }));
    let whole = json!({ "value": { "amount": 300, "currency": "GBP" } });
    assert_eq!(amended(&crm, &made, whole).await["value"], json!({ "amount": 300, "currency": "GBP" }));
    for (value, field, message) in [
        (json!({ "amount": 5 }), "currency", "currency is required"),
        (json!({ "currency": "GBP" }), "amount", "amount is required"),
        (json!({ "amount": -5, "currency": "GBP" }), "amount", "invalid value for amount"),
        (json!({ "amount": "5", "currency": "GBP" }), "amount", "invalid value for amount"),
        (json!({ "amount": 5, "currency": "XXX" }), "currency", "unknown currency"),
    ] {
        let reply = crm.amend("opportunities", "opportunity", &made, json!({ "value": value })).await;
        reply.assert_invalid("opportunity", field, message);
    }
    assert_eq!(amended(&crm, &made, json!({ "value": null })).await["value"], Value::Null);
}

#[tokio::test]
async fn a_duration_goes_with_every_basis_but_fixed() {
    let crm = Crm::start().await;
    let made = opportunity(&crm, json!({ "durationBasis": "MONTH", "duration": 12 })).await;
    assert_eq!(made["duration"], 12);
    let fixed = amended(&crm, &made, json!({ "durationBasis": "FIXED" })).await;
    assert_eq!(fixed["duration"], Value::Null);
    let reply = crm.amend("opportunities", "opportunity", &made, json!({ "durationBasis": "YEAR" })).await;
    reply.assert_invalid("opportunity", "duration", "duration is required");
    let reply = crm.amend("opportunities", "opportunity", &made, json!({ "durationBasis": "MOON" })).await;
    let options = "options are: FIXED, HOUR, DAY, WEEK, MONTH, QUARTER, YEAR";
    reply.assert_invalid("opportunity", "durationBasis", options);
}

#[tokio::test]
async fn tags_and_fields_of_opportunities_are_their_own() {
    let crm = Crm::start().await;
    let definitions = crm.all("opportunities/fields/definitions", "definitions").await;
    let model = named(&definitions, "Machine model");
    let lease = named(&definitions, "Lease months");
    assert_eq!(lease["tag"]["dataTag"], true);
    let marks = json!({
        "tags": [{ "name": "urgent" }, { "name": "VIP" }],
        "fields": [{ "definition": { "id": model["id"] }, "value": "Piccolo" }],
    });
    let made = opportunity(&crm, marks).await;
    assert_eq!(made["tags"][0]["name"], "Urgent");
    assert_eq!(made["fields"][0]["definition"]["name"], "Machine model");
    let tags = crm.all("opportunities/tags", "tags").await;
    assert_eq!(id(named(&tags, "VIP")), id(&made["tags"][1]));
    let of_parties = crm.all("parties/tags", "tags").await;
    assert_ne!(id(named(&of_parties, "VIP")), id(&made["tags"][1]));

    let untagged = json!({ "tags": [{ "id": made["tags"][0]["id"], "_delete": true }] });
    assert_eq!(rows(&amended(&crm, &made, untagged).await["tags"]).len(), 1);
    let path = format!("/opportunities/fields/definitions/{}", model["id"]);
    assert_eq!(crm.delete(&path).await.status, 204);
    assert_eq!(amended(&crm, &made, json!({})).await["fields"], json!([]));
}

#[tokio::test]
async fn missing_important_fields_and_the_party_come_only_when_embedded() {
    let crm = Crm::start().await;
    let made = opportunity(&crm, json!({})).await;
    let path = format!("/opportunities/{}?embed=party,missingImportantFields", made["id"]);
    let embedded = crm.get(&path).await.json()["opportunity"].clone();
    assert_eq!(embedded["missingImportantFields"], true);
    assert!(keys(&embedded["party"]).contains(&"emailAddresses"));
    assert!(!keys(&embedded).contains(&"tags"));
}

#[tokio::test]
async fn further_parties_are_linked_and_unlinked_with_nothing_in_the_answer() {
    let crm = Crm::start().await;
    let made = opportunity(&crm, json!({})).await;
    let person = crm.create(json!({ "type": "person", "firstName": "Ann" })).await;
    let list = format!("opportunities/{}/parties", made["id"]);
    let link = format!("/{list}/{}", person["id"]);
    let linked = crm.post(&link, Value::Null).await;
    assert_eq!((linked.status, linked.body.len()), (204, 0));
    assert_eq!(ids(&crm.all(&list, "parties").await), [id(&person)]);
    let theirs = crm.all(&format!("parties/{}/opportunities", person["id"]), "opportunities").await;
    assert_eq!(ids(&theirs), [id(&made)]);

    let again = crm.post(&link, Value::Null).await;
    again.assert_invalid("opportunity", "party", "party is already a contact for this opportunity");
    let own = crm.post(&format!("/{list}/{}", made["party"]["id"]), Value::Null).await;
    own.assert_invalid("opportunity", "party", "party is already related to this opportunity");
    assert_eq!(crm.post(&format!("/{list}/1"), Value::Null).await.status, 404);

    assert_eq!(crm.delete(&link).await.status, 204);
    assert_eq!(crm.delete(&link).await.status, 404);
    assert!(crm.all(&list, "parties").await.is_empty());
}

#[tokio::test]
async fn opportunities_are_listed_since_searched_and_fetched_several_at_once() {
    let watch = Watch::at(datetime!(2026-06-01 09:00 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let first = opportunity(&crm, json!({ "name": "Quetzal beans" })).await;
    watch.advance(60);
    let second = opportunity(&crm, json!({})).await;
    let since = crm.all("opportunities?since=2026-06-01T09:00:30Z", "opportunities").await;
    assert_eq!(ids(&since), [id(&second)]);
    let found = crm.all("opportunities/search?q=quetzal", "opportunities").await;
    assert_eq!(ids(&found), [id(&first)]);
    let found = crm.all("opportunities/search?q=customer%20ltd", "opportunities").await;
    assert_eq!(found.len(), 2);
    let several = format!("opportunities/{},{},1", first["id"], second["id"]);
    assert_eq!(ids(&crm.all(&several, "opportunities").await), [id(&first), id(&second)]);
    let eleven = (1..=11).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    let reply = crm.get(&format!("/opportunities/{eleven}")).await;
    reply.assert_invalid("opportunity", "id", "too many ids");
}

#[tokio::test]
async fn deleted_opportunities_are_listed_also_when_their_party_took_them_along() {
    let watch = Watch::at(datetime!(2026-06-01 09:00 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let first = opportunity(&crm, json!({})).await;
    let second = opportunity(&crm, json!({})).await;
    assert_eq!(crm.delete(&format!("/opportunities/{}", first["id"])).await.status, 204);
    watch.advance(60);
    assert_eq!(crm.delete(&format!("/parties/{}", second["party"]["id"])).await.status, 204);
    assert_eq!(crm.get(&format!("/opportunities/{}", second["id"])).await.status, 404);
    let gone = crm.get("/opportunities/deleted?since=2026-06-01").await.json();
    let expected = json!([
        { "id": first["id"], "deletedAt": "2026-06-01T09:00:00Z" },
        { "id": second["id"], "deletedAt": "2026-06-01T09:01:00Z" },
    ]);
    assert_eq!(gone["opportunities"], expected);
    let reply = crm.get("/opportunities/deleted").await;
    reply.assert_invalid("opportunity", "since", "since is required");
}
