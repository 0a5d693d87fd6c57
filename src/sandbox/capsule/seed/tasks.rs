//! The tasks and their categories: calls to make, samples to send, invoices that come again every month. Those that were
//! due before the middle of February 2026 are mostly done.

use time::macros::{date, time};
use time::{Date, Duration, OffsetDateTime, PrimitiveDateTime, Time};

use super::super::account::Account;
use super::super::categories::Category;
use super::super::link::Link;
use super::super::task::{COMPLETED, OPEN, PENDING, Repeat, Task};
use super::{ADMINISTRATOR, count};
use crate::sandbox::table::Table;

pub(super) const FIRST_TASK: i64 = 147_310_552;
const FIRST_CATEGORY: i64 = 1_204_117;
/// With those of the tracks under way there are 60.
const TASKS: usize = 52;

/// What is to be done, and the number of its category, if it has one.
type Chore = (&'static str, Option<i64>);

const ABOUT_PARTIES: [Chore; 5] = [
    ("Call about the standing order", Some(0)),
    ("Send the new price list", Some(1)),
    ("Ask for a reference", None),
    ("Invite to the tasting", Some(1)),
    ("Visit with samples", Some(3)),
];
const ABOUT_SALES: [Chore; 4] = [
    ("Follow up the proposal", Some(0)),
    ("Prepare the quote", Some(2)),
    ("Check the credit limit", Some(4)),
    ("Book the tasting", Some(3)),
];
const ABOUT_PROJECTS: [Chore; 4] = [
    ("Confirm the date with the plumber", Some(0)),
    ("Order the water filter", None),
    ("Train the early shift", Some(3)),
    ("Send the handover note", Some(1)),
];
const ABOUT_NOTHING: [Chore; 3] = [
    ("Clean the sample grinder", None),
    ("Renew the van insurance", Some(4)),
    ("Write the newsletter", Some(1)),
];

pub(super) fn categories() -> Table<Category> {
    let rows = [
        ("Call", "#d16c1a"),
        ("Email", "#3b78c4"),
        ("Paperwork", "#444444"),
        ("Visit", "#2f9e62"),
        ("Billing", "#b3261e"),
        ("Milestone", "#7a3fb0"),
    ];
    let mut categories = Table::starting_at(FIRST_CATEGORY);
    for (name, colour) in rows {
        categories.insert(|id| Category { id, name: name.to_owned(), colour: colour.to_owned() });
    }
    categories
}

/// Adds the tasks.
pub(super) fn add(account: &mut Account) {
    let parties: Vec<i64> = account.parties.iter().map(|party| party.id).collect();
    let sales: Vec<(i64, bool)> = account.opportunities.iter().map(|row| (row.id, row.is_open())).collect();
    let kases: Vec<(i64, bool)> = account.kases.iter().map(|kase| (kase.id, kase.is_open())).collect();
    for number in 0..TASKS {
        let of = |chores: &'static [Chore]| chores[number / 4 % chores.len()];
        let (link, is_live, chore) = match number % 5 {
            0 | 3 => (Some(Link::Party(parties[7 + number * 4 % 240])), true, of(&ABOUT_PARTIES)),
            1 => {
                let (sale, is_open) = sales[number * 3 % sales.len()];
                (Some(Link::Opportunity(sale)), is_open, of(&ABOUT_SALES))
            }
            2 => {
                let (kase, is_open) = kases[number * 7 % kases.len()];
                (Some(Link::Kase(kase)), is_open, of(&ABOUT_PROJECTS))
            }
            _ => (None, true, of(&ABOUT_NOTHING)),
        };
        let task = drafted(number, link, chore);
        let status = match (task.status, is_live) {
            (OPEN, false) => PENDING,
            (status, _) => status,
        };
        account.tasks.insert(|id| Task { id, status, ..task });
    }
}

fn drafted(number: usize, link: Option<Link>, (description, category): Chore) -> Task {
    let due_on = date!(2025 - 12 - 18) + Duration::days(count(number * 3 / 2));
    let owner = ADMINISTRATOR + count(number % 5);
    let created_at = at(due_on, time!(8:30)) - Duration::days(14 + count(number % 6));
    let done = due_on < date!(2026 - 02 - 14) && number % 6 != 5;
    let completed_at = done.then(|| at(due_on, time!(15:05)) + Duration::minutes(count(number)));
    Task {
        id: 0,
        description: description.to_owned(),
        detail: (number % 4 == 2).then(|| "Ask for the manager.\nThe door is on the side street.".to_owned()),
        category: category.map(|category| FIRST_CATEGORY + category),
        due_on,
        due_time: (number % 3 == 1).then_some(time!(14:30)),
        status: if done { COMPLETED } else { OPEN },
        link,
        owner,
        completed_at,
        completed_by: done.then_some(owner),
        repeat: repeat(number),
        step: None,
        created_at,
        updated_at: completed_at.unwrap_or(created_at + Duration::hours(count(number))),
    }
}

fn repeat(number: usize) -> Option<Repeat> {
    let (interval, frequency, on) = match number % 20 {
        4 => (1, "MONTHLY", "1"),
        9 => (2, "WEEKLY", "1"),
        14 => (1, "YEARLY", "1"),
        19 => (3, "MONTHLY", "-1"),
        _ => return None,
    };
    Some(Repeat { interval, frequency, on: on.to_owned() })
}

fn at(day: Date, time: Time) -> OffsetDateTime {
    PrimitiveDateTime::new(day, time).assume_utc()
}
