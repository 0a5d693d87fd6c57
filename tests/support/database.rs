//! A database for one test: a copy of a migrated template, on a PostgreSQL that all tests of a user share.
//!
//! The server is an embedded one that promises nothing about crashes, in `unicrm-tests-<uid>` in memory (`/dev/shm`)
//! where there is room, else in the system's directory for temporary files, or wherever `UNICRM_TEST_DATA_DIR` says: a
//! database is some hundred files, and a disk's file system takes longer over making and dropping them than all else
//! that most tests do. It is left running, so that only the first test waits for it. This stops it:
//!
//! ```sh
//! kill -INT "$(head -n 1 /dev/shm/unicrm-tests-"$(id -u)"/pg*/postmaster.pid)"
//! ```
//!
//! The template is made once, under a lock, and named after the migrations: whoever changes one gets another template.
//! A test's database is dropped when its [`TestDatabase`] is, also in a panic. A test that was killed leaves its
//! database behind; it holds a lock as long as it lives, so the next test can tell, and clears it away.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};
use unicrm::store::cluster::{Cluster, ClusterOptions, Durability};
use unicrm::store::{Store, schema};
use uuid::Uuid;

/// The lock under which templates are made.
const TEMPLATES: i64 = 0x756e_6963_726d;

/// What the databases of tests are called, before something that is theirs alone.
const PREFIX: &str = "test_";

/// Where Linux keeps files in memory.
const MEMORY: &str = "/dev/shm";

/// What the cluster may take up there, in bytes: a database has 8 MB, and there are as many as processors.
const ROOM: u64 = 2 << 30;

/// A database of one test's own.
pub struct TestDatabase {
    name: String,
    options: PgConnectOptions,
    server: PgConnectOptions,
    /// Holds the lock that tells others that the test is alive.
    _alive: PgConnection,
}

impl TestDatabase {
    /// A migrated database with nothing in it but what the migrations put there.
    pub async fn create() -> TestDatabase {
        let cluster = cluster().await;
        let server = cluster.connect_options("postgres");
        let mut connection = server.connect().await.expect("a connection to the test server");
        let template = template(&mut connection, &cluster).await;
        let name = format!("{PREFIX}{}", Uuid::new_v4().simple());
        lock(&mut connection, &name).await;
        execute(
            &mut connection,
            &format!(r#"CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY"#),
        )
        .await;
        sweep(&mut connection, &name).await;
        let options = cluster.connect_options(&name);
        cluster.keep_running();
        TestDatabase { name, options, server, _alive: connection }
    }

    /// How to connect to it.
    pub fn options(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// The same as a URL, for other processes.
    pub fn url(&self) -> String {
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let folder = self.options.get_socket().expect("a socket").to_string_lossy().into_owned();
        let (role, port) = (self.options.get_username(), self.options.get_port());
        format!("postgres://{role}@localhost:{port}/{}?host={}&sslmode=disable", self.name, encoded(&folder))
    }

    /// A store of its own connections, as another process would have.
    pub fn store(&self) -> Store {
        Store::connect(self.options(), None, 8)
    }

    /// A connection for what no store offers.
    pub async fn connect(&self) -> PgConnection {
        self.options.connect().await.expect("a connection to the test's database")
    }
}

impl Drop for TestDatabase {
    /// On a thread of its own, since the test's runtime may be the one that is dropping this.
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let mut connection = server.connect().await.expect("a connection to the test server");
                drop_database(&mut connection, &name).await;
            });
        });
        // A test that has failed says why; that its database stayed behind must not hide it.
        if dropping.join().is_err() && !std::thread::panicking() {
            panic!("the database {} could not be dropped", self.name);
        }
    }
}

fn data_dir() -> PathBuf {
    let uid = std::fs::metadata("/proc/self").map(|own| own.uid().to_string());
    let user = uid.or_else(|_| std::env::var("USER")).expect("a user");
    let has_room = |place: &Path| {
        rustix::fs::statvfs(place).is_ok_and(|system| system.f_bavail * system.f_frsize >= ROOM)
    };
    let place = Some(PathBuf::from(MEMORY)).filter(|place| has_room(place));
    place.unwrap_or_else(std::env::temp_dir).join(format!("unicrm-tests-{user}"))
}

async fn cluster() -> Cluster {
    let data_dir = std::env::var_os("UNICRM_TEST_DATA_DIR").map_or_else(data_dir, PathBuf::from);
    let options = ClusterOptions { data_dir, bin_dir: None, durability: Durability::Throwaway };
    Cluster::start(options).await.expect("a PostgreSQL for the tests")
}

/// The name of the migrated template, which is made if there is none.
async fn template(connection: &mut PgConnection, cluster: &Cluster) -> String {
    let name = format!("template_{}", schema::fingerprint());
    if exists(connection, &name).await {
        return name;
    }
    execute(connection, &format!("SELECT pg_advisory_lock({TEMPLATES})")).await;
    if !exists(connection, &name).await {
        // Made under another name, so that a template that is there is complete.
        let draft = format!("{name}_draft");
        drop_database(connection, &draft).await;
        cluster.create_database(&draft).await.expect("a new database");
        let store = Store::connect(cluster.connect_options(&draft), None, 2);
        store.migrate().await.expect("migrations that apply");
        store.close().await;
        execute(connection, &format!(r#"ALTER DATABASE "{draft}" RENAME TO "{name}""#)).await;
    }
    execute(connection, &format!("SELECT pg_advisory_unlock({TEMPLATES})")).await;
    name
}

/// Drops databases of tests that are no more.
async fn sweep(connection: &mut PgConnection, own: &str) {
    let names: Vec<String> = sqlx::query_scalar("SELECT datname FROM pg_database WHERE datname LIKE $1")
        .bind(format!("{PREFIX}%"))
        .fetch_all(&mut *connection)
        .await
        .expect("the databases");
    // The lock on the own one would be given again: a session may hold one many times.
    for name in names.into_iter().filter(|name| name != own) {
        let free: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended($1, 0))")
            .bind(&name)
            .fetch_one(&mut *connection)
            .await
            .expect("whether a lock is free");
        if free {
            drop_database(connection, &name).await;
            let unlock = sqlx::query("SELECT pg_advisory_unlock(hashtextextended($1, 0))").bind(&name);
            unlock.execute(&mut *connection).await.expect("the lock given back");
        }
    }
}

async fn lock(connection: &mut PgConnection, name: &str) {
    let lock = sqlx::query("SELECT pg_advisory_lock(hashtextextended($1, 0))").bind(name);
    lock.execute(connection).await.expect("a lock");
}

async fn exists(connection: &mut PgConnection, name: &str) -> bool {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(name)
        .fetch_one(connection)
        .await
        .expect("whether a database exists")
}

async fn drop_database(connection: &mut PgConnection, name: &str) {
    execute(connection, &format!(r#"DROP DATABASE IF EXISTS "{name}" WITH (FORCE)"#)).await;
}

async fn execute(connection: &mut PgConnection, statement: &str) {
    let outcome = sqlx::query(AssertSqlSafe(statement.to_owned())).execute(connection).await;
    outcome.unwrap_or_else(|error| panic!("{statement}: {error}"));
}
