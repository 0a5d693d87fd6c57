//! What was done and is to be done: activities, notes, tasks.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::{ADMINISTRATOR, fields, later};
use crate::sandbox::nutshell::account::Account;
use crate::sandbox::nutshell::record::Kind;
use crate::sandbox::nutshell::stamps::stamp;

/// What, its type, the person, the lead, the days after the beginning, the status.
type Activity = (&'static str, i64, i64, Option<i64>, i64, i64);

const ACTIVITIES: [Activity; 13] = [
    ("First call", 1, 2043, Some(3107), 30, 1),
    ("Demonstration in the laboratory", 5, 2043, Some(3107), 64, 1),
    ("Talk about the service contract", 1, 2044, Some(3108), 90, 1),
    ("Visit to the pumping station", 4, 2046, Some(3109), 120, 2),
    ("Send the data sheets", 3, 2048, Some(3110), 150, 0),
    ("Lunch with the professor", 2, 2049, Some(3111), 160, 1),
    ("Negotiation", 2, 2051, Some(3113), 900, 0),
    ("Introduction to the warehouse", 4, 2052, Some(3114), 920, 0),
    ("Annual review", 2, 2053, None, 200, 1),
    ("Ask about the budget", 1, 2055, Some(3117), 210, 1),
    ("Feedback on the trial", 1, 2056, Some(3120), 940, 0),
    ("Greeting", 3, 2057, None, 230, 2),
    ("Tour of the works", 4, 2047, Some(3109), 950, 0),
];

const NOTES: [(&str, Kind, i64); 11] = [
    ("Prefers to be called before noon.", Kind::Contacts, 2043),
    ("Has moved to the new wing.", Kind::Contacts, 2044),
    ("Signs for up to 50,000 only.", Kind::Contacts, 2049),
    ("Asked for references in the dairy trade.", Kind::Contacts, 2053),
    ("Two sites, one laboratory each.", Kind::Accounts, 1011),
    ("Invoices go to the head office in Salem.", Kind::Accounts, 1012),
    ("Public tender, closes in March.", Kind::Accounts, 1014),
    ("Wants delivery in two parts.", Kind::Leads, 3107),
    ("Competing with two other offers.", Kind::Leads, 3111),
    ("Lost because of the lead time as much as the price.", Kind::Leads, 3117),
    ("Trial unit is number 17.", Kind::Leads, 3120),
];

const TASKS: [(&str, Kind, i64, i64, bool); 9] = [
    ("Send the quotation", Kind::Leads, 3107, 4, false),
    ("Check the delivery date", Kind::Leads, 3109, 5, false),
    ("Order spare lamps", Kind::Leads, 3112, 4, true),
    ("Call back about the invoice", Kind::Contacts, 2046, 3, false),
    ("Congratulate on the new job", Kind::Contacts, 2049, 5, true),
    ("Invite to the open day", Kind::Contacts, 2055, 4, false),
    ("Update the address", Kind::Accounts, 1012, 3, false),
    ("Collect the signed contract", Kind::Accounts, 1017, 7, true),
    ("Prepare the distributor agreement", Kind::Accounts, 1016, 8, false),
];

/// Of today: only these can still be edited.
const NEW_NOTES: [(&str, Kind, i64); 2] = [
    (
        "Called back: the order comes next week, after the audit that keeps everybody busy at present.",
        Kind::Contacts,
        2043,
    ),
    ("Waiting for the customs papers.", Kind::Leads, 3114),
];

pub(super) fn add(account: &mut Account, now: OffsetDateTime) {
    activities(account);
    for (index, (text, kind, id)) in NOTES.into_iter().enumerate() {
        let about = json!({ "entityType": kind.entity_type(), "id": id });
        let author = 3 + i64::try_from(index % 3).unwrap_or(0);
        let note = account.add(Kind::Notes, author, fields([("note", text.into()), ("entity", about)]));
        account.date(Kind::Notes, note, later(index + 12, 9), later(index + 12, 9));
    }
    for (text, kind, id) in NEW_NOTES {
        let about = json!({ "entityType": kind.entity_type(), "id": id });
        let note =
            account.add(Kind::Notes, ADMINISTRATOR, fields([("note", text.into()), ("entity", about)]));
        let at = now - Duration::HOUR;
        account.date(Kind::Notes, note, at, at);
    }
    for (index, (title, kind, id, assignee, done)) in TASKS.into_iter().enumerate() {
        let due = later(index + 40, 11) + Duration::hours(3);
        let task = fields([
            ("title", title.into()),
            ("description", if index % 2 == 0 { json!("As agreed on the telephone.") } else { Value::Null }),
            ("dueTime", if index == 5 { Value::Null } else { Value::from(stamp(due)) }),
            ("completedTime", if done { Value::from(stamp(due - Duration::DAY)) } else { Value::Null }),
            ("assignee", json!({ "entityType": "Users", "id": assignee })),
            ("entity", json!({ "entityType": kind.entity_type(), "id": id })),
        ]);
        account.add(Kind::Tasks, 3, task);
    }
}

fn activities(account: &mut Account) {
    for (index, (name, kind, person, lead, day, status)) in ACTIVITIES.into_iter().enumerate() {
        let start =
            later(0, 1) + Duration::days(day) + Duration::minutes(30 * i64::try_from(index).unwrap_or(0));
        let user = 4 + i64::try_from(index % 2).unwrap_or(0);
        let logged = status == 1;
        let leads: Value = lead.iter().map(|id| json!({ "id": id })).collect();
        let activity = fields([
            ("name", Value::from(name)),
            ("description", if index % 3 == 1 { Value::Null } else { json!("Bring the new catalogue.") }),
            ("activityType", Value::from(kind)),
            ("startTime", Value::from(stamp(start))),
            ("endTime", Value::from(stamp(start + Duration::minutes(30 + 15 * (day % 4))))),
            ("isAllDay", Value::from(false)),
            ("isFlagged", Value::from(index % 4 == 0)),
            ("status", Value::from(status)),
            ("leads", leads),
            (
                "participants",
                json!([
                    { "entityType": "Contacts", "id": person }, { "entityType": "Users", "id": user },
                ]),
            ),
            ("loggedBy", if logged { Value::from(user) } else { Value::Null }),
            ("logNote", if logged { json!(format!("{name}: went well.")) } else { Value::Null }),
            ("location", Value::Null),
        ]);
        let id = account.add(Kind::Activities, user, activity);
        account.date(Kind::Activities, id, start - Duration::days(9), start - Duration::days(2));
    }
}
