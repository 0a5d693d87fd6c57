//! A data directory for one test, and what is asked of the server in it.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::str::FromStr;
use std::time::{Duration, Instant};

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use unicrm::store::cluster::{Cluster, ClusterError, ClusterOptions, Durability};

/// A data directory of the test's own. Dropping it, also in a panic, stops the server and removes the directory.
pub struct Scratch {
    pub root: PathBuf,
    pub data_dir: PathBuf,
}

impl Scratch {
    pub fn new(name: &str) -> Self {
        Self::with_data_dir(name, "")
    }

    pub fn with_data_dir(name: &str, below: &str) -> Self {
        let root = env::temp_dir().join(format!("unicrm-{name}-{}", std::process::id()));
        fs::create_dir(&root).expect("a new directory");
        fs::set_permissions(&root, fs::Permissions::from_mode(0o711)).expect("its mode");
        let data_dir = root.join(below);
        Self { root, data_dir }
    }

    pub fn options(&self, durability: Durability) -> ClusterOptions {
        ClusterOptions { data_dir: self.data_dir.clone(), bin_dir: None, durability }
    }

    pub async fn start(&self) -> Cluster {
        Cluster::start(self.options(Durability::Safe)).await.expect("a running cluster")
    }

    pub async fn start_error(&self) -> ClusterError {
        match Cluster::start(self.options(Durability::Safe)).await {
            Ok(_) => panic!("the start should have been refused"),
            Err(error) => error,
        }
    }

    /// The directory of the one cluster in here.
    pub fn cluster(&self) -> PathBuf {
        let is_cluster = |path: &PathBuf| path.join("PG_VERSION").exists();
        let entries = fs::read_dir(&self.data_dir).expect("the data directory");
        let mut clusters = entries.map(|entry| entry.expect("an entry").path()).filter(is_cluster);
        let cluster = clusters.next().expect("a cluster");
        assert_eq!(clusters.next(), None, "there is one cluster");
        cluster
    }

    /// The number of the server's process, if there is such a file.
    pub fn postmaster(&self) -> Option<u32> {
        let file = fs::read_to_string(self.cluster().join("postmaster.pid")).ok()?;
        file.lines().next()?.parse().ok()
    }

    pub fn has_socket(&self) -> bool {
        self.cluster().join(".s.PGSQL.5432").exists()
    }

    /// Kills the server without a chance to clean up.
    pub fn kill_server(&self) -> u32 {
        let pid = self.postmaster().expect("a running server");
        signal("KILL", &pid.to_string());
        pid
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let entries = fs::read_dir(&self.data_dir).into_iter().flatten().flatten();
        for file in entries.map(|entry| entry.path().join("postmaster.pid")) {
            let pid =
                fs::read_to_string(&file).ok().and_then(|text| text.lines().next()?.parse::<u32>().ok());
            if let Some(pid) = pid.filter(|pid| is_postgres(*pid)) {
                // It fails if the server has just ended, which is the aim.
                let _ = Command::new("kill").args(["-QUIT", &pid.to_string()]).status();
                let deadline = Instant::now() + Duration::from_secs(20);
                while is_postgres(pid) && Instant::now() < deadline {
                    std::thread::yield_now();
                }
            }
        }
        if let Err(error) = fs::remove_dir_all(&self.root) {
            eprintln!("could not remove {}: {error}", self.root.display());
        }
    }
}

/// Whether the process is alive, no zombie, and a PostgreSQL server.
pub fn is_postgres(pid: u32) -> bool {
    let command = ps(pid, "command=");
    command.contains("postgres") && !command.contains("defunct")
}

/// What `ps` says of a process: nothing if it doesn't exist.
pub fn ps(pid: u32, column: &str) -> String {
    let output = Command::new("ps").args(["-o", column, "-p", &pid.to_string()]).output().expect("ps");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn signal(name: &str, target: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), "--", target]).status().expect("kill");
    assert!(status.success(), "kill -{name} {target}");
}

pub async fn connect(options: PgConnectOptions) -> PgConnection {
    options.connect().await.expect("a connection")
}

pub async fn setting(cluster: &Cluster, name: &str) -> String {
    let mut connection = connect(cluster.connect_options("postgres")).await;
    let select = sqlx::query_scalar("SELECT current_setting($1)").bind(name);
    select.fetch_one(&mut connection).await.expect("a setting")
}

pub async fn write_a_row(cluster: &Cluster) {
    let mut connection = connect(cluster.connect_options("postgres")).await;
    let statement = "CREATE TABLE kept AS SELECT 'still here' AS word";
    sqlx::query(statement).execute(&mut connection).await.expect("a table with a row");
}

pub async fn read_the_row(cluster: &Cluster) -> String {
    let mut connection = connect(cluster.connect_options("postgres")).await;
    sqlx::query_scalar("SELECT word FROM kept").fetch_one(&mut connection).await.expect("the row")
}

pub fn url_options(url: &str) -> PgConnectOptions {
    PgConnectOptions::from_str(url).expect("a URL that sqlx reads")
}

/// The user that the tests run as.
pub fn own_uid() -> u32 {
    let output = Command::new("id").arg("-u").output().expect("id");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
}
