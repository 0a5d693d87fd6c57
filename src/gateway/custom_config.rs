//! `methodConfig`: how a caller describes one call of the vendor's, in the words of the published method objects.
//!
//! What can be honoured is honoured; what only documents a method is passed over; everything else is refused by name,
//! so that no caller believes in a setting that has no effect.

use http::HeaderName;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, HOST, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use serde_json::{Map, Value};
use url::form_urlencoded::Serializer;

use crate::error::{Error, Result};
use crate::mapping::manifest::Verb;
use crate::model::schema::nearest;

/// Headers that are the gateway's: the credential, and how a message is carried.
const NOT_THE_CALLERS: &[HeaderName] = &[
    AUTHORIZATION,
    PROXY_AUTHORIZATION,
    COOKIE,
    HOST,
    CONNECTION,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    TE,
    TRAILER,
    UPGRADE,
    EXPECT,
];

/// Members that say something of a method and change nothing of a call.
const DOCUMENTS: &[&str] = &[
    "description",
    "api_documentation_url",
    "scopes",
    "examples",
    "query_schema",
    "body_schema",
    "response_schema",
];

/// Members of the published object that can't be honoured here, and why.
const REFUSED: &[(&str, &str)] = &[
    ("base_url", "is the vendor's own and can't be replaced"),
    ("authorization", "is the account's own and can't be replaced"),
    ("no_auth", "can't be honoured: every call is made with the account's credential"),
    ("ignore_credentials_on_redirect", "can't be honoured: no redirect is followed"),
    ("pagination", "can't be honoured: send the vendor's own paging parameters in the query"),
    ("pagination_path", "can't be honoured: send the vendor's own paging parameters in the query"),
    ("ignore_body_in_pagination", "can't be honoured: there is no paging"),
    ("body_format_config", "can't be honoured: bodies are sent as JSON or as a form"),
    ("api_response_format", "can't be honoured: the vendor's Content-Type says what its answer is"),
    (
        "throw_error_on_parse_error",
        "can't be honoured: an answer that is said to be JSON and isn't is an error",
    ),
];

const HONOURED: &[&str] = &[
    "path",
    "method",
    "query",
    "query_array_format",
    "headers",
    "body",
    "body_format",
    "response_path",
    "ignore_body",
    "set_body_to_null",
    "add_query_to_body",
    "error_expression",
];

/// A method configuration, read.
#[derive(Debug, Default)]
pub struct MethodConfig {
    /// In place of the request's own path.
    pub path: Option<String>,
    /// In place of the request's own verb.
    pub method: Option<Verb>,
    /// Beside the request's own query.
    pub query: Map<String, Value>,
    /// How arrays stand in a query or form.
    pub query_format: ArrayFormat,
    /// Over the integration's; null leaves one out.
    pub headers: Vec<(HeaderName, Option<String>)>,
    /// In place of the request's own body.
    pub body: Option<Value>,
    /// How the body is sent.
    pub body_format: BodyFormat,
    /// The part of the answer that is wanted.
    pub response_path: Option<String>,
    /// Send no body.
    pub ignore_body: bool,
    /// Send `null`.
    pub null_body: bool,
    /// Lay the query over the body as well.
    pub query_in_body: bool,
    /// Tells whether a success is an error.
    pub error_expression: Option<String>,
}

/// How a body is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BodyFormat {
    /// As JSON.
    #[default]
    Json,
    /// As a form.
    Form,
}

/// How an array stands in a query or form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ArrayFormat {
    /// `a=1,2`
    #[default]
    Comma,
    /// `a[]=1&a[]=2`
    Brackets,
    /// `a[0]=1&a[1]=2`
    Indices,
    /// `a=1&a=2`
    Repeat,
}

impl MethodConfig {
    /// Reads a configuration, and refuses every member that has no effect.
    pub fn read(config: Value) -> Result<Self> {
        let Value::Object(mut config) = config else {
            return Err(Error::invalid_field("methodConfig", "must be an object"));
        };
        refuse(&config)?;
        Ok(MethodConfig {
            path: text(&mut config, "path")?,
            method: verb(&mut config)?,
            query: object(&mut config, "query")?,
            query_format: choice(&mut config, "query_array_format", ARRAY_FORMATS)?,
            headers: headers(object(&mut config, "headers")?)?,
            body: config.shift_remove("body").filter(|body| !body.is_null()),
            body_format: choice(&mut config, "body_format", BODY_FORMATS)?,
            response_path: text(&mut config, "response_path")?,
            ignore_body: flag(&mut config, "ignore_body")?,
            null_body: flag(&mut config, "set_body_to_null")?,
            query_in_body: flag(&mut config, "add_query_to_body")?,
            error_expression: text(&mut config, "error_expression")?,
        })
    }

    /// Whether anything in it may hold placeholders.
    pub fn has_templates(&self) -> bool {
        self.path.is_some() || self.body.is_some() || !self.query.is_empty() || !self.headers.is_empty()
    }
}

const ARRAY_FORMATS: &[(&str, ArrayFormat)] = &[
    ("comma", ArrayFormat::Comma),
    ("brackets", ArrayFormat::Brackets),
    ("indices", ArrayFormat::Indices),
    ("repeat", ArrayFormat::Repeat),
];

const BODY_FORMATS: &[(&str, BodyFormat)] = &[("json", BodyFormat::Json), ("form", BodyFormat::Form)];

const VERBS: &[(&str, Verb)] = &[
    ("get", Verb::Get),
    ("head", Verb::Head),
    ("post", Verb::Post),
    ("put", Verb::Put),
    ("patch", Verb::Patch),
    ("delete", Verb::Delete),
];

fn wrong(name: &str, problem: impl Into<String>) -> Error {
    Error::invalid_field(format!("methodConfig.{name}"), problem)
}

fn refuse(config: &Map<String, Value>) -> Result<()> {
    for (name, value) in config {
        if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| refused == name) {
            // What switches something off that isn't there is honoured.
            let off = value.is_null() || *value == Value::Bool(false);
            if !off {
                return Err(wrong(name, *why));
            }
        } else if !HONOURED.contains(&name.as_str()) && !DOCUMENTS.contains(&name.as_str()) {
            let known = HONOURED.iter().copied();
            let hint =
                nearest(name, known).map_or_else(String::new, |near| format!("; did you mean {near}?"));
            return Err(wrong(name, format!("is not a member of a method configuration{hint}")));
        }
    }
    Ok(())
}

fn text(config: &mut Map<String, Value>, name: &str) -> Result<Option<String>> {
    match config.shift_remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(wrong(name, "must be a string")),
    }
}

fn flag(config: &mut Map<String, Value>, name: &str) -> Result<bool> {
    match config.shift_remove(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(on)) => Ok(on),
        Some(_) => Err(wrong(name, "must be true or false")),
    }
}

fn object(config: &mut Map<String, Value>, name: &str) -> Result<Map<String, Value>> {
    match config.shift_remove(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(wrong(name, "must be an object")),
    }
}

fn choice<T: Copy + Default>(config: &mut Map<String, Value>, name: &str, of: &[(&str, T)]) -> Result<T> {
    let Some(given) = text(config, name)? else { return Ok(T::default()) };
    let found = of.iter().find(|(known, _)| *known == given);
    found.map(|(_, choice)| *choice).ok_or_else(|| one_of(name, &given, of))
}

fn verb(config: &mut Map<String, Value>) -> Result<Option<Verb>> {
    let Some(given) = text(config, "method")? else { return Ok(None) };
    let found = VERBS.iter().find(|(known, _)| known.eq_ignore_ascii_case(&given));
    found.map(|(_, verb)| Some(*verb)).ok_or_else(|| one_of("method", &given, VERBS))
}

fn one_of<T>(name: &str, given: &str, of: &[(&str, T)]) -> Error {
    let known: Vec<&str> = of.iter().map(|(known, _)| *known).collect();
    let shown: String = given.chars().filter(|letter| !letter.is_control()).take(60).collect();
    wrong(name, format!("must be one of {}, not {shown:?}", known.join(", ")))
}

fn headers(given: Map<String, Value>) -> Result<Vec<(HeaderName, Option<String>)>> {
    let read = |(name, value): (String, Value)| {
        let field = format!("headers.{name}");
        let header = HeaderName::try_from(&name).map_err(|_| wrong(&field, "is not the name of a header"))?;
        if NOT_THE_CALLERS.contains(&header) {
            return Err(wrong(&field, "is the gateway's to set"));
        }
        match value {
            Value::Null => Ok((header, None)),
            Value::String(value) => Ok((header, Some(value))),
            Value::Number(_) | Value::Bool(_) => Ok((header, Some(value.to_string()))),
            Value::Array(_) | Value::Object(_) => Err(wrong(&field, "must be a string or null")),
        }
    };
    given.into_iter().map(read).collect()
}

impl ArrayFormat {
    /// An object as a query or form. Objects within stand in brackets, null is left out.
    pub fn write(self, members: &Map<String, Value>) -> String {
        let mut pairs = Serializer::new(String::new());
        for (name, value) in members {
            self.append(&mut pairs, name, value);
        }
        pairs.finish()
    }

    fn append(self, pairs: &mut Serializer<'_, String>, name: &str, value: &Value) {
        match value {
            Value::Null => {}
            Value::Object(members) => {
                for (key, inner) in members {
                    self.append(pairs, &format!("{name}[{key}]"), inner);
                }
            }
            Value::Array(items) if self == ArrayFormat::Comma => {
                let texts: Vec<String> = items.iter().map(plain).collect();
                pairs.append_pair(name, &texts.join(","));
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    match self {
                        ArrayFormat::Brackets => self.append(pairs, &format!("{name}[]"), item),
                        ArrayFormat::Indices => self.append(pairs, &format!("{name}[{index}]"), item),
                        ArrayFormat::Comma | ArrayFormat::Repeat => self.append(pairs, name, item),
                    }
                }
            }
            plain_value => {
                pairs.append_pair(name, &plain(plain_value));
            }
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(config: Value) -> String {
        MethodConfig::read(config).unwrap_err().failures()[0].field.clone()
    }

    #[test]
    fn what_would_have_no_effect_is_refused_by_name() {
        for (config, field) in [
            (json!({"pth": "/x"}), "methodConfig.pth"),
            (json!({"base_url": "https://evil.example"}), "methodConfig.base_url"),
            (json!({"authorization": {"format": "bearer"}}), "methodConfig.authorization"),
            (json!({"pagination": {"format": "page"}}), "methodConfig.pagination"),
            (json!({"no_auth": true}), "methodConfig.no_auth"),
            (json!({"method": "connect"}), "methodConfig.method"),
            (json!({"body_format": "xml"}), "methodConfig.body_format"),
            (json!({"headers": {"Authorization": "Bearer x"}}), "methodConfig.headers.Authorization"),
            (json!({"headers": {"host": "evil.example"}}), "methodConfig.headers.host"),
            (json!({"headers": {"a b": "x"}}), "methodConfig.headers.a b"),
            (json!({"query": []}), "methodConfig.query"),
            (json!({"ignore_body": "yes"}), "methodConfig.ignore_body"),
            (json!("x"), "methodConfig"),
        ] {
            assert_eq!(refused(config.clone()), field, "{config}");
        }
    }

    #[test]
    fn what_documents_and_what_is_off_anyway_is_taken() {
        let config = json!({"description": "x", "scopes": ["a"], "pagination": null, "no_auth": false, "method": "POST"});
        assert_eq!(MethodConfig::read(config).unwrap().method, Some(Verb::Post));
    }

    #[test]
    fn arrays_are_written_in_each_format() {
        let members = json!({"a": [1, "b c"], "o": {"x": true, "n": null}});
        let members = members.as_object().unwrap();
        for (format, expected) in [
            (ArrayFormat::Comma, "a=1%2Cb+c"),
            (ArrayFormat::Brackets, "a%5B%5D=1&a%5B%5D=b+c"),
            (ArrayFormat::Indices, "a%5B0%5D=1&a%5B1%5D=b+c"),
            (ArrayFormat::Repeat, "a=1&a=b+c"),
        ] {
            assert_eq!(format.write(members), format!("{expected}&o%5Bx%5D=true"));
        }
    }
}
