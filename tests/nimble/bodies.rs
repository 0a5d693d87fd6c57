//! Bodies as Nimble really sends them, against what its schemas say, and what callers get of them.

use serde_json::{Value, json};

use crate::support::app::{Setup, TestApp};
use crate::support::vendor::{Answer, ScriptedVendor};

/// A vendor that answers these bodies to the paths that end so, and knows nothing else.
async fn vendor(answers: Vec<(&'static str, Value)>) -> (TestApp, ScriptedVendor) {
    let vendor = ScriptedVendor::start(move |asked| {
        let answer = answers.iter().find(|(path, _)| asked.path.ends_with(path));
        match answer {
            Some((_, body)) => Answer::json(body.to_string()),
            None => Answer::json(r#"{"object_type":"contact","object_id":"0"}"#).status(404),
        }
    })
    .await;
    let setup = Setup { provider: "nimble", ..Setup::default() };
    (TestApp::with(setup.at(vendor.origin())).await, vendor)
}

fn entry(value: &str, modifier: &str) -> Value {
    json!([{ "label": "", "modifier": modifier, "value": value, "is_primary": false }])
}

/// A person with nothing but what every answer was seen to have.
fn bare(fields: &Value) -> Value {
    json!({
        "avatar_url": null, "children": [], "company_last_contacted": { "in": null, "out": null },
        "created": "2024-03-19T18:25:25.123456", "creator": "Lena Holt", "employers_info": [], "files": null,
        "id": "77ab00000000000000000001", "is_important": null, "last_contacted_user": null, "lc": null,
        "notice": null, "object_type": "contact", "owner_id": null, "privacy": { "read": null, "edit": null },
        "record_type": "person", "reminder": null, "stages_info": {}, "tags": [], "tags2": [],
        "updated": "2024-03-20T18:25:25+0100", "updater": null, "fields": fields,
    })
}

fn listed(contact: Value) -> Value {
    json!({ "meta": { "page": 1, "pages": 1, "per_page": 30, "total": 1 }, "resources": [contact] })
}

fn assert_has(record: &Value, wanted: &Value) {
    for (name, value) in wanted.as_object().expect("an object") {
        assert_eq!(record[name], *value, "{name} of {record}");
    }
}

async fn only(app: &TestApp, path: &str) -> Value {
    app.get(path).await.result().remove(0)
}

#[tokio::test]
async fn a_person_of_whom_nimble_knows_almost_nothing() {
    let contact = bare(&json!({ "first name": entry("Mads", "") }));
    let (app, _vendor) = vendor(vec![("/contacts", listed(contact))]).await;
    assert_has(
        &only(&app, "/unified/crm/contacts").await,
        &json!({
            "id": "77ab00000000000000000001", "first_name": "Mads", "last_name": null, "name": "Mads", "title": null,
            "account": null, "owner": null, "addresses": [], "email_addresses": [], "phone_numbers": [],
            "urls": [], "tags": [], "custom_fields": {}, "last_activity_at": null,
            "created_at": "2024-03-19T18:25:25.123Z", "updated_at": "2024-03-20T17:25:25.000Z",
        }),
    );
}

#[tokio::test]
async fn tags_may_be_objects_or_texts_and_may_come_twice() {
    for tags in [
        json!([{ "id": "c/a", "tag": "a" }, { "id": "c/a", "tag": "a" }, { "id": "c/b", "tag": "b" }]),
        json!(["a", "b", "a"]),
    ] {
        let mut contact = bare(&json!({ "last name": entry("Vestergård", "") }));
        contact["tags"] = tags;
        let (app, _vendor) = vendor(vec![("/contacts", listed(contact))]).await;
        let record = only(&app, "/unified/crm/contacts").await;
        let names: Vec<&Value> = record["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
        assert_eq!(names, ["a", "b"], "{record}");
    }
    let mut contact = bare(&json!({ "last name": entry("Vestergård", "") }));
    contact["tags2"] = json!(["only here"]);
    let (app, _vendor) = vendor(vec![("/contacts", listed(contact))]).await;
    assert_eq!(only(&app, "/unified/crm/contacts").await["tags"][0]["name"], "only here");
}

#[tokio::test]
async fn addresses_are_read_from_json_text_and_from_what_looks_like_it() {
    for text in [
        r#"{"street": "Kajen 4\n2. sal", "city": "Aarhus", "zip": "8000"}"#,
        r"{'street': 'Kajen 4\n2. sal', 'city': 'Aarhus', 'zip': '8000'}",
        r"{u'street': u'Kajen 4\n2. sal', u'city': u'Aarhus', u'zip': u'8000'}",
    ] {
        let contact = bare(&json!({ "last name": entry("Vestergård", ""), "address": entry(text, "home") }));
        let (app, _vendor) = vendor(vec![("/contacts", listed(contact))]).await;
        let record = only(&app, "/unified/crm/contacts").await;
        assert_has(
            &record["addresses"][0],
            &json!({ "street_1": "Kajen 4", "street_2": "2. sal", "city": "Aarhus", "postal_code": "8000",
                "type": "home" }),
        );
    }
    let contact =
        bare(&json!({ "last name": entry("Vestergård", ""), "address": entry("somewhere", "home") }));
    let (app, _vendor) = vendor(vec![("/contacts", listed(contact))]).await;
    assert_eq!(only(&app, "/unified/crm/contacts").await["addresses"], json!([]));
}

#[tokio::test]
async fn the_present_job_is_the_one_that_counts() {
    let jobs = json!([
        { "value": r#"{"company_name": "Before", "title": "Clerk", "end_date": "01/2020"}"#, "modifier": "" },
        { "value": r#"{"company_name": "Now", "title": "Chief", "is_present": true}"#, "modifier": "" },
    ]);
    let mut contact = bare(&json!({ "last name": entry("Vestergård", ""), "contact employment": jobs }));
    contact["employers_info"] =
        json!([{ "company_name": "Before", "contact_id": "77ab00000000000000000009" }]);
    let (app, _vendor) = vendor(vec![("/contacts", listed(contact))]).await;
    let record = only(&app, "/unified/crm/contacts").await;
    assert_has(&record, &json!({ "title": "Chief", "account": { "id": null, "name": "Now" } }));
}

/// A deal whose fields come in this shape.
fn deal(named: Value) -> Value {
    json!({
        "deal_id": "77ab00000000000000000002", "currency": "DKK", "created": "2024-01-31T23:59:59.000001",
        "updated": "2024-02-01T00:00:00+0000", "fields_values_with_names": named, "final_probability": 100,
        "related_contacts": [], "tags": [], "owner": null,
        "stage_transitions": { "pipeline_id": "77ab00000000000000000003", "pipeline_name": "Salg",
            "transitions": { "to_stage": { "stage_id": "77ab00000000000000000004", "name": "Tilbud",
                "role": { "name": "final", "is_final": true } } } },
    })
}

#[tokio::test]
async fn the_fields_of_a_deal_are_read_in_every_shape_that_the_schema_allows() {
    let value = |text: &str| json!([{ "value": text, "is_primary": false }]);
    let list = json!([
        { "field_name": "name", "values": value("Kaffe & kage") },
        { "field_name": "amount", "values": value("500.25") },
    ]);
    let map = json!({ "name": value("Kaffe & kage"), "amount": value("500.25") });
    for named in [list, map] {
        let body = json!({ "meta": { "page": 1, "pages": 1, "per_page": 50, "total": 1 }, "resources": [deal(named)] });
        let (app, _vendor) = vendor(vec![("/deals", body)]).await;
        assert_has(
            &only(&app, "/unified/crm/opportunities").await,
            &json!({
                "name": "Kaffe & kage", "amount": 500.25, "status": "won", "owner": null, "contact": [],
                "stage": { "id": "77ab00000000000000000004", "name": "Tilbud" },
                "pipeline": { "id": "77ab00000000000000000003", "name": "Salg" },
                "created_at": "2024-01-31T23:59:59.000Z", "updated_at": "2024-02-01T00:00:00.000Z",
            }),
        );
    }
    let single = json!({ "field_name": "deal_name", "values": value("Only this") });
    let body =
        json!({ "meta": { "page": 1, "pages": 1, "per_page": 50, "total": 1 }, "resources": [deal(single)] });
    let (app, _vendor) = vendor(vec![("/deals", body)]).await;
    assert_eq!(only(&app, "/unified/crm/opportunities").await["name"], "Only this");
}

#[tokio::test]
async fn a_list_of_deals_that_shows_another_page_than_was_asked_for_ends_in_an_error() {
    let rows: Vec<Value> = (0..2).map(|_| deal(json!([]))).collect();
    let body = json!({ "meta": { "page": 1, "pages": 3, "per_page": 2, "total": 6 }, "resources": rows });
    let (app, _vendor) = vendor(vec![("/deals", body)]).await;
    let page = app.get("/proxy/deals?limit=2").await.ok();
    let cursor = page["next_cursor"].as_str().expect("a cursor");
    let error = app.get(&format!("/proxy/deals?limit=2&next_cursor={cursor}")).await.remote_error(502);
    assert!(error["message"].as_str().is_some_and(|text| text.contains("page 1")), "{error}");
}

#[tokio::test]
async fn the_next_page_is_only_looked_for_at_nimble() {
    let group = |link: &str| json!({ "stages": [{ "stage": {}, "deals": [deal(json!([]))], "meta": { "next_page_url": link } }] });
    let (app, vendor) = vendor(vec![("/deals", group("https://elsewhere.example/api/v2/deals/x"))]).await;
    let path = "/proxy/pipeline_deals_by_stages?pipeline_id=77ab00000000000000000003&limit=1";
    let cursor = app.get(path).await.ok()["next_cursor"].as_str().expect("a cursor").to_owned();
    app.get(&format!("{path}&next_cursor={cursor}")).await.error(502);
    assert_eq!(vendor.asked().len(), 1);
}

#[tokio::test]
async fn a_note_may_be_encoded_or_not() {
    for (note, content) in
        [("%3Cp%3EHej%3C%2Fp%3E", "<p>Hej</p>"), ("100% sure", "100% sure"), ("<p>plain</p>", "<p>plain</p>")]
    {
        let note =
            json!({ "id": "77ab00000000000000000005", "note": note, "created": "2012-09-07T16:49:56+0300" });
        let (app, _vendor) = vendor(vec![("/77ab00000000000000000005", note)]).await;
        let record = app.get("/unified/crm/notes/77ab00000000000000000005").await.ok();
        assert_has(
            &record,
            &json!({ "content": content, "created_at": "2012-09-07T13:49:56.000Z", "updated_at": null }),
        );
    }
}
