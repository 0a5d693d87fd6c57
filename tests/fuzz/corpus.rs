//! What mutations begin with.

use std::fs;
use std::path::Path;

use serde_json::value::RawValue;

use crate::mutate::{self, Random};

pub struct Corpus {
    sources: Vec<String>,
    tokens: Vec<String>,
    records: Vec<Box<RawValue>>,
}

/// Expressions that ask for trouble, and those that the functions' documentation shows.
#[rustfmt::skip]
const NASTY: &[&str] = &[
    "($f := function($n){ $f($n + 1) }; $f(0))",
    "($f := function($n){ 1 + $f($n + 1) }; $f(0))",
    "($f := function($s){ $f($s & $s) }; $f('x'))",
    "($f := function($a){ $f([$a, $a]) }; $f([1]))",
    "($f := function($a){ $f([[$a], [$a]]) }; $f([1]))",
    "[1..100000000]",
    "[1..3000].([1..3000])",
    "$pad('x', 2000000000)",
    "$contains(response.name, /^(a+)+$/)",
    "$reduce([1..60], function($a){ [[$a], [$a]] }, [0])",
    "$replace(response.name, /(.)/, '$1$1$0')",
    "$replace(response.name, /a/, function($m){ $m.match & $m.match })",
    "$sort([3, 1, 2], function($a, $b){ $a > $b })",
    "response.list@$l.{'x': $l, 'parent': %.id}",
    "response.list#$i[$i > 1]^(>$)",
    "response ~> |$|{'id': id & 'x'}, ['list']|",
    "response.**[$type($) = 'number']",
    "$each(response, function($v, $k){ {$k: $v} }) ~> $merge()",
    "$formatNumber(response.id, '#,##0.00') & $formatInteger(response.id, 'w')",
    "$parseInteger('a', '###0')",
    "$fromMillis($millis(), '[D01] [MNn] [Y0001] [H01]:[m01]') & $now()",
    "$toMillis('2024-01-01T00:00:00Z') + $millis()",
    "$dtFromIso(response.at).toUTC().plus({'days': 1.5}).toFormat('yyyy-MM-dd')",
    "$dtFromFormat('02/03/2024', 'LL/dd/yyyy').startOf('week').diff($dtFromIso('2024-01-01'), ['days', 'hours']).toObject()",
    "$dtFromIso('2024-03-30T12:00', 'Europe/Paris').set({'month': 2}).endOf('quarter').toRelative()",
    "$parseUrl('https://a.b/c?d=e&f').searchParams.entries()",
    "$dependencyGraph([{'id': 'a', 'p': 'b'}, {'id': 'b'}], 'p', 'id').overallOrder()",
    "$convertQueryToSql({'a': {'gt': 1}, 'or': [{'b': 2}, {'c': [3]}]}, [], {'a': 'A'}, {'a': 'string', 'b': 'date|yyyy'})",
    "$convertHtmlToMarkdown('<ul><li>a<table><tr><td>b') & $convertMarkdownToHtml('# a\\n- b\\n\\n| c |\\n|---|')",
    "$stringifyQuery($parseQuery('a[b][]=1&a[b][]=2&c=3'), {'arrayFormat': 'comma'})",
    "$groupBy(response.list, 'id') ~> $keys() ~> $distinct()",
    "$mapValues(response, {'a': 'b'}, false, 'd') ~> $removeEmptyItems() ~> $string(true)",
    "$split(response.name, /[,;]/)[0] ~> $trim ~> $uppercase",
    "($p := $substring(?, 0, 2); $map(response.list.name, $p))",
    "$zip([1, 2], [3, 4]) ~> $flattenDeep() ~> $chunk(3)",
    "$lookup({'a': 1}, 'a') ?? $single([1], function($x){ $x = 1 }) ?: 'x'",
    "function($x)<n-n:n>{ $x }(5)",
    "$base64encode(response.name, true) & $digest('a', 'SHA-1') & $sign('a', 'SHA-256', 'k')",
    "$sift(response, function($v, $k){ $k in ['id', 'name'] }) = response",
    "{'a': {'b': {'c': [response.id, [response.list], {}]}}}",
];

/// Texts and numbers at the edges.
#[rustfmt::skip]
const TOKENS: &[&str] = &[
    "0", "-1", "1e300", "-1e19", "9007199254740993", "0.1", "null", "true", "''", "'😀'", "\"a\\u0000b\"", "[]", "{}",
    "$", "$$", "%", "*", "**", "..", "[0]", "[-1]", "[]", "~>", "&", "?:", "??", ":=", "@$x", "#$x", "^(>$)", "/a*/",
    "/(a+)+$/i", "function($x){ $x }", "λ($y){ $y & $y }", "response", "body", "list", "name", "id", "($ & $)", "[1..10]",
    "[1..1e6]", "$map(", "$filter(", "$reduce(", "$string(", "$join(", "$merge(", "$each(", "$sort(", "$zip(", "?", ".",
    ".toISO()", ".toUTC()", ".plus({'days': 1})", ".get('a')", "and", "or", "in", "=", "!=", "<", "-", "+", "/", "%.",
    "$distinct(", "$keys(", "$spread(", "$append($, $)", "$error('x')", "$type(", "$f($f)", "($f := function($g){ $g($g) })",
];

const RECORDS: &[&str] = &[
    r#"{"id":1,"type":"person","name":"Ada Löve","at":"2024-01-02T03:04:05Z","list":[{"id":1,"name":"a,b;c"},{"id":2}],"none":null}"#,
    r#"{"id":18446744073709551616,"name":"","list":[],"deep":{"a":{"b":[[1],[2,[3]]]}},"type":"organisation"}"#,
    r#"[1,"two",null,{"three":3},[4,[5]]]"#,
    r#""a text with \u0000 and 😀""#,
    r#"null"#,
    r#"{"firstName":"Scott","emailAddresses":[{"address":"a@b.c","type":"Work"}],"tags":[{"id":1,"name":"x"}],"type":"person","fields":[{"definition":{"id":3},"value":true}],"addresses":[{"street":"1 High St\nFloor 2","city":null}]}"#,
];

impl Corpus {
    /// The shipped mappings and what is written above.
    pub fn load() -> Corpus {
        let mut sources: Vec<String> = NASTY.iter().map(|source| (*source).to_owned()).collect();
        read_mappings(&Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings"), &mut sources);
        let mut tokens: Vec<String> = TOKENS.iter().map(|token| (*token).to_owned()).collect();
        tokens.extend(
            unicrm::mapping::expression::functions::all().map(|function| format!("${}(", function.name)),
        );
        let record = |json: &&str| RawValue::from_string((*json).to_owned()).expect("JSON");
        let mut records: Vec<Box<RawValue>> = RECORDS.iter().map(record).collect();
        let long = format!(r#"{{"name":"{}","list":[{}1]}}"#, "a".repeat(20_000), "1,".repeat(5_000));
        records.push(RawValue::from_string(long).expect("JSON"));
        Corpus { sources, tokens, records }
    }

    pub fn record(&self, random: &mut Random) -> Box<RawValue> {
        random.one_of(&self.records).clone()
    }

    pub fn mutated(&self, random: &mut Random) -> String {
        let mut source = random.one_of(&self.sources).clone();
        for _ in 0..random.below(6) {
            source = mutate::mutated(&source, random, &self.sources, &self.tokens);
        }
        source
    }
}

fn read_mappings(folder: &Path, sources: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("the shipped mappings") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read_mappings(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "jsonata") {
            sources.push(fs::read_to_string(path).expect("a mapping"));
        }
    }
}
