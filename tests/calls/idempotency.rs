//! The same `Idempotency-Key` gives the same answer and one call at the vendor.

use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use unicrm::sandbox::{CAPSULE_TOKEN, Fault, Kind, Received};

use crate::support::app::{TestApp, eventually, for_account};
use crate::support::client::{Client, Reply};

pub const PARTIES: &str = "/api/v2/parties";

pub fn ada() -> Value {
    json!({ "first_name": "Ada", "last_name": "Lovelace" })
}

/// A call with a key.
pub async fn keyed(client: &Client, method: Method, path: &str, key: &str, body: &Value) -> Reply {
    let request = client.request(method, path).header("idempotency-key", key);
    client.send(request.header("content-type", "application/json").body(body.to_string())).await
}

async fn create(app: &TestApp, key: &str, body: &Value) -> Reply {
    keyed(&app.gateway, Method::POST, &app.path("/unified/crm/contacts"), key, body).await
}

/// The writes that reached the vendor.
pub fn writes(app: &TestApp) -> Vec<Received> {
    app.vendor_calls().into_iter().filter(|call| call.method != Method::GET).collect()
}

#[tokio::test]
async fn a_repeat_gets_the_same_answer_and_the_vendor_sees_one_write() {
    let app = TestApp::start().await;
    let first = create(&app, "k", &ada()).await;
    let again = create(&app, "k", &ada()).await;
    assert_eq!(first.ok(), again.ok());
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), ("", "true"));
    assert_eq!(again.header("content-type"), "application/json");
    assert_eq!(writes(&app).len(), 1);
}

#[tokio::test]
async fn a_repeat_at_another_process_gets_the_same_answer() {
    let app = TestApp::start().await;
    let other = app.another_gateway().await;
    let first = create(&app, "k", &ada()).await;
    let path = app.path("/unified/crm/contacts");
    let again = keyed(&other.client, Method::POST, &path, "k", &ada()).await;
    assert_eq!(first.ok(), again.ok());
    assert_eq!(writes(&app).len(), 1);
}

#[tokio::test]
async fn many_at_once_at_two_processes_are_one_write() {
    let app = TestApp::start().await;
    let other = app.another_gateway().await;
    app.sandbox().faults().add(Fault::new(Kind::Delay(Duration::from_millis(300))).under(PARTIES));
    let path = app.path("/unified/crm/contacts");
    let calls = (0..12).map(|index| {
        let client = if index % 2 == 0 { app.gateway.clone() } else { other.client.clone() };
        let path = path.clone();
        async move { keyed(&client, Method::POST, &path, "k", &ada()).await }
    });
    let answers = futures::future::join_all(calls).await;
    let first = answers[0].ok();
    assert!(answers.iter().all(|answer| answer.ok() == first));
    assert_eq!(answers.iter().filter(|answer| answer.header("idempotent-replayed").is_empty()).count(), 1);
    assert_eq!(writes(&app).len(), 1);
}

#[tokio::test]
async fn a_key_with_another_body_or_query_is_refused() {
    let app = TestApp::start().await;
    create(&app, "k", &ada()).await.ok();
    create(&app, "k", &json!({ "first_name": "Grace" })).await.local_error(422);
    let path = app.path("/unified/crm/contacts?truto_ignore_remote_data=true");
    keyed(&app.gateway, Method::POST, &path, "k", &ada()).await.local_error(422);
    assert_eq!(writes(&app).len(), 1);
}

#[tokio::test]
async fn a_key_stands_for_one_method_path_and_account() {
    let app = TestApp::start().await;
    let contact = create(&app, "k", &ada()).await.ok();
    let organisation = json!({ "name": "Analytical Engines" });
    keyed(&app.gateway, Method::POST, &app.path("/unified/crm/accounts"), "k", &organisation).await.ok();
    let path = format!("/unified/crm/contacts/{}", contact["id"].as_str().unwrap());
    keyed(&app.gateway, Method::PATCH, &app.path(&path), "k", &json!({ "first_name": "A." })).await.ok();
    let second = app.import("capsule", "api_key", json!({ "api_key": CAPSULE_TOKEN })).await.ok();
    let path = for_account("/unified/crm/contacts", second["id"].as_str().unwrap());
    keyed(&app.gateway, Method::POST, &path, "k", &ada()).await.ok();
    assert_eq!(writes(&app).len(), 4);
}

#[tokio::test]
async fn a_key_of_another_environment_is_another_key() {
    let app = TestApp::start().await;
    create(&app, "k", &ada()).await.ok();
    let (_, stranger) = app.another_environment("other").await;
    let path = app.path("/unified/crm/contacts");
    keyed(&stranger, Method::POST, &path, "k", &ada()).await.local_error(404);
    keyed(&app.gateway.with_token(None), Method::POST, &path, "k", &ada()).await.local_error(401);
}

#[tokio::test]
async fn proxy_calls_take_keys_too() {
    let app = TestApp::start().await;
    let body = json!({ "party": { "type": "person", "firstName": "Ada" } });
    let path = app.path("/proxy/parties");
    let first = keyed(&app.gateway, Method::POST, &path, "k", &body).await;
    let again = keyed(&app.gateway, Method::POST, &path, "k", &body).await;
    assert_eq!(first.ok(), again.ok());
    let id = first.json()["party"]["id"].to_string();
    let path = app.path(&format!("/proxy/parties/{id}"));
    let change = json!({ "party": { "firstName": "Augusta" } });
    let first = keyed(&app.gateway, Method::PATCH, &path, "k", &change).await;
    let again = keyed(&app.gateway, Method::PATCH, &path, "k", &change).await;
    assert_eq!(first.ok(), again.ok());
    assert_eq!(writes(&app).len(), 2);
}

#[tokio::test]
async fn a_refusal_of_the_vendor_is_kept() {
    let app = TestApp::start().await;
    let path = app.path("/proxy/parties");
    let wrong = json!({ "party": { "type": "nobody" } });
    let first = keyed(&app.gateway, Method::POST, &path, "k", &wrong).await;
    let again = keyed(&app.gateway, Method::POST, &path, "k", &wrong).await;
    assert!((400..500).contains(&first.status), "{}", first.text());
    assert_eq!((again.status, again.text()), (first.status, first.text()));
    assert_eq!(writes(&app).len(), 1);
}

/// A wait that is left to the caller, and that the gateway keeps to when it is asked again.
pub fn busy() -> Fault {
    Fault::status(StatusCode::TOO_MANY_REQUESTS).header(RETRY_AFTER, HeaderValue::from_static("6"))
}

#[tokio::test]
async fn what_had_no_effect_is_tried_anew() {
    let app = TestApp::start().await;
    app.sandbox().faults().add(busy().on(Method::POST, PARTIES).times(1));
    create(&app, "k", &ada()).await.remote_error(429);
    create(&app, "k", &ada()).await.ok();
    create(&app, "other", &json!({ "firstname": "Ada" })).await.local_error(400);
    create(&app, "other", &ada()).await.ok();
    assert_eq!(writes(&app).len(), 3);
}

#[tokio::test]
async fn a_write_that_may_have_happened_is_not_made_again() {
    let app = TestApp::start().await;
    app.sandbox().faults().add(Fault::new(Kind::HangUp).on(Method::POST, PARTIES).times(1).after_acting());
    let first = create(&app, "k", &ada()).await;
    first.remote_error(502);
    let again = create(&app, "k", &ada()).await;
    assert_eq!((again.status, again.text()), (first.status, first.text()));
    assert_eq!(writes(&app).len(), 1);
}

#[tokio::test]
async fn an_answer_that_can_t_be_mapped_after_a_write_is_kept() {
    let app = TestApp::start().await;
    app.sandbox().faults().add(Fault::new(Kind::WrongShape(json!({ "party": 1 }))).on(Method::POST, PARTIES));
    let first = create(&app, "k", &ada()).await;
    assert!(first.status >= 500, "{}", first.text());
    app.sandbox().faults().clear();
    let again = create(&app, "k", &ada()).await;
    assert_eq!((again.status, again.text()), (first.status, first.text()));
    assert_eq!(writes(&app).len(), 1);
}

#[tokio::test]
async fn a_caller_who_hangs_up_finds_the_answer_later() {
    let app = TestApp::start().await;
    app.sandbox().faults().add(Fault::new(Kind::Delay(Duration::from_millis(500))).under(PARTIES).times(1));
    let request = app.gateway.request(Method::POST, &app.path("/unified/crm/contacts"));
    let request = request.header("idempotency-key", "k").body(ada().to_string());
    let hung_up = request.timeout(Duration::from_millis(150)).send().await;
    assert!(hung_up.is_err_and(|error| error.is_timeout()));
    let found = create(&app, "k", &ada()).await;
    assert_eq!(found.ok()["first_name"], "Ada");
    assert_eq!(found.header("idempotent-replayed"), "true");
    assert_eq!(writes(&app).len(), 1);
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let app = TestApp::start().await;
    let first = create(&app, "k", &ada()).await.ok();
    app.clock.advance(Duration::from_secs(24 * 60 * 60 - 60));
    assert_eq!(create(&app, "k", &ada()).await.ok(), first);
    app.clock.advance(Duration::from_secs(120));
    assert_ne!(create(&app, "k", &ada()).await.ok()["id"], first["id"]);
    assert_eq!(writes(&app).len(), 2);
}

#[tokio::test]
async fn expired_keys_are_deleted() {
    let app = TestApp::start().await;
    create(&app, "k", &ada()).await.ok();
    app.clock.advance(Duration::from_secs(25 * 60 * 60));
    let _other = app.another_gateway().await; // a gateway looks for what has expired as it starts
    let mut connection = app.database.connect().await;
    eventually("the key is deleted", async || {
        let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM idempotency_key");
        count.fetch_one(&mut connection).await.expect("a count") == 0
    })
    .await;
}

#[tokio::test]
async fn what_is_kept_is_encrypted_and_the_key_is_not_kept() {
    let app = TestApp::start().await;
    create(&app, "a-key-of-the-caller", &ada()).await.ok();
    let mut connection = app.database.connect().await;
    let row: String = sqlx::query_scalar(
        "SELECT encode(sealed, 'escape') || encode(scope, 'escape') || encode(fingerprint, 'escape') \
         FROM idempotency_key",
    )
    .fetch_one(&mut connection)
    .await
    .expect("the row");
    assert!(!row.contains("Lovelace") && !row.contains("a-key-of-the-caller"));
}

#[tokio::test]
async fn a_repeat_is_never_a_second_write_although_the_master_keys_have_changed() {
    let app = TestApp::start().await;
    create(&app, "k", &ada()).await.ok();
    let mut connection = app.database.connect().await;
    sqlx::query("UPDATE idempotency_key SET key_id = 'gone'")
        .execute(&mut connection)
        .await
        .expect("an update");
    let lost = create(&app, "k", &ada()).await.local_error(500);
    assert!(lost["message"].as_str().unwrap().contains("was carried out"), "{lost}");
    assert_eq!(writes(&app).len(), 1);
}

#[tokio::test]
async fn reads_take_no_notice_of_a_key() {
    let app = TestApp::start().await;
    let path = app.path("/unified/crm/contacts?limit=1");
    for _ in 0..2 {
        let answer =
            app.gateway.send(app.gateway.request(Method::GET, &path).header("idempotency-key", "k")).await;
        answer.ok();
    }
    assert_eq!(app.vendor_calls().len(), 2);
}

#[tokio::test]
async fn a_key_that_can_t_be_one_is_refused() {
    let app = TestApp::start().await;
    for key in [String::new(), "k".repeat(256)] {
        create(&app, &key, &ada()).await.refused_fields(&["idempotency-key"]);
    }
    let request = app.gateway.request(Method::POST, &app.path("/unified/crm/contacts"));
    let request = request.header("idempotency-key", "a").header("idempotency-key", "b");
    app.gateway.send(request.body(ada().to_string())).await.refused_fields(&["idempotency-key"]);
    assert!(app.vendor_calls().is_empty());
}
