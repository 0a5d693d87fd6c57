//! Who may import whom.

use crate::paths::{EVERYTHING, Named, named};
use crate::sources::{Source, all, repository};

/// Modules that every other may use, and that use none but each other.
const LEAVES: &[&str] = &["config", "error", "ids", "clock", "crypto", "telemetry"];

/// What a module must never import.
struct Never {
    module: &'static str,
    /// Of this crate.
    own: Own,
    /// Other crates.
    foreign: &'static [&'static str],
}

enum Own {
    These(&'static [&'static str]),
    EverythingButLeaves,
}

const JSONATA: &[&str] = &["jsonata_core", "jsonata_rs"];

const TABLE: &[Never] = &[
    Never { module: "model", own: Own::EverythingButLeaves, foreign: &[] },
    Never { module: "mapping", own: Own::These(&[]), foreign: &["tokio", "sqlx", "axum", "reqwest"] },
    Never { module: "adapter", own: Own::These(&[]), foreign: &["tokio", "sqlx", "axum", "reqwest"] },
    Never { module: "outbound", own: Own::These(&["store", "mapping"]), foreign: &["axum"] },
    Never { module: "store", own: Own::EverythingButLeaves, foreign: &[] },
    Never { module: "job", own: Own::These(&["http", "adapter"]), foreign: &[] },
    Never {
        module: "mcp",
        own: Own::These(&["http", "adapter", "outbound"]),
        foreign: &["axum", "sqlx", "reqwest"],
    },
    Never { module: "account", own: Own::These(&["http", "gateway"]), foreign: &[] },
    Never { module: "gateway", own: Own::These(&[]), foreign: &["axum", "sqlx", "reqwest"] },
    Never {
        module: "http",
        own: Own::These(&[]),
        foreign: &["sqlx", "reqwest", "jsonata_core", "jsonata_rs"],
    },
    Never { module: "sandbox", own: Own::EverythingButLeaves, foreign: &[] },
];

/// Crates that only some modules may name, so that they can be replaced there.
const ONLY: &[(&[&str], &[&str])] = &[
    (&["reqwest"], &["outbound"]),
    (&["sqlx"], &["store"]),
    (&["axum"], &["http", "sandbox"]),
    (JSONATA, &["mapping"]),
    (&["rmcp"], &["mcp"]),
];

/// What would give an adapter a clock or a socket.
const IMPURE: &[&str] = &[
    "crate::clock",
    "crate::outbound",
    "crate::store",
    "crate::account",
    "crate::gateway",
    "crate::http",
    "crate::command",
    "crate::sandbox",
    "std::net",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "time::OffsetDateTime::now_utc",
    "OffsetDateTime::now_utc",
];

/// Asks of every path of every file, and reports all that break the rule.
#[track_caller]
fn every_path(breaks: impl Fn(&Source, &Named) -> Option<String>) {
    let mut broken = Vec::new();
    for source in all() {
        for named in named(&source) {
            if let Some(rule) = breaks(&source, &named) {
                broken.push(format!("{} names {}: {rule}", source.path.display(), named.text()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn no_module_imports_what_the_table_refuses_it() {
    every_path(|source, named| {
        let never = TABLE.iter().find(|never| Some(never.module) == source.top())?;
        let own = named.own().filter(|own| *own != never.module).is_some_and(|own| match never.own {
            Own::These(modules) => modules.contains(&own),
            Own::EverythingButLeaves => !LEAVES.contains(&own),
        });
        let foreign = never.foreign.contains(&named.foreign());
        (own || foreign).then(|| format!("{} must never import it", never.module))
    });
}

#[test]
fn some_crates_are_named_in_one_place_only() {
    every_path(|source, named| {
        let (_, places) = ONLY.iter().find(|(crates, _)| crates.contains(&named.foreign()))?;
        let here = source.top().is_some_and(|top| places.contains(&top));
        (!here).then(|| format!("only {} may", places.join(" and ")))
    });
}

#[test]
fn leaves_import_nothing_but_leaves() {
    every_path(|source, named| {
        let leaf = source.top().filter(|top| LEAVES.contains(top))?;
        let own = named.own().filter(|own| *own != leaf && !LEAVES.contains(own))?;
        Some(format!("{leaf} is a leaf, {own} is not"))
    });
}

#[test]
fn adapters_have_no_clock_and_no_socket() {
    every_path(|source, named| {
        let text = named.text();
        let impure = source.top() == Some("adapter")
            && IMPURE.iter().any(|path| text == *path || text.starts_with(&format!("{path}::")));
        impure.then(|| "an adapter turns bytes into bytes".to_owned())
    });
}

/// Otherwise an import could go round the table by way of a third module.
#[test]
fn a_module_re_exports_only_what_is_its_own() {
    every_path(|source, named| {
        let foreign =
            named.own().is_none() && named.path[0] != "crate" && !is_own_child(source, &named.path[0]);
        let stranger = source.top().is_some() && named.own() != source.top();
        (named.re_exported && (foreign || (named.own().is_some() && stranger)))
            .then(|| "it belongs to another module".to_owned())
    });
}

/// Whether the file declares a module of that name.
fn is_own_child(source: &Source, name: &str) -> bool {
    let is_it = |item: &syn::Item| matches!(item, syn::Item::Mod(module) if module.ident == name);
    source.syntax.items.iter().any(is_it)
}

#[test]
fn nobody_imports_the_whole_crate() {
    every_path(|_, named| {
        (named.own() == Some(EVERYTHING)).then(|| "then nobody can tell what it uses".to_owned())
    });
}

/// The table would say nothing of a module that is spelt otherwise.
#[test]
fn the_rules_name_modules_and_crates_that_exist() {
    let sources = all();
    let not_yet = ["job"];
    let modules = TABLE.iter().map(|never| never.module).chain(LEAVES.iter().copied());
    for module in modules.filter(|module| !not_yet.contains(module)) {
        assert!(sources.iter().any(|source| source.top() == Some(module)), "there is no module {module}");
    }
    let manifest = std::fs::read_to_string(repository().join("Cargo.toml")).expect("the manifest");
    for name in ONLY.iter().flat_map(|(crates, _)| crates.iter()) {
        assert!(manifest.contains(&format!("\n{} = ", name.replace('_', "-"))), "no dependency {name}");
    }
}
