//! Records and pages, as they leave.

use serde::ser::{Error, Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, UtcOffset};

use super::schema::Resource;
use super::shape::{Mapped, ShapeError, shape};

/// One unified record, as JSON text.
#[derive(Debug)]
pub struct Record {
    /// An object: fields in schema order, then keys that a custom mapping adds.
    text: Vec<u8>,
    /// The vendor's own record, byte for byte; absent if the caller doesn't want it.
    pub remote_data: Option<Box<RawValue>>,
}

/// A page of a list, ready for its envelope.
#[derive(Debug)]
pub struct Page<R> {
    /// The page's records.
    pub records: Vec<R>,
    /// Where the list goes on; absent on the last page.
    pub next_cursor: Option<String>,
    /// Whether its records have come in short.
    pub partial: bool,
}

impl Record {
    /// Brings a mapped object into the resource's shape.
    pub fn shape<'v>(
        resource: &Resource,
        mapped: impl Mapped<'v>,
        remote_data: Option<Box<RawValue>>,
    ) -> Result<Record, ShapeError> {
        Ok(Record { text: shape(resource, mapped)?, remote_data })
    }

    /// The same record with these fields in place of its own.
    pub fn with_fields(self, fields: &Map<String, Value>) -> serde_json::Result<Record> {
        Ok(Record { text: serde_json::to_vec(fields)?, ..self })
    }

    /// Its fields without `remote_data`, read from their text: for whoever looks at them one by one.
    pub fn fields(&self) -> serde_json::Result<Map<String, Value>> {
        serde_json::from_slice(&self.text)
    }

    /// Writes the record as JSON, which costs no more than copying it.
    pub fn write(&self, out: &mut Vec<u8>) {
        let Some(remote) = &self.remote_data else { return out.extend_from_slice(&self.text) };
        let open = self.text.strip_suffix(b"}").unwrap_or(&self.text);
        out.extend_from_slice(open);
        out.extend_from_slice(if open == b"{" { b"\"remote_data\":" } else { b",\"remote_data\":" });
        out.extend_from_slice(remote.get().as_bytes());
        out.push(b'}');
    }

    /// How many bytes [`Record::write`] writes, a few more at most.
    pub fn room(&self) -> usize {
        let remote = self.remote_data.as_ref().map_or(0, |remote| remote.get().len());
        self.text.len() + remote + 20
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in &self.fields().map_err(S::Error::custom)? {
            map.serialize_entry(name, value)?;
        }
        if let Some(remote) = &self.remote_data {
            map.serialize_entry("remote_data", remote)?;
        }
        map.end()
    }
}

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const OFFSET_WITHOUT_COLON: &[BorrowedFormatItem<'_>] = format_description!(
    "[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]][offset_hour sign:mandatory][offset_minute]"
);
const NO_OFFSET: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]]");
const CANONICAL: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// Reads an instant in the spellings that vendors use and writes it as ISO-8601 in UTC with milliseconds.
///
/// Read are RFC 3339, an offset without its colon, a time without an offset (taken as UTC), and a bare day
/// (taken as its midnight in UTC). Anything else is `None`.
pub fn instant(text: &str) -> Option<String> {
    if is_in_utc_and_whole_seconds(text) {
        return Some([&text[..text.len() - 1], ".000Z"].concat());
    }
    let moment = OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(text, OFFSET_WITHOUT_COLON))
        .or_else(|_| PrimitiveDateTime::parse(text, NO_OFFSET).map(PrimitiveDateTime::assume_utc))
        .or_else(|_| Date::parse(text, DAY).map(|day| day.midnight().assume_utc()))
        .ok()?;
    format_instant(moment)
}

/// Whether an instant is written as most vendors write theirs (`2024-03-19T18:25:25Z`), and exists.
fn is_in_utc_and_whole_seconds(text: &str) -> bool {
    let bytes = text.as_bytes();
    let pattern = b"0000-00-00T00:00:00Z";
    let fits = |(byte, pattern): (&u8, &u8)| match pattern {
        b'0' => byte.is_ascii_digit(),
        mark => byte == mark,
    };
    if bytes.len() != pattern.len() || !bytes.iter().zip(pattern).all(fits) {
        return false;
    }
    let number = |at: usize| (bytes[at] - b'0') * 10 + (bytes[at + 1] - b'0');
    let year = i32::from(number(0)) * 100 + i32::from(number(2));
    let month = Month::try_from(number(5));
    let day_exists = month.is_ok_and(|month| (1..=month.length(year)).contains(&number(8)));
    day_exists && number(11) < 24 && number(14) < 60 && number(17) < 60
}

/// Writes an instant as every answer spells it.
pub fn format_instant(moment: OffsetDateTime) -> Option<String> {
    moment.to_offset(UtcOffset::UTC).format(CANONICAL).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_record_is_written_and_serialised_alike() {
        let resource: Resource = serde_json::from_value(json!({
            "description": "", "singular": "note", "methods": ["list"], "fields": {"id": {"type": "string"}}
        }))
        .unwrap();
        let raw = || serde_json::from_str::<Box<RawValue>>(r#"{"Id": 1.50}"#).unwrap();
        for (remote, expected) in [
            (Some(raw()), r#"{"id":"1","x":[1],"remote_data":{"Id": 1.50}}"#),
            (None, r#"{"id":"1","x":[1]}"#),
        ] {
            let record = Record::shape(&resource, &json!({"id": 1, "x": [1]}), remote).unwrap();
            let mut out = Vec::new();
            record.write(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
            assert_eq!(serde_json::to_string(&record).unwrap(), expected);
            assert!((expected.len()..expected.len() + 21).contains(&record.room()));
        }
        let empty = Record::shape(&resource, &json!({"id": 1}), Some(raw())).unwrap();
        let mut out = Vec::new();
        empty.with_fields(&Map::new()).unwrap().write(&mut out);
        assert_eq!(out, br#"{"remote_data":{"Id": 1.50}}"#);
    }

    #[test]
    fn instants_leave_in_one_spelling() {
        for text in [
            "2024-03-19T18:25:25Z",
            "2024-03-19T20:25:25+02:00",
            "2024-03-19T18:25:25+0000",
            "2024-03-19T18:25:25",
        ] {
            assert_eq!(instant(text).as_deref(), Some("2024-03-19T18:25:25.000Z"), "{text}");
        }
        assert_eq!(instant("2024-03-19T18:25:25.123456Z").as_deref(), Some("2024-03-19T18:25:25.123Z"));
        assert_eq!(instant("2024-03-19").as_deref(), Some("2024-03-19T00:00:00.000Z"));
        assert_eq!(instant("19/03/2024"), None);
    }

    #[test]
    fn an_instant_that_does_not_exist_is_none() {
        assert_eq!(instant("2024-02-29T23:59:59Z").as_deref(), Some("2024-02-29T23:59:59.000Z"));
        for text in [
            "2023-02-29T00:00:00Z",
            "2024-00-10T00:00:00Z",
            "2024-13-10T00:00:00Z",
            "2024-04-31T00:00:00Z",
            "2024-04-30T24:00:00Z",
            "2024-04-30T00:60:00Z",
            "2024-04-30T00:00:61Z",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }
}
