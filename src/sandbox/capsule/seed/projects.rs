//! The projects: machines to fit and people to train, mostly for those who have just bought, and some for old customers.

use time::{Duration, OffsetDateTime};

use super::super::account::Account;
use super::super::fields::FieldKind;
use super::super::kase::{Kase, STATUSES};
use super::super::opportunity::Opportunity;
use super::super::party::Party;
use super::super::record::Vocabulary;
use super::marks::{Marker, fields, tags};
use super::{ADMINISTRATOR, count, organisations, people_of, sales, staff};
use crate::sandbox::table::Table;

pub(super) const FIRST_KASE: i64 = 5_590_318;
const FIRST_TAG: i64 = 168_440;
const FIRST_FIELD: i64 = 926_911;
const FIRST_FILTER: i64 = 50_940;
const WARRANTY: i64 = FIRST_TAG + 2;

const PROJECTS: usize = 20;
const JOBS: [&str; 5] =
    ["Fit the new machine", "Opening-week training", "Move the bar", "Annual service", "Menu for the summer"];
const SITES: [&str; 3] = ["Ground floor", "Upper floor", "Outdoors"];

/// Tags and custom fields of projects.
pub(super) fn vocabulary() -> Vocabulary<Kase> {
    Vocabulary {
        tags: tags(
            FIRST_TAG,
            &[("Rush", None, false), ("Weekend", None, false), ("Warranty", Some("Under the maker's"), true)],
        ),
        fields: fields(
            FIRST_FIELD,
            &[
                ("Site", FieldKind::List, &SITES, None, None),
                ("Engineer", FieldKind::Text, &[], None, None),
                ("Hours", FieldKind::Number, &[], None, None),
                ("Warranty ends", FieldKind::Date, &[], None, Some(WARRANTY)),
            ],
        ),
        filters: Table::starting_at(FIRST_FILTER),
    }
}

/// Adds the projects: one for each sale that was won, then others, until there are enough.
pub(super) fn add(account: &mut Account) {
    let won = account.opportunities.iter().filter(|row| row.probability == 100).cloned();
    let won: Vec<Option<Opportunity>> = won.map(Some).collect();
    let others = organisations(account).into_iter().skip(11).step_by(6).map(|(_, party)| party);
    let others: Vec<Party> = others.collect();
    let mut others = others.iter();
    for (number, sale) in won.into_iter().chain(std::iter::repeat(None)).take(PROJECTS).enumerate() {
        let party = match &sale {
            Some(sale) => account.parties.get(sale.party).cloned(),
            None => others.next().cloned(),
        };
        if let Some(party) = party {
            add_one(account, number, sale.as_ref(), &party);
        }
    }
}

fn add_one(account: &mut Account, number: usize, sale: Option<&Opportunity>, party: &Party) {
    let begun: OffsetDateTime =
        match sale.and_then(|sale| Some((sale.closed_on?, sale.last_stage_changed_at))) {
            Some((_, closed)) => closed + Duration::hours(26),
            None => sales::begun(22 + number) + Duration::hours(5),
        };
    let mut kase = Kase::new(ADMINISTRATOR, begun);
    kase.name = format!("{}, {}", JOBS[number % JOBS.len()], party.display_name());
    kase.party = party.id;
    kase.custody = sale.map_or_else(|| staff::custody_of_deal(account, party, number), |sale| sale.custody);
    kase.opportunity = sale.map(|sale| sale.id);
    kase.start_on = (number % 4 != 2).then(|| begun.date() + Duration::days(7));
    kase.expected_close_on = (number % 5 != 3).then(|| begun.date() + Duration::days(45));
    if number % 3 == 1 {
        kase.description = Some("Deliveries only before eight in the morning.".to_owned());
        kase.additional = people_of(account, party.id).into_iter().take(1).collect();
    }
    let stages: Vec<i64> = account.stages.iter().map(|stage| stage.id).collect();
    kase.stage = (number % 7 != 6).then(|| stages[number % stages.len()]);
    kase.updated_at = begun + Duration::days(count(number % 9));
    if number % 5 < 2 {
        let closed = begun + Duration::days(30 + count(number));
        kase.status = STATUSES[1];
        kase.settle(closed.date());
        kase.updated_at = closed;
    }
    let mut marks = Marker { account, record: &mut kase };
    marks.tag(number % 6 == 2, "Rush");
    marks.tag(number % 5 == 4, "Weekend");
    marks.tag(number % 4 == 1, "Warranty");
    marks.field(number % 4 != 3, "Site", SITES[number % SITES.len()]);
    marks.field(number % 3 == 2, "Engineer", "Petra Holm");
    marks.field(number.is_multiple_of(2), "Hours", (4 + number % 12).to_string());
    marks.field(number % 4 == 1, "Warranty ends", format!("2028-{:02}-15", 1 + number % 12));
    account.kases.insert(|id| Kase { id, ..kase });
}
