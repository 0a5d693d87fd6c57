//! Every path that a source file names.

use syn::buffer::{Cursor, TokenBuffer};
use syn::visit::{self, Visit};

use crate::sources::Source;

/// Where a glob stands in a path, or a group among the tokens of a macro.
pub const EVERYTHING: &str = "*";

/// A path as it is reached from the crate's root (`crate::store::Store`) or from another crate (`sqlx::Error`).
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone)]
pub struct Named {
    pub path: Vec<String>,
    /// Whether this is a `pub use`.
    pub re_exported: bool,
}

impl Named {
    /// The module of this crate that the path leads to, if it leads to one.
    pub fn own(&self) -> Option<&str> {
        let [first, module, ..] = self.path.as_slice() else { return None };
        (first == "crate").then_some(module.as_str())
    }

    /// The other crate that the path leads to, or anything that only looks like one.
    pub fn foreign(&self) -> &str {
        if self.path[0] == "crate" { "" } else { &self.path[0] }
    }

    pub fn text(&self) -> String {
        self.path.join("::")
    }
}

/// The paths of a file, each once.
pub fn named(source: &Source) -> Vec<Named> {
    let mut reader = Reader { module: source.module.clone(), found: Vec::new() };
    reader.visit_file(&source.syntax);
    reader.found.sort();
    reader.found.dedup();
    reader.found
}

struct Reader {
    module: Vec<String>,
    found: Vec<Named>,
}

impl Reader {
    fn add(&mut self, path: Vec<String>, re_exported: bool) {
        if let Some(path) = absolute(&self.module, path) {
            self.found.push(Named { path, re_exported });
        }
    }

    fn add_tree(&mut self, tree: &syn::UseTree, prefix: &[String], re_exported: bool) {
        let with = |name: String| [prefix, &[name]].concat();
        match tree {
            syn::UseTree::Path(path) => {
                self.add_tree(&path.tree, &with(path.ident.to_string()), re_exported);
            }
            syn::UseTree::Name(name) if name.ident == "self" => self.add(prefix.to_vec(), re_exported),
            syn::UseTree::Name(name) => self.add(with(name.ident.to_string()), re_exported),
            syn::UseTree::Rename(rename) => self.add(with(rename.ident.to_string()), re_exported),
            syn::UseTree::Glob(_) => self.add(with(EVERYTHING.to_owned()), re_exported),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_tree(tree, prefix, re_exported);
                }
            }
        }
    }

    /// Paths among tokens that nobody has parsed.
    fn add_tokens(&mut self, mut rest: Cursor) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        while !rest.eof() {
            if let Some((name, next)) = rest.ident() {
                if colons != 2 {
                    self.finish(&mut path);
                }
                path.push(name.to_string());
                (colons, rest) = (0, next);
            } else if let Some((_, next)) = rest.punct().filter(|(mark, _)| mark.as_char() == ':') {
                (colons, rest) = (colons + 1, next);
            } else {
                let group = rest.any_group();
                let opens_here =
                    group.is_some() || rest.punct().is_some_and(|(mark, _)| mark.as_char() == '*');
                if colons == 2 && opens_here && !path.is_empty() {
                    path.push(EVERYTHING.to_owned());
                }
                self.finish(&mut path);
                if let Some((inner, ..)) = group {
                    self.add_tokens(inner);
                }
                if let Some((literal, _)) = rest.literal() {
                    self.add_quoted(&literal.to_string());
                }
                colons = 0;
                rest = rest.token_tree().map_or_else(|| rest, |(_, next)| next);
            }
        }
        self.finish(&mut path);
    }

    fn finish(&mut self, path: &mut Vec<String>) {
        if path.len() > 1 {
            self.add(std::mem::take(path), false);
        }
        path.clear();
    }

    /// A path in quotes, as attributes take them: `with = "crate::ids::text"`.
    fn add_quoted(&mut self, literal: &str) {
        let path = syn::parse_str::<syn::LitStr>(literal).and_then(|text| text.parse::<syn::Path>());
        if let Ok(path) = path
            && path.segments.len() > 1
        {
            self.visit_path(&path);
        }
    }
}

/// The path from the crate's root or another crate; nothing for paths that begin at a name of this module's own.
fn absolute(module: &[String], path: Vec<String>) -> Option<Vec<String>> {
    let from_here = |depth: usize, rest: &[String]| {
        let root = ["crate".to_owned()];
        Some([&root[..], &module[..depth], rest].concat())
    };
    match path[0].as_str() {
        "crate" => Some(path),
        "Self" => None,
        "self" => from_here(module.len(), &path[1..]),
        "super" => {
            let up = path.iter().take_while(|part| *part == "super").count();
            from_here(module.len().checked_sub(up)?, &path[up..])
        }
        _ => Some(path),
    }
}

impl<'a> Visit<'a> for Reader {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        let re_exported = !matches!(item.vis, syn::Visibility::Inherited);
        self.add_tree(&item.tree, &[], re_exported);
        visit::visit_item_use(self, item);
    }

    fn visit_item_extern_crate(&mut self, item: &'a syn::ItemExternCrate) {
        self.add(vec![item.ident.to_string()], !matches!(item.vis, syn::Visibility::Inherited));
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if names.len() > 1 {
            self.add(names, false);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'a syn::Macro) {
        self.add_tokens(TokenBuffer::new2(call.tokens.clone()).begin());
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, attribute: &'a syn::Attribute) {
        match &attribute.meta {
            syn::Meta::List(list) => self.add_tokens(TokenBuffer::new2(list.tokens.clone()).begin()),
            // Documentation among others: what it links to is not an import.
            syn::Meta::NameValue(_) | syn::Meta::Path(_) => {}
        }
        visit::visit_attribute(self, attribute);
    }
}

#[test]
fn paths_are_found_wherever_they_stand() {
    let text = r#"
        use crate::store::{self, accounts::AccountRow as Row};
        pub use super::sibling::*;
        use sqlx;
        fn f(x: crate::http::State) -> Vec<axum::Json<()>> {
            tracing::info!(x = %reqwest::get(url), "text");
            vec![vec![crate::gateway::call::<tokio::Thing>()]];
            let _: self::inner::Thing = Self::x();
        }
        #[serde(with = "crate::ids::text")]
        struct S;
        mod inner { fn g() { super::super::up::there() } }
        macro_rules! m { () => { use $crate::{http}; } }
    "#;
    let source = Source {
        path: "src/here/child.rs".into(),
        module: vec!["here".to_owned(), "child".to_owned()],
        text: text.to_owned(),
        syntax: syn::parse_file(text).expect("Rust"),
    };
    let found = named(&source);
    let texts: Vec<String> = found.iter().map(Named::text).collect();
    for expected in [
        "crate::store",
        "crate::store::accounts::AccountRow",
        "crate::here::sibling::*",
        "sqlx",
        "crate::http::State",
        "axum::Json",
        "reqwest::get",
        "crate::gateway::call",
        "tokio::Thing",
        "crate::here::child::inner::Thing",
        "crate::ids::text",
        "crate::here::up::there",
        "crate::*",
    ] {
        assert!(texts.iter().any(|text| text == expected), "{expected} among {texts:#?}");
    }
    assert!(found.iter().any(|named| named.re_exported && named.text() == "crate::here::sibling::*"));
    assert!(!texts.iter().any(|text| text.starts_with("Self")), "{texts:?}");
}
