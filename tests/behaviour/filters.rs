//! Filters: each that is served finds what it should, and no other is taken and ignored.

use std::collections::BTreeSet;

use crate::case::{Case, id};
use crate::described::Filter;
use crate::suite::Suite;

pub fn add(suite: &mut Suite) {
    let subject = suite.subject().clone();
    for name in &subject.cell.filters {
        let described = subject.described.filters.iter().find(|filter| filter.name == name);
        let (cell, name) = (subject.cell.name.clone(), name.clone());
        suite.add(&format!("filter_{name}_finds_exactly_what_fits"), async move |case: &Case| {
            let missing = || panic!("{cell} serves the filter {name}, but no table describes it");
            exactly(case, described.unwrap_or_else(missing)).await;
        });
    }
    suite.add("a_filter_that_is_not_served_is_refused_with_those_that_are", unserved);
    if subject.cell.filters.len() > 1 {
        suite.add("filters_are_taken_together", together);
    }
}

async fn exactly(case: &Case, filter: &Filter) {
    let records = case.records().await;
    let value = (filter.value)(&records);
    let fitting = records.iter().filter(|record| (filter.keeps)(record, &value));
    let wanted: BTreeSet<String> = fitting.map(id).collect();
    assert!(!wanted.is_empty() && wanted.len() < records.len(), "{value:?} tells nothing: {}", wanted.len());
    for query in
        [query(filter.name, &value), query(filter.name, &value).replace('[', "%5B").replace(']', "%5D")]
    {
        let mut found = BTreeSet::new();
        let mut cursor = Some(String::new());
        while let Some(next) = cursor {
            let page = case.list(&format!("{query}&limit=100&next_cursor={next}")).await.ok();
            found.extend(page["result"].as_array().expect("a list").iter().map(id));
            cursor = page["next_cursor"].as_str().map(str::to_owned);
        }
        assert_eq!(found, wanted, "{query}");
    }
    case.list(&query(filter.name, "nothing is called this 0000")).await.ok();
}

fn query(name: &str, value: &str) -> String {
    let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    format!("{name}={value}")
}

async fn together(case: &Case) {
    let records = case.records().await;
    let [first, second, ..] = case.subject.described.filters else { return };
    let (one, two) = ((first.value)(&records), (second.value)(&records));
    let fits = |record: &&serde_json::Value| (first.keeps)(record, &one) && (second.keeps)(record, &two);
    let wanted: BTreeSet<String> = records.iter().filter(fits).map(id).collect();
    let query = format!("{}&{}&limit=1000", query(first.name, &one), query(second.name, &two));
    let found: BTreeSet<String> = case.list(&query).await.result().iter().map(id).collect();
    assert_eq!(found, wanted, "{query}");
}

async fn unserved(case: &Case) {
    let (resource, cell) = (&case.subject.resource, &case.subject.cell);
    for (name, filter) in &resource.filters {
        let value = match (filter.kind, filter.format) {
            (unicrm::model::Type::Boolean, _) => "true",
            (_, Some(_)) => "2026-01-01T00:00:00Z",
            _ => "1",
        };
        let spellings = [name.clone(), format!("{name}[in]"), format!("{name}[like]")];
        for spelling in spellings.iter().filter(|spelling| !cell.filters.contains(spelling)) {
            let body = case.list(&format!("{spelling}={value}")).await.refused_fields(&[spelling]);
            let message = body["message"].as_str().expect("a message");
            assert!(message.contains(&case.subject.provider.manifest.label), "{message}");
            assert!(cell.filters.iter().all(|served| message.contains(served)), "{message}");
        }
    }
    case.assert_vendor_not_called();
}
