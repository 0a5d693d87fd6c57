//! The fields of deals: those that all have, and those of each pipeline in groups. Every change answers with all of them.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::routing::{get, post, put};
use serde_json::{Value, json};

use super::account::{Account, items};
use super::call::{Call, created, empty, needed, ok, text};
use super::fields::insert;
use super::refusal::Refusal;
use super::{Answer, Shared};

const BASE: &str = "/api/v2/deals/pipelines/{pipeline}";

pub(super) fn routes() -> Router<Shared> {
    let choices = format!("{BASE}/fields/{{field}}/choices");
    Router::new()
        .route("/api/v2/deals/fields", get(list))
        .route(&format!("{BASE}/fields"), post(create))
        .route(&format!("{BASE}/fields/{{field}}"), put(update).delete(remove))
        .route(&choices, post(create_choice))
        .route(&format!("{choices}/{{choice}}"), put(update_choice).delete(remove_choice))
        .route(&format!("{BASE}/groups"), post(create_group))
        .route(&format!("{BASE}/groups/{{group}}"), put(update_group).delete(remove_group))
}

type Ids = Path<(String, String)>;
type ThreeIds = Path<(String, String, String)>;

impl Account {
    fn deal_metadata(&self) -> Value {
        json!({ "pipelines_tabs": self.deal_tabs, "standard_fields": self.standard_fields })
    }

    /// The definition of a field of a deal, by its id or its name, with its id.
    pub(super) fn deal_field(&self, deal: &Value, named: &str) -> Option<(String, Value)> {
        let (pipeline, _) = self.place(deal);
        let tab = self.deal_tabs.iter().find(|tab| tab["pipeline_id"] == pipeline);
        let own = tab.map(fields_of).unwrap_or_default();
        let mut all = self.standard_fields.iter().cloned().chain(own);
        let found = all.find(|field| field["field_id"] == named || field["field_name"] == named)?;
        Some((found["field_id"].as_str()?.to_owned(), found))
    }

    /// What a field of deals is called.
    pub(super) fn deal_field_name(&self, id: &str) -> Value {
        let own = self.deal_tabs.iter().flat_map(fields_of);
        let mut all = self.standard_fields.iter().cloned().chain(own);
        all.find(|field| field["field_id"] == id).map(|field| field["field_name"].clone()).unwrap_or_default()
    }

    fn deal_tab(&mut self, pipeline: &str) -> Result<&mut Value, Refusal> {
        let tab = self.deal_tabs.iter_mut().find(|tab| tab["pipeline_id"] == pipeline);
        tab.ok_or_else(|| Refusal::NotFound("pipeline", pipeline.to_owned()))
    }
}

/// Every field of a pipeline, in a group or not.
fn fields_of(tab: &Value) -> Vec<Value> {
    let members = items(&tab["members"]).iter();
    let inner = members.flat_map(|member| match &member["fields"] {
        Value::Array(fields) => fields.clone(),
        _ => vec![member.clone()],
    });
    inner.map(|member| member["field"].clone()).filter(|field| !field.is_null()).collect()
}

async fn list(State(nimble): State<Shared>) -> Answer {
    ok(nimble.look().deal_metadata())
}

fn member(
    account: &mut Account,
    pipeline: &str,
    body: &serde_json::Map<String, Value>,
) -> Result<Value, Refusal> {
    let name = needed(body, "name")?;
    let kind = body.get("field_type").filter(|kind| kind["field_kind"].is_string() || kind.is_string());
    let kind = kind.ok_or_else(|| Refusal::invalid("field_type", "field_type is required"))?;
    let word = kind["field_kind"].as_str().or(kind.as_str()).unwrap_or_default();
    Ok(json!({ "type": "field", "pipeline_id": pipeline, "field": {
        "field_id": account.new_id(), "modifier": "", "multiples": false, "available_actions": "edit_all",
        "field_type": word, "field_name": name, "values": kind["values"],
        "presentation": body.get("presentation"),
    } }))
}

/// The list that a group has, or the tab itself.
fn place<'t>(tab: &'t mut Value, group: Option<&str>) -> Result<&'t mut Vec<Value>, Refusal> {
    let list = match group {
        None => tab["members"].as_array_mut(),
        Some(id) => {
            let groups = tab["members"].as_array_mut();
            groups.and_then(|all| all.iter_mut().find(|it| it["group_id"] == id)?["fields"].as_array_mut())
        }
    };
    list.ok_or_else(|| Refusal::NotFound("fields_group", group.unwrap_or_default().to_owned()))
}

async fn create(State(nimble): State<Shared>, Path(pipeline): Path<String>, call: Call) -> Answer {
    let body = call.members()?;
    created(nimble.change(|account| {
        if !body.contains_key("presentation") {
            return Err(Refusal::invalid("presentation", "presentation is required, if only as null"));
        }
        let new = member(account, &pipeline, body)?;
        let tab = account.deal_tab(&pipeline)?;
        if fields_of(tab).iter().any(|field| field["field_name"] == new["field"]["field_name"]) {
            return Err(Refusal::invalid("name", "is the name of another field"));
        }
        place(tab, text(body, "group_id"))?.push(new);
        Ok(account.deal_metadata())
    })?)
}

/// Changes a field's definition wherever it stands.
fn edit(
    nimble: &Shared,
    pipeline: &str,
    id: &str,
    change: impl Fn(&mut Value) -> Result<(), Refusal>,
) -> Result<Value, Refusal> {
    nimble.change(|account| {
        let tab = account.deal_tab(pipeline)?;
        for member in tab["members"].as_array_mut().into_iter().flatten() {
            if member["field"]["field_id"] == id {
                change(&mut member["field"])?;
                return Ok(account.deal_metadata());
            }
            for inner in member["fields"].as_array_mut().into_iter().flatten() {
                if inner["field"]["field_id"] == id {
                    change(&mut inner["field"])?;
                    return Ok(account.deal_metadata());
                }
            }
        }
        Err(Refusal::NotFound("deal_field", id.to_owned()))
    })
}

async fn update(State(nimble): State<Shared>, Path((pipeline, id)): Ids, call: Call) -> Answer {
    let body = call.members()?;
    ok(edit(&nimble, &pipeline, &id, |field| {
        if let Some(name) = text(body, "name") {
            field["field_name"] = json!(name);
        }
        if let Some(presentation) = body.get("presentation") {
            field["presentation"] = presentation.clone();
        }
        Ok(())
    })?)
}

/// Whether use stands against it, as the body says.
fn careful(call: &Call) -> bool {
    call.members_if_any().get("preflight_checks").is_none_or(|it| *it == true)
}

async fn remove(State(nimble): State<Shared>, Path((pipeline, id)): Ids, call: Call) -> Answer {
    let careful = careful(&call);
    nimble.change(|account| {
        if careful && account.deals.iter().any(|deal| deal["values"].get(&id).is_some()) {
            return Err(Refusal::InUse("The field has values".to_owned()));
        }
        let tab = account.deal_tab(&pipeline)?;
        let before = fields_of(tab).len();
        let is_it = |member: &Value| member["field"]["field_id"] == id;
        if let Some(members) = tab["members"].as_array_mut() {
            members.retain(|member| !is_it(member));
            for fields in members.iter_mut().filter_map(|group| group["fields"].as_array_mut()) {
                fields.retain(|member| !is_it(member));
            }
        }
        if fields_of(tab).len() == before {
            return Err(Refusal::NotFound("deal_field", id.clone()));
        }
        for deal in account.deals.iter_mut() {
            deal["values"].as_object_mut().map(|values| values.shift_remove(&id));
        }
        Ok(())
    })?;
    empty()
}

fn choices(field: &mut Value) -> Result<&mut Vec<Value>, Refusal> {
    let list = field["values"]["values"].as_array_mut();
    list.ok_or_else(|| Refusal::Against("The field has no choices".to_owned()))
}

async fn create_choice(State(nimble): State<Shared>, Path((pipeline, id)): Ids, call: Call) -> Answer {
    let body = call.members()?;
    let choice = body.get("choice").filter(|it| it["id"].is_string() && it["value"].is_string());
    let choice = choice.ok_or_else(|| Refusal::invalid("choice", "takes an id and a value"))?;
    created(edit(&nimble, &pipeline, &id, |field| {
        let list = choices(field)?;
        if list.iter().any(|it| it["id"] == choice["id"]) {
            return Err(Refusal::invalid("choice", "has the id of another"));
        }
        insert(list, choice.clone(), "id", text(body, "insert_after"));
        Ok(())
    })?)
}

async fn update_choice(
    State(nimble): State<Shared>,
    Path((pipeline, id, choice)): ThreeIds,
    call: Call,
) -> Answer {
    let body = call.members()?;
    ok(edit(&nimble, &pipeline, &id, |field| {
        let there = choices(field)?.iter_mut().find(|it| it["id"] == choice);
        let there = there.ok_or_else(|| Refusal::NotFound("field_choice", choice.clone()))?;
        if let Some(value) = text(body, "value") {
            there["value"] = json!(value);
        }
        Ok(())
    })?)
}

async fn remove_choice(
    State(nimble): State<Shared>,
    Path((pipeline, id, choice)): ThreeIds,
    call: Call,
) -> Answer {
    let careful = careful(&call);
    let uses = |deal: &Value| items(&deal["values"][&id]).iter().any(|it| it["value"] == choice);
    if careful && nimble.look().deals.iter().any(uses) {
        return Err(Refusal::InUse("The choice is used".to_owned()));
    }
    edit(&nimble, &pipeline, &id, |field| {
        let list = choices(field)?;
        let place = list.iter().position(|it| it["id"] == choice);
        list.remove(place.ok_or_else(|| Refusal::NotFound("field_choice", choice.clone()))?);
        Ok(())
    })?;
    empty()
}

async fn create_group(State(nimble): State<Shared>, Path(pipeline): Path<String>, call: Call) -> Answer {
    let body = call.members()?;
    created(nimble.change(|account| {
        let mut fields = Vec::new();
        for field in body.get("fields").map(items).unwrap_or_default() {
            let field = field.as_object().ok_or_else(|| Refusal::invalid("fields", "takes objects"))?;
            fields.push(member(account, &pipeline, field)?);
        }
        let group = json!({
            "type": "group", "group_name": needed(body, "group_name")?, "group_id": account.new_id(),
            "logo_id": text(body, "logo_id").unwrap_or("1"), "fields": fields,
        });
        insert(place(account.deal_tab(&pipeline)?, None)?, group, "group_id", text(body, "insert_after"));
        Ok(account.deal_metadata())
    })?)
}

async fn update_group(State(nimble): State<Shared>, Path((pipeline, id)): Ids, call: Call) -> Answer {
    let body = call.members()?;
    ok(nimble.change(|account| {
        let groups = place(account.deal_tab(&pipeline)?, None)?;
        let group = groups.iter_mut().find(|it| it["group_id"] == id);
        let group = group.ok_or_else(|| Refusal::NotFound("fields_group", id.clone()))?;
        for name in ["group_name", "logo_id"].iter().filter(|name| text(body, name).is_some()) {
            group[*name] = body[*name].clone();
        }
        Ok(account.deal_metadata())
    })?)
}

/// The fields of a group that goes stay, outside of it.
async fn remove_group(State(nimble): State<Shared>, Path((pipeline, id)): Ids) -> Answer {
    nimble.change(|account| {
        let members = place(account.deal_tab(&pipeline)?, None)?;
        let found = members.iter().position(|it| it["group_id"] == id);
        let found = found.ok_or_else(|| Refusal::NotFound("fields_group", id.clone()))?;
        let group = members.remove(found);
        members.extend(items(&group["fields"]).iter().cloned());
        Ok(())
    })?;
    Ok(http::StatusCode::OK.into_response())
}
