//! The deals of one pipeline in groups: by stage, and by user. Each group has a page of its own and a link to its next.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use serde_json::{Map, Value, json};

use super::account::{Account, items};
use super::call::{Call, ok};
use super::deals::sorted;
use super::refusal::Refusal;
use super::search::Condition;
use super::{Answer, Shared};

/// Deals of a group where the call doesn't say how many.
const USUAL: usize = 10;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v2/deals/pipelines/{id}/deals", get(by_stages))
        .route("/api/v2/deals/pipelines/{id}/owners", get(by_owner))
}

/// The deals of the pipeline that a query selects, in order.
fn selected<'a>(account: &'a Account, call: &Call, pipeline: &str) -> Result<Vec<&'a Value>, Refusal> {
    let condition = call.param("query").map(Condition::parse).transpose()?;
    let mut found = sorted(account, call)?;
    found.retain(|deal| {
        let fits =
            |condition: &Condition| condition.fits_deal(&account.deal_status(deal), &account.deal_name(deal));
        account.place(deal).0 == pipeline && condition.as_ref().is_none_or(fits)
    });
    Ok(found)
}

/// One group: its part of the deals, and a link to the next part that shows this group alone.
fn group(
    account: &Account,
    call: &Call,
    head: (&str, Value),
    narrow: (&str, &str),
    deals: &[&Value],
) -> Result<Value, Refusal> {
    let limit = call.number("limit", 1, 100)?.unwrap_or(USUAL);
    let offset = call.number("offset", 0, usize::MAX)?.unwrap_or(0);
    let shown: Vec<Value> =
        deals.iter().skip(offset).take(limit).map(|deal| account.show_deal(deal)).collect();
    let after = offset.saturating_add(shown.len());
    let link = (after < deals.len()).then(|| {
        let query = call.query_with(&[
            (narrow.0, narrow.1.to_owned()),
            ("offset", after.to_string()),
            ("limit", limit.to_string()),
        ]);
        // Absolute for stages and relative for users: nothing says which, so both are met.
        let origin = if head.0 == "stage" { call.origin.as_str() } else { "" };
        format!("{origin}{}?{query}", call.path)
    });
    let mut totals: Map<String, Value> = Map::new();
    for deal in deals {
        let currency = deal["currency"].as_str().unwrap_or_default().to_owned();
        let sum =
            totals.get(&currency).and_then(Value::as_f64).unwrap_or_default() + account.deal_amount(deal);
        totals.insert(currency, json!(sum));
    }
    let totals: Vec<Value> =
        totals.into_iter().map(|(it, sum)| json!({ "currency": it, "count": sum })).collect();
    Ok(json!({
        head.0: head.1, "deals": shown,
        "meta": { "total_new_count": deals.len(), "next_page_url": link, "total_amount": totals },
    }))
}

async fn by_stages(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let account = nimble.look();
    let pipeline = account.pipelines.find(&id)?;
    let found = selected(&account, &call, &id)?;
    let mut groups = Vec::new();
    for stage in items(&pipeline["stages"]) {
        let stage_id = stage["stage_id"].as_str().unwrap_or_default();
        if call.param("stage_id").is_some_and(|wanted| wanted != stage_id) {
            continue;
        }
        let deals: Vec<&Value> =
            found.iter().copied().filter(|deal| account.place(deal).1 == stage_id).collect();
        groups.push(group(&account, &call, ("stage", stage.clone()), ("stage_id", stage_id), &deals)?);
    }
    ok(json!({ "stages": groups }))
}

async fn by_owner(State(nimble): State<Shared>, Path(id): Path<String>, call: Call) -> Answer {
    let account = nimble.look();
    account.pipelines.find(&id)?;
    let found = selected(&account, &call, &id)?;
    let mut groups = Vec::new();
    for user in &account.users {
        let user_id = user["user_id"].as_str().unwrap_or_default();
        if call.param("owner_id").is_some_and(|wanted| wanted != user_id) {
            continue;
        }
        let deals: Vec<&Value> = found.iter().copied().filter(|deal| deal["owner_id"] == user_id).collect();
        if !deals.is_empty() {
            groups.push(group(&account, &call, ("owner", user.clone()), ("owner_id", user_id), &deals)?);
        }
    }
    ok(json!({ "groups": groups }))
}
