//! What a POST or PUT of a task does, and what becomes of tasks when what they are about is closed.
//!
//! Description and due date are required. A task is about one record at most: a write that would leave two is refused, so
//! moving it takes a null beside the new one. Completing a task that repeats makes the next one.

use serde_json::Value;

use super::entry::Entry;
use super::link::{Link, Linked};
use super::refusal::{Problem, Problems, Refusal};
use super::scene::Draft;
use super::task::{COMPLETED, FREQUENCIES, OPEN, PENDING, Repeat, Task, time_of_day};
use super::track_definitions::{LAST_TASK, delayed};
use super::written::Written;

/// Creates a task and answers its id. Without an `owner` it belongs to the draft's author.
pub(super) fn create(draft: &mut Draft, written: Written<'_>) -> Result<i64, Refusal> {
    let mut task = Task::new(draft.author, draft.now);
    apply(draft, &mut task, None, written)?;
    let id = draft.account.tasks.insert(|id| Task { id, ..task });
    complete(draft, id, OPEN);
    Ok(id)
}

/// Changes a task. A write that changes nothing leaves `updatedAt` alone.
pub(super) fn update(draft: &mut Draft, id: i64, written: Written<'_>) -> Result<(), Refusal> {
    let before = draft.account.tasks.get(id).ok_or(Refusal::NotFound)?.clone();
    let mut task = before.clone();
    apply(draft, &mut task, Some(before.due_on), written)?;
    if task != before {
        task.updated_at = draft.now;
        draft.account.tasks.put(id, task);
        complete(draft, id, before.status);
    }
    Ok(())
}

fn apply(
    draft: &Draft,
    task: &mut Task,
    due_on: Option<time::Date>,
    written: Written<'_>,
) -> Result<(), Refusal> {
    let account = &draft.account;
    let mut problems = Problems::default();
    problems.note(written.filled_text("description", &mut task.description));
    problems.note(written.text("detail", &mut task.detail));
    let mut due_on = due_on;
    if problems.note(written.day("dueOn", &mut due_on)).is_some() {
        let due_on = due_on.ok_or_else(|| written.required("dueOn"));
        task.due_on = problems.note(due_on).unwrap_or(task.due_on);
    }
    let time = |value: &Value| time_of_day(value.as_str()?);
    problems.note(written.nullable("dueTime", &mut task.due_time, time));
    problems.note(written.required_link("owner", &mut task.owner, |id| account.is_active_user(id)));
    let is_category = |id| account.categories.get(id).is_some();
    problems.note(written.link("category", &mut task.category, is_category));
    problems.note(relate(draft, task, written));
    problems.note(written.nullable("repeat", &mut task.repeat, repeat));
    problems.note(set_status(draft, task, written));
    problems.refuse_any()
}

fn relate(draft: &Draft, task: &mut Task, written: Written<'_>) -> Result<(), Problem> {
    task.link = match Link::written(&draft.account, written, task.link)? {
        Linked::None => None,
        Linked::One(link) => Some(link),
        Linked::Several => {
            return Err(written.problem("party", "task can be related to at most one entity"));
        }
    };
    Ok(())
}

fn repeat(written: &Value) -> Option<Repeat> {
    let frequency = FREQUENCIES.iter().find(|known| Some(**known) == written["frequency"].as_str())?;
    let on = match &written["on"] {
        Value::String(day) => day.clone(),
        Value::Number(day) => day.to_string(),
        _ => return None,
    };
    let interval = written["interval"].as_i64().filter(|interval| (1..=99).contains(interval))?;
    Some(Repeat { interval, frequency, on })
}

/// The status, and when it was completed: now, unless the write says otherwise.
fn set_status(draft: &Draft, task: &mut Task, written: Written<'_>) -> Result<(), Problem> {
    let before = task.status;
    if written.get("status").and_then(Value::as_str) == Some(PENDING) {
        return Err(written.problem("status", "cannot set task status to PENDING"));
    }
    written.option("status", &[OPEN, COMPLETED], &mut task.status)?;
    if task.status != COMPLETED {
        (task.completed_at, task.completed_by) = (None, None);
        return Ok(());
    }
    if before != COMPLETED {
        (task.completed_at, task.completed_by) = (Some(draft.now), Some(draft.author));
    }
    let mut at = task.completed_at.unwrap_or(draft.now);
    written.instant("completedAt", &mut at)?;
    task.completed_at = Some(at);
    Ok(())
}

/// What follows from a task's having become completed, or from its no longer being so.
fn complete(draft: &mut Draft, id: i64, before: &str) {
    let Some(task) = draft.account.tasks.get(id).cloned() else {
        return;
    };
    match (before == COMPLETED, task.status == COMPLETED) {
        (false, true) => {}
        (true, false) => return draft.account.delete_entries(|entry| entry.task == Some(id), draft.now),
        _ => return,
    }
    record_in_history(draft, &task);
    follow(draft, &task);
    if let Some(repeat) = &task.repeat {
        let due_on = repeat.next(task.due_on);
        let now = draft.now;
        draft.account.tasks.insert(|id| Task {
            id,
            due_on,
            status: OPEN,
            completed_at: None,
            completed_by: None,
            step: None,
            created_at: now,
            updated_at: now,
            ..task
        });
    }
}

/// The task after a completed one in its track, if it has waited for it, becomes due.
fn follow(draft: &mut Draft, done: &Task) {
    let (today, now) = (draft.now.date(), draft.now);
    let next = done.step.as_ref().and_then(|step| step.next);
    let Some(next) = next.and_then(|id| draft.account.tasks.get_mut(id)) else {
        return;
    };
    if let Some(step) = next.step.as_ref().filter(|step| step.delay_rule == LAST_TASK)
        && next.status == PENDING
    {
        next.due_on = delayed(today, step.days_after, step.day_delay_rule, step.backwards);
        next.status = OPEN;
        next.updated_at = now;
    }
}

/// A completed task about a record becomes an entry of that record's history.
fn record_in_history(draft: &mut Draft, task: &Task) {
    let (Some(link), Some(at)) = (task.link, task.completed_at) else {
        return;
    };
    let entry = Entry::of_task(task, link, at, draft.now);
    draft.account.entries.insert(|id| Entry { id, ..entry });
}

/// Puts the tasks about a record aside when it is closed, and takes them up again when it is reopened, save those that
/// wait for another.
pub(super) fn settle(draft: &mut Draft, link: Link, is_open: bool) {
    let (from, to) = if is_open { (PENDING, OPEN) } else { (OPEN, PENDING) };
    let now = draft.now;
    let tasks = &mut draft.account.tasks;
    let unfinished = tasks.iter().filter(|task| task.status != COMPLETED);
    let waiting: Vec<i64> = unfinished.filter_map(|task| task.step.as_ref()?.next).collect();
    let waits = |task: &Task| {
        let step = task.step.as_ref();
        step.is_some_and(|step| step.delay_rule == LAST_TASK) && waiting.contains(&task.id)
    };
    tasks.update_where(
        |task| task.link == Some(link) && task.status == from && !waits(task),
        |task| {
            task.status = to;
            task.updated_at = now;
        },
    );
}
