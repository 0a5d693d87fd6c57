//! Objects with methods: dates, durations, intervals, the search parameters of a URL, dependency graphs.
//!
//! To the engine each is an object like any other, whose fields are its plain properties. Its first field is the mark:
//! a built-in function's name, a value that no JSON holds and no expression can make, that says what the object is and
//! carries its state. A call of a method is turned into a call of ours before evaluation ([`lower`](super::super::lower)),
//! so the methods themselves are no fields. Where such an object reaches the output, or a text, it is what it is in JSON:
//! a date its ISO 8601 form.

use std::borrow::Cow;

use jsonata_core::value::{JMap, JValue, with_stack};

use super::super::values;
use super::{HostResult, Refusal, Surroundings, dates, graph, parsing};

/// The functions that give such objects.
const MAKERS: &[&str] = &["dtFromIso", "dtFromFormat", "parseUrl", "dependencyGraph"];

/// Whether an expression that mentions these variables can have such objects.
pub(in super::super) fn are_made<'n>(mut variables: impl Iterator<Item = &'n str>) -> bool {
    variables.any(|name| MAKERS.contains(&name))
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Date,
    Duration,
    Interval,
    SearchParams,
    Graph,
}

impl Kind {
    const ALL: [Kind; 5] = [Kind::Date, Kind::Duration, Kind::Interval, Kind::SearchParams, Kind::Graph];

    /// The mark's key and what its name begins with. The key is a method's, since a function is what stands there.
    fn mark(self) -> (&'static str, &'static str) {
        match self {
            Kind::Date => ("toISO", "a date: "),
            Kind::Duration => ("toISO", "a duration: "),
            Kind::Interval => ("toISO", "an interval: "),
            Kind::SearchParams => ("toString", "search parameters: "),
            Kind::Graph => ("overallOrder", "a graph: "),
        }
    }

    fn methods(self) -> &'static [&'static str] {
        match self {
            Kind::Date => dates::METHODS,
            Kind::Duration => dates::DURATION_METHODS,
            Kind::Interval => dates::INTERVAL_METHODS,
            Kind::SearchParams => parsing::SEARCH_METHODS,
            Kind::Graph => graph::METHODS,
        }
    }
}

/// An object of that kind, with `state` in its mark and these plain properties.
pub(super) fn object(
    kind: Kind,
    state: &str,
    properties: impl IntoIterator<Item = (String, JValue)>,
) -> JValue {
    let (key, prefix) = kind.mark();
    let mark = (key.to_owned(), JValue::builtin(format!("{prefix}{state}")));
    values::object([mark].into_iter().chain(properties).collect())
}

/// What the value is, and its state, if it is an object of ours.
pub(super) fn known(value: &JValue) -> Option<(Kind, &str)> {
    let JValue::Object(fields) = value else {
        return None;
    };
    let (_, JValue::Builtin { name }) = fields.get_index(0)? else {
        return None;
    };
    Kind::ALL.iter().find_map(|kind| Some((*kind, name.strip_prefix(kind.mark().1)?)))
}

/// Whether the value is an object of ours.
pub(in super::super) fn is_known(value: &JValue) -> bool {
    known(value).is_some()
}

/// Whether any object of ours has a method of that name.
pub(in super::super) fn is_method(name: &str) -> bool {
    Kind::ALL.iter().any(|kind| kind.methods().contains(&name))
}

/// Whether the value is an object of ours with that method.
pub(super) fn has_method(value: &JValue, name: &str) -> bool {
    known(value).is_some_and(|(kind, _)| kind.methods().contains(&name))
}

/// Calls the method. The engine has asked [`has_method`] before.
pub(super) fn call(object: &JValue, name: &str, args: &[JValue], surroundings: &Surroundings) -> HostResult {
    match known(object) {
        Some((Kind::Date, state)) => dates::call(state, name, args, surroundings),
        Some((Kind::Duration, state)) => dates::call_duration(state, name, args),
        Some((Kind::Interval, state)) => dates::call_interval(state, name, args),
        Some((Kind::SearchParams, state)) => parsing::call_search(state, name, args),
        Some((Kind::Graph, _)) => graph::call(object, name, args),
        None => Err(Refusal::argument(format!("{name} is no method of this value"))),
    }
}

/// What equals another of the same kind and state, in place of an object of ours: of two functions, which the marks are,
/// none equals the other.
pub(super) fn comparable(value: &JValue) -> JValue {
    let Some((kind, state)) = known(value) else {
        return value.clone();
    };
    let (key, prefix) = kind.mark();
    let mut fields = JMap::from_iter([(key.to_owned(), JValue::string(format!("{prefix}{state}")))]);
    // A graph's state is in its fields.
    if let (Kind::Graph, JValue::Object(all)) = (kind, value) {
        fields.extend(all.iter().skip(1).map(|(name, value)| (name.clone(), value.clone())));
    }
    values::object(fields)
}

/// What the value is in JSON, if it is an object of ours.
pub(in super::super) fn in_json(value: &JValue) -> Option<JValue> {
    let (kind, state) = known(value)?;
    Some(match kind {
        Kind::Date => dates::in_json(state),
        Kind::Duration => dates::duration_in_json(state),
        Kind::Interval => dates::interval_in_json(state),
        Kind::SearchParams | Kind::Graph => {
            let fields = value.as_object()?.iter();
            let plain = fields.filter(|(name, value)| !value.is_function() && !name.contains(' '));
            values::object(plain.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
    })
}

/// The value with every object of ours in it as it is in JSON.
pub(in super::super) fn plain(value: &JValue) -> Cow<'_, JValue> {
    if !holds_any(value) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(made_plain(value))
}

fn holds_any(value: &JValue) -> bool {
    match value {
        JValue::Array(items) => with_stack(|| items.iter().any(holds_any)),
        JValue::Object(fields) => known(value).is_some() || with_stack(|| fields.values().any(holds_any)),
        _ => false,
    }
}

fn made_plain(value: &JValue) -> JValue {
    match value {
        JValue::Array(items) => with_stack(|| JValue::array(items.iter().map(made_plain).collect())),
        JValue::Object(fields) => match in_json(value) {
            Some(plain) => plain,
            None => with_stack(|| {
                let fields = fields.iter().map(|(name, value)| (name.clone(), made_plain(value)));
                values::object(fields.collect::<JMap>())
            }),
        },
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_of_ours_is_known_by_its_mark_and_no_json_is() {
        let params = object(Kind::SearchParams, "a=1", [("size".to_owned(), JValue::from_i64(1))]);
        assert_eq!(known(&params), Some((Kind::SearchParams, "a=1")));
        assert!(has_method(&params, "get") && !has_method(&params, "toUTC"));
        let json = values::from_text(r#"{"toString":"search parameters: a=1"}"#).expect("a value");
        assert_eq!(known(&json), None);
        assert_eq!(known(&JValue::Null), None);
    }

    #[test]
    fn every_kind_has_its_marks_key_among_its_methods() {
        for kind in Kind::ALL {
            assert!(kind.methods().contains(&kind.mark().0), "{kind:?}");
        }
    }

    #[test]
    fn objects_of_ours_are_made_plain_wherever_they_stand() {
        let params = object(Kind::SearchParams, "a=1", [("size".to_owned(), JValue::from_i64(1))]);
        let list = JValue::array(vec![JValue::Null, params]);
        let size = values::from_text(r#"[null,{"size":1}]"#).expect("a value");
        assert_eq!(*plain(&list), size);
    }
}
