//! One cluster's server: whether it runs, how it is started and stopped, and what its log says.
//!
//! Whether it runs is asked of the socket, which only a live server has open, and not of `postmaster.pid`, whose
//! process may be dead, a zombie that nobody reaps (`pg_ctl status` calls it running), or since a restart of the
//! machine another program altogether. The caller holds the gate wherever the server's state may change.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{ConnectOptions, Connection, Error as SqlError};
use tokio::time::{Instant, sleep, timeout};

use super::Durability;
use super::binaries::Installation;
use super::error::ClusterError;
use super::process;
use super::user::ServerUser;

pub(super) const SOCKET_FILE: &str = ".s.PGSQL.5432";
pub(super) const PORT: u16 = 5432;
/// The only role of a private cluster, whichever user's process connects: the directory's mode decides who can.
pub(super) const ROLE: &str = "unicrm";

/// How long recovery after a crash may take before we give up on the server.
const START_LIMIT: Duration = Duration::from_secs(180);
const STOP_LIMIT: Duration = Duration::from_secs(60);
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// How long the backends of a killed server may hold its shared memory, which keeps the next server from starting.
const ORPHAN_LIMIT: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(25);

const LOG_LIMIT: u64 = 8 << 20;
const TAIL_BYTES: u64 = 4096;
const TAIL_LINES: usize = 15;

#[derive(Debug)]
pub(super) struct Server {
    pub(super) cluster: PathBuf,
    pub(super) log: PathBuf,
    pub(super) major: u32,
}

enum State {
    Ready {
        fsync: bool,
    },
    /// There is a server, and it does not serve now: it starts, recovers, stops or hangs.
    Busy(String),
    Absent,
}

impl Server {
    /// Options that nothing in the environment changes, except that sqlx always sends `PGOPTIONS`.
    pub(super) fn connect_options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.cluster)
            .port(PORT)
            .username(ROLE)
            .ssl_mode(PgSslMode::Disable)
            .database(database)
    }

    /// Returns once the server answers, having started it if there was none.
    pub(super) async fn ensure_running(
        &self,
        bin_dir: Option<&Path>,
        uid: u32,
        durability: Durability,
    ) -> Result<(), ClusterError> {
        let began = Instant::now();
        let mut started = false;
        loop {
            match self.state().await? {
                State::Ready { fsync: false } if durability == Durability::Safe => {
                    return Err(ClusterError::NotDurable { cluster: self.cluster.clone() });
                }
                State::Ready { .. } => return Ok(()),
                State::Busy(reason) if began.elapsed() > START_LIMIT => {
                    let seconds = START_LIMIT.as_secs();
                    return Err(
                        self.failed(&format!("PostgreSQL is not ready after {seconds} s: {reason}"), 0)
                    );
                }
                State::Busy(_) => {}
                State::Absent if started => {
                    return Err(self.failed("PostgreSQL ended as soon as it had started.", 0));
                }
                State::Absent => {
                    // Left by a server that was killed: its backends may need a moment to notice.
                    let crashed = self.cluster.join("postmaster.pid").exists();
                    let patience = if crashed { ORPHAN_LIMIT } else { Duration::ZERO };
                    let Err(error) = self.start(bin_dir, uid, durability).await else {
                        started = true;
                        continue;
                    };
                    // A server whose unicrm was killed while it started may have been faster than ours.
                    let absent = matches!(self.state().await?, State::Absent);
                    if absent && began.elapsed() > patience {
                        return Err(error);
                    }
                    tracing::debug!(%error, "PostgreSQL did not start at the first attempt");
                }
            }
            sleep(POLL).await;
        }
    }

    async fn start(
        &self,
        bin_dir: Option<&Path>,
        uid: u32,
        durability: Durability,
    ) -> Result<(), ClusterError> {
        let user = ServerUser::choose(uid, Some(&self.cluster)).await?;
        if let Some(data_dir) = self.cluster.parent() {
            user.check_reach(data_dir).await?;
        }
        let installation = Installation::for_cluster(bin_dir, &user, &self.cluster, self.major).await?;
        self.clear_stale_locks().await?;
        let log_start = self.prepare_log(&user)?;
        let limit = START_LIMIT.as_secs().to_string();
        let settings = settings(durability);
        // With a log file the server doesn't inherit our pipes. pg_ctl gives it a session of its own, so that an
        // interrupt typed at our terminal doesn't reach it.
        let arguments = [
            "start".as_ref(),
            "--silent".as_ref(),
            "--wait".as_ref(),
            "--timeout".as_ref(),
            limit.as_ref(),
            "--pgdata".as_ref(),
            self.cluster.as_os_str(),
            "--log".as_ref(),
            self.log.as_os_str(),
            "--options".as_ref(),
            settings.as_ref(),
        ];
        let started = user.run(&installation.pg_ctl(), arguments).await;
        started.map_err(|error| self.failed(&format!("PostgreSQL did not start. {error}"), log_start))?;
        tracing::info!(version = self.major, directory = %self.cluster.display(), "started the private PostgreSQL");
        Ok(())
    }

    /// Stops the server in an orderly way, if it runs.
    pub(super) async fn stop(&self, bin_dir: Option<&Path>, uid: u32) -> Result<(), ClusterError> {
        if matches!(self.state().await?, State::Absent) {
            return Ok(());
        }
        // pg_ctl signals whatever process has the number in the file. A server in another container, which shares
        // the directory and not the process numbers, must be left alone.
        if self.live_process().await.is_none() {
            let directory = self.cluster.display();
            tracing::warn!(%directory, "leaving the private PostgreSQL running: its process is not on this system");
            return Ok(());
        }
        let user = ServerUser::choose(uid, Some(&self.cluster)).await?;
        let installation = Installation::for_cluster(bin_dir, &user, &self.cluster, self.major).await?;
        let limit = STOP_LIMIT.as_secs().to_string();
        let arguments = [
            "stop".as_ref(),
            "--silent".as_ref(),
            "--wait".as_ref(),
            "--mode=fast".as_ref(),
            "--timeout".as_ref(),
            limit.as_ref(),
            "--pgdata".as_ref(),
            self.cluster.as_os_str(),
        ];
        if let Err(error) = user.run(&installation.pg_ctl(), arguments).await
            && !matches!(self.state().await?, State::Absent)
        {
            return Err(self.failed(&format!("PostgreSQL did not stop. {error}"), 0));
        }
        Ok(())
    }

    async fn state(&self) -> Result<State, ClusterError> {
        let options = self.connect_options("postgres");
        let asked = timeout(ANSWER_LIMIT, async {
            let mut connection: PgConnection = options.connect().await?;
            let fsync: bool = sqlx::query_scalar("SELECT current_setting('fsync')::boolean")
                .fetch_one(&mut connection)
                .await?;
            connection.close().await?;
            Ok::<bool, SqlError>(fsync)
        });
        let error = match asked.await {
            Ok(Ok(fsync)) => return Ok(State::Ready { fsync }),
            Ok(Err(error)) => error,
            Err(_) => {
                return Ok(State::Busy(format!("no answer in {} s", ANSWER_LIMIT.as_secs())));
            }
        };
        match &error {
            SqlError::Io(io) => match io.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                    Ok(match self.live_process().await {
                        Some(pid) => State::Busy(format!("process {pid} does not accept connections")),
                        None => State::Absent,
                    })
                }
                io::ErrorKind::PermissionDenied => Err(self.unreachable(error)),
                _ => Ok(State::Busy(error.to_string())),
            },
            // Class 57, operator intervention: starting up, shutting down. Class 53: no connection is free.
            SqlError::Database(answer)
                if answer.code().is_some_and(|code| code.starts_with("57") || code.starts_with("53")) =>
            {
                Ok(State::Busy(answer.message().to_owned()))
            }
            _ => Err(self.unreachable(error)),
        }
    }

    fn unreachable(&self, source: SqlError) -> ClusterError {
        ClusterError::Database {
            action: format!("connect to the database in {}", self.cluster.display()),
            source,
        }
    }

    /// The process of the server, if `postmaster.pid` names one and that process is this cluster's server indeed.
    async fn live_process(&self) -> Option<u32> {
        let pid = process::first_number(&self.cluster.join("postmaster.pid"))?;
        process::is_server_of(pid, &self.cluster).await.then_some(pid)
    }

    /// Removes lock files that PostgreSQL would trip over although no server runs. It asks only whether some process
    /// has the number in them, and a zombie has, and so may another program. Files whose process is gone are left
    /// to PostgreSQL, which learns from them of backends that outlive their server.
    async fn clear_stale_locks(&self) -> Result<(), ClusterError> {
        for name in ["postmaster.pid".to_owned(), format!("{SOCKET_FILE}.lock")] {
            let path = self.cluster.join(name);
            // A file without a number was cut off by a crash; PostgreSQL refuses it too.
            let stale = match process::first_number(&path) {
                Some(pid) => process::exists(pid).await,
                None => path.exists(),
            };
            if stale {
                tracing::debug!(file = %path.display(), "removing a lock file that no server holds");
                match fs::remove_file(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(ClusterError::io("remove the stale lock file", &path)(error));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Makes the log file where the server's user couldn't, and returns how long it is already.
    fn prepare_log(&self, user: &ServerUser) -> Result<u64, ClusterError> {
        if self.log.metadata().is_ok_and(|log| log.len() > LOG_LIMIT) {
            let old = self.log.with_extension("log.old");
            fs::rename(&self.log, &old).map_err(ClusterError::io("set aside the log", &self.log))?;
        }
        let length = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.log)
            .and_then(|file| file.metadata())
            .map_err(ClusterError::io("open the log", &self.log))?
            .len();
        user.give(&self.log)?;
        Ok(length)
    }

    fn failed(&self, reason: &str, log_start: u64) -> ClusterError {
        let tail =
            tail(&self.log, log_start).unwrap_or_else(|error| format!("(it could not be read: {error})"));
        ClusterError::Server { reason: reason.to_owned(), log: self.log.clone(), tail }
    }
}

/// The settings that hold whatever the cluster's own files say, as `pg_ctl` takes them.
///
/// No TCP port, and a socket in the cluster's directory, which only its owner and root may enter: a relative path,
/// because the server works there. What the server logs of a failed statement is its message alone, not the values.
fn settings(durability: Durability) -> String {
    let durable = match durability {
        Durability::Safe => "on",
        Durability::Throwaway => "off",
    };
    format!(
        "-c listen_addresses='' -c unix_socket_directories=. -c port={PORT} -c unix_socket_permissions=0700 \
         -c fsync={durable} -c synchronous_commit={durable} -c full_page_writes={durable} \
         -c max_connections=200 -c timezone=UTC -c log_timezone=UTC \
         -c log_error_verbosity=terse -c log_min_error_statement=panic"
    )
}

/// Makes the files of a new cluster in the empty directory `dir`.
pub(super) async fn init(
    dir: &Path,
    installation: &Installation,
    user: &ServerUser,
    durability: Durability,
) -> Result<(), ClusterError> {
    let mut arguments = vec![
        "--pgdata".as_ref(),
        dir.as_os_str(),
        "--username".as_ref(),
        ROLE.as_ref(),
        "--encoding=UTF8".as_ref(),
        "--locale=C".as_ref(),
        // The socket's directory keeps strangers out. Nobody gets in by TCP, even if the server is started by hand.
        "--auth-local=trust".as_ref(),
        "--auth-host=reject".as_ref(),
        "--no-instructions".as_ref(),
    ];
    if durability == Durability::Throwaway {
        arguments.push("--no-sync".as_ref());
    }
    user.run(&installation.initdb(), arguments).await.map(drop)
}

/// The last lines of what was written to a file since it had `start` bytes.
fn tail(file: &Path, start: u64) -> io::Result<String> {
    let mut file = fs::File::open(file)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(start.max(length.saturating_sub(TAIL_BYTES))))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    Ok(lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n"))
}
