//! Sales pipelines: `/pipelines`. Deleting one archives it: it leaves the list, and what is in it stays.
//!
//! A new pipeline comes with the two milestones that complete it.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::Shared;
use super::account::Account;
use super::call::{Call, Id};
use super::dates::stamp;
use super::milestones::{self, Milestone};
use super::refusal::{Problem, Refusal};
use super::resource::{Resource, Writable, collection, member, one, visible};
use super::scene::{Draft, Scene};
use super::written::Written;
use crate::sandbox::table::Table;

#[derive(Clone)]
pub(super) struct Pipeline {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) deleted: bool,
    pub(super) created_at: OffsetDateTime,
    pub(super) updated_at: OffsetDateTime,
}

impl Pipeline {
    fn describe(&mut self, written: Written<'_>) -> Result<(), Problem> {
        written.filled_text("name", &mut self.name)?;
        written.text("description", &mut self.description)
    }
}

/// The pipeline that an account had before it could have several.
pub(super) fn oldest_active(account: &Account) -> Option<&Pipeline> {
    account.pipelines.iter().find(|pipeline| !pipeline.deleted)
}

impl Resource for Pipeline {
    const PATH: &'static str = "pipelines";
    const ONE: &'static str = "pipeline";
    const MANY: &'static str = "pipelines";
    const SEVERAL_AT_ONCE: bool = true;

    fn table(account: &Account) -> &Table<Pipeline> {
        &account.pipelines
    }

    fn view(&self, scene: &Scene<'_>) -> Value {
        let milestones = scene.account.milestones.iter();
        let open = milestones.filter(|milestone| milestone.pipeline == self.id && !milestone.complete);
        json!({
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "deleted": self.deleted,
            "createdAt": stamp(self.created_at),
            "updatedAt": stamp(self.updated_at),
            "openMilestoneCount": open.count(),
        })
    }

    /// Newest first: those in use, with `includeDeleted=true` the archived ones too; with `q` those whose name has it.
    fn listed<'a>(scene: &Scene<'a>) -> Result<Vec<&'a Pipeline>, Refusal> {
        let archived_too = scene.params.get("includeDeleted") == Some("true");
        let text = scene.params.get("q").unwrap_or_default().to_lowercase();
        let pipelines = scene.account.pipelines.iter().rev();
        let wanted = |pipeline: &&Pipeline| {
            (archived_too || !pipeline.deleted) && pipeline.name.to_lowercase().contains(&text)
        };
        Ok(pipelines.filter(wanted).collect())
    }
}

impl Writable for Pipeline {
    fn create(draft: &mut Draft, written: Written<'_>) -> Result<i64, Refusal> {
        draft.require_administrator()?;
        let now = draft.now;
        let mut pipeline = Pipeline {
            id: 0,
            name: String::new(),
            description: None,
            deleted: false,
            created_at: now,
            updated_at: now,
        };
        pipeline.describe(written)?;
        let id = draft.account.pipelines.insert(|id| Pipeline { id, ..pipeline });
        for (name, probability) in [("Won", 100), ("Lost", 0)] {
            let milestone = Milestone { complete: true, probability, ..Milestone::new(id, name, now) };
            draft.account.milestones.insert(|id| Milestone { id, ..milestone });
        }
        Ok(id)
    }

    fn update(draft: &mut Draft, id: i64, written: Written<'_>) -> Result<(), Refusal> {
        draft.require_administrator()?;
        let pipeline = draft.account.pipelines.get_mut(id).ok_or(Refusal::NotFound)?;
        pipeline.describe(written)?;
        pipeline.updated_at = draft.now;
        Ok(())
    }

    fn delete(draft: &mut Draft, id: i64) -> Result<(), Refusal> {
        archive(draft, id, true)
    }
}

fn archive(draft: &mut Draft, id: i64, deleted: bool) -> Result<(), Refusal> {
    draft.require_administrator()?;
    let pipeline = draft.account.pipelines.get_mut(id).ok_or(Refusal::NotFound)?;
    pipeline.deleted = deleted;
    pipeline.updated_at = draft.now;
    Ok(())
}

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/pipelines", collection::<Pipeline>())
        .route("/pipelines/{id}", member::<Pipeline>())
        .route("/pipelines/{id}/restore", post(restore))
        .route("/pipelines/{id}/milestones", get(milestones::list_of_pipeline))
}

async fn restore(State(capsule): State<Shared>, Id(id): Id, call: Call) -> Result<Json<Value>, Refusal> {
    capsule.change(&call, |draft| {
        visible::<Pipeline>(&draft.scene(&call), id)?;
        archive(draft, id, false)?;
        one::<Pipeline>(&draft.scene(&call), id).map(Json)
    })
}
