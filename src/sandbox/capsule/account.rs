//! The records of one Capsule account.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::boards::{Board, Stage};
use super::jobs::Job;
use super::lost_reasons::LostReason;
use super::milestones::Milestone;
use super::opportunity::Opportunity;
use super::party::Party;
use super::pipelines::Pipeline;
use super::record::Vocabulary;
use super::titles::Title;
use crate::sandbox::table::Table;

/// Everything in an account.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) parties: Table<Party>,
    pub(super) party_vocabulary: Vocabulary<Party>,
    pub(super) opportunities: Table<Opportunity>,
    pub(super) opportunity_vocabulary: Vocabulary<Opportunity>,
    pub(super) users: Table<User>,
    pub(super) teams: Table<Team>,
    pub(super) pipelines: Table<Pipeline>,
    pub(super) milestones: Table<Milestone>,
    pub(super) boards: Table<Board>,
    pub(super) stages: Table<Stage>,
    pub(super) lost_reasons: Table<LostReason>,
    pub(super) titles: Table<Title>,
    pub(super) jobs: Vec<Job>,
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
    /// Whether the user may configure the account, and sees restricted records.
    pub(super) administrator: bool,
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
        if !self.parties.delete(id, now) {
            return false;
        }
        self.parties
            .update_where(|party| party.organisation() == Some(id), |party| party.set_organisation(None));
        let doomed: Vec<i64> =
            self.opportunities.iter().filter(|row| row.party == id).map(|row| row.id).collect();
        for opportunity in doomed {
            self.delete_opportunity(opportunity, now);
        }
        self.opportunities.update_where(
            |row| row.additional.contains(&id),
            |row| row.additional.retain(|party| *party != id),
        );
        true
    }

    /// Deletes an opportunity with all that cannot outlive it.
    pub(super) fn delete_opportunity(&mut self, id: i64, now: OffsetDateTime) {
        self.opportunities.delete(id, now);
    }

    /// Whether this is a user who can own records.
    pub(super) fn is_active_user(&self, id: i64) -> bool {
        self.users.get(id).is_some_and(|user| !user.deleted)
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
