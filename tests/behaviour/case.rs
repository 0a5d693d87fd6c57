//! One served method under test, with a gateway of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{HeaderName, Method as Verb};
use serde_json::{Value, json};
use unicrm::mapping::cell::{Action, NativeCall};
use unicrm::mapping::{Cell, Provider};
use unicrm::model::{Method, Resource};
use unicrm::sandbox::{Fault, Received};
use url::Url;

use crate::described::{Described, Sample, Vendor, Writes};
use crate::support::app::TestApp;
use crate::support::client::Reply;
use crate::support::twin::{OWN, Twin};

/// What is tested: a method of a resource that a provider serves.
#[derive(Clone)]
pub struct Subject {
    pub provider: Arc<Provider>,
    pub model: String,
    pub name: String,
    pub resource: Arc<Resource>,
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
    /// What is read where the record is looked for in a list: chosen beforehand, since a fault of that list would keep
    /// the test itself from choosing.
    pub chosen: Option<Value>,
    /// How often [`Case::perform`] has changed something, so that every time makes a difference.
    pub changes: AtomicUsize,
}

impl Subject {
    /// Where the resource is: `/unified/crm/contacts`.
    pub fn path(&self) -> String {
        format!("/unified/{}/{}", self.model, self.name)
    }

    /// The native call: the first one, where the method is served in several ways; where it is served of what a step
    /// before it found, that step's.
    pub fn call(&self) -> &NativeCall {
        let missing = || panic!("{}: no native call", self.cell.name);
        let before = self.cell.before.iter().find_map(|step| match &step.action {
            Action::Request(request) => request.choice.calls.first(),
            Action::Transform(_) => None,
        });
        self.own_call().or(before).unwrap_or_else(missing)
    }

    /// The native call, unless the method is served of what a step before it found.
    pub fn own_call(&self) -> Option<&NativeCall> {
        self.cell.sources.iter().find_map(|source| source.call())
    }

    /// The verb of the native call.
    pub fn verb(&self) -> Verb {
        self.call().facts.method.http()
    }

    /// A fault that befalls the subject's native call, and no other.
    pub fn befalling(&self, fault: Fault) -> Fault {
        let fault = fault.on(self.verb(), &self.native_path()).sparing(HeaderName::from_static(OWN));
        match &self.call().facts.rpc {
            Some(rpc) => fault.saying(&format!(r#""method":"{}""#, rpc.name)),
            None => fault,
        }
    }

    /// How the native call's path begins at the vendor.
    pub fn native_path(&self) -> String {
        self.native_template().split("{{").next().unwrap_or_default().to_owned()
    }

    /// The native call's path at the vendor, with names in the place of ids.
    fn native_template(&self) -> String {
        let base = Url::parse(&self.provider.manifest.base_url).expect("a URL");
        format!("{}{}", base.path().trim_end_matches('/'), self.call().facts.path)
    }

    pub fn writes(&self) -> &'static Writes {
        let missing = || panic!("{}: what can be written is not described", self.cell.name);
        self.described.writes.as_ref().unwrap_or_else(missing)
    }
}

impl Case {
    /// The subject on a gateway, ready for faults to be switched on.
    pub async fn of(subject: Subject, app: TestApp) -> Case {
        let twin = Twin::of(app.sandbox());
        let mut case = Case { subject, app, twin, chosen: None, changes: AtomicUsize::new(1) };
        if case.subject.method == Method::Get && case.subject.own_call().is_none() {
            case.chosen = Some(case.rich().await);
        }
        case
    }

    /// A path below the resource's, such as `?limit=2` or `/7`, for the connected account.
    pub fn path(&self, below: &str) -> String {
        self.path_of(self.subject.method, below)
    }

    fn path_of(&self, method: Method, below: &str) -> String {
        let beside = (self.subject.described.beside)(method);
        let path = format!("{}{below}", self.subject.path());
        match (beside, below.contains('?')) {
            ("", _) => path,
            (beside, true) => format!("{path}&{beside}"),
            (beside, false) => format!("{path}?{beside}"),
        }
    }

    /// The unified id of a record of the vendor's.
    pub fn id_of(&self, native: &Value) -> String {
        (self.subject.described.id)(native)
    }

    pub async fn list(&self, query: &str) -> Reply {
        self.app.get(&self.path_of(Method::List, &format!("?{query}"))).await
    }

    pub async fn get(&self, id: &str) -> Reply {
        self.app.get(&self.path_of(Method::Get, &format!("/{id}"))).await
    }

    pub async fn create(&self, body: &Value) -> Reply {
        self.app.post(&self.path_of(Method::Create, ""), body).await
    }

    pub async fn update(&self, id: &str, body: &Value) -> Reply {
        self.app.patch(&self.path_of(Method::Update, &format!("/{id}")), body).await
    }

    pub async fn delete(&self, id: &str) -> Reply {
        self.app.delete(&self.path_of(Method::Delete, &format!("/{id}"))).await
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

    /// The fields that can be written together with each other.
    pub fn together(&self) -> impl Iterator<Item = &String> {
        let aside = self.subject.writes().aside;
        self.subject.cell.writes.iter().filter(move |field| !aside.contains(&field.as_str()))
    }

    /// What there is to write with the subject's method, which may take less than another.
    pub async fn sample(&self) -> Sample {
        let mut sample = self.whole_sample().await;
        let members = sample.body.as_object_mut().expect("an object");
        members.retain(|name, _| self.subject.cell.writes.contains(name));
        sample
    }

    /// What a new record is made of.
    pub async fn whole_sample(&self) -> Sample {
        (self.subject.writes().sample)(&self.twin).await
    }

    /// The subject's method, done in the simplest way that works.
    pub async fn perform(&self) -> Reply {
        match self.subject.method {
            Method::List => self.list("limit=2").await,
            Method::Get => match &self.chosen {
                Some(chosen) => self.get(&self.id_of(chosen)).await,
                None => self.get(&self.id_of(&self.rich().await)).await,
            },
            Method::Create => self.create(&self.sample().await.body).await,
            Method::Update => {
                let changes = self.changes.fetch_add(1, Ordering::Relaxed);
                let body = json!({ self.scalar(): format!("Changed {changes} times") });
                self.update(&self.id_of(&self.rich().await), &body).await
            }
            Method::Delete => self.delete(&self.id_of(&self.rich().await)).await,
        }
    }

    /// A plain text field that can be written.
    pub fn scalar(&self) -> &str {
        let scalar = |name: &&String| self.subject.resource.fields[*name].kind == unicrm::model::Type::String;
        self.subject.cell.writes.iter().find(scalar).expect("a plain field")
    }

    /// The native calls of the subject's method that reached the vendor; not those that go before them.
    pub fn native_calls(&self) -> Vec<Received> {
        let (verb, path) = (self.subject.verb(), self.subject.native_template());
        let mut calls = self.app.vendor_calls();
        calls.retain(|call| call.method == verb && is_of(&call.path, &path));
        if let Some(rpc) = &self.subject.call().facts.rpc {
            calls.retain(|call| call.json().is_some_and(|body| body["method"] == *rpc.name));
        }
        calls
    }

    /// A query parameter that a native call was sent with.
    pub fn sent_query(&self, call: &Received, name: &str) -> Option<String> {
        match &self.subject.call().facts.rpc {
            Some(_) => call.json()?["params"][name].as_str().map(str::to_owned),
            None => call.query_value(name),
        }
    }

    /// The body that a native call was sent with, of whatever envelope.
    pub fn sent_body(&self, call: &Received) -> Option<Value> {
        match &self.subject.call().facts.rpc {
            Some(_) => call.json().map(|body| body["params"].clone()),
            None => call.json(),
        }
    }

    /// Holds that nothing was asked of the vendor.
    #[track_caller]
    pub fn assert_vendor_not_called(&self) {
        assert!(self.app.vendor_calls().is_empty(), "{:?}", self.app.vendor_calls());
    }
}

/// Whether a path is one of a template's.
fn is_of(path: &str, template: &str) -> bool {
    let (path, template) = (path.split('/'), template.split('/'));
    path.clone().count() == template.clone().count()
        && path.zip(template).all(|(part, name)| part == name || name.starts_with("{{"))
}

/// A record's id as text, whether a vendor's record or a unified one.
pub fn id(record: &Value) -> String {
    match &record["id"] {
        Value::String(id) => id.clone(),
        other => other.to_string(),
    }
}
