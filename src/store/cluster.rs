//! A private, real PostgreSQL for when no `DATABASE_URL` is set.
//!
//! Owns one cluster in a data directory: finding PostgreSQL's programs on the machine, making the cluster, starting
//! its server or attaching to the one that runs, and stopping it. The same engine, SQL, migrations and locks as in
//! production, so nothing else in unicrm knows which of the two it has.
//!
//! * **Shared.** Any number of processes use one server; each holds a [`Cluster`], and the last to
//!   [`leave`](Cluster::leave) stops it (`lock`). A process that is killed leaves the server running, and the next
//!   start attaches to it.
//! * **Recovers.** Whatever was killed, and whatever lock files that left, the next start ends with a server that
//!   answers (`server`).
//! * **Private.** A Unix socket and no TCP port, in a directory that only the server's user may enter. That is all
//!   the authentication there is, so on the machine root and that user have access.
//! * **Not as root.** PostgreSQL refuses that; its processes run as another user then (`user`).
//!
//! Refused: downloading PostgreSQL (the operator chooses what runs), versions before 15, and upgrading a cluster to
//! another major version, which needs the programs of both. A cluster stays with the version that made it.

mod binaries;
mod directory;
mod error;
mod lock;
mod process;
mod server;
mod user;

use std::path::{Path, PathBuf};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

pub use error::ClusterError;

use binaries::Installation;
use directory::DataDir;
use lock::{Gate, Share};
use server::{PORT, ROLE, Server};
use user::ServerUser;

/// The longest name of a database. PostgreSQL cuts longer names short without an error.
const LONGEST_NAME: usize = 63;

/// Where the cluster is and how it is run.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// Holds the cluster (`pgNN`), its log (`pgNN.log`) and the locks. Made if missing. Other files may be in it.
    pub data_dir: PathBuf,
    /// The folder with `postgres`, `initdb` and `pg_ctl`. If set, no other is considered; if not, PATH and the usual
    /// places are searched, and the newest version is used for a new cluster.
    pub bin_dir: Option<PathBuf>,
    /// What the server promises about committed transactions.
    pub durability: Durability,
}

/// What the server promises about committed transactions. It is decided when the server starts, and holds whatever
/// the cluster's own configuration says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// They survive a crash of the server and of the machine: `fsync` and `synchronous_commit` are on.
    Safe,
    /// A crash of the server loses the last fraction of a second, and a crash of the machine may destroy the cluster:
    /// both settings are off. For tests.
    Throwaway,
}

/// A share of a running cluster.
///
/// Dropping it gives the share up and leaves the server running, like [`Cluster::keep_running`]; only
/// [`Cluster::leave`] stops the server.
#[derive(Debug)]
pub struct Cluster {
    data_dir: DataDir,
    bin_dir: Option<PathBuf>,
    uid: u32,
    server: Server,
    share: Share,
}

impl Cluster {
    /// Attaches to the cluster's server, starting it if it doesn't run, and making the cluster if there is none.
    /// Returns when the server answers.
    ///
    /// Safe to call from any number of processes at once, and to cancel: a server that is starting then goes on, and
    /// the next start attaches to it.
    ///
    /// # Errors
    ///
    /// Each variant of [`ClusterError`] says what the operator can do. A running server that was started as
    /// [`Durability::Throwaway`] is refused to those who ask for [`Durability::Safe`].
    pub async fn start(options: ClusterOptions) -> Result<Self, ClusterError> {
        let ClusterOptions { data_dir, bin_dir, durability } = options;
        let bin_dir = match bin_dir {
            Some(dir) => Some(std::path::absolute(&dir).map_err(ClusterError::io("resolve", &dir))?),
            None => None,
        };
        let uid = user::effective_uid().await?;
        let data_dir = blocking(move || DataDir::prepare(&data_dir, uid)).await?;

        let gate = Gate::enter(data_dir.path()).await?;
        let share = Share::take(&gate, data_dir.path()).await?;
        for unfinished in data_dir.abandoned().await? {
            blocking(move || directory::discard(&unfinished)).await;
        }
        let major = match data_dir.existing()? {
            Some(major) => major,
            None => make(&data_dir, bin_dir.as_deref(), uid, durability).await?,
        };
        let server = Server { cluster: data_dir.cluster(major), log: data_dir.log(major), major };
        server.ensure_running(bin_dir.as_deref(), uid, durability).await?;
        drop(gate);
        Ok(Self { data_dir, bin_dir, uid, server, share })
    }

    /// How to connect to one of the cluster's databases. No `PG*` variable of the environment changes where, as whom
    /// or to which database; sqlx adds the session settings in `PGOPTIONS` to every connection, to this one too.
    #[must_use]
    pub fn connect_options(&self, database: &str) -> PgConnectOptions {
        self.server.connect_options(database)
    }

    /// The same as a URL, for people and for child processes. Understood by sqlx and by libpq (`psql`); the host
    /// `localhost` is there for the former, which refuses a URL without one, and is not used.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let socket_dir = self.server.cluster.to_string_lossy();
        let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        format!(
            "postgres://{ROLE}@localhost:{PORT}/{}?host={}&sslmode=disable",
            encode(database),
            encode(&socket_dir)
        )
    }

    /// Creates a database if there is none of that name. Safe when several processes do it at once.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Database`] if the server refuses, or for a name that PostgreSQL can't hold (empty, or longer
    /// than 63 bytes).
    pub async fn create_database(&self, name: &str) -> Result<(), ClusterError> {
        let failed =
            |source| ClusterError::Database { action: format!("create the database {name:?}"), source };
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Err(failed(sqlx::Error::Configuration("its name must have 1 to 63 bytes".into())));
        }
        let mut connection = self.connect_options("postgres").connect().await.map_err(failed)?;
        let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(name)
            .fetch_one(&mut connection)
            .await
            .map_err(failed)?;
        if !exists {
            // Quoted as an identifier; nobody ever connects to template0, so it can always be copied.
            let statement = format!("CREATE DATABASE \"{}\" TEMPLATE template0", name.replace('"', "\"\""));
            match sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await {
                Err(error) if !created_meanwhile(&error) => return Err(failed(error)),
                _ => {}
            }
        }
        connection.close().await.map_err(failed)
    }

    /// Gives the share up, and stops the server if nobody else has one. Whoever is still connected without a share,
    /// `psql` perhaps, is disconnected then.
    ///
    /// # Errors
    ///
    /// If the server does not stop. The share is given up in any case.
    pub async fn leave(self) -> Result<(), ClusterError> {
        let gate = Gate::enter(self.data_dir.path()).await?;
        if self.share.give_up(&gate)? {
            self.server.stop(self.bin_dir.as_deref(), self.uid).await?;
        }
        Ok(())
    }

    /// Gives the share up and leaves the server running, so that the next start only has to attach.
    pub fn keep_running(self) {
        drop(self);
    }
}

/// Makes a cluster with the newest PostgreSQL there is, beside its final place and renamed once complete, so that
/// there never is half a cluster. Returns its major version.
async fn make(
    data_dir: &DataDir,
    bin_dir: Option<&Path>,
    uid: u32,
    durability: Durability,
) -> Result<u32, ClusterError> {
    let user = ServerUser::choose(uid, None).await?;
    user.check_name().await?;
    user.check_reach(data_dir.path()).await?;
    let installation = Installation::newest(bin_dir, &user).await?;

    let major = installation.major;
    let dir = data_dir.clone();
    let unfinished = blocking(move || dir.begin(major)).await?;
    user.give(&unfinished)?;
    if let Err(error) = server::init(&unfinished, &installation, &user, durability).await {
        blocking(move || directory::discard(&unfinished)).await;
        return Err(error);
    }
    let dir = data_dir.clone();
    blocking(move || dir.finish(&unfinished, major)).await?;
    tracing::info!(version = major, directory = %data_dir.cluster(major).display(), "made a private database");
    Ok(major)
}

/// Whether another process created the database between our look and our statement: `duplicate_database`, or a
/// violation of the unique index on the names while the other's transaction was open.
fn created_meanwhile(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code == "42P04" || code == "23505")
}

/// Runs file work off the runtime's own threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        // Nobody aborts the task, and nobody polls us while the runtime shuts down: it can only have panicked.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
