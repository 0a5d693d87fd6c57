//! The data that a Nimble begins with: a small agency for shop fittings, its customers, its sales and its work.

mod fields;
mod people;
mod sales;
mod work;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::account::{Account, Rows};

/// Who calls.
const ROSA: &str = "5f0d11a2c3b4d5e6f7a80001";
/// A colleague.
const TOMAS: &str = "5f0d11a2c3b4d5e6f7a80002";
/// Somebody who has left.
const INES: &str = "5f0d11a2c3b4d5e6f7a80003";

/// A new account with its data.
pub(super) fn account(now: OffsetDateTime) -> Account {
    let mut account = Account {
        contacts: Rows::of("contact", "id"),
        notes: Rows::of("contact_note", "id"),
        tabs: fields::tabs(),
        lead_pipelines: sales::lead_pipelines(),
        deals: Rows::of("deal", "deal_id"),
        deal_notes: Rows::of("deal_note", "note_id"),
        pipelines: Rows::of("pipeline", "pipeline_id"),
        standard_fields: fields::standard(),
        deal_tabs: fields::deal_tabs(),
        activities: Rows::of("activity", "activity_id"),
        drafts: Rows::of("draft", "draft_id"),
        users: vec![
            user(ROSA, "Rosa Lindqvist", "rosa@harbourfinch.example", true),
            user(TOMAS, "Tomas Aguilar", "tomas@harbourfinch.example", true),
            user(INES, "Ines Marchetti", "ines@harbourfinch.example", false),
        ],
        next_id: 0,
        next_deal_number: 40,
        now,
    };
    people::add(&mut account);
    sales::add(&mut account);
    work::add(&mut account);
    account
}

fn user(id: &str, name: &str, email: &str, is_active: bool) -> Value {
    json!({
        "avatar_url": format!("https://app.nimble.com/api/v1/company/user/{id}/avatar?version=2"), "email": email,
        "is_active": is_active, "name": name, "user_id": id,
    })
}

/// The id of a record of a kind by its number.
fn id(kind: u32, number: usize) -> String {
    format!("66c0{kind:04x}a1b2c3d4{number:08x}")
}

fn person(number: usize) -> String {
    id(0x0101, number)
}

fn company(number: usize) -> String {
    id(0x0202, number)
}

fn deal(number: usize) -> String {
    id(0x0303, number)
}
