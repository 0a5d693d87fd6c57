//! Dates with methods: what Luxon gives for the same calls. The scope's instant is 2023-11-14T22:13:20.123Z, a Tuesday.

use serde_json::{Value, json};
use unicrm::mapping::expression::{Engine, EvaluationErrorKind};

use crate::evaluated;

#[track_caller]
fn is(source: &str, expected: Value) {
    let result = evaluated(Engine::Core, source, "null").unwrap_or_else(|error| panic!("{source}: {error}"));
    assert_eq!(result, Some(expected), "{source}");
}

#[track_caller]
fn all(cases: &[(&str, Value)]) {
    for (source, expected) in cases {
        is(source, expected.clone());
    }
}

const NOON: &str = "$dtFromIso('2024-02-29T12:34:56.789Z')";

/// `source` with `noon` in place of a date.
#[track_caller]
fn of_noon(cases: &[(&str, Value)]) {
    for (source, expected) in cases {
        is(&source.replace("noon", NOON), expected.clone());
    }
}

#[test]
fn the_calls_that_mappings_are_known_to_make_work() {
    let response =
        r#"{"date_created":"2024-01-02T03:04:05+02:00","due":"02/03/2024","gt":"2024-05-06T00:00:00Z"}"#;
    for (source, expected) in [
        ("response.date_created ? $dtFromIso(response.date_created).toUTC()", "2024-01-02T01:04:05.000Z"),
        ("$dtFromFormat(response.due, 'LL/dd/yyyy').toISO()", "2024-02-03T00:00:00.000Z"),
        ("$dtFromIso(response.gt).toFormat('yyyy-MM-dd')", "2024-05-06"),
        ("response.($dtFromIso(gt).toUTC().toFormat('yyyy-MM-dd'))", "2024-05-06"),
        ("response.gt ~> $dtFromIso() ~> function($d){ $d.plus({'days': 1}).toISODate() }", "2024-05-07"),
    ] {
        let result =
            evaluated(Engine::Core, source, response).unwrap_or_else(|error| panic!("{source}: {error}"));
        assert_eq!(result, Some(json!(expected)), "{source}");
    }
}

#[test]
fn a_date_is_its_iso_form_wherever_it_reaches_the_output() {
    let iso = "2024-02-29T12:34:56.789Z";
    of_noon(&[
        ("noon", json!(iso)),
        ("{'at': noon, 'list': [noon]}", json!({"at": iso, "list": [iso]})),
        ("'at ' & noon", json!(format!("at {iso}"))),
        ("$string(noon)", json!(iso)),
        ("$string({'at': noon})", json!(format!("{{\"at\":\"{iso}\"}}"))),
        ("$map([noon, noon], function($d){ $d.year })", json!([2024, 2024])),
    ]);
}

#[test]
fn the_parts_of_a_date_are_plain_properties() {
    of_noon(&[
        (
            "noon.[year, quarter, month, day, hour, minute, second, millisecond]",
            json!([2024, 1, 2, 29, 12, 34, 56, 789]),
        ),
        (
            "noon.[weekYear, weekNumber, weekday, ordinal, daysInMonth, daysInYear, weeksInWeekYear]",
            json!([2024, 9, 4, 60, 29, 366, 52]),
        ),
        (
            "noon.[monthShort, monthLong, weekdayShort, weekdayLong]",
            json!(["Feb", "February", "Thu", "Thursday"]),
        ),
        (
            "noon.[zoneName, zone, offset, isValid, isInLeapYear, isInDST, isOffsetFixed]",
            json!(["UTC", "UTC", 0, true, true, false, true]),
        ),
        (
            "noon.setZone('Europe/Paris').[zoneName, offset, offsetNameShort, hour]",
            json!(["Europe/Paris", 60, "GMT+1", 13]),
        ),
        (
            "$dtFromIso('2024-07-01T00:00:00Z', 'America/New_York').[offset, offsetNameShort, isInDST, day]",
            json!([-240, "EDT", true, 30]),
        ),
        ("noon.[locale, numberingSystem, invalidReason]", json!(["en-US", null, null])),
    ]);
}

#[test]
fn iso_8601_is_read_in_its_many_forms() {
    for (text, expected) in [
        ("2024", "2024-01-01T00:00:00.000Z"),
        ("2024-02", "2024-02-01T00:00:00.000Z"),
        ("2024-02-29", "2024-02-29T00:00:00.000Z"),
        ("20240229", "2024-02-29T00:00:00.000Z"),
        ("2024-W09-4", "2024-02-29T00:00:00.000Z"),
        ("2024W094", "2024-02-29T00:00:00.000Z"),
        ("2024-060", "2024-02-29T00:00:00.000Z"),
        ("2024060", "2024-02-29T00:00:00.000Z"),
        ("2024-02-29T09", "2024-02-29T09:00:00.000Z"),
        ("2024-02-29T0924", "2024-02-29T09:24:00.000Z"),
        ("2024-02-29T09:24:15", "2024-02-29T09:24:15.000Z"),
        ("2024-02-29T09:24:15.5Z", "2024-02-29T09:24:15.500Z"),
        ("2024-02-29T09:24:15,123456789Z", "2024-02-29T09:24:15.123Z"),
        ("2024-02-29T09:24:15+05:30", "2024-02-29T03:54:15.000Z"),
        ("2024-02-29T09:24:15-0800", "2024-02-29T17:24:15.000Z"),
        ("2024-02-29T09:24:15[Europe/Paris]", "2024-02-29T08:24:15.000Z"),
        ("2024-02-29T24:00:00Z", "2024-03-01T00:00:00.000Z"),
        ("10:30", "2023-11-14T10:30:00.000Z"),
    ] {
        is(&format!("$dtFromIso('{text}')"), json!(expected));
    }
    is("$dtFromIso('2024-02-29T09:24:15', 'Europe/Paris')", json!("2024-02-29T10:24:15.000+01:00"));
    is("$dtFromIso('2024-02-29T09:24:15Z', 'UTC-5:30').toISO()", json!("2024-02-29T03:54:15.000-05:30"));
}

#[test]
fn what_is_no_date_is_an_invalid_one_and_null_in_json() {
    for text in [
        "",
        "soon",
        "2024-13-01",
        "2023-02-29",
        "2024-02-29 09:24",
        "2024-02-29T25:00",
        "٢٠٢٤-٠١-٠١",
        "2024-W60",
    ] {
        is(
            &format!("$dtFromIso('{text}').[isValid, invalidReason, year, toISO(), toMillis()]"),
            json!([false, "unparsable", null, null, null]),
        );
    }
    all(&[
        ("$dtFromIso(response.gone)", json!(null)),
        ("$dtFromIso(5).toFormat('yyyy')", json!("Invalid DateTime")),
        ("$dtFromIso('soon').plus({'days': 1}).isValid", json!(false)),
        (
            "$dtFromIso('2024-01-01', 'Mars/Crater').[isValid, invalidReason]",
            json!([false, "unsupported zone"]),
        ),
        ("$dtFromIso('2024-01-01').setZone('Mars/Crater').isValid", json!(false)),
        ("$dtFromIso('9999-12-31T23:00:00Z').plus({'years': 1}).isValid", json!(false)),
        ("$dtFromIso('2024-01-01').plus({'days': 1e300}).isValid", json!(false)),
    ]);
}

#[test]
fn formats_are_made_of_luxons_tokens() {
    for (format, expected) in [
        ("yyyy-MM-dd HH:mm:ss.SSS", "2024-02-29 12:34:56.789"),
        ("yy y L LL LLL LLLL LLLLL", "24 2024 2 02 Feb February F"),
        ("M MM MMM MMMM", "2 02 Feb February"),
        ("d dd o ooo q qq", "29 29 60 060 1 01"),
        ("c E ccc EEE cccc EEEE ccccc", "4 4 Thu Thu Thursday Thursday T"),
        ("h hh H HH a", "12 12 12 12 PM"),
        ("m mm s ss S u uu uuu", "34 34 56 56 789 789 78 7"),
        ("kkkk kk W WW G", "2024 24 9 09 AD"),
        ("Z ZZ ZZZ z", "+0 +00:00 +0000 UTC"),
        ("X x", "1709210096 1709210096789"),
        ("D", "2/29/2024"),
        ("DD", "Feb 29, 2024"),
        ("DDDD", "Thursday, February 29, 2024"),
        ("t", "12:34 PM"),
        ("TT", "12:34:56"),
        ("ff", "Feb 29, 2024, 12:34 PM"),
        ("'at' yyyy, ''", "at 2024, '"),
    ] {
        is(&format!("{NOON}.toFormat(\"{format}\")"), json!(expected));
    }
}

#[test]
fn texts_are_read_by_luxons_tokens() {
    for (text, format, expected) in [
        ("02/03/2024", "LL/dd/yyyy", "2024-02-03T00:00:00.000Z"),
        ("3 March 24", "d MMMM yy", "2024-03-03T00:00:00.000Z"),
        ("mar 3, 99 5:06 pm", "LLL d, yy h:mm a", "1999-03-03T17:06:00.000Z"),
        ("12:00 AM", "hh:mm a", "2023-11-14T00:00:00.000Z"),
        ("2024-02-29 10:11:12.5", "yyyy-MM-dd HH:mm:ss.u", "2024-02-29T10:11:12.500Z"),
        ("2024-02-29 10:11 +02:00", "yyyy-MM-dd HH:mm ZZ", "2024-02-29T08:11:00.000Z"),
        ("2024-02-29 10:11 Europe/Paris", "yyyy-MM-dd HH:mm z", "2024-02-29T09:11:00.000Z"),
        ("2024 60", "yyyy o", "2024-02-29T00:00:00.000Z"),
        ("2024-W09-4", "kkkk-'W'WW-E", "2024-02-29T00:00:00.000Z"),
        ("Thursday, 29 Feb 2024", "EEEE, d LLL yyyy", "2024-02-29T00:00:00.000Z"),
        ("1709210096", "X", "2024-02-29T12:34:56.000Z"),
        ("March", "LLLL", "2023-03-01T00:00:00.000Z"),
        ("Tue, 14 Nov 2023 22:13:20 +0100", "RFC2822", "2023-11-14T21:13:20.000Z"),
        ("2024-02-29T12:00:00+01:00", "ISO", "2024-02-29T11:00:00.000Z"),
        ("1709210096.7", "fromSeconds", "2024-02-29T12:34:56.000Z"),
    ] {
        is(&format!("$dtFromFormat(\"{text}\", \"{format}\")"), json!(expected));
    }
    all(&[
        ("$dtFromFormat(1709210096, 'fromSeconds')", json!("2024-02-29T12:34:56.000Z")),
        (
            "$dtFromFormat('29.02.2024', 'dd.MM.yyyy', {'zone': 'Europe/Paris'})",
            json!("2024-02-29T00:00:00.000+01:00"),
        ),
        ("$dtFromFormat('29-02-2024', 'dd.MM.yyyy').isValid", json!(false)),
        ("$dtFromFormat('31.02.2024', 'dd.MM.yyyy').invalidReason", json!("unit out of range")),
        ("$dtFromFormat('Monday 29 Feb 2024', 'EEEE d LLL yyyy').isValid", json!(false)),
        ("$dtFromFormat('13:00 pm', 'hh:mm a').hour", json!(13)),
        ("$dtFromFormat('25:00 pm', 'hh:mm a').isValid", json!(false)),
        ("$dtFromFormat(null, 'yyyy').isValid", json!(false)),
    ]);
}

#[test]
fn time_is_added_by_the_calendar_and_by_the_clock() {
    of_noon(&[
        ("noon.plus({'years': 1}).toISODate()", json!("2025-02-28")),
        ("noon.minus({'months': 1}).toISODate()", json!("2024-01-29")),
        ("$dtFromIso('2024-01-31').plus({'months': 1}).toISODate()", json!("2024-02-29")),
        ("noon.plus({'quarters': 1, 'weeks': 1, 'days': -1}).toISODate()", json!("2024-06-04")),
        ("noon.plus({'hours': 12, 'minutes': 30}).toISO()", json!("2024-03-01T01:04:56.789Z")),
        ("noon.plus(1000).toISO()", json!("2024-02-29T12:34:57.789Z")),
        ("noon.plus({'days': 1.5}).toISO()", json!("2024-03-02T00:34:56.789Z")),
        // The clocks of Paris are set forward on 31 March 2024.
        (
            "$dtFromIso('2024-03-30T12:00+01:00', 'Europe/Paris').plus({'days': 1}).toISO()",
            json!("2024-03-31T12:00:00.000+02:00"),
        ),
        (
            "$dtFromIso('2024-03-30T12:00+01:00', 'Europe/Paris').plus({'hours': 24}).toISO()",
            json!("2024-03-31T13:00:00.000+02:00"),
        ),
        (
            "noon.plus(noon.diff($dtFromIso('2024-02-28T12:34:56.789Z'), 'days')).toISODate()",
            json!("2024-03-01"),
        ),
    ]);
}

#[test]
fn units_are_set_begun_and_ended() {
    of_noon(&[
        ("noon.set({'year': 2023}).toISODate()", json!("2023-02-28")),
        ("noon.set({'month': 1, 'day': 31, 'hour': 0}).toISO()", json!("2024-01-31T00:34:56.789Z")),
        ("noon.set({'weekday': 1}).toISODate()", json!("2024-02-26")),
        ("noon.set({'ordinal': 1}).toISODate()", json!("2024-01-01")),
        ("noon.set({'day': 31}).toISODate()", json!("2024-03-02")),
        ("noon.set({'month': 14}).toISODate()", json!("2025-02-28")),
        ("noon.set({'year': 2023, 'ordinal': 60}).toISODate()", json!("2023-03-01")),
        ("noon.set({'weekNumber': 53}).toISODate()", json!("2025-01-02")),
        ("noon.set({'hour': 25}).toISO()", json!("2024-03-01T01:34:56.789Z")),
        ("noon.set({'day': 1e12}).isValid", json!(false)),
        ("noon.startOf('year').toISO()", json!("2024-01-01T00:00:00.000Z")),
        ("noon.startOf('quarter').toISODate()", json!("2024-01-01")),
        ("noon.startOf('week').toISO()", json!("2024-02-26T00:00:00.000Z")),
        ("noon.startOf('day').toISO()", json!("2024-02-29T00:00:00.000Z")),
        ("noon.startOf('hour').toISO()", json!("2024-02-29T12:00:00.000Z")),
        ("noon.endOf('month').toISO()", json!("2024-02-29T23:59:59.999Z")),
        ("noon.endOf('minute').toISO()", json!("2024-02-29T12:34:59.999Z")),
    ]);
}

#[test]
fn dates_move_between_zones() {
    of_noon(&[
        ("noon.setZone('Asia/Kolkata').toISO()", json!("2024-02-29T18:04:56.789+05:30")),
        (
            "noon.setZone('Asia/Kolkata', {'keepLocalTime': true}).toISO()",
            json!("2024-02-29T12:34:56.789+05:30"),
        ),
        ("noon.setZone('UTC+3').zoneName", json!("UTC+3")),
        ("noon.setZone('Asia/Kolkata').toUTC().toISO()", json!("2024-02-29T12:34:56.789Z")),
        ("noon.toUTC(90).toISO()", json!("2024-02-29T14:04:56.789+01:30")),
        ("noon.setZone('Asia/Kolkata').toLocal().zoneName", json!("UTC")),
        ("noon.setZone('Asia/Kolkata').toJSDate()", json!("2024-02-29T12:34:56.789Z")),
        ("noon.setLocale('en-GB').isValid", json!(true)),
        ("noon.reconfigure({'locale': 'en'}).year", json!(2024)),
    ]);
}

#[test]
fn dates_are_written_in_the_usual_forms() {
    of_noon(&[
        ("noon.toISODate()", json!("2024-02-29")),
        ("noon.toISODate({'format': 'basic'})", json!("20240229")),
        ("noon.toISOTime()", json!("12:34:56.789Z")),
        ("noon.startOf('minute').toISO({'suppressMilliseconds': true})", json!("2024-02-29T12:34:00Z")),
        (
            "noon.startOf('minute').toISO({'suppressSeconds': true, 'suppressMilliseconds': true})",
            json!("2024-02-29T12:34Z"),
        ),
        ("noon.toISO({'includeOffset': false})", json!("2024-02-29T12:34:56.789")),
        ("noon.setZone('UTC-5').toISO({'format': 'basic'})", json!("20240229T073456.789-05:00")),
        ("noon.toISOWeekDate()", json!("2024-W09-4")),
        ("noon.toRFC2822()", json!("Thu, 29 Feb 2024 12:34:56 +0000")),
        ("noon.setZone('UTC+2').toHTTP()", json!("Thu, 29 Feb 2024 12:34:56 GMT")),
        ("noon.toSQL()", json!("2024-02-29 12:34:56.789 +00:00")),
        ("noon.toSQLDate()", json!("2024-02-29")),
        ("noon.toSQLTime({'includeOffset': false})", json!("12:34:56.789")),
        ("noon.toMillis()", json!(1_709_210_096_789_i64)),
        ("noon.valueOf()", json!(1_709_210_096_789_i64)),
        ("noon.toSeconds()", json!(1_709_210_096.789)),
        ("noon.toUnixInteger()", json!(1_709_210_096)),
        ("noon.toLocaleString()", json!("2/29/2024")),
        (
            "noon.toLocaleString({'dateStyle': 'medium', 'timeStyle': 'short'})",
            json!("Feb 29, 2024, 12:34 PM"),
        ),
        (
            "noon.toLocaleString({'weekday': 'short', 'month': 'short', 'day': 'numeric'})",
            json!("Thu, Feb 29"),
        ),
        ("noon.toLocaleString({'hour': '2-digit', 'minute': '2-digit', 'hour12': false})", json!("12:34")),
    ]);
}

#[test]
fn the_time_between_two_dates_is_a_duration() {
    let other = "$dtFromIso('2023-12-25T00:00:00Z')";
    let cases = [
        ("noon.diff(other).toMillis()", json!(5_747_696_789_i64)),
        ("noon.diff(other, 'days').as('days')", json!(66.524_268_391_203_7)),
        (
            "noon.diff(other, ['months', 'days', 'hours']).toObject()",
            json!({"months": 2, "days": 4, "hours": 12.582_441_388_888_888}),
        ),
        ("$floor(noon.diff(other, 'weeks').weeks)", json!(9)),
        ("other.diff(noon, 'hours').hours < 0", json!(true)),
        ("noon.diff(noon.minus({'days': 1}), 'hours')", json!("PT24H")),
        (
            "noon.diff(noon.minus({'hours': 50}), ['days', 'hours']).toFormat(\"d 'd' hh 'h'\")",
            json!("2 d 02 h"),
        ),
        (
            "noon.diff(noon.minus({'hours': 50})).shiftTo('days', 'hours').toObject()",
            json!({"days": 2, "hours": 2}),
        ),
        (
            "noon.diff(noon.minus({'minutes': 90}), 'minutes').plus({'minutes': 30}).negate().get('minutes')",
            json!(-120),
        ),
        ("$dtFromIso('2023-11-13T22:13:20.123Z').diffNow('days').days", json!(-1)),
        ("noon.until(noon.plus({'days': 2})).length('days')", json!(2)),
        ("noon.until(noon.plus({'days': 2})).contains(noon.plus({'days': 1}))", json!(true)),
        (
            "$substringBefore(noon.until(noon.plus({'days': 2})).toISO(), '/')",
            json!("2024-02-29T12:34:56.789Z"),
        ),
    ];
    for (source, expected) in cases {
        is(&source.replace("noon", NOON).replace("other", other), expected);
    }
}

#[test]
fn dates_are_compared() {
    of_noon(&[
        ("noon.hasSame($dtFromIso('2024-02-01'), 'month')", json!(true)),
        ("noon.hasSame($dtFromIso('2024-03-01'), 'month')", json!(false)),
        ("noon.equals($dtFromIso('2024-02-29T13:34:56.789+01:00'))", json!(true)),
        ("noon.equals(noon.setZone('Europe/Paris'))", json!(false)),
        ("noon = $dtFromIso('2024-02-29T12:34:56.789Z')", json!(true)),
        ("noon.toMillis() > $dtFromIso('2024-01-01').toMillis()", json!(true)),
    ]);
}

#[test]
fn relative_times_are_told_from_the_instant_of_the_scope() {
    for (text, expected) in [
        ("2023-11-16T22:13:20.123Z", "in 2 days"),
        ("2023-11-14T19:13:20Z", "3 hours ago"),
        ("2023-11-14T22:13:20.123Z", "in 0 seconds"),
        ("2021-11-01T00:00:00Z", "2 years ago"),
        ("2023-12-20T00:00:00Z", "in 1 month"),
    ] {
        is(&format!("$dtFromIso('{text}').toRelative()"), json!(expected));
    }
    all(&[
        ("$dtFromIso('2023-11-16').toRelative({'unit': 'hours'})", json!("in 25 hours")),
        ("$dtFromIso('2023-11-16').toRelative({'base': $dtFromIso('2023-11-15')})", json!("in 1 day")),
        ("$dtFromIso('2023-11-14T20:13:20Z').toRelative({'style': 'short'})", json!("2 hr. ago")),
        ("$dtFromIso('2023-11-15').toRelativeCalendar()", json!("tomorrow")),
        ("$dtFromIso('2023-10-15').toRelativeCalendar()", json!("last month")),
        ("$dtFromIso('2023-11-14').toRelativeCalendar()", json!("today")),
    ]);
}

#[test]
fn what_a_date_cannot_do_is_an_error_that_says_so() {
    for (source, said) in [
        ("$dtFromIso('2024-01-01').plus('soon')", "a duration is needed"),
        ("$dtFromIso('2024-01-01').plus({'fortnights': 1})", "no unit of time"),
        ("$dtFromIso('2024-01-01').startOf('fortnight')", "no unit of time"),
        ("$dtFromIso('2024-01-01').diff('2024')", "another date"),
        ("$dtFromIso('2024-01-01').toFormat()", "takes a format"),
        ("$dtFromIso('2024-01-01').setLocale('de')", "English only"),
        ("$dtFromIso('2024-01-01').set({'day': 1, 'ordinal': 2})", "by ordinal"),
        ("$dtFromFormat('x', 'ZZZZZZ')", "cannot read the token"),
    ] {
        let error = evaluated(Engine::Core, source, "null").expect_err(source);
        assert_eq!(error.kind, EvaluationErrorKind::Runtime, "{source}: {error}");
        assert!(error.message.contains(said), "{source}: {error}");
    }
}

#[test]
fn only_objects_with_methods_have_methods() {
    let error = evaluated(Engine::Core, "[$dtFromIso('2024'), response.toISO()]", r#"{"a":1}"#);
    assert_eq!(error.expect_err("no method").code.as_deref(), Some("T1006"));
    let own = "($o := {'get': function($k){ 'own ' & $k }}; [$o.get('x'), $parseUrl('http://a/?x=1').searchParams.get('x')])";
    is(own, json!(["own x", "1"]));
    let forged = r#"{"toISO":"a date: 0 UTC","year":1}"#;
    let result = evaluated(Engine::Core, "[response, $dtFromIso('2024').year]", forged);
    assert_eq!(result, Ok(Some(json!([{"toISO": "a date: 0 UTC", "year": 1}, 2024]))));
}

#[test]
fn search_parameters_and_graphs_have_their_methods() {
    let params = "$parseUrl('https://x.y/p?a=1&b=2%203&a=4').searchParams";
    for (call, expected) in [
        ("get('a')", json!("1")),
        ("get('z')", json!(null)),
        ("getAll('a')", json!(["1", "4"])),
        ("has('b')", json!(true)),
        ("keys()", json!(["a", "b", "a"])),
        ("values()", json!(["1", "2 3", "4"])),
        ("entries()[1]", json!(["b", "2 3"])),
        ("toString()", json!("a=1&b=2+3&a=4")),
        ("size", json!(3)),
    ] {
        is(&format!("{params}.{call}"), expected);
    }
    let graph = "$dependencyGraph([{'id': 'c', 'up': 'b'}, {'id': 'b', 'up': 'a'}, {'id': 'a'}], 'up', 'id')";
    for (call, expected) in [
        ("overallOrder()", json!(["a", "b", "c"])),
        ("overallOrder(true)", json!(["a"])),
        ("dependenciesOf('c')", json!(["a", "b"])),
        ("dependantsOf('a')", json!(["c", "b"])),
        ("hasNode('z')", json!(false)),
        ("getNodeData('b').up", json!("a")),
        ("clone().overallOrder()[0]", json!("a")),
    ] {
        is(&format!("{graph}.{call}"), expected);
    }
    is(graph, json!({}));
    let circle =
        "$dependencyGraph([{'id': 'a', 'up': 'b'}, {'id': 'b', 'up': 'a'}], 'up', 'id').overallOrder()";
    let error = evaluated(Engine::Core, circle, "null").expect_err("a circle");
    assert!(error.message.contains("a -> b -> a"), "{error}");
}
