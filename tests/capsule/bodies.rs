//! Bodies as Capsule really sends them, poor ones included, and what callers get of them.

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::vendor::{Answer, ScriptedVendor};

/// A vendor that answers these bodies to the paths that end so, and knows nothing else.
async fn vendor(answers: &'static [(&'static str, &'static str)]) -> (TestApp, ScriptedVendor) {
    let vendor = ScriptedVendor::start(|asked| {
        let answer = answers.iter().find(|(path, _)| asked.path.ends_with(path));
        match answer {
            Some((_, body)) => Answer::json(*body).header("x-pagination-has-more", "false"),
            None => Answer::json(r#"{"message":"Could not find resource"}"#).status(404),
        }
    })
    .await;
    (TestApp::at(vendor.origin()).await, vendor)
}

/// The one record of a list, without what the vendor sent.
async fn only(app: &TestApp, path: &str) -> Value {
    let mut record = app.get(path).await.result().remove(0);
    record.as_object_mut().expect("a record").shift_remove("remote_data");
    record
}

fn assert_has(record: &Value, wanted: &Value) {
    for (name, value) in wanted.as_object().expect("an object") {
        assert_eq!(record[name], *value, "{name} of {record}");
    }
}

const OPPORTUNITY: &str = r#"{"opportunities":[{
  "id": 7703, "owner": { "id": 88120, "username": "lena.holt", "name": "Lena Holt" }, "team": null,
  "party": { "id": 51, "type": "person", "firstName": "Mads", "lastName": "Vestergård", "pictureURL": "https://pictures.example/3" },
  "lostReason": null, "milestone": { "id": 14, "name": "Tilbud" }, "value": { "amount": 500.25, "currency": "DKK" },
  "expectedCloseOn": "2024-05-31", "probability": 50, "durationBasis": "MONTH", "duration": 12, "closedOn": null,
  "createdAt": "2024-01-31T23:59:59Z", "updatedAt": "2024-02-29T00:00:00Z", "description": null, "name": "Kaffe & kage",
  "lastContactedAt": null, "lastStageChangedAt": "2024-02-01T00:00:00Z", "lastOpenMilestone": null
}]}"#;

#[tokio::test]
async fn an_opportunity_without_anything_embedded_is_still_mapped() {
    let (app, _vendor) = vendor(&[("/opportunities/filters/results", OPPORTUNITY)]).await;
    let record = only(&app, "/unified/crm/opportunities").await;
    assert_has(
        &record,
        &json!({
            "id": "7703", "name": "Kaffe & kage", "amount": 500.25, "currency": "DKK", "owner": { "id": "88120" },
            "account": null, "contact": [{ "id": "51" }], "stage": { "id": "milestone:14", "name": "Tilbud" },
            "status": "open", "close_date": "2024-05-31T00:00:00.000Z", "probability": 50, "pipeline": null,
            "tags": [], "custom_fields": {}, "lost_reason": null, "won_at": null, "lost_at": null,
        }),
    );
}

const CLOSED: &str = r#"{"opportunities":[
  {"id": 1, "name": "Lost", "party": {"id": 9, "type": "organisation", "name": "Engines"}, "closedOn": "2024-06-01",
   "milestone": {"id": 3, "name": "Lost", "complete": true, "probability": 0, "pipeline": {"id": 2, "name": "Sales"}},
   "lostReason": {"id": 5, "name": "Price"}, "probability": 0, "expectedCloseOn": "2024-07-01", "value": null, "owner": null,
   "fields": [{"id": 8, "definition": {"id": 12, "name": "Score"}, "value": "3.50", "tagId": null}]},
  {"id": 2, "name": "Won", "party": {"id": 9, "type": "organisation", "name": "Engines"}, "closedOn": "2024-06-02",
   "milestone": {"id": 4, "name": "Won", "complete": true, "probability": 100, "pipeline": {"id": 2, "name": "Sales"}},
   "lostReason": null, "probability": 100, "value": {"amount": 12, "currency": "EUR"}, "owner": {"id": 4, "name": "Olu"}}
]}"#;
const DEFINITIONS: &str = r#"{"definitions":[{"id":12,"name":"Score","type":"number","description":null,"captureRule":null,"tag":null}]}"#;

#[tokio::test]
async fn a_closed_opportunity_is_won_or_lost_by_its_milestone() {
    let (app, _vendor) = vendor(&[
        ("/opportunities/filters/results", CLOSED),
        ("/opportunities/fields/definitions", DEFINITIONS),
    ])
    .await;
    let records = app.get("/unified/crm/opportunities").await.result();
    assert_has(
        &records[0],
        &json!({
            "status": "lost", "lost_reason": { "id": "5", "name": "Price" }, "amount": null, "owner": null,
            "account": { "id": "9" }, "close_date": "2024-06-01T00:00:00.000Z", "lost_at": "2024-06-01T00:00:00.000Z",
            "pipeline": { "id": "pipeline:2", "name": "Sales" }, "custom_fields": { "12": 3.5 },
        }),
    );
    assert_has(&records[1], &json!({ "status": "won", "amount": 12, "won_at": "2024-06-02T00:00:00.000Z" }));
}

const CHOICES: &str = r#"{"opportunities":[
  {"id": 1, "name": "One choice", "fields": [{"id": 8, "definition": {"id": 13, "name": "Beans"}, "value": "Arabica"}]},
  {"id": 2, "name": "Digits", "fields": [{"id": 9, "definition": {"id": 14, "name": "Batch"}, "value": "007"}]}
]}"#;
const CHOICE_DEFINITIONS: &str = r#"{"definitions":[{"id":13,"name":"Beans","type":"multiselectlist","options":["Arabica","Robusta"]},
  {"id":14,"name":"Batch","type":"text"}]}"#;

#[tokio::test]
async fn a_field_looks_the_same_however_many_choices_it_holds() {
    let (app, _vendor) = vendor(&[
        ("/opportunities/filters/results", CHOICES),
        ("/opportunities/fields/definitions", CHOICE_DEFINITIONS),
    ])
    .await;
    let records = app.get("/unified/crm/opportunities").await.result();
    assert_eq!(records[0]["custom_fields"], json!({ "13": ["Arabica"] }));
    assert_eq!(records[1]["custom_fields"], json!({ "14": "007" }), "text is text, whatever it looks like");
}

#[tokio::test]
async fn values_stay_as_they_came_where_the_vendor_does_not_show_what_they_are() {
    let (app, _vendor) = vendor(&[("/opportunities/filters/results", CLOSED)]).await;
    let records = app.get("/unified/crm/opportunities").await.result();
    assert_eq!(records[0]["custom_fields"], json!({ "12": "3.50" }));
}

const ENTRIES: &str = r#"{"entries":[
  {"id": 31, "type": "email", "subject": "Tilbud", "content": "Hej", "entryAt": "2024-03-01T10:00:00Z",
   "createdAt": "2024-03-01T10:00:05Z", "updatedAt": "2024-03-01T10:00:05Z", "creator": {"id": 4, "name": "Olu"},
   "activityType": {"id": -6, "name": "Email received"}, "attachments": [{"id": 6, "filename": "a.pdf", "contentType": "application/pdf", "size": 12}],
   "parties": [{"id": 51, "type": "person", "firstName": "Mads", "lastName": null}, {"id": 9, "type": "organisation", "name": "Engines"}],
   "participants": [{"id": 1, "name": null, "address": "mads@x.example", "role": "FROM"}], "party": null, "kase": null, "opportunity": null},
  {"id": 32, "type": "note", "content": "**Ringede**", "entryAt": "2024-02-01T10:00:00Z", "creator": null,
   "activityType": {"id": -3, "name": "Call"}, "party": {"id": 51, "type": "person"}, "createdAt": "2024-02-01T10:00:00Z", "updatedAt": "2024-02-02T10:00:00Z"},
  {"id": 33, "type": "note", "content": "Bare en note", "entryAt": "2024-01-01T10:00:00Z", "activityType": {"id": -1, "name": "Note"},
   "opportunity": {"id": 7703, "name": "Kaffe"}, "party": null, "createdAt": "2024-01-01T10:00:00Z", "updatedAt": "2024-01-01T10:00:00Z"},
  {"id": 34, "type": "note", "content": "Gammel", "entryAt": "2020-01-01T10:00:00Z", "kase": {"id": 8, "name": "Kasse"},
   "createdAt": "2020-01-01T10:00:00Z", "updatedAt": "2020-01-01T10:00:00Z"}
]}"#;

#[tokio::test]
async fn the_history_is_parted_into_notes_and_engagements() {
    let (app, _vendor) = vendor(&[("/entries", ENTRIES)]).await;
    let engagements = app.get("/unified/crm/engagements").await.result();
    assert_eq!(engagements.len(), 2);
    assert_has(
        &engagements[0],
        &json!({
            "id": "31", "owner": { "id": "4" }, "subject": "Tilbud", "content": "Hej", "direction": "inbound",
            "engagement_type": "email", "start_time": "2024-03-01T10:00:00.000Z", "account": { "id": "9" },
            "contact": [{ "id": "51" }], "opportunity": [], "project": null,
        }),
    );
    assert_eq!(engagements[0]["remote_data"]["attachments"][0]["filename"], "a.pdf");
    assert_has(
        &engagements[1],
        &json!({ "id": "32", "engagement_type": "call", "direction": null, "owner": null }),
    );
    let notes = app.get("/unified/crm/notes").await.result();
    assert_eq!(notes.len(), 2);
    assert_has(
        &notes[0],
        &json!({ "id": "33", "content": "Bare en note", "opportunity": [{ "id": "7703" }], "contact": [] }),
    );
    assert_has(&notes[1], &json!({ "id": "34", "project": { "id": "8" }, "account": null }));
}

const PROJECTS: &str = r#"{"kases":[
  {"id": 61, "party": {"id": 9, "type": "organisation", "name": "Engines"}, "owner": {"id": 4, "name": "Olu"}, "team": null,
   "status": "CLOSED", "opportunity": {"id": 7703, "name": "Kaffe"}, "stage": {"id": 149, "name": "Levering"}, "name": "Opsætning",
   "description": null, "closedOn": "2024-04-30", "expectedCloseOn": null, "startOn": "2024-04-01", "lastContactedAt": null,
   "createdAt": "2024-03-01T00:00:00Z", "updatedAt": "2024-04-30T00:00:00Z", "tags": [], "fields": []},
  {"id": 62, "party": {"id": 51, "type": "person", "firstName": "Mads", "lastName": null}, "owner": null, "status": "OPEN", "name": "Bar",
   "opportunity": null, "stage": null, "closedOn": null, "expectedCloseOn": "2024-12-24"}
]}"#;
const STAGES: &str = r#"{"stages":[{"id":149,"name":"Levering","displayOrder":2,"board":{"id":34,"name":"Opgaver"},"description":null}]}"#;

#[tokio::test]
async fn projects_are_mapped_with_the_board_of_their_stage() {
    let (app, _vendor) = vendor(&[("/kases/filters/results", PROJECTS), ("/stages", STAGES)]).await;
    let records = app.get("/unified/crm/projects").await.result();
    assert_has(
        &records[0],
        &json!({
            "id": "61", "name": "Opsætning", "status": "closed", "account": { "id": "9", "name": "Engines" },
            "owner": { "id": "4", "name": "Olu" }, "opportunity": [{ "id": "7703", "name": "Kaffe" }],
            "stage": { "id": "stage:149", "name": "Levering" }, "pipeline": { "id": "board:34", "name": "Opgaver" },
            "close_date": "2024-04-30T00:00:00.000Z", "contact": [],
        }),
    );
    assert_has(
        &records[1],
        &json!({
            "status": "open", "account": null, "contact": [{ "id": "51", "name": "Mads" }], "stage": null,
            "pipeline": null, "close_date": "2024-12-24T00:00:00.000Z", "opportunity": [], "owner": null,
        }),
    );
}

const TASKS: &str = r##"{"tasks":[
  {"id": 91, "category": null, "description": "Ring tilbage", "detail": null, "dueTime": null, "status": "OPEN", "party": null,
   "opportunity": null, "kase": null, "owner": {"id": 4, "deleted": false, "username": "olu", "pictureURL": "https://pictures.example/4", "name": "Olu"},
   "daysAfter": null, "taskDelayRule": null, "taskDayDelayRule": "TRACK_DAYS", "nextTask": null, "active": true, "hasTrack": false,
   "createdAt": "2024-04-24T21:00:49Z", "updatedAt": "2024-04-25T21:00:49Z", "dueOn": "2024-05-20", "completedBy": null,
   "completedAt": null, "overrideToCurrentUser": null, "repeat": null},
  {"id": 92, "category": {"id": 47, "name": "Faktura", "colour": "#d36c00"}, "description": "Send faktura", "detail": "Linje 1\nLinje 2",
   "status": "COMPLETED", "party": {"id": 9, "type": "organisation", "name": "Engines", "pictureURL": "https://pictures.example/9"},
   "owner": {"id": 4, "username": "olu", "name": "Olu"}, "createdAt": "2023-10-26T14:37:52Z", "updatedAt": "2023-11-02T08:00:00Z",
   "dueOn": "2023-11-01", "dueTime": "16:45:00", "completedBy": "olu", "completedAt": "2023-11-02T08:00:00Z", "hasTrack": false,
   "repeat": {"interval": 3, "frequency": "MONTHLY", "on": "-1"}},
  {"id": 93, "description": "Kom på besøg", "status": "PENDING", "party": {"id": 51, "type": "person", "firstName": "Mads", "lastName": "Vestergård"},
   "dueOn": "2024-07-01", "dueTime": "09:30:00", "hasTrack": true, "daysAfter": 3, "taskDelayRule": "LAST_TASK",
   "taskDayDelayRule": "TRACK_WORKDAYS", "nextTask": {"id": 94, "description": "Tilbud"}, "active": false},
  {"id": 94, "description": "Tilbud", "status": "OPEN", "opportunity": {"id": 7703, "name": "Kaffe"}, "owner": {"id": 6, "name": "Gone", "deleted": true},
   "dueOn": "2024-07-01", "dueTime": "20:30:00"},
  {"id": 95, "description": "Oprydning", "status": "OPEN", "kase": {"id": 61, "name": "Opsætning"}, "owner": null, "dueOn": "2024-07-01"}
]}"##;
const USERS: &str = r#"{"users":[
  {"id": 4, "username": "olu", "name": "Olu", "timezone": "Europe/Copenhagen", "party": {"id": 1, "type": "person"}},
  {"id": 6, "username": "gone", "name": "Gone", "timezone": "America/New_York", "deleted": true},
  {"id": 7, "username": "new", "name": "New", "timezone": null}
]}"#;

#[tokio::test]
async fn tasks_are_mapped_whatever_is_missing() {
    let (app, vendor) = vendor(&[("/tasks", TASKS), ("/users", USERS)]).await;
    let records = app.get("/unified/crm/tasks").await.result();
    let wanted = [
        json!({
            "id": "91", "subject": "Ring tilbage", "content": null, "type": null, "owner": { "id": "4", "name": "Olu" },
            "account": null, "contact": [], "opportunity": [], "lead": null, "completed_at": null, "status": "open",
            "due_date": "2024-05-20T00:00:00.000Z", "created_at": "2024-04-24T21:00:49.000Z", "etag": null, "project": null,
        }),
        json!({
            "subject": "Send faktura", "content": "Linje 1\nLinje 2", "type": { "id": "47", "name": "Faktura" },
            "account": { "id": "9" }, "contact": [], "due_date": "2023-11-01T15:45:00.000Z", "status": "completed",
            "completed_at": "2023-11-02T08:00:00.000Z", "updated_at": "2023-11-02T08:00:00.000Z",
        }),
        json!({
            "owner": null, "type": null, "account": null, "contact": [{ "id": "51", "name": "Mads Vestergård" }],
            "due_date": "2024-07-01T09:30:00.000Z", "status": "pending", "created_at": null, "completed_at": null,
        }),
        json!({
            "owner": { "id": "6", "name": "Gone" }, "opportunity": [{ "id": "7703", "name": "Kaffe" }],
            "due_date": "2024-07-02T00:30:00.000Z",
        }),
        json!({ "owner": null, "project": { "id": "61", "name": "Opsætning" }, "due_date": "2024-07-01T00:00:00.000Z" }),
    ];
    assert_eq!(records.len(), wanted.len());
    for (record, wanted) in records.iter().zip(&wanted) {
        assert_has(record, wanted);
    }
    assert_eq!(records[1]["remote_data"]["repeat"]["on"], "-1");
    let asked = vendor.asked();
    assert_eq!(asked.len(), 2, "the list, and the users once");
    assert!(asked[0].query.contains("status=open%2Ccompleted%2Cpending"), "{}", asked[0].query);
}

#[tokio::test]
async fn the_site_is_the_one_workspace() {
    let site =
        r#"{"site":{"name":"Fernhill","subdomain":"fernhill","url":"https://fernhill.capsulecrm.com/"}}"#;
    let (app, _vendor) = vendor(Box::leak(Box::new([("/site", site)]))).await;
    let record = only(&app, "/unified/crm/workspaces").await;
    assert_has(&record, &json!({ "id": "fernhill", "name": "Fernhill" }));
}
