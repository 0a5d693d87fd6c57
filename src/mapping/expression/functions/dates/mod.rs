//! Dates, as the library Luxon has them, which mappings for Truto are written against.
//!
//! `$dtFromIso` and `$dtFromFormat` give dates: objects whose parts are plain properties (`year`, `weekday`, `zoneName`,
//! `isValid` and so on) and whose methods are called (`$dtFromIso(x).toUTC().toFormat('yyyy-MM-dd')`). In JSON a date is
//! its ISO 8601 form; an invalid one is null, and its properties are too. `$zonedTimeToUtc` and `$utcToZonedTime` are our
//! own, and plain text on both sides.
//!
//! The local zone is UTC, on every machine. "Now" is the instant of the scope. Names of months and weekdays, relative
//! times and local forms are English (as in the United States); another locale is refused. The calendar is the
//! Gregorian one, years go from -9999 to 9999, and the zones are those of the IANA database that is built in (by the
//! crate jiff: it is kept by the author of `regex`, and does what Luxon does with months that end early and clocks that
//! are set forward).

mod arithmetic;
mod duration;
mod format;
mod iso;
mod local;
mod moment;
mod parse;
mod units;
mod zones;

use jsonata_core::value::JValue;

use self::duration::Duration;
use self::moment::Moment;
use self::units::Unit;
use super::objects::{self, Kind};
use super::{HostFunction, HostResult, Refusal, Surroundings, arg, coerce};

pub(super) const FUNCTIONS: &[HostFunction] = &[
    HostFunction::among(
        "dtFromIso",
        "text, zone?",
        "The date that the ISO 8601 text holds, in UTC, or in the zone. A text without an offset is taken to be in UTC. \
         Invalid for anything else.",
        from_iso,
    )
    .core_only(),
    HostFunction::among(
        "dtFromFormat",
        "text, format, options?",
        "The date that the text holds in Luxon's format, such as 'LL/dd/yyyy'; or in one of the forms RFC2822, ISO and \
         fromSeconds (seconds since the Unix epoch). With the option zone it is in that zone, where a text without an \
         offset is taken to be, too. Invalid if it does not fit.",
        from_format,
    )
    .core_only(),
    HostFunction::plain(
        "zonedTimeToUtc",
        "local, zone",
        "The instant, as ISO 8601 in UTC, of a local date and time such as 2026-01-31T09:30:00 in a zone such as Europe/Paris. \
         Nothing for anything else.",
        zones::to_utc,
    ),
    HostFunction::plain(
        "utcToZonedTime",
        "instant, zone",
        "The local date and time, in whole seconds, that the ISO 8601 instant is in the zone: 2026-01-31T09:30:00. A text \
         without an offset is taken to be in UTC, a day to be its midnight. Nothing for anything else.",
        zones::from_utc,
    ),
];

pub(super) const METHODS: &[&str] = &[
    "plus",
    "minus",
    "set",
    "startOf",
    "endOf",
    "setZone",
    "setLocale",
    "reconfigure",
    "toUTC",
    "toLocal",
    "toFormat",
    "toISO",
    "toISODate",
    "toISOTime",
    "toISOWeekDate",
    "toRFC2822",
    "toHTTP",
    "toSQL",
    "toSQLDate",
    "toSQLTime",
    "toJSDate",
    "toMillis",
    "toSeconds",
    "toUnixInteger",
    "toRelative",
    "toRelativeCalendar",
    "toLocaleString",
    "diff",
    "diffNow",
    "until",
    "hasSame",
    "equals",
    "valueOf",
    "toString",
    "toJSON",
];

pub(super) const DURATION_METHODS: &[&str] = &[
    "as",
    "toObject",
    "plus",
    "minus",
    "shiftTo",
    "normalize",
    "negate",
    "toFormat",
    "toISO",
    "toMillis",
    "get",
    "valueOf",
    "toString",
    "toJSON",
];

pub(super) const INTERVAL_METHODS: &[&str] =
    &["toISO", "length", "toDuration", "contains", "toString", "toJSON"];

fn from_iso(args: &[JValue], surroundings: &Surroundings) -> HostResult {
    let moment = match arg(args, 0) {
        JValue::String(text) => iso::parse(text, None, surroundings.instant),
        _ => Moment::invalid("unparsable"),
    };
    Ok(match zone_of(arg(args, 1))? {
        Some(zone) => moment.in_zone(&zone).object(),
        None => moment.object(),
    })
}

fn from_format(args: &[JValue], surroundings: &Surroundings) -> HostResult {
    let zone = zone_of(arg(args, 2))?;
    let JValue::String(format) = arg(args, 1) else {
        return Err(Refusal::argument("$dtFromFormat takes a text and a format"));
    };
    let text = match arg(args, 0) {
        JValue::String(text) => text.to_string(),
        JValue::Number(number) => coerce::number_text(*number),
        _ => return Ok(Moment::invalid("unparsable").object()),
    };
    let moment = match &**format {
        "ISO" => iso::parse(&text, zone.as_deref(), surroundings.instant),
        "RFC2822" => iso::parse_rfc2822(&text, zone.as_deref()),
        "fromSeconds" => match leading_integer(&text).and_then(|seconds| seconds.checked_mul(1000)) {
            Some(millis) => Moment::of_millis(millis, zone.as_deref()),
            None => Moment::invalid("unparsable"),
        },
        _ => parse::parse(&text, format, zone.as_deref(), surroundings.instant)?,
    };
    Ok(moment.object())
}

/// JavaScript's `parseInt`.
fn leading_integer(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
    let number: i64 = digits[..end].parse().ok()?;
    Some(if text.starts_with('-') { -number } else { number })
}

/// A zone as a text, or as the field `zone` of options.
fn zone_of(value: &JValue) -> Result<Option<String>, Refusal> {
    match value {
        JValue::String(zone) => Ok(Some(zone.to_string())),
        JValue::Object(options) => match options.get("zone") {
            Some(zone) => zone_of(zone),
            None => Ok(None),
        },
        // Used as a callback the function is given the index of the item here.
        _ => Ok(None),
    }
}

/// What a date is in JSON.
pub(super) fn in_json(state: &str) -> JValue {
    Moment::read(state)
        .zoned()
        .map_or(JValue::Null, |zoned| JValue::string(iso::date_time(zoned, &JValue::Undefined)))
}

pub(super) fn duration_in_json(state: &str) -> JValue {
    JValue::string(Duration::read(state).to_iso())
}

pub(super) fn interval_in_json(state: &str) -> JValue {
    let (start, end) = interval(state);
    let text = |moment: &Moment| moment.zoned().map(|zoned| iso::date_time(zoned, &JValue::Undefined));
    match (text(&start), text(&end)) {
        (Some(start), Some(end)) => JValue::string(format!("{start}/{end}")),
        _ => JValue::Null,
    }
}

/// Calls a method of a date.
pub(super) fn call(state: &str, name: &str, args: &[JValue], surroundings: &Surroundings) -> HostResult {
    let moment = Moment::read(state);
    let Some(zoned) = moment.zoned() else {
        return Ok(of_invalid(&moment, name));
    };
    let first = arg(args, 0);
    Ok(match name {
        "plus" => moment.plus(&duration_of(first)?, 1.0).object(),
        "minus" => moment.plus(&duration_of(first)?, -1.0).object(),
        "set" => arithmetic::set(zoned, first)?.object(),
        "startOf" => arithmetic::start_of(zoned, unit_of(first)?).object(),
        "endOf" => arithmetic::end_of(zoned, unit_of(first)?).object(),
        "setZone" => arithmetic::set_zone(zoned, first, arg(args, 1)).object(),
        "setLocale" | "reconfigure" => {
            local::check_locale(first)?;
            moment.object()
        }
        "toUTC" => arithmetic::to_utc(zoned, first).object(),
        "toLocal" => moment.in_zone("UTC").object(),
        // A date of JavaScript's knows no zone and is written in UTC.
        "toJSDate" => moment.in_zone("UTC").object(),
        "toFormat" => {
            local::check_locale(arg(args, 1))?;
            match first {
                JValue::String(format) => JValue::string(format::format(zoned, format)?),
                _ => return Err(Refusal::argument("toFormat takes a format")),
            }
        }
        "toISO" | "toString" | "toJSON" => JValue::string(iso::date_time(zoned, first)),
        "toISODate" => JValue::string(iso::date(zoned, first)),
        "toISOTime" => JValue::string(iso::time(zoned, first)),
        "toISOWeekDate" => JValue::string(format::format(zoned, "kkkk-'W'WW-c")?),
        "toRFC2822" => JValue::string(format::format(zoned, "EEE, dd LLL yyyy HH:mm:ss ZZZ")?),
        "toHTTP" => {
            let utc = moment.in_zone("UTC");
            match utc.zoned() {
                Some(utc) => JValue::string(format::format(utc, "EEE, dd LLL yyyy HH:mm:ss 'GMT'")?),
                None => JValue::Null,
            }
        }
        "toSQL" => {
            let (date, time) = (iso::date(zoned, &JValue::Undefined), iso::sql_time(zoned, first)?);
            JValue::string(format!("{date} {time}"))
        }
        "toSQLDate" => JValue::string(iso::date(zoned, &JValue::Undefined)),
        "toSQLTime" => JValue::string(iso::sql_time(zoned, first)?),
        "toMillis" | "valueOf" => JValue::from_i64(moment.millis()),
        "toSeconds" => JValue::from_f64(moment.millis() as f64 / 1000.0),
        "toUnixInteger" => JValue::from_i64(moment.millis().div_euclid(1000)),
        "toRelative" => {
            let now = Moment::of_millis(surroundings.instant("now")?, None);
            JValue::string(local::relative(&moment, &now, first)?)
        }
        "toRelativeCalendar" => {
            let now = Moment::of_millis(surroundings.instant("now")?, None);
            JValue::string(local::relative_calendar(&moment, &now, first)?)
        }
        "toLocaleString" => JValue::string(local::in_english(zoned, first)?),
        "diff" => difference(&moment, first, arg(args, 1))?,
        "diffNow" => {
            let now = Moment::of_millis(surroundings.instant("now")?, None);
            between(&moment, &now, first)?
        }
        "until" => {
            let other = moment_of(first)?;
            interval_object(&moment, &other)
        }
        "hasSame" => {
            let other = moment_of(first)?;
            JValue::Bool(arithmetic::has_same(zoned, &other, unit_of(arg(args, 1))?))
        }
        "equals" => {
            let same =
                objects::known(first).is_some_and(|(kind, other)| kind == Kind::Date && other == state);
            JValue::Bool(same)
        }
        other => return Err(Refusal::argument(format!("a date has no method {other}"))),
    })
}

/// What an invalid date gives.
fn of_invalid(moment: &Moment, name: &str) -> JValue {
    match name {
        "toFormat" | "toLocaleString" | "toString" => JValue::string("Invalid DateTime"),
        "hasSame" | "equals" => JValue::Bool(false),
        "plus" | "minus" | "set" | "startOf" | "endOf" | "setZone" | "setLocale" | "reconfigure"
        | "toUTC" | "toLocal" | "toJSDate" => moment.object(),
        _ => JValue::Null,
    }
}

fn moment_of(value: &JValue) -> Result<Moment, Refusal> {
    match objects::known(value) {
        Some((Kind::Date, state)) => Ok(Moment::read(state)),
        _ => Err(Refusal::argument("another date is needed here: $dtFromIso makes one of a text")),
    }
}

fn unit_of(value: &JValue) -> Result<Unit, Refusal> {
    match value {
        JValue::String(name) => {
            Unit::named(name).ok_or_else(|| Refusal::argument(format!("{name:?} is no unit of time")))
        }
        _ => Err(Refusal::argument("a unit of time is needed here, such as 'day'")),
    }
}

/// One unit, a list of them, or milliseconds.
fn units_of(value: &JValue) -> Result<Vec<Unit>, Refusal> {
    match value {
        nothing if coerce::is_nothing(nothing) => Ok(vec![Unit::Millisecond]),
        JValue::Array(names) => {
            let mut units = names.iter().map(unit_of).collect::<Result<Vec<_>, _>>()?;
            units.sort();
            units.dedup();
            Ok(units)
        }
        name => Ok(vec![unit_of(name)?]),
    }
}

/// A duration, an object of units, an ISO 8601 duration, or milliseconds.
fn duration_of(value: &JValue) -> Result<Duration, Refusal> {
    if let Some((Kind::Duration, state)) = objects::known(value) {
        return Ok(Duration::read(state));
    }
    match value {
        JValue::Number(millis) => Ok(Duration::of(Unit::Millisecond, *millis)),
        JValue::Object(fields) => Duration::of_fields(fields),
        _ => Err(Refusal::argument("a duration is needed here, such as {'days': 1}")),
    }
}

fn difference(moment: &Moment, other: &JValue, units: &JValue) -> HostResult {
    between(moment, &moment_of(other)?, units)
}

fn between(moment: &Moment, other: &Moment, units: &JValue) -> HostResult {
    let units = units_of(units)?;
    match (moment.zoned(), other.zoned()) {
        (Some(one), Some(other)) => Ok(arithmetic::difference(one, other, &units).object()),
        _ => Ok(JValue::Null),
    }
}

/// Calls a method of a duration.
pub(super) fn call_duration(state: &str, name: &str, args: &[JValue]) -> HostResult {
    let duration = Duration::read(state);
    let first = arg(args, 0);
    Ok(match name {
        "as" => JValue::from_f64(duration.as_unit(unit_of(first)?)),
        "get" => JValue::from_f64(duration.get(unit_of(first)?)),
        "toObject" => duration.plain_object(),
        "plus" => duration.plus(&duration_of(first)?, 1.0).object(),
        "minus" => duration.plus(&duration_of(first)?, -1.0).object(),
        "shiftTo" => {
            let mut units = args.iter().map(unit_of).collect::<Result<Vec<_>, _>>()?;
            units.sort();
            units.dedup();
            if units.is_empty() { duration.object() } else { duration.shift_to(&units).object() }
        }
        "normalize" => duration.normalized().object(),
        "negate" => duration.times(-1.0).object(),
        "toFormat" => match first {
            JValue::String(format) => JValue::string(duration.to_format(format)?),
            _ => return Err(Refusal::argument("toFormat takes a format")),
        },
        "toISO" | "toString" | "toJSON" => JValue::string(duration.to_iso()),
        "toMillis" | "valueOf" => JValue::from_f64(duration.as_unit(Unit::Millisecond)),
        other => return Err(Refusal::argument(format!("a duration has no method {other}"))),
    })
}

/// The state is that of both ends.
fn interval(state: &str) -> (Moment, Moment) {
    let (start, end) = state.split_once(" to ").unwrap_or((state, state));
    (Moment::read(start), Moment::read(end))
}

fn interval_object(start: &Moment, end: &Moment) -> JValue {
    let is_valid = start.zoned().is_some() && end.zoned().is_some() && start.millis() <= end.millis();
    let properties = [
        ("start".to_owned(), start.object()),
        ("end".to_owned(), end.object()),
        ("isValid".to_owned(), JValue::Bool(is_valid)),
    ];
    objects::object(Kind::Interval, &format!("{} to {}", start.state(), end.state()), properties)
}

/// Calls a method of an interval.
pub(super) fn call_interval(state: &str, name: &str, args: &[JValue]) -> HostResult {
    let (start, end) = interval(state);
    Ok(match name {
        "toISO" | "toString" | "toJSON" => interval_in_json(state),
        "length" => match between(&end, &start, arg(args, 0))? {
            JValue::Null => JValue::Null,
            duration => {
                let unit = units_of(arg(args, 0))?.first().copied().unwrap_or(Unit::Millisecond);
                JValue::from_f64(duration_of(&duration)?.get(unit))
            }
        },
        "toDuration" => between(&end, &start, arg(args, 0))?,
        "contains" => {
            let at = moment_of(arg(args, 0))?.millis();
            JValue::Bool(start.millis() <= at && at < end.millis())
        }
        other => return Err(Refusal::argument(format!("an interval has no method {other}"))),
    })
}

/// An ISO 8601 text in another format, or, without one, in full.
pub(super) fn rewritten(text: &str, format: Option<&str>, now: Option<i64>) -> Result<String, Refusal> {
    let moment = iso::parse(text, None, now);
    let Some(zoned) = moment.zoned() else {
        return Err(Refusal::argument(format!("{text:?} is no date in ISO 8601")));
    };
    match format {
        Some(format) => self::format::format(zoned, format),
        None => Ok(iso::date_time(zoned, &JValue::Undefined)),
    }
}
