//! Bodies as Nutshell really sends them, poor ones included, and what callers get of them.

use serde_json::{Value, json};

use crate::support::app::{Setup, TestApp};
use crate::support::vendor::{Answer, ScriptedVendor};

/// A vendor that answers these bodies to methods, or to paths of REST.
async fn vendor(answers: &'static [(&'static str, &'static str)]) -> (TestApp, ScriptedVendor) {
    let vendor = ScriptedVendor::start(|asked| {
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let name = body["method"].as_str().map_or_else(|| asked.path.clone(), str::to_owned);
        match answers.iter().find(|(of, _)| *of == name) {
            Some((_, body)) => Answer::json(*body),
            None => Answer::json(r#"{"result":null,"error":{"code":404,"message":"not there"}}"#).status(404),
        }
    })
    .await;
    let setup = Setup { provider: "nutshell", ..Setup::default() };
    (TestApp::with(setup.at(vendor.origin())).await, vendor)
}

fn assert_has(record: &Value, wanted: &Value) {
    for (name, value) in wanted.as_object().expect("an object") {
        assert_eq!(record[name], *value, "{name} of {record}");
    }
}

const CONTACT: &str = r#"{"result":{"id":77,"entityType":"Contacts","rev":"12","modifiedTime":"2023-05-06T07:08:09+0000",
  "name":{"givenName":"Berit","familyName":"Aas","salutation":"Dr","displayName":"Dr. Berit Aas"},
  "htmlUrl":"https://app.nutshell.com/person/77-dr-berit-aas","creator":null,"owner":null,"leads":[],
  "accounts":[{"stub":true,"id":8,"rev":"2","entityType":"Accounts","name":"Aas & Co","jobTitle":"","relationship":null}],
  "notes":[],"lastContactedDate":null,"contactedCount":0,"tags":["a","a"],"description":null,
  "email":{"7":"berit@aas.example","--primary":"berit@aas.example"},
  "phone":{"cell":{"countryCode":"47","number":"55501022","extension":"9","numberFormatted":"555 01 022","E164":null},
    "--primary":{"countryCode":"47","number":"55501022","extension":"9","numberFormatted":"555 01 022","E164":null}},
  "url":[],"customFields":[]},"id":"apeye","error":null,"jsonrpc":"2.0"}"#;

#[tokio::test]
async fn a_contact_without_most_of_what_it_could_have_is_still_mapped() {
    let (app, _vendor) = vendor(&[("getContact", CONTACT)]).await;
    let record = app.get("/unified/crm/contacts/77").await.ok();
    assert_has(
        &record,
        &json!({
            "id": "77", "first_name": "Berit", "last_name": "Aas", "name": "Dr. Berit Aas", "title": null,
            "account": { "id": "8", "name": "Aas & Co" }, "owner": null, "addresses": [],
            "email_addresses": [{ "id": null, "email": "berit@aas.example", "type": null }],
            "phone_numbers": [{ "id": null, "number": "555 01 022", "extension": "9", "type": "cell" }], "urls": [],
            "tags": [{ "id": null, "name": "a" }], "custom_fields": {}, "etag": "12", "created_at": null,
            "updated_at": "2023-05-06T07:08:09.000Z", "last_activity_at": null,
        }),
    );
}

const LEADS: &str = r#"{"result":[
  {"id":9,"entityType":"Leads","rev":"85","name":"Lead-12","description":"","status":12,"confidence":5,"value":{"currency":"EUR","amount":"12.50"},
   "primaryAccount":null,"accounts":[{"id":3,"name":"Third"}],"contacts":[],"assignee":{"stub":true,"id":59,"entityType":"Teams","name":"North"},
   "sources":[{"id":1,"name":"Fair"},{"id":2,"name":"Web"}],"closedTime":"2024-02-03T04:05:06+0000","dueTime":"2024-01-01T00:00:00+0000",
   "outcome":{"id":"1000","entityType":"Lead_Outcomes","rev":"1","description":"Gave up","type":12},"tags":[]},
  {"stub":true,"id":10,"entityType":"Leads","rev":"1","name":"Lead-13","status":77,"primaryAccountName":"Short"}
 ],"id":"x","error":null}"#;

#[tokio::test]
async fn leads_with_odd_values_and_stubs_are_mapped() {
    let (app, _vendor) = vendor(&[("findLeads", LEADS)]).await;
    let records = app.get("/unified/crm/leads").await.result();
    assert_has(
        &records[0],
        &json!({
            "title": "Lead-12", "status": "cancelled", "amount": 12.5, "currency": "EUR", "owner": { "id": "59-teams" },
            "account": { "id": "3" }, "contact": null, "lead_source": "Fair, Web",
            "close_date": "2024-02-03T04:05:06.000Z", "lost_at": "2024-02-03T04:05:06.000Z", "won_at": null,
            "lost_reason": { "id": "1000", "name": "Gave up" }, "stage": null,
        }),
    );
    assert_has(&records[1], &json!({ "id": "10", "status": "77", "amount": null, "title": "Lead-13" }));
}

const DEFINITIONS: &str = r#"[{"id":"3","name":"Size","type":"choice","choices":["S","M"]},{"id":4,"title":"Odd","type":"somethingNew"}]"#;
const BUILTIN: &str =
    r#"{"properties":{"jobTitle":{"type":"string","title":"Job title","isAddable":true,"enum":null}}}"#;

#[tokio::test]
async fn fields_are_read_from_a_bare_list_too() {
    let (app, _vendor) = vendor(&[
        ("/rest/contacts/customfields/attributes", DEFINITIONS),
        ("/rest/contacts/list/fields", BUILTIN),
    ])
    .await;
    let fields = app.get("/unified/crm/fields?entity=contact").await.result();
    assert_has(&fields[0], &json!({ "name": "title", "label": "Job title", "is_user_defined": false }));
    assert_has(&fields[1], &json!({ "id": "3", "name": "Size", "type": "enum" }));
    assert_eq!(fields[1]["options"][1]["value"], "M");
    assert_has(&fields[2], &json!({ "id": "4", "name": "Odd", "type": "string" }));
}

const NEW_LEAD: &str = r#"{"result":{"stub":true,"id":21,"entityType":"Leads","rev":"1","name":"Lead-30","description":"New","status":0},"id":"x"}"#;

#[tokio::test]
async fn a_creation_that_answers_in_short_is_still_a_record() {
    let (app, vendor) = vendor(&[("newLead", NEW_LEAD)]).await;
    let made = app.post("/unified/crm/leads", &json!({ "title": "New" })).await.ok();
    assert_has(&made, &json!({ "id": "21", "title": "New", "status": "open" }));
    let sent: Value = serde_json::from_slice(&vendor.asked()[0].body).expect("an envelope");
    assert_eq!(sent["params"], json!({ "lead": { "description": "New" } }));
}

const EMPTY: &str = r#"{"meta":{"count":0,"total":0},"links":{},"notes":[]}"#;

#[tokio::test]
async fn a_rest_list_of_nothing_is_an_empty_page() {
    let (app, _vendor) = vendor(&[("/rest/notes", EMPTY)]).await;
    let page = app.get("/unified/crm/notes").await.ok();
    assert_eq!((&page["result"], &page["next_cursor"]), (&json!([]), &Value::Null));
}
