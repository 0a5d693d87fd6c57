//! What the entries of a batch can read: arguments, the account's context, and the records of those before.
//!
//! `args.…` are the batch's arguments, `resources.<model>.<resource>`, `resources.<resource>` and `resources.<name>`
//! the records of other entries, `tenant_id` and `context.…` the account's own; a member of the context is found by its
//! bare name, too. Within a repeated call, the place of what it is repeated for holds one item in place of all.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::plan::RESOURCES;
use crate::mapping::expression::Scope;
use crate::mapping::placeholders::Names;
use crate::store::accounts::AccountRow;

/// The records of one entry, under each of its places below `resources`.
#[derive(Debug, Clone)]
struct Group {
    places: Vec<Vec<String>>,
    records: Arc<Value>,
}

/// Everything that one call can read.
#[derive(Debug, Clone)]
pub(super) struct Values {
    args: Arc<Value>,
    context: Arc<Value>,
    tenant_id: Arc<Value>,
    groups: Vec<Group>,
    /// Whole paths that hold one item. The last one counts.
    bound: Vec<(Vec<String>, Arc<Value>)>,
    now_millis: i64,
}

impl Values {
    pub(super) fn new(args: Map<String, Value>, account: &AccountRow, now_millis: i64) -> Self {
        Values {
            args: Arc::new(Value::Object(args)),
            context: Arc::new(account.context.clone()),
            tenant_id: Arc::new(Value::from(account.tenant_id.clone())),
            groups: Vec::new(),
            bound: Vec::new(),
            now_millis,
        }
    }

    /// Adds the records of an entry, an array. Those of entries with the same place stand one behind the other.
    pub(super) fn add(&mut self, places: &[Vec<String>], records: Arc<Value>) {
        for place in places {
            match self.groups.iter_mut().find(|group| group.places.contains(place)) {
                Some(group) => {
                    let mut all = group.records.as_array().cloned().unwrap_or_default();
                    all.extend(records.as_array().into_iter().flatten().cloned());
                    group.records = Arc::new(Value::Array(all));
                }
                None => self.groups.push(Group { places: vec![place.clone()], records: records.clone() }),
            }
        }
    }

    /// What a path leads to, as items: those of an array, or the one value. `None` where it leads nowhere.
    pub(super) fn items(&self, path: &[String]) -> Option<Vec<Value>> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match self.find(&path)? {
            Value::Array(items) => Some(items.clone()),
            Value::Null => Some(Vec::new()),
            one => Some(vec![one.clone()]),
        }
    }

    /// The same values with an item at whole paths.
    pub(super) fn with(&self, paths: &[Vec<String>], item: Value) -> Values {
        let mut values = self.clone();
        let item = Arc::new(item);
        values.bound.extend(paths.iter().map(|path| (path.clone(), item.clone())));
        values
    }

    /// Whether a place below `resources` holds one item in place of all.
    fn is_bound(&self, place: &[String]) -> bool {
        let below = |(path, _): &(Vec<String>, Arc<Value>)| {
            path.split_first().is_some_and(|(root, rest)| root == RESOURCES && rest == place)
        };
        self.bound.iter().any(below)
    }

    /// The same values as an expression sees them.
    pub(super) fn scope(&self) -> Scope {
        let mut scope = Scope::new().at(self.now_millis);
        for (name, value) in self.context.as_object().into_iter().flatten() {
            scope = scope.with(name.clone(), value.clone());
        }
        let mut resources = Map::new();
        for group in &self.groups {
            // What holds one item is not copied as a whole first.
            for place in group.places.iter().filter(|place| !self.is_bound(place)) {
                put(&mut resources, place, Value::clone(&group.records));
            }
        }
        let mut args = Value::clone(&self.args);
        for (path, item) in &self.bound {
            match path.split_first() {
                Some((root, place)) if root == RESOURCES => put(&mut resources, place, Value::clone(item)),
                Some((root, place)) if root == "args" => {
                    if let Value::Object(args) = &mut args {
                        put(args, place, Value::clone(item));
                    }
                }
                _ => {}
            }
        }
        scope
            .with("context", Value::clone(&self.context))
            .with("tenant_id", Value::clone(&self.tenant_id))
            .with("args", args)
            .with(RESOURCES, resources)
    }
}

/// Whole paths of places below `resources`.
pub(super) fn below_resources(places: &[Vec<String>]) -> Vec<Vec<String>> {
    let whole = |place: &Vec<String>| [&[RESOURCES.to_owned()], place.as_slice()].concat();
    places.iter().map(whole).collect()
}

fn put(into: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [name] => {
            into.insert(name.clone(), value);
        }
        [name, rest @ ..] => {
            let inner = into.entry(name.clone()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

/// What is left of a path behind its beginning.
fn behind<'p, 'n>(path: &'p [&'n str], beginning: &[String]) -> Option<&'p [&'n str]> {
    let (head, rest) = path.split_at_checked(beginning.len())?;
    head.iter().zip(beginning).all(|(name, wanted)| *name == wanted).then_some(rest)
}

impl Names for Values {
    fn find(&self, path: &[&str]) -> Option<&Value> {
        let bound = self.bound.iter().rev();
        if let Some((item, rest)) =
            bound.filter_map(|(whole, item)| Some((item, behind(path, whole)?))).next()
        {
            return item.find(rest);
        }
        let (root, rest) = path.split_first()?;
        match *root {
            RESOURCES => self
                .groups
                .iter()
                .flat_map(|group| group.places.iter().map(move |place| (place, &group.records)))
                .find_map(|(place, records)| records.find(behind(rest, place)?)),
            "args" => self.args.find(rest),
            "context" => self.context.find(rest),
            "tenant_id" => self.tenant_id.find(rest),
            _ => self.context.find(path),
        }
    }

    fn is_ours(&self, path: &str) -> bool {
        [RESOURCES, "args", "context"]
            .iter()
            .any(|root| path.strip_prefix(root).is_some_and(|rest| rest.starts_with('.')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    fn values() -> Values {
        let mut values = Values {
            args: Arc::new(json!({"ids": ["a", "b"], "n": 1})),
            context: Arc::new(json!({"subdomain": "acme", "args": "hidden"})),
            tenant_id: Arc::new(json!("t")),
            groups: Vec::new(),
            bound: Vec::new(),
            now_millis: 0,
        };
        values.add(&[path("crm.contacts"), path("first")], Arc::new(json!([{"id": "1"}])));
        values.add(&[path("crm.contacts")], Arc::new(json!([{"id": "2"}])));
        values
    }

    fn at(values: &Values, text: &str) -> Option<Value> {
        let path: Vec<&str> = text.split('.').collect();
        values.find(&path).cloned()
    }

    #[test]
    fn every_root_is_found() {
        let values = values();
        assert_eq!(at(&values, "args.ids.1"), Some(json!("b")));
        assert_eq!(at(&values, "context.subdomain"), Some(json!("acme")));
        assert_eq!(at(&values, "subdomain"), Some(json!("acme")));
        assert_eq!(at(&values, "tenant_id"), Some(json!("t")));
        assert_eq!(at(&values, "resources.crm.contacts.1.id"), Some(json!("2")));
        assert_eq!(at(&values, "resources.first"), Some(json!([{"id": "1"}])));
        assert_eq!(at(&values, "resources.crm.contacts.id"), None);
        assert_eq!(at(&values, "args.nothing"), None);
    }

    #[test]
    fn an_item_stands_in_the_place_of_all() {
        let places = below_resources(&[path("crm.contacts"), path("first")]);
        let item = values().with(&places, json!({"id": "7"})).with(&[path("args.ids")], json!("b"));
        assert_eq!(at(&item, "resources.crm.contacts.id"), Some(json!("7")));
        assert_eq!(at(&item, "resources.first.id"), Some(json!("7")));
        assert_eq!(at(&item, "args.ids"), Some(json!("b")));
        assert_eq!(at(&item, "args.n"), Some(json!(1)));
    }

    #[test]
    fn items_are_those_of_an_array_or_the_one_value() {
        let values = values();
        assert_eq!(values.items(&path("args.ids")).unwrap().len(), 2);
        assert_eq!(values.items(&path("args.n")).unwrap(), [json!(1)]);
        assert_eq!(values.items(&path("args.nothing")), None);
    }
}
