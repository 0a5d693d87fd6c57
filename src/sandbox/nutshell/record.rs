//! A record of any kind: who made it and when, its revision, and its fields.

use serde_json::{Map, Value};
use time::OffsetDateTime;

/// Kinds of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Accounts,
    Contacts,
    Leads,
    Activities,
    Notes,
    Tasks,
    Users,
    Teams,
    Milestones,
    Stagesets,
    ActivityTypes,
    Outcomes,
    Industries,
    AccountTypes,
    Sources,
    Markets,
}

/// Every kind with its names on both wires.
const NAMES: [(Kind, &str, &str); 16] = [
    (Kind::Accounts, "Accounts", "accounts"),
    (Kind::Contacts, "Contacts", "contacts"),
    (Kind::Leads, "Leads", "leads"),
    (Kind::Activities, "Activities", "activities"),
    (Kind::Notes, "Notes", "notes"),
    (Kind::Tasks, "Tasks", "tasks"),
    (Kind::Users, "Users", "users"),
    (Kind::Teams, "Teams", "teams"),
    (Kind::Milestones, "Milestones", "stages"),
    (Kind::Stagesets, "Stagesets", "stagesets"),
    (Kind::ActivityTypes, "Activity_Types", "activityTypes"),
    (Kind::Outcomes, "Lead_Outcomes", "outcomes"),
    (Kind::Industries, "Industries", "industries"),
    (Kind::AccountTypes, "Account_Types", "accountTypes"),
    (Kind::Sources, "Sources", "sources"),
    (Kind::Markets, "Markets", "markets"),
];

impl Kind {
    pub(super) fn all() -> impl Iterator<Item = Kind> {
        NAMES.iter().map(|(kind, ..)| *kind)
    }

    fn names(self) -> (&'static str, &'static str) {
        let found = NAMES.iter().find(|(kind, ..)| *kind == self);
        found.map_or(("", ""), |(_, rpc, rest)| (rpc, rest))
    }

    /// As JSON-RPC's `entityType` names it.
    pub(super) fn entity_type(self) -> &'static str {
        self.names().0
    }

    /// As REST names it, in paths and behind ids.
    pub(super) fn rest(self) -> &'static str {
        self.names().1
    }

    pub(super) fn of_entity_type(name: &str) -> Option<Kind> {
        NAMES.iter().find(|(_, rpc, _)| *rpc == name).map(|(kind, ..)| *kind)
    }

    pub(super) fn of_rest(name: &str) -> Option<Kind> {
        NAMES.iter().find(|(.., rest)| *rest == name).map(|(kind, ..)| *kind)
    }
}

/// A record.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    pub(super) id: i64,
    /// Counts the changes; a text on the wire.
    pub(super) rev: u32,
    pub(super) created: OffsetDateTime,
    pub(super) modified: OffsetDateTime,
    /// The user who made it.
    pub(super) creator: i64,
    /// What was written, checked and in one form; what is only shown is not in here.
    pub(super) fields: Map<String, Value>,
}

impl Record {
    /// A field; null where there is none.
    pub(super) fn field(&self, name: &str) -> &Value {
        self.fields.get(name).unwrap_or(&Value::Null)
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.field(name).as_str().unwrap_or_default()
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.field(name).as_i64()
    }

    /// The ids of the records that a field refers to.
    pub(super) fn references(&self, name: &str) -> Vec<i64> {
        let items = self.field(name).as_array().map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(|item| item["id"].as_i64()).collect()
    }

    /// The record that a field of `{entityType, id}` refers to.
    pub(super) fn link(&self, name: &str) -> Option<(Kind, i64)> {
        let link = self.field(name);
        Some((Kind::of_entity_type(link["entityType"].as_str()?)?, link["id"].as_i64()?))
    }
}
