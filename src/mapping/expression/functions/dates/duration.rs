//! A length of time, kept in the units it was given in.

use jsonata_core::value::{JMap, JValue};

use super::super::super::values;
use super::super::objects::{self, Kind};
use super::super::{Refusal, coerce};
use super::units::Unit;

/// An amount for some of the units; none for the others.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Duration([Option<f64>; 9]);

impl Duration {
    pub(super) fn of(unit: Unit, amount: f64) -> Duration {
        let mut duration = Duration::default();
        duration.set(unit, amount);
        duration
    }

    /// Of an object such as `{"days": 1}`. Unknown units are refused, nothing is left out.
    pub(super) fn of_fields(fields: &JMap) -> Result<Duration, Refusal> {
        let mut duration = Duration::default();
        for (name, value) in fields.iter().filter(|(_, value)| !coerce::is_nothing(value)) {
            let unit = Unit::named(name)
                .ok_or_else(|| Refusal::argument(format!("a duration: {name:?} is no unit of time")))?;
            let amount = coerce::to_number(value)
                .ok_or_else(|| Refusal::argument(format!("a duration: {name} is a number")))?;
            duration.set(unit, amount);
        }
        Ok(duration)
    }

    pub(super) fn get(&self, unit: Unit) -> f64 {
        self.0[unit as usize].unwrap_or(0.0)
    }

    pub(super) fn set(&mut self, unit: Unit, amount: f64) {
        self.0[unit as usize] = Some(amount);
    }

    fn amounts(&self) -> impl Iterator<Item = (Unit, f64)> {
        Unit::ALL.iter().filter_map(|unit| Some((*unit, self.0[*unit as usize]?)))
    }

    /// The units it is given in.
    pub(super) fn units(&self) -> Vec<Unit> {
        self.amounts().map(|(unit, _)| unit).collect()
    }

    pub(super) fn times(&self, factor: f64) -> Duration {
        let mut scaled = Duration::default();
        // The sum takes a minus off zero.
        self.amounts().for_each(|(unit, amount)| scaled.set(unit, amount * factor + 0.0));
        scaled
    }

    /// With `sign` times the other added, unit by unit.
    pub(super) fn plus(&self, other: &Duration, sign: f64) -> Duration {
        let mut sum = *self;
        other.amounts().for_each(|(unit, amount)| sum.set(unit, sum.get(unit) + amount * sign));
        sum
    }

    pub(super) fn as_unit(&self, unit: Unit) -> f64 {
        self.shift_to(&[unit]).get(unit)
    }

    /// The same length in those units, which are in order. Whole numbers, but for the shortest.
    pub(super) fn shift_to(&self, units: &[Unit]) -> Duration {
        let mut shifted = Duration::default();
        let mut over = [0.0_f64; 9];
        let mut shortest = None;
        for unit in Unit::ALL {
            let own = self.get(unit);
            if !units.contains(&unit) {
                over[unit as usize] = own;
                continue;
            }
            let from_longer: f64 = Unit::ALL
                .iter()
                .filter(|longer| **longer < unit)
                .map(|longer| std::mem::take(&mut over[*longer as usize]) * longer.in_units_of(unit))
                .sum();
            let amount = own + from_longer;
            shifted.set(unit, amount.trunc());
            over[unit as usize] = (amount * 1000.0 - amount.trunc() * 1000.0) / 1000.0;
            shortest = Some(unit);
        }
        if let Some(shortest) = shortest {
            let left: f64 = Unit::ALL
                .iter()
                .filter(|unit| **unit >= shortest)
                .map(|unit| over[*unit as usize] / shortest.in_units_of(*unit))
                .sum();
            shifted.set(shortest, shifted.get(shortest) + left);
        }
        shifted.normalized()
    }

    /// The same length in the same units, each rolled up into the next longer one as often as it fills it, and the
    /// fraction of each in the next shorter one.
    pub(super) fn normalized(mut self) -> Duration {
        let sign = if self.millis() < 0.0 { -1.0 } else { 1.0 };
        let units = self.units();
        for pair in units.windows(2).rev() {
            let (longer, shorter) = (pair[0], pair[1]);
            let fills = longer.in_units_of(shorter);
            let rolled = (self.get(shorter) * sign / fills).floor() * sign;
            self.set(longer, self.get(longer) + rolled);
            self.set(shorter, self.get(shorter) - rolled * fills);
        }
        for pair in units.windows(2) {
            let (longer, shorter) = (pair[0], pair[1]);
            let fraction = self.get(longer) % 1.0;
            self.set(longer, self.get(longer) - fraction);
            self.set(shorter, self.get(shorter) + fraction * longer.in_units_of(shorter));
        }
        // The sum takes a minus off zero.
        units.iter().for_each(|unit| self.set(*unit, self.get(*unit) + 0.0));
        self
    }

    fn millis(&self) -> f64 {
        self.amounts().map(|(unit, amount)| amount * unit.millis()).sum()
    }

    /// As ISO 8601 writes it: `P1Y2M3DT4H5M6.7S`.
    pub(super) fn to_iso(self) -> String {
        let mut text = "P".to_owned();
        let months = self.get(Unit::Month) + self.get(Unit::Quarter) * 3.0;
        for (amount, letter) in [
            (self.get(Unit::Year), 'Y'),
            (months, 'M'),
            (self.get(Unit::Week), 'W'),
            (self.get(Unit::Day), 'D'),
        ] {
            push_amount(&mut text, amount, letter);
        }
        let mut time = String::new();
        push_amount(&mut time, self.get(Unit::Hour), 'H');
        push_amount(&mut time, self.get(Unit::Minute), 'M');
        let seconds = self.get(Unit::Second) + self.get(Unit::Millisecond) / 1000.0;
        push_amount(&mut time, (seconds * 1000.0).round() / 1000.0, 'S');
        if !time.is_empty() {
            text.push('T');
            text.push_str(&time);
        }
        if text == "P" {
            text.push_str("T0S");
        }
        text
    }

    /// By the format's letters (y M w d h m s S), each repeated for the least number of digits. Texts in single quotes
    /// stand for themselves.
    pub(super) fn to_format(self, format: &str) -> Result<String, Refusal> {
        let tokens = super::format::tokens(format)?;
        let unit_of = |letter: Option<char>| match letter {
            Some('y') => Some(Unit::Year),
            Some('M') => Some(Unit::Month),
            Some('w') => Some(Unit::Week),
            Some('d') => Some(Unit::Day),
            Some('h') => Some(Unit::Hour),
            Some('m') => Some(Unit::Minute),
            Some('s') => Some(Unit::Second),
            Some('S') => Some(Unit::Millisecond),
            _ => None,
        };
        let used = |token: &super::format::Token| {
            if token.is_literal { None } else { unit_of(token.text.chars().next()) }
        };
        let mut units: Vec<Unit> = tokens.iter().filter_map(used).collect();
        units.sort();
        units.dedup();
        let shifted = self.shift_to(&units);
        let mut text = String::new();
        for token in &tokens {
            match used(token) {
                Some(unit) => {
                    let amount = shifted.get(unit).floor();
                    let digits = coerce::number_text(amount.abs());
                    let sign = if amount < 0.0 { "-" } else { "" };
                    text.push_str(&format!("{sign}{digits:0>width$}", width = token.text.len()));
                }
                None => text.push_str(&token.text),
            }
        }
        Ok(text)
    }

    pub(super) fn plain_object(&self) -> JValue {
        let fields =
            self.amounts().map(|(unit, amount)| (unit.plural().to_owned(), JValue::from_f64(amount)));
        values::object(fields.collect())
    }

    /// The value that expressions see.
    pub(super) fn object(&self) -> JValue {
        let properties =
            self.amounts().map(|(unit, amount)| (unit.plural().to_owned(), JValue::from_f64(amount)));
        objects::object(Kind::Duration, &self.state(), properties)
    }

    fn state(&self) -> String {
        let amounts: Vec<String> =
            self.amounts().map(|(unit, amount)| format!("{}={amount}", unit.plural())).collect();
        amounts.join(" ")
    }

    /// Reads what [`Duration::object`] put into the mark.
    pub(super) fn read(state: &str) -> Duration {
        let mut duration = Duration::default();
        for (name, amount) in state.split(' ').filter_map(|amount| amount.split_once('=')) {
            if let (Some(unit), Ok(amount)) = (Unit::named(name), amount.parse()) {
                duration.set(unit, amount);
            }
        }
        duration
    }
}

fn push_amount(text: &mut String, amount: f64, letter: char) {
    if amount != 0.0 {
        text.push_str(&coerce::number_text(amount));
        text.push(letter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_read_from_its_state() {
        let duration = Duration::of(Unit::Day, 1.5).plus(&Duration::of(Unit::Second, -2.0), 1.0);
        assert_eq!(Duration::read(&duration.state()), duration);
    }

    #[test]
    fn shifting_keeps_the_length() {
        let hours = Duration::of(Unit::Hour, 50.5);
        let shifted = hours.shift_to(&[Unit::Day, Unit::Hour, Unit::Minute]);
        assert_eq!(shifted.to_iso(), "P2DT2H30M");
        assert_eq!(hours.as_unit(Unit::Minute), 3030.0);
        assert_eq!(Duration::of(Unit::Month, 1.0).as_unit(Unit::Day), 30.0);
        assert_eq!(
            Duration::of(Unit::Millisecond, 90_061_001.0).shift_to(&[Unit::Day]).to_iso(),
            "P1.0423726967592593D"
        );
    }

    #[test]
    fn normalizing_rolls_up_and_hands_down() {
        let mixed = Duration::of(Unit::Day, 1.0).plus(&Duration::of(Unit::Hour, -30.0), 1.0);
        assert_eq!(mixed.normalized().to_iso(), "PT-6H");
        let units = Duration::of(Unit::Day, 0.0).plus(&Duration::of(Unit::Hour, 0.0), 1.0);
        let years = Duration::of(Unit::Year, 2.5).plus(&units, 1.0);
        assert_eq!(years.normalized().to_iso(), "P2Y182DT12H");
    }

    #[test]
    fn iso_leaves_out_what_is_zero() {
        assert_eq!(Duration::default().to_iso(), "PT0S");
        assert_eq!(Duration::of(Unit::Quarter, 2.0).to_iso(), "P6M");
        assert_eq!(Duration::of(Unit::Millisecond, 1500.0).to_iso(), "PT1.5S");
    }

    #[test]
    fn formats_pad_and_shift() {
        let duration = Duration::of(Unit::Second, 3_725.0);
        assert_eq!(duration.to_format("hh:mm:ss").ok().as_deref(), Some("01:02:05"));
        assert_eq!(duration.to_format("m 'min'").ok().as_deref(), Some("62 min"));
        let negative = Duration::of(Unit::Second, -90.0);
        assert_eq!(negative.to_format("m").ok().as_deref(), Some("-2"));
        assert_eq!(negative.to_format("mm:ss").ok().as_deref(), Some("-01:-30"));
    }
}
