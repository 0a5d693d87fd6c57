//! Translating values by a table, and finding items by example.

use jsonata_core::value::{JMap, JValue, with_stack};

use super::super::values;
use super::{HostFunction, HostResult, Refusal, arg, coerce};

pub(super) const FUNCTIONS: &[HostFunction] = &[
    HostFunction::plain(
        "mapValues",
        "value, table, lowerCase?, default?",
        "What the table holds under the value, whatever the case of either (lowerCase true says that the table's keys are \
         lower-cased already). A value that the table lacks, or holds null for, passes through; null and undefined give \
         the default when there is one. Lists and objects are translated item by item.",
        map_values,
    ),
    HostFunction::plain(
        "find",
        "array, match?",
        "The first item that fits: with a text, one whose field of that name or dotted path is truthy; with a pair \
         [name, value], one whose field equals the value; with an object, one that holds all of it; without a match, \
         the first truthy item. For a condition as a function use $filter(array, f)[0].",
        find,
    ),
];

fn map_values(args: &[JValue]) -> HostResult {
    let (value, default) = (arg(args, 0), arg(args, 3));
    if coerce::is_nothing(value) && !coerce::is_nothing(default) {
        return Ok(default.clone());
    }
    match arg(args, 1) {
        nothing if coerce::is_nothing(nothing) => Ok(value.clone()),
        JValue::Object(table) => {
            let lowered = coerce::is_truthy(arg(args, 2));
            Ok(translate(value, table, lowered))
        }
        _ => Err(Refusal::argument("$mapValues: the table is an object")),
    }
}

pub(super) fn translate(value: &JValue, table: &JMap, lowered: bool) -> JValue {
    match value {
        JValue::String(text) => entry(table, text, lowered).unwrap_or(value).clone(),
        JValue::Number(number) => {
            let key = coerce::number_text(*number);
            entry(table, &key, lowered).unwrap_or(value).clone()
        }
        JValue::Array(items) => with_stack(|| {
            let items = items.iter().map(|item| translate(item, table, lowered));
            JValue::array(items.collect())
        }),
        JValue::Object(fields) => with_stack(|| {
            let fields = fields.iter().map(|(key, field)| (key.clone(), translate(field, table, lowered)));
            values::object(fields.collect())
        }),
        other => other.clone(),
    }
}

/// The table's value under `key`, unless it is null. Of keys that differ only in case the last one counts.
fn entry<'t>(table: &'t JMap, key: &str, lowered: bool) -> Option<&'t JValue> {
    let key = key.to_lowercase();
    let found = if lowered {
        table.get(&key)
    } else {
        let same = |known: &str| {
            if known.is_ascii() { known.eq_ignore_ascii_case(&key) } else { known.to_lowercase() == key }
        };
        let mut entries = table.iter().rev();
        entries.find(|(known, _)| same(known)).map(|(_, value)| value)
    };
    found.filter(|value| !coerce::is_nothing(value))
}

fn find(args: &[JValue]) -> HostResult {
    let items = coerce::cast_array(arg(args, 0));
    let wanted = arg(args, 1);
    if wanted.is_function() {
        return Err(Refusal::argument("$find cannot call a function: use $filter(array, f)[0]"));
    }
    let found = items.iter().find(|item| fits(item, wanted));
    Ok(found.cloned().unwrap_or(JValue::Undefined))
}

pub(super) fn fits(item: &JValue, wanted: &JValue) -> bool {
    match wanted {
        nothing if coerce::is_nothing(nothing) => coerce::is_truthy(item),
        JValue::Object(_) => holds(item, wanted),
        JValue::Array(pair) => {
            let field = field_at(item, &coerce::joined_text(arg(pair, 0)));
            field.is_some_and(|field| holds(field, arg(pair, 1)))
        }
        name => field_at(item, &coerce::joined_text(name)).is_some_and(coerce::is_truthy),
    }
}

/// The field of that name, or else the one at that dotted path.
pub(super) fn field_at<'v>(value: &'v JValue, path: &str) -> Option<&'v JValue> {
    let mut value = value;
    let mut path = path;
    loop {
        let JValue::Object(fields) = value else {
            return None;
        };
        if let Some(field) = fields.get(path) {
            return Some(field);
        }
        let (first, rest) = path.split_once('.')?;
        value = fields.get(first)?;
        path = rest;
    }
}

/// lodash's `isMatch`: scalars are equal, every field of `part` is in `whole`, and every item of a list in `part` has an
/// item of its own in the list of `whole`, in any order.
fn holds(whole: &JValue, part: &JValue) -> bool {
    match (whole, part) {
        (JValue::Object(whole), JValue::Object(part)) => with_stack(|| {
            let mut fields = part.iter();
            fields.all(|(key, part)| whole.get(key).is_some_and(|whole| holds(whole, part)))
        }),
        (JValue::Array(whole), JValue::Array(part)) => with_stack(|| {
            let mut taken = vec![false; whole.len()];
            part.iter().all(|part| {
                let free = (0..whole.len()).find(|&at| !taken[at] && holds(&whole[at], part));
                free.is_some_and(|at| !std::mem::replace(&mut taken[at], true))
            })
        }),
        (JValue::Object(_) | JValue::Array(_), _) | (_, JValue::Object(_) | JValue::Array(_)) => false,
        (whole, part) => whole == part,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{call, try_call};

    fn mapped(value: Value, table: Value) -> Option<Value> {
        call("mapValues", &[Some(value), Some(table)])
    }

    #[test]
    fn map_values_looks_up_whatever_the_case() {
        let table = json!({"Bank": "BANK", "ÉTÉ": "summer", "1": "one", "1.5": "more"});
        assert_eq!(mapped(json!("BANK"), table.clone()), Some(json!("BANK")));
        assert_eq!(mapped(json!("été"), table.clone()), Some(json!("summer")));
        assert_eq!(mapped(json!(1), table.clone()), Some(json!("one")));
        assert_eq!(mapped(json!(1.5), table), Some(json!("more")));
    }

    #[test]
    fn map_values_passes_through_what_the_table_lacks() {
        let table = json!({"a": null, "b": false});
        assert_eq!(mapped(json!("other"), table.clone()), Some(json!("other")));
        assert_eq!(mapped(json!("a"), table.clone()), Some(json!("a")));
        assert_eq!(mapped(json!("b"), table.clone()), Some(json!(false)));
        assert_eq!(mapped(json!(true), table), Some(json!(true)));
        assert_eq!(mapped(json!("a"), json!(null)), Some(json!("a")));
    }

    #[test]
    fn map_values_gives_the_default_for_null_and_undefined_only() {
        let with_default = |value: Option<Value>| {
            let (table, lowered) = (Some(json!({"a": 1})), Some(json!(false)));
            call("mapValues", &[value, table, lowered, Some(json!("d"))])
        };
        assert_eq!(with_default(Some(json!(null))), Some(json!("d")));
        assert_eq!(with_default(None), Some(json!("d")));
        assert_eq!(with_default(Some(json!("x"))), Some(json!("x")));
        assert_eq!(with_default(Some(json!([null, "A"]))), Some(json!([null, 1])));
        assert_eq!(call("mapValues", &[None, Some(json!({}))]), None);
        assert_eq!(mapped(json!(null), json!({"a": 1})), Some(json!(null)));
    }

    #[test]
    fn map_values_walks_lists_and_objects() {
        let value = json!([{"type": "Bank", "tags": ["bank", {"deep": "BANK"}]}, 7]);
        assert_eq!(
            mapped(value, json!({"BANK": "B"})),
            Some(json!([{"type": "B", "tags": ["B", {"deep": "B"}]}, 7]))
        );
    }

    #[test]
    fn map_values_takes_a_lower_cased_table_at_its_word() {
        let args = |table: Value| [Some(json!("Bank")), Some(table), Some(json!(true))];
        assert_eq!(call("mapValues", &args(json!({"bank": 1}))), Some(json!(1)));
        assert_eq!(call("mapValues", &args(json!({"Bank": 1}))), Some(json!("Bank")));
    }

    #[test]
    fn map_values_refuses_a_table_that_is_no_object() {
        assert!(try_call("mapValues", &[Some(json!("a")), Some(json!(["a"]))]).is_err());
    }

    #[test]
    fn find_takes_a_name_a_pair_an_object_or_nothing() {
        let list = json!([
            {"id": 1, "primary": false, "tags": ["a"]},
            {"id": 2, "primary": true, "address": {"city": "Paris"}, "tags": ["a", "b"]},
        ]);
        let find = |wanted: Value| call("find", &[Some(list.clone()), Some(wanted)]);
        let second = Some(list[1].clone());
        assert_eq!(find(json!("primary")), second);
        assert_eq!(find(json!("address.city")), second);
        assert_eq!(find(json!(["id", 2])), second);
        assert_eq!(find(json!(["address.city", "Paris"])), second);
        assert_eq!(find(json!({"address": {"city": "Paris"}})), second);
        assert_eq!(find(json!({"tags": ["b", "a"]})), second);
        assert_eq!(find(json!({"id": 3})), None);
        assert_eq!(find(json!({"tags": ["a", "a"]})), None);
        assert_eq!(call("find", &[Some(json!([0, "", "x"])), None]), Some(json!("x")));
    }

    #[test]
    fn find_casts_to_an_array() {
        let one = json!({"id": 1});
        assert_eq!(call("find", &[Some(one.clone()), Some(json!({"id": 1}))]), Some(one));
        assert_eq!(call("find", &[None, Some(json!("id"))]), None);
    }
}
