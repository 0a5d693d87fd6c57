//! Built-ins of the engine that could take more memory or time than an evaluation has, between two looks at its limits.
//!
//! They mean what they mean in JSONata. What is added is a limit: on the text that comes out (4 MiB), on the number of
//! items (the budget's longest sequence), on pictures; and the patterns of an expression are compiled once and not at
//! every call. One thing is taken away: a matcher written in JSONata, in place of a regular expression.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Evaluator, error_code_prefix};
use jsonata_core::functions::string::{RegexMatches, build_regex, replace_regex, substitute_capture_groups};
use jsonata_core::functions::{FunctionError, array, numeric, object};
use jsonata_core::parser;
use jsonata_core::value::{JMap, JValue};
use regex::Regex;

use super::super::engine_jsonata_core::failure;
use super::super::{running, values};
use super::{HostFunction, HostResult, Refusal, Surroundings, arg, coerce, inner};

pub(super) const FUNCTIONS: &[HostFunction] = &[
    HostFunction::plain(
        "string",
        "value, prettify?",
        "The value as a text: a text as it is, a date as its ISO form, anything else as JSON. Functions give an empty text.",
        string,
    )
    .core_only(),
    HostFunction::plain(
        "distinct",
        "array",
        "The array without repetitions of the same value, deep equality counting as the same.",
        distinct,
    )
    .core_only(),
    HostFunction::plain(
        "keys",
        "object",
        "The object's keys; of an array of objects every key once, in the order of their first appearance.",
        keys,
    )
    .core_only(),
    HostFunction::plain("zip", "array, ...", "The arrays' first items, then their second ones, to the shortest's end.", zip)
        .core_only(),
    HostFunction::plain("spread", "object", "One object for each of the object's fields.", spread).core_only(),
    HostFunction::plain("merge", "array", "One object of all the array's objects; later fields win.", merge).core_only(),
    HostFunction::among(
        "split",
        "text, separator, limit?",
        "The parts of the text between separators, a text or a regular expression; at most limit of them.",
        split,
    )
    .core_only(),
    HostFunction::among(
        "match",
        "text, pattern, limit?",
        "An object (match, index, groups) for every place where the regular expression matches; at most limit of them.",
        matches,
    )
    .core_only(),
    HostFunction::among(
        "replace",
        "text, pattern, replacement, limit?",
        "The text with what the pattern (a text or a regular expression) finds replaced, at most limit times, by the \
         replacement: a text, with $0 for the match and $1 and so on for its groups, or a function of the match.",
        replace,
    )
    .core_only(),
    HostFunction::plain("formatNumber", "number, picture, options?", "The number as the picture shows it.", format_number)
        .core_only(),
    HostFunction::plain("formatInteger", "number, picture", "The whole number as the picture shows it.", |args| {
        by_engine("formatInteger", args)
    })
    .core_only(),
    HostFunction::plain("parseInteger", "text, picture", "The whole number that the text, written as in the picture, holds.", |args| {
        by_engine("parseInteger", args)
    })
    .core_only(),
    HostFunction::plain(
        "fromMillis",
        "millis, picture?, timezone?",
        "The instant as a text: ISO 8601 in UTC, or as the picture shows it.",
        |args| by_engine("fromMillis", args),
    )
    .core_only(),
    HostFunction::plain(
        "toMillis",
        "text, picture?",
        "The instant that the text holds, in milliseconds since the Unix epoch.",
        |args| by_engine("toMillis", args),
    )
    .core_only(),
];

/// An error of one of the engine's own functions, whose message begins with its code where it has one.
pub(super) fn from_engine(error: FunctionError) -> Refusal {
    let said = match error {
        FunctionError::ArgumentError(said)
        | FunctionError::TypeError(said)
        | FunctionError::RuntimeError(said) => said,
    };
    coded(&said)
}

fn coded(said: &str) -> Refusal {
    /// The codes that these functions give; a refusal's is static.
    const CODES: &[&str] = &[
        "D1001", "D1004", "D3001", "D3010", "D3011", "D3020", "D3030", "D3040", "D3080", "D3081", "D3082",
        "D3083", "D3084", "D3085", "D3086", "D3087", "D3088", "D3089", "D3090", "D3091", "D3092", "D3093",
        "D3100", "D3110", "D3130", "D3131", "D3132", "D3133", "D3134", "D3135", "D3136", "T0410", "T0411",
        "T0412", "T1010",
    ];
    let code = error_code_prefix(said).and_then(|code| CODES.iter().find(|known| **known == code));
    match code {
        Some(code) => Refusal { code, message: said[code.len() + 1..].trim_start().to_owned() },
        None => Refusal::argument(said),
    }
}

impl From<FunctionError> for Refusal {
    fn from(error: FunctionError) -> Refusal {
        from_engine(error)
    }
}

fn string(args: &[JValue]) -> HostResult {
    match (arg(args, 0), arg(args, 1)) {
        (JValue::Undefined, _) => Ok(JValue::Undefined),
        (text @ JValue::String(_), _) => Ok(text.clone()),
        // Used as a callback it is given the index of the item here.
        (value, JValue::Bool(prettify)) => inner::stringified(value, *prettify).map(JValue::string),
        (value, _) => inner::text_of(value).map(JValue::string),
    }
}

/// What makes two scalars the same.
#[derive(PartialEq, Eq, Hash)]
enum Scalar {
    Null,
    Bool(bool),
    Number(u64),
    Text(Rc<str>),
}

fn scalar(value: &JValue) -> Option<Scalar> {
    Some(match value {
        JValue::Null => Scalar::Null,
        JValue::Bool(value) => Scalar::Bool(*value),
        // Zero has two signs.
        JValue::Number(number) => Scalar::Number((number + 0.0).to_bits()),
        JValue::String(text) => Scalar::Text(Rc::clone(text)),
        _ => return None,
    })
}

fn distinct(args: &[JValue]) -> HostResult {
    let JValue::Array(items) = arg(args, 0) else {
        return Ok(arg(args, 0).clone());
    };
    if items.len() <= 1 {
        return Ok(arg(args, 0).clone());
    }
    let mut scalars = HashSet::new();
    let mut containers: Vec<&JValue> = Vec::new();
    let mut once = Vec::new();
    for item in items {
        let is_new = match scalar(item) {
            Some(scalar) => scalars.insert(scalar),
            None => {
                let mut is_new = true;
                for known in &containers {
                    running::poll()?;
                    if array::values_equal(known, item) {
                        is_new = false;
                        break;
                    }
                }
                if is_new {
                    containers.push(item);
                }
                is_new
            }
        };
        if is_new {
            once.push(item.clone());
        }
    }
    Ok(if items.sequence { JValue::sequence(once) } else { JValue::array(once) })
}

fn keys(args: &[JValue]) -> HostResult {
    let mut keys = Vec::new();
    match arg(args, 0) {
        JValue::Object(fields) => keys.extend(fields.keys().map(|key| JValue::string(key.as_str()))),
        JValue::Array(items) => {
            let mut known = HashSet::new();
            for item in items {
                let JValue::Object(fields) = item else { continue };
                for key in fields.keys() {
                    running::poll()?;
                    if known.insert(key.as_str()) {
                        keys.push(JValue::string(key.as_str()));
                    }
                }
            }
        }
        _ => {}
    }
    running::fits_sequence(keys.len())?;
    Ok(JValue::sequence(keys))
}

fn zip(args: &[JValue]) -> HostResult {
    let lists: Vec<&[JValue]> = args
        .iter()
        .map(|list| if coerce::is_nothing(list) { &[][..] } else { coerce::cast_array(list) })
        .collect();
    let shortest = lists.iter().map(|list| list.len()).min().unwrap_or(0);
    running::fits_sequence(shortest)?;
    let mut rows = Vec::with_capacity(shortest);
    for index in 0..shortest {
        running::poll()?;
        rows.push(JValue::array(lists.iter().map(|list| list[index].clone()).collect()));
    }
    Ok(JValue::array(rows))
}

fn spread(args: &[JValue]) -> HostResult {
    let one =
        |name: &String, value: &JValue| values::object(JMap::from_iter([(name.clone(), value.clone())]));
    match arg(args, 0) {
        JValue::Object(fields) => {
            running::fits_sequence(fields.len())?;
            Ok(JValue::sequence(fields.iter().map(|(name, value)| one(name, value)).collect()))
        }
        JValue::Array(items) if items.is_empty() => Ok(JValue::sequence(Vec::new())),
        JValue::Array(items) => {
            let mut all = Vec::new();
            for item in items {
                match item {
                    JValue::Object(fields) => {
                        running::fits_sequence(all.len() + fields.len())?;
                        all.extend(fields.iter().map(|(name, value)| one(name, value)));
                    }
                    function if function.is_function() => {}
                    other => all.push(other.clone()),
                }
            }
            running::fits_sequence(all.len())?;
            Ok(JValue::array(all))
        }
        other => Ok(other.clone()),
    }
}

fn merge(args: &[JValue]) -> HostResult {
    match arg(args, 0) {
        JValue::Array(items) => {
            for item in items {
                let JValue::Object(fields) = item else {
                    return Err(Refusal {
                        code: "T0412",
                        message: "$merge takes an array of objects".to_owned(),
                    });
                };
                // What merging costs, whether or not keys repeat.
                for _ in 0..fields.len() {
                    running::poll()?;
                }
            }
            Ok(object::merge(items)?)
        }
        whole @ (JValue::Object(_) | JValue::Undefined) => Ok(whole.clone()),
        _ => Err(Refusal { code: "T0412", message: "$merge takes an array of objects".to_owned() }),
    }
}

/// Runs `work` with the pattern compiled: the expression's own, or, should it not be there, a new one.
pub(super) fn with_regex<T>(
    surroundings: &Surroundings,
    pattern: &str,
    flags: &str,
    work: impl FnOnce(&Regex) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    match surroundings.regexes.find(pattern, flags) {
        Some(regex) => work(regex),
        None => work(&build_regex(pattern, flags)?),
    }
}

/// The first argument, a text; `None` when it is undefined.
fn text<'a>(function: &str, args: &'a [JValue]) -> Result<Option<&'a Rc<str>>, Refusal> {
    match arg(args, 0) {
        JValue::String(text) => Ok(Some(text)),
        JValue::Undefined => Ok(None),
        _ => Err(Refusal::argument(format!("${function}: the first argument is a text"))),
    }
}

/// A limit at `index`, the function's code for a negative one being `code`.
fn limit(function: &str, args: &[JValue], index: usize, code: &'static str) -> Result<Option<f64>, Refusal> {
    match arg(args, index) {
        JValue::Undefined => Ok(None),
        JValue::Number(limit) if *limit < 0.0 => {
            Err(Refusal { code, message: format!("${function}: the limit is not negative") })
        }
        JValue::Number(limit) => Ok(Some(*limit)),
        _ => Err(Refusal::argument(format!("${function}: the limit is a number"))),
    }
}

fn split(args: &[JValue], surroundings: &Surroundings) -> HostResult {
    let Some(text) = text("split", args)? else {
        return Ok(JValue::Undefined);
    };
    let limit = limit("split", args, 2, "D3020")?.map_or(usize::MAX, |limit| limit.floor() as usize);
    fn collected<'t>(parts: impl Iterator<Item = &'t str>, limit: usize) -> HostResult {
        let mut all = Vec::new();
        for part in parts.take(limit) {
            running::poll()?;
            running::fits_sequence(all.len() + 1)?;
            all.push(JValue::string(part));
        }
        Ok(JValue::array(all))
    }
    match arg(args, 1) {
        JValue::Regex { pattern, flags } => {
            with_regex(surroundings, pattern, flags, |regex| collected(regex.split(text), limit))
        }
        JValue::String(separator) if separator.is_empty() => {
            let ends = text.char_indices().map(|(at, letter)| &text[at..at + letter.len_utf8()]);
            collected(ends, limit)
        }
        JValue::String(separator) => collected(text.split(&**separator), limit),
        _ => Err(Refusal {
            code: "T1010",
            message: "$split: the separator is a text or a regular expression".to_owned(),
        }),
    }
}

fn matches(args: &[JValue], surroundings: &Surroundings) -> HostResult {
    let Some(text) = text("match", args)? else {
        return Ok(JValue::Undefined);
    };
    let limit = limit("match", args, 2, "D3040")?.map_or(usize::MAX, |limit| limit.ceil() as usize);
    let JValue::Regex { pattern, flags } = arg(args, 1) else {
        return Err(Refusal {
            code: "T1010",
            message: "$match: the pattern is a regular expression".to_owned(),
        });
    };
    with_regex(surroundings, pattern, flags, |regex| {
        let mut all = Vec::new();
        if limit == 0 {
            return Ok(JValue::sequence(all));
        }
        let mut found = RegexMatches::new(regex, text).counting_utf16();
        while let Some(one) = found.next_match()? {
            if all.len() >= limit {
                break;
            }
            running::poll()?;
            running::fits_sequence(all.len() + 1)?;
            let index = one.utf16_span.map_or(0, |(start, _)| start);
            let groups =
                one.groups.iter().map(|group| group.map_or(JValue::Undefined, JValue::string)).collect();
            all.push(values::object(JMap::from_iter([
                ("match".to_owned(), JValue::string(one.text)),
                ("index".to_owned(), JValue::from_f64(index as f64)),
                ("groups".to_owned(), JValue::array(groups)),
            ])));
        }
        Ok(JValue::sequence(all))
    })
}

fn replace(args: &[JValue], surroundings: &Surroundings) -> HostResult {
    if arg(args, 0).is_null() {
        return Ok(JValue::Null);
    }
    let Some(text) = text("replace", args)? else {
        return Ok(JValue::Undefined);
    };
    let limit = limit("replace", args, 3, "D3011")?.map(|limit| limit.ceil() as usize);
    let JValue::String(by) = arg(args, 2) else {
        let message =
            "$replace: the replacement is a text, or a function that is written there or held by a variable";
        return Err(Refusal::argument(message));
    };
    match arg(args, 1) {
        JValue::Regex { pattern, flags } => {
            with_regex(surroundings, pattern, flags, |regex| replaced(text, regex, by, limit))
        }
        JValue::String(pattern) if pattern.is_empty() => {
            Err(Refusal { code: "D3010", message: "$replace: the pattern is empty".to_owned() })
        }
        JValue::String(pattern) => {
            let limit = limit.unwrap_or(usize::MAX);
            let count = text.match_indices(&**pattern).take(limit).count();
            running::fits(text.len().saturating_add(count.saturating_mul(by.len())))?;
            Ok(JValue::string(text.replacen(&**pattern, by, limit)))
        }
        _ => Err(Refusal::argument("$replace: the pattern is a text or a regular expression")),
    }
}

fn replaced(text: &str, regex: &Regex, by: &str, limit: Option<usize>) -> HostResult {
    let references = by.matches('$').count();
    let whole = replace_regex(RegexMatches::new(regex, text), limit, |found, out| {
        running::poll()?;
        // A group is a part of the match.
        let longest = references.saturating_mul(found.text.len()).saturating_add(by.len());
        running::fits(out.len().saturating_add(longest))?;
        substitute_capture_groups(out, by, found.text, found.groups.len(), |group| {
            Ok::<_, Refusal>(found.groups[group].map(std::borrow::Cow::Borrowed))
        })
    })?;
    Ok(JValue::string(whole))
}

/// Refuses pictures that the engine would take long over, or make a long text of.
fn check_picture(function: &str, picture: &JValue) -> Result<(), Refusal> {
    const LONGEST: usize = 200;
    let JValue::String(picture) = picture else {
        return Ok(());
    };
    // A width, as in `[Y,1000000000]`.
    let is_wide = picture.split(',').skip(1).any(|after| {
        after
            .split(|letter: char| !letter.is_ascii_digit())
            .any(|number| number.trim_start_matches('0').len() > 2)
    });
    if picture.len() > LONGEST || is_wide {
        let message = format!("${function}: the picture is longer than {LONGEST} bytes, or wider than 99");
        return Err(Refusal { code: "U2002", message });
    }
    Ok(())
}

fn format_number(args: &[JValue]) -> HostResult {
    match (arg(args, 0), arg(args, 1)) {
        (JValue::Undefined, _) => Ok(JValue::Undefined),
        (JValue::Number(number), JValue::String(text)) if text.len() <= 200 => {
            let options = args.get(2).filter(|options| !options.is_undefined());
            Ok(numeric::format_number(*number, text, options)?)
        }
        (JValue::Number(_), JValue::String(_)) => Err(Refusal {
            code: "U2002",
            message: "$formatNumber: the picture is longer than 200 bytes".to_owned(),
        }),
        _ => Err(Refusal::argument("$formatNumber takes a number and a picture")),
    }
}

/// The engine's own function, called on an evaluator of its own: what it needs is not public.
fn by_engine(function: &'static str, args: &[JValue]) -> HostResult {
    thread_local! {
        static CALLS: RefCell<Vec<(&'static str, AstNode)>> = const { RefCell::new(Vec::new()) };
        static ENGINE: RefCell<Option<Evaluator>> = const { RefCell::new(None) };
    }
    check_picture(function, arg(args, 1))?;
    let names = ["a", "b", "c"];
    let given: JMap = names.iter().zip(args).map(|(name, arg)| ((*name).to_owned(), arg.clone())).collect();
    let node = CALLS.with_borrow_mut(|calls| -> Result<AstNode, Refusal> {
        let key = (function, args.len().min(names.len()));
        let text = format!("${function}({})", names[..key.1].join(", "));
        if let Some((_, node)) = calls.iter().find(|(known, node)| *known == function && arity(node) == key.1)
        {
            return Ok(node.clone());
        }
        let node = parser::parse(&text).map_err(|error| Refusal::argument(error.to_string()))?;
        calls.push((function, node.clone()));
        Ok(node)
    })?;
    // Taken out while it works: a panic of the engine leaves none behind.
    let mut engine = ENGINE.take().unwrap_or_default();
    let result = engine.evaluate(&node, &values::object(given));
    ENGINE.set(Some(engine));
    result.map_err(|error| {
        let failed = failure(error);
        coded(&format!("{}: {}", failed.code.as_deref().unwrap_or("T0410"), failed.message))
    })
}

fn arity(node: &AstNode) -> usize {
    match node {
        AstNode::Function { args, .. } => args.len(),
        _ => 0,
    }
}
