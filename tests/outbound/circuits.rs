//! Vendors who are out of order are left alone.

use std::time::Duration;

use unicrm::error::{Effect, Kind, Retry};
use uuid::Uuid;

use crate::vendor::{Play, answer, ok};
use crate::{Stage, play};

fn down() -> Play {
    answer("503 Service Unavailable", "", "oops")
}

/// A vendor who has failed ten times for the account, and answers from then on.
async fn troubled() -> (crate::Vendor, Stage) {
    let (vendor, stage) = play((0..10).map(|_| down()).chain([ok()])).await;
    for _ in 0..10 {
        assert_eq!(stage.write().await.unwrap_err().kind(), Kind::Unreachable);
    }
    (vendor, stage)
}

#[tokio::test]
async fn a_vendor_who_fails_ten_times_in_a_row_is_not_asked_for_a_while() {
    let (vendor, stage) = troubled().await;
    for exchange in [stage.exchange("list"), stage.exchange("create")] {
        let error = stage.outbound.call(exchange).await.unwrap_err();
        assert_eq!((error.kind(), error.status().as_u16()), (Kind::Resting, 503));
        assert_eq!(error.effects(), Effect::None);
        let Retry::Later(Some(wait)) = error.retries() else { panic!("{error:?}") };
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(5), "{wait:?}");
        assert!(error.message().starts_with("Acme CRM has been out of order"), "{error}");
    }
    assert_eq!(vendor.seen().len(), 10);
}

#[tokio::test]
async fn another_account_of_the_same_vendor_goes_on() {
    let (vendor, mut stage) = troubled().await;
    stage.lane = Uuid::from_u128(2);
    stage.read().await.unwrap();
    assert_eq!(vendor.seen().len(), 11);
}

#[tokio::test]
async fn refusals_and_nonsense_are_answers() {
    let refused = || answer("422 Unprocessable Entity", "", "{}");
    let (vendor, stage) = play((0..20).map(|_| refused()).chain([ok()])).await;
    for _ in 0..20 {
        assert_eq!(stage.write().await.unwrap_err().kind(), Kind::Rejected);
    }
    stage.write().await.unwrap();
    assert_eq!(vendor.seen().len(), 21);
}

#[tokio::test]
async fn callers_who_wait_for_a_moment_only_say_nothing_of_the_vendor() {
    let (_vendor, mut stage) = play((0..12).map(|_| Play::Hang(Vec::new())).chain([ok()])).await;
    stage.patience = Duration::from_millis(30);
    for _ in 0..12 {
        assert_eq!(stage.write().await.unwrap_err().kind(), Kind::TimedOut);
    }
    stage.patience = crate::PATIENCE;
    stage.write().await.unwrap();
}
