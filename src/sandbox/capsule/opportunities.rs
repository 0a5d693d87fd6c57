//! Sales opportunities: `/opportunities`.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::Shared;
use super::account::Account;
use super::additional::{self, Deal};
use super::call::Call;
use super::condition::Filter;
use super::opportunity::{self, Opportunity};
use super::opportunity_write;
use super::party::Party;
use super::record::{self, Marks, Record, Vocabulary, all, changed};
use super::refusal::Refusal;
use super::resource::{Resource, Writable};
use super::scene::{Draft, Scene};
use super::written::Written;
use crate::sandbox::table::Table;

impl Resource for Opportunity {
    const PATH: &'static str = "opportunities";
    const ONE: &'static str = "opportunity";
    const MANY: &'static str = "opportunities";
    const SEVERAL_AT_ONCE: bool = true;

    fn table(account: &Account) -> &Table<Opportunity> {
        &account.opportunities
    }

    fn view(&self, scene: &Scene<'_>) -> Value {
        opportunity::full(scene, self)
    }

    fn is_visible(&self, scene: &Scene<'_>) -> bool {
        scene.sees(&self.custody)
    }

    fn listed<'a>(scene: &Scene<'a>) -> Result<Vec<&'a Opportunity>, Refusal> {
        changed(scene)
    }
}

impl Writable for Opportunity {
    fn create(draft: &mut Draft, written: Written<'_>) -> Result<i64, Refusal> {
        opportunity_write::create(draft, written)
    }

    fn update(draft: &mut Draft, id: i64, written: Written<'_>) -> Result<(), Refusal> {
        opportunity_write::update(draft, id, written)
    }

    fn delete(draft: &mut Draft, id: i64) -> Result<(), Refusal> {
        draft.account.delete_opportunity(id, draft.now);
        Ok(())
    }
}

impl Record for Opportunity {
    const RESTRICTED: &'static str = "restrictedOpportunities";

    fn vocabulary(account: &Account) -> &Vocabulary<Opportunity> {
        &account.opportunity_vocabulary
    }

    fn vocabulary_mut(account: &mut Account) -> &mut Vocabulary<Opportunity> {
        &mut account.opportunity_vocabulary
    }

    fn table_mut(account: &mut Account) -> &mut Table<Opportunity> {
        &mut account.opportunities
    }

    fn marks(&self) -> &Marks {
        &self.marks
    }

    fn marks_mut(&mut self) -> &mut Marks {
        &mut self.marks
    }

    fn updated_at(&self) -> OffsetDateTime {
        self.updated_at
    }

    /// Its name and its party's.
    fn searched(&self, account: &Account) -> String {
        let party = account.parties.get(self.party).map(Party::display_name).unwrap_or_default();
        format!("{}\n{party}", self.name)
    }

    fn stand_in(&self) -> Value {
        opportunity::private(self.id)
    }
}

impl Deal for Opportunity {
    fn party(&self) -> i64 {
        self.party
    }

    fn additional(&self) -> &[i64] {
        &self.additional
    }

    fn additional_mut(&mut self) -> &mut Vec<i64> {
        &mut self.additional
    }
}

pub(super) fn routes() -> Router<Shared> {
    record::routes::<Opportunity>()
        .merge(additional::routes::<Opportunity>())
        .route("/opportunities/value", post(value))
}

/// What the opportunities that a filter finds are worth, all of it and weighed by their probabilities. Not documented,
/// yet Capsule's own tools use it. Capsule converts currencies by rates of its day; the twin has no rates and counts
/// only what is in the viewer's currency.
async fn value(State(capsule): State<Shared>, call: Call) -> Result<Json<Value>, Refusal> {
    let written = call.wrapped("filter")?;
    capsule.look(&call, |scene| {
        let filter = Filter::<Opportunity>::parse(scene.account, &written)?;
        let user = scene.account.users.get(scene.viewer);
        let currency = user.map_or("GBP", |user| user.currency);
        let (mut total, mut projected) = (0.0, 0.0);
        for row in all::<Opportunity>(scene).filter(|row| filter.holds(scene, row)) {
            let Some(value) = row.value.filter(|value| value.currency == currency) else {
                continue;
            };
            // Durations are counts of periods, so the conversion is exact.
            let sum = value.amount * row.duration.unwrap_or(1) as f64;
            total += sum;
            projected += sum * row.probability as f64 / 100.0;
        }
        Ok(Json(
            json!({ "totalValue": total, "projectedValue": projected, "meta": { "currency": currency } }),
        ))
    })
}
