//! What an expression can see.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;

/// The names that an expression can read, in order. The scope is the root object of the evaluation: with an entry
/// `response`, the expression `response.firstName` reads it, and `$$` is the whole scope.
///
/// Every slot of a mapping uses this one type; which names it holds is the slot's contract. A credential is never put
/// in a scope. `Debug` shows the names and no values. Clones share the entries.
#[derive(Clone, Default)]
pub struct Scope {
    entries: Vec<(Cow<'static, str>, Entry)>,
    instant: Option<i64>,
}

#[derive(Clone)]
pub(super) enum Entry {
    Value(Arc<Value>),
    Raw(Arc<RawValue>),
}

impl Scope {
    /// A scope with no names and no instant.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry, or replaces the one of that name where it stands.
    ///
    /// Integers beyond ±2^53 arrive in the expression as strings of their digits. A [`Value`] that was itself parsed
    /// from text has already lost the digits of integers beyond 64 bits; [`Scope::with_raw`] has not.
    #[must_use]
    pub fn with(self, name: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        self.with_shared(name, Arc::new(value.into()))
    }

    /// Adds an entry that others hold as well: the same as [`Scope::with`], without a copy.
    #[must_use]
    pub fn with_shared(self, name: impl Into<Cow<'static, str>>, value: Arc<Value>) -> Self {
        self.put(name.into(), Entry::Value(value))
    }

    /// Adds an entry of JSON text, which goes to the engine without becoming a [`Value`] first. Integers beyond ±2^53
    /// arrive as strings of their digits, however long they are.
    ///
    /// Text that no value can be made of (nested deeper than 128 levels, a number out of range) fails the evaluation.
    /// A borrowed `&RawValue` is given as `raw.to_owned()`, a box as it is.
    #[must_use]
    pub fn with_raw(self, name: impl Into<Cow<'static, str>>, json: impl Into<Arc<RawValue>>) -> Self {
        self.put(name.into(), Entry::Raw(json.into()))
    }

    /// Sets what `$now()` and `$millis()` give: the instant of the request, in milliseconds since the Unix epoch.
    /// Without it a call of either fails: an expression has no clock of its own.
    #[must_use]
    pub fn at(mut self, unix_millis: i64) -> Self {
        self.instant = Some(unix_millis);
        self
    }

    /// Adds those of another scope's entries whose names occur in `text`, an expression's: a page of records costs too
    /// much to be read for an expression that has nothing to do with it.
    #[must_use]
    pub fn with_named(mut self, others: &Scope, text: &str) -> Self {
        for (name, entry) in others.entries.iter().filter(|(name, _)| text.contains(name.as_ref())) {
            self = self.put(name.clone(), entry.clone());
        }
        self
    }

    /// Whether all that can be seen comes to less than so many bytes, near enough: what a value is made of counts as
    /// sixteen each beside its text. It looks no further than that.
    pub fn is_below(&self, bytes: usize) -> bool {
        let left = self.entries.iter().try_fold(bytes, |left, (_, entry)| match entry {
            Entry::Value(value) => below(left, value),
            Entry::Raw(raw) => left.checked_sub(raw.get().len()),
        });
        left.is_some()
    }

    pub(super) fn entries(&self) -> impl ExactSizeIterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(name, entry)| (name.as_ref(), entry))
    }

    pub(super) fn instant(&self) -> Option<i64> {
        self.instant
    }

    fn put(mut self, name: Cow<'static, str>, entry: Entry) -> Self {
        match self.entries.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = entry,
            None => self.entries.push((name, entry)),
        }
        self
    }
}

/// `left` less what the value comes to, unless that is more.
fn below(left: usize, value: &Value) -> Option<usize> {
    let left = left.checked_sub(16)?;
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(left),
        Value::String(text) => left.checked_sub(text.len()),
        Value::Array(items) => items.iter().try_fold(left, below),
        Value::Object(fields) => {
            fields.iter().try_fold(left, |left, (name, field)| below(left.checked_sub(name.len())?, field))
        }
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.entries().map(|(name, _)| name).collect();
        f.debug_struct("Scope").field("names", &names).field("instant", &self.instant).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_set_twice_keeps_its_place_and_the_last_value() {
        let scope = Scope::new().with("a", 1).with("b", 2).with("a", 3);
        let entries: Vec<_> = scope.entries().collect();
        assert!(matches!(entries[0], ("a", Entry::Value(value)) if **value == 3));
        assert_eq!(entries[1].0, "b");
        assert_eq!(entries.len(), 2);
    }

    #[test]
    fn entries_of_another_scope_come_along_where_they_are_named() {
        let others = Scope::new().with("data", 1).with("item", 2);
        let scope = Scope::new().with("query", 3).with_named(&others, "query.id = data.id");
        let names: Vec<_> = scope.entries().map(|(name, _)| name).collect();
        assert_eq!(names, ["query", "data"]);
    }

    #[test]
    fn a_scope_is_weighed_with_its_names_and_texts() {
        let text = "x".repeat(100);
        let scope = Scope::new().with("body", serde_json::json!({ "abcd": [text, 1] }));
        // Four parts, four letters and a hundred.
        assert!(scope.is_below(168) && !scope.is_below(167));
        let raw = RawValue::from_string(format!("\"{}\"", "y".repeat(98))).expect("JSON");
        let scope = scope.with_raw("response", raw);
        assert!(scope.is_below(268) && !scope.is_below(267));
    }

    #[test]
    fn debug_shows_no_values() {
        let shown = format!("{:?}", Scope::new().with("body", "hunter2"));
        assert!(shown.contains("body") && !shown.contains("hunter2"));
    }
}
