//! Custom fields: values of each type, and definitions. Tags as records of their own stand here too.

use serde_json::{Value, json};

use crate::harness::{Crm, keys, rows};

/// The ids of the account's fields, by name.
async fn field(crm: &Crm, name: &str) -> i64 {
    let reply = crm.get("/parties/fields/definitions").await.json();
    let definitions = rows(&reply["definitions"]);
    let definition = definitions.iter().find(|field| field["name"] == name);
    definition.expect("a field of that name")["id"].as_i64().expect("an id")
}

async fn organisation(crm: &Crm) -> Value {
    crm.create(json!({ "type": "organisation", "name": "Fielded Ltd" })).await
}

#[tokio::test]
async fn a_field_is_set_by_its_definition_and_set_again_in_place() {
    let crm = Crm::start().await;
    let party = organisation(&crm).await;
    let sector = field(&crm, "Sector").await;
    let set = async |definition: Value, value: &str| {
        let fields = json!([{ "definition": definition, "value": value }]);
        crm.changed(&party, json!({ "fields": fields })).await["fields"].clone()
    };
    let first = set(json!({ "id": sector }), "Hotel").await;
    assert_eq!(keys(&first[0]), ["id", "definition", "value"]);
    assert_eq!(first[0]["definition"], json!({ "id": sector, "name": "Sector" }));
    assert_eq!(first[0]["value"], "Hotel");

    let second = set(json!(sector), "Office").await;
    assert_eq!(rows(&second).len(), 1);
    assert_eq!(second[0]["id"], first[0]["id"]);
    assert_eq!(second[0]["value"], "Office");

    let by_row = json!([{ "id": first[0]["id"], "value": "Retail" }]);
    let third = crm.changed(&party, json!({ "fields": by_row })).await;
    assert_eq!(third["fields"][0]["value"], "Retail");
}

#[tokio::test]
async fn each_type_takes_its_own_values_and_numbers_come_back_as_text() {
    let crm = Crm::start().await;
    for (name, kind, written, shown) in [
        ("Referred by", "organisation", json!("A friend"), json!("A friend")),
        ("Seats", "organisation", json!(48), json!("48")),
        ("Seats", "organisation", json!("48.5"), json!("48.5")),
        ("Contract folder", "organisation", json!("https://f.example/1"), json!("https://f.example/1")),
        ("Interests", "organisation", json!("Tea;Training"), json!("Tea;Training")),
        ("Birthday", "person", json!("1984-02-29"), json!("1984-02-29")),
        ("Newsletter opt-in", "person", json!(true), json!(true)),
    ] {
        let fields = json!([{ "definition": { "id": field(&crm, name).await }, "value": written }]);
        let party = json!({ "type": kind, "firstName": "A", "name": "A", "fields": fields });
        let party = crm.create(party).await;
        assert_eq!(party["fields"][0]["value"], shown, "{name}");
    }
}

#[tokio::test]
async fn values_of_the_wrong_type_are_refused() {
    let crm = Crm::start().await;
    for (name, kind, value, message) in [
        ("Seats", "organisation", json!("many"), "invalid type for field"),
        ("Referred by", "organisation", json!(5), "invalid type for field"),
        ("Interests", "organisation", json!(["Tea"]), "invalid type for field"),
        ("Interests", "organisation", json!("Tea;Cocoa"), "options are: Espresso, Filter, Tea, Training"),
        ("Birthday", "person", json!("29/02/1984"), "invalid type for field"),
        ("Newsletter opt-in", "person", json!("yes"), "invalid type for field"),
        ("Newsletter opt-in", "person", Value::Null, "invalid type for field"),
    ] {
        let fields = json!([{ "definition": { "id": field(&crm, name).await }, "value": value }]);
        let party = json!({ "type": kind, "firstName": "A", "name": "A", "fields": fields });
        let reply = crm.post("/parties", json!({ "party": party })).await;
        reply.assert_invalid("field", "value", message);
    }
}

#[tokio::test]
async fn null_clears_a_field_and_a_false_boolean_is_absent() {
    let crm = Crm::start().await;
    let (opt_in, referred) = (field(&crm, "Newsletter opt-in").await, field(&crm, "Referred by").await);
    let party = crm
        .create(json!({ "type": "person", "firstName": "A", "fields": [
            { "definition": opt_in, "value": true },
            { "definition": referred, "value": "B" },
        ] }))
        .await;
    assert_eq!(rows(&party["fields"]).len(), 2);
    let cleared = crm
        .changed(
            &party,
            json!({ "fields": [
            { "definition": opt_in, "value": false },
            { "definition": referred, "value": null },
        ] }),
        )
        .await;
    assert_eq!(cleared["fields"], json!([]));
}

#[tokio::test]
async fn a_field_is_removed_by_the_id_of_its_value() {
    let crm = Crm::start().await;
    let referred = field(&crm, "Referred by").await;
    let fields = json!([{ "definition": referred, "value": "B" }]);
    let party = crm.create(json!({ "type": "person", "firstName": "A", "fields": fields })).await;
    let remove = json!({ "fields": [{ "id": party["fields"][0]["id"], "_delete": true }] });
    assert_eq!(crm.changed(&party, remove.clone()).await["fields"], json!([]));
    let reply = crm.change(&party, remove).await;
    reply.assert_invalid("field", "id", "field not found");
}

#[tokio::test]
async fn unknown_fields_and_fields_of_the_other_type_of_party_are_refused() {
    let crm = Crm::start().await;
    let party = organisation(&crm).await;
    let set = async |definition: i64| {
        let fields = json!([{ "definition": definition, "value": "1984-01-01" }]);
        crm.change(&party, json!({ "fields": fields })).await
    };
    let reply = set(1).await;
    reply.assert_invalid("field", "definition", "definition not found");
    let reply = set(field(&crm, "Birthday").await).await;
    reply.assert_invalid("field", "definition", "Birthday is not a field of this type of party");
}

#[tokio::test]
async fn a_data_tags_field_names_the_tag_without_attaching_it() {
    let crm = Crm::start().await;
    let party = organisation(&crm).await;
    let fields = json!([{ "definition": field(&crm, "Weekly kilos").await, "value": 12 }]);
    let changed = crm.changed(&party, json!({ "fields": fields })).await;
    assert_eq!(keys(&changed["fields"][0]), ["id", "definition", "value", "tagId"]);
    assert_eq!(changed["tags"], json!([]));

    let path = format!("/parties/tags/{}/definitions", changed["fields"][0]["tagId"]);
    let grouped = crm.get(&path).await.json()["definitions"].clone();
    assert_eq!(rows(&grouped).len(), 1);
    assert_eq!(grouped[0]["name"], "Weekly kilos");
}

#[tokio::test]
async fn a_missing_important_field_is_flagged() {
    let crm = Crm::start().await;
    let party = organisation(&crm).await;
    let flag = async || {
        let path = format!("/parties/{}?embed=missingImportantFields", party["id"]);
        crm.get(&path).await.json()["party"]["missingImportantFields"].clone()
    };
    assert_eq!(flag().await, json!(true));
    let fields = json!([{ "definition": field(&crm, "Sector").await, "value": "Hotel" }]);
    crm.changed(&party, json!({ "fields": fields })).await;
    assert_eq!(flag().await, json!(false));
}

#[tokio::test]
async fn definitions_are_listed_with_or_without_those_of_data_tags() {
    let crm = Crm::start().await;
    let all = crm.get("/parties/fields/definitions").await.json()["definitions"].clone();
    let types: Vec<&Value> = rows(&all).iter().map(|field| &field["type"]).collect();
    for kind in ["text", "date", "list", "boolean", "number", "link", "multiselectlist"] {
        assert!(types.contains(&&json!(kind)), "{kind}");
    }
    assert_eq!(
        keys(&all[0]),
        ["id", "type", "description", "displayOrder", "name", "captureRule", "important", "tag", "options"]
    );
    let path = "/parties/fields/definitions?includeDataTagFields=false";
    let plain = crm.get(path).await.json()["definitions"].clone();
    assert!(rows(&plain).iter().all(|field| field["tag"].is_null()));
    assert!(rows(&plain).len() < rows(&all).len());
}

#[tokio::test]
async fn definitions_are_made_changed_and_deleted_with_their_values() {
    let crm = Crm::start().await;
    let path = "/parties/fields/definitions";
    let reply = crm
        .post(path, json!({ "definition": { "type": "list", "name": "Size", "options": ["S", "L"] } }))
        .await;
    assert_eq!(reply.status, 201);
    let made = reply.json()["definition"].clone();
    let own = format!("{path}/{}", made["id"]);
    assert!(reply.header("location").ends_with(&own));
    assert_eq!(crm.get(&own).await.json()["definition"], made);

    let change = json!({ "definition": { "options": ["S", "M", "L"], "important": true } });
    let changed = crm.put(&own, change).await.json()["definition"].clone();
    assert_eq!(changed["name"], "Size");
    assert_eq!(changed["options"], json!(["S", "M", "L"]));

    let fields = json!([{ "definition": made["id"], "value": "M" }]);
    let party = crm.create(json!({ "type": "organisation", "name": "Sized", "fields": fields })).await;
    assert_eq!(crm.delete(&own).await.status, 204);
    assert_eq!(crm.delete(&own).await.status, 404);
    assert_eq!(crm.changed(&party, json!({})).await["fields"], json!([]));

    for (definition, field, message) in [
        (json!({ "type": "text" }), "name", "name is required"),
        (json!({ "name": "X" }), "type", "type is required"),
        (json!({ "name": "X", "type": "colour" }), "type", "invalid value for type"),
        (json!({ "name": "X", "type": "list" }), "options", "options is required"),
        (json!({ "name": "X", "type": "text", "tag": { "id": 1 } }), "tag", "tag not found"),
    ] {
        let reply = crm.post(path, json!({ "definition": definition })).await;
        reply.assert_invalid("definition", field, message);
    }
}

#[tokio::test]
async fn tags_are_made_changed_and_deleted_everywhere() {
    let crm = Crm::start().await;
    let reply =
        crm.post("/parties/tags", json!({ "tag": { "name": "Regular", "description": "Weekly" } })).await;
    assert_eq!(reply.status, 201);
    let tag = reply.json()["tag"].clone();
    let own = format!("/parties/tags/{}", tag["id"]);
    assert!(reply.header("location").ends_with(&own));
    assert_eq!(crm.get(&own).await.json()["tag"], tag);

    let renamed = crm.put(&own, json!({ "tag": { "name": "Weekly" } })).await;
    assert_eq!(renamed.json()["tag"]["name"], "Weekly");
    let party =
        crm.create(json!({ "type": "organisation", "name": "Tagged", "tags": [{ "id": tag["id"] }] })).await;
    assert_eq!(party["tags"][0]["name"], "Weekly");

    assert_eq!(crm.delete(&own).await.status, 204);
    assert_eq!(crm.delete(&own).await.status, 404);
    assert_eq!(crm.changed(&party, json!({})).await["tags"], json!([]));

    let reply = crm.post("/parties/tags", json!({ "tag": {} })).await;
    reply.assert_invalid("tag", "name", "name is required");
    let reply = crm.post("/parties/tags", json!({ "tag": { "name": "customer" } })).await;
    reply.assert_invalid("tag", "name", "name is already taken");
}
