//! What a POST or PUT of a project does.
//!
//! Name and party are required. A stage is taken as a bare id or as an object, implies its board, and null takes the
//! project off its board. Closing sets `closedOn` to today, reopening clears it.

use super::kase::{Kase, STATUSES};
use super::link::Link;
use super::record;
use super::refusal::{Problems, Refusal};
use super::scene::Draft;
use super::task_write;
use super::tracks;
use super::written::Written;

/// Creates a project and answers its id. Without an `owner` it belongs to the draft's author.
pub(super) fn create(draft: &mut Draft, written: Written<'_>) -> Result<i64, Refusal> {
    let mut kase = Kase::new(draft.author, draft.now);
    apply(draft, &mut kase, written)?;
    let id = draft.account.kases.insert(|id| Kase { id, ..kase });
    tracks::apply_all(draft, Link::Kase(id), written)?;
    Ok(id)
}

/// Changes a project.
pub(super) fn update(draft: &mut Draft, id: i64, written: Written<'_>) -> Result<(), Refusal> {
    let mut kase = draft.account.kases.get(id).ok_or(Refusal::NotFound)?.clone();
    let was_open = kase.is_open();
    apply(draft, &mut kase, written)?;
    if !written.says_nothing() {
        kase.updated_at = draft.now;
    }
    if kase.is_open() != was_open {
        task_write::settle(draft, Link::Kase(id), kase.is_open());
    }
    draft.account.kases.put(id, kase);
    Ok(())
}

fn apply(draft: &mut Draft, kase: &mut Kase, written: Written<'_>) -> Result<(), Refusal> {
    let account = &mut draft.account;
    let mut problems = Problems::default();
    problems.note(written.filled_text("name", &mut kase.name));
    problems.note(written.text("description", &mut kase.description));
    let is_party = |id| account.parties.get(id).is_some();
    problems.note(written.required_link("party", &mut kase.party, is_party));
    problems.note(kase.custody.assign(account, written));
    problems.note(kase.custody.require_any(written));
    let is_opportunity = |id| account.opportunities.get(id).is_some();
    problems.note(written.link("opportunity", &mut kase.opportunity, is_opportunity));
    let is_stage = |id| account.stages.get(id).is_some();
    problems.note(written.link("stage", &mut kase.stage, is_stage));
    problems.note(written.day("startOn", &mut kase.start_on));
    problems.note(written.day("expectedCloseOn", &mut kase.expected_close_on));
    problems.note(written.option("status", &STATUSES, &mut kase.status));
    kase.settle(draft.now.date());
    problems.note(record::mark(account, kase, written));
    problems.refuse_any()
}
