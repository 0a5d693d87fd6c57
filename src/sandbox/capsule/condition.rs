//! Conditions of a filter: what can be asked of a field, and whether a record answers to it.
//!
//! Which operators a field takes follows from its type. Text is compared without regard to case. Where a record has
//! several values in a field (tags, e-mail addresses), one that fits is enough, and for `is not` none may.

use std::cmp::Ordering;

use serde_json::Value;
use time::{Date, Duration};

use super::account::Account;
use super::dates;
use super::facets::{Facet, FacetType, custom_type};
use super::record::Record;
use super::refusal::Problem;
use super::scene::Scene;
use super::written::Members;

const RESOURCE: &str = "filter";

/// A field of a kind of record: its name in filters, its type, and how it is read.
pub(super) type Named<R> = (&'static str, FacetType, fn(&Scene<'_>, &R) -> Facet);

/// Something that filters find.
pub(super) trait Filterable: Sized + 'static {
    fn filter_fields() -> &'static [Named<Self>];

    /// A field whose name holds an id, such as `custom:7`; None when there is no such field.
    fn numbered_field(_account: &Account, _name: &str) -> Option<Field<Self>> {
        None
    }
}

/// A field that a condition names.
pub(super) struct Field<R: 'static> {
    pub(super) facet_type: FacetType,
    pub(super) reader: Reader<R>,
}

/// How a field is read.
pub(super) enum Reader<R: 'static> {
    Own(fn(&Scene<'_>, &R) -> Facet),
    /// Of the custom field with this id.
    Numbered(i64, fn(&Scene<'_>, &R, i64) -> Facet),
}

// Derived, these would ask the same of R.
impl<R> Clone for Field<R> {
    fn clone(&self) -> Field<R> {
        *self
    }
}

impl<R> Copy for Field<R> {}

impl<R> Clone for Reader<R> {
    fn clone(&self) -> Reader<R> {
        *self
    }
}

impl<R> Copy for Reader<R> {}

impl<R: Filterable> Field<R> {
    fn named(account: &Account, name: &str) -> Option<Field<R>> {
        let own = R::filter_fields().iter().find(|(known, ..)| *known == name);
        match own {
            Some((_, facet_type, read)) => {
                Some(Field { facet_type: *facet_type, reader: Reader::Own(*read) })
            }
            None => R::numbered_field(account, name),
        }
    }

    fn of(&self, scene: &Scene<'_>, record: &R) -> Facet {
        match self.reader {
            Reader::Own(read) => read(scene, record),
            Reader::Numbered(id, read) => read(scene, record, id),
        }
    }
}

/// The custom field that `custom:{id}` names.
pub(super) fn custom_field<R: Record>(account: &Account, name: &str) -> Option<Field<R>> {
    let id = name.strip_prefix("custom:")?.parse().ok()?;
    let read = |scene: &Scene<'_>, record: &R, id| Facet::custom(scene.account, Some(record), id);
    Some(Field { facet_type: custom_type::<R>(account, id)?, reader: Reader::Numbered(id, read) })
}

/// A filter's conditions, all of which must hold.
#[derive(Clone)]
pub(super) struct Filter<R: 'static>(Vec<Clause<R>>);

/// One condition, or several of which one is enough.
#[derive(Clone)]
struct Clause<R: 'static>(Vec<Condition<R>>);

#[derive(Clone)]
struct Condition<R: 'static> {
    field: Field<R>,
    negated: bool,
    test: Test,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    Empty,
    TextIs(String),
    StartsWith(String),
    EndsWith(String),
    Contains(String),
    NumberIs(f64),
    GreaterThan(f64),
    LessThan(f64),
    On(Date),
    After(Date),
    Before(Date),
    OlderThan(Duration),
    WithinLast(Duration),
    WithinNext(Duration),
    FlagIs(bool),
    IdIs(i64),
    NameIs(String),
    /// A test of the amount, in one currency or in any.
    Amount(Box<Test>, Option<String>),
}

impl<R: Filterable> Filter<R> {
    /// Reads the `conditions` of a filter. A list inside the list is a group of which one condition is enough.
    pub(super) fn parse(account: &Account, filter: &Members) -> Result<Filter<R>, Problem> {
        let conditions = filter.get("conditions");
        Filter::of(account, conditions.ok_or_else(|| Problem::required(RESOURCE, "conditions"))?)
    }

    /// [`Filter::parse`] of the conditions themselves.
    pub(super) fn of(account: &Account, conditions: &Value) -> Result<Filter<R>, Problem> {
        let wrong_type = || Problem::wrong_type(RESOURCE, "conditions");
        let clauses = conditions.as_array().ok_or_else(wrong_type)?.iter();
        let clauses = clauses.map(|item| match item {
            Value::Object(_) => Ok(Clause(vec![Condition::parse(account, item)?])),
            Value::Array(group) => {
                let group = group.iter().map(|item| Condition::parse(account, item));
                Ok(Clause(group.collect::<Result<_, _>>()?))
            }
            _ => Err(wrong_type()),
        });
        Ok(Filter(clauses.collect::<Result<_, _>>()?))
    }

    /// Whether `record` answers to the filter.
    pub(super) fn holds(&self, scene: &Scene<'_>, record: &R) -> bool {
        let today = scene.now.date();
        let holds = |condition: &Condition<R>| {
            let facet = condition.field.of(scene, record);
            condition.test.holds(&facet, today) != condition.negated
        };
        self.0.iter().all(|clause| clause.0.iter().any(holds))
    }
}

impl<R: Filterable> Condition<R> {
    fn parse(account: &Account, item: &Value) -> Result<Condition<R>, Problem> {
        let name = item["field"].as_str();
        let field = name.and_then(|name| Field::named(account, name));
        let unknown = || Problem::new(RESOURCE, "field", "invalid field name");
        let field = field.ok_or_else(unknown)?;
        let operator = item["operator"].as_str().unwrap_or_default();
        let test = Test::parse(field.facet_type, operator, &item["value"])?;
        Ok(Condition { field, negated: operator == "is not", test })
    }
}

/// How a saved filter sorts what it finds: records without a value come first, as least of all.
#[derive(Clone)]
pub(super) struct SortKey<R: 'static> {
    pub(super) name: &'static str,
    pub(super) field: Field<R>,
    pub(super) descending: bool,
}

impl<R: Filterable> SortKey<R> {
    pub(super) fn of(account: &Account, name: &'static str, descending: bool) -> Option<SortKey<R>> {
        Some(SortKey { name, field: Field::named(account, name)?, descending })
    }

    pub(super) fn compare(&self, scene: &Scene<'_>, one: &R, other: &R) -> Ordering {
        let (one, other) = (self.field.of(scene, one), self.field.of(scene, other));
        let order = match (&one, &other) {
            (Facet::Text(one), Facet::Text(other)) => one.cmp(other),
            (Facet::Number(one), Facet::Number(other)) => one.partial_cmp(other).unwrap_or(Ordering::Equal),
            (Facet::Day(one), Facet::Day(other)) => one.cmp(other),
            (Facet::Flag(one), Facet::Flag(other)) => one.cmp(other),
            (Facet::Money(one), Facet::Money(other)) => one.partial_cmp(other).unwrap_or(Ordering::Equal),
            (Facet::Reference(one), Facet::Reference(other)) => {
                let names = |records: &[(i64, String)]| {
                    records.iter().map(|(_, name)| name.clone()).collect::<Vec<_>>()
                };
                names(one).cmp(&names(other))
            }
            // A field has the same type in all records.
            _ => Ordering::Equal,
        };
        if self.descending { order.reverse() } else { order }
    }
}

fn invalid_operator() -> Problem {
    Problem::new(RESOURCE, "operator", "invalid operator for field")
}

fn lower(value: &Value) -> Option<String> {
    value.as_str().map(str::to_lowercase)
}

impl Test {
    fn parse(facet_type: FacetType, operator: &str, value: &Value) -> Result<Test, Problem> {
        let test = match (facet_type, operator) {
            (FacetType::Money, operator) => Test::amount(operator, value)?,
            (facet_type, "is" | "is not") => Test::equality(facet_type, value),
            (FacetType::Text, operator) => Test::of_text(operator, value)?,
            (FacetType::Number, operator) => Test::of_number(operator, value)?,
            (FacetType::Day, operator) => Test::of_day(operator, value)?,
            (FacetType::Flag | FacetType::Reference, _) => return Err(invalid_operator()),
        };
        test.ok_or_else(|| Problem::new(RESOURCE, "value", "invalid value for field"))
    }

    /// `is` and `is not`, which every type takes; null asks whether there is anything at all.
    fn equality(facet_type: FacetType, value: &Value) -> Option<Test> {
        Some(match (facet_type, value) {
            (FacetType::Flag, value) => Test::FlagIs(value.as_bool()?),
            (_, Value::Null) => Test::Empty,
            (FacetType::Text, value) => Test::TextIs(lower(value)?),
            (FacetType::Number | FacetType::Money, value) => Test::NumberIs(value.as_f64()?),
            (FacetType::Day, value) => Test::On(dates::day(value.as_str()?)?),
            (FacetType::Reference, Value::String(name)) => Test::NameIs(name.to_lowercase()),
            (FacetType::Reference, value) => Test::IdIs(value.as_i64()?),
        })
    }

    /// Err when text does not take the operator, inner None when the operator does not take the value.
    fn of_text(operator: &str, value: &Value) -> Result<Option<Test>, Problem> {
        let test = match operator {
            "starts with" => Test::StartsWith,
            "ends with" => Test::EndsWith,
            "contains" => Test::Contains,
            _ => return Err(invalid_operator()),
        };
        Ok(lower(value).map(test))
    }

    fn of_number(operator: &str, value: &Value) -> Result<Option<Test>, Problem> {
        let test = match operator {
            "is greater than" => Test::GreaterThan,
            "is less than" => Test::LessThan,
            _ => return Err(invalid_operator()),
        };
        Ok(value.as_f64().map(test))
    }

    fn of_day(operator: &str, value: &Value) -> Result<Option<Test>, Problem> {
        let day = value.as_str().and_then(dates::day);
        let days = value.as_u64().and_then(|days| u32::try_from(days).ok());
        let span = days.map(|days| Duration::days(i64::from(days)));
        Ok(match operator {
            "is after" => day.map(Test::After),
            "is before" => day.map(Test::Before),
            "is older than" => span.map(Test::OlderThan),
            "is within last" => span.map(Test::WithinLast),
            "is within next" => span.map(Test::WithinNext),
            _ => return Err(invalid_operator()),
        })
    }

    /// An amount is compared as a number, and as `{"currency", "amount"}` only with amounts in that currency.
    fn amount(operator: &str, value: &Value) -> Result<Option<Test>, Problem> {
        let (number, currency) = match value {
            Value::Object(money) => (money.get("amount").unwrap_or(&Value::Null), money.get("currency")),
            number => (number, None),
        };
        let test = match operator {
            "is" | "is not" => Test::equality(FacetType::Money, number),
            operator => Test::of_number(operator, number)?,
        };
        let currency = currency.and_then(Value::as_str).map(str::to_owned);
        Ok(test.map(|test| Test::Amount(Box::new(test), currency)))
    }

    fn holds(&self, facet: &Facet, today: Date) -> bool {
        match facet {
            Facet::Text(texts) => match self {
                Test::Empty => texts.is_empty(),
                _ => texts.iter().any(|text| self.fits_text(&text.to_lowercase())),
            },
            Facet::Number(number) => match self {
                Test::Empty => number.is_none(),
                _ => number.is_some_and(|number| self.fits_number(number)),
            },
            Facet::Day(day) => match self {
                Test::Empty => day.is_none(),
                _ => day.is_some_and(|day| self.fits_day(day, today)),
            },
            Facet::Flag(flag) => *self == Test::FlagIs(*flag),
            Facet::Reference(records) => match self {
                Test::Empty => records.is_empty(),
                Test::IdIs(wanted) => records.iter().any(|(id, _)| id == wanted),
                Test::NameIs(wanted) => records.iter().any(|(_, name)| name.to_lowercase() == *wanted),
                _ => false,
            },
            Facet::Money(money) => self.fits_money(*money),
        }
    }

    fn fits_text(&self, text: &str) -> bool {
        match self {
            Test::TextIs(wanted) => text == wanted,
            Test::StartsWith(wanted) => text.starts_with(wanted),
            Test::EndsWith(wanted) => text.ends_with(wanted),
            Test::Contains(wanted) => text.contains(wanted),
            _ => false,
        }
    }

    fn fits_number(&self, number: f64) -> bool {
        match self {
            Test::NumberIs(wanted) => number == *wanted,
            Test::GreaterThan(bound) => number > *bound,
            Test::LessThan(bound) => number < *bound,
            _ => false,
        }
    }

    fn fits_money(&self, money: Option<(f64, &str)>) -> bool {
        let Test::Amount(test, currency) = self else {
            return false;
        };
        match (test.as_ref(), money) {
            (Test::Empty, money) => money.is_none(),
            (_, None) => false,
            (test, Some((amount, held))) => {
                currency.as_deref().is_none_or(|wanted| wanted == held) && test.fits_number(amount)
            }
        }
    }

    fn fits_day(&self, day: Date, today: Date) -> bool {
        let past = |span: Duration| today.checked_sub(span).unwrap_or(Date::MIN);
        let coming = |span: Duration| today.checked_add(span).unwrap_or(Date::MAX);
        match self {
            Test::On(wanted) => day == *wanted,
            Test::After(bound) => day > *bound,
            Test::Before(bound) => day < *bound,
            Test::OlderThan(span) => day < past(*span),
            Test::WithinLast(span) => (past(*span)..=today).contains(&day),
            Test::WithinNext(span) => (today..=coming(*span)).contains(&day),
            _ => false,
        }
    }
}
