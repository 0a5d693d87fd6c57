//! Numbers, JSON and URLs out of texts.

use jsonata_core::value::{JMap, JValue};
use url::{Url, form_urlencoded, quirks};

use super::super::values;
use super::objects::{self, Kind};
use super::{HostFunction, HostResult, Refusal, arg, coerce};

pub(super) const FUNCTIONS: &[HostFunction] = &[
    HostFunction::plain(
        "toNumber",
        "value",
        "The value as a number, as JavaScript converts it: a trimmed numeric text (an empty one is 0), a boolean as 0 or \
         1, null as 0. Null for what is no number, since JSON has no NaN.",
        to_number,
    ),
    HostFunction::plain(
        "jsonParse",
        "text",
        "The value that the JSON text holds, or null if it holds none.",
        json_parse,
    ),
    HostFunction::plain(
        "parseUrl",
        "text",
        "The parts of an absolute URL as browsers name them: href, origin, protocol, host, hostname, port, pathname, \
         search, hash, and searchParams with its size and the methods get, getAll, has, keys, values, entries and \
         toString. An error for a text that is no URL; nothing for nothing.",
        parse_url,
    )
    .core_only(),
];

fn to_number(args: &[JValue]) -> HostResult {
    Ok(coerce::to_number(arg(args, 0)).map_or(JValue::Null, JValue::from_f64))
}

fn json_parse(args: &[JValue]) -> HostResult {
    let text = coerce::joined_text(arg(args, 0));
    Ok(values::from_text(&text).unwrap_or(JValue::Null))
}

fn parse_url(args: &[JValue]) -> HostResult {
    let text = match arg(args, 0) {
        JValue::String(text) => text,
        nothing if coerce::is_nothing(nothing) => return Ok(JValue::Undefined),
        _ => return Err(Refusal::argument("$parseUrl takes a text")),
    };
    let url = Url::parse(text)
        .map_err(|error| Refusal { code: "D3140", message: format!("$parseUrl: malformed URL: {error}") })?;
    let origin = quirks::origin(&url);
    let parts = [
        ("href", quirks::href(&url)),
        ("origin", origin.as_str()),
        ("protocol", quirks::protocol(&url)),
        ("host", quirks::host(&url)),
        ("hostname", quirks::hostname(&url)),
        ("port", quirks::port(&url)),
        ("pathname", quirks::pathname(&url)),
        ("search", quirks::search(&url)),
        ("hash", quirks::hash(&url)),
    ];
    let parts = parts.into_iter().map(|(name, part)| (name.to_owned(), JValue::string(part)));
    let search = ("searchParams".to_owned(), search_params(&url));
    Ok(values::object(parts.chain([search]).collect::<JMap>()))
}

/// The methods of a URL's search parameters.
pub(super) const SEARCH_METHODS: &[&str] = &["get", "getAll", "has", "keys", "values", "entries", "toString"];

fn search_params(url: &Url) -> JValue {
    let size = url.query_pairs().count();
    let properties = [("size".to_owned(), JValue::from_f64(size as f64))];
    objects::object(Kind::SearchParams, url.query().unwrap_or_default(), properties)
}

/// Calls a method of search parameters.
pub(super) fn call_search(state: &str, name: &str, args: &[JValue]) -> HostResult {
    let pairs = || form_urlencoded::parse(state.as_bytes());
    let wanted = coerce::joined_text(arg(args, 0));
    let text = |text: &str| JValue::string(text);
    let of_wanted = || pairs().filter(|(key, _)| *key == wanted).map(|(_, value)| text(&value));
    Ok(match name {
        "get" => of_wanted().next().unwrap_or(JValue::Null),
        "getAll" => JValue::array(of_wanted().collect()),
        "has" => JValue::Bool(match arg(args, 1) {
            JValue::Undefined => of_wanted().next().is_some(),
            value => of_wanted().any(|known| known.as_str() == Some(&coerce::joined_text(value))),
        }),
        "keys" => JValue::array(pairs().map(|(key, _)| text(&key)).collect()),
        "values" => JValue::array(pairs().map(|(_, value)| text(&value)).collect()),
        "entries" => {
            JValue::array(pairs().map(|(key, value)| JValue::array(vec![text(&key), text(&value)])).collect())
        }
        "toString" => {
            let mut written = form_urlencoded::Serializer::new(String::new());
            JValue::string(written.extend_pairs(pairs()).finish())
        }
        other => return Err(Refusal::argument(format!("search parameters have no method {other}"))),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{call, try_call};

    fn one(name: &str, value: Value) -> Option<Value> {
        call(name, &[Some(value)])
    }

    #[test]
    fn to_number_reads_numeric_texts() {
        assert_eq!(one("toNumber", json!("42")), Some(json!(42)));
        assert_eq!(one("toNumber", json!("  2.5 ")), Some(json!(2.5)));
        assert_eq!(one("toNumber", json!("")), Some(json!(0)));
        assert_eq!(one("toNumber", json!(7)), Some(json!(7)));
        assert_eq!(one("toNumber", json!(true)), Some(json!(1)));
        assert_eq!(one("toNumber", json!(null)), Some(json!(0)));
        assert_eq!(one("toNumber", json!(["5"])), Some(json!(5)));
    }

    #[test]
    fn to_number_gives_null_where_there_is_no_number() {
        for value in [json!("42abc"), json!("Infinity"), json!({}), json!([1, 2])] {
            assert_eq!(one("toNumber", value), Some(json!(null)));
        }
        assert_eq!(call("toNumber", &[None]), Some(json!(null)));
    }

    #[test]
    fn json_parse_gives_null_on_failure() {
        assert_eq!(one("jsonParse", json!(r#"{"a":[1,"é"]}"#)), Some(json!({"a": [1, "é"]})));
        for text in ["{\"a\"", "", "undefined", "1 2"] {
            assert_eq!(one("jsonParse", json!(text)), Some(json!(null)), "{text}");
        }
        assert_eq!(call("jsonParse", &[None]), Some(json!(null)));
        assert_eq!(one("jsonParse", json!(5)), Some(json!(5)));
    }

    #[test]
    fn json_parse_keeps_the_digits_of_long_ids() {
        assert_eq!(
            one("jsonParse", json!(r#"{"id":18446744073709551616}"#)),
            Some(json!({"id": "18446744073709551616"}))
        );
    }

    #[test]
    fn parse_url_gives_plain_properties() {
        assert_eq!(
            one("parseUrl", json!("HTTPS://Example.com:8443/a b?q=1#top")),
            Some(json!({
                "href": "https://example.com:8443/a%20b?q=1#top",
                "origin": "https://example.com:8443",
                "protocol": "https:",
                "host": "example.com:8443",
                "hostname": "example.com",
                "port": "8443",
                "pathname": "/a%20b",
                "search": "?q=1",
                "hash": "#top",
                "searchParams": {"size": 1},
            }))
        );
    }

    #[test]
    fn parse_url_refuses_what_is_no_url() {
        let refusal = try_call("parseUrl", &[Some(json!("example.com"))]);
        assert_eq!(refusal.expect_err("no URL").code, "D3140");
        assert_eq!(call("parseUrl", &[None]), None);
    }
}
