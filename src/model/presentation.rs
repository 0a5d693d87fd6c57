//! How an answer is to look: which format, which fields, keyed by what.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::query::Query;
use super::record::Record;
use super::schema::{Resource, nearest};
use crate::error::{Error, Result};

/// Formats of an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// The schema's fields, nested as the schema says.
    #[default]
    Unified,
    /// The vendor's own record, byte for byte.
    Raw,
    /// The unified record with objects flattened into dotted keys (`account.id`), without `remote_data`.
    Normalized,
    /// As unified; a list is walked to its end and sent page by page as the vendor gives it.
    Stream,
}

/// How an answer is to look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Presentation {
    /// Which format.
    pub format: Format,
    /// Leave out `remote_data`.
    pub without_remote_data: bool,
    /// Leave out these fields.
    pub exclude: Vec<String>,
    /// Make the result of a list an object keyed by this field.
    pub key_by: Option<String>,
    /// Walk a list to its end, whatever the page size.
    pub ignore_limit: bool,
    /// Whether the records of a list may come in short, where the vendor has them so; absent: as the account says.
    pub partial: Option<bool>,
}

impl Presentation {
    /// Takes the `truto_*` parameters out of a query, and refuses names that the resource doesn't have.
    pub fn take(query: &mut Query, resource: &Resource, lists: bool) -> Result<Self> {
        let format = match query.take_text("truto_response_format")?.as_deref() {
            None | Some("unified") => Format::Unified,
            Some("raw") => Format::Raw,
            Some("normalized") => Format::Normalized,
            Some("stream") => Format::Stream,
            Some(other) => {
                let problem = format!("must be unified, raw, normalized or stream, not {other:?}");
                return Err(Error::invalid_field("truto_response_format", problem));
            }
        };
        let mut presentation = Presentation {
            format,
            without_remote_data: query.take_flag("truto_ignore_remote_data")?,
            exclude: query.take_list("truto_exclude_fields")?,
            key_by: None,
            ignore_limit: false,
            partial: None,
        };
        if lists {
            presentation.key_by = query.take_text("truto_key_by")?;
            presentation.ignore_limit = query.take_flag("truto_ignore_limit")?;
            presentation.partial = query.take_choice("truto_partial")?;
        }
        let excluded = presentation.exclude.iter().map(|name| ("truto_exclude_fields", name));
        let keyed = presentation.key_by.iter().map(|name| ("truto_key_by", name));
        for (parameter, name) in excluded.chain(keyed) {
            let known = || resource.fields.keys().map(String::as_str).chain(["remote_data"]);
            if !known().any(|field| field == name) {
                let hint =
                    nearest(name, known()).map_or_else(String::new, |near| format!("; did you mean {near}?"));
                return Err(Error::invalid_field(
                    parameter,
                    format!("{name:?} is not a field of this resource{hint}"),
                ));
            }
        }
        Ok(presentation)
    }

    /// Whether the vendor's record is wanted in the answer.
    pub fn wants_remote_data(&self) -> bool {
        match self.format {
            Format::Raw => true,
            Format::Normalized => false,
            Format::Unified | Format::Stream => {
                !self.without_remote_data && !self.exclude.iter().any(|name| name == "remote_data")
            }
        }
    }

    /// Whether a list is to be walked to its end.
    pub fn walks(&self) -> bool {
        self.ignore_limit || self.format == Format::Stream
    }

    /// A record as it is to look.
    pub fn present(&self, record: Record) -> Result<Presented> {
        if self.format == Format::Raw {
            return Ok(match record.remote_data {
                Some(raw) => Presented::Raw(raw),
                None => Presented::Record(record),
            });
        }
        if self.exclude.is_empty() && self.format != Format::Normalized {
            return Ok(Presented::Record(record));
        }
        let mut fields = record.fields().map_err(Error::internal)?;
        for name in &self.exclude {
            fields.shift_remove(name);
        }
        if self.format == Format::Normalized {
            let mut flat = Map::new();
            flatten("", fields, &mut flat);
            fields = flat;
        }
        record.with_fields(&fields).map(Presented::Record).map_err(Error::internal)
    }

    /// The key of a record in a keyed result.
    pub fn key(&self, record: &Record) -> Result<Option<String>> {
        let Some(name) = &self.key_by else { return Ok(None) };
        match record.fields().map_err(Error::internal)?.get(name) {
            Some(Value::String(key)) => Ok(Some(key.clone())),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(value.to_string())),
            _ => Err(Error::invalid_field(
                "truto_key_by",
                format!("{name} is empty in one of the records, or holds more than one value"),
            )),
        }
    }
}

/// A record as it leaves.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Presented {
    /// Unified fields.
    Record(Record),
    /// The vendor's own.
    Raw(Box<RawValue>),
}

impl Presented {
    /// Writes it as JSON, which costs no more than copying it.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Presented::Record(record) => record.write(out),
            Presented::Raw(raw) => out.extend_from_slice(raw.get().as_bytes()),
        }
    }

    /// How many bytes [`Presented::write`] writes, a few more at most.
    pub fn room(&self) -> usize {
        match self {
            Presented::Record(record) => record.room(),
            Presented::Raw(raw) => raw.get().len(),
        }
    }
}

fn flatten(prefix: &str, fields: Map<String, Value>, flat: &mut Map<String, Value>) {
    for (name, value) in fields {
        let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        match value {
            Value::Object(inner) if !inner.is_empty() => flatten(&key, inner, flat),
            value => {
                flat.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn resource() -> Resource {
        serde_json::from_value(json!({
            "description": "", "singular": "contact", "methods": ["list"],
            "fields": {
                "id": {"type": "string"},
                "name": {"type": "string"},
                "account": {"type": "object", "properties": {"id": {"type": "string"}}}
            }
        }))
        .unwrap()
    }

    fn present(query: &str) -> Result<Value> {
        let mut query = Query::parse(query)?;
        let presentation = Presentation::take(&mut query, &resource(), true)?;
        let raw = serde_json::value::to_raw_value(&json!({"Id": 1})).unwrap();
        let remote = presentation.wants_remote_data().then_some(raw);
        let record =
            Record::shape(&resource(), &json!({"id": 1, "name": "x", "account": {"id": 2}}), remote).unwrap();
        Ok(serde_json::to_value(presentation.present(record)?).unwrap())
    }

    #[test]
    fn each_format_has_its_shape() {
        let unified = json!({"id": "1", "name": "x", "account": {"id": "2"}, "remote_data": {"Id": 1}});
        assert_eq!(present("").unwrap(), unified);
        assert_eq!(present("truto_response_format=raw").unwrap(), json!({"Id": 1}));
        let flat = json!({"id": "1", "name": "x", "account.id": "2"});
        assert_eq!(present("truto_response_format=normalized").unwrap(), flat);
    }

    #[test]
    fn fields_are_excluded_in_every_spelling() {
        for query in [
            "truto_exclude_fields[]=name&truto_exclude_fields[]=remote_data",
            "truto_exclude_fields=name,remote_data",
            "truto_exclude_fields[0]=name&truto_exclude_fields[1]=remote_data",
        ] {
            assert_eq!(present(query).unwrap(), json!({"id": "1", "account": {"id": "2"}}), "{query}");
        }
    }

    #[test]
    fn unknown_fields_and_formats_are_refused() {
        assert!(present("truto_exclude_fields=nam").unwrap_err().message().contains("did you mean name?"));
        assert!(present("truto_key_by=phone").is_err());
        assert!(present("truto_response_format=xml").is_err());
    }
}
