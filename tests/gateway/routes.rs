//! What is true of every route: ids, methods, spelling of paths, and that nothing makes it fall over.

use http::Method;
use serde_json::json;

use crate::support::app::{AccountSetup, Setup, TOKEN, TestApp};
use crate::support::raw;

async fn bare() -> TestApp {
    TestApp::with(Setup::default().account(AccountSetup::None)).await
}

#[tokio::test]
async fn a_request_id_is_taken_over_or_made() {
    let app = bare().await;
    let sent = |id: &str| app.gateway.request(Method::GET, "/ping").header("x-request-id", id);
    let reply = app.gateway.send(sent("caller-1234")).await;
    assert_eq!(reply.header("x-request-id"), "caller-1234");
    let made = app.gateway.get("/ping").await.header("x-request-id").to_owned();
    let other = app.gateway.get("/no-such-route").await.header("x-request-id").to_owned();
    assert_eq!((made.len(), other.len()), (36, 36));
    assert_ne!(made, other);
    for refused in ["", "with space", &"x".repeat(129)] {
        let reply = app.gateway.send(sent(refused)).await;
        assert_eq!(reply.header("x-request-id").len(), 36, "{refused:?}");
    }
}

#[tokio::test]
async fn ping_needs_no_token() {
    let app = bare().await;
    assert_eq!(app.gateway.with_token(None).get("/ping").await.ok(), json!({ "ping": "pong" }));
}

#[tokio::test]
async fn an_unknown_route_is_a_404_in_the_contracts_envelope() {
    let app = bare().await;
    for path in
        ["/", "/unified", "/unified/crm", "/nothing", "/unified/crm/contacts/1/2", "/integrated-account/1/x"]
    {
        app.gateway.get(path).await.local_error(404);
    }
}

#[tokio::test]
async fn a_method_that_a_route_does_not_have_is_a_405_in_the_contracts_envelope() {
    let app = bare().await;
    for (method, path) in [
        (Method::POST, "/ping"),
        (Method::DELETE, "/environment"),
        (Method::PUT, "/integrated-account"),
        (Method::POST, "/integrated-account/00000000-0000-0000-0000-000000000000"),
        (Method::GET, "/integrated-account/00000000-0000-0000-0000-000000000000/credentials"),
        (Method::DELETE, "/api-token"),
        (Method::PUT, "/unified/crm/contacts/1"),
    ] {
        let reply = app.gateway.send(app.gateway.request(method.clone(), path)).await;
        reply.local_error(405);
    }
}

#[tokio::test]
async fn a_write_without_an_id_says_where_the_id_belongs() {
    let app = TestApp::start().await;
    for path in ["/unified/crm/contacts", "/proxy/parties"] {
        for reply in [app.patch(path, &json!({})).await, app.delete(path).await] {
            let body = reply.local_error(405);
            assert!(body["message"].as_str().is_some_and(|text| text.contains("{id}")), "{body}");
        }
    }
}

#[tokio::test]
async fn an_unknown_model_or_resource_is_a_404_with_the_nearest() {
    let app = TestApp::start().await;
    for (path, near) in [
        ("/unified/crn/contacts", "/unified/crm"),
        ("/unified/crm/contact", "/unified/crm/contacts"),
        ("/unified/crm/acounts", "/unified/crm/accounts"),
    ] {
        let body = app.get(path).await.local_error(404);
        assert!(body["message"].as_str().is_some_and(|text| text.contains(near)), "{body}");
    }
    app.post("/unified/crm/contacts/frobnicate", &json!({})).await.local_error(404);
}

#[tokio::test]
async fn slashes_that_are_doubled_and_question_marks_without_a_query_change_nothing() {
    let app = TestApp::start().await;
    let wanted = app.get("/unified/crm/contacts?limit=1").await.result();
    for path in ["//unified/crm/contacts", "/unified//crm///contacts"] {
        assert_eq!(app.get(&format!("{path}?limit=1")).await.result(), wanted, "{path}");
    }
    app.gateway.get("/integrated-account?").await.ok();
    app.gateway.get("//integrated-account?&&").await.ok();
}

#[tokio::test]
async fn json_is_understood_whatever_it_is_labelled() {
    let app = TestApp::start().await;
    let path = app.path("/unified/crm/contacts");
    for label in ["text/plain;charset=UTF-8", "application/octet-stream", "nonsense"] {
        let request = app.gateway.request(Method::POST, &path).header("content-type", label);
        app.gateway.send(request.body(r#"{"first_name":"Ada"}"#)).await.ok();
    }
    app.gateway.send(app.gateway.request(Method::POST, &path).body(r#"{"first_name":"Ada"}"#)).await.ok();
}

#[tokio::test]
async fn brackets_may_be_percent_encoded_and_plus_is_a_space() {
    let app = TestApp::start().await;
    let email =
        app.get("/unified/crm/contacts?limit=1").await.result()[0]["email_addresses"][0]["email"].clone();
    let email = email.as_str().expect("an address").replace('@', "%40");
    for name in ["email_addresses[email]", "email_addresses%5Bemail%5D", "email_addresses%5bemail%5d"] {
        assert_eq!(
            app.get(&format!("/unified/crm/contacts?{name}={email}")).await.result().len(),
            1,
            "{name}"
        );
    }
    let spaced = app.get("/unified/crm/contacts?name=von+Ahlefeldt").await.result();
    assert_eq!(spaced.len(), 1);
}

#[tokio::test]
async fn a_query_that_can_not_be_read_is_a_400() {
    let app = TestApp::start().await;
    for query in
        ["name[a]=1&name=2", "a[b][c][d][e][f][g][h][i][j][k]=1", "name=%ff", "=1", "[]=1", "limit[=1"]
    {
        let reply = app.get(&format!("/unified/crm/contacts?{query}")).await;
        assert!(reply.status == 400, "{query}: {}", reply.text());
        reply.local_error(400);
    }
    assert!(app.vendor_calls().is_empty());
}

/// A sequence that is the same in every run: xorshift.
struct Bytes(u64);

impl Bytes {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A request target that may hold anything but what ends it.
    fn target(&mut self) -> Vec<u8> {
        const STARTS: [&str; 7] = [
            "/unified/crm/contacts/",
            "/unified/crm/contacts?",
            "/proxy/parties/",
            "/proxy/parties?",
            "/integrated-account/",
            "/integrated-account?",
            "/",
        ];
        let start = STARTS[self.next() as usize % STARTS.len()];
        let mut target = start.as_bytes().to_vec();
        for _ in 0..self.next() % 60 {
            match self.next() % 4 {
                0 => target.extend(format!("%{:02x}", self.next() as u8).bytes()),
                1 => target.push(b"[]=&?%#/.;:@+"[self.next() as usize % 13]),
                2 => target.push(b'!' + (self.next() % 94) as u8),
                _ => target.push(0x80 | self.next() as u8),
            }
        }
        target
    }
}

#[tokio::test]
async fn no_path_and_no_query_makes_it_fall_over() {
    let app = TestApp::start().await;
    let mut bytes = Bytes(0x9e37_79b9_7f4a_7c15);
    for _ in 0..2000 {
        let mut target = bytes.target();
        if bytes.next().is_multiple_of(2) {
            let separator = if target.contains(&b'?') { "&" } else { "?" };
            target.extend(format!("{separator}integrated_account_id={}", app.account).bytes());
        }
        let shown = String::from_utf8_lossy(&target).into_owned();
        let reply = raw::send(app.gateway.origin(), &raw::get(&target, TOKEN)).await;
        let reply = reply.unwrap_or_else(|| panic!("no answer to {shown:?}"));
        assert!(reply.status < 500, "{} to {shown:?}: {}", reply.status, reply.text());
        // What isn't HTTP is turned away before it is a request.
        if reply.status >= 400 && !reply.body.is_empty() {
            reply.error(reply.status);
        }
    }
    app.gateway.get("/ping").await.ok();
}
