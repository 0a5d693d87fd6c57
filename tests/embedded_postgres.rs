//! The private PostgreSQL, with real servers: it is shared, it is private, it survives whatever is killed.
//!
//! They need PostgreSQL's programs on the machine, as unicrm itself does without `DATABASE_URL`. A second process is
//! this test binary again, running [`holder`].

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use unicrm::store::cluster::{Cluster, ClusterError, ClusterOptions, Durability};

/// A data directory of the test's own. Dropping it, also in a panic, stops the server and removes the directory.
struct Scratch {
    root: PathBuf,
    data_dir: PathBuf,
}

impl Scratch {
    fn new(name: &str) -> Self {
        Self::with_data_dir(name, "")
    }

    fn with_data_dir(name: &str, below: &str) -> Self {
        let root = env::temp_dir().join(format!("unicrm-{name}-{}", std::process::id()));
        fs::create_dir(&root).expect("a new directory");
        fs::set_permissions(&root, fs::Permissions::from_mode(0o711)).expect("its mode");
        let data_dir = root.join(below);
        Self { root, data_dir }
    }

    fn options(&self, durability: Durability) -> ClusterOptions {
        ClusterOptions { data_dir: self.data_dir.clone(), bin_dir: None, durability }
    }

    async fn start(&self) -> Cluster {
        Cluster::start(self.options(Durability::Safe)).await.expect("a running cluster")
    }

    async fn start_error(&self) -> ClusterError {
        match Cluster::start(self.options(Durability::Safe)).await {
            Ok(_) => panic!("the start should have been refused"),
            Err(error) => error,
        }
    }

    /// The directory of the one cluster in here.
    fn cluster(&self) -> PathBuf {
        let is_cluster = |path: &PathBuf| path.join("PG_VERSION").exists();
        let entries = fs::read_dir(&self.data_dir).expect("the data directory");
        let mut clusters = entries.map(|entry| entry.expect("an entry").path()).filter(is_cluster);
        let cluster = clusters.next().expect("a cluster");
        assert_eq!(clusters.next(), None, "there is one cluster");
        cluster
    }

    /// The number of the server's process, if there is such a file.
    fn postmaster(&self) -> Option<u32> {
        let file = fs::read_to_string(self.cluster().join("postmaster.pid")).ok()?;
        file.lines().next()?.parse().ok()
    }

    fn has_socket(&self) -> bool {
        self.cluster().join(".s.PGSQL.5432").exists()
    }

    /// Kills the server without a chance to clean up.
    fn kill_server(&self) -> u32 {
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
                signal("QUIT", &pid.to_string());
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
fn is_postgres(pid: u32) -> bool {
    let command = ps(pid, "command=");
    command.contains("postgres") && !command.contains("defunct")
}

/// What `ps` says of a process: nothing if it doesn't exist.
fn ps(pid: u32, column: &str) -> String {
    let output = Command::new("ps").args(["-o", column, "-p", &pid.to_string()]).output().expect("ps");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn signal(name: &str, target: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), "--", target]).status().expect("kill");
    assert!(status.success(), "kill -{name} {target}");
}

async fn connect(options: PgConnectOptions) -> PgConnection {
    options.connect().await.expect("a connection")
}

async fn setting(cluster: &Cluster, name: &str) -> String {
    let mut connection = connect(cluster.connect_options("postgres")).await;
    let select = sqlx::query_scalar("SELECT current_setting($1)").bind(name);
    select.fetch_one(&mut connection).await.expect("a setting")
}

async fn write_a_row(cluster: &Cluster) {
    let mut connection = connect(cluster.connect_options("postgres")).await;
    let statement = "CREATE TABLE kept AS SELECT 'still here' AS word";
    sqlx::query(statement).execute(&mut connection).await.expect("a table with a row");
}

async fn read_the_row(cluster: &Cluster) -> String {
    let mut connection = connect(cluster.connect_options("postgres")).await;
    sqlx::query_scalar("SELECT word FROM kept").fetch_one(&mut connection).await.expect("the row")
}

const HOLD: &str = "UNICRM_TEST_HOLD";

/// Not a test: the second process of other tests. Starts or attaches to the cluster in the directory that it is
/// given, says so, and leaves when told to.
#[tokio::test]
#[ignore = "the second process of other tests"]
async fn holder() {
    let Some(data_dir) = env::var_os(HOLD) else {
        return;
    };
    let options = ClusterOptions { data_dir: data_dir.into(), bin_dir: None, durability: Durability::Safe };
    let cluster = Cluster::start(options).await.expect("a running cluster");
    println!("\nholding {}", cluster.url("postgres"));
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("a line on standard input");
    if line == "leave\n" {
        cluster.leave().await.expect("an orderly leave");
    } else {
        cluster.keep_running();
    }
}

/// A process that is killed when dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // Neither can fail but for a process that has ended, which is the aim.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A process that runs [`holder`].
struct Holder {
    child: Killed,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Holder {
    fn spawn(scratch: &Scratch, variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env::current_exe().expect("this binary"))
            .args(["holder", "--exact", "--ignored", "--nocapture"])
            .env(HOLD, &scratch.data_dir)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("a second process");
        let stdin = child.stdin.take().expect("its input");
        let stdout = BufReader::new(child.stdout.take().expect("its output"));
        Self { child: Killed(child), stdin, stdout }
    }

    /// Waits until the process holds the cluster, and returns the URL that it would give to others.
    fn wait_until_holding(&mut self) -> String {
        for line in (&mut self.stdout).lines() {
            if let Some(url) = line.expect("a line").strip_prefix("holding ") {
                return url.to_owned();
            }
        }
        panic!("the second process ended without a cluster");
    }

    fn leave(mut self) {
        self.stdin.write_all(b"leave\n").expect("a reader");
        assert!(self.child.0.wait().expect("its end").success(), "the second process left in good order");
    }

    fn kill(mut self) {
        self.child.0.kill().expect("a running process");
        self.child.0.wait().expect("its end");
    }
}

#[tokio::test]
async fn first_start_makes_a_cluster_that_answers() {
    let scratch = Scratch::with_data_dir("first", "not/there/yet");
    let cluster = scratch.start().await;
    cluster.create_database("unicrm").await.expect("a new database");
    cluster.create_database("unicrm").await.expect("no complaint about the one that exists");
    let mut connection = connect(cluster.connect_options("unicrm")).await;
    let row: (String, String) = sqlx::query_as("SELECT current_database()::text, current_user::text")
        .fetch_one(&mut connection)
        .await
        .expect("an answer");
    assert_eq!(row, ("unicrm".to_owned(), "unicrm".to_owned()));
    assert!(setting(&cluster, "server_version_num").await.parse::<u32>().expect("a number") >= 15_00_00);
    cluster.leave().await.expect("an orderly leave");
}

#[tokio::test]
async fn database_names_are_quoted_and_too_long_ones_refused() {
    let scratch = Scratch::new("names");
    let cluster = scratch.start().await;
    let name = "a \"b\"; DROP DATABASE postgres; --/?é";
    cluster.create_database(name).await.expect("a database of any name");
    for options in [cluster.connect_options(name), url_options(&cluster.url(name))] {
        let mut connection = connect(options).await;
        let current: String = sqlx::query_scalar("SELECT current_database()::text")
            .fetch_one(&mut connection)
            .await
            .expect("an answer");
        assert_eq!(current, name);
    }
    for bad in [String::new(), "x".repeat(64)] {
        let refused = cluster.create_database(&bad).await;
        assert!(matches!(refused, Err(ClusterError::Database { .. })), "{refused:?}");
    }
    cluster.leave().await.expect("an orderly leave");
}

fn url_options(url: &str) -> PgConnectOptions {
    PgConnectOptions::from_str(url).expect("a URL that sqlx reads")
}

#[tokio::test]
async fn creating_one_database_from_many_callers_at_once_makes_it_once() {
    let scratch = Scratch::new("createdb");
    let cluster = scratch.start().await;
    for round in 0..5 {
        let name = format!("shared_{round}");
        let created = futures::future::join_all((0..6).map(|_| cluster.create_database(&name))).await;
        for result in created {
            result.expect("the database exists in the end");
        }
        connect(cluster.connect_options(&name)).await;
    }
    cluster.leave().await.expect("an orderly leave");
}

#[tokio::test]
async fn a_second_process_attaches_and_the_database_outlives_the_first() {
    let scratch = Scratch::new("second");
    let first = scratch.start().await;
    let server = scratch.postmaster();
    let mut second = Holder::spawn(&scratch, &[]);
    let url = second.wait_until_holding();
    assert_eq!(url, first.url("postgres"));
    first.leave().await.expect("an orderly leave");
    connect(url_options(&url)).await.ping().await.expect("an answer");
    assert_eq!(scratch.postmaster(), server, "it is the same server");
    second.leave();
    assert!(!scratch.has_socket(), "and the last to leave stopped it");
}

#[tokio::test]
async fn the_last_to_leave_stops_the_server_and_what_was_written_is_there_after_a_restart() {
    let scratch = Scratch::new("last");
    let (first, second) = (scratch.start().await, scratch.start().await);
    write_a_row(&first).await;
    second.leave().await.expect("an orderly leave");
    assert_eq!(read_the_row(&first).await, "still here");
    first.leave().await.expect("an orderly leave");
    assert_eq!((scratch.postmaster(), scratch.has_socket()), (None, false), "the server has stopped");

    let again = scratch.start().await;
    assert_eq!(read_the_row(&again).await, "still here");
    again.leave().await.expect("an orderly leave");
}

#[tokio::test]
async fn dropping_a_share_leaves_the_server_running() {
    let scratch = Scratch::new("drop");
    scratch.start().await.keep_running();
    let server = scratch.postmaster();
    assert!(server.is_some_and(is_postgres));
    let again = scratch.start().await;
    assert_eq!(scratch.postmaster(), server);
    again.leave().await.expect("an orderly leave");
}

#[tokio::test]
async fn a_killed_server_is_recovered_with_its_rows() {
    let scratch = Scratch::new("killed");
    let first = scratch.start().await;
    write_a_row(&first).await;
    let killed = scratch.kill_server();
    // The first still holds its share, as a gateway would whose database was killed.
    let second = scratch.start().await;
    assert_ne!(scratch.postmaster(), Some(killed));
    assert_eq!(read_the_row(&second).await, "still here");
    assert_eq!(read_the_row(&first).await, "still here");
    first.leave().await.expect("an orderly leave");
    second.leave().await.expect("an orderly leave");
}

#[tokio::test]
async fn a_killed_server_and_gateway_are_recovered_again_and_again() {
    let scratch = Scratch::new("both");
    for round in 0..4 {
        let mut gateway = Holder::spawn(&scratch, &[]);
        let url = gateway.wait_until_holding();
        let mut connection = connect(url_options(&url)).await;
        if round == 0 {
            sqlx::query("CREATE TABLE round (number int)").execute(&mut connection).await.expect("a table");
        }
        sqlx::query("INSERT INTO round VALUES ($1)")
            .bind(round)
            .execute(&mut connection)
            .await
            .expect("a row");
        let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM round")
            .fetch_one(&mut connection)
            .await
            .expect("a count");
        assert_eq!(rows, i64::from(round) + 1);
        scratch.kill_server();
        gateway.kill();
    }
    scratch.start().await.leave().await.expect("a last start and leave");
}

/// The process in a stale lock file may exist: another program that was given the number since, or a zombie that
/// nobody reaps. PostgreSQL itself refuses to start over both, and over a file that a crash cut off.
#[tokio::test]
async fn stale_lock_files_do_not_stop_the_next_start() {
    let scratch = Scratch::new("stale");
    let cluster = scratch.start().await;
    write_a_row(&cluster).await;
    cluster.keep_running();

    scratch.kill_server();
    let mut stranger = spawn_as_owner(&scratch, "sleep", &["600"]);
    name_in_locks(&scratch, stranger.0.id());
    let again = scratch.start().await;
    assert_eq!(read_the_row(&again).await, "still here");
    assert_eq!(stranger.0.try_wait().expect("its state"), None, "the stranger lives");
    again.keep_running();

    scratch.kill_server();
    let zombie = spawn_as_owner(&scratch, "true", &[]);
    wait_until_zombie(zombie.0.id());
    name_in_locks(&scratch, zombie.0.id());
    let again = scratch.start().await;
    assert_eq!(read_the_row(&again).await, "still here");
    again.keep_running();

    scratch.kill_server();
    fs::write(scratch.cluster().join("postmaster.pid"), "").expect("an empty lock file");
    let again = scratch.start().await;
    assert_eq!(read_the_row(&again).await, "still here");
    again.leave().await.expect("an orderly leave");
}

/// A process of the same user as the server, whom PostgreSQL could take for its own.
fn spawn_as_owner(scratch: &Scratch, program: &str, arguments: &[&str]) -> Killed {
    let mut command = Command::new(program);
    command.args(arguments);
    let owner = scratch.cluster().metadata().expect("a directory").uid();
    if owner != own_uid() {
        command.uid(owner);
    }
    Killed(command.spawn().expect("a stranger"))
}

/// Replaces the process number in the server's lock files.
fn name_in_locks(scratch: &Scratch, pid: u32) {
    for name in ["postmaster.pid", ".s.PGSQL.5432.lock"] {
        let file = scratch.cluster().join(name);
        let text = fs::read_to_string(&file).expect("a lock file");
        let (_, rest) = text.split_once('\n').expect("several lines");
        fs::write(&file, format!("{pid}\n{rest}")).expect("a lock file");
    }
}

/// The user that the tests run as.
fn own_uid() -> u32 {
    let output = Command::new("id").arg("-u").output().expect("id");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
}

fn wait_until_zombie(pid: u32) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !ps(pid, "stat=").starts_with('Z') {
        assert!(Instant::now() < deadline, "process {pid} should have ended");
    }
}

#[tokio::test]
async fn a_killed_gateway_leaves_a_server_that_the_next_start_attaches_to() {
    let scratch = Scratch::new("gateway");
    let mut gateway = Holder::spawn(&scratch, &[]);
    gateway.wait_until_holding();
    let server = scratch.postmaster();
    gateway.kill();
    let next = scratch.start().await;
    assert_eq!(scratch.postmaster(), server);
    next.leave().await.expect("an orderly leave");
    assert!(!scratch.has_socket(), "nobody else has a share");
}

#[tokio::test]
async fn six_processes_that_start_at_once_share_one_server() {
    let scratch = Scratch::new("six");
    let mut holders: Vec<Holder> = (0..6).map(|_| Holder::spawn(&scratch, &[])).collect();
    let urls: Vec<String> = holders.iter_mut().map(Holder::wait_until_holding).collect();
    assert!(urls.iter().all(|url| *url == urls[0]), "{urls:?}");
    let server = scratch.postmaster();
    let last = holders.pop().expect("six of them");
    holders.into_iter().for_each(Holder::leave);
    connect(url_options(&urls[0])).await.ping().await.expect("an answer");
    assert_eq!(scratch.postmaster(), server);
    last.leave();
    assert!(!scratch.has_socket(), "the last one stopped it");
}

#[tokio::test]
async fn a_start_while_the_last_one_leaves_ends_with_a_server() {
    let scratch = Scratch::new("race");
    let mut current = scratch.start().await;
    for round in 0..8 {
        let (left, started) = if round % 2 == 0 {
            tokio::join!(current.leave(), scratch.start())
        } else {
            let (started, left) = tokio::join!(scratch.start(), current.leave());
            (left, started)
        };
        left.expect("an orderly leave");
        connect(started.connect_options("postgres")).await.ping().await.expect("an answer");
        current = started;
    }
    current.leave().await.expect("an orderly leave");
}

#[tokio::test]
async fn what_interrupted_starts_left_is_removed_once_nobody_writes_to_it() {
    let scratch = Scratch::new("leftovers");
    let [abandoned, written] = ["pg15.init-1", "pg15.init-2"].map(|name| scratch.data_dir.join(name));
    for unfinished in [&abandoned, &written] {
        fs::create_dir_all(unfinished.join("base")).expect("an unfinished cluster");
        fs::write(unfinished.join("base/1"), "some").expect("a file in it");
    }
    // A process that surely lives: this one.
    fs::write(written.join("postmaster.pid"), std::process::id().to_string()).expect("a lock file");

    let cluster = scratch.start().await;
    assert!(!abandoned.exists());
    assert!(written.exists());
    fs::remove_file(written.join("postmaster.pid")).expect("the lock file");
    let again = scratch.start().await;
    assert!(!written.exists());
    again.leave().await.expect("an orderly leave");
    cluster.leave().await.expect("an orderly leave");
}

#[tokio::test]
async fn a_cancelled_start_does_not_stop_the_next() {
    let scratch = Scratch::new("cancel");
    for stage in [Stage::Making, Stage::Starting] {
        tokio::select! {
            biased;
            () = stage.reached(&scratch) => {}
            _ = Cluster::start(scratch.options(Durability::Safe)) => panic!("the start passed {stage:?}"),
        }
        let cluster = scratch.start().await;
        connect(cluster.connect_options("postgres")).await.ping().await.expect("an answer");
        cluster.leave().await.expect("an orderly leave");
    }
}

/// Unlike a cancelled start, a killed one takes nothing with it: `initdb` or the starting server goes on alone.
#[tokio::test]
async fn a_gateway_killed_while_it_starts_does_not_stop_the_next() {
    let scratch = Scratch::new("starting");
    for stage in [Stage::Making, Stage::Starting] {
        let gateway = Holder::spawn(&scratch, &[]);
        stage.reached(&scratch).await;
        gateway.kill();
        let cluster = scratch.start().await;
        connect(cluster.connect_options("postgres")).await.ping().await.expect("an answer");
        cluster.leave().await.expect("an orderly leave");
    }
}

/// How far a start has come.
#[derive(Debug, Clone, Copy)]
enum Stage {
    /// `initdb` is at work.
    Making,
    /// The server's process exists.
    Starting,
}

impl Stage {
    async fn reached(self, scratch: &Scratch) {
        let reached = || {
            let entries = fs::read_dir(&scratch.data_dir).into_iter().flatten().flatten();
            entries.map(|entry| entry.path()).any(|path| {
                let unfinished = path.to_string_lossy().contains(".init-");
                match self {
                    Self::Making => unfinished && path.join("postgresql.conf").exists(),
                    Self::Starting => !unfinished && path.join("postmaster.pid").exists(),
                }
            })
        };
        let deadline = Instant::now() + Duration::from_secs(60);
        while !reached() {
            assert!(Instant::now() < deadline, "the start never reached {self:?}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test]
async fn an_interrupt_at_the_terminal_does_not_reach_the_server() {
    let scratch = Scratch::new("interrupt");
    let mut gateway = Holder::spawn(&scratch, &[]);
    let url = gateway.wait_until_holding();
    let server = scratch.postmaster();
    // What a terminal does on Ctrl-C: to every process of the foreground group, which the gateway leads.
    signal("INT", &format!("-{}", gateway.child.0.id()));
    assert!(!gateway.child.0.wait().expect("its end").success(), "the gateway got the interrupt");
    connect(url_options(&url)).await.ping().await.expect("an answer");
    assert_eq!(scratch.postmaster(), server);
}

#[tokio::test]
async fn a_path_with_spaces_and_other_unusual_characters_works() {
    let scratch = Scratch::with_data_dir("odd", "a b/c'd;&é%20#?");
    let cluster = scratch.start().await;
    connect(url_options(&cluster.url("postgres"))).await.ping().await.expect("an answer by the URL");
    cluster.leave().await.expect("an orderly leave");
    scratch.start().await.leave().await.expect("a second start and leave");
}

#[tokio::test]
async fn pg_variables_in_the_environment_change_nothing() {
    let scratch = Scratch::new("env");
    let variables = [
        ("PGHOST", "203.0.113.1"),
        ("PGHOSTADDR", "203.0.113.1"),
        ("PGPORT", "6543"),
        ("PGUSER", "nobody-here"),
        ("PGDATABASE", "nothing-here"),
        ("PGPASSWORD", "wrong"),
        ("PGDATA", "/nonexistent"),
        ("PGSSLMODE", "verify-full"),
        ("PGCTLTIMEOUT", "0"),
        ("PGCLIENTENCODING", "LATIN1"),
        ("PGTZ", "Asia/Tokyo"),
        ("LC_ALL", "no_SUCH.locale"),
    ];
    let mut holder = Holder::spawn(&scratch, &variables);
    let url = holder.wait_until_holding();
    connect(url_options(&url)).await.ping().await.expect("an answer");
    holder.leave();
}

#[tokio::test]
async fn the_server_sees_no_secret_of_the_gateways_environment() {
    let scratch = Scratch::new("secrets");
    let secret = [("UNICRM_MASTER_KEYS", "c2VjcmV0")];
    let mut holder = Holder::spawn(&scratch, &secret);
    holder.wait_until_holding();
    let pid = scratch.postmaster().expect("a running server");
    if let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) {
        let environment = String::from_utf8_lossy(&environment).into_owned();
        assert!(environment.contains("LC_ALL=C"), "it is the environment: {environment}");
        assert!(!environment.contains("UNICRM"), "{environment}");
    }
    holder.leave();
}

#[tokio::test]
async fn without_binaries_the_error_gives_the_commands_to_install_them() {
    let scratch = Scratch::new("none");
    let bin_dir = scratch.root.join("bin");
    fs::create_dir(&bin_dir).expect("an empty directory");
    let options = ClusterOptions { bin_dir: Some(bin_dir.clone()), ..scratch.options(Durability::Safe) };
    let error = Cluster::start(options).await.expect_err("there is nothing to start");
    assert!(matches!(error, ClusterError::NoBinaries { .. }), "{error:?}");
    let text = error.to_string();
    for part in [
        "apt-get install postgresql",
        "dnf install postgresql-server",
        "apk add postgresql",
        "brew install postgresql@",
        "DATABASE_URL",
        "UNICRM_PG_BIN",
        &bin_dir.display().to_string(),
    ] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

#[tokio::test]
async fn a_cluster_stays_with_the_version_that_made_it() {
    let scratch = Scratch::new("pinned");
    fs::create_dir(scratch.data_dir.join("pg99")).expect("a cluster of the future");
    fs::write(scratch.data_dir.join("pg99/PG_VERSION"), "99\n").expect("its version");
    if own_uid() == 0 {
        let owner = "belongs to root";
        let text = scratch.start_error().await.to_string();
        assert!(text.contains(owner), "{text}");
        std::os::unix::fs::chown(scratch.data_dir.join("pg99"), Some(65534), None).expect("an owner");
    }
    let error = scratch.start_error().await;
    assert!(matches!(error, ClusterError::BinariesGone { major: 99, .. }), "{error:?}");
    let text = error.to_string();
    for part in ["PostgreSQL 99", "pg99", "UNICRM_PG_BIN", "DATABASE_URL"] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

#[tokio::test]
async fn a_server_that_cannot_start_is_reported_with_the_end_of_its_log() {
    let scratch = Scratch::new("log");
    scratch.start().await.leave().await.expect("an orderly leave");
    fs::write(scratch.cluster().join("postgresql.auto.conf"), "no_such_setting = 1\n")
        .expect("a bad setting");
    let error = scratch.start_error().await;
    assert!(matches!(error, ClusterError::Server { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("no_such_setting"), "{text}");
    assert!(text.contains(".log"), "{text}");
    assert!(!text.contains("ready to accept connections"), "of this start alone: {text}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn no_tcp_port_is_opened() {
    let scratch = Scratch::new("tcp");
    let cluster = scratch.start().await;
    assert_eq!(setting(&cluster, "listen_addresses").await, "");
    let pid = scratch.postmaster().expect("a running server");
    let sockets: Vec<String> = fs::read_dir(format!("/proc/{pid}/fd"))
        .expect("the server's files")
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    assert!(!sockets.is_empty(), "it has a Unix socket");
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let table = fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        let inodes = table.lines().filter_map(|line| line.split_whitespace().nth(9));
        let open: Vec<&str> = inodes.filter(|inode| sockets.iter().any(|socket| socket == inode)).collect();
        assert!(open.is_empty(), "{open:?}");
    }
    cluster.leave().await.expect("an orderly leave");
}

#[tokio::test]
async fn strangers_may_not_enter_the_cluster() {
    let scratch = Scratch::new("private");
    let cluster = scratch.start().await;
    let mode = |path: &Path| path.metadata().expect("its mode").mode() & 0o777;
    assert_eq!(mode(&scratch.cluster()), 0o700);
    assert_eq!(mode(&scratch.cluster().with_extension("log")), 0o600);
    cluster.leave().await.expect("an orderly leave");
}

#[tokio::test]
async fn a_safe_server_keeps_fsync_whatever_the_configuration_says_and_a_throwaway_one_does_not() {
    let scratch = Scratch::new("durable");
    let durability_of = async |cluster: &Cluster| {
        (setting(cluster, "fsync").await, setting(cluster, "synchronous_commit").await)
    };
    let safe = scratch.start().await;
    assert_eq!(durability_of(&safe).await, ("on".to_owned(), "on".to_owned()));
    safe.leave().await.expect("an orderly leave");

    let configuration = "fsync = off\nsynchronous_commit = off\n";
    fs::write(scratch.cluster().join("postgresql.auto.conf"), configuration).expect("a configuration");
    let safe = scratch.start().await;
    assert_eq!(durability_of(&safe).await, ("on".to_owned(), "on".to_owned()));
    safe.leave().await.expect("an orderly leave");

    let throwaway = Cluster::start(scratch.options(Durability::Throwaway)).await.expect("a running cluster");
    assert_eq!(durability_of(&throwaway).await, ("off".to_owned(), "off".to_owned()));
    let refused = Cluster::start(scratch.options(Durability::Safe)).await;
    assert!(matches!(refused, Err(ClusterError::NotDurable { .. })), "{refused:?}");
    throwaway.leave().await.expect("an orderly leave");
}

#[tokio::test]
async fn as_root_a_directory_that_the_servers_user_cannot_reach_is_refused_with_the_setting_to_change() {
    if own_uid() != 0 {
        return;
    }
    let scratch = Scratch::with_data_dir("closed", "data");
    fs::set_permissions(&scratch.root, fs::Permissions::from_mode(0o700)).expect("its mode");
    let error = scratch.start_error().await;
    assert!(matches!(error, ClusterError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("UNICRM_DATA_DIR"), "{error}");
}

#[tokio::test]
async fn as_root_an_empty_private_directory_is_opened_to_passing_through() {
    if own_uid() != 0 {
        return;
    }
    let scratch = Scratch::new("mktemp");
    fs::set_permissions(&scratch.data_dir, fs::Permissions::from_mode(0o700)).expect("its mode");
    let cluster = scratch.start().await;
    assert_eq!(scratch.data_dir.metadata().expect("its mode").mode() & 0o777, 0o701);
    cluster.leave().await.expect("an orderly leave");
}
