//! People and organisations: `/parties`.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;
use time::OffsetDateTime;

use super::Shared;
use super::account::Account;
use super::call::{Call, Id};
use super::party::Party;
use super::party_view;
use super::party_write;
use super::record::{self, Marks, Record, Vocabulary, all, changed};
use super::refusal::Refusal;
use super::resource::{Resource, Writable, page, visible};
use super::scene::{Draft, Scene};
use super::written::Written;
use crate::sandbox::table::Table;

impl Resource for Party {
    const PATH: &'static str = "parties";
    const ONE: &'static str = "party";
    const MANY: &'static str = "parties";
    const SEVERAL_AT_ONCE: bool = true;

    fn table(account: &Account) -> &Table<Party> {
        &account.parties
    }

    fn view(&self, scene: &Scene<'_>) -> Value {
        party_view::full(scene, self)
    }

    fn is_visible(&self, scene: &Scene<'_>) -> bool {
        scene.sees(&self.custody)
    }

    fn listed<'a>(scene: &Scene<'a>) -> Result<Vec<&'a Party>, Refusal> {
        changed(scene)
    }
}

impl Writable for Party {
    fn create(draft: &mut Draft, written: Written<'_>) -> Result<i64, Refusal> {
        party_write::create(draft, written)
    }

    fn update(draft: &mut Draft, id: i64, written: Written<'_>) -> Result<(), Refusal> {
        party_write::update(draft, id, written)
    }

    fn delete(draft: &mut Draft, id: i64) -> Result<(), Refusal> {
        draft.account.delete_party(id, draft.now);
        Ok(())
    }
}

impl Record for Party {
    const RESTRICTED: &'static str = "restrictedParties";

    fn vocabulary(account: &Account) -> &Vocabulary<Party> {
        &account.party_vocabulary
    }

    fn vocabulary_mut(account: &mut Account) -> &mut Vocabulary<Party> {
        &mut account.party_vocabulary
    }

    fn table_mut(account: &mut Account) -> &mut Table<Party> {
        &mut account.parties
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

    fn fits(&self, capture_rule: &str) -> bool {
        capture_rule == self.kind()
    }

    /// Name, e-mail addresses, postcodes, phone numbers as written and as digits.
    fn searched(&self, _: &Account) -> String {
        let mut texts = vec![self.display_name()];
        texts.extend(self.email_addresses.iter().map(|email| email.address.clone()));
        texts.extend(self.addresses.iter().filter_map(|address| address.zip.clone()));
        for phone in &self.phone_numbers {
            texts.push(phone.number.clone());
            texts.push(phone.number.chars().filter(char::is_ascii_digit).collect());
        }
        texts.join("\n")
    }

    fn stand_in(&self) -> Value {
        party_view::private(self)
    }
}

pub(super) fn routes() -> Router<Shared> {
    record::routes::<Party>().route("/parties/{id}/people", get(people))
}

/// The people of an organisation; a person has none.
async fn people(State(capsule): State<Shared>, Id(id): Id, call: Call) -> Result<Response, Refusal> {
    capsule.look(&call, |scene| {
        visible::<Party>(scene, id)?;
        let people: Vec<&Party> =
            all::<Party>(scene).filter(|party| party.organisation() == Some(id)).collect();
        page(scene, &call, &people)
    })
}
