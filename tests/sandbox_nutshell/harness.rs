//! A sandbox, and a client to talk to it.

use serde_json::{Value, json};
use unicrm::sandbox::{NUTSHELL_KEY, NUTSHELL_USERNAME, Sandbox};

pub struct Crm {
    pub sandbox: Sandbox,
    http: reqwest::Client,
}

impl Crm {
    pub async fn start() -> Crm {
        // Already installed by another test of this process, if not by this one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listen = "127.0.0.1:0".parse().expect("an address");
        Crm { sandbox: Sandbox::nutshell(listen).await.expect("a free port"), http: reqwest::Client::new() }
    }

    /// The status and the text of an answer to a request with these credentials.
    pub async fn send(
        &self,
        method: http::Method,
        path: &str,
        user: &str,
        key: &str,
        body: String,
    ) -> (u16, String) {
        let request = self.http.request(method, format!("{}{path}", self.sandbox.origin()));
        let reply = request.basic_auth(user, Some(key)).body(body).send().await.expect("an answer");
        (reply.status().as_u16(), reply.text().await.expect("a text"))
    }

    /// What a method answers: the whole envelope.
    pub async fn envelope(&self, method: &str, params: Value) -> Value {
        self.envelope_as(NUTSHELL_USERNAME, method, params).await
    }

    pub async fn envelope_as(&self, user: &str, method: &str, params: Value) -> Value {
        let body = json!({ "id": "t", "method": method, "params": params }).to_string();
        let (_, text) = self.send(http::Method::POST, "/api/v1/json", user, NUTSHELL_KEY, body).await;
        serde_json::from_str(&text).expect("JSON")
    }

    /// The result of a method that is carried out.
    pub async fn call(&self, method: &str, params: Value) -> Value {
        let envelope = self.envelope(method, params).await;
        assert!(envelope["error"].is_null(), "{method}: {envelope}");
        envelope["result"].clone()
    }

    /// The code of a method's error.
    pub async fn refusal(&self, method: &str, params: Value) -> i64 {
        let envelope = self.envelope(method, params).await;
        assert!(envelope["result"].is_null(), "{method}: {envelope}");
        envelope["error"]["code"].as_i64().expect("a code")
    }

    pub async fn rest(&self, method: http::Method, path: &str, body: Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, text) =
            self.send(method, &format!("/rest{path}"), NUTSHELL_USERNAME, NUTSHELL_KEY, body).await;
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }
}
