//! An opportunity: a sale that might happen, and how Capsule shows it.
//!
//! There is no status. An opportunity is open until it reaches a complete milestone, which sets `closedOn`; its pipeline
//! is that of its milestone.

use serde_json::{Map, Value, json};
use time::{Date, OffsetDateTime};

use super::account::Account;
use super::custody::Custody;
use super::dates::stamp;
use super::milestones::Milestone;
use super::party_view;
use super::record::Marks;
use super::resource::{Resource, named_reference};
use super::scene::Scene;

/// What the value is counted in: once, or for each of a number of periods.
pub(super) const DURATION_BASES: [&str; 7] = ["FIXED", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"];

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Opportunity {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) custody: Custody,
    pub(super) party: i64,
    /// Other parties that have to do with it.
    pub(super) additional: Vec<i64>,
    pub(super) milestone: i64,
    pub(super) value: Option<Money>,
    /// One of [`DURATION_BASES`].
    pub(super) duration_basis: &'static str,
    /// Periods; None exactly when the basis is `FIXED`.
    pub(super) duration: Option<i64>,
    /// In percent.
    pub(super) probability: i64,
    pub(super) expected_close_on: Option<Date>,
    pub(super) closed_on: Option<Date>,
    pub(super) lost_reason: Option<i64>,
    pub(super) last_contacted_at: Option<OffsetDateTime>,
    pub(super) last_stage_changed_at: OffsetDateTime,
    pub(super) last_open_milestone: Option<i64>,
    pub(super) marks: Marks,
    pub(super) created_at: OffsetDateTime,
    pub(super) updated_at: OffsetDateTime,
}

/// An amount, for each period where there are several.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Money {
    pub(super) amount: f64,
    /// An ISO 4217 code.
    pub(super) currency: &'static str,
}

impl Money {
    /// Whole amounts are shown without a point.
    fn view(self) -> Value {
        let whole = self.amount as i64;
        let amount = if whole as f64 == self.amount { json!(whole) } else { json!(self.amount) };
        json!({ "amount": amount, "currency": self.currency })
    }
}

impl Opportunity {
    /// A fresh opportunity that still lacks what it must have.
    pub(super) fn new(author: i64, now: OffsetDateTime) -> Opportunity {
        Opportunity {
            id: 0,
            name: String::new(),
            description: None,
            custody: Custody::of(author),
            party: 0,
            additional: Vec::new(),
            milestone: 0,
            value: None,
            duration_basis: DURATION_BASES[0],
            duration: None,
            probability: 0,
            expected_close_on: None,
            closed_on: None,
            lost_reason: None,
            last_contacted_at: None,
            last_stage_changed_at: now,
            last_open_milestone: None,
            marks: Marks::default(),
            created_at: now,
            updated_at: now,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.closed_on.is_none()
    }

    /// Whether it has been at an open milestone for longer than that milestone allows.
    pub(super) fn is_stale(&self, account: &Account, now: OffsetDateTime) -> bool {
        let days = account.milestones.get(self.milestone).and_then(|milestone| milestone.days_until_stale);
        days.is_some_and(|days| {
            self.is_open() && now - self.last_stage_changed_at > time::Duration::days(days)
        })
    }

    /// Moves it to a milestone, as of `now`: to a complete one closes it, from a complete one to an open one reopens it.
    /// The probability becomes the milestone's.
    pub(super) fn reach(&mut self, account: &Account, milestone: &Milestone, now: OffsetDateTime) {
        if self.milestone == milestone.id {
            return;
        }
        let left = account.milestones.get(self.milestone);
        if let Some(open) = left.filter(|left| !left.complete) {
            self.last_open_milestone = Some(open.id);
        }
        self.milestone = milestone.id;
        self.probability = milestone.probability;
        self.last_stage_changed_at = now;
        self.closed_on = milestone.complete.then(|| self.closed_on.unwrap_or(now.date()));
        if !milestone.is_lost() {
            self.lost_reason = None;
        }
    }
}

/// An opportunity in full.
pub(super) fn full(scene: &Scene<'_>, opportunity: &Opportunity) -> Value {
    let account = scene.account;
    let day = |day: Option<Date>| day.map_or(Value::Null, |day| day.to_string().into());
    let lost_reason = opportunity.lost_reason.and_then(|id| account.lost_reasons.get(id));
    let mut view = Map::new();
    let mut put = |key: &str, value: Value| view.insert(key.to_owned(), value);
    put("id", opportunity.id.into());
    put("owner", opportunity.custody.owner_view(account));
    put("team", opportunity.custody.team_view(account));
    put("party", party_view::nested(scene, Some(opportunity.party), "party"));
    put("lostReason", named_reference(lost_reason.map(|reason| (reason.id, reason.name.as_str()))));
    put("milestone", milestone(scene, Some(opportunity.milestone), scene.embeds("milestone")));
    put("value", opportunity.value.map_or(Value::Null, Money::view));
    put("expectedCloseOn", day(opportunity.expected_close_on));
    put("probability", opportunity.probability.into());
    put("durationBasis", opportunity.duration_basis.into());
    put("duration", opportunity.duration.into());
    put("closedOn", day(opportunity.closed_on));
    put("createdAt", stamp(opportunity.created_at).into());
    put("updatedAt", stamp(opportunity.updated_at).into());
    put("description", opportunity.description.clone().into());
    put("name", opportunity.name.clone().into());
    put("lastContactedAt", opportunity.last_contacted_at.map(stamp).into());
    put("lastStageChangedAt", stamp(opportunity.last_stage_changed_at).into());
    put("lastOpenMilestone", milestone(scene, opportunity.last_open_milestone, false));
    opportunity.marks.embed(scene, opportunity, &mut view);
    Value::Object(view)
}

fn milestone(scene: &Scene<'_>, id: Option<i64>, in_full: bool) -> Value {
    let milestone = id.and_then(|id| scene.account.milestones.get(id));
    match milestone {
        Some(milestone) if in_full => milestone.view(scene),
        milestone => named_reference(milestone.map(|row| (row.id, row.name.as_str()))),
    }
}

/// An opportunity inside another record: by reference, or in full but without embedded parts of its own when
/// `embed=opportunity` asks for it. One that the viewer may not see is not expanded.
pub(super) fn nested(scene: &Scene<'_>, opportunity: Option<i64>) -> Value {
    let Some(opportunity) = opportunity.and_then(|id| scene.account.opportunities.get(id)) else {
        return Value::Null;
    };
    if !scene.sees(&opportunity.custody) {
        return private(opportunity.id);
    }
    if scene.embeds("opportunity") {
        return full(&scene.bare(), opportunity);
    }
    json!({ "id": opportunity.id, "name": opportunity.name })
}

/// What stands in for an opportunity or a project where it may not be seen.
pub(super) fn private(id: i64) -> Value {
    json!({ "id": id, "name": "Private", "isRestricted": true })
}
