//! Tags and custom fields: how their tables are made, and how seeded records get them.

use serde_json::Value;

use super::super::account::Account;
use super::super::field_values;
use super::super::fields::{Definition, FieldKind};
use super::super::record::Record;
use super::super::tags::{self as tag, Tag};
use crate::sandbox::table::Table;

/// Name, description, and whether it is a DataTag.
pub(super) type TagRow = (&'static str, Option<&'static str>, bool);

/// Name, type, options, capture rule, DataTag.
pub(super) type FieldRow =
    (&'static str, FieldKind, &'static [&'static str], Option<&'static str>, Option<i64>);

pub(super) fn tags(first_id: i64, rows: &[TagRow]) -> Table<Tag> {
    let mut tags = Table::starting_at(first_id);
    for (name, description, data_tag) in rows {
        tags.insert(|id| Tag {
            id,
            name: (*name).to_owned(),
            description: description.map(str::to_owned),
            data_tag: *data_tag,
        });
    }
    tags
}

/// The first of the fields is the important one.
pub(super) fn fields(first_id: i64, rows: &[FieldRow]) -> Table<Definition> {
    let mut fields = Table::starting_at(first_id);
    for (order, (name, kind, options, capture_rule, tag)) in (1..).zip(rows) {
        fields.insert(|id| Definition {
            id,
            name: (*name).to_owned(),
            kind: *kind,
            description: (*name == "Seats").then(|| "Covers at the largest site".to_owned()),
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            capture_rule: capture_rule.map(str::to_owned),
            important: order == 1,
            display_order: order,
            tag: *tag,
        });
    }
    fields
}

/// Attaches the tag of that name and gives the field of that name a value, each if `wanted`.
pub(super) struct Marker<'a, R> {
    pub(super) account: &'a mut Account,
    pub(super) record: &'a mut R,
}

impl<R: Record> Marker<'_, R> {
    pub(super) fn tag(&mut self, wanted: bool, name: &str) {
        let tag = tag::named(&R::vocabulary(self.account).tags, name);
        if let Some(tag) = tag.map(|tag| tag.id).filter(|_| wanted) {
            tag::attach(self.record, tag);
        }
    }

    pub(super) fn field(&mut self, wanted: bool, name: &str, value: impl Into<Value>) {
        let is_named = |definition: &&Definition| definition.name == name;
        let fields = &R::vocabulary(self.account).fields;
        let definition = fields.iter().find(is_named).map(|definition| definition.id);
        if let Some(definition) = definition.filter(|_| wanted) {
            field_values::put(self.account, self.record.marks_mut(), definition, Some(value.into()));
        }
    }
}
