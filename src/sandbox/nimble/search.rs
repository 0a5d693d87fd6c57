//! Nimble's search language: terms by field, joined by `and`, `or` and `not`.

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::account::items;
use super::contact_view::{jobs, name_of};
use super::instants::read;
use super::refusal::Refusal;

/// Levels that a query may have.
const DEEPEST: usize = 20;

/// A query, understood.
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Term { field: String, operator: String, value: Value },
}

impl Condition {
    /// Reads a query as it stands in a parameter.
    pub(super) fn parse(text: &str) -> Result<Condition, Refusal> {
        let value: Value = serde_json::from_str(text).map_err(|_| Refusal::wrong("query is not JSON"))?;
        Condition::of(&value, 0)
    }

    /// Reads a query as an object.
    pub(super) fn of(value: &Value, depth: usize) -> Result<Condition, Refusal> {
        let object = value.as_object().filter(|object| object.len() == 1 && depth < DEEPEST);
        let (name, inner) = object.and_then(|object| object.iter().next()).ok_or_else(|| {
            Refusal::wrong("query must be an object with one member, 20 levels deep at most")
        })?;
        let many = |least: usize| {
            let members = items(inner);
            if members.len() < least {
                return Err(Refusal::wrong(&format!("{name} takes {least} terms at least")));
            }
            members.iter().map(|member| Condition::of(member, depth + 1)).collect::<Result<Vec<_>, _>>()
        };
        match name.as_str() {
            "and" => many(2).map(Condition::All),
            "or" => many(2).map(Condition::Any),
            "not" => {
                let inner = if inner.is_array() { &inner[0] } else { inner };
                Ok(Condition::Not(Box::new(Condition::of(inner, depth + 1)?)))
            }
            "custom_fields" => term(inner),
            _ => term(value),
        }
    }

    pub(super) fn fits(&self, contact: &Value) -> bool {
        match self {
            Condition::All(all) => all.iter().all(|one| one.fits(contact)),
            Condition::Any(any) => any.iter().any(|one| one.fits(contact)),
            Condition::Not(one) => !one.fits(contact),
            Condition::Term { field, operator, value } => fits(&values(contact, field), operator, value),
        }
    }

    /// Whether a deal fits; deals have other fields than contacts.
    pub(super) fn fits_deal(&self, status: &str, name: &str) -> bool {
        match self {
            Condition::All(all) => all.iter().all(|one| one.fits_deal(status, name)),
            Condition::Any(any) => any.iter().any(|one| one.fits_deal(status, name)),
            Condition::Not(one) => !one.fits_deal(status, name),
            Condition::Term { field, operator, value } => match field.as_str() {
                "deal_status" => fits(&[status.to_owned()], operator, value),
                _ => fits(&[name.to_owned()], operator, value),
            },
        }
    }
}

fn term(value: &Value) -> Result<Condition, Refusal> {
    let (field, inner) = only(value).ok_or_else(|| Refusal::wrong("a term names one field"))?;
    let (operator, operand) = only(inner).ok_or_else(|| Refusal::wrong("a term has one operator"))?;
    if operand.as_str().is_some_and(str::is_empty) {
        return Err(Refusal::wrong(&format!("the value of {field} may not be empty")));
    }
    let known = [
        "contain",
        "not_contain",
        "starts_with",
        "is",
        "is_not",
        "is_empty",
        "in",
        "not_in",
        "range",
        "not_range",
        "gt",
        "gte",
        "lt",
        "lte",
        "in_the_last",
    ];
    if !known.contains(&operator.as_str()) {
        return Err(Refusal::wrong(&format!("{field} has no operator {operator}")));
    }
    if operator == "range" {
        let ends = ["start_datetime", "end_datetime", "start_date", "end_date", "start", "end"];
        let given = ends.iter().filter(|end| operand.get(**end).is_some()).count();
        if given != 2 {
            return Err(Refusal::wrong(&format!("the range of {field} needs both of its ends")));
        }
    }
    Ok(Condition::Term { field: field.clone(), operator: operator.clone(), value: operand.clone() })
}

fn only(value: &Value) -> Option<(&String, &Value)> {
    let object: &Map<String, Value> = value.as_object().filter(|object| object.len() == 1)?;
    object.iter().next()
}

/// What a contact has under the name that searches use.
fn values(contact: &Value, field: &str) -> Vec<String> {
    let of = |name: &str| -> Vec<String> {
        let entries = items(&contact["fields"][name]).iter();
        entries.filter_map(|entry| entry["value"].as_str().map(str::to_owned)).collect()
    };
    let address = |part: &str| -> Vec<String> {
        let decoded = of("address").into_iter().filter_map(|text| serde_json::from_str::<Value>(&text).ok());
        decoded.filter_map(|it| it[part].as_str().map(str::to_owned)).collect()
    };
    match field {
        "record type" => match contact["record_type"].as_str() {
            Some(kind) => vec![kind.to_owned(), "all".to_owned()],
            None => Vec::new(),
        },
        "_id" => contact["id"].as_str().map(str::to_owned).into_iter().collect(),
        "created" | "updated" => contact[field].as_str().map(str::to_owned).into_iter().collect(),
        "company last contacted" => {
            contact["last_contacted"]["tstamp"].as_str().map(str::to_owned).into_iter().collect()
        }
        "name" | "names" => vec![name_of(contact)],
        "tag" => items(&contact["tags"]).iter().filter_map(|it| it.as_str().map(str::to_owned)).collect(),
        "company_name" => {
            let jobs = jobs(contact);
            jobs.iter().filter_map(|job| job["company_name"].as_str().map(str::to_owned)).collect()
        }
        "title" => jobs(contact).iter().filter_map(|job| job["title"].as_str().map(str::to_owned)).collect(),
        "address.city" | "city" => address("city"),
        "address.state" | "state" => address("state"),
        "address.country" | "country" => address("country"),
        "address.zip" | "zip" => address("zip"),
        "address.street" | "street" => address("street"),
        "__any" => everything(contact),
        name => of(name),
    }
}

fn everything(contact: &Value) -> Vec<String> {
    let fields = contact["fields"].as_object().into_iter().flat_map(|fields| fields.values());
    let texts = fields.flat_map(items).filter_map(|entry| entry["value"].as_str());
    texts.map(str::to_owned).collect()
}

/// Whether a contact has all words of a keyword, each whole.
pub(super) fn has_word(contact: &Value, keyword: &str) -> bool {
    let all: Vec<String> = everything(contact).iter().flat_map(|text| words(text)).collect();
    words(keyword).iter().all(|word| all.contains(word))
}

fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    let parts = folded.split(|letter: char| !letter.is_alphanumeric());
    parts.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Lower case, without the accents that are common in Europe.
fn fold(text: &str) -> String {
    let bare = |letter: char| match letter {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => 'a',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' => 'o',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        other => other,
    };
    text.to_lowercase().chars().map(bare).collect()
}

fn fits(values: &[String], operator: &str, operand: &Value) -> bool {
    let text = fold(operand.as_str().unwrap_or_default());
    let any = |test: &dyn Fn(&String) -> bool| values.iter().any(test);
    match operator {
        "is" => any(&|value| fold(value) == text),
        "is_not" => !any(&|value| fold(value) == text),
        "in" => any(&|value| {
            items(operand).iter().any(|it| it.as_str().is_some_and(|it| fold(it) == fold(value)))
        }),
        "not_in" => !fits(values, "in", operand),
        "is_empty" => values.iter().all(String::is_empty) == (operand == &Value::Bool(true)),
        "starts_with" => any(&|value| fold(value).starts_with(&text)),
        "contain" => any(&|value| words(&text).iter().any(|word| words(value).contains(word))),
        "not_contain" => !fits(values, "contain", operand),
        "range" => any(&|value| within(value, operand)),
        "not_range" => !fits(values, "range", operand),
        operator => any(&|value| compares(value, operator, operand)),
    }
}

fn within(value: &str, range: &Value) -> bool {
    let end = |names: [&str; 2]| -> Option<OffsetDateTime> {
        read(names.iter().find_map(|name| range[*name].as_str())?)
    };
    match (read(value), end(["start_datetime", "start_date"]), end(["end_datetime", "end_date"])) {
        (Some(at), Some(start), Some(finish)) => start <= at && at <= finish,
        _ => false,
    }
}

fn compares(value: &str, operator: &str, operand: &Value) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    let wanted = operand.as_f64().or_else(|| number(operand.as_str()?));
    let (Some(value), Some(wanted)) = (number(value), wanted) else { return false };
    match operator {
        "gt" => value > wanted,
        "gte" => value >= wanted,
        "lt" => value < wanted,
        "lte" => value <= wanted,
        _ => false,
    }
}
