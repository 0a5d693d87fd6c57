//! Values in and out, the scope, the functions, and failures on data.

use serde_json::json;
use unicrm::mapping::expression::{Engine, EvaluationErrorKind, Scope};

use crate::{ample, compiled, evaluated, gives, raw};

#[test]
fn engines_are_named_and_core_is_the_default() {
    assert_eq!("jsonata-core".parse(), Ok(Engine::Core));
    assert_eq!(Engine::default().to_string(), "jsonata-core");
    let error = "jsonata".parse::<Engine>().expect_err("no engine");
    assert!(error.to_string().contains("jsonata-core"), "{error}");
}

#[test]
fn the_scope_is_the_root_object() {
    let scope =
        Scope::new().with_raw("response", raw(r#"{"firstName":"Ada"}"#)).with("query", json!({"limit": 10}));
    let source = r#"{"name": response.firstName, "limit": query.limit, "whole": $$.query.limit}"#;
    for &engine in Engine::ALL {
        let result = compiled(engine, source).evaluate(&scope, &ample());
        let expected = json!({"name": "Ada", "limit": 10, "whole": 10});
        assert_eq!(result, Ok(Some(expected)), "{engine}");
    }
}

#[test]
fn whole_numbers_stay_whole_in_and_out() {
    for (source, response, expected) in [
        ("response", "[1,1.0,1.5,-3,0]", "[1,1,1.5,-3,0]"),
        ("response + 1", "1", "2"),
        ("response / 2", "3", "1.5"),
        ("response * 2", "1.5", "3"),
        ("$string(response)", "5", "\"5\""),
        ("response", "9007199254740992", "9007199254740992"),
    ] {
        for &engine in Engine::ALL {
            let result = evaluated(engine, source, response).expect("a result");
            let text = result.expect("defined").to_string();
            assert_eq!(text, expected, "{engine}: {source}");
        }
    }
}

#[test]
fn integers_beyond_two_to_the_53_are_strings_of_their_digits() {
    for id in [
        "9007199254740993",
        "-9007199254740993",
        "9223372036854775807",
        "18446744073709551616",
        "123456789012345678901234567890",
    ] {
        let response = format!(r#"{{"id":{id}}}"#);
        gives("response.id", &response, Some(json!(id)));
        gives(r#"{"remote_id": $string(response.id)}"#, &response, Some(json!({"remote_id": id})));
    }
    let scope = Scope::new().with("response", json!({"id": 9_007_199_254_740_993_u64}));
    for &engine in Engine::ALL {
        let result = compiled(engine, "response.id").evaluate(&scope, &ample());
        assert_eq!(result, Ok(Some(json!("9007199254740993"))), "{engine}");
    }
}

#[test]
fn undefined_is_not_null() {
    let response = r#"{"empty":null,"list":[null,1]}"#;
    gives("response.empty", response, Some(json!(null)));
    gives("response.gone", response, None);
    gives(r#"{"a": response.empty, "b": response.gone}"#, response, Some(json!({"a": null})));
    gives("[response.gone, 1]", response, Some(json!([1])));
    gives("response.list", response, Some(json!([null, 1])));
    gives("null", response, Some(json!(null)));
}

#[test]
fn text_is_unicode_throughout() {
    let response = r#"{"naïve ключ":"Zoë 😀 \u00e9\n\u2028","q":"\"\\\u0001"}"#;
    gives("response.`naïve ключ` & '✓' & response.q", response, Some(json!("Zoë 😀 é\n\u{2028}✓\"\\\u{1}")));
    gives("$length(response.`naïve ключ`)", response, Some(json!(9)));
}

#[test]
fn the_order_of_keys_is_the_authors() {
    let source = r#"{"zip": 1, "city": 2, "a": $merge([{"y": 1}, {"x": 2}])}"#;
    let result = evaluated(Engine::Core, source, "null").expect("a result");
    assert_eq!(result.expect("defined").to_string(), r#"{"zip":1,"city":2,"a":{"y":1,"x":2}}"#);
}

#[test]
fn what_json_cannot_carry_is_an_error_that_says_where() {
    for &engine in Engine::ALL {
        let error = evaluated(engine, r#"{"a": [1, $sum]}"#, "null").expect_err("a function");
        assert_eq!(error.to_string(), "test.jsonata: a function stands at .a[1]", "{engine}");
        let error = evaluated(engine, r#"{"a": function($x){$x}}"#, "null").expect_err("a lambda");
        assert_eq!(error.kind, EvaluationErrorKind::Runtime, "{engine}");
        let error = evaluated(engine, "[/a/]", "null").expect_err("a regex");
        assert!(error.message.contains("regular expression"), "{engine}: {error}");
    }
}

#[test]
fn a_failed_evaluation_has_its_code_and_its_name() {
    for &engine in Engine::ALL {
        let error = evaluated(engine, "1 + response", r#""a""#).expect_err("a type error");
        assert_eq!(error.kind, EvaluationErrorKind::Runtime, "{engine}");
        assert_eq!(error.code.as_deref(), Some("T2002"), "{engine}");
        assert_eq!(&*error.name, "test.jsonata");
        assert!(!error.message.contains("T2002"), "{engine}: {error}");
        let error = evaluated(engine, "$error('no such stage')", "null").expect_err("$error");
        assert_eq!(error.code.as_deref(), Some("D3137"), "{engine}");
        assert!(error.message.ends_with("no such stage"), "{engine}: {error}");
    }
}

#[test]
fn a_record_that_cannot_be_read_is_an_error_that_names_it() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for &engine in Engine::ALL {
        for unreadable in [deep.as_str(), "1e999"] {
            let error = evaluated(engine, "1", unreadable).expect_err("unreadable");
            assert_eq!(error.kind, EvaluationErrorKind::Runtime);
            assert!(error.message.starts_with("`response` cannot be read"), "{engine}: {error}");
        }
    }
}

#[test]
fn the_clock_is_the_scopes() {
    gives("$now()", "null", Some(json!("2023-11-14T22:13:20.123Z")));
    gives("$millis()", "null", Some(json!(1_700_000_000_123_i64)));
    for &engine in Engine::ALL {
        let result = compiled(engine, "$now()").evaluate(&Scope::new(), &ample());
        let error = result.expect_err("no instant");
        assert!(error.message.contains("no instant"), "{engine}: {error}");
    }
}

#[test]
fn host_functions_work_in_calls_in_chains_and_as_arguments() {
    let response = r#"{"first":"Ada","last":null,"tags":["a","b"],"empty":[]}"#;
    for (source, expected) in [
        ("$join([response.first, response.last], ' ')", json!("Ada ")),
        ("response.tags ~> $join('-')", json!("a-b")),
        ("response.tags.$join([$, 'x'])", json!(["a,x", "b,x"])),
        ("$map(response.tags, function($t){ $join([$t, 'z'], '') })", json!(["az", "bz"])),
        ("$map(['1', '2'], $toNumber)", json!([1, 2])),
        (
            r#"{"tags": $removeEmpty(response.empty), "n": $firstNonEmpty(response.last, 'none')}"#,
            json!({"n": "none"}),
        ),
        ("$mapValues('Open', {'open': 'OPEN'}) & $pad('7', -3, '0')", json!("OPEN007")),
        ("$uuid() != $uuid()", json!(true)),
        (r#"{"one": $compact(['a', '']), "none": $compact([''])}"#, json!({"one": ["a"], "none": []})),
    ] {
        gives(source, response, Some(expected));
    }
}

#[test]
fn an_expression_may_give_a_host_functions_name_another_meaning() {
    gives("($join := function($x){ 'mine' }; $join(['a', 'b']))", "null", Some(json!("mine")));
}

#[test]
fn a_host_functions_refusal_is_a_runtime_error_with_its_code() {
    for &engine in Engine::ALL {
        let error = evaluated(engine, "$mapValues(response, [])", r#""x""#).expect_err("no table");
        assert_eq!(error.kind, EvaluationErrorKind::Runtime, "{engine}");
        assert_eq!(error.code.as_deref(), Some("T0410"), "{engine}");
        assert!(error.message.contains("the table is an object"), "{engine}: {error}");
    }
}
