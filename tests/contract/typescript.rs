//! The habits of the client that the format's owner publishes for TypeScript, in a small client of our own: that one
//! can't be told to trust a test's gateway, and what it puts on the wire is what matters here.
//!
//! Its habits: two slashes where the base URL ends in one, arrays with indices, `next_cursor=` for the first page, an
//! agent and an `Accept` with every call, bodies that it has made text of labelled as text, and three attempts at
//! whatever may pass.

use std::time::Instant;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use unicrm::sandbox::Fault;

use crate::support::app::TestApp;
use crate::support::client::{Client, Reply};

/// Statuses after which it tries again.
const PASSING: &[u16] = &[408, 409, 425, 429, 502, 503, 504];

const ATTEMPTS: usize = 3;

struct Sdk<'a> {
    gateway: &'a Client,
    account: &'a str,
}

/// A body, and whether the client has made text of it.
enum Body {
    None,
    Object(Value),
    Text(Value),
}

impl Sdk<'_> {
    fn of(app: &TestApp) -> Sdk<'_> {
        Sdk { gateway: &app.gateway, account: &app.account }
    }

    /// A call with a base URL that ends in a slash: endpoints have one of their own, but for a few.
    async fn call(&self, method: Method, endpoint: &str, query: &str, body: &Body) -> Reply {
        let path = format!("/{endpoint}?integrated_account_id={}{query}", self.account);
        let mut attempt = 1;
        loop {
            let request = self.gateway.request(method.clone(), &path);
            let request =
                request.header("accept", "application/json").header("user-agent", "truto-ts-sdk/2.0.12");
            let request = match body {
                Body::None => request,
                Body::Object(body) => {
                    request.header("content-type", "application/json").body(body.to_string())
                }
                Body::Text(body) => {
                    request.header("content-type", "text/plain;charset=UTF-8").body(body.to_string())
                }
            };
            let reply = self.gateway.send(request).await;
            if attempt == ATTEMPTS || !PASSING.contains(&reply.status) {
                return reply;
            }
            attempt += 1;
        }
    }

    /// Every record of a list, as its cursor goes through them.
    async fn all(&self, endpoint: &str, query: &str) -> Vec<Value> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let query = format!("{query}&next_cursor={cursor}");
            let mut page = self.call(Method::GET, endpoint, &query, &Body::None).await.ok();
            let Value::Array(records) = page["result"].take() else { panic!("no list: {page}") };
            all.extend(records);
            match page["next_cursor"].as_str() {
                None | Some("") => return all,
                Some(next) => cursor = url::form_urlencoded::byte_serialize(next.as_bytes()).collect(),
            }
        }
    }
}

#[tokio::test]
async fn a_list_is_paged_through_with_an_empty_first_cursor() {
    let app = TestApp::start().await;
    let sdk = Sdk::of(&app);
    let whole = sdk.all("/unified/crm/contacts", "&limit=100").await;
    assert!(whole.len() > 100, "{}", whole.len());
    assert_eq!(sdk.all("/unified/crm/contacts", "&limit=33").await, whole);
    assert!(sdk.all("/proxy/parties", "&limit=100").await.len() > whole.len());
}

#[tokio::test]
async fn arrays_have_indices() {
    let app = TestApp::start().await;
    let query = "&limit=100&truto_exclude_fields%5B0%5D=urls&truto_exclude_fields%5B1%5D=tags";
    let found = Sdk::of(&app).all("/unified/crm/contacts", query).await;
    assert!(!found.is_empty());
    for record in found {
        assert_eq!((record.get("urls"), record.get("tags")), (None, None));
    }
}

#[tokio::test]
async fn a_record_is_made_changed_read_and_deleted() {
    let app = TestApp::start().await;
    let sdk = Sdk::of(&app);
    let body = Body::Object(json!({ "first_name": "Grace", "last_name": "Hopper" }));
    let made = sdk.call(Method::POST, "/unified/crm/contacts", "", &body).await.ok();
    let path = format!("/unified/crm/contacts/{}", made["id"].as_str().expect("an id"));
    let body = Body::Object(json!({ "title": "Rear Admiral" }));
    sdk.call(Method::PATCH, &path, "", &body).await.ok();
    let read = sdk.call(Method::GET, &path, "", &Body::None).await.ok();
    assert_eq!((&read["last_name"], &read["title"]), (&json!("Hopper"), &json!("Rear Admiral")));
    sdk.call(Method::DELETE, &path, "", &Body::None).await.assert_status(200);
    sdk.call(Method::GET, &path, "", &Body::None).await.remote_error(404);
}

#[tokio::test]
async fn a_body_that_is_labelled_as_text_reaches_the_vendor_as_json() {
    let app = TestApp::start().await;
    let sdk = Sdk::of(&app);
    let body = Body::Text(json!({ "party": { "type": "person", "firstName": "Ada" } }));
    let made = sdk.call(Method::POST, "custom/parties", "", &body).await.ok();
    assert_eq!(made["result"]["party"]["firstName"], "Ada");
    let sent = app.vendor_calls();
    let sent = sent.iter().rfind(|call| call.method == Method::POST).expect("a call");
    assert_eq!(sent.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn what_may_pass_is_tried_three_times_and_then_read_as_the_error_it_is() {
    let app = TestApp::start().await;
    let sdk = Sdk::of(&app);
    app.sandbox().faults().add(Fault::status(StatusCode::CONFLICT).times(2));
    let body = Body::Object(json!({ "first_name": "Ada" }));
    sdk.call(Method::POST, "/unified/crm/contacts", "", &body).await.ok();
    app.sandbox().faults().add(Fault::status(StatusCode::CONFLICT).times(3));
    let refused = sdk.call(Method::POST, "/unified/crm/contacts", "", &body).await;
    let error = refused.remote_error(409);
    assert!(error["raw_response"].is_object(), "{error}");
}

#[tokio::test]
async fn the_wait_that_a_429_tells_is_a_whole_number() {
    let app = TestApp::start().await;
    let began = Instant::now();
    app.sandbox().faults().add(Fault::status(StatusCode::TOO_MANY_REQUESTS).times(3));
    let body = Body::Object(json!({ "first_name": "Ada" }));
    let refused = Sdk::of(&app).call(Method::POST, "/unified/crm/contacts", "", &body).await;
    refused.remote_error(429);
    refused.header("retry-after").parse::<u64>().expect("whole seconds");
    assert!(began.elapsed().as_secs() < 30);
}

#[tokio::test]
async fn an_integration_is_installed_and_a_method_described() {
    let app = TestApp::start().await;
    let integrations = app.gateway.get("//integration?name=nimble").await.result();
    let body = json!({ "integration_id": integrations[0]["id"], "is_enabled": true });
    let installed = app.gateway.post("//environment-integration", &body).await.ok();
    assert_eq!(
        (&installed["integration_id"], &installed["is_enabled"]),
        (&body["integration_id"], &json!(true))
    );
    let sdk = Sdk::of(&app);
    let described = sdk.call(Method::GET, "/unified/crm/contacts/meta/list", "", &Body::None).await.ok();
    assert_eq!(described["method"], "list");
}
