//! Pipelines of deals and their stages. A change of a stage answers with its whole pipeline; deleting one archives it.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post, put};
use serde_json::{Map, Value, json};

use super::account::{Account, items};
use super::call::{Call, created, empty, needed, ok, text, texts};
use super::instants::naive;
use super::refusal::Refusal;
use super::{Answer, Shared};

const BASE: &str = "/api/v2/deals/pipelines";

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route(BASE, get(list).post(create))
        .route(&format!("{BASE}/{{id}}"), get(read).put(update).delete(remove))
        .route(&format!("{BASE}/{{id}}/archive"), post(archive))
        .route(&format!("{BASE}/{{id}}/unarchive"), post(unarchive))
        .route(&format!("{BASE}/{{id}}/lost_reasons"), post(add_lost_reason))
        .route(&format!("{BASE}/{{id}}/stages"), post(create_stage))
        .route(&format!("{BASE}/{{id}}/stages/{{stage}}"), put(update_stage).delete(archive_stage))
}

fn show(account: &Account, pipeline: &Value) -> Value {
    let mut shown = pipeline.clone();
    shown["creator"] = account.user(&pipeline["creator_id"]);
    if let Some(members) = shown.as_object_mut() {
        members.shift_remove("creator_id");
    }
    let own = |tab: &&Value| tab["pipeline_id"] == pipeline["pipeline_id"];
    shown["tabs"] = account.deal_tabs.iter().filter(own).cloned().collect();
    shown
}

/// A stage as it is stored, which is how it is shown.
pub(super) fn stage(
    account: &mut Account,
    pipeline: &str,
    body: &Map<String, Value>,
) -> Result<Value, Refusal> {
    let chance = body.get("default_probability").and_then(Value::as_f64);
    if chance.is_some_and(|chance| !(0.0..=100.0).contains(&chance)) {
        return Err(Refusal::invalid("default_probability", "must be from 0 to 100"));
    }
    let now = naive(account.now);
    Ok(json!({
        "stage_id": account.new_id(), "name": needed(body, "name")?, "description": body.get("description"),
        "default_probability": body.get("default_probability"), "expected_days": body.get("expected_days"),
        "role": { "name": "open", "is_final": false }, "creator": account.me(), "created": now, "updated": now,
        "pipline_id": pipeline, "archived_at": null,
    }))
}

async fn list(State(nimble): State<Shared>) -> Answer {
    let account = nimble.look();
    let shown: Vec<Value> = account.pipelines.iter().map(|it| show(&account, it)).collect();
    ok(json!({ "pipelines": shown }))
}

async fn read(State(nimble): State<Shared>, Path(id): Path<String>) -> Answer {
    let account = nimble.look();
    ok(show(&account, account.pipelines.find(&id)?))
}

async fn create(State(nimble): State<Shared>, call: Call) -> Answer {
    let body = call.members()?;
    created(nimble.change(|account| {
        let name = needed(body, "name")?;
        for member in
            ["description", "color", "lost_reasons", "stages", "fields_tab_members", "default_currency"]
        {
            if !body.contains_key(member) {
                return Err(Refusal::invalid(member, &format!("{member} is required")));
            }
        }
        let id = account.new_id();
        let mut stages = Vec::new();
        for given in items(&body["stages"]) {
            let given = given.as_object().ok_or_else(|| Refusal::invalid("stages", "takes objects"))?;
            stages.push(stage(account, &id, given)?);
        }
        for (role, chance) in [("won", 100), ("lost", 0)] {
            let body = Map::from_iter([
                ("name".to_owned(), json!(if role == "won" { "Won" } else { "Lost" })),
                ("default_probability".to_owned(), json!(chance)),
            ]);
            let mut last = stage(account, &id, &body)?;
            last["role"] = json!({ "name": role, "is_final": true });
            stages.push(last);
        }
        let mut reasons = Vec::new();
        for reason in texts(body, "lost_reasons")?.unwrap_or_default() {
            reasons.push(json!({ "id": account.new_id(), "text": reason }));
        }
        let now = naive(account.now);
        let tab = json!({
            "tab_id": account.new_id(), "tab_name": name, "pipeline_id": id, "members": [],
        });
        account.deal_tabs.push(tab);
        let pipeline = json!({
            "pipeline_id": id, "creator_id": account.me()["user_id"], "name": name,
            "description": body["description"], "created": now, "updated": now, "archived_at": null,
            "stages": stages, "color": body["color"], "lost_reasons": reasons, "is_default": false,
            "default_currency": body["default_currency"],
        });
        account.pipelines.push(pipeline.clone());
        Ok(show(account, &pipeline))
    })?)
}

/// Changes a pipeline, and shows it.
fn edit(
    nimble: &Shared,
    id: &str,
    change: impl FnOnce(&mut Account, &mut Value) -> Result<(), Refusal>,
) -> Result<Value, Refusal> {
    nimble.change(|account| {
        let mut pipeline = account.pipelines.find(id)?.clone();
        change(account, &mut pipeline)?;
        pipeline["updated"] = json!(naive(account.now));
        *account.pipelines.find_mut(id)? = pipeline.clone();
        Ok(show(account, &pipeline))
    })
}

async fn update(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let body = call.members()?;
    ok(edit(&nimble, &id, |_, pipeline| {
        for name in ["name", "description", "color"] {
            if let Some(value) = body.get(name) {
                pipeline[name] = value.clone();
            }
        }
        if pipeline["name"].as_str().is_none_or(str::is_empty) {
            return Err(Refusal::invalid("name", "name is required"));
        }
        Ok(())
    })?)
}

/// The deals of the pipeline go with it.
async fn remove(State(nimble): State<Shared>, Path(id): Path<String>) -> Answer {
    nimble.change(|account| {
        account.pipelines.remove(&id)?;
        let last = |deal: &Value| items(&deal["runs"]).last().map(|run| run["pipeline_id"].clone());
        account.deals.retain(|deal| last(deal) != Some(json!(id)));
        account.deal_tabs.retain(|tab| tab["pipeline_id"] != id);
        Ok(())
    })?;
    empty()
}

async fn archive(State(nimble): State<Shared>, Path(id): Path<String>) -> Answer {
    edit(&nimble, &id, |account, pipeline| {
        pipeline["archived_at"] = json!(naive(account.now));
        Ok(())
    })?;
    empty()
}

async fn unarchive(State(nimble): State<Shared>, Path(id): Path<String>) -> Answer {
    edit(&nimble, &id, |_, pipeline| {
        pipeline["archived_at"] = Value::Null;
        Ok(())
    })?;
    empty()
}

async fn add_lost_reason(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let reason = needed(call.members()?, "reason")?;
    created(edit(&nimble, &id, |account, pipeline| {
        if !pipeline["archived_at"].is_null() {
            return Err(Refusal::Against("The pipeline is archived".to_owned()));
        }
        if items(&pipeline["lost_reasons"]).iter().any(|it| it["text"] == reason) {
            return Err(Refusal::Against("There is such a reason already".to_owned()));
        }
        let new = json!({ "id": account.new_id(), "text": reason });
        if let Some(reasons) = pipeline["lost_reasons"].as_array_mut() {
            reasons.push(new);
        }
        Ok(())
    })?)
}

async fn create_stage(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let body = call.members()?;
    created(edit(&nimble, &id, |account, pipeline| {
        let new = stage(account, &id, body)?;
        if let Some(stages) = pipeline["stages"].as_array_mut() {
            super::fields::insert(stages, new, "stage_id", text(body, "insert_after"));
        }
        Ok(())
    })?)
}

fn stage_of<'p>(pipeline: &'p mut Value, id: &str) -> Result<&'p mut Value, Refusal> {
    let stages = pipeline["stages"].as_array_mut();
    let found = stages.and_then(|stages| stages.iter_mut().find(|stage| stage["stage_id"] == id));
    found.ok_or_else(|| Refusal::NotFound("stage", id.to_owned()))
}

async fn update_stage(
    State(nimble): State<Shared>,
    Path((id, stage)): Path<(String, String)>,
    call: Call,
) -> Answer {
    let body = call.members()?;
    ok(edit(&nimble, &id, |account, pipeline| {
        let stage = stage_of(pipeline, &stage)?;
        for name in ["name", "description", "expected_days", "default_probability"] {
            if let Some(value) = body.get(name) {
                stage[name] = value.clone();
            }
        }
        if stage["name"].as_str().is_none_or(str::is_empty) {
            return Err(Refusal::invalid("name", "name is required"));
        }
        stage["updated"] = json!(naive(account.now));
        Ok(())
    })?)
}

async fn archive_stage(State(nimble): State<Shared>, Path((id, stage)): Path<(String, String)>) -> Answer {
    edit(&nimble, &id, |account, pipeline| {
        stage_of(pipeline, &stage)?["archived_at"] = json!(naive(account.now));
        Ok(())
    })?;
    empty()
}
