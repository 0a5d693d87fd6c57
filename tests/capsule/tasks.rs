//! Tasks: what is to be done, by when, and whether it is.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use crate::history::subjects;
use crate::support::app::TestApp;
use crate::support::twin::Twin;
use crate::support::vendor::{Answer, ScriptedVendor};

const TASKS: &str = "/unified/crm/tasks";

/// Users of the sandbox: in Stockholm and in New York. That of the credential is in London.
const JONAS: &str = "712443";
const MEI_LING: &str = "712444";

async fn made(app: &TestApp, fields: Value) -> Value {
    let mut body = json!({ "subject": "Ring the roaster" });
    body.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
    app.post(TASKS, &body).await.ok()
}

fn of(record: &Value) -> String {
    format!("{TASKS}/{}", record["id"].as_str().expect("an id"))
}

async fn changed(app: &TestApp, record: &Value, fields: Value) -> Value {
    app.patch(&of(record), &fields).await.ok()
}

/// When a record is due: at Capsule a day and a time of its owner's, in the answer an instant.
fn due(record: &Value) -> [&Value; 3] {
    let native = &record["remote_data"];
    [&native["dueOn"], &native["dueTime"], &record["due_date"]]
}

/// The ids of what a record is about, by field.
fn about(record: &Value) -> Vec<(&'static str, String)> {
    let id = |reference: &Value| reference["id"].as_str().map(str::to_owned);
    let list = |name: &str| record[name].as_array().and_then(|list| list.first()).and_then(id);
    let found = [
        ("contact", list("contact")),
        ("account", id(&record["account"])),
        ("opportunity", list("opportunity")),
        ("project", id(&record["project"])),
    ];
    found.into_iter().filter_map(|(name, id)| Some((name, id?))).collect()
}

#[tokio::test]
async fn a_list_has_tasks_of_every_state() {
    let app = TestApp::start().await;
    let states = |records: Vec<Value>| -> BTreeSet<String> {
        records.iter().map(|record| record["status"].as_str().expect("a status").to_owned()).collect()
    };
    let all = app.get(&format!("{TASKS}?limit=1000")).await.result();
    assert_eq!(states(all), ["completed", "open", "pending"].map(str::to_owned).into());
    for state in ["open", "completed", "pending"] {
        let some = app.get(&format!("{TASKS}?limit=1000&status={state}")).await.result();
        assert_eq!(states(some), [state.to_owned()].into());
    }
}

#[tokio::test]
async fn a_task_is_completed_and_reopened_by_its_status() {
    let app = TestApp::start().await;
    let task = made(&app, json!({})).await;
    assert_eq!((&task["status"], &task["completed_at"]), (&json!("open"), &Value::Null));
    // As a caller does who sends back all that was read, with another status.
    let done = changed(&app, &task, json!({ "status": "completed", "completed_at": null })).await;
    assert_eq!((&done["status"], &done["remote_data"]["status"]), (&json!("completed"), &json!("COMPLETED")));
    assert!(done["completed_at"].is_string(), "{done}");
    let body = json!({ "status": "open", "completed_at": done["completed_at"] });
    let open = changed(&app, &task, body).await;
    assert_eq!((&open["status"], &open["completed_at"]), (&json!("open"), &Value::Null));
    assert_eq!(app.get(&of(&task)).await.ok()["status"], "open");
}

#[tokio::test]
async fn a_task_is_completed_and_reopened_by_when_it_was_done() {
    let app = TestApp::start().await;
    let at = json!("2026-01-31T09:30:00.000Z");
    let task = made(&app, json!({ "completed_at": "2026-01-31T10:30:00+01:00" })).await;
    assert_eq!((&task["status"], &task["completed_at"]), (&json!("completed"), &at));
    let open = changed(&app, &task, json!({ "completed_at": null })).await;
    assert_eq!((&open["status"], &open["completed_at"]), (&json!("open"), &Value::Null));
    let done = changed(&app, &task, json!({ "completed_at": at })).await;
    assert_eq!((&done["status"], &done["completed_at"]), (&json!("completed"), &at));
    let later = changed(&app, &task, json!({ "completed_at": "2026-02-01T00:00:00Z" })).await;
    assert_eq!(
        (&later["status"], &later["completed_at"]),
        (&json!("completed"), &json!("2026-02-01T00:00:00.000Z"))
    );
    for body in [
        json!({ "status": "completed", "completed_at": null }),
        json!({ "status": "open", "completed_at": at }),
    ] {
        app.patch(&of(&task), &body).await.refused_fields(&["completed_at"]);
    }
    let body = json!({ "subject": "x", "status": "open", "completed_at": at });
    app.post(TASKS, &body).await.refused_fields(&["completed_at"]);
}

#[tokio::test]
async fn a_pending_task_stays_so_and_no_other_becomes_so() {
    let app = TestApp::start().await;
    let pending = app.get(&format!("{TASKS}?status=pending&limit=1")).await.result()[0].clone();
    let body = json!({ "status": "pending", "content": "Later" });
    let kept = changed(&app, &pending, body).await;
    assert_eq!((&kept["status"], &kept["content"]), (&json!("pending"), &json!("Later")));
    let task = made(&app, json!({})).await;
    app.patch(&of(&task), &json!({ "status": "pending" })).await.refused_fields(&["status"]);
    app.post(TASKS, &json!({ "subject": "x", "status": "pending" })).await.refused_fields(&["status"]);
}

#[tokio::test]
async fn what_was_read_of_any_task_can_be_written_back_and_changes_nothing() {
    const WRITTEN: [&str; 11] = [
        "subject",
        "content",
        "type",
        "owner",
        "account",
        "contact",
        "opportunity",
        "completed_at",
        "due_date",
        "status",
        "project",
    ];
    let app = TestApp::start().await;
    let all = app.get(&format!("{TASKS}?limit=1000")).await.result();
    assert!(all.iter().any(|task| task["remote_data"]["dueTime"].is_string()), "some have times");
    for task in all {
        let body: Value = WRITTEN.iter().map(|name| ((*name).to_owned(), task[*name].clone())).collect();
        assert_eq!(changed(&app, &task, body).await, task);
    }
    let writes = app.vendor_calls().into_iter().filter(|call| call.method != Method::GET);
    assert_eq!(writes.map(|call| call.path).collect::<Vec<_>>(), Vec::<String>::new());
}

#[tokio::test]
async fn a_time_of_day_is_kept_in_the_time_zone_of_the_owner() {
    let app = TestApp::start().await;
    for (owner, given, day, time) in [
        (Some(MEI_LING), "2027-01-15T01:30:00Z", "2027-01-14", "20:30:00"),
        (Some(MEI_LING), "2027-07-15T01:30:00.000Z", "2027-07-14", "21:30:00"),
        (Some(JONAS), "2027-01-15T23:15:20+00:00", "2027-01-16", "00:15:20"),
        (None, "2027-07-01T09:30:00Z", "2027-07-01", "10:30:00"),
        (None, "2027-01-01T09:30:00Z", "2027-01-01", "09:30:00"),
    ] {
        let owner = owner.map_or(Value::Null, |id| json!({ "id": id }));
        let task = made(&app, json!({ "owner": owner, "due_date": given })).await;
        let instant = format!("{}.000Z", &given[..19]);
        assert_eq!(due(&task), [&json!(day), &json!(time), &json!(instant)], "{task}");
        let read = app.get(&of(&task)).await.ok();
        assert_eq!(due(&read), due(&task));
        let listed =
            app.get(&format!("{TASKS}?due_date[gte]={instant}&due_date[lte]={instant}")).await.result();
        assert!(listed.iter().any(|other| other["id"] == task["id"]), "{instant}");
    }
}

#[tokio::test]
async fn a_day_without_a_time_is_its_midnight_in_utc() {
    let app = TestApp::start().await;
    let owner = json!({ "id": MEI_LING });
    let task = made(&app, json!({ "owner": owner, "due_date": "2027-01-15" })).await;
    let midnight = json!("2027-01-15T00:00:00.000Z");
    assert_eq!(due(&task), [&json!("2027-01-15"), &Value::Null, &midnight]);
    let timed = changed(&app, &task, json!({ "due_date": "2027-01-15T17:00:00Z" })).await;
    assert_eq!(due(&timed), [&json!("2027-01-15"), &json!("12:00:00"), &json!("2027-01-15T17:00:00.000Z")]);
    let day = changed(&app, &task, json!({ "due_date": midnight })).await;
    assert_eq!(due(&day), [&json!("2027-01-15"), &Value::Null, &midnight]);
    app.patch(&of(&task), &json!({ "due_date": null })).await.refused_fields(&["due_date"]);
}

#[tokio::test]
async fn a_time_that_happens_to_be_midnight_in_utc_stays_a_time() {
    let app = TestApp::start().await;
    let task = made(&app, json!({ "owner": { "id": MEI_LING }, "due_date": "2027-01-15T00:30:00Z" })).await;
    let twin = Twin::of(app.sandbox());
    let id = task["id"].as_str().expect("an id");
    let evening = json!({ "task": { "dueTime": "19:00:00" } });
    twin.call(Method::PUT, &format!("/api/v2/tasks/{id}"), Some(&evening)).await.ok();
    let read = app.get(&of(&task)).await.ok();
    assert_eq!(due(&read), [&json!("2027-01-14"), &json!("19:00:00"), &json!("2027-01-15T00:00:00.000Z")]);
    let same = changed(&app, &task, json!({ "due_date": read["due_date"], "subject": "Other" })).await;
    assert_eq!(due(&same), due(&read));
    // Given to somebody else it is due at the same instant, if that is said.
    let body = json!({ "due_date": read["due_date"], "owner": { "id": JONAS } });
    let given = changed(&app, &task, body).await;
    assert_eq!(due(&given), [&json!("2027-01-15"), &json!("01:00:00"), &json!("2027-01-15T00:00:00.000Z")]);
    // If not, at the same time of day.
    let given = changed(&app, &task, json!({ "owner": { "id": MEI_LING } })).await;
    assert_eq!(due(&given), [&json!("2027-01-15"), &json!("01:00:00"), &json!("2027-01-15T06:00:00.000Z")]);
}

#[tokio::test]
async fn without_a_date_it_is_due_today() {
    let app = TestApp::start().await;
    let task = made(&app, json!({ "due_date": null })).await;
    let made_on = &task["created_at"].as_str().expect("an instant")[..10];
    let [day, time, _] = due(&task);
    // London is an hour ahead in summer, and the test may run over midnight.
    assert!(day.as_str().is_some_and(|day| day >= made_on) && time.is_null(), "{task}");
}

#[tokio::test]
async fn a_task_is_about_one_record_of_any_kind_or_none_and_found_by_it() {
    let app = TestApp::start().await;
    assert_eq!(about(&made(&app, json!({})).await), []);
    for (field, value, id) in subjects(&app).await {
        let task = made(&app, json!({ field: value })).await;
        assert_eq!(about(&task), [(field, id.clone())]);
        let listed = app.get(&format!("{TASKS}?limit=1000&{field}[id]={id}")).await.result();
        assert!(listed.iter().any(|other| other["id"] == task["id"]), "{field}");
        assert!(listed.iter().all(|other| about(other) == [(field, id.clone())]), "{field}");
    }
}

#[tokio::test]
async fn a_task_about_two_records_is_refused_before_the_vendor_is_asked() {
    let app = TestApp::start().await;
    let subjects = subjects(&app).await;
    let task = made(&app, json!({})).await;
    app.sandbox().recorder().clear();
    for (index, (first, one, _)) in subjects.iter().enumerate() {
        for (second, other, _) in &subjects[index + 1..] {
            let mut body = json!({ "subject": "x", "due_date": "2027-01-15T09:30:00Z" });
            body[*first] = one.clone();
            body[*second] = other.clone();
            let named: Vec<&str> = ["account", "contact", "opportunity", "project"]
                .into_iter()
                .filter(|name| name == first || name == second)
                .collect();
            app.post(TASKS, &body).await.refused_fields(&named);
            app.patch(&of(&task), &body).await.refused_fields(&named);
        }
    }
    let people = json!({ "subject": "x", "contact": [{ "id": "1" }, { "id": "2" }] });
    app.post(TASKS, &people).await.refused_fields(&["contact"]);
    assert!(app.vendor_calls().is_empty(), "{:?}", app.vendor_calls());
}

#[tokio::test]
async fn what_a_task_is_about_changes_by_taking_the_old_away() {
    let app = TestApp::start().await;
    let subjects = subjects(&app).await;
    let task = made(&app, json!({})).await;
    let mut held: Option<&str> = None;
    for (field, value, id) in subjects.iter().chain(&subjects[..1]) {
        let mut body = json!({ *field: value });
        if let Some(held) = held {
            app.patch(&of(&task), &body).await.refused_fields(&[field]);
            body[held] = Value::Null;
        }
        assert_eq!(about(&changed(&app, &task, body).await), [(*field, id.clone())]);
        held = Some(*field);
    }
    assert_eq!(about(&changed(&app, &task, json!({ "contact": [] })).await), []);
}

#[tokio::test]
async fn a_reference_without_an_id_is_refused() {
    let app = TestApp::start().await;
    for (field, value, named) in [
        ("type", json!({ "name": "Call" }), "type.id"),
        ("owner", json!({ "name": "Jonas" }), "owner.id"),
        ("account", json!({}), "account.id"),
        ("contact", json!([{ "name": "Ada" }]), "contact"),
        ("opportunity", json!([{}]), "opportunity"),
        ("project", json!({ "name": "Bar" }), "project.id"),
        ("subject", json!(" "), "subject"),
    ] {
        let mut body = json!({ "subject": "x", "due_date": "2027-01-15" });
        body[field] = value;
        app.post(TASKS, &body).await.refused_fields(&[named]);
    }
    assert!(app.vendor_calls().is_empty(), "{:?}", app.vendor_calls());
}

#[tokio::test]
async fn what_a_task_always_has_can_not_be_taken_away() {
    let app = TestApp::start().await;
    let task = made(&app, json!({})).await;
    for field in ["subject", "owner", "due_date", "status"] {
        app.patch(&of(&task), &json!({ field: null })).await.refused_fields(&[field]);
    }
}

const BARE: &str = r#"{"id": 81, "description": "Ring", "status": "OPEN", "owner": {"id": 4, "name": "Olu"}, "dueOn": "2024-07-01",
    "dueTime": "09:30:00", "party": null, "opportunity": null, "kase": null, "completedAt": null}"#;

/// A Capsule that has one task and doesn't let its users be seen.
async fn without_users() -> (TestApp, ScriptedVendor) {
    let vendor = ScriptedVendor::start(|asked| match (asked.path.as_str(), &asked.method) {
        (path, _) if path.contains("/users") => Answer::json(r#"{"message":"No"}"#).status(404),
        (path, &Method::GET) if path.ends_with("/tasks") => Answer::json(format!(r#"{{"tasks":[{BARE}]}}"#)),
        _ => Answer::json(format!(r#"{{"task":{BARE}}}"#)),
    })
    .await;
    (TestApp::at(vendor.origin()).await, vendor)
}

#[tokio::test]
async fn a_time_of_day_in_a_zone_that_is_not_known_is_taken_for_utc_and_not_written() {
    let (app, vendor) = without_users().await;
    let listed = app.get(TASKS).await.result();
    assert_eq!(listed[0]["due_date"], "2024-07-01T09:30:00.000Z");
    let one = format!("{TASKS}/81");
    let same = json!({ "due_date": "2024-07-01T09:30:00.000Z" });
    assert_eq!(app.patch(&one, &same).await.ok()["due_date"], same["due_date"]);
    let other = json!({ "subject": "x", "due_date": "2024-07-01T10:00:00Z" });
    app.patch(&one, &other).await.refused_fields(&["due_date"]);
    app.post(TASKS, &other).await.refused_fields(&["due_date"]);
    assert!(vendor.asked().iter().all(|asked| asked.method == Method::GET), "nothing was written");
    app.patch(&one, &json!({ "due_date": "2024-07-02" })).await.ok();
    app.post(TASKS, &json!({ "subject": "x" })).await.ok();
    let sent: Vec<Value> = vendor
        .asked()
        .iter()
        .filter(|asked| asked.method != Method::GET)
        .map(|asked| serde_json::from_slice(&asked.body).expect("JSON"))
        .collect();
    assert_eq!(sent[0], json!({ "task": { "dueOn": "2024-07-02", "dueTime": null } }));
    assert!(sent[1]["task"]["dueOn"].is_string(), "{}", sent[1]);
}
