//! Units of time, from the longest to the shortest.

/// In the order of their length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
}

impl Unit {
    pub(super) const ALL: [Unit; 9] = [
        Unit::Year,
        Unit::Quarter,
        Unit::Month,
        Unit::Week,
        Unit::Day,
        Unit::Hour,
        Unit::Minute,
        Unit::Second,
        Unit::Millisecond,
    ];

    /// `days` and the like.
    pub(super) fn plural(self) -> &'static str {
        match self {
            Unit::Year => "years",
            Unit::Quarter => "quarters",
            Unit::Month => "months",
            Unit::Week => "weeks",
            Unit::Day => "days",
            Unit::Hour => "hours",
            Unit::Minute => "minutes",
            Unit::Second => "seconds",
            Unit::Millisecond => "milliseconds",
        }
    }

    pub(super) fn singular(self) -> &'static str {
        self.plural().trim_end_matches('s')
    }

    /// By its name, singular or plural, in any case.
    pub(super) fn named(name: &str) -> Option<Unit> {
        let is_named = |unit: &&Unit| {
            name.eq_ignore_ascii_case(unit.plural()) || name.eq_ignore_ascii_case(unit.singular())
        };
        Unit::ALL.iter().find(is_named).copied()
    }

    /// How many of `shorter` make one of this, by Luxon's casual reckoning: a month has 30 days, or 4 weeks, and a year
    /// 365 days, or 52 weeks. `shorter` is the same unit or a shorter one.
    pub(super) fn in_units_of(self, shorter: Unit) -> f64 {
        match (self, shorter) {
            (one, other) if one == other => 1.0,
            (Unit::Year, Unit::Quarter) | (Unit::Month, Unit::Week) => 4.0,
            (Unit::Year, Unit::Month) => 12.0,
            (Unit::Year, Unit::Week) => 52.0,
            (Unit::Quarter, Unit::Month) => 3.0,
            (Unit::Quarter, Unit::Week) => 13.0,
            (one, other) => one.millis() / other.millis(),
        }
    }

    /// Its length in milliseconds, by the same reckoning.
    pub(super) fn millis(self) -> f64 {
        let days = match self {
            Unit::Year => 365.0,
            Unit::Quarter => 91.0,
            Unit::Month => 30.0,
            Unit::Week => 7.0,
            Unit::Day => 1.0,
            Unit::Hour => return 3_600_000.0,
            Unit::Minute => return 60_000.0,
            Unit::Second => return 1_000.0,
            Unit::Millisecond => return 1.0,
        };
        days * 86_400_000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_named_in_any_case_and_number() {
        assert_eq!(Unit::named("day"), Some(Unit::Day));
        assert_eq!(Unit::named("Months"), Some(Unit::Month));
        assert_eq!(Unit::named("fortnight"), None);
        assert_eq!(Unit::named(""), None);
    }

    #[test]
    fn a_month_has_thirty_days_or_four_weeks() {
        assert_eq!(Unit::Month.in_units_of(Unit::Day), 30.0);
        assert_eq!(Unit::Month.in_units_of(Unit::Week), 4.0);
        assert_eq!(Unit::Year.in_units_of(Unit::Hour), 8760.0);
    }
}
