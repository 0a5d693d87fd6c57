//! Whose process the number in a PostgreSQL lock file is.
//!
//! Read from `/proc` where there is one, which needs no program and no right over the process, else asked of `ps`.

use std::fs;
use std::path::Path;

use tokio::process::Command;

/// The number in the first line of one of PostgreSQL's lock files. There is none if the file is gone, cut off, or
/// not for us to read.
pub(super) fn first_number(file: &Path) -> Option<u32> {
    fs::read_to_string(file).ok()?.lines().next()?.trim().parse().ok()
}

/// Whether the process is a server that was started for this directory. A zombie has no command line any more,
/// and a process that is gone has none either.
pub(super) async fn is_server_of(pid: u32, cluster: &Path) -> bool {
    let Some(cluster) = cluster.to_str() else {
        return false;
    };
    let command_line = if has_proc() {
        let line = tokio::fs::read(format!("/proc/{pid}/cmdline")).await.unwrap_or_default();
        String::from_utf8_lossy(&line).replace('\0', " ")
    } else {
        ps(pid, "command=").await
    };
    // The program's path may hold spaces, so it ends where the first option begins.
    let program = command_line.split(" -").next().unwrap_or_default();
    program.ends_with("postgres") && command_line.contains(&format!(" {cluster} "))
}

/// Whether any process has the number, be it a zombie.
pub(super) async fn exists(pid: u32) -> bool {
    if has_proc() {
        Path::new(&format!("/proc/{pid}")).exists()
    } else {
        !ps(pid, "pid=").await.trim().is_empty()
    }
}

fn has_proc() -> bool {
    Path::new("/proc/self/cmdline").exists()
}

/// What `ps` says of a process, on systems without `/proc`: nothing if it doesn't exist.
async fn ps(pid: u32, column: &str) -> String {
    let output = Command::new("ps").args(["-ww", "-o", column, "-p"]).arg(pid.to_string()).output().await;
    match output {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(error) => {
            tracing::warn!(%error, "could not run ps to see whether the private PostgreSQL is alive");
            String::new()
        }
    }
}
