//! Milestones of pipelines. `/milestones` lists those of the oldest active pipeline only, as it did when there was one;
//! `/pipelines/{id}/milestones` lists those of any, and `/milestones/all`, which is not documented, those of all.
//!
//! No field tells their order. The twin lists the open ones in the order they were made, then the complete ones.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::Shared;
use super::account::Account;
use super::call::{Call, Id};
use super::dates::stamp;
use super::pipelines::{self, Pipeline};
use super::refusal::{Problem, Refusal};
use super::resource::{Resource, Writable, collection, member, named_reference, page, visible};
use super::scene::{Draft, Scene};
use super::written::{MOST, Written};
use crate::sandbox::table::Table;

#[derive(Clone)]
pub(super) struct Milestone {
    pub(super) id: i64,
    pub(super) pipeline: i64,
    pub(super) name: String,
    pub(super) description: Option<String>,
    /// Whether an opportunity that reaches it is closed: won where the probability is 100, lost where it is 0.
    pub(super) complete: bool,
    /// In percent.
    pub(super) probability: i64,
    pub(super) days_until_stale: Option<i64>,
    pub(super) created_at: OffsetDateTime,
    pub(super) updated_at: OffsetDateTime,
}

impl Milestone {
    pub(super) fn new(pipeline: i64, name: &str, now: OffsetDateTime) -> Milestone {
        Milestone {
            id: 0,
            pipeline,
            name: name.to_owned(),
            description: None,
            complete: false,
            probability: 0,
            days_until_stale: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether opportunities at it are lost.
    pub(super) fn is_lost(&self) -> bool {
        self.complete && self.probability == 0
    }

    fn describe(&mut self, written: Written<'_>) -> Result<(), Problem> {
        written.filled_text("name", &mut self.name)?;
        written.text("description", &mut self.description)?;
        let days = |value: &Value| value.as_i64().filter(|days| (1..=MOST).contains(days));
        written.nullable("daysUntilStale", &mut self.days_until_stale, days)?;
        let mut probability = self.probability;
        written.integer("probability", 0..=100, &mut probability)?;
        if self.complete && probability != self.probability {
            return Err(written.problem("probability", "probability of a complete milestone is fixed"));
        }
        self.probability = probability;
        Ok(())
    }
}

/// The milestones of one pipeline, in their order.
pub(super) fn of_pipeline(account: &Account, pipeline: i64) -> Vec<&Milestone> {
    let milestones = account.milestones.iter();
    let mut milestones: Vec<&Milestone> = milestones.filter(|row| row.pipeline == pipeline).collect();
    milestones.sort_by_key(|milestone| (milestone.complete, milestone.id));
    milestones
}

impl Resource for Milestone {
    const PATH: &'static str = "milestones";
    const ONE: &'static str = "milestone";
    const MANY: &'static str = "milestones";

    fn table(account: &Account) -> &Table<Milestone> {
        &account.milestones
    }

    fn view(&self, scene: &Scene<'_>) -> Value {
        let pipeline = scene.account.pipelines.get(self.pipeline);
        json!({
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "complete": self.complete,
            "probability": self.probability,
            "pipeline": named_reference(pipeline.map(|pipeline| (pipeline.id, pipeline.name.as_str()))),
            "daysUntilStale": self.days_until_stale,
            "createdAt": stamp(self.created_at),
            "updatedAt": stamp(self.updated_at),
        })
    }

    fn listed<'a>(scene: &Scene<'a>) -> Result<Vec<&'a Milestone>, Refusal> {
        let oldest = pipelines::oldest_active(scene.account);
        Ok(oldest.map_or(Vec::new(), |pipeline| of_pipeline(scene.account, pipeline.id)))
    }
}

impl Writable for Milestone {
    /// Without a `pipeline` it goes to the oldest active one.
    fn create(draft: &mut Draft, written: Written<'_>) -> Result<i64, Refusal> {
        draft.require_administrator()?;
        let account = &mut draft.account;
        let mut pipeline = pipelines::oldest_active(account).map_or(0, |pipeline| pipeline.id);
        written.required_link("pipeline", &mut pipeline, |id| account.pipelines.get(id).is_some())?;
        let mut milestone = Milestone::new(pipeline, "", draft.now);
        milestone.describe(written)?;
        Ok(account.milestones.insert(|id| Milestone { id, ..milestone }))
    }

    fn update(draft: &mut Draft, id: i64, written: Written<'_>) -> Result<(), Refusal> {
        draft.require_administrator()?;
        let milestone = draft.account.milestones.get_mut(id).ok_or(Refusal::NotFound)?;
        milestone.describe(written)?;
        milestone.updated_at = draft.now;
        Ok(())
    }

    /// A milestone that completes a pipeline, or that an opportunity is at, stays.
    fn delete(draft: &mut Draft, id: i64) -> Result<(), Refusal> {
        draft.require_administrator()?;
        let account = &mut draft.account;
        let refuse = |message: &str| Err(Problem::new(Milestone::ONE, "id", message).into());
        if account.milestones.get(id).is_some_and(|milestone| milestone.complete) {
            return refuse("a complete milestone cannot be deleted");
        }
        if account.opportunities.iter().any(|opportunity| opportunity.milestone == id) {
            return refuse("milestone is in use");
        }
        account.milestones.delete(id, draft.now);
        account
            .opportunities
            .update_where(|row| row.last_open_milestone == Some(id), |row| row.last_open_milestone = None);
        Ok(())
    }
}

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/milestones", collection::<Milestone>())
        .route("/milestones/all", get(list_all))
        .route("/milestones/{id}", member::<Milestone>())
}

/// `/pipelines/{id}/milestones`
pub(super) async fn list_of_pipeline(
    State(capsule): State<Shared>,
    Id(id): Id,
    call: Call,
) -> Result<Response, Refusal> {
    capsule.look(&call, |scene| {
        visible::<Pipeline>(scene, id)?;
        page(scene, &call, &of_pipeline(scene.account, id))
    })
}

async fn list_all(State(capsule): State<Shared>, call: Call) -> Result<Response, Refusal> {
    capsule.look(&call, |scene| {
        let active = scene.account.pipelines.iter().filter(|pipeline| !pipeline.deleted);
        let milestones: Vec<&Milestone> =
            active.flat_map(|pipeline| of_pipeline(scene.account, pipeline.id)).collect();
        page(scene, &call, &milestones)
    })
}
