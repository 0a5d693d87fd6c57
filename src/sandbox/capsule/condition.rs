//! Conditions of a filter: what can be asked of a field, and whether a party answers to it.
//!
//! Which operators a field takes follows from its type. Text is compared without regard to case. Where a party has
//! several values in a field (tags, e-mail addresses), one that fits is enough, and for `is not` none may.

use serde_json::{Map, Value};
use time::{Date, Duration};

use super::account::Account;
use super::dates;
use super::facets::{Facet, FacetType, FilterField};
use super::party::Party;
use super::refusal::Problem;

const RESOURCE: &str = "filter";

/// A filter's conditions, all of which must hold.
pub(super) struct Filter(Vec<Clause>);

/// One condition, or several of which one is enough.
struct Clause(Vec<Condition>);

struct Condition {
    field: FilterField,
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
}

impl Filter {
    /// Reads the `conditions` of a filter. A list inside the list is a group of which one condition is enough.
    pub(super) fn parse(account: &Account, filter: &Map<String, Value>) -> Result<Filter, Problem> {
        let conditions = filter.get("conditions");
        let conditions = conditions.ok_or_else(|| Problem::required(RESOURCE, "conditions"))?;
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

    /// Whether `party` answers to the filter on the day `today`.
    pub(super) fn holds(&self, account: &Account, party: &Party, today: Date) -> bool {
        let holds = |condition: &Condition| {
            let facet = condition.field.of(account, party);
            condition.test.holds(&facet, today) != condition.negated
        };
        self.0.iter().all(|clause| clause.0.iter().any(holds))
    }
}

impl Condition {
    fn parse(account: &Account, item: &Value) -> Result<Condition, Problem> {
        let name = item["field"].as_str();
        let field = name.and_then(|name| FilterField::named(account, name));
        let unknown = || Problem::new(RESOURCE, "field", "invalid field name");
        let field = field.ok_or_else(unknown)?;
        let operator = item["operator"].as_str().unwrap_or_default();
        let invalid = || Problem::new(RESOURCE, "value", "invalid value for field");
        let test = match (field.facet_type(account), operator) {
            (facet_type, "is" | "is not") => equality(facet_type, &item["value"]),
            (FacetType::Text, operator) => text_test(operator, &item["value"])?,
            (FacetType::Number, operator) => number_test(operator, &item["value"])?,
            (FacetType::Day, operator) => day_test(operator, &item["value"])?,
            (FacetType::Flag | FacetType::Reference, _) => return Err(invalid_operator()),
        };
        Ok(Condition { field, negated: operator == "is not", test: test.ok_or_else(invalid)? })
    }
}

fn invalid_operator() -> Problem {
    Problem::new(RESOURCE, "operator", "invalid operator for field")
}

/// `is` and `is not`, which every type takes; null asks whether there is anything at all.
fn equality(facet_type: FacetType, value: &Value) -> Option<Test> {
    Some(match (facet_type, value) {
        (FacetType::Flag, value) => Test::FlagIs(value.as_bool()?),
        (_, Value::Null) => Test::Empty,
        (FacetType::Text, value) => Test::TextIs(lower(value)?),
        (FacetType::Number, value) => Test::NumberIs(value.as_f64()?),
        (FacetType::Day, value) => Test::On(dates::day(value.as_str()?)?),
        (FacetType::Reference, Value::String(name)) => Test::NameIs(name.to_lowercase()),
        (FacetType::Reference, value) => Test::IdIs(value.as_i64()?),
    })
}

/// Err when text does not take the operator, inner None when the operator does not take the value.
fn text_test(operator: &str, value: &Value) -> Result<Option<Test>, Problem> {
    let test = match operator {
        "starts with" => Test::StartsWith,
        "ends with" => Test::EndsWith,
        "contains" => Test::Contains,
        _ => return Err(invalid_operator()),
    };
    Ok(lower(value).map(test))
}

fn number_test(operator: &str, value: &Value) -> Result<Option<Test>, Problem> {
    let test = match operator {
        "is greater than" => Test::GreaterThan,
        "is less than" => Test::LessThan,
        _ => return Err(invalid_operator()),
    };
    Ok(value.as_f64().map(test))
}

fn day_test(operator: &str, value: &Value) -> Result<Option<Test>, Problem> {
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

fn lower(value: &Value) -> Option<String> {
    value.as_str().map(str::to_lowercase)
}

impl Test {
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
