//! Bodies as Capsule really sends them, poor and strange ones included, and what callers get of them.

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::vendor::{Answer, ScriptedVendor};

/// Every list of parties answers these, every single party the first of them.
async fn parties(records: &[&str]) -> (TestApp, ScriptedVendor) {
    let list = format!(r#"{{"parties":[{}]}}"#, records.join(","));
    let one = format!(r#"{{"party":{}}}"#, records.first().copied().unwrap_or("null"));
    let vendor = ScriptedVendor::start(move |asked| match asked.path.ends_with("/filters/results") {
        true => Answer::json(list.clone()).header("x-pagination-has-more", "false"),
        false => Answer::json(one.clone()),
    })
    .await;
    (TestApp::at(vendor.origin()).await, vendor)
}

/// A unified record without what the vendor sent.
fn mapped(mut record: Value) -> Value {
    record.as_object_mut().expect("a record").shift_remove("remote_data");
    record
}

const EMPTY_PERSON: &str = r#"{
  "id": 301452001, "owner": null, "team": null, "type": "person", "about": null, "firstName": null,
  "lastName": null, "jobTitle": null, "createdAt": null, "updatedAt": null, "organisation": null,
  "lastContactedAt": null, "pictureURL": null, "title": null, "enrichment": null, "phoneNumbers": [],
  "addresses": [], "emailAddresses": [], "websites": []
}"#;

const FULL_PERSON: &str = r#"{
  "id": 301452002,
  "owner": { "id": 88120, "deleted": false, "username": "lena.holt", "pictureURL": "https://pictures.example/1", "name": "Lena Holt" },
  "team": { "id": 4411, "name": "North" },
  "type": "person", "about": "Prefers mornings.\nSpeaks Danish.", "firstName": "Mads", "lastName": "Vestergård",
  "jobTitle": "Head of \"Everything\"", "createdAt": "2023-02-28T23:59:59Z", "updatedAt": "2024-02-29T00:00:00.500Z",
  "organisation": { "id": 301452003, "type": "organisation", "name": "Vestergård & Sønner", "pictureURL": "https://pictures.example/2" },
  "lastContactedAt": "2024-01-02T03:04:05+01:00", "pictureURL": "https://pictures.example/3", "title": "Dr", "enrichment": null,
  "phoneNumbers": [ { "id": 1, "type": null, "number": "+45 20 12 34 56" }, { "id": 2, "type": "Direct", "number": "ext. 7" } ],
  "addresses": [ { "id": 3, "type": "Home", "city": "Aarhus", "country": "Denmark", "street": "Skolegade 4\n2. sal\ntv.", "state": null, "zip": "8000" } ],
  "emailAddresses": [ { "id": 4, "type": "Work", "address": "mads@vestergaard.example" } ],
  "websites": [ { "id": 5, "type": null, "address": "madsv", "service": "TWITTER", "url": "https://twitter.com/madsv" } ],
  "tags": [ { "id": 6, "name": "Årsmøde", "description": null, "dataTag": false } ],
  "fields": [
    { "id": 7, "definition": { "id": 901, "name": "Size" }, "value": "12.50" },
    { "id": 8, "definition": { "id": 902, "name": "Member" }, "value": true, "tagId": 6 }
  ]
}"#;

const ORGANISATION: &str = r#"{
  "id": 301452003, "owner": null, "team": null, "type": "organisation", "about": null, "name": "Vestergård & Sønner",
  "createdAt": "2020-01-01T00:00:00Z", "updatedAt": "2020-01-01T00:00:00Z", "lastContactedAt": null,
  "pictureURL": "https://pictures.example/2", "enrichment": null, "phoneNumbers": [], "addresses": [],
  "emailAddresses": [], "websites": [
    { "id": 9, "type": null, "address": "vestergaard", "service": "FACEBOOK", "url": "https://www.facebook.com/vestergaard" },
    { "id": 10, "type": "Work", "address": "vestergaard.example", "service": "URL", "url": "http://vestergaard.example" },
    { "id": 11, "type": null, "address": "shop.vestergaard.example", "service": "URL", "url": "http://shop.vestergaard.example" }
  ]
}"#;

#[tokio::test]
async fn a_person_of_whom_nothing_is_known_is_a_contact_of_nulls() {
    let (app, _vendor) = parties(&[EMPTY_PERSON]).await;
    let wanted = json!({
        "id": "301452001", "first_name": null, "last_name": null, "name": "", "title": null, "account": null,
        "owner": null, "addresses": [], "email_addresses": [], "phone_numbers": [], "urls": [], "tags": [],
        "custom_fields": {}, "etag": null, "last_activity_at": null, "created_at": null, "updated_at": null,
    });
    let read = mapped(app.get("/unified/crm/contacts/301452001").await.ok());
    let name = read["name"].clone();
    assert!(name.is_null() || name == "", "{name}");
    for (field, value) in wanted.as_object().expect("an object").iter().filter(|(field, _)| *field != "name")
    {
        assert_eq!(read[field], *value, "{field}");
    }
}

#[tokio::test]
async fn a_person_of_whom_much_is_known_is_mapped_field_by_field() {
    let (app, _vendor) = parties(&[FULL_PERSON]).await;
    let wanted = json!({
        "id": "301452002", "first_name": "Mads", "last_name": "Vestergård", "name": "Mads Vestergård",
        "title": "Head of \"Everything\"",
        "account": { "id": "301452003", "name": "Vestergård & Sønner" },
        "owner": { "id": "88120" },
        "addresses": [{
            "id": "3", "street_1": "Skolegade 4", "street_2": "2. sal\ntv.", "city": "Aarhus", "state": null,
            "postal_code": "8000", "country": "Denmark", "type": "Home",
        }],
        "email_addresses": [{ "id": "4", "email": "mads@vestergaard.example", "type": "Work" }],
        "phone_numbers": [
            { "id": "1", "number": "+45 20 12 34 56", "extension": null, "type": null },
            { "id": "2", "number": "ext. 7", "extension": null, "type": "direct" },
        ],
        "urls": [{ "url": "https://twitter.com/madsv", "type": "TWITTER" }],
        "tags": [{ "id": "6", "name": "Årsmøde" }],
        "custom_fields": { "901": "12.50", "902": true },
        "etag": null, "last_activity_at": "2024-01-02T02:04:05.000Z", "created_at": "2023-02-28T23:59:59.000Z",
        "updated_at": "2024-02-29T00:00:00.500Z",
    });
    for read in [
        app.get("/unified/crm/contacts/301452002").await.ok(),
        app.get("/unified/crm/contacts").await.result().remove(0),
    ] {
        let native: Value = serde_json::from_str(FULL_PERSON).expect("JSON");
        assert_eq!(read["remote_data"].to_string(), native.to_string());
        assert_eq!(mapped(read).to_string(), wanted.to_string());
    }
}

#[tokio::test]
async fn an_organisation_has_the_first_of_its_websites() {
    let (app, _vendor) = parties(&[ORGANISATION]).await;
    let read = app.get("/unified/crm/accounts/301452003").await.ok();
    assert_eq!(read["website"], "http://vestergaard.example");
    assert_eq!(
        read["urls"],
        json!([
            { "url": "https://www.facebook.com/vestergaard", "type": "FACEBOOK" },
            { "url": "http://vestergaard.example", "type": "URL" },
            { "url": "http://shop.vestergaard.example", "type": "URL" },
        ])
    );
    // An older answer has neither tags nor fields; they were not asked for.
    assert_eq!((&read["tags"], &read["custom_fields"]), (&json!([]), &json!({})));
}

#[tokio::test]
async fn members_that_an_older_capsule_leaves_out_are_null() {
    let old = r#"{"id":7,"type":"person","firstName":"Old","lastName":null,
        "phoneNumbers":[{"id":1,"number":"1"}],"emailAddresses":[{"id":2,"address":"o@x.example"}],
        "addresses":[{"id":3,"street":"One line"}],"websites":[{"id":4,"address":"x.example","service":"URL"}]}"#;
    let (app, _vendor) = parties(&[old]).await;
    let read = app.get("/unified/crm/contacts").await.result().remove(0);
    assert_eq!((&read["name"], &read["created_at"]), (&json!("Old"), &Value::Null));
    assert_eq!(
        read["phone_numbers"][0],
        json!({ "id": "1", "number": "1", "extension": null, "type": null })
    );
    assert_eq!(read["addresses"][0]["street_1"], "One line");
    assert_eq!(read["addresses"][0]["street_2"], Value::Null);
}

#[tokio::test]
async fn ids_beyond_what_a_double_holds_keep_their_digits() {
    let big = r#"{"id":9007199254740993,"type":"person","firstName":"Big","lastName":"Id",
        "organisation":{"id":18446744073709551615,"name":"Max","type":"organisation"},
        "owner":{"id":9223372036854775807,"name":"Edge"},
        "emailAddresses":[{"id":9007199254740995,"type":null,"address":"b@x.example"}],
        "fields":[{"id":1,"definition":{"id":9007199254740997,"name":"n"},"value":"x"}],"exact":1.10}"#;
    let (app, vendor) = parties(&[big]).await;
    for reply in
        [app.get("/unified/crm/contacts").await, app.get("/unified/crm/contacts/9007199254740993").await]
    {
        let body = reply.ok();
        let read = body["result"].get(0).cloned().unwrap_or(body);
        assert_eq!(read["id"], "9007199254740993");
        assert_eq!(read["account"]["id"], "18446744073709551615");
        assert_eq!(read["owner"]["id"], "9223372036854775807");
        assert_eq!(read["email_addresses"][0]["id"], "9007199254740995");
        assert_eq!(read["custom_fields"], json!({ "9007199254740997": "x" }));
        assert!(reply.text().contains(big), "remote_data lost a byte: {}", reply.text());
    }
    let change = json!({ "last_name": "Changed", "owner": { "id": "9007199254740999" } });
    app.patch("/unified/crm/contacts/9007199254740993", &change).await.ok();
    let asked = vendor.asked();
    let write = asked.last().expect("a write");
    assert_eq!(write.path, "/api/v2/parties/9007199254740993");
    let sent = String::from_utf8_lossy(&write.body).into_owned();
    assert!(sent.contains("9007199254740999"), "{sent}");
    app.get("/proxy/parties/9007199254740993").await.assert_status(200);
}

#[tokio::test]
async fn a_list_of_another_kind_alone_is_no_page_of_nothing_with_a_cursor() {
    let vendor = ScriptedVendor::start(|asked| {
        let page: u32 = asked
            .query
            .split("page=")
            .nth(1)
            .and_then(|rest| rest.split('&').next()?.parse().ok())
            .unwrap_or(1);
        let record = if page < 3 { ORGANISATION } else { FULL_PERSON };
        let more = if page < 3 { "true" } else { "false" };
        Answer::json(format!(r#"{{"parties":[{record}]}}"#)).header("x-pagination-has-more", more)
    })
    .await;
    let app = TestApp::at(vendor.origin()).await;
    let page = app.get("/unified/crm/contacts?limit=1").await.ok();
    assert_eq!((&page["result"][0]["id"], &page["next_cursor"]), (&json!("301452002"), &Value::Null));
}

#[tokio::test]
async fn a_vendor_that_never_ends_its_empty_pages_is_left() {
    let vendor =
        ScriptedVendor::saying(Answer::json(r#"{"parties":[]}"#).header("x-pagination-has-more", "true"))
            .await;
    let app = TestApp::at(vendor.origin()).await;
    app.get("/unified/crm/contacts").await.remote_error(502);
    app.get("/proxy/parties").await.remote_error(502);
    assert_eq!(vendor.asked().len(), 40);
}

#[tokio::test]
async fn users_have_the_address_of_the_party_that_stands_for_them() {
    let users = r#"{"users":[
        {"id":88120,"deleted":false,"locale":"en_GB","currency":"GBP","status":"ACTIVE","username":"lena.holt","name":"Lena Holt",
         "timezone":"Europe/London","lastLoginAt":"2024-03-01T08:00:00Z","taskReminder":true,
         "party":{"id":1,"type":"person","firstName":"Lena","lastName":"Holt","pictureURL":"x","emailAddresses":[{"id":2,"type":null,"address":"lena@x.example"}]}},
        {"id":88121,"locale":"en_GB","currency":"GBP","status":"ACTIVE","username":"old@x.example","name":"Old Style",
         "party":{"id":3,"type":"person","firstName":"Old","lastName":"Style","pictureURL":"x"}},
        {"id":88122,"deleted":true,"status":"ACTIVE","username":"gone","name":"Gone","party":null}]}"#;
    let vendor = ScriptedVendor::saying(Answer::json(users)).await;
    let app = TestApp::at(vendor.origin()).await;
    let listed: Vec<Value> = app.get("/unified/crm/users").await.result().into_iter().map(mapped).collect();
    let user = |id: &str, name: &str, email: Value, active: bool| {
        json!({
            "id": id, "name": name, "email": email, "is_active": active, "created_at": null, "updated_at": null,
            "urls": null,
        })
    };
    let wanted = [
        user("88120", "Lena Holt", json!("lena@x.example"), true),
        user("88121", "Old Style", json!("old@x.example"), true),
        user("88122", "Gone", Value::Null, false),
    ];
    assert_eq!(listed, wanted);
}

#[tokio::test]
async fn a_record_that_can_not_be_mapped_is_an_error_that_names_file_and_record() {
    let broken = r#"{"id":41,"type":"person","firstName":{"not":"text"},"lastName":"x"}"#;
    let (app, _vendor) = parties(&[FULL_PERSON, broken]).await;
    let body = app.get("/unified/crm/contacts").await.local_error(500);
    let message = body["message"].as_str().expect("a message");
    assert!(message.contains("capsule/contacts") && message.contains("41"), "{message}");
}

#[tokio::test]
async fn capsules_errors_are_passed_on_in_its_own_words() {
    for (status, body, said) in [
        (403, r#"{"message":"Requires additional scope"}"#, "Requires additional scope"),
        (404, r#"{"message":"Could not find resource"}"#, "Could not find resource"),
        (405, r#"{"message":"Method not allowed"}"#, "Method not allowed"),
        (
            422,
            r#"{"message":"Validation Failed","errors":[{"message":"dueOn is required","resource":"task","field":"dueOn"}]}"#,
            "Validation Failed",
        ),
    ] {
        let vendor = ScriptedVendor::saying(Answer::json(body).status(status)).await;
        let app = TestApp::at(vendor.origin()).await;
        let error = app.get("/unified/crm/users/1").await.remote_error(status);
        assert!(error["message"].as_str().is_some_and(|text| text.contains(said)), "{error}");
        assert_eq!(error["raw_response"], serde_json::from_str::<Value>(body).expect("JSON"));
    }
    let limited = Answer::json(r#"{"error":"rate limit reached"}"#).status(429);
    let reset = time::OffsetDateTime::now_utc().unix_timestamp() + 90;
    let limited = limited.header("x-ratelimit-limit", "4000").header("x-ratelimit-remaining", "0");
    let vendor = ScriptedVendor::saying(limited.header("x-ratelimit-reset", reset.to_string())).await;
    let app = TestApp::at(vendor.origin()).await;
    let reply = app.get("/unified/crm/users").await;
    let error = reply.remote_error(429);
    assert!(error["message"].as_str().is_some_and(|text| text.contains("rate limit reached")), "{error}");
    let seconds: i64 = reply.header("retry-after").parse().expect("whole seconds");
    assert!((80..=90).contains(&seconds), "{seconds}");
    assert_eq!(reply.header("x-ratelimit-limit"), "4000");
}
