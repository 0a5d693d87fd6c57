//! Dates for people, in English as it is written in the United States: relative times and local forms.

use jiff::Zoned;
use jsonata_core::value::JValue;

use super::super::{Refusal, coerce, objects};
use super::moment::Moment;
use super::units::Unit;
use super::{arithmetic, format, moment_of, unit_of};

/// Refuses a locale, given as a text or as the option `locale`, that is not English.
pub(super) fn check_locale(value: &JValue) -> Result<(), Refusal> {
    match value {
        JValue::String(locale) if !locale.to_ascii_lowercase().starts_with("en") => {
            Err(Refusal::argument(format!("dates are written in English only, not in the locale {locale:?}")))
        }
        JValue::Object(options) => options.get("locale").map_or(Ok(()), check_locale),
        _ => Ok(()),
    }
}

/// `in 3 days`, `2 hours ago`. Options: base, unit, style (long, short, narrow), round.
pub(super) fn relative(moment: &Moment, now: &Moment, options: &JValue) -> Result<String, Refusal> {
    const UNITS: [Unit; 6] = [Unit::Year, Unit::Month, Unit::Day, Unit::Hour, Unit::Minute, Unit::Second];
    let (one, base, units) = ends(moment, now, options, &UNITS)?;
    let rounded = |count: f64| match options.get("round") {
        Some(JValue::Bool(false)) => (count * 100.0).trunc() / 100.0,
        _ => count.trunc(),
    };
    for unit in &units {
        let count = arithmetic::difference(&one, &base, &[*unit]).get(*unit);
        if count.abs() >= 1.0 {
            return Ok(always(rounded(count), *unit, options));
        }
    }
    let last = units.last().copied().unwrap_or(Unit::Second);
    Ok(always(if one.timestamp() < base.timestamp() { -0.0 } else { 0.0 }, last, options))
}

/// `tomorrow`, `last month`, `in 2 years`: by the calendar, whatever the time of day. Options: base, unit.
pub(super) fn relative_calendar(moment: &Moment, now: &Moment, options: &JValue) -> Result<String, Refusal> {
    const UNITS: [Unit; 3] = [Unit::Year, Unit::Month, Unit::Day];
    let (one, base, units) = ends(moment, now, options, &UNITS)?;
    let mut said = String::new();
    for unit in units {
        let (start, other) = (arithmetic::start_of(&one, unit), arithmetic::start_of(&base, unit));
        let count = match (start.zoned(), other.zoned()) {
            (Some(start), Some(other)) => arithmetic::difference(start, other, &[unit]).get(unit).trunc(),
            _ => 0.0,
        };
        let name = unit.singular();
        said = match (unit, count) {
            (Unit::Day, 0.0) => "today".to_owned(),
            (Unit::Day, 1.0) => "tomorrow".to_owned(),
            (Unit::Day, -1.0) => "yesterday".to_owned(),
            (_, 0.0) => format!("this {name}"),
            (_, 1.0) => format!("next {name}"),
            (_, -1.0) => format!("last {name}"),
            _ => always(count, unit, options),
        };
        if count != 0.0 {
            break;
        }
    }
    Ok(said)
}

/// The date, what it is told from, in the same zone, and the units to tell it in.
fn ends(
    moment: &Moment,
    now: &Moment,
    options: &JValue,
    usual: &[Unit],
) -> Result<(Zoned, Zoned, Vec<Unit>), Refusal> {
    check_locale(options)?;
    let base = match options.get("base") {
        Some(base) if objects::known(base).is_some() => moment_of(base)?,
        _ => now.clone(),
    };
    let units = match options.get("unit") {
        Some(JValue::Array(units)) => units.iter().map(unit_of).collect::<Result<Vec<_>, _>>()?,
        Some(unit) if !coerce::is_nothing(unit) => vec![unit_of(unit)?],
        _ => usual.to_vec(),
    };
    match (moment.zoned(), base.zoned()) {
        (Some(one), Some(base)) => Ok((one.clone(), base.with_time_zone(one.time_zone().clone()), units)),
        _ => Err(Refusal::argument("a date that is told relative to another needs both to be valid")),
    }
}

fn always(count: f64, unit: Unit, options: &JValue) -> String {
    let amount = coerce::number_text(count.abs());
    let is_one = count.abs() == 1.0;
    let name = match options.get("style").and_then(JValue::as_str) {
        Some("short" | "narrow") => short(unit, is_one).to_owned(),
        _ if is_one => unit.singular().to_owned(),
        _ => unit.plural().to_owned(),
    };
    if count.is_sign_negative() { format!("{amount} {name} ago") } else { format!("in {amount} {name}") }
}

fn short(unit: Unit, is_one: bool) -> &'static str {
    match unit {
        Unit::Year => "yr.",
        Unit::Quarter if is_one => "qtr.",
        Unit::Quarter => "qtrs.",
        Unit::Month => "mo.",
        Unit::Week => "wk.",
        Unit::Day if is_one => "day",
        Unit::Day => "days",
        Unit::Hour => "hr.",
        Unit::Minute => "min.",
        Unit::Second => "sec.",
        Unit::Millisecond => "ms",
    }
}

/// `11/14/2023` without options; else the parts that they name (dateStyle, timeStyle, or weekday, year, month, day,
/// hour, minute, second, timeZoneName, hour12) in their usual order.
pub(super) fn in_english(zoned: &Zoned, options: &JValue) -> Result<String, Refusal> {
    check_locale(options)?;
    let option = |name: &str| options.get(name).and_then(JValue::as_str);
    let styled = |style: Option<&str>, forms: [&'static str; 4]| {
        style.map(|style| match style {
            "full" => forms[0],
            "long" => forms[1],
            "medium" => forms[2],
            _ => forms[3],
        })
    };
    let date = styled(option("dateStyle"), ["DDDD", "DDD", "DD", "M/d/yy"]);
    let time = styled(option("timeStyle"), ["h:mm:ss a ZZZZZ", "h:mm:ss a ZZZZ", "tt", "t"]);
    let (date, time) = match (date, time) {
        (None, None) => (date_form(&option), time_form(options, &option)),
        (date, time) => (date.map(str::to_owned), time.map(str::to_owned)),
    };
    let form = match (date, time) {
        (Some(date), Some(time)) => format!("{date}, {time}"),
        (Some(form), None) | (None, Some(form)) => form,
        (None, None) => "M/d/yyyy".to_owned(),
    };
    format::format(zoned, &form)
}

fn date_form<'o>(option: &impl Fn(&str) -> Option<&'o str>) -> Option<String> {
    let of = |value: Option<&str>, forms: [&'static str; 4]| {
        value.map(|value| match value {
            "2-digit" => forms[1],
            "short" | "narrow" => forms[2],
            "long" => forms[3],
            _ => forms[0],
        })
    };
    let weekday = of(option("weekday"), ["EEE", "EEE", "EEE", "EEEE"]);
    let month = of(option("month"), ["M", "MM", "LLL", "LLLL"]);
    let day = of(option("day"), ["d", "dd", "d", "d"]);
    let year = of(option("year"), ["yyyy", "yy", "yyyy", "yyyy"]);
    let is_worded = month.is_some_and(|month| month.starts_with('L'));
    let calendar = if is_worded {
        let day_of_month = [month, day].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let parts = [Some(day_of_month.as_str()), year].into_iter().flatten();
        parts.collect::<Vec<_>>().join(if day.is_some() { ", " } else { " " })
    } else {
        [month, day, year].into_iter().flatten().collect::<Vec<_>>().join("/")
    };
    let parts =
        [weekday, Some(calendar.as_str()).filter(|calendar| !calendar.is_empty())].into_iter().flatten();
    let form = parts.collect::<Vec<_>>().join(", ");
    (!form.is_empty()).then_some(form)
}

fn time_form<'o>(options: &JValue, option: &impl Fn(&str) -> Option<&'o str>) -> Option<String> {
    let is_24 =
        matches!(options.get("hour12"), Some(JValue::Bool(false))) || option("hourCycle") == Some("h23");
    let hour = option("hour").map(|hour| match (is_24, hour) {
        (true, _) => "HH",
        (false, "2-digit") => "hh",
        (false, _) => "h",
    });
    let minute = option("minute").map(|_| "mm");
    let second = option("second").map(|_| "ss");
    let clock = [hour, minute, second].into_iter().flatten().collect::<Vec<_>>().join(":");
    let half = (hour.is_some() && !is_24).then_some("a");
    let zone = option("timeZoneName").map(|_| "ZZZZ");
    let parts = [Some(clock.as_str()).filter(|clock| !clock.is_empty()), half, zone].into_iter().flatten();
    let form = parts.collect::<Vec<_>>().join(" ");
    (!form.is_empty()).then_some(form)
}
