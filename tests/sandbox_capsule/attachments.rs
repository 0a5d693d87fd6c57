//! Files: uploading, attaching, downloading.

use http::Method;
use serde_json::{Value, json};
use unicrm::sandbox::CAPSULE_TOKEN;

use crate::harness::{Crm, Reply, id, keys, rows};

/// Uploads a file under these headers.
async fn upload(crm: &Crm, headers: &[(&str, &str)], body: Vec<u8>) -> Reply {
    let path = "/api/v2/attachments/upload";
    crm.send_with(Method::POST, path, Some(CAPSULE_TOKEN), headers, body).await.expect("an answer")
}

const PDF: [(&str, &str); 2] =
    [("Content-Type", "application/pdf"), ("X-Attachment-Filename", "M%C3%A4rz%20Rechnung.pdf")];

async fn token(crm: &Crm, body: &[u8]) -> Value {
    let reply = upload(crm, &PDF, body.to_vec()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(keys(&reply.json()), ["upload"]);
    reply.json()["upload"]["token"].clone()
}

/// A note with what was uploaded under `tokens`.
async fn note(crm: &Crm, tokens: &[&Value]) -> Reply {
    let party = crm.all("parties", "parties").await[0]["id"].clone();
    let attachments: Vec<Value> = tokens.iter().map(|token| json!({ "token": token })).collect();
    let entry = json!({ "type": "note", "party": party, "attachments": attachments });
    crm.post("/entries", json!({ "entry": entry })).await
}

#[tokio::test]
async fn an_uploaded_file_is_claimed_by_an_entry_and_comes_back_as_it_was() {
    let crm = Crm::start().await;
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| u8::try_from(n * 7 % 251).expect("a byte")).collect();
    let token = token(&crm, &bytes).await;
    let reply = note(&crm, &[&token]).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let attachment = reply.json()["entry"]["attachments"][0].clone();
    assert_eq!(keys(&attachment), ["id", "filename", "contentType", "size"]);
    assert_eq!(attachment["filename"], "März Rechnung.pdf");
    assert_eq!(attachment["contentType"], "application/pdf");
    assert_eq!(attachment["size"], 200_000);

    let file = crm.get(&format!("/attachments/{}", attachment["id"])).await;
    assert_eq!(file.status, 200);
    assert_eq!(file.header("content-type"), "application/pdf");
    assert_eq!(file.header("content-length"), "200000");
    assert_eq!(file.header("content-disposition"), "attachment; filename*=UTF-8''M%C3%A4rz%20Rechnung%2Epdf");
    assert_eq!(file.body, bytes);
}

#[tokio::test]
async fn a_token_is_good_once() {
    let crm = Crm::start().await;
    let token = token(&crm, b"once").await;
    assert_eq!(note(&crm, &[&token]).await.status, 201);
    note(&crm, &[&token]).await.assert_invalid("attachment", "token", "invalid token");
    note(&crm, &[&json!("u1/e0/made-up")]).await.assert_invalid("attachment", "token", "invalid token");
}

#[tokio::test]
async fn a_refused_entry_leaves_the_token_good() {
    let crm = Crm::start().await;
    let token = token(&crm, b"kept").await;
    let nobody = json!({ "type": "note", "attachments": [{ "token": token }] });
    assert_eq!(crm.post("/entries", json!({ "entry": nobody })).await.status, 422);
    assert_eq!(note(&crm, &[&token]).await.status, 201);
}

#[tokio::test]
async fn attachments_are_added_and_deleted_but_an_entry_is_not_left_empty() {
    let crm = Crm::start().await;
    let entry = note(&crm, &[&token(&crm, b"one").await]).await.json()["entry"].clone();
    let add = json!({ "attachments": [{ "token": token(&crm, b"two").await }] });
    let both = crm.amended("entries", "entry", &entry, add).await;
    assert_eq!(rows(&both["attachments"]).len(), 2);
    let delete = |index: usize| {
        let id = &both["attachments"][index]["id"];
        json!({ "attachments": [{ "id": id, "_delete": true }] })
    };
    let one = crm.amended("entries", "entry", &entry, delete(0)).await;
    assert_eq!(id(&one["attachments"][0]), id(&both["attachments"][1]));
    assert_eq!(crm.get(&format!("/attachments/{}", both["attachments"][0]["id"])).await.status, 404);
    let reply = crm.amend("entries", "entry", &entry, delete(1)).await;
    reply.assert_invalid("entry", "content", "content is required");
    let reply = crm.amend("entries", "entry", &entry, delete(0)).await;
    reply.assert_invalid("attachment", "id", "attachment not found to delete");

    assert_eq!(crm.delete(&format!("/entries/{}", entry["id"])).await.status, 204);
    assert_eq!(crm.get(&format!("/attachments/{}", both["attachments"][1]["id"])).await.status, 404);
}

#[tokio::test]
async fn an_upload_needs_its_headers() {
    let crm = Crm::start().await;
    let reply = upload(&crm, &PDF[..1], b"x".to_vec()).await;
    reply.assert_invalid("attachment", "X-Attachment-Filename", "X-Attachment-Filename is required");
    let reply = upload(&crm, &PDF[1..], b"x".to_vec()).await;
    reply.assert_invalid("attachment", "Content-Type", "Content-Type is required");
}

#[tokio::test]
async fn a_file_may_have_25_megabytes() {
    let crm = Crm::start().await;
    const LIMIT: usize = 25 * 1024 * 1024;
    let reply = upload(&crm, &PDF, vec![7; LIMIT + 1]).await;
    assert_eq!(reply.status, 413);
    assert_eq!(reply.text(), r#"{"message":"Request entity too large"}"#);
    assert_eq!(upload(&crm, &PDF, vec![7; LIMIT]).await.status, 200);
}

#[tokio::test]
async fn seeded_files_are_of_several_types_and_sizes() {
    let crm = Crm::start().await;
    let entries = crm.all("entries?perPage=100", "entries").await;
    let attachments: Vec<Value> =
        entries.iter().flat_map(|entry| rows(&entry["attachments"]).to_vec()).collect();
    assert!(attachments.len() >= 5);
    for (kind, start) in [
        ("application/pdf", &b"%PDF-1.4"[..]),
        ("image/png", b"\x89PNG"),
        ("text/csv", b"bean,"),
        ("text/plain", b"00000"),
    ] {
        let attachment = attachments.iter().find(|row| row["contentType"] == kind).expect("one of the type");
        let file = crm.get(&format!("/attachments/{}", attachment["id"])).await;
        assert!(file.body.starts_with(start), "{kind}");
        assert_eq!(attachment["size"], file.body.len());
    }
    let large = attachments.iter().any(|row| row["size"].as_u64().expect("a size") > 200_000);
    assert!(large);
}
