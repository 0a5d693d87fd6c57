//! `find…`: pages of a kind of record, selected by a query and in order.
//!
//! An answer is a bare list: nothing tells how many there are in all, or whether there are more.

use serde_json::{Map, Value};

use super::account::Account;
use super::leads;
use super::record::{Kind, Record};
use super::refusal::Refusal;
use super::shown::{shown, stub, whole};
use super::stamps::{instant, stamp};
use super::written::integer;

/// The most records of a page; nobody knows Nutshell's own limit, and clients stay below this.
const MOST: i64 = 100;

/// A method that finds, and what it finds unless it is told otherwise.
struct Finder {
    method: &'static str,
    kind: Kind,
    order: &'static str,
    /// Whether records come as stubs: always, never, or as `stubResponses` says.
    stubs: Option<bool>,
}

const FINDERS: &[Finder] = &[
    Finder { method: "findAccounts", kind: Kind::Accounts, order: "name", stubs: None },
    Finder { method: "findContacts", kind: Kind::Contacts, order: "name", stubs: None },
    Finder { method: "findLeads", kind: Kind::Leads, order: "id", stubs: None },
    Finder { method: "findActivities", kind: Kind::Activities, order: "name", stubs: None },
    Finder { method: "findUsers", kind: Kind::Users, order: "last_name", stubs: Some(true) },
    Finder { method: "findTeams", kind: Kind::Teams, order: "name", stubs: Some(true) },
    Finder { method: "findStagesets", kind: Kind::Stagesets, order: "name", stubs: Some(false) },
    Finder { method: "findMilestones", kind: Kind::Milestones, order: "name", stubs: Some(false) },
    Finder { method: "findActivityTypes", kind: Kind::ActivityTypes, order: "name", stubs: Some(true) },
    Finder { method: "findLead_Outcomes", kind: Kind::Outcomes, order: "description", stubs: Some(false) },
    Finder { method: "findIndustries", kind: Kind::Industries, order: "name", stubs: Some(true) },
    Finder { method: "findAccountTypes", kind: Kind::AccountTypes, order: "name", stubs: Some(true) },
    Finder { method: "findSources", kind: Kind::Sources, order: "name", stubs: Some(true) },
    Finder { method: "findMarkets", kind: Kind::Markets, order: "name", stubs: Some(true) },
];

/// The page that a `find…` asks for; nothing where it is no such method.
pub(super) fn find(
    account: &Account,
    author: i64,
    method: &str,
    params: &Map<String, Value>,
) -> Option<Result<Value, Refusal>> {
    let finder = FINDERS.iter().find(|finder| finder.method == method)?;
    Some(finder.page(account, author, params))
}

/// The tasks of a record, or all; they aren't paged.
pub(super) fn tasks(account: &Account, params: &Map<String, Value>) -> Value {
    let about = params.get("query").map(|query| (query["entityType"].as_str(), query["id"].as_i64()));
    let fits = |task: &&Record| match (about, task.link("entity")) {
        (Some((Some(kind), Some(id))), Some((of, about))) => of.entity_type() == kind && about == id,
        (Some((Some(_), _)), None) => false,
        _ => true,
    };
    account.all(Kind::Tasks).filter(fits).map(|task| whole(account, Kind::Tasks, task)).collect()
}

/// What happened with one record: its activities and notes, the latest first unless told otherwise.
pub(super) fn timeline(account: &Account, params: &Map<String, Value>) -> Result<Value, Refusal> {
    let query = params.get("query").unwrap_or(&Value::Null);
    let kind = query["entityType"].as_str().and_then(Kind::of_entity_type);
    let (Some(kind), Some(id)) = (kind, integer(&query["id"])) else {
        return Err(Refusal::invalid("A timeline needs the entityType and the id of a record"));
    };
    account.find(kind, id)?;
    let stubs = params.get("stubResponses") != Some(&Value::Bool(false));
    let mut found: Vec<(String, Value)> = Vec::new();
    for note in account.all(Kind::Notes).filter(|note| note.link("entity") == Some((kind, id))) {
        found.push((stamp(note.created), whole(account, Kind::Notes, note)));
    }
    for activity in account.all(Kind::Activities).filter(|row| concerns(row, kind, id)) {
        found
            .push((activity.text("startTime").to_owned(), shown(account, Kind::Activities, activity, stubs)));
    }
    found.sort_by(|one, two| one.0.cmp(&two.0));
    let (from, size) = part(params)?;
    let found = found.into_iter().map(|(_, view)| view);
    Ok(found.skip(from).take(size).collect())
}

/// Whether an activity is with a record.
fn concerns(activity: &Record, kind: Kind, id: i64) -> bool {
    let participants = activity.field("participants").as_array().map(Vec::as_slice).unwrap_or_default();
    (kind == Kind::Leads && activity.references("leads").contains(&id))
        || participants.iter().any(|item| item["entityType"] == kind.entity_type() && item["id"] == id)
}

/// How many records to pass over, and how many to show.
fn part(params: &Map<String, Value>) -> Result<(usize, usize), Refusal> {
    let read = |name: &str, default: i64| params.get(name).map_or(Some(default), integer);
    let limit = read("limit", 50).filter(|limit| *limit > 0);
    let page = read("page", 1).filter(|page| *page > 0);
    let (Some(limit), Some(page)) = (limit, page) else {
        return Err(Refusal::invalid("limit and page must be positive"));
    };
    let size = usize::try_from(limit.min(MOST)).unwrap_or(usize::MAX);
    Ok((usize::try_from(page - 1).unwrap_or(usize::MAX).saturating_mul(size), size))
}

impl Finder {
    fn page(&self, account: &Account, author: i64, params: &Map<String, Value>) -> Result<Value, Refusal> {
        let none = Map::new();
        let query = match params.get("query") {
            None | Some(Value::Null) => &none,
            Some(Value::Object(query)) => query,
            // PHP's idea of an empty object.
            Some(Value::Array(items)) if items.is_empty() => &none,
            Some(_) => return Err(Refusal::invalid("query must be an object")),
        };
        let mut found: Vec<&Record> = Vec::new();
        for record in account.all(self.kind) {
            if fits(account, author, self.kind, record, query)? {
                found.push(record);
            }
        }
        let order = params.get("orderBy").and_then(Value::as_str).unwrap_or(self.order);
        found.sort_by_key(|record| (place(record, order), record.id));
        if params.get("orderDirection").and_then(Value::as_str) == Some("DESC") {
            found.reverse();
        }
        let (from, size) = part(params)?;
        let stubs = self.stubs.unwrap_or(params.get("stubResponses") != Some(&Value::Bool(false)));
        let shown = found.into_iter().skip(from).take(size).map(|record| match stubs {
            true => stub(account, self.kind, record),
            false => whole(account, self.kind, record),
        });
        Ok(shown.collect())
    }
}

/// Where a record stands in an order by a column's name.
fn place(record: &Record, order: &str) -> String {
    match order {
        "name" => record.text("name").to_lowercase(),
        "last_name" => record.text("lastName").to_lowercase(),
        "description" => format!("{}{}", record.text("description"), record.text("name")).to_lowercase(),
        "position" => format!("{:010}", record.number("position").unwrap_or(0)),
        _ => String::new(), // by id
    }
}

/// One id, or a list of which one is enough.
fn among(wanted: &Value, ids: &[i64]) -> bool {
    match wanted {
        Value::Array(items) => items.iter().filter_map(integer).any(|id| ids.contains(&id)),
        wanted => integer(wanted).is_some_and(|id| ids.contains(&id)),
    }
}

fn fits(
    account: &Account,
    author: i64,
    kind: Kind,
    record: &Record,
    query: &Map<String, Value>,
) -> Result<bool, Refusal> {
    for (key, wanted) in query {
        let fitting = match (kind, key.as_str()) {
            (Kind::Accounts | Kind::Contacts, "tag") => has_tag(record, wanted),
            (Kind::Accounts, "industry") => {
                among(wanted, &record.number("industry").into_iter().collect::<Vec<_>>())
            }
            (Kind::Accounts, "accountType") => {
                among(wanted, &record.number("accountType").into_iter().collect::<Vec<_>>())
            }
            (Kind::Accounts, "hasOpenLeads") => {
                let open = |lead: &Record| {
                    lead.number("primaryAccount") == Some(record.id) && leads::status(account, lead) == 0
                };
                account.all(Kind::Leads).any(open) == (wanted != &Value::Bool(false))
            }
            (Kind::Contacts, "accountId") => among(wanted, &record.references("accounts")),
            (Kind::Contacts, "leadId") => {
                let lead = integer(wanted).and_then(|id| account.get(Kind::Leads, id));
                lead.is_some_and(|lead| lead.references("contacts").contains(&record.id))
            }
            (Kind::Users, "email") => {
                let user = wanted.as_str().and_then(|email| account.user_of(email));
                user.is_some_and(|user| user.id == record.id)
            }
            (Kind::Leads, key) => lead_fits(account, author, record, key, wanted)?,
            (Kind::Activities, key) => activity_fits(account, record, key, wanted)?,
            (kind, key) => {
                return Err(Refusal::invalid(format!("{} can't be found by {key}", kind.entity_type())));
            }
        };
        if !fitting {
            return Ok(false);
        }
    }
    Ok(true)
}

fn has_tag(record: &Record, wanted: &Value) -> bool {
    record.field("tags").as_array().is_some_and(|tags| tags.contains(wanted))
}

fn lead_fits(
    account: &Account,
    author: i64,
    lead: &Record,
    key: &str,
    wanted: &Value,
) -> Result<bool, Refusal> {
    let one = |id: Option<i64>| id.into_iter().collect::<Vec<i64>>();
    let assignee = lead.link("assignee");
    Ok(match key {
        "status" => among(wanted, &[leads::status(account, lead)]),
        "accountId" => {
            let mut ids = lead.references("accounts");
            ids.extend(lead.number("primaryAccount"));
            among(wanted, &ids)
        }
        "contactId" => among(wanted, &lead.references("contacts")),
        "milestoneId" | "milestoneIds" => among(wanted, &one(lead.number("milestone"))),
        "stagesetId" | "stagesetIds" => among(wanted, &one(lead.number("stageset"))),
        "outcomeId" => among(wanted, &one(lead.number("outcome"))),
        "number" => among(wanted, &one(lead.number("number"))),
        "assignee" => wanted.as_array().is_some_and(|items| {
            items.iter().any(|item| {
                let kind = item["entityType"].as_str().and_then(Kind::of_entity_type);
                kind.zip(integer(&item["id"])) == assignee && assignee.is_some()
            })
        }),
        // 0: one's own; 1: those of one's teams as well; 2: all.
        "filter" => match integer(wanted) {
            Some(0) => assignee == Some((Kind::Users, author)),
            Some(1) => {
                let teams =
                    account.get(Kind::Users, author).map(|user| user.references("teams")).unwrap_or_default();
                assignee.is_some_and(|(kind, id)| {
                    (kind == Kind::Users && id == author) || (kind == Kind::Teams && teams.contains(&id))
                })
            }
            Some(2) => true,
            _ => return Err(Refusal::invalid("Invalid value for filter")),
        },
        key => return Err(Refusal::invalid(format!("Leads can't be found by {key}"))),
    })
}

fn activity_fits(account: &Account, activity: &Record, key: &str, wanted: &Value) -> Result<bool, Refusal> {
    let participants = |kind: Kind| -> Vec<i64> {
        let items = activity.field("participants").as_array().map(Vec::as_slice).unwrap_or_default();
        let of = items.iter().filter(|item| item["entityType"] == kind.entity_type());
        of.filter_map(|item| item["id"].as_i64()).collect()
    };
    let at = |name: &str| instant(activity.text(name));
    let bound = wanted.as_str().and_then(instant);
    Ok(match key {
        "leadId" => among(wanted, &activity.references("leads")),
        "contactId" => among(wanted, &participants(Kind::Contacts)),
        "userId" => among(wanted, &participants(Kind::Users)),
        "accountId" => {
            let people =
                participants(Kind::Contacts).into_iter().filter_map(|id| account.get(Kind::Contacts, id));
            among(wanted, &people.flat_map(|person| person.references("accounts")).collect::<Vec<_>>())
        }
        "status" => among(wanted, &[account.activity_status(activity)]),
        "activityTypeId" => among(wanted, &activity.number("activityType").into_iter().collect::<Vec<_>>()),
        "isFlagged" => activity.field("isFlagged") == wanted,
        "startTime" => at("startTime").zip(bound).is_some_and(|(start, bound)| start >= bound),
        "endTime" => at("endTime").zip(bound).is_some_and(|(end, bound)| end <= bound),
        key => return Err(Refusal::invalid(format!("Activities can't be found by {key}"))),
    })
}
