//! A sandbox, a client to talk to it, and what tests ask of answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Value, json};
use time::OffsetDateTime;
use unicrm::sandbox::{CAPSULE_RESTRICTED_TOKEN, CAPSULE_TOKEN, Clock, Sandbox};

/// The administrator, whose tokens the sandbox knows.
pub const ADMINISTRATOR: i64 = 712_440;

pub struct Crm {
    pub sandbox: Sandbox,
    http: reqwest::Client,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Crm {
    pub async fn start() -> Crm {
        Crm::start_at(Clock::system()).await
    }

    pub async fn start_at(clock: Clock) -> Crm {
        // Already installed by another test of this process, if not by this one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listen = "127.0.0.1:0".parse().expect("an address");
        Crm {
            sandbox: Sandbox::capsule_at(listen, clock).await.expect("a free port"),
            http: reqwest::Client::new(),
        }
    }

    /// A request with any token and body; Err when no complete answer came.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: impl Into<reqwest::Body>,
    ) -> Result<Reply, reqwest::Error> {
        let json = [("Content-Type", "application/json")];
        self.send_with(method, path, token, &json, body).await
    }

    /// [`Crm::send`] with headers of the caller's choosing.
    pub async fn send_with(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Result<Reply, reqwest::Error> {
        let url = format!("{}{path}", self.sandbox.origin());
        let mut request = self.http.request(method, url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let reply = request.body(body).send().await?;
        Ok(Reply {
            status: reply.status().as_u16(),
            headers: reply.headers().clone(),
            body: reply.bytes().await?,
        })
    }

    async fn api(&self, method: Method, path: &str, body: String) -> Reply {
        let path = format!("/api/v2{path}");
        self.send(method, &path, Some(CAPSULE_TOKEN), body).await.expect("an answer")
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.api(Method::GET, path, String::new()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.api(Method::POST, path, body.to_string()).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.api(Method::PUT, path, body.to_string()).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.api(Method::DELETE, path, String::new()).await
    }

    /// Creates a party, embedding everything, and answers it.
    pub async fn create(&self, party: Value) -> Value {
        let reply = self.post("/parties?embed=tags,fields", json!({ "party": party })).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        reply.json()["party"].clone()
    }

    /// Changes a party, embedding everything, and answers the reply.
    pub async fn change(&self, party: &Value, change: Value) -> Reply {
        let path = format!("/parties/{}?embed=tags,fields", party["id"]);
        self.put(&path, json!({ "party": change })).await
    }

    /// [`Crm::change`] that is accepted; answers the party.
    pub async fn changed(&self, party: &Value, change: Value) -> Value {
        let reply = self.change(party, change).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["party"].clone()
    }

    /// The parties that a filter finds, all of them.
    pub async fn filter(&self, conditions: Value) -> Vec<Value> {
        self.filter_in("parties", conditions).await
    }

    /// The records under `path` that a filter finds, all of them.
    pub async fn filter_in(&self, path: &str, conditions: Value) -> Vec<Value> {
        let mut found = Vec::new();
        for page in 1.. {
            let url = format!("/{path}/filters/results?embed=tags,fields&perPage=100&page={page}");
            let body = json!({ "filter": { "conditions": conditions } });
            let reply = self.post(&url, body).await;
            assert_eq!(reply.status, 200, "{}", reply.text());
            found.extend(rows(&reply.json()[path]).to_vec());
            if reply.header("x-pagination-has-more") == "false" {
                break;
            }
        }
        found
    }

    /// Creates a record under `path`, whose key is `key`, embedding tags and fields, and answers it.
    pub async fn make(&self, path: &str, key: &str, record: Value) -> Value {
        let reply = self.post(&format!("/{path}?embed=tags,fields"), json!({ key: record })).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        let made = reply.json()[key].clone();
        let location = format!("{}/api/v2/{path}/{}", self.sandbox.origin(), made["id"]);
        assert_eq!(reply.header("location"), location);
        made
    }

    /// Changes a record under `path`, embedding tags and fields, and answers the reply.
    pub async fn amend(&self, path: &str, key: &str, record: &Value, change: Value) -> Reply {
        let path = format!("/{path}/{}?embed=tags,fields", record["id"]);
        self.put(&path, json!({ key: change })).await
    }

    /// [`Crm::amend`] that is accepted; answers the record.
    pub async fn amended(&self, path: &str, key: &str, record: &Value, change: Value) -> Value {
        let reply = self.amend(path, key, record, change).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()[key].clone()
    }

    /// One record.
    pub async fn one(&self, path: &str, key: &str, id: &Value) -> Value {
        let reply = self.get(&format!("/{path}/{id}")).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()[key].clone()
    }

    /// All rows of a list, whose path may have a query, page by page.
    pub async fn all(&self, path: &str, key: &str) -> Vec<Value> {
        let mut met = Vec::new();
        for page in 1.. {
            let separator = if path.contains('?') { '&' } else { '?' };
            let reply = self.get(&format!("/{path}{separator}page={page}")).await;
            assert_eq!(reply.status, 200, "{}", reply.text());
            met.extend(rows(&reply.json()[key]).to_vec());
            if reply.header("x-pagination-has-more") != "true" {
                break;
            }
        }
        met
    }

    /// A request in the name of a user who is no administrator.
    pub async fn as_colleague(&self, method: Method, path: &str, body: Value) -> Reply {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let path = format!("/api/v2{path}");
        self.send(method, &path, Some(CAPSULE_RESTRICTED_TOKEN), body).await.expect("an answer")
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

    /// Holds that this is a 422 with one error.
    pub fn assert_invalid(&self, resource: &str, field: &str, message: &str) {
        assert_eq!(self.status, 422, "{}", self.text());
        assert_eq!(
            self.json(),
            json!({
                "message": "Validation Failed",
                "errors": [{ "message": message, "resource": resource, "field": field }],
            })
        );
    }
}

pub fn rows(list: &Value) -> &[Value] {
    list.as_array().expect("a list")
}

pub fn keys(object: &Value) -> Vec<&str> {
    let object = object.as_object().expect("an object");
    object.keys().map(String::as_str).collect()
}

pub fn id(record: &Value) -> i64 {
    record["id"].as_i64().expect("an id")
}

/// The row of a list that has this name.
pub fn named<'a>(list: &'a [Value], name: &str) -> &'a Value {
    list.iter().find(|row| row["name"] == name).expect("a row of that name")
}

pub fn ids(list: &[Value]) -> Vec<i64> {
    list.iter().map(id).collect()
}

/// A clock that tests move.
#[derive(Clone)]
pub struct Watch(Arc<AtomicI64>);

impl Watch {
    pub fn at(start: OffsetDateTime) -> Watch {
        Watch(Arc::new(AtomicI64::new(start.unix_timestamp())))
    }

    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn clock(&self) -> Clock {
        let now = self.0.clone();
        Clock::new(move || {
            let seconds = now.load(Ordering::SeqCst);
            OffsetDateTime::from_unix_timestamp(seconds).expect("a time in range")
        })
    }
}
