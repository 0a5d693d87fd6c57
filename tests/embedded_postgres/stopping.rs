//! `unicrm serve` is asked to stop.

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use crate::holder::Killed;
use crate::scratch::{Scratch, signal};

#[test]
fn a_gateway_stops_in_order_from_the_moment_it_says_that_it_listens() {
    let scratch = Scratch::new("stopping");
    let mut command = Command::new(env!("CARGO_BIN_EXE_unicrm"));
    for (name, _) in env::vars_os() {
        let ours = |name: &str| name.starts_with("UNICRM_") && name != "UNICRM_PG_BIN";
        if name.to_str().is_some_and(|name| ours(name) || name.starts_with("DATABASE_")) {
            command.env_remove(&name);
        }
    }
    command.arg("serve").env("UNICRM_DATA_DIR", &scratch.data_dir).env("UNICRM_LISTEN", "127.0.0.1:0");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process");
    let mut gateway = Killed(child);
    let mut stdout = BufReader::new(gateway.0.stdout.take().expect("its output"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("a line");
    assert!(line.starts_with("unicrm listens on http://"), "{line:?}");

    signal("TERM", &gateway.0.id().to_string());

    let mut said = String::new();
    gateway.0.stderr.take().expect("its log").read_to_string(&mut said).expect("its log");
    let status = gateway.0.wait().expect("its end");
    assert!(status.success(), "{status}: {said}");
    assert_eq!(scratch.postmaster(), None, "its database was left running: {said}");
}
