//! Finding records in a vendor's answer without taking the rest of it apart.
//!
//! A record is kept as the bytes that the vendor sent: numbers keep their digits, keys their order, and a list
//! costs one pass over its text. What is found is borrowed from the answer; whoever keeps it copies it.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The value at a dotted path (`party`, `data.items`); an empty path is the whole body. `None` where the body
/// has no such member.
pub fn at<'b>(body: &'b [u8], path: &str) -> serde_json::Result<Option<&'b RawValue>> {
    find(body, path)
}

/// The items of the array at a path, or of all arrays where the path leads through arrays. `None` where the body has no
/// such member, or it isn't an array; with `lone`, an object there is an array of one.
pub fn items<'b>(body: &'b [u8], path: &str, lone: bool) -> serde_json::Result<Option<Vec<&'b RawValue>>> {
    if let Some(found) = find(body, path)? {
        return Ok(Some(found));
    }
    let object = at(body, path)?.filter(|found| lone && found.get().starts_with('{'));
    match object {
        Some(object) => Ok(Some(vec![object])),
        None => grouped(body, &segments(path), false),
    }
}

/// Whatever is at the end of a path that leads through arrays, an item for each way there. `None` where a way ends early.
pub fn each<'b>(body: &'b [u8], path: &str) -> serde_json::Result<Option<Vec<&'b RawValue>>> {
    grouped(body, &segments(path), true)
}

fn segments(path: &str) -> Vec<&str> {
    path.split('.').filter(|segment| !segment.is_empty()).collect()
}

/// The items of all arrays at the end of a path that leads through arrays. A group that has none at all makes it `None`;
/// with `lone`, what is no array counts as one item.
fn grouped<'b>(
    body: &'b [u8],
    segments: &[&str],
    lone: bool,
) -> serde_json::Result<Option<Vec<&'b RawValue>>> {
    let Some((first, rest)) = segments.split_first() else {
        return match find(body, "")? {
            None if lone => Ok(at(body, "")?.map(|item| vec![item])),
            found => Ok(found),
        };
    };
    let Some(found) = at(body, first)? else { return Ok(None) };
    let groups: Option<Vec<&'b RawValue>> = find(found.get().as_bytes(), "")?;
    let Some(groups) = groups.filter(|_| !rest.is_empty()) else {
        return grouped(found.get().as_bytes(), rest, lone);
    };
    let mut items = Vec::new();
    for group in groups {
        match grouped(group.get().as_bytes(), rest, lone)? {
            Some(found) => items.extend(found),
            None => return Ok(None),
        }
    }
    Ok(Some(items))
}

fn find<'b, T: Deserialize<'b>>(body: &'b [u8], path: &str) -> serde_json::Result<Option<T>> {
    let segments = segments(path);
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    match At(&segments, PhantomData).deserialize(&mut deserializer) {
        Ok(found) => deserializer.end().map(|()| found),
        // It is JSON, but of another kind than the path leads through or than is wanted at its end.
        Err(error) if error.is_data() => Ok(None),
        Err(error) => Err(error),
    }
}

/// What the rest of a path leads to.
struct At<'p, T>(&'p [&'p str], PhantomData<T>);

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for At<'_, T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if self.0.is_empty() {
            T::deserialize(deserializer).map(Some)
        } else {
            deserializer.deserialize_map(self)
        }
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for At<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            if key == self.0[0] {
                found = map.next_value_seed(At(&self.0[1..], PhantomData))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_keep_their_bytes() {
        let body = br#"{"meta":{"n":1},"parties":[{"id":12345678901234567890, "x":1.50},null]}"#;
        let items = items(body, "parties", false).unwrap().unwrap();
        assert_eq!(items[0].get(), r#"{"id":12345678901234567890, "x":1.50}"#);
        assert_eq!(items[1].get(), "null");
    }

    #[test]
    fn nested_and_empty_paths_are_followed() {
        assert_eq!(at(br#"{"a":{"b":[1]}}"#, "a.b").unwrap().unwrap().get(), "[1]");
        assert_eq!(items(b"[1,2]", "", false).unwrap().unwrap().len(), 2);
    }

    #[test]
    fn groups_give_their_records_together() {
        let body = br#"{"g":[{"d":[1,2],"m":{"n":"a"}},{"d":[],"m":{"n":null}},{"d":[3],"m":{"n":"b"}}]}"#;
        let texts = |path: &str| {
            let found = items(body, path, false).unwrap();
            found.map(|items| items.iter().map(|item| item.get().to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(texts("g.d").unwrap(), ["1", "2", "3"]);
        let links = each(body, "g.m.n").unwrap().unwrap();
        let links: Vec<&str> = links.iter().map(|link| link.get()).collect();
        assert_eq!(links, [r#""a""#, "null", r#""b""#]);
        assert_eq!(texts("g.x"), None);
        assert_eq!(texts("g.m.n"), None);
    }

    #[test]
    fn a_missing_member_is_none_and_broken_json_an_error() {
        for body in [r#"{}"#, "[]", "1", "true", "null", r#""x""#, r#"{"parties":{}}"#, r#"{"parties":null}"#]
        {
            assert!(items(body.as_bytes(), "parties", false).unwrap().is_none(), "{body}");
        }
        assert!(items(br#"{"parties":7}"#, "parties", true).unwrap().is_none());
        for body in ["", "<html>", r#"{"parties":[1"#, r#"{"parties":[]} x"#] {
            assert!(items(body.as_bytes(), "parties", false).is_err(), "{body}");
        }
    }
}
