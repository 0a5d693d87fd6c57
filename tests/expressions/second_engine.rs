//! What jsonata-rs cannot do must be refused or be an error, never an abort and never a different order each time.

use serde_json::json;
use unicrm::mapping::expression::{CompileError, Engine, EvaluationErrorKind, Expression};

use crate::evaluated;

fn refused(source: &str) -> CompileError {
    match Expression::compile(Engine::Rs, "x", source) {
        Ok(_) => panic!("compiled: {source}"),
        Err(error) => error,
    }
}

#[test]
fn the_engine_is_named_by_its_crate() {
    assert_eq!("jsonata-rs".parse(), Ok(Engine::Rs));
    assert_eq!(Engine::Rs.to_string(), "jsonata-rs");
}

#[test]
fn what_it_does_not_understand_is_refused_with_a_place() {
    for source in ["a.b.%.c", "a ?? b", "a ?: b", "function($x)<n:n>{$x}", "$sift(a)", "a & $type(b)"] {
        let error = refused(source);
        assert!(error.line == 1 && error.column >= 1, "{error}");
    }
    let error = refused("a +\n  $formatNumber(1, '0')");
    assert_eq!((error.line, error.column), (2, 3), "{error}");
    let error = refused("a &\n  b ?? c");
    assert_eq!(error.line, 2, "{error}");
}

#[test]
fn objects_with_methods_are_refused_with_a_place() {
    let error = refused("{\n \"a\": $dtFromIso(b).toISO()}");
    assert_eq!((error.line, error.column, error.code.as_deref()), (2, 7, Some("U2001")));
    assert_eq!(error.message, "$dtFromIso is not available on the engine jsonata-rs");
    assert_eq!(refused("$parseUrl(a)").code.as_deref(), Some("U2001"));
}

#[test]
fn a_name_it_needs_for_a_replaced_built_in_is_refused() {
    let error = refused("($Join := 1; $Join)");
    assert!(error.message.contains("$Join"), "{error}");
}

#[test]
fn a_panic_on_data_is_an_error() {
    let result = evaluated(Engine::Rs, "$substring(response, 3)", r#""Zoë Ørsted""#);
    let error = result.expect_err("a cut inside a character");
    assert_eq!(error.kind, EvaluationErrorKind::Panic);
}

#[test]
fn a_runtime_error_says_where() {
    let error = evaluated(Engine::Rs, "'é' &\n (1 + response)", r#""a""#).expect_err("a type");
    let position = error.position.expect("a position");
    assert_eq!((position.line, position.column), (2, 5));
}

#[test]
fn keys_come_out_sorted() {
    let source = "{'b': 1, 'c': {'z': response, 'y': 2}, 'a': 3}";
    for _ in 0..5 {
        let result = evaluated(Engine::Rs, source, r#"{"k2":1,"k1":2}"#).expect("a result");
        let text = result.expect("defined").to_string();
        assert_eq!(text, r#"{"a":3,"b":1,"c":{"y":2,"z":{"k1":2,"k2":1}}}"#);
    }
}

#[test]
fn a_record_with_a_key_twice_is_read_like_any_json() {
    let result = evaluated(Engine::Rs, "response.a", r#"{"a":1,"a":"\/"}"#);
    assert_eq!(result, Ok(Some(json!("/"))));
}
