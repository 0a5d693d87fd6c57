//! Answers that aren't what they should be, and what the connections do.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use unicrm::error::{Effect, Error, Kind};
use unicrm::outbound::OutboundSettings;

use crate::vendor::{Play, answer, ok};
use crate::{Stage, nowhere, play, play_with};

/// `{"parties":[{"id":1}]}`, gzipped.
const PARTIES: &str = "H4sIAAAAAAACA6tWKkgsKslMLVayiq5WykxRsjKsja0FABZvo+sWAAAA";

/// 100,000 spaces, gzipped to 133 bytes.
const SPACES: &str = "H4sIAAAAAAACA+3BMQEAAADCoCrrn9IaHkABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAArwYt8HnKoIYBAA=";

fn gzipped(body: &[u8]) -> Vec<u8> {
    let mut answer =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len())
            .into_bytes();
    answer.extend_from_slice(body);
    answer
}

/// What a write comes to that is answered so.
async fn broken(answer: impl Into<Vec<u8>>) -> Error {
    let (vendor, stage) = play([Play::Close(answer.into()), ok()]).await;
    let error = stage.write().await.unwrap_err();
    assert_eq!(error.effects(), Effect::Possible);
    assert_eq!(vendor.seen().len(), 1);
    assert!(error.details().is_some_and(|detail| !detail.contains("127.0.0.1")), "{error:?}");
    error
}

#[tokio::test]
async fn half_a_body_is_a_lost_connection() {
    for half in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"parties\":["[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"pa",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"par\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        &gzipped(&STANDARD.decode(PARTIES).unwrap())[..90],
    ] {
        let error = broken(half).await;
        assert_eq!(error.kind(), Kind::Unreachable, "{} {error:?}", String::from_utf8_lossy(half));
    }
}

#[tokio::test]
async fn a_read_with_half_a_body_is_tried_again() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_vec();
    let (vendor, stage) = play([Play::Close(half), ok()]).await;
    assert_eq!(&stage.read().await.unwrap().body[..], br#"{"parties":[]}"#);
    assert_eq!(vendor.seen().len(), 2);
}

#[tokio::test]
async fn what_is_not_http_is_garbled() {
    for noise in [
        &b"SSH-2.0-OpenSSH_9.6\r\n"[..],
        b"HTTP/1.1 twohundred OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n[]\r\n0\r\n\r\n",
    ] {
        let error = broken(noise).await;
        assert_eq!(error.kind(), Kind::Garbled, "{} {error:?}", String::from_utf8_lossy(noise));
        assert_eq!(error.message(), "Acme CRM answered something that is not valid HTTP.");
    }
}

#[tokio::test]
async fn a_body_that_is_not_what_its_encoding_says_is_garbled() {
    let error = broken(gzipped(b"not gzip at all")).await;
    assert_eq!(error.kind(), Kind::Garbled);
    assert_eq!(error.message(), "Acme CRM answered with a body that can't be decompressed.");
}

#[tokio::test]
async fn what_follows_an_answer_is_no_answer_to_the_next_call() {
    let forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
    let short = format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]{forged}");
    let (vendor, stage) = play([Play::Answer(short.into_bytes()), ok()]).await;
    assert_eq!(&stage.read().await.unwrap().body[..], b"[]");
    assert_eq!(&stage.read().await.unwrap().body[..], br#"{"parties":[]}"#);
    assert_eq!(vendor.seen().last().unwrap().connection, 1);
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_not_read() {
    let settings = OutboundSettings { max_answer_bytes: 1000, ..OutboundSettings::default() };
    let announced = b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n".to_vec();
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", " ".repeat(1001)).into_bytes();
    let bomb = gzipped(&STANDARD.decode(SPACES).unwrap());
    // The vendor keeps the connection open: whoever waited for the end of the answer would time out.
    for large in [announced, endless, bomb] {
        let (vendor, stage) = play_with(settings.clone(), [Play::Hang(large)]).await;
        let error = stage.read().await.unwrap_err();
        assert_eq!((error.kind(), error.effects()), (Kind::Garbled, Effect::None));
        assert_eq!(error.message(), "Acme CRM's answer is larger than the 1000 bytes that are read.");
        assert_eq!(vendor.seen().len(), 1);
    }
}

#[tokio::test]
async fn an_answer_of_exactly_the_limit_is_read() {
    let settings = OutboundSettings { max_answer_bytes: 14, ..OutboundSettings::default() };
    let (_vendor, stage) = play_with(settings, [ok()]).await;
    assert_eq!(stage.read().await.unwrap().body.len(), 14);
}

#[tokio::test]
async fn a_gzipped_body_is_decoded() {
    let (vendor, stage) = play([Play::Answer(gzipped(&STANDARD.decode(PARTIES).unwrap()))]).await;
    let reply = stage.read().await.unwrap();
    assert_eq!(&reply.body[..], br#"{"parties":[{"id":1}]}"#);
    assert!(!reply.headers.contains_key("content-encoding"));
    assert_eq!(vendor.seen()[0].header("accept-encoding"), Some("gzip"));
}

#[tokio::test]
async fn calls_in_sequence_share_a_connection() {
    let (vendor, stage) = play([ok(), answer("404 Not Found", "", "{}"), ok()]).await;
    stage.read().await.unwrap();
    stage.read().await.unwrap_err();
    stage.write().await.unwrap();
    let connections: Vec<usize> = vendor.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [0, 0, 0]);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, _) = play([ok()]).await;
    let location = format!("Location: {}/api/parties\r\n", elsewhere.origin());
    let (vendor, stage) = play([answer("302 Found", &location, "")]).await;
    assert_eq!(stage.read().await.unwrap_err().kind(), Kind::Garbled);
    assert_eq!((vendor.seen().len(), elsewhere.seen().len()), (1, 0));
}

#[tokio::test]
async fn a_connection_that_does_not_become_secure_reaches_nobody() {
    let (vendor, _) = play([]).await;
    let settings = OutboundSettings { connect_timeout: Duration::from_millis(200), ..Default::default() };
    // The vendor waits for a request where TLS waits for its answer.
    let stage = Stage::new(&vendor.origin().replace("http:", "https:"), settings);
    let error = stage.write().await.unwrap_err();
    assert_eq!((error.kind(), error.effects()), (Kind::Unreachable, Effect::None));
    assert_eq!(stage.source.presented(), 3);
}

#[tokio::test]
async fn a_host_without_an_address_reaches_nobody() {
    let stage = Stage::new("http://nowhere.invalid", OutboundSettings::default());
    let error = stage.write().await.unwrap_err();
    assert_eq!((error.kind(), error.effects()), (Kind::Unreachable, Effect::None));
    assert!(!format!("{error:?}").contains("sought"), "{error:?}");
}

#[tokio::test]
async fn the_transport_alone_sends_once_and_takes_every_status_as_it_is() {
    let script = [
        answer("401 Unauthorized", "X-Told: yes\r\n", "no"),
        Play::Hang(Vec::new()),
        Play::Close(Vec::new()),
    ];
    let (vendor, stage) = play(script).await;
    let transport = stage.outbound.transport();
    let request = || {
        let body = Bytes::from_static(b"grant_type=refresh_token");
        http::Request::post(format!("{}/token?x=hunter2", vendor.origin())).body(body).unwrap()
    };
    let response = transport.send(request(), Duration::from_secs(20)).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers()["x-told"], "yes");
    assert_eq!(&response.body()[..], b"no");
    let late = transport.send(request(), Duration::from_millis(100)).await.unwrap_err();
    assert_eq!((late.kind(), late.effects()), (Kind::TimedOut, Effect::Possible));
    let lost = transport.send(request(), Duration::from_secs(20)).await.unwrap_err();
    assert_eq!((lost.kind(), lost.effects()), (Kind::Unreachable, Effect::Possible));
    assert!(!format!("{late:?} {lost:?}").contains("hunter2"));
    let seen = vendor.seen();
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[0].body, b"grant_type=refresh_token");
    assert_eq!(seen[0].header("authorization"), None);
    let nobody = http::Request::post(nowhere().await).body(Bytes::new()).unwrap();
    let unreached = transport.send(nobody, Duration::from_secs(20)).await.unwrap_err();
    assert_eq!((unreached.kind(), unreached.effects()), (Kind::Unreachable, Effect::None));
}
