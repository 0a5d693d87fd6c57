//! Files: they go up and come down piece by piece, whole or not at all.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;
use unicrm::sandbox::Fault;

use crate::support::app::{AccountSetup, Setup, TestApp};
use crate::support::client::Reply;
use crate::support::raw::{head, listener};

const UPLOAD: &str = "/proxy/attachments/upload?filename=M%C3%A4rz%20%26%20Rechnung.pdf";
const MOST: usize = 25 * 1024 * 1024;

async fn upload(app: &TestApp, body: impl Into<reqwest::Body>) -> Reply {
    let request =
        app.gateway.request(Method::POST, &app.path(UPLOAD)).header("content-type", "application/pdf");
    app.gateway.send(request.body(body)).await
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 7 % 251) as u8).collect()
}

#[tokio::test]
async fn the_largest_file_goes_up_is_linked_to_a_note_and_comes_down_as_it_was() {
    let app = TestApp::start().await;
    let file = bytes(MOST);
    let token = upload(&app, file.clone()).await.ok()["upload"]["token"].clone();
    let contact = app.get("/unified/crm/contacts?limit=1").await.result()[0]["id"].clone();
    let body = json!({
        "content": "Attached.", "contact": [{ "id": contact }],
        "remote_data": { "entry": { "attachments": [{ "token": token }] } },
    });
    let note = app.post("/unified/crm/notes", &body).await.ok();
    let attachment = note["attachments"][0].clone();
    assert_eq!(attachment["name"], "März & Rechnung.pdf");
    assert_eq!((&attachment["mime_type"], &attachment["size"]), (&json!("application/pdf"), &json!(MOST)));

    let id = attachment["id"].as_str().expect("an id");
    let down = app.get(&format!("/proxy/attachments/{id}")).await;
    down.assert_status(200);
    assert_eq!(down.header("content-type"), "application/pdf");
    assert_eq!(down.header("content-length"), MOST.to_string());
    assert_eq!(
        down.header("content-disposition"),
        "attachment; filename*=UTF-8''M%C3%A4rz%20%26%20Rechnung%2Epdf"
    );
    assert_eq!(down.header("x-content-type-options"), "nosniff");
    assert!(down.body == file, "the file came down changed");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_found() {
    let app = TestApp::start().await;
    app.get("/proxy/attachments/999999999").await.remote_error(404);
}

#[tokio::test]
async fn an_upload_says_what_it_lacks_before_the_vendor_is_asked() {
    let app = TestApp::start().await;
    let request = |path: &str| app.gateway.request(Method::POST, &app.path(path));
    let send = async |request: reqwest::RequestBuilder| app.gateway.send(request).await;
    let pdf = "application/pdf";

    let nameless = request("/proxy/attachments/upload").header("content-type", pdf).body("x");
    send(nameless).await.refused_fields(&["filename"]);
    send(request(UPLOAD).body("x")).await.refused_fields(&["content-type"]);
    let pieces = stream::iter([Ok::<_, io::Error>(Bytes::from_static(b"x"))]);
    let endless = request(UPLOAD).header("content-type", pdf).body(reqwest::Body::wrap_stream(pieces));
    send(endless).await.refused_fields(&["content-length"]);
    let keyed = request(UPLOAD).header("content-type", pdf).header("idempotency-key", "once").body("x");
    send(keyed).await.refused_fields(&["idempotency-key"]);
    let large = upload(&app, vec![0; MOST + 1]).await.local_error(413);
    assert!(large["message"].as_str().is_some_and(|text| text.contains("26214400")), "{large}");
    assert!(app.vendor_calls().is_empty());
}

#[tokio::test]
async fn an_upload_is_sent_once_whatever_becomes_of_it() {
    let app = TestApp::start().await;
    let out_of_order = Fault::status(StatusCode::SERVICE_UNAVAILABLE);
    app.sandbox().faults().add(out_of_order.on(Method::POST, "/api/v2/attachments/upload").times(1));
    upload(&app, "x").await.error(502);
    assert_eq!(app.vendor_calls().len(), 1);
    assert!(upload(&app, "x").await.ok()["upload"]["token"].is_string());
}

#[tokio::test]
async fn a_credential_that_ends_meanwhile_is_renewed_and_the_caller_told_to_send_again() {
    let app = TestApp::with(Setup::default().account(AccountSetup::OAuth { expires_in: 3600 })).await;
    app.sandbox().expire_tokens();
    let refused = upload(&app, "x").await;
    let error = refused.error(503);
    assert!(error["message"].as_str().is_some_and(|text| text.contains("send the file again")), "{error}");
    assert_eq!(refused.header("retry-after"), "0");
    assert_eq!(app.sandbox().refresh_count(), 1);
    upload(&app, "x").await.ok();
}

#[tokio::test]
async fn a_batch_holds_no_files() {
    let app = TestApp::start().await;
    for method in ["get", "upload"] {
        let body = json!({
            "integrated_account_id": app.account,
            "resources": [{ "resource": "attachments", "method": method, "id": "1" }],
        });
        let text = app.gateway.post("/batch-request", &body).await.text();
        assert!(text.contains("carries a file"), "{method}: {text}");
        assert!(app.vendor_calls().is_empty());
    }
}

#[tokio::test]
async fn the_vendor_reads_the_beginning_of_a_file_before_the_caller_has_sent_its_end() {
    let (listener, origin) = listener().await;
    let app = TestApp::at(origin).await;
    let (seen, has_seen) = oneshot::channel();
    let vendor = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a call");
        let (head, mut body) = head(&mut socket).await;
        while body.len() < 5 {
            socket.read_buf(&mut body).await.expect("the beginning");
        }
        seen.send(body.clone()).expect("someone waits");
        while body.len() < 10 {
            assert_ne!(socket.read_buf(&mut body).await.expect("the end"), 0);
        }
        let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        socket.write_all(answer.as_bytes()).await.expect("an answer");
        (head, body)
    });
    let pieces = stream::iter([Bytes::from_static(b"first")]).map(Ok::<_, io::Error>);
    let pieces = pieces.chain(stream::once(async move {
        assert_eq!(has_seen.await.expect("the vendor reads"), b"first");
        Ok(Bytes::from_static(b"-last"))
    }));
    let request = app.gateway.request(Method::POST, &app.path(UPLOAD));
    let request = request.header("content-type", "application/pdf").header("content-length", "10");
    app.gateway.send(request.body(reqwest::Body::wrap_stream(pieces))).await.ok();
    let (head, body) = vendor.await.expect("the vendor");
    assert_eq!(body, b"first-last");
    for expected in [
        "post /api/v2/attachments/upload http/1.1\r\n",
        "content-type: application/pdf\r\n",
        "content-length: 10\r\n",
        "x-attachment-filename: m%c3%a4rz%20%26%20rechnung%2epdf\r\n",
    ] {
        assert!(head.contains(expected), "{expected} in {head}");
    }
    assert!(!head.contains("transfer-encoding"), "{head}");
}

/// A vendor that sends the beginning of a file of ten bytes, and goes on once it is told to: with the end, or by hanging
/// up.
async fn halting(ends: bool) -> (TestApp, oneshot::Sender<()>) {
    let (listener, origin) = listener().await;
    let app = TestApp::at(origin).await;
    let (go, on) = oneshot::channel();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a call");
        head(&mut socket).await;
        let begin = "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 10\r\n\r\nfirst";
        socket.write_all(begin.as_bytes()).await.expect("the beginning");
        on.await.expect("the word to go on");
        if ends {
            socket.write_all(b"-last").await.expect("the end");
        }
    });
    (app, go)
}

async fn begun(app: &TestApp) -> reqwest::Response {
    let request = app.gateway.request(Method::GET, &app.path("/proxy/attachments/6"));
    let mut answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.chunk().await.expect("a piece").expect("the beginning"), "first");
    answer
}

#[tokio::test]
async fn the_caller_reads_the_beginning_of_a_file_before_the_vendor_has_sent_its_end() {
    let (app, go) = halting(true).await;
    let answer = begun(&app).await;
    go.send(()).expect("a vendor");
    assert_eq!(answer.bytes().await.expect("the end"), "-last");
}

#[tokio::test]
async fn a_file_that_breaks_off_is_a_broken_transfer_and_not_a_short_file() {
    let (app, go) = halting(false).await;
    let answer = begun(&app).await;
    go.send(()).expect("a vendor");
    assert!(answer.bytes().await.is_err());
}

#[tokio::test]
async fn a_vendor_that_falls_silent_within_a_file_is_left_after_the_time_of_an_attempt() {
    let (listener, origin) = listener().await;
    let setup = Setup::default().at(origin).setting("UNICRM_ATTEMPT_TIMEOUT", "1");
    let app = TestApp::with(setup).await;
    let vendor = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a call");
        head(&mut socket).await;
        let begin = "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 10\r\n\r\nfirst";
        socket.write_all(begin.as_bytes()).await.expect("the beginning");
        // Ends when the gateway hangs up.
        socket.read_to_end(&mut Vec::new()).await.map(|_| ())
    });
    let answer = begun(&app).await;
    assert!(tokio::time::timeout(Duration::from_secs(20), answer.bytes()).await.expect("an end").is_err());
    let _ = vendor.await.expect("the vendor was left");
}

#[tokio::test]
async fn a_file_that_is_announced_as_too_large_is_refused() {
    let (listener, origin) = listener().await;
    let app = TestApp::at(origin).await;
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.expect("a call");
            head(&mut socket).await;
            let begin = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\nfirst", MOST + 1);
            socket.write_all(begin.as_bytes()).await.expect("the beginning");
        }
    });
    let error: Value = app.get("/proxy/attachments/6").await.error(502);
    assert!(error["message"].as_str().is_some_and(|text| text.contains("26214401 bytes")), "{error}");
}
