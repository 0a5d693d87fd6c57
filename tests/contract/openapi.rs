use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use syn::visit::{self, Visit};
use unicrm::mapping::expression::Engine;
use unicrm::mapping::{Catalog, Files};

use crate::support::app::TestApp;

const SNAPSHOT: &str = include_str!("openapi.json");
const VERBS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

fn document() -> Value {
    let catalog = Catalog::load(&Files::embedded(), Engine::default()).expect("mappings without problems");
    unicrm::http::openapi::document(&catalog).expect("a document")
}

/// Path, verb and operation.
fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    document["paths"].as_object().expect("paths").iter().flat_map(|(path, item)| {
        let verbs = item.as_object().expect("operations");
        verbs.iter().map(move |(verb, operation)| (path.as_str(), verb.as_str(), operation))
    })
}

/// The routes that the sources of the wire name, as `.route("/path", get(…).post(…))`: verbs by path.
#[derive(Default)]
struct Routed(BTreeMap<String, BTreeSet<String>>);

impl Visit<'_> for Routed {
    fn visit_expr_method_call(&mut self, call: &syn::ExprMethodCall) {
        if call.method == "route"
            && let (Some(syn::Expr::Lit(path)), Some(handlers)) = (call.args.first(), call.args.get(1))
            && let syn::Lit::Str(path) = &path.lit
        {
            // Only the router marks a segment that takes the rest of the path.
            let path = path.value().replace("{*", "{");
            verbs(handlers, self.0.entry(path).or_default());
        }
        visit::visit_expr_method_call(self, call);
    }
}

/// The verbs of `get(…).patch(…)`; `any` for whatever verb there is.
fn verbs(handlers: &syn::Expr, found: &mut BTreeSet<String>) {
    let name = match handlers {
        syn::Expr::MethodCall(call) => {
            verbs(&call.receiver, found);
            call.method.to_string()
        }
        syn::Expr::Call(call) => match call.func.as_ref() {
            syn::Expr::Path(path) => {
                path.path.segments.last().map(|it| it.ident.to_string()).unwrap_or_default()
            }
            _ => String::new(),
        },
        _ => String::new(),
    };
    if VERBS.contains(&name.as_str()) || name == "any" {
        found.insert(name);
    }
}

fn routed() -> BTreeMap<String, BTreeSet<String>> {
    let mut routed = Routed::default();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file");
                routed.visit_file(&syn::parse_file(&text).expect("Rust"));
            }
        }
    }
    routed.0
}

#[test]
fn every_route_is_described_and_nothing_else_is() {
    let document = document();
    let mut described: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (path, verb, operation) in operations(&document) {
        let route = operation["x-unicrm-route"].as_str().unwrap_or(path);
        described.entry(route).or_default().insert(verb);
    }
    let mut wrong = Vec::new();
    let routed = routed();
    assert!(routed.len() > 30, "these can't be all routes: {routed:?}");
    for (path, verbs) in &routed {
        let found = described.get(path.as_str());
        for verb in verbs {
            let is_described = found.is_some_and(|found| verb == "any" || found.contains(verb.as_str()));
            if !is_described {
                wrong.push(format!(
                    "{verb} {path} is routed and not described: add it to src/http/openapi/chapters"
                ));
            }
        }
    }
    for (path, verbs) in &described {
        let found = routed.get(*path);
        for verb in verbs {
            if !found.is_some_and(|found| found.contains(*verb) || found.contains("any")) {
                wrong.push(format!("{verb} {path} is described in src/http/openapi and not routed"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_document_is_the_one_that_was_agreed_on() {
    let folder = std::env::temp_dir();
    let ran =
        Command::new(env!("CARGO_BIN_EXE_unicrm")).arg("openapi").env_clear().current_dir(folder).output();
    let ran = ran.expect("a start");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let printed = String::from_utf8(ran.stdout).expect("UTF-8");
    let difference = printed.lines().zip(SNAPSHOT.lines()).enumerate().find(|(_, (new, old))| new != old);
    assert!(
        printed == SNAPSHOT,
        "tests/contract/openapi.json differs from line {}; if the change is meant: \
         cargo run --all-features -- openapi > tests/contract/openapi.json",
        difference.map_or("its end".to_owned(), |(at, (new, old))| format!("{}:\n{old}\n{new}\n", at + 1)),
    );
}

#[test]
fn every_operation_says_how_it_fails() {
    let document = document();
    let error = json!({ "$ref": "#/components/schemas/Error" });
    for (path, verb, operation) in operations(&document) {
        let answers = operation["responses"].as_object().expect("answers");
        if is_for_browsers(operation) {
            let pages = ["200", "4XX", "5XX"].map(|status| &answers[status]["content"]["text/html"]);
            assert!(pages.iter().all(|page| page.is_object()), "{verb} {path}: {answers:?}");
            continue;
        }
        let failures = answers.iter().filter(|(status, _)| status.starts_with(['4', '5']));
        for (status, answer) in failures {
            let answer =
                document.pointer(&answer["$ref"].as_str().expect("a reference")[1..]).expect("an answer");
            assert_eq!(answer["content"]["application/json"]["schema"], error, "{verb} {path}: {status}");
        }
        let public = operation["security"] == json!([]);
        let route = operation["x-unicrm-route"].as_str().unwrap_or(path);
        for (status, expected) in
            [("401", !public), ("404", route.contains('{')), ("4XX", true), ("5XX", true)]
        {
            assert_eq!(answers.contains_key(status), expected, "{verb} {path}: {status}");
        }
    }
}

/// Whether it answers with pages, and sends browsers on.
fn is_for_browsers(operation: &Value) -> bool {
    operation["responses"]["303"].is_object()
}

#[tokio::test]
async fn whatever_takes_a_token_refuses_whoever_has_none() {
    let app = TestApp::start().await;
    let stranger = app.gateway.with_token(None);
    for (path, verb, operation) in operations(&document()) {
        let filled: Vec<&str> =
            path.split('/').map(|part| if part.starts_with('{') { "page.css" } else { part }).collect();
        let verb = verb.to_uppercase().parse().expect("a verb");
        let reply = stranger.write(verb, &filled.join("/"), "{}").await;
        if path == "/integrated-account-webhook/{id}" {
            reply.local_error(404); // its token is part of the address
        } else if path == "/mcp/{token}" {
            reply.local_error(401); // and so is this one's
        } else if is_for_browsers(operation) {
            // A browser has a session, or is told that it has none.
            reply.assert_status(403);
            assert_eq!(reply.header("content-type"), "text/html; charset=utf-8", "{path}");
        } else if path == "/connect-account/progress" {
            reply.local_error(403);
        } else if operation["security"] == json!([]) {
            reply.assert_status(200);
        } else {
            reply.local_error(401);
        }
    }
}

#[tokio::test]
async fn the_document_is_served_as_it_is_printed() {
    let app = TestApp::start().await;
    let served = app.gateway.with_token(None).get("/openapi.json").await;
    assert_eq!(served.header("content-type"), "application/json");
    assert_eq!(served.ok(), serde_json::from_str::<Value>(SNAPSHOT).expect("JSON"));
}

#[tokio::test]
async fn the_page_fetches_nothing_from_elsewhere() {
    let app = TestApp::start().await;
    let reader = app.gateway.with_token(None);
    let page = reader.get("/docs").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    for (asset, kind) in [("page.css", "text/css"), ("page.js", "text/javascript")] {
        assert!(page.text().contains(&format!("\"docs/{asset}\"")), "{asset}");
        let found = reader.get(&format!("/docs/{asset}")).await;
        found.assert_status(200);
        assert!(found.header("content-type").starts_with(kind), "{asset}");
        // Samples of values have addresses at a name that is reserved for examples.
        let text = found.text().replace("\"https://example.com\"", "");
        assert!(!text.contains("http://") && !text.contains("https://"), "{asset}");
    }
    assert!(!page.text().contains("http://") && !page.text().contains("https://"), "{}", page.text());
    reader.get("/docs/page.map").await.error(404);
}
