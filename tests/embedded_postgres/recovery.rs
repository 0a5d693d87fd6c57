//! Whatever is killed, and whatever that leaves behind, the next start ends with a server that answers.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

use sqlx::Connection;
use unicrm::store::cluster::{Cluster, Durability};

use crate::holder::{Holder, Killed};
use crate::scratch::{Scratch, connect, own_uid, ps, read_the_row, signal, url_options, write_a_row};

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
