//! The records of one Capsule account.

use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::activity_types::ActivityType;
use super::attachments::{Attachment, Upload};
use super::boards::{Board, Stage};
use super::categories::Category;
use super::entry::Entry;
use super::goals::Goal;
use super::jobs::Job;
use super::kase::Kase;
use super::link::Link;
use super::lost_reasons::LostReason;
use super::milestones::Milestone;
use super::opportunity::Opportunity;
use super::party::Party;
use super::pipelines::Pipeline;
use super::record::Vocabulary;
use super::rest_hooks::RestHook;
use super::task::Task;
use super::titles::Title;
use super::track_definitions::TrackDefinition;
use super::tracks::Track;
use crate::sandbox::table::Table;

/// Everything in an account.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) parties: Table<Party>,
    pub(super) party_vocabulary: Vocabulary<Party>,
    pub(super) opportunities: Table<Opportunity>,
    pub(super) opportunity_vocabulary: Vocabulary<Opportunity>,
    pub(super) kases: Table<Kase>,
    pub(super) kase_vocabulary: Vocabulary<Kase>,
    pub(super) tasks: Table<Task>,
    pub(super) tracks: Table<Track>,
    pub(super) track_definitions: Table<TrackDefinition>,
    pub(super) entries: Table<Entry>,
    pub(super) attachments: Table<Attachment>,
    pub(super) uploads: Vec<Upload>,
    pub(super) users: Table<User>,
    pub(super) teams: Table<Team>,
    pub(super) pipelines: Table<Pipeline>,
    pub(super) milestones: Table<Milestone>,
    pub(super) boards: Table<Board>,
    pub(super) stages: Table<Stage>,
    pub(super) activity_types: Table<ActivityType>,
    pub(super) categories: Table<Category>,
    pub(super) lost_reasons: Table<LostReason>,
    pub(super) titles: Table<Title>,
    pub(super) goals: Table<Goal>,
    pub(super) rest_hooks: Table<RestHook>,
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
#[derive(Clone, PartialEq)]
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
    pub(super) timezone: String,
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
    /// Deletes a party with all that cannot outlive it.
    ///
    /// People of a deleted organisation survive without one, and Capsule does not count that as a change to them.
    pub(super) fn delete_party(&mut self, id: i64, now: OffsetDateTime) {
        self.parties.delete(id, now);
        self.parties
            .update_where(|party| party.organisation() == Some(id), |party| party.set_organisation(None));
        self.delete_what_is_about(Link::Party(id), now);
        let kases: Vec<i64> = self.kases.iter().filter(|kase| kase.party == id).map(|kase| kase.id).collect();
        for kase in kases {
            self.delete_kase(kase, now);
        }
        let opportunities: Vec<i64> =
            self.opportunities.iter().filter(|row| row.party == id).map(|row| row.id).collect();
        for opportunity in opportunities {
            self.delete_opportunity(opportunity, now);
        }
        self.opportunities.update_where(
            |row| row.additional.contains(&id),
            |row| row.additional.retain(|party| *party != id),
        );
        self.kases.update_where(
            |kase| kase.additional.contains(&id),
            |kase| kase.additional.retain(|party| *party != id),
        );
    }

    /// Deletes an opportunity with what is about it. Projects that came from it survive without it.
    pub(super) fn delete_opportunity(&mut self, id: i64, now: OffsetDateTime) {
        self.opportunities.delete(id, now);
        self.delete_what_is_about(Link::Opportunity(id), now);
        self.kases.update_where(|kase| kase.opportunity == Some(id), |kase| kase.opportunity = None);
    }

    /// Deletes a project with what is about it.
    pub(super) fn delete_kase(&mut self, id: i64, now: OffsetDateTime) {
        self.kases.delete(id, now);
        self.delete_what_is_about(Link::Kase(id), now);
    }

    fn delete_what_is_about(&mut self, link: Link, now: OffsetDateTime) {
        self.tasks.delete_where(|task| task.link == Some(link), now);
        self.delete_entries(|entry| entry.link == Some(link), now);
        if let Link::Party(id) = link {
            self.entries.update_where(
                |entry| entry.parties.contains(&id),
                |entry| entry.parties.retain(|party| *party != id),
            );
            self.delete_entries(|entry| entry.link.is_none() && entry.parties.is_empty(), now);
        }
    }

    /// Deletes the entries that `picked` chooses with what is attached to them.
    pub(super) fn delete_entries(&mut self, picked: impl Fn(&Entry) -> bool, now: OffsetDateTime) {
        let doomed = self.entries.iter().filter(|entry| picked(entry));
        let attached: Vec<i64> = doomed.flat_map(|entry| entry.attachments.iter().copied()).collect();
        self.entries.delete_where(picked, now);
        for attachment in attached {
            self.attachments.delete(attachment, now);
        }
    }

    /// An id as of jobs and uploads: counted, not random, so that runs repeat, but looking like any other.
    pub(super) fn next_uuid(&mut self) -> Uuid {
        let spread = self.row_ids.next().unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let bits = u128::from(spread).wrapping_mul(u128::MAX / 3);
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
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
