//! Notes, tasks, calls, events and drafts.

use serde_json::{Value, json};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::super::account::Account;
use super::super::instants::{naive, with_colon, without_colon};
use super::{ROSA, TOMAS, company, deal, id, person};

const BEGIN: OffsetDateTime = datetime!(2026-04-06 09:00:00 UTC);

/// Adds all of them.
pub(super) fn add(account: &mut Account) {
    for number in 1..=9u32 {
        account.notes.push(note(number));
    }
    for number in 1..=12u32 {
        account.activities.push(activity(number));
    }
    for (number, subject) in (1..).zip(["Drawings for the corner", "Your quotation", "See you on Monday"]) {
        account.drafts.push(draft(number, subject));
    }
    let at = format!("{}Z", naive(BEGIN));
    account.deal_notes.push(json!({
        "note_id": id(0x0504, 1), "deal_id": deal(1), "title": "Measured", "body": "Three metres and a half",
        "created": at, "updated": at, "creator_id": ROSA,
    }));
}

/// Most are about the first person, so that they fill pages; one is about a company.
fn note(number: u32) -> Value {
    let at = BEGIN + Duration::days(i64::from(number)) + Duration::seconds(i64::from(number) * 17);
    let about = match number {
        7 | 8 => vec![company(1), person(1)],
        9 => vec![person(3)],
        _ => vec![person(1)],
    };
    let plain = format!("Visit {number}: talked about shelves & light");
    let html = format!("%3Cp%3EVisit%20{number}%3A%20talked%20about%20shelves%20%26amp%3B%20light%3C%2Fp%3E");
    json!({
        "id": id(0x0501, number as usize), "note": html, "note_preview": plain, "contact_ids": about,
        "owner_id": if number.is_multiple_of(3) { TOMAS } else { ROSA }, "created": without_colon(at),
        "updated": without_colon(at + Duration::hours(2)),
    })
}

fn activity(number: u32) -> Value {
    let kind = ["task", "call", "event"][number as usize % 3];
    let past = number.is_multiple_of(2);
    let at = BEGIN + Duration::days(i64::from(number) * 4);
    let task = id(0x0502, number as usize);
    json!({
        "activity_id": format!("{kind}|{task}"), "task_id": task, "type": kind,
        "name": format!("{} about visit {number}", ["Letter", "Call", "Meeting"][number as usize % 3]),
        "description": format!("Bring the samples of visit {number}"), "scheduled": with_colon(at),
        "completed": past.then(|| with_colon(at + Duration::hours(1))),
        "created": naive(at - Duration::days(3)), "feed_tstamp": with_colon(at),
        "assigned_to": if number % 3 == 1 || number.is_multiple_of(6) { TOMAS } else { ROSA }, "owner_id": ROSA,
        "contacts": [person(number as usize % 5 + 1), company(number as usize % 4 + 1)],
        "deals": if number % 4 == 1 { vec![deal(number as usize % 3 + 1)] } else { Vec::new() },
        "is_important": number == 1, "tags": if number == 1 { json!(["site"]) } else { json!([]) },
        "comments": if number == 2 { json!([{
            "author": ROSA, "comment_id": id(0x0505, 1), "created": naive(at), "text": "She will call back",
            "updated": naive(at),
        }]) } else { json!([]) },
        "details": if kind == "call" && past { json!({ "resolution": "successful" }) } else { json!({}) },
    })
}

fn draft(number: u32, subject: &str) -> Value {
    let to = json!([{ "account_type": "email", "identifier": "agnes@brightwater.example", "name": "Agnes Whitlock" }]);
    let from = json!({ "account_type": "email", "identifier": "rosa@harbourfinch.example", "name": "Rosa Lindqvist" });
    json!({
        "draft_id": id(0x0503, number as usize), "updated": naive(BEGIN + Duration::days(i64::from(number))),
        "creator_id": ROSA,
        "specification": {
            "attachments": [], "bcc": [], "cc": [], "body": "<p>Dear Agnes</p>", "subject": subject,
            "recipients": to, "sender": from, "in_reply_to": null, "tracking_enabled": null, "builder_data": null,
            "sender_credential_id": null,
        },
    })
}
