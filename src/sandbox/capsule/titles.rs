//! Salutations of people: `/titles`, a list in one piece. A title is made and deleted, never changed, and it cannot go
//! while somebody bears it.

use axum::Router;
use axum::routing::{delete, get};
use serde_json::{Value, json};

use super::Shared;
use super::account::Account;
use super::refusal::Refusal;
use super::resource::{Resource, Writable, create, list_whole, remove};
use super::scene::{Draft, Scene};
use super::written::Written;
use crate::sandbox::table::Table;

/// Titles that an account can have, by Capsule's documentation of custom titles.
const MOST: usize = 50;

#[derive(Clone)]
pub(super) struct Title {
    pub(super) id: i64,
    pub(super) title: String,
}

impl Resource for Title {
    const PATH: &'static str = "titles";
    const ONE: &'static str = "personTitle";
    const MANY: &'static str = "personTitles";

    fn table(account: &Account) -> &Table<Title> {
        &account.titles
    }

    fn view(&self, _: &Scene<'_>) -> Value {
        json!({ "id": self.id, "title": self.title })
    }
}

impl Writable for Title {
    fn create(draft: &mut Draft, written: Written<'_>) -> Result<i64, Refusal> {
        draft.require_administrator()?;
        let mut title = String::new();
        written.filled_text("title", &mut title)?;
        let titles = &mut draft.account.titles;
        if titles.iter().any(|known| known.title == title) {
            return Err(written.problem("title", "title is already taken").into());
        }
        if titles.count() >= MOST {
            return Err(written.problem("title", "too many titles").into());
        }
        Ok(titles.insert(|id| Title { id, title }))
    }

    /// No route leads here.
    fn update(_: &mut Draft, _: i64, _: Written<'_>) -> Result<(), Refusal> {
        Err(Refusal::MethodNotAllowed)
    }

    fn delete(draft: &mut Draft, id: i64) -> Result<(), Refusal> {
        draft.require_administrator()?;
        let account = &mut draft.account;
        let title = account.titles.get(id).map(|title| title.title.as_str());
        let bears = |person: &super::party::Person| person.title.as_deref() == title;
        if account.parties.iter().filter_map(|party| party.person()).any(bears) {
            return Err(super::refusal::Problem::new(Title::ONE, "title", "title is in use").into());
        }
        account.titles.delete(id, draft.now);
        Ok(())
    }
}

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/titles", get(list_whole::<Title>).post(create::<Title>))
        .route("/titles/{id}", delete(remove::<Title>))
}
