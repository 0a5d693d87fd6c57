//! Looking at the sandbox CRM by its own API, beside the gateway.

use http::Method;
use serde_json::Value;
use unicrm::sandbox::Sandbox;

use super::client::{Client, Reply};

/// The header that marks the test's own requests, so that they don't count as the gateway's.
pub const OWN: &str = "x-test-own";

/// The CRM's own API.
pub struct Twin {
    client: Client,
}

impl Twin {
    pub fn of(sandbox: &Sandbox) -> Twin {
        Twin { client: Client::new(sandbox.origin(), sandbox.key()) }
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        let mut request = self.client.request(method, path).header(OWN, "yes");
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        self.client.send(request).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path, None).await
    }
}
