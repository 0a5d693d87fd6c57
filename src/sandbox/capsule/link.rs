//! What a task or an entry is about: a party, an opportunity or a project, one of them at most.

use serde_json::Value;

use super::account::Account;
use super::kase;
use super::opportunity;
use super::party_view;
use super::refusal::Problem;
use super::scene::Scene;
use super::written::Written;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    Party(i64),
    Opportunity(i64),
    Kase(i64),
}

/// What a write makes of a link.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Linked {
    None,
    One(Link),
    Several,
}

impl Link {
    /// The links in a write together with those `held` that it does not mention.
    pub(super) fn written(
        account: &Account,
        written: Written<'_>,
        held: Option<Link>,
    ) -> Result<Linked, Problem> {
        let (mut party, mut opportunity, mut kase) = match held {
            Some(Link::Party(id)) => (Some(id), None, None),
            Some(Link::Opportunity(id)) => (None, Some(id), None),
            Some(Link::Kase(id)) => (None, None, Some(id)),
            None => (None, None, None),
        };
        written.link("party", &mut party, |id| account.parties.get(id).is_some())?;
        written.link("opportunity", &mut opportunity, |id| account.opportunities.get(id).is_some())?;
        written.link("kase", &mut kase, |id| account.kases.get(id).is_some())?;
        Ok(match (party, opportunity, kase) {
            (None, None, None) => Linked::None,
            (Some(id), None, None) => Linked::One(Link::Party(id)),
            (None, Some(id), None) => Linked::One(Link::Opportunity(id)),
            (None, None, Some(id)) => Linked::One(Link::Kase(id)),
            _ => Linked::Several,
        })
    }

    pub(super) fn party(self) -> Option<i64> {
        if let Link::Party(id) = self { Some(id) } else { None }
    }

    pub(super) fn opportunity(self) -> Option<i64> {
        if let Link::Opportunity(id) = self { Some(id) } else { None }
    }

    pub(super) fn kase(self) -> Option<i64> {
        if let Link::Kase(id) = self { Some(id) } else { None }
    }
}

/// One of the members `party`, `opportunity` and `kase` of a record that is about `link`: null for two of them.
pub(super) fn view(scene: &Scene<'_>, link: Option<Link>, key: &str) -> Value {
    match key {
        "party" => party_view::nested(scene, link.and_then(Link::party), key),
        "opportunity" => opportunity::nested(scene, link.and_then(Link::opportunity)),
        "kase" => kase::nested(scene, link.and_then(Link::kase)),
        _ => Value::Null,
    }
}
