//! The data directory: `pgNN` for the cluster of major version NN, `pgNN.log` for its server's log, and the locks.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::error::ClusterError;
use super::lock::GATE_FILE;
use super::process;
use super::server::SOCKET_FILE;

/// The longest path of a Unix socket that every supported system takes (macOS; Linux takes four bytes more).
const LONGEST_SOCKET_PATH: usize = 103;

/// What a new cluster's directory is called until it is complete.
const UNFINISHED: &str = ".init-";

#[derive(Debug, Clone)]
pub(super) struct DataDir {
    path: PathBuf,
}

impl DataDir {
    /// Makes the directory if it is missing, resolves it, and checks that a cluster can live and be reached in it.
    ///
    /// Root's database runs as another user, who has to pass through: root makes the directory with mode 0711, and
    /// opens one of root's own (such as `mktemp -d` makes) to passing through if it is empty or already holds our
    /// locks. Everybody else's is made with mode 0700.
    pub(super) fn prepare(path: &Path, uid: u32) -> Result<Self, ClusterError> {
        let path = std::path::absolute(path).map_err(ClusterError::io("resolve", path))?;
        make(&path, if uid == 0 { 0o711 } else { 0o700 })?;
        let path = path.canonicalize().map_err(ClusterError::io("resolve", &path))?;
        check(&path)?;
        if uid == 0 {
            open_to_passing_through(&path)?;
        }
        Ok(Self { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn cluster(&self, major: u32) -> PathBuf {
        self.path.join(format!("pg{major}"))
    }

    pub(super) fn log(&self, major: u32) -> PathBuf {
        self.path.join(format!("pg{major}.log"))
    }

    /// The major version of the cluster that is here; the newest if somebody put several.
    pub(super) fn existing(&self) -> Result<Option<u32>, ClusterError> {
        let mut newest = None;
        for name in self.names()? {
            let Some(major) = name.strip_prefix("pg").and_then(|major| major.parse().ok()) else {
                continue;
            };
            // Whoever may not look inside will be told so when connecting: it is a cluster all the same.
            if self.cluster(major).join("PG_VERSION").try_exists().unwrap_or(true) {
                newest = newest.max(Some(major));
            }
        }
        Ok(newest)
    }

    /// Makes an empty directory beside the future cluster, for `initdb` to fill. Its name is not used twice: an
    /// `initdb` whose unicrm was killed may still be writing to the last one.
    pub(super) fn begin(&self, major: u32) -> Result<PathBuf, ClusterError> {
        let dir = self.path.join(format!("pg{major}{UNFINISHED}{}", Uuid::new_v4().simple()));
        DirBuilder::new().mode(0o700).create(&dir).map_err(ClusterError::io("create", &dir))?;
        Ok(dir)
    }

    /// Gives a complete cluster its name, for good.
    pub(super) fn finish(&self, unfinished: &Path, major: u32) -> Result<(), ClusterError> {
        let cluster = self.cluster(major);
        fs::rename(unfinished, &cluster)
            .map_err(ClusterError::io("give the new database its name,", &cluster))?;
        let sync = File::open(&self.path).and_then(|dir| dir.sync_all());
        sync.map_err(ClusterError::io("write to disk the directory", &self.path))
    }

    /// The unfinished clusters of starts that were interrupted, but for those that a program is still writing to:
    /// `initdb` leaves off a little later than the unicrm that ran it.
    pub(super) async fn abandoned(&self) -> Result<Vec<PathBuf>, ClusterError> {
        let mut abandoned = Vec::new();
        for name in self.names()? {
            if !name.starts_with("pg") || !name.contains(UNFINISHED) {
                continue;
            }
            let path = self.path.join(name);
            let in_use = match process::first_number(&path.join("postmaster.pid")) {
                Some(pid) => process::exists(pid).await,
                None => false,
            };
            if !in_use {
                abandoned.push(path);
            }
        }
        Ok(abandoned)
    }

    fn names(&self) -> Result<Vec<String>, ClusterError> {
        let read = || -> io::Result<Vec<String>> {
            let mut names = Vec::new();
            for entry in fs::read_dir(&self.path)? {
                // A name that isn't UTF-8 isn't ours.
                names.extend(entry?.file_name().into_string());
            }
            Ok(names)
        };
        read().map_err(ClusterError::io("list", &self.path))
    }
}

/// Removes an unfinished cluster. If that fails, the next start tries again.
pub(super) fn discard(unfinished: &Path) {
    if let Err(error) = fs::remove_dir_all(unfinished) {
        tracing::warn!(%error, directory = %unfinished.display(), "could not remove an unfinished database");
    }
}

/// Creates the directory and its missing parents, with this mode whatever the umask.
fn make(path: &Path, mode: u32) -> Result<(), ClusterError> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make(parent, mode)?;
    }
    match DirBuilder::new().mode(mode).create(path) {
        Ok(()) => fs::set_permissions(path, Permissions::from_mode(mode))
            .map_err(ClusterError::io("set the mode of", path)),
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(ClusterError::io("create the directory", path)(error)),
    }
}

fn check(path: &Path) -> Result<(), ClusterError> {
    // sqlx takes the socket's path as text, and pg_ctl pastes the paths into a shell command between double quotes.
    let Some(text) = path.to_str() else {
        return Err(ClusterError::data_dir(path, "its path is not UTF-8"));
    };
    if let Some(character) = text.chars().find(|c| c.is_control() || "\"$`\\".contains(*c)) {
        return Err(ClusterError::data_dir(
            path,
            format!("its path contains {character:?}, which pg_ctl cannot take"),
        ));
    }
    let length = path.join("pg00").join(SOCKET_FILE).as_os_str().len();
    if length > LONGEST_SOCKET_PATH {
        let reason = format!(
            "the path of the server's Unix socket in it would be {length} bytes long, and operating systems take \
             no more than {LONGEST_SOCKET_PATH}"
        );
        return Err(ClusterError::data_dir(path, reason));
    }
    Ok(())
}

fn open_to_passing_through(path: &Path) -> Result<(), ClusterError> {
    let metadata = path.metadata().map_err(ClusterError::io("read the mode of", path))?;
    let mode = metadata.mode() & 0o7777;
    if metadata.uid() != 0 || mode & 0o001 != 0 {
        return Ok(());
    }
    let empty = fs::read_dir(path).map_err(ClusterError::io("list", path))?.next().is_none();
    if empty || path.join(GATE_FILE).exists() {
        fs::set_permissions(path, Permissions::from_mode(mode | 0o001))
            .map_err(ClusterError::io("set the mode of", path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_the_socket_or_pg_ctl_cannot_take_is_refused_with_the_setting_to_change() {
        assert!(check(Path::new("/var/lib/unicrm")).is_ok());
        assert!(check(Path::new("/Users/a b/Library/Application Support/unicrm")).is_ok());
        let long = format!("/{}", "x".repeat(90));
        for (path, reason) in
            [(long.as_str(), "110 bytes"), ("/a$b", "'$'"), ("/a\"b", "'\"'"), ("/a\nb", "'\\n'")]
        {
            let text = check(Path::new(path)).expect_err(path).to_string();
            assert!(text.contains(reason), "{text}");
            assert!(text.contains("UNICRM_DATA_DIR"), "{text}");
        }
    }
}
