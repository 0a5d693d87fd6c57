//! The data of a fresh account: a small company that sells coffee and coffee machines to cafés, hotels and offices.
//!
//! Made of compact tables and of rules over a party's number, never of chance, so that every account starts the same.
//! Names and addresses are invented; domains end in `.example`, and telephone numbers are fictional.

mod boards;
mod details;
mod files;
mod filters;
mod history;
mod marks;
mod organisations;
mod people;
mod pipelines;
mod places;
mod projects;
mod sales;
mod staff;
mod tasks;
mod tracks;

use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::account::{Account, RowIds};
use super::party::{Identity, Party, Person};
use super::titles::Title;
use crate::sandbox::table::Table;
use organisations::{ORGANISATIONS, Organisation};
use people::{CONTACTS, Contact};
use places::{PLACES, Place};
use staff::STAFF;

/// The company whose account this is.
pub(super) const COMPANY: &str = "Fernhill Coffee Supply";
/// What OAuth calls the account.
pub(super) const SUBDOMAIN: &str = "fernhill-coffee";
/// The user whose tokens the sandbox knows.
pub(super) const ADMINISTRATOR: i64 = 712_440;
/// A user who is no administrator.
pub(super) const COLLEAGUE: i64 = ADMINISTRATOR + 1;

const FIRST_PARTY: i64 = 247_318_406;
const FIRST_ROW: i64 = 561_204_117;
const FIRST_HOOK: i64 = 210_664;
const FIRST_TITLE: i64 = 33_108;
const TITLES: [&str; 6] = ["Mr", "Mrs", "Ms", "Miss", "Dr", "Prof"];
/// The organisation that only its own team and administrators may see.
const RESTRICTED: &str = "Alder & Ash Coworking";
const JOB_TITLES: [&str; 12] = [
    "Owner",
    "General Manager",
    "Head Barista",
    "Procurement Lead",
    "Office Manager",
    "Chef de cuisine",
    "Café Manager",
    "Finance Director",
    "Operations Manager",
    "Food & Beverage Director",
    "Buyer",
    "Facilities Coordinator",
];

/// A fresh account.
pub(super) fn account() -> Account {
    let mut account = Account {
        parties: Table::starting_at(FIRST_PARTY),
        party_vocabulary: details::vocabulary(),
        opportunities: Table::starting_at(sales::FIRST_OPPORTUNITY),
        opportunity_vocabulary: sales::vocabulary(),
        kases: Table::starting_at(projects::FIRST_KASE),
        kase_vocabulary: projects::vocabulary(),
        tasks: Table::starting_at(tasks::FIRST_TASK),
        tracks: Table::starting_at(tracks::FIRST_TRACK),
        track_definitions: tracks::definitions(),
        entries: Table::starting_at(history::FIRST_ENTRY),
        attachments: Table::starting_at(files::FIRST_ATTACHMENT),
        uploads: Vec::new(),
        users: staff::users(FIRST_PARTY),
        teams: staff::teams(),
        pipelines: pipelines::pipelines(),
        milestones: pipelines::milestones(),
        boards: boards::boards(),
        stages: boards::stages(),
        activity_types: history::activity_types(),
        categories: tasks::categories(),
        lost_reasons: pipelines::lost_reasons(),
        titles: titles(),
        goals: tracks::goals(),
        rest_hooks: Table::starting_at(FIRST_HOOK),
        jobs: Vec::new(),
        row_ids: RowIds::starting_at(FIRST_ROW),
    };
    add_parties(&mut account);
    sales::add(&mut account);
    projects::add(&mut account);
    tasks::add(&mut account);
    let mut account = tracks::add(account);
    history::add(&mut account);
    filters::add(&mut account);
    account
}

fn titles() -> Table<Title> {
    let mut titles = Table::starting_at(FIRST_TITLE);
    for title in TITLES {
        titles.insert(|id| Title { id, title: title.to_owned() });
    }
    titles
}

fn add_parties(account: &mut Account) {
    for member in &STAFF {
        staff::add_party(account, member);
    }
    let mut contacts = CONTACTS.iter().enumerate();
    for (number, organisation) in ORGANISATIONS.iter().enumerate() {
        let place = places::named(organisation.city);
        let employer = add_organisation(account, number, organisation, place);
        for (number, contact) in contacts.by_ref().take(2 + number % 3) {
            let employer = Some((employer, organisation));
            add_person(account, number, contact, employer, place);
        }
    }
    for (number, contact) in contacts {
        let place = &PLACES[number % PLACES.len()];
        add_person(account, number, contact, None, place);
    }
}

/// The seeded organisations among the parties, in the order of their table.
fn organisations(account: &Account) -> Vec<(&'static Organisation, Party)> {
    let parties = account.parties.iter().filter(|party| party.person().is_none());
    ORGANISATIONS.iter().zip(parties.cloned()).collect()
}

/// The people of an organisation, in the order in which they came.
fn people_of(account: &Account, organisation: i64) -> Vec<i64> {
    let parties = account.parties.iter().filter(|party| party.organisation() == Some(organisation));
    parties.map(|party| party.id).collect()
}

fn add_organisation(account: &mut Account, number: usize, organisation: &Organisation, place: &Place) -> i64 {
    let identity = Identity::Organisation { name: organisation.name.to_owned() };
    let mut party = dated(account, identity, number * 7);
    party.about = details::about(number);
    party.custody = staff::custody(number);
    party.custody.restricted = organisation.name == RESTRICTED;
    details::reach_organisation(account, &mut party, number, organisation, place);
    details::mark_organisation(account, &mut party, number, organisation);
    account.parties.insert(|id| Party { id, ..party })
}

fn add_person(
    account: &mut Account,
    number: usize,
    contact: &Contact,
    employer: Option<(i64, &Organisation)>,
    place: &Place,
) {
    let identity = Identity::Person(Person {
        first_name: name(contact.first_name),
        last_name: name(contact.last_name),
        job_title: employer
            .filter(|_| number % 9 != 8)
            .map(|_| JOB_TITLES[number % JOB_TITLES.len()].to_owned()),
        title: match number % 10 {
            3 => Some("Ms".to_owned()),
            7 => Some("Dr".to_owned()),
            _ => None,
        },
        organisation: employer.map(|(id, _)| id),
    });
    let mut party = dated(account, identity, number * 5);
    party.custody = staff::custody(number + 3);
    let domain = employer.map(|(_, organisation)| organisation.domain);
    details::reach_person(account, &mut party, number, contact, domain, place);
    details::mark_person(account, &mut party, number);
    account.parties.insert(|id| Party { id, ..party });
}

fn name(name: &str) -> Option<String> {
    (!name.is_empty()).then(|| name.to_owned())
}

/// A party created after all that are there, and touched since according to `number`: between January 2024 and
/// February 2026.
fn dated(account: &Account, identity: Identity, number: usize) -> Party {
    let sequence = count(account.parties.iter().count());
    let created = datetime!(2024-01-08 08:41:17 UTC)
        + Duration::new(sequence * (2 * 86_400 + 7 * 3_600 + 13 * 60 + 29), 0);
    let age = Duration::hours(count(number * 31 % 4_200));
    let contacted = (number % 3 == 1).then_some(created + age / 2);
    Party {
        updated_at: created + age,
        last_contacted_at: contacted.map(whole_seconds),
        ..Party::new(0, identity, created)
    }
}

fn whole_seconds(at: OffsetDateTime) -> OffsetDateTime {
    at - Duration::nanoseconds(i64::from(at.nanosecond()))
}

/// Seeded numbers are small; one that did not fit would be an id or a date like any other.
fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
