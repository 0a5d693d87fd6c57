//! A client of MCP as agents use one, over plain HTTP.

use http::Method;
use serde_json::{Value, json};

use crate::support::app::{Setup, TestApp};
use crate::support::client::{Client, Reply};

/// A gateway with an account at a provider's sandbox.
pub async fn app(provider: &'static str) -> TestApp {
    TestApp::with(Setup { provider, ..Setup::default() }).await
}

/// Makes a server for the app's account.
pub async fn server(app: &TestApp, config: Value) -> Value {
    let body = json!({ "name": "agents", "config": config });
    app.gateway.post(&format!("/integrated-account/{}/mcp", app.account), &body).await.ok()
}

/// Someone who knows an address.
pub struct Agent {
    client: Client,
    path: String,
}

impl Agent {
    /// An agent at the server that `made` describes, without an API token.
    pub fn at(app: &TestApp, made: &Value) -> Agent {
        let token = made["token"].as_str().expect("a token");
        Agent { client: app.gateway.with_token(None), path: format!("/mcp/{token}") }
    }

    /// An agent at a new server with these tools.
    pub async fn with(app: &TestApp, config: Value) -> Agent {
        Agent::at(app, &server(app, config).await)
    }

    /// The same agent with an API token.
    pub fn with_token(&self, token: &str) -> Agent {
        Agent { client: self.client.with_token(Some(token)), path: self.path.clone() }
    }

    /// A request to be completed by hand.
    pub fn request(&self, method: Method) -> reqwest::RequestBuilder {
        self.client.request(method, &self.path)
    }

    /// Sends such a request.
    pub async fn sent(&self, request: reqwest::RequestBuilder) -> Reply {
        self.client.send(request).await
    }

    /// Sends a body as it is.
    pub async fn raw(&self, body: &str) -> Reply {
        self.sent(self.request(Method::POST).body(body.to_owned())).await
    }

    /// Asks something, and gives the whole answer.
    pub async fn ask(&self, method: &str, params: Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
        let answer = self.raw(&body.to_string()).await.ok();
        assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(7)), "{answer}");
        answer
    }

    /// The tools that are offered.
    pub async fn tools(&self) -> Vec<Value> {
        let answer = self.ask("tools/list", json!({})).await;
        answer["result"]["tools"].as_array().cloned().unwrap_or_else(|| panic!("no tools: {answer}"))
    }

    /// Calls a tool, whatever becomes of it.
    pub async fn call(&self, name: &str, arguments: Value) -> Value {
        let answer = self.ask("tools/call", json!({ "name": name, "arguments": arguments })).await;
        answer.get("result").cloned().unwrap_or_else(|| panic!("{name}: {answer}"))
    }

    /// Calls a tool that must succeed, and gives what it structures.
    pub async fn done(&self, name: &str, arguments: Value) -> Value {
        let result = self.call(name, arguments).await;
        assert_ne!(result["isError"], true, "{name}: {result}");
        let told: Value =
            serde_json::from_str(result["content"][0]["text"].as_str().expect("text")).expect("JSON");
        let structured = result["structuredContent"].clone();
        assert!(structured == told || structured["result"] == told, "{name}: {result}");
        structured
    }

    /// Calls a tool that must fail, and gives the error.
    pub async fn failed(&self, name: &str, arguments: Value) -> Value {
        let result = self.call(name, arguments).await;
        assert_eq!(result["isError"], true, "{name}: {result}");
        let error = result["structuredContent"].clone();
        assert!(error["next_step"].as_str().is_some_and(|step| step.len() > 10), "{name}: {error}");
        error
    }
}
