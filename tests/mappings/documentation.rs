use std::collections::BTreeMap;

use serde_json::Value;
use unicrm::mapping::catalog::Support;
use unicrm::mapping::expression::{Budget, Engine, Scope};
use unicrm::mapping::{Catalog, Files};
use unicrm::model::{Method, Record};

const README: &str = include_str!("../../mappings/README.md");

/// The fenced blocks of a language, in order.
fn blocks(language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let mut found = Vec::new();
    let mut rest = README;
    while let Some(start) = rest.find(&fence) {
        let body = &rest[start + fence.len()..];
        let end = body.find("```").expect("a fence that ends");
        found.push(body[..end].to_owned());
        rest = &body[end + 3..];
    }
    found
}

/// The file that a block says it is, in its first line.
fn named(block: &str) -> String {
    let first = block.lines().next().expect("a line");
    first.trim_start_matches(['#', '/', '*', ' ']).trim_end_matches(['*', '/', ' ']).to_owned()
}

fn files() -> Files {
    let mut files = BTreeMap::new();
    for block in blocks("yaml") {
        files.insert(named(&block), block);
    }
    for block in blocks("jsonata") {
        files.insert(format!("library/{}", named(&block)), block);
    }
    Files(files)
}

#[test]
fn the_examples_of_the_readme_are_a_mappings_folder_without_problems() {
    let catalog = Catalog::load(&files(), Engine::Core).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let library = &catalog.providers["library"];
    assert!(matches!(library.support("crm", "books", Method::List), Support::Served(_)));
    match library.support("crm", "books", Method::Create) {
        Support::Unsupported(reason) => assert_eq!(reason, "the library buys its books itself"),
        Support::Served(_) => panic!("create is declared unsupported"),
    }
}

#[test]
fn the_record_of_the_readme_is_answered_as_it_says() {
    let catalog = Catalog::load(&files(), Engine::Core).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let Support::Served(cell) = catalog.providers["library"].support("crm", "books", Method::Get) else {
        panic!("get is served");
    };
    let examples: Vec<Value> =
        blocks("json").iter().map(|block| serde_json::from_str(block).expect("JSON")).collect();
    let [native, answered] = examples.as_slice() else { panic!("two examples, not {}", examples.len()) };
    let scope = Scope::new().with("response", native.clone());
    let mapped =
        cell.main().response_mapping.as_ref().expect("a mapping").evaluate(&scope, &Budget::default());
    let mapped = mapped.expect("no error").expect("a record");
    let record =
        Record::shape(&catalog.models["crm"].resources["books"], mapped, None).expect("a record that fits");
    assert_eq!(&Value::Object(record.fields), answered);
}
