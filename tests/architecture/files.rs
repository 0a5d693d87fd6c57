//! What a file looks like.

use std::fs;

use syn::visit::{self, Visit};

use crate::sources::{all, repository, walk};

/// Beyond this a file is split.
const MOST_LINES: usize = 600;

/// Beyond this a file is worth a look.
const MANY_LINES: usize = 400;

/// Words that say nothing about what is inside.
const EMPTY_WORDS: &[&str] =
    &["manager", "helper", "helpers", "util", "utils", "common", "core", "data", "info", "processor"];

#[track_caller]
fn none(broken: &[String]) {
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn no_file_is_longer_than_600_lines() {
    let mut broken = Vec::new();
    for source in all() {
        let lines = source.text.lines().count();
        if lines > MANY_LINES {
            println!("{}: {lines} lines", source.path.display());
        }
        if lines > MOST_LINES {
            broken.push(format!("{}: {lines} lines", source.path.display()));
        }
    }
    none(&broken);
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    let silent = all().into_iter().filter(|source| !source.text.starts_with("//! "));
    none(
        &silent.map(|source| format!("{} doesn't open with //!", source.path.display())).collect::<Vec<_>>(),
    );
}

#[test]
fn no_file_and_no_module_has_a_name_that_says_nothing() {
    let mut broken = Vec::new();
    for path in walk("src").into_iter().chain(walk("tests")).chain(walk("mappings")) {
        // The engine's own name.
        let name = path.to_string_lossy().replace("jsonata_core", "jsonata");
        let words = name.split(|letter: char| !letter.is_ascii_alphabetic());
        broken.extend(words.filter(|word| EMPTY_WORDS.contains(word)).map(|word| format!("{name}: {word}")));
    }
    for source in all() {
        let mut modules = Modules(Vec::new());
        modules.visit_file(&source.syntax);
        let empty = modules.0.into_iter().filter(|name| {
            name.replace("jsonata_core", "").split('_').any(|word| EMPTY_WORDS.contains(&word))
        });
        broken.extend(empty.map(|name| format!("{}: mod {name}", source.path.display())));
    }
    none(&broken);
}

struct Modules(Vec<String>);

impl<'a> Visit<'a> for Modules {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        self.0.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
    }
}

#[test]
fn nothing_is_left_undone() {
    let mut broken = Vec::new();
    for source in all() {
        let mut calls = Macros(Vec::new());
        calls.visit_file(&source.syntax);
        let left =
            calls.0.into_iter().filter(|name| ["todo", "unimplemented", "dbg"].contains(&name.as_str()));
        broken.extend(left.map(|name| format!("{}: {name}!", source.path.display())));
        for word in ["TODO", "FIXME", "XXX"] {
            let marked = source.text.lines().any(|line| line.contains("//") && line.contains(word));
            broken.extend(marked.then(|| format!("{}: {word}", source.path.display())));
        }
    }
    none(&broken);
}

struct Macros(Vec<String>);

impl<'a> Visit<'a> for Macros {
    fn visit_macro(&mut self, call: &'a syn::Macro) {
        self.0.extend(call.path.segments.last().map(|segment| segment.ident.to_string()));
        visit::visit_macro(self, call);
    }
}

/// A path that exists on one machine only has no place in a repository.
#[test]
fn no_file_names_a_path_of_somebodys_machine() {
    // A usual place of PostgreSQL, and a path with a space for a test.
    const MEANT: [&str; 2] = ["linuxbrew/", "a b/"];
    let mut broken = Vec::new();
    let files = ["src", "tests", "mappings", "migrations", ".ci"].into_iter().flat_map(walk);
    for path in files.chain(["README.md", "Cargo.toml"].map(Into::into)) {
        let text = fs::read_to_string(repository().join(&path)).unwrap_or_default();
        for folder in ["work", "home", "root", "tmp", "Users"].map(|name| format!("/{name}/")) {
            let somebodys = text.match_indices(&folder).any(|(at, _)| {
                let follows = &text[at + folder.len()..];
                starts_a_path(&text[..at]) && !MEANT.iter().any(|meant| follows.starts_with(meant))
            });
            broken.extend(somebodys.then(|| format!("{}: {folder}", path.display())));
        }
    }
    none(&broken);
}

/// Whether a slash after this text begins an absolute path.
fn starts_a_path(before: &str) -> bool {
    let last = before.chars().next_back().unwrap_or(' ');
    last.is_ascii_whitespace() || ['"', '\'', '`', '=', ':', '('].contains(&last)
}

/// The compiler tells which dependencies of the library are unused; of those for tests it can't, as each test uses
/// only some.
#[test]
fn every_dependency_for_tests_is_used_by_one() {
    let manifest = fs::read_to_string(repository().join("Cargo.toml")).expect("the manifest");
    let manifest: toml::Table = manifest.parse().expect("TOML");
    let names = manifest["dev-dependencies"].as_table().expect("a table").keys();
    let texts: Vec<String> = ["src", "tests", "benches"]
        .into_iter()
        .filter(|folder| repository().join(folder).is_dir())
        .flat_map(walk)
        .filter_map(|path| fs::read_to_string(repository().join(path)).ok())
        .collect();
    for name in names {
        let path = format!("{}::", name.replace('-', "_"));
        assert!(texts.iter().any(|text| text.contains(&path)), "nothing uses the dev-dependency {name}");
    }
}
