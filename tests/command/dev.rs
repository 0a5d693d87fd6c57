use std::process::Command;

use crate::process::{DataDir, Running, unicrm};

/// The curl lines of what `dev` printed, each as it would be pasted.
fn curls(printed: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for line in printed.lines().map(str::trim) {
        match found.last_mut() {
            Some(last) if open => {
                last.push('\n');
                last.push_str(line);
            }
            _ if line.starts_with("curl ") => found.push(line.to_owned()),
            _ => continue,
        }
        open = line.ends_with('\\');
    }
    found
}

fn value(printed: &str, name: &str) -> String {
    let line = printed
        .lines()
        .find(|line| line.trim_start().starts_with(name))
        .unwrap_or_else(|| panic!("{name} in {printed}"));
    line.trim_start()[name.len()..].split_whitespace().next().expect("a value").to_owned()
}

#[test]
fn dev_prints_lines_that_work_when_pasted_and_starts_again_with_the_same_account() {
    let dir = DataDir::new();
    let mut dev = Running::start(unicrm(&dir).arg("dev"));
    dev.until("Ctrl-C");
    let first = dev.seen().to_owned();
    let lines = curls(&first);
    assert_eq!(lines.len(), 3, "{first}");
    for (line, expected) in lines.iter().zip(["\"result\":[", "\"first_name\":\"Ada\"", "\"firstName\""]) {
        let ran = Command::new("bash")
            .args(["-c", &line.replacen("curl ", "curl -sSf ", 1)])
            .output()
            .expect("bash");
        let answer = String::from_utf8_lossy(&ran.stdout).into_owned();
        assert!(
            ran.status.success() && answer.contains(expected),
            "{line}\n{answer}{}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }
    let reference = Command::new("curl").args(["-sSf", &value(&first, "Reference")]).output().expect("curl");
    assert!(String::from_utf8_lossy(&reference.stdout).contains("docs/page.js"), "{reference:?}");
    for label in ["Capsule", "Nimble", "Nutshell"] {
        let link = value(&first, &format!("{label}:"));
        let page = Command::new("curl").args(["-sSfL", "-c", "-", "-b", "", &link]).output().expect("curl");
        let page = String::from_utf8_lossy(&page.stdout).into_owned();
        assert!(page.contains(&format!("Connect {label}")), "{link}\n{page}");
    }
    assert!(dev.end("INT").success(), "Ctrl-C is an orderly end");
    assert_eq!(dir.postmaster(), None, "the database stopped with it");

    let mut again = Running::start(unicrm(&dir).arg("dev"));
    again.until("Ctrl-C");
    for name in ["API token", "Account"] {
        assert_eq!(value(again.seen(), name), value(&first, name), "{name}");
    }
    assert!(again.end("TERM").success());
}
