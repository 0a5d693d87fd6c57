//! One account on two wires: what goes out, and what errors come back as.

use serde_json::{Value, json};

use crate::support::app::{Setup, TestApp};
use crate::support::vendor::{Answer, ScriptedVendor};

async fn at(vendor: &ScriptedVendor) -> TestApp {
    TestApp::with(Setup { provider: "nutshell", ..Setup::default() }.at(vendor.origin())).await
}

fn rpc_error(code: i64, message: &str) -> String {
    json!({ "result": null, "id": "unicrm", "error": { "code": code, "message": message, "data": null } })
        .to_string()
}

#[tokio::test]
async fn an_error_inside_a_success_is_the_error_that_it_is() {
    for (http, code, message, status) in [
        (200, 404, "not there", 404),
        (200, 409, "rev key is out-of-date", 409),
        (200, 403, "not yours", 403),
        (200, 401, "not for you", 403),
        (200, 400, "no such thing", 400),
        (400, 400, "status can only be 0", 400),
        (200, -32601, "Method not found", 400),
        (200, 429, "slow down", 429),
        (200, 0, "API rate limit exceeded", 429),
        (503, 503, "later", 502),
        (200, -32603, "Internal error", 502),
    ] {
        let vendor = ScriptedVendor::saying(Answer::json(rpc_error(code, message)).status(http)).await;
        let mut app = at(&vendor).await;
        for path in ["/unified/crm/contacts/1", "/proxy/contacts/1"] {
            // One that was asked to slow down would keep to it.
            app.connect_another().await;
            let reply = app.get(path).await;
            let body = reply.remote_error(status);
            assert!(body["message"].as_str().is_some_and(|text| text.contains(message)), "{code}: {body}");
            assert_eq!(body["raw_response"]["error"]["code"], code, "{body}");
            assert!(status != 429 || reply.header("retry-after") == "30", "{:?}", reply.headers);
        }
        let reconnect = app.shown_account().await["status"] == "needs_reauth";
        assert!(!reconnect, "{code} is about what the credential may do");
    }
}

#[tokio::test]
async fn a_refused_credential_marks_the_account_on_either_wire() {
    for path in ["/unified/crm/contacts", "/unified/crm/notes"] {
        let page = "<!DOCTYPE html><html><body>401</body></html>";
        let vendor = ScriptedVendor::saying(Answer::json(page).status(401)).await;
        let app = at(&vendor).await;
        app.get(path).await.remote_error(401);
        assert_eq!(app.shown_account().await["status"], "needs_reauth");
    }
}

#[tokio::test]
async fn both_wires_bear_the_one_credential_and_neither_shows_it() {
    let vendor = ScriptedVendor::saying(Answer::json(rpc_error(404, "not there"))).await;
    let app = at(&vendor).await;
    app.get("/unified/crm/contacts/1").await.error(404);
    app.get("/unified/crm/notes").await.error(502);
    let asked = vendor.asked();
    assert_eq!(asked[0].path, "/api/v1/json");
    assert_eq!(asked[1].path, "/rest/notes");
    let header = |index: usize| asked[index].headers.get("authorization").cloned().expect("a credential");
    assert_eq!(header(0), header(1));
    assert!(header(0).to_str().is_ok_and(|text| text.starts_with("Basic ")));
    assert!(header(0).is_sensitive() || !format!("{:?}", asked[0].body).contains("sandbox-nutshell-key"));
    assert_eq!(asked[1].query, "page%5Bpage%5D=0&page%5Blimit%5D=100");
}

#[tokio::test]
async fn a_proxy_call_is_an_envelope_with_named_parameters() {
    let vendor = ScriptedVendor::saying(Answer::json(r#"{"result":[],"id":"unicrm"}"#)).await;
    let app = at(&vendor).await;
    app.get("/proxy/leads?query[status]=10&limit=5").await.ok();
    let sent: Value = serde_json::from_slice(&vendor.asked()[0].body).expect("an envelope");
    assert_eq!(
        sent,
        json!({ "jsonrpc": "2.0", "id": "unicrm", "method": "findLeads", "params": {
            "orderBy": "id", "orderDirection": "ASC", "stubResponses": false, "query": { "status": "10" },
            "page": 1, "limit": 5,
        } })
    );
    app.delete("/proxy/contacts/7-contacts").await.ok();
    let sent: Value = serde_json::from_slice(&vendor.asked()[1].body).expect("an envelope");
    assert_eq!(sent["params"], json!({ "rev": "REV_IGNORE", "contactId": 7 }));
    let body = app.post("/proxy/contacts", &json!([1])).await.local_error(400);
    assert!(body["message"].as_str().is_some_and(|text| text.contains("newContact")), "{body}");
}

#[tokio::test]
async fn any_method_can_be_called_and_its_error_is_one() {
    let vendor = ScriptedVendor::start(|asked| {
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        match body["method"].as_str() {
            Some("instanceData") => Answer::json(r#"{"result":{"id":5},"id":"1"}"#),
            _ => Answer::json(rpc_error(404, "not there")),
        }
    })
    .await;
    let app = at(&vendor).await;
    let path = "/custom/api/v1/json";
    let found = app.post(path, &json!({ "id": "1", "method": "instanceData" })).await.ok();
    assert_eq!(found["result"]["result"]["id"], 5, "{found}");
    app.post(path, &json!({ "id": "1", "method": "getLead" })).await.remote_error(404);
}

#[tokio::test]
async fn a_deletion_that_does_not_say_that_it_was_done_is_none() {
    let vendor = ScriptedVendor::saying(Answer::json(r#"{"result":false,"id":"unicrm"}"#)).await;
    let app = at(&vendor).await;
    app.delete("/unified/crm/contacts/7").await.remote_error(502);
}
