use unicrm::mapping::expression::Engine;
use unicrm::mapping::{Catalog, Files};

/// The shipped folder with some files changed.
fn folder(changes: &[(&str, &str)]) -> Files {
    let mut files = Files::embedded();
    for (file, text) in changes {
        files.0.insert((*file).to_owned(), (*text).to_owned());
    }
    files
}

fn problems(changes: &[(&str, &str)]) -> Vec<String> {
    match Catalog::load(&folder(changes), Engine::Core) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

fn manifest(extra: &str) -> String {
    format!(
        "name: library\nlabel: Library\ncategory: crm\ndocumentation: https://library.example\nbase_url: https://library.example\n\
         adapter: rest\nauth:\n  api_key:\n    fields:\n      - {{ name: api_key, label: Key, secret: true, help: x }}\n    present: {{ bearer: api_key }}\n{extra}"
    )
}

const ITEMS: &str = "paging:\n  whole: { style: whole }\nresources:\n  items:\n    description: x\n    methods:\n      list: { description: x, method: GET, path: /items, response_path: items, paging: whole }\n";

#[test]
fn every_problem_of_a_folder_is_named_at_once_with_its_file_and_line() {
    let manifest = manifest(&format!(
        "{ITEMS}      odd: {{ description: x, method: FETCH, path: odd, paging: pages }}\ncolour: red\n"
    ));
    let found = problems(&[
        ("library/provider.yaml", &manifest),
        ("library/broken.yaml", "model: crm\nresource: [\n"),
        ("library/twice.yaml", "model: crm\nmodel: crm\nresource: users\n"),
        ("library/lost.yaml", "model: crm\nresource: contatcs\n"),
        ("library/unused.jsonata", "1"),
        ("library/old.yml", "x: 1"),
    ]);
    for expected in [
        "library/broken.yaml:3:1: not YAML",
        "library/twice.yaml:2:8: model is given twice",
        "library/provider.yaml:19:",
        "library/provider.yaml:20:",
        "library/old.yml:1:1: ",
    ] {
        assert!(found.iter().any(|problem| problem.starts_with(expected)), "{expected} in {found:#?}");
    }
}

#[test]
fn every_mistake_of_a_mapping_is_named() {
    let mapping = "\
model: crm
resource: users
methods:
  list:
    resource: items
    method: list
    filters: [name, shoe_size]
    response_mapping: missing.jsonata
  get:
    resource: items
    method: fetch
    response_mapping: '{ \"id\": response.id'
  update:
    resource: items
    method: list
    writes: [id]
    exists: 'true'
    response_mapping: users.response.jsonata
    after:
      - { name: again, type: transform, run_if_text: 'a(', config: { expression: data } }
";
    let both = "\
model: crm
resource: pipelines
methods:
  get: { resource: items, method: list, response_mapping: response }
unsupported:
  get: never
";
    let found = problems(&[
        ("library/provider.yaml", &manifest(ITEMS)),
        ("library/users.yaml", mapping),
        ("library/pipelines.yaml", both),
        ("library/users.response.jsonata", "{\n  \"id\": response.id,,\n}"),
    ]);
    for expected in [
        "shoe_size is not a parameter",
        "no file library/missing.jsonata",
        "no method fetch",
        "line 1 column",
        "library/users.response.jsonata:2:",
        "id is not a writable field",
        "before steps",
        "is not a regular expression: regex parse error",
        "create is neither under methods nor",
        "delete is neither under methods nor",
        "can't be unsupported",
    ] {
        assert!(found.iter().any(|problem| problem.contains(expected)), "{expected} in {found:#?}");
    }
    assert!(found.iter().all(|problem| problem.starts_with("library/")), "{found:#?}");
}

#[test]
fn a_provider_without_a_manifest_and_files_that_nothing_uses_are_problems() {
    let found = problems(&[("ghost/contacts.yaml", "model: crm\nresource: contacts\n")]);
    assert!(found.iter().any(|problem| problem.starts_with("ghost/provider.yaml:1:1")), "{found:#?}");
    let found = problems(&[("capsule/forgotten.jsonata", "1")]);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("capsule/forgotten.jsonata:1:1"), "{found:#?}");
}

#[test]
fn a_shape_that_is_not_there_is_a_problem() {
    let text = "description: x\nsingular: x\nmethods: [list]\nfields:\n  id: { shape: nowhere }\n";
    let found = problems(&[("crm/odd.yaml", text)]);
    assert!(
        found.iter().any(|problem| problem.contains("nowhere") && problem.starts_with("crm/odd.yaml:5")),
        "{found:#?}"
    );
}

#[test]
fn what_is_asked_while_an_account_is_connected_exists_and_only_reads() {
    let text = manifest(ITEMS).replace(
        "paging:\n",
        "  connect:\n    probe: { resource: items, method: lost }\n    validate: [{ resource: items, method: add }]\npaging:\n",
    );
    let text = text.replace("help: x }", "help: x, pattern: \"(\", find_at: elsewhere }")
        + "      add: { description: x, method: POST, path: /items }\n";
    let found = problems(&[("library/provider.yaml", &text)]);
    for expected in [
        "items.lost is no operation of the manifest",
        "items.add changes something, and a check must not",
        "the pattern of api_key is not a regular expression",
        "find_at of api_key must be an https URL",
    ] {
        assert!(found.iter().any(|problem| problem.contains(expected)), "{expected} in {found:#?}");
    }
}
