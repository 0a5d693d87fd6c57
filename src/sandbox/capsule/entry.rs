//! An entry of the history: a note, an e-mail or a completed task, and how Capsule shows it.
//!
//! A call or a meeting is a note too; what tells them apart is the activity type.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::account::Account;
use super::activity_types::{ActivityType, TASK_COMPLETED};
use super::attachments::Attachment;
use super::dates::stamp;
use super::link::{self, Link};
use super::party_view;
use super::resource::{Resource, named_reference};
use super::scene::Scene;
use super::task::Task;
use super::users;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Note,
    Email,
    /// A task that was completed.
    Task,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Note => "note",
            Kind::Email => "email",
            Kind::Task => "task",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) id: i64,
    pub(super) kind: Kind,
    pub(super) creator: i64,
    pub(super) activity_type: i64,
    /// What it is about. An e-mail may be about nothing but its parties.
    pub(super) link: Option<Link>,
    /// Of an e-mail: whom it was with.
    pub(super) parties: Vec<i64>,
    pub(super) participants: Vec<Participant>,
    /// Of an e-mail.
    pub(super) subject: Option<String>,
    /// Markdown in a note.
    pub(super) content: Option<String>,
    pub(super) attachments: Vec<i64>,
    /// The task that was completed.
    pub(super) task: Option<i64>,
    pub(super) entry_at: OffsetDateTime,
    pub(super) created_at: OffsetDateTime,
    pub(super) updated_at: OffsetDateTime,
}

/// Somebody whose address is on an e-mail.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Participant {
    pub(super) id: i64,
    pub(super) name: Option<String>,
    pub(super) address: String,
    /// `FROM`, `TO` or `CC`.
    pub(super) role: &'static str,
}

impl Entry {
    /// An empty note.
    pub(super) fn note(creator: i64, activity_type: i64, now: OffsetDateTime) -> Entry {
        Entry {
            id: 0,
            kind: Kind::Note,
            creator,
            activity_type,
            link: None,
            parties: Vec::new(),
            participants: Vec::new(),
            subject: None,
            content: None,
            attachments: Vec::new(),
            task: None,
            entry_at: now,
            created_at: now,
            updated_at: now,
        }
    }

    /// What a completed task leaves in the history.
    pub(super) fn of_task(task: &Task, link: Link, at: OffsetDateTime, now: OffsetDateTime) -> Entry {
        let creator = task.completed_by.unwrap_or(task.owner);
        Entry {
            kind: Kind::Task,
            link: Some(link),
            content: Some(task.description.clone()),
            task: Some(task.id),
            entry_at: at,
            ..Entry::note(creator, TASK_COMPLETED, now)
        }
    }

    /// Whether it is in the history of this record itself. An organisation's does not hold that of its people.
    pub(super) fn is_about(&self, link: Link) -> bool {
        self.link == Some(link) || link.party().is_some_and(|party| self.parties.contains(&party))
    }

    /// Whether the viewer may see any of what it is about.
    pub(super) fn is_open_to(&self, scene: &Scene<'_>) -> bool {
        let account = scene.account;
        let sees_party = |id: i64| account.parties.get(id).is_some_and(|party| scene.sees(&party.custody));
        match self.link {
            Some(Link::Party(id)) => sees_party(id),
            Some(Link::Opportunity(id)) => {
                account.opportunities.get(id).is_some_and(|row| scene.sees(&row.custody))
            }
            Some(Link::Kase(id)) => account.kases.get(id).is_some_and(|kase| scene.sees(&kase.custody)),
            None => self.parties.is_empty() || self.parties.iter().any(|id| sees_party(*id)),
        }
    }

    /// The records that were contacted by it.
    pub(super) fn contacted(&self) -> impl Iterator<Item = Link> {
        self.link.into_iter().chain(self.parties.iter().copied().map(Link::Party))
    }
}

/// Notes that records were contacted: an opportunity's or a project's party with it, and a person's organisation.
pub(super) fn touch(account: &mut Account, entry: &Entry) {
    let counts = account.activity_types.get(entry.activity_type);
    if !counts.is_some_and(|activity_type| activity_type.update_last_contacted) {
        return;
    }
    for link in entry.contacted() {
        let party = match link {
            Link::Party(id) => Some(id),
            Link::Opportunity(id) => account.opportunities.get_mut(id).map(|row| {
                row.last_contacted_at = row.last_contacted_at.max(Some(entry.entry_at));
                row.party
            }),
            Link::Kase(id) => account.kases.get_mut(id).map(|kase| {
                kase.last_contacted_at = kase.last_contacted_at.max(Some(entry.entry_at));
                kase.party
            }),
        };
        let employer = party.and_then(|id| account.parties.get(id)?.organisation());
        for id in party.into_iter().chain(employer) {
            if let Some(party) = account.parties.get_mut(id) {
                party.last_contacted_at = party.last_contacted_at.max(Some(entry.entry_at));
            }
        }
    }
}

/// An entry in full. `parties` and `participants` are of e-mails.
pub(super) fn full(scene: &Scene<'_>, entry: &Entry) -> Value {
    let mut view = Map::new();
    let mut put = |key: &str, value: Value| view.insert(key.to_owned(), value);
    put("id", entry.id.into());
    put("type", entry.kind.name().into());
    put("attachments", attachments(scene.account, entry));
    put("creator", creator(scene, entry));
    put("activityType", activity_type(scene, entry));
    put("createdAt", stamp(entry.created_at).into());
    put("updatedAt", stamp(entry.updated_at).into());
    put("subject", entry.subject.clone().into());
    put("content", entry.content.clone().into());
    put("entryAt", stamp(entry.entry_at).into());
    for key in ["kase", "opportunity", "party"] {
        put(key, link::view(scene, entry.link, key));
    }
    if entry.kind == Kind::Email {
        let parties = entry.parties.iter();
        put("parties", parties.map(|id| party_view::nested(scene, Some(*id), "party")).collect());
        put("participants", entry.participants.iter().map(participant).collect());
    }
    Value::Object(view)
}

fn participant(participant: &Participant) -> Value {
    json!({
        "id": participant.id,
        "name": participant.name,
        "address": participant.address,
        "role": participant.role,
    })
}

fn attachments(account: &Account, entry: &Entry) -> Value {
    let attachments = entry.attachments.iter().filter_map(|id| account.attachments.get(*id));
    attachments.map(Attachment::view).collect()
}

fn creator(scene: &Scene<'_>, entry: &Entry) -> Value {
    match scene.account.users.get(entry.creator) {
        Some(user) if scene.embeds("creator") => users::user_view(&scene.bare(), user),
        _ => scene.account.user_reference(Some(entry.creator)),
    }
}

/// An activity type by reference, or in full when it is embedded.
pub(super) fn activity_type(scene: &Scene<'_>, entry: &Entry) -> Value {
    let held: Option<&ActivityType> = scene.account.activity_types.get(entry.activity_type);
    match held {
        Some(held) if scene.embeds("activityType") => held.view(scene),
        held => named_reference(held.map(|held| (held.id, held.name.as_str()))),
    }
}
