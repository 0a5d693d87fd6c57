//! Lists and objects: lodash's names and meanings.

use std::collections::VecDeque;

use jsonata_core::value::{JMap, JValue};

use super::super::{running, values};
use super::{HostFunction, HostResult, arg, coerce};

pub(super) const FUNCTIONS: &[HostFunction] = &[
    HostFunction::plain(
        "pick",
        "object, keys",
        "An object of only those keys, in the order of the keys. A key may be a dotted path; one that is missing is left \
         out. Empty for anything but an object.",
        pick,
    ),
    HostFunction::plain(
        "omit",
        "object, keys",
        "The object without those keys. A key may be a dotted path. Empty for anything but an object.",
        omit,
    ),
    HostFunction::plain(
        "values",
        "object",
        "The object's values in order; an array's items; a text's characters; otherwise an empty array.",
        list_values,
    ),
    HostFunction::plain(
        "join",
        "array, separator?",
        "The items as one text, with the separator (a comma unless given) between them. Null counts as an empty text, \
         and anything but an array is taken as an array of one. Replaces the built-in.",
        join,
    ),
    HostFunction::plain(
        "wrap",
        "value, start, end?",
        "The value as a text between start and end; start again where end is missing or empty.",
        wrap,
    ),
];

fn pick(args: &[JValue]) -> HostResult {
    let mut picked = JMap::default();
    if let JValue::Object(object) = arg(args, 0) {
        for key in keys(arg(args, 1)) {
            match object.get(&key) {
                Some(value) => drop(picked.insert(key, value.clone())),
                None => pick_path(object, &mut picked, &key),
            }
        }
    }
    Ok(values::object(picked))
}

/// Copies what stands at a dotted path, with the objects on the way to it.
fn pick_path(from: &JMap, into: &mut JMap, path: &str) {
    let Some((first, rest)) = path.split_once('.') else {
        return;
    };
    let Some(JValue::Object(inner)) = from.get(first) else {
        return;
    };
    let mut found = match into.get(first) {
        Some(JValue::Object(known)) => JMap::clone(known),
        _ => JMap::default(),
    };
    match inner.get(rest) {
        Some(value) => drop(found.insert(rest.to_owned(), value.clone())),
        None => pick_path(inner, &mut found, rest),
    }
    if !found.is_empty() {
        into.insert(first.to_owned(), values::object(found));
    }
}

fn omit(args: &[JValue]) -> HostResult {
    let mut kept = match arg(args, 0) {
        JValue::Object(object) => JMap::clone(object),
        _ => JMap::default(),
    };
    for key in keys(arg(args, 1)) {
        remove_path(&mut kept, &key);
    }
    Ok(values::object(kept))
}

fn remove_path(object: &mut JMap, path: &str) {
    if object.shift_remove(path).is_some() {
        return;
    }
    let Some((first, rest)) = path.split_once('.') else {
        return;
    };
    if let Some(JValue::Object(inner)) = object.get(first) {
        let mut inner = JMap::clone(inner);
        remove_path(&mut inner, rest);
        object.insert(first.to_owned(), values::object(inner));
    }
}

/// One key or any nesting of lists of keys, flattened in order.
fn keys(value: &JValue) -> Vec<String> {
    let mut keys = Vec::new();
    let mut waiting = VecDeque::from([value]);
    while let Some(value) = waiting.pop_front() {
        match value {
            JValue::Array(items) => items.iter().rev().for_each(|item| waiting.push_front(item)),
            nothing if coerce::is_nothing(nothing) => {}
            key => keys.push(coerce::joined_text(key)),
        }
    }
    keys
}

fn list_values(args: &[JValue]) -> HostResult {
    Ok(JValue::array(match arg(args, 0) {
        JValue::Object(fields) => fields.values().cloned().collect(),
        JValue::Array(items) => items.to_vec(),
        JValue::String(text) => text.chars().map(|c| JValue::string(c.to_string())).collect(),
        _ => Vec::new(),
    }))
}

fn join(args: &[JValue]) -> HostResult {
    let items = coerce::cast_array(arg(args, 0));
    let separator = match arg(args, 1) {
        nothing if coerce::is_nothing(nothing) => ",".to_owned(),
        separator => coerce::joined_text(separator),
    };
    let mut length = separator.len().saturating_mul(items.len());
    for item in items {
        running::poll()?;
        length = length.saturating_add(coerce::joined_length(item));
        running::fits(length)?;
    }
    Ok(JValue::string(coerce::join(items, &separator)))
}

fn wrap(args: &[JValue]) -> HostResult {
    running::fits(args.iter().take(3).map(coerce::joined_length).fold(0, usize::saturating_add))?;
    let start = coerce::joined_text(arg(args, 1));
    let value = coerce::joined_text(arg(args, 0));
    let end = match arg(args, 2) {
        end if coerce::is_truthy(end) => coerce::joined_text(end),
        _ => start.clone(),
    };
    Ok(JValue::string(format!("{start}{value}{end}")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::call;

    fn two(name: &str, first: Value, second: Value) -> Option<Value> {
        call(name, &[Some(first), Some(second)])
    }

    #[test]
    fn pick_takes_keys_and_paths_and_leaves_out_what_is_missing() {
        let object = json!({"a": 1, "b": {"c": 2, "d": {"e": 3}}, "f.g": 4, "h": null});
        assert_eq!(
            two("pick", object.clone(), json!(["f.g", "a", "x", "h"])),
            Some(json!({"f.g": 4, "a": 1, "h": null}))
        );
        assert_eq!(
            two("pick", object.clone(), json!(["b.c", "b.d.e", "b.x.y"])),
            Some(json!({"b": {"c": 2, "d": {"e": 3}}}))
        );
        assert_eq!(two("pick", object, json!("a")), Some(json!({"a": 1})));
        assert_eq!(call("pick", &[None, Some(json!("a"))]), Some(json!({})));
        assert_eq!(two("pick", json!([{"a": 1}]), json!("a")), Some(json!({})));
    }

    #[test]
    fn omit_drops_keys_and_paths_and_keeps_order() {
        let object = json!({"a": 1, "b": {"c": 2, "d": 3}, "e": 4});
        let omitted = two("omit", object, json!(["a", ["b.c"], "x.y"])).expect("an object");
        assert_eq!(omitted.to_string(), r#"{"b":{"d":3},"e":4}"#);
        assert_eq!(two("omit", json!(5), json!("a")), Some(json!({})));
    }

    #[test]
    fn values_lists_whatever_has_values() {
        assert_eq!(call("values", &[Some(json!({"b": 1, "a": [2]}))]), Some(json!([1, [2]])));
        assert_eq!(call("values", &[Some(json!([3]))]), Some(json!([3])));
        assert_eq!(call("values", &[Some(json!("aé"))]), Some(json!(["a", "é"])));
        assert_eq!(call("values", &[None]), Some(json!([])));
    }

    #[test]
    fn join_casts_to_an_array_and_counts_null_as_empty() {
        assert_eq!(two("join", json!(["a", "b"]), json!(", ")), Some(json!("a, b")));
        assert_eq!(call("join", &[Some(json!(["a", "b"]))]), Some(json!("a,b")));
        assert_eq!(two("join", json!("a"), json!("-")), Some(json!("a")));
        assert_eq!(
            two("join", json!([1, null, true, [2, 3], {}]), json!(" ")),
            Some(json!("1  true 2,3 [object Object]"))
        );
        assert_eq!(call("join", &[None]), Some(json!("")));
    }

    #[test]
    fn wrap_puts_a_text_around_the_value() {
        assert_eq!(two("wrap", json!("x"), json!("'")), Some(json!("'x'")));
        assert_eq!(call("wrap", &[Some(json!(5)), Some(json!("<")), Some(json!(">"))]), Some(json!("<5>")));
        assert_eq!(call("wrap", &[None, Some(json!("|")), Some(json!(""))]), Some(json!("||")));
    }
}
