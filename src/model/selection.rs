//! Conditions of a list applied to unified records, for what a vendor can't select by itself.
//!
//! A condition names a place in the record (`tags[id]`); where lists lie on the way, one of their items is enough.
//! Instants compare as text, since every record spells them alike.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::query::Condition;

/// How a value compares with a condition that has no operator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Equal.
    #[default]
    Equal,
    /// Equal but for upper and lower case.
    EqualIgnoringCase,
    /// Contains it, whatever the case.
    Contains,
}

/// Whether a record's fields fit a condition.
pub fn fits(fields: &Map<String, Value>, condition: &Condition, comparison: Comparison) -> bool {
    let mut names = condition.filter.split(['[', ']']).filter(|name| !name.is_empty());
    let mut found = Vec::new();
    if let Some(value) = names.next().and_then(|name| fields.get(name)) {
        let rest: Vec<&str> = names.collect();
        collect(value, &rest, &mut found);
    }
    let any = |test: &dyn Fn(&Value) -> bool| found.iter().any(|value| test(value));
    let wanted = &condition.value;
    match operator(condition) {
        "eq" => any(&|value| matches(value, wanted, comparison)),
        "ne" => !any(&|value| matches(value, wanted, comparison)),
        "in" => any(&|value| is_among(value, wanted, comparison)),
        "nin" => !any(&|value| is_among(value, wanted, comparison)),
        "gt" => any(&|value| order(value, wanted) == Some(Ordering::Greater)),
        "gte" => any(&|value| matches!(order(value, wanted), Some(Ordering::Greater | Ordering::Equal))),
        "lt" => any(&|value| order(value, wanted) == Some(Ordering::Less)),
        "lte" => any(&|value| matches!(order(value, wanted), Some(Ordering::Less | Ordering::Equal))),
        "like" => any(&|value| is_like(value, wanted)),
        _ => false,
    }
}

fn operator(condition: &Condition) -> &str {
    let after = condition.spelling.strip_prefix(&condition.filter).unwrap_or_default();
    match after.trim_matches(['[', ']']) {
        "" => "eq",
        operator => operator,
    }
}

fn collect<'v>(value: &'v Value, path: &[&str], found: &mut Vec<&'v Value>) {
    match (value, path) {
        (Value::Array(items), path) => items.iter().for_each(|item| collect(item, path, found)),
        (Value::Null, _) => {}
        (value, []) => found.push(value),
        (Value::Object(map), [name, rest @ ..]) => {
            if let Some(inner) = map.get(*name) {
                collect(inner, rest, found);
            }
        }
        _ => {}
    }
}

fn is_among(value: &Value, wanted: &Value, comparison: Comparison) -> bool {
    wanted.as_array().is_some_and(|items| items.iter().any(|item| matches(value, item, comparison)))
}

fn matches(value: &Value, wanted: &Value, comparison: Comparison) -> bool {
    match (value, wanted, comparison) {
        (Value::String(value), Value::String(wanted), Comparison::EqualIgnoringCase) => {
            value.to_lowercase() == wanted.to_lowercase()
        }
        (Value::String(value), Value::String(wanted), Comparison::Contains) => {
            value.to_lowercase().contains(&wanted.to_lowercase())
        }
        _ => order(value, wanted) == Some(Ordering::Equal),
    }
}

fn order(value: &Value, wanted: &Value) -> Option<Ordering> {
    match (value, wanted) {
        (Value::String(value), Value::String(wanted)) => Some(value.cmp(wanted)),
        (Value::Number(value), Value::Number(wanted)) => value.as_f64()?.partial_cmp(&wanted.as_f64()?),
        (Value::Bool(value), Value::Bool(wanted)) => Some(value.cmp(wanted)),
        _ => None,
    }
}

/// SQL's pattern: `%` stands for any text; case doesn't count.
fn is_like(value: &Value, pattern: &Value) -> bool {
    let (Value::String(value), Value::String(pattern)) = (value, pattern) else { return false };
    let (value, pattern) = (value.to_lowercase(), pattern.to_lowercase());
    let mut parts = pattern.split('%');
    // A split gives at least one part.
    let Some(first) = parts.next() else { return false };
    let Some(mut left) = value.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return left.is_empty() };
    for part in middle {
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fit(filter: &str, operator: &str, value: Value, comparison: Comparison) -> bool {
        let record = json!({
            "name": "Ada Lovelace", "amount": 12.5, "is_active": true, "owner": {"id": "7"}, "account": null,
            "tags": [{"id": "1", "name": "VIP"}, {"id": "2", "name": "Press"}],
            "created_at": "2026-01-31T09:30:00.000Z",
        });
        let spelling = if operator == "eq" { filter.to_owned() } else { format!("{filter}[{operator}]") };
        let condition = Condition { spelling, filter: filter.to_owned(), value };
        fits(record.as_object().unwrap(), &condition, comparison)
    }

    fn equal(filter: &str, operator: &str, value: Value) -> bool {
        fit(filter, operator, value, Comparison::Equal)
    }

    #[test]
    fn places_are_found_through_objects_and_lists() {
        assert!(equal("owner[id]", "eq", json!("7")) && !equal("owner[id]", "eq", json!("8")));
        assert!(equal("tags[name]", "eq", json!("Press")) && !equal("tags[name]", "eq", json!("press")));
        assert!(!equal("account[id]", "eq", json!("1")) && equal("account[id]", "ne", json!("1")));
        assert!(equal("tags[id]", "in", json!(["9", "2"])) && !equal("tags[id]", "nin", json!(["9", "2"])));
    }

    #[test]
    fn instants_and_numbers_have_an_order() {
        assert!(equal("created_at", "gt", json!("2026-01-31T09:29:59.000Z")));
        assert!(!equal("created_at", "gt", json!("2026-01-31T09:30:00.000Z")));
        assert!(equal("created_at", "lte", json!("2026-01-31T09:30:00.000Z")));
        assert!(equal("amount", "lt", json!(13)) && equal("amount", "gte", json!(12.5)));
        assert!(!equal("account[id]", "lt", json!("1")), "what is empty fits no order");
        assert!(equal("is_active", "eq", json!(true)));
    }

    #[test]
    fn text_may_compare_loosely() {
        assert!(fit("name", "eq", json!("LOVE"), Comparison::Contains));
        assert!(fit("name", "eq", json!("ada lovelace"), Comparison::EqualIgnoringCase));
        assert!(!fit("name", "eq", json!("ada"), Comparison::EqualIgnoringCase));
        for (pattern, fits) in [
            ("ada%", true),
            ("%lace", true),
            ("%a l%", true),
            ("a%a%e", true),
            ("ada", false),
            ("%x%", false),
        ] {
            assert_eq!(equal("name", "like", json!(pattern)), fits, "{pattern}");
        }
    }
}
