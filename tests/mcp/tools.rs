//! What tools are listed: names, descriptions, schemas, choices.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::app::{Setup, TestApp, shipped};

#[path = "../nimble/published.rs"]
mod published;

async fn app(provider: &'static str) -> TestApp {
    TestApp::with(Setup { provider, ..Setup::default() }).await
}

async fn listed(app: &TestApp, query: &str) -> Vec<Value> {
    app.gateway.get(&format!("/integrated-account/{}/tools{query}", app.account)).await.result()
}

fn names(tools: &[Value]) -> BTreeSet<&str> {
    tools.iter().map(|tool| tool["name"].as_str().expect("a name")).collect()
}

/// Holds that tools can be chosen and called by a model: names and arguments that every model's API takes, schemas that
/// are schemas, and a description of some length.
fn assert_usable(provider: &str, tools: &[Value]) {
    let plain = |text: &str| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    };
    assert_eq!(names(tools).len(), tools.len(), "{provider} has two tools of one name");
    for tool in tools {
        let name = tool["name"].as_str().expect("a name");
        assert!(plain(name), "{provider}: {name}");
        let description = tool["description"].as_str().expect("a description");
        assert!(description.len() >= 30, "{provider} {name}: {description:?} is too short to choose by");
        let mut arguments = BTreeSet::new();
        for part in ["query_schema", "body_schema"] {
            let schema = &tool[part];
            assert_eq!(schema["type"], "object", "{provider} {name} {part}");
            jsonschema::draft202012::meta::validate(schema)
                .unwrap_or_else(|error| panic!("{provider} {name} {part}: {error}: {schema}"));
            jsonschema::validator_for(schema)
                .unwrap_or_else(|error| panic!("{provider} {name} {part}: {error}"));
            for (argument, schema) in schema["properties"].as_object().expect("properties") {
                assert!(plain(argument), "{provider} {name}: {argument}");
                assert!(schema.is_object(), "{provider} {name}: {argument}");
                arguments.insert(argument.as_str());
            }
        }
        for needed in tool["required"].as_array().expect("a list") {
            let needed = needed.as_str().expect("a name");
            assert!(arguments.contains(needed), "{provider} {name} needs {needed}, which it doesn't take");
        }
    }
}

#[tokio::test]
async fn every_operation_that_takes_no_list_is_a_tool_with_valid_schemas() {
    for provider in ["capsule", "nimble", "nutshell"] {
        let app = app(provider).await;
        let tools = listed(&app, "").await;
        assert_usable(provider, &tools);
        let operations: usize = shipped().providers[provider]
            .manifest
            .resources
            .values()
            .flat_map(|resource| resource.methods.values())
            // Arguments have names, so they can't make a body that is a list, such as a JSON Patch.
            .filter(|facts| facts.body_schema.as_ref().is_none_or(|schema| schema["type"] != "array"))
            .count();
        assert_eq!(tools.len(), operations, "{provider}");
        let of_integration = app.gateway.get(&format!("/integration/{provider}/tools")).await.result();
        assert_eq!(of_integration, tools, "{provider}");
    }
}

#[tokio::test]
async fn nimbles_tools_have_the_published_names_and_say_what_they_call() {
    let app = app("nimble").await;
    let tools = listed(&app, "").await;
    assert_eq!(published::TOOLS.len(), 85);
    for (name, resource, method, _, path) in published::TOOLS {
        let tool =
            tools.iter().find(|tool| tool["name"] == *name).unwrap_or_else(|| panic!("no tool {name}"));
        assert_eq!((tool["resource"].as_str(), tool["method"].as_str()), (Some(*resource), Some(*method)));
        let needed: Vec<&str> =
            tool["required"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        for argument in path.split("{{").skip(1).filter_map(|part| part.split_once("}}")) {
            let argument = argument.0.trim_start_matches("query.");
            assert!(needed.contains(&argument), "{name} needs {argument} in its path: {needed:?}");
        }
    }
}

#[tokio::test]
async fn unified_methods_are_tools_where_they_are_asked_for() {
    for provider in ["capsule", "nimble", "nutshell"] {
        let app = app(provider).await;
        let own = listed(&app, "").await;
        assert!(own.iter().all(|tool| !tool["name"].as_str().expect("a name").contains("_unified_")));
        let tools = listed(&app, "?tags=unified").await;
        assert_usable(provider, &tools);
        assert!(tools.iter().all(|tool| tool["name"].as_str().expect("a name").contains("unified_")));
        for name in ["list_all_unified_contacts", "list_all_unified_user_directory_users"] {
            assert!(names(&tools).contains(name), "{provider} {name}");
        }
        let served = served(provider);
        assert_eq!(tools.len(), served, "{provider}");
        let both = listed(&app, "?tags=unified,proxy").await;
        assert_eq!(both.len(), own.len() + tools.len(), "{provider}");
        let contacts = listed(&app, "?tags=crm/contacts&methods=read").await;
        let expected = ["list_all_unified_contacts", "get_single_unified_contact_by_id"];
        assert_eq!(names(&contacts), BTreeSet::from(expected), "{provider}");
    }
}

/// How many unified methods a provider serves.
fn served(provider: &str) -> usize {
    use unicrm::mapping::catalog::Support;
    let supports = shipped().providers[provider].cells.values().cloned().collect::<Vec<_>>();
    supports.iter().filter(|support| matches!(support, Support::Served(_))).count()
}

#[tokio::test]
async fn tools_are_chosen_by_method_group_name_and_tag() {
    let app = app("capsule").await;
    let all = listed(&app, "").await;
    let methods = |tools: &[Value]| -> BTreeSet<String> {
        tools.iter().map(|tool| tool["method"].as_str().expect("a method").to_owned()).collect()
    };
    let read = listed(&app, "?methods=read").await;
    assert_eq!(methods(&read), BTreeSet::from(["get", "list"].map(str::to_owned)));
    let write = listed(&app, "?methods=write").await;
    assert_eq!(methods(&write), BTreeSet::from(["create", "delete", "update"].map(str::to_owned)));
    let custom = listed(&app, "?methods=custom").await;
    assert_eq!(read.len() + write.len() + custom.len(), all.len());
    let named = listed(&app, "?methods=search,capsule_parties_people").await;
    assert!(names(&named).contains("capsule_parties_people"));
    assert!(named.iter().all(|tool| tool["method"] == "search" || tool["name"] == "capsule_parties_people"));
    let tagged = listed(&app, "?tags=parties").await;
    assert!(!tagged.is_empty() && tagged.iter().all(|tool| tool["resource"] == "parties"));
    let sales = listed(&app, "?tags=sales&methods=list").await;
    assert!(names(&sales).contains("list_all_capsule_opportunities"), "{:?}", names(&sales));
    assert!(!names(&sales).contains("list_all_capsule_parties"));
    assert_eq!(listed(&app, "?methods=nothing_of_the_kind").await, Vec::<Value>::new());
    app.gateway.get(&format!("/integrated-account/{}/tools?method=read", app.account)).await.error(400);
}

#[tokio::test]
async fn tools_of_another_environments_account_are_not_told() {
    let app = app("capsule").await;
    let (_, stranger) = app.another_environment("another").await;
    stranger.get(&format!("/integrated-account/{}/tools", app.account)).await.error(404);
    app.gateway.with_token(None).get(&format!("/integrated-account/{}/tools", app.account)).await.error(401);
    app.gateway.get("/integration/nobody/tools").await.error(404);
}
