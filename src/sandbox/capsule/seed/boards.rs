//! The project boards with their stages.

use time::OffsetDateTime;
use time::macros::datetime;

use super::super::boards::{Board, Stage};
use super::count;
use crate::sandbox::table::Table;

const FIRST_BOARD: i64 = 17_204;
const FIRST_STAGE: i64 = 301_660;
const MADE: OffsetDateTime = datetime!(2024-03-14 11:02:36 UTC);

type BoardRow = (&'static str, Option<&'static str>, &'static [&'static str]);

static BOARDS: [BoardRow; 2] = [
    (
        "Installations",
        Some("Machines, from the order to the first cup"),
        &["Site survey", "Ordered", "Fitting", "Handover"],
    ),
    ("Training", None, &["Booked", "Delivered", "Follow-up"]),
];

pub(super) fn boards() -> Table<Board> {
    let mut boards = Table::starting_at(FIRST_BOARD);
    for (name, description, _) in &BOARDS {
        boards.insert(|id| Board {
            id,
            name: (*name).to_owned(),
            description: description.map(str::to_owned),
            archived: false,
            created_at: MADE,
            updated_at: MADE,
        });
    }
    boards
}

pub(super) fn stages() -> Table<Stage> {
    let mut stages = Table::starting_at(FIRST_STAGE);
    for (number, (_, _, names)) in BOARDS.iter().enumerate() {
        for (order, name) in (1..).zip(*names) {
            stages.insert(|id| Stage {
                id,
                board: FIRST_BOARD + count(number),
                name: (*name).to_owned(),
                description: (*name == "Handover").then(|| "The first cup is served".to_owned()),
                display_order: order,
                archived: false,
                created_at: MADE,
                updated_at: MADE,
            });
        }
    }
    stages
}
