//! Query strings with brackets, as the library qs reads and writes them.

use jsonata_core::value::{JMap, JValue, with_stack};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::super::{running, values};
use super::{HostFunction, HostResult, Refusal, arg, coerce};

pub(super) const FUNCTIONS: &[HostFunction] = &[
    HostFunction::plain(
        "parseQuery",
        "text",
        "The parameters of a query string. a[b]=1 is an object in an object, a[]=1 and a repeated a are arrays. At most \
         1,000 parameters, five levels deep.",
        parse_query,
    ),
    HostFunction::plain(
        "stringifyQuery",
        "object, options?",
        "The object as a query string: a[b]=1 for objects, a[0]=1 for arrays. Options: arrayFormat (indices, brackets, \
         repeat, comma), addQueryPrefix, encode, encodeValuesOnly, skipNulls, delimiter, allowDots.",
        stringify_query,
    ),
];

/// As many parameters as are read; the rest is left unread.
const MOST: usize = 1_000;
/// As many brackets as are read; the rest is the last key.
const DEEPEST: usize = 5;
/// The greatest index of an array; with a greater one it is an object.
const LAST_INDEX: usize = 20;

fn parse_query(args: &[JValue]) -> HostResult {
    let text = match arg(args, 0) {
        JValue::String(text) => text,
        nothing if coerce::is_nothing(nothing) => return Ok(values::object(JMap::default())),
        _ => return Err(Refusal::argument("$parseQuery takes a text")),
    };
    let mut root = Node::Object(indexmap::IndexMap::new());
    for parameter in text.split('&').filter(|parameter| !parameter.is_empty()).take(MOST) {
        running::poll()?;
        // The equals sign after a closing bracket is the one: `a[b=c]=d`.
        let at = parameter.find("]=").map(|at| at + 1).or_else(|| parameter.find('='));
        let (name, value) = match at {
            Some(at) => (&parameter[..at], &parameter[at + 1..]),
            None => (parameter, ""),
        };
        root.put(&keys(&decoded(name)), decoded(value));
    }
    Ok(root.value())
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// `a[b][]` as `a`, `b` and the empty key.
fn keys(name: &str) -> Vec<String> {
    let Some(open) = name.find('[').filter(|_| name.contains(']')) else {
        return vec![name.to_owned()];
    };
    let mut keys = Vec::new();
    if open > 0 {
        keys.push(name[..open].to_owned());
    }
    let mut rest = &name[open..];
    while let Some(inside) = rest.strip_prefix('[') {
        let Some(end) = inside.find(']') else { break };
        if keys.len() > DEEPEST {
            break;
        }
        keys.push(inside[..end].to_owned());
        rest = &inside[end + 1..];
    }
    if rest.starts_with('[') {
        keys.push(rest.to_owned());
    }
    keys
}

/// What is read so far.
enum Node {
    Text(String),
    List(Vec<Node>),
    Object(indexmap::IndexMap<String, Node>),
}

impl Node {
    fn put(&mut self, keys: &[String], value: String) {
        let Some((key, rest)) = keys.split_first() else {
            return self.add(value);
        };
        self.make_container(key);
        let next = match self {
            Node::List(items) => {
                let index = key.parse().unwrap_or(items.len()).min(items.len());
                if index == items.len() {
                    items.push(Node::new(rest, value));
                    return;
                }
                &mut items[index]
            }
            Node::Object(fields) => match fields.entry(key.clone()) {
                indexmap::map::Entry::Occupied(field) => field.into_mut(),
                indexmap::map::Entry::Vacant(field) => {
                    field.insert(Node::new(rest, value));
                    return;
                }
            },
            Node::Text(_) => return,
        };
        next.put(rest, value);
    }

    fn new(keys: &[String], value: String) -> Node {
        match keys.split_first() {
            None => Node::Text(value),
            Some((key, rest)) if is_index(key) => Node::List(vec![Node::new(rest, value)]),
            Some((key, rest)) => Node::Object([(key.clone(), Node::new(rest, value))].into_iter().collect()),
        }
    }

    /// Another value where there is one.
    fn add(&mut self, value: String) {
        match self {
            Node::List(items) => items.push(Node::Text(value)),
            Node::Object(fields) => drop(fields.insert(value, Node::Text("true".to_owned()))),
            Node::Text(_) => {
                let first = std::mem::replace(self, Node::List(Vec::new()));
                if let Node::List(items) = self {
                    items.extend([first, Node::Text(value)]);
                }
            }
        }
    }

    /// A text becomes a container, and a list an object, when a key asks for it.
    fn make_container(&mut self, key: &str) {
        let node = std::mem::replace(self, Node::List(Vec::new()));
        *self = match node {
            Node::Text(text) if is_index(key) => Node::List(vec![Node::Text(text)]),
            Node::Text(text) => Node::Object([(text, Node::Text("true".to_owned()))].into_iter().collect()),
            Node::List(items) if !is_index(key) => Node::Object(
                items.into_iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect(),
            ),
            node => node,
        };
    }

    fn value(self) -> JValue {
        match self {
            Node::Text(text) => JValue::string(text),
            Node::List(items) => JValue::array(items.into_iter().map(Node::value).collect()),
            Node::Object(fields) => {
                values::object(fields.into_iter().map(|(name, field)| (name, field.value())).collect())
            }
        }
    }
}

fn is_index(key: &str) -> bool {
    key.is_empty() || key.parse::<usize>().is_ok_and(|index| index <= LAST_INDEX && index.to_string() == key)
}

/// What JavaScript's `encodeURIComponent` leaves as it is, less what qs encodes all the same.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Clone, Copy, PartialEq)]
enum Arrays {
    Indices,
    Brackets,
    Repeat,
    Comma,
}

struct Writer {
    arrays: Arrays,
    encode_keys: bool,
    encode_values: bool,
    skip_nulls: bool,
    allow_dots: bool,
    pairs: Vec<String>,
    length: usize,
}

fn stringify_query(args: &[JValue]) -> HostResult {
    let options = arg(args, 1);
    let is_set = |name: &str, default: bool| match options.get(name) {
        Some(value) if !coerce::is_nothing(value) => coerce::is_truthy(value),
        _ => default,
    };
    let arrays = match options.get("arrayFormat").and_then(JValue::as_str) {
        Some("brackets") => Arrays::Brackets,
        Some("repeat") => Arrays::Repeat,
        Some("comma") => Arrays::Comma,
        Some("indices") | None => Arrays::Indices,
        Some(other) => {
            return Err(Refusal::argument(format!("$stringifyQuery: {other:?} is no arrayFormat")));
        }
    };
    let encode = is_set("encode", true);
    let mut writer = Writer {
        arrays,
        encode_keys: encode && !is_set("encodeValuesOnly", false),
        encode_values: encode,
        skip_nulls: is_set("skipNulls", false),
        allow_dots: is_set("allowDots", false),
        pairs: Vec::new(),
        length: 0,
    };
    match arg(args, 0) {
        JValue::Object(fields) => {
            fields.iter().try_for_each(|(name, value)| writer.write(name.clone(), value))?;
        }
        JValue::Array(items) => {
            let mut items = items.iter().enumerate();
            items.try_for_each(|(index, item)| writer.write(index.to_string(), item))?;
        }
        _ => {}
    }
    let delimiter = options.get("delimiter").and_then(JValue::as_str).unwrap_or("&");
    running::fits(writer.length + delimiter.len() * writer.pairs.len())?;
    let text = writer.pairs.join(delimiter);
    let prefix = if is_set("addQueryPrefix", false) && !text.is_empty() { "?" } else { "" };
    Ok(JValue::string(format!("{prefix}{text}")))
}

impl Writer {
    fn write(&mut self, name: String, value: &JValue) -> Result<(), Refusal> {
        running::poll()?;
        running::fits(self.length + name.len())?;
        match value {
            JValue::Undefined | JValue::Lambda(_) | JValue::Builtin { .. } | JValue::Regex { .. } => Ok(()),
            JValue::Null if self.skip_nulls => Ok(()),
            JValue::Array(items) if self.arrays == Arrays::Comma => {
                let texts: Vec<String> = items.iter().map(coerce::joined_text).collect();
                if !texts.is_empty() {
                    self.pair(&name, &texts.join(","));
                }
                Ok(())
            }
            JValue::Array(items) => {
                let mut items = items.iter().enumerate();
                with_stack(|| {
                    items.try_for_each(|(index, item)| {
                        let name = match self.arrays {
                            Arrays::Brackets => format!("{name}[]"),
                            Arrays::Repeat => name.clone(),
                            Arrays::Indices | Arrays::Comma => format!("{name}[{index}]"),
                        };
                        self.write(name, item)
                    })
                })
            }
            JValue::Object(fields) => with_stack(|| {
                fields.iter().try_for_each(|(key, field)| {
                    let dotted = self.allow_dots;
                    self.write(if dotted { format!("{name}.{key}") } else { format!("{name}[{key}]") }, field)
                })
            }),
            scalar => {
                self.pair(&name, &coerce::joined_text(scalar));
                Ok(())
            }
        }
    }

    fn pair(&mut self, name: &str, value: &str) {
        let encoded = |text: &str, encode: bool| match encode {
            true => utf8_percent_encode(text, ENCODED).to_string(),
            false => text.to_owned(),
        };
        let pair = format!("{}={}", encoded(name, self.encode_keys), encoded(value, self.encode_values));
        self.length += pair.len();
        self.pairs.push(pair);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::call;

    fn parsed(text: &str) -> Option<Value> {
        call("parseQuery", &[Some(json!(text))])
    }

    fn written(object: Value, options: Value) -> Option<Value> {
        call("stringifyQuery", &[Some(object), Some(options)])
    }

    #[test]
    fn brackets_are_objects_and_arrays() {
        assert_eq!(parsed("a=1&b=x%20y+z&c"), Some(json!({"a": "1", "b": "x y z", "c": ""})));
        assert_eq!(parsed("a[b][c]=1&a[b][d]=2"), Some(json!({"a": {"b": {"c": "1", "d": "2"}}})));
        assert_eq!(parsed("a[]=1&a[]=2&b=3&b=4"), Some(json!({"a": ["1", "2"], "b": ["3", "4"]})));
        assert_eq!(parsed("a[0]=x&a[1]=y"), Some(json!({"a": ["x", "y"]})));
        assert_eq!(parsed("a[100]=x"), Some(json!({"a": {"100": "x"}})));
        assert_eq!(parsed("a%5Bgte%5D=2024"), Some(json!({"a": {"gte": "2024"}})));
        assert_eq!(parsed("a[0]=x&a[k]=y"), Some(json!({"a": {"0": "x", "k": "y"}})));
        assert_eq!(parsed(""), Some(json!({})));
        assert_eq!(call("parseQuery", &[None]), Some(json!({})));
    }

    #[test]
    fn nesting_ends_at_five_levels() {
        let deep = parsed("a[b][c][d][e][f][g][h]=1").expect("an object");
        assert_eq!(deep["a"]["b"]["c"]["d"]["e"]["f"]["[g][h]"], "1");
    }

    #[test]
    fn objects_and_arrays_are_written_with_brackets() {
        let object = json!({"a": {"b": "x y"}, "c": [1, 2], "d": null, "e": true});
        assert_eq!(
            written(object.clone(), json!({})),
            Some(json!("a%5Bb%5D=x%20y&c%5B0%5D=1&c%5B1%5D=2&d=&e=true"))
        );
        assert_eq!(
            written(
                object.clone(),
                json!({"arrayFormat": "brackets", "encodeValuesOnly": true, "skipNulls": true})
            ),
            Some(json!("a[b]=x%20y&c[]=1&c[]=2&e=true"))
        );
        assert_eq!(
            written(
                object,
                json!({"arrayFormat": "comma", "encode": false, "addQueryPrefix": true, "allowDots": true})
            ),
            Some(json!("?a.b=x y&c=1,2&d=&e=true"))
        );
        assert_eq!(written(json!({"a": [1, 2]}), json!({"arrayFormat": "repeat"})), Some(json!("a=1&a=2")));
        assert_eq!(call("stringifyQuery", &[None]), Some(json!("")));
    }
}
