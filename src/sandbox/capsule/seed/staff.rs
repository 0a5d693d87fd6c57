//! The company's users and teams, and who owns which party.

use time::macros::datetime;

use super::super::account::{Account, Team, User};
use super::super::custody::Custody;
use super::super::party::{EmailAddress, Identity, Party, Person, PhoneNumber};
use super::{ADMINISTRATOR, count, dated};
use crate::sandbox::table::Table;

const FIRST_TEAM: i64 = 24_310;

pub(super) struct Member {
    first_name: &'static str,
    last_name: &'static str,
    username: &'static str,
    locale: &'static str,
    timezone: &'static str,
    deleted: bool,
}

/// The users, the administrator first. The last has left; parties of his still show him.
#[rustfmt::skip]
pub(super) static STAFF: [Member; 6] = [
    member("Priya", "Raman", "priya.raman", "en_GB", "Europe/London", false),
    member("Tom", "Okafor", "tom.okafor", "en_GB", "Europe/London", false),
    member("Élodie", "Marchetti", "elodie", "en_GB", "Europe/Paris", false),
    member("Jonas", "Lindqvist", "jonas.lindqvist", "en_GB", "Europe/Stockholm", false),
    member("Mei-Ling", "Chou", "meiling", "en_US", "America/New_York", false),
    member("Gareth", "Pugh", "gareth.pugh", "en_GB", "Europe/London", true),
];

const fn member(
    first_name: &'static str,
    last_name: &'static str,
    username: &'static str,
    locale: &'static str,
    timezone: &'static str,
    deleted: bool,
) -> Member {
    Member { first_name, last_name, username, locale, timezone, deleted }
}

/// The users; their own parties are the first six, from `first_party` on.
pub(super) fn users(first_party: i64) -> Table<User> {
    let mut users = Table::starting_at(ADMINISTRATOR);
    for (number, member) in STAFF.iter().enumerate() {
        let last_login_at = match number {
            0 => Some(datetime!(2026-02-20 08:02:44 UTC)),
            4 => None,
            _ => Some(datetime!(2026-01-30 15:27:10 UTC)),
        };
        users.insert(|id| User {
            id,
            username: member.username.to_owned(),
            name: format!("{} {}", member.first_name, member.last_name),
            deleted: member.deleted,
            administrator: number == 0,
            party: first_party + count(number),
            locale: member.locale,
            currency: if member.locale == "en_US" { "USD" } else { "GBP" },
            timezone: member.timezone.to_owned(),
            last_login_at,
            task_reminder: number % 2 == 0,
        });
    }
    users
}

/// A user's own party.
pub(super) fn add_party(account: &mut Account, member: &Member) {
    let identity = Identity::Person(Person {
        first_name: Some(member.first_name.to_owned()),
        last_name: Some(member.last_name.to_owned()),
        ..Person::default()
    });
    let mut party = dated(account, identity, 0);
    party.email_addresses.push(EmailAddress {
        id: account.row_ids.next(),
        label: None,
        address: format!("{}@fernhill.example", member.username),
    });
    party.phone_numbers.push(PhoneNumber {
        id: account.row_ids.next(),
        label: Some("Work".to_owned()),
        number: "+44 1632 960 417".to_owned(),
    });
    account.parties.insert(|id| Party { id, ..party });
}

pub(super) fn teams() -> Table<Team> {
    let rows: [(&str, Option<&str>, &[i64]); 3] = [
        ("Wholesale", Some("Beans, by the sack"), &[0, 1, 3]),
        ("Equipment", None, &[2, 3, 4]),
        ("Leadership", Some("Sees everything"), &[0]),
    ];
    let mut teams = Table::starting_at(FIRST_TEAM);
    for (name, description, members) in rows {
        teams.insert(|id| Team {
            id,
            name,
            description,
            members: members.iter().map(|n| ADMINISTRATOR + n).collect(),
            created_at: datetime!(2024-01-09 10:15:00 UTC),
            updated_at: datetime!(2024-11-04 16:40:31 UTC),
        });
    }
    teams
}

/// Owner and team of the party with this number. Every shape occurs: nobody, an owner, a team, both, and an owner who
/// has left.
pub(super) fn custody(number: usize) -> Custody {
    let user = |n: i64| Some(ADMINISTRATOR + n);
    let team = |n: i64| Some(FIRST_TEAM + n);
    let (owner, team) = match number % 10 {
        0 => (user(0), None),
        1 => (user(1), team(0)),
        2 => (user(2), team(1)),
        3 => (user(3), None),
        4 => (user(4), None),
        5 => (None, team(1)),
        6 => (user(0), team(2)),
        7 => (user(5), None),
        8 => (None, None),
        _ => (user(1), None),
    };
    Custody { owner, team, restricted: false }
}

/// Whom a sale or a project with this party belongs to: those who have the party, or, where that is nobody or somebody
/// who has left, whoever is next.
pub(super) fn custody_of_deal(account: &Account, party: &Party, number: usize) -> Custody {
    let held = party.custody;
    match held.owner {
        Some(owner) if account.is_active_user(owner) => held,
        None if held.team.is_some() => held,
        _ => Custody { owner: Some(ADMINISTRATOR + count(number % 5)), team: None, ..held },
    }
}
