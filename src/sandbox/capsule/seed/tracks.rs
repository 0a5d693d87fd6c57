//! Templates of tracks, and the tracks that are under way; and what the company means to sell.

use time::macros::{date, datetime};
use time::{Date, OffsetDateTime};

use super::super::account::Account;
use super::super::goals::{Goal, REACHED_MILESTONE_COUNT, WON_COUNT, WON_SUM};
use super::super::link::Link;
use super::super::scene::Draft;
use super::super::track_definitions::{
    CASEFILE, LAST_TASK, OPPORTUNITY, START_DATE, TRACK_DAYS, TRACK_START, TRACK_WEEKS, TRACK_WORKDAYS,
    TaskDefinition, TrackDefinition,
};
use super::super::tracks;
use super::{ADMINISTRATOR, count, pipelines};
use crate::sandbox::table::Table;

pub(super) const FIRST_TRACK: i64 = 2_350_641;
const FIRST_DEFINITION: i64 = 9_114;
const FIRST_TASK_DEFINITION: i64 = 41_870;
const FIRST_GOAL: i64 = 3_307;
const MADE: OffsetDateTime = datetime!(2024-05-21 14:12:09 UTC);
/// When the tracks that are under way were applied.
const APPLIED: OffsetDateTime = datetime!(2026-02-12 10:20:00 UTC);

/// Description, what the delay is counted from, the delay, what it is counted in.
type StepRow = (&'static str, &'static str, i64, &'static str);

struct DefinitionRow {
    description: &'static str,
    tag: Option<&'static str>,
    capture_rule: &'static str,
    direction: &'static str,
    steps: &'static [StepRow],
}

static DEFINITIONS: [DefinitionRow; 3] = [
    DefinitionRow {
        description: "Win them over",
        tag: Some("Urgent"),
        capture_rule: OPPORTUNITY,
        direction: START_DATE,
        steps: &[
            ("Send samples", TRACK_START, 1, TRACK_DAYS),
            ("Ask how they liked them", LAST_TASK, 5, TRACK_WORKDAYS),
            ("Make an offer", LAST_TASK, 1, TRACK_WEEKS),
        ],
    },
    DefinitionRow {
        description: "Fit a machine",
        tag: None,
        capture_rule: CASEFILE,
        direction: START_DATE,
        steps: &[
            ("Measure the bar", TRACK_START, 2, TRACK_WORKDAYS),
            ("Order the machine", TRACK_START, 5, TRACK_WORKDAYS),
            ("Fit and test", LAST_TASK, 3, TRACK_WEEKS),
        ],
    },
    DefinitionRow {
        description: "Countdown to the opening",
        tag: Some("Rush, Weekend"),
        capture_rule: CASEFILE,
        direction: "END_DATE",
        steps: &[
            ("Train the staff", TRACK_START, 7, TRACK_DAYS),
            ("Deliver the beans", TRACK_START, 2, TRACK_DAYS),
        ],
    },
];

pub(super) fn definitions() -> Table<TrackDefinition> {
    let mut definitions = Table::starting_at(FIRST_DEFINITION);
    let mut task_id = FIRST_TASK_DEFINITION;
    for row in &DEFINITIONS {
        let mut steps = Vec::new();
        for (order, (description, days_after_rule, days_after, day_delay_rule)) in (1..).zip(row.steps) {
            steps.push(TaskDefinition {
                id: task_id,
                description: (*description).to_owned(),
                days_after_rule,
                days_after: *days_after,
                display_order: order,
                day_delay_rule,
                category: None,
                assignee: (order == 3).then_some(ADMINISTRATOR + 2),
            });
            task_id += 1;
        }
        definitions.insert(|id| TrackDefinition {
            id,
            description: row.description.to_owned(),
            tag: row.tag.map(str::to_owned),
            capture_rule: row.capture_rule,
            direction: row.direction,
            tasks: steps,
            created_at: MADE,
            updated_at: MADE,
        });
    }
    definitions
}

/// Applies tracks to the latest open sale and to the latest open projects.
pub(super) fn add(account: Account) -> Account {
    let mut draft = Draft { account, author: ADMINISTRATOR, now: APPLIED };
    let sale = draft.account.opportunities.iter().rev().find(|row| row.is_open()).map(|row| row.id);
    let open = draft.account.kases.iter().rev().filter(|kase| kase.is_open());
    let kases: Vec<i64> = open.map(|kase| kase.id).take(2).collect();
    let links = sale.map(Link::Opportunity).into_iter().chain(kases.into_iter().map(Link::Kase));
    let dates = [date!(2026 - 02 - 16), date!(2026 - 02 - 23), date!(2026 - 04 - 01)];
    for ((number, link), date_on) in links.enumerate().zip(dates) {
        let definition = draft.account.track_definitions.get(FIRST_DEFINITION + count(number)).cloned();
        if let Some(definition) = definition {
            tracks::start(&mut draft, link, &definition, &definition.description, date_on);
        }
    }
    draft.account
}

pub(super) fn goals() -> Table<Goal> {
    struct Row {
        name: &'static str,
        frequency: &'static str,
        status: &'static str,
        value: f64,
        kind: &'static str,
        days: (Date, Date),
    }
    let year = (date!(2026 - 01 - 01), date!(2026 - 12 - 31));
    let last = (date!(2025 - 01 - 01), date!(2025 - 12 - 31));
    let rows = [
        Row {
            name: "Wholesale 2026",
            frequency: "MONTHLY",
            status: "ACTIVE",
            value: 48_000.0,
            kind: WON_SUM,
            days: year,
        },
        Row {
            name: "Leases 2025",
            frequency: "FIXED",
            status: "COMPLETED",
            value: 9.0,
            kind: WON_COUNT,
            days: last,
        },
        Row {
            name: "Tastings 2025",
            frequency: "WEEKLY",
            status: "MISSED",
            value: 2.0,
            kind: REACHED_MILESTONE_COUNT,
            days: last,
        },
    ];
    let mut goals = Table::starting_at(FIRST_GOAL);
    for (number, row) in rows.into_iter().enumerate() {
        goals.insert(|id| Goal {
            id,
            name: row.name,
            frequency: row.frequency,
            status: row.status,
            value: row.value,
            currency: (row.kind == WON_SUM).then_some("GBP"),
            user: ADMINISTRATOR + count(number),
            pipeline: (row.kind != REACHED_MILESTONE_COUNT).then_some(pipelines::WHOLESALE + count(number)),
            milestone: (row.kind == REACHED_MILESTONE_COUNT).then_some(pipelines::TASTING),
            kind: row.kind,
            start_on: row.days.0,
            end_on: row.days.1,
            created_at: MADE,
            updated_at: MADE,
        });
    }
    goals
}
