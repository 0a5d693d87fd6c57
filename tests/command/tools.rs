use std::io::Write;
use std::process::Stdio;

use crate::process::{DataDir, output, stderr, stdout, unicrm};

#[test]
fn check_says_what_a_good_folder_holds_and_names_what_is_wrong_in_a_bad_one() {
    let dir = DataDir::new();
    let good = output(unicrm(&dir).args(["check", concat!(env!("CARGO_MANIFEST_DIR"), "/mappings")]));
    assert!(good.status.success(), "{}", stderr(&good));
    assert!(stdout(&good).contains("no problems"), "{}", stdout(&good));

    let folder = dir.path().join("mappings/library");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("provider.yaml"), "name: other\ncolour: red\n").expect("a file");
    std::fs::write(folder.join("users.yaml"), "model: [\n").expect("a file");
    let bad = output(unicrm(&dir).arg("check").arg(dir.path().join("mappings")));
    assert_eq!(bad.status.code(), Some(1));
    let text = stderr(&bad);
    assert!(text.contains("library/provider.yaml:2:") && text.contains("library/users.yaml:2:"), "{text}");

    let missing = output(unicrm(&dir).args(["check", "/does/not/exist"]));
    assert_eq!(missing.status.code(), Some(1));
    assert!(stderr(&missing).contains("/does/not/exist"), "{}", stderr(&missing));
}

#[test]
fn mapping_eval_runs_a_providers_mapping_over_a_vendors_answer() {
    let dir = DataDir::new();
    std::fs::create_dir_all(dir.path()).expect("a folder");
    let file = dir.path().join("party.json");
    let party = r#"{"party": {"id": 7, "type": "person", "firstName": "Ada", "lastName": "King", "createdAt": "2024-03-19T18:25:25Z"}}"#;
    std::fs::write(&file, party).expect("a file");
    let arguments = ["mapping", "eval", "--provider", "capsule", "--resource", "contacts", "--method", "get"];
    let ran = output(unicrm(&dir).args(arguments).arg(&file));
    let record: serde_json::Value =
        serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{}", stderr(&ran)));
    assert_eq!((record["id"].as_str(), record["name"].as_str()), (Some("7"), Some("Ada King")));
    assert_eq!(record["created_at"], "2024-03-19T18:25:25.000Z");

    let unsupported = output(
        unicrm(&dir)
            .args(["mapping", "eval", "--provider", "capsule", "--resource", "users", "--method", "delete"])
            .arg(&file),
    );
    assert_eq!(unsupported.status.code(), Some(1));
    assert!(stderr(&unsupported).contains("can't remove users"), "{}", stderr(&unsupported));
}

#[test]
fn mapping_eval_runs_an_expression_over_standard_input() {
    let dir = DataDir::new();
    let mut child = unicrm(&dir)
        .args(["mapping", "eval", "--expression", "$sum(items.price)", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a start");
    child
        .stdin
        .take()
        .expect("stdin")
        .write_all(br#"{"items": [{"price": 1}, {"price": 2}]}"#)
        .expect("a write");
    let ran = child.wait_with_output().expect("an end");
    assert_eq!(stdout(&ran).trim(), "3");

    let broken = output(unicrm(&dir).args(["mapping", "eval", "--expression", "1 +", "/dev/null"]));
    assert_eq!(broken.status.code(), Some(1));
}

#[test]
fn settings_are_printed_with_their_meaning() {
    let dir = DataDir::new();
    let ran = output(unicrm(&dir).arg("settings"));
    assert!(ran.status.success());
    for name in ["DATABASE_URL", "UNICRM_MASTER_KEYS", "UNICRM_LISTEN", "UNICRM_PROVIDER_CAPSULE_ORIGIN"] {
        assert!(stdout(&ran).contains(name), "{name}");
    }
}
