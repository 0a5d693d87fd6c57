//! The history: for every party that was ever contacted the note, call, meeting or e-mail that it was contacted by, what
//! was noted on sales and projects, and what was done of the tasks. When records were last contacted follows from it.

use time::{Duration, OffsetDateTime};

use super::super::account::Account;
use super::super::activity_types::{self, ActivityType, CALL, EMAIL_RECEIVED, EMAIL_SENT, MEETING, NOTE};
use super::super::entry::{self, Entry, Kind, Participant};
use super::super::link::Link;
use super::super::party::Party;
use super::{ADMINISTRATOR, count, files};
use crate::sandbox::table::Table;

pub(super) const FIRST_ENTRY: i64 = 903_114_860;
const FIRST_ACTIVITY_TYPE: i64 = 61_207;
const SITE_VISIT: i64 = FIRST_ACTIVITY_TYPE;
const ENTRIES: usize = 150;

const NOTES: [&str; 6] = [
    "Wants the decaf back. **Two sacks** to begin with.",
    "New manager from next month.\n\n- asks for a tasting\n- pays by card",
    "Their grinder is too coarse; sent the setting for the house blend.",
    "Happy with the last delivery ☕",
    "Moves premises in the autumn. Ask again in September.",
    "Invoice address has changed, see the e-mail of accounts.",
];
const CALLS: [&str; 3] = [
    "No answer, left a message.",
    "Takes four kilos more a week from now on.",
    "Complained about the lid of the hopper. Replacement is on its way.",
];
const MEETINGS: [&str; 3] = [
    "Tasted five coffees; the Huila won.",
    "Walked the site. Water and power are where we need them.",
    "Agreed the prices for a year.",
];
const MAILS: [(&str, &str); 4] = [
    ("Your order", "Dear all,\n\nthe beans left us this morning.\n\nBest regards"),
    ("Re: Quote", "Thanks, looks good. When could you start?"),
    ("Tasting next week", "Would Tuesday at ten suit you?"),
    ("Re: Invoice", "Paid today.\r\n\r\n> Please find attached our invoice."),
];

/// Those that come with Capsule and the company's own.
pub(super) fn activity_types() -> Table<ActivityType> {
    let mut types = activity_types::built_in(FIRST_ACTIVITY_TYPE);
    for (name, icon) in [("Site visit", "CAR"), ("Sample sent", "SHOPPINGCART")] {
        types.insert(|id| ActivityType::custom(id, name, icon));
    }
    types
}

/// Adds the entries and says of every record when it was last contacted.
pub(super) fn add(account: &mut Account) {
    let contacted: Vec<Party> =
        account.parties.iter().filter(|party| party.last_contacted_at.is_some()).cloned().collect();
    for (number, party) in contacted.iter().enumerate() {
        let at = party.last_contacted_at.unwrap_or(party.created_at);
        insert(account, number, contact(account, number, party, at));
    }
    let tasks: Vec<_> = account.tasks.iter().cloned().collect();
    for task in &tasks {
        if let (Some(link), Some(at)) = (task.link, task.completed_at) {
            insert(account, 1, Entry::of_task(task, link, at, at));
        }
    }
    let sales =
        account.opportunities.iter().map(|row| (Link::Opportunity(row.id), row.created_at, row.updated_at));
    let kases = account.kases.iter().map(|kase| (Link::Kase(kase.id), kase.created_at, kase.updated_at));
    let deals: Vec<_> = sales.chain(kases).collect();
    for (number, (link, from, to)) in deals.into_iter().enumerate().cycle() {
        if account.entries.count() >= ENTRIES {
            break;
        }
        let age = (to - from) / (2 + i32::try_from(number % 3).unwrap_or(0));
        let at = from + Duration::seconds(age.whole_seconds());
        let (activity_type, content) = words(number);
        let note = Entry { link: Some(link), content, ..Entry::note(author(number), activity_type, at) };
        insert(account, number, note);
    }
    tell_contacts(account);
}

/// How a party was contacted: people mostly by e-mail, if they have an address.
fn contact(account: &Account, number: usize, party: &Party, at: OffsetDateTime) -> Entry {
    let by_mail = party.person().is_some() && number % 5 < 3;
    match party.email_addresses.first() {
        Some(address) if by_mail => mail(account, number, party, &address.address, at),
        _ => {
            let (activity_type, content) = words(number);
            Entry {
                link: Some(Link::Party(party.id)),
                content,
                ..Entry::note(author(number), activity_type, at)
            }
        }
    }
}

fn words(number: usize) -> (i64, Option<String>) {
    let (activity_type, texts): (i64, &[&str]) = match number % 7 {
        0 | 3 => (CALL, &CALLS),
        2 => (MEETING, &MEETINGS),
        5 => (SITE_VISIT, &MEETINGS),
        _ => (NOTE, &NOTES),
    };
    (activity_type, Some(texts[number / 2 % texts.len()].to_owned()))
}

fn author(number: usize) -> i64 {
    ADMINISTRATOR + count(number % 5)
}

/// An e-mail between one of the company and a person; the colleague who reads along is not in the address book.
fn mail(account: &Account, number: usize, person: &Party, address: &str, at: OffsetDateTime) -> Entry {
    let sent = number % 2 == 1;
    let creator = author(number);
    let user = account.users.get(creator);
    let ours = user.map(|user| (Some(user.name.clone()), format!("{}@fernhill.example", user.username)));
    let ours = ours.unwrap_or((None, "office@fernhill.example".to_owned()));
    let theirs = (Some(person.display_name()), address.to_owned());
    let (from, to) = if sent { (ours, theirs) } else { (theirs, ours) };
    let mut participants = vec![("FROM", from), ("TO", to)];
    if number.is_multiple_of(4) {
        participants.push(("CC", (None, "accounts@fernhill.example".to_owned())));
    }
    let (subject, content) = MAILS[number / 3 % MAILS.len()];
    let participants =
        participants.into_iter().map(|(role, (name, address))| Participant { id: 0, name, address, role });
    Entry {
        kind: Kind::Email,
        parties: vec![person.id],
        participants: participants.collect(),
        subject: Some(subject.to_owned()),
        content: Some(content.to_owned()),
        ..Entry::note(creator, if sent { EMAIL_SENT } else { EMAIL_RECEIVED }, at)
    }
}

/// Some entries are written down a while after what they tell of, and some carry a file.
fn insert(account: &mut Account, number: usize, mut entry: Entry) {
    if entry.kind == Kind::Note && number % 6 == 4 {
        entry.created_at += Duration::hours(20);
        entry.updated_at = entry.created_at + Duration::minutes(35);
    }
    if entry.kind != Kind::Task && number % 12 == 8 {
        entry.attachments.push(files::attach(account, number / 12));
    }
    for participant in &mut entry.participants {
        participant.id = account.row_ids.next();
    }
    account.entries.insert(|id| Entry { id, ..entry });
}

fn tell_contacts(account: &mut Account) {
    account
        .parties
        .update_where(|party| party.last_contacted_at.is_some(), |party| party.last_contacted_at = None);
    let entries: Vec<Entry> = account.entries.iter().cloned().collect();
    for entry in &entries {
        entry::touch(account, entry);
    }
    account.parties.update_where(
        |party| party.last_contacted_at > Some(party.updated_at),
        |party| party.updated_at = party.last_contacted_at.unwrap_or(party.updated_at),
    );
}
