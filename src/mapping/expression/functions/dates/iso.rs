//! ISO 8601, RFC 2822 and SQL forms.

use std::sync::LazyLock;

use jiff::civil::{self, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use jsonata_core::value::JValue;
use regex::{Captures, Regex};

use super::super::{Refusal, coerce};
use super::format::{self, MONTHS, OffsetForm};
use super::moment::{Moment, fixed_zone, time_zone, zone_name};

/// Calendar dates, week dates and ordinal dates, in the basic and the extended form; a time alone is today's.
static ISO: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)^(?:
            (?P<year>[+-][0-9]{6}|[0-9]{4})
            (?: -?W(?P<week>[0-9][0-9])(?:-?(?P<weekday>[0-9]))?
              | -(?P<ordinal>[0-9]{3}) | (?P<ordinal2>[0-9]{3})
              | -?(?P<month>[0-9][0-9])(?:-?(?P<day>[0-9][0-9]))?
            )?
            (?:T(?P<time>[^+\-Z\[]*)(?P<offset>Z|z|[+-][0-9][0-9](?::?[0-9][0-9])?)?)?
          | T?(?P<alone>[0-9][0-9]:[0-9][0-9][^+\-Z\[]*)(?P<offset2>Z|z|[+-][0-9][0-9](?::?[0-9][0-9])?)?
        )(?:\[(?P<zone>[^\]]+)\])?$",
    )
    .ok()
});

static TIME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(?P<hour>[0-9][0-9])(?::?(?P<minute>[0-9][0-9])(?::?(?P<second>[0-9][0-9])(?:[.,](?P<fraction>[0-9]{1,30}))?)?)?$").ok()
});

static RFC2822: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),\s)?
        (?P<day>[0-9]{1,2})\s(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s(?P<year>[0-9]{2,4})\s
        (?P<hour>[0-9][0-9]):(?P<minute>[0-9][0-9])(?::(?P<second>[0-9][0-9]))?\s
        (?:(?P<name>UT|GMT|[ECMP][SD]T|Z)|(?P<offset>[+-][0-9]{4}))$",
    )
    .ok()
});

fn number(found: &Captures, name: &str) -> Option<i64> {
    found.name(name)?.as_str().parse().ok()
}

/// The date that the text holds. Without an offset it is taken to be in the zone; the result is in the zone.
pub(super) fn parse(text: &str, zone: Option<&str>, now: Option<i64>) -> Moment {
    let Some(target) = time_zone(zone.unwrap_or("UTC")) else {
        return Moment::invalid("unsupported zone");
    };
    match parsed(text, &target, now) {
        Some(zoned) => Moment::of(zoned.with_time_zone(target)),
        None => Moment::invalid("unparsable"),
    }
}

fn parsed(text: &str, target: &TimeZone, now: Option<i64>) -> Option<Zoned> {
    let found = ISO.as_ref()?.captures(text)?;
    let date = match found.name("alone") {
        Some(_) => Timestamp::from_millisecond(now?).ok()?.to_zoned(target.clone()).date(),
        None => date_of(&found)?,
    };
    let written = found.name("time").or_else(|| found.name("alone")).map_or("00", |time| time.as_str());
    let (time, is_next_day) = time_of(written)?;
    let date = if is_next_day { date.tomorrow().ok()? } else { date };
    let offset = found.name("offset").or_else(|| found.name("offset2")).map(|offset| offset.as_str());
    let zone = match (offset, found.name("zone")) {
        (Some(offset), _) => fixed_zone(offset_of(offset)?),
        (None, Some(zone)) => time_zone(zone.as_str())?,
        (None, None) => target.clone(),
    };
    date.to_datetime(time).to_zoned(zone).ok()
}

fn date_of(found: &Captures) -> Option<civil::Date> {
    let year = i16::try_from(number(found, "year")?).ok()?;
    if let Some(week) = number(found, "week") {
        let weekday =
            Weekday::from_monday_one_offset(i8::try_from(number(found, "weekday").unwrap_or(1)).ok()?);
        return ISOWeekDate::new(year, i8::try_from(week).ok()?, weekday.ok()?).ok().map(ISOWeekDate::date);
    }
    if let Some(ordinal) = number(found, "ordinal").or_else(|| number(found, "ordinal2")) {
        let first = civil::Date::new(year, 1, 1).ok()?;
        let in_year = (1..=i64::from(first.days_in_year())).contains(&ordinal);
        return in_year.then(|| first.checked_add(Span::new().try_days(ordinal - 1).ok()?).ok()).flatten();
    }
    let month = i8::try_from(number(found, "month").unwrap_or(1)).ok()?;
    civil::Date::new(year, month, i8::try_from(number(found, "day").unwrap_or(1)).ok()?).ok()
}

/// A time of day, and whether it is 24:00, midnight of the next.
fn time_of(text: &str) -> Option<(civil::Time, bool)> {
    let found = TIME.as_ref()?.captures(text)?;
    let part = |name| i8::try_from(number(&found, name).unwrap_or(0)).ok();
    let (hour, minute, second) = (part("hour")?, part("minute")?, part("second")?);
    let millis = found.name("fraction").map_or(0, |fraction| {
        let digits = format!("{:0<3}", fraction.as_str());
        digits[..3].parse::<i32>().unwrap_or(0)
    });
    if hour == 24 {
        return (minute == 0 && second == 0 && millis == 0).then_some((civil::Time::midnight(), true));
    }
    Some((civil::Time::new(hour, minute, second, millis * 1_000_000).ok()?, false))
}

/// Minutes ahead of UTC.
pub(super) fn offset_of(text: &str) -> Option<i32> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) =
        if digits.len() <= 2 { (digits.as_str(), "0") } else { digits.split_at(digits.len() - 2) };
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let offset = hours * 60 + minutes;
    (hours <= 18 && minutes < 60).then_some(if text.starts_with('-') { -offset } else { offset })
}

/// `Tue, 14 Nov 2023 22:13:20 +0100`
pub(super) fn parse_rfc2822(text: &str, zone: Option<&str>) -> Moment {
    let Some(target) = time_zone(zone.unwrap_or("UTC")) else {
        return Moment::invalid("unsupported zone");
    };
    let spaced = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match rfc2822(spaced.split(" (").next().unwrap_or_default()) {
        Some(zoned) => Moment::of(zoned.with_time_zone(target)),
        None => Moment::invalid("unparsable"),
    }
}

fn rfc2822(text: &str) -> Option<Zoned> {
    let found = RFC2822.as_ref()?.captures(text)?;
    let year = match number(&found, "year")? {
        short @ 0..=49 if found["year"].len() == 2 => short + 2000,
        short @ 50..=999 if found["year"].len() <= 3 => short + 1900,
        year => year,
    };
    let month = MONTHS.iter().position(|month| month[..3] == found["month"])? + 1;
    let part = |name| i8::try_from(number(&found, name).unwrap_or(0)).ok();
    let date = civil::Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, part("day")?).ok()?;
    let time = civil::Time::new(part("hour")?, part("minute")?, part("second")?, 0).ok()?;
    let offset = match found.name("name").map(|name| name.as_str()) {
        Some("EDT") => -240,
        Some("EST" | "CDT") => -300,
        Some("CST" | "MDT") => -360,
        Some("MST" | "PDT") => -420,
        Some("PST") => -480,
        Some(_) => 0,
        None => offset_of(&found["offset"])?,
    };
    date.to_datetime(time).to_zoned(fixed_zone(offset)).ok()
}

fn is_set(options: &JValue, name: &str, default: bool) -> bool {
    match options.get(name) {
        Some(value) if !coerce::is_nothing(value) => coerce::is_truthy(value),
        _ => default,
    }
}

fn is_basic(options: &JValue) -> bool {
    options.get("format").and_then(JValue::as_str) == Some("basic")
}

/// `2023-11-14T22:13:20.123+01:00`. Options: format (basic), suppressMilliseconds, suppressSeconds, includeOffset.
pub(super) fn date_time(zoned: &Zoned, options: &JValue) -> String {
    format!("{}T{}", date(zoned, options), time(zoned, options))
}

pub(super) fn date(zoned: &Zoned, options: &JValue) -> String {
    let date = zoned.date();
    let dash = if is_basic(options) { "" } else { "-" };
    let year = match date.year() {
        year @ 0..=9999 => format!("{year:04}"),
        year => format!("-{:06}", year.unsigned_abs()),
    };
    format!("{year}{dash}{:02}{dash}{:02}", date.month(), date.day())
}

pub(super) fn time(zoned: &Zoned, options: &JValue) -> String {
    let colon = if is_basic(options) { "" } else { ":" };
    let (second, millis) = (zoned.second(), zoned.millisecond());
    let mut text = format!("{:02}{colon}{:02}", zoned.hour(), zoned.minute());
    let without_millis = millis == 0 && is_set(options, "suppressMilliseconds", false);
    if !(second == 0 && millis == 0 && is_set(options, "suppressSeconds", false)) {
        text.push_str(&format!("{colon}{second:02}"));
        if !without_millis {
            text.push_str(&format!(".{millis:03}"));
        }
    }
    if is_set(options, "includeOffset", true) {
        let is_utc = zoned.time_zone().to_fixed_offset().is_ok_and(|offset| offset.is_zero());
        if is_utc {
            text.push('Z');
        } else {
            // With its colon also in the basic format, as Luxon writes it.
            text.push_str(&format::offset(zoned, OffsetForm::Short));
        }
    }
    text
}

/// `22:13:20.123 +01:00`. Options: includeOffset, includeZone.
pub(super) fn sql_time(zoned: &Zoned, options: &JValue) -> Result<String, Refusal> {
    let mut text = format::format(zoned, "HH:mm:ss.SSS")?;
    if is_set(options, "includeZone", false) {
        text.push_str(&format!(" {}", zone_name(zoned.time_zone())));
    } else if is_set(options, "includeOffset", true) {
        text.push_str(&format!(" {}", format::offset(zoned, OffsetForm::Short)));
    }
    Ok(text)
}
