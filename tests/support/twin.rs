//! Looking at the sandbox CRM by its own API, beside the gateway.

use http::Method;
use serde_json::{Value, json};
use unicrm::sandbox::{NUTSHELL_KEY, NUTSHELL_USERNAME, Sandbox};

use super::client::{Client, Reply};

/// The header that marks the test's own requests, so that they don't count as the gateway's.
pub const OWN: &str = "x-test-own";

/// The CRM's own API.
pub struct Twin {
    client: Client,
    /// Whether it is Nutshell's, whose credential is a name and a key.
    basic: bool,
}

impl Twin {
    /// The API of a sandbox.
    pub fn of(sandbox: &Sandbox) -> Twin {
        let basic = sandbox.key() == NUTSHELL_KEY;
        let token = if basic { None } else { Some(sandbox.key()) };
        Twin { client: Client::new(sandbox.origin(), "").with_token(token), basic }
    }

    /// Calls a method of JSON-RPC, and answers the whole envelope.
    pub async fn rpc(&self, method: &str, params: &Value) -> Value {
        let body = json!({ "id": "test", "method": method, "params": params });
        self.call(Method::POST, "/api/v1/json", Some(&body)).await.json()
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        let mut request = self.client.request(method, path).header(OWN, "yes");
        if self.basic {
            request = request.basic_auth(NUTSHELL_USERNAME, Some(NUTSHELL_KEY));
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        self.client.send(request).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path, None).await
    }
}
