//! Who works at the company: users, one of whom has left, and their teams.

use serde_json::{Value, json};

use super::{ADMINISTRATOR, fields, later, named};
use crate::sandbox::nutshell::account::Account;
use crate::sandbox::nutshell::record::Kind;

/// First name, last name, whether an administrator, whether still there, and in which teams.
const USERS: [(&str, &str, bool, bool, &[i64]); 6] = [
    ("Nora", "Whitfield", true, true, &[31]),
    ("Teodor", "Lindqvist", false, true, &[31]),
    ("Amara", "Nwosu", false, true, &[32]),
    ("Piotr", "Zielinski", false, false, &[]),
    ("Grace", "Okonjo", true, true, &[31, 32]),
    ("Sven", "Haraldsen", false, true, &[32]),
];

pub(super) fn add(account: &mut Account) {
    named(account, Kind::Teams, &["Field sales", "Service desk"]);
    for (index, (first, last, administrator, enabled, teams)) in USERS.into_iter().enumerate() {
        let email = format!("{first}.{last}@millbrook.example").to_lowercase();
        let teams: Value = teams.iter().map(|id| json!({ "id": id })).collect();
        let user = fields([
            ("name", Value::from(format!("{first} {last}"))),
            ("firstName", Value::from(first)),
            ("lastName", Value::from(last)),
            ("emails", json!([email])),
            ("isEnabled", Value::from(enabled)),
            ("isAdministrator", Value::from(administrator)),
            ("teams", teams),
        ]);
        let id = account.add(Kind::Users, ADMINISTRATOR, user);
        account.date(Kind::Users, id, later(index, 3), later(index + 3, 17));
    }
}
