//! Changes of records: what is named changes, and nothing else.

use serde_json::{Map, Value, json};
use unicrm::mapping::catalog::Support;
use unicrm::model::{Method, Type};

use crate::body;
use crate::case::{Case, id};
use crate::conform::{assert_conforms, assert_holds};
use crate::described::Collection;
use crate::suite::Suite;

pub fn add(suite: &mut Suite) {
    suite.add("each_field_alone_changes_nothing_else", each_alone);
    suite.add("null_clears_a_field", null_clears);
    suite.add("what_was_read_can_be_written_back_and_changes_nothing", written_back);
    suite.add("nothing_to_change_is_answered_without_a_write", nothing);
    suite.add("a_record_that_is_not_there_is_not_found", missing);
    suite.add("an_id_that_no_record_can_have_is_not_found_without_asking", impossible);
    if suite.subject().described.stranger.is_some() {
        suite.add("a_record_of_another_kind_is_not_found_and_not_touched", stranger);
    }
    let subject = suite.subject().clone();
    let aside = subject.described.writes.as_ref().map_or(&[][..], |writes| writes.aside);
    let lists = |name: &&String| {
        subject.resource.fields[*name].kind == Type::Array && !aside.contains(&name.as_str())
    };
    for field in subject.cell.writes.iter().filter(lists) {
        let described = subject.described.writes.as_ref().map_or(&[][..], |writes| writes.collections);
        let described = described.iter().find(|collection| collection.field == field);
        let (cell, field) = (subject.cell.name.clone(), field.clone());
        suite.add(
            &format!("{field}_are_replaced_by_adding_editing_and_removing"),
            async move |case: &Case| {
                let missing = || panic!("{cell} writes {field}, but no table describes that collection");
                replaced(case, described.unwrap_or_else(missing)).await;
            },
        );
    }
    body::add(suite);
}

async fn each_alone(case: &Case) {
    let id = case.id_of(&case.rich().await);
    let sample = case.sample().await;
    let writes = case.subject.writes();
    for field in case.together() {
        let touched = writes.touches.iter().find(|(name, _)| name == field);
        let touched = touched.unwrap_or_else(|| panic!("what {field} may touch is not described")).1;
        let before = case.record(&id).await.expect("the record");
        let change = json!({ field: sample.body[field] });
        let updated = case.update(&id, &change).await.ok();
        assert_conforms(&case.subject.resource, &updated, true);
        // A list of values by name changes only those that it names.
        match (&updated[field], &change[field]) {
            (Value::Array(found), Value::Array(_)) => {
                assert_holds(&json!({ field: found }), &change);
            }
            _ => assert_holds(&updated, &change),
        }
        let after = case.record(&id).await.expect("the record");
        for (member, value) in before.as_object().expect("an object") {
            let may_differ = touched.contains(&member.as_str()) || writes.always.contains(&member.as_str());
            assert!(
                may_differ || after[member] == *value,
                "{field} touched {member}: {value}, {}",
                after[member]
            );
        }
        let natively: Map<String, Value> = sample.native.as_object().expect("an object").clone();
        let named = natively.into_iter().filter(|(member, _)| touched.contains(&member.as_str()));
        for (member, wanted) in named.filter(|(member, _)| !is_shared(writes.touches, field, member)) {
            assert_holds(
                &json!({ &member: after[&member] }),
                &json!({ &member: superset(&wanted, &after[&member]) }),
            );
        }
    }
}

/// Whether another field writes the same member, so that the sample's value is not this field's alone.
fn is_shared(touches: &[(&str, &[&str])], field: &str, member: &str) -> bool {
    touches.iter().any(|(other, members)| *other != field && members.contains(&member))
}

/// Values by name: what is wanted, and whatever else was there.
fn superset(wanted: &Value, found: &Value) -> Value {
    let (Value::Array(wanted_items), Value::Array(found)) = (wanted, found) else { return wanted.clone() };
    let by_name = |item: &Value| item.get("definition").is_some();
    if !wanted_items.iter().all(by_name) {
        return wanted.clone();
    }
    let named = |item: &&Value| {
        wanted_items.iter().any(|wanted| wanted["definition"]["id"] == item["definition"]["id"])
    };
    let others = found.iter().filter(|item| !named(item));
    wanted_items.iter().chain(others).cloned().collect()
}

async fn null_clears(case: &Case) {
    let creates = matches!(
        case.subject.provider.support(&case.subject.model, &case.subject.name, Method::Create),
        Support::Served(_)
    );
    let id = match creates {
        true => id(&case.create(&case.whole_sample().await.body).await.ok()),
        false => case.id_of(&case.rich().await),
    };
    let sample = case.sample().await;
    if !creates {
        case.update(&id, &sample.body).await.ok();
    }
    for field in case.together() {
        if case.subject.writes().insists.contains(&field.as_str()) {
            continue;
        }
        let cleared = case.update(&id, &json!({ field: null })).await.ok();
        let value = &cleared[field];
        let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        assert!(empty, "{field}: {value}");
        assert_eq!(case.get(&id).await.ok()[field], *value, "{field} at the vendor");
        case.update(&id, &json!({ field: sample.body[field] })).await.ok();
    }
}

async fn written_back(case: &Case) {
    let id = case.id_of(&case.rich().await);
    let read = case.get(&id).await.ok();
    let before = case.record(&id).await.expect("the record");
    let written = read.as_object().expect("a record").iter();
    let written = written.filter(|(name, _)| case.subject.cell.writes.contains(name));
    let body: Map<String, Value> = written.map(|(name, value)| (name.clone(), value.clone())).collect();
    let answered = case.update(&id, &Value::Object(body)).await.ok();
    assert_eq!(case.record(&id).await.expect("the record"), before);
    assert_eq!(answered.to_string(), read.to_string());
    assert!(case.native_calls().is_empty(), "a write: {:?}", case.native_calls()[0].json());
}

async fn nothing(case: &Case) {
    let id = case.id_of(&case.rich().await);
    let updated = case.update(&id, &json!({})).await.ok();
    assert_eq!(updated.to_string(), case.get(&id).await.ok().to_string());
    assert!(case.native_calls().is_empty(), "{:?}", case.native_calls());
}

async fn missing(case: &Case) {
    case.update(case.subject.described.missing, &json!({})).await.error(404);
    let change = case.sample().await.body;
    case.update(case.subject.described.missing, &change).await.error(404);
    assert!(case.native_calls().is_empty());
}

async fn impossible(case: &Case) {
    case.update(case.subject.described.impossible, &json!({})).await.local_error(404);
    case.assert_vendor_not_called();
}

async fn stranger(case: &Case) {
    let stranger = case.subject.described.stranger.as_ref().expect("another kind");
    let id = (stranger.id)(&case.twin).await;
    let before = (stranger.record)(&case.twin, &id).await;
    case.update(&id, &case.sample().await.body).await.local_error(404);
    assert_eq!((stranger.record)(&case.twin, &id).await, before);
    assert!(case.native_calls().is_empty());
}

async fn replaced(case: &Case, collection: &Collection) {
    let id = case.id_of(&case.rich().await);
    let field = collection.field;
    let first = write(case, &id, collection, (collection.first)()).await;
    let kept = first[0].clone();
    // The first is changed, the second left out, a third is new.
    let mut changed = kept.clone();
    if let Some(edited) = collection.edited {
        let edited = edited();
        let members = edited.as_object().expect("an item");
        changed.as_object_mut().expect("an item").extend(members.clone());
    }
    let wanted = json!([changed, (collection.added)()]);
    let second = write(case, &id, collection, wanted).await;
    if !kept["id"].is_null() {
        assert!(
            second.iter().any(|item| item["id"] == kept["id"]),
            "{field}: {kept} was made anew: {second:?}"
        );
    }
    for empty in [json!(null), json!([])] {
        let left = write(case, &id, collection, empty.clone()).await;
        assert!(left.is_empty(), "{field}: {empty} left {left:?}");
        write(case, &id, collection, (collection.first)()).await;
    }
}

/// Writes a collection, holds that answer and vendor have exactly that, and gives the answer's items.
async fn write(case: &Case, id: &str, collection: &Collection, items: Value) -> Vec<Value> {
    let field = collection.field;
    let answered = case.update(id, &json!({ field: items })).await.ok();
    let wanted = if items.is_null() { json!([]) } else { items };
    assert_holds(&json!({ field: answered[field] }), &json!({ field: wanted }));
    let native = case.record(id).await.expect("the record");
    let found = (collection.native)(&native);
    let mut without_ids = wanted.as_array().cloned().expect("a list");
    for item in &mut without_ids {
        item.as_object_mut().expect("an item").shift_remove("id");
    }
    assert_holds(&json!({ field: found }), &json!({ field: without_ids }));
    let answered = answered[field].as_array().cloned().expect("a list");
    let place =
        |item: &Value| wanted.as_array().and_then(|wanted| wanted.iter().position(|one| same(item, one)));
    let mut sorted = answered;
    sorted.sort_by_key(|item| place(item));
    sorted
}

/// Whether an item has everything that the other names.
fn same(item: &Value, other: &Value) -> bool {
    other.as_object().is_some_and(|members| members.iter().all(|(name, value)| item[name] == *value))
}
