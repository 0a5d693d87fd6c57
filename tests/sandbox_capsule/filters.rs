//! Structured search over parties.

use serde_json::{Value, json};
use time::macros::datetime;
use unicrm::sandbox::Clock;

use crate::harness::{ADMINISTRATOR, Crm, Watch, id, keys, rows};

fn condition(field: &str, operator: &str, value: Value) -> Value {
    json!({ "field": field, "operator": operator, "value": value })
}

async fn found(crm: &Crm, field: &str, operator: &str, value: Value) -> Vec<i64> {
    let parties = crm.filter(json!([condition(field, operator, value)])).await;
    parties.iter().map(id).collect()
}

/// A party that differs from all seeded ones in every field.
async fn specimen(crm: &Crm) -> Value {
    let reply = crm.get("/parties/fields/definitions").await.json();
    let field = |name: &str| {
        let mut fields = rows(&reply["definitions"]).iter();
        fields.find(|field| field["name"] == name).expect("a field")["id"].clone()
    };
    crm.create(json!({
        "type": "person",
        "firstName": "Quirina",
        "lastName": "Zweig",
        "jobTitle": "Sommelière",
        "title": "Prof",
        "emailAddresses": [{ "address": "qz@zweig.example" }, { "address": "other@zweig.example" }],
        "phoneNumbers": [{ "number": "+354 000 0001" }],
        "addresses": [{ "city": "Reykjavík", "zip": "101", "state": "Höfuðborg", "country": "Iceland" }],
        "websites": [{ "service": "URL", "address": "zweig.example" }],
        "tags": [{ "name": "Specimen" }],
        "owner": { "id": ADMINISTRATOR + 3 },
        "team": { "id": 24_310 },
        "organisation": { "name": "Specimen Institute" },
        "fields": [
            { "definition": field("Interests"), "value": "Tea;Training" },
            { "definition": field("Birthday"), "value": "2001-09-09" },
        ],
    }))
    .await
}

#[tokio::test]
async fn every_text_field_is_found_by_its_filter_name() {
    let crm = Crm::start().await;
    let party = specimen(&crm).await;
    for (field, value) in [
        ("name", "Quirina Zweig"),
        ("jobTitle", "sommelière"),
        ("title", "Prof"),
        ("email", "OTHER@zweig.example"),
        ("phone", "+354 000 0001"),
        ("city", "Reykjavík"),
        ("zip", "101"),
        ("state", "Höfuðborg"),
        ("country", "IS"),
        ("website", "zweig.example"),
        ("tag", "specimen"),
        ("org.name", "Specimen Institute"),
    ] {
        let ids = found(&crm, field, "is", json!(value)).await;
        assert_eq!(ids, [id(&party)], "{field}");
        let others = found(&crm, field, "is not", json!(value)).await;
        assert!(!others.contains(&id(&party)), "{field}");
        assert!(others.len() > 200, "{field}");
    }
}

#[tokio::test]
async fn text_is_found_by_its_beginning_its_end_and_its_middle() {
    let crm = Crm::start().await;
    let party = specimen(&crm).await;
    for (operator, value) in [("starts with", "quirina z"), ("ends with", "A ZWEIG"), ("contains", "rina zw")]
    {
        let ids = found(&crm, "name", operator, json!(value)).await;
        assert_eq!(ids, [id(&party)], "{operator}");
    }
}

#[tokio::test]
async fn type_splits_the_parties_in_two() {
    let crm = Crm::start().await;
    let people = found(&crm, "type", "is", json!("person")).await;
    let organisations = found(&crm, "type", "is", json!("organisation")).await;
    assert_eq!((people.len(), organisations.len()), (196, 60));
}

#[tokio::test]
async fn records_are_found_by_id_and_by_name() {
    let crm = Crm::start().await;
    let party = specimen(&crm).await;
    let tag = party["tags"][0]["id"].clone();
    assert_eq!(found(&crm, "tag", "is", tag).await, [id(&party)]);
    for (field, by_id, by_name) in [
        ("owner", json!(ADMINISTRATOR + 3), json!("Jonas Lindqvist")),
        ("team", json!(24_310), json!("Wholesale")),
    ] {
        let ids = found(&crm, field, "is", by_id).await;
        assert!(ids.contains(&id(&party)));
        assert_eq!(found(&crm, field, "is", by_name).await, ids);
    }
    assert_eq!(found(&crm, "id", "is", party["id"].clone()).await, [id(&party)]);
    assert_eq!(
        found(&crm, "id", "is greater than", json!(id(&party) - 2)).await.len(),
        2,
        "the party and the organisation that was made for it"
    );
}

#[tokio::test]
async fn null_asks_whether_there_is_anything() {
    let crm = Crm::start().await;
    let nobodys = found(&crm, "owner", "is", Value::Null).await;
    let owned = found(&crm, "owner", "is not", Value::Null).await;
    assert!(!nobodys.is_empty() && !owned.is_empty());
    assert_eq!(nobodys.len() + owned.len(), 256);
    let without = found(&crm, "email", "is", Value::Null).await;
    let flagged = found(&crm, "hasEmailAddress", "is", json!(false)).await;
    assert_eq!(without, flagged);
}

#[tokio::test]
async fn flags_tell_what_a_party_has() {
    let crm = Crm::start().await;
    let party = specimen(&crm).await;
    for field in ["hasEmailAddress", "hasPhoneNumber", "hasAddress", "hasTags"] {
        let ids = found(&crm, field, "is", json!(true)).await;
        assert!(ids.contains(&id(&party)), "{field}");
    }
    for field in ["hasPeople", "hasOpenTasks", "hasOpportunities", "hasCases"] {
        let ids = found(&crm, field, "is", json!(false)).await;
        assert!(ids.contains(&id(&party)), "{field}");
    }
    let employers = found(&crm, "hasPeople", "is", json!(true)).await;
    assert_eq!(employers.len(), 61);
}

#[tokio::test]
async fn dates_are_compared_by_the_day() {
    let watch = Watch::at(datetime!(2026-06-10 23:59 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let party = crm.create(json!({ "type": "organisation", "name": "Dated" })).await;
    watch.advance(2 * 60);
    let ours = [id(&party)];
    let none: [i64; 0] = [];
    for field in ["addedOn", "updatedOn"] {
        assert_eq!(found(&crm, field, "is", json!("2026-06-10")).await, ours);
        assert_eq!(found(&crm, field, "is after", json!("2026-06-09")).await, ours);
        assert_eq!(found(&crm, field, "is after", json!("2026-06-10")).await, none);
        assert_eq!(found(&crm, field, "is within last", json!(1)).await, ours);
        assert_eq!(found(&crm, field, "is within last", json!(0)).await, none);
        assert_eq!(found(&crm, field, "is within next", json!(9)).await, none);
        let older = found(&crm, field, "is older than", json!(1)).await;
        assert_eq!(older.len(), 256);
        let before = found(&crm, field, "is before", json!("2026-06-11")).await;
        assert_eq!(before.len(), 257);
    }
}

#[tokio::test]
async fn a_party_never_contacted_is_neither_before_nor_after_any_day() {
    let crm = Crm::start().await;
    let never = found(&crm, "lastContactedOn", "is", Value::Null).await;
    let before = found(&crm, "lastContactedOn", "is before", json!("2030-01-01")).await;
    assert!(!never.is_empty() && !before.is_empty());
    assert_eq!(never.len() + before.len(), 256);
}

#[tokio::test]
async fn custom_fields_are_filtered_by_their_own_type() {
    let crm = Crm::start_at(Clock::fixed(datetime!(2026-06-01 09:00 UTC))).await;
    let party = specimen(&crm).await;
    let definition = |name: &str| {
        let mut fields = rows(&party["fields"]).iter();
        let field = fields.find(|field| field["definition"]["name"] == name);
        format!("custom:{}", field.expect("a field")["definition"]["id"])
    };
    let born = found(&crm, &definition("Birthday"), "is after", json!("2001-01-01")).await;
    assert_eq!(born, [id(&party)]);
    let drinks_tea = found(&crm, &definition("Interests"), "is", json!("Tea")).await;
    assert!(drinks_tea.contains(&id(&party)));

    let numbers = crm.get("/parties/fields/definitions").await.json();
    let mut numbers = rows(&numbers["definitions"]).iter();
    let seats = numbers.find(|field| field["name"] == "Seats").expect("a field");
    let large = format!("custom:{}", seats["id"]);
    let large = found(&crm, &large, "is greater than", json!(200)).await;
    assert!(!large.is_empty());
    let staff = format!("org.custom:{}", seats["id"]);
    let staff = found(&crm, &staff, "is greater than", json!(200)).await;
    assert!(staff.len() > large.len());
}

#[tokio::test]
async fn the_organisations_tags_are_a_field_of_its_people() {
    let crm = Crm::start().await;
    let suppliers = crm
        .filter(json!([
            condition("tag", "is", json!("Supplier")),
            condition("type", "is", json!("organisation")),
        ]))
        .await;
    let names: Vec<&Value> = suppliers.iter().map(|party| &party["name"]).collect();
    let staff = crm.filter(json!([condition("org.tag", "is", json!("Supplier"))])).await;
    assert!(!staff.is_empty());
    assert!(staff.iter().all(|person| names.contains(&&person["organisation"]["name"])));
}

#[tokio::test]
async fn conditions_must_all_hold_and_of_a_group_one_is_enough() {
    let crm = Crm::start().await;
    let party = specimen(&crm).await;
    let both = crm
        .filter(json!([
            condition("name", "contains", json!("zweig")),
            condition("city", "is", json!("London")),
        ]))
        .await;
    assert!(both.is_empty());
    let either = crm
        .filter(json!([
            condition("name", "contains", json!("zweig")),
            [condition("city", "is", json!("London")), condition("city", "is", json!("Reykjavík")),],
        ]))
        .await;
    assert_eq!(either.iter().map(id).collect::<Vec<_>>(), [id(&party)]);
    assert_eq!(crm.filter(json!([])).await.len(), 258);
}

#[tokio::test]
async fn results_look_like_the_list_and_are_paged_by_the_query() {
    let crm = Crm::start().await;
    let body = json!({ "filter": {
        "conditions": [condition("type", "is", json!("organisation"))],
        "orderBy": [{ "field": "name", "direction": "ascending" }],
    } });
    let reply = crm.post("/parties/filters/results?perPage=25&page=2&embed=meta,tags", body).await;
    assert_eq!(reply.status, 200);
    assert_eq!(keys(&reply.json()), ["parties", "meta"]);
    assert_eq!(rows(&reply.json()["parties"]).len(), 25);
    assert!(keys(&reply.json()["parties"][0]).contains(&"tags"));
    assert_eq!(reply.json()["meta"]["totalCount"], 60);
    assert_eq!(reply.header("x-pagination-has-more"), "true");
    let next = "/api/v2/parties/filters/results?embed=meta%2Ctags&page=3&perPage=25>; rel=\"next\"";
    assert!(reply.header("link").contains(next));
}

#[tokio::test]
async fn what_a_filter_gets_wrong_is_named() {
    let crm = Crm::start().await;
    let run = async |filter: Value| crm.post("/parties/filters/results", json!({ "filter": filter })).await;
    for field in ["emailAddress", "updatedAt", "lastContactedAt", "custom:1", "custom:x"] {
        let conditions = json!([condition(field, "is", json!("x"))]);
        run(json!({ "conditions": conditions })).await.assert_invalid(
            "filter",
            "field",
            "invalid field name",
        );
    }
    for (field, operator) in [
        ("name", "is after"),
        ("addedOn", "contains"),
        ("tag", "contains"),
        ("hasTags", "is greater than"),
        ("name", "equals"),
    ] {
        let conditions = json!([condition(field, operator, json!("x"))]);
        run(json!({ "conditions": conditions })).await.assert_invalid(
            "filter",
            "operator",
            "invalid operator for field",
        );
    }
    for (field, operator, value) in [
        ("addedOn", "is after", json!("2026-06-01T00:00:00Z")),
        ("addedOn", "is within last", json!("7")),
        ("hasTags", "is", json!("true")),
        ("id", "is", json!("247318406")),
        ("name", "contains", Value::Null),
    ] {
        let conditions = json!([condition(field, operator, value)]);
        run(json!({ "conditions": conditions })).await.assert_invalid(
            "filter",
            "value",
            "invalid value for field",
        );
    }
    let reply = run(json!({})).await;
    reply.assert_invalid("filter", "conditions", "conditions is required");
    let reply = crm.post("/parties/filters/results", json!({})).await;
    reply.assert_invalid("filter", "filter", "filter is required");
}
