//! The filters that somebody saved in Capsule's own interface.

use serde_json::{Value, json};

use super::super::account::Account;
use super::super::condition::{Filter, SortKey};
use super::super::kase::Kase;
use super::super::opportunity::Opportunity;
use super::super::party::Party;
use super::super::record::Record;
use super::super::saved_filters::SavedFilter;

/// Adds the saved filters.
pub(super) fn add(account: &mut Account) {
    save::<Party>(
        account,
        "Customers without a phone number",
        json!([
            { "field": "tag", "operator": "is", "value": "Customer" },
            { "field": "hasPhoneNumber", "operator": "is", "value": false },
        ]),
        ("name", false),
    );
    save::<Party>(
        account,
        "Decision makers, latest first",
        json!([{ "field": "tag", "operator": "is", "value": "Decision maker" }]),
        ("addedOn", true),
    );
    save::<Opportunity>(
        account,
        "Open, by value",
        json!([{ "field": "isOpen", "operator": "is", "value": true }]),
        ("expectedValue", true),
    );
    save::<Kase>(
        account,
        "Open installations",
        json!([
            { "field": "board", "operator": "is", "value": "Installations" },
            { "field": "isOpen", "operator": "is", "value": true },
        ]),
        ("expectedCloseOn", false),
    );
}

/// Saves a filter of conditions that are sent like any other.
fn save<R: Record>(
    account: &mut Account,
    name: &'static str,
    conditions: Value,
    (order, descending): (&'static str, bool),
) {
    let filter = Filter::of(account, &conditions);
    let order_by = SortKey::of(account, order, descending);
    // A filter that nobody could save is not saved; that there are as many as above is tested.
    if let (Ok(filter), Some(order_by)) = (filter, order_by) {
        let filters = &mut R::vocabulary_mut(account).filters;
        filters.insert(|id| SavedFilter { id, name, conditions, filter, order_by });
    }
}
