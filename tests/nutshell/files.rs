//! Files: announced by an edit of their record, then sent, then read.

use http::Method;
use serde_json::{Value, json};

use crate::support::app::{Setup, TestApp};
use crate::support::client::Reply;

async fn send(app: &TestApp, id: &str, name: &str, kind: &str, body: Vec<u8>) -> Reply {
    let path = app.path(&format!("/proxy/files/upload?id={id}&filename={name}"));
    app.gateway.send(app.gateway.request(Method::POST, &path).header("content-type", kind).body(body)).await
}

/// A record of the account's with its revision.
async fn record(app: &TestApp, resource: &str) -> Value {
    app.get(&format!("/proxy/{resource}?limit=1")).await.result()[0].clone()
}

#[tokio::test]
async fn a_file_is_announced_sent_listed_and_read() {
    let app = TestApp::with(Setup { provider: "nutshell", ..Setup::default() }).await;
    let content: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
    for (resource, member) in
        [("leads", "lead"), ("contacts", "contact"), ("accounts", "account"), ("activities", "activity")]
    {
        let before = record(&app, resource).await;
        let path = format!("/proxy/{resource}/{}", before["id"]);
        let announced = json!({ "entityType": "Files", "name": "offer.pdf" });
        let change = json!({ "rev": before["rev"], member: { "file": [announced] } });
        let changed = app.patch(&path, &change).await.ok()["result"].clone();
        assert_eq!(
            (&changed["file"][0]["name"], &changed["file"][0]["size"]),
            (&json!("offer.pdf"), &Value::Null)
        );
        let id = changed["file"][0]["id"].to_string();
        app.get(&format!("/proxy/files/{id}")).await.remote_error(404);
        send(&app, &id, "M%C3%A4rz%20%22x%22.pdf", "application/pdf", content.clone()).await.ok();
        let down = app.get(&format!("/proxy/files/{id}")).await;
        down.assert_status(200);
        assert_eq!(down.header("content-type"), "application/pdf");
        assert!(down.body == content, "the file came down changed");
        let shown = app.get(&path).await.ok()["result"]["file"][0].clone();
        assert_eq!(
            (&shown["size"], &shown["mime"]),
            (&json!(content.len()), &json!("application/pdf")),
            "{shown}"
        );
    }
    let sent = app.vendor_calls();
    let upload = sent.iter().find(|call| call.path.starts_with("/file/api/") && call.method == Method::POST);
    let upload = upload.expect("an upload");
    let kind = upload.headers["content-type"].to_str().expect("text");
    assert!(kind.starts_with("multipart/form-data; boundary="), "{kind}");
    assert_eq!(upload.headers["content-length"].to_str().expect("text"), upload.body.len().to_string());
    let head = String::from_utf8_lossy(&upload.body[..300]);
    assert!(head.contains("name=\"file\"; filename=\"März %22x%22.pdf\""), "{head}");
}

#[tokio::test]
async fn what_was_not_announced_is_not_taken() {
    let app = TestApp::with(Setup { provider: "nutshell", ..Setup::default() }).await;
    send(&app, "999999", "a.txt", "text/plain", b"x".to_vec()).await.remote_error(404);
    app.get("/proxy/files/999999").await.remote_error(404);
    let lead = record(&app, "leads").await;
    let change = json!({ "rev": lead["rev"], "lead": { "file": [{ "entityType": "Files", "id": 1 }] } });
    app.patch(&format!("/proxy/leads/{}", lead["id"]), &change).await.error(400);
}
