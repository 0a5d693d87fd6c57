//! What subscribers are told: told apart by comparing the account before a write with the account after it, so that no
//! write can forget to tell.
//!
//! The payload is always a list. A deleted record is told by its id alone, as nothing else is known of what Capsule tells
//! about it. There are no events of notes and other entries.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::account::{Account, User};
use super::call::Params;
use super::kase::Kase;
use super::opportunity::Opportunity;
use super::party::Party;
use super::resource::Resource;
use super::rest_hooks::RestHook;
use super::scene::Scene;
use super::seed;
use super::task::{COMPLETED, Task};
use crate::sandbox::table::{Change, Table};

/// Something that happened to a record.
struct Event<'a> {
    name: String,
    subject: Box<dyn Fn(&Scene<'_>) -> Value + 'a>,
}

/// A body for a subscriber.
pub(super) struct Due {
    pub(super) url: String,
    pub(super) body: Value,
}

/// What subscribers are to be told of a write.
pub(super) fn due(before: &Account, after: &Account, now: OffsetDateTime) -> Vec<Due> {
    if after.rest_hooks.count() == 0 {
        return Vec::new();
    }
    let events = events(before, after);
    after.rest_hooks.iter().flat_map(|hook| tell(hook, &events, after, now)).collect()
}

/// Hooks are an administrator's, so nothing is hidden from them.
fn tell(hook: &RestHook, events: &[Event<'_>], account: &Account, now: OffsetDateTime) -> Vec<Due> {
    let params = Params::parse(&format!("embed={}", hook.embed.as_deref().unwrap_or_default()));
    let scene = Scene { account, params: &params, viewer: seed::ADMINISTRATOR, now };
    let wanted = events.iter().filter(|event| event.name == hook.event);
    let subjects: Vec<Value> = wanted.map(|event| (event.subject)(&scene)).collect();
    let batches: Vec<Vec<Value>> = match (subjects.is_empty(), hook.batched) {
        (true, _) => Vec::new(),
        (false, true) => vec![subjects],
        (false, false) => subjects.into_iter().map(|subject| vec![subject]).collect(),
    };
    let body = |payload: Vec<Value>| json!({ "event": hook.event, "payload": payload });
    batches.into_iter().map(|payload| Due { url: hook.target_url.clone(), body: body(payload) }).collect()
}

fn events<'a>(before: &'a Account, after: &'a Account) -> Vec<Event<'a>> {
    let mut events = of(&before.parties, &after.parties, |_: &Party, _| Vec::new());
    events.extend(of(&before.opportunities, &after.opportunities, |was: &Opportunity, is| {
        let closed = (was.is_open() && !is.is_open()).then_some("closed");
        let moved = (was.milestone != is.milestone).then_some("moved");
        closed.into_iter().chain(moved).collect()
    }));
    events.extend(of(&before.kases, &after.kases, |was: &Kase, is| {
        let closed = (was.is_open() && !is.is_open()).then_some("closed");
        let moved = (was.stage != is.stage).then_some("moved");
        closed.into_iter().chain(moved).collect()
    }));
    events.extend(of(&before.tasks, &after.tasks, |was: &Task, is| {
        let completed = was.status != COMPLETED && is.status == COMPLETED;
        completed.then_some("completed").into_iter().collect()
    }));
    events.extend(of(&before.users, &after.users, |_: &User, _| Vec::new()));
    events
}

/// What happened to records of one kind; `more` is what an update was besides.
fn of<'a, R: Resource + PartialEq>(
    before: &'a Table<R>,
    after: &'a Table<R>,
    more: impl Fn(&R, &R) -> Vec<&'static str>,
) -> Vec<Event<'a>> {
    let mut events = Vec::new();
    let mut tell = |what: &str, subject: Box<dyn Fn(&Scene<'_>) -> Value + 'a>| {
        events.push(Event { name: format!("{}/{what}", R::ONE), subject });
    };
    for (id, change) in after.changes_since(before) {
        match change {
            Change::Created(record) => tell("created", Box::new(|scene| record.view(scene))),
            Change::Deleted => tell("deleted", Box::new(move |_| json!({ "id": id }))),
            Change::Updated { before, after } => {
                tell("updated", Box::new(|scene| after.view(scene)));
                for what in more(before, after) {
                    tell(what, Box::new(|scene| after.view(scene)));
                }
            }
        }
    }
    events
}
