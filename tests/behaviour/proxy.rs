//! The vendors' own operations as `/proxy` offers them: each one of every manifest, against a vendor that answers
//! what no mapping would survive, so that anything that isn't passed through shows.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Method as Verb;
use serde_json::Value;
use unicrm::mapping::Provider;
use unicrm::mapping::manifest::{FileTransfer, NativeMethod, Paging};
use url::Url;

use crate::stage::Stage;
use crate::suite::{Suite, provider_name};
use crate::support::app::TestApp;
use crate::support::client::Reply;
use crate::support::vendor::{Answer, Asked};

/// Spacing, key order, digits and escapes that a parser would not give back.
const ODD: &str =
    r#"{ "z" : 1.50, "a": 12345678901234567890123,  "name":"L\u00f8v\/elace 🚴", "id": 9007199254740993 }"#;

/// An id that needs encoding.
const ID: &str = "a%20b%2Fc";

/// One operation of a vendor's.
#[derive(Clone)]
struct Native {
    base: String,
    resource: String,
    method: String,
    facts: Arc<NativeMethod>,
    paging: Option<Arc<Paging>>,
}

/// The behaviours of all of a provider's operations: a test for each native resource.
pub fn add(suite: &mut Suite, provider: &Arc<Provider>) {
    let manifest = &provider.manifest;
    let name = provider_name(provider);
    suite.about(name, format!("{name}::proxy"));
    let known: Vec<String> = manifest.resources.keys().cloned().collect();
    suite.plain(
        "an_unknown_resource_is_not_found_and_the_known_are_named",
        async move |stage: &mut Stage| {
            unknown_resource(stage, &known).await;
        },
    );
    for (resource, native) in &manifest.resources {
        let known: Vec<String> = native.methods.keys().cloned().collect();
        let of = resource.clone();
        suite.about(name, format!("{name}::proxy::{resource}"));
        suite.plain(
            "an_unknown_method_is_not_found_and_the_known_are_named",
            async move |stage: &mut Stage| {
                unknown_method(stage, &of, &known).await;
            },
        );
        // A form goes to an address of the account's own, which tests of the provider's see to.
        for (method, facts) in native.methods.iter().filter(|(_, facts)| facts.form.is_none()) {
            let paging = facts.paging.as_ref().map(|paging| Arc::new(manifest.paging[paging].clone()));
            let native = Native {
                base: Url::parse(&manifest.base_url).expect("a URL").path().trim_end_matches('/').to_owned(),
                resource: resource.clone(),
                method: method.clone(),
                facts: facts.clone(),
                paging,
            };
            add_operation(suite, &native);
        }
    }
}

fn add_operation(suite: &mut Suite, native: &Native) {
    native.add(suite, "query_and_body_reach_the_vendor_unchanged", passes_on);
    native.add(suite, "a_refusal_of_the_vendors_is_passed_on", refusal);
    match &native.paging {
        Some(_) if native.is_alone() => native.add(suite, "the_only_record_is_a_list_of_one", alone),
        Some(_) => native.add(suite, "every_page_is_listed_record_for_record", pages),
        None => native.add(suite, "the_answer_is_the_vendors_byte_for_byte", verbatim),
    }
}

impl Native {
    fn add(
        &self,
        suite: &mut Suite,
        behaviour: &str,
        run: impl AsyncFnOnce(&Native, &mut Stage) + Send + 'static,
    ) {
        let native = self.clone();
        suite.plain(&format!("{}::{behaviour}", self.method), async move |stage: &mut Stage| {
            run(&native, stage).await;
        });
    }

    fn takes_id(&self) -> bool {
        self.facts.takes_id()
    }

    /// An answer with this JSON in it, as the vendor's wire has it.
    fn answered(&self, json: &str) -> String {
        match &self.facts.rpc {
            Some(_) => format!(r#"{{ "id":"x" ,"result": {json}}}"#),
            None => json.to_owned(),
        }
    }

    /// Holds that query and body have reached the vendor as they were sent.
    fn assert_passed_on(&self, asked: &Asked, body: Option<&str>) {
        let marks = [("mark", "one&two ø"), ("embed", "tags,fields"), ("empty", "")];
        let Some(rpc) = &self.facts.rpc else {
            let sent = query_of(asked);
            for (name, value) in marks.into_iter().chain([("nested[in]", "x")]) {
                assert_eq!(sent.get(name).map(String::as_str), Some(value), "{name}: {}", asked.query);
            }
            assert!(!sent.contains_key("integrated_account_id"), "{}", asked.query);
            let (sent, body) = (String::from_utf8_lossy(&asked.body), body.unwrap_or_default());
            if self.is_form() {
                assert!(sent.contains(&format!("\r\n\r\n{body}\r\n--")), "{sent}");
            } else {
                assert_eq!(sent, body);
            }
            return;
        };
        let text = String::from_utf8_lossy(&asked.body);
        let sent: Value = serde_json::from_slice(&asked.body).expect("an envelope");
        assert_eq!(
            (&sent["jsonrpc"], &sent["method"]),
            (&Value::from("2.0"), &Value::from(rpc.name.clone()))
        );
        assert_eq!(asked.query, "");
        let params = &sent["params"];
        for (name, value) in marks {
            assert_eq!(params[name], value, "{name}: {text}");
        }
        assert_eq!(params["nested"]["in"], "x", "{text}");
        assert!(params.get("integrated_account_id").is_none(), "{text}");
        if let Some(name) = &rpc.id {
            assert_eq!(params[name], "a b/c", "{text}");
        }
        // The text itself, since a parser would lose what makes these values odd.
        let odd = [r#""z":1.50"#, r#""a":12345678901234567890123"#, r#""name":"L\u00f8v\/elace 🚴""#];
        assert!(body.is_none() || odd.iter().all(|member| text.contains(member)), "{text}");
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
        let query =
            self.facts.needs_one_of.first().map_or(query.clone(), |name| format!("{query}&{name}=some"));
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

    /// Whether that file goes as a field of a form.
    fn is_form(&self) -> bool {
        matches!(self.facts.file, Some(FileTransfer::Upload { form_field: Some(_), .. }))
    }

    /// Whether a body can be sent with it.
    fn takes_body(&self) -> bool {
        !matches!(self.method.as_str(), "list" | "get")
    }

    /// Whether the answer is one record, however it is listed.
    fn is_alone(&self) -> bool {
        self.facts.known_by.is_some() && self.facts.response_path.as_deref() == Some("")
    }

    /// The records of a list in the vendor's envelope.
    fn listed(&self, records: &[String]) -> String {
        let array = format!("[{}]", records.join(" ,"));
        let path = self.facts.response_path.clone().unwrap_or_default();
        enveloped(&path, &array, "\"after\":null")
    }

    /// The same, with a member beside the records at the end of another path that begins where theirs does.
    fn listed_beside(&self, records: &[String], path: &str, member: &str) -> String {
        let array = format!("[{}]", records.join(" ,"));
        let own = self.facts.response_path.clone().unwrap_or_default();
        match (own.split_once('.'), path.split_once('.')) {
            (Some((groups, records)), Some((same, path))) if groups == same => {
                let beside = member_at(path, member);
                format!(r#"{{"{groups}": [{}]}}"#, enveloped(records, &array, &beside))
            }
            _ => enveloped(&own, &array, &member_at(path, member)),
        }
    }
}

/// Something at the end of a dotted path, with `beside` next to it.
fn enveloped(path: &str, inner: &str, beside: &str) -> String {
    let names = path.split('.').filter(|name| !name.is_empty()).rev();
    names
        .fold(inner.to_owned(), |inner, name| format!(r#"{{"before": [{{}}], "{name}": {inner}, {beside}}}"#))
}

/// `"meta": {"pages": 3}`
fn member_at(path: &str, value: &str) -> String {
    match path.split_once('.') {
        Some((name, rest)) => format!(r#""{name}": {{{}}}"#, member_at(rest, value)),
        None => format!(r#""{path}": {value}"#),
    }
}

fn query_of(asked: &Asked) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(asked.query.as_bytes()).into_owned().collect()
}

async fn passes_on(native: &Native, stage: &mut Stage) {
    let member = native.facts.known_by.as_deref().unwrap_or("odd");
    let answer = match native.paging {
        _ if native.is_alone() => format!(r#"{{ "{member}": 1 }}"#),
        Some(_) => native.listed(&[ODD.to_owned()]),
        None => native.answered(ODD),
    };
    let answer = Answer::json(answer);
    let (app, vendor) = stage.scripted(move |_| answer.clone()).await;
    let query = "mark=one%26two%20%C3%B8&embed=tags%2Cfields&empty=&nested%5Bin%5D=x";
    let body = native.takes_body().then_some(ODD);
    native.call(&app, query, body).await.assert_status(200);
    let asked = vendor.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].method, native.facts.method.http());
    assert_eq!(asked[0].path, native.native_path());
    native.assert_passed_on(&asked[0], body);
    assert!(asked[0].headers.get("authorization").is_some());
    stage.keep_scripted(app, vendor);
}

async fn refusal(native: &Native, stage: &mut Stage) {
    let answer = Answer::json(ODD).status(418).header("x-vendor", "kept");
    let (app, vendor) = stage.scripted(move |_| answer.clone()).await;
    let reply = native.call(&app, "", native.is_upload().then_some(ODD)).await;
    reply.assert_status(418);
    assert_eq!(reply.header("x-vendor"), "kept");
    let body = reply.json();
    assert_eq!(body["truto_is_remote_error"], true, "{body}");
    assert_eq!(body["raw_response"]["name"], "Løv/elace 🚴", "{body}");
    stage.keep_scripted(app, vendor);
}

async fn verbatim(native: &Native, stage: &mut Stage) {
    let text = native.answered(ODD);
    let answer = Answer::json(text.clone()).header("content-type", "application/vnd.odd+json; charset=utf-8");
    let mut answer = answer;
    answer.headers.remove(0);
    let script = move |asked: &Asked| {
        if asked.query.contains("nothing") { Answer::json("").status(204) } else { answer.clone() }
    };
    let (app, vendor) = stage.scripted(script).await;
    let reply = native.call(&app, "", Some("{}")).await;
    reply.assert_status(200);
    assert_eq!(reply.text(), text);
    assert_eq!(reply.header("content-type"), "application/vnd.odd+json; charset=utf-8");
    // Success without a body says which record it was; a method of JSON-RPC always answers something.
    if native.facts.rpc.is_none() {
        let empty = native.call(&app, "nothing=1", Some("{}")).await.ok();
        let id = empty.get("id").and_then(Value::as_str);
        assert_eq!(id, native.takes_id().then_some("a b/c"));
    }
    stage.keep_scripted(app, vendor);
}

async fn alone(native: &Native, stage: &mut Stage) {
    let member = native.facts.known_by.as_deref().expect("a member");
    let record = format!(r#"{{ "{member}" : 1.50, "odd": {ODD} }}"#);
    let answer = Answer::json(record.clone());
    let (app, vendor) = stage.scripted(move |_| answer.clone()).await;
    let reply = native.call(&app, "limit=5", None).await;
    assert_eq!(reply.ok()["result_count"], 1);
    assert!(reply.text().contains(&record), "{}", reply.text());
    stage.keep_scripted(app, vendor);
}

async fn pages(native: &Native, stage: &mut Stage) {
    let records: Vec<String> =
        (1..=5).map(|number| format!(r#"{{ "n":{number}.0, "odd": {ODD} }}"#)).collect();
    let (shown, scripted) = (records.clone(), native.clone());
    let (app, vendor) = stage.scripted(move |asked| scripted.page(asked, &shown)).await;
    for limit in [1, 2, 5, 6] {
        let mut found: Vec<String> = Vec::new();
        let mut cursor = String::new();
        loop {
            let reply = native.call(&app, &format!("limit={limit}&next_cursor={cursor}"), Some("{}")).await;
            let page = reply.ok();
            let keys: Vec<&String> = page.as_object().expect("an object").keys().collect();
            assert_eq!(keys, ["result", "next_cursor", "prev_cursor", "result_count"]);
            let count = page["result"].as_array().expect("a list").len();
            // Where nothing tells that a full page is the last one, an empty one may follow.
            let least =
                usize::from(found.is_empty() || !page["next_cursor"].is_null() || native.tells_the_end());
            assert!((least..=limit).contains(&count), "{page}");
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
    stage.keep_scripted(app, vendor);
}

impl Native {
    /// Whether the vendor's answers tell that there is no more.
    fn tells_the_end(&self) -> bool {
        !matches!(self.paging.as_deref(), Some(Paging::Pages { more_header: None, .. }))
    }

    /// The vendor's answer with the part of the records that was asked for.
    fn page(&self, asked: &Asked, records: &[String]) -> Answer {
        let query = query_of(asked);
        let params: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let number = |name: &str| match &self.facts.rpc {
            Some(_) => params["params"][name].as_u64().and_then(|number| usize::try_from(number).ok()),
            None => query.get(name).and_then(|text| text.parse::<usize>().ok()),
        };
        match self.paging.as_deref().expect("a list") {
            Paging::Whole => Answer::json(self.listed(records)),
            Paging::Following { size, next, .. } => {
                let size = number(size).expect("a page's size");
                let skipped = number("next_mark").unwrap_or(0);
                let part: Vec<String> = records.iter().skip(skipped).take(size).cloned().collect();
                let after = skipped + size;
                let mark = if after < records.len() {
                    format!(r#"{{"next_mark": "{after}"}}"#)
                } else {
                    "null".to_owned()
                };
                Answer::json(self.listed_beside(&part, next, &mark))
            }
            Paging::Links { size, next, .. } => {
                let size = number(size).expect("a page's size");
                let skipped = number("from").unwrap_or(0);
                let part: Vec<String> = records.iter().skip(skipped).take(size).cloned().collect();
                let after = skipped + size;
                let link = if after < records.len() {
                    format!(r#""/elsewhere?{}={size}&from={after}""#, size_name(self))
                } else {
                    "null".to_owned()
                };
                Answer::json(self.listed_beside(&part, next, &link))
            }
            Paging::Pages { page, size, first, more_header, pages, .. } => {
                let size = number(size).expect("a page's size");
                let skipped = (number(page).expect("a page's number") - *first as usize) * size;
                let part: Vec<String> = records.iter().skip(skipped).take(size).cloned().collect();
                let more = skipped + size < records.len();
                let answer = match pages {
                    Some(path) => {
                        let count = records.len().div_ceil(size).to_string();
                        Answer::json(self.listed_beside(&part, path, &count))
                    }
                    None => Answer::json(self.listed(&part)),
                };
                match more_header {
                    Some(name) => answer.header(String::leak(name.to_ascii_lowercase()), more.to_string()),
                    None => answer,
                }
            }
        }
    }
}

/// The query parameter with the size of a page.
fn size_name(native: &Native) -> &str {
    match native.paging.as_deref() {
        Some(Paging::Links { size, .. }) => size,
        other => panic!("{other:?} has no links"),
    }
}

async fn unknown_resource(stage: &mut Stage, known: &[String]) {
    let app = stage.app().await;
    for name in ["zzzzzzzz", "%00%01", "ünïcödé", "..%2f..%2fetc"] {
        for path in [format!("/proxy/{name}"), format!("/proxy/{name}/1")] {
            let body = app.get(&path).await.local_error(404);
            let message = body["message"].as_str().expect("a message");
            assert!(known.iter().all(|known| message.contains(known)), "{message}");
            assert!(!message.chars().any(char::is_control), "{message:?}");
        }
    }
}

async fn unknown_method(stage: &mut Stage, resource: &str, known: &[String]) {
    let app = stage.app().await;
    let path = format!("/proxy/{resource}/make-coffee");
    let body = app.post(&path, &Value::Null).await.local_error(404);
    let message = body["message"].as_str().expect("a message");
    assert!(known.iter().all(|known| message.contains(known)), "{message}");
    assert!(message.contains("make-coffee"), "{message}");
    stage.keep(app);
}
