//! A second process that uses the cluster.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use unicrm::store::cluster::{Cluster, ClusterOptions, Durability};

use crate::scratch::Scratch;

const HOLD: &str = "UNICRM_TEST_HOLD";

/// Not a test: the second process of other tests. Starts or attaches to the cluster in the directory that it is
/// given, says so, and leaves when told to.
#[tokio::test]
#[ignore = "the second process of other tests"]
async fn holder() {
    let Some(data_dir) = env::var_os(HOLD) else {
        return;
    };
    let options = ClusterOptions { data_dir: data_dir.into(), bin_dir: None, durability: Durability::Safe };
    let cluster = Cluster::start(options).await.expect("a running cluster");
    println!("\nholding {}", cluster.url("postgres"));
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("a line on standard input");
    if line == "leave\n" {
        cluster.leave().await.expect("an orderly leave");
    } else {
        cluster.keep_running();
    }
}

/// A process that is killed when dropped.
pub struct Killed(pub Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // Neither can fail but for a process that has ended, which is the aim.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A process that runs [`holder`].
pub struct Holder {
    pub child: Killed,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Holder {
    pub fn spawn(scratch: &Scratch, variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env::current_exe().expect("this binary"))
            .args(["holder::holder", "--exact", "--ignored", "--nocapture"])
            .env(HOLD, &scratch.data_dir)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("a second process");
        let stdin = child.stdin.take().expect("its input");
        let stdout = BufReader::new(child.stdout.take().expect("its output"));
        Self { child: Killed(child), stdin, stdout }
    }

    /// Waits until the process holds the cluster, and returns the URL that it would give to others.
    pub fn wait_until_holding(&mut self) -> String {
        for line in (&mut self.stdout).lines() {
            if let Some(url) = line.expect("a line").strip_prefix("holding ") {
                return url.to_owned();
            }
        }
        panic!("the second process ended without a cluster");
    }

    pub fn leave(mut self) {
        self.stdin.write_all(b"leave\n").expect("a reader");
        assert!(self.child.0.wait().expect("its end").success(), "the second process left in good order");
    }

    pub fn kill(mut self) {
        self.child.0.kill().expect("a running process");
        self.child.0.wait().expect("its end");
    }
}
