//! Filters: each that is served finds what it should, and no other is taken and ignored.

use std::collections::BTreeSet;

use serde_json::Value;
use unicrm::model::{Method, Type};

use crate::case::{Case, id};
use crate::described::{Filter, Instant};
use crate::suite::Suite;

/// The operators that every filter by instants is served with.
const ORDERS: &[&str] = &["gt", "gte", "lt", "lte"];

pub fn add(suite: &mut Suite) {
    let subject = suite.subject().clone();
    let beside = (subject.described.beside)(Method::List);
    let set = |name: &str| beside.split('&').any(|pair| pair.split('=').next() == Some(name));
    let aside = |name: &str| subject.described.filters_aside.contains(&name);
    for name in subject.cell.filters.iter().filter(|name| !set(name) && !aside(name)) {
        let described = subject.described.filters.iter().find(|filter| filter.name == name);
        let instant = subject.described.instants.iter().find(|instant| is_order(name, instant.name));
        let (cell, name) = (subject.cell.name.clone(), name.clone());
        suite.add(&format!("filter_{name}_finds_exactly_what_fits"), async move |case: &Case| {
            match (described, instant) {
                (Some(filter), _) => exactly(case, filter).await,
                (None, Some(instant)) => ordered(case, instant, &name).await,
                (None, None) => panic!("{cell} serves the filter {name}, but no table describes it"),
            }
        });
    }
    suite.add("a_filter_that_is_not_served_is_refused_with_those_that_are", unserved);
    if subject.described.filters.len() > 1 {
        suite.add("filters_are_taken_together", together);
    }
}

fn is_order(spelling: &str, name: &str) -> bool {
    ORDERS.iter().any(|order| spelling == format!("{name}[{order}]"))
}

async fn exactly(case: &Case, filter: &Filter) {
    let records = case.records().await;
    let described = &case.subject.resource.filters[filter.name];
    for value in &described.one_of {
        let fitting = records.iter().filter(|record| (filter.keeps)(record, value));
        let wanted: BTreeSet<String> = fitting.map(|record| case.id_of(record)).collect();
        assert_eq!(found(case, &query(filter.name, value)).await, wanted, "{value}");
    }
    if !described.one_of.is_empty() {
        return;
    }
    let value = (filter.value)(&records);
    let fitting = records.iter().filter(|record| (filter.keeps)(record, &value));
    let wanted: BTreeSet<String> = fitting.map(|record| case.id_of(record)).collect();
    assert!(!wanted.is_empty() && wanted.len() < records.len(), "{value:?} tells nothing: {}", wanted.len());
    for query in
        [query(filter.name, &value), query(filter.name, &value).replace('[', "%5B").replace(']', "%5D")]
    {
        assert_eq!(found(case, &query).await, wanted, "{query}");
    }
    if described.kind == Type::String && described.format.is_none() {
        // What can't be anything's value may be refused, by name.
        let reply = case.list(&query(filter.name, "nothing is called this 0000")).await;
        if reply.status == 400 {
            reply.refused_fields(&[filter.name]);
        } else {
            reply.ok();
        }
    }
}

/// The ids on all pages.
async fn found(case: &Case, query: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut cursor = Some(String::new());
    while let Some(next) = cursor {
        let page = case.list(&format!("{query}&limit=100&next_cursor={next}")).await.ok();
        found.extend(page["result"].as_array().expect("a list").iter().map(id));
        cursor = page["next_cursor"].as_str().map(str::to_owned);
    }
    found
}

/// Compares with an instant that records have, so that a second more or less shows.
async fn ordered(case: &Case, instant: &Instant, spelling: &str) {
    let records = case.records().await;
    let mut all: Vec<String> =
        records.iter().filter_map(|record| (instant.of)(record).as_str().map(str::to_owned)).collect();
    all.sort_unstable();
    assert!(all.first() < all.last(), "the vendor has only one instant of {}", instant.name);
    let middle = &all[all.len() / 2];
    let fits = |record: &&Value| {
        let at = (instant.of)(record);
        let Some(at) = at.as_str() else { return false };
        match spelling.rsplit('[').next().unwrap_or_default() {
            "gt]" => at > middle.as_str(),
            "gte]" => at >= middle.as_str(),
            "lt]" => at < middle.as_str(),
            _ => at <= middle.as_str(),
        }
    };
    let wanted: BTreeSet<String> = records.iter().filter(fits).map(|record| case.id_of(record)).collect();
    assert_eq!(found(case, &query(spelling, middle)).await, wanted, "{spelling} {middle}");
}

fn query(name: &str, value: &str) -> String {
    let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    format!("{name}={value}")
}

async fn together(case: &Case) {
    let records = case.records().await;
    let [first, second, ..] = case.subject.described.filters else { return };
    let (one, two) = ((first.value)(&records), (second.value)(&records));
    let fits = |record: &&Value| (first.keeps)(record, &one) && (second.keeps)(record, &two);
    let wanted: BTreeSet<String> = records.iter().filter(fits).map(|record| case.id_of(record)).collect();
    let query = format!("{}&{}&limit=1000", query(first.name, &one), query(second.name, &two));
    let found: BTreeSet<String> = case.list(&query).await.result().iter().map(id).collect();
    assert_eq!(found, wanted, "{query}");
}

async fn unserved(case: &Case) {
    let (resource, cell) = (&case.subject.resource, &case.subject.cell);
    let beside = (case.subject.described.beside)(Method::List);
    for (name, filter) in &resource.filters {
        if !filter.methods.contains(&Method::List) {
            continue;
        }
        let value = match (filter.kind, filter.format, filter.one_of.first()) {
            (Type::Boolean, ..) => "true",
            (_, Some(_), _) => "2026-01-01T00:00:00Z",
            (_, None, Some(first)) => first,
            _ => "1",
        };
        let spellings = [name.clone(), format!("{name}[in]"), format!("{name}[like]")];
        let others = spellings.iter().filter(|spelling| !cell.filters.contains(spelling));
        for spelling in others.filter(|_| !beside.contains(name.as_str())) {
            let body = case.list(&format!("{spelling}={value}")).await.refused_fields(&[spelling]);
            let message = body["message"].as_str().expect("a message");
            assert!(message.contains(&case.subject.provider.manifest.label), "{message}");
            assert!(cell.filters.iter().all(|served| message.contains(served)), "{message}");
        }
    }
    case.assert_vendor_not_called();
}
