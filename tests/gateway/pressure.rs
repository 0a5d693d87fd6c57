//! How much is asked of the gateway and of vendors, and how long callers wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use serde_json::json;
use unicrm::sandbox::{Fault, Kind};

use crate::support::app::{Setup, TestApp, eventually};
use crate::support::client::{Client, Reply};
use crate::support::vendor::{Answer, ScriptedVendor};

/// Moves the gateways' clock to the beginning of a window of ten seconds.
fn to_a_window(app: &TestApp) {
    let second = app.clock.now().unix_timestamp().rem_euclid(10).unsigned_abs();
    app.clock.advance(Duration::from_secs(10 - second));
}

/// How many of so many calls were taken, each by another process.
async fn taken(clients: &[&Client], path: &str, calls: usize) -> usize {
    let mut taken = 0;
    for call in 0..calls {
        let reply = clients[call % clients.len()].get(path).await;
        if reply.status == 200 {
            taken += 1;
            continue;
        }
        let message = reply.local_error(429)["message"].to_string();
        assert!(message.contains("in 10 seconds"), "{message}");
        let wait: u64 = reply.header("retry-after").parse().expect("whole seconds");
        assert!((1..=10).contains(&wait), "{wait}");
    }
    taken
}

#[tokio::test]
async fn what_a_token_may_ask_holds_for_all_processes_together() {
    let app = TestApp::with(Setup::default().setting("UNICRM_CALLS_PER_TOKEN", "40")).await;
    let second = app.another_gateway().await;
    to_a_window(&app);
    let both = [&app.gateway, &second.client];
    // Each process takes two at a time, and may be left with one.
    let first = taken(&both, "/environment", 60).await;
    assert!((38..=40).contains(&first), "{first}");
    to_a_window(&app);
    app.gateway.get("/environment").await.ok();
}

#[tokio::test]
async fn what_may_be_asked_for_an_account_leaves_the_others_alone() {
    let mut app = TestApp::with(Setup::default().setting("UNICRM_CALLS_PER_ACCOUNT", "5")).await;
    to_a_window(&app);
    let users = app.path("/unified/crm/users");
    assert_eq!(taken(&[&app.gateway], &users, 9).await, 5);
    assert_eq!(taken(&[&app.gateway], &app.path("/proxy/parties"), 1).await, 0);
    app.gateway.get("/integrated-account").await.ok();
    app.connect_another().await;
    app.get("/unified/crm/users").await.ok();
}

#[tokio::test]
async fn a_vendor_that_turned_one_process_away_is_left_alone_by_the_others() {
    let angry = Arc::new(AtomicBool::new(false));
    let switch = angry.clone();
    let vendor = ScriptedVendor::start(move |_| match switch.swap(false, Ordering::Relaxed) {
        true => Answer::json("{}").status(429).header("retry-after", "60"),
        false => Answer::json(r#"{"parties":[]}"#),
    })
    .await;
    let mut app = TestApp::at(vendor.origin()).await;
    let second = app.another_gateway().await;
    let gone = app.path("/proxy/parties");
    second.client.get(&gone).await.ok();
    app.gateway.delete(&format!("/integrated-account/{}", app.account)).await.ok();
    eventually("the other process listens", async || second.client.get(&gone).await.status == 404).await;
    app.connect_another().await;
    let parties = app.path("/proxy/parties");
    second.client.get(&parties).await.ok();
    angry.store(true, Ordering::Relaxed);
    app.gateway.get(&parties).await.remote_error(429);
    eventually("the other process keeps away, too", async || {
        let asked = vendor.asked().len();
        let reply = second.client.get(&parties).await;
        reply.status == 429 && vendor.asked().len() == asked && seconds(&reply) > 40
    })
    .await;
}

fn seconds(reply: &Reply) -> u64 {
    reply.header("retry-after").parse().expect("whole seconds")
}

#[tokio::test]
async fn a_vendor_that_has_no_calls_left_is_not_called_until_it_has() {
    let reset = (unicrm::clock::Clock::system().now().unix_timestamp() + 60).to_string();
    let answer = Answer::json(r#"{"parties":[]}"#)
        .header("x-ratelimit-limit", "4000")
        .header("x-ratelimit-remaining", "0")
        .header("x-ratelimit-reset", reset);
    let vendor = ScriptedVendor::saying(answer).await;
    let app = TestApp::at(vendor.origin()).await;
    app.get("/proxy/parties").await.ok();
    let reply = app.get("/unified/crm/contacts").await;
    assert!(reply.remote_error(429)["message"].to_string().contains("used up for now"));
    assert!((40..=60).contains(&seconds(&reply)), "{}", seconds(&reply));
    assert_eq!(vendor.asked().len(), 1);
}

#[tokio::test]
async fn the_operators_limit_for_a_vendor_makes_callers_wait_or_tells_them_how_long() {
    let setup = Setup::default().setting("UNICRM_PROVIDER_CAPSULE_CALLS_PER_MINUTE", "3");
    let app = TestApp::with(setup).await;
    let second = app.clock.now().unix_timestamp().rem_euclid(60).unsigned_abs();
    app.clock.advance(Duration::from_secs(60 - second));
    for _ in 0..3 {
        app.get("/proxy/parties").await.ok();
    }
    let begun = Instant::now();
    let reply = app.get("/proxy/parties").await;
    reply.remote_error(429);
    assert!(seconds(&reply) > 30, "{}", seconds(&reply));
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(app.vendor_calls().len(), 3);
}

#[tokio::test]
async fn a_vendor_out_of_order_is_not_asked_for_a_while() {
    let app = TestApp::start().await;
    app.sandbox().faults().add(Fault::status(StatusCode::SERVICE_UNAVAILABLE));
    for _ in 0..3 {
        app.get("/proxy/parties").await.remote_error(502);
    }
    let reply = app.get("/proxy/parties").await;
    let asked = app.vendor_calls().len();
    assert!([10, 12].contains(&asked), "{asked}");
    let reply = if reply.status == 502 { app.get("/proxy/parties").await } else { reply };
    reply.remote_error(503);
    assert!((1..=5).contains(&seconds(&reply)), "{}", seconds(&reply));
    assert_eq!(app.vendor_calls().len(), asked);
}

#[tokio::test]
async fn a_caller_says_how_long_it_waits() {
    let app = TestApp::with(Setup::default().setting("UNICRM_LONGEST_DEADLINE", "2")).await;
    app.sandbox().faults().add(Fault::new(Kind::Hang));
    let contacts = app.path("/unified/crm/contacts");
    let entries = json!({ "integrated_account_id": app.account, "resources": [
        { "resource": "crm/contacts", "method": "list", "name": "all" },
    ] });
    let calls =
        [(Method::GET, contacts.as_str(), ""), (Method::POST, "/batch-request", &entries.to_string())];
    for (patience, longest) in [("1", 1.9), ("1e9", 4.0)] {
        for (verb, path, body) in calls.clone() {
            let begun = Instant::now();
            let request = app.gateway.request(verb.clone(), path).header("x-request-timeout", patience);
            let request = request.header("content-type", "application/json").body(body.to_owned());
            let reply = app.gateway.send(request).await;
            assert!(reply.text().contains("504"), "{}", reply.text());
            assert!(begun.elapsed().as_secs_f64() < longest, "{patience}: {:?}", begun.elapsed());
        }
    }
    for wrong in ["0", "0.5", "-1", "soon", "NaN", ""] {
        let request = app.gateway.request(Method::GET, &contacts).header("x-request-timeout", wrong);
        app.gateway.send(request).await.refused_fields(&["X-Request-Timeout"]);
    }
}
