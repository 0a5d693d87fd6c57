//! The functions of mappings as expressions call them: in the engine's own calls, with the context, by name.

use serde_json::json;
use unicrm::mapping::expression::{Engine, Expression};

use crate::{evaluated, gives};

#[track_caller]
fn on_core(source: &str, response: &str, expected: Option<serde_json::Value>) {
    let result =
        evaluated(Engine::Core, source, response).unwrap_or_else(|error| panic!("{source}: {error}"));
    assert_eq!(result, expected, "{source}");
}

#[test]
fn each_and_sift_take_null_for_nothing() {
    let response = r#"{"none":null,"one":{"a":1},"two":{"a":1,"b":2}}"#;
    for (source, expected) in [
        ("$each(response.none, function($v){ $v })", None),
        ("$each(response.gone, function($v){ $v })", None),
        ("$each(response.one, function($v, $k){ $k & $v })", Some(json!("a1"))),
        ("$each(response.two, function($v, $k){ $k & $v })", Some(json!(["a1", "b2"]))),
        ("response.none ~> $each(function($v){ $v })", None),
        ("$sift(response.none, function($v){ true })", None),
        ("$sift(response.two, function($v){ $v > 5 })", None),
        ("$sift(response.two, function($v){ $v > 1 })", Some(json!({"b": 2}))),
        ("response.two.$sift(function($v){ $v > 1 })", Some(json!({"b": 2}))),
        ("{'x': $each(response.none, function($v){ $v }), 'y': 1}", Some(json!({"y": 1}))),
    ] {
        on_core(source, response, expected);
    }
}

/// What JSONata says of these built-ins must still be so now that they are ours.
#[test]
fn built_ins_that_are_replaced_mean_what_they_did() {
    let response = r#"{"s":"a-b-c","n":12.5,"ms":0,"w":7,"at":"1970-01-01T00:00:01Z","list":[1,2,2,{"k":1},{"k":1}],"o":{"x":1,"y":[2]},"none":null}"#;
    for (source, expected) in [
        ("$string(response.n)", json!("12.5")),
        ("$string(response.o)", json!(r#"{"x":1,"y":[2]}"#)),
        ("$string({'a': 1}, true)", json!("{\n  \"a\": 1\n}")),
        ("$string(response.none)", json!("null")),
        ("$string(1/3)", json!("0.333333333333333")),
        ("response.n.$string()", json!("12.5")),
        ("$map([1, 'a'], $string)", json!(["1", "a"])),
        ("[$string(response.gone)]", json!([])),
        ("$distinct(response.list)", json!([1, 2, {"k": 1}])),
        ("$distinct('x')", json!("x")),
        ("$keys(response.o)", json!(["x", "y"])),
        ("$keys([{'a': 1}, {'b': 2, 'a': 3}])", json!(["a", "b"])),
        ("response.o.$keys()", json!(["x", "y"])),
        ("$keys({'a': 1})", json!("a")),
        ("[$keys({})]", json!([])),
        ("$split(response.s, '-')", json!(["a", "b", "c"])),
        ("response.s.$split('-', 2)", json!(["a", "b"])),
        ("$split('abc', '')", json!(["a", "b", "c"])),
        ("$split('a1b22c', /[0-9]+/)", json!(["a", "b", "c"])),
        ("$split('a', '-')", json!(["a"])),
        ("response.s ~> $split('-')", json!(["a", "b", "c"])),
        ("($p := $split(?, '-'); $p('x-y'))", json!(["x", "y"])),
        (
            "$match('ab12c3', /([a-z])([0-9]+)/)",
            json!([{"match": "b12", "index": 1, "groups": ["b", "12"]}, {"match": "c3", "index": 4, "groups": ["c", "3"]}]),
        ),
        ("$match('😀1', /1/).index", json!(2)),
        ("response.s.$match(/b/).index", json!(2)),
        ("[$match('a', /b/)]", json!([])),
        ("$match('aaa', /a/, 2)[1].index", json!(1)),
        ("$contains(response.s, /B/i)", json!(true)),
        ("$contains(response.s, 'z')", json!(false)),
        ("response.s.$contains(/z/)", json!(false)),
        ("$replace(response.s, '-', '+')", json!("a+b+c")),
        ("$replace(response.s, '-', '+', 1)", json!("a+b-c")),
        ("$replace('265USD', /([0-9]+)USD/, '$$$1')", json!("$265")),
        ("$replace('ab', /(a)(b)/, '[$2$1$0]')", json!("[baab]")),
        ("response.s.$replace(/-/, '')", json!("abc")),
        ("response.s ~> $replace('-', '')", json!("abc")),
        ("$replace('abc', /[ac]/, function($m){ $uppercase($m.match) })", json!("AbC")),
        ("($up := function($m){ $uppercase($m.match) }; $replace('abc', /b/, $up))", json!("aBc")),
        ("($with := 'X'; $replace('abc', /b/, $with))", json!("aXc")),
        ("'abc' ~> $replace(/b/, function($m){ 'Y' })", json!("aYc")),
        ("$map(['a-b', 'c-d'], $replace(?, '-', ''))", json!(["ab", "cd"])),
        ("$zip([1, 2], [3, 4, 5])", json!([[1, 3], [2, 4]])),
        ("$spread({'a': 1, 'b': 2})", json!([{"a": 1}, {"b": 2}])),
        ("$merge([{'a': 1}, {'b': 2, 'a': 3}])", json!({"a": 3, "b": 2})),
        ("$formatNumber(1234.5, '#,##0.00')", json!("1,234.50")),
        ("$formatInteger(12, 'w')", json!("twelve")),
        ("$parseInteger('twelve', 'w')", json!(12)),
        ("$fromMillis(0)", json!("1970-01-01T00:00:00.000Z")),
        ("$fromMillis(0, '[D01]/[M01]/[Y0001] [H#1]', '+0100')", json!("01/01/1970 1")),
        ("$toMillis('1970-01-01T00:00:01Z')", json!(1000)),
        ("$toMillis('02/01/1970', '[D01]/[M01]/[Y0001]')", json!(86_400_000)),
        ("response.at.$toMillis()", json!(1000)),
        ("response.ms.$fromMillis('[Y0001]')", json!("1970")),
        ("$fromMillis(response.ms, '[Y0001]')", json!("1970")),
        ("response.s.$pad(-7, '0')", json!("00a-b-c")),
        ("response.s.$pad(7)", json!("a-b-c  ")),
        ("$pad(response.s, response.w)", json!("a-b-c  ")),
        ("response.s.$replace('-', '', 1)", json!("ab-c")),
        ("response.s.$match(/[ab]/, 1).match", json!("a")),
        ("'a' & 1 & true & null & response.gone & [1, 'x']", json!("a1truenull[1,\"x\"]")),
    ] {
        on_core(source, response, Some(expected));
    }
}

#[test]
fn a_built_ins_error_keeps_its_code() {
    for (source, code) in [
        ("$merge([1])", "T0412"),
        ("$split(1, '-')", "T0410"),
        ("$replace('a', '', 'x')", "D3010"),
        ("$replace('a', /a/, 'x', -1)", "D3011"),
        ("$match('a', /x*/)", "D1004"),
        ("$split('a', '-', -1)", "D3020"),
        ("$string(1/0)", "D3001"),
        ("$toMillis('soon')", "D3110"),
        ("$formatNumber(1, '0.0.0')", "D3081"),
    ] {
        let error = evaluated(Engine::Core, source, "null").expect_err(source);
        assert_eq!(error.code.as_deref(), Some(code), "{source}: {error}");
    }
}

#[test]
fn functions_of_lists_and_texts_work_on_both_engines() {
    for (source, expected) in [
        ("$groupBy([{'k': 'a'}, {'k': 'b'}], 'k').a", json!([{"k": "a"}])),
        ("$keyBy([{'id': 1}], 'id')", json!({"1": {"id": 1}})),
        ("$orderBy([{'n': 2}, {'n': 1}], 'n').n", json!([1, 2])),
        ("$chunk([1, 2, 3], 2)", json!([[1, 2], [3]])),
        ("$flattenDeep([1, [2, [3]]])", json!([1, 2, 3])),
        ("$digest('abc', 'SHA-1')", json!("a9993e364706816aba3e25717850c26c9cd0d89d")),
        ("$convertCurrencyToSubunit(1.5, 'USD')", json!(150)),
        ("$stringifyQuery({'a': [1, 2]}, {'arrayFormat': 'repeat'})", json!("a=1&a=2")),
        ("$parseQuery('a[b]=1').a.b", json!("1")),
        ("$convertQueryToSql({'a': {'gt': 5}})", json!("a > 5")),
        ("$convertHtmlToMarkdown('<b>x</b>')", json!("**x**")),
        ("$convertMarkdownToHtml('**x**')", json!("<p><strong>x</strong></p>\n")),
        ("$mostSimilar('Customers', ['Customer', 'Lead'])", json!("Customer")),
    ] {
        gives(source, "null", Some(expected));
    }
}

#[test]
fn what_is_not_here_is_refused_with_a_reason() {
    for &engine in Engine::ALL {
        for name in
            ["parseDocument", "convertMarkdownToAdf", "generateEmbeddingsCohere", "xmlToJs", "getDataUri"]
        {
            let source = format!("{{\"a\": ${name}(response)}}");
            let error = Expression::compile(engine, "x", &source).expect_err(name);
            assert_eq!(error.code.as_deref(), Some("U2001"), "{engine}: {error}");
            assert!(
                error.message.starts_with(&format!("${name} is not available in a mapping: ")),
                "{error}"
            );
            assert_eq!((error.line, error.column), (1, 7), "{engine}");
        }
    }
}
