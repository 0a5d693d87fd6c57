//! What filters can look at in a project.

use super::account::Account;
use super::condition::{Field, Filterable, Named, custom_field};
use super::facets::{Facet, FacetType};
use super::kase::Kase;
use super::link::Link;
use super::scene::Scene;
use super::task;

impl Filterable for Kase {
    fn filter_fields() -> &'static [Named<Kase>] {
        &FIELDS
    }

    fn numbered_field(account: &Account, name: &str) -> Option<Field<Kase>> {
        custom_field(account, name)
    }
}

static FIELDS: [Named<Kase>; 19] = [
    ("id", FacetType::Number, |_, kase| Facet::id(kase.id)),
    ("name", FacetType::Text, |_, kase| Facet::text(Some(&kase.name))),
    ("status", FacetType::Text, |_, kase| Facet::text(Some(kase.status))),
    ("board", FacetType::Reference, |scene, kase| {
        let stage = kase.stage.and_then(|id| scene.account.stages.get(id));
        let board = stage.and_then(|stage| scene.account.boards.get(stage.board));
        Facet::reference(board.map(|board| (board.id, board.name.as_str())))
    }),
    ("stage", FacetType::Reference, |scene, kase| {
        let stage = kase.stage.and_then(|id| scene.account.stages.get(id));
        Facet::reference(stage.map(|stage| (stage.id, stage.name.as_str())))
    }),
    ("tag", FacetType::Reference, |scene, kase| Facet::tags::<Kase>(scene.account, &kase.marks)),
    ("owner", FacetType::Reference, |scene, kase| Facet::owner(scene.account, &kase.custody)),
    ("team", FacetType::Reference, |scene, kase| Facet::team(scene.account, &kase.custody)),
    ("isOpen", FacetType::Flag, |_, kase| Facet::Flag(kase.is_open())),
    ("isOwnedByMe", FacetType::Flag, |scene, kase| Facet::Flag(kase.custody.owner == Some(scene.viewer))),
    ("hasTags", FacetType::Flag, |_, kase| Facet::Flag(!kase.marks.tags.is_empty())),
    ("hasOpenTasks", FacetType::Flag, |scene, kase| open_tasks(scene, Link::Kase(kase.id))),
    ("addedOn", FacetType::Day, |_, kase| Facet::day_of(Some(kase.created_at))),
    ("updatedOn", FacetType::Day, |_, kase| Facet::day_of(Some(kase.updated_at))),
    ("closedOn", FacetType::Day, |_, kase| Facet::Day(kase.closed_on)),
    ("expectedCloseOn", FacetType::Day, |_, kase| Facet::Day(kase.expected_close_on)),
    ("startOn", FacetType::Day, |_, kase| Facet::Day(kase.start_on)),
    ("primaryContact", FacetType::Reference, |scene, kase| Facet::party(scene.account, kase.party)),
    ("primaryContactName", FacetType::Text, |scene, kase| Facet::party_name(scene.account, kase.party)),
];

/// Whether there are open tasks about a record.
pub(super) fn open_tasks(scene: &Scene<'_>, link: Link) -> Facet {
    let mut tasks = scene.account.tasks.iter();
    Facet::Flag(tasks.any(|task| task.link == Some(link) && task.status == task::OPEN))
}
