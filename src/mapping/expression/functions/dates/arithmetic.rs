//! What is done with dates: adding, setting, rounding, moving between zones, and the time between two.

use jiff::civil::{self, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use jsonata_core::value::{JMap, JValue};

use super::super::Refusal;
use super::super::coerce;
use super::duration::Duration;
use super::moment::{Moment, fixed_zone, time_zone};
use super::units::Unit;

impl Moment {
    /// Adds `sign` times the duration. Years to days go by the calendar (a month later is the same day, or the month's
    /// last; a day later is the same time of day), the rest by the clock. A fraction of the former counts as time, by
    /// the casual reckoning of [`Unit::in_units_of`].
    pub(super) fn plus(&self, duration: &Duration, sign: f64) -> Moment {
        match self.zoned().map(|zoned| added(zoned, duration, sign)) {
            Some(Some(zoned)) => Moment::of(zoned),
            Some(None) => Moment::invalid("out of range"),
            None => self.clone(),
        }
    }
}

fn added(zoned: &Zoned, duration: &Duration, sign: f64) -> Option<Zoned> {
    let whole = |unit: Unit| whole_number(duration.get(unit) * sign);
    let months = whole(Unit::Year)?
        .checked_mul(12)?
        .checked_add(whole(Unit::Quarter)?.checked_mul(3)?)?
        .checked_add(whole(Unit::Month)?)?;
    let days = whole(Unit::Week)?.checked_mul(7)?.checked_add(whole(Unit::Day)?)?;
    let mut moved = zoned.clone();
    if months != 0 || days != 0 {
        let date = zoned.date().checked_add(Span::new().try_months(months).ok()?).ok()?;
        let date = date.checked_add(Span::new().try_days(days).ok()?).ok()?;
        moved = date.to_datetime(zoned.time()).to_zoned(zoned.time_zone().clone()).ok()?;
    }
    let millis: f64 = Unit::ALL
        .iter()
        .map(|unit| {
            let amount = duration.get(*unit) * sign;
            if *unit <= Unit::Day { amount.fract() * unit.millis() } else { amount * unit.millis() }
        })
        .sum();
    later(&moved, millis)
}

fn whole_number(number: f64) -> Option<i64> {
    (number.abs() < 1e15).then_some(number as i64)
}

fn later(zoned: &Zoned, millis: f64) -> Option<Zoned> {
    let millis = whole_number(millis.round())?;
    let at = zoned.timestamp().as_millisecond().checked_add(millis)?;
    Some(Timestamp::from_millisecond(at).ok()?.to_zoned(zoned.time_zone().clone()))
}

/// The earliest instant of the unit that the date is in. Weeks begin on Monday.
pub(super) fn start_of(zoned: &Zoned, unit: Unit) -> Moment {
    match started(zoned, unit) {
        Some(zoned) => Moment::of(zoned),
        None => Moment::invalid("out of range"),
    }
}

fn started(zoned: &Zoned, unit: Unit) -> Option<Zoned> {
    let date = zoned.date();
    let date = match unit {
        Unit::Year => civil::Date::new(date.year(), 1, 1).ok()?,
        Unit::Quarter => civil::Date::new(date.year(), (date.month() - 1) / 3 * 3 + 1, 1).ok()?,
        Unit::Month => date.first_of_month(),
        Unit::Week => {
            date.checked_sub(Span::new().try_days(date.weekday().to_monday_zero_offset()).ok()?).ok()?
        }
        Unit::Day => date,
        // By the clock, so that the second of two hours of the same name stays the second.
        Unit::Hour | Unit::Minute | Unit::Second | Unit::Millisecond => {
            let (minute, second) = (f64::from(zoned.minute()), f64::from(zoned.second()));
            let millis = f64::from(zoned.millisecond());
            let back = match unit {
                Unit::Hour => minute * 60_000.0 + second * 1_000.0 + millis,
                Unit::Minute => second * 1_000.0 + millis,
                Unit::Second => millis,
                _ => 0.0,
            };
            return later(zoned, -back);
        }
    };
    date.to_datetime(civil::Time::midnight()).to_zoned(zoned.time_zone().clone()).ok()
}

/// The last millisecond of the unit that the date is in.
pub(super) fn end_of(zoned: &Zoned, unit: Unit) -> Moment {
    let one_less = Duration::of(Unit::Millisecond, -1.0);
    start_of(zoned, unit).plus(&Duration::of(unit, 1.0), 1.0).plus(&one_less, 1.0)
}

/// The same instant in another zone; with `keepLocalTime` the same time of day there.
pub(super) fn set_zone(zoned: &Zoned, zone: &JValue, options: &JValue) -> Moment {
    let zone = match zone {
        JValue::String(name) => time_zone(name),
        JValue::Number(minutes) if minutes.abs() <= 1080.0 => Some(fixed_zone(*minutes as i32)),
        nothing if coerce::is_nothing(nothing) => Some(TimeZone::UTC),
        _ => None,
    };
    let Some(zone) = zone else {
        return Moment::invalid("unsupported zone");
    };
    if options.get("keepLocalTime").is_some_and(coerce::is_truthy) {
        return match zoned.datetime().to_zoned(zone) {
            Ok(zoned) => Moment::of(zoned),
            Err(_) => Moment::invalid("out of range"),
        };
    }
    Moment::of(zoned.with_time_zone(zone))
}

/// In UTC, or so many minutes ahead of it.
pub(super) fn to_utc(zoned: &Zoned, minutes: &JValue) -> Moment {
    set_zone(zoned, if minutes.as_f64().is_some() { minutes } else { &JValue::Null }, &JValue::Undefined)
}

/// Whether both are in the same unit, in the zone of the first. The time of day of the first counts, wherever it is.
pub(super) fn has_same(zoned: &Zoned, other: &Moment, unit: Unit) -> bool {
    let Some(theirs) = other.zoned() else {
        return false;
    };
    let Ok(there) = zoned.datetime().to_zoned(theirs.time_zone().clone()) else {
        return false;
    };
    let at = other.millis();
    start_of(&there, unit).millis() <= at && at <= end_of(&there, unit).millis()
}

/// The date with some of its parts replaced. A day that the month does not have becomes its last, unless the day is
/// among what is replaced.
pub(super) fn set(zoned: &Zoned, fields: &JValue) -> Result<Moment, Refusal> {
    let JValue::Object(fields) = fields else {
        return Err(Refusal::argument("set takes an object, such as {'day': 1}"));
    };
    let parts = Parts::read(fields)?;
    Ok(match parts.applied(zoned) {
        Some(zoned) => Moment::of(zoned),
        None => Moment::invalid("unit out of range"),
    })
}

#[derive(Default)]
struct Parts {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    ordinal: Option<i64>,
    week_year: Option<i64>,
    week: Option<i64>,
    weekday: Option<i64>,
    hour: Option<i64>,
    minute: Option<i64>,
    second: Option<i64>,
    millisecond: Option<i64>,
}

impl Parts {
    fn read(fields: &JMap) -> Result<Parts, Refusal> {
        let mut parts = Parts::default();
        for (name, value) in fields.iter() {
            let Some(number) = coerce::to_number(value).and_then(whole_number) else {
                return Err(Refusal::argument(format!("set: {name} is a number")));
            };
            let part = match name.to_ascii_lowercase().as_str() {
                "year" | "years" => &mut parts.year,
                "month" | "months" => &mut parts.month,
                "day" | "days" => &mut parts.day,
                "ordinal" => &mut parts.ordinal,
                "weekyear" | "weekyears" => &mut parts.week_year,
                "weeknumber" | "weeksnumber" | "weeknumbers" => &mut parts.week,
                "weekday" | "weekdays" => &mut parts.weekday,
                "hour" | "hours" => &mut parts.hour,
                "minute" | "minutes" => &mut parts.minute,
                "second" | "seconds" => &mut parts.second,
                "millisecond" | "milliseconds" => &mut parts.millisecond,
                _ => return Err(Refusal::argument(format!("set: {name:?} is no unit that can be set"))),
            };
            *part = Some(number);
        }
        let by_week = parts.week_year.is_some() || parts.week.is_some() || parts.weekday.is_some();
        let by_month = parts.month.is_some() || parts.day.is_some();
        let ways = [by_week, by_month, parts.ordinal.is_some()];
        if ways.iter().filter(|way| **way).count() > 1 || by_week && parts.year.is_some() {
            return Err(Refusal::argument(
                "set: a date is set by year, month and day, or by week, or by ordinal",
            ));
        }
        Ok(parts)
    }

    /// What is beyond its unit counts on: the 31st of February is the 2nd or 3rd of March.
    fn applied(&self, zoned: &Zoned) -> Option<Zoned> {
        let time = Span::new()
            .try_hours(self.hour.unwrap_or(zoned.hour().into()))
            .and_then(|span| span.try_minutes(self.minute.unwrap_or(zoned.minute().into())))
            .and_then(|span| span.try_seconds(self.second.unwrap_or(zoned.second().into())))
            .and_then(|span| span.try_milliseconds(self.millisecond.unwrap_or(zoned.millisecond().into())));
        let midnight = self.date(zoned.date())?.to_datetime(civil::Time::midnight());
        midnight.checked_add(time.ok()?).ok()?.to_zoned(zoned.time_zone().clone()).ok()
    }

    fn date(&self, date: civil::Date) -> Option<civil::Date> {
        let day_of = |first: civil::Date, number: i64| {
            first.checked_add(Span::new().try_days(number.checked_sub(1)?).ok()?).ok()
        };
        let year = self.year.unwrap_or(date.year().into());
        if let Some(ordinal) = self.ordinal {
            return day_of(civil::Date::new(i16::try_from(year).ok()?, 1, 1).ok()?, ordinal);
        }
        if self.week_year.is_some() || self.week.is_some() || self.weekday.is_some() {
            let week = date.iso_week_date();
            let year = i16::try_from(self.week_year.unwrap_or(week.year().into())).ok()?;
            let first = ISOWeekDate::new(year, 1, Weekday::Monday).ok()?.date();
            let weeks = self.week.unwrap_or(week.week().into()).checked_sub(1)?;
            let weekday = self.weekday.unwrap_or(week.weekday().to_monday_one_offset().into());
            return day_of(first, weeks.checked_mul(7)?.checked_add(weekday)?);
        }
        let months =
            year.checked_mul(12)?.checked_add(self.month.unwrap_or(date.month().into()))?.checked_sub(1)?;
        let year = i16::try_from(months.div_euclid(12)).ok()?;
        let first = civil::Date::new(year, i8::try_from(months.rem_euclid(12) + 1).ok()?, 1).ok()?;
        day_of(first, self.day.unwrap_or(date.day().min(first.days_in_month()).into()))
    }
}

/// The time from `other` to `one` in those units, which are in order. What the shortest unit leaves over is a fraction.
pub(super) fn difference(one: &Zoned, other: &Zoned, units: &[Unit]) -> Duration {
    if other.timestamp() > one.timestamp() {
        return elapsed(one, other, units).times(-1.0);
    }
    elapsed(other, one, units)
}

fn elapsed(earlier: &Zoned, later: &Zoned, units: &[Unit]) -> Duration {
    let start = Moment::of(earlier.clone());
    let end = later.timestamp().as_millisecond();
    let mut counted = Duration::default();
    let mut cursor = start.clone();
    let mut past = start.clone();
    let mut shortest = None;
    for &unit in units.iter().filter(|unit| **unit <= Unit::Day) {
        shortest = Some(unit);
        let Some(at) = cursor.zoned() else { break };
        let mut count = calendar_count(at, later, unit);
        counted.set(unit, count);
        past = start.plus(&counted, 1.0);
        if past.millis() > end {
            count -= 1.0;
            counted.set(unit, count);
            cursor = start.plus(&counted, 1.0);
            // A month that ends early may have been counted past, too.
            if cursor.millis() > end {
                past = cursor;
                counted.set(unit, count - 1.0);
                cursor = start.plus(&counted, 1.0);
            }
        } else {
            cursor = past.clone();
        }
    }
    let left = (end - cursor.millis()) as f64;
    let by_clock: Vec<Unit> = units.iter().copied().filter(|unit| *unit > Unit::Day).collect();
    if !by_clock.is_empty() {
        return Duration::of(Unit::Millisecond, left).shift_to(&by_clock).plus(&counted, 1.0);
    }
    if let Some(unit) = shortest {
        if past.millis() < end || past.millis() == cursor.millis() {
            past = cursor.plus(&Duration::of(unit, 1.0), 1.0);
        }
        let whole = (past.millis() - cursor.millis()) as f64;
        if whole != 0.0 {
            counted.set(unit, counted.get(unit) + left / whole);
        }
    }
    counted
}

/// How many times the calendar turns over between the two, which may be one more than has passed.
fn calendar_count(from: &Zoned, to: &Zoned, unit: Unit) -> f64 {
    let years = f64::from(to.year()) - f64::from(from.year());
    let quarter = |date: &Zoned| f64::from((date.month() - 1) / 3);
    let days = || {
        let start = from.date().to_zoned(TimeZone::UTC).map(|at| at.timestamp().as_second());
        let end = to.date().to_zoned(TimeZone::UTC).map(|at| at.timestamp().as_second());
        match (start, end) {
            (Ok(start), Ok(end)) => ((end - start) / 86_400) as f64,
            _ => 0.0,
        }
    };
    match unit {
        Unit::Year => years,
        Unit::Quarter => years * 4.0 + quarter(to) - quarter(from),
        Unit::Month => years * 12.0 + f64::from(to.month()) - f64::from(from.month()),
        Unit::Week => (days() / 7.0).trunc(),
        _ => days(),
    }
}
