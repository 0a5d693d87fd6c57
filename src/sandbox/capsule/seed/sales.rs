//! The opportunities: beans for cafés, restaurants and shops, machines for hotels and offices, and a few sales to people
//! without an organisation. What is older is mostly decided, what is recent mostly open.

use time::macros::datetime;
use time::{Date, Duration, OffsetDateTime, Time};

use super::super::account::Account;
use super::super::fields::FieldKind;
use super::super::milestones::{self, Milestone};
use super::super::opportunity::{Money, Opportunity};
use super::super::party::Party;
use super::super::record::Vocabulary;
use super::marks::{Marker, fields, tags};
use super::organisations::Organisation;
use super::{ADMINISTRATOR, count, organisations, people_of, pipelines, places, staff};
use crate::sandbox::table::Table;

pub(super) const FIRST_OPPORTUNITY: i64 = 18_402_115;
const FIRST_TAG: i64 = 402_771;
const FIRST_FIELD: i64 = 871_402;
const FIRST_FILTER: i64 = 50_902;
const LEASE: i64 = FIRST_TAG + 4;

/// Opportunities with organisations; the last few are with people.
const WITH_ORGANISATIONS: usize = 40;
const WITH_PEOPLE: usize = 5;
/// From this one on they are too recent to be decided.
const RECENT: usize = 36;

const BEANS: [&str; 8] = [
    "House espresso contract",
    "Filter range trial",
    "Decaf changeover",
    "Seasonal single origins",
    "Cold brew kegs for the summer",
    "Guest roaster rotation",
    "Tea list refresh",
    "Weekly bean delivery",
];
const MACHINES: [&str; 6] = [
    "Two-group machine lease",
    "Grinder upgrade",
    "Bean-to-cup machines on three floors",
    "Water filter service plan",
    "Barista training package",
    "Second site fit-out",
];
const MODELS: [&str; 4] = ["Aurora 2G", "Aurora 3G", "Piccolo", "Brew Tower"];

/// Tags and custom fields of opportunities.
pub(super) fn vocabulary() -> Vocabulary<Opportunity> {
    Vocabulary {
        tags: tags(
            FIRST_TAG,
            &[
                ("Renewal", None, false),
                ("Referral", Some("Came through a customer"), false),
                ("Trade show 2025", None, false),
                ("Urgent", None, false),
                ("Lease", None, true),
            ],
        ),
        fields: fields(
            FIRST_FIELD,
            &[
                ("Machine model", FieldKind::List, &MODELS, None, None),
                ("Units", FieldKind::Number, &[], None, None),
                ("Contract start", FieldKind::Date, &[], None, None),
                ("Competitor", FieldKind::Text, &[], None, None),
                ("Site surveyed", FieldKind::Boolean, &[], None, None),
                ("Lease months", FieldKind::Number, &[], None, Some(LEASE)),
            ],
        ),
        filters: Table::starting_at(FIRST_FILTER),
    }
}

/// Adds the opportunities.
pub(super) fn add(account: &mut Account) {
    let buyers = organisations(account).into_iter().filter(|(row, _)| row.sector != "Supplier");
    for (number, (row, organisation)) in buyers.take(WITH_ORGANISATIONS).enumerate() {
        let people = people_of(account, organisation.id);
        let leases = matches!(row.sector, "Hotel" | "Office");
        let mut opportunity = drafted(account, number, leases, &organisation);
        let title = if leases { MACHINES[number % MACHINES.len()] } else { BEANS[number % BEANS.len()] };
        opportunity.name = format!("{title}, {}", row.name);
        opportunity.value = value(number, row);
        match number % 4 {
            // Sold to a person there rather than to the organisation.
            3 => opportunity.party = people[0],
            1 => opportunity.additional = people.into_iter().take(2).collect(),
            _ => {}
        }
        insert(account, number, leases, opportunity);
    }
    let is_customer = |party: &&Party| party.person().is_some() && party.organisation().is_none();
    let people: Vec<Party> =
        account.parties.iter().rev().filter(is_customer).take(WITH_PEOPLE).cloned().collect();
    for (number, person) in (WITH_ORGANISATIONS..).zip(&people) {
        let mut opportunity = drafted(account, number, false, person);
        opportunity.name = format!("Home barista course, {}", person.display_name());
        opportunity.value = Some(Money { amount: 95.5, currency: "GBP" });
        insert(account, number, false, opportunity);
    }
}

/// An opportunity that has come as far as its number says.
fn drafted(account: &Account, number: usize, leases: bool, party: &Party) -> Opportunity {
    let pipeline = if leases { pipelines::LEASING } else { pipelines::WHOLESALE };
    let milestones = milestones::of_pipeline(account, pipeline);
    let begun = begun(number);
    let mut opportunity = Opportunity::new(ADMINISTRATOR, begun);
    opportunity.party = party.id;
    opportunity.custody = staff::custody_of_deal(account, party, number);
    opportunity.expected_close_on = (number % 11 != 7).then(|| begun.date() + Duration::days(60));
    for (step, milestone) in path(&milestones, number).into_iter().enumerate() {
        let at = begun + Duration::days(count(step * (9 + number % 6)));
        opportunity.reach(account, milestone, at);
        opportunity.updated_at = at;
    }
    if milestones.iter().any(|milestone| milestone.id == opportunity.milestone && milestone.is_lost()) {
        let reasons: Vec<i64> = account.lost_reasons.iter().map(|reason| reason.id).collect();
        opportunity.lost_reason = (number % 5 != 4).then(|| reasons[number / 3 % reasons.len()]);
    }
    if opportunity.is_open() && number % 10 == 7 {
        opportunity.probability = 45;
    }
    let (basis, duration) = match number % 10 {
        1 => ("MONTH", Some(12)),
        3 => ("WEEK", Some(26)),
        5 => ("QUARTER", Some(4)),
        7 => ("YEAR", Some(2)),
        8 => ("DAY", Some(3)),
        9 => ("HOUR", Some(16)),
        _ => ("FIXED", None),
    };
    (opportunity.duration_basis, opportunity.duration) = (basis, duration);
    opportunity
}

/// The milestones that an opportunity came by, the one it is at last.
fn path<'a>(milestones: &[&'a Milestone], number: usize) -> Vec<&'a Milestone> {
    let (open, complete): (Vec<_>, Vec<_>) = milestones.iter().partition(|milestone| !milestone.complete);
    let far = match number % 6 {
        _ if number >= RECENT => return open[..1 + number % 2].to_vec(),
        0 | 4 => return open.into_iter().chain(complete.into_iter().take(1)).collect(),
        2 => return open.into_iter().take(2).chain(complete.into_iter().skip(1)).collect(),
        far => far,
    };
    open[..1 + far % open.len()].to_vec()
}

/// When an opportunity came up: between April 2024 and February 2026.
pub(super) fn begun(number: usize) -> OffsetDateTime {
    datetime!(2024-04-02 09:14:05 UTC) + Duration::seconds(count(number) * (15 * 86_400 + 26_011))
}

fn insert(account: &mut Account, number: usize, leases: bool, mut opportunity: Opportunity) {
    if number.is_multiple_of(3) {
        opportunity.description = Some("Asked for samples.\nDecision by the end of the quarter.".to_owned());
    }
    let start = starts(opportunity.created_at);
    let mut marks = Marker { account, record: &mut opportunity };
    marks.tag(number % 7 == 1, "Renewal");
    marks.tag(number % 5 == 2, "Referral");
    marks.tag(number % 9 == 5, "Trade show 2025");
    marks.tag(number >= RECENT && number % 3 == 1, "Urgent");
    marks.tag(leases, "Lease");
    marks.field(leases, "Machine model", MODELS[number % MODELS.len()]);
    marks.field(leases || number % 4 == 2, "Units", (1 + number % 6).to_string());
    marks.field(number % 3 == 1, "Contract start", start.to_string());
    marks.field(number % 8 == 2, "Competitor", "Blackmoor Roasters");
    marks.field(leases && number.is_multiple_of(2), "Site surveyed", true);
    marks.field(leases && number % 3 != 1, "Lease months", (12 * (1 + number % 5)).to_string());
    account.opportunities.insert(|id| Opportunity { id, ..opportunity });
}

/// Contracts start on the first of the third month after.
fn starts(begun: OffsetDateTime) -> Date {
    let later = begun.replace_time(Time::MIDNIGHT) + Duration::days(90);
    later.replace_day(1).map_or(later.date(), OffsetDateTime::date)
}

/// What the buyer's country pays in, and roughly how many of it a pound is.
fn value(number: usize, buyer: &Organisation) -> Option<Money> {
    let (currency, rate) = match places::named(buyer.city).country {
        "United Kingdom" => ("GBP", 1.0),
        "United States" => ("USD", 1.3),
        "Canada" => ("CAD", 1.75),
        "Australia" => ("AUD", 2.0),
        "Sweden" => ("SEK", 13.0),
        "Denmark" => ("DKK", 9.0),
        "Czechia" => ("CZK", 29.0),
        "Turkey" => ("TRY", 45.0),
        "Israel" => ("ILS", 4.8),
        "United Arab Emirates" => ("AED", 4.7),
        "Japan" => ("JPY", 190.0),
        "South Korea" => ("KRW", 1800.0),
        _ => ("EUR", 1.2),
    };
    // Small whole numbers, so the conversion is exact.
    let pounds = (420 + number * 137 % 3_300) as f64;
    let amount = if number % 7 == 3 { pounds + 0.75 } else { (pounds * rate).round() };
    (number % 13 != 8).then_some(Money { amount, currency })
}
