//! The rows of a party that are edited one by one: e-mail addresses, phone numbers, addresses, websites.
//!
//! A write never replaces such a list. An item without an id adds a row, an item with an id edits the attributes it
//! names, `"_delete": true` removes the row (`_destroy` is ignored), and an empty list does nothing.

use serde_json::{Map, Value};

use super::account::RowIds;
use super::countries;
use super::party::{Address, EmailAddress, PhoneNumber, Website};
use super::refusal::Problem;

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
    /// Sets the attributes that `item` names.
    fn edit(&mut self, item: &Map<String, Value>) -> Result<(), Problem>;
    /// Refuses a row that lacks what its kind needs.
    fn complete(&self) -> Result<(), Problem>;
}

/// Carries out the items of a write on `rows`; `list` is the list's name in the record.
pub(super) fn apply<R: ContactRow>(
    rows: &mut Vec<R>,
    items: &Value,
    list: &str,
    ids: &mut RowIds,
) -> Result<(), Problem> {
    let wrong_type = || Problem::wrong_type("party", list);
    for item in items.as_array().ok_or_else(wrong_type)? {
        let item = item.as_object().ok_or_else(wrong_type)?;
        match item.get("id") {
            None | Some(Value::Null) => rows.push(added(item, ids)?),
            Some(id) => change(rows, id, item)?,
        }
    }
    Ok(())
}

fn added<R: ContactRow>(item: &Map<String, Value>, ids: &mut RowIds) -> Result<R, Problem> {
    let mut row = R::default();
    row.edit(item)?;
    row.complete()?;
    *row.id() = ids.next();
    Ok(row)
}

fn change<R: ContactRow>(rows: &mut Vec<R>, id: &Value, item: &Map<String, Value>) -> Result<(), Problem> {
    let deletes = item.get("_delete") == Some(&Value::Bool(true));
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
    rows[place].edit(item)?;
    rows[place].complete()
}

/// Reads the attributes of one item.
struct Item<'a> {
    resource: &'static str,
    members: &'a Map<String, Value>,
}

impl<'a> Item<'a> {
    fn of<R: ContactRow>(members: &'a Map<String, Value>) -> Item<'a> {
        Item { resource: R::RESOURCE, members }
    }

    fn text(&self, key: &str, into: &mut String) -> Result<(), Problem> {
        match self.members.get(key) {
            None => {}
            Some(Value::String(text)) => text.trim().clone_into(into),
            Some(Value::Null) => into.clear(),
            Some(_) => return Err(Problem::wrong_type(self.resource, key)),
        }
        Ok(())
    }

    fn optional(&self, key: &str, into: &mut Option<String>) -> Result<(), Problem> {
        match self.members.get(key) {
            None => {}
            Some(Value::String(text)) => *into = Some(text.clone()),
            Some(Value::Null) => *into = None,
            Some(_) => return Err(Problem::wrong_type(self.resource, key)),
        }
        Ok(())
    }

    fn label(&self, allowed: &[&str], into: &mut Option<String>) -> Result<(), Problem> {
        self.optional("type", into)?;
        match into.as_deref() {
            Some(label) => one_of(self.resource, "type", label, allowed),
            None => Ok(()),
        }
    }
}

fn one_of(resource: &'static str, field: &str, value: &str, allowed: &[&str]) -> Result<(), Problem> {
    if allowed.contains(&value) {
        return Ok(());
    }
    let message = format!("options are: {}", allowed.join(", "));
    Err(Problem::new(resource, field, message))
}

fn filled(resource: &'static str, field: &str, value: &str) -> Result<(), Problem> {
    if value.is_empty() {
        return Err(Problem::required(resource, field));
    }
    Ok(())
}

impl ContactRow for EmailAddress {
    const RESOURCE: &'static str = "emailAddress";

    fn id(&mut self) -> &mut i64 {
        &mut self.id
    }

    fn edit(&mut self, item: &Map<String, Value>) -> Result<(), Problem> {
        let item = Item::of::<Self>(item);
        item.label(&["Home", "Work"], &mut self.label)?;
        item.text("address", &mut self.address)
    }

    fn complete(&self) -> Result<(), Problem> {
        filled(Self::RESOURCE, "address", &self.address)
    }
}

impl ContactRow for PhoneNumber {
    const RESOURCE: &'static str = "phoneNumber";

    fn id(&mut self) -> &mut i64 {
        &mut self.id
    }

    fn edit(&mut self, item: &Map<String, Value>) -> Result<(), Problem> {
        let item = Item::of::<Self>(item);
        let labels = ["Home", "Work", "Mobile", "Fax", "Direct"];
        item.label(&labels, &mut self.label)?;
        item.text("number", &mut self.number)
    }

    fn complete(&self) -> Result<(), Problem> {
        filled(Self::RESOURCE, "number", &self.number)
    }
}

impl ContactRow for Address {
    const RESOURCE: &'static str = "address";

    fn id(&mut self) -> &mut i64 {
        &mut self.id
    }

    fn edit(&mut self, item: &Map<String, Value>) -> Result<(), Problem> {
        let item = Item::of::<Self>(item);
        let labels = ["Home", "Postal", "Office", "Billing", "Shipping"];
        item.label(&labels, &mut self.label)?;
        item.optional("street", &mut self.street)?;
        item.optional("city", &mut self.city)?;
        item.optional("state", &mut self.state)?;
        item.optional("zip", &mut self.zip)?;
        item.optional("country", &mut self.country)?;
        if let Some(written) = self.country.take().filter(|name| !name.is_empty()) {
            let unknown = || Problem::new(Self::RESOURCE, "country", "unknown country");
            let country = countries::named(&written).ok_or_else(unknown)?;
            self.country = Some(country.name.to_owned());
        }
        Ok(())
    }

    fn complete(&self) -> Result<(), Problem> {
        Ok(())
    }
}

impl ContactRow for Website {
    const RESOURCE: &'static str = "website";

    fn id(&mut self) -> &mut i64 {
        &mut self.id
    }

    fn edit(&mut self, item: &Map<String, Value>) -> Result<(), Problem> {
        let item = Item::of::<Self>(item);
        item.label(&["Home", "Work"], &mut self.label)?;
        item.text("service", &mut self.service)?;
        item.text("address", &mut self.address)
    }

    fn complete(&self) -> Result<(), Problem> {
        filled(Self::RESOURCE, "service", &self.service)?;
        one_of(Self::RESOURCE, "service", &self.service, &SERVICES)?;
        filled(Self::RESOURCE, "address", &self.address)
    }
}
