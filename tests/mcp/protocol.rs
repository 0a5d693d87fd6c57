//! The protocol's messages, as clients of every kind send them.

use http::Method;
use serde_json::{Value, json};

use crate::agent::{Agent, app, server};
use crate::support::app::TestApp;

async fn log(app: &TestApp) -> Vec<Value> {
    app.gateway.get("/log?log_type=mcp").await.result()
}

#[tokio::test]
async fn a_client_is_greeted_in_its_own_version_of_the_protocol() {
    let app = app("nimble").await;
    let agent = Agent::with(&app, json!({})).await;
    for (asked, given) in [
        ("2025-11-25", "2025-11-25"),
        ("2025-06-18", "2025-06-18"),
        ("2025-03-26", "2025-03-26"),
        ("2024-11-05", "2024-11-05"),
        ("2031-01-01", "2025-11-25"),
        ("", "2025-11-25"),
    ] {
        let params = json!({ "protocolVersion": asked, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
        let result = agent.ask("initialize", params).await["result"].clone();
        assert_eq!(result["protocolVersion"], given, "{asked}");
        assert!(result["capabilities"]["tools"].is_object());
        assert_eq!(result["serverInfo"]["name"], "unicrm");
        assert!(result["instructions"].as_str().is_some_and(|text| text.contains("Nimble")), "{result}");
    }
    let request = agent.request(Method::POST).header("mcp-protocol-version", "2031-01-01");
    let refused = agent.sent(request.body(r#"{"jsonrpc":"2.0","id":3,"method":"tools/list"}"#)).await;
    refused.assert_status(400);
    let error = refused.json();
    assert_eq!((&error["id"], &error["error"]["code"]), (&json!(3), &json!(-32022)), "{error}");
    assert!(
        error["error"]["data"]["supported"]
            .as_array()
            .is_some_and(|known| known.contains(&json!("2025-06-18")))
    );
}

#[tokio::test]
async fn clients_that_send_no_version_id_accept_or_type_are_answered_in_json() {
    let app = app("capsule").await;
    let agent = Agent::with(&app, json!({ "tags": ["setup"] })).await;
    let greeting = r#"{"method":"initialize","params":{"protocolVersion":"2024-11-05","clientInfo":{"name":"old","version":"2"}}}"#;
    let reply = agent
        .sent(agent.request(Method::POST).header("content-type", "text/plain;charset=UTF-8").body(greeting))
        .await;
    assert_eq!(reply.header("content-type"), "application/json");
    let greeted = reply.ok();
    assert_eq!((&greeted["id"], &greeted["result"]["protocolVersion"]), (&Value::Null, &json!("2024-11-05")));
    let listed = agent.raw(r#"{"method":"tools/list","id":1}"#).await.ok();
    assert!(listed["result"]["tools"].as_array().is_some_and(|tools| !tools.is_empty()));
    let called =
        r#"{"method":"tools/call","id":2,"params":{"name":"list_all_capsule_users","arguments":{}}}"#;
    let called = agent.raw(called).await.ok();
    assert_eq!(called["id"], 2);
    assert!(called["result"]["structuredContent"]["items"].as_array().is_some_and(|items| !items.is_empty()));
    let event_stream = agent.request(Method::POST).header("accept", "text/event-stream");
    let reply = agent.sent(event_stream.body(r#"{"method":"ping","id":"p"}"#)).await;
    assert_eq!(reply.ok(), json!({ "jsonrpc": "2.0", "id": "p", "result": {} }));
}

#[tokio::test]
async fn notifications_are_taken_and_lists_answered_in_order() {
    let app = app("capsule").await;
    let agent = Agent::with(&app, json!({})).await;
    for silent in [
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","id":9,"result":{}}"#,
        r#"[{"method":"notifications/cancelled"}]"#,
    ] {
        let reply = agent.raw(silent).await;
        reply.assert_status(202);
        assert!(reply.body.is_empty());
    }
    let list =
        r#"[{"id":1,"method":"ping"},{"method":"notifications/initialized"},7,{"id":2,"method":"nothing"}]"#;
    let answers = agent.raw(list).await.ok();
    assert_eq!(answers[0], json!({ "jsonrpc": "2.0", "id": 1, "result": {} }));
    assert_eq!((&answers[1]["id"], &answers[1]["error"]["code"]), (&Value::Null, &json!(-32600)));
    assert_eq!((&answers[2]["id"], &answers[2]["error"]["code"]), (&json!(2), &json!(-32601)));
}

#[tokio::test]
async fn what_cannot_be_tried_is_the_protocols_own_error() {
    let app = app("capsule").await;
    let agent = Agent::with(&app, json!({ "methods": ["read"] })).await;
    for (body, code) in [
        ("{", -32700),
        ("[]", -32600),
        (r#"{"id":1}"#, -32600),
        (r#"{"id":1,"method":"ping","params":[]}"#, -32602),
    ] {
        let reply = agent.raw(body).await;
        reply.assert_status(400);
        assert_eq!(reply.json()["error"]["code"], code, "{body}");
    }
    for (params, words) in [
        (json!({}), "params.name"),
        (json!({ "name": "list_all_capsule_users", "arguments": [] }), "params.arguments"),
        (json!({ "name": "list_all_capsule_user" }), "list_all_capsule_users"),
        // There is such a tool, but this server doesn't give it.
        (json!({ "name": "create_a_capsule_party", "arguments": {} }), "no tool"),
    ] {
        let error = agent.ask("tools/call", params).await["error"].clone();
        assert_eq!(error["code"], -32602, "{error}");
        assert!(error["message"].as_str().is_some_and(|message| message.contains(words)), "{error}");
    }
    let error = agent.ask("resources/list", json!({})).await["error"].clone();
    assert_eq!(error["code"], -32601);
}

#[tokio::test]
async fn a_browser_on_another_sites_page_is_refused() {
    let app = app("capsule").await;
    let agent = Agent::with(&app, json!({})).await;
    let ping = r#"{"method":"ping","id":1}"#;
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        let request = agent.request(Method::POST).header("origin", origin);
        agent.sent(request.body(ping)).await.local_error(403);
    }
    let own = app.gateway.origin();
    agent.sent(agent.request(Method::POST).header("origin", own).body(ping)).await.ok();
    agent.sent(agent.request(Method::GET)).await.error(405);
    agent.sent(agent.request(Method::DELETE)).await.error(405);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let setup = crate::support::app::Setup::default().setting("UNICRM_MAX_REQUEST_BYTES", "2000");
    let app = TestApp::with(setup).await;
    let agent = Agent::with(&app, json!({})).await;
    let body = format!(r#"{{"method":"ping","id":1,"params":{{"x":"{}"}}}}"#, "x".repeat(3000));
    agent.raw(&body).await.error(413);
}

#[tokio::test]
async fn every_tool_says_what_it_does_to_the_crm() {
    let app = app("nimble").await;
    let tools = Agent::with(&app, json!({})).await.tools().await;
    let hints = |name: &str| {
        let tool = tools.iter().find(|tool| tool["name"] == name).unwrap_or_else(|| panic!("no {name}"));
        let hint =
            |hint: &str| tool["annotations"][hint].as_bool().unwrap_or_else(|| panic!("{name} {hint}"));
        [hint("readOnlyHint"), hint("destructiveHint"), hint("idempotentHint"), hint("openWorldHint")]
    };
    assert_eq!(hints("list_all_nimble_contacts"), [true, false, true, false]);
    assert_eq!(hints("create_a_nimble_contact"), [false, false, false, false]);
    assert_eq!(hints("update_a_nimble_deal_by_id"), [false, true, true, false]);
    assert_eq!(hints("nimble_contacts_bulk"), [false, true, true, false]);
    for tool in &tools {
        let schema = &tool["inputSchema"];
        jsonschema::draft202012::meta::validate(schema)
            .unwrap_or_else(|error| panic!("{}: {error}", tool["name"]));
        assert_eq!((&schema["type"], &schema["additionalProperties"]), (&json!("object"), &json!(false)));
        assert!(tool["annotations"]["title"].is_string() && tool["description"].is_string());
    }
}

#[tokio::test]
async fn the_log_tells_who_asked_what_and_how_it_went() {
    let app = app("capsule").await;
    let made = server(&app, json!({})).await;
    let other = Agent::with(&app, json!({})).await;
    let agent = Agent::at(&app, &made);
    let greeting = json!({ "method": "initialize", "id": 1, "params": { "protocolVersion": "2025-06-18", "clientInfo": { "name": "Confidant", "version": "3.1" } } });
    let greeted = agent.raw(&greeting.to_string()).await;
    let session = greeted.header("mcp-session-id").to_owned();
    let call = |name: &str, arguments: Value| {
        let body =
            json!({ "method": "tools/call", "id": 2, "params": { "name": name, "arguments": arguments } });
        agent.sent(agent.request(Method::POST).header("mcp-session-id", &session).body(body.to_string()))
    };
    call("capsule_parties_search", json!({ "q": "Confidentia" })).await.ok();
    call("get_single_capsule_party_by_id", json!({ "id": "999999999" })).await.ok();
    other.ask("ping", json!({})).await;
    let entries = log(&app).await;
    let told: Vec<Value> = entries
        .iter()
        .map(|entry| {
            json!([
                entry["mcp_method"],
                entry["tool_name"],
                entry["client_name"],
                entry["client_version"],
                entry["http_status_code"]
            ])
        })
        .collect();
    let expected = [
        json!(["initialize", null, "Confidant", "3.1", 200]),
        json!(["tools/call", "capsule_parties_search", "Confidant", "3.1", 200]),
        json!(["tools/call", "get_single_capsule_party_by_id", "Confidant", "3.1", 404]),
        json!(["ping", null, null, null, 200]),
    ];
    assert_eq!(told, expected);
    for entry in &entries[..3] {
        assert_eq!((&entry["log_type"], &entry["mcp_server_id"]), (&json!("mcp"), &made["id"]));
        assert_eq!(entry["integrated_account_id"], app.account.as_str());
        assert!(
            entry["duration"].as_f64().is_some_and(|millis| millis >= 0.0) && entry["timestamp"].is_string()
        );
    }
    assert!(
        !app.gateway.get("/log?log_type=mcp").await.text().contains("Confidentia"),
        "arguments are not kept"
    );
    let id = made["id"].as_str().expect("an id");
    let own =
        app.gateway.get(&format!("/log?log_type=mcp&log_type_filter[mcp_server_id]={id}")).await.result();
    assert_eq!(own.len(), 3);
    app.gateway.get("/log?log_type=mcp&log_type_filter[tool]=x").await.error(400);
    let (_, stranger) = app.another_environment("another").await;
    assert_eq!(stranger.get("/log?log_type=mcp").await.result(), Vec::<Value>::new());
}
