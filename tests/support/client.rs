//! An HTTP client for the gateway, and what tests ask of its answers.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;

/// Calls one gateway as its users do.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    origin: String,
    token: Option<String>,
    /// Everything that was ever answered, for tests that look for what must not be there.
    transcript: Option<Arc<Mutex<String>>>,
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Client {
    /// A client of the gateway at `origin` (`http://127.0.0.1:8080`) that sends `token`.
    pub fn new(origin: String, token: &str) -> Client {
        // An error only says that it has been chosen before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Client { http, origin, token: Some(token.to_owned()), transcript: Some(Arc::default()) }
    }

    /// The same client with another token, or with none.
    pub fn with_token(&self, token: Option<&str>) -> Client {
        Client { token: token.map(str::to_owned), ..self.clone() }
    }

    /// The same client for another gateway.
    pub fn at(&self, origin: String) -> Client {
        Client { origin, ..self.clone() }
    }

    /// The same client without a transcript, for long runs.
    pub fn forgetful(self) -> Client {
        Client { transcript: None, ..self }
    }

    /// Scheme, host and port of the gateway.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// A request to be completed by hand.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.origin));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends such a request.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let (reply, is_whole) = self.send_through(request).await;
        assert!(is_whole, "a whole answer: {reply:?}");
        reply
    }

    /// Sends such a request. An answer that breaks off has no body, and isn't whole.
    pub async fn send_through(&self, request: reqwest::RequestBuilder) -> (Reply, bool) {
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.bytes().await.ok();
        let is_whole = body.is_some();
        let reply = Reply { status, headers, body: body.unwrap_or_default() };
        if let Some(transcript) = &self.transcript {
            let mut transcript = transcript.lock().expect("the transcript");
            transcript.push_str(&format!("{} {:?}\n{}\n", reply.status, reply.headers, reply.text()));
        }
        (reply, is_whole)
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.write(Method::POST, path, body.to_string()).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.write(Method::PATCH, path, body.to_string()).await
    }

    /// A body as it is, labelled as JSON.
    pub async fn write(&self, method: Method, path: &str, body: impl Into<reqwest::Body>) -> Reply {
        let request = self.request(method, path).header("content-type", "application/json");
        self.send(request.body(body)).await
    }

    /// Status, headers and body of everything that this client and its copies were answered.
    pub fn transcript(&self) -> String {
        let transcript = self.transcript.as_ref().expect("a client that remembers");
        transcript.lock().expect("the transcript").clone()
    }
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    /// A header's value, empty when it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// The body of an answer that must be a success.
    #[track_caller]
    pub fn ok(&self) -> Value {
        self.assert_status(200);
        self.json()
    }

    #[track_caller]
    pub fn assert_status(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.text());
    }

    /// Holds that this is an error in the contract's envelope, and gives its body.
    #[track_caller]
    pub fn error(&self, status: u16) -> Value {
        self.assert_status(status);
        let body = self.json();
        let reason = http::StatusCode::from_u16(status).expect("a status").canonical_reason();
        assert_eq!(body["statusCode"], status, "{body}");
        assert_eq!(body["error"].as_str(), reason, "{body}");
        assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
        assert_eq!(self.header("content-type"), "application/json");
        body
    }

    /// Holds that this is a 400 that names exactly these fields, and gives its body.
    #[track_caller]
    pub fn refused_fields(&self, fields: &[&str]) -> Value {
        let body = self.error(400);
        let failures = body["details"]["failures"].as_array().cloned().unwrap_or_default();
        let named: Vec<&str> = failures.iter().filter_map(|failure| failure["field"].as_str()).collect();
        assert_eq!(named, fields, "{body}");
        body
    }

    /// Holds that this is an error of the vendor's, and gives its body.
    #[track_caller]
    pub fn remote_error(&self, status: u16) -> Value {
        let body = self.error(status);
        assert_eq!(body["truto_is_remote_error"], true, "{body}");
        let insight = body["truto_error_insight"].as_object().unwrap_or_else(|| panic!("no insight: {body}"));
        // Callers of the vendor's own API are told of missing scopes and nothing else.
        let told = insight.get("remote_error").map(|remote| remote["description"].is_string());
        let only_scopes = insight.keys().all(|key| key == "forbidden_error");
        assert!(told.unwrap_or(only_scopes), "{body}");
        body
    }

    /// Holds that this is an error of the caller's own, and gives its body.
    #[track_caller]
    pub fn local_error(&self, status: u16) -> Value {
        let body = self.error(status);
        assert_eq!(body.get("truto_is_remote_error"), None, "{body}");
        body
    }

    /// The records of a list.
    #[track_caller]
    pub fn result(&self) -> Vec<Value> {
        self.ok()["result"].as_array().cloned().expect("a list")
    }
}
