//! The query grammar: brackets for objects, `a[]=`, `a[0]=` and repeated keys for arrays, operators as sub-keys.
//!
//! Parsing is `serde_qs`'s; what is ours is the meaning: which names are filters, what an operator is, and how
//! text becomes the type that the schema gives.

use serde_json::{Map, Value};

use super::operation::Method;
use super::schema::{Filter, Format, Resource, Type, nearest};
use crate::error::{Error, Result};

/// Sub-keys that compare in place of naming a field.
pub const OPERATORS: &[&str] = &["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "like"];

/// A query string, as the nested values that its brackets say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query(pub Map<String, Value>);

impl Query {
    /// A query of JSON values, which are spelt as a URL would have brought them: texts, and nothing for null.
    pub fn spelt(values: Map<String, Value>) -> Self {
        Query(spelt(values))
    }

    /// Parses a query string without its `?`. All values are strings. Ampersands with nothing between them, which
    /// clients that build the string by hand leave, mean nothing.
    pub fn parse(text: &str) -> Result<Self> {
        let pairs: Vec<&str> = text.split('&').filter(|pair| !pair.is_empty()).collect();
        let parsed = serde_qs::Config::new()
            .max_depth(8)
            .use_form_encoding(true)
            .deserialize_str::<Value>(&pairs.join("&"))
            .map_err(|error| Error::invalid(format!("The query string can't be read: {error}")))?;
        match parsed {
            Value::Object(map) => Ok(Query(map)),
            Value::Null => Ok(Query::default()),
            _ => Err(Error::invalid("The query string can't be read: a parameter has no name")),
        }
    }

    /// Takes a parameter out. An empty one counts as absent.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.0.shift_remove(name).filter(|value| value.as_str() != Some(""))
    }

    /// Takes out a parameter that must be plain text.
    pub fn take_text(&mut self, name: &str) -> Result<Option<String>> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::invalid_field(name, "must be given once, as plain text")),
        }
    }

    /// Takes out a parameter that must be `true` or `false`; absent is false.
    pub fn take_flag(&mut self, name: &str) -> Result<bool> {
        self.take_choice(name).map(|choice| choice.unwrap_or(false))
    }

    /// Takes out a parameter that must be `true` or `false`, if it is there.
    pub fn take_choice(&mut self, name: &str) -> Result<Option<bool>> {
        match self.take_text(name)?.as_deref() {
            None => Ok(None),
            Some("false" | "0") => Ok(Some(false)),
            Some("true" | "1") => Ok(Some(true)),
            Some(other) => Err(Error::invalid_field(name, format!("must be true or false, not {other:?}"))),
        }
    }

    /// Takes out a whole number from 1 to `most`.
    pub fn take_count(&mut self, name: &str, most: u32) -> Result<Option<u32>> {
        let Some(text) = self.take_text(name)? else { return Ok(None) };
        match text.parse::<u32>() {
            Ok(count) if (1..=most).contains(&count) => Ok(Some(count)),
            _ => Err(Error::invalid_field(
                name,
                format!("must be a whole number from 1 to {most}, not {text:?}"),
            )),
        }
    }

    /// Takes out a list of texts, with brackets, repeated, or with commas.
    pub fn take_list(&mut self, name: &str) -> Result<Vec<String>> {
        let items = match self.take(name) {
            None => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(single) => vec![single],
        };
        let mut texts = Vec::new();
        for item in items {
            let Value::String(text) = item else {
                return Err(Error::invalid_field(name, "must be a list of names"));
            };
            texts.extend(text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()));
        }
        Ok(texts)
    }

    /// Takes out an object parameter, such as `remote_query[foo]=bar`.
    pub fn take_object(&mut self, name: &str) -> Result<Map<String, Value>> {
        match self.take(name) {
            None => Ok(Map::new()),
            Some(Value::Object(map)) => Ok(map),
            Some(_) => Err(Error::invalid_field(name, format!("must be an object: {name}[key]=value"))),
        }
    }
}

/// One condition: a filter's name in the schema's spelling, an operator, and the typed value.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// With its operator where that isn't `eq`: `created_at[gt]`.
    pub spelling: String,
    /// The filter without its operator: `created_at`.
    pub filter: String,
    /// The typed value; an array for `in` and `nin`.
    pub value: Value,
}

/// The names that a request may use.
#[derive(Debug, Clone, Copy)]
pub struct Parameters<'a> {
    /// Whose parameters.
    pub resource: &'a Resource,
    /// Of which method.
    pub method: Method,
    /// Whether names that the method doesn't take are passed over.
    pub lenient: bool,
}

/// Reads what is left of a query as conditions, and refuses names that the method of this resource doesn't take,
/// unless it is to be lenient.
pub fn conditions(left: &Map<String, Value>, known: Parameters<'_>) -> Result<Vec<Condition>> {
    let mut found: Vec<Condition> = Vec::new();
    for (name, value) in left {
        collect(name.clone(), value, known, &mut found)?;
    }
    for (index, condition) in found.iter().enumerate() {
        if found[..index].iter().any(|earlier| earlier.spelling == condition.spelling) {
            return Err(Error::invalid_field(&condition.spelling, "is given twice, under two of its names"));
        }
    }
    Ok(found)
}

fn collect(name: String, value: &Value, known: Parameters<'_>, found: &mut Vec<Condition>) -> Result<()> {
    let filter = known.resource.parameter(known.method, &name);
    match (value, filter) {
        (Value::Object(map), _) => {
            for (key, inner) in map {
                match filter.filter(|_| OPERATORS.contains(&key.as_str())) {
                    Some((name, filter)) => found.push(condition(name, filter, key, inner)?),
                    None => collect(format!("{name}[{key}]"), inner, known, found)?,
                }
            }
            Ok(())
        }
        (plain, Some((name, filter))) => {
            found.push(condition(name, filter, "eq", plain)?);
            Ok(())
        }
        (_, None) if known.lenient => Ok(()),
        (_, None) => Err(unknown(&name, known)),
    }
}

fn unknown(name: &str, Parameters { resource, method, .. }: Parameters<'_>) -> Error {
    const ALWAYS: &[&str] =
        &["limit", "next_cursor", "remote_query", "truto_ignore_remote_data", "integrated_account_id"];
    let known = resource.parameters(method).map(|(name, _)| name).chain(ALWAYS.iter().copied());
    let hint = nearest(name, known).map_or_else(String::new, |near| format!("; did you mean {near}?"));
    Error::invalid_field(name, format!("is not a parameter of this method{hint}"))
}

fn condition(name: &str, filter: &Filter, operator: &str, value: &Value) -> Result<Condition> {
    let spelling = if operator == "eq" { name.to_owned() } else { format!("{name}[{operator}]") };
    let typed =
        |text: &Value| typed(filter, text).map_err(|problem| Error::invalid_field(spelling.clone(), problem));
    let value = match (operator, value) {
        ("in" | "nin", Value::Array(items)) => Value::Array(items.iter().map(typed).collect::<Result<_>>()?),
        ("in" | "nin", Value::String(list)) => {
            Value::Array(list.split(',').map(|item| typed(&Value::from(item.trim()))).collect::<Result<_>>()?)
        }
        (_, plain) => typed(plain)?,
    };
    Ok(Condition { spelling, filter: name.to_owned(), value })
}

fn typed(filter: &Filter, value: &Value) -> std::result::Result<Value, String> {
    let Value::String(text) = value else {
        return Err("must be given once, as plain text".to_owned());
    };
    let wrong = || format!("must be {}, not {text:?}", filter.kind.noun());
    if !filter.one_of.is_empty() && !filter.one_of.contains(text) {
        return Err(format!("must be one of {}, not {text:?}", filter.one_of.join(", ")));
    }
    match (filter.kind, filter.format) {
        (Type::Integer, _) => text.parse::<i64>().map(Value::from).map_err(|_| wrong()),
        (Type::Number, _) => {
            let number = text.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
            number.map(Value::Number).ok_or_else(wrong)
        }
        (Type::Boolean, _) => text.parse::<bool>().map(Value::from).map_err(|_| wrong()),
        (_, Some(Format::DateTime)) => super::record::instant(text)
            .map(Value::String)
            .ok_or_else(|| format!("must be an instant such as 2026-01-31T09:30:00Z, not {text:?}")),
        (Type::String | Type::Object | Type::Array, None) => Ok(Value::String(text.clone())),
    }
}

fn spelt(query: Map<String, Value>) -> Map<String, Value> {
    let members = query.into_iter().filter_map(|(name, value)| Some((name, text(value)?)));
    members.collect()
}

fn text(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Bool(_) | Value::Number(_) => Some(Value::String(value.to_string())),
        Value::String(_) => Some(value),
        Value::Array(items) => Some(Value::Array(items.into_iter().filter_map(text).collect())),
        Value::Object(members) => Some(Value::Object(spelt(members))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn resource() -> Resource {
        serde_json::from_value(json!({
            "description": "", "singular": "field", "methods": ["list", "get"], "fields": {},
            "filters": {
                "name": {"type": "string", "description": ""},
                "is_active": {"type": "boolean", "description": ""},
                "created_at": {"type": "string", "format": "date-time", "description": ""},
                "owner[id]": {"type": "string", "description": ""},
                "entity": {
                    "type": "string", "description": "", "aliases": ["entity_type"], "methods": ["list", "get"]
                }
            }
        }))
        .unwrap()
    }

    fn read(text: &str) -> Result<Vec<Condition>> {
        read_with(text, Method::List, false)
    }

    fn read_with(text: &str, method: Method, lenient: bool) -> Result<Vec<Condition>> {
        conditions(&Query::parse(text)?.0, Parameters { resource: &resource(), method, lenient })
    }

    #[test]
    fn ampersands_with_nothing_between_them_mean_nothing() {
        for text in ["a=1&", "&a=1", "&&a=1&&"] {
            assert_eq!(Query::parse(text).unwrap(), Query::parse("a=1").unwrap(), "{text}");
        }
        assert_eq!(Query::parse("&&").unwrap(), Query::default());
    }

    #[test]
    fn arrays_are_read_in_every_spelling() {
        for text in ["ids[]=a&ids[]=b", "ids[0]=a&ids[1]=b", "ids%5B0%5D=a&ids%5B1%5D=b", "ids=a&ids=b"] {
            assert_eq!(Query::parse(text).unwrap().0["ids"], json!(["a", "b"]), "{text}");
        }
    }

    #[test]
    fn nested_filters_and_operators_are_told_apart() {
        let found =
            read("owner[id]=7&created_at[gt]=2024-01-01T00:00:00%2B02:00&name=x&is_active=true").unwrap();
        let spellings: Vec<&str> = found.iter().map(|condition| condition.spelling.as_str()).collect();
        assert_eq!(spellings, ["created_at[gt]", "is_active", "name", "owner[id]"]);
        assert_eq!(found[0].value, json!("2023-12-31T22:00:00.000Z"));
        assert_eq!(found[1].value, json!(true));
    }

    #[test]
    fn eq_may_be_left_out_and_lists_may_have_commas() {
        assert_eq!(read("name[eq]=x").unwrap()[0].spelling, "name");
        assert_eq!(read("name[in]=a,b").unwrap()[0].value, json!(["a", "b"]));
    }

    #[test]
    fn a_parameter_is_read_under_each_of_its_names() {
        for text in ["entity=contact", "entity_type=contact"] {
            let found = read(text).unwrap();
            assert_eq!(
                (found[0].spelling.as_str(), &found[0].value),
                ("entity", &json!("contact")),
                "{text}"
            );
        }
        assert_eq!(read("entity_type[in]=a,b").unwrap()[0].spelling, "entity[in]");
        assert!(read("entity=a&entity_type=b").unwrap_err().message().contains("given twice"));
    }

    #[test]
    fn a_method_takes_only_its_own_parameters() {
        assert_eq!(read_with("entity_type=contact", Method::Get, false).unwrap().len(), 1);
        assert!(read_with("name=x", Method::Get, false).is_err());
        assert_eq!(read_with("name=x", Method::Get, true).unwrap(), []);
    }

    #[test]
    fn an_unknown_parameter_is_refused_with_the_nearest_name() {
        let error = read("nmae=x").unwrap_err();
        assert!(error.message().contains("did you mean name?"), "{error}");
        assert!(read("whatever[deep][er]=x").unwrap_err().message().contains("whatever[deep][er]"));
    }

    #[test]
    fn unreadable_queries_and_wrong_types_are_refused() {
        for text in ["a[b=1", "=1&[]=2", "name=%ff"] {
            assert!(read(text).is_err(), "{text}");
        }
        for text in ["is_active=yes", "created_at=yesterday", "name[]=a&name[]=b"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_empty_parameter_counts_as_absent() {
        let mut query = Query::parse("next_cursor=&limit=").unwrap();
        assert_eq!(query.take_text("next_cursor").unwrap(), None);
        assert_eq!(query.take_count("limit", 10).unwrap(), None);
    }

    #[test]
    fn counts_are_whole_and_within_bounds() {
        for text in ["0", "-1", "1.5", "11", "ten", "99999999999"] {
            let mut query = Query::parse(&format!("limit={text}")).unwrap();
            assert!(query.take_count("limit", 10).is_err(), "{text}");
        }
    }

    #[test]
    fn values_are_spelt_as_in_a_url() {
        let query =
            json!({"limit": 10, "is": true, "no": null, "of": [1, null, "b"], "owner": {"id": 7, "x": null}});
        let Value::Object(query) = query else { unreachable!() };
        let expected = json!({"limit": "10", "is": "true", "of": ["1", "b"], "owner": {"id": "7"}});
        assert_eq!(Value::Object(Query::spelt(query).0), expected);
    }
}
