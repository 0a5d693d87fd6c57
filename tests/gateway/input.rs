//! Input of every wrong kind: told what is wrong, and nothing done.

use http::Method;
use serde_json::json;

use crate::support::app::{Setup, TestApp};

/// Routes that take a body and name nothing in their path.
const CREATES: [&str; 8] = [
    "/integrated-account/token",
    "/integrated-account/refresh-credentials",
    "/integrated-account/bulk-delete",
    "/sandbox-integrated-account",
    "/unified-model",
    "/environment-unified-model",
    "/unified-model-resource-method",
    "/environment-unified-model-resource-method",
];

/// Every list that is not of records.
const LISTS: [&str; 9] = [
    "integrated-account",
    "environment",
    "environment-integration",
    "api-token",
    "sandbox-integrated-account",
    "unified-model",
    "environment-unified-model",
    "unified-model-resource-method",
    "environment-unified-model-resource-method",
];

/// Every route that takes a body.
async fn writes(app: &TestApp) -> Vec<(Method, String)> {
    let account = format!("/integrated-account/{}", app.account);
    vec![
        (Method::POST, "/integrated-account".to_owned()),
        (Method::PATCH, account.clone()),
        (Method::PATCH, format!("{account}/credentials")),
        (Method::PATCH, format!("/environment/{}", app.environment().await)),
        (Method::POST, "/environment-integration".to_owned()),
        (Method::PATCH, format!("/environment-integration/{}", app.environment_integration("capsule").await)),
        (Method::POST, app.path("/unified/crm/contacts")),
        (Method::PATCH, app.path("/unified/crm/contacts/1")),
    ]
    .into_iter()
    .chain(CREATES.iter().map(|path| (Method::POST, (*path).to_owned())))
    .collect()
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused_with_the_place() {
    let app = TestApp::start().await;
    for (method, path) in writes(&app).await {
        for body in ["{\"a\": 1", "{\"a\": }", "nonsense", "{} trailing", "\u{feff}{}", "{\"a\":1,}", "NaN"] {
            let reply = app.gateway.write(method.clone(), &path, body).await;
            let error = reply.local_error(400);
            let message = error["message"].as_str().expect("a message");
            assert!(message.contains("line 1 column"), "{method} {path} {body:?}: {message}");
        }
        app.gateway.write(method.clone(), &path, "").await.local_error(400);
        app.gateway.write(method.clone(), &path, vec![b'"', 0xff, b'"']).await.local_error(400);
    }
    assert!(app.vendor_calls().is_empty());
}

#[tokio::test]
async fn a_body_that_is_no_object_is_refused() {
    let app = TestApp::start().await;
    for (method, path) in writes(&app).await {
        for body in ["[]", "null", "1", "\"text\"", "true"] {
            app.gateway.write(method.clone(), &path, body).await.local_error(400);
        }
    }
    assert!(app.vendor_calls().is_empty());
}

#[tokio::test]
async fn a_body_of_any_depth_is_answered() {
    let app = TestApp::start().await;
    for (method, path) in writes(&app).await {
        let deep = format!("{{\"remote_data\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        app.gateway.write(method, &path, deep).await.local_error(400);
    }
}

#[tokio::test]
async fn a_field_that_does_not_exist_is_refused_on_every_route() {
    let app = TestApp::start().await;
    for (method, path) in writes(&app).await {
        app.gateway.write(method, &path, r#"{"zzzzzz": 1}"#).await.refused_fields(&["zzzzzz"]);
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_a_413_and_goes_nowhere() {
    let app = TestApp::with(Setup::default().setting("UNICRM_MAX_REQUEST_BYTES", "2000")).await;
    let large = json!({ "name": "x".repeat(2001) }).to_string();
    let mut routes = writes(&app).await;
    routes.push((Method::POST, app.path("/proxy/parties")));
    routes.push((Method::PATCH, app.path("/proxy/parties/1")));
    for (method, path) in routes {
        let body = app.gateway.write(method, &path, large.clone()).await.local_error(413);
        assert!(body["message"].as_str().is_some_and(|text| text.contains("2000 bytes")), "{body}");
    }
    assert!(app.vendor_calls().is_empty());
}

#[tokio::test]
async fn an_id_of_an_administrative_route_that_is_no_uuid_is_not_found() {
    let app = TestApp::start().await;
    let long = "9".repeat(10_000);
    for list in LISTS {
        for id in
            ["1", "%20", "a%2Fb", "..%2F..", "%F0%9F%A6%80", "%00", "%0a", "'%20or%201=1", long.as_str()]
        {
            app.gateway.get(&format!("/{list}/{id}")).await.local_error(404);
        }
        // What isn't text can't be an id.
        app.gateway.get(&format!("/{list}/%ff%fe")).await.local_error(400);
    }
}

#[tokio::test]
async fn a_parameter_that_a_list_does_not_have_is_refused() {
    let app = TestApp::start().await;
    for list in LISTS {
        app.gateway.get(&format!("/{list}?zzzzzz=1")).await.refused_fields(&["zzzzzz"]);
        app.gateway.get(&format!("/{list}?limit=0")).await.refused_fields(&["limit"]);
        app.gateway.get(&format!("/{list}?next_cursor=made-up")).await.refused_fields(&["next_cursor"]);
        app.gateway.get(&format!("/{list}?limit=5000&next_cursor=&")).await.ok();
    }
}

#[tokio::test]
async fn a_record_id_of_any_kind_is_answered_without_harm() {
    let app = TestApp::start().await;
    let long = "9".repeat(10_000);
    for resource in ["/unified/crm/contacts", "/unified/crm/users"] {
        for id in [
            "a%2Fb",
            "%F0%9F%A6%80",
            "%2e%2e",
            "..%2Fusers%2F712440",
            "247318411%3Fembed=x",
            "1%202",
            "1,2",
            "-",
            "1e3",
        ] {
            app.get(&format!("{resource}/{id}")).await.local_error(404);
        }
        for id in ["%00", "%0a", "%7f", long.as_str()] {
            app.get(&format!("{resource}/{id}")).await.refused_fields(&["id"]);
        }
    }
    assert!(app.vendor_calls().is_empty(), "{:?}", app.vendor_calls());
}

#[tokio::test]
async fn a_proxy_id_stays_one_segment_of_the_vendors_path() {
    let app = TestApp::start().await;
    for (id, at_vendor) in [
        ("a%2Fb", "/api/v2/parties/a%2Fb"),
        ("x%3Fy=1", "/api/v2/parties/x%3Fy%3D1"),
        ("%F0%9F%A6%80", "/api/v2/parties/%F0%9F%A6%80"),
        ("a%23b", "/api/v2/parties/a%23b"),
    ] {
        app.sandbox().recorder().clear();
        app.get(&format!("/proxy/parties/{id}")).await.remote_error(404);
        assert_eq!(app.vendor_calls()[0].path, at_vendor);
    }
    app.sandbox().recorder().clear();
    for id in ["%2e%2e", "%2e", "%00", "%0d%0a", "%252e%252e"] {
        let reply = app.get(&format!("/proxy/parties/{id}")).await;
        assert!(matches!(reply.status, 400 | 404), "{id}: {}", reply.text());
        let went: Vec<String> = app.vendor_calls().into_iter().map(|call| call.path).collect();
        assert!(went.iter().all(|path| path.starts_with("/api/v2/parties/%25")), "{id}: {went:?}");
    }
}

#[tokio::test]
async fn arrays_are_taken_in_every_spelling_and_a_filter_takes_one_value() {
    let app = TestApp::start().await;
    for query in ["name[]=a&name[]=b", "name[0]=a&name[1]=b", "name=a&name=b", "owner[id][]=1"] {
        let reply = app.get(&format!("/unified/crm/contacts?{query}")).await;
        reply.local_error(400);
    }
    assert!(app.vendor_calls().is_empty());
}
