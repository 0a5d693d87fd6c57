//! One date: an instant, to the millisecond, in a zone; or none.

use jiff::tz::{Dst, Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use jsonata_core::value::JValue;

use super::super::objects::{self, Kind};
use super::format::{MONTHS, WEEKDAYS};

/// A date, or the reason why there is none.
#[derive(Debug, Clone)]
pub(super) enum Moment {
    Valid(Box<Zoned>),
    Invalid(String),
}

impl Moment {
    pub(super) fn invalid(reason: &str) -> Moment {
        Moment::Invalid(reason.to_owned())
    }

    /// To the millisecond: what is finer is cut off.
    pub(super) fn of(zoned: Zoned) -> Moment {
        let zone = zoned.time_zone().clone();
        match Timestamp::from_millisecond(zoned.timestamp().as_millisecond()) {
            Ok(at) => Moment::Valid(Box::new(at.to_zoned(zone))),
            Err(_) => Moment::invalid("unparsable"),
        }
    }

    /// UTC unless there is a zone.
    pub(super) fn of_millis(millis: i64, zone: Option<&str>) -> Moment {
        let Some(zone) = time_zone(zone.unwrap_or("UTC")) else {
            return Moment::invalid("unsupported zone");
        };
        match Timestamp::from_millisecond(millis) {
            Ok(at) => Moment::Valid(Box::new(at.to_zoned(zone))),
            Err(_) => Moment::invalid("unparsable"),
        }
    }

    pub(super) fn zoned(&self) -> Option<&Zoned> {
        match self {
            Moment::Valid(zoned) => Some(zoned),
            Moment::Invalid(_) => None,
        }
    }

    /// Since the Unix epoch; zero for no date.
    pub(super) fn millis(&self) -> i64 {
        self.zoned().map_or(0, |zoned| zoned.timestamp().as_millisecond())
    }

    pub(super) fn in_zone(&self, zone: &str) -> Moment {
        match self {
            Moment::Valid(_) => Moment::of_millis(self.millis(), Some(zone)),
            Moment::Invalid(reason) => Moment::invalid(reason),
        }
    }

    /// What [`Moment::read`] reads.
    pub(super) fn state(&self) -> String {
        match self {
            Moment::Valid(zoned) => format!("{} {}", self.millis(), zone_name(zoned.time_zone())),
            Moment::Invalid(reason) => format!("invalid {reason}"),
        }
    }

    pub(super) fn read(state: &str) -> Moment {
        let (millis, zone) = state.split_once(' ').unwrap_or((state, "UTC"));
        match millis.parse() {
            Ok(millis) => Moment::of_millis(millis, Some(zone)),
            Err(_) => Moment::invalid(zone),
        }
    }

    /// The value that expressions see.
    pub(super) fn object(&self) -> JValue {
        let properties = match self {
            Moment::Valid(zoned) => properties(zoned),
            Moment::Invalid(reason) => invalid_properties(reason),
        };
        objects::object(
            Kind::Date,
            &self.state(),
            properties.into_iter().map(|(name, value)| (name.to_owned(), value)),
        )
    }
}

/// The zone of that name: one of the IANA database, `UTC`, `local` (which is UTC), or a fixed `UTC+3`, `UTC-5:30`.
pub(super) fn time_zone(name: &str) -> Option<TimeZone> {
    let lowered = name.to_ascii_lowercase();
    match lowered.as_str() {
        "utc" | "gmt" | "z" | "local" | "default" | "system" | "etc/utc" => return Some(TimeZone::UTC),
        _ => {}
    }
    let fixed = lowered.strip_prefix("utc").or_else(|| lowered.strip_prefix("gmt"));
    if let Some(offset) = fixed.filter(|offset| offset.starts_with(['+', '-'])) {
        return fixed_offset(offset).map(fixed_zone);
    }
    TimeZone::get(name).ok()
}

fn fixed_offset(text: &str) -> Option<i32> {
    let (hours, minutes) = text[1..].split_once(':').unwrap_or((&text[1..], "0"));
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let total = (0..=18).contains(&hours) && (0..60).contains(&minutes);
    let offset = hours * 60 + minutes;
    total.then_some(if text.starts_with('-') { -offset } else { offset })
}

/// The zone that is always so many minutes ahead of UTC.
pub(super) fn fixed_zone(minutes: i32) -> TimeZone {
    match Offset::from_seconds(minutes * 60) {
        Ok(offset) if minutes != 0 => TimeZone::fixed(offset),
        _ => TimeZone::UTC,
    }
}

/// Its IANA name, or `UTC+3`.
pub(super) fn zone_name(zone: &TimeZone) -> String {
    if let Some(name) = zone.iana_name() {
        return name.to_owned();
    }
    let minutes = zone.to_fixed_offset().map_or(0, |offset| offset.seconds() / 60);
    let sign = if minutes < 0 { '-' } else { '+' };
    match (minutes.abs() / 60, minutes.abs() % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

/// How far ahead of UTC the clock is, in minutes.
pub(super) fn offset_minutes(zoned: &Zoned) -> i32 {
    zoned.offset().seconds() / 60
}

/// `GMT+2`, as a browser names an offset that has no abbreviation in English; `UTC` for itself.
pub(super) fn offset_name(zoned: &Zoned) -> String {
    let minutes = offset_minutes(zoned);
    if zoned.time_zone() == &TimeZone::UTC {
        return "UTC".to_owned();
    }
    let zone = zoned.time_zone();
    let info = zone.to_offset_info(zoned.timestamp());
    let abbreviation = info.abbreviation();
    let american = ["EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "AKST", "AKDT", "HST"];
    if zone.iana_name().is_some_and(|name| {
        name.starts_with("America/") || name.starts_with("US/") || name.starts_with("Pacific/Honolulu")
    }) && american.contains(&abbreviation)
    {
        return abbreviation.to_owned();
    }
    let sign = if minutes < 0 { '-' } else { '+' };
    match (minutes.abs() / 60, minutes.abs() % 60) {
        (0, 0) => "GMT".to_owned(),
        (hours, 0) => format!("GMT{sign}{hours}"),
        (hours, minutes) => format!("GMT{sign}{hours}:{minutes:02}"),
    }
}

fn is_in_dst(zoned: &Zoned) -> bool {
    zoned.time_zone().to_offset_info(zoned.timestamp()).dst() == Dst::Yes
}

fn properties(zoned: &Zoned) -> Vec<(&'static str, JValue)> {
    let number = |number: i64| JValue::from_i64(number);
    let text = |text: &str| JValue::string(text);
    let week = zoned.date().iso_week_date();
    let month = MONTHS[usize::from(zoned.month().unsigned_abs()) - 1];
    let weekday = zoned.weekday().to_monday_one_offset();
    let weekday_name = WEEKDAYS[usize::from(weekday.unsigned_abs()) - 1];
    let zone = zone_name(zoned.time_zone());
    let offset_name = offset_name(zoned);
    vec![
        ("year", number(zoned.year().into())),
        ("quarter", number((i64::from(zoned.month()) + 2) / 3)),
        ("month", number(zoned.month().into())),
        ("day", number(zoned.day().into())),
        ("hour", number(zoned.hour().into())),
        ("minute", number(zoned.minute().into())),
        ("second", number(zoned.second().into())),
        ("millisecond", number(zoned.millisecond().into())),
        ("weekYear", number(week.year().into())),
        ("weekNumber", number(week.week().into())),
        ("weekday", number(weekday.into())),
        ("ordinal", number(zoned.day_of_year().into())),
        ("monthShort", text(&month[..3])),
        ("monthLong", text(month)),
        ("weekdayShort", text(&weekday_name[..3])),
        ("weekdayLong", text(weekday_name)),
        ("offset", number(offset_minutes(zoned).into())),
        ("offsetNameShort", text(&offset_name)),
        ("offsetNameLong", text(&offset_name)),
        ("zoneName", text(&zone)),
        ("zone", text(&zone)),
        ("daysInMonth", number(zoned.days_in_month().into())),
        ("daysInYear", number(zoned.days_in_year().into())),
        ("weeksInWeekYear", number(week.weeks_in_year().into())),
        ("isInLeapYear", JValue::Bool(zoned.in_leap_year())),
        ("isInDST", JValue::Bool(is_in_dst(zoned))),
        ("isOffsetFixed", JValue::Bool(zoned.time_zone().to_fixed_offset().is_ok())),
        ("isValid", JValue::Bool(true)),
        ("invalidReason", JValue::Null),
        ("invalidExplanation", JValue::Null),
        ("locale", text("en-US")),
        ("numberingSystem", JValue::Null),
        ("outputCalendar", text("gregory")),
    ]
}

fn invalid_properties(reason: &str) -> Vec<(&'static str, JValue)> {
    let Ok(epoch) = Timestamp::from_millisecond(0) else {
        return Vec::new();
    };
    let mut properties = properties(&epoch.to_zoned(TimeZone::UTC));
    for (name, value) in &mut properties {
        *value = match *name {
            "isValid" | "isInDST" | "isInLeapYear" | "isOffsetFixed" => JValue::Bool(false),
            "invalidReason" => JValue::string(reason),
            _ => JValue::Null,
        };
    }
    properties
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_named_as_they_were_given() {
        for name in ["UTC", "Europe/Paris", "America/New_York", "UTC+3", "UTC-5:30"] {
            assert_eq!(time_zone(name).map(|zone| zone_name(&zone)).as_deref(), Some(name));
        }
        assert_eq!(time_zone("local").map(|zone| zone_name(&zone)).as_deref(), Some("UTC"));
        for name in ["Nowhere/City", "UTC+99", "UTC+", "", "+", "utc+é"] {
            assert!(time_zone(name).is_none(), "{name}");
        }
    }

    #[test]
    fn a_date_is_read_from_its_state() {
        let moment = Moment::of_millis(1_700_000_000_123, Some("Europe/Paris"));
        assert_eq!(moment.state(), "1700000000123 Europe/Paris");
        assert_eq!(Moment::read(&moment.state()).state(), moment.state());
        let invalid = Moment::invalid("unparsable");
        assert_eq!(Moment::read(&invalid.state()).state(), "invalid unparsable");
        assert!(Moment::of_millis(i64::MAX, None).zoned().is_none());
    }
}
