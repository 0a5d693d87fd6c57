//! That Nimble's operations are those that were published as tools, and the documented ones beside them.

use std::collections::BTreeSet;

use unicrm::mapping::tool_name::tool_name;

use crate::published::TOOLS;
use crate::support::app::shipped;

/// Operations that Nimble documents and for which no tool was published.
const BESIDE: &[(&str, &str)] = &[
    ("contact_notes", "create_for_contact"),
    ("contact_fields", "metadata"),
    ("deals", "list"),
    ("activities", "list"),
    ("tasks", "create"),
    ("company_users", "list"),
];

#[test]
fn every_published_tool_is_an_operation_under_its_own_name() {
    let catalog = shipped();
    let manifest = &catalog.providers["nimble"].manifest;
    assert_eq!(TOOLS.len(), 85);
    for (tool, resource, method, verb, path) in TOOLS {
        assert_eq!(tool_name("nimble", resource, method), *tool);
        let facts = manifest.native(resource, method).unwrap_or_else(|| panic!("no {resource}.{method}"));
        assert_eq!((facts.method.http().as_str(), facts.path.as_str()), (*verb, *path), "{tool}");
        assert!(facts.description.ends_with('.'), "{tool}: {}", facts.description);
    }
}

#[test]
fn nothing_is_there_that_is_neither_published_nor_documented() {
    let catalog = shipped();
    let manifest = &catalog.providers["nimble"].manifest;
    let published = TOOLS.iter().map(|(_, resource, method, ..)| (*resource, *method));
    let known: BTreeSet<(&str, &str)> = published.chain(BESIDE.iter().copied()).collect();
    let there: BTreeSet<(&str, &str)> = manifest
        .resources
        .iter()
        .flat_map(|(resource, native)| {
            native.methods.keys().map(|method| (resource.as_str(), method.as_str()))
        })
        .collect();
    assert_eq!(there, known);
}
