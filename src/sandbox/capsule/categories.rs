//! Categories of tasks: `/categories`.

use axum::Router;
use serde_json::{Value, json};

use super::Shared;
use super::account::Account;
use super::refusal::{Problem, Refusal};
use super::resource::{Resource, Writable, collection, member};
use super::scene::{Draft, Scene};
use super::written::Written;
use crate::sandbox::table::Table;

const DEFAULT_COLOUR: &str = "#444444";

#[derive(Clone)]
pub(super) struct Category {
    pub(super) id: i64,
    pub(super) name: String,
    /// As `#rrggbb`.
    pub(super) colour: String,
}

impl Category {
    pub(super) fn shown(&self) -> Value {
        json!({ "id": self.id, "name": self.name, "colour": self.colour })
    }

    fn describe(&mut self, written: Written<'_>) -> Result<(), Problem> {
        written.filled_text("name", &mut self.name)?;
        written.filled_text("colour", &mut self.colour)?;
        let digits = self.colour.strip_prefix('#').unwrap_or_default();
        if digits.len() != 6 || !digits.chars().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(written.wrong_type("colour"));
        }
        Ok(())
    }
}

impl Resource for Category {
    const PATH: &'static str = "categories";
    const ONE: &'static str = "category";
    const MANY: &'static str = "categories";

    fn table(account: &Account) -> &Table<Category> {
        &account.categories
    }

    fn view(&self, _: &Scene<'_>) -> Value {
        self.shown()
    }
}

impl Writable for Category {
    fn create(draft: &mut Draft, written: Written<'_>) -> Result<i64, Refusal> {
        draft.require_administrator()?;
        let mut category = Category { id: 0, name: String::new(), colour: DEFAULT_COLOUR.to_owned() };
        category.describe(written)?;
        Ok(draft.account.categories.insert(|id| Category { id, ..category }))
    }

    fn update(draft: &mut Draft, id: i64, written: Written<'_>) -> Result<(), Refusal> {
        draft.require_administrator()?;
        let category = draft.account.categories.get_mut(id).ok_or(Refusal::NotFound)?;
        Ok(category.describe(written)?)
    }

    /// Its tasks remain, without a category.
    fn delete(draft: &mut Draft, id: i64) -> Result<(), Refusal> {
        draft.require_administrator()?;
        draft.account.categories.delete(id, draft.now);
        draft.account.tasks.update_where(|task| task.category == Some(id), |task| task.category = None);
        Ok(())
    }
}

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/categories", collection::<Category>())
        .route("/categories/{id}", member::<Category>())
}
