//! A vendor who goes on failing is left alone, says the answer, and is asked again once that is over.

use futures::future::join_all;
use http::Method;

use crate::answers;
use crate::cells::{IN_DOUBT, Stage};
use crate::faults::FAULTS;
use crate::line::Befalls;
use crate::support::app::{eventually, for_account};
use crate::support::client::Reply;
use crate::wires::{Call, WIRES, Wire};

/// Failures that are enough: reads are tried three times each.
const READS: usize = 4;

/// The longest that a vendor is left alone at first, in seconds.
const PAUSE: u64 = 5;

/// Holds that for every provider, at once.
pub async fn after_failures_in_a_row() {
    let stage = Stage::start().await;
    let wires = WIRES.iter().filter(|wire| !wire.lacks.iter().any(|(name, _)| *name == "unified update"));
    join_all(wires.map(|wire| of(&stage, wire))).await;
    stage.app.gateway.get("/health").await.ok();
}

async fn of(stage: &Stage, wire: &Wire) {
    let (vendor, gateway) = (stage.vendor(wire.provider), &stage.app.gateway);
    let (account, other) = (stage.account(wire.provider).await, stage.account(wire.provider).await);
    let fault = FAULTS.iter().find(|fault| fault.name == "500 after acting").expect("a fault");
    let path = for_account(&wire.reads[1].path(""), &account);
    vendor.line.befall(fault, Befalls::Everything);
    for reply in join_all((0..READS).map(|_| gateway.get(&path))).await {
        assert!(matches!(reply.status, 502 | 503), "{}: {}", wire.provider, reply.text());
    }
    let asked = vendor.line.passed_on().len();
    assert_left_alone(&gateway.get(&path).await);
    let (creation, body) = Call::creation();
    let write = gateway.request(Method::POST, &for_account(creation, &account));
    let write = write.header("content-type", "application/json").body(body("Mark0X").to_string());
    assert_left_alone(&gateway.send(write).await);
    assert_eq!(vendor.line.passed_on().len(), asked, "{} is left alone", wire.provider);
    // Another account of the same vendor has a fate of its own.
    let reply = gateway.get(&for_account(&wire.reads[1].path(""), &other)).await;
    reply.remote_error(answers::of(fault.name).read.status);
    vendor.line.mend().await;
    eventually("the vendor is asked again", async || gateway.get(&path).await.status == 200).await;
}

fn assert_left_alone(reply: &Reply) {
    let body = reply.remote_error(503);
    let when: u64 = reply.header("retry-after").parse().expect("whole seconds");
    assert!((1..=PAUSE).contains(&when), "{when}");
    let message = body["message"].as_str().expect("a message");
    assert!(message.contains("out of order") && !message.contains(IN_DOUBT), "{message}");
}
