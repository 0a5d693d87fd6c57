//! The fields of contacts in their tabs and groups, and the choices of a field. Every change answers with the whole tab.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post, put};
use serde_json::{Map, Value, json};

use super::account::{Account, items};
use super::call::{Call, empty, needed, ok, text};
use super::refusal::Refusal;
use super::{Answer, Shared};

const BASE: &str = "/api/v1/contacts/fields";

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route(BASE, get(list).post(create))
        .route("/api/v1/contacts/metadata", get(metadata))
        .route(&format!("{BASE}/groups"), post(create_group))
        .route(&format!("{BASE}/groups/{{id}}"), put(update_group).delete(remove_group))
        .route(&format!("{BASE}/tabs"), post(create_tab))
        .route(&format!("{BASE}/tabs/{{id}}"), put(update_tab).delete(remove_tab))
        .route(&format!("{BASE}/{{id}}"), put(update).delete(remove))
        .route(&format!("{BASE}/{{id}}/choices"), post(create_choice))
        .route(&format!("{BASE}/{{id}}/choices/{{choice}}"), put(update_choice).delete(remove_choice))
}

async fn list(State(nimble): State<Shared>) -> Answer {
    ok(json!({ "tabs": nimble.look().tabs }))
}

/// The old description: definitions by the field's name.
async fn metadata(State(nimble): State<Shared>) -> Answer {
    let account = nimble.look();
    let mut fields = Map::new();
    for field in account.contact_fields() {
        let shown = json!({
            "id": field["field_id"], "name": field["name"], "label": field["name"], "modifier": field["modifier"],
            "multiples": field["multiples"], "read_only": field["read_only"], "group": "",
            "presentation": { "type": "single-line-text-box" },
        });
        let name = field["name"].as_str().unwrap_or_default();
        let there = fields.entry(name).or_insert_with(|| json!([]));
        if let Some(there) = there.as_array_mut() {
            there.push(shown);
        }
    }
    ok(json!({ "fields": fields, "groups": {} }))
}

/// Puts something behind another of its kind, or first.
pub(super) fn insert(list: &mut Vec<Value>, new: Value, key: &str, after: Option<&str>) {
    let place =
        after.and_then(|after| list.iter().position(|it| it[key] == after)).map_or(0, |place| place + 1);
    list.insert(place.min(list.len()), new);
}

/// The members of a tab, or of a group that is one of them.
fn members<'t>(tab: &'t mut Value, group: Option<&str>) -> Result<&'t mut Vec<Value>, Refusal> {
    let list = match group {
        None => tab["members"].as_array_mut(),
        Some(id) => {
            let groups = tab["members"].as_array_mut();
            let group = groups.and_then(|all| all.iter_mut().find(|it| it["group_id"] == id));
            group.and_then(|group| group["fields"].as_array_mut())
        }
    };
    list.ok_or_else(|| Refusal::NotFound("fields_group", group.unwrap_or_default().to_owned()))
}

impl Account {
    fn tab(&mut self, id: &str) -> Result<&mut Value, Refusal> {
        let tab = self.tabs.iter_mut().find(|tab| tab["tab_id"] == id);
        tab.ok_or_else(|| Refusal::NotFound("fields_tab", id.to_owned()))
    }

    /// The tab that holds a field or a group, by a test on its members and on the fields of its groups.
    fn tab_with(&mut self, kind: &'static str, key: &str, id: &str) -> Result<&mut Value, Refusal> {
        let holds = |tab: &Value| {
            items(&tab["members"])
                .iter()
                .any(|it| it[key] == id || items(&it["fields"]).iter().any(|field| field[key] == id))
        };
        self.tabs.iter_mut().find(|tab| holds(tab)).ok_or_else(|| Refusal::NotFound(kind, id.to_owned()))
    }
}

/// Takes a field or group out of a tab, wherever it is.
fn take(tab: &mut Value, key: &str, id: &str) -> Option<Value> {
    let members = tab["members"].as_array_mut()?;
    if let Some(place) = members.iter().position(|it| it[key] == id) {
        return Some(members.remove(place));
    }
    members.iter_mut().find_map(|group| {
        let fields = group["fields"].as_array_mut()?;
        let place = fields.iter().position(|field| field[key] == id)?;
        Some(fields.remove(place))
    })
}

async fn create(State(nimble): State<Shared>, call: Call) -> Answer {
    let body = call.members()?;
    ok(nimble.change(|account| {
        let name = needed(body, "name")?;
        if name.chars().count() > 50 {
            return Err(Refusal::invalid("name", "takes 50 letters at most"));
        }
        if account.field_named(name).is_some() {
            return Err(Refusal::invalid("name", "is the name of another field"));
        }
        let kind = body.get("field_type").and_then(|kind| kind["field_kind"].as_str());
        kind.ok_or_else(|| Refusal::invalid("field_type", "field_type is required"))?;
        let id = account.new_id();
        let field = json!({
            "type": "field", "name": name, "field_id": id, "modifier": "",
            "multiples": body.get("multiples").cloned().unwrap_or(json!(false)), "read_only": false,
            "field_type": body["field_type"], "presentation": body.get("presentation").cloned().unwrap_or_default(),
            "available_actions": "edit_all",
        });
        let tab = account.tab(needed(body, "tab_id")?)?;
        insert(members(tab, text(body, "group_id"))?, field, "field_id", text(body, "insert_after"));
        Ok(tab.clone())
    })?)
}

fn own_only(field: &Value) -> Result<(), Refusal> {
    if field["available_actions"] == "edit_all" {
        return Ok(());
    }
    Err(Refusal::Against("Fields of Nimble's own can't be changed".to_owned()))
}

async fn update(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let body = call.members()?;
    ok(nimble.change(|account| {
        let tab = account.tab_with("contact_field", "field_id", &id)?;
        let home = tab["tab_id"].as_str().unwrap_or_default().to_owned();
        let group = items(&tab["members"])
            .iter()
            .find(|it| items(&it["fields"]).iter().any(|field| field["field_id"] == id))
            .and_then(|group| group["group_id"].as_str().map(str::to_owned));
        let missing = || Refusal::NotFound("contact_field", id.clone());
        let before = tab.clone();
        let mut field = take(tab, "field_id", &id).ok_or_else(missing)?;
        own_only(&field)?;
        let old = field["name"].as_str().unwrap_or_default().to_owned();
        for name in ["name", "presentation", "field_type"] {
            if let Some(value) = body.get(name) {
                field[name] = value.clone();
            }
        }
        let new = field["name"].as_str().unwrap_or_default().to_owned();
        let moves = ["tab_id", "group_id", "insert_after"].iter().any(|name| body.contains_key(*name));
        let target = text(body, "tab_id").unwrap_or(&home);
        if moves {
            let tab = account.tab(target)?;
            insert(
                members(tab, text(body, "group_id").or(group.as_deref()))?,
                field,
                "field_id",
                text(body, "insert_after"),
            );
        } else {
            let tab = account.tab(&home)?;
            *tab = before;
            replace(tab, &id, &field);
        }
        if old != new {
            for contact in account.contacts.iter_mut() {
                if let Some(value) =
                    contact["fields"].as_object_mut().and_then(|fields| fields.shift_remove(&old))
                {
                    contact["fields"][&new] = value;
                }
            }
        }
        account.tab(target).map(|tab| tab.clone())
    })?)
}

fn replace(tab: &mut Value, id: &str, field: &Value) {
    for member in tab["members"].as_array_mut().into_iter().flatten() {
        if member["field_id"] == id {
            *member = field.clone();
        }
        for inner in member["fields"].as_array_mut().into_iter().flatten().filter(|it| it["field_id"] == id) {
            *inner = field.clone();
        }
    }
}

/// `preflight_checks` says whether use stands against it.
fn preflight(call: &Call) -> Result<bool, Refusal> {
    call.param("preflight_checks").ok_or_else(|| Refusal::wrong("preflight_checks is required"))?;
    Ok(call.flag("preflight_checks"))
}

async fn remove(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let careful = preflight(&call)?;
    nimble.change(|account| {
        let field = account.contact_fields().into_iter().find(|field| field["field_id"] == id);
        let field = field.ok_or_else(|| Refusal::NotFound("contact_field", id.clone()))?;
        own_only(&field)?;
        let name = field["name"].as_str().unwrap_or_default().to_owned();
        if careful && account.contacts.iter().any(|contact| contact["fields"].get(&name).is_some()) {
            return Err(Refusal::InUse("The field has values".to_owned()));
        }
        for contact in account.contacts.iter_mut() {
            contact["fields"].as_object_mut().map(|fields| fields.shift_remove(&name));
        }
        take(account.tab_with("contact_field", "field_id", &id)?, "field_id", &id);
        Ok(())
    })?;
    empty()
}

async fn create_group(State(nimble): State<Shared>, call: Call) -> Answer {
    let body = call.members()?;
    ok(nimble.change(|account| {
        let id = account.new_id();
        let group = json!({
            "type": "group", "name": needed(body, "name")?, "group_id": id, "logo_id": needed(body, "logo_id")?,
            "fields": [],
        });
        let tab = account.tab(needed(body, "tab_id")?)?;
        insert(members(tab, None)?, group, "group_id", text(body, "insert_after"));
        Ok(tab.clone())
    })?)
}

async fn update_group(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let body = call.members()?;
    ok(nimble.change(|account| {
        let tab = account.tab_with("fields_group", "group_id", &id)?;
        let list = members(tab, None)?;
        for group in list.iter_mut().filter(|it| it["group_id"] == id) {
            for name in ["name", "logo_id"].iter().filter(|name| text(body, name).is_some()) {
                group[*name] = body[*name].clone();
            }
        }
        Ok(tab.clone())
    })?)
}

async fn remove_group(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let careful = preflight(&call)?;
    nimble.change(|account| {
        let tab = account.tab_with("fields_group", "group_id", &id)?;
        let full =
            items(&tab["members"]).iter().any(|it| it["group_id"] == id && !items(&it["fields"]).is_empty());
        if careful && full {
            return Err(Refusal::InUse("The group has fields".to_owned()));
        }
        take(tab, "group_id", &id);
        Ok(())
    })?;
    empty()
}

async fn create_tab(State(nimble): State<Shared>, call: Call) -> Answer {
    let body = call.members()?;
    ok(nimble.change(|account| {
        let types = super::call::texts(body, "contact_types")?;
        let types = types.ok_or_else(|| Refusal::invalid("contact_types", "contact_types is required"))?;
        let tab = json!({
            "tab_id": account.new_id(), "tab_name": needed(body, "tab_name")?,
            "contact_types": types.first(), "is_standard": false, "members": [], "available_actions": "edit_all",
        });
        insert(&mut account.tabs, tab.clone(), "tab_id", text(body, "insert_after"));
        Ok(tab)
    })?)
}

async fn update_tab(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let body = call.members()?;
    ok(nimble.change(|account| {
        let tab = account.tab(&id)?;
        for name in ["tab_name", "contact_types"].iter().filter(|name| text(body, name).is_some()) {
            tab[*name] = body[*name].clone();
        }
        Ok(tab.clone())
    })?)
}

async fn remove_tab(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let careful = preflight(&call)?;
    nimble.change(|account| {
        let tab = account.tab(&id)?;
        if tab["is_standard"] == true {
            return Err(Refusal::Against("Tabs of Nimble's own can't be deleted".to_owned()));
        }
        if careful && !items(&tab["members"]).is_empty() {
            return Err(Refusal::InUse("The tab has fields".to_owned()));
        }
        account.tabs.retain(|tab| tab["tab_id"] != id);
        Ok(())
    })?;
    empty()
}

/// Changes the choices of a field, and gives its tab.
fn choices(
    account: &mut Account,
    id: &str,
    change: impl FnOnce(&mut Vec<Value>) -> Result<(), Refusal>,
) -> Result<Value, Refusal> {
    let field = account.contact_fields().into_iter().find(|field| field["field_id"] == id);
    let mut field = field.ok_or_else(|| Refusal::NotFound("contact_field", id.to_owned()))?;
    let list = field["field_type"]["values"]["values"].as_array_mut();
    change(list.ok_or_else(|| Refusal::Against("The field has no choices".to_owned()))?)?;
    let tab = account.tab_with("contact_field", "field_id", id)?;
    replace(tab, id, &field);
    Ok(tab.clone())
}

async fn create_choice(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let body = call.members()?;
    ok(nimble.change(|account| {
        let new = json!({ "id": needed(body, "id")?, "value": needed(body, "value")? });
        choices(account, &id, |list| {
            if list.iter().any(|choice| choice["id"] == new["id"]) {
                return Err(Refusal::invalid("id", "is the id of another choice"));
            }
            insert(list, new, "id", text(body, "insert_after"));
            Ok(())
        })
    })?)
}

async fn update_choice(
    State(nimble): State<Shared>,
    Path((id, choice)): Path<(String, String)>,
    call: Call,
) -> Answer {
    let body = call.members()?;
    needed(body, "id")?;
    nimble.change(|account| {
        choices(account, &id, |list| {
            let there = list.iter_mut().find(|it| it["id"] == choice);
            let there = there.ok_or_else(|| Refusal::NotFound("field_choice", choice.clone()))?;
            if let Some(value) = text(body, "value") {
                there["value"] = json!(value);
            }
            Ok(())
        })
    })?;
    ok(json!({ "tabs": nimble.look().tabs }))
}

async fn remove_choice(
    State(nimble): State<Shared>,
    Path((id, choice)): Path<(String, String)>,
    call: Call,
) -> Answer {
    let careful = preflight(&call)?;
    nimble.change(|account| {
        let field = account.contact_fields().into_iter().find(|field| field["field_id"] == id);
        let name = field.and_then(|field| field["name"].as_str().map(str::to_owned)).unwrap_or_default();
        let uses = |contact: &Value| items(&contact["fields"][&name]).iter().any(|it| it["value"] == choice);
        if careful && account.contacts.iter().any(uses) {
            return Err(Refusal::InUse("The choice is used".to_owned()));
        }
        choices(account, &id, |list| {
            let place = list.iter().position(|it| it["id"] == choice);
            list.remove(place.ok_or_else(|| Refusal::NotFound("field_choice", choice.clone()))?);
            Ok(())
        })
    })?;
    ok(json!({ "tabs": nimble.look().tabs }))
}
