//! Where an account's API is: asked for once, and believed no further than the vendor's own domain.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use unicrm::sandbox::{Fault, Kind, NUTSHELL_KEY};

use crate::support::app::{DISCOVERY, Setup, TestApp};
use crate::support::log;
use crate::support::vendor::{Answer, ScriptedVendor};

const USERS: &str = "/unified/crm/users";

/// A vendor who answers this to the question, and no users to anything else.
async fn telling(answer: Answer) -> (TestApp, ScriptedVendor) {
    let vendor = ScriptedVendor::start(move |asked| match asked.path.as_str() {
        DISCOVERY => answer.clone(),
        _ => Answer::json(r#"{"result":[],"id":"unicrm"}"#),
    })
    .await;
    let setup = Setup { provider: "nutshell", ..Setup::default() };
    (TestApp::with(setup.at(vendor.origin())).await, vendor)
}

fn named(host: &str) -> Answer {
    Answer::json(
        json!({ "result": { "iphone": host, "api": host, "login": host }, "error": null }).to_string(),
    )
}

#[tokio::test]
async fn it_is_asked_once_for_a_login_and_without_a_credential() {
    let mut app = TestApp::with(Setup { provider: "nutshell", ..Setup::default() }).await;
    futures::future::join_all((0..4).map(|_| app.get(USERS))).await.iter().for_each(|reply| drop(reply.ok()));
    app.connect_another().await;
    app.get(USERS).await.ok();
    app.get("/proxy/rest_accounts?limit=1").await.ok();
    let questions = |app: &TestApp| {
        let all = app.sandbox().recorder().requests();
        all.into_iter().filter(|request| request.path == DISCOVERY).collect::<Vec<_>>()
    };
    let asked = questions(&app);
    assert_eq!(asked.len(), 1);
    let body = asked[0].json().expect("an envelope");
    assert_eq!((&body["method"], asked[0].is_authorized()), (&json!("getApiForUsername"), false));
    let credentials = format!("/integrated-account/{}/credentials", app.account);
    let login = json!({ "context": { "username": "millbrook.example", "api_key": NUTSHELL_KEY } });
    app.gateway.patch(&credentials, &login).await.ok();
    app.get(USERS).await.ok();
    assert_eq!(questions(&app).len(), 2, "another login is another question");
}

#[tokio::test]
async fn a_place_that_is_not_the_vendors_is_not_called() {
    for host in [
        "evil.example",
        "nutshell.com.evil.example",
        "evilnutshell.com",
        "http://app.nutshell.com",
        "you:key@app.nutshell.com",
        "app.nutshell.com:8443",
        "evil.example/.nutshell.com",
        "169.254.169.254",
        "",
    ] {
        let (app, vendor) = telling(named(host)).await;
        for _ in 0..2 {
            let body = app.get(USERS).await.error(502);
            let message = body["message"].as_str().expect("a message");
            assert!(message.contains("is no host within nutshell.com"), "{host}: {message}");
        }
        assert_eq!((vendor.asked().len(), vendor.everything().len()), (0, 1), "{host}");
        assert_eq!(app.shown_account().await["status"], "active", "{host}");
    }
}

#[tokio::test]
async fn a_place_of_the_vendors_is_called_at_the_operators_origin() {
    let own = ScriptedVendor::saying(named("app07.nutshell.com")).await;
    let setup = Setup { provider: "nutshell", ..Setup::default() };
    let app = TestApp::with(setup.at(own.origin())).await;
    app.get("/proxy/users/me").await;
    assert_eq!(own.asked().len(), 1);
    let host = own.origin().trim_start_matches("http://").to_owned();
    own.turn_to(move |asked| match asked.path.as_str() {
        DISCOVERY => named(&host),
        _ => Answer::json(r#"{"result":[],"id":"unicrm"}"#),
    });
    let other = app.another_gateway().await;
    other.client.get(&app.path(USERS)).await.ok();
}

#[tokio::test]
async fn where_nothing_is_told_the_vendors_own_address_is_called() {
    log::capture();
    for answer in [
        Answer::json("<<< garbage"),
        Answer::json("{}").status(500),
        Answer::json("moved").status(301).header("location", "http://evil.example/v1/json"),
        Answer::json(r#"{"result":null,"error":{"code":404,"message":"Unknown username"}}"#),
        Answer::json(r#"{"result":{"api":["app.nutshell.com"]}}"#),
    ] {
        let (app, vendor) = telling(answer.clone()).await;
        for _ in 0..2 {
            assert_eq!(app.get(USERS).await.ok()["result"], Value::Array(Vec::new()), "{answer:?}");
        }
        assert_eq!(vendor.everything().len(), 3, "it isn't asked again at once");
    }
    assert!(log::lines().contains("it isn't told where an account's API is"), "whoever runs it is told");
}

#[tokio::test]
async fn a_question_that_hangs_holds_nobody_up_for_long() {
    let app = TestApp::with(Setup { provider: "nutshell", ..Setup::default() }).await;
    app.sandbox().faults().add(Fault::new(Kind::Hang).under(DISCOVERY));
    let begun = Instant::now();
    app.get(USERS).await.ok();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let begun = Instant::now();
    app.get(USERS).await.ok();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}
