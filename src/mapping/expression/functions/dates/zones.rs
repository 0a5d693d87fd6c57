//! Between instants and the local times of a zone, as plain text: for vendors that keep a time of day without saying where.
//!
//! These two are unicrm's own: Luxon's dates, which can do the same, are objects, and not every engine can hold those.
//! What isn't a time, or isn't a zone, gives nothing, so that a mapping can tell and say what then.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jsonata_core::value::JValue;

use super::super::{HostResult, arg};
use super::moment::time_zone;
use crate::model::record;

const LOCAL: &str = "%Y-%m-%dT%H:%M:%S";

/// A local time that a clock set forward leaves out is taken as if it hadn't been; of one that comes twice, the first.
pub(super) fn to_utc(args: &[JValue]) -> HostResult {
    let (JValue::String(local), JValue::String(zone)) = (arg(args, 0), arg(args, 1)) else {
        return Ok(JValue::Undefined);
    };
    let at = local.parse::<DateTime>().ok().zip(time_zone(zone));
    let at = at.and_then(|(local, zone)| local.to_zoned(zone).ok());
    Ok(match at.and_then(|at| record::instant(&at.timestamp().to_string())) {
        Some(instant) => JValue::string(instant),
        None => JValue::Undefined,
    })
}

pub(super) fn from_utc(args: &[JValue]) -> HostResult {
    let (JValue::String(instant), JValue::String(zone)) = (arg(args, 0), arg(args, 1)) else {
        return Ok(JValue::Undefined);
    };
    let at = record::instant(instant).and_then(|instant| instant.parse::<Timestamp>().ok());
    Ok(match at.zip(time_zone(zone)) {
        Some((at, zone)) => JValue::string(at.to_zoned(zone).strftime(LOCAL).to_string()),
        None => JValue::Undefined,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::super::tests::call;

    fn given(name: &str, text: Value, zone: &str) -> Option<Value> {
        call(name, &[Some(text), Some(json!(zone))])
    }

    #[test]
    fn a_local_time_becomes_an_instant_by_the_rules_of_its_day() {
        for (local, zone, instant) in [
            ("2026-01-31T09:30:00", "UTC", "2026-01-31T09:30:00.000Z"),
            ("2026-01-31T09:30", "Europe/Paris", "2026-01-31T08:30:00.000Z"),
            ("2026-07-01T09:30:00", "Europe/Paris", "2026-07-01T07:30:00.000Z"),
            ("2026-07-01T20:00:00", "America/New_York", "2026-07-02T00:00:00.000Z"),
            ("2026-03-29T02:30:00", "Europe/Paris", "2026-03-29T01:30:00.000Z"),
            ("2026-10-25T02:30:00", "Europe/Paris", "2026-10-25T00:30:00.000Z"),
        ] {
            assert_eq!(given("zonedTimeToUtc", json!(local), zone), Some(json!(instant)), "{local} {zone}");
        }
    }

    #[test]
    fn an_instant_becomes_the_local_time_of_a_zone() {
        for (instant, zone, local) in [
            ("2026-01-31T09:30:00Z", "UTC", "2026-01-31T09:30:00"),
            ("2026-01-31T23:30:00.999Z", "Europe/Paris", "2026-02-01T00:30:00"),
            ("2026-07-02T02:00:00+02:00", "America/New_York", "2026-07-01T20:00:00"),
            ("2026-07-01", "America/New_York", "2026-06-30T20:00:00"),
        ] {
            assert_eq!(given("utcToZonedTime", json!(instant), zone), Some(json!(local)), "{instant} {zone}");
        }
    }

    #[test]
    fn what_is_no_time_or_no_zone_gives_nothing() {
        for name in ["zonedTimeToUtc", "utcToZonedTime"] {
            assert_eq!(given(name, json!("2026-01-31T09:30:00"), "Nowhere/City"), None);
            assert_eq!(given(name, json!("soon"), "UTC"), None);
            assert_eq!(given(name, json!(7), "UTC"), None);
            assert_eq!(call(name, &[Some(json!("2026-01-31T09:30:00")), Some(json!(null))]), None);
            assert_eq!(call(name, &[]), None);
        }
    }
}
