//! What can go wrong with the private cluster, told so that the reader knows what to do next.

use std::fmt::{self, Display};
use std::io;
use std::path::{Path, PathBuf};

use super::binaries::OLDEST_MAJOR;

/// Why a private cluster could not be started, used or left. The texts are for the operator's terminal: they name
/// files, users and settings of this machine, and no secret.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No folder with `postgres`, `initdb` and `pg_ctl` of a version that unicrm runs on.
    #[error("{}", no_binaries(searched, refused))]
    NoBinaries {
        /// The folders that were looked into.
        searched: Vec<PathBuf>,
        /// Folders that hold the programs and cannot be used, each with its reason.
        refused: Vec<String>,
    },

    /// The cluster on disk was made by a major version that the machine no longer has. Another major version cannot
    /// read it.
    #[error(
        "the database in {} was made by PostgreSQL {major}, and the programs of that version were not found ({}). \
         Install PostgreSQL {major} again, or set UNICRM_PG_BIN to the folder that holds its programs, or dump the \
         database with the old version and restore it into a server named by DATABASE_URL",
        cluster.display(), found(versions)
    )]
    BinariesGone {
        /// The cluster's directory, `pgNN`.
        cluster: PathBuf,
        /// The version it needs.
        major: u32,
        /// The versions that are on the machine.
        versions: Vec<u32>,
    },

    /// The data directory can't hold a cluster, whoever runs it.
    #[error("{} cannot hold the database: {reason}. Set UNICRM_DATA_DIR to another directory", dir.display())]
    DataDir {
        /// The directory as it was resolved.
        dir: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// unicrm runs as root, and the user that the database runs as instead may not enter the data directory.
    #[error(
        "PostgreSQL refuses to run as root, so unicrm runs it as {user}, and that user cannot enter {}: the \
         directory or one above it is closed to other users. Set UNICRM_DATA_DIR to a directory whose parents \
         everyone may pass through, such as /var/lib/unicrm",
        dir.display()
    )]
    Unreachable {
        /// The data directory.
        dir: PathBuf,
        /// The user that the database would run as.
        user: String,
    },

    /// unicrm runs as root without root's right to run a program as another user.
    #[error(
        "PostgreSQL refuses to run as root, and unicrm may not run it as {user}: {source}. Give the container the \
         capabilities SETUID, SETGID and CHOWN, or start unicrm as another user, or set DATABASE_URL"
    )]
    CannotStepDown {
        /// The user that the database would run as.
        user: String,
        /// The refusal.
        source: io::Error,
    },

    /// unicrm runs as root on a machine with neither of the users that the database could run as.
    #[error(
        "PostgreSQL refuses to run as root, and this machine has neither a user `postgres` nor a user `nobody` to \
         run it as. Create one, or start unicrm as another user, or set DATABASE_URL"
    )]
    NoServerUser,

    /// The process runs under a number that no user has, as after `docker run --user 12345`. `initdb` refuses that.
    #[error(
        "unicrm runs as user id {uid}, which has no name on this machine, and PostgreSQL's initdb refuses to work for \
         a nameless user. Add one to /etc/passwd (echo 'unicrm:x:{uid}:0::/:/bin/sh' >> /etc/passwd, as root or \
         in the image), or run as a user that exists, or as root, or set DATABASE_URL"
    )]
    NamelessUser {
        /// The effective user id.
        uid: u32,
    },

    /// Another process held the lock that guards starting and stopping for longer than either can take.
    #[error("{} is still locked after {seconds} s: another unicrm seems to hang while it starts or stops the database", lock.display())]
    Locked {
        /// The lock file.
        lock: PathBuf,
        /// How long it was waited for.
        seconds: u64,
    },

    /// One of PostgreSQL's programs, or `id`, could not be run or reported failure.
    #[error("{program} failed: {reason}")]
    Program {
        /// The program as it was run, with the user where it is not our own.
        program: String,
        /// Its exit status and all that it printed, or why it could not be run.
        reason: String,
    },

    /// The server does not start, answer or stop.
    #[error("{reason}\nThe end of the server's log, {}:\n{tail}", log.display())]
    Server {
        /// What was expected of it, and what happened.
        reason: String,
        /// Its log file.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },

    /// Durability was asked for, and the running server was started without it.
    #[error(
        "the database in {0} is running without fsync, as a throwaway cluster for tests: it could lose what it is \
         given. Stop it (pg_ctl stop -D '{0}') or set UNICRM_DATA_DIR to another directory",
        cluster.display()
    )]
    NotDurable {
        /// The cluster's directory.
        cluster: PathBuf,
    },

    /// The server answered with an error.
    #[error("could not {action}: {source}")]
    Database {
        /// What was asked of it.
        action: String,
        /// The answer.
        source: sqlx::Error,
    },

    /// The operating system refused a file or directory.
    #[error("could not {action}: {source}")]
    Io {
        /// What was tried.
        action: String,
        /// The refusal.
        source: io::Error,
    },
}

impl ClusterError {
    /// For `map_err`: an input/output error while doing `verb` to `path`.
    pub(super) fn io(verb: &str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let action = format!("{verb} {}", path.display());
        move |source| Self::Io { action, source }
    }

    pub(super) fn data_dir(dir: &Path, reason: impl Into<String>) -> Self {
        Self::DataDir { dir: dir.to_owned(), reason: reason.into() }
    }
}

fn no_binaries(searched: &[PathBuf], refused: &[String]) -> String {
    let mut text = format!(
        "no usable PostgreSQL was found. Without DATABASE_URL unicrm runs a database of its own, and needs the \
         programs postgres, initdb and pg_ctl of PostgreSQL {OLDEST_MAJOR} or later.\n\
         Install them:\n  \
         Debian, Ubuntu  apt-get install postgresql\n  \
         Fedora          dnf install postgresql-server\n  \
         Alpine          apk add postgresql\n  \
         macOS           brew install postgresql@17\n\
         or set UNICRM_PG_BIN to the folder that holds them, or set DATABASE_URL to use a server that you run.\n\
         Looked in: {}",
        list(searched.iter().map(|dir| dir.display()))
    );
    if !refused.is_empty() {
        text.push_str("\nRefused: ");
        text.push_str(&refused.join("; "));
    }
    text
}

fn found(versions: &[u32]) -> String {
    if versions.is_empty() {
        return "no version was found".to_owned();
    }
    format!("found: {}", list(versions.iter()))
}

fn list<T: Display>(items: impl Iterator<Item = T>) -> String {
    let items: Vec<String> = items.map(|item| item.to_string()).collect();
    items.join(", ")
}

/// How an exit status and both output streams read in an error.
pub(super) fn outcome(status: impl fmt::Display, streams: [&[u8]; 2]) -> String {
    let mut text = status.to_string();
    for stream in streams {
        let stream = String::from_utf8_lossy(stream);
        if !stream.trim().is_empty() {
            text.push('\n');
            text.push_str(stream.trim());
        }
    }
    text
}
