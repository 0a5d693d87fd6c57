//! The crate's source files, parsed.

use std::fs;
use std::path::{Path, PathBuf};

pub struct Source {
    /// Relative to the repository: `src/http/mod.rs`.
    pub path: PathBuf,
    /// From the crate's root: `["http", "reply"]`; empty for `lib.rs` and `main.rs`.
    pub module: Vec<String>,
    pub text: String,
    pub syntax: syn::File,
}

impl Source {
    /// The module under the crate's root that this file belongs to; nothing for `lib.rs` and `main.rs`.
    pub fn top(&self) -> Option<&str> {
        self.module.first().map(String::as_str)
    }

    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(repository().join(path)).expect("a source file");
        let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let module = path.strip_prefix("src").expect("a file of src").with_extension("");
        let module = module.iter().map(|part| part.to_str().expect("UTF-8").to_owned());
        let module = module.filter(|part| !matches!(part.as_str(), "mod" | "lib" | "main")).collect();
        Source { path: path.to_owned(), module, text, syntax }
    }
}

/// Every file of `src`.
pub fn all() -> Vec<Source> {
    let files = walk("src").into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "rs"));
    let sources: Vec<Source> = files.map(|path| Source::read(&path)).collect();
    assert!(sources.len() > 50, "these can't be all source files: {}", sources.len());
    sources
}

pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder of the repository, by path relative to the repository.
pub fn walk(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = fs::read_dir(repository().join(folder));
    for entry in entries.unwrap_or_else(|error| panic!("{folder}: {error}")) {
        let entry = entry.expect("an entry");
        let path = Path::new(folder).join(entry.file_name());
        if entry.file_type().expect("its type").is_dir() {
            found.extend(walk(path.to_str().expect("UTF-8")));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}
