//! The data of a fresh account: a company of a dozen people that sells laboratory instruments.
//!
//! Made of compact tables and of rules over a record's number, never of chance, so that every account starts the same.
//! Names are invented, domains end in `.example`, and telephone numbers are of the range that is kept for fiction.

mod companies;
mod deals;
mod deeds;
mod setup;
mod staff;

use serde_json::{Map, Value};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::account::Account;
use super::record::Kind;

/// The company whose account this is.
pub(super) const COMPANY: &str = "Millbrook Instruments";
/// By which the API key's holder may sign in, in place of a user's address.
pub(super) const DOMAIN: &str = "millbrook.example";
/// Nutshell's number of the account.
pub(super) const INSTANCE: i64 = 418_207;
/// The user who made the API key.
pub(super) const ADMINISTRATOR: i64 = 3;

/// When the company began to use Nutshell.
const BEGINNING: OffsetDateTime = datetime!(2025-02-03 08:15:00 UTC);

/// Nutshell counts each kind of record by itself, in steps that leave gaps; where each begins is all that matters here.
fn first_id(kind: Kind) -> i64 {
    match kind {
        Kind::Accounts => 1011,
        Kind::Contacts => 2043,
        Kind::Leads => 3107,
        Kind::Activities => 5209,
        Kind::Notes => 6301,
        Kind::Tasks => 7003,
        Kind::Users => ADMINISTRATOR,
        Kind::Teams => 31,
        Kind::Milestones => 101,
        Kind::Stagesets => 11,
        Kind::ActivityTypes => 1,
        Kind::Outcomes => 211,
        Kind::Industries => 5,
        Kind::AccountTypes | Kind::Sources | Kind::Markets => 1,
    }
}

/// The account as it is at the start. What is new in it was made shortly before `now`.
pub(super) fn account(now: OffsetDateTime) -> Account {
    let mut account = Account::empty(BEGINNING, first_id);
    setup::add(&mut account);
    staff::add(&mut account);
    companies::add(&mut account);
    deals::add(&mut account);
    deeds::add(&mut account, now);
    account
}

/// A day and a time of day after the beginning, by a record's number.
fn later(number: usize, every: i64) -> OffsetDateTime {
    let number = i64::try_from(number).unwrap_or(0);
    BEGINNING + Duration::days(number * every) + Duration::minutes(number * 37 % 480)
}

/// Adds records that have nothing but a name.
fn named(account: &mut Account, kind: Kind, names: &[&str]) {
    for name in names {
        account.add(kind, ADMINISTRATOR, fields([("name", Value::from(*name))]));
    }
}

fn fields<const MANY: usize>(pairs: [(&str, Value); MANY]) -> Map<String, Value> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
