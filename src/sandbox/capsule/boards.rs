//! Project boards and their stages: `/boards`, `/stages`. Deleting either archives it.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::Shared;
use super::account::Account;
use super::call::{Call, Id, Params};
use super::dates::stamp;
use super::refusal::{Problem, Refusal};
use super::resource::{Resource, Writable, collection, member, named_reference, one, page, visible};
use super::scene::{Draft, Scene};
use super::written::Written;
use crate::sandbox::table::Table;

/// Boards in use that an account can have, by Capsule's documentation of boards.
const MOST_BOARDS: usize = 30;

#[derive(Clone)]
pub(super) struct Board {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) archived: bool,
    pub(super) created_at: OffsetDateTime,
    pub(super) updated_at: OffsetDateTime,
}

#[derive(Clone)]
pub(super) struct Stage {
    pub(super) id: i64,
    pub(super) board: i64,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) display_order: i64,
    pub(super) archived: bool,
    pub(super) created_at: OffsetDateTime,
    pub(super) updated_at: OffsetDateTime,
}

/// The `status` that a list asks for.
fn status<'a>(params: &'a Params, allowed: &[&str]) -> Result<&'a str, Refusal> {
    let status = params.get("status").unwrap_or("active");
    if allowed.contains(&status) {
        return Ok(status);
    }
    Err(Problem::new("pagination", "status", format!("options are: {}", allowed.join(", "))).into())
}

impl Resource for Board {
    const PATH: &'static str = "boards";
    const ONE: &'static str = "board";
    const MANY: &'static str = "boards";

    fn table(account: &Account) -> &Table<Board> {
        &account.boards
    }

    fn view(&self, _: &Scene<'_>) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "createdAt": stamp(self.created_at),
            "updatedAt": stamp(self.updated_at),
        })
    }

    /// Newest first: by default those in use; by `status` the archived ones, those with projects on them, or all; with
    /// `q` those whose name has it.
    fn listed<'a>(scene: &Scene<'a>) -> Result<Vec<&'a Board>, Refusal> {
        let status = status(scene.params, &["active", "archived", "nonempty", "all"])?;
        let text = scene.params.get("q").unwrap_or_default().to_lowercase();
        let wanted = |board: &&Board| {
            let fits = match status {
                "active" => !board.archived,
                "archived" => board.archived,
                "nonempty" => is_used(scene.account, board.id),
                _ => true,
            };
            fits && board.name.to_lowercase().contains(&text)
        };
        Ok(scene.account.boards.iter().rev().filter(wanted).collect())
    }
}

/// Whether there is a project on the board.
fn is_used(account: &Account, board: i64) -> bool {
    let stages = account.kases.iter().filter_map(|kase| account.stages.get(kase.stage?));
    stages.into_iter().any(|stage| stage.board == board)
}

impl Board {
    fn describe(&mut self, written: Written<'_>) -> Result<(), Problem> {
        written.filled_text("name", &mut self.name)?;
        written.text("description", &mut self.description)
    }
}

impl Writable for Board {
    fn create(draft: &mut Draft, written: Written<'_>) -> Result<i64, Refusal> {
        draft.require_administrator()?;
        let boards = &mut draft.account.boards;
        if boards.iter().filter(|board| !board.archived).count() >= MOST_BOARDS {
            return Err(written.problem("id", "too many boards").into());
        }
        let mut board = Board {
            id: 0,
            name: String::new(),
            description: None,
            archived: false,
            created_at: draft.now,
            updated_at: draft.now,
        };
        board.describe(written)?;
        Ok(boards.insert(|id| Board { id, ..board }))
    }

    fn update(draft: &mut Draft, id: i64, written: Written<'_>) -> Result<(), Refusal> {
        draft.require_administrator()?;
        let board = draft.account.boards.get_mut(id).ok_or(Refusal::NotFound)?;
        board.describe(written)?;
        board.updated_at = draft.now;
        Ok(())
    }

    fn delete(draft: &mut Draft, id: i64) -> Result<(), Refusal> {
        archive_board(draft, id, true)
    }
}

fn archive_board(draft: &mut Draft, id: i64, archived: bool) -> Result<(), Refusal> {
    draft.require_administrator()?;
    let board = draft.account.boards.get_mut(id).ok_or(Refusal::NotFound)?;
    board.archived = archived;
    board.updated_at = draft.now;
    Ok(())
}

impl Resource for Stage {
    const PATH: &'static str = "stages";
    const ONE: &'static str = "stage";
    const MANY: &'static str = "stages";

    fn table(account: &Account) -> &Table<Stage> {
        &account.stages
    }

    fn view(&self, scene: &Scene<'_>) -> Value {
        let board = scene.account.boards.get(self.board);
        json!({
            "name": self.name,
            "description": self.description,
            "id": self.id,
            "board": named_reference(board.map(|board| (board.id, board.name.as_str()))),
            "displayOrder": self.display_order,
            "createdAt": stamp(self.created_at),
            "updatedAt": stamp(self.updated_at),
        })
    }

    /// Board by board in their display order: by default those in use on boards in use; by `status` the archived ones
    /// or all, with `includeOnDeletedBoard=true` also on archived boards.
    fn listed<'a>(scene: &Scene<'a>) -> Result<Vec<&'a Stage>, Refusal> {
        let status = status(scene.params, &["active", "archived", "all"])?;
        let on_any_board = scene.params.get("includeOnDeletedBoard") == Some("true");
        let boards = &scene.account.boards;
        let is_on_archived_board =
            |stage: &Stage| boards.get(stage.board).is_some_and(|board| board.archived);
        Ok(in_order(scene.account, |stage| {
            fits(stage, status) && (on_any_board || !is_on_archived_board(stage))
        }))
    }
}

fn fits(stage: &Stage, status: &str) -> bool {
    match status {
        "active" => !stage.archived,
        "archived" => stage.archived,
        _ => true,
    }
}

fn in_order(account: &Account, wanted: impl Fn(&Stage) -> bool) -> Vec<&Stage> {
    let mut stages: Vec<&Stage> = account.stages.iter().filter(|stage| wanted(stage)).collect();
    stages.sort_by_key(|stage| (stage.board, stage.display_order, stage.id));
    stages
}

impl Stage {
    fn describe(&mut self, written: Written<'_>) -> Result<(), Problem> {
        written.filled_text("name", &mut self.name)?;
        written.text("description", &mut self.description)?;
        written.integer("displayOrder", 0..=i64::MAX, &mut self.display_order)
    }
}

impl Writable for Stage {
    /// Without a `displayOrder` it comes last on its board.
    fn create(draft: &mut Draft, written: Written<'_>) -> Result<i64, Refusal> {
        draft.require_administrator()?;
        let account = &mut draft.account;
        let mut board = 0;
        written.required_link("board", &mut board, |id| account.boards.get(id).is_some())?;
        let stages = account.stages.iter().filter(|stage| stage.board == board);
        let last = stages.map(|stage| stage.display_order).max().unwrap_or(0);
        let mut stage = Stage {
            id: 0,
            board,
            name: String::new(),
            description: None,
            display_order: last + 1,
            archived: false,
            created_at: draft.now,
            updated_at: draft.now,
        };
        stage.describe(written)?;
        Ok(account.stages.insert(|id| Stage { id, ..stage }))
    }

    fn update(draft: &mut Draft, id: i64, written: Written<'_>) -> Result<(), Refusal> {
        draft.require_administrator()?;
        let stage = draft.account.stages.get_mut(id).ok_or(Refusal::NotFound)?;
        stage.describe(written)?;
        stage.updated_at = draft.now;
        Ok(())
    }

    fn delete(draft: &mut Draft, id: i64) -> Result<(), Refusal> {
        draft.require_administrator()?;
        let stage = draft.account.stages.get_mut(id).ok_or(Refusal::NotFound)?;
        stage.archived = true;
        stage.updated_at = draft.now;
        Ok(())
    }
}

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/boards", collection::<Board>())
        .route("/boards/{id}", member::<Board>())
        .route("/boards/{id}/restore", post(restore))
        .route("/boards/{id}/stages", get(stages_of_board))
        .route("/stages", collection::<Stage>())
        .route("/stages/{id}", member::<Stage>())
}

async fn restore(State(capsule): State<Shared>, Id(id): Id, call: Call) -> Result<Json<Value>, Refusal> {
    capsule.change(&call, |draft| {
        visible::<Board>(&draft.scene(&call), id)?;
        archive_board(draft, id, false)?;
        one::<Board>(&draft.scene(&call), id).map(Json)
    })
}

async fn stages_of_board(State(capsule): State<Shared>, Id(id): Id, call: Call) -> Result<Response, Refusal> {
    let status = status(&call.params, &["active", "archived", "all"])?;
    capsule.look(&call, |scene| {
        visible::<Board>(scene, id)?;
        let stages = in_order(scene.account, |stage| stage.board == id && fits(stage, status));
        page(scene, &call, &stages)
    })
}
