//! What filters can look at in a party. Filters name fields differently from answers: `addedOn` is `createdAt` by the
//! day, `email` is any of the `emailAddresses`, `country` is a two-letter code.

use serde_json::Value;
use time::Date;

use super::account::Account;
use super::countries;
use super::dates;
use super::fields::FieldKind;
use super::party::{Address, Party};

/// A field that a filter can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FilterField {
    Own(Own),
    Custom(i64),
    OrganisationName,
    OrganisationTag,
    OrganisationCustom(i64),
}

/// Fields of the party itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    Id,
    Name,
    JobTitle,
    Title,
    Email,
    Website,
    Phone,
    City,
    Zip,
    State,
    Country,
    Type,
    Tag,
    Owner,
    Team,
    HasEmailAddress,
    HasPhoneNumber,
    HasAddress,
    HasPeople,
    HasTags,
    HasOpenTasks,
    HasOpportunities,
    HasCases,
    AddedOn,
    UpdatedOn,
    LastContactedOn,
}

const OWN: [(&str, Own); 26] = [
    ("id", Own::Id),
    ("name", Own::Name),
    ("jobTitle", Own::JobTitle),
    ("title", Own::Title),
    ("email", Own::Email),
    ("website", Own::Website),
    ("phone", Own::Phone),
    ("city", Own::City),
    ("zip", Own::Zip),
    ("state", Own::State),
    ("country", Own::Country),
    ("type", Own::Type),
    ("tag", Own::Tag),
    ("owner", Own::Owner),
    ("team", Own::Team),
    ("hasEmailAddress", Own::HasEmailAddress),
    ("hasPhoneNumber", Own::HasPhoneNumber),
    ("hasAddress", Own::HasAddress),
    ("hasPeople", Own::HasPeople),
    ("hasTags", Own::HasTags),
    ("hasOpenTasks", Own::HasOpenTasks),
    ("hasOpportunities", Own::HasOpportunities),
    ("hasCases", Own::HasCases),
    ("addedOn", Own::AddedOn),
    ("updatedOn", Own::UpdatedOn),
    ("lastContactedOn", Own::LastContactedOn),
];

/// The type of a field, which decides what can be asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FacetType {
    Text,
    Number,
    Day,
    Flag,
    /// A record, by its id or its name.
    Reference,
}

/// What a party has in a field. Lists are empty where it has nothing.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Facet {
    Text(Vec<String>),
    Number(Option<f64>),
    Day(Option<Date>),
    Flag(bool),
    Reference(Vec<(i64, String)>),
}

impl FilterField {
    /// The field of that name; None when there is none, as for a custom field that is not defined.
    pub(super) fn named(account: &Account, name: &str) -> Option<FilterField> {
        let defined = |id: &str| {
            let id = id.parse().ok()?;
            account.party_fields.get(id).map(|definition| definition.id)
        };
        match name {
            "org.name" => return Some(FilterField::OrganisationName),
            "org.tag" => return Some(FilterField::OrganisationTag),
            _ => {}
        }
        if let Some(id) = name.strip_prefix("org.custom:") {
            return defined(id).map(FilterField::OrganisationCustom);
        }
        if let Some(id) = name.strip_prefix("custom:") {
            return defined(id).map(FilterField::Custom);
        }
        let own = OWN.iter().find(|(known, _)| *known == name)?;
        Some(FilterField::Own(own.1))
    }

    pub(super) fn facet_type(self, account: &Account) -> FacetType {
        match self {
            FilterField::Own(own) => own.facet_type(),
            FilterField::OrganisationName => FacetType::Text,
            FilterField::OrganisationTag => FacetType::Reference,
            FilterField::Custom(id) | FilterField::OrganisationCustom(id) => {
                match account.party_fields.get(id).map(|field| field.kind) {
                    Some(FieldKind::Boolean) => FacetType::Flag,
                    Some(FieldKind::Number) => FacetType::Number,
                    Some(FieldKind::Date) => FacetType::Day,
                    _ => FacetType::Text,
                }
            }
        }
    }

    /// What `party` has in this field.
    pub(super) fn of(self, account: &Account, party: &Party) -> Facet {
        let organisation = || party.organisation().and_then(|id| account.parties.get(id));
        match self {
            FilterField::Own(own) => own.of(account, party),
            FilterField::Custom(id) => custom(self.facet_type(account), Some(party), id),
            FilterField::OrganisationCustom(id) => custom(self.facet_type(account), organisation(), id),
            FilterField::OrganisationName => {
                Facet::Text(organisation().map(Party::display_name).into_iter().collect())
            }
            FilterField::OrganisationTag => {
                Facet::Reference(organisation().map_or(Vec::new(), |party| tags(account, party)))
            }
        }
    }
}

impl Own {
    fn facet_type(self) -> FacetType {
        match self {
            Own::Id => FacetType::Number,
            Own::Name
            | Own::JobTitle
            | Own::Title
            | Own::Email
            | Own::Website
            | Own::Phone
            | Own::City
            | Own::Zip
            | Own::State
            | Own::Country
            | Own::Type => FacetType::Text,
            Own::Tag | Own::Owner | Own::Team => FacetType::Reference,
            Own::HasEmailAddress
            | Own::HasPhoneNumber
            | Own::HasAddress
            | Own::HasPeople
            | Own::HasTags
            | Own::HasOpenTasks
            | Own::HasOpportunities
            | Own::HasCases => FacetType::Flag,
            Own::AddedOn | Own::UpdatedOn | Own::LastContactedOn => FacetType::Day,
        }
    }

    fn of(self, account: &Account, party: &Party) -> Facet {
        let person = party.person();
        let one = |text: Option<&String>| Facet::Text(text.cloned().into_iter().collect());
        match self {
            // Ids are far below 2^53, so the conversion is exact.
            Own::Id => Facet::Number(Some(party.id as f64)),
            Own::Name => Facet::Text(vec![party.display_name()]),
            Own::JobTitle => one(person.and_then(|person| person.job_title.as_ref())),
            Own::Title => one(person.and_then(|person| person.title.as_ref())),
            Own::Email => each(&party.email_addresses, |email| Some(&email.address)),
            Own::Website => each(&party.websites, |website| Some(&website.address)),
            Own::Phone => each(&party.phone_numbers, |phone| Some(&phone.number)),
            Own::City => each(&party.addresses, |address| address.city.as_ref()),
            Own::Zip => each(&party.addresses, |address| address.zip.as_ref()),
            Own::State => each(&party.addresses, |address| address.state.as_ref()),
            Own::Country => Facet::Text(party.addresses.iter().filter_map(country_code).collect()),
            Own::Type => Facet::Text(vec![party.kind().to_owned()]),
            Own::Tag => Facet::Reference(tags(account, party)),
            Own::Owner => {
                let owner = party.owner.and_then(|id| account.users.get(id));
                Facet::Reference(owner.map(|user| (user.id, user.name.clone())).into_iter().collect())
            }
            Own::Team => {
                let team = party.team.and_then(|id| account.teams.get(id));
                Facet::Reference(team.map(|team| (team.id, team.name.to_owned())).into_iter().collect())
            }
            Own::HasEmailAddress => Facet::Flag(!party.email_addresses.is_empty()),
            Own::HasPhoneNumber => Facet::Flag(!party.phone_numbers.is_empty()),
            Own::HasAddress => Facet::Flag(!party.addresses.is_empty()),
            Own::HasPeople => {
                let mut parties = account.parties.iter();
                Facet::Flag(parties.any(|other| other.organisation() == Some(party.id)))
            }
            Own::HasTags => Facet::Flag(!party.tags.is_empty()),
            // The account holds no tasks, opportunities or projects, so no party has any.
            Own::HasOpenTasks | Own::HasOpportunities | Own::HasCases => Facet::Flag(false),
            Own::AddedOn => Facet::Day(Some(party.created_at.date())),
            Own::UpdatedOn => Facet::Day(Some(party.updated_at.date())),
            Own::LastContactedOn => Facet::Day(party.last_contacted_at.map(|at| at.date())),
        }
    }
}

fn each<R>(rows: &[R], text: impl Fn(&R) -> Option<&String>) -> Facet {
    Facet::Text(rows.iter().filter_map(|row| text(row).cloned()).collect())
}

fn country_code(address: &Address) -> Option<String> {
    let country = countries::named(address.country.as_deref()?)?;
    Some(country.alpha2.to_owned())
}

fn tags(account: &Account, party: &Party) -> Vec<(i64, String)> {
    let tags = party.tags.iter();
    tags.filter_map(|id| account.party_tags.get(*id)).map(|tag| (tag.id, tag.name.clone())).collect()
}

fn custom(facet_type: FacetType, party: Option<&Party>, definition: i64) -> Facet {
    let value = party.and_then(|party| party.field(definition)).map(|field| &field.value);
    let text = value.and_then(Value::as_str);
    match facet_type {
        FacetType::Flag => Facet::Flag(value.and_then(Value::as_bool).unwrap_or(false)),
        FacetType::Number => Facet::Number(text.and_then(|text| text.parse().ok())),
        FacetType::Day => Facet::Day(text.and_then(dates::day)),
        // A multi-select list holds its choices in one string.
        FacetType::Text | FacetType::Reference => {
            Facet::Text(text.into_iter().flat_map(|text| text.split(';')).map(str::to_owned).collect())
        }
    }
}
