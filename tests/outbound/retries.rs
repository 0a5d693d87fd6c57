//! What is tried again, what isn't, and after how long.

use std::time::{Duration, Instant};

use http::StatusCode;
use unicrm::error::{Effect, Kind, Retry};

use crate::vendor::{Play, answer, ok};
use crate::{Stage, nowhere, play};

fn down() -> Play {
    answer("500 Internal Server Error", "", "oops")
}

fn slow_down(headers: &str) -> Play {
    answer("429 Too Many Requests", headers, "{}")
}

#[tokio::test]
async fn a_read_is_tried_again_when_the_vendor_fails() {
    let (vendor, stage) = play([down(), ok()]).await;
    let reply = stage.read().await.unwrap();
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(&reply.body[..], br#"{"parties":[]}"#);
    assert_eq!(vendor.seen().len(), 2);
}

#[tokio::test]
async fn a_read_is_tried_three_times_at_most() {
    let (vendor, stage) = play([down(), down(), down(), ok()]).await;
    let error = stage.read().await.unwrap_err();
    assert_eq!((error.kind(), error.effects()), (Kind::Unreachable, Effect::None));
    assert_eq!(error.fault().unwrap().status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(vendor.seen().len(), 3);
}

#[tokio::test]
async fn a_write_is_not_tried_again_when_the_vendor_could_have_acted() {
    let (vendor, stage) = play([down(), ok()]).await;
    let error = stage.write().await.unwrap_err();
    assert_eq!((error.kind(), error.effects()), (Kind::Unreachable, Effect::Possible));
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test]
async fn a_write_is_tried_again_while_nobody_can_be_reached() {
    let stage = Stage::new(&nowhere().await, Default::default());
    let error = stage.write().await.unwrap_err();
    assert_eq!((error.kind(), error.effects()), (Kind::Unreachable, Effect::None));
    assert_eq!(error.message(), "Acme CRM can't be reached: no connection could be made.");
    assert_eq!(stage.source.presented(), 3, "one credential an attempt");
}

#[tokio::test]
async fn a_write_that_was_turned_away_is_tried_again_with_its_body() {
    let (vendor, stage) = play([slow_down("Retry-After: 0\r\n"), ok()]).await;
    stage.write().await.unwrap();
    let bodies: Vec<_> = vendor.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, [br#"{"name":"Ada"}"#, br#"{"name":"Ada"}"#]);
}

#[tokio::test]
async fn a_short_wait_that_the_vendor_asks_for_is_kept() {
    let (vendor, stage) = play([slow_down("Retry-After: 1\r\n"), ok()]).await;
    let begun = Instant::now();
    stage.read().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(vendor.seen().len(), 2);
}

#[tokio::test]
async fn a_long_wait_goes_back_to_the_caller_at_once() {
    let (vendor, stage) = play([slow_down("Retry-After: 60\r\n"), ok()]).await;
    let error = stage.read().await.unwrap_err();
    assert_eq!(error.kind(), Kind::RateLimited);
    assert_eq!(error.retries(), Retry::Later(Some(Duration::from_secs(60))));
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_goes_back_to_the_caller_at_once() {
    let (vendor, mut stage) = play([slow_down("Retry-After: 3\r\n"), ok()]).await;
    stage.patience = Duration::from_secs(2);
    let begun = Instant::now();
    let error = stage.read().await.unwrap_err();
    assert_eq!(error.retries(), Retry::Later(Some(Duration::from_secs(3))));
    assert!(begun.elapsed() < stage.patience);
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test]
async fn an_exhausted_quota_without_a_time_goes_back_to_the_caller() {
    let (vendor, stage) = play([slow_down(""), ok()]).await;
    let error = stage.read().await.unwrap_err();
    assert_eq!((error.kind(), error.retries()), (Kind::RateLimited, Retry::Later(None)));
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test]
async fn a_refusal_is_not_tried_again() {
    let (vendor, stage) = play([answer("422 Unprocessable Entity", "", "{}"), ok()]).await;
    assert_eq!(stage.read().await.unwrap_err().kind(), Kind::Rejected);
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test]
async fn a_read_whose_connection_is_closed_unanswered_is_tried_again() {
    let (vendor, stage) = play([Play::Close(Vec::new()), ok()]).await;
    stage.read().await.unwrap();
    assert_eq!(vendor.seen().len(), 2);
}

#[tokio::test]
async fn a_write_whose_connection_is_closed_unanswered_is_in_doubt() {
    let (vendor, stage) = play([Play::Close(Vec::new()), ok()]).await;
    let error = stage.write().await.unwrap_err();
    assert_eq!((error.kind(), error.effects()), (Kind::Unreachable, Effect::Possible));
    assert_eq!(error.message(), "Acme CRM closed the connection before its answer was complete.");
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test]
async fn a_write_on_a_kept_connection_that_is_closed_unanswered_is_in_doubt() {
    let (vendor, stage) = play([ok(), Play::Close(Vec::new()), ok()]).await;
    stage.read().await.unwrap();
    let error = stage.write().await.unwrap_err();
    assert_eq!((error.kind(), error.effects()), (Kind::Unreachable, Effect::Possible));
    assert_eq!(vendor.seen().len(), 2);
}
