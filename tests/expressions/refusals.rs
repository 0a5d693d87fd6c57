//! What is refused at compilation, and where it says the fault is.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use unicrm::mapping::expression::{CompileError, Engine, Expression};

#[track_caller]
fn refused(source: &str) -> CompileError {
    match Expression::compile(Engine::Core, "a/b.jsonata", source) {
        Ok(_) => panic!("compiled: {source}"),
        Err(error) => error,
    }
}

#[test]
fn a_bad_expression_is_refused_with_its_place() {
    for (source, line, column, code) in [
        ("{\n  \"a\": b,\n  \"c\" d\n}", 3, 7, "S0202"),
        ("{\n  \"a\": (b + 1\n", 2, 14, "S0203"),
        ("a +", 1, 4, "S0207"),
        ("a + )", 1, 5, "S0211"),
        ("é & 'x", 1, 5, "S0101"),
        ("a\n& \"\\q\"", 2, 3, "S0103"),
        ("a b", 1, 3, "S0201"),
        ("a /* no end", 1, 3, "S0106"),
        ("[1, 2]]", 1, 7, "S0201"),
        ("a ! b", 1, 3, "S0204"),
        ("function(x){x}", 1, 10, "S0208"),
        ("{'a': b.1.c, 'd': e}", 1, 9, "S0213"),
        ("{\n'k': a.b,\n'l': [c.2.d],\n'm': $x & y\n}", 3, 9, "S0213"),
        ("a & (b; c.(%.%.%)) & d", 1, 14, "S0217"),
        ("a[0]@$v.b", 1, 6, "S0215"),
        ("$sum(a) & $eval('1')", 1, 11, "U2001"),
        ("a ~>\n $nothing(1)", 2, 2, "T1006"),
        ("$match(a, /(?<=b)c/)", 1, 11, "S0303"),
        ("{\"a\": join(b)}", 1, 7, "T1005"),
    ] {
        let error = refused(source);
        let place = (error.line, error.column, error.code.as_deref());
        assert_eq!(place, (line, column, Some(code)), "{source}: {error}");
        let prefix = format!("a/b.jsonata:{line}:{column}: ");
        assert!(error.to_string().starts_with(&prefix), "{error}");
    }
}

#[test]
fn a_syntax_error_speaks_of_the_text_and_not_of_the_parser() {
    for (source, message) in [
        ("{\"a\" b}", "expected :, found b"),
        ("(a", "expected ), found the end of the expression"),
        ("a b", "unexpected b"),
        ("a ! b", "unexpected !"),
        ("a + )", "unexpected )"),
        ("function(x){x}", "expected a parameter such as $x, found x"),
        ("", "unexpected end of the expression"),
        ("$eval('1')", "$eval is not available in a mapping: a mapping runs only the text of its file"),
    ] {
        assert_eq!(refused(source).message, message, "{source}");
    }
}

#[test]
fn evaluating_text_and_randomness_are_refused() {
    for &engine in Engine::ALL {
        for source in ["$eval('1 + 1')", "$map(['1'], $eval)", "$random()", "$shuffle([1, 2])"] {
            let error = Expression::compile(engine, "x", source).expect_err(source);
            assert_eq!(error.code.as_deref(), Some("U2001"), "{engine}: {source}");
        }
    }
}

#[test]
fn an_expression_that_is_too_long_or_too_deep_is_refused() {
    for &engine in Engine::ALL {
        for source in [
            format!("{}1{}", "(".repeat(3_000), ")".repeat(3_000)),
            format!("{}1{}", "(".repeat(60_000), ")".repeat(60_000)),
            format!("1{}", "+1".repeat(20_000)),
            format!("a{}", ".a".repeat(20_000)),
            format!("{}1", "true ? 1 : ".repeat(5_000)),
            format!("{}1", "-".repeat(20_000)),
            " ".repeat(300 * 1024),
        ] {
            Expression::compile(engine, "x", &source).expect_err(&source[..20]);
        }
    }
}

/// Mappings, and what an author's slip makes of them.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "a", ".b", "$x", "$x := 1;", "(", ")", "[", "]", "{", "}", "{'k': a}", "'s'", "`b c`", "/r/", "1", "..", ".1",
    "function($x){$x}", "$sum(a)", "$nothing(", "/*c*/", "é", ",", "?", ":", "??", "~>", "%", "@$v", "#$i", "^(a)",
    "|a|{}|", "*", "-", "&", "\\", "\"", "\n",
];

fn texts_of_any_kind() -> impl Strategy<Value = String> {
    vec(select(PIECES), 0..16).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn any_text_compiles_or_is_refused_with_a_place_in_it(text in texts_of_any_kind()) {
        if let Err(error) = Expression::compile(Engine::Core, "x", &text) {
            prop_assert!(!error.message.contains("panicked"), "{error}");
            let line = text.split('\n').nth(error.line - 1);
            let characters = line.map(|line| line.chars().count());
            prop_assert!(characters.is_some_and(|count| error.column <= count + 1), "{error}");
        }
    }
}
