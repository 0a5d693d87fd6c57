//! PostgreSQL: every statement that the gateway runs, a file per table family.
//!
//! Every function takes the environment first, so that no query can cross a tenant's boundary by leaving it out.
//! Nothing here decides anything: rows in, rows out. The only module that names sqlx.

pub mod account_tokens;
pub mod accounts;
pub mod calls;
pub mod changes;
pub mod cluster;
pub mod connect;
pub mod credentials;
pub mod environments;
pub mod events;
pub mod idempotency;
pub mod lifecycle;
pub mod mappings;
pub mod mcp;
pub mod permits;
pub mod reach;
pub mod schema;
pub mod tokens;

use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::error::{Error, Kind};

/// How long a request waits for a database connection before it is told to come back.
const ACQUIRE: Duration = Duration::from_secs(5);

/// The database.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) pool: PgPool,
    /// For LISTEN, which a pooler in transaction mode can't carry.
    pub(crate) direct: PgConnectOptions,
}

impl Store {
    /// Connects lazily: a database that is away is noticed by the first query.
    pub fn connect(options: PgConnectOptions, direct: Option<PgConnectOptions>, connections: u32) -> Store {
        let direct = direct.unwrap_or_else(|| options.clone());
        let pool = PgPoolOptions::new()
            .max_connections(connections.max(2))
            .acquire_timeout(ACQUIRE)
            // A round trip to the database for every statement would be the other way of finding a broken connection.
            .test_before_acquire(false)
            .before_acquire(|_, connection| Box::pin(async move { Ok(reach::is_trusted(connection.age)) }))
            .connect_lazy_with(options);
        Store { pool, direct }
    }

    /// Reads a `postgres://` URL. The error doesn't repeat it: it may hold a password.
    pub fn options(url: &str) -> Result<PgConnectOptions, Error> {
        url.parse::<PgConnectOptions>().map_err(|_| {
            Error::invalid(
                "DATABASE_URL is not a PostgreSQL URL (postgres://user:password@host:port/database)",
            )
        })
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// How many connections are in use, and how many wait for use.
    pub fn connections(&self) -> (usize, usize) {
        let idle = self.pool.num_idle();
        ((self.pool.size() as usize).saturating_sub(idle), idle)
    }

    /// Closes every connection. One that is still in use is not waited for any longer than a new one would be: a process
    /// that ends closes it in any case.
    pub async fn close(&self) {
        if tokio::time::timeout(ACQUIRE, self.pool.close()).await.is_err() {
            tracing::warn!("a connection to the database was still in use at the end");
        }
    }
}

/// A database that is away is unavailable; anything else that goes wrong with SQL is a defect.
impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let away = matches!(
            error,
            sqlx::Error::Io(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
        ) || ended(&error);
        if matches!(error, sqlx::Error::Io(_)) || ended(&error) {
            reach::broke_off();
        }
        if away {
            Error::new(Kind::Unavailable, "The gateway's database can't be reached for the moment.")
                .retry(crate::error::Retry::Later(Some(Duration::from_secs(2))))
                .detail(error)
        } else {
            Error::internal(format!("database: {error}"))
        }
    }
}

/// Whether the server has ended the connection, or doesn't take any yet.
fn ended(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code.starts_with("57P"))
}
