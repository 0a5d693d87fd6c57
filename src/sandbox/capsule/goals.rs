//! What the company means to sell: `/goals`. The twin shows its goals; it makes none.

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};
use time::{Date, OffsetDateTime};

use super::Shared;
use super::account::Account;
use super::dates::stamp;
use super::resource::{Resource, list, named_reference};
use super::scene::Scene;
use crate::sandbox::table::Table;

/// The ids that Capsule's documentation gives for what a goal counts.
pub(super) const WON_SUM: &str = "bbc7a4b4-78eb-3bbd-85bb-9f20ec2e3f5d";
pub(super) const WON_COUNT: &str = "264be3b0-490b-3d73-ae0d-d02b488ba1eb";
pub(super) const REACHED_MILESTONE_COUNT: &str = "1659cb58-2401-30eb-aa82-c42771aea74e";

#[derive(Clone)]
pub(super) struct Goal {
    pub(super) id: i64,
    pub(super) name: &'static str,
    pub(super) frequency: &'static str,
    pub(super) status: &'static str,
    pub(super) value: f64,
    /// Of a sum; a count has none.
    pub(super) currency: Option<&'static str>,
    pub(super) user: i64,
    pub(super) pipeline: Option<i64>,
    pub(super) milestone: Option<i64>,
    pub(super) kind: &'static str,
    pub(super) start_on: Date,
    pub(super) end_on: Date,
    pub(super) created_at: OffsetDateTime,
    pub(super) updated_at: OffsetDateTime,
}

impl Resource for Goal {
    const PATH: &'static str = "goals";
    const ONE: &'static str = "goal";
    const MANY: &'static str = "goals";

    fn table(account: &Account) -> &Table<Goal> {
        &account.goals
    }

    fn view(&self, scene: &Scene<'_>) -> Value {
        let account = scene.account;
        let pipeline = self.pipeline.and_then(|id| account.pipelines.get(id));
        let milestone = self.milestone.and_then(|id| account.milestones.get(id));
        json!({
            "id": self.id,
            "name": self.name,
            "frequency": self.frequency,
            "status": self.status,
            "value": self.value,
            "createdAt": stamp(self.created_at),
            "updatedAt": stamp(self.updated_at),
            "startOn": self.start_on.to_string(),
            "endOn": self.end_on.to_string(),
            "currency": self.currency,
            "user": account.user_reference(Some(self.user)),
            "pipeline": named_reference(pipeline.map(|row| (row.id, row.name.as_str()))),
            "milestone": named_reference(milestone.map(|row| (row.id, row.name.as_str()))),
            "type": self.kind,
        })
    }
}

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/goals", get(list::<Goal>))
}
