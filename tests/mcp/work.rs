//! A piece of work as an agent does it: it chooses tools by what their descriptions say, fills in what their schemas ask
//! for, and goes on with what the answers give it.

use serde_json::{Value, json};

use crate::agent::{Agent, app};
use crate::support::app::TestApp;

/// An agent that knows nothing but what it is offered.
struct Worker {
    agent: Agent,
    tools: Vec<Value>,
}

impl Worker {
    async fn hired(app: &TestApp, config: Value) -> Worker {
        let agent = Agent::with(app, config).await;
        let tools = agent.tools().await;
        Worker { agent, tools }
    }

    /// Calls the one tool whose description says this, with arguments that fit its schema.
    async fn uses(&self, said: &str, arguments: Value) -> Value {
        let says = |tool: &&Value| tool["description"].as_str().is_some_and(|text| text.contains(said));
        let fitting: Vec<&Value> = self.tools.iter().filter(says).collect();
        let names: Vec<&Value> = fitting.iter().map(|tool| &tool["name"]).collect();
        assert_eq!(fitting.len(), 1, "{said}: {names:?}");
        let schema = jsonschema::validator_for(&fitting[0]["inputSchema"]).expect("a schema");
        if let Err(error) = schema.validate(&arguments) {
            panic!("{said}: {error}: {arguments}");
        }
        self.agent.done(names[0].as_str().expect("a name"), arguments).await
    }
}

/// Whom the user asks about: the address of a person whom the CRM has.
async fn address(app: &TestApp) -> String {
    let contacts = app.get("/unified/crm/contacts?limit=50").await.result();
    let emails = contacts.iter().filter_map(|contact| contact["email_addresses"][0]["email"].as_str());
    emails.map(str::to_owned).next().expect("someone with an address")
}

fn id(record: &Value, name: &str) -> String {
    match &record[name] {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => panic!("no {name}: {record}"),
    }
}

#[tokio::test]
async fn on_nimble_an_agent_finds_a_contact_adds_a_note_and_moves_a_deal() {
    let app = app("nimble").await;
    let email = address(&app).await;
    let worker = Worker::hired(&app, json!({})).await;
    let query = json!({ "email": { "is": email } }).to_string();
    let found = worker.uses("Finds people and companies by search terms", json!({ "query": query })).await;
    let contact = id(&found["items"][0], "id");
    assert!(found["items"][0]["fields"]["email"].to_string().contains(&email), "{found}");
    let note = json!({ "contact_ids": [contact], "note": "<p>Met at the fair.</p>", "note_preview": "Met at the fair." });
    let note = worker.uses("Adds a note about up to ten contacts", note).await;
    let notes = worker.uses("Lists the notes about a contact", json!({ "contact_id": contact })).await;
    assert!(notes.to_string().contains(&id(&note, "id")), "{notes}");
    let deals = worker.uses("Lists the deals of all pipelines", json!({ "limit": 1 })).await;
    let deal = id(&deals["items"][0], "deal_id");
    let pipelines = worker.uses("Lists the pipelines of deals with their stages", json!({})).await;
    let deal_now = worker.uses("Gives one deal.", json!({ "id": deal })).await;
    let told = deal_now.to_string();
    let pipeline = pipelines["items"]
        .as_array()
        .expect("pipelines")
        .iter()
        .find(|it| told.contains(&id(it, "pipeline_id")));
    let stages = pipeline.expect("the deal's pipeline")["stages"].as_array().expect("stages").clone();
    let next = stages
        .iter()
        .map(|stage| id(stage, "stage_id"))
        .find(|stage| !told.contains(stage))
        .expect("another stage");
    worker.uses("moves it to another stage of its pipeline", json!({ "id": deal, "stage_id": next })).await;
    let moved = worker.uses("Gives one deal.", json!({ "id": deal })).await;
    assert!(moved.to_string().contains(&next), "{moved}");
}

#[tokio::test]
async fn on_capsule_an_agent_finds_a_contact_adds_a_note_and_moves_a_deal() {
    let app = app("capsule").await;
    let email = address(&app).await;
    let worker = Worker::hired(&app, json!({})).await;
    let found = worker
        .uses("Searches people and organisations as Capsule's own search does", json!({ "q": email }))
        .await;
    let party = found["items"][0]["id"].clone();
    assert!(found["items"][0]["emailAddresses"].to_string().contains(&email), "{found}");
    let entry =
        json!({ "entry": { "type": "note", "content": "Met at the fair.", "party": { "id": party } } });
    let note = worker.uses("Adds a note about one person, organisation, opportunity or project", entry).await;
    let history = json!({ "id": id(&json!({ "id": party }), "id") });
    let history = worker
        .uses("Lists the notes, e-mails and completed tasks of a person or an organisation", history)
        .await;
    assert!(history["items"].to_string().contains(&id(&note["entry"], "id")), "{history}");
    let deals = worker.uses("Lists opportunities.", json!({ "limit": 5 })).await;
    let deal = deals["items"].as_array().expect("a list").iter().find(|deal| deal["closedOn"].is_null());
    let deal = deal.expect("an open opportunity").clone();
    let pipelines = worker.uses("Lists pipelines.", json!({})).await;
    let mut steps = Vec::new();
    for pipeline in pipelines["items"].as_array().expect("a list") {
        let list = json!({ "pipelineId": pipeline["id"] });
        let list = worker.uses("Lists the milestones of a pipeline, in order", list).await;
        let list = list["items"].as_array().cloned().expect("a list");
        if list.iter().any(|step| step["id"] == deal["milestone"]["id"]) {
            steps = list;
        }
    }
    let next = steps.iter().find(|step| step["id"] != deal["milestone"]["id"] && step["complete"] == false);
    let next = next.expect("another milestone")["id"].clone();
    let change = json!({ "id": id(&deal, "id"), "opportunity": { "milestone": { "id": next } } });
    worker.uses("Changes an opportunity", change).await;
    let moved = worker.uses("Gives an opportunity.", json!({ "id": id(&deal, "id") })).await;
    assert_eq!(moved["opportunity"]["milestone"]["id"], next, "{moved}");
}

#[tokio::test]
async fn on_nutshell_an_agent_finds_a_contact_adds_a_note_and_moves_a_deal() {
    let app = app("nutshell").await;
    let email = address(&app).await;
    let worker = Worker::hired(&app, json!({})).await;
    let found = worker
        .uses("Finds companies and people by an e-mail address", json!({ "emailAddressString": email }))
        .await;
    let contact = found["result"]["contacts"][0].clone();
    let about =
        json!({ "entity": { "entityType": "Contacts", "id": contact["id"] }, "note": "Met at the fair." });
    let note = worker.uses("Adds a note about a record", about).await;
    assert_eq!(note["result"]["note"], "Met at the fair.", "{note}");
    let open = json!({ "query": { "status": 0, "filter": 2 }, "limit": 1 });
    let leads = worker.uses("Lists leads. query takes status", open).await;
    let lead = id(&leads["items"][0], "id");
    let now = worker.uses("Gives one lead with all its fields", json!({ "id": lead })).await;
    let stages = worker.uses("Lists the stages of all pipelines", json!({})).await;
    let here = &now["result"]["milestone"]["id"];
    let fits =
        |stage: &&Value| stage["id"] != *here && stage["stagesetId"] == now["result"]["stageset"]["id"];
    let next =
        stages["items"].as_array().expect("a list").iter().find(fits).expect("another stage")["id"].clone();
    let change = json!({ "id": lead, "rev": now["result"]["rev"], "lead": { "milestoneId": next } });
    worker.uses("moves it to another stage (milestoneId)", change).await;
    let moved = worker.uses("Gives one lead with all its fields", json!({ "id": lead })).await;
    assert_eq!(moved["result"]["milestone"]["id"], next, "{moved}");
}

#[tokio::test]
async fn with_unified_tools_the_same_work_is_the_same_on_every_crm() {
    for provider in ["capsule", "nimble", "nutshell"] {
        let app = app(provider).await;
        let email = address(&app).await;
        let worker = Worker::hired(&app, json!({ "tags": ["unified"] })).await;
        let named = |name: &str| worker.tools.iter().any(|tool| tool["name"] == name);
        assert!(named("update_a_unified_contact_by_id") && named("list_all_unified_stages"), "{provider}");
        let found = json!({ "email_addresses": { "email": email }, "limit": 5 });
        let found = worker.agent.done("list_all_unified_contacts", found).await;
        let contact = &found["items"][0];
        assert_eq!(contact["email_addresses"][0]["email"], email.as_str(), "{provider}: {found}");
        assert_eq!(contact.get("remote_data"), None, "{provider}: {found}");
        let change = json!({ "id": id(contact, "id"), "first_name": "Renamed" });
        let changed = worker.agent.done("update_a_unified_contact_by_id", change).await;
        assert_eq!(changed["first_name"], "Renamed", "{provider}: {changed}");
        let page = worker.agent.done("list_all_unified_contacts", json!({ "limit": 1 })).await;
        let next = page["nextCursor"].as_str().unwrap_or_else(|| panic!("{provider} has more: {page}"));
        let rest = json!({ "limit": 1, "next_cursor": next });
        let rest = worker.agent.done("list_all_unified_contacts", rest).await;
        assert_ne!(page["items"][0]["id"], rest["items"][0]["id"], "{provider}");
        let unknown = worker.agent.failed("list_all_unified_contacts", json!({ "email": "x" })).await;
        assert_eq!(unknown["statusCode"], 400, "{provider}: {unknown}");
    }
}

#[tokio::test]
async fn files_go_up_and_come_down_as_text() {
    use base64::Engine as _;
    let app = app("capsule").await;
    let agent = Agent::with(&app, json!({ "tags": ["attachments"] })).await;
    let content = base64::engine::general_purpose::STANDARD.encode("an offer");
    let file = json!({ "filename": "offer.txt", "content_type": "text/plain", "content_base64": content });
    let upload = agent.done("capsule_attachments_upload", file).await;
    let token = upload["upload"]["token"].as_str().unwrap_or_else(|| panic!("no token: {upload}")).to_owned();
    let contacts = app.get("/unified/crm/contacts?limit=1").await.result();
    let entry = json!({ "entry": {
        "type": "note", "content": "With an offer.", "party": { "id": contacts[0]["id"].as_str().and_then(|id| id.parse::<u64>().ok()) },
        "attachments": [{ "token": token }]
    } });
    let note = app.post("/proxy/entries", &entry).await.ok();
    let id = note["entry"]["attachments"][0]["id"].clone();
    let result = agent.call("get_single_capsule_attachment_by_id", json!({ "id": id })).await;
    assert_eq!(result["content"][0]["text"], "an offer", "{result}");
    assert_eq!(result["structuredContent"]["bytes"], 8, "{result}");
}
