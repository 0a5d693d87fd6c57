//! Where mapping files come from: the copy in the binary, or a folder that the operator names.

use std::collections::BTreeMap;
use std::path::Path;

use rust_embed::RustEmbed;

use super::document::Problem;

#[derive(RustEmbed)]
#[folder = "mappings"]
struct Embedded;

/// The texts of a mappings folder, by path relative to it (`capsule/contacts.yaml`).
#[derive(Debug, Clone, Default)]
pub struct Files(pub BTreeMap<String, String>);

impl Files {
    /// The mappings that the binary was built with.
    pub fn embedded() -> Self {
        let ours = Embedded::iter().filter(|path| is_mapping(Path::new(path.as_ref())));
        let texts = ours.filter_map(|path| {
            let file = Embedded::get(&path)?;
            Some((path.into_owned(), String::from_utf8(file.data.into_owned()).ok()?))
        });
        Files(texts.collect())
    }

    /// The mappings in a folder. Files that can't be read, or aren't text, are problems.
    pub fn read(folder: &Path) -> Result<Self, Vec<Problem>> {
        let mut files = Files::default();
        let mut problems = Vec::new();
        walk(folder, folder, &mut files, &mut problems);
        if files.0.is_empty() && problems.is_empty() {
            problems.push(problem(&folder.display().to_string(), "the folder has no mapping files"));
        }
        if problems.is_empty() { Ok(files) } else { Err(problems) }
    }
}

/// By its ending; `.yml` is among them so that it can be named as a mistake. A README is not.
fn is_mapping(path: &Path) -> bool {
    matches!(path.extension().and_then(|ending| ending.to_str()), Some("yaml" | "jsonata" | "yml"))
}

fn walk(root: &Path, folder: &Path, files: &mut Files, problems: &mut Vec<Problem>) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            return problems.push(problem(&folder.display().to_string(), &format!("can't be read: {error}")));
        }
    };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        if path.is_dir() {
            walk(root, &path, files, problems);
        } else if is_mapping(&path) {
            match std::fs::read_to_string(&path) {
                Ok(text) => {
                    files.0.insert(name, text);
                }
                Err(error) => problems.push(problem(&name, &format!("can't be read: {error}"))),
            }
        }
    }
}

fn problem(file: &str, message: &str) -> Problem {
    Problem { file: file.to_owned(), line: 1, column: 1, message: message.to_owned() }
}
