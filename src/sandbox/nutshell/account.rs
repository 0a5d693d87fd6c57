//! The records of one Nutshell account, and what holds between them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use super::definitions::Definition;
use super::files::File;
use super::record::{Kind, Record};
use super::refusal::Refusal;
use super::stamps::instant;
use crate::sandbox::table::{Change, Table};

/// Everything in an account.
#[derive(Clone)]
pub(super) struct Account {
    tables: BTreeMap<Kind, Table<Record>>,
    pub(super) definitions: Vec<Definition>,
    /// Files by their ids.
    pub(super) files: BTreeMap<i64, File>,
    /// Lists that people saved.
    pub(super) filters: Vec<(i64, &'static str)>,
    /// When it is looked at or changed.
    pub(super) now: OffsetDateTime,
}

impl Account {
    /// Without any record; ids of each kind begin at a number of their own.
    pub(super) fn empty(now: OffsetDateTime, first_ids: impl Fn(Kind) -> i64) -> Account {
        let tables = Kind::all().map(|kind| (kind, Table::starting_at(first_ids(kind)))).collect();
        Account { tables, definitions: Vec::new(), files: BTreeMap::new(), filters: Vec::new(), now }
    }

    pub(super) fn get(&self, kind: Kind, id: i64) -> Option<&Record> {
        self.tables.get(&kind)?.get(id)
    }

    /// The record, or the refusal of one that isn't there.
    pub(super) fn find(&self, kind: Kind, id: i64) -> Result<&Record, Refusal> {
        self.get(kind, id).ok_or_else(|| Refusal::missing(kind))
    }

    /// All of a kind, by id.
    pub(super) fn all(&self, kind: Kind) -> impl DoubleEndedIterator<Item = &Record> {
        self.tables.get(&kind).into_iter().flat_map(Table::iter)
    }

    /// Adds a record, and answers its id.
    pub(super) fn add(&mut self, kind: Kind, creator: i64, fields: Map<String, Value>) -> i64 {
        let now = self.now;
        let table = self.tables.entry(kind).or_insert_with(|| Table::starting_at(1));
        table.insert(|id| Record { id, rev: 1, created: now, modified: now, creator, fields })
    }

    /// Gives a record other fields. Only what makes a difference counts as a change.
    pub(super) fn rewrite(&mut self, kind: Kind, id: i64, fields: Map<String, Value>) {
        let now = self.now;
        if let Some(record) = self.tables.get_mut(&kind).and_then(|table| table.get_mut(id))
            && record.fields != fields
        {
            record.fields = fields;
            record.rev += 1;
            record.modified = now;
        }
    }

    /// Changes when a record was made and changed, for data that has a past.
    pub(super) fn date(&mut self, kind: Kind, id: i64, created: OffsetDateTime, modified: OffsetDateTime) {
        if let Some(record) = self.tables.get_mut(&kind).and_then(|table| table.get_mut(id)) {
            (record.created, record.modified) = (created, modified);
            record.rev = 1 + u32::try_from((modified - created).whole_days().rem_euclid(9)).unwrap_or(0);
        }
    }

    /// Deletes a record with what can't be without it.
    pub(super) fn delete(&mut self, kind: Kind, id: i64) {
        let now = self.now;
        let linked = |record: &Record| record.link("entity") == Some((kind, id));
        for (of, table) in &mut self.tables {
            match of {
                Kind::Notes | Kind::Tasks => table.delete_where(linked, now),
                _ if *of == kind => drop(table.delete(id, now)),
                _ => table.update_where(|record| refers(record, kind, id), |record| forget(record, kind, id)),
            }
        }
        if let Some(table) = self.tables.get_mut(&kind).filter(|_| matches!(kind, Kind::Notes | Kind::Tasks))
        {
            table.delete(id, now);
        }
    }

    /// What happened to records of a kind since an earlier state.
    pub(super) fn changes_since<'a>(
        &'a self,
        before: &'a Account,
        kind: Kind,
    ) -> Vec<(i64, Change<'a, Record>)> {
        match (self.tables.get(&kind), before.tables.get(&kind)) {
            (Some(after), Some(before)) => after.changes_since(before),
            _ => Vec::new(),
        }
    }

    /// The fields that records of a kind can have beside the built-in ones.
    pub(super) fn definition(&self, kind: Kind, title: &str) -> Option<&Definition> {
        self.definitions.iter().find(|definition| definition.of == kind && definition.title == title)
    }

    /// The stages of a pipeline, in order.
    pub(super) fn stages(&self, stageset: i64) -> Vec<&Record> {
        let mut stages: Vec<&Record> =
            self.all(Kind::Milestones).filter(|stage| stage.number("stagesetId") == Some(stageset)).collect();
        stages.sort_by_key(|stage| stage.number("position"));
        stages
    }

    /// The user whose e-mail address this is.
    pub(super) fn user_of(&self, email: &str) -> Option<&Record> {
        let has = |user: &&Record| {
            let emails = user.field("emails").as_array().map(Vec::as_slice).unwrap_or_default();
            emails.iter().any(|held| held.as_str().is_some_and(|held| held.eq_ignore_ascii_case(email)))
        };
        self.all(Kind::Users).find(has)
    }

    /// How far an activity is: one that should be over and that nobody logged is overdue.
    pub(super) fn activity_status(&self, activity: &Record) -> i64 {
        let written = activity.number("status").unwrap_or(0);
        let over = instant(activity.text("endTime")).is_some_and(|end| end < self.now);
        if written == 0 && over { -1 } else { written }
    }

    /// Whether a note can still be changed by a user: by its author, within a day.
    pub(super) fn may_edit_note(&self, note: &Record, user: i64) -> bool {
        note.creator == user && self.now - note.created <= Duration::DAY
    }
}

/// Fields that hold lists of records of a kind.
fn list_of(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Accounts => Some("accounts"),
        Kind::Contacts => Some("contacts"),
        Kind::Leads => Some("leads"),
        _ => None,
    }
}

fn refers(record: &Record, kind: Kind, id: i64) -> bool {
    list_of(kind).is_some_and(|name| record.references(name).contains(&id))
        || (kind == Kind::Accounts && record.number("primaryAccount") == Some(id))
        || record.field("participants").as_array().is_some_and(|items| {
            items.iter().any(|item| item["entityType"] == kind.entity_type() && item["id"] == id)
        })
}

fn forget(record: &mut Record, kind: Kind, id: i64) {
    for name in list_of(kind).into_iter().chain(["participants"]) {
        if let Some(Value::Array(items)) = record.fields.get_mut(name) {
            items.retain(|item| {
                item["id"] != id || (name == "participants" && item["entityType"] != kind.entity_type())
            });
        }
    }
    if kind == Kind::Accounts && record.number("primaryAccount") == Some(id) {
        record.fields.insert("primaryAccount".to_owned(), Value::Null);
    }
}
