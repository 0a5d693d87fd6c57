//! What resources have in common: a list, a record by its id, and how records are made, changed and deleted.
//!
//! A kind of record says what it is called, where it is kept and how it is shown ([`Resource`]), and what a write does to
//! it ([`Writable`]); the handlers here do the rest.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use http::StatusCode;
use http::header::LOCATION;
use serde_json::{Map, Value, json};

use super::Shared;
use super::account::Account;
use super::call::{Call, Id};
use super::paging::Listing;
use super::refusal::{Problem, Refusal};
use super::scene::{Draft, Scene};
use super::written::Written;
use crate::sandbox::table::Table;

/// Records that can be asked for by id at once.
const MAX_IDS: usize = 10;

/// A kind of record that can be looked at.
pub(super) trait Resource: Clone + Send + Sync + 'static {
    /// Its path below the API's base, without slashes around it.
    const PATH: &'static str;
    /// The key of one record, which is also its name in errors.
    const ONE: &'static str;
    /// The key of a list.
    const MANY: &'static str;
    /// Whether several come at once for ids with commas between them.
    const SEVERAL_AT_ONCE: bool = false;

    fn table(account: &Account) -> &Table<Self>;

    /// The record as the API shows it.
    fn view(&self, scene: &Scene<'_>) -> Value;

    /// Whether it exists for the viewer.
    fn is_visible(&self, _scene: &Scene<'_>) -> bool {
        true
    }

    /// What its list holds, in order.
    fn listed<'a>(scene: &Scene<'a>) -> Result<Vec<&'a Self>, Refusal> {
        Ok(Self::table(scene.account).iter().filter(|row| row.is_visible(scene)).collect())
    }
}

/// A kind of record that the API also writes.
pub(super) trait Writable: Resource {
    /// Makes a record and answers its id.
    fn create(draft: &mut Draft, written: Written<'_>) -> Result<i64, Refusal>;

    /// Changes a record, which exists.
    fn update(draft: &mut Draft, id: i64, written: Written<'_>) -> Result<(), Refusal>;

    /// Deletes a record, which exists, with all that cannot outlive it.
    fn delete(draft: &mut Draft, id: i64) -> Result<(), Refusal>;
}

/// The methods of a resource's own path.
pub(super) fn collection<T: Writable>() -> MethodRouter<Shared> {
    get(list::<T>).post(create::<T>)
}

/// The methods of one record's path.
pub(super) fn member<T: Writable>() -> MethodRouter<Shared> {
    get(show::<T>).put(update::<T>).delete(remove::<T>)
}

/// The list, in pages.
pub(super) async fn list<T: Resource>(
    State(capsule): State<Shared>,
    call: Call,
) -> Result<Response, Refusal> {
    capsule.look(&call, |scene| page(scene, &call, &T::listed(scene)?))
}

/// The list, in one piece.
pub(super) async fn list_whole<T: Resource>(
    State(capsule): State<Shared>,
    call: Call,
) -> Result<Response, Refusal> {
    capsule.look(&call, |scene| {
        let rows: Vec<Value> = T::listed(scene)?.into_iter().map(|row| row.view(scene)).collect();
        Ok(Json(keyed(T::MANY, rows.into())).into_response())
    })
}

/// Some records as a list in pages.
pub(super) fn page<T: Resource>(scene: &Scene<'_>, call: &Call, rows: &[&T]) -> Result<Response, Refusal> {
    Ok(Listing::of(call, T::MANY, rows, |row| row.view(scene))?.reply(call))
}

/// One record, or up to ten where the kind allows it; of those, unknown ones are left out.
pub(super) async fn show<T: Resource>(
    State(capsule): State<Shared>,
    Path(ids): Path<String>,
    call: Call,
) -> Result<Response, Refusal> {
    let ids: Result<Vec<i64>, _> = ids.split(',').map(str::parse).collect();
    let ids = ids.map_err(|_| Refusal::NotFound)?;
    if ids.len() > 1 && !T::SEVERAL_AT_ONCE {
        return Err(Refusal::NotFound);
    }
    if ids.len() > MAX_IDS {
        return Err(Problem::new(T::ONE, "id", "too many ids").into());
    }
    capsule.look(&call, |scene| {
        if let [id] = ids[..] {
            return Ok(Json(one::<T>(scene, id)?).into_response());
        }
        let rows = ids.iter().filter_map(|id| visible::<T>(scene, *id).ok());
        let views: Vec<Value> = rows.map(|row| row.view(scene)).collect();
        Ok(Json(keyed(T::MANY, views.into())).into_response())
    })
}

pub(super) async fn create<T: Writable>(
    State(capsule): State<Shared>,
    call: Call,
) -> Result<Response, Refusal> {
    let members = call.wrapped(T::ONE)?;
    let (id, view) = capsule.change(&call, |draft| {
        let id = T::create(draft, Written::new(T::ONE, &members))?;
        let row = T::table(&draft.account).get(id).ok_or(Refusal::NotFound)?;
        Ok((id, row.view(&draft.scene(&call))))
    })?;
    Ok(created(&call, &format!("/{}/{id}", T::PATH), keyed(T::ONE, view)))
}

pub(super) async fn update<T: Writable>(
    State(capsule): State<Shared>,
    Id(id): Id,
    call: Call,
) -> Result<Json<Value>, Refusal> {
    let members = call.wrapped(T::ONE)?;
    capsule.change(&call, |draft| {
        visible::<T>(&draft.scene(&call), id)?;
        T::update(draft, id, Written::new(T::ONE, &members))?;
        one::<T>(&draft.scene(&call), id).map(Json)
    })
}

pub(super) async fn remove<T: Writable>(
    State(capsule): State<Shared>,
    Id(id): Id,
    call: Call,
) -> Result<StatusCode, Refusal> {
    capsule.change(&call, |draft| {
        visible::<T>(&draft.scene(&call), id)?;
        T::delete(draft, id)?;
        Ok(StatusCode::NO_CONTENT)
    })
}

/// A record that exists for the viewer.
pub(super) fn visible<'a, T: Resource>(scene: &Scene<'a>, id: i64) -> Result<&'a T, Refusal> {
    let row = T::table(scene.account).get(id);
    row.filter(|row| row.is_visible(scene)).ok_or(Refusal::NotFound)
}

/// One record under its key.
pub(super) fn one<T: Resource>(scene: &Scene<'_>, id: i64) -> Result<Value, Refusal> {
    Ok(keyed(T::ONE, visible::<T>(scene, id)?.view(scene)))
}

/// The answer to a request that made a record at `path`.
pub(super) fn created(call: &Call, path: &str, body: Value) -> Response {
    (StatusCode::CREATED, [(LOCATION, call.url_of(path))], Json(body)).into_response()
}

/// An object of one member.
pub(super) fn keyed(key: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(key.to_owned(), value)]))
}

/// A record as others show it by id and name; null when there is none.
pub(super) fn named_reference(record: Option<(i64, &str)>) -> Value {
    record.map_or(Value::Null, |(id, name)| json!({ "id": id, "name": name }))
}
