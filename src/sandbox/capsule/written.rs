//! The members of a written record, read one by one.
//!
//! Each reader leaves its target alone when the member is absent, so that an update changes only what it names. An
//! explicit null clears what can be empty. Members that nobody reads are ignored, as Capsule ignores them.

use serde_json::{Map, Value};
use time::{Date, OffsetDateTime};

use super::dates;
use super::refusal::Problem;

pub(super) type Members = Map<String, Value>;

/// A record as written, and what Capsule calls it in errors.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    resource: &'static str,
    members: &'a Members,
}

impl<'a> Written<'a> {
    pub(super) fn new(resource: &'static str, members: &'a Members) -> Written<'a> {
        Written { resource, members }
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.members.get(key)
    }

    /// Whether it consists of nothing but empty lists.
    pub(super) fn says_nothing(&self) -> bool {
        let says_nothing = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
        self.members.values().all(says_nothing)
    }

    pub(super) fn problem(&self, field: &str, message: &str) -> Problem {
        Problem::new(self.resource, field, message)
    }

    pub(super) fn required(&self, field: &str) -> Problem {
        Problem::required(self.resource, field)
    }

    pub(super) fn wrong_type(&self, field: &str) -> Problem {
        Problem::wrong_type(self.resource, field)
    }

    /// Text that may be empty.
    pub(super) fn text(&self, key: &str, into: &mut Option<String>) -> Result<(), Problem> {
        self.nullable(key, into, |value| value.as_str().map(str::to_owned))
    }

    /// Text that must be there in the end, with more than blanks in it.
    pub(super) fn filled_text(&self, key: &str, into: &mut String) -> Result<(), Problem> {
        match self.get(key) {
            None => {}
            Some(Value::String(text)) => text.trim().clone_into(into),
            Some(Value::Null) => into.clear(),
            Some(_) => return Err(self.wrong_type(key)),
        }
        if into.is_empty() { Err(self.required(key)) } else { Ok(()) }
    }

    /// A day that may be absent.
    pub(super) fn day(&self, key: &str, into: &mut Option<Date>) -> Result<(), Problem> {
        self.nullable(key, into, |value| dates::day(value.as_str()?))
    }

    /// An instant that must stay one.
    pub(super) fn instant(&self, key: &str, into: &mut OffsetDateTime) -> Result<(), Problem> {
        self.fixed(key, into, |value| dates::instant(value.as_str()?))
    }

    pub(super) fn flag(&self, key: &str, into: &mut bool) -> Result<(), Problem> {
        self.fixed(key, into, Value::as_bool)
    }

    /// A whole number within `range` that must stay one.
    pub(super) fn integer(
        &self,
        key: &str,
        range: std::ops::RangeInclusive<i64>,
        into: &mut i64,
    ) -> Result<(), Problem> {
        self.fixed(key, into, |value| value.as_i64().filter(|number| range.contains(number)))
    }

    /// One of `options` that must stay one.
    pub(super) fn option(
        &self,
        key: &str,
        options: &[&'static str],
        into: &mut &'static str,
    ) -> Result<(), Problem> {
        match self.get(key) {
            None => Ok(()),
            Some(value) => {
                let chosen = options.iter().find(|option| Some(**option) == value.as_str());
                let message = || format!("options are: {}", options.join(", "));
                *into = chosen.ok_or_else(|| self.problem(key, &message()))?;
                Ok(())
            }
        }
    }

    /// A member that is read with `read` and cleared by null.
    pub(super) fn nullable<T>(
        &self,
        key: &str,
        into: &mut Option<T>,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<(), Problem> {
        match self.get(key) {
            None => {}
            Some(Value::Null) => *into = None,
            Some(value) => *into = Some(read(value).ok_or_else(|| self.wrong_type(key))?),
        }
        Ok(())
    }

    fn fixed<T>(
        &self,
        key: &str,
        into: &mut T,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<(), Problem> {
        if let Some(value) = self.get(key) {
            *into = read(value).ok_or_else(|| self.wrong_type(key))?;
        }
        Ok(())
    }

    /// A reference as `{"id": 1}`, as a bare id, or null; outer None when it is not written.
    pub(super) fn reference(
        &self,
        key: &str,
        exists: impl Fn(i64) -> bool,
    ) -> Result<Option<Option<i64>>, Problem> {
        let id = match self.get(key) {
            None => return Ok(None),
            Some(Value::Null) => return Ok(Some(None)),
            Some(written) => id_of(written),
        };
        match id.filter(|id| exists(*id)) {
            Some(id) => Ok(Some(Some(id))),
            None => Err(self.problem(key, &format!("{key} not found"))),
        }
    }

    /// [`Written::reference`] that may be empty.
    pub(super) fn link(
        &self,
        key: &str,
        into: &mut Option<i64>,
        exists: impl Fn(i64) -> bool,
    ) -> Result<(), Problem> {
        if let Some(written) = self.reference(key, exists)? {
            *into = written;
        }
        Ok(())
    }

    /// [`Written::reference`] that must lead somewhere in the end.
    pub(super) fn required_link(
        &self,
        key: &str,
        into: &mut i64,
        exists: impl Fn(i64) -> bool,
    ) -> Result<(), Problem> {
        let mut held = Some(*into).filter(|id| *id != 0);
        self.link(key, &mut held, exists)?;
        *into = held.ok_or_else(|| self.required(key))?;
        Ok(())
    }

    /// The items of a list of objects; none when it is absent or null.
    pub(super) fn items(&self, key: &str) -> Result<Vec<&'a Members>, Problem> {
        match self.get(key) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(items)) => {
                let items = items.iter().map(|item| item.as_object().ok_or_else(|| self.wrong_type(key)));
                items.collect()
            }
            Some(_) => Err(self.wrong_type(key)),
        }
    }
}

/// The id in `{"id": 1}` or in `1`.
pub(super) fn id_of(written: &Value) -> Option<i64> {
    match written {
        Value::Object(members) => members.get("id").and_then(Value::as_i64),
        bare => bare.as_i64(),
    }
}

/// Whether an item of a list asks to be removed.
pub(super) fn asks_deletion(item: &Members) -> bool {
    item.get("_delete") == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reference_is_an_object_a_bare_id_or_null() {
        let members = json!({ "a": { "id": 1 }, "b": 2, "c": null, "d": { "id": 9 }, "e": "x" });
        let members = members.as_object().cloned().unwrap_or_default();
        let written = Written::new("thing", &members);
        let read = |key: &str| written.reference(key, |id| id < 5);
        assert_eq!(read("a"), Ok(Some(Some(1))));
        assert_eq!(read("b"), Ok(Some(Some(2))));
        assert_eq!(read("c"), Ok(Some(None)));
        assert_eq!(read("absent"), Ok(None));
        assert_eq!(read("d"), Err(Problem::new("thing", "d", "d not found")));
        assert_eq!(read("e"), Err(Problem::new("thing", "e", "e not found")));
    }
}
