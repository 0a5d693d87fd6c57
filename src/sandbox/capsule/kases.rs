//! Projects: `/kases`.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;
use time::OffsetDateTime;

use super::Shared;
use super::account::Account;
use super::additional::{self, Deal};
use super::call::{Call, Id};
use super::kase::{self, Kase};
use super::kase_write;
use super::opportunity::{self, Opportunity};
use super::party::Party;
use super::record::{self, Marks, Record, Vocabulary, all, changed};
use super::refusal::Refusal;
use super::resource::{Resource, Writable, page, visible};
use super::scene::{Draft, Scene};
use super::written::Written;
use crate::sandbox::table::Table;

impl Resource for Kase {
    const PATH: &'static str = "kases";
    const ONE: &'static str = "kase";
    const MANY: &'static str = "kases";
    const SEVERAL_AT_ONCE: bool = true;

    fn table(account: &Account) -> &Table<Kase> {
        &account.kases
    }

    fn view(&self, scene: &Scene<'_>) -> Value {
        kase::full(scene, self)
    }

    fn is_visible(&self, scene: &Scene<'_>) -> bool {
        scene.sees(&self.custody)
    }

    fn listed<'a>(scene: &Scene<'a>) -> Result<Vec<&'a Kase>, Refusal> {
        changed(scene)
    }
}

impl Writable for Kase {
    fn create(draft: &mut Draft, written: Written<'_>) -> Result<i64, Refusal> {
        kase_write::create(draft, written)
    }

    fn update(draft: &mut Draft, id: i64, written: Written<'_>) -> Result<(), Refusal> {
        kase_write::update(draft, id, written)
    }

    fn delete(draft: &mut Draft, id: i64) -> Result<(), Refusal> {
        draft.account.delete_kase(id, draft.now);
        Ok(())
    }
}

impl Record for Kase {
    const RESTRICTED: &'static str = "restrictedKases";

    fn vocabulary(account: &Account) -> &Vocabulary<Kase> {
        &account.kase_vocabulary
    }

    fn vocabulary_mut(account: &mut Account) -> &mut Vocabulary<Kase> {
        &mut account.kase_vocabulary
    }

    fn table_mut(account: &mut Account) -> &mut Table<Kase> {
        &mut account.kases
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

impl Deal for Kase {
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
    record::routes::<Kase>()
        .merge(additional::routes::<Kase>())
        .route("/opportunities/{id}/kases", get(of_opportunity))
}

/// The projects that came from an opportunity.
async fn of_opportunity(State(capsule): State<Shared>, Id(id): Id, call: Call) -> Result<Response, Refusal> {
    capsule.look(&call, |scene| {
        visible::<Opportunity>(scene, id)?;
        let kases: Vec<&Kase> = all::<Kase>(scene).filter(|kase| kase.opportunity == Some(id)).collect();
        page(scene, &call, &kases)
    })
}
