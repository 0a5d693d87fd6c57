//! A sandbox, a client to talk to it, and what tests ask of answers.

use http::Method;
use serde_json::Value;
use unicrm::sandbox::{NIMBLE_KEY, Sandbox};

/// A person of whom the sandbox has most to say.
pub const AGNES: &str = "66c00101a1b2c3d400000001";
/// The pipeline of most deals.
pub const PIPELINE: &str = "66c00401a1b2c3d400000001";

pub struct Crm {
    pub sandbox: Sandbox,
    http: reqwest::Client,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
}

impl Crm {
    pub async fn start() -> Crm {
        // Already installed by another test of this process, if not by this one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listen = "127.0.0.1:0".parse().expect("an address");
        Crm { sandbox: Sandbox::nimble(listen).await.expect("a free port"), http: reqwest::Client::new() }
    }

    pub async fn call(&self, method: Method, path: &str, token: &str, body: Option<&Value>) -> Reply {
        let url = format!("{}{path}", self.sandbox.origin());
        let mut request = self.http.request(method, url).bearer_auth(token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let reply = request.send().await.expect("an answer");
        let status = reply.status().as_u16();
        let text = reply.text().await.expect("a body");
        Reply { status, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path, NIMBLE_KEY, None).await
    }

    pub async fn write(&self, method: Method, path: &str, body: Value) -> Reply {
        self.call(method, path, NIMBLE_KEY, Some(&body)).await
    }

    /// A form to the token endpoint.
    pub async fn token(&self, form: &[(&str, &str)]) -> Reply {
        let url = format!("{}/api/oauth/token", self.sandbox.origin());
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request =
            self.http.post(url).header("content-type", "application/x-www-form-urlencoded").body(body);
        let reply = request.send().await.expect("an answer");
        let status = reply.status().as_u16();
        Reply { status, body: serde_json::from_str(&reply.text().await.expect("a body")).expect("JSON") }
    }
}

impl Reply {
    #[track_caller]
    pub fn ok(&self) -> &Value {
        assert!((200..300).contains(&self.status), "{}: {}", self.status, self.body);
        &self.body
    }

    #[track_caller]
    pub fn refused(&self, status: u16) -> &Value {
        assert_eq!(self.status, status, "{}", self.body);
        &self.body
    }
}
