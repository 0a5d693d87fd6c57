//! Dates out of texts, by Luxon's tokens.

use std::cell::RefCell;
use std::collections::VecDeque;

use jiff::civil::{self, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use regex::Regex;

use super::super::Refusal;
use super::format::{self, MONTHS, Token, WEEKDAYS};
use super::iso::offset_of;
use super::moment::{Moment, fixed_zone, time_zone};

/// What was read, by the token's first letter. Years of two digits are whole already.
#[derive(Default)]
struct Read {
    year: Option<i64>,
    month: Option<i64>,
    quarter: Option<i64>,
    day: Option<i64>,
    ordinal: Option<i64>,
    week_year: Option<i64>,
    week: Option<i64>,
    weekday: Option<i64>,
    hour: Option<i64>,
    minute: Option<i64>,
    second: Option<i64>,
    millisecond: Option<i64>,
    is_afternoon: Option<bool>,
    is_before_christ: bool,
    zone: Option<TimeZone>,
    millis: Option<i64>,
}

/// The date that the text, whole, holds in that format; the result is in the zone. What the format leaves out above its
/// longest unit is now's, below it the first.
pub(super) fn parse(
    text: &str,
    format: &str,
    zone: Option<&str>,
    now: Option<i64>,
) -> Result<Moment, Refusal> {
    let Some(target) = time_zone(zone.unwrap_or("UTC")) else {
        return Ok(Moment::invalid("unsupported zone"));
    };
    let tokens = whole_tokens(format)?;
    let Some(read) = read(text, &tokens)? else {
        return Ok(Moment::invalid("unparsable"));
    };
    Ok(match read.moment(target, now) {
        Some(moment) => moment,
        None => Moment::invalid("unit out of range"),
    })
}

/// The format's tokens, those that stand for others replaced by them.
fn whole_tokens(format: &str) -> Result<Vec<Token>, Refusal> {
    let mut whole = Vec::new();
    for token in format::tokens(format)? {
        match format::expanded(&token.text).filter(|_| !token.is_literal) {
            Some(expanded) => whole.extend(format::tokens(expanded)?),
            None => whole.push(token),
        }
    }
    Ok(whole)
}

fn read(text: &str, tokens: &[Token]) -> Result<Option<Read>, Refusal> {
    let mut pattern = "(?i)^".to_owned();
    for token in tokens {
        if token.is_literal {
            pattern.push_str(&literal(&token.text));
        } else {
            let part = pattern_of(&token.text).ok_or_else(|| {
                Refusal::argument(format!("$dtFromFormat cannot read the token {} of a format", token.text))
            })?;
            pattern.push_str(&format!("({part})"));
        }
    }
    pattern.push('$');
    let regex = compiled(pattern)?;
    let Some(found) = regex.captures(text) else {
        return Ok(None);
    };
    let mut read = Read::default();
    let read_tokens = tokens.iter().filter(|token| !token.is_literal);
    for (index, token) in read_tokens.enumerate() {
        let part = found.get(index + 1).map_or("", |part| part.as_str());
        if read.take(&token.text, part).is_none() {
            return Ok(None);
        }
    }
    Ok(Some(read))
}

/// The pattern compiled, which takes longer than everything else here: mappings have few formats, so those that this
/// thread has used last are kept.
fn compiled(pattern: String) -> Result<Regex, Refusal> {
    const KEPT: usize = 16;
    thread_local! {
        static LAST: RefCell<VecDeque<(String, Regex)>> = const { RefCell::new(VecDeque::new()) };
    }
    LAST.with_borrow_mut(|last| {
        if let Some((_, regex)) = last.iter().find(|(known, _)| *known == pattern) {
            return Ok(regex.clone());
        }
        let regex =
            Regex::new(&pattern).map_err(|error| Refusal::argument(format!("$dtFromFormat: {error}")))?;
        last.truncate(KEPT - 1);
        last.push_front((pattern, regex.clone()));
        Ok(regex)
    })
}

/// Spaces of any kind are the same.
fn literal(text: &str) -> String {
    text.chars()
        .map(
            |letter| {
                if letter.is_whitespace() { r"\s".to_owned() } else { regex::escape(&letter.to_string()) }
            },
        )
        .collect()
}

fn names(all: &[&str], length: Option<usize>) -> String {
    let names: Vec<&str> = all.iter().map(|name| &name[..length.unwrap_or(name.len())]).collect();
    names.join("|")
}

fn pattern_of(token: &str) -> Option<String> {
    let digits = match token {
        "y" => r"[0-9]{1,6}",
        "yy" | "kk" => r"[0-9]{2,4}",
        "yyyy" | "kkkk" | "iiii" => r"[0-9]{4}",
        "yyyyy" => r"[0-9]{4,6}",
        "yyyyyy" => r"[0-9]{6}",
        "q" | "E" | "c" | "uuu" => r"[0-9]",
        "M" | "L" | "d" | "H" | "h" | "m" | "s" | "W" | "n" | "uu" => r"[0-9]{1,2}",
        "qq" | "MM" | "LL" | "dd" | "HH" | "hh" | "mm" | "ss" | "WW" | "nn" | "ii" => r"[0-9]{2}",
        "o" | "S" => r"[0-9]{1,3}",
        "ooo" | "SSS" => r"[0-9]{3}",
        "u" => r"[0-9]{1,9}",
        "X" | "x" => r"[+-]?[0-9]{1,16}",
        "Z" | "ZZ" => r"[+-][0-9]{1,2}(?::[0-9]{2})?",
        "ZZZ" => r"[+-][0-9]{1,2}(?:[0-9]{2})?",
        "z" => r"[a-z_+\-/0-9]{1,256}?",
        "a" => r"am|pm|a\.m\.|p\.m\.",
        "G" => "ad|bc",
        "GG" => "anno domini|before christ",
        "GGGGG" => "a|b",
        "MMM" | "LLL" => return Some(names(&MONTHS, Some(3))),
        "MMMM" | "LLLL" => return Some(names(&MONTHS, None)),
        "EEE" | "ccc" => return Some(names(&WEEKDAYS, Some(3))),
        "EEEE" | "cccc" => return Some(names(&WEEKDAYS, None)),
        // A text that names a zone by its abbreviation is not read by Luxon either.
        _ => return None,
    };
    Some(digits.to_owned())
}

fn named(all: &[&str], name: &str) -> Option<i64> {
    let is_named =
        |known: &&str| known.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    all.iter().position(is_named).and_then(|at| i64::try_from(at + 1).ok())
}

impl Read {
    /// Takes what a token stands on; `None` when it makes no sense.
    fn take(&mut self, token: &str, part: &str) -> Option<()> {
        let number = || part.parse::<i64>().ok();
        match token {
            "y" | "yyyy" | "yyyyy" | "yyyyyy" => self.year = Some(number()?),
            "yy" => self.year = Some(whole_year(number()?)),
            "kk" | "ii" => self.week_year = Some(whole_year(number()?)),
            "kkkk" | "iiii" => self.week_year = Some(number()?),
            "q" | "qq" => self.quarter = Some(number()?),
            "M" | "L" | "MM" | "LL" => self.month = Some(number()?),
            "MMM" | "LLL" | "MMMM" | "LLLL" => self.month = Some(named(&MONTHS, part)?),
            "d" | "dd" => self.day = Some(number()?),
            "o" | "ooo" => self.ordinal = Some(number()?),
            "W" | "WW" | "n" | "nn" => self.week = Some(number()?),
            "E" | "c" => self.weekday = Some(number()?),
            "EEE" | "ccc" | "EEEE" | "cccc" => self.weekday = Some(named(&WEEKDAYS, part)?),
            "H" | "HH" | "h" | "hh" => self.hour = Some(number()?),
            "m" | "mm" => self.minute = Some(number()?),
            "s" | "ss" => self.second = Some(number()?),
            "S" | "SSS" => self.millisecond = Some(number()?),
            "u" | "uu" | "uuu" => self.millisecond = format!("{part:0<3}")[..3].parse().ok(),
            "a" => self.is_afternoon = Some(part.starts_with(['p', 'P'])),
            "G" | "GG" | "GGGGG" => self.is_before_christ = part.starts_with(['b', 'B']),
            "X" => self.millis = Some(number()?.checked_mul(1000)?),
            "x" => self.millis = Some(number()?),
            "Z" | "ZZ" | "ZZZ" => self.zone = Some(fixed_zone(offset_of(part)?)),
            "z" => self.zone = Some(time_zone(part)?),
            _ => return None,
        }
        Some(())
    }

    fn moment(&self, target: TimeZone, now: Option<i64>) -> Option<Moment> {
        if let Some(millis) = self.millis {
            let at = Timestamp::from_millisecond(millis).ok()?;
            return Some(Moment::of(at.to_zoned(target)));
        }
        let zone = self.zone.clone().unwrap_or_else(|| target.clone());
        let today = now
            .and_then(|now| Timestamp::from_millisecond(now).ok())
            .map(|at| at.to_zoned(zone.clone()).date());
        let date = self.date(today)?;
        let time = civil::Time::new(
            small(self.whole_hour())?,
            small(self.minute.unwrap_or(0))?,
            small(self.second.unwrap_or(0))?,
            i32::try_from(self.millisecond.unwrap_or(0)).ok()? * 1_000_000,
        );
        let zoned = date.to_datetime(time.ok()?).to_zoned(zone).ok()?;
        Some(Moment::of(zoned.with_time_zone(target)))
    }

    fn whole_hour(&self) -> i64 {
        let hour = self.hour.unwrap_or(0);
        match self.is_afternoon {
            Some(true) if hour < 12 => hour + 12,
            Some(false) if hour == 12 => 0,
            _ => hour,
        }
    }

    fn date(&self, today: Option<civil::Date>) -> Option<civil::Date> {
        if self.week_year.is_some() || self.week.is_some() {
            let year = match self.week_year {
                Some(year) => i16::try_from(year).ok()?,
                None => today?.iso_week_date().year(),
            };
            let weekday = Weekday::from_monday_one_offset(small(self.weekday.unwrap_or(1))?).ok()?;
            return ISOWeekDate::new(year, small(self.week.unwrap_or(1))?, weekday)
                .ok()
                .map(ISOWeekDate::date);
        }
        let year = match self.year {
            Some(year) if self.is_before_christ => i16::try_from(1 - year).ok()?,
            Some(year) => i16::try_from(year).ok()?,
            None => today?.year(),
        };
        if let Some(ordinal) = self.ordinal {
            let first = civil::Date::new(year, 1, 1).ok()?;
            let in_year = (1..=i64::from(first.days_in_year())).contains(&ordinal);
            return in_year
                .then(|| first.checked_add(Span::new().try_days(ordinal - 1).ok()?).ok())
                .flatten();
        }
        let month = match (self.month, self.quarter) {
            (Some(month), _) => small(month)?,
            (None, Some(quarter @ 1..=4)) => small(quarter * 3 - 2)?,
            (None, Some(_)) => return None,
            (None, None) if self.year.is_some() => 1,
            (None, None) => today?.month(),
        };
        let day = match self.day {
            Some(day) => small(day)?,
            None if self.year.is_some() || self.month.is_some() || self.quarter.is_some() => 1,
            None => today?.day(),
        };
        let date = civil::Date::new(year, month, day).ok()?;
        // A weekday beside a date must be the date's.
        let fits =
            self.weekday.is_none_or(|weekday| i64::from(date.weekday().to_monday_one_offset()) == weekday);
        (fits || self.day.is_none()).then_some(date)
    }
}

fn small(number: i64) -> Option<i8> {
    i8::try_from(number).ok()
}

/// Two digits up to 60 are of this century.
fn whole_year(year: i64) -> i64 {
    match year {
        0..=60 => year + 2000,
        61..=99 => year + 1900,
        year => year,
    }
}
