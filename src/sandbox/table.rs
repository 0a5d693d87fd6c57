//! A generic store of one kind of record: ids that only grow, and a memory of what was deleted.
//!
//! Rows are shared, so cloning a table costs a pointer per row. That is what lets a twin try a write on a copy and keep
//! the copy only if the whole write was acceptable.

use std::collections::BTreeMap;
use std::sync::Arc;

use time::OffsetDateTime;

/// Records by id.
#[derive(Clone)]
pub(super) struct Table<T> {
    rows: BTreeMap<i64, Arc<T>>,
    next_id: i64,
    deleted: Vec<Tombstone>,
}

/// What remains of a deleted record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tombstone {
    pub(super) id: i64,
    pub(super) at: OffsetDateTime,
}

impl<T: Clone> Table<T> {
    /// An empty table whose first record gets `first_id`.
    pub(super) fn starting_at(first_id: i64) -> Table<T> {
        Table { rows: BTreeMap::new(), next_id: first_id, deleted: Vec::new() }
    }

    /// Adds the record that `build` makes of its new id, and answers the id.
    pub(super) fn insert(&mut self, build: impl FnOnce(i64) -> T) -> i64 {
        let id = self.next_id;
        self.next_id += 1;
        self.rows.insert(id, Arc::new(build(id)));
        id
    }

    /// Adds a record under an id that the vendor has fixed. Ids given later are not affected.
    pub(super) fn put(&mut self, id: i64, record: T) {
        self.rows.insert(id, Arc::new(record));
    }

    pub(super) fn get(&self, id: i64) -> Option<&T> {
        self.rows.get(&id).map(Arc::as_ref)
    }

    pub(super) fn get_mut(&mut self, id: i64) -> Option<&mut T> {
        self.rows.get_mut(&id).map(Arc::make_mut)
    }

    /// Deletes a record; false when there is none.
    pub(super) fn delete(&mut self, id: i64, at: OffsetDateTime) -> bool {
        let existed = self.rows.remove(&id).is_some();
        if existed {
            self.deleted.push(Tombstone { id, at });
        }
        existed
    }

    /// All records, oldest id first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.rows.values().map(Arc::as_ref)
    }

    /// How many records there are.
    pub(super) fn count(&self) -> usize {
        self.rows.len()
    }

    /// Deletes the records that `picked` chooses.
    pub(super) fn delete_where(&mut self, picked: impl Fn(&T) -> bool, at: OffsetDateTime) {
        let doomed: Vec<i64> = self.rows.iter().filter(|(_, row)| picked(row)).map(|(id, _)| *id).collect();
        for id in doomed {
            self.delete(id, at);
        }
    }

    /// Changes the records that `picked` chooses; the others are not copied.
    pub(super) fn update_where(&mut self, picked: impl Fn(&T) -> bool, change: impl Fn(&mut T)) {
        for row in self.rows.values_mut().filter(|row| picked(row)) {
            change(Arc::make_mut(row));
        }
    }

    /// Records deleted after `since`, in the order of deletion.
    pub(super) fn deleted_after(&self, since: OffsetDateTime) -> Vec<Tombstone> {
        self.deleted.iter().filter(|tombstone| tombstone.at > since).copied().collect()
    }
}

/// What became of a record between two states of its table.
#[derive(Debug, PartialEq)]
pub(super) enum Change<'a, T> {
    Created(&'a T),
    Updated { before: &'a T, after: &'a T },
    Deleted,
}

impl<T: PartialEq> Table<T> {
    /// What distinguishes this table from what it was: what is new or different, then what is gone, by id.
    pub(super) fn changes_since<'a>(&'a self, before: &'a Table<T>) -> Vec<(i64, Change<'a, T>)> {
        let mut changes = Vec::new();
        for (id, after) in &self.rows {
            match before.rows.get(id) {
                None => changes.push((*id, Change::Created(after.as_ref()))),
                Some(before) if Arc::ptr_eq(before, after) || before == after => {}
                Some(before) => changes.push((*id, Change::Updated { before, after })),
            }
        }
        let gone = before.rows.keys().filter(|id| !self.rows.contains_key(id));
        changes.extend(gone.map(|id| (*id, Change::Deleted)));
        changes
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn an_id_is_never_given_twice() {
        let mut table = Table::starting_at(7);
        let first = table.insert(|id| id);
        assert!(table.delete(first, datetime!(2026-01-01 00:00 UTC)));
        let second = table.insert(|id| id);
        assert_eq!((first, second), (7, 8));
        assert!(table.get(first).is_none());
    }

    #[test]
    fn a_copy_keeps_its_rows_when_the_original_changes() {
        let mut table = Table::starting_at(1);
        let id = table.insert(|_| "before".to_owned());
        let copy = table.clone();
        if let Some(row) = table.get_mut(id) {
            *row = "after".to_owned();
        }
        assert_eq!(copy.get(id).map(String::as_str), Some("before"));
        assert_eq!(table.get(id).map(String::as_str), Some("after"));
    }

    #[test]
    fn changes_are_told_by_content_not_by_who_wrote() {
        let mut table = Table::starting_at(1);
        for name in ["kept", "changed", "deleted"] {
            table.insert(|_| name);
        }
        let before = table.clone();
        for (id, name) in [(1, "kept"), (2, "other")] {
            if let Some(row) = table.get_mut(id) {
                *row = name;
            }
        }
        table.delete_where(|name| *name == "deleted", datetime!(2026-01-01 00:00 UTC));
        table.insert(|_| "new");
        let expected = [
            (2, Change::Updated { before: &"changed", after: &"other" }),
            (4, Change::Created(&"new")),
            (3, Change::Deleted),
        ];
        assert_eq!(table.changes_since(&before), expected);
    }
}
