//! What counts as empty.

use jsonata_core::value::JValue;

use super::{HostFunction, HostResult, arg, coerce};

pub(super) const FUNCTIONS: &[HostFunction] = &[
    HostFunction::plain(
        "firstNonEmpty",
        "value, ...",
        "The first argument that is neither undefined nor null. An empty string counts as a value.",
        first_non_empty,
    ),
    HostFunction::plain(
        "removeEmpty",
        "array",
        "The array or string itself if it has any length, otherwise nothing. A single object has no length and so gives \
         nothing: write [ ] around a path that may find one.",
        remove_empty,
    ),
    HostFunction::plain(
        "removeEmptyItems",
        "array",
        "The array without its empty objects, empty arrays, and falsy items (null, false, 0, the empty string). \
         Anything but an array is returned as it is.",
        remove_empty_items,
    ),
    HostFunction::plain(
        "compact",
        "array",
        "The array without its falsy items (null, false, 0, the empty string). Empty objects and arrays stay. Anything \
         but an array is taken as an array of one.",
        compact,
    ),
];

fn first_non_empty(args: &[JValue]) -> HostResult {
    let first = args.iter().find(|value| !coerce::is_nothing(value));
    Ok(first.cloned().unwrap_or(JValue::Undefined))
}

/// `value.length ? value : undefined`, with undefined in place of JavaScript's exception for null and undefined.
fn remove_empty(args: &[JValue]) -> HostResult {
    let value = arg(args, 0);
    let has_length = match value {
        JValue::Array(items) => !items.is_empty(),
        JValue::String(text) => !text.is_empty(),
        JValue::Object(fields) => fields.get("length").is_some_and(coerce::is_truthy),
        _ => false,
    };
    Ok(if has_length { value.clone() } else { JValue::Undefined })
}

fn remove_empty_items(args: &[JValue]) -> HostResult {
    let keep = |item: &&JValue| match item {
        JValue::Array(items) => !items.is_empty(),
        JValue::Object(fields) => !fields.is_empty(),
        other => coerce::is_truthy(other),
    };
    Ok(match arg(args, 0) {
        JValue::Array(items) => JValue::array(items.iter().filter(keep).cloned().collect()),
        other => other.clone(),
    })
}

fn compact(args: &[JValue]) -> HostResult {
    let items = coerce::cast_array(arg(args, 0)).iter();
    Ok(JValue::array(items.filter(|item| coerce::is_truthy(item)).cloned().collect()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::call;

    #[test]
    fn first_non_empty_skips_null_and_undefined_and_keeps_an_empty_string() {
        let args = [Some(json!(null)), None, Some(json!("")), Some(json!("b"))];
        assert_eq!(call("firstNonEmpty", &args), Some(json!("")));
        assert_eq!(call("firstNonEmpty", &[Some(json!(0))]), Some(json!(0)));
        assert_eq!(call("firstNonEmpty", &[None, Some(json!(null))]), None);
    }

    #[test]
    fn remove_empty_asks_only_for_a_length() {
        assert_eq!(call("removeEmpty", &[Some(json!([]))]), None);
        assert_eq!(call("removeEmpty", &[Some(json!([null, {}]))]), Some(json!([null, {}])));
        assert_eq!(call("removeEmpty", &[Some(json!("x"))]), Some(json!("x")));
        assert_eq!(call("removeEmpty", &[Some(json!(""))]), None);
        assert_eq!(call("removeEmpty", &[Some(json!({"a": 1}))]), None);
        assert_eq!(call("removeEmpty", &[None]), None);
    }

    #[test]
    fn remove_empty_items_drops_empty_objects_and_falsy_items() {
        let list = json!([1, {}, "a", null, [], 0, "", false, {"k": {}}, [0]]);
        assert_eq!(call("removeEmptyItems", &[Some(list)]), Some(json!([1, "a", {"k": {}}, [0]])));
        assert_eq!(call("removeEmptyItems", &[Some(json!([null, {}]))]), Some(json!([])));
        assert_eq!(call("removeEmptyItems", &[Some(json!("not an array"))]), Some(json!("not an array")));
    }

    #[test]
    fn compact_drops_falsy_items_only_and_casts_to_an_array() {
        assert_eq!(
            call("compact", &[Some(json!([0, 1, false, 2, "", 3, null, {}, []]))]),
            Some(json!([1, 2, 3, {}, []]))
        );
        assert_eq!(call("compact", &[Some(json!("a"))]), Some(json!(["a"])));
        assert_eq!(call("compact", &[None]), Some(json!([])));
    }
}
