//! Batches as they are read.

use super::*;
use serde_json::json;

fn read(resources: Value) -> Result<Batch> {
    Batch::read(Some(resources), Map::new(), Engine::default())
}

fn list(resource: &str) -> Value {
    json!({"resource": resource, "method": "list"})
}

fn with(mut entry: Value, name: &str, value: Value) -> Value {
    entry[name] = value;
    entry
}

#[track_caller]
fn refused(resources: Value, field: &str) -> String {
    let error = read(resources).unwrap_err();
    assert_eq!(error.failures()[0].field, field, "{error}");
    error.message().to_owned()
}

fn call(batch: &Batch, index: usize) -> &CallEntry {
    match &batch.entries[index].work {
        Work::Call(call) => call,
        other => panic!("{other:?}"),
    }
}

#[test]
fn entries_wait_for_names_and_resources_as_text_or_list() {
    let batch = read(json!([
        with(list("crm/users"), "depends_on", json!(["first", "parties"])),
        with(list("crm/contacts"), "name", json!("first")),
        with(list("parties"), "depends_on", json!("crm/contacts")),
    ]))
    .unwrap();
    let after: Vec<&[usize]> = batch.entries.iter().map(|entry| entry.after.as_slice()).collect();
    assert_eq!(after, [&[1, 2][..], &[], &[1]]);
    let labels: Vec<&str> = batch.entries.iter().map(|entry| entry.label.as_str()).collect();
    assert_eq!(labels, ["crm/users", "first", "parties"]);
    let persist: Vec<bool> = batch.entries.iter().map(|entry| entry.persist).collect();
    assert_eq!(persist, [true, true, false]);
}

#[test]
fn placeholders_tell_what_an_entry_waits_for_and_is_repeated_for() {
    let reads = json!({"query": {"contact": {"id": "{{resources.crm.contacts.id}}"}}});
    let batch = read(json!([
        with(list("crm/notes"), "query", reads["query"].clone()),
        list("crm/contacts"),
        with(list("parties"), "query", json!({"q": "{{resources.crm.contacts.0.id}} {{args.x}}"})),
        with(list("users"), "loop_on", json!("user_ids")),
        with(list("tasks"), "loop_on", json!("{{ resources.crm.contacts }}")),
    ]))
    .unwrap();
    let after: Vec<&[usize]> = batch.entries.iter().map(|entry| entry.after.as_slice()).collect();
    assert_eq!(after, [&[1][..], &[], &[1], &[], &[1]]);
    let loops: Vec<Option<String>> =
        (0..5).map(|index| call(&batch, index).loop_on.as_ref().map(|path| path.join("."))).collect();
    let contacts = || Some("resources.crm.contacts".to_owned());
    assert_eq!(loops, [contacts(), None, None, Some("args.user_ids".to_owned()), contacts()]);
}

#[test]
fn a_transform_sees_what_is_listed_before_it() {
    let transform = json!({"name": "t", "type": "transform", "config": {"expression": "1"}});
    let batch = read(json!([list("a"), list("b"), transform, list("c")])).unwrap();
    assert_eq!(batch.entries[2].after, [0, 1]);
    assert!(!batch.entries[2].persist);
}

#[test]
fn http_verbs_are_methods_too() {
    for (method, id, expected) in [
        ("GET", None, "list"),
        ("GET", Some("1"), "get"),
        ("get", None, "get"),
        ("POST", None, "create"),
        ("PATCH", Some("1"), "update"),
        ("DELETE", Some("1"), "delete"),
    ] {
        let batch = read(json!([{"resource": "x", "method": method, "id": id}])).unwrap();
        let Target::Proxy { method: found, .. } = &call(&batch, 0).target else { panic!() };
        assert_eq!(found, expected, "{method}");
    }
}

#[test]
fn circles_and_unknown_names_are_refused() {
    let message = refused(
        json!([
            with(with(list("a"), "name", json!("one")), "depends_on", json!("two")),
            with(with(list("b"), "name", json!("two")), "depends_on", json!("one")),
            list("c"),
        ]),
        "resources[0].depends_on",
    );
    assert!(message.ends_with("one, two"), "{message}");
    refused(json!([with(list("a"), "depends_on", json!("a"))]), "resources[0].depends_on");
    let message = refused(
        json!([list("crm/contacts"), with(list("b"), "depends_on", json!("crm/contact"))]),
        "resources[1].depends_on",
    );
    assert!(message.contains("did you mean crm/contacts?"), "{message}");
}

#[test]
fn entries_that_can_t_be_understood_are_refused_by_the_name_of_what_is_wrong() {
    let transform = |config: Value| json!({"name": "t", "type": "transform", "config": config});
    for (entry, field) in [
        (json!("x"), "resources[0]"),
        (json!({"method": "list"}), "resources[0].resource"),
        (json!({"resource": "a"}), "resources[0].method"),
        (list("a/b/c"), "resources[0].resource"),
        (list("/b"), "resources[0].resource"),
        (json!({"resource": "crm/contacts", "method": "search"}), "resources[0].method"),
        (with(list("a"), "querry", json!({})), "resources[0].querry"),
        (with(list("a"), "delete_tracking", json!("hard")), "resources[0].delete_tracking"),
        (with(list("a"), "query", json!("$nothing(")), "resources[0].query"),
        (with(list("a"), "query", json!([])), "resources[0].query"),
        (with(list("a"), "loop_on", json!("{{}}")), "resources[0].loop_on"),
        (with(list("a"), "depends_on", json!([1])), "resources[0].depends_on"),
        (with(list("a"), "recurse", json!({"config": {"id": "1"}})), "resources[0].recurse.if"),
        (with(list("a"), "recurse", json!({"if": "true", "config": {}})), "resources[0].recurse.config"),
        (json!({"type": "transform", "config": {"expression": "1"}}), "resources[0].name"),
        (transform(json!({})), "resources[0].config.expression"),
        (transform(json!({"expression": "1", "x": 1})), "resources[0].config.x"),
        (json!({"name": "t", "type": "destination"}), "resources[0].type"),
        (json!({"name": "t", "type": "spool"}), "resources[0].depends_on"),
        (with(list("crm/contacts"), "response_format", json!("stream")), "resources[0].response_format"),
    ] {
        refused(json!([entry]), field);
    }
    refused(json!([]), "resources");
    refused(json!({}), "resources");
    refused(
        json!([with(list("a"), "name", json!("n")), with(list("b"), "name", json!("n"))]),
        "resources[1].name",
    );
    let both = json!({"a": "{{resources.x.id}}", "b": "{{resources.y.id}}"});
    refused(json!([list("x"), list("y"), with(list("z"), "query", both)]), "resources[2].loop_on");
}
