//! What a POST or PUT of an entry does.
//!
//! Only notes are made through the API, each about exactly one record. Notes and e-mails can be changed; what is about
//! them, and of which activity type they are, cannot. No entry is left with neither content nor attachments.

use serde_json::Value;

use super::activity_types;
use super::attachments;
use super::entry::{self, Entry, Kind};
use super::link::{Link, Linked};
use super::refusal::{Problem, Problems, Refusal};
use super::scene::Draft;
use super::written::{Written, asks_deletion};

/// Creates a note and answers its id. Its creator is the draft's author.
pub(super) fn create(draft: &mut Draft, written: Written<'_>) -> Result<i64, Refusal> {
    match written.get("type").and_then(Value::as_str) {
        Some("note") => {}
        Some(_) => return Err(written.problem("type", "options are: note").into()),
        None => return Err(written.required("type").into()),
    }
    let mut note = Entry::note(draft.author, activity_types::NOTE, draft.now);
    let mut problems = Problems::default();
    let about = "entry must be linked to either a party, opportunity or kase";
    match problems.note(Link::written(&draft.account, written, None)) {
        Some(Linked::One(link)) => note.link = Some(link),
        Some(Linked::None | Linked::Several) => {
            problems.note(Err::<(), _>(written.problem("party", about)));
        }
        None => {}
    }
    let is_writable = |id| activity_types::can_be_written(&draft.account, id);
    problems.note(written.required_link("activityType", &mut note.activity_type, is_writable));
    problems.note(written.instant("entryAt", &mut note.entry_at));
    problems.note(compose(draft, &mut note, written));
    problems.refuse_any()?;
    entry::touch(&mut draft.account, &note);
    Ok(draft.account.entries.insert(|id| Entry { id, ..note }))
}

/// Changes a note or an e-mail. A write that changes nothing leaves `updatedAt` alone.
pub(super) fn update(draft: &mut Draft, id: i64, written: Written<'_>) -> Result<(), Refusal> {
    let before = draft.account.entries.get(id).ok_or(Refusal::NotFound)?.clone();
    if before.kind == Kind::Task {
        return Err(written.problem("type", "entry cannot be updated").into());
    }
    let mut entry = before.clone();
    let mut problems = Problems::default();
    if entry.kind == Kind::Email {
        problems.note(written.text("subject", &mut entry.subject));
    }
    problems.note(written.instant("entryAt", &mut entry.entry_at));
    problems.note(compose(draft, &mut entry, written));
    problems.refuse_any()?;
    if entry != before {
        entry.updated_at = draft.now;
        draft.account.entries.put(id, entry);
    }
    Ok(())
}

/// Content and attachments, of which one must be there.
fn compose(draft: &mut Draft, entry: &mut Entry, written: Written<'_>) -> Result<(), Problem> {
    written.text("content", &mut entry.content)?;
    for item in written.items("attachments")? {
        if asks_deletion(item) {
            let id = item.get("id").and_then(Value::as_i64);
            let place = entry.attachments.iter().position(|held| Some(*held) == id);
            let missing = || Problem::new("attachment", "id", "attachment not found to delete");
            let gone = entry.attachments.remove(place.ok_or_else(missing)?);
            draft.account.attachments.delete(gone, draft.now);
        } else if let Some(token) = item.get("token") {
            entry.attachments.push(attachments::claim(&mut draft.account, token)?);
        }
    }
    let is_blank = entry.content.as_deref().is_none_or(|content| content.trim().is_empty());
    if is_blank && entry.attachments.is_empty() {
        return Err(written.required("content"));
    }
    Ok(())
}
