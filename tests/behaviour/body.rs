//! What is true of the body of every write: what is wrong with it is said, all of it, before the vendor is asked.

use http::Method as Verb;
use serde_json::{Map, Value, json};
use unicrm::model::{Method, Type};

use crate::case::Case;
use crate::conform::assert_conforms;
use crate::suite::Suite;
use crate::support::client::Reply;

pub fn add(suite: &mut Suite) {
    suite.add("every_wrong_field_is_named_and_the_vendor_is_not_asked", wrong_fields);
    suite.add("a_misspelt_field_is_refused_with_the_nearest", misspelt);
    suite.add("a_field_that_the_vendor_can_not_store_is_refused", unstored);
    suite.add("a_body_that_is_no_object_is_refused", no_object);
    suite.add("the_answer_leaves_remote_data_out_on_request", without_remote_data);
    suite.add("remote_data_is_laid_over_the_vendors_body", remote_data);
}

/// The subject's write with this body.
async fn write(case: &Case, body: &Value) -> Reply {
    match case.subject.method {
        Method::Create => case.create(body).await,
        _ => case.update(&existing(case).await, body).await,
    }
}

async fn existing(case: &Case) -> String {
    case.id_of(&case.rich().await)
}

async fn wrong_fields(case: &Case) {
    let mut body = Map::new();
    for (name, field) in &case.subject.resource.fields {
        let value = match field.kind {
            _ if field.read_only => json!("2026-01-01T00:00:00Z"),
            Type::String => json!(["wrong"]),
            Type::Integer | Type::Number | Type::Boolean => json!("wrong"),
            Type::Object => json!("wrong"),
            Type::Array => json!({ "wrong": true }),
        };
        body.insert(name.clone(), value);
    }
    body.insert("nonsense".to_owned(), json!(1));
    let wrong: Vec<&str> = body.keys().map(String::as_str).collect();
    let error = write(case, &Value::Object(body.clone())).await.refused_fields(&wrong);
    let message = error["message"].as_str().expect("a message");
    assert!(wrong.iter().all(|name| message.contains(name)), "{message}");
    case.assert_vendor_not_called();
}

async fn misspelt(case: &Case) {
    let field = case.scalar();
    let wrong = format!("{field}x");
    let error = write(case, &json!({ &wrong: "text" })).await.refused_fields(&[&wrong]);
    let hint = format!("did you mean {field}?");
    assert!(error["message"].as_str().is_some_and(|text| text.contains(&hint)), "{error}");
    for (name, field) in &case.subject.resource.fields {
        let inner = field.items.as_ref().and_then(|item| {
            let text = |(_, field): &(&String, &unicrm::model::Field)| field.kind == Type::String;
            item.properties.iter().filter(text).map(|(name, _)| name).next_back()
        });
        if let Some(inner) = inner.filter(|_| case.subject.cell.writes.contains(name)) {
            let body = json!({ name: [{ inner: "fine" }, { format!("{inner}x"): "wrong" }] });
            write(case, &body).await.refused_fields(&[&format!("{name}[1].{inner}x")]);
        }
    }
    case.assert_vendor_not_called();
}

async fn unstored(case: &Case) {
    for (name, field) in &case.subject.resource.fields {
        if field.read_only || case.subject.cell.writes.contains(name) {
            continue;
        }
        let value = match field.kind {
            Type::String if field.format.is_some() => json!("2026-01-01T00:00:00Z"),
            Type::String => json!(field.one_of.first().map_or("x", String::as_str)),
            Type::Integer | Type::Number => json!(1),
            Type::Boolean => json!(true),
            Type::Object => json!({}),
            Type::Array => json!([]),
        };
        let error = write(case, &json!({ name: value })).await.refused_fields(&[name]);
        let message = error["message"].as_str().expect("a message");
        assert!(message.contains("can't store it"), "{message}");
    }
    case.assert_vendor_not_called();
}

async fn no_object(case: &Case) {
    let id = existing(case).await;
    let (verb, path) = match case.subject.method {
        Method::Create => (Verb::POST, case.path("")),
        _ => (Verb::PATCH, case.path(&format!("/{id}"))),
    };
    let path = case.app.path(&path);
    for body in ["", "[]", "null", "7", "\"text\"", "{", "{\"name\": }", "not json", "\u{0}", "{} {}"] {
        case.app.gateway.write(verb.clone(), &path, body).await.local_error(400);
    }
    case.app.gateway.write(verb.clone(), &path, vec![0xff, 0xfe, 0x7b]).await.local_error(400);
    case.app.gateway.write(verb, &path, r#"{"remote_data": "text"}"#).await.refused_fields(&["remote_data"]);
    case.assert_vendor_not_called();
}

async fn without_remote_data(case: &Case) {
    let (query, body) = ("?truto_ignore_remote_data=true", case.sample().await.body);
    let answered = match case.subject.method {
        Method::Create => case.app.post(&case.path(query), &body).await,
        _ => case.app.patch(&case.path(&format!("/{}{query}", existing(case).await)), &body).await,
    };
    assert_conforms(&case.subject.resource, &answered.ok(), false);
}

async fn remote_data(case: &Case) {
    let sample = case.sample().await;
    let mark = json!({ "beside": { "mark": [1, null, "x"] } });
    let mut body = sample.body.clone();
    body["remote_data"] = mark.clone();
    write(case, &body).await.ok();
    let calls = case.native_calls();
    let sent = calls.last().and_then(|call| case.sent_body(call)).expect("a body that was sent");
    assert_eq!(sent["beside"], mark["beside"], "{sent}");
    assert!(sent.as_object().is_some_and(|sent| sent.len() > 1), "{sent}");
}
