//! Templates of tracks: `/trackdefinitions`. Each is a series of tasks for parties, opportunities or projects, due so
//! long after the track's start, before its end, or after the task before.

use axum::Router;
use serde_json::{Map, Value, json};
use time::{Date, Duration, OffsetDateTime, Weekday};

use super::Shared;
use super::account::{Account, RowIds};
use super::categories::Category;
use super::dates::stamp;
use super::link::Link;
use super::refusal::{Problem, Refusal};
use super::resource::{Resource, Writable, collection, member};
use super::scene::{Draft, Scene};
use super::written::{Written, asks_deletion};
use crate::sandbox::table::Table;

pub(super) const OPPORTUNITY: &str = "OPPORTUNITY";
/// Of projects, by their old name.
pub(super) const CASEFILE: &str = "CASEFILE";
const CAPTURE_RULES: [&str; 3] = [OPPORTUNITY, CASEFILE, "PARTY"];
pub(super) const START_DATE: &str = "START_DATE";
const DIRECTIONS: [&str; 2] = [START_DATE, "END_DATE"];
pub(super) const TRACK_START: &str = "TRACK_START";
pub(super) const LAST_TASK: &str = "LAST_TASK";
pub(super) const TRACK_DAYS: &str = "TRACK_DAYS";
pub(super) const TRACK_WORKDAYS: &str = "TRACK_WORKDAYS";
pub(super) const TRACK_WEEKS: &str = "TRACK_WEEKS";

#[derive(Clone)]
pub(super) struct TrackDefinition {
    pub(super) id: i64,
    pub(super) description: String,
    /// Names of tags that the track brings, with commas between them.
    pub(super) tag: Option<String>,
    /// One of [`CAPTURE_RULES`]: what the track is for.
    pub(super) capture_rule: &'static str,
    /// One of [`DIRECTIONS`]: whether its date is the start or the end.
    pub(super) direction: &'static str,
    pub(super) tasks: Vec<TaskDefinition>,
    pub(super) created_at: OffsetDateTime,
    pub(super) updated_at: OffsetDateTime,
}

#[derive(Clone)]
pub(super) struct TaskDefinition {
    pub(super) id: i64,
    pub(super) description: String,
    /// [`TRACK_START`] or [`LAST_TASK`]: what the delay is counted from.
    pub(super) days_after_rule: &'static str,
    pub(super) days_after: i64,
    pub(super) display_order: i64,
    /// [`TRACK_DAYS`], [`TRACK_WORKDAYS`] or [`TRACK_WEEKS`]: what the delay is counted in.
    pub(super) day_delay_rule: &'static str,
    pub(super) category: Option<i64>,
    /// Who gets the task; the owner of what the track is applied to if None.
    pub(super) assignee: Option<i64>,
}

impl TrackDefinition {
    /// Whether the track is for this kind of record.
    pub(super) fn applies_to(&self, link: Link) -> bool {
        let kind = match link {
            Link::Party(_) => "PARTY",
            Link::Opportunity(_) => OPPORTUNITY,
            Link::Kase(_) => CASEFILE,
        };
        self.capture_rule == kind
    }

    fn describe(&mut self, written: Written<'_>, account: &mut Account) -> Result<(), Problem> {
        written.filled_text("description", &mut self.description)?;
        written.text("tag", &mut self.tag)?;
        written.option("captureRule", &CAPTURE_RULES, &mut self.capture_rule)?;
        written.option("direction", &DIRECTIONS, &mut self.direction)?;
        for (key, value) in [("captureRule", self.capture_rule), ("direction", self.direction)] {
            if value.is_empty() {
                return Err(written.required(key));
            }
        }
        for item in written.items("taskDefinitions")? {
            let id = item.get("id").and_then(Value::as_i64);
            let place = self.tasks.iter().position(|task| Some(task.id) == id);
            let item_written = Written::new("taskDefinition", item);
            match (id, place) {
                (None, _) => {
                    let order = self.tasks.iter().map(|task| task.display_order).max().unwrap_or(0) + 1;
                    let mut task = TaskDefinition::empty(order, &mut account.row_ids);
                    task.describe(item_written, account)?;
                    self.tasks.push(task);
                }
                (Some(_), None) => return Err(item_written.problem("id", "task definition not found")),
                (Some(_), Some(place)) if asks_deletion(item) => {
                    self.tasks.remove(place);
                }
                (Some(_), Some(place)) => self.tasks[place].describe(item_written, account)?,
            }
        }
        self.tasks.sort_by_key(|task| task.display_order);
        Ok(())
    }
}

impl TaskDefinition {
    fn empty(display_order: i64, ids: &mut RowIds) -> TaskDefinition {
        TaskDefinition {
            id: ids.next(),
            description: String::new(),
            days_after_rule: TRACK_START,
            days_after: 0,
            display_order,
            day_delay_rule: TRACK_DAYS,
            category: None,
            assignee: None,
        }
    }

    fn describe(&mut self, written: Written<'_>, account: &Account) -> Result<(), Problem> {
        written.filled_text("description", &mut self.description)?;
        written.option("daysAfterRule", &[TRACK_START, LAST_TASK], &mut self.days_after_rule)?;
        written.integer("daysAfter", 0..=9_999, &mut self.days_after)?;
        written.integer("displayOrder", 0..=i64::MAX, &mut self.display_order)?;
        let units = [TRACK_DAYS, TRACK_WORKDAYS, TRACK_WEEKS];
        written.option("dayDelayRule", &units, &mut self.day_delay_rule)?;
        let is_category = |id| account.categories.get(id).is_some();
        written.link("category", &mut self.category, is_category)?;
        if let Some(assignee) = written.get("trackTaskAssignee") {
            let user = assignee.get("user").and_then(super::written::id_of);
            self.assignee = match assignee["assigneeType"].as_str() {
                Some("ENTITY_OWNER") => None,
                Some("USER") => user.filter(|id| account.is_active_user(*id)),
                _ => return Err(written.wrong_type("trackTaskAssignee")),
            };
        }
        Ok(())
    }

    fn view(&self, account: &Account) -> Value {
        let category = self.category.and_then(|id| account.categories.get(id));
        let assignee = match self.assignee {
            None => json!({ "assigneeType": "ENTITY_OWNER" }),
            user => json!({ "assigneeType": "USER", "user": account.user_reference(user) }),
        };
        json!({
            "id": self.id,
            "description": self.description,
            "daysAfterRule": self.days_after_rule,
            "daysAfter": self.days_after,
            "displayOrder": self.display_order,
            "category": category.map_or(Value::Null, Category::shown),
            "trackTaskAssignee": assignee,
            "dayDelayRule": self.day_delay_rule,
        })
    }
}

/// The day that is so many units of a delay rule after `from`, or before it.
pub(super) fn delayed(from: Date, units: i64, day_delay_rule: &str, backwards: bool) -> Date {
    let sign = if backwards { -1 } else { 1 };
    match day_delay_rule {
        TRACK_WEEKS => from.saturating_add(Duration::weeks(sign * units)),
        TRACK_WORKDAYS => workdays_later(from, units, sign),
        _ => from.saturating_add(Duration::days(sign * units)),
    }
}

fn workdays_later(from: Date, days: i64, sign: i64) -> Date {
    let (mut day, mut left) = (from, days);
    while left > 0 {
        day = day.saturating_add(Duration::days(sign));
        if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            left -= 1;
        }
    }
    day
}

impl Resource for TrackDefinition {
    const PATH: &'static str = "trackdefinitions";
    const ONE: &'static str = "trackDefinition";
    const MANY: &'static str = "trackDefinitions";

    fn table(account: &Account) -> &Table<TrackDefinition> {
        &account.track_definitions
    }

    fn view(&self, scene: &Scene<'_>) -> Value {
        let mut view = Map::new();
        let mut put = |key: &str, value: Value| view.insert(key.to_owned(), value);
        put("id", self.id.into());
        put("description", self.description.clone().into());
        put("tag", self.tag.clone().into());
        put("captureRule", self.capture_rule.into());
        put("direction", self.direction.into());
        put("createdAt", stamp(self.created_at).into());
        put("updatedAt", stamp(self.updated_at).into());
        let tasks = self.tasks.iter();
        put("taskDefinitions", tasks.map(|task| task.view(scene.account)).collect());
        Value::Object(view)
    }

    /// All, or by `type` those for opportunities or projects.
    fn listed<'a>(scene: &Scene<'a>) -> Result<Vec<&'a TrackDefinition>, Refusal> {
        let rule = match scene.params.get("type").unwrap_or("all") {
            "all" => None,
            "opportunities" => Some(OPPORTUNITY),
            "kases" => Some(CASEFILE),
            _ => return Err(Problem::wrong_type(TrackDefinition::ONE, "type").into()),
        };
        let definitions = scene.account.track_definitions.iter();
        Ok(definitions.filter(|row| rule.is_none_or(|rule| row.capture_rule == rule)).collect())
    }
}

impl Writable for TrackDefinition {
    fn create(draft: &mut Draft, written: Written<'_>) -> Result<i64, Refusal> {
        draft.require_administrator()?;
        let mut definition = TrackDefinition {
            id: 0,
            description: String::new(),
            tag: None,
            capture_rule: "",
            direction: "",
            tasks: Vec::new(),
            created_at: draft.now,
            updated_at: draft.now,
        };
        definition.describe(written, &mut draft.account)?;
        Ok(draft.account.track_definitions.insert(|id| TrackDefinition { id, ..definition }))
    }

    fn update(draft: &mut Draft, id: i64, written: Written<'_>) -> Result<(), Refusal> {
        draft.require_administrator()?;
        let definition = draft.account.track_definitions.get(id).ok_or(Refusal::NotFound)?;
        let mut definition = definition.clone();
        definition.describe(written, &mut draft.account)?;
        definition.updated_at = draft.now;
        draft.account.track_definitions.put(id, definition);
        Ok(())
    }

    /// Tracks that were made of it go on.
    fn delete(draft: &mut Draft, id: i64) -> Result<(), Refusal> {
        draft.require_administrator()?;
        draft.account.track_definitions.delete(id, draft.now);
        Ok(())
    }
}

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/trackdefinitions", collection::<TrackDefinition>())
        .route("/trackdefinitions/{id}", member::<TrackDefinition>())
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn delays_count_days_weeks_or_workdays_in_either_direction() {
        let friday = date!(2026 - 06 - 05);
        assert_eq!(delayed(friday, 3, TRACK_DAYS, false), date!(2026 - 06 - 08));
        assert_eq!(delayed(friday, 3, TRACK_WORKDAYS, false), date!(2026 - 06 - 10));
        assert_eq!(delayed(friday, 5, TRACK_WORKDAYS, true), date!(2026 - 05 - 29));
        assert_eq!(delayed(friday, 2, TRACK_WEEKS, true), date!(2026 - 05 - 22));
    }
}
