//! One served method under test, with a gateway of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Method as Verb;
use serde_json::{Value, json};
use unicrm::mapping::cell::NativeCall;
use unicrm::mapping::{Cell, Provider};
use unicrm::model::{Method, Resource};
use unicrm::sandbox::Received;
use url::Url;

use crate::described::{Described, Sample, Vendor, Writes};
use crate::support::app::TestApp;
use crate::support::client::Reply;
use crate::support::twin::Twin;

/// What is tested: a method of a resource that a provider serves.
#[derive(Clone)]
pub struct Subject {
    pub provider: Arc<Provider>,
    pub model: String,
    pub name: String,
    pub resource: Resource,
    pub method: Method,
    pub cell: Arc<Cell>,
    pub described: &'static Described,
    pub vendor: &'static Vendor,
}

/// The subject, and a running gateway to test it on.
pub struct Case {
    pub subject: Subject,
    pub app: TestApp,
    pub twin: Twin,
    /// How often [`Case::perform`] has changed something, so that every time makes a difference.
    pub changes: AtomicUsize,
}

impl Subject {
    /// Where the resource is: `/unified/crm/contacts`.
    pub fn path(&self) -> String {
        format!("/unified/{}/{}", self.model, self.name)
    }

    /// The native call: the first one, where the method is served in several ways.
    pub fn call(&self) -> &NativeCall {
        let missing = || panic!("{}: no native call", self.cell.name);
        self.cell.sources.iter().find_map(|source| source.call()).unwrap_or_else(missing)
    }

    /// The verb of the native call.
    pub fn verb(&self) -> Verb {
        self.call().facts.method.http()
    }

    /// How the native call's path begins at the vendor.
    pub fn native_path(&self) -> String {
        let base = Url::parse(&self.provider.manifest.base_url).expect("a URL");
        let path = self.call().facts.path.split("{{").next().unwrap_or_default();
        format!("{}{path}", base.path().trim_end_matches('/'))
    }

    pub fn writes(&self) -> &'static Writes {
        let missing = || panic!("{}: what can be written is not described", self.cell.name);
        self.described.writes.as_ref().unwrap_or_else(missing)
    }
}

impl Case {
    /// A path below the resource's, such as `?limit=2` or `/7`, for the connected account.
    pub fn path(&self, below: &str) -> String {
        format!("{}{below}", self.subject.path())
    }

    pub async fn list(&self, query: &str) -> Reply {
        self.app.get(&self.path(&format!("?{query}"))).await
    }

    pub async fn get(&self, id: &str) -> Reply {
        self.app.get(&self.path(&format!("/{id}"))).await
    }

    pub async fn create(&self, body: &Value) -> Reply {
        self.app.post(&self.path(""), body).await
    }

    pub async fn update(&self, id: &str, body: &Value) -> Reply {
        self.app.patch(&self.path(&format!("/{id}")), body).await
    }

    pub async fn delete(&self, id: &str) -> Reply {
        self.app.delete(&self.path(&format!("/{id}"))).await
    }

    /// Every record that the vendor has.
    pub async fn records(&self) -> Vec<Value> {
        let records = (self.subject.described.records)(&self.twin).await;
        assert!(!records.is_empty(), "the vendor has no {} to test with", self.subject.name);
        records
    }

    /// One of them, if it is there.
    pub async fn record(&self, id: &str) -> Option<Value> {
        (self.subject.described.record)(&self.twin, id).await
    }

    /// The record of which the vendor has most to say, so that a test meets as much as possible.
    pub async fn rich(&self) -> Value {
        let mut records = self.records().await;
        records.retain(self.subject.described.free);
        records.into_iter().max_by_key(|record| record.to_string().len()).expect("a record")
    }

    pub async fn sample(&self) -> Sample {
        (self.subject.writes().sample)(&self.twin).await
    }

    /// The subject's method, done in the simplest way that works.
    pub async fn perform(&self) -> Reply {
        match self.subject.method {
            Method::List => self.list("limit=2").await,
            Method::Get => self.get(&id(&self.rich().await)).await,
            Method::Create => self.create(&self.sample().await.body).await,
            Method::Update => {
                let changes = self.changes.fetch_add(1, Ordering::Relaxed);
                let body = json!({ self.scalar(): format!("Changed {changes} times") });
                self.update(&id(&self.rich().await), &body).await
            }
            Method::Delete => self.delete(&id(&self.rich().await)).await,
        }
    }

    /// A plain text field that can be written.
    pub fn scalar(&self) -> &str {
        let scalar = |name: &&String| self.subject.resource.fields[*name].kind == unicrm::model::Type::String;
        self.subject.cell.writes.iter().find(scalar).expect("a plain field")
    }

    /// The native calls of the subject's method that reached the vendor; not those that go before them.
    pub fn native_calls(&self) -> Vec<Received> {
        let (verb, path) = (self.subject.verb(), self.subject.native_path());
        let mut calls = self.app.vendor_calls();
        calls.retain(|call| call.method == verb && call.path.starts_with(&path));
        calls
    }

    /// Holds that nothing was asked of the vendor.
    #[track_caller]
    pub fn assert_vendor_not_called(&self) {
        assert!(self.app.vendor_calls().is_empty(), "{:?}", self.app.vendor_calls());
    }
}

/// A record's id as text, whether a vendor's record or a unified one.
pub fn id(record: &Value) -> String {
    match &record["id"] {
        Value::String(id) => id.clone(),
        other => other.to_string(),
    }
}
