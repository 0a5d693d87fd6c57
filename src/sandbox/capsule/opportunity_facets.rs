//! What filters can look at in an opportunity. They have a `status` for it, which it does not show.

use super::account::Account;
use super::condition::{Field, Filterable, Named, custom_field};
use super::facets::{Facet, FacetType};
use super::kase_facets::open_tasks;
use super::link::Link;
use super::milestones::Milestone;
use super::opportunity::Opportunity;
use super::scene::Scene;

impl Filterable for Opportunity {
    fn filter_fields() -> &'static [Named<Opportunity>] {
        &FIELDS
    }

    fn numbered_field(account: &Account, name: &str) -> Option<Field<Opportunity>> {
        custom_field(account, name)
    }
}

static FIELDS: [Named<Opportunity>; 26] = [
    ("id", FacetType::Number, |_, row| Facet::id(row.id)),
    ("name", FacetType::Text, |_, row| Facet::text(Some(&row.name))),
    ("status", FacetType::Text, |scene, row| Facet::text(Some(status(scene, row)))),
    ("pipeline", FacetType::Reference, |scene, row| {
        let pipeline = milestone(scene, row).and_then(|at| scene.account.pipelines.get(at.pipeline));
        Facet::reference(pipeline.map(|pipeline| (pipeline.id, pipeline.name.as_str())))
    }),
    ("milestone", FacetType::Reference, |scene, row| {
        Facet::reference(milestone(scene, row).map(|at| (at.id, at.name.as_str())))
    }),
    ("probability", FacetType::Number, |_, row| Facet::integer(row.probability)),
    ("lostReason", FacetType::Reference, |scene, row| {
        let reason = row.lost_reason.and_then(|id| scene.account.lost_reasons.get(id));
        Facet::reference(reason.map(|reason| (reason.id, reason.name.as_str())))
    }),
    ("currency", FacetType::Text, |_, row| Facet::text(row.value.map(|value| value.currency))),
    ("expectedValue", FacetType::Money, |_, row| {
        Facet::Money(row.value.map(|value| (value.amount, value.currency)))
    }),
    ("tag", FacetType::Reference, |scene, row| Facet::tags::<Opportunity>(scene.account, &row.marks)),
    ("owner", FacetType::Reference, |scene, row| Facet::owner(scene.account, &row.custody)),
    ("team", FacetType::Reference, |scene, row| Facet::team(scene.account, &row.custody)),
    ("isOpen", FacetType::Flag, |_, row| Facet::Flag(row.is_open())),
    ("isStale", FacetType::Flag, |scene, row| Facet::Flag(row.is_stale(scene.account, scene.now))),
    ("isOwnedByMe", FacetType::Flag, |scene, row| Facet::Flag(row.custody.owner == Some(scene.viewer))),
    ("hasTags", FacetType::Flag, |_, row| Facet::Flag(!row.marks.tags.is_empty())),
    ("addedOn", FacetType::Day, |_, row| Facet::day_of(Some(row.created_at))),
    ("updatedOn", FacetType::Day, |_, row| Facet::day_of(Some(row.updated_at))),
    ("closedOn", FacetType::Day, |_, row| Facet::Day(row.closed_on)),
    ("expectedCloseOn", FacetType::Day, |_, row| Facet::Day(row.expected_close_on)),
    ("lastContactedOn", FacetType::Day, |_, row| Facet::day_of(row.last_contacted_at)),
    ("party", FacetType::Reference, |scene, row| Facet::party(scene.account, row.party)),
    ("primaryContact", FacetType::Reference, |scene, row| Facet::party(scene.account, row.party)),
    ("primaryContactName", FacetType::Text, |scene, row| Facet::party_name(scene.account, row.party)),
    ("includedForConversion", FacetType::Flag, |scene, row| {
        let reason = row.lost_reason.and_then(|id| scene.account.lost_reasons.get(id));
        Facet::Flag(reason.is_none_or(|reason| reason.included_for_conversion))
    }),
    ("hasOpenTasks", FacetType::Flag, |scene, row| open_tasks(scene, Link::Opportunity(row.id))),
];

fn milestone<'a>(scene: &Scene<'a>, row: &Opportunity) -> Option<&'a Milestone> {
    scene.account.milestones.get(row.milestone)
}

fn status(scene: &Scene<'_>, row: &Opportunity) -> &'static str {
    match milestone(scene, row) {
        _ if row.is_open() => "open",
        Some(milestone) if milestone.is_lost() => "lost",
        _ => "won",
    }
}
