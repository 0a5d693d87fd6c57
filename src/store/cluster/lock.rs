//! The two locks that let several processes share one cluster.
//!
//! `cluster.gate` is held alone, and only while somebody starts, attaches to or stops the server. `cluster.use` is
//! held together by every process that uses the server, for as long as it does. Who leaves passes the gate, gives up
//! its own share, and is the last exactly if it can then have `cluster.use` alone. Nobody can begin to use the server
//! meanwhile, because that too takes the gate: a start either comes before the question and makes the answer "not the
//! last", or after the stop and finds no server.
//!
//! The locks are the operating system's (`flock`): they end with the process that holds them, however it ends, so
//! there is no stale lock. They are polled, not waited for in the kernel, so that a start can be cancelled.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::ClusterError;

/// Longer than one start and one stop may take together, so that only a process that hangs can exhaust it.
const GATE_LIMIT: Duration = Duration::from_secs(300);
const POLL: Duration = Duration::from_millis(10);

pub(super) const GATE_FILE: &str = "cluster.gate";
const USE_FILE: &str = "cluster.use";

/// The right to start, attach to or stop the server. Ends when dropped.
#[derive(Debug)]
pub(super) struct Gate {
    file: File,
}

impl Gate {
    /// Waits until no other process is at the gate.
    pub(super) async fn enter(data_dir: &Path) -> Result<Self, ClusterError> {
        let path = data_dir.join(GATE_FILE);
        let file = open(&path)?;
        until_locked(&path, || file.try_lock()).await?;
        Ok(Self { file })
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        unlock(&self.file);
    }
}

/// One user's share of the server. Ends when dropped, and then says nothing about the server.
#[derive(Debug)]
pub(super) struct Share {
    path: PathBuf,
    file: File,
}

impl Share {
    pub(super) async fn take(_gate: &Gate, data_dir: &Path) -> Result<Self, ClusterError> {
        let path = data_dir.join(USE_FILE);
        let file = open(&path)?;
        until_locked(&path, || file.try_lock_shared()).await?;
        Ok(Self { path, file })
    }

    /// Gives the share up. True if nobody else has one.
    pub(super) fn give_up(self, _gate: &Gate) -> Result<bool, ClusterError> {
        self.file.unlock().map_err(ClusterError::io("unlock", &self.path))?;
        match self.file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(source)) => Err(ClusterError::io("lock", &self.path)(source)),
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        unlock(&self.file);
    }
}

/// Unlocks by name and not only by closing: a child between fork and exec has a copy of the file, and closing ours
/// would leave the lock to that copy for a moment.
fn unlock(file: &File) {
    if let Err(error) = file.unlock() {
        tracing::warn!(%error, "could not release a lock of the private database; it ends with this process");
    }
}

fn open(path: &Path) -> Result<File, ClusterError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map_err(ClusterError::io("open the lock file", path))
}

async fn until_locked(
    path: &Path,
    attempt: impl Fn() -> Result<(), TryLockError>,
) -> Result<(), ClusterError> {
    let deadline = Instant::now() + GATE_LIMIT;
    loop {
        match attempt() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => sleep(POLL).await,
            Err(TryLockError::WouldBlock) => {
                return Err(ClusterError::Locked { lock: path.to_owned(), seconds: GATE_LIMIT.as_secs() });
            }
            Err(TryLockError::Error(source)) if source.kind() == io::ErrorKind::Interrupted => {}
            Err(TryLockError::Error(source)) => return Err(ClusterError::io("lock", path)(source)),
        }
    }
}
