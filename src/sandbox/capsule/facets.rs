//! What filters can look at in a record: a value of one of a few types. Each kind of record lists its fields by the
//! names that filters have for them, which differ from those in answers: `addedOn` is `createdAt` by the day.

use serde_json::Value;
use time::{Date, OffsetDateTime};

use super::account::Account;
use super::custody::Custody;
use super::dates;
use super::fields::FieldKind;
use super::party::Party;
use super::record::{Marks, Record};

/// The type of a field, which decides what can be asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FacetType {
    Text,
    Number,
    Day,
    Flag,
    /// A record, by its id or its name.
    Reference,
    /// An amount in a currency.
    Money,
}

/// What a record has in a field. Lists are empty where it has nothing.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Facet {
    Text(Vec<String>),
    Number(Option<f64>),
    Day(Option<Date>),
    Flag(bool),
    Reference(Vec<(i64, String)>),
    Money(Option<(f64, &'static str)>),
}

impl Facet {
    /// Text that may be absent.
    pub(super) fn text(text: Option<&str>) -> Facet {
        Facet::Text(text.map(str::to_owned).into_iter().collect())
    }

    pub(super) fn id(id: i64) -> Facet {
        Facet::integer(id)
    }

    pub(super) fn integer(number: i64) -> Facet {
        // Ids and percentages are far below 2^53, so the conversion is exact.
        Facet::Number(Some(number as f64))
    }

    pub(super) fn day_of(at: Option<OffsetDateTime>) -> Facet {
        Facet::Day(at.map(|at| at.date()))
    }

    /// A record that may be absent.
    pub(super) fn reference(record: Option<(i64, &str)>) -> Facet {
        Facet::Reference(record.map(|(id, name)| (id, name.to_owned())).into_iter().collect())
    }

    /// A party by its id or name.
    pub(super) fn party(account: &Account, id: i64) -> Facet {
        let party = account.parties.get(id);
        Facet::Reference(party.map(|party| (party.id, party.display_name())).into_iter().collect())
    }

    pub(super) fn party_name(account: &Account, id: i64) -> Facet {
        Facet::text(account.parties.get(id).map(Party::display_name).as_deref())
    }

    pub(super) fn owner(account: &Account, custody: &Custody) -> Facet {
        let owner = custody.owner.and_then(|id| account.users.get(id));
        Facet::reference(owner.map(|user| (user.id, user.name.as_str())))
    }

    pub(super) fn team(account: &Account, custody: &Custody) -> Facet {
        let team = custody.team.and_then(|id| account.teams.get(id));
        Facet::reference(team.map(|team| (team.id, team.name)))
    }

    pub(super) fn tags<R: Record>(account: &Account, marks: &Marks) -> Facet {
        let tags = marks.tags.iter().filter_map(|id| R::vocabulary(account).tags.get(*id));
        Facet::Reference(tags.map(|tag| (tag.id, tag.name.clone())).collect())
    }

    /// What the record, if there is one, has in a custom field.
    pub(super) fn custom<R: Record>(account: &Account, record: Option<&R>, definition: i64) -> Facet {
        let value = record.and_then(|record| record.marks().field(definition)).map(|field| &field.value);
        let text = value.and_then(Value::as_str);
        match custom_type::<R>(account, definition) {
            Some(FacetType::Flag) => Facet::Flag(value.and_then(Value::as_bool).unwrap_or(false)),
            Some(FacetType::Number) => Facet::Number(text.and_then(|text| text.parse().ok())),
            Some(FacetType::Day) => Facet::Day(text.and_then(dates::day)),
            // A multi-select list holds its choices in one string.
            _ => Facet::Text(text.into_iter().flat_map(|text| text.split(';')).map(str::to_owned).collect()),
        }
    }
}

/// The type of a custom field; None when it is not defined.
pub(super) fn custom_type<R: Record>(account: &Account, definition: i64) -> Option<FacetType> {
    let definition = R::vocabulary(account).fields.get(definition)?;
    Some(match definition.kind {
        FieldKind::Boolean => FacetType::Flag,
        FieldKind::Number => FacetType::Number,
        FieldKind::Date => FacetType::Day,
        FieldKind::Text | FieldKind::List | FieldKind::Link | FieldKind::MultiSelectList => FacetType::Text,
    })
}
