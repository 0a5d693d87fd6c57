//! Deals: the records, how they are shown, and what was won last month.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use serde_json::{Value, json};

use super::account::{Account, items};
use super::call::{Call, empty, ok};
use super::instants::{month_before, read};
use super::refusal::Refusal;
use super::{Answer, Shared, deal_write, paging};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v2/deals", get(list).post(deal_write::create))
        .route("/api/v2/deals/widget/won_last_month", get(won_last_month))
        .route("/api/v2/deals/{id}", get(read_one).put(deal_write::update).delete(remove))
}

impl Account {
    /// The first value of a field that all deals have, by the field's name.
    pub(super) fn standard<'d>(&self, deal: &'d Value, name: &str) -> Option<&'d str> {
        let id = self.standard_field(name)?;
        deal["values"][&id].get(0)?["value"].as_str()
    }

    /// The id of a field that all deals have.
    pub(super) fn standard_field(&self, name: &str) -> Option<String> {
        let field = self.standard_fields.iter().find(|field| field["field_name"] == name)?;
        field["field_id"].as_str().map(str::to_owned)
    }

    pub(super) fn deal_name(&self, deal: &Value) -> String {
        self.standard(deal, "name").unwrap_or_default().to_owned()
    }

    /// What a deal is worth; nothing where it doesn't say.
    pub(super) fn deal_amount(&self, deal: &Value) -> f64 {
        self.standard(deal, "amount").and_then(|amount| amount.parse().ok()).unwrap_or_default()
    }

    /// A deal as tasks and activities show one.
    pub(super) fn short_deal(&self, id: &str) -> Option<Value> {
        let deal = self.deals.get(id)?;
        Some(json!({
            "deal_id": id, "is_editable": true, "is_viewable": true, "name": self.deal_name(deal),
            // Whole units only.
            "amount": self.standard(deal, "amount").and_then(|it| it.split('.').next()?.parse::<i64>().ok()),
        }))
    }

    /// The pipeline and stage that a deal is at.
    pub(super) fn place(&self, deal: &Value) -> (Value, Value) {
        let run = items(&deal["runs"]).last().cloned().unwrap_or_default();
        let step = items(&run["steps"]).last().cloned().unwrap_or_default();
        (run["pipeline_id"].clone(), step["stage_id"].clone())
    }

    /// open, won or lost.
    pub(super) fn deal_status(&self, deal: &Value) -> String {
        let (_, stage) = self.place(deal);
        let role = self.stage(stage.as_str().unwrap_or_default()).map(|(_, stage)| stage["role"].clone());
        let role = role.unwrap_or_default();
        let name = if role["is_final"] == true { role["name"].as_str() } else { None };
        name.unwrap_or("open").to_owned()
    }

    /// A deal as every answer shows it.
    pub(super) fn show_deal(&self, deal: &Value) -> Value {
        let values = deal["values"].as_object().cloned().unwrap_or_default();
        let by_id: Vec<Value> =
            values.iter().map(|(id, values)| json!({ "field_id": id, "values": values })).collect();
        let by_name = values
            .iter()
            .map(|(id, values)| json!({ "field_name": self.deal_field_name(id), "values": values }));
        let age =
            deal["created"].as_str().and_then(read).map(|created| (self.now - created).whole_days().max(0));
        let related = items(&deal["related_contacts"]).iter().map(|it| self.related(it));
        let (_, stage) = self.place(deal);
        let chance = self.standard(deal, "probability").and_then(|it| it.parse::<i64>().ok());
        let usual =
            || self.stage(stage.as_str()?).and_then(|(_, stage)| stage["default_probability"].as_i64());
        json!({
            "deal_id": deal["deal_id"], "deal_number": deal["deal_number"], "creator": self.user(&deal["creator_id"]),
            "owner": self.user(&deal["owner_id"]), "updated_by": deal["updated_by"], "created": deal["created"],
            "updated": deal["updated"], "is_editable": true, "currency": deal["currency"],
            "related_contacts": related.collect::<Vec<_>>(),
            "related_external_contacts": deal["related_external_contacts"], "privacy": deal["privacy"],
            "fields_values": by_id, "fields_values_with_names": by_name.collect::<Vec<_>>(),
            "stage_transitions": self.transitions(deal), "files": deal["files"], "tags": deal["tags"],
            "final_probability": chance.or_else(usual), "age_in_days": age,
        })
    }

    fn related(&self, it: &Value) -> Value {
        let id = it["contact_id"].as_str().unwrap_or_default();
        let employers = self.contacts.get(id).map(|contact| self.employers(contact)).unwrap_or_default();
        let jobs = employers.iter().filter_map(|(_, company)| {
            Some(
                json!({ "employer": self.short(company["id"].as_str()?), "start_date": null, "title": null }),
            )
        });
        json!({ "contact": self.short(id), "note": it["note"], "employments": jobs.collect::<Vec<_>>() })
    }

    fn transitions(&self, deal: &Value) -> Vec<Value> {
        let shown = items(&deal["runs"]).iter().map(|run| {
            let pipeline = self.pipelines.iter().find(|it| it["pipeline_id"] == run["pipeline_id"]);
            let pipeline = pipeline.cloned().unwrap_or_default();
            let stage = |id: &Value| self.stage(id.as_str()?).map(|(_, stage)| stage.clone());
            let mut from = Value::Null;
            let steps = items(&run["steps"]).iter().map(|step| {
                let to = stage(&step["stage_id"]).unwrap_or_default();
                let before = std::mem::replace(&mut from, to.clone());
                json!({
                    "from_stage": before, "to_stage": to, "who": self.user(&step["who"]), "when": step["when"],
                    "notes": step["notes"],
                })
            });
            json!({
                "pipeline_id": pipeline["pipeline_id"], "pipeline_color": pipeline["color"],
                "pipeline_name": pipeline["name"], "transitions": steps.collect::<Vec<_>>(),
                "before_final_stage": null,
            })
        });
        shown.collect()
    }
}

/// Deals in the order that is asked for. There is none by default, and not every field can be sorted by.
pub(super) fn sorted<'a>(account: &'a Account, call: &Call) -> Result<Vec<&'a Value>, Refusal> {
    let sort = call.param("sort").ok_or_else(|| Refusal::wrong("sort is required"))?;
    let (field, direction) = sort.split_once(':').unwrap_or((sort, "asc"));
    let mut found: Vec<&Value> = account.deals.iter().collect();
    match field {
        "name" => found.sort_by_key(|deal| account.deal_name(deal).to_lowercase()),
        "amount" => found.sort_by(|one, two| account.deal_amount(one).total_cmp(&account.deal_amount(two))),
        _ => return Err(Refusal::wrong(&format!("deals can't be sorted by {field}"))),
    }
    match direction {
        "asc" => {}
        "desc" => found.reverse(),
        _ => return Err(Refusal::wrong("sort must end in :asc or :desc")),
    }
    Ok(found)
}

async fn list(State(nimble): State<Shared>, call: Call) -> Answer {
    let account = nimble.look();
    let rows = sorted(&account, &call)?.into_iter().map(|deal| account.show_deal(deal)).collect();
    ok(paging::numbered(&call, "resources", ("limit", 50), 1, rows)?)
}

async fn read_one(State(nimble): State<Shared>, Path(id): Path<String>) -> Answer {
    let account = nimble.look();
    ok(account.show_deal(account.deals.find(&id)?))
}

async fn remove(State(nimble): State<Shared>, Path(id): Path<String>) -> Answer {
    nimble.change(|account| account.deals.remove(&id).map(|_| ()))?;
    empty()
}

async fn won_last_month(State(nimble): State<Shared>) -> Answer {
    let account = nimble.look();
    let month = month_before(nimble.now());
    let closed = |deal: &&Value| {
        let closed = account.standard(deal, "actual_close_date").and_then(read);
        account.deal_status(deal) == "won" && closed.is_some_and(|at| (at.year(), at.month()) == month)
    };
    let won: Vec<&Value> = account.deals.iter().filter(closed).collect();
    let amount: f64 = won.iter().map(|deal| account.deal_amount(deal)).sum();
    ok(json!({ "last_month_won_amount": amount, "last_month_won_count": won.len() }))
}
