//! `/custom/{path}`: any path of the vendor's, and none beyond it.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use unicrm::sandbox::{CAPSULE_TOKEN, Fault};

use crate::account_tokens::owner;
use crate::idempotency::{PARTIES, keyed, writes};
use crate::support::app::{TOKEN, TestApp};
use crate::support::client::Reply;
use crate::support::vendor::{Answer, Asked, ScriptedVendor};

/// A vendor that answers everything the same way, and an account there.
async fn vendor(answer: Answer) -> (ScriptedVendor, TestApp) {
    let vendor = ScriptedVendor::saying(answer).await;
    let app = TestApp::at(vendor.origin()).await;
    (vendor, app)
}

fn only(vendor: &ScriptedVendor) -> Asked {
    let asked = vendor.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    asked[0].clone()
}

async fn write(
    app: &TestApp,
    method: Method,
    path: &str,
    label: &str,
    body: impl Into<reqwest::Body>,
) -> Reply {
    let request = app.gateway.request(method, &app.path(path)).header("content-type", label);
    app.gateway.send(request.body(body)).await
}

#[tokio::test]
async fn the_vendor_s_json_is_wrapped() {
    let app = TestApp::start().await;
    let answer = app.get("/custom/parties?perPage=1").await.ok();
    assert_eq!(answer["result"]["parties"].as_array().map(Vec::len), Some(1));
    assert_eq!((&answer["next_cursor"], &answer["prev_cursor"]), (&Value::Null, &Value::Null));
    let call = &app.vendor_calls()[0];
    assert_eq!((call.path.as_str(), call.query.as_deref()), (PARTIES, Some("perPage=1")));
    assert!(call.bears(CAPSULE_TOKEN));
}

#[tokio::test]
async fn path_and_query_go_through_as_they_are_without_the_account() {
    let (vendor, app) = vendor(Answer::json("{}")).await;
    let path = "/custom/a%20b/s%C3%B8ren?b=2&a=1&a=3&x%5B%5D=%26&flag";
    app.get(path).await.ok();
    let asked = only(&vendor);
    assert_eq!(asked.path, "/api/v2/a%20b/s%C3%B8ren");
    assert_eq!(asked.query, "b=2&a=1&a=3&x%5B%5D=%26&flag");
}

#[tokio::test]
async fn numbers_keep_their_digits() {
    let body = r#"{"id":123456789012345678901234567890,"x":1.10}"#;
    let (_vendor, app) = vendor(Answer::json(body)).await;
    let text = app.get("/custom/x").await.text();
    assert!(text.contains(body), "{text}");
}

#[tokio::test]
async fn what_is_no_json_passes_through() {
    let bytes: &[u8] = &[0, 159, 146, 150, b'\n'];
    let answer =
        Answer { status: 200, headers: vec![("content-type", "image/x".to_owned())], body: bytes.into() };
    let (_vendor, app) = vendor(answer.header("content-disposition", "attachment; filename=a.x")).await;
    let passed = app.get("/custom/files/1").await;
    passed.assert_status(200);
    assert_eq!(&passed.body[..], bytes);
    assert_eq!(passed.header("content-type"), "image/x");
    assert_eq!(passed.header("content-disposition"), "attachment; filename=a.x");
}

#[tokio::test]
async fn an_answer_without_a_body_has_no_result() {
    let (_vendor, app) = vendor(Answer { status: 204, headers: Vec::new(), body: "".into() }).await;
    let answer = app.delete("/custom/things/1").await.ok();
    assert_eq!(answer, json!({ "result": null, "next_cursor": null, "prev_cursor": null }));
}

#[tokio::test]
async fn bodies_go_through_whatever_they_are() {
    for (label, body, arrives_as) in [
        ("application/json", r#"{"b":1.0,"a":2}"#, "application/json"),
        ("text/plain;charset=UTF-8", r#"{"b":1.0,"a":2}"#, "application/json"),
        ("text/plain", "just text", "text/plain"),
        ("application/xml", "<a/>", "application/xml"),
    ] {
        let (vendor, app) = vendor(Answer::json("{}")).await;
        write(&app, Method::PUT, "/custom/things", label, body).await.ok();
        let asked = only(&vendor);
        assert_eq!((asked.method, asked.body), (Method::PUT, body.into()));
        assert_eq!(asked.headers["content-type"], arrives_as);
    }
}

#[tokio::test]
async fn a_method_configuration_describes_the_call() {
    let (vendor, app) = vendor(Answer::json(r#"{"data":{"item":{"id":7}}}"#)).await;
    let body = json!({
        "methodConfig": {
            "method": "put",
            "path": "/things/{{body.id}}",
            "query": { "q": "{{query.q}}", "tags": ["a", "b"] },
            "query_array_format": "brackets",
            "headers": { "x-note": "for {{query.q}}", "accept": null },
            "body": { "thing": { "$truto_merge": "{{body.item:json}}", "kind": "x" } },
            "response_path": "data.item",
        },
        "id": "a b/c",
        "item": { "n": 1 },
    });
    let refused = app.post("/custom/ignored?q=1", &body).await;
    refused.refused_fields(&["methodConfig.path"]);
    let mut body = body;
    body["id"] = json!("a b");
    let answer = app.post("/custom/ignored?q=1", &body).await.ok();
    assert_eq!(answer["result"], json!({ "id": 7 }));
    let asked = only(&vendor);
    assert_eq!((asked.method, asked.path.as_str()), (Method::PUT, "/api/v2/things/a%20b"));
    assert_eq!(asked.query, "q=1&tags%5B%5D=a&tags%5B%5D=b&q=1");
    assert_eq!(asked.headers["x-note"], "for 1");
    let sent: Value = serde_json::from_slice(&asked.body).unwrap();
    assert_eq!(sent, json!({ "thing": { "kind": "x", "n": 1 } }));
}

#[tokio::test]
async fn a_method_configuration_does_not_reach_the_vendor() {
    let (vendor, app) = vendor(Answer::json("{}")).await;
    let body = json!({ "methodConfig": { "description": "x" }, "b": 1.50, "a": 2 });
    app.post("/custom/things", &body).await.ok();
    assert_eq!(only(&vendor).body, r#"{"b":1.5,"a":2}"#);
    let alone = json!({ "methodConfig": {} });
    app.post("/custom/things", &alone).await.ok();
    assert!(vendor.asked()[1].body.is_empty());
    let path = "/custom/things?truto_body_passthrough=true";
    app.post(path, &alone).await.ok();
    assert_eq!(vendor.asked()[2].body, r#"{"methodConfig":{}}"#);
    assert_eq!(vendor.asked()[2].query, "");
}

#[tokio::test]
async fn a_method_configuration_that_can_t_be_honoured_is_refused() {
    let (vendor, app) = vendor(Answer::json("{}")).await;
    for (config, field) in [
        (json!({ "pth": "/x" }), "methodConfig.pth"),
        (json!({ "base_url": "https://evil.example" }), "methodConfig.base_url"),
        (json!({ "path": "https://evil.example/x" }), "methodConfig.path"),
        (json!({ "path": "/a/../../x" }), "methodConfig.path"),
        (json!({ "path": "/a/{{query.nothing}}" }), "methodConfig.path"),
        (json!({ "headers": { "authorization": "Bearer mine" } }), "methodConfig.headers.authorization"),
        (json!({ "error_expression": "$nothing(" }), "methodConfig.error_expression"),
    ] {
        app.post("/custom/things", &json!({ "methodConfig": config })).await.refused_fields(&[field]);
    }
    assert!(vendor.asked().iter().all(|asked| asked.path == "/api/v2/things"));
}

#[tokio::test]
async fn a_success_can_be_an_error() {
    let (_vendor, app) = vendor(Answer::json(r#"{"ok":false,"why":"no such thing"}"#)).await;
    let expression = "data.ok = false and status = 200 ? {'message': response.why, 'status': 422}";
    let body = json!({ "methodConfig": { "error_expression": expression } });
    let error = app.post("/custom/things", &body).await.remote_error(422);
    assert_eq!(error["message"], "Capsule refused the request: no such thing");
    let body = json!({ "methodConfig": { "error_expression": "data.ok = true" } });
    app.post("/custom/things", &body).await.ok();
}

/// Sends a request line that no client library would let through.
async fn raw(app: &TestApp, path: &str) -> u16 {
    let address = app.gateway.origin().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).await.expect("a connection");
    let request = format!(
        "GET {path}?integrated_account_id={} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {TOKEN}\r\n\
         connection: close\r\n\r\n",
        app.account
    );
    stream.write_all(request.as_bytes()).await.expect("the request sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

#[tokio::test]
async fn no_path_leads_out_of_the_vendor_s_api() {
    let (vendor, app) = vendor(Answer::json("{}")).await;
    for path in [
        "/custom/../oauth/token",
        "/custom/%2e%2e/%2e%2e/oauth/token",
        "/custom/.%2E/x",
        "/custom/a/%252e%252e/b",
        "/custom/a%2F..%2F..%2Fb",
        "/custom/a%5C..%5Cb",
        "/custom/..;/b",
        "/custom/https://evil.example/x",
        "/custom/https:%2F%2Fevil.example/x",
        "/custom///evil.example/../x",
        "/custom/a%00b",
        "/custom/a%0d%0aHost:%20evil.example",
    ] {
        assert_eq!(raw(&app, path).await, 400, "{path}");
    }
    assert!(vendor.asked().is_empty());
    // What looks like another host is a name below the vendor's own.
    assert_eq!(raw(&app, "/custom/user:secret@evil.example/x").await, 200);
    assert_eq!(only(&vendor).path, "/api/v2/user:secret@evil.example/x");
}

#[tokio::test]
async fn reads_are_tried_again_and_writes_are_not() {
    let app = TestApp::start().await;
    let outage = || Fault::status(StatusCode::BAD_GATEWAY).under(PARTIES).times(1);
    app.sandbox().faults().add(outage());
    app.get("/custom/parties").await.ok();
    assert_eq!(app.vendor_calls().len(), 2);
    app.sandbox().faults().add(outage());
    app.post("/custom/parties", &json!({ "party": {} })).await.remote_error(502);
    assert_eq!(writes(&app).len(), 1);
}

#[tokio::test]
async fn a_refusal_of_the_vendor_s_is_an_error_of_the_vendor_s() {
    let app = TestApp::start().await;
    let answer = app.get("/custom/parties/1").await.remote_error(404);
    assert!(answer["raw_response"].is_object(), "{answer}");
}

#[tokio::test]
async fn custom_calls_take_idempotency_keys() {
    let app = TestApp::start().await;
    let body = json!({ "party": { "type": "person", "firstName": "Ada" } });
    let path = app.path("/custom/parties");
    let first = keyed(&app.gateway, Method::POST, &path, "k", &body).await;
    let again = keyed(&app.gateway, Method::POST, &path, "k", &body).await;
    assert_eq!(first.ok(), again.ok());
    assert_eq!(writes(&app).len(), 1);
}

#[tokio::test]
async fn an_owner_may_call_and_nobody_may_write_to_a_sandbox_account() {
    let app = TestApp::start().await;
    let owner = owner(&app).await;
    owner.get("/custom/users").await.ok();
    app.gateway.post("/sandbox-integrated-account", &json!({ "id": app.account })).await.ok();
    owner.get("/custom/users").await.ok();
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        owner.write(method, "/custom/parties/1", "{}").await.local_error(405);
    }
    // A read that describes itself as a write is one.
    let body = json!({ "methodConfig": { "method": "delete", "path": "/parties/1" } });
    owner.write(Method::GET, "/custom/users", body.to_string()).await.local_error(405);
    assert!(writes(&app).is_empty());
}

#[tokio::test]
async fn methods_that_no_vendor_has_are_refused() {
    let app = TestApp::start().await;
    app.gateway.write(Method::OPTIONS, &app.path("/custom/parties"), "").await.local_error(405);
    let head = app.gateway.request(Method::HEAD, &app.path("/custom/parties"));
    app.gateway.send(head).await.assert_status(200);
    assert_eq!(app.vendor_calls()[0].method, Method::HEAD);
}

#[tokio::test]
async fn a_key_that_would_have_no_effect_is_refused() {
    let app = TestApp::start().await;
    let body = json!({ "methodConfig": { "method": "post", "path": "/parties" } });
    let path = app.path("/custom/parties");
    keyed(&app.gateway, Method::GET, &path, "k", &body).await.refused_fields(&["idempotency-key"]);
    let body = json!({ "methodConfig": { "response_path": "parties" } });
    assert!(keyed(&app.gateway, Method::GET, &path, "k", &body).await.ok()["result"].is_array());
    assert!(writes(&app).is_empty());
}

#[tokio::test]
async fn a_method_configuration_that_can_t_be_read_is_refused() {
    let (vendor, app) = vendor(Answer::json("{}")).await;
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for config in ["1e999", r#"{"body":1e999}"#, &format!(r#"{{"body":{deep}}}"#)] {
        let body = format!(r#"{{"methodConfig":{config}}}"#);
        write(&app, Method::POST, "/custom/things", "application/json", body)
            .await
            .refused_fields(&["methodConfig"]);
    }
    assert!(vendor.asked().is_empty());
}

#[tokio::test]
async fn no_placeholder_reads_the_credential() {
    let (vendor, app) = vendor(Answer::json("{}")).await;
    for name in ["context.api_key", "api_key", "credentials.api_key", "context.oauth.token.access_token"] {
        let config = json!({ "headers": { "x-note": format!("{{{{{name}}}}}") } });
        let reply = app.post("/custom/things", &json!({ "methodConfig": config })).await;
        assert!(!reply.text().contains(CAPSULE_TOKEN), "{name}");
    }
    let with_token = |value: &str| value.contains(CAPSULE_TOKEN);
    let notes = vendor.asked().into_iter().filter_map(|asked| {
        asked.headers.get("x-note").and_then(|note| note.to_str().ok()).map(str::to_owned)
    });
    assert!(notes.into_iter().all(|note| !with_token(&note)));
}
