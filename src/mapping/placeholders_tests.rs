//! What the published grammar of placeholders promises, case by case.

use serde_json::json;

use super::*;

fn filled(template: Value, values: Value) -> Value {
    fill(&template, &values).unwrap().unwrap()
}

#[track_caller]
fn becomes(template: &str, values: Value, expected: Value) {
    assert_eq!(filled(json!(template), values), expected, "{template}");
}

#[test]
fn what_is_no_placeholder_stays() {
    for text in ["foo", "{foo}", "{{foo}", "{{}}", "{{foo[0]}}", "{{foo!}}", "Hi {{first name!}}"] {
        becomes(text, json!({"foo": "bar"}), json!(text));
    }
}

#[test]
fn paths_are_dotted_and_have_indices_and_any_member() {
    let values = json!({"foo": {"bar": [{"baz": "x"}, {"qux": "y"}]}, "a-b": {"c_d": true}, "crm/contacts": {"id": 7}});
    for (template, expected) in [
        ("{{foo.bar.0.baz}}", "x"),
        ("{{foo.bar.-1.qux}}", "y"),
        ("{{foo.bar.*.qux}}", "y"),
        ("{{ foo.bar.0.baz }}", "x"),
        ("{{a-b.c_d}}", "true"),
        ("{{crm/contacts.id}}", "7"),
        ("a {{foo.bar.0.baz}} b {{foo.bar.1.qux}}", "a x b y"),
        ("{{foo.bar.2.baz}}", "{{foo.bar.2.baz}}"),
        ("{{foo.bar.baz}}", "{{foo.bar.baz}}"),
        ("to {{nobody}}", "to {{nobody}}"),
    ] {
        becomes(template, values.clone(), json!(expected));
    }
}

#[test]
fn a_type_makes_a_value_of_a_whole_text() {
    for (template, value, expected) in [
        ("{{v:int}}", json!("1.9"), json!(1)),
        ("{{v:int}}", json!(" -12abc "), json!(-12)),
        ("{{v:int}}", json!(1.5), json!(1)),
        ("{{v:int}}", json!("blah"), json!("blah")),
        ("{{v:num}}", json!("1.1"), json!(1.1)),
        ("{{v:num}}", json!("2e3x"), json!(2000.0)),
        ("{{v:num}}", json!("9007199254740993"), json!(9_007_199_254_740_993_i64)),
        ("{{v:num}}", json!("."), json!(".")),
        ("{{v:bool}}", json!("false"), json!(false)),
        ("{{v:bool}}", json!(true), json!(true)),
        ("{{v:bool}}", json!("yes"), json!("yes")),
        ("{{v:json}}", json!("{\"a\":[1]}"), json!({"a": [1]})),
        ("{{v:json}}", json!([1, 2]), json!([1, 2])),
        ("{{v:json}}", json!("blah"), json!("blah")),
        ("{{v:any}}", json!([1, 2]), json!([1, 2])),
        ("{{v:any}}", json!(5), json!(5)),
        ("{{v:null}}", json!("null"), json!(null)),
        ("{{v:null}}", json!("x"), json!("x")),
        ("{{v:str}}", json!(1), json!("1")),
        ("{{v}}", json!([1, "a", null]), json!("1,a,")),
        ("{{v}}", json!(" x "), json!(" x ")),
        ("{{v}}", json!(null), json!(null)),
    ] {
        becomes(template, json!({"v": value}), expected);
    }
}

#[test]
fn within_a_longer_text_everything_is_text() {
    for (template, value, expected) in [
        ("a {{v:int}} b", json!("1"), "a 1 b"),
        ("a {{v:bool}} b", json!("true"), "a true b"),
        ("a {{v:json}} b", json!({"x": 1}), "a {\"x\":1} b"),
        ("a {{v:null}} b", json!("null"), "a null b"),
    ] {
        becomes(template, json!({"v": value}), json!(expected));
    }
}

#[test]
fn the_first_path_that_leads_somewhere_is_taken_with_its_type() {
    becomes("{{foo|bar}}", json!({"foo": "f", "bar": "b"}), json!("f"));
    becomes("{{foo:str|bar:int}}", json!({"bar": "1"}), json!(1));
    becomes("{{foo.bar|bar}}", json!({"foo": {"bar": 1}}), json!("1"));
    becomes("{{foo|bar:ignore-empty-str}}", json!({"foo": "", "bar": "b"}), json!("b"));
    becomes("{{foo:str:null|bar}}", json!({}), json!(null));
    becomes("{{foo|bar}}", json!({}), json!("{{foo|bar}}"));
}

#[test]
fn a_default_comes_last() {
    becomes("{{foo?:none}}", json!({}), json!("none"));
    becomes("{{foo:int?:12:int}}", json!({}), json!(12));
    becomes("{{foo?:none}}", json!({"foo": "f"}), json!("f"));
    becomes("a {{foo?:some thing}} b", json!({}), json!("a some thing b"));
    becomes("{{foo:undefined?:none}}", json!({}), json!("none"));
    becomes("{{foo?:}}", json!({}), json!("{{foo?:}}"));
}

#[test]
fn what_is_missing_is_left_out_or_null_at_request() {
    assert_eq!(fill(&json!("{{foo:undefined}}"), &json!({})).unwrap(), None);
    becomes("a{{foo:undefined}}b", json!({}), json!("ab"));
    becomes("{{foo:null}}", json!({}), json!(null));
    becomes("{{foo:int:null}}", json!({}), json!(null));
    let template = json!({"a": "{{foo:undefined}}", "b": ["{{foo:undefined}}", "{{bar}}"], "c": 1});
    assert_eq!(filled(template, json!({"bar": "x"})), json!({"b": [null, "x"], "c": 1}));
}

#[test]
fn objects_are_merged_into_the_one_around() {
    let values = json!({"one": {"a": {"x": 1}, "l": [1]}, "two": "{\"a\":{\"y\":2},\"b\":3}", "list": [1]});
    let template = json!({
        "a": {"z": 0}, "l": [0], "b": 1,
        "$truto_merge": ["{{one:json}}", "{{two:json}}", "{{three:json}}", "{{list:json}}"]
    });
    let expected = json!({"a": {"z": 0, "x": 1, "y": 2}, "l": [0, 1], "b": 3});
    assert_eq!(filled(template, values.clone()), expected);
    let nested = json!({"in": {"$truto_merge": "{{two:json}}"}});
    assert_eq!(filled(nested, values), json!({"in": {"a": {"y": 2}, "b": 3}}));
}

#[test]
fn what_is_filled_in_is_not_a_template() {
    let values = json!({"a": "{{b}}", "b": "secret", "o": {"$truto_merge": {"x": 1}}});
    becomes("{{a}}", values.clone(), json!("{{b}}"));
    becomes("{{a}} {{b}}", values.clone(), json!("{{b}} secret"));
    becomes("{{o:any}}", values, json!({"$truto_merge": {"x": 1}}));
}

#[test]
fn an_unknown_type_is_named() {
    let error = fill(&json!("{{foo:date}}"), &json!({"foo": "1"})).unwrap_err();
    assert!(error.to_string().starts_with("{{foo:date}}: there is no type date"), "{error}");
}

#[test]
fn a_template_nested_beyond_measure_is_refused() {
    let deep = (0..1000).fold(json!("{{a}}"), |inner, _| json!([inner]));
    assert_eq!(fill(&deep, &json!({})).unwrap_err(), PlaceholderError::TooDeep);
    assert_eq!(paths(&deep), Vec::<String>::new());
}

#[test]
fn paths_that_are_read_can_be_listed() {
    let template = json!({"a": "{{x.y:int|z?:1}} {{w}}", "b": [{"c": "{{v}}"}], "d": "plain"});
    assert_eq!(paths(&template), ["x.y", "z", "w", "v"]);
}

struct Ours;

impl Names for Ours {
    fn find(&self, _: &[&str]) -> Option<&Value> {
        None
    }

    fn is_ours(&self, path: &str) -> bool {
        path.starts_with("args.")
    }
}

#[test]
fn a_path_that_can_t_be_mere_text_must_have_a_value() {
    let missing = fill(&json!({"a": ["Hi {{args.name}}"]}), &Ours).unwrap_err();
    assert!(missing.to_string().starts_with("{{args.name}} has no value"), "{missing}");
    for template in ["Hi {{name}}", "{{args.name?:you}}", "{{args.name:undefined}}", "{{args.name:null}}"] {
        assert!(fill(&json!(template), &Ours).is_ok(), "{template}");
    }
}

#[test]
fn a_template_takes_in_so_much_and_no_more() {
    let values =
        json!({"large": "x".repeat(MOST_BYTES / 4), "deep": {"large": ["y".repeat(MOST_BYTES / 4)]}});
    let (large, deep) = ("{{large}}", "{{deep:any}}");
    assert!(fill(&json!([large, deep, large]), &values).is_ok());
    let error = fill(&json!({"a": [large, deep], "b": format!("{large} {large}")}), &values).unwrap_err();
    assert_eq!(error, PlaceholderError::TooLarge { placeholder: large.to_owned() });
}
