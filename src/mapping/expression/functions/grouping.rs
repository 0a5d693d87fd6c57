//! Grouping and ordering a list by what its items have.

use std::cmp::Ordering;

use jsonata_core::value::{JMap, JValue};

use super::super::values;
use super::lookup::{field_at, fits};
use super::{HostFunction, HostResult, Refusal, arg, coerce};

pub(super) const FUNCTIONS: &[HostFunction] = &[
    HostFunction::plain(
        "groupBy",
        "array, by?",
        "An object of lists: the items under the value of their field of that name or dotted path. By an object, or by a \
         pair [name, value], the keys are true and false, for whether the item fits; by nothing, the items themselves.",
        group_by,
    ),
    HostFunction::plain(
        "keyBy",
        "array, by?",
        "An object with the items under the value of their field of that name or dotted path; of items with the same value \
         the last one stays.",
        key_by,
    ),
    HostFunction::plain(
        "orderBy",
        "array, by?, orders?",
        "The items in order of the fields of those names or dotted paths, one or a list, each ascending unless its order \
         (one or a list) is desc. Equal ones stay as they were; what has no such field comes last.",
        order_by,
    ),
];

/// What an item is grouped by.
fn criterion(item: &JValue, by: &JValue) -> JValue {
    match by {
        nothing if coerce::is_nothing(nothing) => item.clone(),
        JValue::Array(_) | JValue::Object(_) => JValue::Bool(fits(item, by)),
        name => field_at(item, &coerce::joined_text(name)).cloned().unwrap_or(JValue::Undefined),
    }
}

/// As JavaScript writes a value where it is a key.
fn key(value: &JValue) -> String {
    match value {
        JValue::Undefined => "undefined".to_owned(),
        JValue::Null => "null".to_owned(),
        other => coerce::joined_text(other),
    }
}

fn items<'a>(function: &str, args: &'a [JValue]) -> Result<&'a [JValue], Refusal> {
    let mut by = coerce::cast_array(arg(args, 1)).iter();
    if by.any(JValue::is_function) {
        return Err(Refusal::argument(format!("${function} cannot call a function: name the field")));
    }
    match arg(args, 0) {
        nothing if coerce::is_nothing(nothing) => Ok(&[]),
        list => Ok(coerce::cast_array(list)),
    }
}

fn group_by(args: &[JValue]) -> HostResult {
    let mut groups: indexmap::IndexMap<String, Vec<JValue>> = indexmap::IndexMap::new();
    for item in items("groupBy", args)? {
        groups.entry(key(&criterion(item, arg(args, 1)))).or_default().push(item.clone());
    }
    Ok(values::object(groups.into_iter().map(|(key, items)| (key, JValue::array(items))).collect()))
}

fn key_by(args: &[JValue]) -> HostResult {
    let mut keyed = JMap::default();
    for item in items("keyBy", args)? {
        keyed.insert(key(&criterion(item, arg(args, 1))), item.clone());
    }
    Ok(values::object(keyed))
}

fn order_by(args: &[JValue]) -> HostResult {
    let items = items("orderBy", args)?;
    let by: Vec<&JValue> = match arg(args, 1) {
        nothing if coerce::is_nothing(nothing) => vec![nothing],
        by => coerce::cast_array(by).iter().collect(),
    };
    let orders = coerce::cast_array(arg(args, 2));
    let is_descending =
        |at: usize| matches!(orders.get(at), Some(JValue::String(order)) if &**order == "desc");
    let mut keyed: Vec<(Vec<JValue>, &JValue)> =
        items.iter().map(|item| (by.iter().map(|by| criterion(item, by)).collect(), item)).collect();
    keyed.sort_by(|(one, _), (other, _)| {
        let pairs = one.iter().zip(other).enumerate();
        let by_pair = |(at, (one, other)): (usize, (&JValue, &JValue))| {
            let order = compare(one, other);
            if is_descending(at) { order.reverse() } else { order }
        };
        pairs.map(by_pair).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    });
    Ok(JValue::array(keyed.into_iter().map(|(_, item)| item.clone()).collect()))
}

/// Lodash's order: what compares (numbers, texts, booleans) before null, NaN, and at last undefined.
pub(super) fn compare(one: &JValue, other: &JValue) -> Ordering {
    let rank = |value: &JValue| match value {
        JValue::Number(number) if number.is_nan() => 2,
        JValue::Null => 1,
        JValue::Undefined => 3,
        _ => 0,
    };
    rank(one).cmp(&rank(other)).then_with(|| match (one, other) {
        (JValue::String(one), JValue::String(other)) => one.encode_utf16().cmp(other.encode_utf16()),
        _ => match (coerce::to_number(one), coerce::to_number(other)) {
            (Some(one), Some(other)) => one.partial_cmp(&other).unwrap_or(Ordering::Equal),
            // A total order, so that sorting ends: numbers before other texts.
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => coerce::joined_text(one).cmp(&coerce::joined_text(other)),
        },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{call, try_call};

    fn people() -> Value {
        json!([
            {"name": "Ada", "age": 36, "team": {"id": 1}},
            {"name": "Bob", "age": 25, "team": {"id": 2}},
            {"name": "Cyd", "age": 36, "team": {"id": 1}},
            {"name": "Dan"},
        ])
    }

    fn by(function: &str, by: Value) -> Value {
        call(function, &[Some(people()), Some(by)]).expect("a result")
    }

    fn names(list: &Value) -> Vec<&str> {
        list.as_array().into_iter().flatten().filter_map(|item| item["name"].as_str()).collect()
    }

    #[test]
    fn items_are_grouped_by_the_value_of_a_field() {
        let groups = by("groupBy", json!("age"));
        assert_eq!(names(&groups["36"]), ["Ada", "Cyd"]);
        assert_eq!(names(&groups["undefined"]), ["Dan"]);
        assert_eq!(names(&by("groupBy", json!("team.id"))["1"]), ["Ada", "Cyd"]);
        assert_eq!(names(&by("groupBy", json!({"age": 25}))["true"]), ["Bob"]);
        assert_eq!(names(&by("groupBy", json!(["age", 25]))["false"]), ["Ada", "Cyd", "Dan"]);
        assert_eq!(call("groupBy", &[Some(json!([6, "a", 6]))]), Some(json!({"6": [6, 6], "a": ["a"]})));
        assert_eq!(call("groupBy", &[None, Some(json!("a"))]), Some(json!({})));
    }

    #[test]
    fn the_last_of_equal_keys_stays() {
        let keyed = by("keyBy", json!("age"));
        assert_eq!(keyed["36"]["name"], "Cyd");
        assert_eq!(
            call("keyBy", &[Some(json!({"id": "x"})), Some(json!("id"))]),
            Some(json!({"x": {"id": "x"}}))
        );
    }

    #[test]
    fn items_are_ordered_by_several_fields_each_in_its_own_direction() {
        let ordered = |by: Value, orders: Value| {
            let list = call("orderBy", &[Some(people()), Some(by), Some(orders)]).expect("a list");
            names(&list).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(ordered(json!("age"), json!("asc")), ["Bob", "Ada", "Cyd", "Dan"]);
        assert_eq!(ordered(json!(["age", "name"]), json!(["desc", "desc"])), ["Dan", "Cyd", "Ada", "Bob"]);
        assert_eq!(call("orderBy", &[Some(json!([10, 9, "1"]))]), Some(json!(["1", 9, 10])));
    }

    #[test]
    fn a_function_is_refused() {
        assert!(try_call("orderBy", &[Some(people()), Some(json!("name"))]).is_ok());
        let refused = super::group_by(&[super::JValue::Null, super::JValue::builtin("sum")]);
        assert!(refused.is_err());
    }
}
