//! The functions that [`lower`](super::super::lower) writes into expressions. Their names hold a space, so that no
//! expression can call them, and they are in no list of functions.

use jsonata_core::functions::string;
use jsonata_core::value::{JValue, with_stack};

use super::super::running;
use super::omission::{self, Kind};
use super::{HostFunction, HostResult, Refusal, Surroundings, arg, bounded, find, objects};

/// The first argument, null taken for undefined.
pub(in super::super) static NULL_IS_NOTHING: &HostFunction =
    &HostFunction::plain("null is nothing", "value", "", |args| {
        Ok(match arg(args, 0) {
            JValue::Null => JValue::Undefined,
            value => value.clone(),
        })
    });

/// The arguments as one text.
pub(in super::super) static CONCATENATE: &HostFunction =
    &HostFunction::plain("texts in a row", "value, ...", "", concatenate);

/// Whether the text matches the pattern, as `$contains` does.
pub(in super::super) static CONTAINS: &HostFunction =
    &HostFunction::among("contains a match", "text, pattern", "", contains);

/// Whether the argument is a function.
pub(in super::super) static IS_FUNCTION: &HostFunction =
    &HostFunction::plain("is a function", "value", "", |args| Ok(JValue::Bool(arg(args, 0).is_function())));

/// The first argument, unless it is a number that no range may end at.
pub(in super::super) static RANGE_END: &HostFunction =
    &HostFunction::plain("end of a range", "value", "", range_end);

/// The first argument, which is counted as what any function of ours gives.
pub(in super::super) static SPEND: &HostFunction = &HostFunction::plain("counted", "value", "", |args| {
    running::poll()?;
    Ok(arg(args, 0).clone())
});

/// Whether the second argument is an object of ours that has the method that the first one names.
pub(in super::super) static HAS_METHOD: &HostFunction =
    &HostFunction::plain("has the method", "name, object", "", |args| {
        let has = matches!(arg(args, 0), JValue::String(name) if objects::has_method(arg(args, 1), name));
        Ok(JValue::Bool(has))
    });

/// What stands for the argument in a comparison.
pub(in super::super) static COMPARABLE: &HostFunction =
    &HostFunction::plain("in comparison", "value", "", |args| Ok(objects::comparable(arg(args, 0))));

/// Calls the function that the first argument names with the others, the second of which is the context value: without
/// it, unless it is for an argument that is left out.
pub(in super::super) static WITH_CONTEXT: &HostFunction =
    &HostFunction::among("with the context", "name, context, ...", "", |args, surroundings| match args {
        [JValue::String(name), with_context @ ..] if !with_context.is_empty() => {
            let given = &with_context[1..];
            let kinds: Vec<Kind> = given.iter().map(Kind::of).collect();
            let is_left_out = omission::leaves_out(name, &kinds) == Some(true);
            let function = find(name).ok_or_else(|| Refusal::argument(format!("there is no ${name}")))?;
            function.call(if is_left_out { with_context } else { given }, surroundings)
        }
        _ => Err(Refusal::argument("a function is called by its name")),
    });

/// Calls the method that the first argument names on the second, with the others.
pub(in super::super) static CALL_METHOD: &HostFunction =
    &HostFunction::among("call the method", "name, object, ...", "", |args, surroundings| match args {
        [JValue::String(name), object, args @ ..] => objects::call(object, name, args, surroundings),
        _ => Err(Refusal::argument("a method is called by its name")),
    });

/// Whether `$name` gives a text, a number, a boolean, or a new object of fixed size, whatever it is given.
pub(in super::super) fn gives_a_scalar(name: &str) -> bool {
    #[rustfmt::skip]
    const SCALAR: &[&str] = &[
        "abs", "average", "base64decode", "base64encode", "boolean", "ceil", "contains", "contains a match",
        "convertCurrencyFromSubunit", "convertCurrencyToSubunit", "convertHtmlToMarkdown", "convertMarkdownToHtml",
        "convertQueryToSql", "count", "decodeUrl", "decodeUrlComponent", "diceCoefficient", "digest", "dtFromFormat",
        "dtFromIso", "encodeUrl", "encodeUrlComponent", "end of a range", "exists", "floor", "formatBase",
        "formatInteger", "formatNumber", "fromMillis", "has the method", "is a function", "join", "length",
        "lowercase", "max", "millis", "min", "mostSimilar", "not", "now", "number", "pad", "parseInteger", "power",
        "replace", "round", "sign", "sqrt", "string", "stringifyQuery", "substring", "substringAfter",
        "substringBefore", "sum", "texts in a row", "toMillis", "toNumber", "trim", "type", "uppercase", "uuid",
        "wrap", "counted",
    ];
    SCALAR.contains(&name)
}

fn concatenate(args: &[JValue]) -> HostResult {
    let mut whole = String::with_capacity(
        args.iter().map(|arg| arg.as_str().map_or(8, str::len)).sum::<usize>().min(4096),
    );
    for arg in args {
        match arg {
            JValue::String(text) => {
                running::fits(whole.len() + text.len())?;
                whole.push_str(text);
            }
            JValue::Undefined => {}
            value => {
                let text = text_of(value)?;
                running::fits(whole.len() + text.len())?;
                whole.push_str(&text);
            }
        }
    }
    Ok(JValue::string(whole))
}

/// What `$string` makes of a value that is neither undefined nor too large: dates and their like as they are written
/// into JSON, functions as nothing.
pub(super) fn text_of(value: &JValue) -> Result<String, Refusal> {
    stringified(value, false)
}

pub(super) fn stringified(value: &JValue, prettify: bool) -> Result<String, Refusal> {
    let result = match value {
        JValue::Array(_) | JValue::Object(_) => {
            room_for(value, 0)?;
            string::string(&objects::plain(value), Some(prettify))
        }
        other => string::string(other, Some(prettify)),
    };
    match result.map_err(bounded::from_engine)? {
        JValue::String(text) => Ok(text.to_string()),
        _ => Ok(String::new()),
    }
}

/// Refuses a value whose text would be too long. `before` bytes are written already; the answer is how many then are.
fn room_for(value: &JValue, before: usize) -> Result<usize, Refusal> {
    let after = match value {
        JValue::String(text) => before + text.len() + 2,
        JValue::Array(items) => {
            with_stack(|| items.iter().try_fold(before + 2, |before, item| room_for(item, before + 1)))?
        }
        JValue::Object(fields) => with_stack(|| {
            let field =
                |before: usize, (key, value): (&String, &JValue)| room_for(value, before + key.len() + 4);
            fields.iter().try_fold(before + 2, field)
        })?,
        _ => before + 4,
    };
    running::fits(after)?;
    Ok(after)
}

fn contains(args: &[JValue], surroundings: &Surroundings) -> HostResult {
    match (arg(args, 0), arg(args, 1)) {
        (JValue::Undefined, _) => Ok(JValue::Undefined),
        (JValue::String(text), JValue::Regex { pattern, flags }) => {
            bounded::with_regex(surroundings, pattern, flags, |regex| Ok(JValue::Bool(regex.is_match(text))))
        }
        _ => Err(Refusal::argument("$contains: the first argument is a text")),
    }
}

fn range_end(args: &[JValue]) -> HostResult {
    /// 2^53: beyond it there are integers that are no doubles, and the engine would count its way past them.
    const FARTHEST: f64 = 9_007_199_254_740_992.0;
    match arg(args, 0) {
        JValue::Number(number) if number.is_nan() || number.abs() > FARTHEST => {
            Err(Refusal { code: "D2014", message: "a range ends at most at 2^53".to_owned() })
        }
        value => Ok(value.clone()),
    }
}
