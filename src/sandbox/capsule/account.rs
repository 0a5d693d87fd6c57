//! The records of one Capsule account.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::fields::Definition;
use super::party::Party;
use super::tags::Tag;
use crate::sandbox::table::Table;

/// Everything in an account. Tags and field definitions belong to one kind of record each, and so do their ids.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) parties: Table<Party>,
    pub(super) party_tags: Table<Tag>,
    pub(super) party_fields: Table<Definition>,
    pub(super) users: Table<User>,
    pub(super) teams: Table<Team>,
    pub(super) row_ids: RowIds,
}

/// Ids of the rows inside records: e-mail addresses, phone numbers, field values and so on share one sequence.
#[derive(Clone)]
pub(super) struct RowIds(i64);

impl RowIds {
    pub(super) fn starting_at(first: i64) -> RowIds {
        RowIds(first)
    }

    pub(super) fn next(&mut self) -> i64 {
        let id = self.0;
        self.0 += 1;
        id
    }
}

/// Someone who logs in to the account.
#[derive(Clone)]
pub(super) struct User {
    pub(super) id: i64,
    pub(super) username: String,
    pub(super) name: String,
    pub(super) deleted: bool,
    /// The user's own entry among the parties.
    pub(super) party: i64,
    pub(super) locale: &'static str,
    pub(super) currency: &'static str,
    pub(super) timezone: &'static str,
    pub(super) last_login_at: Option<OffsetDateTime>,
    pub(super) task_reminder: bool,
}

/// A group of users that can own records.
#[derive(Clone)]
pub(super) struct Team {
    pub(super) id: i64,
    pub(super) name: &'static str,
    pub(super) description: Option<&'static str>,
    pub(super) members: Vec<i64>,
    pub(super) created_at: OffsetDateTime,
    pub(super) updated_at: OffsetDateTime,
}

impl Account {
    /// Deletes a party with all that cannot outlive it; false when there is none.
    ///
    /// People of a deleted organisation survive without one, and Capsule does not count that as a change to them.
    pub(super) fn delete_party(&mut self, id: i64, now: OffsetDateTime) -> bool {
        let existed = self.parties.delete(id, now);
        if existed {
            self.parties
                .update_where(|party| party.organisation() == Some(id), |party| party.set_organisation(None));
        }
        existed
    }

    /// Deletes a tag everywhere it is attached; false when there is none.
    pub(super) fn delete_party_tag(&mut self, id: i64, now: OffsetDateTime) -> bool {
        let existed = self.party_tags.delete(id, now);
        if existed {
            self.parties
                .update_where(|party| party.tags.contains(&id), |party| party.tags.retain(|tag| *tag != id));
        }
        existed
    }

    /// Deletes a field definition with its values; false when there is none.
    pub(super) fn delete_party_field(&mut self, id: i64, now: OffsetDateTime) -> bool {
        let existed = self.party_fields.delete(id, now);
        if existed {
            self.parties.update_where(
                |party| party.field(id).is_some(),
                |party| party.fields.retain(|field| field.definition != id),
            );
        }
        existed
    }

    /// A user as other records show them.
    pub(super) fn user_reference(&self, id: Option<i64>) -> Value {
        let Some(user) = id.and_then(|id| self.users.get(id)) else {
            return Value::Null;
        };
        json!({
            "id": user.id,
            "deleted": user.deleted,
            "username": user.username,
            "pictureURL": picture("person", &user.name, user.id),
            "name": user.name,
        })
    }

    /// A team as other records show it.
    pub(super) fn team_reference(&self, id: Option<i64>) -> Value {
        match id.and_then(|id| self.teams.get(id)) {
            Some(team) => json!({ "id": team.id, "name": team.name }),
            None => Value::Null,
        }
    }
}

/// The address of the picture that Capsule draws of a name's initials.
pub(super) fn picture(shape: &str, name: &str, id: i64) -> String {
    let initials: String = name
        .split_whitespace()
        .filter_map(|word| word.chars().next())
        .filter(|first| first.is_alphabetic())
        .take(2)
        .flat_map(char::to_uppercase)
        .collect();
    let initials: String = url::form_urlencoded::byte_serialize(initials.as_bytes()).collect();
    // Any spread of ids over the 31 bits of the colours seen will do.
    let colour = id.wrapping_mul(2_654_435_761) & 0x7fff_ffff;
    format!("https://facehub.appspot.com/default/{shape}?text={initials}&size=100&colour={colour}")
}
