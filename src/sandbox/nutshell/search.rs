//! `search…`: records by some text in them, as stubs and without pages.

use serde_json::{Map, Value, json};

use super::account::Account;
use super::labelled;
use super::record::{Kind, Record};
use super::shown::stub;
use super::written::integer;

/// The records that a `search…` finds; nothing where it is no such method.
pub(super) fn search(account: &Account, method: &str, params: &Map<String, Value>) -> Option<Value> {
    let text = |name: &str| params.get(name).and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let of = |kind: Kind, default: i64| {
        let limit = params.get("limit").and_then(integer).unwrap_or(default);
        stubs(account, kind, usize::try_from(limit).unwrap_or(0), |record| {
            says(account, kind, record, &text("string"))
        })
    };
    Some(match method {
        "searchAccounts" => of(Kind::Accounts, 10),
        "searchContacts" => of(Kind::Contacts, 10),
        "searchLeads" => of(Kind::Leads, 40),
        "searchSources" => of(Kind::Sources, 10),
        "searchUniversal" => json!({
            "contacts": of(Kind::Contacts, 10), "accounts": of(Kind::Accounts, 10), "leads": of(Kind::Leads, 10),
        }),
        "searchByEmail" => {
            let email = text("emailAddressString");
            let has = |record: &Record| {
                let mut emails = labelled::items(record.field("email"));
                emails.any(|(_, held)| held.as_str().is_some_and(|held| held.to_lowercase() == email))
            };
            json!({
                "contacts": stubs(account, Kind::Contacts, usize::MAX, has),
                "accounts": stubs(account, Kind::Accounts, usize::MAX, has),
                "leads": [],
            })
        }
        _ => return None,
    })
}

fn stubs(account: &Account, kind: Kind, most: usize, fits: impl Fn(&Record) -> bool) -> Value {
    let found = account.all(kind).filter(|record| fits(record)).take(most);
    found.map(|record| stub(account, kind, record)).collect()
}

/// Whether a record says the text in its name, title or e-mail addresses, or a lead in the names of those it is with.
fn says(account: &Account, kind: Kind, record: &Record, text: &str) -> bool {
    let mut words = vec![record.text("name").to_owned(), record.text("description").to_owned()];
    words.extend(
        labelled::items(record.field("email")).filter_map(|(_, email)| email.as_str().map(str::to_owned)),
    );
    if kind == Kind::Leads {
        let with = record.number("primaryAccount").and_then(|id| account.get(Kind::Accounts, id));
        let people =
            record.references("contacts").into_iter().filter_map(|id| account.get(Kind::Contacts, id));
        words.extend(with.into_iter().chain(people).map(|record| record.text("name").to_owned()));
    }
    words.iter().any(|word| word.to_lowercase().contains(text))
}
