//! Dates as texts, by Luxon's tokens.

use jiff::Zoned;

use super::super::Refusal;
use super::moment::{offset_minutes, offset_name, zone_name};

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A run of one letter, or a text that stands for itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub text: String,
    pub is_literal: bool,
}

/// The longest format, in bytes.
const LONGEST: usize = 256;

/// Splits a format as Luxon does: a run of the same letter is one token, and what is in single quotes is literal.
pub(super) fn tokens(format: &str) -> Result<Vec<Token>, Refusal> {
    if format.len() > LONGEST {
        return Err(Refusal { code: "U2002", message: format!("a format is at most {LONGEST} bytes long") });
    }
    let mut tokens: Vec<Token> = Vec::new();
    let mut quoted: Option<String> = None;
    for letter in format.chars() {
        match (&mut quoted, letter) {
            (Some(text), '\'') => {
                let text = if text.is_empty() { "'".to_owned() } else { std::mem::take(text) };
                tokens.push(Token { text, is_literal: true });
                quoted = None;
            }
            (None, '\'') => quoted = Some(String::new()),
            (Some(text), letter) => text.push(letter),
            (None, letter) => {
                let is_literal = !letter.is_ascii_alphabetic();
                match tokens.last_mut() {
                    Some(last)
                        if last.is_literal == is_literal && last.text.ends_with(letter) && !is_literal =>
                    {
                        last.text.push(letter);
                    }
                    _ => tokens.push(Token { text: letter.to_string(), is_literal }),
                }
            }
        }
    }
    if let Some(text) = quoted.filter(|text| !text.is_empty()) {
        tokens.push(Token { text, is_literal: true });
    }
    Ok(tokens)
}

/// What a token that stands for others stands for, in English.
pub(super) fn expanded(token: &str) -> Option<&'static str> {
    Some(match token {
        "D" => "M/d/yyyy",
        "DD" => "LLL d, yyyy",
        "DDD" => "LLLL d, yyyy",
        "DDDD" => "EEEE, LLLL d, yyyy",
        "t" => "h:mm a",
        "tt" => "h:mm:ss a",
        "ttt" => "h:mm:ss a ZZZZ",
        "tttt" => "h:mm:ss a ZZZZZ",
        "T" => "HH:mm",
        "TT" => "HH:mm:ss",
        "TTT" => "HH:mm:ss ZZZZ",
        "TTTT" => "HH:mm:ss ZZZZZ",
        "f" => "M/d/yyyy, h:mm a",
        "ff" => "LLL d, yyyy, h:mm a",
        "fff" => "LLLL d, yyyy 'at' h:mm a ZZZZ",
        "ffff" => "EEEE, LLLL d, yyyy 'at' h:mm a ZZZZZ",
        "F" => "M/d/yyyy, h:mm:ss a",
        "FF" => "LLL d, yyyy, h:mm:ss a",
        "FFF" => "LLLL d, yyyy 'at' h:mm:ss a ZZZZ",
        "FFFF" => "EEEE, LLLL d, yyyy 'at' h:mm:ss a ZZZZZ",
        _ => return None,
    })
}

/// The date in that format. A run of letters that is no token stands for itself.
pub(super) fn format(zoned: &Zoned, format: &str) -> Result<String, Refusal> {
    let mut text = String::new();
    for token in tokens(format)? {
        if token.is_literal {
            text.push_str(&token.text);
        } else if let Some(format) = expanded(&token.text) {
            text.push_str(&self::format(zoned, format)?);
        } else {
            match part(zoned, &token.text) {
                Some(part) => text.push_str(&part),
                None => text.push_str(&token.text),
            }
        }
    }
    Ok(text)
}

fn part(zoned: &Zoned, token: &str) -> Option<String> {
    let padded = |number: i64, width: usize| {
        let sign = if number < 0 { "-" } else { "" };
        format!("{sign}{:0width$}", number.unsigned_abs())
    };
    let year = i64::from(zoned.year());
    let millisecond = i64::from(zoned.millisecond());
    let twelve = (i64::from(zoned.hour()) + 11) % 12 + 1;
    let weekday = i64::from(zoned.weekday().to_monday_one_offset());
    let weekday_name = WEEKDAYS[usize::from(zoned.weekday().to_monday_zero_offset().unsigned_abs())];
    let month_name = MONTHS[usize::from(zoned.month().unsigned_abs()) - 1];
    let week = zoned.date().iso_week_date();
    let quarter = (i64::from(zoned.month()) + 2) / 3;
    Some(match token {
        "S" => padded(millisecond, 1),
        "SSS" | "u" => padded(millisecond, 3),
        "uu" => padded(millisecond / 10, 2),
        "uuu" => padded(millisecond / 100, 1),
        "s" => padded(zoned.second().into(), 1),
        "ss" => padded(zoned.second().into(), 2),
        "m" => padded(zoned.minute().into(), 1),
        "mm" => padded(zoned.minute().into(), 2),
        "h" => padded(twelve, 1),
        "hh" => padded(twelve, 2),
        "H" => padded(zoned.hour().into(), 1),
        "HH" => padded(zoned.hour().into(), 2),
        "Z" => offset(zoned, OffsetForm::Narrow),
        "ZZ" => offset(zoned, OffsetForm::Short),
        "ZZZ" => offset(zoned, OffsetForm::Compact),
        "ZZZZ" | "ZZZZZ" => offset_name(zoned),
        "z" => zone_name(zoned.time_zone()),
        "a" => if zoned.hour() < 12 { "AM" } else { "PM" }.to_owned(),
        "d" => padded(zoned.day().into(), 1),
        "dd" => padded(zoned.day().into(), 2),
        "c" | "E" => padded(weekday, 1),
        "ccc" | "EEE" => weekday_name[..3].to_owned(),
        "cccc" | "EEEE" => weekday_name.to_owned(),
        "ccccc" | "EEEEE" => weekday_name[..1].to_owned(),
        "L" | "M" => padded(zoned.month().into(), 1),
        "LL" | "MM" => padded(zoned.month().into(), 2),
        "LLL" | "MMM" => month_name[..3].to_owned(),
        "LLLL" | "MMMM" => month_name.to_owned(),
        "LLLLL" | "MMMMM" => month_name[..1].to_owned(),
        "y" => padded(year, 1),
        "yy" => padded(year.rem_euclid(100), 2),
        "yyyy" => padded(year, 4),
        "yyyyyy" => padded(year, 6),
        "G" => if year > 0 { "AD" } else { "BC" }.to_owned(),
        "GG" => if year > 0 { "Anno Domini" } else { "Before Christ" }.to_owned(),
        "GGGGG" => if year > 0 { "A" } else { "B" }.to_owned(),
        "kk" | "ii" => padded(i64::from(week.year()).rem_euclid(100), 2),
        "kkkk" | "iiii" => padded(week.year().into(), 4),
        "W" | "n" => padded(week.week().into(), 1),
        "WW" | "nn" => padded(week.week().into(), 2),
        "o" => padded(zoned.day_of_year().into(), 1),
        "ooo" => padded(zoned.day_of_year().into(), 3),
        "q" => padded(quarter, 1),
        "qq" => padded(quarter, 2),
        "X" => zoned.timestamp().as_millisecond().div_euclid(1000).to_string(),
        "x" => zoned.timestamp().as_millisecond().to_string(),
        _ => return None,
    })
}

/// How an offset is written.
#[derive(Clone, Copy)]
pub(super) enum OffsetForm {
    /// `+5`, `+5:30`
    Narrow,
    /// `+05:30`
    Short,
    /// `+0530`
    Compact,
}

pub(super) fn offset(zoned: &Zoned, form: OffsetForm) -> String {
    let minutes = offset_minutes(zoned);
    let sign = if minutes < 0 { '-' } else { '+' };
    let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
    match form {
        OffsetForm::Narrow if minutes == 0 => format!("{sign}{hours}"),
        OffsetForm::Narrow => format!("{sign}{hours}:{minutes:02}"),
        OffsetForm::Short => format!("{sign}{hours:02}:{minutes:02}"),
        OffsetForm::Compact => format!("{sign}{hours:02}{minutes:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_split_into_runs_and_literals() {
        let split = |format: &str| -> Vec<(String, bool)> {
            let tokens = tokens(format).expect("tokens");
            tokens.into_iter().map(|token| (token.text, token.is_literal)).collect()
        };
        let pair = |text: &str, is_literal| (text.to_owned(), is_literal);
        assert_eq!(
            split("yyyy-MM'T'HH"),
            [pair("yyyy", false), pair("-", true), pair("MM", false), pair("T", true), pair("HH", false)]
        );
        assert_eq!(split("''"), [pair("'", true)]);
        assert_eq!(split("'open"), [pair("open", true)]);
        assert!(tokens(&"y".repeat(300)).is_err());
    }
}
