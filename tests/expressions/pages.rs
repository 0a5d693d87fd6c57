//! A page of records, one evaluation each, and many threads at once.

use serde_json::json;
use serde_json::value::RawValue;
use unicrm::mapping::expression::{Engine, Scope};

use crate::{ample, compiled, raw};

fn borrowed(items: &[Box<RawValue>]) -> Vec<&RawValue> {
    items.iter().map(|item| &**item).collect()
}

#[test]
fn each_item_is_evaluated_in_order_with_the_rest_of_the_scope() {
    let items = [raw(r#"{"id":1}"#), raw(r#"{"id":18446744073709551616}"#), raw(r#"{}"#)];
    let scope = Scope::new().with("query", json!({"tag": "t"}));
    for &engine in Engine::ALL {
        let source = r#"response.id ? {"id": response.id, "tag": query.tag}"#;
        let results = compiled(engine, source).evaluate_each(&scope, "response", &borrowed(&items), &ample());
        let expected = [
            Ok(Some(json!({"id": 1, "tag": "t"}))),
            Ok(Some(json!({"id": "18446744073709551616", "tag": "t"}))),
            Ok(None),
        ];
        assert_eq!(results, expected, "{engine}");
    }
}

#[test]
fn an_item_that_fails_fails_alone_and_a_scope_that_cannot_be_read_fails_all() {
    let items = [raw("1"), raw(r#""a""#), raw("1e999"), raw("4")];
    for &engine in Engine::ALL {
        let expression = compiled(engine, "response + 1");
        let each = |scope: Scope| expression.evaluate_each(&scope, "response", &borrowed(&items), &ample());
        let results = each(Scope::new());
        assert_eq!(results[0], Ok(Some(json!(2))), "{engine}");
        assert!(results[1].is_err() && results[2].is_err(), "{engine}");
        assert_eq!(results[3], Ok(Some(json!(5))), "{engine}");
        let results = each(Scope::new().with_raw("query", raw("1e999")));
        assert_eq!(results.len(), 4);
        assert!(results.iter().all(Result::is_err), "{engine}");
    }
}

/// Each of these binds, caches or fails in its own way. What the page gives must be what each record gives alone.
#[test]
fn nothing_of_one_item_reaches_another() {
    let sources = [
        "($seen := $exists($x) ? 'leak' : 'none'; $x := response.id; $seen)",
        "($f := function($n){ $n < 1 ? response.id : $f($n - 1) }; $f(3))",
        "response.id = 2 ? ($x := 1; $error('e')) : $exists($x)",
        "response.list@$x.{'x': $x, 'id': %.id}",
        "response.list#$i[$i = 1]",
        "response.list[$ > 1].{'v': $, 'j': $join([$, 'x'])}",
        "$map(response.list, function($v, $i){ $v > 2 ? $error('e') : $v * $i })",
        "response.list^(>$)",
        "response.{'k': list{$string($): $}}",
        "response ~> |$|{'id': id + 1}, ['list']|",
        "$sort(response.list, function($a, $b){ $a < $b })[0]",
        "($p := $substring(?, 0, 1); $p(response.name))",
        "response.id = 3 ? $parseInteger('a', '###١') : response.id",
        "$$.response.id & '/' & $now()",
        "$keys($$)",
    ];
    let items: Vec<Box<RawValue>> = (1..=6)
        .map(|id| {
            let list: Vec<u32> = (0..id).collect();
            let record = json!({"id": id, "list": list, "name": format!("n{id}")});
            raw(&record.to_string())
        })
        .collect();
    let scope = Scope::new().with("response", json!(null)).with("query", json!({})).at(0);
    for source in sources {
        let expression = compiled(Engine::Core, source);
        let budget = ample();
        let page = expression.evaluate_each(&scope, "response", &borrowed(&items), &budget);
        let alone: Vec<_> = items
            .iter()
            .map(|item| {
                let scope = scope.clone().with_raw("response", item.clone());
                expression.evaluate(&scope, &budget)
            })
            .collect();
        assert_eq!(page, alone, "{source}");
    }
}

#[test]
fn threads_evaluate_one_expression_at_once() {
    for &engine in Engine::ALL {
        let source = "$sum($map([1..100], function($n){ $n * response.id }))";
        let expression = compiled(engine, source);
        std::thread::scope(|threads| {
            for id in 1..=4 {
                let expression = expression.clone();
                threads.spawn(move || {
                    for _ in 0..5 {
                        let scope = Scope::new().with("response", json!({ "id": id }));
                        let result = expression.evaluate(&scope, &ample());
                        assert_eq!(result, Ok(Some(json!(5050 * id))), "{engine}");
                    }
                });
            }
        });
    }
}

#[test]
fn an_expression_is_cheap_to_share() {
    fn shareable<T: Clone + Send + Sync>(_: &T) {}
    let expression = compiled(Engine::Core, "response");
    shareable(&expression);
    assert_eq!(expression.name(), "test.jsonata");
    assert_eq!(expression.source(), "response");
}
