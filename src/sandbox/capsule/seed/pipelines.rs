//! The sales pipelines with their milestones, and why sales are lost. The oldest pipeline is archived.

use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::super::lost_reasons::LostReason;
use super::super::milestones::Milestone;
use super::super::pipelines::Pipeline;
use super::count;
use crate::sandbox::table::Table;

const FIRST_PIPELINE: i64 = 31_410;
const FIRST_MILESTONE: i64 = 268_071;
const FIRST_LOST_REASON: i64 = 44_902;

/// Beans, to those who serve them.
pub(super) const WHOLESALE: i64 = FIRST_PIPELINE + 1;
/// Machines, to those who have room for one.
pub(super) const LEASING: i64 = FIRST_PIPELINE + 2;

/// Where opportunities are while their beans are tried.
pub(super) const TASTING: i64 = FIRST_MILESTONE + 4;

/// Name, probability, days until stale.
type MilestoneRow = (&'static str, i64, Option<i64>);

struct PipelineRow {
    name: &'static str,
    description: Option<&'static str>,
    deleted: bool,
    made: OffsetDateTime,
    open: &'static [MilestoneRow],
}

static PIPELINES: [PipelineRow; 3] = [
    PipelineRow {
        name: "Market stalls",
        description: None,
        deleted: true,
        made: datetime!(2023-05-02 09:00:00 UTC),
        open: &[("Contacted", 20, None)],
    },
    PipelineRow {
        name: "Wholesale supply",
        description: Some("From first enquiry to a standing order"),
        deleted: false,
        made: datetime!(2023-11-20 13:25:10 UTC),
        open: &[("Enquiry", 10, Some(14)), ("Tasting", 35, Some(21)), ("Proposal", 70, Some(30))],
    },
    PipelineRow {
        name: "Equipment leasing",
        description: None,
        deleted: false,
        made: datetime!(2024-02-06 10:41:55 UTC),
        open: &[("Site survey", 20, Some(30)), ("Quote", 60, None)],
    },
];

pub(super) fn pipelines() -> Table<Pipeline> {
    let mut pipelines = Table::starting_at(FIRST_PIPELINE);
    for row in &PIPELINES {
        pipelines.insert(|id| Pipeline {
            id,
            name: row.name.to_owned(),
            description: row.description.map(str::to_owned),
            deleted: row.deleted,
            created_at: row.made,
            updated_at: row.made + Duration::days(9),
        });
    }
    pipelines
}

pub(super) fn milestones() -> Table<Milestone> {
    let mut milestones = Table::starting_at(FIRST_MILESTONE);
    for (number, row) in PIPELINES.iter().enumerate() {
        let pipeline = FIRST_PIPELINE + count(number);
        for (name, probability, days_until_stale) in row.open {
            milestones.insert(|id| Milestone {
                id,
                description: (*name == "Tasting").then(|| "They have our beans on their bar".to_owned()),
                probability: *probability,
                days_until_stale: *days_until_stale,
                ..Milestone::new(pipeline, name, row.made)
            });
        }
        for (name, probability) in [("Won", 100), ("Lost", 0)] {
            milestones.insert(|id| Milestone {
                id,
                complete: true,
                probability,
                ..Milestone::new(pipeline, name, row.made)
            });
        }
    }
    milestones
}

pub(super) fn lost_reasons() -> Table<LostReason> {
    let made = datetime!(2023-11-20 13:31:48 UTC);
    let rows = [
        ("Price", true),
        ("Chose a competitor", true),
        ("No budget this year", true),
        ("Never answered", false),
        ("Changed their mind", true),
    ];
    let mut reasons = Table::starting_at(FIRST_LOST_REASON);
    for (name, included_for_conversion) in rows {
        reasons.insert(|id| LostReason {
            id,
            name: name.to_owned(),
            included_for_conversion,
            created_at: made,
            updated_at: made,
        });
    }
    reasons
}
