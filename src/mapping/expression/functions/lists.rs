//! Lists: parts of them, differences, and lists in lists.

use std::rc::Rc;

use jsonata_core::value::{JArray, JValue, with_stack};

use super::super::running;
use super::lookup::fits;
use super::{HostFunction, HostResult, Refusal, arg, coerce};

pub(super) const FUNCTIONS: &[HostFunction] = &[
    HostFunction::plain(
        "lofilter",
        "array, match?",
        "The items that fit, always as an array: a text, a pair [name, value], an object or nothing, as in $find. For a \
         condition as a function use $filter.",
        filter,
    ),
    HostFunction::plain(
        "chunk",
        "array, size?",
        "Arrays of that many items (1 unless given), the last of what is left.",
        chunk,
    ),
    HostFunction::plain(
        "difference",
        "array, others",
        "The items that are not among the others. Arrays and objects are the same only if they are the very same one.",
        difference,
    ),
    HostFunction::plain(
        "flatten",
        "array",
        "The array with arrays in it replaced by their items, one level deep.",
        |args| flattened(args, 1),
    ),
    HostFunction::plain(
        "flattenDeep",
        "array",
        "The array with arrays in it replaced by their items, all levels.",
        |args| flattened(args, usize::MAX),
    ),
    HostFunction::plain(
        "flattenDepth",
        "array, depth?",
        "The array with arrays in it replaced by their items, that many levels deep (1 unless given).",
        |args| flattened(args, whole(arg(args, 1), 1)),
    ),
];

/// A list, an only item, or nothing.
fn list(value: &JValue) -> &[JValue] {
    match value {
        nothing if coerce::is_nothing(nothing) => &[],
        value => coerce::cast_array(value),
    }
}

/// A count, `default` when it is none.
fn whole(value: &JValue, default: usize) -> usize {
    match value {
        nothing if coerce::is_nothing(nothing) => default,
        value => coerce::to_number(value).map_or(0, |number| number.max(0.0) as usize),
    }
}

fn filter(args: &[JValue]) -> HostResult {
    let wanted = arg(args, 1);
    if wanted.is_function() {
        return Err(Refusal::argument("$lofilter cannot call a function: use $filter(array, f)"));
    }
    Ok(JValue::array(list(arg(args, 0)).iter().filter(|item| fits(item, wanted)).cloned().collect()))
}

fn chunk(args: &[JValue]) -> HostResult {
    let size = whole(arg(args, 1), 1);
    if size == 0 {
        return Ok(JValue::array(Vec::new()));
    }
    let chunks = list(arg(args, 0)).chunks(size).map(|chunk| JValue::array(chunk.to_vec()));
    Ok(JValue::array(chunks.collect()))
}

fn is_same(one: &JValue, other: &JValue) -> bool {
    match (one, other) {
        (JValue::Array(one), JValue::Array(other)) => JArray::ptr_eq(one, other),
        (JValue::Object(one), JValue::Object(other)) => Rc::ptr_eq(one, other),
        (one, other) => one == other,
    }
}

fn difference(args: &[JValue]) -> HostResult {
    let others: Vec<&JValue> = args.iter().skip(1).flat_map(list).collect();
    let mut left = Vec::new();
    for item in list(arg(args, 0)) {
        let mut is_other = false;
        for other in &others {
            running::poll()?;
            is_other |= is_same(item, other);
        }
        if !is_other {
            left.push(item.clone());
        }
    }
    Ok(JValue::array(left))
}

fn flattened(args: &[JValue], depth: usize) -> HostResult {
    let mut flat = Vec::new();
    list(arg(args, 0)).iter().try_for_each(|item| flatten_into(&mut flat, item, depth))?;
    Ok(JValue::array(flat))
}

fn flatten_into(flat: &mut Vec<JValue>, item: &JValue, depth: usize) -> Result<(), Refusal> {
    match item {
        JValue::Array(items) if depth > 0 => {
            running::poll()?;
            with_stack(|| items.iter().try_for_each(|item| flatten_into(flat, item, depth - 1)))
        }
        other => {
            running::fits_sequence(flat.len() + 1)?;
            flat.push(other.clone());
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::call;

    fn two(name: &str, first: Value, second: Value) -> Option<Value> {
        call(name, &[Some(first), Some(second)])
    }

    #[test]
    fn lofilter_keeps_what_fits_as_an_array() {
        let list = json!([{"id": 1, "on": true}, {"id": 2, "on": false}]);
        assert_eq!(two("lofilter", list.clone(), json!("on")), Some(json!([{"id": 1, "on": true}])));
        assert_eq!(two("lofilter", list.clone(), json!(["id", 2])), Some(json!([{"id": 2, "on": false}])));
        assert_eq!(two("lofilter", list.clone(), json!({"id": 3})), Some(json!([])));
        assert_eq!(two("lofilter", list[0].clone(), json!({"id": 1})), Some(json!([list[0]])));
        assert_eq!(call("lofilter", &[None, Some(json!("on"))]), Some(json!([])));
    }

    #[test]
    fn chunks_hold_so_many_items() {
        assert_eq!(two("chunk", json!([1, 2, 3]), json!(2)), Some(json!([[1, 2], [3]])));
        assert_eq!(call("chunk", &[Some(json!([1, 2]))]), Some(json!([[1], [2]])));
        assert_eq!(two("chunk", json!([1]), json!(0)), Some(json!([])));
    }

    #[test]
    fn the_difference_is_what_the_others_lack() {
        assert_eq!(two("difference", json!([2, 1, "a", null]), json!([2, null, 3])), Some(json!([1, "a"])));
        assert_eq!(two("difference", json!("a"), json!("a")), Some(json!([])));
        assert_eq!(two("difference", json!([{"a": 1}]), json!([{"a": 1}])), Some(json!([{"a": 1}])));
    }

    #[test]
    fn arrays_are_flattened_as_deep_as_asked() {
        let nested = json!([1, [2, [3, [4]]], 5]);
        assert_eq!(call("flatten", &[Some(nested.clone())]), Some(json!([1, 2, [3, [4]], 5])));
        assert_eq!(call("flattenDeep", &[Some(nested.clone())]), Some(json!([1, 2, 3, 4, 5])));
        assert_eq!(two("flattenDepth", nested, json!(2)), Some(json!([1, 2, 3, [4], 5])));
        assert_eq!(call("flatten", &[Some(json!(1))]), Some(json!([1])));
    }
}
