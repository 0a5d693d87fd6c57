//! Fields with several values, each under a label or a number: e-mail addresses, phone numbers, links, addresses.
//!
//! They are read as an object that repeats one value under `--primary`, and written as a list, or as an object by
//! label. A write replaces all of them. They are kept as a list of `[label or null, value]`.

use serde_json::{Map, Value, json};

use super::refusal::Refusal;

/// The fields of this kind.
pub(super) const NAMES: [&str; 4] = ["email", "phone", "url", "address"];

/// Country codes that a number with a plus is split by; the longest that fits.
const COUNTRY_CODES: [&str; 8] = ["353", "1", "33", "44", "45", "46", "47", "49"];

const ADDRESS: [&str; 9] =
    ["name", "address_1", "address_2", "address_3", "city", "state", "postalCode", "country", "timezone"];

/// What is kept of a written field.
pub(super) fn parse(name: &str, written: &Value) -> Result<Value, Refusal> {
    let items: Vec<(Value, &Value)> = match written {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().map(|item| (Value::Null, item)).collect(),
        Value::Object(items) => items
            .iter()
            .filter(|(label, _)| *label != "--primary")
            .map(|(label, item)| {
                let counted = label.bytes().all(|byte| byte.is_ascii_digit());
                (if counted { Value::Null } else { Value::from(label.clone()) }, item)
            })
            .collect(),
        _ => return Err(Refusal::invalid(format!("{name} must be a list or an object"))),
    };
    let kept = items.into_iter().map(|(label, item)| Ok(json!([label, value(name, item)?])));
    kept.collect::<Result<Vec<Value>, Refusal>>().map(Value::Array)
}

fn value(name: &str, item: &Value) -> Result<Value, Refusal> {
    let invalid = || Refusal::invalid(format!("Invalid value for {name}"));
    match name {
        "address" => address(item.as_object().ok_or_else(invalid)?),
        "phone" => phone(item.as_str().ok_or_else(invalid)?).ok_or_else(invalid),
        "email" => {
            let text = item.as_str().filter(|text| text.contains('@')).ok_or_else(invalid)?;
            Ok(Value::from(text))
        }
        _ => Ok(Value::from(item.as_str().filter(|text| !text.is_empty()).ok_or_else(invalid)?)),
    }
}

fn address(written: &Map<String, Value>) -> Result<Value, Refusal> {
    let mut kept =
        Map::from_iter([("location".to_owned(), Value::Null), ("locationAccuracy".to_owned(), Value::Null)]);
    for name in ADDRESS {
        kept.insert(name.to_owned(), written.get(name).cloned().unwrap_or(Value::Null));
    }
    match written.keys().find(|key| !kept.contains_key(*key)) {
        Some(unknown) => Err(Refusal::invalid(format!("Unknown part of an address: {unknown}"))),
        None => Ok(Value::Object(kept)),
    }
}

/// A phone number in its parts; nothing for a text without enough digits.
fn phone(written: &str) -> Option<Value> {
    let (number, extension) = match written.split_once('x') {
        Some((number, extension)) => (number, Some(extension.trim().to_owned())),
        None => (written, None),
    };
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    if digits.len() < 4 {
        return None;
    }
    let international = number.trim_start().starts_with('+');
    let code = COUNTRY_CODES.iter().find(|code| international && digits.starts_with(*code)).unwrap_or(&"1");
    let local = if international { digits.strip_prefix(code).unwrap_or(&digits) } else { &digits };
    let formatted = match (local.get(..3), local.get(3..6), local.get(6..)) {
        (Some(area), Some(exchange), Some(line)) if *code == "1" && local.len() == 10 => {
            format!("{area}-{exchange}-{line}")
        }
        _ => local.to_owned(),
    };
    Some(json!({
        "countryCode": code, "number": local, "extension": extension, "numberFormatted": formatted,
        "E164": format!("+{code}{local}"), "countryCodeAndNumber": format!("+{code} {formatted}"),
    }))
}

/// The values with their labels.
pub(super) fn items(kept: &Value) -> impl Iterator<Item = (Option<&str>, &Value)> {
    kept.as_array().into_iter().flatten().map(|pair| (pair[0].as_str(), &pair[1]))
}

/// As JSON-RPC shows them: PHP's empty array where there are none.
pub(super) fn shown(kept: &Value) -> Value {
    let mut object = Map::new();
    for (index, (label, value)) in items(kept).enumerate() {
        object.insert(label.map_or_else(|| index.to_string(), str::to_owned), value.clone());
    }
    match items(kept).next() {
        Some((_, primary)) => {
            object.insert("--primary".to_owned(), primary.clone());
            Value::Object(object)
        }
        None => json!([]),
    }
}

/// As REST shows them.
pub(super) fn listed(name: &str, kept: &Value) -> Value {
    let listed = items(kept).enumerate();
    listed
        .map(|(index, (label, value))| {
            json!({ "isPrimary": index == 0, "name": label.unwrap_or(name), "value": value })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_as_a_list_or_by_label_is_read_as_an_object_with_a_primary() {
        let kept = parse("email", &json!(["a@x.example", "b@x.example"])).unwrap();
        let object = json!({ "0": "a@x.example", "1": "b@x.example", "--primary": "a@x.example" });
        assert_eq!(shown(&kept), object);
        let kept = parse("url", &json!({ "blog": "https://x.example", "0": "https://y.example" })).unwrap();
        assert_eq!(shown(&kept)["blog"], "https://x.example");
        assert_eq!(shown(&parse("url", &Value::Null).unwrap()), json!([]));
    }

    #[test]
    fn a_phone_number_is_taken_apart() {
        let phone = phone("+44 20 7946 0018 x12").unwrap();
        assert_eq!((&phone["E164"], &phone["extension"]), (&json!("+442079460018"), &json!("12")));
        assert_eq!(super::phone("555-010-2233").unwrap()["numberFormatted"], "555-010-2233");
        assert_eq!(super::phone("12"), None);
    }
}
