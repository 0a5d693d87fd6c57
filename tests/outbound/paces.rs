//! How fast a vendor is called.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::future::join_all;
use unicrm::error::{Effect, Kind, Retry};
use unicrm::outbound::OutboundSettings;
use unicrm::outbound::permits::Rate;
use uuid::Uuid;

use crate::vendor::{Play, answer, ok};
use crate::{play, play_with};

fn turned_away(seconds: u32) -> Play {
    answer("429 Too Many Requests", &format!("Retry-After: {seconds}\r\n"), "{}")
}

/// So many calls in a second.
fn at_most(calls: u32) -> OutboundSettings {
    let rate = Rate { calls, window: Duration::from_secs(1) };
    OutboundSettings { rates: BTreeMap::from([("acme".to_owned(), rate)]), ..OutboundSettings::default() }
}

#[tokio::test]
async fn a_vendor_who_wants_no_calls_for_long_gets_none_and_callers_learn_for_how_long() {
    let (vendor, stage) = play([turned_away(120), ok()]).await;
    assert_eq!(stage.read().await.unwrap_err().kind(), Kind::RateLimited);
    for exchange in [stage.exchange("list"), stage.exchange("create")] {
        let error = stage.outbound.call(exchange).await.unwrap_err();
        assert_eq!((error.kind(), error.effects()), (Kind::RateLimited, Effect::None));
        let Retry::Later(Some(wait)) = error.retries() else { panic!("{error:?}") };
        assert!((110..=120).contains(&wait.as_secs()), "{wait:?}");
    }
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test]
async fn another_account_is_not_kept_waiting() {
    let (vendor, mut stage) = play([turned_away(120), ok()]).await;
    stage.read().await.unwrap_err();
    stage.lane = Uuid::from_u128(2);
    stage.read().await.unwrap();
    assert_eq!(vendor.seen().len(), 2);
}

#[tokio::test]
async fn callers_wait_for_a_short_rest_without_asking() {
    let (mut vendor, stage) = play([turned_away(1), ok(), ok(), ok()]).await;
    let begun = Instant::now();
    let late = async {
        vendor.sees(1).await;
        // Whoever comes before the answer is there asks too.
        while stage.outbound.paces().resting(stage.lane).await.is_none() {
            tokio::task::yield_now().await;
        }
        stage.read().await.unwrap();
        begun.elapsed()
    };
    let (first, waited) = tokio::join!(stage.read(), late);
    first.unwrap();
    assert!(waited >= Duration::from_millis(950), "{waited:?}");
}

#[tokio::test]
async fn the_operators_limit_is_kept_and_callers_leave_in_the_order_in_which_they_came() {
    let (vendor, stage) = play_with(at_most(1), (0..3).map(|_| ok())).await;
    let begun = Instant::now();
    let calls = ["1", "2", "3"].map(|sought| stage.exchange_of("list", sought));
    for outcome in join_all(calls.map(|call| stage.outbound.call(call))).await {
        outcome.unwrap();
    }
    // One in each second: there is a whole one between the first and the third.
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    let sought: Vec<String> = vendor
        .seen()
        .iter()
        .filter_map(|seen| seen.head.split_once("q=")?.1.chars().next().map(String::from))
        .collect();
    assert_eq!(sought, ["1", "2", "3"]);
}

#[tokio::test]
async fn who_would_wait_for_longer_than_it_waits_is_told_at_once() {
    let hour = Rate { calls: 1, window: Duration::from_secs(3600) };
    let settings = OutboundSettings {
        rates: BTreeMap::from([("acme".to_owned(), hour)]),
        ..OutboundSettings::default()
    };
    let (vendor, stage) = play_with(settings, [ok(), ok()]).await;
    stage.read().await.unwrap();
    let begun = Instant::now();
    match stage.read().await {
        // The hour has just ended.
        Ok(_) => assert_eq!(vendor.seen().len(), 2),
        Err(error) => {
            assert_eq!(error.kind(), Kind::RateLimited);
            assert!(matches!(error.retries(), Retry::Later(Some(_))), "{error:?}");
            assert!(begun.elapsed() < Duration::from_secs(1));
            assert_eq!(vendor.seen().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_caller_who_leaves_the_queue_keeps_nobody_from_moving_up() {
    let (_vendor, mut stage) = play_with(at_most(1), (0..3).map(|_| ok())).await;
    stage.read().await.unwrap();
    let patient = stage.exchange("list");
    stage.patience = Duration::from_secs(10);
    let hurried = stage.outbound.call(stage.exchange("list"));
    // It has no time to be served.
    let _ = tokio::time::timeout(Duration::from_millis(1), hurried).await;
    stage.outbound.call(patient).await.unwrap();
}
