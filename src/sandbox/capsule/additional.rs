//! Parties that have to do with an opportunity or a project besides its own: `/{entity}/{id}/parties`, and the
//! opportunities and projects of a party: `/parties/{id}/{entity}`.
//!
//! Linking and unlinking answer 204 with nothing in it.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;

use super::Shared;
use super::call::{Call, Id};
use super::party::Party;
use super::record::{Record, all};
use super::refusal::{Problem, Refusal};
use super::resource::{page, visible};

/// A record that belongs to a party and can have further ones.
pub(super) trait Deal: Record {
    fn party(&self) -> i64;
    fn additional(&self) -> &[i64];
    fn additional_mut(&mut self) -> &mut Vec<i64>;

    /// Whether a party has to do with it.
    fn concerns(&self, party: i64) -> bool {
        self.party() == party || self.additional().contains(&party)
    }
}

pub(super) fn routes<D: Deal>() -> Router<Shared> {
    let parties = format!("/{}/{{id}}/parties", D::PATH);
    Router::new()
        .route(&parties, get(list::<D>))
        .route(&format!("{parties}/{{party}}"), post(add::<D>).delete(remove::<D>))
        .route(&format!("/parties/{{id}}/{}", D::PATH), get(of_party::<D>))
}

/// The further parties, in the order in which they were added.
async fn list<D: Deal>(State(capsule): State<Shared>, Id(id): Id, call: Call) -> Result<Response, Refusal> {
    capsule.look(&call, |scene| {
        let deal = visible::<D>(scene, id)?;
        let parties = deal.additional().iter().filter_map(|id| visible::<Party>(scene, *id).ok());
        page(scene, &call, &parties.collect::<Vec<_>>())
    })
}

async fn add<D: Deal>(
    State(capsule): State<Shared>,
    Path(ids): Path<(String, String)>,
    call: Call,
) -> Result<StatusCode, Refusal> {
    let (id, party) = numbers(&ids)?;
    capsule.change(&call, |draft| {
        let deal = visible::<D>(&draft.scene(&call), id)?;
        visible::<Party>(&draft.scene(&call), party)?;
        let refuse = |relation: &str| {
            let message = format!("party is already {relation} this {}", D::ONE);
            Err(Problem::new(D::ONE, "party", message).into())
        };
        if deal.party() == party {
            return refuse("related to");
        }
        if deal.additional().contains(&party) {
            return refuse("a contact for");
        }
        if let Some(deal) = D::table_mut(&mut draft.account).get_mut(id) {
            deal.additional_mut().push(party);
        }
        Ok(StatusCode::NO_CONTENT)
    })
}

async fn remove<D: Deal>(
    State(capsule): State<Shared>,
    Path(ids): Path<(String, String)>,
    call: Call,
) -> Result<StatusCode, Refusal> {
    let (id, party) = numbers(&ids)?;
    capsule.change(&call, |draft| {
        visible::<D>(&draft.scene(&call), id)?;
        let deal = D::table_mut(&mut draft.account).get_mut(id).ok_or(Refusal::NotFound)?;
        let place = deal.additional().iter().position(|held| *held == party);
        deal.additional_mut().remove(place.ok_or(Refusal::NotFound)?);
        Ok(StatusCode::NO_CONTENT)
    })
}

/// A path whose ids are no numbers leads nowhere.
fn numbers((id, party): &(String, String)) -> Result<(i64, i64), Refusal> {
    match (id.parse(), party.parse()) {
        (Ok(id), Ok(party)) => Ok((id, party)),
        _ => Err(Refusal::NotFound),
    }
}

/// What belongs to a party, and what it has to do with.
async fn of_party<D: Deal>(
    State(capsule): State<Shared>,
    Id(id): Id,
    call: Call,
) -> Result<Response, Refusal> {
    capsule.look(&call, |scene| {
        visible::<Party>(scene, id)?;
        let deals: Vec<&D> = all::<D>(scene).filter(|deal| deal.concerns(id)).collect();
        page(scene, &call, &deals)
    })
}
