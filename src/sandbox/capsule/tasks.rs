//! Tasks: `/tasks`. There is no search over them, no filter and no list of deleted ones: those paths lead nowhere.

use axum::Router;
use serde_json::Value;
use time::OffsetDateTime;

use super::Shared;
use super::account::Account;
use super::call::Params;
use super::dates::instant;
use super::link::Link;
use super::refusal::{Problem, Refusal};
use super::resource::{Resource, Writable, collection, member};
use super::scene::{Draft, Scene};
use super::task::{self, OPEN, STATUSES, Task};
use super::task_write;
use super::written::Written;
use crate::sandbox::table::Table;

impl Resource for Task {
    const PATH: &'static str = "tasks";
    const ONE: &'static str = "task";
    const MANY: &'static str = "tasks";
    const SEVERAL_AT_ONCE: bool = true;

    fn table(account: &Account) -> &Table<Task> {
        &account.tasks
    }

    fn view(&self, scene: &Scene<'_>) -> Value {
        task::full(scene, self)
    }

    /// Newest id first; open ones only, unless `status` names others. The other parameters are not documented, but
    /// Capsule's own tools use them.
    fn listed<'a>(scene: &Scene<'a>) -> Result<Vec<&'a Task>, Refusal> {
        let picked = Picked::of(scene.params)?;
        Ok(scene.account.tasks.iter().rev().filter(|task| picked.fits(task)).collect())
    }
}

/// What a list of tasks is asked for.
struct Picked {
    statuses: Vec<&'static str>,
    since: Option<OffsetDateTime>,
    owner: Option<i64>,
    category: Option<i64>,
    due_from: Option<OffsetDateTime>,
    due_to: Option<OffsetDateTime>,
    repeating: Option<bool>,
    related_to: Option<Vec<String>>,
}

impl Picked {
    fn of(params: &Params) -> Result<Picked, Refusal> {
        Ok(Picked {
            statuses: statuses(params)?,
            since: read(params, "since", instant)?,
            owner: read(params, "owner", |text| text.parse().ok())?,
            category: read(params, "category", |text| text.parse().ok())?,
            due_from: read(params, "dueFrom", instant)?,
            due_to: read(params, "dueTo", instant)?,
            repeating: read(params, "repeating", |text| text.parse().ok())?,
            related_to: read(params, "relatedTo", |text| {
                Some(text.split(',').map(|kind| kind.trim().to_owned()).collect())
            })?,
        })
    }

    fn fits(&self, task: &Task) -> bool {
        let kind = match task.link {
            Some(Link::Party(_)) => "party",
            Some(Link::Opportunity(_)) => "opportunity",
            Some(Link::Kase(_)) => "kase",
            None => "",
        };
        self.statuses.contains(&task.status)
            && self.since.is_none_or(|since| task.updated_at > since)
            && self.owner.is_none_or(|owner| task.owner == owner)
            && self.category.is_none_or(|category| task.category == Some(category))
            && self.due_from.is_none_or(|from| task.due_at() >= from)
            && self.due_to.is_none_or(|to| task.due_at() <= to)
            && self.repeating.is_none_or(|repeating| task.repeat.is_some() == repeating)
            && self.related_to.as_ref().is_none_or(|kinds| kinds.iter().any(|wanted| wanted == kind))
    }
}

fn statuses(params: &Params) -> Result<Vec<&'static str>, Refusal> {
    let Some(list) = params.get("status") else {
        return Ok(vec![OPEN]);
    };
    let known = |name: &str| {
        let name = name.trim().to_uppercase();
        STATUSES.into_iter().find(|status| *status == name)
    };
    let statuses: Option<Vec<&'static str>> = list.split(',').map(known).collect();
    statuses.ok_or_else(|| invalid("status"))
}

fn read<T>(params: &Params, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Refusal> {
    let Some(text) = params.get(name) else {
        return Ok(None);
    };
    match read(text) {
        Some(value) => Ok(Some(value)),
        None => Err(invalid(name)),
    }
}

fn invalid(name: &str) -> Refusal {
    Problem::wrong_type(Task::ONE, name).into()
}

impl Writable for Task {
    fn create(draft: &mut Draft, written: Written<'_>) -> Result<i64, Refusal> {
        task_write::create(draft, written)
    }

    fn update(draft: &mut Draft, id: i64, written: Written<'_>) -> Result<(), Refusal> {
        task_write::update(draft, id, written)
    }

    fn delete(draft: &mut Draft, id: i64) -> Result<(), Refusal> {
        draft.account.tasks.delete(id, draft.now);
        draft.account.delete_entries(|entry| entry.task == Some(id), draft.now);
        Ok(())
    }
}

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/tasks", collection::<Task>()).route("/tasks/{id}", member::<Task>())
}
