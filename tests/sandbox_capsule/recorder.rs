//! What a test can read of the requests that reached the vendor.

use http::Method;
use serde_json::json;
use unicrm::sandbox::{CAPSULE_READONLY_TOKEN, CAPSULE_TOKEN, Fault, Kind};

use crate::harness::Crm;

#[tokio::test]
async fn requests_are_kept_as_they_arrived_even_those_that_fail() {
    let crm = Crm::start().await;
    crm.sandbox.faults().add(Fault::new(Kind::HangUp).times(1));
    let body = r#"{"party": {"type":"person"}}"#;
    let path = "/api/v2/parties?embed=tags%2Cfields&x=";
    let lost = crm.send(Method::POST, path, Some(CAPSULE_TOKEN), body).await;
    assert!(lost.is_err());

    let requests = crm.sandbox.recorder().take();
    let [request] = &requests[..] else {
        panic!("{requests:?}");
    };
    assert_eq!(request.method, Method::POST);
    assert_eq!(request.path, "/api/v2/parties");
    assert_eq!(request.query.as_deref(), Some("embed=tags%2Cfields&x="));
    assert_eq!(request.query_value("embed").as_deref(), Some("tags,fields"));
    assert_eq!(request.query_value("y"), None);
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.body, body);
    assert_eq!(request.json(), Some(json!({ "party": { "type": "person" } })));
    assert!(crm.sandbox.recorder().requests().is_empty());
}

#[tokio::test]
async fn a_token_is_recognised_but_not_kept() {
    let crm = Crm::start().await;
    crm.get("/site").await;
    let reply = crm.send(Method::GET, "/api/v2/site", None, "").await;
    assert!(reply.is_ok());
    let requests = crm.sandbox.recorder().requests();
    let (with, without) = (&requests[0], &requests[1]);
    assert!(with.is_authorized() && with.bears(CAPSULE_TOKEN));
    assert!(!with.bears(CAPSULE_READONLY_TOKEN));
    assert_eq!(with.scheme(), Some("bearer"));
    assert_eq!(with.header("authorization"), None);
    assert!(!without.is_authorized() && !without.bears(""));
    assert!(!format!("{requests:?}").contains(CAPSULE_TOKEN));
}

#[tokio::test]
async fn the_sandboxs_own_pages_are_not_the_vendors() {
    let crm = Crm::start().await;
    let reply = crm.send(Method::DELETE, "/_sandbox/faults", None, "").await;
    assert_eq!(reply.expect("an answer").status, 204);
    assert!(crm.sandbox.recorder().requests().is_empty());
    crm.get("/site").await;
    crm.sandbox.recorder().clear();
    assert!(crm.sandbox.recorder().requests().is_empty());
}
