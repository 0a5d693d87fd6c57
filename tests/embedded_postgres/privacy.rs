//! How the server runs: durable, and out of reach of the network, of strangers and of our environment.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use sqlx::Connection;
use unicrm::store::cluster::{Cluster, ClusterError, Durability};

use crate::holder::Holder;
use crate::scratch::{Scratch, connect, setting, url_options};

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
