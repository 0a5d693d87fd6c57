//! The operating-system user that the database's processes run as, and how its programs are run.
//!
//! PostgreSQL refuses to run as root. Where unicrm is root, the programs run as the owner of the cluster if there is
//! one already, else as `postgres`, else as `nobody`. Users are looked up with `id`, which knows every source of
//! users that the machine has; the standard library knows none.

use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::error::{ClusterError, outcome};

/// All that a program of the cluster gets to see of our environment. The rest stays out: `PG*` variables would change
/// what the programs do, and unicrm's own settings hold secrets that another user could read from the server's
/// process. The `NSS_WRAPPER` pair is the usual way to give a name to a nameless user in a container.
const PASSED_ON: [&str; 8] = [
    "PATH",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "DYLD_LIBRARY_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH",
    "NSS_WRAPPER_PASSWD",
    "NSS_WRAPPER_GROUP",
];

/// Who runs the programs: ourselves, or the user that root steps down to.
#[derive(Debug, Clone)]
pub(super) enum ServerUser {
    Ourselves { uid: u32 },
    SteppedDown { name: String, uid: u32, gid: u32 },
}

impl ServerUser {
    /// The user for `cluster` if there is one, else for a new cluster.
    pub(super) async fn choose(uid: u32, cluster: Option<&Path>) -> Result<Self, ClusterError> {
        if uid != 0 {
            return Ok(Self::Ourselves { uid });
        }
        match cluster {
            Some(cluster) => Self::owner_of(cluster),
            None => Self::unprivileged().await,
        }
    }

    fn owner_of(cluster: &Path) -> Result<Self, ClusterError> {
        let owner = cluster.metadata().map_err(ClusterError::io("read the owner of", cluster))?;
        if owner.uid() == 0 {
            return Err(ClusterError::data_dir(
                cluster,
                "it belongs to root, and PostgreSQL refuses to run as root (chown -R it to the user postgres)",
            ));
        }
        let (uid, gid) = (owner.uid(), owner.gid());
        Ok(Self::SteppedDown { name: format!("uid {uid}"), uid, gid })
    }

    async fn unprivileged() -> Result<Self, ClusterError> {
        for name in ["postgres", "nobody"] {
            if let (Some(uid), Some(gid)) = (id(&["-u", name]).await?, id(&["-g", name]).await?)
                && uid != 0
            {
                return Ok(Self::SteppedDown { name: format!("user {name}"), uid, gid });
            }
        }
        Err(ClusterError::NoServerUser)
    }

    /// Refuses a user id without a name, which `initdb` would refuse in words that help nobody.
    pub(super) async fn check_name(&self) -> Result<(), ClusterError> {
        let Self::Ourselves { uid } = *self else {
            return Ok(());
        };
        let output = read_id(&["-un"]).await?;
        // Some implementations of `id` print the number where there is no name.
        let name = String::from_utf8_lossy(&output.stdout);
        if output.status.success() && name.trim() != uid.to_string() {
            Ok(())
        } else {
            Err(ClusterError::NamelessUser { uid })
        }
    }

    /// Hands a file or directory that we made to the user, so that the server can write to it.
    pub(super) fn give(&self, path: &Path) -> Result<(), ClusterError> {
        match self {
            Self::Ourselves { .. } => Ok(()),
            Self::SteppedDown { uid, gid, .. } => {
                chown(path, Some(*uid), Some(*gid)).map_err(ClusterError::io("change the owner of", path))
            }
        }
    }

    /// Checks that we may run programs as the user, and that the user may enter `dir`, by having it try.
    pub(super) async fn check_reach(&self, dir: &Path) -> Result<(), ClusterError> {
        let Self::SteppedDown { name, .. } = self else {
            return Ok(());
        };
        let shell = Path::new("/bin/sh");
        let arguments = [OsStr::new("-c"), "cd -- \"$1\"".as_ref(), "sh".as_ref(), dir.as_ref()];
        let output = self.spawn(shell, arguments).await;
        let output = output.map_err(|source| ClusterError::CannotStepDown { user: name.clone(), source })?;
        if output.status.success() {
            Ok(())
        } else {
            Err(ClusterError::Unreachable { dir: dir.to_owned(), user: name.clone() })
        }
    }

    /// Runs one of PostgreSQL's programs to its end and returns what it printed to standard output.
    ///
    /// The program is in a process group of its own, so that an interrupt typed at our terminal reaches us and not
    /// it, and is killed if the returned future is dropped.
    pub(super) async fn run<I, S>(&self, program: &Path, arguments: I) -> Result<String, ClusterError>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let output =
            self.spawn(program, arguments).await.map_err(|error| self.cannot_run(program, &error))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let reason = outcome(output.status, [&output.stdout, &output.stderr]);
        Err(ClusterError::Program { program: self.describe(program), reason })
    }

    async fn spawn<I, S>(&self, program: &Path, arguments: I) -> io::Result<std::process::Output>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = bare_command(program.as_os_str());
        command.args(arguments);
        if let Self::SteppedDown { uid, gid, .. } = self {
            command.uid(*uid).gid(*gid);
        }
        command.output().await
    }

    fn cannot_run(&self, program: &Path, error: &io::Error) -> ClusterError {
        ClusterError::Program {
            program: self.describe(program),
            reason: format!("it could not be run: {error}"),
        }
    }

    fn describe(&self, program: &Path) -> String {
        match self {
            Self::Ourselves { .. } => program.display().to_string(),
            Self::SteppedDown { name, .. } => format!("{} (as {name})", program.display()),
        }
    }
}

/// The effective user id of this process.
pub(super) async fn effective_uid() -> Result<u32, ClusterError> {
    id(&["-u"]).await?.ok_or_else(|| ClusterError::Program {
        program: "id -u".to_owned(),
        reason: "it printed no user id".to_owned(),
    })
}

/// The number that `id` prints, or nothing where it knows no such user.
async fn id(arguments: &[&str]) -> Result<Option<u32>, ClusterError> {
    let output = read_id(arguments).await?;
    if !output.status.success() {
        return Ok(None);
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse().ok())
}

async fn read_id(arguments: &[&str]) -> Result<std::process::Output, ClusterError> {
    bare_command("id".as_ref()).args(arguments).output().await.map_err(|error| ClusterError::Program {
        program: format!("id {}", arguments.join(" ")),
        reason: format!("it could not be run: {error}"),
    })
}

/// A command with next to nothing of our environment, no input, and a working directory that every user may enter.
fn bare_command(program: &OsStr) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .envs(PASSED_ON.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        // English messages, and on macOS a server that starts: there it refuses to without a valid locale.
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null())
        .process_group(0)
        .kill_on_drop(true);
    command
}
