//! Every published operation, called through the gateway and looked at where it arrives: verb, path, query and body.

use std::collections::BTreeMap;

use http::Method as Verb;
use serde_json::{Value, json};

use crate::published::TOOLS;
use crate::support::app::{Setup, TestApp};

const PERSON: &str = "66c00101a1b2c3d400000001";
const WON: &str = "66c00101a1b2c3d40000000b";
const LOST: &str = "66c00101a1b2c3d400000009";
const NOTE: &str = "66c00501a1b2c3d400000001";
const FIELD: &str = "66c00f01a1b2c3d400000007";
const CHOICES: &str = "66c00f01a1b2c3d400000008";
const GROUP: &str = "66c00f02a1b2c3d400000003";
const TAB: &str = "66c00f03a1b2c3d400000005";
const LEADS: &str = "66c00401a1b2c3d400000003";
const LEAD_STAGE: &str = "66c00403a1b2c3d400000001";
const DEAL: &str = "66c00303a1b2c3d400000001";
const DEAL_NOTE: &str = "66c00504a1b2c3d400000001";
const FILE: &str = "66c00406a1b2c3d400000001";
const PIPELINE: &str = "66c00401a1b2c3d400000001";
const STAGE: &str = "66c00402a1b2c3d400000001";
const NAME: &str = "66c00f04a1b2c3d400000001";
const REGION: &str = "66c00f04a1b2c3d400000014";
const ORDER_NUMBER: &str = "66c00f04a1b2c3d400000015";
const DEAL_GROUP: &str = "66c00f06a1b2c3d400000001";

/// What a tool is called with: the id, other arguments, and the body.
struct Arguments {
    id: Option<&'static str>,
    query: Vec<(&'static str, &'static str)>,
    body: Option<Value>,
}

fn nothing() -> Arguments {
    Arguments { id: None, query: Vec::new(), body: None }
}

impl Arguments {
    fn id(self, id: &'static str) -> Arguments {
        Arguments { id: Some(id), ..self }
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Arguments {
        self.query.push((name, value));
        self
    }

    fn body(self, body: Value) -> Arguments {
        Arguments { body: Some(body), ..self }
    }
}

/// A call that the sandbox carries out.
fn arguments(tool: &str) -> Arguments {
    let note = || json!({ "contact_ids": [PERSON], "note": "%3Cp%3EHi%3C%2Fp%3E", "note_preview": "Hi" });
    let in_pipeline = || nothing().with("pipeline_id", PIPELINE);
    let lead = |lead: &'static str| nothing().with("lead_id", lead).with("pipeline_id", LEADS);
    let of_field = || in_pipeline().with("field_id", REGION);
    match tool {
        "list_all_nimble_contacts" => nothing().with("record_type", "person").with("sort", "created:desc"),
        "create_a_nimble_contact" => {
            nothing().body(json!({ "record_type": "person", "fields": { "first name": [{ "value": "Ada" }] } }))
        }
        "delete_a_nimble_contact_by_id" => nothing().id(PERSON).with("cleanup_email_lists", "true"),
        "update_a_nimble_contact_by_id" => {
            let fields = json!({ "fields": { "last name": [{ "value": "Byron" }] } });
            nothing().id(PERSON).with("type", "1").body(fields)
        }
        "nimble_contacts_contact_ids" => nothing().with("keyword", "Agnes"),
        "nimble_contacts_standard" => nothing().id(PERSON).with("contexts", "leads_data"),
        "nimble_contacts_bulk" => nothing().with("keyword", "Agnes").with("preflight_checks", "true"),
        "get_single_nimble_contact_by_id" => nothing().id(PERSON).with("fields", "first name,email"),
        "nimble_contacts_proceedings" => nothing().with("contact_id", PERSON).with("direction", "past"),
        "nimble_contacts_assign_tags" => nothing().id(PERSON).body(json!({ "tags": ["a", "b, c"] })),
        "list_all_nimble_contact_notes" => nothing().with("contact_id", PERSON),
        "create_a_nimble_contact_note" => nothing().body(note()),
        "update_a_nimble_contact_note_by_id" => nothing().id(NOTE).body(note()),
        "delete_a_nimble_contact_note_by_id" | "get_single_nimble_contact_note_by_id" => nothing().id(NOTE),
        "nimble_contact_notes_create_with_id" => nothing().id("aaaaaaaaaaaaaaaaaaaaaaaa").body(note()),
        "create_a_nimble_contact_field" => nothing().body(json!({
            "field_type": { "field_kind": "string" }, "group_id": null, "insert_after": null, "name": "Shoe size",
            "presentation": null, "tab_id": TAB,
        })),
        "update_a_nimble_contact_field_by_id" => nothing().id(FIELD).body(json!({ "name": "Favourite wood" })),
        "delete_a_nimble_contact_field_by_id" => nothing().id(FIELD).with("preflight_checks", "false"),
        "nimble_contact_fields_set_primary" | "nimble_contact_fields_unset_primary" => nothing()
            .with("contact_id", PERSON)
            .body(json!({ "field_id": "66c00f01a1b2c3d40000001e", "position": 1 })),
        "create_a_nimble_contact_fields_group" => {
            nothing().body(json!({ "insert_after": null, "logo_id": "1", "name": "Tools", "tab_id": TAB }))
        }
        "update_a_nimble_contact_fields_group_by_id" => nothing().id(GROUP).body(json!({ "name": "Ways" })),
        "delete_a_nimble_contact_fields_group_by_id" => nothing().id(GROUP),
        "create_a_nimble_contact_field_tab" => nothing()
            .body(json!({ "contact_types": ["person"], "insert_after": null, "tab_name": "More" })),
        "update_a_nimble_contact_field_tab_by_id" => nothing().id(TAB).body(json!({ "tab_name": "Less" })),
        "delete_a_nimble_contact_field_tab_by_id" => nothing().id(TAB).with("preflight_checks", "false"),
        "create_a_nimble_contact_field_choice" => nothing()
            .with("field_id", CHOICES)
            .body(json!({ "id": "9", "insert_after": null, "value": "Daily" })),
        "update_a_nimble_contact_field_choice_by_id" => {
            nothing().with("field_id", CHOICES).id("3").body(json!({ "id": "3", "value": "Not at all" }))
        }
        "delete_a_nimble_contact_field_choice_by_id" => nothing().with("field_id", CHOICES).id("3"),
        "list_all_nimble_contacts_search" => {
            nothing().with("query", r#"{"and":[{"record type":{"is":"person"}},{"first name":{"is":"agnes"}}]}"#)
        }
        "create_a_nimble_deal" => nothing().body(json!({
            "pipeline_id": PIPELINE, "stage_id": STAGE, "fields_values": { NAME: [{ "value": "Ladders" }] },
        })),
        "update_a_nimble_deal_by_id" => nothing().id(DEAL).body(json!({ "tags": ["q1"] })),
        "get_single_nimble_deal_by_id" | "delete_a_nimble_deal_by_id" | "nimble_deals_overdue" => {
            nothing().id(DEAL)
        }
        "list_all_nimble_deals_tags" => nothing().with("starts_with", "q"),
        "create_a_nimble_deals_tag" => {
            nothing().body(json!({ "query": { "deal_status": { "is": "open" } }, "tags": ["new"] }))
        }
        "update_a_nimble_deals_tag_by_id" => nothing().id("q3").body(json!({ "new_tag": "autumn" })),
        "delete_a_nimble_deals_tag_by_id" => nothing().id("q3").body(json!({ "preflight_checks": false })),
        "get_single_nimble_deals_pipeline_by_id"
        | "delete_a_nimble_deals_pipeline_by_id"
        | "nimble_deals_pipelines_archive"
        | "nimble_deals_pipelines_unarchive" => nothing().id(PIPELINE),
        "create_a_nimble_deals_pipeline" => nothing().body(json!({
            "name": "Rentals", "description": "", "color": "#ffffff", "lost_reasons": ["Price"],
            "stages": [{ "name": "Asked", "default_probability": 10 }], "fields_tab_members": [],
            "default_currency": "GBP",
        })),
        "update_a_nimble_deals_pipeline_by_id" => nothing().id(PIPELINE).body(json!({ "name": "Fittings" })),
        "nimble_deals_pipelines_add_pipeline_lost_reason" => in_pipeline().body(json!({ "reason": "Distance" })),
        "list_all_nimble_message_drafts" => nothing().with("recipients", "agnes@brightwater.example"),
        "create_a_nimble_message_draft" => nothing().body(json!({ "subject": "Hello", "body": "<p>Hi</p>" })),
        "create_a_nimble_pipeline_transition" => lead(PERSON).body(json!({ "notes": "signed" })),
        "update_a_nimble_pipeline_transition_by_id" => lead(WON).id("any").body(json!({ "notes": "at last" })),
        "delete_a_nimble_pipeline_transition_by_id" => lead(PERSON).id("any"),
        "nimble_pipeline_transition_exit_lead_unsuccessfully" => {
            lead(PERSON).body(json!({ "lost_reason": "No budget" }))
        }
        "nimble_pipeline_transition_unsuccessful_exit" => lead(LOST).body(json!({ "notes": "not this year" })),
        "nimble_pipeline_transition_move_lead_stage" => lead(PERSON).body(json!({ "stage_id": LEAD_STAGE })),
        "nimble_pipeline_transition_undo_lead" => lead(PERSON),
        "create_a_nimble_deal_file" => nothing().id(DEAL).body(json!({
            "file_name": "plan.pdf", "file_size": 10,
            "metadata": { "source": "dropbox", "file_url": "https://files.example/plan.pdf" },
        })),
        "update_a_nimble_deal_file_by_id" => {
            nothing().with("deal_id", DEAL).id(FILE).body(json!({ "new_file_name": "plan.pdf" }))
        }
        "delete_a_nimble_deal_file_by_id" | "nimble_deal_file_download" => {
            nothing().with("deal_id", DEAL).id(FILE)
        }
        "create_a_nimble_deal_note" => nothing().with("deal_id", DEAL).body(json!({ "title": "Call" })),
        "update_a_nimble_deal_note_by_id" => {
            nothing().with("deal_id", DEAL).id(DEAL_NOTE).body(json!({ "body": "Four metres" }))
        }
        "delete_a_nimble_deal_note_by_id" => nothing().with("deal_id", DEAL).id(DEAL_NOTE),
        "create_a_nimble_pipeline_stage" => in_pipeline().body(json!({ "name": "Visit", "insert_after": STAGE })),
        "update_a_nimble_pipeline_stage_by_id" => in_pipeline().id(STAGE).body(json!({ "name": "Asked" })),
        "delete_a_nimble_pipeline_stage_by_id" => in_pipeline().id(STAGE),
        "list_all_nimble_pipeline_deals_by_stages" => in_pipeline().with("sort", "amount:desc"),
        "list_all_nimble_pipeline_deals_by_owner" => in_pipeline(),
        "create_a_nimble_deal_pipeline_field" => in_pipeline().body(json!({
            "name": "Floor", "field_type": { "field_kind": "string" }, "presentation": null,
        })),
        "update_a_nimble_deal_pipeline_field_by_id" => {
            in_pipeline().id(ORDER_NUMBER).body(json!({ "name": "Purchase order" }))
        }
        "delete_a_nimble_deal_pipeline_field_by_id" => {
            in_pipeline().id(REGION).body(json!({ "preflight_checks": false }))
        }
        "create_a_nimble_deal_pipeline_choice" => {
            of_field().body(json!({ "choice": { "id": "3", "value": "West" }, "insert_after": null }))
        }
        "update_a_nimble_deal_pipeline_choice_by_id" => of_field().id("1").body(json!({ "value": "Far north" })),
        "delete_a_nimble_deal_pipeline_choice_by_id" => {
            of_field().id("1").body(json!({ "preflight_checks": false }))
        }
        "create_a_nimble_deal_pipeline_fields_group" => {
            in_pipeline().body(json!({ "group_name": "Access", "logo_id": "1" }))
        }
        "update_a_nimble_deal_pipeline_fields_group_by_id" => {
            in_pipeline().id(DEAL_GROUP).body(json!({ "group_name": "Place" }))
        }
        "delete_a_nimble_deal_pipeline_fields_group_by_id" => in_pipeline().id(DEAL_GROUP),
        _ => nothing(),
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The address of a call at the gateway, for what the method is called.
fn address(resource: &str, method: &str, given: &Arguments) -> (Verb, String) {
    let query: Vec<String> =
        given.query.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let query = query.join("&");
    match (method, given.id) {
        ("list", None) => (Verb::GET, format!("/proxy/{resource}?{query}")),
        ("create", None) => (Verb::POST, format!("/proxy/{resource}?{query}")),
        ("get", Some(id)) => (Verb::GET, format!("/proxy/{resource}/{id}?{query}")),
        ("update", Some(id)) => (Verb::PATCH, format!("/proxy/{resource}/{id}?{query}")),
        ("delete", Some(id)) => (Verb::DELETE, format!("/proxy/{resource}/{id}?{query}")),
        (method, None) => (Verb::POST, format!("/proxy/{resource}/{method}?{query}")),
        (method, Some(id)) => (Verb::POST, format!("/proxy/{resource}/{method}?id={id}&{query}")),
    }
}

/// The path at the vendor, and the arguments that are not part of it.
fn arrival(template: &str, given: &Arguments) -> (String, BTreeMap<String, String>) {
    let mut path = template.to_owned();
    if let Some(id) = given.id {
        path = path.replace("{{id}}", id);
    }
    let mut rest = BTreeMap::new();
    for (name, value) in &given.query {
        let hole = format!("{{{{query.{name}}}}}");
        if path.contains(&hole) {
            path = path.replace(&hole, value);
        } else {
            rest.insert((*name).to_owned(), (*value).to_owned());
        }
    }
    (path, rest)
}

#[tokio::test]
async fn every_published_operation_arrives_as_it_was_called() {
    let app = TestApp::with(Setup { provider: "nimble", ..Setup::default() }).await;
    for (tool, resource, method, verb, template) in TOOLS {
        app.sandbox().reset();
        let given = arguments(tool);
        let (asked, path) = address(resource, method, &given);
        let path = app.path(&path);
        let reply = match &given.body {
            Some(body) => app.gateway.write(asked, &path, body.to_string()).await,
            None => app.gateway.send(app.gateway.request(asked, &path)).await,
        };
        assert_eq!(reply.status, 200, "{tool}: {}", reply.text());
        let calls = app.vendor_calls();
        assert_eq!(calls.len(), 1, "{tool}");
        let (path, query) = arrival(template, &given);
        assert_eq!((calls[0].method.as_str(), calls[0].path.as_str()), (*verb, path.as_str()), "{tool}");
        for (name, value) in query {
            assert_eq!(calls[0].query_value(&name), Some(value), "{tool}: {name}");
        }
        assert_eq!(calls[0].json(), given.body, "{tool}");
    }
}

#[tokio::test]
async fn what_a_call_leaves_out_and_nimble_needs_is_put_in() {
    let app = TestApp::with(Setup { provider: "nimble", ..Setup::default() }).await;
    let group = "/proxy/contact_fields_groups/66c00f02a1b2c3d400000003";
    app.delete(group).await.ok();
    app.post(&format!("/proxy/contacts/standard?id={PERSON},{LOST}"), &Value::Null).await.ok();
    app.get(&format!("/proxy/pipeline_deals_by_stages?pipeline_id={PIPELINE}")).await.ok();
    let calls = app.vendor_calls();
    assert_eq!(calls[0].query_value("preflight_checks").as_deref(), Some("true"));
    assert_eq!(calls[1].query_value("id"), Some(format!("{PERSON},{LOST}")));
    assert_eq!(calls[2].query_value("sort").as_deref(), Some("name:asc"));
}

#[tokio::test]
async fn removing_contacts_in_bulk_needs_something_that_selects_them() {
    let app = TestApp::with(Setup { provider: "nimble", ..Setup::default() }).await;
    for query in ["", "record_type=all", "query=%7B%7D", "keyword=&query=", "preflight_checks=true"] {
        let path = format!("/proxy/contacts/bulk?{query}");
        let refused = app.post(&path, &json!({})).await.local_error(400);
        assert!(refused["message"].as_str().is_some_and(|text| text.contains("contacts.bulk")), "{refused}");
    }
    assert!(app.vendor_calls().is_empty());
    app.post("/proxy/contacts/bulk?record_type=company", &Value::Null).await.ok();
    let left = app.get("/proxy/contacts?limit=100").await.result();
    assert!(!left.is_empty() && left.iter().all(|contact| contact["record_type"] == "person"));
}

#[tokio::test]
async fn groups_of_deals_are_one_list_whatever_the_size_of_its_pages() {
    let app = TestApp::with(Setup { provider: "nimble", ..Setup::default() }).await;
    for resource in ["pipeline_deals_by_stages", "pipeline_deals_by_owner"] {
        for limit in [1, 2, 3, 50] {
            let mut found = Vec::new();
            let mut cursor = String::new();
            loop {
                let path =
                    format!("/proxy/{resource}?pipeline_id={PIPELINE}&limit={limit}&next_cursor={cursor}");
                let page = app.get(&path).await.ok();
                let rows = page["result"].as_array().expect("a list");
                assert!(rows.len() <= limit, "{resource}: {}", rows.len());
                found.extend(rows.iter().map(|deal| deal["deal_id"].to_string()));
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = next.to_owned(),
                    None => break,
                }
            }
            found.sort();
            let all = found.len();
            found.dedup();
            assert_eq!((all, found.len()), (9, 9), "{resource} by {limit}");
        }
    }
}
