//! Filters that were saved in Capsule's own interface: `/{entity}/filters`. The API reads and runs them; it makes none.
//!
//! Unlike a filter in a request, a saved one sorts its results. How Capsule lists them is not documented beyond their
//! id and name.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};

use super::Shared;
use super::call::{Call, Id};
use super::condition::{Filter, SortKey};
use super::record::{Record, all};
use super::refusal::Refusal;
use super::resource::{keyed, page};

/// A filter with a name.
#[derive(Clone)]
pub(super) struct SavedFilter<R: 'static> {
    pub(super) id: i64,
    pub(super) name: &'static str,
    /// As they would be sent.
    pub(super) conditions: Value,
    pub(super) filter: Filter<R>,
    pub(super) order_by: SortKey<R>,
}

impl<R: Record> SavedFilter<R> {
    fn view(&self) -> Value {
        let direction = if self.order_by.descending { "descending" } else { "ascending" };
        json!({
            "id": self.id,
            "name": self.name,
            "conditions": self.conditions,
            "orderBy": [{ "field": self.order_by.name, "direction": direction }],
        })
    }
}

pub(super) fn routes<R: Record>() -> Router<Shared> {
    let path = |rest: &str| format!("/{}/filters{rest}", R::PATH);
    Router::new()
        .route(&path(""), get(list::<R>))
        .route(&path("/{id}"), get(show::<R>))
        .route(&path("/{id}/results"), get(results::<R>))
}

async fn list<R: Record>(State(capsule): State<Shared>, call: Call) -> Json<Value> {
    capsule.look(&call, |scene| {
        let filters = R::vocabulary(scene.account).filters.iter();
        Json(keyed("filters", filters.map(SavedFilter::view).collect()))
    })
}

async fn show<R: Record>(
    State(capsule): State<Shared>,
    Id(id): Id,
    call: Call,
) -> Result<Json<Value>, Refusal> {
    capsule.look(&call, |scene| {
        let filter = R::vocabulary(scene.account).filters.get(id).ok_or(Refusal::NotFound)?;
        Ok(Json(keyed("filter", filter.view())))
    })
}

async fn results<R: Record>(
    State(capsule): State<Shared>,
    Id(id): Id,
    call: Call,
) -> Result<Response, Refusal> {
    capsule.look(&call, |scene| {
        let saved = R::vocabulary(scene.account).filters.get(id).ok_or(Refusal::NotFound)?;
        let mut found: Vec<&R> = all::<R>(scene).filter(|row| saved.filter.holds(scene, row)).collect();
        found.sort_by(|one, other| saved.order_by.compare(scene, one, other));
        page(scene, &call, &found)
    })
}
