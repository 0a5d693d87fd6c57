//! What a deal can be written as.

use axum::extract::{Path, State};
use serde_json::{Map, Value, json};

use super::account::{Account, items};
use super::call::{Call, needed, ok, text, texts};
use super::instants::{day, naive};
use super::refusal::Refusal;
use super::{Answer, Shared};

pub(super) async fn create(State(nimble): State<Shared>, call: Call) -> Answer {
    let body = call.members()?;
    ok(nimble.change(|account| {
        let (pipeline, stage) = (needed(body, "pipeline_id")?, needed(body, "stage_id")?);
        body.get("fields_values").ok_or_else(|| Refusal::invalid("fields_values", "fields_values is required"))?;
        let found = account.pipelines.find(pipeline)?.clone();
        let id = account.new_id();
        account.next_deal_number += 1;
        let me = account.me()["user_id"].clone();
        let now = naive(account.now);
        let mut deal = json!({
            "deal_id": id, "deal_number": account.next_deal_number, "creator_id": me, "owner_id": me,
            "updated_by": me, "created": now, "updated": now, "currency": found["default_currency"],
            "related_contacts": [], "related_external_contacts": [],
            "privacy": { "read": { "user_ids": [], "group_ids": [] }, "edit": { "user_ids": [], "group_ids": [] } },
            "values": {}, "runs": [{ "pipeline_id": pipeline, "steps": [] }], "files": [], "tags": [],
        });
        enter(account, &mut deal, pipeline, stage)?;
        write(account, &mut deal, body)?;
        if account.deal_name(&deal).is_empty() {
            return Err(Refusal::invalid("fields_values", "the name of the deal is required"));
        }
        let chance = account.stage(stage).is_some_and(|(_, stage)| stage["default_probability"].is_number());
        if !chance && account.standard(&deal, "probability").is_none() {
            return Err(Refusal::invalid("fields_values", "the probability is required at this stage"));
        }
        account.deals.push(deal.clone());
        Ok(account.show_deal(&deal))
    })?)
}

pub(super) async fn update(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let body = call.members()?;
    ok(nimble.change(|account| {
        let mut deal = account.deals.find(&id)?.clone();
        let (pipeline, stage) = account.place(&deal);
        let here = pipeline.as_str().unwrap_or_default();
        if text(body, "pipeline_id").is_some_and(|wanted| wanted != here) {
            return Err(Refusal::Against("A deal can't change its pipeline".to_owned()));
        }
        if let Some(wanted) = text(body, "stage_id").filter(|wanted| stage != *wanted) {
            enter(account, &mut deal, here, wanted)?;
        }
        write(account, &mut deal, body)?;
        if account.deal_name(&deal).is_empty() {
            return Err(Refusal::invalid("fields_values", "the name of the deal is required"));
        }
        deal["updated"] = json!(naive(account.now));
        deal["updated_by"] = account.me()["user_id"].clone();
        let shown = account.show_deal(&deal);
        *account.deals.find_mut(&id)? = deal;
        Ok(shown)
    })?)
}

/// Puts a deal at a stage of its pipeline. Winning and losing are not for the API.
fn enter(account: &Account, deal: &mut Value, pipeline: &str, stage: &str) -> Result<(), Refusal> {
    let found = account.stage(stage).filter(|(it, _)| it["pipeline_id"] == pipeline);
    let (_, found) =
        found.ok_or_else(|| Refusal::invalid("stage_id", "is no stage of the deal's pipeline"))?;
    if found["role"]["is_final"] == true || !found["archived_at"].is_null() {
        return Err(Refusal::Against("A deal can't be put at this stage".to_owned()));
    }
    let step = json!({
        "stage_id": stage, "who": account.me()["user_id"], "when": day(account.now), "notes": null,
    });
    let run = deal["runs"].as_array_mut().and_then(|runs| runs.last_mut());
    if let Some(steps) = run.and_then(|run| run["steps"].as_array_mut()) {
        steps.push(step);
    }
    Ok(())
}

/// Lays a body over a deal: what is absent stays, lists replace.
fn write(account: &Account, deal: &mut Value, body: &Map<String, Value>) -> Result<(), Refusal> {
    if let Some(owner) = body.get("owner_id").filter(|owner| !owner.is_null()) {
        if account.user(owner).is_null() {
            return Err(Refusal::invalid("owner_id", "is no user of the company"));
        }
        deal["owner_id"] = owner.clone();
    }
    if let Some(currency) = text(body, "currency") {
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(Refusal::invalid("currency", "must be a code of ISO 4217"));
        }
        deal["currency"] = json!(currency);
    }
    for name in ["privacy", "related_external_contacts"] {
        if let Some(value) = body.get(name) {
            deal[name] = value.clone();
        }
    }
    if let Some(tags) = texts(body, "tags")? {
        deal["tags"] = json!(tags);
    }
    if let Some(contacts) = body.get("related_contacts") {
        let mut related = Vec::new();
        for it in items(contacts) {
            let id = it["contact_id"].as_str().unwrap_or_default();
            account.contact(id)?;
            related.push(json!({ "contact_id": id, "note": it["note"].as_str().unwrap_or_default() }));
        }
        deal["related_contacts"] = Value::Array(related);
    }
    match body.get("fields_values") {
        None => Ok(()),
        Some(Value::Object(values)) => {
            values.iter().try_for_each(|(id, values)| set(account, deal, id, values))
        }
        Some(_) => Err(Refusal::invalid("fields_values", "must be an object of values by field")),
    }
}

/// Sets the values of a field, which goes by its id or its name. An empty list clears it.
fn set(account: &Account, deal: &mut Value, field: &str, values: &Value) -> Result<(), Refusal> {
    let wrong =
        |message: &str| Refusal::Invalid(vec![(format!("/fields_values/{field}"), message.to_owned())]);
    let (id, definition) =
        account.deal_field(deal, field).ok_or_else(|| wrong("is no field of this pipeline"))?;
    if definition["field_name"] == "actual_close_date" {
        return Err(wrong("can't be written"));
    }
    let values = values.as_array().ok_or_else(|| wrong("must be a list of values"))?;
    let mut stored = Vec::new();
    for value in values {
        let text = value["value"].as_str().ok_or_else(|| wrong("takes text as its value"))?;
        let number = text.parse::<f64>().ok();
        let name = definition["field_name"].as_str().unwrap_or_default();
        match definition["field_type"].as_str().or(definition["field_type"]["field_kind"].as_str()) {
            Some("number") if number.is_none() => return Err(wrong("takes a number as text")),
            Some("datetime") if super::instants::read(text).is_none() => return Err(wrong("takes a day")),
            _ if name == "amount" && number.is_some_and(|it| it < 0.0) => {
                return Err(wrong("may not be below 0"));
            }
            _ if name == "probability" && number.is_some_and(|it| !(0.0..=100.0).contains(&it)) => {
                return Err(wrong("must be from 0 to 100"));
            }
            Some("choice") => {
                let choices = items(&definition["values"]["values"]);
                if !choices.iter().any(|choice| choice["id"] == text) {
                    return Err(wrong("has no such choice"));
                }
            }
            _ => {}
        }
        stored.push(json!({ "value": text, "is_primary": false }));
    }
    if let Some(there) = deal["values"].as_object_mut() {
        if stored.is_empty() {
            there.shift_remove(&id);
        } else {
            there.insert(id, Value::Array(stored));
        }
    }
    Ok(())
}
