//! Companies and people.

use serde_json::json;

use crate::harness::Crm;

#[tokio::test]
async fn values_are_read_under_labels_with_a_primary_and_replaced_whole() {
    let crm = Crm::start().await;
    let contact = json!({ "contact": {
        "name": "Ola Nordmann", "email": ["ola@one.example", "ola@two.example"], "phone": { "cell": "+4755501022" },
        "address": [{ "address_1": "1 Mill", "city": "Troy" }],
    } });
    let made = crm.call("newContact", contact).await;
    assert_eq!(made["name"]["givenName"], "Ola");
    assert_eq!(made["email"]["--primary"], "ola@one.example");
    assert_eq!(made["phone"]["cell"]["E164"], "+4755501022");
    assert_eq!(made["url"], json!([]));
    let edit =
        json!({ "contactId": made["id"], "rev": made["rev"], "contact": { "email": ["third@one.example"] } });
    let edited = crm.call("editContact", edit).await;
    assert_eq!(edited["email"], json!({ "0": "third@one.example", "--primary": "third@one.example" }));
    assert_eq!(edited["phone"], made["phone"]);
}

#[tokio::test]
async fn keys_and_custom_fields_that_nobody_knows_are_refused() {
    let crm = Crm::start().await;
    for contact in [
        json!({ "name": "X", "colour": "red" }),
        json!({ "name": "X", "customFields": { "Nobody's": 1 } }),
        json!({ "name": "X", "customFields": { "Preferred channel": "Pigeon" } }),
        json!({ "name": "X", "owner": { "entityType": "Users", "id": 999 } }),
        json!({ "description": "nameless" }),
    ] {
        assert_eq!(crm.refusal("newContact", json!({ "contact": contact })).await, 400, "{contact}");
    }
}

#[tokio::test]
async fn a_deleted_company_is_forgotten_by_its_people_and_leads_and_its_notes_go() {
    let crm = Crm::start().await;
    crm.call("deleteAccount", json!({ "accountId": 1011, "rev": "REV_IGNORE" })).await;
    let person = crm.call("getContact", json!({ "contactId": 2043 })).await;
    assert_eq!(person["accounts"], json!([]));
    let lead = crm.call("getLead", json!({ "leadId": 3107 })).await;
    assert!(lead["primaryAccount"].is_null(), "{lead}");
    assert_eq!(crm.refusal("getNote", json!({ "noteId": 6305 })).await, 404);
}

#[tokio::test]
async fn people_are_found_by_an_address_and_by_words() {
    let crm = Crm::start().await;
    let found = crm.call("searchByEmail", json!({ "emailAddressString": "IDA@aldermoor.example" })).await;
    assert_eq!(found["contacts"][0]["id"], 2043);
    let found = crm.call("searchContacts", json!({ "string": "moen" })).await;
    assert_eq!(found[0]["stub"], true);
    let notes = json!({ "query": { "entityType": "Contacts", "id": 2043 }, "orderBy": "time" });
    let timeline = crm.call("findTimeline", notes).await;
    assert!(
        timeline.as_array().is_some_and(|all| all.iter().any(|one| one["note"].is_string())),
        "{timeline}"
    );
}
