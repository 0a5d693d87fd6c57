use std::process::Command;

const README: &str = include_str!("../../README.md");

#[test]
fn the_readmes_tables_of_providers_are_those_of_the_catalog() {
    let folder = std::env::temp_dir();
    let ran =
        Command::new(env!("CARGO_BIN_EXE_unicrm")).arg("providers").env_clear().current_dir(folder).output();
    let ran = ran.expect("a start");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let printed = String::from_utf8(ran.stdout).expect("UTF-8");
    let (_, rest) = README.split_once("<!-- unicrm providers -->\n").expect("where the tables begin");
    let (written, _) = rest.split_once("<!-- / -->").expect("where the tables end");
    assert!(
        written.trim() == printed.trim(),
        "put what `unicrm providers` prints into README.md, between <!-- unicrm providers --> and <!-- / -->:\n{printed}"
    );
}
