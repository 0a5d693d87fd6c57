//! Why opportunities are lost: `/lostreasons`, a list in one piece.

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::Shared;
use super::account::Account;
use super::dates::stamp;
use super::refusal::{Problem, Refusal};
use super::resource::{Resource, Writable, create, list_whole, member};
use super::scene::{Draft, Scene};
use super::written::Written;
use crate::sandbox::table::Table;

#[derive(Clone)]
pub(super) struct LostReason {
    pub(super) id: i64,
    pub(super) name: String,
    /// Whether opportunities lost for it count when conversion is worked out.
    pub(super) included_for_conversion: bool,
    pub(super) created_at: OffsetDateTime,
    pub(super) updated_at: OffsetDateTime,
}

impl LostReason {
    fn describe(&mut self, written: Written<'_>) -> Result<(), Problem> {
        written.filled_text("name", &mut self.name)?;
        written.flag("includedForConversion", &mut self.included_for_conversion)
    }
}

impl Resource for LostReason {
    const PATH: &'static str = "lostreasons";
    const ONE: &'static str = "lostReason";
    const MANY: &'static str = "lostReasons";

    fn table(account: &Account) -> &Table<LostReason> {
        &account.lost_reasons
    }

    fn view(&self, _: &Scene<'_>) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "includedForConversion": self.included_for_conversion,
            "createdAt": stamp(self.created_at),
            "updatedAt": stamp(self.updated_at),
        })
    }
}

impl Writable for LostReason {
    fn create(draft: &mut Draft, written: Written<'_>) -> Result<i64, Refusal> {
        draft.require_administrator()?;
        let mut reason = LostReason {
            id: 0,
            name: String::new(),
            included_for_conversion: true,
            created_at: draft.now,
            updated_at: draft.now,
        };
        reason.describe(written)?;
        Ok(draft.account.lost_reasons.insert(|id| LostReason { id, ..reason }))
    }

    fn update(draft: &mut Draft, id: i64, written: Written<'_>) -> Result<(), Refusal> {
        draft.require_administrator()?;
        let reason = draft.account.lost_reasons.get_mut(id).ok_or(Refusal::NotFound)?;
        reason.describe(written)?;
        reason.updated_at = draft.now;
        Ok(())
    }

    /// Opportunities lost for the reason remain lost, for none.
    fn delete(draft: &mut Draft, id: i64) -> Result<(), Refusal> {
        draft.require_administrator()?;
        draft.account.lost_reasons.delete(id, draft.now);
        draft
            .account
            .opportunities
            .update_where(|row| row.lost_reason == Some(id), |row| row.lost_reason = None);
        Ok(())
    }
}

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/lostreasons", get(list_whole::<LostReason>).post(create::<LostReason>))
        .route("/lostreasons/{id}", member::<LostReason>())
}
