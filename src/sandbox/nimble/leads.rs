//! Contacts as leads: the pipelines that they go through, and their moves. Every move answers with the contact.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{delete, get, post};
use serde_json::{Map, Value, json};

use super::account::{Account, items};
use super::call::{Call, ok, text};
use super::contacts::touch;
use super::instants::{day, naive};
use super::refusal::Refusal;
use super::{Answer, Shared};

const RUN: &str = "/api/v2/leads/{lead}/{pipeline}";

type Ids = Path<(String, String)>;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v1/contacts/pipelines", get(pipelines))
        .route(RUN, delete(clear))
        .route(&format!("{RUN}/successful"), post(won).put(edit_won))
        .route(&format!("{RUN}/unsuccessful"), post(lost).put(edit_lost))
        .route(&format!("{RUN}/move"), post(move_to))
        .route(&format!("{RUN}/undo"), post(undo))
}

async fn pipelines(State(nimble): State<Shared>) -> Answer {
    ok(json!({ "pipelines": nimble.look().lead_pipelines }))
}

/// Changes a contact's run through a pipeline: the stages it was at, the latest last.
fn change(
    nimble: &Shared,
    lead: &str,
    pipeline: &str,
    change: impl FnOnce(&Account, &Value, &mut Vec<Value>) -> Result<(), Refusal>,
) -> Answer {
    ok(nimble.change(|account| {
        let found = account.lead_pipelines.iter().find(|it| it["pipeline_id"] == pipeline).cloned();
        let found = found.ok_or(Refusal::NoSuchPath)?;
        let mut contact = account.contacts.get(lead).cloned().ok_or(Refusal::NoSuchPath)?;
        let mut runs = items(&contact["leads"]).to_vec();
        let place = runs.iter().position(|run| run["pipeline_id"] == pipeline);
        let mut path = place.map(|place| items(&runs.remove(place)["path"]).to_vec()).unwrap_or_default();
        change(account, &found, &mut path)?;
        if let Some(last) = path.last() {
            let mut run = last.clone();
            run["pipeline_id"] = json!(pipeline);
            run["path"] = json!(path);
            runs.push(run);
        }
        contact["leads"] = json!(runs);
        touch(account, &mut contact);
        let shown = account.show(&contact, &[]);
        *account.contacts.find_mut(lead)? = contact;
        Ok(shown)
    })?)
}

fn stage(pipeline: &Value, fits: impl Fn(&&Value) -> bool) -> Result<&Value, Refusal> {
    let found = items(&pipeline["stages"]).iter().find(fits);
    found.ok_or_else(|| Refusal::invalid("stage_id", "is no stage of this pipeline"))
}

fn step(account: &Account, stage: &Value, body: &Map<String, Value>) -> Value {
    json!({
        "stage_id": stage["stage_id"], "entered": naive(account.now),
        "exit": text(body, "actual_exit_date").map_or_else(|| day(account.now), str::to_owned),
        "notes": body.get("notes"), "lost_reason": body.get("lost_reason"),
    })
}

async fn move_to(State(nimble): State<Shared>, Path((lead, pipeline)): Ids, call: Call) -> Answer {
    let body = call.members_if_any();
    change(&nimble, &lead, &pipeline, |account, pipeline, path| {
        let stage = match text(&body, "stage_id") {
            Some(id) => stage(pipeline, |stage| stage["stage_id"] == id)?,
            None => stage(pipeline, |stage| stage["role"]["is_final"] == false)?,
        };
        if stage["role"]["is_final"] == true {
            return Err(Refusal::Against("A lead leaves its pipeline by an exit".to_owned()));
        }
        path.push(step(account, stage, &body));
        Ok(())
    })
}

/// Leaves the pipeline by a final stage; one that is in none can't.
fn exit(nimble: &Shared, ids: &(String, String), body: &Map<String, Value>, role: &str) -> Answer {
    change(nimble, &ids.0, &ids.1, |account, pipeline, path| {
        if path.is_empty() {
            return Err(Refusal::Against("The contact is not in this pipeline".to_owned()));
        }
        let stage = stage(pipeline, |stage| stage["role"]["name"] == role)?;
        path.push(step(account, stage, body));
        Ok(())
    })
}

fn edit(nimble: &Shared, ids: &(String, String), body: &Map<String, Value>, role: &str) -> Answer {
    change(nimble, &ids.0, &ids.1, |_, pipeline, path| {
        let final_stage = &stage(pipeline, |stage| stage["role"]["name"] == role)?["stage_id"];
        let last = path.last_mut().filter(|last| last["stage_id"] == *final_stage);
        let last =
            last.ok_or_else(|| Refusal::Against("The contact has not left by this exit".to_owned()))?;
        for (name, stored) in
            [("notes", "notes"), ("lost_reason", "lost_reason"), ("actual_exit_date", "exit")]
        {
            if let Some(value) = body.get(name) {
                last[stored] = value.clone();
            }
        }
        Ok(())
    })
}

async fn won(State(nimble): State<Shared>, Path(ids): Ids, call: Call) -> Answer {
    exit(&nimble, &ids, &call.members_if_any(), "won")
}

async fn edit_won(State(nimble): State<Shared>, Path(ids): Ids, call: Call) -> Answer {
    edit(&nimble, &ids, &call.members_if_any(), "won")
}

async fn lost(State(nimble): State<Shared>, Path(ids): Ids, call: Call) -> Answer {
    exit(&nimble, &ids, &call.members_if_any(), "lost")
}

async fn edit_lost(State(nimble): State<Shared>, Path(ids): Ids, call: Call) -> Answer {
    edit(&nimble, &ids, &call.members_if_any(), "lost")
}

async fn undo(State(nimble): State<Shared>, Path((lead, pipeline)): Ids) -> Answer {
    change(&nimble, &lead, &pipeline, |_, _, path| {
        path.pop().map(|_| ()).ok_or_else(|| Refusal::Against("There is nothing to take back".to_owned()))
    })
}

async fn clear(State(nimble): State<Shared>, Path((lead, pipeline)): Ids) -> Answer {
    change(&nimble, &lead, &pipeline, |_, _, path| {
        path.clear();
        Ok(())
    })
}
