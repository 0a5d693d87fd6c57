//! The rows of a party that are edited one by one: e-mail addresses, phone numbers, addresses, websites.
//!
//! A write never replaces such a list. An item without an id adds a row, an item with an id edits the attributes it
//! names, `"_delete": true` removes the row (`_destroy` is ignored), and an empty list does nothing.

use serde_json::Value;

use super::account::RowIds;
use super::countries;
use super::party::{Address, EmailAddress, PhoneNumber, Website};
use super::refusal::Problem;
use super::written::{Members, Written, asks_deletion};

/// Services that a website can belong to.
const SERVICES: [&str; 17] = [
    "URL",
    "SKYPE",
    "TWITTER",
    "LINKED_IN",
    "FACEBOOK",
    "XING",
    "FEED",
    "GOOGLE_PLUS",
    "FLICKR",
    "GITHUB",
    "YOUTUBE",
    "INSTAGRAM",
    "PINTEREST",
    "TIKTOK",
    "THREADS",
    "BLUESKY",
    "SNAPCHAT",
];

/// A kind of row.
pub(super) trait ContactRow: Default {
    /// What Capsule calls it in errors.
    const RESOURCE: &'static str;

    /// The row's id, 0 until it has one.
    fn id(&mut self) -> &mut i64;
    /// Sets the attributes that `item` names, and refuses a row that lacks what its kind needs.
    fn edit(&mut self, item: Written<'_>) -> Result<(), Problem>;
}

/// Carries out the items of a write's `list` on `rows`.
pub(super) fn apply<R: ContactRow>(
    rows: &mut Vec<R>,
    written: Written<'_>,
    list: &str,
    ids: &mut RowIds,
) -> Result<(), Problem> {
    for item in written.items(list)? {
        match item.get("id") {
            None | Some(Value::Null) => rows.push(added(item, ids)?),
            Some(id) => change(rows, id, item)?,
        }
    }
    Ok(())
}

fn added<R: ContactRow>(item: &Members, ids: &mut RowIds) -> Result<R, Problem> {
    let mut row = R::default();
    row.edit(Written::new(R::RESOURCE, item))?;
    *row.id() = ids.next();
    Ok(row)
}

fn change<R: ContactRow>(rows: &mut Vec<R>, id: &Value, item: &Members) -> Result<(), Problem> {
    let deletes = asks_deletion(item);
    let place = rows.iter_mut().position(|row| Some(*row.id()) == id.as_i64());
    let Some(place) = place else {
        let to_delete = if deletes { " to delete" } else { "" };
        let message = format!("{} not found{to_delete}", R::RESOURCE);
        return Err(Problem::new(R::RESOURCE, "id", message));
    };
    if deletes {
        rows.remove(place);
        return Ok(());
    }
    rows[place].edit(Written::new(R::RESOURCE, item))
}

/// The `type` of a row, which may be null.
fn label(item: Written<'_>, allowed: &[&str], into: &mut Option<String>) -> Result<(), Problem> {
    item.text("type", into)?;
    match into.as_deref() {
        Some(label) => one_of(item, "type", label, allowed),
        None => Ok(()),
    }
}

fn one_of(item: Written<'_>, field: &str, value: &str, allowed: &[&str]) -> Result<(), Problem> {
    if allowed.contains(&value) {
        return Ok(());
    }
    Err(item.problem(field, &format!("options are: {}", allowed.join(", "))))
}

impl ContactRow for EmailAddress {
    const RESOURCE: &'static str = "emailAddress";

    fn id(&mut self) -> &mut i64 {
        &mut self.id
    }

    fn edit(&mut self, item: Written<'_>) -> Result<(), Problem> {
        label(item, &["Home", "Work"], &mut self.label)?;
        item.filled_text("address", &mut self.address)
    }
}

impl ContactRow for PhoneNumber {
    const RESOURCE: &'static str = "phoneNumber";

    fn id(&mut self) -> &mut i64 {
        &mut self.id
    }

    fn edit(&mut self, item: Written<'_>) -> Result<(), Problem> {
        label(item, &["Home", "Work", "Mobile", "Fax", "Direct"], &mut self.label)?;
        item.filled_text("number", &mut self.number)
    }
}

impl ContactRow for Address {
    const RESOURCE: &'static str = "address";

    fn id(&mut self) -> &mut i64 {
        &mut self.id
    }

    fn edit(&mut self, item: Written<'_>) -> Result<(), Problem> {
        label(item, &["Home", "Postal", "Office", "Billing", "Shipping"], &mut self.label)?;
        item.text("street", &mut self.street)?;
        item.text("city", &mut self.city)?;
        item.text("state", &mut self.state)?;
        item.text("zip", &mut self.zip)?;
        item.text("country", &mut self.country)?;
        if let Some(written) = self.country.take().filter(|name| !name.is_empty()) {
            let unknown = || item.problem("country", "unknown country");
            let country = countries::named(&written).ok_or_else(unknown)?;
            self.country = Some(country.name.to_owned());
        }
        Ok(())
    }
}

impl ContactRow for Website {
    const RESOURCE: &'static str = "website";

    fn id(&mut self) -> &mut i64 {
        &mut self.id
    }

    fn edit(&mut self, item: Written<'_>) -> Result<(), Problem> {
        label(item, &["Home", "Work"], &mut self.label)?;
        item.filled_text("service", &mut self.service)?;
        one_of(item, "service", &self.service, &SERVICES)?;
        item.filled_text("address", &mut self.address)
    }
}
