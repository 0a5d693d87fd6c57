//! What a request costs in calls of Capsule's API.

use serde_json::{Value, json};

use crate::support::app::TestApp;

/// The paths that were asked for since the last time, in order.
fn asked(app: &TestApp) -> Vec<String> {
    let calls = app.vendor_calls().iter().map(|call| format!("{} {}", call.method, call.path)).collect();
    app.sandbox().recorder().clear();
    calls
}

#[tokio::test]
async fn a_page_costs_one_call_once_reference_data_is_known() {
    let app = TestApp::start().await;
    for (path, call) in [
        ("/unified/crm/contacts?limit=20", "POST /api/v2/parties/filters/results"),
        ("/unified/crm/accounts?limit=20", "POST /api/v2/parties/filters/results"),
        ("/unified/crm/opportunities?limit=20", "POST /api/v2/opportunities/filters/results"),
        ("/unified/crm/projects?limit=20", "POST /api/v2/kases/filters/results"),
        ("/unified/crm/tasks?limit=20", "GET /api/v2/tasks"),
        ("/unified/crm/users", "GET /api/v2/users"),
        ("/unified/user-directory/users", "GET /api/v2/users"),
        ("/unified/crm/notes?limit=5", "GET /api/v2/entries"),
        ("/unified/crm/fields?entity=contact", "GET /api/v2/parties/fields/definitions"),
        ("/unified/crm/stages?limit=2", "GET /api/v2/stages"),
    ] {
        app.get(path).await.ok();
        asked(&app);
        app.get(path).await.ok();
        assert_eq!(asked(&app), [call], "{path}");
    }
}

#[tokio::test]
async fn requests_at_the_same_time_load_reference_data_once() {
    let app = TestApp::start().await;
    let lists = (0..6).map(|_| app.get("/unified/crm/stages"));
    futures::future::join_all(lists).await.into_iter().for_each(|reply| drop(reply.ok()));
    let loads = asked(&app).iter().filter(|call| *call == "GET /api/v2/pipelines").count();
    assert_eq!(loads, 1);
}

#[tokio::test]
async fn what_is_written_is_seen_at_once() {
    let app = TestApp::start().await;
    let fields = "/unified/crm/fields?entity=opportunity";
    let body = json!({ "label": "Kilos", "type": "number" });
    let opportunity = app.get("/unified/crm/opportunities?limit=1").await.result()[0].clone();
    let field = app.post(fields, &body).await.ok();
    let name = field["name"].as_str().expect("a name");
    let path = format!("/unified/crm/opportunities/{}", opportunity["id"].as_str().expect("an id"));
    let changed = app.patch(&path, &json!({ "custom_fields": { name: 12.5 } })).await.ok();
    assert_eq!(changed["custom_fields"][name], json!(12.5), "a number, as the new field is one");
}

#[tokio::test]
async fn many_choices_are_a_list_both_ways() {
    let app = TestApp::start().await;
    let listed = app.get("/unified/crm/fields?entity=contact&type=array&is_user_defined=true").await.result();
    let name = listed[0]["name"].as_str().expect("a name");
    let options: Vec<&Value> = listed[0]["options"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|option| &option["value"])
        .take(2)
        .collect();
    let body = json!({ "first_name": "Ada", "custom_fields": { name: options } });
    let made = app.post("/unified/crm/contacts", &body).await.ok();
    assert_eq!(made["custom_fields"][name], json!(options));
}
