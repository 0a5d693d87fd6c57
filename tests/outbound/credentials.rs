//! What a call presents, and what follows when the vendor refuses it.

use std::sync::Arc;

use unicrm::error::{Effect, Error, Kind, Retry};

use crate::play;
use crate::source::{SECRET, Source};
use crate::vendor::{Play, Vendor, answer, ok};

fn refusal() -> Play {
    answer("401 Unauthorized", "", "{}")
}

fn presented(vendor: &Vendor) -> Vec<String> {
    vendor.seen().iter().map(|seen| seen.header("authorization").unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_refused_credential_is_renewed_once_and_the_call_sent_again() {
    let (vendor, stage) = play([refusal(), ok()]).await;
    stage.write().await.unwrap();
    assert_eq!(presented(&vendor), ["Bearer hunter2-1", "Bearer hunter2-2"]);
    assert_eq!(stage.source.refusals(), [(1, false)]);
}

#[tokio::test]
async fn a_second_refusal_goes_to_the_source_and_to_the_caller() {
    let (vendor, stage) = play([refusal(), refusal(), ok()]).await;
    let error = stage.read().await.unwrap_err();
    assert_eq!((error.kind(), error.effects()), (Kind::Reauthenticate, Effect::None));
    assert_eq!(stage.source.refusals(), [(1, false), (2, true)]);
    assert_eq!(presented(&vendor), ["Bearer hunter2-1", "Bearer hunter2-2"]);
}

#[tokio::test]
async fn a_refusal_without_another_credential_goes_to_the_caller() {
    let (vendor, mut stage) = play([refusal(), ok()]).await;
    stage.source = Arc::new(Source::new(0));
    assert_eq!(stage.read().await.unwrap_err().kind(), Kind::Reauthenticate);
    assert_eq!(stage.source.refusals(), [(1, false)]);
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test]
async fn every_attempt_asks_for_a_credential() {
    let (_vendor, stage) = play([answer("502 Bad Gateway", "", ""), ok()]).await;
    stage.read().await.unwrap();
    assert_eq!(stage.source.presented(), 2);
}

#[tokio::test]
async fn a_failing_source_says_nothing_of_the_call() {
    let (vendor, mut stage) = play([ok()]).await;
    let lost = Error::new(Kind::Unreachable, "The token endpoint is gone.");
    stage.source = Arc::new(Source::failing(lost.effect(Effect::Possible).retry(Retry::Never)));
    let error = stage.write().await.unwrap_err();
    assert_eq!((error.kind(), error.effects()), (Kind::Unreachable, Effect::None));
    assert_eq!(error.message(), "The token endpoint is gone.");
    assert_eq!((stage.source.presented(), vendor.seen().len()), (1, 0));
}

#[tokio::test]
async fn no_output_shows_a_credential() {
    let (vendor, stage) = play([refusal(), refusal(), Play::Close(b"?".to_vec())]).await;
    let refused = stage.read().await.unwrap_err();
    let broken = stage.read().await.unwrap_err();
    let exchange = stage.exchange("create");
    let shown = format!("{refused:?} {broken:?} {exchange:?} {:?}", stage.outbound);
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(!shown.contains("sought") && !shown.contains("Ada"), "{shown}");
    assert!(presented(&vendor).iter().all(|header| header.contains(SECRET)));
}
