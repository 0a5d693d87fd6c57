//! Faults that are switched on, through the library and over HTTP.

use std::time::{Duration, Instant};

use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};
use unicrm::sandbox::{CAPSULE_TOKEN, Fault, Kind};

use crate::harness::{Crm, Reply, rows};

const PARTIES: &str = "/api/v2/parties";

async fn list(crm: &Crm) -> Result<Reply, reqwest::Error> {
    crm.send(Method::GET, PARTIES, Some(CAPSULE_TOKEN), "").await
}

async fn listed(crm: &Crm) -> Reply {
    list(crm).await.expect("an answer")
}

async fn total(crm: &Crm) -> Value {
    let reply = crm.get("/parties?embed=meta&perPage=1").await;
    reply.json()["meta"]["totalCount"].clone()
}

#[tokio::test]
async fn a_fault_befalls_its_requests_as_often_as_it_says() {
    let crm = Crm::start().await;
    let fault = Fault::status(StatusCode::SERVICE_UNAVAILABLE);
    crm.sandbox.faults().add(fault.on(Method::GET, PARTIES).times(2));
    assert_eq!(crm.get("/site").await.status, 200);
    assert_eq!(listed(&crm).await.status, 503);
    assert_eq!(crm.get("/parties/search?q=x").await.status, 503);
    assert_eq!(listed(&crm).await.status, 200);
    assert_eq!(crm.sandbox.faults().count(), 0);
}

#[tokio::test]
async fn a_fault_without_a_number_lasts_until_cleared() {
    let crm = Crm::start().await;
    let fault = Fault::status(StatusCode::INTERNAL_SERVER_ERROR);
    crm.sandbox.faults().add(fault.under("/api"));
    for _ in 0..3 {
        assert_eq!(listed(&crm).await.status, 500);
    }
    crm.sandbox.faults().clear();
    assert_eq!(listed(&crm).await.status, 200);
}

#[tokio::test]
async fn a_status_without_a_body_has_the_vendors_own() {
    let crm = Crm::start().await;
    for (status, body) in [
        (401, r#"{"message":"Requires authentication"}"#),
        (403, r#"{"message":"Requires additional scope"}"#),
        (404, r#"{"message":"Could not find resource"}"#),
        (429, r#"{"error":"rate limit reached"}"#),
        (500, r#"{"message":"Internal Server Error"}"#),
        (503, r#"{"message":"Service Unavailable"}"#),
    ] {
        let code = StatusCode::from_u16(status).expect("a status");
        crm.sandbox.faults().add(Fault::status(code).times(1));
        let reply = listed(&crm).await;
        assert_eq!((reply.status, reply.text().as_str()), (status, body));
        let challenged = !reply.header("www-authenticate").is_empty();
        assert_eq!(challenged, status == 401);
        let remaining = if status == 429 { "0" } else { "4000" };
        assert_eq!(reply.header("x-ratelimit-remaining"), remaining);
    }
    crm.sandbox.faults().add(Fault::status(StatusCode::UNPROCESSABLE_ENTITY).times(1));
    listed(&crm).await.assert_invalid("party", "name", "name is required");
}

#[tokio::test]
async fn a_status_takes_a_body_and_headers_of_the_tests_choosing() {
    let crm = Crm::start().await;
    let fault = Fault::status(StatusCode::TOO_MANY_REQUESTS)
        .body(r#"{"error":"slow down"}"#)
        .header(header::RETRY_AFTER, HeaderValue::from_static("7"));
    crm.sandbox.faults().add(fault);
    let reply = listed(&crm).await;
    assert_eq!(reply.status, 429);
    assert_eq!(reply.text(), r#"{"error":"slow down"}"#);
    assert_eq!(reply.header("retry-after"), "7");
}

#[tokio::test]
async fn a_delayed_answer_is_the_genuine_one() {
    let crm = Crm::start().await;
    let delay = Duration::from_millis(120);
    crm.sandbox.faults().add(Fault::new(Kind::Delay(delay)));
    let asked = Instant::now();
    let reply = listed(&crm).await;
    assert!(asked.elapsed() >= delay);
    assert_eq!(rows(&reply.json()["parties"]).len(), 50);
}

#[tokio::test]
async fn a_hanging_request_gets_no_answer_while_others_do() {
    let crm = Crm::start().await;
    crm.sandbox.faults().add(Fault::new(Kind::Hang).on(Method::GET, PARTIES));
    let patience = Duration::from_millis(150);
    assert!(tokio::time::timeout(patience, list(&crm)).await.is_err());
    assert_eq!(crm.get("/site").await.status, 200);
}

#[tokio::test]
async fn stopping_the_sandbox_ends_a_hanging_request() {
    let crm = Crm::start().await;
    crm.sandbox.faults().add(Fault::new(Kind::Hang));
    let url = format!("{}{PARTIES}", crm.sandbox.origin());
    let hanging = tokio::spawn(reqwest::get(url.clone()));
    while crm.sandbox.recorder().requests().is_empty() {
        tokio::task::yield_now().await;
    }
    crm.sandbox.stop().await;
    let outcome = hanging.await.expect("no panic");
    assert!(outcome.is_err());
    let refused = reqwest::get(url).await.expect_err("nobody listens");
    assert!(refused.is_connect());
}

#[tokio::test]
async fn hanging_up_sends_nothing() {
    let crm = Crm::start().await;
    crm.sandbox.faults().add(Fault::new(Kind::HangUp).times(1));
    let error = list(&crm).await.expect_err("no answer");
    assert!(error.is_request() && !error.is_timeout());
    assert_eq!(listed(&crm).await.status, 200);
}

#[tokio::test]
async fn hanging_up_mid_body_sends_the_head_and_half_of_the_body() {
    let crm = Crm::start().await;
    crm.sandbox.faults().add(Fault::new(Kind::HangUpMidBody).times(1));
    let url = format!("{}{PARTIES}", crm.sandbox.origin());
    let request = reqwest::Client::new().get(url).header("Authorization", format!("Bearer {CAPSULE_TOKEN}"));
    let mut reply = request.send().await.expect("a head");
    assert_eq!(reply.status().as_u16(), 200);
    let promised = reply.content_length().expect("a length");
    let mut received = 0;
    let error = loop {
        match reply.chunk().await {
            Ok(Some(chunk)) => received += chunk.len() as u64,
            Ok(None) => panic!("the whole body came"),
            Err(error) => break error,
        }
    };
    assert!(error.is_body() || error.is_decode(), "{error:?}");
    assert_eq!(received, promised / 2);
}

#[tokio::test]
async fn bodies_can_be_anything_but_what_the_vendor_sends() {
    let crm = Crm::start().await;
    let befall = async |kind: Kind| {
        crm.sandbox.faults().add(Fault::new(kind).times(1));
        listed(&crm).await
    };
    let is_json = |reply: &Reply| serde_json::from_slice::<Value>(&reply.body).is_ok();

    let garbage = befall(Kind::Garbage).await;
    assert_eq!((garbage.status, is_json(&garbage)), (200, false));
    assert_eq!(garbage.header("content-type"), "application/json");

    for status in [StatusCode::OK, StatusCode::BAD_GATEWAY] {
        let page = befall(Kind::Html(status)).await;
        assert_eq!(page.status, status.as_u16());
        assert!(page.header("content-type").starts_with("text/html"));
        assert!(page.text().starts_with("<!DOCTYPE html>"));
    }

    let truncated = befall(Kind::TruncatedJson).await;
    assert_eq!((truncated.status, is_json(&truncated)), (200, false));
    assert!(truncated.text().starts_with(r#"{"parties":[{"id":"#));

    let shape = befall(Kind::WrongShape(json!([1]))).await;
    assert_eq!((shape.status, shape.json()), (200, json!([1])));

    let empty = befall(Kind::EmptyBody).await;
    assert_eq!((empty.status, empty.body.len()), (200, 0));
}

#[tokio::test]
async fn a_fault_comes_before_the_vendor_acts_unless_it_says_otherwise() {
    let crm = Crm::start().await;
    let before = total(&crm).await;
    let create = async |fault: Fault| {
        crm.sandbox.faults().add(fault.on(Method::POST, PARTIES).times(1));
        let body = r#"{"party":{"type":"organisation","name":"Schrödinger"}}"#;
        crm.send(Method::POST, PARTIES, Some(CAPSULE_TOKEN), body).await
    };
    let refused = create(Fault::status(StatusCode::BAD_GATEWAY)).await;
    assert_eq!(refused.expect("an answer").status, 502);
    assert!(create(Fault::new(Kind::HangUp)).await.is_err());
    assert_eq!(total(&crm).await, before);

    let lost = create(Fault::new(Kind::HangUp).after_acting()).await;
    assert!(lost.is_err());
    assert_eq!(total(&crm).await, json!(257));
    let failed = Fault::status(StatusCode::GATEWAY_TIMEOUT).after_acting();
    assert_eq!(create(failed).await.expect("an answer").status, 504);
    assert_eq!(total(&crm).await, json!(258));
}

#[tokio::test]
async fn the_token_endpoint_can_fail_too() {
    let crm = Crm::start().await;
    let fault = Fault::status(StatusCode::SERVICE_UNAVAILABLE);
    crm.sandbox.faults().add(fault.on(Method::POST, "/oauth/token"));
    let reply = crm.send(Method::POST, "/oauth/token", None, "{}").await;
    assert_eq!(reply.expect("an answer").status, 503);
    assert_eq!(listed(&crm).await.status, 200);
}

#[tokio::test]
async fn faults_are_switched_on_and_off_over_http() {
    let crm = Crm::start().await;
    let control = async |method: Method, body: Value| {
        crm.send(method, "/_sandbox/faults", None, body.to_string()).await.expect("an answer")
    };
    let fault = json!({
        "kind": "status",
        "status": 503,
        "method": "GET",
        "path": PARTIES,
        "times": 1,
        "headers": { "retry-after": "3" },
        "body": { "message": "maintenance" },
    });
    assert_eq!(control(Method::POST, fault).await.status, 204);
    let reply = listed(&crm).await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.header("retry-after"), "3");
    assert_eq!(reply.json(), json!({ "message": "maintenance" }));
    assert_eq!(listed(&crm).await.status, 200);

    let lasting = json!({ "kind": "html", "status": 502 });
    assert_eq!(control(Method::POST, lasting).await.status, 204);
    assert_eq!(listed(&crm).await.status, 502);
    assert_eq!(control(Method::DELETE, json!({})).await.status, 204);
    assert_eq!(listed(&crm).await.status, 200);

    for wrong in [
        json!({ "kind": "status" }),
        json!({ "kind": "status", "status": 99 }),
        json!({ "kind": "delay" }),
        json!({ "kind": "earthquake" }),
        json!({ "kind": "hang", "tims": 2 }),
        json!({ "kind": "hang", "method": "G E T" }),
        json!({ "kind": "hang", "headers": { "a b": "c" } }),
    ] {
        let reply = control(Method::POST, wrong.clone()).await;
        assert_eq!(reply.status, 400, "{wrong}");
        assert!(reply.json()["message"].is_string());
    }
    assert_eq!(crm.sandbox.faults().count(), 0);
}

#[tokio::test]
async fn a_reset_over_http_restores_everything() {
    let crm = Crm::start().await;
    let party = json!({ "type": "organisation", "name": "Passing" });
    crm.create(party).await;
    let (access, refresh) = crm.sandbox.issue_tokens();
    crm.sandbox.set_quota(1);
    crm.sandbox.faults().add(Fault::new(Kind::EmptyBody));
    let reply = crm.send(Method::POST, "/_sandbox/reset", None, "").await;
    assert_eq!(reply.expect("an answer").status, 204);

    assert!(crm.sandbox.recorder().requests().is_empty());
    assert_eq!(total(&crm).await, json!(256));
    let reply = crm.send(Method::GET, PARTIES, Some(&access), "").await;
    assert_eq!(reply.expect("an answer").status, 401);
    assert!(![access, refresh].contains(&crm.sandbox.issue_tokens().0));
}
