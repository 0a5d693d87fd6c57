//! The records of one Nimble account.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::refusal::Refusal;

/// The company's id, with which tag ids begin.
pub(super) const COMPANY: &str = "51f0a3c2d8e94b6a7c000001";

/// Records of one kind, in the order in which they were made.
#[derive(Clone)]
pub(super) struct Rows {
    kind: &'static str,
    key: &'static str,
    rows: Vec<Value>,
}

impl Rows {
    /// None, of a kind as errors name it and with the member that holds the id.
    pub(super) fn of(kind: &'static str, key: &'static str) -> Rows {
        Rows { kind, key, rows: Vec::new() }
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Value> {
        self.rows.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.rows.iter_mut()
    }

    pub(super) fn get(&self, id: &str) -> Option<&Value> {
        self.rows.iter().find(|row| row[self.key] == id)
    }

    /// The record, or a 404.
    pub(super) fn find(&self, id: &str) -> Result<&Value, Refusal> {
        self.get(id).ok_or_else(|| self.missing(id))
    }

    /// The record to change, or a 404.
    pub(super) fn find_mut(&mut self, id: &str) -> Result<&mut Value, Refusal> {
        let missing = self.missing(id);
        self.rows.iter_mut().find(|row| row[self.key] == id).ok_or(missing)
    }

    pub(super) fn push(&mut self, row: Value) {
        self.rows.push(row);
    }

    /// Takes a record away, or answers with a 404.
    pub(super) fn remove(&mut self, id: &str) -> Result<Value, Refusal> {
        let place = self.rows.iter().position(|row| row[self.key] == id);
        place.map(|place| self.rows.remove(place)).ok_or_else(|| self.missing(id))
    }

    /// Keeps only some.
    pub(super) fn retain(&mut self, keep: impl Fn(&Value) -> bool) {
        self.rows.retain(keep);
    }

    fn missing(&self, id: &str) -> Refusal {
        Refusal::NotFound(self.kind, id.to_owned())
    }
}

/// Everything in an account.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) contacts: Rows,
    pub(super) notes: Rows,
    /// Tabs of contacts' fields with their members.
    pub(super) tabs: Vec<Value>,
    pub(super) lead_pipelines: Vec<Value>,
    pub(super) deals: Rows,
    pub(super) deal_notes: Rows,
    pub(super) pipelines: Rows,
    /// Fields that all deals have.
    pub(super) standard_fields: Vec<Value>,
    /// One tab of fields for each pipeline.
    pub(super) deal_tabs: Vec<Value>,
    pub(super) activities: Rows,
    pub(super) drafts: Rows,
    pub(super) users: Vec<Value>,
    pub(super) next_id: u64,
    pub(super) next_deal_number: u64,
    /// When the present change is made.
    pub(super) now: OffsetDateTime,
}

impl Account {
    /// An id that no record has.
    pub(super) fn new_id(&mut self) -> String {
        self.next_id += 1;
        format!("6a1b{:020x}", self.next_id)
    }

    /// The user whose token it is.
    pub(super) fn me(&self) -> Value {
        self.users[0].clone()
    }

    /// A user as other records show one.
    pub(super) fn user(&self, id: &Value) -> Value {
        self.users.iter().find(|user| user["user_id"] == *id).cloned().unwrap_or(Value::Null)
    }

    /// A user as activities show one.
    pub(super) fn long_user(&self, id: &Value) -> Value {
        let user = self.user(id);
        let name = user["name"].as_str().unwrap_or_default();
        let (first, last) = name.split_once(' ').unwrap_or((name, ""));
        json!({
            "account_type": "regular", "avatar_url": user["avatar_url"], "company_id": COMPANY,
            "company_name": "Harbour & Finch", "created": "2025-02-03T08:00:00Z",
            "disabled": user["is_active"] == false, "email": user["email"], "first_name": first,
            "is_company_owner": false, "is_pending": false, "last_active": "2026-05-02T08:00:00Z",
            "last_name": last, "name": user["name"], "permissions": { "api use": 1 },
            "receive_newsletter": false, "has_password": true, "timezone": "Europe/London", "under_gdpr": true,
            "user_id": user["user_id"], "metadata": {},
        })
    }

    /// The contact, or a 404.
    pub(super) fn contact(&self, id: &str) -> Result<&Value, Refusal> {
        self.contacts.find(id)
    }

    /// The stage of a pipeline of deals, wherever it is.
    pub(super) fn stage(&self, id: &str) -> Option<(&Value, &Value)> {
        self.pipelines.iter().find_map(|pipeline| {
            let stages = pipeline["stages"].as_array()?;
            Some((pipeline, stages.iter().find(|stage| stage["stage_id"] == id)?))
        })
    }
}

/// The items of a list, or none.
pub(super) fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
