//! A task, and how Capsule shows it.

use serde_json::{Map, Value, json};
use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};

use super::categories::Category;
use super::dates::stamp;
use super::link::{self, Link};
use super::scene::Scene;
use super::track_definitions::TRACK_DAYS;
use super::users;

pub(super) const OPEN: &str = "OPEN";
pub(super) const COMPLETED: &str = "COMPLETED";
/// Not done, and not to be done now: what it is about is closed. It cannot be written.
pub(super) const PENDING: &str = "PENDING";
pub(super) const STATUSES: [&str; 3] = [OPEN, COMPLETED, PENDING];

pub(super) const FREQUENCIES: [&str; 3] = ["YEARLY", "MONTHLY", "WEEKLY"];

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Task {
    pub(super) id: i64,
    pub(super) description: String,
    pub(super) detail: Option<String>,
    pub(super) category: Option<i64>,
    pub(super) due_on: Date,
    /// In the owner's time zone.
    pub(super) due_time: Option<Time>,
    /// One of [`STATUSES`].
    pub(super) status: &'static str,
    pub(super) link: Option<Link>,
    pub(super) owner: i64,
    pub(super) completed_at: Option<OffsetDateTime>,
    pub(super) completed_by: Option<i64>,
    pub(super) repeat: Option<Repeat>,
    pub(super) step: Option<Step>,
    pub(super) created_at: OffsetDateTime,
    pub(super) updated_at: OffsetDateTime,
}

/// A task's place in a track.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) track: i64,
    /// The task after it.
    pub(super) next: Option<i64>,
    pub(super) days_after: i64,
    /// `TRACK_START`, `END_DATE` or `LAST_TASK`.
    pub(super) delay_rule: &'static str,
    pub(super) day_delay_rule: &'static str,
    /// Whether the track is worked out from its end.
    pub(super) backwards: bool,
}

/// How a task comes again once it is done.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Repeat {
    pub(super) interval: i64,
    /// One of [`FREQUENCIES`].
    pub(super) frequency: &'static str,
    /// The day; in a month `-1` is the last one.
    pub(super) on: String,
}

impl Repeat {
    /// The due date after `due`.
    pub(super) fn next(&self, due: Date) -> Date {
        let steps = i32::try_from(self.interval).unwrap_or(1);
        match self.frequency {
            "WEEKLY" => due.saturating_add(time::Duration::weeks(self.interval)),
            "MONTHLY" => months_later(due, steps, &self.on),
            _ => due.replace_year(due.year() + steps).unwrap_or_else(|_| {
                // The 29th of February in a year that has none.
                due.saturating_add(time::Duration::days(365 * self.interval))
            }),
        }
    }
}

fn months_later(due: Date, months: i32, on: &str) -> Date {
    let month = i32::from(u8::from(due.month())) - 1 + months;
    let year = due.year() + month.div_euclid(12);
    let month = time::Month::January.nth_next(u8::try_from(month.rem_euclid(12)).unwrap_or(0));
    let last = month.length(year);
    let day = match on.parse::<i32>() {
        Ok(-1) => last,
        Ok(day) => u8::try_from(day).unwrap_or(last).clamp(1, last),
        Err(_) => due.day().min(last),
    };
    Date::from_calendar_date(year, month, day).unwrap_or(due)
}

impl Task {
    /// An open task that still lacks what it must have.
    pub(super) fn new(owner: i64, now: OffsetDateTime) -> Task {
        Task {
            id: 0,
            description: String::new(),
            detail: None,
            category: None,
            due_on: now.date(),
            due_time: None,
            status: OPEN,
            link: None,
            owner,
            completed_at: None,
            completed_by: None,
            repeat: None,
            step: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// When it is due, at midnight where no time is given. Time zones are left aside.
    pub(super) fn due_at(&self) -> OffsetDateTime {
        PrimitiveDateTime::new(self.due_on, self.due_time.unwrap_or(Time::MIDNIGHT)).assume_utc()
    }
}

/// A time of day as Capsule takes it, with seconds or without.
pub(super) fn time_of_day(text: &str) -> Option<Time> {
    let with_seconds = format_description!("[hour]:[minute]:[second]");
    let without = format_description!("[hour]:[minute]");
    Time::parse(text, with_seconds).or_else(|_| Time::parse(text, without)).ok()
}

/// A task in full.
pub(super) fn full(scene: &Scene<'_>, task: &Task) -> Value {
    let account = scene.account;
    let category = task.category.and_then(|id| account.categories.get(id));
    let completed_by = task.completed_by.and_then(|id| account.users.get(id));
    let mut view = Map::new();
    let mut put = |key: &str, value: Value| view.insert(key.to_owned(), value);
    put("id", task.id.into());
    put("category", category.map_or(Value::Null, Category::shown));
    put("description", task.description.clone().into());
    put("detail", task.detail.clone().into());
    put("dueTime", task.due_time.map_or(Value::Null, clock));
    put("status", task.status.into());
    put("party", link::view(scene, task.link, "party"));
    put("opportunity", link::view(scene, task.link, "opportunity"));
    put("owner", owner(scene, task));
    put("daysAfter", task.step.as_ref().map(|step| step.days_after).into());
    put("taskDelayRule", task.step.as_ref().map(|step| step.delay_rule).into());
    put("nextTask", next_task(scene, task));
    put("active", (task.status != PENDING).into());
    put("createdAt", stamp(task.created_at).into());
    put("updatedAt", stamp(task.updated_at).into());
    put("dueOn", task.due_on.to_string().into());
    put("completedBy", completed_by.map(|user| user.username.clone()).into());
    put("completedAt", task.completed_at.map(stamp).into());
    put("kase", link::view(scene, task.link, "kase"));
    put("taskDayDelayRule", task.step.as_ref().map_or(TRACK_DAYS, |step| step.day_delay_rule).into());
    put("overrideToCurrentUser", Value::Null);
    put("repeat", task.repeat.as_ref().map_or(Value::Null, repeat));
    put("hasTrack", task.step.is_some().into());
    Value::Object(view)
}

fn clock(at: Time) -> Value {
    let (hour, minute, second) = at.as_hms();
    format!("{hour:02}:{minute:02}:{second:02}").into()
}

fn owner(scene: &Scene<'_>, task: &Task) -> Value {
    match scene.account.users.get(task.owner) {
        Some(user) if scene.embeds("owner") => users::user_view(&scene.bare(), user),
        _ => scene.account.user_reference(Some(task.owner)),
    }
}

/// The task after it in its track, in full when it is embedded.
fn next_task(scene: &Scene<'_>, task: &Task) -> Value {
    let next = task.step.as_ref().and_then(|step| scene.account.tasks.get(step.next?));
    match next {
        Some(next) if scene.embeds("nextTask") => full(&scene.bare(), next),
        Some(next) => json!({ "id": next.id, "description": next.description }),
        None => Value::Null,
    }
}

fn repeat(repeat: &Repeat) -> Value {
    json!({ "interval": repeat.interval, "frequency": repeat.frequency, "on": repeat.on })
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    fn every(interval: i64, frequency: &'static str, on: &str) -> Repeat {
        Repeat { interval, frequency, on: on.to_owned() }
    }

    #[test]
    fn a_repetition_keeps_to_its_day_where_the_month_has_it() {
        assert_eq!(every(2, "WEEKLY", "1").next(date!(2026 - 01 - 05)), date!(2026 - 01 - 19));
        assert_eq!(every(1, "MONTHLY", "31").next(date!(2026 - 01 - 31)), date!(2026 - 02 - 28));
        assert_eq!(every(1, "MONTHLY", "31").next(date!(2026 - 02 - 28)), date!(2026 - 03 - 31));
        assert_eq!(every(3, "MONTHLY", "-1").next(date!(2025 - 11 - 30)), date!(2026 - 02 - 28));
        assert_eq!(every(1, "YEARLY", "1").next(date!(2026 - 03 - 01)), date!(2027 - 03 - 01));
    }
}
