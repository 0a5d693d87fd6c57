//! YAML with a memory: every value knows its line, so that every problem can be named with file and line.
//!
//! A document is read into JSON values beside an index from path to position. Reading it as a type goes on after
//! a problem: the offending value is set aside and the rest is read again, until all problems are known.
//! Duplicate keys, anchors and tags are refused: a mapping says each thing once, in plain words.

use std::collections::BTreeMap;
use std::fmt;

use saphyr::Scalar;
use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Problems of one document that are looked for at most.
const MOST_PROBLEMS: usize = 100;

/// Something wrong with a mappings folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Relative to the mappings folder.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1.
    pub column: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

/// A position in a file, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// A place within a document: keys and indices from the root.
pub type Path = Vec<String>;

/// A YAML file, read.
#[derive(Debug, Clone)]
pub struct Document {
    /// Relative to the mappings folder.
    pub file: String,
    value: Value,
    positions: BTreeMap<Path, Position>,
}

impl Document {
    /// Reads a YAML text.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader { file, positions: BTreeMap::new(), problems: Vec::new(), broken: false };
        let mut events = Parser::new_from_str(text);
        let mut value = None;
        while let Some((event, span)) = reader.next(&mut events) {
            match event {
                Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {}
                event if value.is_none() => {
                    value = Some(reader.node(event, span, &mut events, &mut Vec::new()));
                }
                _ => reader.problem(span, "a mapping file holds one YAML document"),
            }
        }
        if reader.problems.is_empty() {
            let value = value.unwrap_or(Value::Null);
            Ok(Document { file: file.to_owned(), value, positions: reader.positions })
        } else {
            Err(reader.problems)
        }
    }

    /// A document that was never text, such as a stored override: its problems have paths but no lines.
    pub fn from_value(file: &str, value: Value) -> Self {
        Document { file: file.to_owned(), value, positions: BTreeMap::new() }
    }

    /// The value at a path.
    pub fn get(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(&self.value, |value, key| value.get(*key))
    }

    /// The position of a value, or of the nearest value around it.
    pub fn position(&self, path: &[String]) -> Position {
        (0..=path.len())
            .rev()
            .find_map(|depth| self.positions.get(&path[..depth]))
            .copied()
            .unwrap_or(Position { line: 1, column: 1 })
    }

    /// A problem at a path.
    pub fn problem(&self, path: &[&str], message: impl Into<String>) -> Problem {
        let path: Path = path.iter().map(|part| (*part).to_owned()).collect();
        self.problem_at(&path, message)
    }

    fn problem_at(&self, path: &[String], message: impl Into<String>) -> Problem {
        let Position { line, column } = self.position(path);
        Problem { file: self.file.clone(), line, column, message: message.into() }
    }

    /// Puts in the shapes that the document refers to: an object with a key `shape` stands for the shape of that
    /// name, with its own other keys laid over it.
    pub fn with_shapes(mut self, shapes: &Map<String, Value>) -> (Self, Vec<Problem>) {
        let mut unknown = Vec::new();
        let mut value = std::mem::take(&mut self.value);
        put_shapes(&mut value, shapes, &mut Vec::new(), &mut unknown);
        self.value = value;
        let problems =
            unknown.iter().map(|(path, name)| self.problem_at(path, format!("there is no shape {name}")));
        let problems = problems.collect();
        (self, problems)
    }

    /// Reads the document as a type, and reports every problem on the way.
    pub fn read<T: DeserializeOwned>(&self, problems: &mut Vec<Problem>) -> Option<T> {
        let mut value = self.value.clone();
        let mut aside: Vec<Path> = Vec::new();
        let mut found = 0;
        loop {
            let error = match serde_path_to_error::deserialize::<_, T>(&value) {
                Ok(read) => return (found == 0).then_some(read),
                Err(error) => error,
            };
            let path = path_of(error.path());
            let message = error.into_inner().to_string();
            let follows = message.starts_with("missing field")
                && aside.iter().any(|gone| {
                    gone.len() == path.len() + 1
                        && gone.starts_with(&path)
                        && message.contains(&format!("`{}`", gone[path.len()]))
                });
            if !follows {
                problems.push(self.problem_at(&path, clear(&path, &message)));
            }
            found += 1;
            if found == MOST_PROBLEMS || !remove(&mut value, &path) {
                return None;
            }
            aside.push(path);
        }
    }
}

/// Serde's words, with the path where the position alone wouldn't tell.
fn clear(path: &[String], message: &str) -> String {
    if path.is_empty() { message.to_owned() } else { format!("{}: {message}", path.join(".")) }
}

fn path_of(path: &serde_path_to_error::Path) -> Path {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// Takes the value at `path` out of `value`; an empty path, or one that leads nowhere, can't be.
fn remove(value: &mut Value, path: &[String]) -> bool {
    let Some((last, parents)) = path.split_last() else { return false };
    let mut level = value;
    for part in parents {
        level = match level {
            Value::Object(map) => match map.get_mut(part) {
                Some(inner) => inner,
                None => return false,
            },
            Value::Array(items) => match part.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                Some(inner) => inner,
                None => return false,
            },
            _ => return false,
        };
    }
    match level {
        Value::Object(map) => map.shift_remove(last).is_some(),
        Value::Array(items) => match last.parse::<usize>() {
            Ok(index) if index < items.len() => {
                items.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    }
}

fn put_shapes(
    value: &mut Value,
    shapes: &Map<String, Value>,
    path: &mut Path,
    unknown: &mut Vec<(Path, String)>,
) {
    if let Value::Object(map) = value
        && let Some(Value::String(name)) = map.get("shape").cloned()
    {
        map.shift_remove("shape");
        match shapes.get(&name) {
            Some(Value::Object(shape)) => {
                let own = std::mem::replace(map, shape.clone());
                map.extend(own);
            }
            _ => unknown.push((path.clone(), name)),
        }
    }
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                path.push(key.clone());
                put_shapes(inner, shapes, path, unknown);
                path.pop();
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter_mut().enumerate() {
                path.push(index.to_string());
                put_shapes(inner, shapes, path, unknown);
                path.pop();
            }
        }
        _ => {}
    }
}

struct Reader<'a> {
    file: &'a str,
    positions: BTreeMap<Path, Position>,
    problems: Vec<Problem>,
    broken: bool,
}

impl Reader<'_> {
    fn problem(&mut self, span: Span, message: &str) {
        let Position { line, column } = position(span);
        self.problems.push(Problem { file: self.file.to_owned(), line, column, message: message.to_owned() });
    }

    fn node<'i, I>(&mut self, event: Event<'i>, span: Span, events: &mut I, path: &mut Path) -> Value
    where
        I: Iterator<Item = Result<(Event<'i>, Span), saphyr_parser::ScanError>>,
    {
        self.positions.entry(path.clone()).or_insert_with(|| position(span));
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if anchor != 0 || tag.is_some() {
                    self.problem(span, "anchors and tags are not used in mapping files");
                }
                scalar(&text, style)
            }
            Event::SequenceStart(..) => self.sequence(events, path),
            Event::MappingStart(..) => self.mapping(events, path),
            _ => {
                self.problem(span, "aliases are not used in mapping files");
                Value::Null
            }
        }
    }

    fn sequence<'i, I>(&mut self, events: &mut I, path: &mut Path) -> Value
    where
        I: Iterator<Item = Result<(Event<'i>, Span), saphyr_parser::ScanError>>,
    {
        let mut items = Vec::new();
        while let Some((event, span)) = self.next(events) {
            if matches!(event, Event::SequenceEnd) {
                break;
            }
            path.push(items.len().to_string());
            items.push(self.node(event, span, events, path));
            path.pop();
        }
        Value::Array(items)
    }

    fn mapping<'i, I>(&mut self, events: &mut I, path: &mut Path) -> Value
    where
        I: Iterator<Item = Result<(Event<'i>, Span), saphyr_parser::ScanError>>,
    {
        let mut map = Map::new();
        while let Some((event, span)) = self.next(events) {
            let key = match event {
                Event::MappingEnd => break,
                Event::Scalar(text, ..) => text.into_owned(),
                other => {
                    self.problem(span, "a key must be plain text");
                    self.node(other, span, events, &mut path.clone());
                    String::new()
                }
            };
            path.push(key.clone());
            self.positions.insert(path.clone(), position(span));
            if let Some((event, span)) = self.next(events) {
                let value = self.node(event, span, events, path);
                if map.insert(key.clone(), value).is_some() {
                    self.problem(span, &format!("{key} is given twice"));
                }
            }
            path.pop();
        }
        Value::Object(map)
    }

    fn next<'i, I>(&mut self, events: &mut I) -> Option<(Event<'i>, Span)>
    where
        I: Iterator<Item = Result<(Event<'i>, Span), saphyr_parser::ScanError>>,
    {
        if self.broken {
            return None; // what follows a syntax error means nothing
        }
        match events.next()? {
            Ok(pair) => Some(pair),
            Err(error) => {
                self.broken = true;
                let marker = *error.marker();
                self.problem(Span::new(marker, marker), &format!("not YAML: {}", error.info()));
                None
            }
        }
    }
}

fn position(span: Span) -> Position {
    Position { line: span.start.line().max(1), column: span.start.col() + 1 }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned());
    }
    match Scalar::parse_from_cow(text.into()) {
        Scalar::Null => Value::Null,
        Scalar::Boolean(on) => Value::Bool(on),
        Scalar::Integer(number) => Value::from(number),
        Scalar::FloatingPoint(number) => Value::from(number.into_inner()),
        Scalar::String(text) => Value::String(text.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        name: String,
        parts: BTreeMap<String, Part>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Part {
        size: u32,
        #[serde(default)]
        labels: Vec<String>,
    }

    fn read(text: &str) -> (Option<Sample>, Vec<String>) {
        let mut problems = Vec::new();
        let sample = match Document::parse("sample.yaml", text) {
            Ok(document) => document.read(&mut problems),
            Err(found) => {
                problems = found;
                None
            }
        };
        (sample, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_good_document_is_read() {
        let (sample, problems) = read("name: x\nparts:\n  a: {size: 1, labels: [p, 'q']}\n");
        assert!(problems.is_empty(), "{problems:?}");
        let sample = sample.unwrap();
        assert_eq!((sample.name.as_str(), sample.parts["a"].size), ("x", 1));
        assert_eq!(sample.parts["a"].labels, ["p", "q"]);
    }

    #[test]
    fn every_problem_is_named_with_its_line() {
        let (sample, problems) =
            read("name: 1\nparts:\n  a:\n    size: big\n  b:\n    size: 1\n    colour: red\n  c: {}\n");
        assert!(sample.is_none());
        let lines: Vec<&str> = problems.iter().map(|problem| problem.split(": ").next().unwrap()).collect();
        assert_eq!(
            lines,
            ["sample.yaml:1:1", "sample.yaml:4:5", "sample.yaml:7:5", "sample.yaml:8:3"],
            "{problems:#?}"
        );
    }

    #[test]
    fn a_key_given_twice_is_a_problem() {
        let (_, problems) = read("name: x\nname: y\nparts: {}\n");
        assert_eq!(problems, ["sample.yaml:2:7: name is given twice"]);
    }

    #[test]
    fn broken_yaml_is_one_problem_with_its_line() {
        let (_, problems) = read("name: x\nparts: [\n");
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with("sample.yaml:3:"), "{problems:?}");
    }
}
