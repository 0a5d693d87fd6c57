//! What a POST or PUT of an opportunity does.
//!
//! Name, party and milestone are required. A milestone of another pipeline silently moves the opportunity there. A
//! complete milestone closes it, and the probability of a closed one cannot be written, not even by the write that
//! closes it. An amount needs its currency. A reason for losing it is ignored unless it is lost.

use serde_json::Value;

use super::currencies::CURRENCIES;
use super::link::Link;
use super::opportunity::{DURATION_BASES, Money, Opportunity};
use super::record;
use super::refusal::{Problem, Problems, Refusal};
use super::scene::Draft;
use super::task_write;
use super::tracks;
use super::written::Written;

/// Creates an opportunity and answers its id. Without an `owner` it belongs to the draft's author, whoever owns its
/// party.
pub(super) fn create(draft: &mut Draft, written: Written<'_>) -> Result<i64, Refusal> {
    let mut opportunity = Opportunity::new(draft.author, draft.now);
    apply(draft, &mut opportunity, written)?;
    let id = draft.account.opportunities.insert(|id| Opportunity { id, ..opportunity });
    tracks::apply_all(draft, Link::Opportunity(id), written)?;
    Ok(id)
}

/// Changes an opportunity.
pub(super) fn update(draft: &mut Draft, id: i64, written: Written<'_>) -> Result<(), Refusal> {
    let mut opportunity = draft.account.opportunities.get(id).ok_or(Refusal::NotFound)?.clone();
    let was_open = opportunity.is_open();
    apply(draft, &mut opportunity, written)?;
    if !written.says_nothing() {
        opportunity.updated_at = draft.now;
    }
    if opportunity.is_open() != was_open {
        task_write::settle(draft, Link::Opportunity(id), opportunity.is_open());
    }
    draft.account.opportunities.put(id, opportunity);
    Ok(())
}

fn apply(draft: &mut Draft, opportunity: &mut Opportunity, written: Written<'_>) -> Result<(), Refusal> {
    let account = &mut draft.account;
    let mut problems = Problems::default();
    problems.note(written.filled_text("name", &mut opportunity.name));
    problems.note(written.text("description", &mut opportunity.description));
    let is_party = |id| account.parties.get(id).is_some();
    problems.note(written.required_link("party", &mut opportunity.party, is_party));
    problems.note(opportunity.custody.assign(account, written));
    problems.note(opportunity.custody.require_any(written));
    problems.note(written.day("expectedCloseOn", &mut opportunity.expected_close_on));
    problems.note(price(opportunity, written));
    let mut milestone = opportunity.milestone;
    let is_milestone = |id| account.milestones.get(id).is_some();
    problems.note(written.required_link("milestone", &mut milestone, is_milestone));
    if let Some(milestone) = account.milestones.get(milestone) {
        opportunity.reach(account, milestone, draft.now);
        problems.note(rate(opportunity, written));
        let mut reason = opportunity.lost_reason;
        let is_reason = |id| account.lost_reasons.get(id).is_some();
        if problems.note(written.link("lostReason", &mut reason, is_reason)).is_some() && milestone.is_lost()
        {
            opportunity.lost_reason = reason;
        }
    }
    problems.note(record::mark(account, opportunity, written));
    problems.refuse_any()
}

/// The probability, which an opportunity that is open once it is at its milestone can have of its own.
fn rate(opportunity: &mut Opportunity, written: Written<'_>) -> Result<(), Problem> {
    if opportunity.is_open() {
        return written.integer("probability", 0..=100, &mut opportunity.probability);
    }
    match written.get("probability") {
        None => Ok(()),
        Some(_) => {
            Err(written.problem("probability", "probability can be updated only for open opportunity"))
        }
    }
}

/// The value, and what it is counted in.
fn price(opportunity: &mut Opportunity, written: Written<'_>) -> Result<(), Problem> {
    match written.get("value") {
        None => {}
        Some(Value::Null) => opportunity.value = None,
        Some(value) => opportunity.value = Some(money(value, written)?),
    }
    written.option("durationBasis", &DURATION_BASES, &mut opportunity.duration_basis)?;
    let periods = |value: &Value| value.as_i64().filter(|periods| *periods > 0);
    written.nullable("duration", &mut opportunity.duration, periods)?;
    if opportunity.duration_basis == DURATION_BASES[0] {
        opportunity.duration = None;
    } else if opportunity.duration.is_none() {
        return Err(written.required("duration"));
    }
    Ok(())
}

fn money(value: &Value, written: Written<'_>) -> Result<Money, Problem> {
    let amount = match &value["amount"] {
        Value::Null => return Err(written.required("amount")),
        amount => amount.as_f64().filter(|amount| *amount >= 0.0),
    };
    let currency = match &value["currency"] {
        Value::Null => return Err(written.required("currency")),
        currency => CURRENCIES.iter().map(|row| row.0).find(|code| Some(*code) == currency.as_str()),
    };
    Ok(Money {
        amount: amount.ok_or_else(|| written.wrong_type("amount"))?,
        currency: currency.ok_or_else(|| written.problem("currency", "unknown currency"))?,
    })
}
