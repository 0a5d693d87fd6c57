//! Deadlines, the time of an attempt, and callers who leave.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, pending};
use unicrm::error::{Effect, Kind, Result};
use unicrm::outbound::{Credential, CredentialSource, OutboundSettings};

use crate::vendor::{Play, ok};
use crate::{PATIENCE, Stage, play, play_with};

fn impatient() -> OutboundSettings {
    OutboundSettings { attempt_timeout: Duration::from_millis(500), ..OutboundSettings::default() }
}

fn silence() -> Play {
    Play::Hang(Vec::new())
}

#[tokio::test]
async fn a_vendor_who_hangs_once_is_asked_again() {
    let (vendor, stage) = play_with(impatient(), [silence(), ok()]).await;
    stage.read().await.unwrap();
    assert_eq!(vendor.seen().len(), 2);
}

#[tokio::test]
async fn a_write_to_a_vendor_who_hangs_ends_with_the_attempt_and_is_in_doubt() {
    let (vendor, stage) = play_with(impatient(), [silence(), ok()]).await;
    let begun = Instant::now();
    let error = stage.write().await.unwrap_err();
    assert!(begun.elapsed() < PATIENCE / 2, "{:?}", begun.elapsed());
    assert_eq!((error.kind(), error.effects()), (Kind::TimedOut, Effect::Possible));
    assert_eq!(error.message(), "Acme CRM did not answer parties.create within 0.5 seconds.");
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test]
async fn the_time_of_an_attempt_includes_the_body() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{".to_vec();
    let (_vendor, stage) = play_with(impatient(), [Play::Hang(half)]).await;
    let error = stage.write().await.unwrap_err();
    assert_eq!((error.kind(), error.effects()), (Kind::TimedOut, Effect::Possible));
}

#[tokio::test]
async fn the_deadline_cuts_an_attempt_short() {
    let (vendor, mut stage) = play([silence(), silence(), ok()]).await;
    stage.patience = Duration::from_millis(500);
    let begun = Instant::now();
    let read = stage.read().await.unwrap_err();
    let write = stage.write().await.unwrap_err();
    assert!(begun.elapsed() < PATIENCE / 2, "{:?}", begun.elapsed());
    assert_eq!((read.kind(), read.effects()), (Kind::TimedOut, Effect::None));
    assert_eq!((write.kind(), write.effects()), (Kind::TimedOut, Effect::Possible));
    assert_eq!(vendor.seen().len(), 2);
}

#[tokio::test]
async fn the_deadline_holds_over_all_attempts() {
    let (_vendor, mut stage) = play_with(impatient(), vec![silence(); 3]).await;
    stage.patience = Duration::from_secs(1);
    let begun = Instant::now();
    assert_eq!(stage.read().await.unwrap_err().kind(), Kind::TimedOut);
    // Three attempts alone would take 1.5 seconds, and the pauses between them at least 0.6.
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn nothing_is_sent_after_the_deadline() {
    let (vendor, mut stage) = play([ok()]).await;
    stage.patience = Duration::ZERO;
    let error = stage.write().await.unwrap_err();
    assert_eq!((error.kind(), error.effects()), (Kind::TimedOut, Effect::None));
    assert_eq!((stage.source.presented(), vendor.seen().len()), (0, 0));
}

struct Stuck;

impl CredentialSource for Stuck {
    fn present(&self) -> BoxFuture<'_, Result<Credential>> {
        Box::pin(pending())
    }

    fn refused(&self, _: Credential) -> BoxFuture<'_, Result<Option<Credential>>> {
        Box::pin(pending())
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_its_credential_has_no_effect_when_the_deadline_passes() {
    let stage = Stage::new("http://127.0.0.1:9", OutboundSettings::default());
    let mut exchange = stage.exchange("create");
    exchange.credentials = Arc::new(Stuck);
    let begun = tokio::time::Instant::now();
    let error = stage.outbound.call(exchange).await.unwrap_err();
    assert_eq!((error.kind(), error.effects()), (Kind::TimedOut, Effect::None));
    assert!(begun.elapsed() >= PATIENCE, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_caller_who_leaves_breaks_nothing() {
    let (mut vendor, stage) = play([ok(), silence(), ok()]).await;
    stage.read().await.unwrap();
    tokio::select! {
        _ = stage.write() => panic!("the vendor doesn't answer this one"),
        () = vendor.sees(2) => {}
    }
    stage.read().await.unwrap();
    let connections: Vec<usize> = vendor.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [0, 0, 1], "the abandoned connection isn't used again");
}
