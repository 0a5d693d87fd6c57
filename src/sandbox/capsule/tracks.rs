//! Tracks: series of tasks that were applied to a record. They are listed at the record, `/{entity}/{id}/tracks`, and made,
//! shown, changed and deleted at `/tracks`, which lists none.
//!
//! What a track was made of and for is written but not shown. A track outlives its record, and can then only be reached by
//! its id.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};
use time::Date;

use super::Shared;
use super::account::Account;
use super::call::{Call, Id};
use super::kase::Kase;
use super::link::{Link, Linked};
use super::opportunity::Opportunity;
use super::party::Party;
use super::refusal::Refusal;
use super::resource::{Resource, Writable, create, member, page, visible};
use super::scene::{Draft, Scene};
use super::tags;
use super::task::{COMPLETED, OPEN, PENDING, Step, Task};
use super::track_definitions::{LAST_TASK, START_DATE, TaskDefinition, TrackDefinition, delayed};
use super::written::{Written, id_of};
use crate::sandbox::table::Table;

#[derive(Clone)]
pub(super) struct Track {
    pub(super) id: i64,
    pub(super) description: String,
    pub(super) direction: &'static str,
    /// When it starts or ends, by its direction.
    pub(super) date_on: Date,
    pub(super) link: Link,
    pub(super) tasks: Vec<i64>,
}

impl Resource for Track {
    const PATH: &'static str = "tracks";
    const ONE: &'static str = "track";
    const MANY: &'static str = "tracks";

    fn table(account: &Account) -> &Table<Track> {
        &account.tracks
    }

    fn view(&self, scene: &Scene<'_>) -> Value {
        let tasks = self.tasks.iter().filter_map(|id| scene.account.tasks.get(*id));
        let task = |task: &Task| {
            if scene.embeds("task") {
                return task.view(&scene.bare());
            }
            json!({ "id": task.id, "description": task.description })
        };
        json!({
            "id": self.id,
            "tasks": tasks.map(task).collect::<Vec<_>>(),
            "description": self.description,
            "direction": self.direction,
            "trackDateOn": self.date_on.to_string(),
        })
    }
}

impl Writable for Track {
    fn create(draft: &mut Draft, written: Written<'_>) -> Result<i64, Refusal> {
        let link = match Link::written(&draft.account, written, None)? {
            Linked::One(link) => link,
            Linked::None | Linked::Several => {
                let message = "track must be linked to either a party, opportunity or kase";
                return Err(written.problem("kase", message).into());
            }
        };
        apply(draft, link, written)
    }

    /// Its open tasks move with its date.
    fn update(draft: &mut Draft, id: i64, written: Written<'_>) -> Result<(), Refusal> {
        let mut track = draft.account.tracks.get(id).ok_or(Refusal::NotFound)?.clone();
        written.filled_text("description", &mut track.description)?;
        let mut date_on = Some(track.date_on);
        written.day("trackDateOn", &mut date_on)?;
        let date_on = date_on.ok_or_else(|| written.required("trackDateOn"))?;
        let (shift, now) = (date_on - track.date_on, draft.now);
        draft.account.tasks.update_where(
            |task| !shift.is_zero() && task.status != COMPLETED && is_step_of(task, id),
            |task| {
                task.due_on = task.due_on.saturating_add(shift);
                task.updated_at = now;
            },
        );
        draft.account.tracks.put(id, Track { date_on, ..track });
        Ok(())
    }

    /// What is done of it stays done; the rest goes with it.
    fn delete(draft: &mut Draft, id: i64) -> Result<(), Refusal> {
        let account = &mut draft.account;
        account.tracks.delete(id, draft.now);
        account.tasks.delete_where(|task| task.status != COMPLETED && is_step_of(task, id), draft.now);
        account.tasks.update_where(|task| is_step_of(task, id), |task| task.step = None);
        Ok(())
    }
}

fn is_step_of(task: &Task, track: i64) -> bool {
    task.step.as_ref().is_some_and(|step| step.track == track)
}

/// Applies the `tracks` of a write that made the record.
pub(super) fn apply_all(draft: &mut Draft, link: Link, written: Written<'_>) -> Result<(), Refusal> {
    for item in written.items("tracks")? {
        apply(draft, link, Written::new(Track::ONE, item))?;
    }
    Ok(())
}

fn apply(draft: &mut Draft, link: Link, written: Written<'_>) -> Result<i64, Refusal> {
    let definition = written.get("definition").and_then(id_of);
    let definition = definition.and_then(|id| draft.account.track_definitions.get(id)).cloned();
    let definition =
        definition.ok_or_else(|| written.problem("definition", "track definition is required"))?;
    if !definition.applies_to(link) {
        return Err(written.problem("definition", "track definition is for other records").into());
    }
    let mut description = definition.description.clone();
    written.filled_text("description", &mut description)?;
    let mut date_on = None;
    written.day("trackDateOn", &mut date_on)?;
    Ok(start(draft, link, &definition, &description, date_on.unwrap_or(draft.now.date())))
}

/// Makes a track with its tasks and tags; answers its id.
pub(super) fn start(
    draft: &mut Draft,
    link: Link,
    definition: &TrackDefinition,
    description: &str,
    date_on: Date,
) -> i64 {
    let track = draft.account.tracks.insert(|id| Track {
        id,
        description: description.to_owned(),
        direction: definition.direction,
        date_on,
        link,
        tasks: Vec::new(),
    });
    let mut tasks: Vec<i64> = Vec::new();
    let mut due_on = date_on;
    for step in &definition.tasks {
        let follows = step.days_after_rule == LAST_TASK && !tasks.is_empty();
        let backwards = definition.direction != START_DATE;
        let from = if follows { due_on } else { date_on };
        due_on = delayed(from, step.days_after, step.day_delay_rule, backwards);
        let task = drafted(draft, link, track, step, due_on, follows, backwards);
        let id = draft.account.tasks.insert(|id| Task { id, ..task });
        let before = tasks.last().and_then(|before| draft.account.tasks.get_mut(*before));
        if let Some(step) = before.and_then(|before| before.step.as_mut()) {
            step.next = Some(id);
        }
        tasks.push(id);
    }
    if let Some(track) = draft.account.tracks.get_mut(track) {
        track.tasks = tasks;
    }
    for tag in definition.tag.iter().flat_map(|tags| tags.split(',')) {
        bring_tag(&mut draft.account, link, tag.trim());
    }
    track
}

fn drafted(
    draft: &Draft,
    link: Link,
    track: i64,
    step: &TaskDefinition,
    due_on: Date,
    follows: bool,
    backwards: bool,
) -> Task {
    let owner = step.assignee.or_else(|| owner_of(&draft.account, link)).unwrap_or(draft.author);
    let delay_rule = if backwards && !follows { "END_DATE" } else { step.days_after_rule };
    Task {
        description: step.description.clone(),
        category: step.category,
        due_on,
        status: if follows { PENDING } else { OPEN },
        link: Some(link),
        owner,
        step: Some(Step {
            track,
            next: None,
            days_after: step.days_after,
            delay_rule,
            day_delay_rule: step.day_delay_rule,
            backwards,
        }),
        ..Task::new(draft.author, draft.now)
    }
}

fn owner_of(account: &Account, link: Link) -> Option<i64> {
    match link {
        Link::Party(id) => account.parties.get(id)?.custody.owner,
        Link::Opportunity(id) => account.opportunities.get(id)?.custody.owner,
        Link::Kase(id) => account.kases.get(id)?.custody.owner,
    }
}

fn bring_tag(account: &mut Account, link: Link, name: &str) {
    if name.is_empty() {
        return;
    }
    match link {
        Link::Party(id) => tags::bring::<Party>(account, id, name),
        Link::Opportunity(id) => tags::bring::<Opportunity>(account, id, name),
        Link::Kase(id) => tags::bring::<Kase>(account, id, name),
    }
}

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/tracks", post(create::<Track>))
        .route("/tracks/{id}", member::<Track>())
        .route("/parties/{id}/tracks", get(of_party))
        .route("/opportunities/{id}/tracks", get(of_opportunity))
        .route("/kases/{id}/tracks", get(of_kase))
}

async fn of_party(State(capsule): State<Shared>, Id(id): Id, call: Call) -> Result<Response, Refusal> {
    capsule.look(&call, |scene| {
        visible::<Party>(scene, id)?;
        of(scene, &call, Link::Party(id))
    })
}

async fn of_opportunity(State(capsule): State<Shared>, Id(id): Id, call: Call) -> Result<Response, Refusal> {
    capsule.look(&call, |scene| {
        visible::<Opportunity>(scene, id)?;
        of(scene, &call, Link::Opportunity(id))
    })
}

async fn of_kase(State(capsule): State<Shared>, Id(id): Id, call: Call) -> Result<Response, Refusal> {
    capsule.look(&call, |scene| {
        visible::<Kase>(scene, id)?;
        of(scene, &call, Link::Kase(id))
    })
}

fn of(scene: &Scene<'_>, call: &Call, link: Link) -> Result<Response, Refusal> {
    let tracks: Vec<&Track> = scene.account.tracks.iter().filter(|track| track.link == link).collect();
    page(scene, call, &tracks)
}
