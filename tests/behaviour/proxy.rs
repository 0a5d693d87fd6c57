//! The vendors' own operations as `/proxy` offers them: each one of every manifest, against a vendor that answers
//! what no mapping would survive, so that anything that isn't passed through shows.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Method as Verb;
use serde_json::Value;
use unicrm::mapping::Provider;
use unicrm::mapping::manifest::{FileTransfer, NativeMethod, Paging};
use url::Url;

use crate::suite::Suite;
use crate::support::app::{Setup, TestApp};
use crate::support::client::Reply;
use crate::support::vendor::{Answer, Asked, ScriptedVendor};

/// Spacing, key order, digits and escapes that a parser would not give back.
const ODD: &str =
    r#"{ "z" : 1.50, "a": 12345678901234567890123,  "name":"L\u00f8v\/elace 🚴", "id": 9007199254740993 }"#;

/// An id that needs encoding.
const ID: &str = "a%20b%2Fc";

/// One operation of a vendor's.
#[derive(Clone)]
struct Native {
    provider: &'static str,
    base: String,
    resource: String,
    method: String,
    facts: Arc<NativeMethod>,
    paging: Option<Arc<Paging>>,
}

/// The behaviours of all of a provider's operations.
pub fn add(suite: &mut Suite, provider: &Arc<Provider>) {
    let manifest = &provider.manifest;
    let name: &'static str = String::leak(manifest.name.clone());
    suite.about(format!("{name}::proxy"));
    let known: Vec<String> = manifest.resources.keys().cloned().collect();
    suite.plain("an_unknown_resource_is_not_found_and_the_known_are_named", async move || {
        unknown_resource(name, &known).await;
    });
    for (resource, native) in &manifest.resources {
        let known: Vec<String> = native.methods.keys().cloned().collect();
        let of = resource.clone();
        suite.about(format!("{name}::proxy::{resource}"));
        suite.plain("an_unknown_method_is_not_found_and_the_known_are_named", async move || {
            unknown_method(name, &of, &known).await;
        });
        for (method, facts) in &native.methods {
            let paging = facts.paging.as_ref().map(|paging| Arc::new(manifest.paging[paging].clone()));
            let native = Native {
                provider: name,
                base: Url::parse(&manifest.base_url).expect("a URL").path().trim_end_matches('/').to_owned(),
                resource: resource.clone(),
                method: method.clone(),
                facts: Arc::new(facts.clone()),
                paging,
            };
            suite.about(format!("{name}::proxy::{resource}::{method}"));
            add_operation(suite, &native);
        }
    }
}

fn add_operation(suite: &mut Suite, native: &Native) {
    let one = native.clone();
    suite.plain("query_and_body_reach_the_vendor_unchanged", async move || passes_on(&one).await);
    let one = native.clone();
    suite.plain("a_refusal_of_the_vendors_is_passed_on", async move || refusal(&one).await);
    let one = native.clone();
    match &native.paging {
        Some(_) => suite.plain("every_page_is_listed_record_for_record", async move || pages(&one).await),
        None => suite.plain("the_answer_is_the_vendors_byte_for_byte", async move || verbatim(&one).await),
    }
}

impl Native {
    async fn app(&self, vendor: &ScriptedVendor) -> TestApp {
        let setup = Setup { provider: self.provider, ..Setup::default() };
        TestApp::with(setup.at(vendor.origin())).await
    }

    fn takes_id(&self) -> bool {
        self.facts.path.contains("{{id}}")
    }

    /// The path at the vendor, for [`ID`].
    fn native_path(&self) -> String {
        let mut path = self.facts.path.replace("{{id}}", ID);
        for name in self.named_in_path() {
            path = path.replace(&format!("{{{{query.{name}}}}}"), ID);
        }
        format!("{}{path}", self.base)
    }

    /// The query parameters that are part of the path.
    fn named_in_path(&self) -> impl Iterator<Item = &str> {
        let parts = self.facts.path.split("{{query.").skip(1);
        parts.filter_map(|part| part.split_once("}}")).map(|(name, _)| name)
    }

    /// Calls the operation through the gateway, as the contract has it for this method's name.
    async fn call(&self, app: &TestApp, query: &str, body: Option<&str>) -> Reply {
        let resource = &self.resource;
        let query = if self.is_upload() { format!("{query}&filename=a%20%2B.txt") } else { query.to_owned() };
        let query = self.named_in_path().fold(query, |query, name| format!("{query}&{name}={ID}"));
        let (verb, path) = match (self.method.as_str(), self.takes_id()) {
            ("list", false) => (Verb::GET, format!("/proxy/{resource}?{query}")),
            ("create", false) => (Verb::POST, format!("/proxy/{resource}?{query}")),
            ("get", true) => (Verb::GET, format!("/proxy/{resource}/{ID}?{query}")),
            ("update", true) => (Verb::PATCH, format!("/proxy/{resource}/{ID}?{query}")),
            ("delete", true) => (Verb::DELETE, format!("/proxy/{resource}/{ID}?{query}")),
            (method, false) => (Verb::POST, format!("/proxy/{resource}/{method}?{query}")),
            (method, true) => (Verb::POST, format!("/proxy/{resource}/{method}?id={ID}&{query}")),
        };
        let path = app.path(&path);
        match body.filter(|_| verb != Verb::GET) {
            Some(body) => app.gateway.write(verb, &path, body.to_owned()).await,
            None => app.gateway.send(app.gateway.request(verb, &path)).await,
        }
    }

    /// Whether its body is a file.
    fn is_upload(&self) -> bool {
        matches!(self.facts.file, Some(FileTransfer::Upload { .. }))
    }

    /// Whether a body can be sent with it.
    fn takes_body(&self) -> bool {
        !matches!(self.method.as_str(), "list" | "get")
    }

    /// The records of a list in the vendor's envelope.
    fn listed(&self, records: &[String]) -> String {
        let array = format!("[{}]", records.join(" ,"));
        let path = self.facts.response_path.clone().unwrap_or_default();
        let names = path.split('.').filter(|name| !name.is_empty()).rev();
        names.fold(array, |inner, name| format!(r#"{{"before": [{{}}], "{name}": {inner}, "after":null}}"#))
    }
}

fn query_of(asked: &Asked) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(asked.query.as_bytes()).into_owned().collect()
}

async fn passes_on(native: &Native) {
    let answer = native.listed(&[ODD.to_owned()]);
    let vendor = ScriptedVendor::saying(Answer::json(answer)).await;
    let app = native.app(&vendor).await;
    let query = "mark=one%26two%20%C3%B8&embed=tags%2Cfields&empty=&nested%5Bin%5D=x";
    let body = native.takes_body().then_some(ODD);
    native.call(&app, query, body).await.assert_status(200);
    let asked = vendor.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].method, native.facts.method.http());
    assert_eq!(asked[0].path, native.native_path());
    let sent = query_of(&asked[0]);
    for (name, value) in [("mark", "one&two ø"), ("embed", "tags,fields"), ("empty", ""), ("nested[in]", "x")]
    {
        assert_eq!(sent.get(name).map(String::as_str), Some(value), "{name}: {}", asked[0].query);
    }
    assert!(!sent.contains_key("integrated_account_id"), "{}", asked[0].query);
    assert_eq!(String::from_utf8_lossy(&asked[0].body), body.unwrap_or_default());
    assert!(asked[0].headers.get("authorization").is_some());
}

async fn refusal(native: &Native) {
    let vendor = ScriptedVendor::saying(Answer::json(ODD).status(418).header("x-vendor", "kept")).await;
    let app = native.app(&vendor).await;
    let reply = native.call(&app, "", native.is_upload().then_some(ODD)).await;
    reply.assert_status(418);
    assert_eq!(reply.header("x-vendor"), "kept");
    let body = reply.json();
    assert_eq!(body["truto_is_remote_error"], true, "{body}");
    assert_eq!(body["raw_response"]["name"], "Løv/elace 🚴", "{body}");
}

async fn verbatim(native: &Native) {
    let answer = Answer::json(ODD).header("content-type", "application/vnd.odd+json; charset=utf-8");
    let mut answer = answer;
    answer.headers.remove(0);
    let vendor = ScriptedVendor::start(move |asked| {
        if asked.query.contains("nothing") { Answer::json("").status(204) } else { answer.clone() }
    })
    .await;
    let app = native.app(&vendor).await;
    let reply = native.call(&app, "", Some("{}")).await;
    reply.assert_status(200);
    assert_eq!(reply.text(), ODD);
    assert_eq!(reply.header("content-type"), "application/vnd.odd+json; charset=utf-8");
    // Success without a body says which record it was.
    let empty = native.call(&app, "nothing=1", Some("{}")).await.ok();
    let id = empty.get("id").and_then(Value::as_str);
    assert_eq!(id, native.takes_id().then_some("a b/c"));
}

async fn pages(native: &Native) {
    let records: Vec<String> =
        (1..=5).map(|number| format!(r#"{{ "n":{number}.0, "odd": {ODD} }}"#)).collect();
    let (shown, scripted) = (records.clone(), native.clone());
    let vendor = ScriptedVendor::start(move |asked| scripted.page(asked, &shown)).await;
    let app = native.app(&vendor).await;
    for limit in [1, 2, 5, 6] {
        let mut found: Vec<String> = Vec::new();
        let mut cursor = String::new();
        loop {
            let reply = native.call(&app, &format!("limit={limit}&next_cursor={cursor}"), Some("{}")).await;
            let page = reply.ok();
            let keys: Vec<&String> = page.as_object().expect("an object").keys().collect();
            assert_eq!(keys, ["result", "next_cursor", "prev_cursor", "result_count"]);
            let count = page["result"].as_array().expect("a list").len();
            assert!((1..=limit).contains(&count), "{page}");
            assert_eq!(page["result_count"], count);
            // The text itself, since a parser would lose what makes these records odd.
            let here = records.iter().filter(|record| reply.text().contains(record.as_str()));
            found.extend(here.cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(found, records, "limit {limit}");
    }
    native.call(&app, "limit=0", None).await.refused_fields(&["limit"]);
    native.call(&app, "next_cursor=made-up", None).await.refused_fields(&["next_cursor"]);
}

impl Native {
    /// The vendor's answer with the part of the records that was asked for.
    fn page(&self, asked: &Asked, records: &[String]) -> Answer {
        let query = query_of(asked);
        let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
        match self.paging.as_deref().expect("a list") {
            Paging::Whole => Answer::json(self.listed(records)),
            Paging::Pages { page, size, first, more_header, .. } => {
                let size = number(size).expect("a page's size");
                let skipped = (number(page).expect("a page's number") - *first as usize) * size;
                let part: Vec<String> = records.iter().skip(skipped).take(size).cloned().collect();
                let more = skipped + size < records.len();
                let answer = Answer::json(self.listed(&part));
                match more_header {
                    Some(name) => answer.header(String::leak(name.to_ascii_lowercase()), more.to_string()),
                    None => answer,
                }
            }
        }
    }
}

async fn unknown_resource(provider: &'static str, known: &[String]) {
    let app = TestApp::with(Setup { provider, ..Setup::default() }).await;
    for name in ["zzzzzzzz", "%00%01", "ünïcödé", "..%2f..%2fetc"] {
        for path in [format!("/proxy/{name}"), format!("/proxy/{name}/1")] {
            let body = app.get(&path).await.local_error(404);
            let message = body["message"].as_str().expect("a message");
            assert!(known.iter().all(|known| message.contains(known)), "{message}");
            assert!(!message.chars().any(char::is_control), "{message:?}");
        }
    }
}

async fn unknown_method(provider: &'static str, resource: &str, known: &[String]) {
    let app = TestApp::with(Setup { provider, ..Setup::default() }).await;
    let path = format!("/proxy/{resource}/make-coffee");
    let body = app.post(&path, &Value::Null).await.local_error(404);
    let message = body["message"].as_str().expect("a message");
    assert!(known.iter().all(|known| message.contains(known)), "{message}");
    assert!(message.contains("make-coffee"), "{message}");
}
